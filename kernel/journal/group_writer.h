// GroupWriter lays out one group for a single pwritev: headers and small payloads are copied into one
// buffer, large payloads are referenced where they are.
//
// Failure: none; the caller checks that the group fits its segment before it adds a batch.
//
// Thread: the committer.
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/journal/format.h"

namespace switchyard::journal {

class GroupWriter {
 public:
  // Starts a group at `offset` of a segment.
  void begin(std::uint64_t salt, std::uint32_t offset, BatchSeq first_batch);
  // Adds a batch, whose payload must stay until the group is written; returns where the payload will
  // lie in the file.
  std::uint32_t add(std::string_view payload, std::uint32_t records, std::uint16_t shard);
  // Completes headers and padding.  The parts are valid until begin().
  std::span<const iovec> finish(std::uint32_t flags);

  bool empty() const { return header_.batches == 0; }
  std::uint32_t batches() const { return header_.batches; }
  BatchSeq next_batch() const { return header_.end_batch(); }
  std::uint32_t bytes() const { return header_.bytes; }
  std::uint32_t extent() const { return header_.extent(); }
  // What extent() would be after adding a batch of this size.
  std::uint64_t extent_with(std::size_t payload_bytes) const {
    return round_up(header_.bytes + batch_extent(payload_bytes), kPageBytes);
  }
  // Gives memory back after an unusually large group.
  void shrink();

 private:
  struct Part {
    const char* data;  // Null: `bytes` at `start` of buffer_.
    std::size_t start;
    std::size_t bytes;
  };
  void grow_buffer_part(std::size_t bytes);

  std::uint64_t salt_ = 0;
  std::uint32_t offset_ = 0;
  std::uint32_t seed_ = 0;
  GroupHeader header_;
  std::string buffer_;
  std::vector<Part> parts_;
  std::vector<iovec> iov_;
};

}  // namespace switchyard::journal
