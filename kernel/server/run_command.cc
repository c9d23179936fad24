// `switchyard run`: one control thread that waits for signals while the lanes serve.
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "kernel/base/log.h"
#include "kernel/server/cli.h"
#include "kernel/server/config.h"
#include "kernel/server/server.h"

namespace switchyard::server {
namespace {

// Requests that are under way get this long after SIGTERM; parked ones are answered at once.
constexpr std::int64_t kDrainMs = 30'000;

sigset_t control_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

void print_lines(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

void log_warnings(const LoadedConfig& loaded) {
  for (const auto& warning : loaded.warnings) log::warn("config.warning", {{"what", warning}});
}

void reload(Server& server, const ConfigSource& source) {
  auto loaded = load_config(source);
  if (!loaded) {
    log::error("config.reload_refused", {{"why", loaded.error().message}, {"kept", "the running configuration"}});
    return;
  }
  log_warnings(*loaded);
  if (const auto status = server.reload(std::move(loaded->settings)); !status) {
    log::error("config.reload_refused", {{"why", status.error().message}, {"kept", "the running configuration"}});
    return;
  }
  log::info("config.reloaded");
}

// Everything acknowledged is durable already, so leaving without a word is safe.
void leave_on_second_signal() {
  std::thread([set = control_signals()] {
    for (;;) {
      int signal = 0;
      if (sigwait(&set, &signal) == 0 && signal != SIGHUP) _exit(0);
    }
  }).detach();
}

void serve(Server& server, const ConfigSource& source) {
  const auto set = control_signals();
  for (;;) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    if (signal != SIGHUP) {
      log::info("server.stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}, {"grace_ms", kDrainMs}});
      break;
    }
    reload(server, source);
  }
  leave_on_second_signal();
  server.stop(kDrainMs);
}

}  // namespace

int run_command(const CliOptions& options) {
  // Before any thread exists, so that every thread inherits it and only sigwait() sees these signals.
  const auto set = control_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  ConfigSource source{options.dev, options.config, options.data_dir, options.log_level, options.sets};
  if (source.file.empty() && !source.dev) source.file = kDefaultConfig;
  auto loaded = load_config(source);
  if (!loaded) {
    print_lines(loaded.error().message);
    return 1;
  }
  log::set_level(loaded->settings.log_level);
  log_warnings(*loaded);

  Server server(std::move(loaded->settings));
  if (const auto status = server.start(); !status) {
    print_lines("switchyard did not start: " + status.error().message);
    return 1;
  }
  std::printf("switchyard ready %s\n", server.ready_text().c_str());
  std::fflush(stdout);
  serve(server, source);
  return 0;
}

}  // namespace switchyard::server
