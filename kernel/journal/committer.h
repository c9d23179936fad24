// Committer turns what all lanes submit into groups on disk, one after the other.
//
// The next group fills while the last one is being synced, so the cost of a sync is shared by
// whatever arrived during the one before it.
//
// Failure: on a full disk batches are refused one by one (the reserve is for those that release
// space); after a failed sync everything is refused for good.
//
// Thread: submit() from its lane; start(), stop() from the control thread; the rest from any.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/executor.h"
#include "kernel/journal/group_writer.h"
#include "kernel/journal/preparer.h"
#include "kernel/journal/recovery.h"
#include "kernel/journal/segment_set.h"

namespace switchyard::journal {

class Committer {
 public:
  Committer(SegmentSet& segments, Preparer& preparer, const Clock& clock, const Tail& tail);
  ~Committer() { stop(); }

  void start(std::vector<Executor*> lanes, std::vector<Journal::Completed> completed);
  void stop();
  void submit(std::size_t lane, Submission submission);

  Position committed() const;
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  void fill(Stats& stats) const;

 private:
  enum class Fault : std::uint8_t { none, too_large, too_much_waiting };
  struct Waiting {
    Submission submission;
    std::uint32_t lane = 0;
    Fault fault = Fault::none;
  };
  struct alignas(64) Lane {
    std::mutex mutex;
    std::vector<Waiting> pending;  // Guarded by mutex.
    bool closed = false;           // Guarded by mutex: the committer has ended.
    std::atomic<std::uint64_t> waiting_bytes{0};
    Executor* executor = nullptr;
    std::shared_ptr<const Journal::Completed> completed;
    std::vector<Waiting> taken;      // Committer only: the other half of the swap.
    std::vector<Committed> results;  // Committer only: of the group at hand.
  };

  void run();
  bool gather();
  void wait_for_work();
  void commit_group();
  // Fills the group from the backlog; settles what must be refused on the way.
  void fill_group();
  // True when the batch may be written into the present group, false when the group must be written
  // first; an error refuses the batch.
  Result<bool> make_room(const Submission& submission);
  Status change_segment(std::uint64_t min_bytes);
  Status write_group();
  Status sync_group();
  // The disk said that it is full in the middle of a group: makes sure that nothing of it is there.
  Status take_back_group();
  void fail(const Error& reason);
  void write_mark();
  void accept(Waiting waiting);
  void refuse(Waiting waiting, const Error& reason);
  void resolve_group(const Status& status);
  void post_results();
  static void post(Lane& lane, std::vector<Committed> results);
  Error refusal(Fault fault, std::size_t payload_bytes) const;
  Error no_room(const Error& reason) const;

  SegmentSet& segments_;
  Preparer& preparer_;
  const Clock& clock_;
  const Options& options_;

  std::deque<Lane> lanes_;  // Lanes do not move.
  std::thread thread_;
  std::atomic<std::uint32_t> idle_{0};  // 1 while the committer waits.
  std::atomic<bool> stopping_{false};
  std::atomic<bool> failed_{false};

  // ---- committer thread ----
  std::deque<Waiting> backlog_;
  GroupWriter group_;
  std::shared_ptr<Segment> segment_;
  std::shared_ptr<File> file_;
  std::uint32_t offset_ = 0;  // End of the last group in segment_.
  BatchSeq next_batch_ = 1;
  bool marked_ = false;  // The last group on disk is a mark.
  Error failure_;

  mutable std::mutex position_mutex_;
  Position position_;

  std::atomic<std::uint64_t> groups_{0}, batches_{0}, bytes_written_{0}, syncs_{0}, sync_ns_{0};
};

}  // namespace switchyard::journal
