// Table stream/1 of the host in memory.
#include <algorithm>
#include <cstring>

#include "state.hpp"

namespace switchyard::testing {
namespace {

using State = Host::State;

constexpr std::size_t kMaxBatch = 4096, kMaxName = 255;
constexpr std::uint32_t kMaxFetch = 256;

// ---- definitions ----

sw_status judge(State& s, const sw_stream_config* config, const sw_consumer_config* const* consumers, std::size_t n) {
  if (config == nullptr || config->size < sizeof *config) return SW_INVALID;
  if (config->max_age_ms != 0 || config->max_messages != 0 || config->max_bytes != 0 || config->max_per_key != 0)
    return s.unsupported("a stream with max_age_ms, max_messages, max_bytes or max_per_key");
  for (std::size_t i = 0; i < n; ++i) {
    const auto* c = consumers[i];
    if (c == nullptr || c->size < sizeof *c || c->name.len == 0 || c->name.len > 64) return SW_INVALID;
    if ((c->flags & ~SW_CONSUMER_ORDERED) != 0 || c->filter.len != 0 || c->start_seq != 0)
      return s.unsupported("a consumer with a filter, a start sequence or SW_CONSUMER_FAIR");
  }
  return SW_OK;
}

// Definition without identity, as create and update bring it; consumers of the same name keep their state.
void define(StreamData& out, const sw_stream_config& config, const std::vector<Consumer>& consumers,
            const std::string& blob) {
  std::vector<Consumer> next;
  for (const auto& consumer : consumers) {
    const auto* before = out.consumer(consumer.name);
    next.push_back(before == nullptr ? consumer : *before);
    next.back().config = consumer.config;
  }
  out.config = config;
  out.consumers = std::move(next);
  out.blob = blob;
}

std::vector<Consumer> copied(const sw_consumer_config* const* consumers, std::size_t n) {
  std::vector<Consumer> list(n);
  for (std::size_t i = 0; i < n; ++i) {
    list[i].name = text(consumers[i]->name);
    list[i].config = *consumers[i];
    list[i].config.name = list[i].config.filter = {nullptr, 0};
  }
  return list;
}

sw_status create(const sw_host* h, sw_namespace* ns, sw_str name, const sw_stream_config* config,
                 const sw_consumer_config* const* consumers, std::size_t n, sw_bytes blob, sw_stream_done done,
                 void* user) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("stream.create")) return refusal;
  auto* in = s.find("stream.create", ns);
  if (in == nullptr) return SW_NOT_FOUND;
  if (done == nullptr || name.len == 0 || name.len > kMaxName) return SW_INVALID;
  if (const auto refusal = judge(s, config, consumers, n)) return refusal;
  s.later(
      [&s, in, name = text(name), config = *config, list = copied(consumers, n), blob = text(blob), done, user] {
        if (const auto failure = s.planned(s.failures, "stream.create")) return done(user, failure, nullptr, nullptr);
        if (const auto* there = s.find(in, name)) return done(user, SW_EXISTS, s.lend(*there), nullptr);
        auto made = std::make_unique<StreamData>();
        made->id = s.next_id++;
        made->version = s.next_id++;
        made->ns = in;
        made->name = name;
        made->created_ms = made->updated_ms = s.wall_ms;
        define(*made, config, list, blob);
        const auto& stream = *(s.streams[made->id] = std::move(made));
        done(user, SW_OK, s.lend(stream), nullptr);
      },
      "stream done");
  return SW_OK;
}

sw_status update(const sw_host* h, sw_namespace* ns, sw_stream_id id, std::uint64_t expect,
                 const sw_stream_config* config, const sw_consumer_config* const* consumers, std::size_t n,
                 sw_bytes blob, sw_stream_done done, void* user) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("stream.update")) return refusal;
  auto* in = s.find("stream.update", ns);
  if (in == nullptr || s.find(in, id) == nullptr) return SW_NOT_FOUND;
  if (done == nullptr) return SW_INVALID;
  if (const auto refusal = judge(s, config, consumers, n)) return refusal;
  s.later(
      [&s, in, id, expect, config = *config, list = copied(consumers, n), blob = text(blob), done, user] {
        if (const auto failure = s.planned(s.failures, "stream.update")) return done(user, failure, nullptr, nullptr);
        auto* stream = s.find(in, id);
        if (stream == nullptr) return done(user, SW_NOT_FOUND, nullptr, nullptr);
        if (expect != 0 && expect != stream->version) return done(user, SW_CONFLICT, nullptr, nullptr);
        define(*stream, config, list, blob);
        stream->version = s.next_id++;
        stream->updated_ms = s.wall_ms;
        done(user, SW_OK, s.lend(*stream), nullptr);
      },
      "stream done");
  return SW_OK;
}

