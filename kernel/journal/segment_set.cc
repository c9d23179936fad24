#include "kernel/journal/segment_set.h"

#include <algorithm>
#include <utility>

namespace switchyard::journal {
namespace {

constexpr std::uint32_t kMaxOpenFiles = 256;
// Spares worth keeping: as many as the last checkpoint interval used up, within these bounds.  At rest
// one spare, one ready and one current segment and one of slack for cleaning make four.
constexpr std::size_t kMinSpares = 1;
constexpr std::size_t kMaxSpares = 4;

}  // namespace

SegmentSet::SegmentSet(FileSystem& files, const Options& options) : files_(files), options_(options) {}

void SegmentSet::add(std::shared_ptr<Segment> segment, Segment::State state) {
  const std::lock_guard lock(mutex_);
  const std::uint32_t number = segment->header.number;
  segment->state = state;
  if (segment->file != nullptr) ++open_files_;
  live_.insert(number);
  if (state == Segment::State::ready) {
    ready_.push_back(segment);
    ready_bytes_ += segment->header.bytes - kSegmentHeaderBytes;
  }
  next_number_ = std::max(next_number_, number + 1);
  segments_[number] = std::move(segment);
}

void SegmentSet::add_spare(Spare spare) {
  const std::lock_guard lock(mutex_);
  spares_.push_back(std::move(spare));
}

void SegmentSet::raise_next_number(std::uint32_t at_least) {
  const std::lock_guard lock(mutex_);
  next_number_ = std::max(next_number_, at_least);
}

std::shared_ptr<Segment> SegmentSet::find(std::uint32_t number) const {
  const std::lock_guard lock(mutex_);
  const auto at = segments_.find(number);
  return at == segments_.end() ? nullptr : at->second;
}

Result<std::shared_ptr<File>> SegmentSet::file(const std::shared_ptr<Segment>& segment) {
  {
    const std::lock_guard lock(mutex_);
    segment->last_use = ++uses_;
    if (segment->file != nullptr) return segment->file;
  }
  auto opened = files_.open(path(segment_name(segment->header.number)), false);
  if (!opened) return std::move(opened).error();
  const std::lock_guard lock(mutex_);
  if (segment->file == nullptr && !segment->retired.load()) {
    segment->file = std::move(*opened);
    if (++open_files_ > kMaxOpenFiles) close_idle_file();
    return segment->file;
  }
  if (segment->file != nullptr) return segment->file;
  return Error{Code::not_found, "journal segment " + std::to_string(segment->header.number) + " is gone"};
}

void SegmentSet::forget_file(Segment& segment) {
  if (segment.file == nullptr) return;
  segment.file.reset();
  --open_files_;
}

void SegmentSet::close_idle_file() {
  Segment* oldest = nullptr;
  for (const auto& [number, segment] : segments_) {
    if (segment->file == nullptr || segment->state != Segment::State::sealed) continue;
    if (oldest == nullptr || segment->last_use < oldest->last_use) oldest = segment.get();
  }
  if (oldest != nullptr) forget_file(*oldest);
}

std::uint32_t SegmentSet::take_number() {
  const std::lock_guard lock(mutex_);
  return next_number_ == UINT32_MAX ? 0 : next_number_++;
}

std::shared_ptr<Segment> SegmentSet::take_ready(std::uint64_t min_bytes) {
  const std::lock_guard lock(mutex_);
  const auto fits = [min_bytes](const auto& segment) { return segment->header.bytes >= min_bytes; };
  if (std::none_of(ready_.begin(), ready_.end(), fits)) return nullptr;
  // The order of numbers is the order of groups, so the smaller ones before it cannot come later.
  while (!fits(ready_.front())) {
    const auto small = ready_.front();
    ready_.pop_front();
    ready_bytes_ -= small->header.bytes - kSegmentHeaderBytes;
    retire(small);
  }
  auto segment = ready_.front();
  ready_.pop_front();
  ready_bytes_ -= segment->header.bytes - kSegmentHeaderBytes;
  ++taken_;
  segment->state = Segment::State::current;
  return segment;
}

bool SegmentSet::ready_fits(std::uint64_t min_bytes) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(ready_.begin(), ready_.end(), [&](const auto& s) { return s->header.bytes >= min_bytes; });
}

void SegmentSet::seal(const std::shared_ptr<Segment>& segment) {
  const std::lock_guard lock(mutex_);
  segment->state = Segment::State::sealed;
}

std::shared_ptr<Segment> SegmentSet::pin(std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  const auto at = segments_.find(number);
  if (at == segments_.end()) return nullptr;
  ++at->second->pins;
  return at->second;
}

void SegmentSet::unpin(std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  const auto at = segments_.find(number);
  if (at != segments_.end() && at->second->pins > 0) --at->second->pins;
}

void SegmentSet::mark_scanned(std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  if (const auto at = segments_.find(number); at != segments_.end()) at->second->scanned = true;
}

bool SegmentSet::checkpointed(const Position& position) {
  const std::lock_guard lock(mutex_);
  checkpoint_ = position;
  ++checkpoints_;
  spares_wanted_ = std::clamp(std::exchange(taken_, 0) + 1, kMinSpares, kMaxSpares);
  return collect_locked(true);
}

