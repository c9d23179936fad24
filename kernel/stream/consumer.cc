#include "kernel/stream/consumer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream.h"

namespace switchyard::stream {
namespace {

constexpr std::size_t kExpirePerCall = 4'096;

}  // namespace

// The lease record of one fetch: when it is durable the messages are read and handed over.
class Consumer::LeaseOp final : public store::LaneLog::Op {
 public:
  LeaseOp(Consumer& consumer, Waiter waiter, std::vector<Picked> picked, std::int64_t due_ms)
      : consumer_(consumer), waiter_(std::move(waiter)), picked_(std::move(picked)), due_ms_(due_ms) {
    consumer_.stream_.begin_op();
    consumer_.leasing_[waiter_.id] = this;
  }

  void cancel() { cancelled_ = true; }

  void complete(const Status& status, std::uint32_t, std::uint32_t) override {
    auto& stream = consumer_.stream_;
    consumer_.leasing_.erase(waiter_.id);
    stream.lane().forget_fetch(waiter_.id);
    if (stream.closed()) {
      waiter_.done(Error{Code::not_found, "the stream was removed"}, {});
    } else if (waiter_.repeated && (!status || cancelled_)) {
      // They were handed out before and stay so.
      waiter_.done(status ? Status(Error{Code::cancelled, "the fetch was cancelled"}) : status, {});
    } else if (!status) {
      (void)consumer_.undo(picked_, due_ms_);
      waiter_.done(status, {});
    } else if (cancelled_) {
      stream.write_release(consumer_, consumer_.undo(picked_, due_ms_));
      consumer_.pump();
      waiter_.done(Error{Code::cancelled, "the fetch was cancelled"}, {});
    } else {
      std::vector<Stream::Wanted> wanted;
      wanted.reserve(picked_.size());
      for (const auto& p : picked_) {
        wanted.push_back({p.seq, p.attempt, p.first_ms, p.place, waiter_.delivered_ms});
      }
      stream.read_records(std::move(wanted), std::move(waiter_.done));
    }
    stream.end_op();
  }

