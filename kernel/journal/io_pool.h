// IoPool runs what may wait for the disk away from the lanes: two threads, started at first use.
//
// Failure: none; a task reports its own.  Destruction runs what was queued, then joins.
//
// Thread: run() from any.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace switchyard::journal {

class IoPool {
 public:
  IoPool() = default;
  ~IoPool();
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  void run(std::function<void()> task);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

}  // namespace switchyard::journal
