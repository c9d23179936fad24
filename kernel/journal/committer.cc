#include "kernel/journal/committer.h"

#include <cassert>
#include <utility>

#include "kernel/base/log.h"

namespace switchyard::journal {

Committer::Committer(SegmentSet& segments, Preparer& preparer, const Clock& clock, const Tail& tail)
    : segments_(segments),
      preparer_(preparer),
      clock_(clock),
      options_(segments.options()),
      segment_(tail.segment),
      offset_(tail.offset),
      next_batch_(tail.next_batch),
      marked_(tail.marked) {
  if (segment_ != nullptr) {
    file_ = segment_->file;
    position_ = {segment_->header.number, offset_, next_batch_};
  }
}

void Committer::start(std::vector<Executor*> lanes, std::vector<Journal::Completed> completed) {
  assert(lanes.size() == completed.size() && lanes_.empty());
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    Lane& lane = lanes_.emplace_back();
    lane.executor = lanes[i];
    // Shared, because a posted result may run after the journal is gone.
    lane.completed = std::make_shared<const Journal::Completed>(std::move(completed[i]));
  }
  thread_ = std::thread([this] { run(); });
}

void Committer::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  idle_.store(0);
  idle_.notify_one();
  thread_.join();
}

void Committer::submit(std::size_t index, Submission submission) {
  assert(submission.payload != nullptr && !submission.payload->empty());
  Lane& lane = lanes_[index];
  const std::size_t bytes = submission.payload->size();
  Waiting waiting{std::move(submission), static_cast<std::uint32_t>(index), Fault::none};
  if (bytes > options_.max_batch_bytes) {
    waiting.fault = Fault::too_large;
  } else if (lane.waiting_bytes.load(std::memory_order_relaxed) > options_.max_waiting_bytes) {
    waiting.fault = Fault::too_much_waiting;
  }
  lane.waiting_bytes.fetch_add(bytes, std::memory_order_relaxed);
  bool taken = false;
  {
    const std::lock_guard lock(lane.mutex);
    taken = !lane.closed;
    if (taken) lane.pending.push_back(std::move(waiting));
  }
  if (!taken) {  // The committer has ended.
    Committed refused;
    refused.status = Error{Code::stopping, "the journal is stopped"};
    // NOLINTNEXTLINE(bugprone-use-after-move): not taken means not moved.
    refused.payload = std::move(waiting.submission.payload);
    post(lane, {std::move(refused)});
    return;
  }
  // The committer says that it is idle before it looks at the queues for the last time.
  if (idle_.load() != 0 && idle_.exchange(0) != 0) idle_.notify_one();
}

bool Committer::gather() {
  for (Lane& lane : lanes_) {
    {
      const std::lock_guard lock(lane.mutex);
      lane.taken.swap(lane.pending);
    }
    for (Waiting& waiting : lane.taken) backlog_.push_back(std::move(waiting));
    lane.taken.clear();
  }
  return !backlog_.empty();
}

void Committer::wait_for_work() {
  idle_.store(1);
  if (stopping_.load() || gather()) {
    idle_.store(0);
    return;
  }
  idle_.wait(1);
}

void Committer::run() {
  while (true) {
    if (gather()) {
      commit_group();
      continue;
    }
    if (stopping_.load()) {
      for (Lane& lane : lanes_) {
        const std::lock_guard lock(lane.mutex);
        lane.closed = true;
      }
      if (!gather()) break;
      continue;
    }
    wait_for_work();
  }
  write_mark();
}

void Committer::commit_group() {
  group_.begin(segment_ == nullptr ? 0 : segment_->header.salt, offset_, next_batch_);
  fill_group();
  if (!group_.empty()) {
    const Status written = write_group();
    if (written.code() == Code::quota) {
      // Nothing of the group is on the disk, so these batches may be told that they are not there.
      resolve_group(no_room(written.error()));
    } else if (!written.ok()) {
      fail(written.error());
    } else {
      segment_->written.store(offset_, std::memory_order_release);
      resolve_group({});
    }
    group_.shrink();
  }
  // One step for committed(): whoever has seen a completion sees its position, and the other way round.
  const std::lock_guard lock(position_mutex_);
  post_results();
  if (segment_ != nullptr && !failed()) position_ = {segment_->header.number, offset_, next_batch_};
}

