#include "kernel/journal/cleaner.h"

#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "kernel/journal/preparer.h"
#include "kernel/journal/segment_scan.h"

namespace switchyard::journal {
namespace {

constexpr std::size_t kColdBatchBytes = 64u << 10;
constexpr std::uint32_t kColdGroupBytes = 1u << 20;

// Cuts bodies into batches and batches into groups; the same walk measures and writes.
template <class OnBatch>
Status for_each_batch(std::span<const std::string_view> bodies, OnBatch&& on_batch) {
  std::size_t begin = 0;
  while (begin < bodies.size()) {
    std::size_t end = begin;
    std::uint64_t bytes = 0;
    while (end < bodies.size()) {
      const std::uint64_t record = kRecordHeaderBytes + bodies[end].size();
      if (end > begin && bytes + record > kColdBatchBytes) break;
      bytes += record;
      ++end;
    }
    if (Status s = on_batch(begin, end, bytes); !s.ok()) return s;
    begin = end;
  }
  return {};
}

}  // namespace

bool visit_records(std::uint32_t segment, std::uint32_t payload_offset, std::string_view payload,
                   const Journal::RecordVisitor& visit, std::uint64_t& records) {
  std::size_t at = 0;
  while (at < payload.size()) {
    if (payload.size() - at < kRecordHeaderBytes) return false;
    std::uint32_t body_bytes = 0;
    std::memcpy(&body_bytes, payload.data() + at + 4, 4);
    const std::uint64_t length = std::uint64_t{body_bytes} + kRecordHeaderBytes;
    std::string_view body;
    if (length > payload.size() - at || !open_record(payload.substr(at, length), body)) return false;
    ++records;
    if (visit) {
      visit({segment, payload_offset + static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length)}, body);
    }
    at += length;
  }
  return true;
}

Status Cleaner::scan(std::uint32_t number, const Journal::RecordVisitor& visit) {
  const auto segment = segments_.pin(number);
  if (segment == nullptr)
    return Error{Code::not_found, "journal segment " + std::to_string(number) + " does not exist"};
  segments_.mark_scanned(number);
  std::uint64_t records = 0;
  bool damaged = segment->header.salt == 0;  // Its header was unreadable.
  const auto on_batch = [&](const FoundBatch& batch) -> Status {
    if (!visit_records(number, batch.payload_offset(), batch.payload, visit, records)) damaged = true;
    return {};
  };
  const auto on_lost = [&](const LostRange&) -> Status {
    damaged = true;
    return {};
  };
  Status result;
  auto file = segments_.file(segment);
  if (file) {
    SegmentScan scan(**file, segment->header);
    SegmentScan::Walked walked;
    result = scan.walk(on_batch, on_lost, walked);
    // Nothing follows the last group of a segment that is sealed.
    if (result.ok() && walked.torn) damaged = true;
  } else {
    result = std::move(file).error();
  }
  segments_.unpin(number);
  if (result.ok() && damaged) {
    return Error{Code::corrupt, "journal segment " + std::to_string(number) +
                                    " is damaged: what is readable was read; run switchyard fsck"};
  }
  return result;
}

Result<std::vector<Place>> Cleaner::write_cold(std::span<const std::string_view> bodies) {
  if (bodies.empty()) return std::vector<Place>();
  FileSystem& files = segments_.files();
  const std::string path = segments_.path(std::string(kColdName));
  SegmentHeader header;
  header.number = segments_.take_number();
  if (header.number == 0) return Error{Code::io, "journal: all 4294967294 segment numbers are used up"};
  header.salt = random_salt();
  header.kind = SegmentKind::cold;
  auto file = files.open(path, true);
  if (!file) return std::move(file).error();
  auto places = write_file(**file, bodies, header);
  const std::string final_path = segments_.path(segment_name(header.number));
  if (places) {
    Status s = files.rename(path, final_path);
    if (s.ok()) s = files.sync_directory(segments_.options().directory);
    if (!s.ok()) places = std::move(s).error();
  }
  if (!places) {
    (void)files.remove(path);  // Gives the space back; the first error is the one to tell.
    (void)files.remove(final_path);
    return places;
  }
  auto segment = std::make_shared<Segment>(header, header.bytes);  // Opened by its name at the first read.
  segment->pins = 1;
  segments_.add(std::move(segment), Segment::State::sealed);
  written_.fetch_add(1, std::memory_order_relaxed);
  return places;
}

Result<std::vector<Place>> Cleaner::write_file(File& file, std::span<const std::string_view> bodies,
                                               SegmentHeader& header) {
  std::vector<Place> places;
  places.reserve(bodies.size());
  GroupWriter group;
  std::deque<std::string> payloads;  // Of the group; they stay where they are until it is written.
  std::uint64_t offset = kSegmentHeaderBytes;
  group.begin(header.salt, kSegmentHeaderBytes, 1);
  const auto flush = [&]() -> Status {
    if (group.empty()) return {};
    if (Status s = file.write(offset, group.finish(kGroupCold)); !s.ok()) return s;
    offset += group.extent();
    payloads.clear();
    group.begin(header.salt, static_cast<std::uint32_t>(offset), group.next_batch());
    return {};
  };
  Status s = for_each_batch(bodies, [&](std::size_t begin, std::size_t end, std::uint64_t bytes) -> Status {
    if (offset + group.extent_with(bytes) > UINT32_MAX / 2) {
      return Error{Code::invalid, "a cold segment would exceed 2 GiB: write fewer bodies at once"};
    }
    BatchBuilder builder;
    std::vector<BatchBuilder::Added> added;
    for (std::size_t i = begin; i < end; ++i) {
      builder.begin();
      builder.writer().bytes(bodies[i]);
      added.push_back(builder.end());
    }
    payloads.push_back(std::move(*builder.take()));
    const std::uint32_t at = group.add(payloads.back(), static_cast<std::uint32_t>(end - begin), 0);
    for (const auto& record : added) places.push_back({header.number, at + record.offset, record.length});
    return group.bytes() >= kColdGroupBytes ? flush() : Status();
  });
  if (s.ok()) s = flush();
  if (!s.ok()) return std::move(s).error();
  header.bytes = static_cast<std::uint32_t>(offset);
  const std::string block = encode_segment_header(header);
  const iovec part{const_cast<char*>(block.data()), block.size()};
  s = file.write(0, {&part, 1});
  if (s.ok()) s = file.sync();
  if (!s.ok()) return std::move(s).error();
  return places;
}

}  // namespace switchyard::journal
