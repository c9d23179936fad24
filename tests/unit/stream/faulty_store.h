// FaultyStore is a real store that a test can make fail or hold back.
//
// Thread: controls from the test's thread; the rest as store.h says.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kernel/store/store.h"

namespace switchyard::stream {

// Threads that come to a closed gate wait until it opens.
class Gate {
 public:
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = false;
    }
    changed_.notify_all();
  }
  // Lets one through; the gate stays closed.
  void admit_one() {
    {
      const std::lock_guard lock(mutex_);
      ++tickets_;
    }
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.wait(lock, [this] { return !closed_ || tickets_ > 0; });
    --waiting_;
    ++passed_;
    if (closed_) --tickets_;
  }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  // How often somebody came through.
  std::size_t passed() {
    const std::lock_guard lock(mutex_);
    return passed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  std::size_t waiting_ = 0, tickets_ = 0, passed_ = 0;
};

struct StoreFaults {
  Gate writes;
  std::atomic<bool> fail_writes{false};
  std::atomic<bool> fail_gets{false};
  std::atomic<std::uint64_t> gets{0};
  // Keys for which it says no do not reach the store (set while nothing is written).
  std::function<bool(std::string_view key)> keeps;

  // Chunk loads wait until the test lets them go.
  void hold_gets() {
    const std::lock_guard lock(mutex);
    holding = true;
  }
  void release_gets() {
    std::vector<Task> released;
    {
      const std::lock_guard lock(mutex);
      holding = false;
      released.swap(held);
    }
    for (auto& task : released) task();
  }
  // A crash: nobody waits for them any more.
  void drop_gets() {
    const std::lock_guard lock(mutex);
    holding = false;
    held.clear();
  }
  std::size_t held_gets() {
    const std::lock_guard lock(mutex);
    return held.size();
  }

  std::mutex mutex;
  bool holding = false;
  std::vector<Task> held;
};

class FaultyStore final : public store::Store {
 public:
  FaultyStore(std::unique_ptr<store::Store> real, StoreFaults& faults) : real_(std::move(real)), faults_(faults) {}

  Result<std::string> get_now(std::string_view key) override { return real_->get_now(key); }
  Status scan_now(std::string_view prefix, const Visitor& visit) override { return real_->scan_now(prefix, visit); }
  Status write_now(const store::WriteSet& writes, bool sync) override {
    faults_.writes.pass();
    if (faults_.fail_writes) return Error{Code::quota, "the test's disk is full"};
    if (!faults_.keeps) return real_->write_now(writes, sync);
    store::WriteSet kept;
    for (const auto& entry : writes.entries()) {
      if (!faults_.keeps(entry.key)) continue;
      entry.erased ? kept.erase(entry.key) : kept.put(entry.key, entry.value);
    }
    return real_->write_now(kept, sync);
  }
  Status erase_prefix_now(std::string_view prefix) override { return real_->erase_prefix_now(prefix); }
  void start() override { real_->start(); }
  void stop() override { real_->stop(); }
  void write(store::WriteSet writes, bool sync, Executor& reply_to, std::function<void(Status)> done) override {
    real_->write(std::move(writes), sync, reply_to, std::move(done));
  }
  void get(std::string key, Executor& reply_to, std::function<void(Result<std::string>)> done) override {
    ++faults_.gets;
    auto task = [this, key = std::move(key), &reply_to, done = std::move(done)] {
      if (faults_.fail_gets) {
        reply_to.post([done] { done(Error{Code::io, "the test's disk cannot be read"}); });
      } else {
        real_->get(key, reply_to, done);
      }
    };
    {
      const std::lock_guard lock(faults_.mutex);
      if (faults_.holding) {
        faults_.held.push_back(std::move(task));
        return;
      }
    }
    task();
  }
  void run(Task task) override { real_->run(std::move(task)); }

 private:
  const std::unique_ptr<store::Store> real_;
  StoreFaults& faults_;
};

}  // namespace switchyard::stream
