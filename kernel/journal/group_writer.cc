#include "kernel/journal/group_writer.h"

#include "kernel/base/crc32c.h"

namespace switchyard::journal {
namespace {

// Below this, copying is cheaper than another part of the system call.
constexpr std::size_t kCopyBytes = 4096;
constexpr std::size_t kKeptBufferBytes = 1u << 20;

}  // namespace

void GroupWriter::begin(std::uint64_t salt, std::uint32_t offset, BatchSeq first_batch) {
  salt_ = salt;
  offset_ = offset;
  seed_ = checksum_seed(salt);
  header_ = {first_batch, kGroupHeaderBytes, 0, 0};
  buffer_.assign(kGroupHeaderBytes, '\0');
  parts_.clear();
  parts_.push_back({nullptr, 0, kGroupHeaderBytes});
}

void GroupWriter::grow_buffer_part(std::size_t bytes) {
  if (parts_.back().data == nullptr) {
    parts_.back().bytes += bytes;
  } else {
    parts_.push_back({nullptr, buffer_.size() - bytes, bytes});
  }
}

std::uint32_t GroupWriter::add(std::string_view payload, std::uint32_t records, std::uint16_t shard) {
  BatchHeader batch;
  batch.batch = header_.end_batch();
  batch.payload_bytes = static_cast<std::uint32_t>(payload.size());
  batch.payload_crc = crc32c(payload, seed_);
  batch.records = records;
  batch.shard = shard;
  char encoded[kBatchHeaderBytes];
  encode_batch_header(batch, salt_, encoded);
  buffer_.append(encoded, sizeof encoded);
  grow_buffer_part(sizeof encoded);

  if (payload.size() <= kCopyBytes) {
    buffer_.append(payload);
    grow_buffer_part(payload.size());
  } else {
    parts_.push_back({payload.data(), 0, payload.size()});
  }
  const std::size_t padding = round_up(payload.size(), kBatchAlignment) - payload.size();
  if (padding > 0) {
    buffer_.append(padding, '\0');
    grow_buffer_part(padding);
  }
  const std::uint32_t payload_offset = offset_ + header_.bytes + kBatchHeaderBytes;
  header_.bytes += static_cast<std::uint32_t>(batch_extent(payload.size()));
  ++header_.batches;
  return payload_offset;
}

std::span<const iovec> GroupWriter::finish(std::uint32_t flags) {
  header_.flags = flags;
  // Whole pages: the kernel need not read a page in to change a part of it.
  const std::size_t padding = header_.extent() - header_.bytes;
  if (padding > 0) {
    buffer_.append(padding, '\0');
    grow_buffer_part(padding);
  }
  encode_group_header(header_, salt_, offset_, buffer_.data());
  iov_.clear();
  for (const Part& part : parts_) {
    char* data = part.data != nullptr ? const_cast<char*>(part.data) : buffer_.data() + part.start;
    iov_.push_back({data, part.bytes});
  }
  return iov_;
}

void GroupWriter::shrink() {
  if (buffer_.capacity() <= kKeptBufferBytes) return;
  std::string().swap(buffer_);
}

}  // namespace switchyard::journal
