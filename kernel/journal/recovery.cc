#include "kernel/journal/recovery.h"

#include <algorithm>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/journal/group_writer.h"

namespace switchyard::journal {
namespace {

std::string batches_text(BatchSeq first, BatchSeq last) {
  return first == last ? "batch " + std::to_string(first) + " was"
                       : "batches " + std::to_string(first) + " to " + std::to_string(last) + " were";
}

bool plausible(const SegmentHeader& header, std::uint32_t number) {
  return header.number == number && header.bytes >= kSegmentHeaderBytes + kPageBytes && header.bytes % kPageBytes == 0;
}

}  // namespace

Recovery::Recovery(SegmentSet& segments, const Position& from, const Journal::Visitor& visit, RecoveryReport& report)
    : segments_(segments), from_(from), visit_(visit), report_(report), next_batch_(from.next_batch) {}

Result<Tail> Recovery::run() {
  if (Status s = read_folder(); !s.ok()) return std::move(s).error();
  if (Status s = replay(); !s.ok()) return std::move(s).error();
  if (Status s = make_tail_safe(); !s.ok()) return std::move(s).error();
  return hand_over();
}

Status Recovery::read_folder() {
  FileSystem& files = segments_.files();
  auto names = files.list(segments_.options().directory);
  if (!names) return std::move(names).error();
  segments_.raise_next_number(from_.segment + 1);
  for (const std::string& name : *names) {
    if (const std::uint32_t number = parse_segment_name(name); number != 0) {
      if (Status s = read_segment(name, number); !s.ok()) return s;
    } else if (const std::uint32_t spare = parse_spare_name(name); spare != 0) {
      segments_.raise_next_number(spare + 1);
      auto file = files.open(segments_.path(name), false);
      if (!file) return std::move(file).error();
      auto bytes = (*file)->size();
      if (!bytes) return std::move(bytes).error();
      const std::uint64_t whole_pages = *bytes / kPageBytes * kPageBytes;
      segments_.add_spare({name, static_cast<std::uint32_t>(std::min<std::uint64_t>(whole_pages, UINT32_MAX / 2))});
    } else if (name == kFreshName || name == kColdName) {
      if (Status s = files.remove(segments_.path(name)); !s.ok()) return s;
    }
  }
  return {};
}

Status Recovery::read_segment(const std::string& name, std::uint32_t number) {
  segments_.raise_next_number(number + 1);
  auto opened = segments_.files().open(segments_.path(name), false);
  if (!opened) return std::move(opened).error();
  std::shared_ptr<File> file = std::move(*opened);
  std::string block(kSegmentHeaderBytes, '\0');
  auto got = file->read(0, block);
  if (!got) return std::move(got).error();
  SegmentHeader header;
  std::uint32_t version = 0;
  HeaderState state = decode_segment_header({block.data(), *got}, header, version);
  if (state == HeaderState::newer) {
    return Error{Code::unsupported, "journal file " + segments_.path(name) + " has format " + std::to_string(version) +
                                        ", this version reads up to " + std::to_string(kFormatVersion) +
                                        ": start the version that wrote it, or a later one"};
  }
  if (state != HeaderState::damaged && !plausible(header, number)) state = HeaderState::damaged;
  if (state == HeaderState::one_copy) log::warn("journal.segment_header_copy_damaged", {{"segment", number}});
  if (state == HeaderState::damaged) {
    auto bytes = file->size();
    if (!bytes) return std::move(bytes).error();
    const auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(*bytes, UINT32_MAX));
    if (Status s = report_damage({number, 0, size, 0, 0, "both copies of the segment's header are unreadable"});
        !s.ok())
      return s;
    // Records still check themselves, so those that the checkpoint names can be read.
    header = {number, 0, size, SegmentKind::hot};
    segments_.add(std::make_shared<Segment>(header, size), Segment::State::sealed);
    return {};
  }
  auto segment = std::make_shared<Segment>(header, header.bytes);
  if (header.kind == SegmentKind::hot && number >= from_.segment) {
    hot_.push_back({segment, file, std::make_unique<SegmentScan>(*file, header)});
  } else {
    cold_seen_ = cold_seen_ || header.kind == SegmentKind::cold;
    segments_.add(std::move(segment), Segment::State::sealed);
  }
  return {};
}

