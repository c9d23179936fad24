#include "kernel/store/lane_log.h"

#include <algorithm>
#include <utility>

namespace switchyard::store {

LaneLog::LaneLog(journal::Journal& journal, Executor& lane, std::size_t max_batch_bytes)
    : journal_(journal), lane_(lane), max_batch_bytes_(max_batch_bytes) {}

LaneLog::~LaneLog() = default;

LaneLog::Open& LaneLog::open(std::uint16_t shard) {
  assert(shard < kShards);
  auto& slot = open_[shard];
  if (!slot) slot = std::make_unique<Open>();
  return *slot;
}

void LaneLog::reserve(std::uint16_t shard, std::size_t bytes, bool releases_space) {
  const auto& batch = open(shard);
  if (batch.builder.empty()) return;
  // On a full disk an append must not drag the acks of its turn down with it.
  const bool mixed = separate_ > 0 && batch.only_releases != releases_space;
  if (mixed || batch.builder.bytes() + bytes > max_batch_bytes_) send(shard);
}

ByteWriter LaneLog::begin(std::uint16_t shard) {
  current_ = shard;
  auto& builder = open(shard).builder;
  builder.begin();
  return builder.writer();
}

journal::BatchBuilder::Added LaneLog::end() {
  const auto added = open_[current_]->builder.end();
  open_bytes_ += added.length;
  return added;
}

void LaneLog::commit(std::uint16_t shard, std::unique_ptr<Op> op, bool releases_space) {
  auto& batch = open(shard);
  const bool wrote = batch.builder.records() != std::exchange(batch.counted, batch.builder.records());
  if (wrote) batch.only_releases = batch.only_releases && releases_space;
  if (batch.ops.empty()) used_.push_back(shard);
  batch.ops.push_back(std::move(op));
  schedule_flush();
}

void LaneLog::barrier(Task task) {
  flush();
  Pending entry;
  entry.task = std::move(task);
  entry.done = true;
  pending_.push_back(std::move(entry));
  // Even with nothing in flight the task runs later, never from inside the call.
  if (pending_.size() == 1) lane_.post([this] { complete_ready(); });
}

void LaneLog::schedule_flush() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  lane_.at_turn_end([this] {
    flush_scheduled_ = false;
    flush();
  });
}

void LaneLog::flush() {
  for (const auto shard : std::exchange(used_, {})) send(shard);
}

// Hands the open batch of a shard to the journal.  Without records it only waits for its turn.
void LaneLog::send(std::uint16_t shard) {
  auto& batch = *open_[shard];
  if (batch.ops.empty() && batch.builder.empty()) return;
  Pending entry;
  entry.ops = std::exchange(batch.ops, {});
  const bool has_records = !batch.builder.empty();
  if (has_records) {
    journal::Submission submission;
    submission.records = batch.builder.records();
    submission.payload = batch.builder.take();
    submission.shard = shard;
    submission.releases_space = batch.only_releases;
    entry.bytes = submission.payload->size();
    open_bytes_ -= std::min(open_bytes_, entry.bytes);
    flying_bytes_ += entry.bytes;
    pending_.push_back(std::move(entry));
    journal_.submit(lane_.lane_index(), std::move(submission));
  } else {
    entry.done = true;
    const bool alone = pending_.empty();
    pending_.push_back(std::move(entry));
    if (alone) lane_.post([this] { complete_ready(); });
  }
  batch.counted = 0;
  batch.only_releases = true;
}

void LaneLog::on_committed(std::span<journal::Committed> batches) {
  for (auto& committed : batches) {
    while (next_to_finish_ < pending_.size() && pending_[next_to_finish_].done) ++next_to_finish_;
    assert(next_to_finish_ < pending_.size() && "the journal completed a batch that nobody submitted");
    auto& entry = pending_[next_to_finish_++];
    entry.done = true;
    entry.segment = committed.segment;
    entry.base = committed.payload_offset;
    if (committed.status.code() == Code::quota) {
      separate_ = kSeparateBatches;
    } else if (separate_ > 0) {
      --separate_;
    }
    if (committed.status && reader_ != nullptr) reader_->remember(committed);
    entry.status = std::move(committed.status);
  }
  complete_ready();
}

void LaneLog::complete_ready() {
  if (completing_) return;  // An operation may commit more; the loop below sees it.
  completing_ = true;
  while (!pending_.empty() && pending_.front().done) {
    Pending entry = std::move(pending_.front());
    pending_.pop_front();
    if (next_to_finish_ > 0) --next_to_finish_;
    flying_bytes_ -= entry.bytes;
    for (auto& op : entry.ops) op->complete(entry.status, entry.segment, entry.base);
    if (entry.task) entry.task();
  }
  completing_ = false;
}

}  // namespace switchyard::store
