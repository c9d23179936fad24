// Kills the broker at random moments under load and compares what it kept with what it promised.
//
//   crash_driver --binary FILE --data-dir DIR [--cycles N] [--seed N] [--set key=value]... [--expect-loss]
//
// Each cycle: start (sometimes killed while it recovers), receive everything and compare, work under
// concurrent senders and consumers until at least 1,000 operations were acknowledged, SIGKILL in the
// middle of it.  --expect-loss turns the verdict around: it is for a broker that drops a record.
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/crash/driver_options.h"
#include "tests/crash/load.h"

namespace switchyard::crash {
namespace {

using std::chrono::milliseconds;

struct Options : DriverOptions {
  Options() { settings = {"storage.segment_size=1MiB"}; }
  bool expect_loss = false;
};

struct Totals {
  std::size_t cycles = 0, acknowledged = 0, kills_in_recovery = 0;
  JournalCounts counts;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--expect-loss") {
      options.expect_loss = true;
      continue;
    }
    if (++i == argc) return false;
    if (!options.take(name, argv[i])) return false;
  }
  return options.complete();
}

class Run {
 public:
  explicit Run(const Options& options) : options_(options), random_(options.seed) {}

  int operator()() {
    std::printf("crash: seed %llu, %zu cycles of at least %zu acknowledged operations\n",
                static_cast<unsigned long long>(options_.seed), options_.cycles, options_.operations);
    for (std::size_t i = 0; i < options_.cycles && good(); ++i) {
      cycle(i);
      if ((i + 1) % 10 == 0 || i + 1 == options_.cycles) progress();
    }
    if (good()) last_look();
    return verdict();
  }

 private:
  bool good() const { return error_.empty() && ledger_.violations().empty(); }

  std::vector<std::string> settings() { return settings_of_a_life(options_, random_); }

  void kill_in_recovery() {
    for (int left = static_cast<int>(random_() % 3); left > 0; --left) {
      client::BrokerProcess broker(options_.binary, options_.data_dir, settings());
      broker.spawn();
      pause(milliseconds(random_() % static_cast<std::uint64_t>(start_ms_ + 5)));
      broker.kill();
      ++totals_.kills_in_recovery;
    }
  }

  bool start(client::BrokerProcess& broker) {
    const auto before = std::chrono::steady_clock::now();
    broker.spawn();
    if (!broker.wait_ready(60'000)) {
      error_ = "the broker did not come up: " + broker.why();
      return false;
    }
    start_ms_ = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - before).count();
    return true;
  }

  void cycle(std::size_t index) {
    if (random_() % 5 < 2) kill_in_recovery();
    client::BrokerProcess broker(options_.binary, options_.data_dir, settings());
    if (!start(broker)) return;
    Load load(broker, ledger_, options_.seed, random_);
    // Now and then a life is long enough for the checkpoint that comes by time.
    const milliseconds at_least(index % 10 == 5 ? 6500 : random_() % 300);
    const bool worked = load.open() && load.verify() && load.work(options_.operations, at_least);
    const bool alive = broker.running();
    broker.kill();
    load.after_kill();
    if (!worked) error_ = (alive ? "" : "the broker died by itself: ") + load.first_error() + "\n" + broker.why();
    ++totals_.cycles;
    totals_.acknowledged += load.acknowledged();
    totals_.counts.recycled += load.counts().recycled;
    totals_.counts.cleaned += load.counts().cleaned;
    totals_.counts.checkpoints += load.counts().checkpoints;
  }

  // A clean stop keeps the same promises.
  void last_look() {
    for (const bool last : {false, true}) {
      client::BrokerProcess broker(options_.binary, options_.data_dir, settings());
      if (!start(broker)) return;
      Load load(broker, ledger_, options_.seed, random_);
      if (!load.open() || !load.verify() || (!last && !load.work(options_.operations, milliseconds(0)))) {
        error_ = load.first_error() + "\n" + broker.why();
        return;
      }
      // Replies of the drain still count; what is in flight when the connection ends is unknown.
      const int status = last ? broker.terminate(30) : (broker.kill(), 0);
      load.after_kill();
      if (status != 0) error_ = "SIGTERM ended with status " + std::to_string(status) + ": " + broker.why();
    }
  }

  void progress() {
    std::printf(
        "crash: %zu cycles, %zu acknowledged operations, %zu messages, %zu kills during recovery; "
        "segments recycled %.0f, cleaned %.0f, checkpoints %.0f; start %lld ms\n",
        totals_.cycles, totals_.acknowledged, ledger_.messages(), totals_.kills_in_recovery, totals_.counts.recycled,
        totals_.counts.cleaned, totals_.counts.checkpoints, static_cast<long long>(start_ms_));
    std::fflush(stdout);
  }

  int verdict() {
    for (const std::string& violation : ledger_.violations()) std::printf("crash: %s\n", violation.c_str());
    const bool lost = !ledger_.violations().empty();
    if (options_.expect_loss) {
      std::printf("crash: the checker %s the dropped record\n", lost ? "found" : "did NOT find");
      return lost ? 0 : 1;
    }
    if (!error_.empty()) std::printf("crash: stopped: %s\n", error_.c_str());
    bool exercised = true;
    const auto require = [&exercised](double count, const char* what) {
      if (count > 0) return;
      std::printf("crash: %s never happened, so this run proves too little\n", what);
      exercised = false;
    };
    require(totals_.counts.recycled, "recycling of a segment");
    require(totals_.counts.cleaned, "cleaning of a segment");
    require(totals_.counts.checkpoints, "a checkpoint");
    const bool passed = !lost && error_.empty() && exercised;
    std::printf("crash: %s, seed %llu\n", passed ? "nothing acknowledged was lost" : "FAILED",
                static_cast<unsigned long long>(options_.seed));
    return passed ? 0 : 1;
  }

  const Options options_;
  std::mt19937_64 random_;
  Ledger ledger_;
  Totals totals_;
  long long start_ms_ = 50;
  std::string error_;
};

}  // namespace
}  // namespace switchyard::crash

int main(int argc, char** argv) {
  switchyard::crash::Options options;
  if (!switchyard::crash::parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: crash_driver --binary FILE --data-dir DIR [--cycles N] [--operations N] [--seed N]"
                 " [--set key=value]... [--expect-loss]\n");
    return 2;
  }
  std::filesystem::create_directories(options.data_dir);
  return switchyard::crash::Run(options)();
}
