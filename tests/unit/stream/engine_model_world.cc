#include "tests/unit/stream/engine_model_world.h"

#include <algorithm>
#include <cstdio>

namespace switchyard::stream {
namespace {

constexpr std::uint32_t kWindowMs = 5'000;
constexpr int kKeys = 12;

}  // namespace

EngineModel::EngineModel(std::size_t lanes) : EngineFixture(lanes) {
  options_.journal.first_segment_bytes = 64u << 10;
  options_.journal.max_segment_bytes = 256u << 10;
  options_.journal.reserve_bytes = 64u << 10;
  options_.resident_chunks = 8;
  options_.tail_cache_bytes = 64u << 10;
  options_.checkpoint_interval_ms = 3'000;
}

void EngineModel::begin(std::uint64_t seed) {
  seed_ = seed;
  random_.seed(seed);
  open();
  create_streams();
}

void EngineModel::run(std::uint64_t seed, int operations) {
  begin(seed);
  for (int i = 0; i < operations && wrong_.empty() && !HasFatalFailure(); ++i) step();
  if (wrong_.empty()) drain();
  std::printf(
      "seed=%lu lanes=%zu messages=%lu acknowledged=%lu delivered=%lu crashes=%lu checkpoints=%lu recycled=%lu "
      "cleaned=%lu\n",
      seed_, lanes_, sum_.messages, sum_.acknowledged, sum_.delivered, sum_.crashes, sum_.checkpoints, sum_.recycled,
      sum_.cleaned);
  ASSERT_EQ(wrong_, "") << "seed " << seed_ << " step " << step_;
}

std::string EngineModel::wrong_with(const Message& m, const std::string& what) {
  return what + "; its history:" + (m.history.size() > 1'500 ? m.history.substr(m.history.size() - 1'500) : m.history);
}

void EngineModel::wrong(const std::string& what) {
  if (wrong_.empty()) wrong_ = what;
}

// ---- streams -------------------------------------------------------------------------------------

void EngineModel::create_streams() {
  streams_.resize(7);
  for (std::size_t s = 1; s < streams_.size(); ++s) {
    auto& stream = streams_[s];
    stream.config = work_queue();
    stream.consumer = consumer();
    stream.name = "s" + std::to_string(s);
  }
  streams_[2].config.keyed = streams_[2].consumer.ordered = true;
  streams_[2].config.dedup_window_ms = kWindowMs;
  streams_[3].name = "dead";
  streams_[4].consumer.max_attempts = 3;
  streams_[4].dead = 3;
  streams_[5].config.retention = Retention::limits;
  streams_[5].config.keyed = true;
  streams_[5].ns = 8;
  streams_[5].shard = 9;
  streams_[6].comes_and_goes = true;
  streams_[6].config.keyed = true;
  for (std::size_t s = 1; s < streams_.size(); ++s) create_stream(s);
  settle();
}

void EngineModel::create_stream(std::size_t s) {
  auto& stream = streams_[s];
  if (stream.dead != 0) {
    settle();
    stream.consumer.dead_letter = streams_[stream.dead].id;
  }
  stream.changing = true;
  engine_->create(any_lane(), stream.ns, stream.shard, stream.name, stream.config, {stream.consumer}, "",
                  pending([this, s](const Status& status, const DefinitionPtr& definition) {
                    streams_[s].changing = false;
                    if (!status) return wrong("create: " + status.error().message);
                    streams_[s].id = definition->id;
                  }));
}

void EngineModel::do_create_or_remove(std::size_t s) {
  auto& stream = streams_[s];
  if (!stream.comes_and_goes || stream.changing) return;
  if (stream.id == 0) return create_stream(s);
  stream.changing = true;
  stream.leaving = std::exchange(stream.id, 0);
  stream.held.clear();
  engine_->remove(any_lane(), stream.leaving, pending([this, s](const Status& status) {
                    auto& removed = streams_[s];
                    removed.changing = false;
                    removed.leaving = 0;
                    if (!status) wrong("remove: " + status.error().message);
                    for (const auto id : std::set(removed.messages)) {
                      if (messages_[id].stored) forget(messages_[id]);
                    }
                  }));
}

// ---- messages ------------------------------------------------------------------------------------

std::string EngineModel::body_of(std::uint64_t message, std::size_t bytes) {
  std::string body = std::to_string(message) + " ";
  while (body.size() < bytes) body.push_back(static_cast<char>('a' + (message * 31 + body.size()) % 26));
  return body;
}

// 0 when these are not the bytes of any message.
std::uint64_t EngineModel::message_of(std::string_view body) {
  const auto id = std::strtoull(std::string(body.substr(0, 20)).c_str(), nullptr, 10);
  return body == body_of(id, body.size()) && messages_.count(id) != 0 ? id : 0;
}

void EngineModel::store(Message& m, Seq seq) {
  if (m.stored) return;
  m.stored = true;
  m.stored_step = step_;
  m.seq = seq;
  note(m, "stored as " + std::to_string(seq));
  if (!m.gone) streams_[m.stream].by_key[m.key][seq] = m.id;
}

