#include "kernel/journal/io_pool.h"

#include <utility>

namespace switchyard::journal {
namespace {

constexpr std::size_t kThreads = 2;

}  // namespace

IoPool::~IoPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void IoPool::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (threads_.size() < kThreads && threads_.size() < tasks_.size()) threads_.emplace_back([this] { work(); });
  }
  ready_.notify_one();
}

void IoPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace switchyard::journal