 private:
  Consumer& consumer_;
  Waiter waiter_;
  std::vector<Picked> picked_;
  const std::int64_t due_ms_;
  bool cancelled_ = false;
};

Consumer::Consumer(Stream& stream, Definition::Consumer definition)
    : stream_(stream), definition_(std::move(definition)), cursor_(definition_.config.start_seq) {
  if (config().fair) fair_ = std::make_unique<FairKeys>();
}
Consumer::~Consumer() = default;

// ---- fetches -----------------------------------------------------------------------------------

void Consumer::fetch(FetchId id, const FetchRequest& request, FetchDone done) {
  const auto* attempt =
      request.attempt_id.empty() ? nullptr : attempts_.find(request.attempt_id, stream_.lane().now_ms());
  if (attempt == nullptr) return wait(id, request, std::move(done));
  std::vector<Seq> seqs;
  for (const auto& message : attempt->messages) seqs.push_back(message.seq);
  stream_.with_resident(std::move(seqs), number(), [this, id, request, done](const Status& status) {
    if (!status) {
      answer({id, request, done}, status);
    } else if (!repeat(id, request, done)) {
      wait(id, request, done);
    }
  });
}

// False when the attempt is not as it was given: then it is a new one.  REQUIRES: its messages' chunks are
// resident.
bool Consumer::repeat(FetchId id, const FetchRequest& request, const FetchDone& done) {
  const auto now_ms = stream_.lane().now_ms();
  const auto* attempt = attempts_.find(request.attempt_id, now_ms);
  if (attempt == nullptr) return false;
  std::vector<Picked> picked;
  for (const auto& message : attempt->messages) {
    const auto entry = stream_.index().find(message.seq);
    const auto lease = leases_.find(message.seq);
    const bool same = lease.state == Lease::leased && lease.attempt == message.attempt &&
                      lease.due_ms == message.due_ms && lease.due_ms > now_ms;
    if (!entry || !same || burying_.count(message.seq) != 0) {
      attempts_.forget(request.attempt_id);
      return false;
    }
    picked.push_back({message.seq, message.attempt, lease.first_ms, entry->place, entry->key});
  }
  Waiter waiter{id, request, done};
  waiter.repeated = true;
  waiter.delivered_ms = attempt->delivered_ms;
  lease(std::move(waiter), std::move(picked), now_ms);
  return true;
}

void Consumer::wait(FetchId id, const FetchRequest& request, FetchDone done) {
  Waiter waiter{id, request, std::move(done)};
  if (request.wait_ms == 0) {
    ++impatient_;
  } else {
    waiter.timer = stream_.lane().call_at(stream_.lane().now_ms() + request.wait_ms, [this, id] { timed_out(id); });
  }
  waiters_.push_back(std::move(waiter));
  waiting_[id] = std::prev(waiters_.end());
  pump();
}

void Consumer::move(FetchId id, const MoveRequest& request, MoveDone done) {
  Waiter waiter{id, {}, {}};
  waiter.request.max = request.max;
  waiter.departure = std::make_shared<const Departure>(Departure{request, done});
  // Nothing to move, or no room for what is out.
  waiter.done = [done = std::move(done)](const Status& status, std::span<const Delivery>) { done(status, 0); };
  ++impatient_;
  waiters_.push_back(std::move(waiter));
  waiting_[id] = std::prev(waiters_.end());
  pump();
}

Consumer::Waiter Consumer::remove_waiter(std::list<Waiter>::iterator it) {
  Waiter waiter = std::move(*it);
  waiting_.erase(waiter.id);
  waiters_.erase(it);
  if (waiter.request.wait_ms == 0) --impatient_;
  if (waiter.timer != 0) stream_.lane().executor().cancel(std::exchange(waiter.timer, 0));
  return waiter;
}

// Never from inside the caller's call.
void Consumer::answer(Waiter waiter, Status status) {
  stream_.lane().forget_fetch(waiter.id);
  stream_.lane().defer([done = std::move(waiter.done), status = std::move(status)] { done(status, {}); });
}

void Consumer::timed_out(FetchId id) {
  const auto it = waiting_.find(id);
  if (it == waiting_.end()) return;
  it->second->timer = 0;
  answer(remove_waiter(it->second), Status());
}

void Consumer::cancel(FetchId id) {
  if (const auto it = waiting_.find(id); it != waiting_.end()) {
    answer(remove_waiter(it->second), Error{Code::cancelled, "the fetch was cancelled"});
  } else if (const auto op = leasing_.find(id); op != leasing_.end()) {
    op->second->cancel();
  }
}

void Consumer::close(const Status& why) {
  while (!waiters_.empty()) answer(remove_waiter(waiters_.begin()), why);
  if (timer_ != 0) stream_.lane().executor().cancel(std::exchange(timer_, 0));
}

void Consumer::pump() {
  if (pumping_ || loading_ || waiters_.empty()) return;
  pumping_ = true;
  const auto now_ms = stream_.lane().now_ms();
  bool more = expire(now_ms);
  while (more && !waiters_.empty()) {
    const auto want = std::min<std::uint64_t>(waiters_.front().request.max, room());
    if (want == 0) break;
    std::vector<Picked> picked;
    const auto step = pick(waiters_.front().request, want, now_ms, picked);
    if (!picked.empty()) {
      auto waiter = remove_waiter(waiters_.begin());
      if (waiter.departure) {
        depart(std::move(waiter), picked);
      } else {
        lease(std::move(waiter), std::move(picked), now_ms);
      }
    }
    more = step == Step::found;
  }
  pumping_ = false;
  if (loading_) return;  // The chunk's arrival pumps again.
  for (auto it = waiters_.begin(); impatient_ > 0 && it != waiters_.end();) {
    const auto waiter = it++;
    if (waiter->request.wait_ms != 0) continue;
    // Before the waiter goes.
    const Status outcome = waiter->departure ? Status() : nothing_now();
    answer(remove_waiter(waiter), outcome);
  }
  arm();
}

// Why a fetch that does not wait gets nothing.  Only after expire(): leases that have ended take no room.
Status Consumer::nothing_now() const {
  if (config().ordered || room() > 0) return {};
  return Error{Code::quota, "consumer '" + config().name + "' has " + std::to_string(leases_.counts().leased) +
                                " messages out, its limit; acknowledge some or raise max_leased"};
}

// One timer for the earliest lease or delay that ends; only while somebody waits for it.
void Consumer::arm() {
  const auto due = waiters_.empty() ? std::numeric_limits<std::int64_t>::max() : leases_.next_due_ms();
  if (timer_ != 0 && due == timer_at_ms_) return;
  if (timer_ != 0) stream_.lane().executor().cancel(std::exchange(timer_, 0));
  if (due == std::numeric_limits<std::int64_t>::max()) return;
  timer_at_ms_ = due;
  const auto at = std::max(due, stream_.lane().now_ms() + 1);
  timer_ = stream_.lane().call_at(at, [this] {
    timer_ = 0;
    pump();
  });
}

// ---- handing out ------------------------------------------------------------------------------

// Never from inside the caller's call: the moves end later.
void Consumer::depart(Waiter waiter, const std::vector<Picked>& picked) {
  std::vector<Stream::Leaving> leaving;
  leaving.reserve(picked.size());
  for (const auto& p : picked) {
    hold(p.seq, kMoveHoldMs);
    burying_.insert(p.seq);
    leaving.push_back({p.seq, p.place});
  }
  handed_out(picked, stream_.lane().now_ms());
  stream_.lane().forget_fetch(waiter.id);
  stream_.move_out(*this, std::move(leaving), waiter.departure->request, waiter.departure->done);
}

void Consumer::lease(Waiter waiter, std::vector<Picked> picked, std::int64_t now_ms) {
  const auto ack_wait =
      waiter.request.ack_wait_ms == FetchRequest::kDefaultAckWait ? config().ack_wait_ms : waiter.request.ack_wait_ms;
  std::vector<LeaseChange> changes;
  changes.reserve(picked.size());
  for (const auto& p : picked) {
    changes.push_back({p.seq, {Lease::leased, p.attempt, now_ms + ack_wait, p.first_ms}});
    leases_.put(p.seq, changes.back().lease);
  }
  handed_out(picked, now_ms);
  if (!waiter.repeated) waiter.delivered_ms = stream_.lane().shared().clock->wall_ms();
  if (!waiter.request.attempt_id.empty()) {
    Attempt attempt{waiter.request.attempt_id, {}, now_ms, waiter.delivered_ms};
    for (const auto& change : changes)
      attempt.messages.push_back({change.seq, change.lease.attempt, now_ms + ack_wait});
    attempts_.remember(std::move(attempt));
  }
  stream_.changed();
  auto& log = stream_.lane().log();
  const auto shard = stream_.definition().shard;
  log.reserve(shard, control_record_bound(changes.size()), true);
  auto writer = log.begin(shard);
  encode_lease(writer, stream_.id(), number(), now_ms, changes);
  log.end();
  auto op = std::make_unique<LeaseOp>(*this, std::move(waiter), std::move(picked), now_ms + ack_wait);
  log.commit(shard, std::move(op), true);
}

// Nobody was handed these: the delivery does not count.  What is no longer as the lease left it (an ack or
// a move holds it, it went out again) stays so.
std::vector<LeaseChange> Consumer::undo(const std::vector<Picked>& picked, std::int64_t due_ms) {
  std::vector<LeaseChange> changes;
  for (const auto& p : picked) {
    if (!leases_.resident(p.seq)) continue;  // The lease ends by itself.
    const auto lease = leases_.find(p.seq);
    const bool untouched = lease.state == Lease::ready || (lease.state == Lease::leased && lease.due_ms == due_ms);
    if (!untouched || lease.attempt != p.attempt) continue;
    const Lease before{Lease::ready, p.attempt - 1, 0, p.attempt == 1 ? 0 : p.first_ms};
    leases_.put(p.seq, before);
    changes.push_back({p.seq, before});
    wake_key_of(p.seq);
  }
  stream_.changed();
  return changes;
}

// Past its last attempt: to the dead letters, in one batch with its ack here.
void Consumer::bury(Seq seq, const journal::Place& place) {
  hold(seq, kMoveHoldMs);
  burying_.insert(seq);
  stream_.move_out(*this, {{seq, place}}, {1, config().dead_letter, false}, nullptr);
}

// ---- what happens to messages ------------------------------------------------------------------

void Consumer::on_arrival(Seq seq, KeyId key, std::int64_t deliver_at_ms) {
  // The tail chunk of a lease table never leaves memory, so a new sequence is always resident.
  if (deliver_at_ms > stream_.lane().now_ms()) {
    leases_.put(seq, {Lease::waiting, 0, deliver_at_ms, 0});
    arm();
  }
  if (config().ordered) order_.wake(key);
  if (!fair_ || key == 0) return;
  const auto now_ms = stream_.lane().now_ms();
  const auto& keys = *stream_.keys();
  // With many out, a first message that waits makes it noisy.
  if (fair_->arrived(key, now_ms))
    fair_->judge(key, keys.name(key), leases_.counts().leased, keys.info(key).count, now_ms);
}

void Consumer::on_removed(Seq seq, KeyId key) {
  if (leases_.resident(seq)) leases_.erase(seq);
  if (config().ordered && key != 0) order_.wake(key);
  if (!fair_) return;
  fair_->ended(seq, stream_.lane().now_ms());
  if (key != 0 && stream_.keys()->info(key).count == 0) fair_->forget(key);
}

void Consumer::wake(Seq seq, KeyId key) {
  if (config().ordered) order_.wake(key);
  if (fair_ && key != 0) fair_->came_back(seq, key, stream_.lane().now_ms());
}

void Consumer::wake_key_of(Seq seq) {
  if (!config().ordered && !fair_) return;
  if (!stream_.index().resident(seq)) {
    stream_.page_in(ImageKind::seq, 0, chunk_of(seq), [this, seq](const Status& status) {
      if (status) wake_key_of(seq);
    });
    return;
  }
  if (const auto entry = stream_.index().find(seq)) wake(seq, entry->key);
}

bool Consumer::expire(std::int64_t now_ms) {
  if (leases_.next_due_ms() > now_ms) return true;
  const auto result = leases_.expire(now_ms, kExpirePerCall, [this](Seq seq, const Lease&) { wake_key_of(seq); });
  stream_.changed();
  if (result.kind == Lookup::need_chunk) {
    if (!loading_) load(ImageKind::lease, result.chunk);
    return false;
  }
  return true;
}

Consumer::Verdict Consumer::judge(const Token& token, bool strict, std::int64_t now_ms) const {
  if (!stream_.index().find(token.seq)) return Verdict::gone;
  if (!strict) return Verdict::ok;
  const auto lease = leases_.find(token.seq);
  const bool current = lease.state == Lease::leased && lease.attempt == token.attempt && lease.due_ms > now_ms;
  return current ? Verdict::ok : Verdict::stale;
}

Lease Consumer::hold(Seq seq, std::int64_t for_ms) {
  const auto before = leases_.find(seq);
  auto held = before;
  held.state = Lease::leased;
  held.due_ms = stream_.lane().now_ms() + for_ms;
  leases_.put(seq, held);
  return before;
}

void Consumer::restore(Seq seq, const Lease& before) {
  if (!leases_.resident(seq) || leases_.find(seq).state == Lease::none) return;  // Then the hold ends by time.
  if (before.state == Lease::none) {
    leases_.erase(seq);
  } else {
    leases_.put(seq, before);
  }
  wake_key_of(seq);
}

void Consumer::unhold(Seq seq, std::int64_t at_ms) {
  if (!leases_.resident(seq)) return;  // Then the hold ends by time.
  auto lease = leases_.find(seq);
  if (lease.state == Lease::none) return;
  lease.state = at_ms > stream_.lane().now_ms() ? Lease::waiting : Lease::ready;
  lease.due_ms = at_ms;
  leases_.put(seq, lease);
  wake_key_of(seq);
}

Consumer::Verdict Consumer::extend(const Token& token, std::uint32_t after_ms, bool strict, std::int64_t now_ms,
                                   std::vector<LeaseChange>& out) {
  if (!stream_.index().find(token.seq)) return Verdict::gone;
  if (burying_.count(token.seq) != 0) return Verdict::stale;  // Its hold is not the token's lease.
  auto lease = leases_.find(token.seq);
  const bool current = lease.state == Lease::leased && lease.attempt == token.attempt && lease.due_ms > now_ms;
  if (!current) {
    // In an unordered consumer the last receiver may hide a message again that became visible.
    const bool may_hide = !strict && !config().ordered && lease.attempt == token.attempt && lease.attempt > 0;
    if (!may_hide) return Verdict::stale;
  }
  lease.state = after_ms == 0 ? Lease::ready : Lease::leased;
  lease.due_ms = after_ms == 0 ? 0 : now_ms + after_ms;
  leases_.put(token.seq, lease);
  out.push_back({token.seq, lease});
  if (after_ms == 0) wake_key_of(token.seq);
  return Verdict::ok;
}

std::uint64_t Consumer::available() const {
  const auto counts = leases_.counts();
  if (stream_.definition().config.retention == Retention::workqueue) {
    const auto out = counts.waiting + counts.leased;
    const auto live = stream_.index().live();
    return live > out ? live - out : 0;
  }
  const auto last = stream_.index().last();
  return counts.ready + (last >= cursor_ ? std::min(last - cursor_ + 1, stream_.index().live()) : 0);
}

// ---- start-up ----------------------------------------------------------------------------------

// In a work queue the cursor is only a hint: what was handed out is in the table or gone.  In a log a
// message that is not in the table and went out before is done; a change that was written after its ack
// must not bring it back.
void Consumer::replay_lease(const LeaseChange& change, bool handed_out) {
  if (stream_.definition().config.retention != Retention::workqueue) {
    const bool first = handed_out && change.lease.attempt == 1;
    if (first) replay_cursor(change.seq + 1);
    if (!first && leases_.find(change.seq).state == Lease::none) return;
  }
  leases_.put(change.seq, change.lease);
}

void Consumer::redefine(const Definition::Consumer& definition) {
  definition_ = definition;
  if (!config().fair) {
    fair_.reset();
  } else if (!fair_) {
    fair_ = std::make_unique<FairKeys>();
    wake_all();
  }
}

void Consumer::recovered() {
  wake_all();
  if (fair_) recover_fair();
}

void Consumer::wake_all() {
  if (!config().ordered && !fair_) return;
  stream_.keys()->match(">", "", [this](KeyId key, std::string_view) {
    if (config().ordered) order_.wake(key);
    if (fair_) fair_->wake(key);
    return true;
  });
}

}  // namespace switchyard::stream
