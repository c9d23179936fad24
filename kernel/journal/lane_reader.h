// LaneReader is the journal's Reader (journal.h) for one lane.
//
// A read takes about 64 KiB from the record on, so draining a backlog in order costs one system call
// per 64 KiB.  What was read is believed only if its segment was not retired meanwhile and the
// record's checksum is right.
//
// Failure: as Reader.  Answers that are still out when the reader is destroyed are not delivered.
//
// Thread: its lane; the pool touches only files.
#pragma once
#include <memory>
#include <vector>

#include "kernel/base/executor.h"
#include "kernel/journal/io_pool.h"
#include "kernel/journal/journal.h"
#include "kernel/journal/read_cache.h"
#include "kernel/journal/segment_set.h"

namespace switchyard::journal {

class LaneReader final : public Reader {
 public:
  LaneReader(SegmentSet& segments, IoPool& pool, Executor& lane, std::size_t cache_bytes);

  void remember(const Committed& committed) override { tail_.remember(committed); }
  bool try_get(const Place& place, RecordRef& out, Status& status) override;
  void get(std::vector<Place> places, Done done) override;
  std::size_t cached_bytes() const override { return tail_.bytes() + state_->extents.bytes(); }

 private:
  struct State {  // Outlives the reader while the pool works for it.
    explicit State(std::size_t budget) : extents(budget) {}
    ExtentCache extents;
  };
  struct Missing {
    std::size_t index;  // In the caller's places.
    Place place;
    std::shared_ptr<Segment> segment;
  };
  struct Request;
  struct Open {
    std::shared_ptr<Segment> segment;
    std::shared_ptr<File> file;
  };

  bool from_memory(const Place& place, RecordRef& out, Status& status);
  // The segment and its file, remembered for the next record.
  Result<Open> open_segment(std::uint32_t number);
  static void read_missing(SegmentSet& segments, Request& request);

  SegmentSet& segments_;
  IoPool& pool_;
  Executor& lane_;
  TailCache tail_;
  std::shared_ptr<State> state_;
  Open last_;
};

}  // namespace switchyard::journal
