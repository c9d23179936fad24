#include "kernel/net/lane.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "kernel/net/poller.h"
#include "kernel/net/timer_heap.h"

namespace switchyard::net {

namespace asio = boost::asio;

namespace {

// The concrete executor: a type-erased one costs an allocation per wait.
using RealTimer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                             asio::io_context::executor_type>;

constexpr std::int64_t kLongestWaitMs = 3'600'000;

thread_local const void* t_lane = nullptr;

}  // namespace

struct Lane::Impl {
  Impl(const Clock& c, std::size_t i) : clock(c), index(i), poller(io), wake(io), heartbeat(io) {}

  void run();
  void run_mail();
  void run_timers();
  void run_turn_end();
  void arm_wake();
  void beat();
  void moved() { last_moved_ms.store(clock.mono_ms(), std::memory_order_relaxed); }

  const Clock& clock;
  const std::size_t index;
  // One thread runs it; posts from others stay safe, only the wake-up logic is simplified.
  asio::io_context io{1};
  Poller poller;
  RealTimer wake;
  RealTimer heartbeat;
  std::thread thread;

  std::mutex mutex;
  std::vector<Task> mailbox;  // Guarded by mutex.
  std::vector<Task> mail;
  std::vector<Task> turn_end;
  bool turn_end_queued = false;
  TimerHeap timers;
  std::int64_t wake_at_ms = TimerHeap::kNever;
  std::atomic<std::int64_t> last_moved_ms{0};
};

void Lane::Impl::run() {
  t_lane = this;
  beat();
  arm_wake();
  const auto guard = asio::make_work_guard(io);
  io.run();
  t_lane = nullptr;
}

void Lane::Impl::run_mail() {
  {
    const std::lock_guard lock(mutex);
    mail.swap(mailbox);
  }
  for (auto& task : mail) {
    task();
    task = nullptr;
  }
  mail.clear();
  // One burst must not hold its memory for ever.
  if (mail.capacity() > 4096) mail.shrink_to_fit();
  moved();
}

void Lane::Impl::run_timers() {
  // Timers that a task arms for now run in the next turn, so a lane cannot be caught in here.
  const std::int64_t now_ms = clock.mono_ms();
  for (std::size_t left = timers.size(); left > 0; --left) {
    const Task task = timers.pop_due(now_ms);
    if (!task) break;
    task();
  }
  moved();
  arm_wake();
}

void Lane::Impl::run_turn_end() {
  turn_end_queued = false;
  while (!turn_end.empty()) {
    auto tasks = std::exchange(turn_end, {});
    for (auto& task : tasks) task();
  }
  moved();
}

void Lane::Impl::arm_wake() {
  const std::int64_t due_ms = timers.next_due_ms();
  if (due_ms >= wake_at_ms) return;
  wake_at_ms = due_ms;
  // Looking early costs nothing: what is not due yet is armed again.
  const std::int64_t wait_ms = std::clamp<std::int64_t>(due_ms - clock.mono_ms(), 0, kLongestWaitMs);
  wake.expires_after(std::chrono::milliseconds(wait_ms));
  wake.async_wait([this](boost::system::error_code error) {
    if (error) return;  // Armed anew.
    wake_at_ms = TimerHeap::kNever;
    run_timers();
  });
}

void Lane::Impl::beat() {
  moved();
  heartbeat.expires_after(std::chrono::milliseconds(kHeartbeatMs));
  heartbeat.async_wait([this](boost::system::error_code error) {
    if (!error) beat();
  });
}

Lane::Lane(const Clock& clock, std::size_t index) : impl_(std::make_unique<Impl>(clock, index)) {}

Lane::~Lane() {
  stop();
  join();
  // Tasks may own things whose destructors use this lane: they go while it is still whole.
  std::vector<Task> dead;
  {
    const std::lock_guard lock(impl_->mutex);
    dead.swap(impl_->mailbox);
  }
  dead.clear();
  impl_->turn_end.clear();
  while (impl_->timers.pop_due(TimerHeap::kNever)) continue;
}

void Lane::start() {
  // Before its thread has had a turn the lane is late for nothing; /livez may ask that soon.
  impl_->moved();
  // Signals belong to the main thread; SIGPIPE of a TLS write must not end the process.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  impl_->thread = std::thread([impl = impl_.get()]() noexcept { impl->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(impl_->thread.native_handle(), ("lane-" + std::to_string(impl_->index)).c_str());
}

void Lane::stop() { impl_->io.stop(); }

void Lane::join() {
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Lane::post(Task task) {
  bool wake;
  {
    const std::lock_guard lock(impl_->mutex);
    wake = impl_->mailbox.empty();
    impl_->mailbox.push_back(std::move(task));
  }
  if (wake) asio::post(impl_->io, [impl = impl_.get()] { impl->run_mail(); });
}

void Lane::at_turn_end(Task task) {
  impl_->turn_end.push_back(std::move(task));
  if (std::exchange(impl_->turn_end_queued, true)) return;
  // The loop takes this handler after those that are ready now, and after one look at the sockets
  // that does not block.
  asio::post(impl_->io, [impl = impl_.get()] { impl->run_turn_end(); });
}

TimerId Lane::call_at(std::int64_t mono_ms, Task task) {
  const TimerId id = impl_->timers.arm(mono_ms, std::move(task));
  if (mono_ms < impl_->wake_at_ms) impl_->arm_wake();
  return id;
}

void Lane::cancel(TimerId timer) { impl_->timers.cancel(timer); }

const Clock& Lane::clock() const { return impl_->clock; }

std::size_t Lane::lane_index() const { return impl_->index; }

void Lane::kick() {
  post([impl = impl_.get()] { impl->run_timers(); });
}

bool Lane::on_lane() const { return t_lane == impl_.get(); }

std::int64_t Lane::last_moved_ms() const { return impl_->last_moved_ms.load(std::memory_order_relaxed); }

asio::io_context& Lane::io() { return impl_->io; }

Poller& Lane::poller() { return impl_->poller; }

LaneGroup::LaneGroup(const Clock& clock, std::size_t count) {
  lanes_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) lanes_.push_back(std::make_unique<Lane>(clock, i));
}

LaneGroup::~LaneGroup() { stop(); }

void LaneGroup::start() {
  for (auto& lane : lanes_) lane->start();
  running_ = true;
}

void LaneGroup::stop() {
  running_ = false;
  for (auto& lane : lanes_) lane->stop();
  for (auto& lane : lanes_) lane->join();
}

void LaneGroup::run_on_all(const std::function<void(Lane&)>& task) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t left = lanes_.size();
  for (auto& lane : lanes_) {
    lane->post([&, target = lane.get()] {
      task(*target);
      // Notified under the lock: the waiter owns both and leaves as soon as it may.
      const std::lock_guard lock(mutex);
      if (--left == 0) changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return left == 0; });
}

}  // namespace switchyard::net