sw_status find(const sw_host* h, sw_namespace* ns, sw_str name, const sw_stream_info** out) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("stream.find")) return refusal;
  if (out == nullptr) return SW_INVALID;
  auto* in = s.find("stream.find", ns);
  const auto* found = in == nullptr ? nullptr : s.find(in, view(name));
  if (found == nullptr) return SW_NOT_FOUND;
  *out = s.lend(*found);
  return SW_OK;
}
sw_status get(const sw_host* h, sw_namespace* ns, sw_stream_id id, const sw_stream_info** out) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("stream.get")) return refusal;
  if (out == nullptr) return SW_INVALID;
  auto* in = s.find("stream.get", ns);
  const auto* found = in == nullptr ? nullptr : s.find(in, id);
  if (found == nullptr) return SW_NOT_FOUND;
  *out = s.lend(*found);
  return SW_OK;
}
void list(const sw_host* h, sw_namespace* ns, sw_str prefix, sw_str after,
          std::int32_t (*visit)(void*, const sw_stream_info*), void* user) {
  auto& s = state_of(h);
  if (!s.on_lane("stream.list") || visit == nullptr) return;
  auto* in = s.find("stream.list", ns);
  std::map<std::string, const StreamData*> sorted;
  for (const auto& [id, stream] : s.streams) {
    const bool behind = after.len == 0 || stream->name > text(after);
    if (stream->ns == in && stream->name.starts_with(text(prefix)) && behind) sorted[stream->name] = stream.get();
  }
  for (const auto& [name, stream] : sorted) {
    if (visit(user, s.lend(*stream)) == 0) return;
  }
}

// ---- messages ----

// What most calls share: the refusal, the namespace, the stream, a completion; then `run(stream)` later.
// `fail(status)` tells the completion of a failure.
template <class Run, class Fail>
sw_status call(const sw_host* h, const char* name, sw_namespace* ns, sw_stream_id id, bool whole, Run run, Fail fail) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter(name)) return refusal;
  auto* in = s.find(name, ns);
  if (in == nullptr || s.find(in, id) == nullptr) return SW_NOT_FOUND;
  if (!whole) return SW_INVALID;
  s.later(
      [&s, name, in, id, run = std::move(run), fail = std::move(fail)] {
        if (const auto failure = s.planned(s.failures, name)) return fail(failure);
        auto* stream = s.find(in, id);
        if (stream == nullptr) return fail(SW_NOT_FOUND);
        run(*stream);
      },
      name);
  return SW_OK;
}

sw_status remove(const sw_host* h, sw_namespace* ns, sw_stream_id id, sw_done done, void* user) {
  auto& s = state_of(h);
  return call(
      h, "stream.remove", ns, id, done != nullptr,
      [&s, id, done, user](StreamData&) {
        s.streams.erase(id);
        done(user, SW_OK, nullptr);
        s.wake();
      },
      [done, user](sw_status status) { done(user, status, nullptr); });
}
sw_status purge(const sw_host* h, sw_namespace* ns, sw_stream_id id, sw_done done, void* user) {
  return call(
      h, "stream.purge", ns, id, done != nullptr,
      [done, user](StreamData& stream) {
        stream.messages.clear();
        for (auto& consumer : stream.consumers) consumer.leases.clear();
        done(user, SW_OK, nullptr);
      },
      [done, user](sw_status status) { done(user, status, nullptr); });
}

