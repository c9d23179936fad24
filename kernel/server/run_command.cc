// `switchyard run`: one control thread that waits for signals while the lanes serve.
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <deque>
#include <mutex>
#include <thread>

#include "kernel/base/log.h"
#include "kernel/server/cli.h"
#include "kernel/server/config.h"
#include "kernel/server/server.h"

namespace switchyard::server {
namespace {

// Requests that are under way get this long after SIGTERM; parked ones are answered at once.
constexpr std::int64_t kDrainMs = 30'000;

// A block this large is mapped by itself and goes back to the system when it is freed.  Left to itself glibc raises
// the threshold to what was freed last: then the holes between large bodies keep memory, up to three times what
// http.limits.max_buffered_bytes allows.  Lower, and messages of 256 KiB pay for new pages each time.
constexpr int kMapBlocksFrom = 512 * 1024;
constexpr int kKeepFreeHeap = 8 * 1024 * 1024;  // Of each arena's top.

void bound_free_memory() {
  ::mallopt(M_MMAP_THRESHOLD, kMapBlocksFrom);
  ::mallopt(M_TRIM_THRESHOLD, kKeepFreeHeap);
}

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

// Signals takes all signals of the process, on a thread of its own.
//
// While the server starts or stops, SIGTERM and SIGINT end the process at once: everything acknowledged
// is durable at any time.  While it serves they are handed to the control thread.
class Signals {
 public:
  Signals() {
    // Before any other thread exists, so that every thread inherits the mask.
    const auto set = control_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::thread([this, set] { watch(set); }).detach();
  }

  // From now on signals are for next().  Before anybody is told that the server is ready: who asks it to
  // stop after that gets a drain.
  void serving() {
    const std::lock_guard lock(mutex_);
    serving_ = true;
  }

  // The next signal for the control thread.
  int next() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !queue_.empty(); });
    const int signal = queue_.front();
    queue_.pop_front();
    return signal;
  }

 private:
  [[noreturn]] void watch(sigset_t set) {
    for (;;) {
      int signal = 0;
      if (sigwait(&set, &signal) != 0) continue;
      const std::lock_guard lock(mutex_);
      if (signal != SIGHUP && !serving_) _exit(0);
      // One SIGHUP that waits stands for all.
      if (signal == SIGHUP && !queue_.empty()) continue;
      queue_.push_back(signal);
      if (signal != SIGHUP) serving_ = false;
      arrived_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<int> queue_;
  bool serving_ = false;
};

void serve(Server& server, const ConfigSource& source, Signals& signals) {
  for (;;) {
    const int signal = signals.next();
    if (signal == SIGHUP) {
      server.rotate_key();
      reload(server, source);
      continue;
    }
    log::info("server.stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}, {"grace_ms", kDrainMs}});
    server.stop(kDrainMs);
    return;
  }
}

}  // namespace

int run_command(const CliOptions& options) {
  bound_free_memory();
  // Lives as long as the process: its thread does, too.
  static auto& signals = *new Signals;

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
  signals.serving();
  std::printf("switchyard ready %s\n", server.ready_text().c_str());
  std::fflush(stdout);
  serve(server, source, signals);
  return server.failed() ? 1 : 0;
}

}  // namespace switchyard::server
