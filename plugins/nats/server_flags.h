// nats-server's flags: their names, and what each does to ServerOptions.
//
// Failure: apply_server_flags() says what does not fit.
// Thread: the control thread.
#pragma once
#include <string>
#include <vector>

#include "plugins/nats/flag_parser.h"
#include "plugins/nats/server_options.h"

namespace switchyard::nats {

const std::vector<FlagName>& server_flag_names();

// Flags that decide what to do, instead of how to serve.
struct ServerFlags {
  bool version = false, help = false, tls_help = false;
  bool test_configuration = false;
  std::string config_file, signal;
};
ServerFlags read_server_flags(const std::vector<FlagSetting>& settings);

// Over what the file said.
bool apply_server_flags(const std::vector<FlagSetting>& settings, ServerOptions& options, std::string& error);

}  // namespace switchyard::nats
