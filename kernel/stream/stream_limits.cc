// Stream: what leaves without being acknowledged: purge, age, count and byte limits.
#include <algorithm>
#include <utility>

#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream_ops.h"

namespace switchyard::stream {

bool Stream::expired(const SeqIndex::Entry& entry, std::int64_t now_ms) const {
  const auto max_age = static_cast<std::int64_t>(definition_->config.max_age_ms);
  return max_age != 0 && entry.time_ms + max_age <= now_ms;
}

void Stream::purge(VoidDone done) { drop(next_seq_ - 1, std::move(done)); }

void Stream::drop(Seq upto, VoidDone done) {
  dropping_ = true;
  const auto shard = definition_->shard;
  lane_.log().reserve(shard, control_record_bound(1), true);
  auto writer = lane_.log().begin(shard);
  encode_drop(writer, id(), upto);
  lane_.log().end();
  lane_.log().commit(shard, std::make_unique<DropOp>(*this, upto, std::move(done)), true);
}

void Stream::apply_drop(Seq upto, VoidDone done) {
  SeqIndex::Dropped total;
  auto blocked = Lookup{Lookup::none, 0, 0};
  if (!index_.resident(upto)) {
    blocked = {Lookup::need_chunk, 0, chunk_of(upto)};
  } else {
    blocked = index_.drop_below(
        upto,
        [this](std::uint32_t segment, std::uint64_t bytes) {
          lane_.shared().add_live(segment, -static_cast<std::int64_t>(bytes));
        },
        total);
  }
  usage_->stored_bytes -= static_cast<std::int64_t>(total.bytes);
  lane_.shared().messages -= static_cast<std::int64_t>(total.messages);
  if (blocked.kind == Lookup::need_chunk) {
    page_in(ImageKind::seq, 0, blocked.chunk, [this, upto, done = std::move(done)](const Status& status) {
      if (status) {
        apply_drop(upto, done);
      } else {
        dropping_ = false;
        done(status);
      }
    });
    return;
  }
  for (const auto& c : consumers_) {
    c->on_dropped(upto);
    if (c->config().ordered) c->wake_all();  // Keys whose messages were out and are gone may go on.
  }
  dropping_ = false;
  changed();
  done(Status());
  pump_consumers();
}

void Stream::enforce_retention() {
  const auto& config = definition_->config;
  if (closed_ || dropping_ || index_.live() == 0) return;
  const bool by_count = config.retention != Retention::workqueue && config.max_messages != 0;
  const bool by_bytes = config.retention != Retention::workqueue && config.max_bytes != 0;
  if (config.max_age_ms == 0 && !by_count && !by_bytes) return;
  const auto now_ms = lane_.now_ms();
  auto over_count = by_count && index_.live() > config.max_messages ? index_.live() - config.max_messages : 0;
  auto over_bytes = by_bytes && index_.live_bytes() > config.max_bytes ? index_.live_bytes() - config.max_bytes : 0;
  Seq upto = 0, from = 0;
  // One chunk's worth a call keeps the turn short; the sweep comes again.
  for (std::uint64_t n = 0; n < kChunkSeqs; ++n) {
    const auto next = index_.next_live(from);
    if (next.kind == Lookup::need_chunk && upto == 0) {
      auto* lane = &lane_;
      page_in(ImageKind::seq, 0, next.chunk, [lane, stream_id = id()](const Status& status) {
        auto* self = lane->stream(stream_id);
        if (status && self != nullptr) self->enforce_retention();
      });
      return;
    }
    if (next.kind != Lookup::found) break;
    const auto entry = *index_.find(next.seq);
    if (!expired(entry, now_ms) && over_count == 0 && over_bytes == 0) break;
    upto = next.seq;
    from = next.seq + 1;
    over_count -= over_count > 0 ? 1 : 0;
    over_bytes -= std::min<std::uint64_t>(over_bytes, entry.place.length);
  }
  if (upto != 0) drop(upto, [](const Status&) {});
}

}  // namespace switchyard::stream
