// SignalRequest is `--signal COMMAND[=PID]`: what to tell a server that runs, and which.
//
// Failure: a sentence in nats-server's words.
// Thread: pure but for the pid file, which is read through Surroundings.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nats/surroundings.h"

namespace switchyard::nats {

struct SignalRequest {
  enum class Command { stop, quit, term, reopen, reload, lame_duck };
  Command command = Command::stop;
  std::string pid;               // Digits; empty = the only server that runs.
  bool any_with_prefix = false;  // PID ended in '*': all servers whose pid starts with it.

  int signal_number() const;
};

// `text` is the flag's value.  The part after `=` is a pid, a prefix with '*', or the path of a pid file.
bool parse_signal_request(const std::string& text, Surroundings& surroundings, SignalRequest& out, std::string& error);

// Which of the servers that run (`running`, without the caller) are meant.  False and a sentence when it is not one
// server and the request does not allow several, or when there is none.
bool select_pids(const SignalRequest& request, const std::vector<int>& running, std::vector<int>& out,
                 std::string& error);

}  // namespace switchyard::nats