// Damage hides the beginning of a segment or of the folder; then the journal is to blame.
bool Recovery::is_beyond_checkpoint(const At& found) const {
  return report_.damage.empty() && found.index == 0 && found.group.offset == kSegmentHeaderBytes &&
         found.group.header.first_batch > from_.next_batch;
}

Error Recovery::checkpoint_does_not_fit(const At& found) const {
  const auto& options = segments_.options();
  const std::string where = from_.segment == 0
                                ? "has no checkpoint"
                                : "has a checkpoint that ends before batch " + std::to_string(from_.next_batch) +
                                      " in journal segment " + std::to_string(from_.segment) + ", which is gone";
  return {Code::corrupt, options.checkpoints + " is damaged, missing or older than the journal: it " + where +
                             ", but the journal in " + options.directory + " goes on with batch " +
                             std::to_string(found.group.header.first_batch) + " in segment " +
                             std::to_string(hot_[found.index].segment->header.number) +
                             "; restore the whole data folder from one copy"};
}

Status Recovery::check_start() {
  const bool starts_there = !hot_.empty() && hot_[0].segment->header.number == from_.segment;
  offset_ = starts_there ? std::max(from_.offset, kSegmentHeaderBytes) : kSegmentHeaderBytes;
  if (starts_there) return {};
  // Cold segments are made behind a checkpoint.
  if (segments_.options().checkpoint_lost && cold_seen_) {
    return Error{Code::corrupt, segments_.options().checkpoints +
                                    " is damaged or missing: it has no checkpoint, but the journal in " +
                                    segments_.options().directory +
                                    " was written behind one; restore the whole data folder from one copy"};
  }
  auto next = next_group(0, offset_, next_batch_);
  if (!next) return std::move(next).error();
  if (*next && is_beyond_checkpoint(**next)) return checkpoint_does_not_fit(**next);
  // The checkpoint may end where its segment did; what follows shows whether anything is missing.
  if (from_.segment == 0 || *next) return {};
  return report_damage({from_.segment, 0, 0, 0, 0, "the segment in which the last checkpoint ends is missing"});
}

Status Recovery::replay() {
  if (Status s = check_start(); !s.ok()) return s;
  while (true) {
    auto found = next_group(index_, offset_, next_batch_);
    if (!found) return std::move(found).error();
    if (!*found) return {};
    const At& at = **found;
    const bool adjacent = at.index == index_ && at.group.offset == offset_;
    const bool next_segment = at.index != index_;
    if (at.group.header.first_batch != next_batch_ || !(adjacent || next_segment)) {
      if (Status s = salvage_before(at); !s.ok()) return s;
    }
    auto more = replay_group(at);
    if (!more) return std::move(more).error();
    if (!*more) return {};
  }
}

Result<std::optional<Recovery::At>> Recovery::next_group(std::size_t index, std::uint32_t offset, BatchSeq min_batch) {
  for (; index < hot_.size(); ++index, offset = kSegmentHeaderBytes) {
    auto group = hot_[index].scan->find_group(offset, min_batch);
    if (!group) return std::move(group).error();
    if (*group) return std::optional(At{index, **group});
  }
  return std::optional<At>();
}

