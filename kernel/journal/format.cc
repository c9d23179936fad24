#include "kernel/journal/format.h"

#include <cstdio>
#include <cstring>

#include "kernel/base/crc32c.h"

namespace switchyard::journal {
namespace {

constexpr char kSegmentMagic[8] = {'S', 'W', 'Y', 'D', 'J', 'S', 'E', 'G'};
constexpr std::uint32_t kGroupMagic = 0x70726753;  // "Sgrp"
constexpr std::size_t kHeaderCopyOffset = 2048;    // Another sector: one bad sector leaves one copy.
constexpr std::size_t kHeaderCrcAt = 44;
constexpr std::size_t kHeaderCopyBytes = 48;

template <class T>
void put(char* out, std::size_t at, T value) {
  std::memcpy(out + at, &value, sizeof value);
}

template <class T>
T take(const char* in, std::size_t at) {
  T value;
  std::memcpy(&value, in + at, sizeof value);
  return value;
}

void encode_copy(const SegmentHeader& header, char* out) {
  std::memcpy(out, kSegmentMagic, sizeof kSegmentMagic);
  put(out, 8, kFormatVersion);
  put(out, 12, header.number);
  put(out, 16, header.salt);
  put(out, 24, header.bytes);
  put(out, 28, static_cast<std::uint32_t>(header.kind));
  put(out, kHeaderCrcAt, crc32c({out, kHeaderCrcAt}));
}

HeaderState decode_copy(const char* in, SegmentHeader& out, std::uint32_t& version) {
  if (std::memcmp(in, kSegmentMagic, sizeof kSegmentMagic) != 0) return HeaderState::damaged;
  version = take<std::uint32_t>(in, 8);
  const bool checksum_right = take<std::uint32_t>(in, kHeaderCrcAt) == crc32c({in, kHeaderCrcAt});
  // A later format may check its header in another way, so its number is all that can be believed.
  if (version > kFormatVersion) return HeaderState::newer;
  if (!checksum_right || version != kFormatVersion) return HeaderState::damaged;
  const auto kind = take<std::uint32_t>(in, 28);
  if (kind != 1 && kind != 2) return HeaderState::damaged;
  out.number = take<std::uint32_t>(in, 12);
  out.salt = take<std::uint64_t>(in, 16);
  out.bytes = take<std::uint32_t>(in, 24);
  out.kind = static_cast<SegmentKind>(kind);
  return HeaderState::good;
}

std::uint32_t parse_number(std::string_view digits) {
  if (digits.size() != 10) return 0;
  std::uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number > UINT32_MAX ? 0 : static_cast<std::uint32_t>(number);
}

std::string numbered(const char* format, std::uint32_t number) {
  char name[32];
  std::snprintf(name, sizeof name, format, number);
  return name;
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  std::string block(kSegmentHeaderBytes, '\0');
  encode_copy(header, block.data());
  encode_copy(header, block.data() + kHeaderCopyOffset);
  return block;
}

HeaderState decode_segment_header(std::string_view block, SegmentHeader& out, std::uint32_t& version) {
  block = block.substr(0, kSegmentHeaderBytes);
  HeaderState states[2] = {HeaderState::damaged, HeaderState::damaged};
  std::uint32_t newer_version = 0;
  bool found = false;
  for (const std::size_t copy : {0u, 1u}) {
    const std::size_t at = copy * kHeaderCopyOffset;
    if (block.size() < at + kHeaderCopyBytes) continue;
    SegmentHeader header;
    std::uint32_t copy_version = 0;
    states[copy] = decode_copy(block.data() + at, header, copy_version);
    if (states[copy] == HeaderState::newer) newer_version = copy_version;
    if (states[copy] != HeaderState::good || found) continue;
    out = header;
    version = copy_version;
    found = true;
  }
  if (found) return states[0] == states[1] ? HeaderState::good : HeaderState::one_copy;
  if (newer_version == 0) return HeaderState::damaged;
  version = newer_version;
  return HeaderState::newer;
}

std::uint32_t checksum_seed(std::uint64_t salt) {
  char bytes[8];
  std::memcpy(bytes, &salt, 8);
  return crc32c({bytes, 8});
}

void encode_group_header(const GroupHeader& header, std::uint64_t salt, std::uint32_t offset, char* out) {
  std::memset(out, 0, kGroupHeaderBytes);
  put(out, 0, kGroupMagic);
  put(out, 8, salt);
  put(out, 16, header.first_batch);
  put(out, 24, header.bytes);
  put(out, 28, header.batches);
  put(out, 32, header.flags);
  put(out, 36, offset);
  put(out, 4, crc32c({out + 8, kGroupHeaderBytes - 8}, checksum_seed(salt)));
}

std::optional<GroupHeader> decode_group_header(std::string_view bytes, std::uint64_t salt, std::uint32_t offset) {
  if (bytes.size() < kGroupHeaderBytes) return std::nullopt;
  const char* in = bytes.data();
  if (take<std::uint32_t>(in, 0) != kGroupMagic || take<std::uint64_t>(in, 8) != salt) return std::nullopt;
  if (take<std::uint32_t>(in, 36) != offset) return std::nullopt;
  if (take<std::uint32_t>(in, 4) != crc32c({in + 8, kGroupHeaderBytes - 8}, checksum_seed(salt))) return std::nullopt;
  GroupHeader header;
  header.first_batch = take<std::uint64_t>(in, 16);
  header.bytes = take<std::uint32_t>(in, 24);
  header.batches = take<std::uint32_t>(in, 28);
  header.flags = take<std::uint32_t>(in, 32);
  if (header.bytes < kGroupHeaderBytes || header.bytes > UINT32_MAX - kPageBytes) return std::nullopt;
  if (header.batches > (header.bytes - kGroupHeaderBytes) / kBatchHeaderBytes) return std::nullopt;
  return header;
}

void encode_batch_header(const BatchHeader& header, std::uint64_t salt, char* out) {
  put(out, 4, header.payload_crc);
  put(out, 8, header.payload_bytes);
  put(out, 12, header.records);
  put(out, 16, header.batch);
  put(out, 24, header.shard);
  put(out, 26, std::uint16_t{0});
  put(out, 28, static_cast<std::uint32_t>(salt));
  put(out, 0, crc32c({out + 4, kBatchHeaderBytes - 4}, checksum_seed(salt)));
}

bool may_be_batch_header(const char* bytes, std::uint64_t salt) {
  return take<std::uint32_t>(bytes, 28) == static_cast<std::uint32_t>(salt);
}

std::optional<BatchHeader> decode_batch_header(std::string_view bytes, std::uint64_t salt) {
  if (bytes.size() < kBatchHeaderBytes || !may_be_batch_header(bytes.data(), salt)) return std::nullopt;
  const char* in = bytes.data();
  if (take<std::uint32_t>(in, 0) != crc32c({in + 4, kBatchHeaderBytes - 4}, checksum_seed(salt))) return std::nullopt;
  BatchHeader header;
  header.payload_crc = take<std::uint32_t>(in, 4);
  header.payload_bytes = take<std::uint32_t>(in, 8);
  header.records = take<std::uint32_t>(in, 12);
  header.batch = take<std::uint64_t>(in, 16);
  header.shard = take<std::uint16_t>(in, 24);
  return header;
}

std::string segment_name(std::uint32_t number) { return numbered("%010u.seg", number); }
std::string spare_name(std::uint32_t number) { return numbered("spare-%010u", number); }

std::uint32_t parse_segment_name(std::string_view name) {
  return name.ends_with(".seg") ? parse_number(name.substr(0, name.size() - 4)) : 0;
}

std::uint32_t parse_spare_name(std::string_view name) {
  return name.starts_with("spare-") ? parse_number(name.substr(6)) : 0;
}

}  // namespace switchyard::journal
