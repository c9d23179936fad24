// EngineModel: reading everything back and comparing it with the model.
#include <algorithm>
#include <chrono>

#include "tests/unit/stream/engine_model_world.h"

namespace switchyard::stream {

EngineModel::Present EngineModel::read_all(std::size_t s) {
  Present present;
  if (streams_[s].id == 0) return present;
  for (Seq from = 1;;) {
    const auto page = read(streams_[s].id, from, 500);
    for (const auto& got : page) {
      const auto id = message_of(got.body);
      if (id == 0) wrong("read bytes that nobody sent");
      if (!present.emplace(id, got.token.seq).second)
        wrong("message " + std::to_string(id) + " is in stream " + streams_[s].name + " twice: seq " +
              std::to_string(present[id]) + " and " + std::to_string(got.token.seq));
      from = got.token.seq + 1;
    }
    if (page.size() < 500) return present;
  }
}

// Dead letters travel between lanes on their own: what differs may only be on its way.
void EngineModel::verify() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (wrong_.empty()) {
    std::vector<Present> present;
    for (std::size_t s = 0; s < streams_.size(); ++s) present.push_back(read_all(s));
    if (!wrong_.empty()) return;
    const auto difference = compare(present);
    if (difference.empty()) return adopt(present);
    if (std::chrono::steady_clock::now() > deadline) return wrong(difference);
    for (int i = 0; i < 50; ++i) turn();
    std::this_thread::yield();
  }
}

std::string EngineModel::compare(const std::vector<Present>& present) {
  for (std::size_t s = 1; s < streams_.size(); ++s) {
    if (auto difference = compare_stream(s, present); !difference.empty()) return difference;
  }
  return compare_counts(present);
}

std::string EngineModel::compare_stream(std::size_t s, const std::vector<Present>& present) {
  const auto& stream = streams_[s];
  const auto name = [&](std::uint64_t id) {
    return wrong_with(messages_[id], "message " + std::to_string(id) + " (stream " + stream.name + ")");
  };
  for (const auto id : stream.messages) {
    const auto& m = messages_[id];
    const bool here = present[s].count(id) != 0;
    const bool moved = stream.dead != 0 && present[stream.dead].count(id) != 0;
    if (here && moved) return std::string(" is in its stream and in the dead letters") + ": " + name(id);
    if (moved && !may_be_dead_letter(m)) return std::string(" is a dead letter too early") + ": " + name(id);
    if (!here && !moved && stream.id != 0 && m.surely_live()) return std::string(" is lost") + ": " + name(id);
  }
  for (const auto& [id, seq] : present[s]) {
    const auto& m = messages_[id];
    if (stream.messages.count(id) == 0 && (m.gone || streams_[m.stream].dead != s)) {
      return std::string(" is there again") + ": " + name(id);
    }
    if (m.stored && m.stream == s && m.seq != seq) return std::string(" changed its sequence") + ": " + name(id);
  }
  return {};
}

std::string EngineModel::compare_counts(const std::vector<Present>& present) {
  std::map<NamespaceId, std::int64_t> bytes;
  std::int64_t all_bytes = 0;
  for (std::size_t s = 1; s < streams_.size(); ++s) {
    if (streams_[s].id == 0) continue;
    const auto counts = state(streams_[s].id);
    if (auto difference = compare_state(s, counts, present[s]); !difference.empty()) return difference;
    bytes[streams_[s].ns] += static_cast<std::int64_t>(counts.bytes);
    all_bytes += static_cast<std::int64_t>(counts.bytes);
  }
  for (const auto& [ns, sum] : bytes) {
    if (const auto stored = engine_->usage(ns)->stored_bytes.load(); stored != sum) {
      return "namespace " + std::to_string(ns) + " counts " + std::to_string(stored) + " stored bytes, its streams " +
             std::to_string(sum);
    }
  }
  if (const auto live = static_cast<std::int64_t>(engine_->journal().stats().live_bytes); live != all_bytes) {
    return "the journal counts " + std::to_string(live) + " live bytes, the streams " + std::to_string(all_bytes);
  }
  return {};
}

std::string EngineModel::compare_state(std::size_t s, const State& counts, const Present& present) {
  const auto& stream = streams_[s];
  const auto differs = [&](std::string_view what, std::uint64_t got, std::uint64_t wanted) {
    return "stream " + stream.name + ": " + std::string(what) + " is " + std::to_string(got) + ", not " +
           std::to_string(wanted);
  };
  if (counts.messages != present.size()) return differs("messages", counts.messages, present.size());
  Seq first = 0;
  for (const auto& [id, seq] : present) first = first == 0 ? seq : std::min(first, seq);
  if (counts.first_seq != first) return differs("first_seq", counts.first_seq, first);
  const auto now = clock_.wall_ms();
  if (stream.config.retention != Retention::workqueue || now < stream.fuzzy_until) return {};
  if (counts.available + counts.leased + counts.delayed != counts.messages) {
    return differs("available + leased + delayed", counts.available + counts.leased + counts.delayed, counts.messages);
  }
  std::uint64_t leased_lo = 0, leased_hi = 0;
  for (const auto& [id, seq] : present) {
    leased_lo += now < messages_[id].hidden_lo ? 1 : 0;
    leased_hi += now < messages_[id].hidden_hi || may_be_dead_letter(messages_[id]) ? 1 : 0;
  }
  if (counts.leased < leased_lo) return differs("leased", counts.leased, leased_lo);
  if (counts.leased > leased_hi) return differs("leased", counts.leased, leased_hi);
  return {};
}

// What was read is the truth about everything that was open.
void EngineModel::adopt(const std::vector<Present>& present) {
  for (std::size_t s = 1; s < streams_.size(); ++s) {
    auto& stream = streams_[s];
    if (stream.id == 0) continue;
    for (const auto id : std::set(stream.messages)) {
      auto& m = messages_[id];
      if (stream.dead != 0 && present[stream.dead].count(id) != 0) {
        move_to(m, stream.dead);
        store(m, present[stream.dead].at(id));
        m.unknown = false;
      } else if (present[s].count(id) == 0) {
        forget(m);
      } else {
        store(m, present[s].at(id));
        m.unknown = false;
      }
    }
  }
}

}  // namespace switchyard::stream