// Admits one message: its own status.
sw_appended admit(State& s, StreamData& stream, Kept message) {
  sw_appended result{};
  result.size = sizeof result;
  result.time_ms = s.wall_ms;
  const auto limit = stream.config.max_message_bytes;
  if (limit != 0 && message.body.size() > limit) {
    result.status = SW_INVALID;
    return result;
  }
  const bool per_key = (stream.config.flags & SW_STREAM_DEDUP_PER_KEY) != 0;
  if (!message.dedup_id.empty() && stream.config.dedup_window_ms != 0) {
    First& first = stream.firsts[(per_key ? message.key : std::string()) + '\n' + message.dedup_id];
    if (first.seq != 0 && s.mono_ms - first.time_ms < stream.config.dedup_window_ms) {
      result.flags = SW_APPENDED_DUPLICATE;
      result.seq = first.seq;
      std::memcpy(result.id, first.id, sizeof first.id);
      return result;
    }
    first = {s.mono_ms, stream.next_seq, {}};
    std::memcpy(first.id, message.id, sizeof first.id);
  }
  message.seq = result.seq = stream.next_seq++;
  std::memcpy(result.id, message.id, sizeof message.id);
  stream.messages[message.seq] = std::move(message);
  return result;
}

sw_status append(const sw_host* h, sw_namespace* ns, sw_stream_id id, const sw_message* const* messages, std::size_t n,
                 std::uint32_t all_or_nothing, sw_append_done done, void* user) {
  auto& s = state_of(h);
  bool whole = done != nullptr && messages != nullptr && n > 0 && n <= kMaxBatch;
  std::vector<Kept> made(whole ? n : 0);
  for (std::size_t i = 0; i < made.size() && whole; ++i) {
    const auto* m = messages[i];
    whole = m != nullptr && m->size >= sizeof *m;
    if (!whole) break;
    if ((m->flags & SW_MESSAGE_EXPECT_LAST) != 0) return s.unsupported("SW_MESSAGE_EXPECT_LAST");
    made[i].key = text(m->key);
    made[i].dedup_id = text(m->dedup_id);
    made[i].headers = text(m->headers);
    made[i].body = text(m->body);
    made[i].header_format = m->header_format;
    made[i].not_before_ms = s.mono_ms + m->delay_ms;
    made[i].time_ms = s.wall_ms;
    s.fill_random(made[i].id, sizeof made[i].id);
  }
  return call(
      h, "stream.append", ns, id, whole,
      [&s, made = std::move(made), all_or_nothing, done, user](StreamData& stream) {
        std::deque<sw_appended> results;
        const auto limit = stream.config.max_message_bytes;
        const bool fits =
            std::all_of(made.begin(), made.end(), [&](const Kept& m) { return limit == 0 || m.body.size() <= limit; });
        for (const auto& message : made) {
          if (fits || all_or_nothing == 0) {
            results.push_back(admit(s, stream, message));
          } else {
            auto& refused = results.emplace_back();
            refused = {};
            refused.size = sizeof refused;
            refused.status = SW_INVALID;
          }
        }
        std::vector<const sw_appended*> pointers;
        for (const auto& result : results) pointers.push_back(&result);
        done(user, fits || all_or_nothing == 0 ? SW_OK : SW_INVALID, pointers.data(), pointers.size(), nullptr);
        s.wake();
      },
      [done, user](sw_status status) { done(user, status, nullptr, 0, nullptr); });
}

sw_status fetch(const sw_host* h, sw_namespace* ns, sw_stream_id id, sw_str consumer, const sw_fetch* fetch,
                sw_fetch_id* out, sw_fetch_done done, void* user) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("stream.fetch")) return refusal;
  auto* in = s.find("stream.fetch", ns);
  auto* stream = in == nullptr ? nullptr : s.find(in, id);
  if (stream == nullptr || stream->consumer(view(consumer)) == nullptr) return SW_NOT_FOUND;
  if (done == nullptr || fetch == nullptr || fetch->size < sizeof *fetch || fetch->max == 0 || fetch->max > kMaxFetch)
    return SW_INVALID;
  if (fetch->attempt_id.len != 0) return s.unsupported("a fetch with an attempt id");
  if (const auto failure = s.planned(s.failures, "stream.fetch")) {
    s.later([failure, done, user] { done(user, failure, nullptr, 0, nullptr); }, "fetch done");
    if (out != nullptr) *out = s.next_id++;
    return SW_OK;
  }
  s.waiting.push_back({s.next_id++, s.lane, id, text(consumer), *fetch, s.mono_ms + fetch->wait_ms, done, user});
  if (out != nullptr) *out = s.waiting.back().id;
  s.wake();
  return SW_OK;
}
void cancel_fetch(const sw_host* h, sw_fetch_id id) {
  auto& s = state_of(h);
  if (!s.on_lane("stream.cancel_fetch") || std::exchange(s.lose_cancel, false)) return;
  const auto at = std::find_if(s.waiting.begin(), s.waiting.end(), [&](const Waiting& w) { return w.id == id; });
  if (at == s.waiting.end()) return;
  s.later([done = at->done, user = at->user] { done(user, SW_CANCELLED, nullptr, 0, nullptr); }, "fetch done");
  s.waiting.erase(at);
}

