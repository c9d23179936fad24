// EngineModel: fetches, acknowledgements, extensions and purges, and what their answers must be.
#include <algorithm>

#include "tests/unit/stream/engine_model_world.h"

namespace switchyard::stream {

// ---- fetches -------------------------------------------------------------------------------------

void EngineModel::do_fetch(std::size_t s) {
  auto& stream = streams_[s];
  if (stream.id == 0) return;
  const auto asked = ask(s);
  constexpr std::uint32_t kAckWaits[] = {0, 100, 2'000, 10'000};
  FetchRequest request;
  request.max = growing_ ? static_cast<std::uint32_t>(1 + below(10)) : 256;
  request.wait_ms = below(3) == 0 ? static_cast<std::uint32_t>(1 + below(1'000)) : 0;
  request.ack_wait_ms = growing_ ? kAckWaits[below(4)] : kLongestWaitMs;
  if (below(5) == 0) request.max_bytes = 1'000;
  const auto lane = any_lane();
  ++stream.fetching;
  auto fetch = engine_->fetch(
      lane, asked.id, "q", request,
      pending([this, asked, wait = request.ack_wait_ms](const Status& status, std::span<const Delivery> deliveries) {
        auto& from = streams_[asked.stream];
        --from.fetching;
        if (status.code() == Code::cancelled) {
          from.fuzzy_until = std::max<std::int64_t>(from.fuzzy_until, clock_.wall_ms() + wait);
          // Leases that ended before the cancellation count.
          if (clock_.wall_ms() >= asked.ms + wait) {
            for (const auto id : from.messages) ++messages_[id].lost_attempts;
          }
        } else if (!status && !(from.comes_and_goes && status.code() == Code::not_found)) {
          wrong("fetch: " + status.error().message);
        }
        if (powerless()) {  // What could not be read was handed out all the same.
          for (const auto id : from.messages) ++messages_[id].lost_attempts;
          from.fuzzy_until = clock_.wall_ms() + kLongestWaitMs;
        }
        delivered(asked, wait, deliveries);
      }));
  if (!fetch && powerless()) return;
  if (!fetch) return wrong("fetch: " + fetch.error().message);
  fetches_.emplace_back(lane, *fetch);
  if (fetches_.size() > 20) fetches_.erase(fetches_.begin());
}

void EngineModel::delivered(const Asked& asked, std::int64_t ack_wait, std::span<const Delivery> deliveries) {
  std::set<std::uint64_t> same_answer;
  for (const auto& d : deliveries) {
    ++sum_.delivered;
    if (!deliver(asked, ack_wait, d, same_answer)) return;
  }
}

bool EngineModel::deliver(const Asked& asked, std::int64_t ack_wait, const Delivery& d,
                          std::set<std::uint64_t>& same_answer) {
  const auto id = message_of(d.body);
  const auto now = clock_.wall_ms();
  auto& stream = streams_[asked.stream];
  if (id == 0) return wrong("delivered bytes that nobody sent"), false;
  auto& m = messages_[id];
  const auto text = "message " + std::to_string(id) + " (seq " + std::to_string(d.token.seq) + ", attempt " +
                    std::to_string(d.token.attempt) + ", stream " + stream.name + ")";
  if (stream.id != asked.id) return true;  // It was removed in the meantime.
  if (m.stream != asked.stream) {
    // Answers cross between lanes: what was asked for before the move was known may have been chosen before it.
    if (stream.dead == m.stream && asked.step < m.gone_step && d.token.attempt <= stream.consumer.max_attempts) {
      return true;
    }
    if (streams_[m.stream].dead != asked.stream)
      return wrong(wrong_with(m, text + " belongs to another stream")), false;
    if (!may_be_dead_letter(m)) return wrong(wrong_with(m, text + " is a dead letter too early")), false;
    if (m.gone && m.gone_step < asked.step)
      return wrong(wrong_with(m, text + " was gone and is a dead letter now")), false;
    move_to(m, asked.stream);
  }
  if (m.gone || m.done) {
    const auto since = m.gone ? m.gone_step : m.done_step;
    if (since < asked.step) return wrong(wrong_with(m, text + " came back after it was done")), false;
    return true;
  }
  note(m, "delivered " + std::to_string(d.token.attempt) + " for " + std::to_string(asked.step) + " by " + stream.name);
  store(m, d.token.seq);
  if (m.seq != d.token.seq || d.key != m.key) return wrong(wrong_with(m, text + " has another sequence or key")), false;
  stream.held.push_back({d.token, id});
  const bool first_in_answer = same_answer.insert(id).second;
  if (!first_in_answer) return wrong(text + " is in one answer twice"), false;
  if (d.token.attempt < m.attempt && asked.step < m.delivered_step) return true;  // Answers cross between lanes.
  if (d.token.attempt <= m.attempt) return wrong(wrong_with(m, text + " repeats an attempt")), false;
  if (stream.consumer.max_attempts != 0 && d.token.attempt > stream.consumer.max_attempts) {
    return wrong(wrong_with(m, text + " exceeds its attempts")), false;
  }
  if (m.attempt == 0 && now < m.visible_lo)
    return wrong(wrong_with(m, text + " came before its delay was over")), false;
  if (now < m.hidden_lo) {
    return wrong(wrong_with(
               m, text + " was handed out " + std::to_string(m.hidden_lo - now) + " ms before its lease ended")),
           false;
  }
  // Without power the answer lacks what could not be read.
  if (stream.consumer.ordered && !powerless()) check_order(asked, m, same_answer);
  m.attempt = d.token.attempt;
  m.done_unknown = false;
  m.delivered_step = step_;
  m.hidden_lo = asked.ms + ack_wait;
  m.hidden_hi = now + ack_wait;
  ++m.changes;
  return true;
}

// Everything before it in its key was in the same answer, done, or delayed on arrival.
void EngineModel::check_order(const Asked& asked, const Message& m, const std::set<std::uint64_t>& same_answer) {
  for (const auto& [seq, id] : streams_[m.stream].by_key[m.key]) {
    if (seq >= m.seq) return;
    const auto& before = messages_[id];
    if (!before.surely_wanted() || before.stored_step >= asked.step || same_answer.count(id) != 0) continue;
    // It may have been delayed when the choice was made, and gone out before this answer came.
    if ((before.attempt == 0 || before.delivered_step >= asked.step) && before.visible_hi > asked.ms) continue;
    wrong("message " + std::to_string(m.id) + " (seq " + std::to_string(m.seq) + ") overtook seq " +
          std::to_string(seq) + " of its key" + wrong_with(before, ""));
  }
}

void EngineModel::do_cancel() {
  if (fetches_.empty()) return;
  const auto [lane, fetch] = fetches_[below(fetches_.size())];
  engine_->cancel_fetch(lane, fetch);
}

// ---- acks and extensions -------------------------------------------------------------------------

void EngineModel::do_ack(std::size_t s) {
  auto& stream = streams_[s];
  if (stream.id == 0 || stream.held.empty()) return;
  const auto asked = ask(s);
  const bool strict = below(3) == 0;
  std::vector<Held> acks;
  std::vector<Token> tokens;
  for (auto n = growing_ ? 1 + below(10) : 256; n > 0 && !stream.held.empty(); --n) {
    const auto at = below(stream.held.size());
    acks.push_back(stream.held[at]);
    tokens.push_back(stream.held[at].token);
    ++messages_[acks.back().message].dying;
    note(messages_[acks.back().message], "ack asked");
    std::swap(stream.held[at], stream.held.back());
    stream.held.pop_back();
  }
  const auto status =
      engine_->ack(any_lane(), asked.id, "q", tokens, strict,
                   pending([this, asked, acks, strict](const Status& outcome, std::span<const Code> each) {
                     acked(asked, acks, strict, outcome, each);
                   }));
  if (!status && !powerless()) wrong("ack: " + status.error().message);
}

void EngineModel::acked(const Asked& asked, const std::vector<Held>& tokens, bool strict, const Status& status,
                        std::span<const Code> each) {
  const auto& stream = streams_[asked.stream];
  for (const auto& token : tokens) --messages_[token.message].dying;
  if (!status) {
    if (!stream.comes_and_goes) wrong("ack: " + status.error().message);
    return;
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    auto& m = messages_[tokens[i].message];
    note(m, "ack of " + std::to_string(asked.step) + " " + std::string(code_name(each[i])));
    if (each[i] != Code::ok) {
      if (!strict) wrong("a plain ack was refused");
      continue;
    }
    if (m.stream != asked.stream || m.gone || stream.id != asked.id) continue;
    if (may_be_dead_letter(m)) {
      m.unknown = true;  // A move may have been quicker.
    } else if (stream.config.retention == Retention::workqueue) {
      forget(m);
    } else if (!m.done) {
      m.done = true;
      m.done_step = step_;
    }
  }
}

void EngineModel::do_extend(std::size_t s) {
  auto& stream = streams_[s];
  if (stream.id == 0 || stream.held.empty()) return;
  const auto asked = ask(s);
  const auto held = stream.held[below(stream.held.size())];
  const auto after = below(3) == 0 ? 0u : static_cast<std::uint32_t>(below(8'000));
  auto& m = messages_[held.message];
  m.hidden_lo = std::min<std::int64_t>(m.hidden_lo, asked.ms + after);
  m.hidden_hi = kForever;
  note(m, "extend asked " + std::to_string(after));
  const auto changes = ++m.changes;
  const bool alone = m.extending++ == 0;  // Of several at once from different lanes any may be the last.
  const auto status = engine_->extend(
      any_lane(), asked.id, "q", std::span(&held.token, 1), std::span(&after, 1), below(2) == 0,
      pending([this, asked, held, after, changes, alone](const Status&, std::span<const Code> each) {
        auto& extended = messages_[held.message];
        --extended.extending;
        note(extended, "extended");
        streams_[asked.stream].fuzzy_until = std::max(streams_[asked.stream].fuzzy_until, clock_.wall_ms() + 10'000);
        extended.hidden_hi = clock_.wall_ms() + 10'000;
        if (each.empty() || each[0] != Code::ok || extended.changes != changes || !alone) return;
        extended.hidden_lo = asked.ms + after;
        extended.hidden_hi = clock_.wall_ms() + after;
      }));
  if (!status && !powerless()) wrong("extend: " + status.error().message);
}

void EngineModel::do_purge(std::size_t s) {
  auto& stream = streams_[s];
  if (stream.id == 0 || s == 3) return;  // What moves to the dead letters meanwhile cannot be told apart.
  const auto asked = ask(s);
  ++stream.purging;
  std::vector<std::pair<std::uint64_t, bool>> before;
  for (const auto id : stream.messages) {
    auto& m = messages_[id];
    before.emplace_back(id, m.stored);
    ++m.dying;
    if (!m.stored) m.unknown = true;
  }
  const auto status = engine_->purge(any_lane(), asked.id, pending([this, asked, before](const Status& outcome) {
                                       --streams_[asked.stream].purging;
                                       purged(asked, before, outcome);
                                     }));
  if (!status && !powerless()) wrong("purge: " + status.error().message);
}

void EngineModel::purged(const Asked& asked, const std::vector<std::pair<std::uint64_t, bool>>& before,
                         const Status& status) {
  const auto& stream = streams_[asked.stream];
  for (const auto& [id, stored] : before) --messages_[id].dying;
  if (!status) {
    if (!stream.comes_and_goes) wrong("purge: " + status.error().message);
    return;
  }
  if (stream.id != asked.id) return;
  for (const auto& [id, stored] : before) {
    auto& m = messages_[id];
    if (m.gone || m.stream != asked.stream) continue;
    if (!stored || may_be_dead_letter(m)) {
      m.unknown = true;
    } else {
      forget(m);
    }
  }
}

}  // namespace switchyard::stream