Result<bool> Recovery::replay_group(const At& at) {
  SegmentScan& scan = *hot_[at.index].scan;
  const std::uint32_t number = scan.header().number;
  const GroupHeader& header = at.group.header;
  // All before this group has been replayed or named as lost.
  index_ = at.index;
  offset_ = at.group.offset;
  next_batch_ = header.first_batch;
  auto batches = scan.batches_of(at.group);
  if (!batches) return std::move(batches).error();
  if (*batches) {
    for (const FoundBatch& batch : **batches) {
      if (Status s = visit_batch(number, batch); !s.ok()) return std::move(s).error();
    }
  } else {
    auto later = next_group(at.index, at.group.offset + header.extent(), header.end_batch());
    if (!later) return std::move(later).error();
    if (!*later) return false;
    BatchSeq next = header.first_batch;
    const std::uint32_t stop = at.group.offset + header.bytes;
    auto salvaged = scan.salvage(
        at.group.offset + kGroupHeaderBytes, stop, next, header.end_batch(),
        [&](const FoundBatch& batch) { return visit_batch(number, batch); },
        [&](const LostRange& range) { return report_lost(number, range); });
    if (!salvaged) return std::move(salvaged).error();
    if (next < header.end_batch()) {
      Status s = report_lost(number, {salvaged->claimed, stop - salvaged->claimed, next, header.end_batch()});
      if (!s.ok()) return std::move(s).error();
    }
  }
  offset_ = at.group.offset + header.extent();
  next_batch_ = header.end_batch();
  last_group_ = at;
  return true;
}

Status Recovery::salvage_before(const At& found) {
  const std::uint32_t reached = hot_[index_].segment->header.number;
  // Segments between are given back only behind a checkpoint.
  if (segments_.options().checkpoint_lost && found.index == index_ + 1 && found.group.offset == kSegmentHeaderBytes &&
      hot_[found.index].segment->header.number > reached + 1) {
    return checkpoint_does_not_fit(found);
  }
  const BatchSeq end = found.group.header.first_batch;
  BatchSeq next = next_batch_;
  const std::size_t damage_before = report_.damage.size();
  // Where to point when nothing tells: groups start at the first page, so bytes before the found group
  // in its own segment are damaged; otherwise the end of the segment that was being read.
  std::uint32_t damaged_segment = 0;
  LostRange rest;
  for (std::size_t i = index_; i <= found.index; ++i) {
    Hot& hot = hot_[i];
    const std::uint32_t number = hot.segment->header.number;
    const std::uint32_t begin = i == index_ ? offset_ : kSegmentHeaderBytes;
    const std::uint32_t stop = i == found.index ? found.group.offset : hot.segment->header.bytes;
    if (begin >= stop) continue;
    auto salvaged = hot.scan->salvage(
        begin, stop, next, end, [&](const FoundBatch& batch) { return visit_batch(number, batch); },
        [&](const LostRange& range) { return report_lost(number, range); });
    if (!salvaged) return std::move(salvaged).error();
    if (damaged_segment == 0 || salvaged->traces || i == found.index) {
      damaged_segment = number;
      rest = {salvaged->claimed, stop - salvaged->claimed, next, end};
    }
  }
  if (damaged_segment == 0) damaged_segment = hot_[index_].segment->header.number;
  rest.first_batch = next;
  rest.end_batch = end;
  if (next == end && report_.damage.size() > damage_before) return {};
  return report_lost(damaged_segment, rest);
}

Status Recovery::visit_batch(std::uint32_t segment, const FoundBatch& batch) {
  ++report_.replayed_batches;
  report_.replayed_bytes += batch.payload.size();
  return visit_({batch.header.batch, batch.header.shard, segment, batch.payload_offset(), batch.payload});
}

Status Recovery::report_lost(std::uint32_t segment, const LostRange& range) {
  Damage damage{segment, range.offset, range.length, 0, 0, {}};
  if (range.first_batch == range.end_batch) {
    damage.what = "a group header is unreadable; all its batches could be read";
  } else {
    damage.first_batch = range.first_batch;
    damage.last_batch = range.end_batch - 1;
    damage.what = batches_text(damage.first_batch, damage.last_batch) + " acknowledged and cannot be read";
  }
  return report_damage(std::move(damage));
}

Status Recovery::report_damage(Damage damage) {
  damage.what = "journal segment " + std::to_string(damage.segment) + " is damaged at offset " +
                std::to_string(damage.offset) + " (" + std::to_string(damage.length) + " bytes): " + damage.what;
  if (segments_.options().on_damage == OnDamage::refuse) {
    return Error{Code::corrupt, damage.what + "; restore " + segments_.options().directory +
                                    " from a copy, or set storage.on_damage: quarantine to start without them"};
  }
  log::error("journal.damage", {{"segment", damage.segment},
                                {"offset", damage.offset},
                                {"bytes", damage.length},
                                {"first_batch", damage.first_batch},
                                {"last_batch", damage.last_batch},
                                {"reason", damage.what}});
  report_.damage.push_back(std::move(damage));
  return {};
}