// The status of each token, by `each(stream, consumer, token index)`.
template <class Each>
sw_status tokens_call(const sw_host* h, const char* name, sw_namespace* ns, sw_stream_id id, sw_str consumer,
                      const sw_token* tokens, std::size_t n, sw_tokens_done done, void* user, Each each) {
  auto& s = state_of(h);
  const bool whole = done != nullptr && tokens != nullptr && n > 0 && n <= kMaxBatch;
  std::vector<sw_token> kept;
  if (whole) kept.assign(tokens, tokens + n);
  return call(
      h, name, ns, id, whole,
      [&s, consumer = text(consumer), kept = std::move(kept), done, user, each](StreamData& stream) {
        auto* mine = stream.consumer(consumer);
        if (mine == nullptr) return done(user, SW_NOT_FOUND, nullptr, 0, nullptr);
        std::vector<sw_status> list;
        for (std::size_t i = 0; i < kept.size(); ++i) list.push_back(each(stream, *mine, kept[i], i));
        done(user, SW_OK, list.data(), list.size(), nullptr);
        s.wake();
      },
      [done, user](sw_status status) { done(user, status, nullptr, 0, nullptr); });
}

sw_status ack(const sw_host* h, sw_namespace* ns, sw_stream_id id, sw_str consumer, const sw_token* tokens,
              std::size_t n, std::uint32_t flags, sw_tokens_done done, void* user) {
  auto& s = state_of(h);
  const bool strict = (flags & SW_ACK_STRICT) != 0;
  return tokens_call(h, "stream.ack", ns, id, consumer, tokens, n, done, user,
                     [&s, strict](StreamData& stream, Consumer& mine, const sw_token& token, std::size_t) -> sw_status {
                       const bool gone = stream.messages.count(token.seq) == 0 || mine.acked.count(token.seq) != 0;
                       if (gone) return strict ? SW_NOT_FOUND : SW_OK;
                       const auto lease = mine.leases.find(token.seq);
                       const bool current = lease != mine.leases.end() && lease->second.attempt == token.attempt;
                       if (strict && !(current && s.leased(mine, token.seq))) return SW_CONFLICT;
                       s.acknowledge(stream, mine, token.seq);
                       return SW_OK;
                     });
}

sw_status extend(const sw_host* h, sw_namespace* ns, sw_stream_id id, sw_str consumer, const sw_token* tokens,
                 const std::uint32_t* after_ms, std::size_t n, std::uint32_t flags, sw_tokens_done done, void* user) {
  auto& s = state_of(h);
  const bool strict = (flags & SW_ACK_STRICT) != 0;
  std::vector<std::uint32_t> after;
  if (after_ms != nullptr && n <= kMaxBatch) after.assign(after_ms, after_ms + n);
  return tokens_call(
      h, "stream.extend", ns, id, consumer, after.empty() ? nullptr : tokens, n, done, user,
      [&s, strict, after](StreamData& stream, Consumer& mine, const sw_token& token, std::size_t i) -> sw_status {
        if (stream.messages.count(token.seq) == 0) return SW_NOT_FOUND;
        const auto lease = mine.leases.find(token.seq);
        if (lease == mine.leases.end() || lease->second.attempt != token.attempt) return SW_CONFLICT;
        const bool ordered = (mine.config.flags & SW_CONSUMER_ORDERED) != 0;
        if (!s.leased(mine, token.seq) && (strict || ordered)) return SW_CONFLICT;
        lease->second.visible_ms = s.mono_ms + after[i];
        return SW_OK;
      });
}

