#include "plugins/nats/signal_request.h"

#include <algorithm>
#include <csignal>

namespace switchyard::nats {
namespace {

constexpr std::size_t kMaxPidFile = 4096;

struct CommandName {
  std::string_view name;
  SignalRequest::Command command;
  int number;
};
constexpr CommandName kCommands[] = {
    {"stop", SignalRequest::Command::stop, SIGKILL},    {"quit", SignalRequest::Command::quit, SIGINT},
    {"term", SignalRequest::Command::term, SIGTERM},    {"reopen", SignalRequest::Command::reopen, SIGUSR1},
    {"reload", SignalRequest::Command::reload, SIGHUP}, {"ldm", SignalRequest::Command::lame_duck, SIGUSR2}};

void trim(std::string& text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
}

// A pid that kill() takes for one process: not 0, not negative, not a process group.
bool is_pid(const std::string& text) {
  constexpr std::size_t kMostDigits = 9;
  return !text.empty() && text.size() <= kMostDigits && text.find_first_not_of("0123456789") == std::string::npos &&
         text.find_first_not_of('0') != std::string::npos;
}

}  // namespace

int SignalRequest::signal_number() const {
  for (const CommandName& known : kCommands) {
    if (known.command == command) return known.number;
  }
  return 0;
}

bool parse_signal_request(const std::string& text, Surroundings& surroundings, SignalRequest& out, std::string& error) {
  out = SignalRequest{};
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  std::string target = equals == std::string::npos ? std::string() : text.substr(equals + 1);
  if (const std::size_t second = target.find('='); second != std::string::npos) {
    error = "invalid signal parameters: [" + target.substr(second + 1) + "]";
    return false;
  }
  std::string contents, why;
  if (!target.empty() && surroundings.read_file(target, kMaxPidFile, contents, why)) {
    target = contents;
    trim(target);
    if (target.empty()) target = "0";  // An empty pid file names no server; it must not mean the only one.
  }
  if (!target.empty() && target.back() == '*') {
    out.any_with_prefix = true;
    target.pop_back();
  }
  if (!target.empty() && !is_pid(target)) {
    error = "invalid pid: " + target;
    return false;
  }
  out.pid = target;
  for (const CommandName& known : kCommands) {
    if (known.name != name) continue;
    out.command = known.command;
    return true;
  }
  error = "unknown signal \"" + name + "\"";
  return false;
}

bool select_pids(const SignalRequest& request, const std::vector<int>& running, std::vector<int>& out,
                 std::string& error) {
  out.clear();
  if (!request.pid.empty() && !request.any_with_prefix) {
    // Named exactly: whoever it is, the operator knows better than a list of processes.
    out.push_back(std::stoi(request.pid));
    return true;
  }
  for (const int pid : running) {
    if (std::to_string(pid).compare(0, request.pid.size(), request.pid) == 0) out.push_back(pid);
  }
  if (out.empty()) {
    error = "no nats-server processes running";
    return false;
  }
  if (out.size() > 1 && !request.any_with_prefix) {
    error = "multiple nats-server processes running:";
    for (const int pid : out) error += "\n" + std::to_string(pid);
    return false;
  }
  return true;
}

}  // namespace switchyard::nats
