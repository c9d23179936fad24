// Streams and consumers of the host in memory: what is visible to whom, leases, waiting fetches.
#include <algorithm>
#include <cstring>

#include "state.hpp"

namespace switchyard::testing {

Consumer* StreamData::consumer(std::string_view wanted) {
  const auto found =
      std::find_if(consumers.begin(), consumers.end(), [&](const Consumer& c) { return c.name == wanted; });
  return found == consumers.end() ? nullptr : &*found;
}

StreamData* Host::State::find(Namespace* ns, sw_stream_id id) {
  const auto found = streams.find(id);
  return found == streams.end() || found->second->ns != ns ? nullptr : found->second.get();
}

StreamData* Host::State::find(Namespace* ns, std::string_view name) {
  for (const auto& [id, stream] : streams) {
    if (stream->ns == ns && stream->name == name) return stream.get();
  }
  return nullptr;
}

const sw_stream_info* Host::State::lend(const StreamData& stream) {
  auto& out = lent.emplace_back();
  out.name = stream.name;
  out.blob = stream.blob;
  out.config = stream.config;
  for (const auto& consumer : stream.consumers) {
    auto& config = out.consumers.emplace_back(consumer.config);
    config.name = str(out.names.emplace_back(consumer.name));
    out.list.push_back(&config);
  }
  out.info = {sizeof out.info,   0,
              stream.id,         stream.version,
              stream.created_ms, stream.updated_ms,
              str(out.name),     bytes(out.blob),
              &out.config,       out.list.data(),
              out.list.size()};
  return &out.info;
}

bool Host::State::leased(const Consumer& consumer, std::uint64_t seq) const {
  const auto lease = consumer.leases.find(seq);
  return lease != consumer.leases.end() && lease->second.visible_ms > mono_ms;
}

bool Host::State::visible(const StreamData&, const Consumer& consumer, const Kept& message) const {
  return message.not_before_ms <= mono_ms && consumer.acked.count(message.seq) == 0 && !leased(consumer, message.seq);
}

// Leases what may be delivered; what was tried too often leaves.
std::vector<std::uint64_t> Host::State::take(StreamData& stream, Consumer& consumer, const sw_fetch& fetch) {
  std::vector<std::uint64_t> out, dead;
  std::set<std::string> blocked;  // Keys with an earlier message that is out or not yet visible.
  std::size_t size = 0, leases = 0;
  for (const auto& [seq, lease] : consumer.leases) leases += lease.visible_ms > mono_ms ? 1 : 0;
  const bool ordered = (consumer.config.flags & SW_CONSUMER_ORDERED) != 0;
  for (auto& [seq, message] : stream.messages) {
    if (out.size() == fetch.max || (consumer.config.max_leased != 0 && leases >= consumer.config.max_leased)) break;
    if (!visible(stream, consumer, message) || (ordered && blocked.count(message.key) != 0)) {
      if (consumer.acked.count(seq) == 0) blocked.insert(message.key);
      continue;
    }
    auto& lease = consumer.leases[seq];
    if (consumer.config.max_attempts != 0 && lease.attempt >= consumer.config.max_attempts) {
      dead.push_back(seq);
      continue;
    }
    if (!out.empty() && fetch.max_bytes != 0 && size + message.body.size() > fetch.max_bytes) break;
    size += message.body.size();
    ++lease.attempt;
    ++leases;
    if (lease.first_ms == 0) lease.first_ms = wall_ms;
    lease.delivered_ms = wall_ms;
    const auto wait = fetch.ack_wait_ms == SW_DEFAULT_ACK_WAIT ? consumer.config.ack_wait_ms : fetch.ack_wait_ms;
    lease.visible_ms = mono_ms + wait;
    out.push_back(seq);
  }
  for (const auto seq : dead) {
    if (auto* target = find(stream.ns, consumer.config.dead_letter)) {
      Kept moved = stream.messages.at(seq);
      moved.seq = target->next_seq++;
      moved.source = stream.name;
      target->messages[moved.seq] = moved;
    }
    acknowledge(stream, consumer, seq);
  }
  return out;
}

void Host::State::acknowledge(StreamData& stream, Consumer& consumer, std::uint64_t seq) {
  consumer.leases.erase(seq);
  consumer.acked.insert(seq);
  const bool by_all = std::all_of(stream.consumers.begin(), stream.consumers.end(),
                                  [&](const Consumer& c) { return c.acked.count(seq) != 0; });
  const bool leaves =
      stream.config.retention == SW_RETAIN_WORKQUEUE || (stream.config.retention == SW_RETAIN_INTEREST && by_all);
  if (!leaves) return;
  stream.messages.erase(seq);
  for (auto& each : stream.consumers) {
    each.acked.erase(seq);
    each.leases.erase(seq);
  }
}

// Hands messages to a completion; without a consumer they are read and not leased.
void Host::State::deliver(StreamData* stream, const Consumer* consumer, const std::vector<std::uint64_t>& list,
                          sw_fetch_done done, void* user) {
  std::deque<sw_delivery> deliveries;
  std::vector<const sw_delivery*> pointers;
  for (const auto seq : list) {
    const Kept& m = stream->messages.at(seq);
    auto& d = deliveries.emplace_back();
    d = {};
    d.size = sizeof d;
    d.token.seq = seq;
    if (consumer != nullptr) {
      const Lease& lease = consumer->leases.at(seq);
      d.token.attempt = lease.attempt;
      d.first_delivered_ms = lease.first_ms;
      d.delivered_ms = lease.delivered_ms;
    }
    std::memcpy(d.id, m.id, sizeof d.id);
    d.time_ms = m.time_ms;
    d.key = str(m.key);
    d.dedup_id = str(m.dedup_id);
    d.header_format = m.header_format;
    d.headers = bytes(m.headers);
    d.body = bytes(m.body);
    d.source = str(m.source);
    pointers.push_back(&d);
  }
  done(user, SW_OK, pointers.data(), pointers.size(), nullptr);
}

// Ends a fetch when it can be; runs as a task.
bool Host::State::serve(const Waiting& w, bool last) {
  const auto found = streams.find(w.stream);
  if (found == streams.end()) {
    w.done(w.user, SW_NOT_FOUND, nullptr, 0, nullptr);
    return true;
  }
  auto& stream = *found->second;
  auto* consumer = stream.consumer(w.consumer);
  if (consumer == nullptr) {
    w.done(w.user, SW_NOT_FOUND, nullptr, 0, nullptr);
    return true;
  }
  const auto list = take(stream, *consumer, w.fetch);
  if (list.empty() && !last) return false;
  deliver(&stream, consumer, list, w.done, w.user);
  return true;
}

// Each waiting fetch is looked at again, in a task of its own.
void Host::State::wake() {
  for (const auto& w : waiting) {
    tasks.push_back({w.lane, [this, id = w.id] {
                       const auto at = std::find_if(waiting.begin(), waiting.end(),
                                                    [&](const Waiting& other) { return other.id == id; });
                       if (at == waiting.end()) return;
                       const Waiting one = *at;
                       waiting.erase(at);
                       bool served = true;
                       callback(one.lane, "fetch done", [&] { served = serve(one, one.deadline_ms <= mono_ms); });
                       if (!served) waiting.push_back(one);
                     }});
  }
}

std::optional<std::int64_t> Host::State::next_event() const {
  std::optional<std::int64_t> next;
  const auto consider = [&](std::int64_t at_ms) {
    if (!next || at_ms < *next) next = at_ms;
  };
  for (const auto& timer : timers) consider(timer.at_ms);
  for (const auto& w : waiting) {
    consider(w.deadline_ms);
    const auto found = streams.find(w.stream);
    if (found == streams.end()) continue;
    for (const auto& [seq, message] : found->second->messages) {
      if (message.not_before_ms > mono_ms) consider(message.not_before_ms);
    }
    for (const auto& consumer : found->second->consumers) {
      for (const auto& [seq, lease] : consumer.leases) {
        if (lease.visible_ms > mono_ms) consider(lease.visible_ms);
      }
    }
  }
  return next;
}

}  // namespace switchyard::testing
