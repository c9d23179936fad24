#include "kernel/journal/lane_reader.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace switchyard::journal {
namespace {

constexpr std::uint32_t kExtentBytes = 64u << 10;

std::string where(const Place& place) {
  return "journal segment " + std::to_string(place.segment) + " offset " + std::to_string(place.offset);
}

Error gone(const Place& place) { return {Code::not_found, where(place) + ": the segment is gone"}; }

Status open_at(const Place& place, std::string_view record, RecordRef& out) {
  if (open_record(record, out.body)) return {};
  return Error{Code::corrupt, where(place) + ": the record of " + std::to_string(place.length) +
                                  " bytes is damaged (wrong checksum); run switchyard fsck"};
}

// Reads the record and what follows it, up to an extent.
Result<Extent> read_extent(const std::shared_ptr<Segment>& segment, const File& file, const Place& place, bool wait) {
  const std::uint32_t written = segment->written.load(std::memory_order_acquire);
  const std::uint64_t end = std::uint64_t{place.offset} + place.length;
  if (place.length < kRecordHeaderBytes || end > written) {
    return Error{Code::corrupt, where(place) + ": no record of " + std::to_string(place.length) +
                                    " bytes was ever written there (the segment ends at " + std::to_string(written) +
                                    ")"};
  }
  Extent extent;
  extent.segment = segment;
  extent.start = place.offset / kPageBytes * kPageBytes;
  const std::uint64_t stop =
      std::min<std::uint64_t>(written, std::max<std::uint64_t>(end, extent.start + kExtentBytes));
  auto bytes = std::make_shared<std::string>(stop - extent.start, '\0');
  const std::span<char> out(bytes->data(), bytes->size());
  auto got = wait ? file.read(extent.start, out) : file.read_nowait(extent.start, out);
  if (!got) return std::move(got).error();
  // Recycling sets `retired` before it changes a byte, so this proves what was read.
  if (segment->retired.load(std::memory_order_acquire)) return gone(place);
  if (*got < out.size()) bytes->resize(*got);
  extent.bytes = std::move(bytes);
  if (!extent.holds(place)) {
    return Error{Code::corrupt, where(place) + ": the segment's file ends before the record; run switchyard fsck"};
  }
  return extent;
}

}  // namespace

// One get(): what the pool has to read and where the answers go.
struct LaneReader::Request {
  std::vector<Missing> missing;
  std::vector<Result<RecordRef>> results;
  std::vector<Extent> extents;
  Done done;
};

LaneReader::LaneReader(SegmentSet& segments, IoPool& pool, Executor& lane, std::size_t cache_bytes)
    : segments_(segments),
      pool_(pool),
      lane_(lane),
      tail_(cache_bytes - cache_bytes / 4),
      state_(std::make_shared<State>(cache_bytes / 4)) {}

Result<LaneReader::Open> LaneReader::open_segment(std::uint32_t number) {
  const bool same = last_.segment != nullptr && last_.segment->header.number == number;
  if (same && !last_.segment->retired.load(std::memory_order_acquire)) return last_;
  last_ = {};
  auto segment = segments_.find(number);
  if (segment == nullptr) return gone({number, 0, 0});
  auto file = segments_.file(segment);
  if (!file) return std::move(file).error();
  last_ = {std::move(segment), std::move(*file)};
  return last_;
}

bool LaneReader::from_memory(const Place& place, RecordRef& out, Status& status) {
  std::string_view record;
  if (tail_.find(place, out.hold, record)) {
    status = open_at(place, record, out);
    return true;
  }
  const Extent* extent = state_->extents.find(place);
  if (extent == nullptr) return false;
  out.hold = extent->bytes;
  status = open_at(place, extent->record(place), out);
  return true;
}

bool LaneReader::try_get(const Place& place, RecordRef& out, Status& status) {
  if (from_memory(place, out, status)) return true;
  auto open = open_segment(place.segment);
  if (!open) {
    status = std::move(open).error();
    return true;
  }
  auto extent = read_extent(open->segment, *open->file, place, false);
  if (!extent && extent.code() == Code::busy) return false;
  if (!extent) {
    status = std::move(extent).error();
    return true;
  }
  out.hold = extent->bytes;
  status = open_at(place, extent->record(place), out);
  state_->extents.insert(std::move(*extent));
  return true;
}

void LaneReader::get(std::vector<Place> places, Done done) {
  auto request = std::make_shared<Request>();
  request->done = std::move(done);
  request->results.reserve(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    RecordRef ref;
    Status status;
    if (from_memory(places[i], ref, status)) {
      status.ok() ? request->results.emplace_back(std::move(ref)) : request->results.emplace_back(status.error());
      continue;
    }
    request->results.emplace_back(gone(places[i]));
    // Pinned until it is read: a record that was live when it was asked for stays readable.
    auto segment = segments_.pin(places[i].segment);
    if (segment != nullptr) request->missing.push_back({i, places[i], std::move(segment)});
  }
  const auto finish = [state = std::weak_ptr(state_), request] {
    const auto alive = state.lock();
    if (alive == nullptr) return;
    for (Extent& extent : request->extents) alive->extents.insert(std::move(extent));
    request->done(std::move(request->results));
  };
  if (request->missing.empty()) return lane_.post(finish);
  pool_.run([&segments = segments_, &lane = lane_, request, finish] {
    read_missing(segments, *request);
    lane.post(finish);
  });
}

void LaneReader::read_missing(SegmentSet& segments, Request& request) {
  std::sort(request.missing.begin(), request.missing.end(), [](const Missing& a, const Missing& b) {
    return std::tie(a.place.segment, a.place.offset) < std::tie(b.place.segment, b.place.offset);
  });
  for (const Missing& missing : request.missing) {
    const Place& place = missing.place;
    auto& extents = request.extents;
    const bool at_hand = !extents.empty() && extents.back().segment == missing.segment && extents.back().holds(place);
    Status status;
    if (!at_hand) {
      auto file = segments.file(missing.segment);
      auto extent = file ? read_extent(missing.segment, **file, place, true) : Result<Extent>(file.error());
      extent ? extents.push_back(std::move(*extent)) : static_cast<void>(status = extent.error());
    }
    RecordRef ref;
    if (status.ok()) {
      ref.hold = extents.back().bytes;
      status = open_at(place, extents.back().record(place), ref);
    }
    auto& result = request.results[missing.index];
    status.ok() ? static_cast<void>(result = std::move(ref)) : static_cast<void>(result = status.error());
    segments.unpin(place.segment);
  }
}

}  // namespace switchyard::journal
