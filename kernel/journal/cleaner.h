// Cleaner reads mostly dead segments and writes their survivors into cold ones.
//
// A cold segment has the format of a hot one but replay skips it; its file gets a segment's name only
// when all of it is synced.
//
// Failure: scan() says Code::corrupt after visiting what is readable; write_cold() leaves nothing
// behind when it fails.
//
// Thread: the store thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/journal/group_writer.h"
#include "kernel/journal/segment_set.h"

namespace switchyard::journal {

class Cleaner {
 public:
  explicit Cleaner(SegmentSet& segments) : segments_(segments) {}

  Status scan(std::uint32_t segment, const Journal::RecordVisitor& visit);
  Result<std::vector<Place>> write_cold(std::span<const std::string_view> bodies);

  std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }

 private:
  Result<std::vector<Place>> write_file(File& file, std::span<const std::string_view> bodies, SegmentHeader& header);

  SegmentSet& segments_;
  std::atomic<std::uint64_t> written_{0};
};

// Calls `visit` for every record of a batch; false at the first record that is not right.
bool visit_records(std::uint32_t segment, std::uint32_t payload_offset, std::string_view payload,
                   const Journal::RecordVisitor& visit, std::uint64_t& records);

}  // namespace switchyard::journal
