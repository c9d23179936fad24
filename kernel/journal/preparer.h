// Preparer makes segments ready ahead of the committer: it recycles spare files, zero-fills fresh
// ones, gives each a new number and salt, and deletes what is not worth keeping.
//
// Overwriting bytes that exist is what makes a small fdatasync cheap, so all of this happens on its
// own thread and the committer normally finds a segment waiting.
//
// Failure: an error is kept until a later attempt succeeds; next() returns it instead of waiting.
// A full disk is tried again when space is given back, or once a second on demand (retry()).
//
// Thread: start/stop from the control thread; next() from the committer; the rest from any.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "kernel/base/clock.h"
#include "kernel/journal/segment_set.h"

namespace switchyard::journal {

// A new random salt.
std::uint64_t random_salt();

class Preparer {
 public:
  Preparer(SegmentSet& segments, const Clock& clock) : segments_(segments), clock_(clock) {}
  ~Preparer() { stop(); }

  void start();
  void stop();

  // Makes one segment of at least `min_bytes` ready on the calling thread.  REQUIRES: not started.
  Status prepare_now(std::uint64_t min_bytes);
  // Takes a ready segment of at least `min_bytes`; waits for it unless making one fails.
  Result<std::shared_ptr<Segment>> next(std::uint64_t min_bytes);

  // Waits until all ready segments together have room for `ready_bytes`, unless making one fails.
  Status wait_for_room(std::uint64_t ready_bytes);

  // True while segments cannot be made: then what is left is a reserve.
  bool short_of_space() const { return short_of_space_.load(std::memory_order_acquire); }
  // Tries again if the last failure is at least a second ago.
  void retry();
  // Space may have been given back, or segments may be wanted: look now.
  void wake();

  std::uint64_t created() const { return created_.load(std::memory_order_relaxed); }
  std::uint64_t recycled() const { return recycled_.load(std::memory_order_relaxed); }

 private:
  void run();
  bool wants_more(std::uint64_t asked, std::uint64_t asked_room) const;
  // One round of a wait: false when it is over, and then `failure` says why.
  bool wait_for_attempt(std::unique_lock<std::mutex>& lock, Status& failure);
  void remove_surplus();
  Status make_one(std::uint64_t min_bytes);
  Status recycle(Spare spare);
  Status create(std::uint32_t bytes);
  Status fill_with_zeros(File& file, std::uint32_t bytes);
  // Writes the header, syncs, and gives the file its segment name for good.
  Status christen(std::unique_ptr<File> file, const std::string& name, std::uint32_t bytes);

  SegmentSet& segments_;
  const Clock& clock_;
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  std::atomic<bool> stopping_{false};  // Also read while zeros are written.
  bool look_ = false;                  // Something changed since the thread last looked.
  std::uint64_t asked_ = 0;            // Size the committer waits for; 0 when it does not wait.
  std::uint64_t asked_room_ = 0;       // The same for wait_for_room().
  Error trouble_;
  std::int64_t failed_at_ms_ = 0;
  std::atomic<bool> short_of_space_{false};
  std::atomic<std::uint64_t> created_{0}, recycled_{0};
};

}  // namespace switchyard::journal
