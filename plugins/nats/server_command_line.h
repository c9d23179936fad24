// The command line of the drop-in start: nats-server's flags, the configuration file under them, and what to do.
//
// plan_start() only decides; it opens no file but the configuration, operator JWTs and a pid file, all through
// Surroundings, and neither prints nor exits.  The same call with the same arguments is a reload.
// Failure: Kind::refused with a message and an exit status.
// Thread: the control thread.
#pragma once
#include <string>
#include <vector>

#include "plugins/nats/server_options.h"
#include "plugins/nats/signal_request.h"
#include "plugins/nats/surroundings.h"

namespace switchyard::nats {

struct StartPlan {
  enum class Kind {
    serve,                // Start with `options`; print `message` (warnings) to standard error first.
    version,              // Print the version to standard output, exit 0.
    help,                 // Print server_help_text(), exit 0.
    tls_help,             // Print tls_help_text(), exit 0.
    configuration_valid,  // Print `message` to standard error, exit 0.
    signal,               // Send `signal`, exit 0.
    refused,              // Print `message` to standard error, and the help when `show_help`; exit with `exit_status`.
  };
  Kind kind = Kind::refused;
  ServerOptions options;  // Defaults are filled in.
  std::string config_file;
  SignalRequest signal;
  std::string message;  // Empty, or lines that each end.
  bool show_help = false;
  int exit_status = 0;
};

// `arguments` is without the program's name.
StartPlan plan_start(const std::vector<std::string>& arguments, Surroundings& surroundings);

// For standard output.
const char* server_help_text();
const char* tls_help_text();

}  // namespace switchyard::nats