void Committer::fill_group() {
  while (!backlog_.empty() && group_.bytes() < options_.max_group_bytes) {
    Waiting& waiting = backlog_.front();
    const std::size_t bytes = waiting.submission.payload->size();
    if (failed()) {
      refuse(std::move(waiting), failure_);
    } else if (const Fault fault = waiting.fault; fault != Fault::none) {
      refuse(std::move(waiting), refusal(fault, bytes));
    } else {
      auto room = make_room(waiting.submission);
      if (room && !*room) return;
      room ? accept(std::move(waiting)) : refuse(std::move(waiting), room.error());
    }
    backlog_.pop_front();
  }
}

Result<bool> Committer::make_room(const Submission& submission) {
  const std::size_t bytes = submission.payload->size();
  std::uint64_t left = segment_ == nullptr ? 0 : segment_->header.bytes - offset_;
  const std::uint64_t extent = group_.extent_with(bytes);
  if (preparer_.short_of_space()) preparer_.retry();
  // What takes space must leave the reserve untouched.
  const std::uint64_t wanted = options_.reserve_bytes + extent;
  if (!submission.releases_space && left < wanted && left + segments_.ready_bytes() < wanted) {
    if (Status s = preparer_.wait_for_room(wanted - left); !s.ok()) return no_room(s.error());
  }
  if (extent <= left) return true;
  if (!group_.empty()) return false;
  if (Status s = change_segment(segment_bytes_for(bytes)); !s.ok()) {
    return no_room(s.error());
  }
  return true;
}

Status Committer::change_segment(std::uint64_t min_bytes) {
  auto next = preparer_.next(min_bytes);
  if (!next) return std::move(next).error();
  if (segment_ != nullptr) segments_.seal(segment_);
  segment_ = std::move(*next);
  file_ = segment_->file;
  offset_ = kSegmentHeaderBytes;
  group_.begin(segment_->header.salt, offset_, next_batch_);
  return {};
}

Status Committer::write_group() {
  Status s = file_->write(offset_, group_.finish(0));
  if (s.code() == Code::quota) {
    if (Status taken_back = take_back_group(); !taken_back.ok()) return Error{Code::io, taken_back.error().message};
    return s;
  }
  if (!s.ok()) return s;
  if (s = sync_group(); !s.ok()) return s;
  groups_.fetch_add(1, std::memory_order_relaxed);
  batches_.fetch_add(group_.batches(), std::memory_order_relaxed);
  offset_ += group_.extent();
  next_batch_ = group_.next_batch();
  marked_ = false;
  return {};
}

Status Committer::sync_group() {
  const std::int64_t start = clock_.mono_ns();
  Status s = file_->sync();
  sync_ns_.fetch_add(static_cast<std::uint64_t>(clock_.mono_ns() - start), std::memory_order_relaxed);
  syncs_.fetch_add(1, std::memory_order_relaxed);
  bytes_written_.fetch_add(group_.extent(), std::memory_order_relaxed);
  // A sync that failed for lack of space has lost pages like any other.
  if (s.code() == Code::quota) return Error{Code::io, s.error().message};
  return s;
}

Status Committer::take_back_group() {
  const std::string zeros(kPageBytes, '\0');
  const iovec part{const_cast<char*>(zeros.data()), zeros.size()};
  if (Status s = file_->write(offset_, {&part, 1}); !s.ok()) return s;
  return file_->sync();
}

