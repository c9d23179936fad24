// Kills the broker at random moments while producers and consumers work on a FIFO queue, and compares
// what it did with what FIFO queues promise (fifo_ledger.h).
//
//   fifo_driver --binary FILE --data-dir DIR [--cycles N] [--operations N] [--seed N] [--set key=value]...
//               [--per-group] [--expect-loss] [--sabotage duplicate|lease|lost|order|undeleted]
//
// Every fifth life ends with everything received and deleted.  --expect-loss is for a broker that drops a
// record; --sabotage makes the driver break the promise itself, unknown to its ledger: both pass only when
// the ledger notices.
#include <time.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/crash/driver_options.h"
#include "tests/crash/fifo_load.h"

namespace switchyard::crash {
namespace {

using std::chrono::milliseconds;

struct Saboteur {
  std::string_view name;
  Sabotage kind;
  std::string_view noticed;  // What the ledger must say.
};

constexpr std::array kSaboteurs = {
    Saboteur{"duplicate", Sabotage::duplicate, "was accepted twice"},
    Saboteur{"lease", Sabotage::lease, "before its lease ended"},
    Saboteur{"lost", Sabotage::lost, "neither deleted nor in the same reply"},
    Saboteur{"order", Sabotage::order, "in one batch"},
    Saboteur{"undeleted", Sabotage::undeleted, "after its delete had been acknowledged"},
};

struct Options : DriverOptions {
  Options() { settings = {"storage.segment_size=1MiB"}; }
  bool per_group = false;
  std::string_view expected;  // The violation that the run is to find; empty = none.
  Sabotage sabotage = Sabotage::none;
};

bool parse_sabotage(std::string_view name, Options& options) {
  for (const Saboteur& one : kSaboteurs) {
    if (one.name != name) continue;
    options.sabotage = one.kind;
    options.expected = one.noticed;
    return true;
  }
  return false;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--per-group") {
      options.per_group = true;
      continue;
    }
    if (name == "--expect-loss") {
      options.expected = "message ";  // Whichever promise the lost record breaks first.
      continue;
    }
    if (++i == argc) return false;
    const std::string value = argv[i];
    if (!options.take(name, value) && (name != "--sabotage" || !parse_sabotage(value, options))) return false;
  }
  return options.complete();
}

class Run {
 public:
  explicit Run(const Options& options) : options_(options), world_(options.seed) {
    world_.per_group = options.per_group;
    world_.sabotage = options.sabotage;
  }

  int operator()() {
    std::printf("fifo: seed %llu, %zu cycles of at least %zu acknowledged operations\n",
                static_cast<unsigned long long>(options_.seed), options_.cycles, options_.operations);
    for (std::size_t i = 0; i < options_.cycles && good(); ++i) {
      cycle(i % 5 == 4 || i + 1 == options_.cycles);
      if ((i + 1) % 10 == 0 || i + 1 == options_.cycles) progress();
    }
    return verdict();
  }

 private:
  bool good() const { return error_.empty() && world_.ledger.violations().empty(); }
  std::uint64_t roll(std::uint64_t below) { return world_.random() % below; }

  std::vector<std::string> settings() { return settings_of_a_life(options_, world_.random); }

  void cycle(bool drain) {
    for (std::uint64_t left = roll(5) < 2 ? roll(3) : 0; left > 0; --left) {
      client::BrokerProcess broker(options_.binary, options_.data_dir, settings());
      broker.spawn();
      pause(milliseconds(roll(60)));
      broker.kill();
    }
    client::BrokerProcess broker(options_.binary, options_.data_dir, settings());
    broker.spawn();
    if (!broker.wait_ready(60'000)) {
      error_ = "the broker did not come up: " + broker.why();
      return;
    }
    FifoLoad load(broker, world_);
    // Often long enough for leases to end while their holders are at work.
    const bool worked =
        load.open() && load.work(options_.operations, milliseconds(roll(1800))) && (!drain || load.drain());
    const bool alive = broker.running();
    broker.kill();
    load.after_kill();
    if (!worked) error_ = (alive ? "" : "the broker died by itself: ") + load.first_error() + "\n" + broker.why();
    ++cycles_;
    acknowledged_ += load.acknowledged();
  }

  void progress() {
    const FifoLedger& ledger = world_.ledger;
    std::printf(
        "fifo: %zu lives, %zu acknowledged operations, %zu messages, %zu sent again (%zu after an unknown outcome, %zu "
        "in another group), %zu duplicates answered, %zu handed out again, %zu late handles, %zu refused\n",
        cycles_, acknowledged_, ledger.messages(), world_.resends, world_.resends_after_unknown, world_.other_group,
        ledger.duplicates(), ledger.redeliveries(), world_.late_uses, world_.refusals);
    std::fflush(stdout);
  }

  int verdict() {
    bool found = false;
    for (const std::string& violation : world_.ledger.violations()) {
      std::printf("fifo: %s\n", violation.c_str());
      found = found || violation.find(options_.expected) != std::string::npos;
    }
    if (!options_.expected.empty()) {
      std::printf("fifo: the checker %s the broken promise\n", found ? "found" : "did NOT find");
      return found ? 0 : 1;
    }
    if (!error_.empty()) std::printf("fifo: stopped: %s\n", error_.c_str());
    bool exercised = true;
    const auto require = [&exercised](std::size_t count, const char* what) {
      if (count > 0) return;
      std::printf("fifo: there was no %s, so this run proves too little\n", what);
      exercised = false;
    };
    require(world_.ledger.duplicates(), "duplicate");
    require(world_.resends_after_unknown, "message sent again after an unknown outcome");
    require(world_.ledger.redeliveries(), "message handed out again");
    require(world_.late_uses, "handle used late");
    require(world_.refusals, "handle refused");
    const bool passed = good() && exercised;
    std::printf("fifo: %s, seed %llu\n", passed ? "every promise was kept" : "FAILED",
                static_cast<unsigned long long>(options_.seed));
    return passed ? 0 : 1;
  }

  const Options options_;
  FifoWorld world_;
  std::size_t cycles_ = 0, acknowledged_ = 0;
  std::string error_;
};

}  // namespace
}  // namespace switchyard::crash

int main(int argc, char** argv) {
  switchyard::crash::Options options;
  if (!switchyard::crash::parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: fifo_driver --binary FILE --data-dir DIR [--cycles N] [--operations N] [--seed N]"
                 " [--set key=value]... [--per-group] [--expect-loss]"
                 " [--sabotage duplicate|lease|lost|order|undeleted]\n");
    return 2;
  }
  std::filesystem::create_directories(options.data_dir);
  return switchyard::crash::Run(options)();
}
