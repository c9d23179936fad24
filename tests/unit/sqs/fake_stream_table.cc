// The stream table of the fake server.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/unit/sqs/fake_host.h"
#include "tests/unit/sqs/fake_text.h"

namespace switchyard::sqs::testing {

struct StreamTable {
  static FakeHost& of(const sw_host* host) { return *static_cast<FakeHost*>(host->host); }

  // ---- stream: definitions ----
  static void set_config(FakeStream& s, const sw_stream_config* config, const sw_consumer_config* const* consumers,
                         std::size_t n, sw_bytes blob) {
    EXPECT_EQ(n, 1u);
    s.config = *config;
    s.consumer = *consumers[0];
    s.consumer_name = text(consumers[0]->name);
    s.consumer.name = str(s.consumer_name);
    s.consumer.filter = {};
    s.blob = text(blob);
  }
  static sw_status create(const sw_host* h, sw_namespace* ns, sw_str name, const sw_stream_config* config,
                          const sw_consumer_config* const* consumers, std::size_t n, sw_bytes blob, sw_stream_done done,
                          void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    auto made = std::make_shared<FakeStream>();
    made->ns = ns;
    made->name = text(name);
    set_config(*made, config, consumers, n, blob);
    f.later([&f, made, done, user] {
      if (const sw_status failure = f.take_failure(true)) return done(user, failure, nullptr, nullptr);
      auto& slot = f.streams_[{made->ns, made->name}];
      if (slot) return done(user, SW_EXISTS, f.info_of(*slot), nullptr);
      slot = std::make_unique<FakeStream>(*made);
      slot->consumer.name = str(slot->consumer_name);
      slot->id = ++f.next_id_;
      slot->version = ++f.next_id_;
      slot->created_ms = slot->updated_ms = f.wall_ms_;
      done(user, SW_OK, f.info_of(*slot), nullptr);
    });
    return SW_OK;
  }
  static sw_status update(const sw_host* h, sw_namespace*, sw_stream_id id, std::uint64_t expect,
                          const sw_stream_config* config, const sw_consumer_config* const* consumers, std::size_t n,
                          sw_bytes blob, sw_stream_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    auto made = std::make_shared<FakeStream>();
    set_config(*made, config, consumers, n, blob);
    f.later([&f, made, id, expect, done, user] {
      if (const sw_status failure = f.take_failure(true)) return done(user, failure, nullptr, nullptr);
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr, nullptr);
      if (expect != 0 && expect != s->version) return done(user, SW_CONFLICT, nullptr, nullptr);
      s->config = made->config;
      s->consumer = made->consumer;
      s->consumer_name = made->consumer_name;
      s->consumer.name = str(s->consumer_name);
      s->blob = made->blob;
      s->version = ++f.next_id_;
      s->updated_ms = f.wall_ms_;
      done(user, SW_OK, f.info_of(*s), nullptr);
    });
    return SW_OK;
  }
  static sw_status remove(const sw_host* h, sw_namespace*, sw_stream_id id, sw_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.later([&f, id, done, user] {
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr);
      f.streams_.erase({s->ns, s->name});
      done(user, SW_OK, nullptr);
      f.wake();
    });
    return SW_OK;
  }
  static sw_status find(const sw_host* h, sw_namespace* ns, sw_str name, const sw_stream_info** out) {
    FakeHost& f = of(h);
    const auto at = f.streams_.find({ns, text(name)});
    if (at == f.streams_.end()) return SW_NOT_FOUND;
    *out = f.info_of(*at->second);
    return SW_OK;
  }
  static sw_status get(const sw_host* h, sw_namespace*, sw_stream_id id, const sw_stream_info** out) {
    FakeStream* s = of(h).by_id(id);
    if (s == nullptr) return SW_NOT_FOUND;
    *out = of(h).info_of(*s);
    return SW_OK;
  }
  static void list(const sw_host* h, sw_namespace* ns, sw_str prefix, sw_str after,
                   std::int32_t (*visit)(void*, const sw_stream_info*), void* user) {
    FakeHost& f = of(h);
    for (const auto& [key, stream] : f.streams_) {
      if (key.first != ns || !key.second.starts_with(text(prefix)) || key.second <= text(after)) continue;
      ++f.looked_at_;
      if (visit(user, f.info_of(*stream)) == 0) return;
    }
  }

  // ---- stream: messages ----
  static sw_status append(const sw_host* h, sw_namespace*, sw_stream_id id, const sw_message* const* messages,
                          std::size_t n, std::uint32_t, sw_append_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    std::vector<FakeMessage> made(n);
    for (std::size_t i = 0; i < n; ++i) {
      made[i].key = text(messages[i]->key);
      made[i].dedup_id = text(messages[i]->dedup_id);
      made[i].headers = text(messages[i]->headers);
      made[i].body = text(messages[i]->body);
      made[i].header_format = messages[i]->header_format;
      made[i].visible_ms = f.mono_ms_ + messages[i]->delay_ms;
      made[i].time_ms = f.wall_ms_;
      f.fill_random(made[i].id, 16);
    }
    f.later([&f, id, made = std::move(made), done, user]() mutable {
      if (const sw_status failure = f.take_failure(true)) return done(user, failure, nullptr, 0, nullptr);
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr, 0, nullptr);
      std::vector<sw_appended> results(made.size());
      std::vector<const sw_appended*> pointers;
      for (std::size_t i = 0; i < made.size(); ++i) {
        if (f.admit(*s, made[i], results[i])) s->messages[made[i].seq] = made[i];
        pointers.push_back(&results[i]);
      }
      done(user, SW_OK, pointers.data(), pointers.size(), nullptr);
      f.wake();
    });
    return SW_OK;
  }
  static sw_status fetch(const sw_host* h, sw_namespace*, sw_stream_id id, sw_str consumer, const sw_fetch* fetch,
                         sw_fetch_id* out, sw_fetch_done done, void* user) {
    FakeHost& f = of(h);
    EXPECT_EQ(text(consumer), "q");
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.last_fetch_ = *fetch;
    f.last_attempt_ = text(fetch->attempt_id);
    if (out != nullptr) *out = f.next_fetch_;
    f.waiting_.push_back({f.next_fetch_++, id, *fetch, f.mono_ms_ + fetch->wait_ms, done, user});
    f.later([&f] { f.wake(); });
    return SW_OK;
  }
  static void cancel_fetch(const sw_host* h, sw_fetch_id id) {
    FakeHost& f = of(h);
    if (std::exchange(f.lose_cancel_, false)) return;
    const auto at = std::find_if(f.waiting_.begin(), f.waiting_.end(), [&](const auto& w) { return w.id == id; });
    if (at == f.waiting_.end()) return;
    f.later([done = at->done, user = at->user] { done(user, SW_CANCELLED, nullptr, 0, nullptr); });
    f.waiting_.erase(at);
  }
  static sw_status ack(const sw_host* h, sw_namespace*, sw_stream_id id, sw_str, const sw_token* tokens, std::size_t n,
                       std::uint32_t flags, sw_tokens_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.later([&f, id, tokens = std::vector(tokens, tokens + n), flags, done, user] {
      if (const sw_status failure = f.take_failure(true)) return done(user, failure, nullptr, 0, nullptr);
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr, 0, nullptr);
      std::vector<sw_status> each(tokens.size(), SW_OK);
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        const auto at = s->messages.find(tokens[i].seq);
        if (at == s->messages.end()) {
          if ((flags & SW_ACK_STRICT) != 0) each[i] = SW_NOT_FOUND;
        } else if ((flags & SW_ACK_STRICT) != 0 && (at->second.attempt != tokens[i].attempt || f.visible(at->second))) {
          each[i] = SW_CONFLICT;
        } else {
          s->messages.erase(at);
        }
      }
      done(user, SW_OK, each.data(), each.size(), nullptr);
    });
    return SW_OK;
  }
  static sw_status extend(const sw_host* h, sw_namespace*, sw_stream_id id, sw_str, const sw_token* tokens,
                          const std::uint32_t* after_ms, std::size_t n, std::uint32_t, sw_tokens_done done,
                          void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.later(
        [&f, id, tokens = std::vector(tokens, tokens + n), after = std::vector(after_ms, after_ms + n), done, user] {
          if (const sw_status failure = f.take_failure(true)) return done(user, failure, nullptr, 0, nullptr);
          FakeStream* s = f.by_id(id);
          if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr, 0, nullptr);
          std::vector<sw_status> each;
          for (std::size_t i = 0; i < tokens.size(); ++i) {
            const auto at = s->messages.find(tokens[i].seq);
            if (at == s->messages.end()) {
              each.push_back(SW_NOT_FOUND);
            } else if (at->second.attempt != tokens[i].attempt || (s->ordered() && f.visible(at->second))) {
              each.push_back(SW_CONFLICT);
            } else {
              at->second.visible_ms = f.mono_ms_ + after[i];
              each.push_back(SW_OK);
            }
          }
          done(user, SW_OK, each.data(), each.size(), nullptr);
          f.wake();
        });
    return SW_OK;
  }
  static sw_status read(const sw_host* h, sw_namespace*, sw_stream_id id, std::uint64_t from, std::uint32_t max, sw_str,
                        sw_fetch_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.later([&f, id, from, max, done, user] {
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr, 0, nullptr);
      std::vector<FakeMessage> seen;
      for (auto at = s->messages.lower_bound(from); at != s->messages.end() && seen.size() < max; ++at) {
        seen.push_back(at->second);
        seen.back().attempt = 0;
        seen.back().first_delivered_ms = seen.back().delivered_ms = 0;
      }
      std::vector<FakeMessage*> pointers;
      for (FakeMessage& message : seen) pointers.push_back(&message);
      f.deliver(*s, std::move(pointers), done, user);
    });
    return SW_OK;
  }
  static sw_status purge(const sw_host* h, sw_namespace*, sw_stream_id id, sw_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.later([&f, id, done, user] {
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr);
      s->messages.clear();
      done(user, SW_OK, nullptr);
    });
    return SW_OK;
  }
  static sw_status state(const sw_host* h, sw_namespace*, sw_stream_id id, sw_str, sw_state_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.later([&f, id, done, user] {
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr, nullptr);
      sw_stream_state counts{};
      counts.size = sizeof counts;
      for (const auto& [seq, message] : s->messages) {
        ++counts.messages;
        if (f.visible(message)) {
          ++counts.available;
        } else {
          ++(message.attempt == 0 ? counts.delayed : counts.leased);
        }
      }
      done(user, SW_OK, &counts, nullptr);
    });
    return SW_OK;
  }

  // ---- tokens: stream, sequence, attempt and a tag that covers them ----
  static void tag(sw_stream_id stream, const std::uint8_t* head, std::uint8_t out[12]) {
    const std::string mac =
        hmac("token secret", std::string(reinterpret_cast<const char*>(head), 20) + std::to_string(stream));
    std::memcpy(out, mac.data(), 12);
  }
  static void seal(const sw_host*, sw_stream_id stream, sw_str, sw_token token, std::uint8_t out[SW_SEALED_BYTES]) {
    std::memcpy(out, &stream, 8);
    std::memcpy(out + 8, &token.seq, 8);
    std::memcpy(out + 16, &token.attempt, 4);
    tag(stream, out, out + 20);
  }
  static sw_status open(const sw_host*, sw_stream_id stream, sw_str, const std::uint8_t sealed[SW_SEALED_BYTES],
                        sw_token* out) {
    sw_stream_id sealed_stream = 0;
    std::memcpy(&sealed_stream, sealed, 8);
    std::uint8_t expected[12];
    tag(sealed_stream, sealed, expected);
    if (std::memcmp(expected, sealed + 20, 12) != 0) return SW_INVALID;
    if (sealed_stream != stream) return SW_CONFLICT;
    *out = {};
    std::memcpy(&out->seq, sealed + 8, 8);
    std::memcpy(&out->attempt, sealed + 16, 4);
    return SW_OK;
  }

  static sw_status move(const sw_host* h, sw_namespace* ns, sw_stream_id id, sw_str, const sw_move* order,
                        sw_move_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.later([&f, ns, id, order = *order, done, user] {
      if (const sw_status failure = f.take_failure(true)) return done(user, failure, 0, nullptr);
      FakeStream* from = f.by_id(id);
      if (from == nullptr) return done(user, SW_NOT_FOUND, 0, nullptr);
      std::uint32_t moved = 0;
      sw_status status = SW_OK;
      while (moved < order.max && status == SW_OK) {
        const auto at = std::find_if(from->messages.begin(), from->messages.end(),
                                     [&](const auto& entry) { return f.visible(entry.second); });
        if (at == from->messages.end()) break;
        FakeMessage message = at->second;
        const auto source = f.streams_.find({ns, message.source});
        FakeStream* to = order.target != 0            ? f.by_id(order.target)
                         : source == f.streams_.end() ? nullptr
                                                      : source->second.get();
        if (to == nullptr) {
          status = order.target == 0 && message.source.empty() ? SW_CONFLICT : SW_NOT_FOUND;
          break;
        }
        EXPECT_EQ(order.flags, SW_MOVE_AS_NEW);
        message.source.clear();
        message.attempt = 0;
        message.first_delivered_ms = 0;
        message.time_ms = f.wall_ms_;
        message.seq = to->next_seq++;
        to->messages[message.seq] = message;
        from->messages.erase(at);
        ++moved;
      }
      f.moves_.push_back(moved);
      done(user, status, moved, nullptr);
      f.wake();
    });
    return SW_OK;
  }
};

const void* fake_stream_table() {
  using T = StreamTable;
  static const sw_stream_api table = {
      sizeof table,    0,      T::create, T::update, T::remove, T::find,  T::get,  T::list, T::append, T::fetch,
      T::cancel_fetch, T::ack, T::extend, T::read,   T::purge,  T::state, T::seal, T::open, T::move};
  return &table;
}

}  // namespace switchyard::sqs::testing
