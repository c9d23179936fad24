#include "kernel/journal/segment_scan.h"

#include <algorithm>

#include "kernel/base/crc32c.h"

namespace switchyard::journal {
namespace {

constexpr std::size_t kWindowBytes = 1u << 20;

}  // namespace

Result<std::string_view> FileWindow::view(std::uint64_t offset, std::uint64_t bytes) {
  if (offset < start_ || offset + bytes > start_ + used_) {
    auto size = file_.size();
    if (!size) return std::move(size).error();
    if (offset >= *size) return std::string_view();
    bytes = std::min<std::uint64_t>(bytes, *size - offset);
    const std::size_t wanted = std::min<std::uint64_t>(std::max<std::uint64_t>(bytes, kWindowBytes), *size - offset);
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    used_ = 0;
    auto got = file_.read(offset, {buffer_.data(), wanted});
    if (!got) return std::move(got).error();
    start_ = offset;
    used_ = *got;
  }
  const std::uint64_t skipped = offset - start_;
  if (skipped >= used_) return std::string_view();
  return std::string_view(buffer_).substr(skipped, std::min<std::uint64_t>(bytes, used_ - skipped));
}

Result<std::optional<GroupHeader>> SegmentScan::group_at(std::uint32_t offset) {
  auto bytes = window_.view(offset, kGroupHeaderBytes);
  if (!bytes) return std::move(bytes).error();
  auto header = decode_group_header(*bytes, header_.salt, offset);
  if (header && std::uint64_t{offset} + header->bytes > header_.bytes) header.reset();
  return header;
}

Result<std::optional<FoundGroup>> SegmentScan::find_group(std::uint32_t offset, BatchSeq min_batch) {
  std::uint64_t at = std::max<std::uint64_t>(round_up(offset, kPageBytes), kSegmentHeaderBytes);
  for (; at + kGroupHeaderBytes <= header_.bytes; at += kPageBytes) {
    auto group = group_at(static_cast<std::uint32_t>(at));
    if (!group) return std::move(group).error();
    if (*group && (*group)->first_batch >= min_batch) {
      return std::optional(FoundGroup{static_cast<std::uint32_t>(at), **group});
    }
  }
  return std::optional<FoundGroup>();
}

Result<std::optional<std::vector<FoundBatch>>> SegmentScan::batches_of(const FoundGroup& group) {
  using Batches = std::optional<std::vector<FoundBatch>>;
  auto bytes = window_.view(group.offset, group.header.bytes);
  if (!bytes) return std::move(bytes).error();
  if (bytes->size() < group.header.bytes) return Batches();
  const std::uint32_t seed = checksum_seed(header_.salt);
  std::vector<FoundBatch> found;
  found.reserve(group.header.batches);
  std::uint64_t at = kGroupHeaderBytes;
  for (std::uint32_t i = 0; i < group.header.batches; ++i) {
    if (at > bytes->size()) return Batches();
    const auto header = decode_batch_header(bytes->substr(at), header_.salt);
    if (!header || header->batch != group.header.first_batch + i) return Batches();
    if (at + batch_extent(header->payload_bytes) > bytes->size()) return Batches();
    const auto payload = bytes->substr(at + kBatchHeaderBytes, header->payload_bytes);
    if (crc32c(payload, seed) != header->payload_crc) return Batches();
    found.push_back({group.offset + static_cast<std::uint32_t>(at), *header, payload, true});
    at += batch_extent(header->payload_bytes);
  }
  if (at != group.header.bytes) return Batches();
  return Batches(std::move(found));
}

Result<std::optional<FoundBatch>> SegmentScan::find_batch(std::uint32_t offset, std::uint32_t stop) {
  std::uint64_t at = round_up(offset, kBatchAlignment);
  while (at + kBatchHeaderBytes <= stop) {
    auto bytes = window_.view(at, std::min<std::uint64_t>(kWindowBytes, stop - at));
    if (!bytes) return std::move(bytes).error();
    if (bytes->size() < kBatchHeaderBytes) break;
    const std::size_t last = bytes->size() - kBatchHeaderBytes;
    for (std::size_t i = 0; i <= last; i += kBatchAlignment) {
      if (!may_be_batch_header(bytes->data() + i, header_.salt)) continue;
      const auto header = decode_batch_header(bytes->substr(i), header_.salt);
      if (!header || at + i + batch_extent(header->payload_bytes) > stop) continue;
      FoundBatch found{static_cast<std::uint32_t>(at + i), *header, {}, false};
      auto payload = window_.view(found.payload_offset(), header->payload_bytes);
      if (!payload) return std::move(payload).error();
      found.payload = *payload;
      found.intact = payload->size() == header->payload_bytes &&
                     crc32c(*payload, checksum_seed(header_.salt)) == header->payload_crc;
      return std::optional(found);
    }
    at += last / kBatchAlignment * kBatchAlignment + kBatchAlignment;
  }
  return std::optional<FoundBatch>();
}

Result<SegmentScan::Salvaged> SegmentScan::salvage(std::uint32_t begin, std::uint32_t stop, BatchSeq& next,
                                                   BatchSeq end, const BatchVisitor& visit, const LostVisitor& lost) {
  Salvaged out{begin, false};
  for (std::uint32_t at = begin; at < stop;) {
    auto found = find_batch(at, stop);
    if (!found) return std::move(found).error();
    if (!*found) break;
    const FoundBatch& batch = **found;
    const BatchSeq number = batch.header.batch;
    at = batch.end();
    if (number < next || number >= end) continue;
    out.traces = true;
    if (!batch.intact) continue;
    if (next != 0 && number > next) {
      if (Status s = lost({out.claimed, batch.offset - out.claimed, next, number}); !s.ok())
        return std::move(s).error();
    }
    if (Status s = visit(batch); !s.ok()) return std::move(s).error();
    next = number + 1;
    out.claimed = at;
  }
  return out;
}

Status SegmentScan::salvage_all(std::uint32_t begin, std::uint32_t stop, BatchSeq next, BatchSeq end,
                                const BatchVisitor& visit, const LostVisitor& lost) {
  bool lost_some = false;
  const auto note = [&](const LostRange& range) {
    lost_some = true;
    return lost(range);
  };
  auto salvaged = salvage(begin, stop, next, end, visit, note);
  if (!salvaged) return std::move(salvaged).error();
  if (next < end) return lost({salvaged->claimed, stop - salvaged->claimed, next, end});
  return lost_some ? Status() : lost({begin, stop - begin, end, end});
}

Result<std::uint32_t> SegmentScan::end_of_traces(std::uint32_t offset) {
  std::uint32_t end = offset;
  for (std::uint32_t at = offset;;) {
    auto group = find_group(at, 0);
    if (!group) return std::move(group).error();
    if (!*group) break;
    end = std::max(end, (*group)->offset + (*group)->header.extent());
    at = (*group)->offset + kPageBytes;
  }
  for (std::uint32_t at = offset;;) {
    auto batch = find_batch(at, header_.bytes);
    if (!batch) return std::move(batch).error();
    if (!*batch) break;
    at = (*batch)->end();
    end = std::max(end, at);
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(round_up(end, kPageBytes), header_.bytes));
}

Status SegmentScan::walk(const BatchVisitor& visit, const LostVisitor& lost, Walked& out) {
  out = {};
  while (true) {
    auto found = find_group(out.end, out.next_batch);
    if (!found) return std::move(found).error();
    if (!*found) return {};
    const FoundGroup group = **found;
    const GroupHeader& header = group.header;
    if (group.offset > out.end) {
      if (Status s = salvage_all(out.end, group.offset, out.next_batch, header.first_batch, visit, lost); !s.ok())
        return s;
    }
    auto batches = batches_of(group);
    if (!batches) return std::move(batches).error();
    if (*batches) {
      for (const FoundBatch& batch : **batches) {
        if (Status s = visit(batch); !s.ok()) return s;
      }
    } else {
      auto later = find_group(group.offset + header.extent(), header.end_batch());
      if (!later) return std::move(later).error();
      out.torn = !*later;
      if (out.torn) {
        out.end = group.offset;
        return {};
      }
      const std::uint32_t begin = group.offset + kGroupHeaderBytes;
      const std::uint32_t stop = group.offset + header.bytes;
      if (Status s = salvage_all(begin, stop, header.first_batch, header.end_batch(), visit, lost); !s.ok()) return s;
    }
    if (out.first_batch == 0) out.first_batch = header.first_batch;
    out.end = group.offset + header.extent();
    out.next_batch = header.end_batch();
  }
}

}  // namespace switchyard::journal