void EngineModel::forget(Message& m) {
  m.gone = true;
  m.gone_step = step_;
  note(m, "gone");
  streams_[m.stream].messages.erase(m.id);
  auto& keyed = streams_[m.stream].by_key[m.key];
  if (const auto it = keyed.find(m.seq); it != keyed.end() && it->second == m.id) keyed.erase(it);
}

bool EngineModel::may_be_dead_letter(const Message& m) const {
  const auto& stream = streams_[m.stream];
  const auto on_the_way = static_cast<std::uint32_t>(stream.fetching);
  return stream.dead != 0 && m.attempt + m.lost_attempts + on_the_way >= stream.consumer.max_attempts;
}

void EngineModel::move_to(Message& m, std::size_t s) {
  forget(m);
  m.stream = s;
  m.gone = m.stored = false;
  m.attempt = m.lost_attempts = 0;
  m.hidden_lo = m.hidden_hi = 0;
  ++m.changes;
  streams_[s].messages.insert(m.id);
  note(m, "moved");
}

void EngineModel::do_append(std::size_t s, int count) {
  auto& stream = streams_[s];
  if (stream.id == 0) return;
  const auto asked = ask(s);
  std::vector<MessageIn> in;
  std::vector<std::string> bodies, keys, dedups;
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < count; ++i) {
    const auto id = next_message_++;
    ++sum_.messages;
    ids.push_back(id);
    bodies.push_back(body_of(id, below(20) == 0 ? 3'000 : 16 + below(150)));
    keys.push_back(stream.config.keyed ? "k" + std::to_string(below(kKeys)) + ".x" : "");
    dedups.push_back(stream.config.dedup_window_ms != 0 && below(4) == 0 ? "d" + std::to_string(below(200)) : "");
  }
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::size_t>(i);
    MessageIn message;
    message.body = bodies[n];
    message.key = keys[n];
    message.dedup_id = dedups[n];
    message.delay_ms = below(8) == 0 ? static_cast<std::uint32_t>(1 + below(4'000)) : 0;
    in.push_back(message);
    auto& m = messages_[ids[n]];
    m.id = ids[n];
    m.stream = m.home = s;
    m.key = keys[n];
    m.dedup = dedups[n];
    m.unknown = stream.purging > 0;
    m.visible_lo = message.delay_ms != 0 ? asked.ms + message.delay_ms : 0;
    m.visible_hi = message.delay_ms != 0 ? kForever : 0;
    stream.messages.insert(m.id);
    if (!dedups[n].empty()) ++stream.dedup[dedups[n]].asked;
  }
  const auto status =
      engine_->append(any_lane(), asked.id, in, false,
                      pending([this, asked, ids, dedups, in](const Status& outcome, std::span<const Appended> results) {
                        for (std::size_t i = 0; i < ids.size(); ++i) {
                          Appended refused;
                          refused.status = outcome.code();
                          if (in[i].delay_ms != 0) messages_[ids[i]].visible_hi = clock_.wall_ms() + in[i].delay_ms;
                          appended(asked, ids[i], dedups[i], i < results.size() ? results[i] : refused);
                        }
                      }));
  if (!status && !powerless()) wrong("append: " + status.error().message);
}

void EngineModel::appended(const Asked& asked, std::uint64_t message, const std::string& dedup,
                           const Appended& result) {
  auto& m = messages_[message];
  auto& stream = streams_[asked.stream];
  if (result.status != Code::ok && powerless()) return;
  m.answered = true;
  if (!dedup.empty()) --stream.dedup[dedup].asked;
  if (result.status != Code::ok) {
    if (!stream.comes_and_goes || result.status != Code::not_found) {
      wrong("append of " + std::to_string(message) + " answered " + std::string(code_name(result.status)));
    }
    return forget(m);
  }
  if (result.duplicate) {
    ++sum_.duplicates;
    const auto& first = stream.dedup[dedup];
    if (m.stored) wrong("message " + std::to_string(message) + " is a duplicate and was delivered");
    if (!first.open && first.asked == 0) {  // Answers of several may cross.
      const auto& original = messages_[first.message];
      if (original.stored && original.stored_step < asked.step && original.seq != result.seq) {
        wrong(wrong_with(original, "duplicate " + std::to_string(message) + " of " + std::to_string(original.id) +
                                       " names seq " + std::to_string(result.seq)));
      }
      if (first.time_hi + kWindowMs <= asked.ms) wrong("an id was still known after its window");
    }
    return forget(m);
  }
  ++sum_.acknowledged;
  if (!dedup.empty()) {
    auto& first = stream.dedup[dedup];
    const auto& original = messages_[first.message];
    if (!first.open && first.asked == 0 && original.stored_step < asked.step &&
        clock_.wall_ms() - first.time_lo < kWindowMs) {
      wrong("dedup id " + dedup + " was accepted twice in its window");
    }
    first = {message, asked.ms, clock_.wall_ms(), false, first.asked};
  }
  store(m, result.seq);
  if (m.seq != result.seq && m.stream == asked.stream) wrong("a message was delivered under another sequence");
  if (stream.id != asked.id && stream.leaving != asked.id && !m.gone) forget(m);
}

// ---- the run -------------------------------------------------------------------------------------

void EngineModel::step() {
  const std::size_t s = 1 + below(streams_.size() - 1);
  const auto what = below(1'000);
  if (below(400) == 0) growing_ = !growing_;
  if (what < 280) {
    do_append(s == 3 ? 1 : s, below(12) == 0 && growing_ ? 100 : static_cast<int>(1 + below(5)));
  } else if (what < 560) {
    do_fetch(s);
  } else if (what < 800) {
    do_ack(s);
  } else if (what < 860) {
    do_extend(s);
  } else if (what < 890) {
    do_cancel();
  } else if (what < 892) {
    do_purge(s);
  } else if (what < 900) {
    do_create_or_remove(s);
  } else if (what < 910) {
    engine_->checkpoint(pending([] {}));
  } else if (what < 980) {
    clock_.advance_ms(static_cast<std::int64_t>(below(10) == 0 ? below(4'000) : below(200)));
  } else if (what < 990 && crashes_on_its_own_) {
    what < 983 ? do_crash(false) : what < 986 ? do_crash(true) : do_quiesce();
  }
  for (auto n = below(4); n > 0; --n) turn();
}

void EngineModel::do_crash(bool during_checkpoint) {
  if (during_checkpoint) {
    engine_->checkpoint([] {});
    for (auto n = below(60); n > 0; --n) {
      turn();
      std::this_thread::yield();
    }
  }
  after_crash();
  count_life();
  restart();
  if (!wrong_.empty() || HasFatalFailure()) return;
  for (auto& stream : streams_) {
    if (!stream.comes_and_goes) continue;
    const auto definition = engine_->find(0, stream.ns, stream.name);
    const auto old = stream.id != 0 ? stream.id : std::exchange(stream.leaving, 0);
    stream.id = definition ? definition->id : 0;
    if (stream.id == old) continue;
    stream.held.clear();
    for (const auto id : std::set(stream.messages)) forget(messages_[id]);
  }
  verify();
}

void EngineModel::count_life() {
  const auto stats = engine_->stats();
  if (stats.damaged_reads != 0 && !powerless()) wrong("a message could not be read");
  sum_.cleaned += stats.cleaned_segments;
  sum_.checkpoints += stats.checkpoints;
  sum_.recycled += engine_->journal().stats().segments_recycled;
}

// What had no answer may have happened or not.
void EngineModel::after_crash() {
  ++life_;
  ++sum_.crashes;
  if (pending_ > 0) {
    for (auto& stream : streams_) stream.fuzzy_until = clock_.wall_ms() + kLongestWaitMs;
  }
  pending_ = 0;
  fetches_.clear();
  for (auto& [id, m] : messages_) {
    if (!m.answered && !m.dedup.empty()) streams_[m.home].dedup[m.dedup].open = true;
    m.answered = true;
  }
  for (auto& stream : streams_) {
    for (const auto id : stream.messages) {
      auto& m = messages_[id];
      note(m, "crash");
      if (!m.stored || m.dying > 0) m.unknown = m.done_unknown = true;
      if (m.visible_hi == kForever) m.visible_hi = clock_.wall_ms() + kLongestWaitMs;
      m.dying = m.extending = 0;
      m.lost_attempts += static_cast<std::uint32_t>(stream.fetching);
    }
    stream.fetching = stream.purging = 0;
    stream.changing = false;
    for (auto& [id, dedup] : stream.dedup) dedup.asked = 0;
  }
}

void EngineModel::do_quiesce() {
  settle();
  verify();
}

void EngineModel::settle() {
  until([this] {
    if (pending_ > 0) clock_.advance_ms(50);
    return pending_ == 0;
  });
}

// Every message that must be there is delivered in the end.
void EngineModel::drain() {
  growing_ = false;
  for (int round = 0; round < 400 && wrong_.empty(); ++round) {
    settle();
    clock_.advance_ms(7'200'000);
    bool any = false;
    for (std::size_t s = 1; s < streams_.size(); ++s) {
      for (int n = 0; n < 8; ++n) do_fetch(s);
    }
    settle();
    for (std::size_t s = 1; s < streams_.size(); ++s) {
      any = any || !streams_[s].held.empty();
      while (streams_[s].id != 0 && !streams_[s].held.empty()) do_ack(s);
    }
    if (!any) break;
  }
  settle();
  verify();
  for (const auto& stream : streams_) {
    for (const auto id : stream.messages) {
      const auto& m = messages_[id];
      if (stream.id != 0 && m.surely_wanted()) {
        wrong("message " + std::to_string(id) + " (seq " + std::to_string(m.seq) + ", stream " + stream.name +
              ") was never delivered at last");
      }
    }
  }
  count_life();
}

}  // namespace switchyard::stream
