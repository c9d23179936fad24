// Reading a segment file front to back: groups, batches, and what is left of them after damage.
//
// Recovery, cleaning and fsck all walk segments with these functions, so there is one opinion about
// what is valid.  Memory is one window of at least 1 MiB, or one group.
//
// Failure: bytes that are not valid are a normal answer; only a failing disk is an error.
//
// Thread: each object belongs to one.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/journal/file.h"
#include "kernel/journal/format.h"

namespace switchyard::journal {

// A file seen through a sliding buffer.
class FileWindow {
 public:
  explicit FileWindow(const File& file) : file_(file) {}
  // Bytes from `offset`, fewer than `bytes` only at the end of the file.  Valid until the next call.
  Result<std::string_view> view(std::uint64_t offset, std::uint64_t bytes);

 private:
  const File& file_;
  std::string buffer_;
  std::uint64_t start_ = 0;
  std::size_t used_ = 0;
};

struct FoundGroup {
  std::uint32_t offset = 0;
  GroupHeader header;
};

struct FoundBatch {
  std::uint32_t offset = 0;  // Of the batch header.
  BatchHeader header;
  std::string_view payload;  // Borrowed from the window until its next use.
  bool intact = true;        // The payload's checksum is right.
  std::uint32_t payload_offset() const { return offset + kBatchHeaderBytes; }
  std::uint32_t end() const { return offset + static_cast<std::uint32_t>(batch_extent(header.payload_bytes)); }
};

// A run of batches that were synced and cannot be read any more.
struct LostRange {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  BatchSeq first_batch = 0;  // 0: unknown.  first == end: only framing was damaged, no batch is lost.
  BatchSeq end_batch = 0;
};

class SegmentScan {
 public:
  SegmentScan(const File& file, const SegmentHeader& header) : window_(file), header_(header) {}

  // The group that starts exactly here, by its header alone.
  Result<std::optional<GroupHeader>> group_at(std::uint32_t offset);
  // The first group at `offset` or at a later page whose batches all come at or after `min_batch`.
  Result<std::optional<FoundGroup>> find_group(std::uint32_t offset, BatchSeq min_batch);

  // All batches of a group, or an empty optional when one of them is not what was written.  The
  // payloads are borrowed until the next call.
  Result<std::optional<std::vector<FoundBatch>>> batches_of(const FoundGroup& group);

  using BatchVisitor = std::function<Status(const FoundBatch&)>;
  using LostVisitor = std::function<Status(const LostRange&)>;
  // Looks for intact batches with numbers in [next, end) anywhere in [begin, stop), in ascending
  // order; the numbers missing before each one are lost.  Moves `next` behind the last one found.
  // `next` 0: any number.
  struct Salvaged {
    std::uint32_t claimed = 0;  // End of the last batch that was read; `begin` without one.
    bool traces = false;        // Some batch, intact or not, lay there.
  };
  Result<Salvaged> salvage(std::uint32_t begin, std::uint32_t stop, BatchSeq& next, BatchSeq end,
                           const BatchVisitor& visit, const LostVisitor& lost);

  // End of the last trace of this life of the file at or after `offset`: what a torn write left.
  // Equal to `offset` when there is none.
  Result<std::uint32_t> end_of_traces(std::uint32_t offset);

  struct Walked {
    std::uint32_t end = kSegmentHeaderBytes;  // Where the last readable group ends.
    BatchSeq first_batch = 0;                 // 0: there is no group.
    BatchSeq next_batch = 0;                  // After the last group.
    bool torn = false;                        // A group starts at `end` and is not what was written.
  };
  // Every readable batch of the segment and what is damaged between them.  A bad group without a
  // successor in this segment is left to the caller, who may know of one elsewhere.
  Status walk(const BatchVisitor& visit, const LostVisitor& lost, Walked& out);
  // salvage() of a whole region: also reports what is missing at its end, or that only framing was lost.
  Status salvage_all(std::uint32_t begin, std::uint32_t stop, BatchSeq next, BatchSeq end, const BatchVisitor& visit,
                     const LostVisitor& lost);

  const SegmentHeader& header() const { return header_; }

 private:
  // The next batch header of this life at or after `offset`; nothing if there is none before `stop`.
  Result<std::optional<FoundBatch>> find_batch(std::uint32_t offset, std::uint32_t stop);

  FileWindow window_;
  const SegmentHeader header_;
};

}  // namespace switchyard::journal
