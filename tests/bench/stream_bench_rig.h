// StreamRig is the stream room on a real folder with a real lane, and the meters of the stream benchmark.
//
// It is put together as the server does it on two cores: one lane, the journal and the store beside each
// other on one disk, every option at its default.  The folder is $SWITCHYARD_BENCH_DIR or the working
// directory; not a memory disk.  $SWITCHYARD_BENCH_QUICK=1 shortens the counts.
//
// Failure: error() says what went wrong first; a load that does not end within five minutes ends the process.
//
// Thread: the benchmark's own; on_lane() runs its task on the lane.
#pragma once
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/net/lane.h"
#include "kernel/stream/engine.h"

namespace switchyard::stream {

inline bool quick() {
  const char* value = ::getenv("SWITCHYARD_BENCH_QUICK");
  return value != nullptr && *value != '\0' && std::string_view(value) != "0";
}

inline double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib / 1024;
  }
  return 0;
}

struct Cost {
  double cpu_s = 0, wall_s = 0;
  Cost& operator+=(const Cost& other) {
    cpu_s += other.cpu_s;
    wall_s += other.wall_s;
    return *this;
  }
};

// What the whole process, its committer and store threads included, spent since the meter was made.
class Meter {
 public:
  Cost read() const { return {process_cpu_s() - cpu_s_, wall_s() - wall_s_}; }

 private:
  static double seconds(clockid_t id) {
    timespec now{};
    ::clock_gettime(id, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }
  static double process_cpu_s() { return seconds(CLOCK_PROCESS_CPUTIME_ID); }
  static double wall_s() { return seconds(CLOCK_MONOTONIC); }

  const double cpu_s_ = process_cpu_s(), wall_s_ = wall_s();
};

// The machine's time, which a benchmark may move forward instead of waiting for a lease to end.
class SteppedClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return real_.wall_ms() + ahead_ms_; }
  std::int64_t mono_ns() const override { return real_.mono_ns() + ahead_ms_ * 1'000'000; }
  void step_ms(std::int64_t ms) { ahead_ms_ += ms; }

 private:
  SystemClock real_;
  std::atomic<std::int64_t> ahead_ms_{0};
};

class StreamRig {
 public:
  static constexpr const char* kConsumer = "q";

  StreamRig() {
    ::malloc_trim(0);  // What an earlier case freed is not this one's memory.
    const char* base = ::getenv("SWITCHYARD_BENCH_DIR");
    folder_ = std::string(base == nullptr ? "." : base) + "/stream-bench-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) {
      fail("the folder '" + folder_ + "' cannot be made: " + std::strerror(errno));
      return;
    }
    std::filesystem::create_directory(folder_ + "/journal");
    std::filesystem::create_directory(folder_ + "/store");
    open();
  }
  // On the folder of another rig, which is closed meanwhile.
  explicit StreamRig(std::string folder) : folder_(std::move(folder)), owned_(false) { open(); }
  ~StreamRig() {
    close(false);
    std::error_code ignored;
    if (owned_) std::filesystem::remove_all(folder_, ignored);
  }
  StreamRig(const StreamRig&) = delete;
  StreamRig& operator=(const StreamRig&) = delete;

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  void fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
  }
  Engine& engine() { return *engine_; }
  SteppedClock& clock() { return clock_; }

  // Stops as SIGTERM does, with a checkpoint, or as SIGKILL does; the folder stays and may be opened elsewhere.
  void close(bool checkpoint) {
    if (lanes_ && lanes_->running()) {
      checkpoint ? engine_->stop() : engine_->halt();
      lanes_->stop();
    }
    engine_.reset();
    lanes_.reset();
  }
  void open() {
    EngineOptions options;
    options.journal.directory = folder_ + "/journal";
    options.store_directory = folder_ + "/store";
    options.secret = {1, 2};
    lanes_ = std::make_unique<net::LaneGroup>(clock_, options.lanes);
    engine_ = std::make_unique<Engine>(*files_, clock_, options);
    journal::RecoveryReport report;
    if (auto status = engine_->open(report); !status) {
      fail(status.error().message);
      return;
    }
    lanes_->start();
    engine_->start({&(*lanes_)[0]});
    on_lane([](const Task& done) { done(); });
  }
  const std::string& folder() const { return folder_; }

  // Runs `work` on the lane and waits until the task that it is given has run there.
  void on_lane(const std::function<void(Task)>& work) {
    const auto ended = std::make_shared<std::promise<void>>();
    (*lanes_)[0].post([&work, ended] { work([ended] { ended->set_value(); }); });
    if (ended->get_future().wait_for(std::chrono::minutes(5)) == std::future_status::ready) return;
    std::fputs("stream_bench: a load did not end within five minutes\n", stderr);
    std::abort();
  }

  // On the lane.
  void on_lane_in_ms(std::int64_t ms, Task task) {
    auto& lane = (*lanes_)[0];
    if (ms == 0) return task();
    lane.call_at(clock_.mono_ms() + ms, std::move(task));
  }

  // A work queue with one consumer; 0 after a failure.
  StreamId create(bool keyed, std::uint32_t max_leased = 0) {
    StreamConfig config;
    config.retention = Retention::workqueue;
    config.keyed = keyed;
    ConsumerConfig consumer;
    consumer.name = kConsumer;
    consumer.max_leased = max_leased;
    consumer.ack_wait_ms = 600'000;  // On a busy machine too, a lease ends only when a case says so.
    StreamId id = 0;
    if (!ok()) return 0;
    on_lane([&](const Task& done) {
      engine_->create(0, 1, 0, "bench", config, {consumer}, "", [&, done](const Status& status, DefinitionPtr made) {
        status.ok() ? void(id = made->id) : fail(status.error().message);
        done();
      });
    });
    return id;
  }
  void purge(StreamId id) {
    if (!ok()) return;
    on_lane([&](const Task& done) {
      const auto accepted = engine_->purge(0, id, [this, done](const Status& status) {
        if (!status) fail(status.error().message);
        done();
      });
      if (accepted) return;
      fail(accepted.error().message);
      done();
    });
  }
  // Messages that are out; looks at ended leases first, as every question for counts does.
  std::uint64_t leased(StreamId id) {
    std::uint64_t out = 0;
    if (!ok()) return 0;
    on_lane([&](const Task& done) {
      const auto accepted = engine_->state(0, id, kConsumer, [&, done](const Status& status, const State& state) {
        status.ok() ? void(out = state.leased) : fail(status.error().message);
        done();
      });
      if (accepted) return;
      fail(accepted.error().message);
      done();
    });
    return out;
  }
  void checkpoint() {
    if (ok()) on_lane([this](const Task& done) { engine_->checkpoint(done); });
  }

 private:
  SteppedClock clock_;
  std::unique_ptr<journal::FileSystem> files_ = journal::make_posix_file_system();
  std::string folder_, error_;
  const bool owned_ = true;
  std::unique_ptr<net::LaneGroup> lanes_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace switchyard::stream
