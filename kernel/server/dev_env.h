// DIR/dev.env: what a shell needs to talk to a dev server, `export NAME=value` lines.
//
// Variables of a protocol that is not running are absent.  The file is replaced as a whole and only its
// owner may read it: it holds secrets.
//
// Failure: as write_file().
//
// Thread: [control].
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kernel/account/bootstrap.h"
#include "kernel/base/result.h"
#include "kernel/server/dev_admin.h"

namespace switchyard::server {

struct DevEnvironment {
  std::string http_url;     // No path, no final slash.
  std::string control_url;  // Where /mnq is answered; empty: on a Unix socket, which no SDK takes.
  std::string region;
  bool sqs = false;  // The SQS plugin runs.
  std::vector<account::DevAccount> accounts;
  std::optional<DevAdmin> admin = {};  // Of the control plugin, when it runs.
};

std::string render_dev_env(const DevEnvironment& environment, int pid);

}  // namespace switchyard::server