bool SegmentSet::collect() {
  const std::lock_guard lock(mutex_);
  return collect_locked(false);
}

bool SegmentSet::is_cleanable(const Segment& segment) const {
  if (segment.state != Segment::State::sealed) return false;
  return segment.header.kind == SegmentKind::cold || segment.header.number < checkpoint_.segment;
}

bool SegmentSet::may_go(Segment& segment, bool at_checkpoint) {
  if (!is_cleanable(segment) || segment.pins > 0 || live_.get(segment.header.number) != 0) return false;
  if (!segment.scanned) return true;
  // Counted only at checkpoints: the one that completes now may have been captured before the last
  // survivor was adopted, the next one cannot.
  if (!at_checkpoint) return false;
  if (segment.seen_dead_at == 0) segment.seen_dead_at = checkpoints_;
  return checkpoints_ > segment.seen_dead_at;
}

bool SegmentSet::collect_locked(bool at_checkpoint) {
  std::vector<std::shared_ptr<Segment>> gone;
  for (const auto& [number, segment] : segments_) {
    if (may_go(*segment, at_checkpoint)) gone.push_back(segment);
  }
  for (const auto& segment : gone) retire(segment);
  return !gone.empty();
}

void SegmentSet::retire(const std::shared_ptr<Segment>& segment) {
  segment->retired.store(true, std::memory_order_seq_cst);
  forget_file(*segment);
  const std::uint32_t number = segment->header.number;
  spares_.push_back({segment_name(number), segment->header.bytes});
  live_.erase(number);
  segments_.erase(number);
}

std::uint32_t SegmentSet::wanted_locked() const {
  std::uint64_t hot = 0;
  for (const auto& [number, segment] : segments_) {
    const bool in_use = segment->state != Segment::State::ready && segment->header.kind == SegmentKind::hot;
    if (in_use) hot += segment->header.bytes;
  }
  std::uint64_t bytes = options_.first_segment_bytes;
  while (bytes < hot / 4 && bytes < options_.max_segment_bytes) bytes *= 2;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, options_.max_segment_bytes));
}

std::uint32_t SegmentSet::wanted_bytes() const {
  const std::lock_guard lock(mutex_);
  return wanted_locked();
}

Spare SegmentSet::take_spare(std::uint64_t min_bytes, std::uint64_t max_bytes) {
  const std::lock_guard lock(mutex_);
  for (auto at = spares_.begin(); at != spares_.end(); ++at) {
    if (at->bytes < min_bytes || at->bytes > max_bytes) continue;
    Spare spare = std::move(*at);
    spares_.erase(at);
    return spare;
  }
  return {};
}

std::vector<Spare> SegmentSet::take_surplus() {
  const std::lock_guard lock(mutex_);
  const std::uint32_t wanted = wanted_locked();
  std::vector<Spare> surplus;
  std::deque<Spare> kept;
  for (Spare& spare : spares_) {
    const bool fits = spare.bytes >= wanted / 2 && spare.bytes <= std::uint64_t{wanted} * 4;
    const bool room = kept.size() < spares_wanted_;
    (fits && room ? static_cast<void>(kept.push_back(std::move(spare))) : surplus.push_back(std::move(spare)));
  }
  spares_ = std::move(kept);
  return surplus;
}

std::vector<std::uint32_t> SegmentSet::pick_victims() {
  struct Candidate {
    std::uint32_t number;
    std::uint64_t live, bytes;
  };
  const std::lock_guard lock(mutex_);
  std::vector<Candidate> candidates;
  std::uint64_t disk = 0;
  std::uint64_t live_total = 0;
  for (const auto& [number, segment] : segments_) {
    const auto live = static_cast<std::uint64_t>(std::max<std::int64_t>(0, live_.get(number)));
    // What only waits for a checkpoint comes back by itself; copying would not free it any sooner.
    if (!is_cleanable(*segment) || live == 0) continue;
    live_total += live;
    disk += segment->header.bytes;
    const bool mostly_dead = live < segment->header.bytes / 2;
    if (mostly_dead && segment->pins == 0) candidates.push_back({number, live, segment->header.bytes});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.live * b.bytes < b.live * a.bytes;  // By live share.
  });
  const std::uint64_t allowed = 2 * live_total + wanted_locked();
  std::vector<std::uint32_t> victims;
  for (const Candidate& candidate : candidates) {
    if (disk <= allowed) break;
    victims.push_back(candidate.number);
    disk -= candidate.bytes - candidate.live;
  }
  return victims;
}

void SegmentSet::fill(Stats& stats) const {
  const std::lock_guard lock(mutex_);
  stats.segment_files = segments_.size() + spares_.size();
  for (const auto& [number, segment] : segments_) {
    stats.disk_bytes += segment->header.bytes;
    stats.live_bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(0, live_.get(number)));
  }
  for (const Spare& spare : spares_) stats.disk_bytes += spare.bytes;
}

}  // namespace switchyard::journal
