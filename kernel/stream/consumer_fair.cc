// Consumer: choosing fairly between keys, and what FairKeys must be told for it.
#include <algorithm>

#include "kernel/base/log.h"
#include "kernel/stream/consumer.h"
#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream.h"

namespace switchyard::stream {

// What arrived without a key while no key had a message lies before all keyed messages.
Consumer::Step Consumer::next_without_key(Picking& at, Seq& seq) {
  while (true) {
    const auto ready = leases_.next_ready(at.ready_from);
    if (ready.kind == Lookup::need_chunk) return load(ImageKind::lease, ready.chunk);
    if (ready.kind == Lookup::none) break;
    if (!stream_.index().resident(ready.seq)) return load(ImageKind::seq, chunk_of(ready.seq));
    const auto entry = stream_.index().find(ready.seq);
    if (!entry) {
      leases_.erase(ready.seq);
      continue;
    }
    if (entry->key != 0) break;
    at.source = Source::ready;
    seq = ready.seq;
    return Step::found;
  }
  const auto step = next_undelivered(seq);
  if (step != Step::found) return step;
  if (!stream_.index().resident(seq)) return load(ImageKind::seq, chunk_of(seq));
  const auto entry = stream_.index().find(seq);
  if (!entry || entry->key != 0) return Step::none;
  at.source = Source::cursor;
  return Step::found;
}

Consumer::Step Consumer::next_fair(Picking& at, Seq& seq) {
  if (const auto step = next_without_key(at, seq); step != Step::none) return step;
  at.source = Source::fair;
  while (true) {
    const KeyId quiet = fair_->quiet();
    at.key = quiet != 0 ? quiet : fair_->least_noisy();
    if (at.key == 0) return Step::none;
    if (const auto step = next_of_key(at.key, seq); step != Step::none) return step;
    fair_->exhausted(at.key);
  }
}

// The first message of a key that may go out.
Consumer::Step Consumer::next_of_key(KeyId key, Seq& seq) {
  const auto& keys = *stream_.keys();
  auto& share = fair_->share(key);
  const auto deliverable = [this](Seq s) {
    const auto state = leases_.find(s).state;
    return state == Lease::none || state == Lease::ready;
  };
  while ((seq = share.back.first()) != 0) {
    if (keys.next(key, seq) == seq) {
      if (!leases_.resident(seq)) return load(ImageKind::lease, chunk_of(seq));
      if (deliverable(seq)) return Step::found;
    }
    share.back.remove(seq);
  }
  for (seq = keys.next(key, share.from); seq != 0; seq = keys.next(key, seq + 1)) {
    if (!leases_.resident(seq)) return load(ImageKind::lease, chunk_of(seq));
    if (deliverable(seq)) return Step::found;
    share.skipped = share.skipped || leases_.find(seq).state == Lease::waiting;
    share.from = seq + 1;  // When it may go out again it is in `back`.
  }
  return Step::none;
}

void Consumer::handed_out(const std::vector<Picked>& picked, std::int64_t now_ms) {
  if (!fair_) return;
  const auto& keys = *stream_.keys();
  for (const auto& p : picked) {
    if (p.key != 0) fair_->handed_out(p.seq, p.key, keys.name(p.key), now_ms);
  }
  const auto total = leases_.counts().leased;
  for (const auto& p : picked) {
    if (p.key != 0) fair_->judge(p.key, keys.name(p.key), total, keys.info(p.key).count, now_ms);
  }
}

void Consumer::drop_fair(Seq upto) { fair_->dropped(upto, *stream_.keys()); }

// What was out before the restart is out still: counted from now on, for when each went out is not known.
void Consumer::recover_fair() {
  const auto now_ms = stream_.lane().now_ms();
  const auto& keys = *stream_.keys();
  if (keys.keys() == 0) return;
  std::vector<KeyId> seen;
  for (const ChunkNo no : leases_.leased_chunks()) {
    const Seq first = no * kChunkSeqs;
    auto status = stream_.ensure_now(ImageKind::lease, number(), first);
    if (status) status = stream_.ensure_now(ImageKind::seq, 0, first);
    if (!status) {
      // Its reader will be told; here it only counts for less.
      log::warn("stream.fair_unknown",
                {{"stream", stream_.definition().name}, {"chunk", no}, {"why", status.error().message}});
      continue;
    }
    for (Seq seq = first; seq < first + kChunkSeqs; ++seq) {
      if (leases_.find(seq).state != Lease::leased) continue;
      const auto entry = stream_.index().find(seq);
      if (!entry || entry->key == 0) continue;
      fair_->handed_out(seq, entry->key, keys.name(entry->key), now_ms);
      seen.push_back(entry->key);
    }
  }
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  const auto total = leases_.counts().leased;
  for (const KeyId key : seen) fair_->judge(key, keys.name(key), total, keys.info(key).count, now_ms);
}

}  // namespace switchyard::stream
