// Consumer: which message is next.
#include <algorithm>

#include "kernel/stream/consumer.h"
#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream.h"

namespace switchyard::stream {
namespace {

// Dead letters on their way at once: each holds its message in memory.
constexpr std::size_t kMaxMoving = 256;

}  // namespace

std::uint64_t Consumer::room() const {
  const std::uint64_t bound =
      config().max_leased != 0 ? config().max_leased : stream_.lane().shared().options.max_leased;
  const auto leased = leases_.counts().leased;
  return leased < bound ? bound - leased : 0;
}

Consumer::Step Consumer::load(ImageKind kind, ChunkNo no) {
  loading_ = true;
  stream_.page_in(kind, kind == ImageKind::lease ? number() : 0, no, [this](const Status& status) {
    loading_ = false;
    if (!status) {
      close(status);
    } else {
      pump();
    }
  });
  return Step::loading;
}

// Gathers up to `want` messages.  found: stopped because it has enough; none: there are no more.
Consumer::Step Consumer::pick(const FetchRequest& request, std::size_t want, std::int64_t now_ms,
                              std::vector<Picked>& out) {
  if (fair_ && fair_->any_noisy()) fair_->forgive(*stream_.keys(), now_ms);
  Picking at{.fair = fair_ && fair_->any_noisy()};
  Step step = Step::found;
  while (out.size() < want) {
    Seq seq = 0;
    step = next(at, seq);
    if (step != Step::found) break;
    Picked candidate;
    step = take(seq, now_ms, candidate);
    if (step == Step::loading || step == Step::none) break;
    if (step == Step::found) {
      at.bytes += candidate.place.length;
      if (request.max_bytes != 0 && !out.empty() && at.bytes > request.max_bytes) break;
      out.push_back(candidate);
    }
    advance(at, seq);
    step = Step::found;
  }
  // The key that was delivered from is blocked by its own messages now.
  if (at.key_from != 0) order_.pop();
  return step;
}

void Consumer::advance(Picking& at, Seq seq) {
  switch (at.source) {
    case Source::ready:
      at.ready_from = seq + 1;
      break;
    case Source::cursor:
      cursor_ = seq + 1;
      stream_.changed();
      break;
    case Source::key:
      at.key_from = seq + 1;
      break;
    case Source::fair:
      fair_->took(at.key, seq);
      break;
  }
}

Consumer::Step Consumer::next(Picking& at, Seq& seq) {
  if (config().ordered) {
    at.source = Source::key;
    return next_by_key(at, seq);
  }
  if (at.fair) return next_fair(at, seq);
  while (at.source == Source::ready) {
    const auto ready = leases_.next_ready(at.ready_from);
    if (ready.kind == Lookup::need_chunk) return load(ImageKind::lease, ready.chunk);
    if (ready.kind == Lookup::none) {
      at.source = Source::cursor;
    } else if (delivers_by_cursor(ready.seq)) {
      leases_.erase(ready.seq);  // Its arrival delay is over; its turn comes with the cursor.
    } else {
      seq = ready.seq;
      return Step::found;
    }
  }
  return next_undelivered(seq);
}

// Where messages stay when they are done, the cursor alone tells done from never delivered: so a first
// delivery never runs ahead of it.
bool Consumer::delivers_by_cursor(Seq seq) const {
  return seq >= cursor_ && stream_.definition().config.retention != Retention::workqueue &&
         leases_.find(seq).attempt == 0;
}

Consumer::Step Consumer::next_undelivered(Seq& seq) {
  const bool literal = !config().filter.empty() && config().filter.find_first_of("*>") == std::string::npos;
  while (true) {
    if (literal) {
      const auto key = stream_.keys()->find(config().filter);
      seq = key == 0 ? 0 : stream_.keys()->next(key, cursor_);
      if (seq == 0) return Step::none;
    } else {
      const auto live = stream_.index().next_live(cursor_);
      if (live.kind == Lookup::none) return Step::none;
      if (live.kind == Lookup::need_chunk) return load(ImageKind::seq, live.chunk);
      seq = live.seq;
    }
    if (!leases_.resident(seq)) return load(ImageKind::lease, chunk_of(seq));
    if (leases_.find(seq).state == Lease::none) return Step::found;
    cursor_ = seq + 1;  // Waits for its time in the lease table.
  }
}

// The first message of a key that may go out, given that everything before it went out or waits.
Consumer::Step Consumer::next_by_key(Picking& at, Seq& seq) {
  // Arrival delays grow with the sequence: behind this many waiting messages nothing is due.
  constexpr int kMaxWaiting = 64;
  while (const KeyId key = order_.front()) {
    int waiting = 0;
    for (seq = stream_.keys()->next(key, at.key_from); seq != 0 && waiting < kMaxWaiting;
         seq = stream_.keys()->next(key, seq + 1)) {
      if (!leases_.resident(seq)) return load(ImageKind::lease, chunk_of(seq));
      const auto lease = leases_.find(seq);
      if (lease.state == Lease::none || lease.state == Lease::ready) return Step::found;
      if (lease.state == Lease::leased || lease.attempt > 0) break;
      ++waiting;  // Delayed on arrival: never blocks what is visible.
    }
    order_.pop();
    at.key_from = 0;
  }
  return Step::none;
}

Consumer::Step Consumer::take(Seq seq, std::int64_t now_ms, Picked& out) {
  if (!stream_.index().resident(seq)) return load(ImageKind::seq, chunk_of(seq));
  if (!leases_.resident(seq)) return load(ImageKind::lease, chunk_of(seq));
  const auto entry = stream_.index().find(seq);
  if (!entry) {
    leases_.erase(seq);
    return Step::skipped;
  }
  if (!burying_.empty() && burying_.count(seq) != 0) {
    hold(seq, kMoveHoldMs);  // Its move is slower than its hold was.
    return Step::skipped;
  }
  if (!config().filter.empty() && !subject_matches(config().filter, stream_.keys()->name(entry->key))) {
    return Step::skipped;
  }
  if (stream_.expired(*entry, now_ms)) {
    stream_.discard(*this, seq);
    return Step::skipped;
  }
  const auto lease = leases_.find(seq);
  if (config().max_attempts != 0 && lease.attempt >= config().max_attempts) {
    if (config().dead_letter == 0) {
      stream_.discard(*this, seq);
      return Step::skipped;
    }
    // A dead-letter stream that is gone must not stop delivery.
    if (stream_.lane().get(config().dead_letter)) {
      if (stream_.moving() >= kMaxMoving) return Step::none;  // The end of a move pumps again.
      bury(seq, entry->place);
      return Step::skipped;
    }
  }
  out = {seq, lease.attempt + 1, lease.first_ms != 0 ? lease.first_ms : now_ms, entry->place, entry->key};
  return Step::found;
}

}  // namespace switchyard::stream