void Committer::fail(const Error& reason) {
  log::error("journal.failed", {{"segment", segment_->header.number}, {"reason", reason.message}});
  failure_ = {Code::io, "the journal stopped after a disk error (" + reason.message +
                            "): check the disk, then restart the server"};
  resolve_group(Error{Code::unknown_outcome, "the disk failed while this was being written (" + reason.message +
                                                 "): it may or may not survive a restart"});
  failed_.store(true, std::memory_order_release);
}

void Committer::write_mark() {
  if (failed() || segment_ == nullptr || marked_) return;
  if (segment_->header.bytes - offset_ < kPageBytes && !change_segment(segment_bytes_for(0)).ok()) return;
  group_.begin(segment_->header.salt, offset_, next_batch_);
  Status s = file_->write(offset_, group_.finish(kGroupMark));
  if (s.ok()) s = file_->sync();
  if (!s.ok()) {
    log::warn("journal.mark_failed", {{"reason", s.error().message}});
    return;
  }
  offset_ += group_.extent();
  marked_ = true;
  const std::lock_guard lock(position_mutex_);
  position_ = {segment_->header.number, offset_, next_batch_};
}

void Committer::accept(Waiting waiting) {
  Lane& lane = lanes_[waiting.lane];
  Submission& submission = waiting.submission;
  Committed result;
  result.batch = group_.next_batch();
  result.segment = segment_->header.number;
  result.payload_offset = group_.add(*submission.payload, submission.records, submission.shard);
  lane.waiting_bytes.fetch_sub(submission.payload->size(), std::memory_order_relaxed);
  result.payload = std::move(submission.payload);
  lane.results.push_back(std::move(result));
}

void Committer::refuse(Waiting waiting, const Error& reason) {
  Lane& lane = lanes_[waiting.lane];
  lane.waiting_bytes.fetch_sub(waiting.submission.payload->size(), std::memory_order_relaxed);
  Committed result;
  result.status = reason;
  result.payload = std::move(waiting.submission.payload);
  lane.results.push_back(std::move(result));
}

void Committer::resolve_group(const Status& status) {
  if (status.ok()) return;
  for (Lane& lane : lanes_) {
    for (Committed& result : lane.results) {
      if (result.batch == 0) continue;  // Refused before.
      result.status = status;
      result.batch = 0;
      result.segment = 0;
      result.payload_offset = 0;
    }
  }
}

void Committer::post_results() {
  for (Lane& lane : lanes_) {
    if (!lane.results.empty()) post(lane, std::exchange(lane.results, {}));
  }
}

void Committer::post(Lane& lane, std::vector<Committed> results) {
  lane.executor->post([completed = lane.completed, results = std::move(results)]() mutable { (*completed)(results); });
}

Error Committer::refusal(Fault fault, std::size_t payload_bytes) const {
  if (fault == Fault::too_large) {
    return {Code::invalid, "a journal batch of " + std::to_string(payload_bytes) + " bytes exceeds the limit of " +
                               std::to_string(options_.max_batch_bytes) + " bytes: split it"};
  }
  return {Code::busy, "more than " + std::to_string(options_.max_waiting_bytes) +
                          " bytes wait for the journal's disk: send more slowly"};
}

Error Committer::no_room(const Error& reason) const {
  if (reason.code != Code::quota) {
    return {reason.code, "the journal cannot make room for new data: " + reason.message};
  }
  return {Code::quota, "the disk of " + options_.directory + " is full; the last " +
                           std::to_string(options_.reserve_bytes) +
                           " bytes are kept for acknowledgements, deletes and purges: free disk space or delete data"};
}

Position Committer::committed() const {
  const std::lock_guard lock(position_mutex_);
  return position_;
}

void Committer::fill(Stats& stats) const {
  stats.groups = groups_.load(std::memory_order_relaxed);
  stats.batches = batches_.load(std::memory_order_relaxed);
  stats.bytes_written = bytes_written_.load(std::memory_order_relaxed);
  stats.syncs = syncs_.load(std::memory_order_relaxed);
  stats.sync_ns_total = sync_ns_.load(std::memory_order_relaxed);
}

}  // namespace switchyard::journal