sw_status read(const sw_host* h, sw_namespace* ns, sw_stream_id id, std::uint64_t from, std::uint32_t max,
               sw_str filter, sw_fetch_done done, void* user) {
  auto& s = state_of(h);
  if (filter.len != 0) return s.unsupported("a read with a filter");
  return call(
      h, "stream.read", ns, id, done != nullptr && max > 0 && max <= kMaxFetch,
      [&s, from, max, done, user](StreamData& stream) {
        std::vector<std::uint64_t> list;
        for (auto at = stream.messages.lower_bound(from); at != stream.messages.end() && list.size() < max; ++at)
          list.push_back(at->first);
        s.deliver(&stream, nullptr, list, done, user);
      },
      [done, user](sw_status status) { done(user, status, nullptr, 0, nullptr); });
}

sw_status state(const sw_host* h, sw_namespace* ns, sw_stream_id id, sw_str consumer, sw_state_done done, void* user) {
  auto& s = state_of(h);
  return call(
      h, "stream.state", ns, id, done != nullptr,
      [&s, consumer = text(consumer), done, user](StreamData& stream) {
        const auto* mine = stream.consumer(consumer);
        if (mine == nullptr && !consumer.empty()) return done(user, SW_NOT_FOUND, nullptr, nullptr);
        sw_stream_state out{};
        out.size = sizeof out;
        out.last_seq = stream.next_seq - 1;
        out.first_seq = stream.messages.empty() ? stream.next_seq : stream.messages.begin()->first;
        for (const auto& [seq, message] : stream.messages) {
          ++out.messages;
          out.bytes += message.body.size();
          if (out.oldest_ms == 0) out.oldest_ms = message.time_ms;
          if (mine == nullptr || mine->acked.count(seq) != 0) continue;
          if (s.leased(*mine, seq)) {
            ++out.leased;
          } else {
            ++(message.not_before_ms > s.mono_ms ? out.delayed : out.available);
          }
        }
        done(user, SW_OK, &out, nullptr);
      },
      [done, user](sw_status status) { done(user, status, nullptr, nullptr); });
}

// ---- tokens as text: a checksum stands for the MAC, which is enough to see a forged or foreign one ----

std::uint64_t checksum(sw_stream_id stream, std::string_view consumer, const sw_token& token) {
  std::uint64_t sum = 14695981039346656037ull;
  const auto mix = [&](std::uint64_t value) { sum = (sum ^ value) * 1099511628211ull; };
  mix(stream);
  mix(token.seq);
  mix(token.attempt);
  for (const char c : consumer) mix(static_cast<unsigned char>(c));
  return sum;
}

void seal(const sw_host*, sw_stream_id stream, sw_str consumer, sw_token token, std::uint8_t out[SW_SEALED_BYTES]) {
  const auto own = checksum(stream, view(consumer), token), any = checksum(0, "", token);
  std::memcpy(out, &token.seq, 8);
  std::memcpy(out + 8, &token.attempt, 4);
  std::memset(out + 12, 0, 4);
  std::memcpy(out + 16, &own, 8);
  std::memcpy(out + 24, &any, 8);
}
sw_status open(const sw_host* h, sw_stream_id stream, sw_str consumer, const std::uint8_t sealed[SW_SEALED_BYTES],
               sw_token* out) {
  if (!state_of(h).on_lane("stream.open")) return SW_INVALID;
  sw_token token{};
  std::uint64_t own = 0, any = 0;
  std::memcpy(&token.seq, sealed, 8);
  std::memcpy(&token.attempt, sealed + 8, 4);
  std::memcpy(&own, sealed + 16, 8);
  std::memcpy(&any, sealed + 24, 8);
  if (any != checksum(0, "", token)) return SW_INVALID;
  if (own != checksum(stream, view(consumer), token)) return SW_CONFLICT;
  *out = token;
  return SW_OK;
}

sw_status move(const sw_host* h, sw_namespace*, sw_stream_id, sw_str, const sw_move*, sw_move_done, void*) {
  return state_of(h).unsupported("stream.move");
}

}  // namespace

const sw_stream_api kStream = {sizeof kStream, 0,   create, update, remove, find,  get,  list, append, fetch,
                               cancel_fetch,   ack, extend, read,   purge,  state, seal, open, move};

}  // namespace switchyard::testing
