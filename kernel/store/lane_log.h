// LaneLog collects what one lane wants durable during a loop turn and hands it to the journal as one
// batch per shard.
//
// A writer brackets the records that must survive together: reserve(), begin(), end(), ..., then
// commit(op).  Operations of one turn share batches: a batch may hold several operations, never part
// of one.  Operations of one shard complete in the order of commit(), also those without a record, so
// "answer after everything before me is durable" needs no bookkeeping.
//
// Failure: an operation whose batch failed gets that status; it is complete either way.
//
// Thread: its lane.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "kernel/base/executor.h"
#include "kernel/base/result.h"
#include "kernel/journal/journal.h"

namespace switchyard::store {

inline constexpr std::uint16_t kShards = 64;

class LaneLog {
 public:
  // One caller's operation.  Owned by the log from commit() until complete() returned.
  class Op {
   public:
    virtual ~Op() = default;
    // `place(r)` of record offset r is {segment, base + r}; base is 0 for an operation without records.
    virtual void complete(const Status& status, std::uint32_t segment, std::uint32_t base) = 0;
  };

  LaneLog(journal::Journal& journal, Executor& lane, std::size_t max_batch_bytes);
  ~LaneLog();
  // Tests and recovery attach the journal's completions with this.
  void on_committed(std::span<journal::Committed> batches);

  // Makes room for `bytes` of records in the open batch of `shard`; what does not fit any more is sent
  // first.  Call once before the first begin() of an operation; `releases_space` as for commit().
  void reserve(std::uint16_t shard, std::size_t bytes, bool releases_space);
  // Starts a record on `shard`; all records of one operation use one shard.
  ByteWriter begin(std::uint16_t shard);
  journal::BatchBuilder::Added end();
  // Ends the operation; one without records completes after everything before it on its shard.
  // `releases_space`: only acks, leases, deletes, purges (see journal::Submission).
  void commit(std::uint16_t shard, std::unique_ptr<Op> op, bool releases_space);
  // Runs `task` when everything committed before, on any shard, is complete.
  void barrier(Task task);

  // Called with every committed batch before its operations complete (tail cache).
  void set_reader(journal::Reader* reader) { reader_ = reader; }
  std::size_t in_flight() const { return pending_.size(); }
  // True above the ingest watermark: callers answer "busy" instead of queueing more.
  bool congested() const { return open_bytes_ + flying_bytes_ > kMaxFlyingBytes; }

 private:
  static constexpr std::size_t kMaxFlyingBytes = 64u << 20;
  // After the disk was full, operations that take space and those that release it do not share batches
  // for so many batches that were taken.
  static constexpr std::uint32_t kSeparateBatches = 4'096;
  struct Open {  // The batch being built for one shard.
    journal::BatchBuilder builder;
    std::vector<std::unique_ptr<Op>> ops;
    std::uint32_t counted = 0;  // Records of the operations in `ops`.
    bool only_releases = true;
  };
  struct Pending {  // A batch with the journal, or operations without records behind one.
    std::vector<std::unique_ptr<Op>> ops;
    Task task;
    std::size_t bytes = 0;
    bool done = false;
    Status status;
    std::uint32_t segment = 0, base = 0;
  };
  Open& open(std::uint16_t shard);
  void send(std::uint16_t shard);
  void flush();
  void schedule_flush();
  void complete_ready();

  journal::Journal& journal_;
  Executor& lane_;
  const std::size_t max_batch_bytes_;
  journal::Reader* reader_ = nullptr;
  std::array<std::unique_ptr<Open>, kShards> open_;
  std::vector<std::uint16_t> used_;  // Shards with an open batch, in the order of their first operation.
  std::deque<Pending> pending_;      // Oldest first; batches finish in this order.
  std::size_t next_to_finish_ = 0;   // Index in pending_ of the oldest batch the journal still has.
  std::size_t open_bytes_ = 0, flying_bytes_ = 0;
  std::uint32_t separate_ = 0;
  std::uint16_t current_ = 0;
  bool flush_scheduled_ = false;
  bool completing_ = false;
};

}  // namespace switchyard::store
