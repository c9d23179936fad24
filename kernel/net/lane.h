// Lane is one thread with one event loop: the Executor that the kernel runs on.
//
// Everything that belongs to a lane (connections, streams, timers) is touched on its thread only,
// so nothing in it needs a lock.  Work from elsewhere arrives through the mailbox: a mutex and a
// vector that is swapped out once per turn; the lane is woken only when the mailbox was empty.
//
// A turn is: the handlers that were ready (bounded by what one poll of the kernel returns), the
// mailbox, due timers; then the at_turn_end tasks, before the lane may block.  Timers read the
// injected clock: with a ManualClock advance it, then kick().
//
// A task must not throw; one that does ends the process, because nobody knows what it left half
// done.  After stop() tasks still queued are destroyed without running.
//
// Thread: said at each function.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/executor.h"

namespace boost::asio {
class io_context;
}

namespace switchyard::net {

class Poller;

class Lane final : public Executor {
 public:
  // [any] `clock` outlives the lane.
  explicit Lane(const Clock& clock, std::size_t index = 0);
  ~Lane() override;  // stop() and join().
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // [control] Starts the thread, named "lane-N", with every signal blocked.
  void start();
  // [any] The lane leaves its loop after the current turn; what is queued does not run.
  void stop();
  // [control] Waits for the thread.  Not from the lane itself.
  void join();

  void post(Task task) override;
  void at_turn_end(Task task) override;
  TimerId call_at(std::int64_t mono_ms, Task task) override;
  void cancel(TimerId timer) override;
  const Clock& clock() const override;
  std::size_t lane_index() const override;

  // [any] Makes the lane take a turn and look at its clock: after ManualClock::advance_ms().
  void kick();
  // [any] True on the lane's own thread.
  bool on_lane() const;
  // [any] clock().mono_ms() when the lane last finished a turn.  An idle lane takes one every
  // kHeartbeatMs of real time, so a value older than a few heartbeats means a stuck lane.
  std::int64_t last_moved_ms() const;
  static constexpr int kHeartbeatMs = 1000;

  // [lane] For the net room only.
  boost::asio::io_context& io();
  Poller& poller();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The lanes of a process.
//
// Thread: [control], but size() and operator[] are [any].
class LaneGroup {
 public:
  // REQUIRES: count > 0.
  LaneGroup(const Clock& clock, std::size_t count);
  ~LaneGroup();  // stop().

  void start();
  // Stops every lane and waits for them.
  void stop();
  bool running() const { return running_; }
  std::size_t size() const { return lanes_.size(); }
  Lane& operator[](std::size_t index) { return *lanes_[index]; }
  // Runs `task` on every lane and waits until all have run it.  Not from a lane.
  // REQUIRES: started and not stopped.
  void run_on_all(const std::function<void(Lane&)>& task);

 private:
  std::vector<std::unique_ptr<Lane>> lanes_;
  bool running_ = false;
};

}  // namespace switchyard::net
