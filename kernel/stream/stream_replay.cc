// Stream: rebuilding from the journal what the images do not know yet.
//
// Images may be newer than the checkpoint that the replay starts from.  Every record is applied as if
// it had never been seen; because all records after that point are applied, in order, the end is the
// same whatever the images held.
#include <algorithm>

#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream.h"

namespace switchyard::stream {

Status Stream::replay_append(const MessageRecord& message, const journal::Place& place) {
  if (auto status = ensure_now(ImageKind::seq, 0, message.seq); !status) return status;
  next_seq_ = std::max(next_seq_, message.seq + 1);
  if (const auto before = index_.find(message.seq)) add_live(before->place, -1);
  const KeyId key = index_key(message.key);
  index_.append(message.seq, {place, message.time_ms, key});
  add_live(place, 1);
  const auto now_ms = lane_.now_ms();
  // Also when the delay is over by now: without its entry the message would count as done behind a cursor.
  if (message.deliver_at_ms != 0) {
    for (const auto& c : consumers_) {
      if (auto status = ensure_now(ImageKind::lease, c->number(), message.seq); !status) return status;
      if (c->leases().find(message.seq).state == Lease::none) {
        c->leases().put(message.seq, {Lease::waiting, 0, message.deliver_at_ms, 0});
      }
    }
  }
  if (dedup_ && !message.dedup_id.empty() && !message.moved) {
    const auto scope = definition_->config.dedup_per_key ? message.key : std::string_view();
    const auto hash = lane_.dedup_hash(scope, message.dedup_id);
    const auto age = now_ms - message.time_ms;
    if (age < definition_->config.dedup_window_ms && !dedup_->find(hash, now_ms)) {
      // A full window refused this id when it came; it cannot be fuller now.
      (void)dedup_->remember(hash, message.seq, message.time_ms);
    }
  }
  changed();
  return {};
}

Status Stream::replay_control(store::RecordType type, const ControlRecord& record) {
  changed();
  switch (type) {
    case store::RecordType::ack:
      for (const auto seq : record.seqs) {
        if (auto status = ensure_now(ImageKind::seq, 0, seq); !status) return status;
        for (const auto& c : consumers_) {
          if (auto status = ensure_now(ImageKind::lease, c->number(), seq); !status) return status;
        }
        apply_ack(record.consumer, seq);
      }
      return {};
    case store::RecordType::lease:
    case store::RecordType::release: {
      auto* c = consumer(record.consumer);
      if (c == nullptr) return {};
      for (const auto& change : record.changes) {
        if (auto status = ensure_now(ImageKind::seq, 0, change.seq); !status) return status;
        if (auto status = ensure_now(ImageKind::lease, c->number(), change.seq); !status) return status;
        // An image may already know that the message left; its ack follows.
        if (index_.find(change.seq)) c->replay_lease(change, type == store::RecordType::lease);
      }
      return {};
    }
    case store::RecordType::drop: {
      SeqIndex::Dropped total;
      while (true) {
        if (auto status = ensure_now(ImageKind::seq, 0, record.upto); !status) return status;
        const auto blocked = index_.drop_below(
            record.upto,
            [this](std::uint32_t segment, std::uint64_t bytes) {
              lane_.shared().add_live(segment, -static_cast<std::int64_t>(bytes));
            },
            total);
        if (blocked.kind != Lookup::need_chunk) break;
        if (auto status = ensure_now(ImageKind::seq, 0, blocked.chunk * kChunkSeqs); !status) return status;
      }
      usage_->stored_bytes -= static_cast<std::int64_t>(total.bytes);
      lane_.shared().messages -= static_cast<std::int64_t>(total.messages);
      for (const auto& c : consumers_) c->on_dropped(record.upto);
      return {};
    }
    default:
      return Error{Code::corrupt, "a journal record has an unknown type " + std::to_string(static_cast<int>(type))};
  }
}

void Stream::recovered() {
  next_seq_ = std::max(next_seq_, index_.last() + 1);
  if (keys_) keys_->put_in_order();
  for (const auto& c : consumers_) c->recovered();
}

}  // namespace switchyard::stream