Status Recovery::zero(Hot& hot, std::uint32_t begin, std::uint32_t end) {
  if (begin >= end) return {};
  const std::string zeros(std::min<std::uint32_t>(end - begin, 1u << 20), '\0');
  while (begin < end) {
    const std::uint32_t n = std::min(static_cast<std::uint32_t>(zeros.size()), end - begin);
    const iovec part{const_cast<char*>(zeros.data()), n};
    if (Status s = hot.file->write(begin, {&part, 1}); !s.ok()) return s;
    begin += n;
  }
  return {};
}

Status Recovery::make_tail_safe() {
  if (hot_.empty()) return segments_.files().sync_directory(segments_.options().directory);
  // A sync that failed before the restart may have left the last group in memory only, marked clean:
  // writing it again makes the kernel write it again.
  if (last_group_) {
    Hot& hot = hot_[last_group_->index];
    std::string bytes(last_group_->group.header.bytes, '\0');
    auto got = hot.file->read(last_group_->group.offset, bytes);
    if (!got) return std::move(got).error();
    const iovec part{bytes.data(), *got};
    if (Status s = hot.file->write(last_group_->group.offset, {&part, 1}); !s.ok()) return s;
    if (Status s = hot.file->sync(); !s.ok()) return s;
  }
  Hot& hot = hot_[index_];
  if (offset_ < hot.segment->header.bytes) {
    auto traces = hot.scan->end_of_traces(offset_);
    if (!traces) return std::move(traces).error();
    report_.dropped_tail_bytes += *traces - offset_;
    const std::uint32_t wipe_end = std::max(*traces, offset_ + kPageBytes);
    if (Status s = mark(hot); !s.ok()) return s;
    // What was torn must never look like a successor of what is written next.
    if (Status s = zero(hot, offset_, wipe_end); !s.ok()) return s;
  }
  if (Status s = hot.file->sync(); !s.ok()) return s;
  return segments_.files().sync_directory(segments_.options().directory);
}

// What this recovery has shown is final: should its last group be damaged later, the mark behind it
// tells that from a torn tail.  It replaces the first page of a torn group, which may have been the
// only proof that the group before it, of which a batch is damaged, was synced.
Status Recovery::mark(Hot& hot) {
  marked_ = last_group_ && (last_group_->group.header.flags & kGroupMark) != 0;
  if (marked_ || next_batch_ == from_.next_batch) return {};
  GroupWriter group;
  group.begin(hot.segment->header.salt, offset_, next_batch_);
  if (Status s = hot.file->write(offset_, group.finish(kGroupMark)); !s.ok()) return s;
  if (Status s = hot.file->sync(); !s.ok()) return s;
  offset_ += group.extent();
  marked_ = true;
  return {};
}

Tail Recovery::hand_over() {
  Tail tail;
  tail.next_batch = next_batch_;
  tail.marked = marked_;
  for (std::size_t i = 0; i < hot_.size(); ++i) {
    Hot& hot = hot_[i];
    hot.segment->file = hot.file;
    const SegmentHeader& header = hot.segment->header;
    if (i < index_) {
      segments_.add(hot.segment, Segment::State::sealed);
    } else if (i == index_) {
      hot.segment->written.store(offset_);
      segments_.add(hot.segment, Segment::State::current);
      tail.segment = hot.segment;
      tail.offset = offset_;
    } else {
      // Prepared before the restart, perhaps with a torn first group: it gets a new salt before use.
      segments_.add_spare({segment_name(header.number), header.bytes});
    }
  }
  if (report_.dropped_tail_bytes > 0) log::info("journal.torn_tail_dropped", {{"bytes", report_.dropped_tail_bytes}});
  return tail;
}

}  // namespace switchyard::journal
