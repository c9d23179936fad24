// Server is the running broker: it starts the rooms in their order, lets them go in the reverse, and
// stands between them and the operator (health, metrics, reload).
//
// Order of start: data folder, stream engine (store, journal replay), accounts, plugins (code and
// configuration judged), lanes, bootstrap and dev accounts, plugins run, listeners.  Ready is said only
// when every listener accepts.
//
// Failure: start() answers with one sentence and leaves nothing running.  A plugin that fails is named
// and disabled; it stops the start only when it is `required`.
//
// Thread: [control].
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "kernel/base/result.h"
#include "kernel/server/settings.h"

namespace switchyard::server {

class Server {
 public:
  explicit Server(Settings settings);
  ~Server();  // stop(), at once.

  Status start();
  // "http=127.0.0.1:9324 ...": what the ready line says behind "switchyard ready ".  REQUIRES: started.
  std::string ready_text() const;
  // Two-phase: a refusal changes nothing.  What needs a restart is named in the log and kept.
  Status reload(Settings settings);
  // Goes over to the next sealing key when there is one (account/key_file.h), while serving.  What goes wrong
  // is in the log.
  void rotate_key();
  // Stops accepting, answers what is parked, lets requests finish for at most `grace_ms`, writes a
  // checkpoint.  Everything acknowledged is durable at any time, so a shorter grace loses nothing.
  void stop(std::int64_t grace_ms);
  // [any] A required plugin failed while running: the process should end with an error.
  bool failed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::server
