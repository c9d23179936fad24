#include "kernel/stream/stream.h"

#include <algorithm>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/stream/lane_engine.h"
#include "kernel/stream/stream_ops.h"

namespace switchyard::stream {

Stream::Stream(LaneEngine& lane, DefinitionPtr definition)
    : lane_(lane),
      definition_(std::move(definition)),
      usage_(lane.shared().usage(definition_->ns)),
      keys_(definition_->config.keyed ? std::make_unique<KeyIndex>() : nullptr),
      index_(keys_.get()) {
  if (keys_ && !lane_.shared().started) keys_->postpone_order();  // Until recovered().
  redefine(definition_);
}

Stream::~Stream() = default;

void Stream::redefine(DefinitionPtr definition) {
  definition_ = std::move(definition);
  const auto window_ms = definition_->config.dedup_window_ms;
  if (window_ms == 0) {
    dedup_.reset();
  } else if (dedup_) {
    dedup_->set_window(window_ms);
  } else {
    dedup_ = std::make_unique<DedupWindow>(window_ms, lane_.shared().options.max_dedup_ids);
  }
  std::vector<std::unique_ptr<Consumer>> kept;
  for (const auto& wanted : definition_->consumers) {
    const auto it = std::find_if(consumers_.begin(), consumers_.end(),
                                 [&](const auto& c) { return c && c->number() == wanted.number; });
    if (it == consumers_.end()) {
      kept.push_back(std::make_unique<Consumer>(*this, wanted));
    } else {
      (*it)->redefine(wanted);
      kept.push_back(std::move(*it));
    }
  }
  // A definition never loses a consumer while the stream lives, so nothing in flight points at one
  // that is destroyed here.
  consumers_ = std::move(kept);
  pump_consumers();
}

Consumer* Stream::consumer(std::string_view name) {
  for (const auto& c : consumers_) {
    if (c->config().name == name) return c.get();
  }
  return nullptr;
}

Consumer* Stream::consumer(std::uint32_t number) {
  for (const auto& c : consumers_) {
    if (c->number() == number) return c.get();
  }
  return nullptr;
}

bool Stream::close() {
  closed_ = true;
  const Status gone = Error{Code::not_found, "the stream was removed"};
  for (const auto& c : consumers_) c->close(gone);
  for (auto& [key, tasks] : std::exchange(loads_, {})) {
    for (auto& task : tasks) task(gone);
  }
  index_.each_segment([this](std::uint32_t segment, std::uint64_t bytes) {
    lane_.shared().add_live(segment, -static_cast<std::int64_t>(bytes));
  });
  usage_->stored_bytes -= static_cast<std::int64_t>(index_.live_bytes());
  lane_.shared().messages -= static_cast<std::int64_t>(index_.live());
  return in_flight_ == 0;
}

void Stream::end_op() {
  if (--in_flight_ == 0 && closed_) lane_.bury(this);  // Destroys *this.
}

void Stream::changed() {
  meta_dirty_ = true;
  if (marked_ || closed_) return;
  marked_ = true;
  lane_.mark_dirty(id());
}

void Stream::pump_consumers() {
  if (closed_) return;
  for (const auto& c : consumers_) c->pump();
}

// ---- appending ---------------------------------------------------------------------------------

Status Stream::check(const MessageIn& message, const Ahead& ahead) const {
  const auto& config = definition_->config;
  if (config.max_message_bytes != 0 && message.body.size() > config.max_message_bytes) {
    return Error{Code::invalid, "message of " + std::to_string(message.body.size()) + " bytes; stream '" +
                                    definition_->name + "' takes at most " + std::to_string(config.max_message_bytes)};
  }
  if (message.key.empty() && !consumers_.empty() && consumers_.front()->config().ordered) {
    return Error{Code::invalid, "stream '" + definition_->name + "' delivers in order per key: the message needs one"};
  }
  if (config.retention == Retention::workqueue) {
    const auto messages = index_.live() + ahead.messages;
    const auto bytes = index_.live_bytes() + ahead.bytes;
    if (config.max_messages != 0 && messages >= config.max_messages) {
      return Error{Code::quota, "stream '" + definition_->name + "' holds " + std::to_string(messages) +
                                    " messages, its limit max_messages"};
    }
    if (config.max_bytes != 0 && bytes + message.body.size() > config.max_bytes) {
      return Error{Code::quota, "stream '" + definition_->name + "' holds " + std::to_string(bytes) +
                                    " bytes, its limit max_bytes is " + std::to_string(config.max_bytes)};
    }
  }
  const Seq last = next_seq_ - 1 + ahead.messages;
  if (message.has_expect_last && message.expect_last != last) {
    return Error{Code::conflict, "stream '" + definition_->name + "' is at sequence " + std::to_string(last) +
                                     ", not " + std::to_string(message.expect_last)};
  }
  const auto limit = usage_->max_stored_bytes.load(std::memory_order_relaxed);
  const auto stored = usage_->stored_bytes.load(std::memory_order_relaxed) + static_cast<std::int64_t>(ahead.bytes);
  if (limit != 0 && stored + static_cast<std::int64_t>(message.body.size() + message.headers.size()) > limit) {
    return Error{Code::quota, "the namespace stores " + std::to_string(stored) + " bytes; its limit is " +
                                  std::to_string(limit) + ", delete messages or raise it"};
  }
  return {};
}

// All of them together, before the first is taken.
Status Stream::check_all(std::span<const MessageIn> messages, std::int64_t now_ms) const {
  Ahead ahead;
  for (const auto& message : messages) {
    if (has_dedup(message) && dedup_->find(dedup_hash(message), now_ms)) continue;
    if (auto status = check(message, ahead); !status) return status;
    ++ahead.messages;
    ahead.bytes += message.body.size() + message.headers.size();
  }
  return {};
}

// The key under which a message is indexed; 0 = none.  Of a fair stream also messages without a key are
// indexed, while keyed ones are there that they could be behind.
KeyId Stream::index_key(std::string_view key) {
  if (!keys_) return 0;
  if (!key.empty()) return keys_->intern(key);
  const bool fair = !consumers_.empty() && consumers_.front()->config().fair;
  return fair && keys_->keys() != 0 ? keys_->intern(kNoKeyName) : 0;
}

Hash128 Stream::dedup_hash(const MessageIn& message) const {
  return lane_.dedup_hash(definition_->config.dedup_per_key ? message.key : std::string_view(), message.dedup_id);
}

Status Stream::append(std::span<const MessageIn> messages, bool all_or_nothing, AppendDone done) {
  if (lane_.log().congested()) return Error{Code::busy, "too many writes are in flight; retry shortly"};
  std::size_t bytes = 0;
  for (const auto& message : messages) {
    bytes += 192 + message.key.size() + message.dedup_id.size() + message.headers.size() + message.body.size();
  }
  if (bytes > lane_.shared().options.journal.max_batch_bytes) {
    return Error{Code::invalid, "one append of " + std::to_string(bytes) + " bytes; at most " +
                                    std::to_string(lane_.shared().options.journal.max_batch_bytes) + " go together"};
  }
  const auto now_ms = lane_.now_ms();
  auto op = std::make_unique<AppendOp>(*this, std::move(done), messages.size());
  auto refused = all_or_nothing ? check_all(messages, now_ms) : Status();
  const auto shard = definition_->shard;
  lane_.log().reserve(shard, bytes, false);
  if (!refused) {
    op->refuse_all(std::move(refused));
  } else {
    for (const auto& message : messages) admit(message, now_ms, !all_or_nothing, *op);
  }
  lane_.log().commit(shard, std::move(op), false);
  return {};
}

// Decides about one message and, if it is taken, writes its record.
void Stream::admit(const MessageIn& message, std::int64_t now_ms, bool must_check, AppendOp& op) {
  Arrival arrival;
  if (has_dedup(message)) {
    arrival.has_dedup = true;
    arrival.dedup = dedup_hash(message);
    if (const auto seen = dedup_->find(arrival.dedup, now_ms)) {
      op.duplicate(arrival.dedup, now_ms, seen->seq, seen->time_ms, lane_.message_id(id(), seen->seq));
      return;
    }
  }
  if (auto status = must_check ? check(message, {}) : Status(); !status) {
    op.refuse(std::move(status));
    return;
  }
  const Seq seq = next_seq_;
  if (arrival.has_dedup) {
    if (auto status = dedup_->remember(arrival.dedup, seq, now_ms); !status) {
      op.refuse(std::move(status));
      return;
    }
  }
  ++next_seq_;
  MessageRecord record;
  record.stream = id();
  record.seq = seq;
  record.time_ms = now_ms;
  record.deliver_at_ms = message.delay_ms != 0 ? now_ms + message.delay_ms : 0;
  record.key = message.key;
  record.dedup_id = message.dedup_id;
  record.header_format = message.header_format;
  record.headers = message.headers;
  record.body = message.body;
  auto writer = lane_.log().begin(definition_->shard);
  encode_message(writer, record);
  arrival.record = lane_.log().end();
  arrival.seq = seq;
  arrival.time_ms = now_ms;
  arrival.deliver_at_ms = record.deliver_at_ms;
  arrival.key = index_key(message.key);
  if (arrival.key != 0) keys_->hold(arrival.key);
  usage_->stored_bytes += arrival.record.length;
  op.accept(arrival, lane_.message_id(id(), seq));
}

// A message is durable: from now on everybody sees it.
void Stream::arrived(const Arrival& arrival, std::uint32_t segment, std::uint32_t base) {
  const journal::Place place{segment, base + arrival.record.offset, arrival.record.length};
  index_.append(arrival.seq, {place, arrival.time_ms, arrival.key});
  lane_.shared().add_live(segment, arrival.record.length);
  lane_.shared().messages.fetch_add(1, std::memory_order_relaxed);
  for (const auto& c : consumers_) c->on_arrival(arrival.seq, arrival.key, arrival.deliver_at_ms);
  if (arrival.key == 0) return;
  keys_->release(arrival.key);
  if (definition_->config.max_per_key == 0) return;
  trim(arrival.key);
}

// More than max_per_key: the oldest leave.  Those whose removal is being written still count.
void Stream::trim(KeyId key) {
  const auto info = keys_->info(key);
  auto excess = info.count > definition_->config.max_per_key ? info.count - definition_->config.max_per_key : 0;
  std::vector<Seq> leaving;
  for (Seq seq = info.first; excess > 0 && seq != 0; seq = keys_->next(key, seq + 1), --excess) {
    if (trimming_.insert(seq).second) leaving.push_back(seq);
  }
  if (leaving.empty()) return;
  for (const auto& c : consumers_) {
    for (const auto seq : leaving) {
      if (c->leases().resident(seq)) c->hold(seq);
    }
  }
  write_ack(0, leaving, std::make_unique<TokensOp>(*this, 0, nullptr));
}

void Stream::refused(const Arrival& arrival) {
  if (arrival.has_dedup && dedup_) dedup_->forget(arrival.dedup);
  if (arrival.key != 0) keys_->release(arrival.key);
  usage_->stored_bytes -= arrival.record.length;
}

// ---- leaving -----------------------------------------------------------------------------------

void Stream::add_live(const journal::Place& place, int sign) {
  const auto bytes = sign * static_cast<std::int64_t>(place.length);
  lane_.shared().add_live(place.segment, bytes);
  lane_.shared().messages.fetch_add(sign, std::memory_order_relaxed);
  usage_->stored_bytes += bytes;
}

void Stream::remove_live(Seq seq) {
  const auto entry = index_.remove(seq);
  if (!trimming_.empty()) trimming_.erase(seq);
  // Even if it was not there: during replay a newer image may know that, and the image of its lease not.
  for (const auto& c : consumers_) c->on_removed(seq, entry ? entry->key : 0);
  if (!entry) return;
  add_live(entry->place, -1);
  changed();
}

void Stream::apply_ack(std::uint32_t number, Seq seq) {
  if (number == 0 || definition_->config.retention == Retention::workqueue) {
    remove_live(seq);
  } else if (auto* c = consumer(number); c != nullptr && c->leases().resident(seq)) {
    const auto entry = index_.find(seq);
    c->on_removed(seq, entry ? entry->key : 0);
    changed();
  }
}

void Stream::discard(Consumer& consumer, Seq seq) {
  if (consumer.leases().resident(seq)) consumer.hold(seq);
  write_ack(0, std::span(&seq, 1), std::make_unique<TokensOp>(*this, 0, nullptr));
}

void Stream::write_ack(std::uint32_t number, std::span<const Seq> seqs, std::unique_ptr<TokensOp> op) {
  const auto shard = definition_->shard;
  op->set_seqs(seqs);
  if (!seqs.empty()) {
    lane_.log().reserve(shard, control_record_bound(seqs.size()), true);
    auto writer = lane_.log().begin(shard);
    encode_ack(writer, id(), number, seqs);
    lane_.log().end();
  }
  lane_.log().commit(shard, std::move(op), true);
}

void Stream::write_release(Consumer& consumer, const std::vector<LeaseChange>& changes) {
  if (changes.empty()) return;
  const auto shard = definition_->shard;
  changed();
  lane_.log().reserve(shard, control_record_bound(changes.size()), true);
  auto writer = lane_.log().begin(shard);
  encode_release(writer, id(), consumer.number(), changes);
  lane_.log().end();
  lane_.log().commit(shard, std::make_unique<TokensOp>(*this, 0, nullptr), true);
}

Status Stream::ack(std::string_view name, std::vector<Token> tokens, bool strict, TokensDone done) {
  auto* c = consumer(name);
  if (c == nullptr) return Error{Code::not_found, "the stream has no consumer '" + std::string(name) + "'"};
  std::vector<Seq> seqs;
  for (const auto& token : tokens) seqs.push_back(token.seq);
  with_resident(std::move(seqs), c->number(),
                [this, c, tokens = std::move(tokens), strict, done = std::move(done)](const Status& status) {
                  if (!status) {
                    done(status, {});
                    return;
                  }
                  auto op = std::make_unique<TokensOp>(*this, c->number(), done);
                  std::vector<Seq> acked;
                  std::vector<Lease> before;
                  for (const auto& token : tokens) {
                    const auto verdict = c->judge(token, strict, lane_.now_ms());
                    const bool repeated = std::find(acked.begin(), acked.end(), token.seq) != acked.end();
                    if (verdict == Consumer::Verdict::ok && !repeated) {
                      before.push_back(c->hold(token.seq));
                      acked.push_back(token.seq);
                    }
                    op->add(verdict == Consumer::Verdict::ok || (verdict == Consumer::Verdict::gone && !strict)
                                ? Code::ok
                            : verdict == Consumer::Verdict::gone ? Code::not_found
                                                                 : Code::conflict);
                  }
                  op->set_before(std::move(before));
                  write_ack(c->number(), acked, std::move(op));
                });
  return {};
}

Status Stream::extend(std::string_view name, std::vector<Token> tokens, std::vector<std::uint32_t> after_ms,
                      bool strict, TokensDone done) {
  auto* c = consumer(name);
  if (c == nullptr) return Error{Code::not_found, "the stream has no consumer '" + std::string(name) + "'"};
  std::vector<Seq> seqs;
  for (const auto& token : tokens) seqs.push_back(token.seq);
  with_resident(std::move(seqs), c->number(),
                [this, c, tokens = std::move(tokens), after_ms = std::move(after_ms), strict,
                 done = std::move(done)](const Status& status) {
                  if (!status) {
                    done(status, {});
                    return;
                  }
                  auto op = std::make_unique<TokensOp>(*this, 0, done);
                  std::vector<LeaseChange> changes;
                  for (std::size_t i = 0; i < tokens.size(); ++i) {
                    const auto verdict = c->extend(tokens[i], after_ms[i], strict, lane_.now_ms(), changes);
                    op->add(verdict == Consumer::Verdict::ok     ? Code::ok
                            : verdict == Consumer::Verdict::gone ? Code::not_found
                                                                 : Code::conflict);
                  }
                  const auto shard = definition_->shard;
                  if (!changes.empty()) {
                    changed();
                    lane_.log().reserve(shard, control_record_bound(changes.size()), true);
                    auto writer = lane_.log().begin(shard);
                    encode_release(writer, id(), c->number(), changes);
                    lane_.log().end();
                  }
                  lane_.log().commit(shard, std::move(op), true);
                  c->pump();
                });
  return {};
}

}  // namespace switchyard::stream
