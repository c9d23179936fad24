// The bytes of a segment file: segment header, group header, batch header.  FORMAT.md is the same
// as prose.
//
// Message bodies are written by strangers, so a header is only believed when it carries the 64-bit
// random salt of its segment's present life and a checksum seeded with it: no body can imitate one,
// and nothing left over from an earlier life of a recycled file is ever taken for data.
//
// Failure: decoding never reads past its input and says what it found; it changes nothing.
//
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/journal/batch.h"
#include "kernel/journal/journal.h"

namespace switchyard::journal {

inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint32_t kPageBytes = 4096;           // Groups start at multiples of this.
inline constexpr std::uint32_t kSegmentHeaderBytes = 4096;  // Two copies inside, 2 KiB apart.
inline constexpr std::uint32_t kGroupHeaderBytes = 64;
inline constexpr std::uint32_t kBatchHeaderBytes = 32;
inline constexpr std::uint32_t kBatchAlignment = 8;

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) { return (bytes + unit - 1) / unit * unit; }
// Bytes of one batch with header and padding.
constexpr std::uint64_t batch_extent(std::uint64_t payload_bytes) {
  return kBatchHeaderBytes + round_up(payload_bytes, kBatchAlignment);
}
// The smallest segment that can hold a batch of `payload_bytes`.
constexpr std::uint64_t segment_bytes_for(std::uint64_t payload_bytes) {
  return kSegmentHeaderBytes + round_up(kGroupHeaderBytes + batch_extent(payload_bytes), kPageBytes);
}

enum class SegmentKind : std::uint32_t { hot = 1, cold = 2 };

struct SegmentHeader {
  std::uint32_t number = 0;
  std::uint64_t salt = 0;   // Of this life of the file.
  std::uint32_t bytes = 0;  // Size of the file.
  SegmentKind kind = SegmentKind::hot;
};

enum class HeaderState {
  good,
  one_copy,  // The other copy is damaged; the header is right.
  damaged,
  newer,  // Written by a later version of the format.
};

std::string encode_segment_header(const SegmentHeader& header);  // kSegmentHeaderBytes long.
HeaderState decode_segment_header(std::string_view block, SegmentHeader& out, std::uint32_t& version);

enum GroupFlags : std::uint32_t {
  kGroupMark = 1,  // Without batches: all before it was synced, and nothing was in flight.
  kGroupCold = 2,
};

struct GroupHeader {
  BatchSeq first_batch = 0;
  std::uint32_t bytes = 0;  // Header and batches, without the padding to the next page.
  std::uint32_t batches = 0;
  std::uint32_t flags = 0;
  BatchSeq end_batch() const { return first_batch + batches; }
  std::uint32_t extent() const { return static_cast<std::uint32_t>(round_up(bytes, kPageBytes)); }
};

struct BatchHeader {
  BatchSeq batch = 0;
  std::uint32_t payload_bytes = 0;
  std::uint32_t payload_crc = 0;  // From payload_crc().
  std::uint32_t records = 0;
  std::uint16_t shard = 0;
};

// What every checksum of one segment's life starts from.
std::uint32_t checksum_seed(std::uint64_t salt);

// Writes kGroupHeaderBytes to `out`.  `offset` is where the group starts in the file: a group that
// the disk put elsewhere is not valid there.
void encode_group_header(const GroupHeader& header, std::uint64_t salt, std::uint32_t offset, char* out);
std::optional<GroupHeader> decode_group_header(std::string_view bytes, std::uint64_t salt, std::uint32_t offset);

void encode_batch_header(const BatchHeader& header, std::uint64_t salt, char* out);
std::optional<BatchHeader> decode_batch_header(std::string_view bytes, std::uint64_t salt);
// False at once for almost every byte string that is not a batch header of this life.
bool may_be_batch_header(const char* bytes, std::uint64_t salt);

// File names: 0000000042.seg; spare-0000000042 is a file between two lives.
std::string segment_name(std::uint32_t number);
std::string spare_name(std::uint32_t number);
inline constexpr std::string_view kFreshName = "fresh.tmp";
inline constexpr std::string_view kColdName = "cold.tmp";
// 0 when `name` is not a segment's (or not a spare's) name.
std::uint32_t parse_segment_name(std::string_view name);
std::uint32_t parse_spare_name(std::string_view name);

}  // namespace switchyard::journal
