#include "tests/unit/sqs/fake_host.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace switchyard::sqs::testing {
namespace {

std::string text(sw_str s) { return std::string(s.data, s.len); }
std::string text(sw_bytes b) { return std::string(reinterpret_cast<const char*>(b.data), b.len); }
sw_str str(const std::string& s) { return {s.data(), s.size()}; }
sw_bytes bytes(const std::string& s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

std::string hmac(const std::string& key, const std::string& data) {
  unsigned char out[32];
  unsigned int n = sizeof out;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
       data.size(), out, &n);
  return std::string(reinterpret_cast<char*>(out), n);
}

std::string hex(const std::string& raw) {
  std::string out;
  char two[3];
  for (const char c : raw) {
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    out += two;
  }
  return out;
}

}  // namespace

// The functions of the tables; each finds its FakeHost in sw_host::host.
struct Tables {
  static FakeHost& of(const sw_host* host) { return *static_cast<FakeHost*>(host->host); }

  // ---- clock ----
  static std::int64_t wall_ms(const sw_host* h) { return of(h).wall_ms_; }
  static std::int64_t mono_ms(const sw_host* h) { return of(h).mono_ms_; }
  static sw_timer start(const sw_host* h, std::uint32_t after_ms, void (*fire)(void*), void* user) {
    FakeHost& f = of(h);
    f.timers_.push_back({f.next_id_++, f.mono_ms_ + after_ms, fire, user});
    return f.timers_.back().id;
  }
  static void cancel(const sw_host* h, sw_timer timer) {
    std::erase_if(of(h).timers_, [&](const FakeHost::Timer& t) { return t.id == timer; });
  }
  static void post(const sw_host*, std::uint32_t, void (*)(void*, void*), void*) { ADD_FAILURE() << "not used"; }
  static void random(const sw_host* h, void* out, std::size_t n) {
    auto* p = static_cast<std::uint8_t*>(out);
    std::uint64_t& x = of(h).random_;
    for (std::size_t i = 0; i < n; ++i) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      p[i] = static_cast<std::uint8_t>(x);
    }
  }

  // ---- auth ----
  static sw_status verify_mac(const sw_host* h, const sw_mac_check* check, const sw_principal** out) {
    FakeHost& f = of(h);
    const auto key = f.keys_.find(std::string_view(check->access_key.data, check->access_key.len));
    if (key == f.keys_.end()) return SW_NOT_FOUND;
    std::string chain = hmac("AWS4" + key->second.secret, text(check->date));
    chain = hmac(hmac(hmac(chain, text(check->region)), text(check->service)), "aws4_request");
    if (hex(hmac(chain, text(check->string_to_sign))) != text(check->signature)) return SW_UNAUTHENTICATED;
    if (key->second.expired) return SW_DENIED;
    f.principal_ = {};
    f.principal_.size = sizeof f.principal_;
    f.principal_.permissions = key->second.permissions;
    f.principal_.ns = key->second.ns;
    f.principal_.credential_id = str(key->first);
    f.principal_.credential_name = str(key->first);
    *out = &f.principal_;
    return SW_OK;
  }
  static sw_status anonymous(const sw_host* h, const sw_principal** out) {
    FakeHost& f = of(h);
    if (f.anonymous_ == nullptr) return SW_NOT_FOUND;
    static const std::string kName = "anonymous";
    f.principal_ = {};
    f.principal_.size = sizeof f.principal_;
    f.principal_.permissions = SW_PERM_PUBLISH | SW_PERM_RECEIVE | SW_PERM_MANAGE;
    f.principal_.ns = f.anonymous_;
    f.principal_.credential_id = str(kName);
    f.principal_.credential_name = str(kName);
    *out = &f.principal_;
    return SW_OK;
  }
  static sw_status describe(const sw_host* h, sw_namespace* ns, const sw_namespace_info** out) {
    FakeHost& f = of(h);
    if (ns == nullptr || ns->deleted) return SW_NOT_FOUND;
    sw_namespace_info& info = f.namespace_info_;
    info = {};
    info.size = sizeof info;
    info.max_message_bytes = ns->max_message_bytes;
    info.id = str(ns->id);
    info.name = str(ns->name);
    info.protocol = str(ns->protocol);
    info.style = str(ns->style);
    info.owner = str(ns->owner);
    info.region = str(ns->region);
    info.public_url = str(ns->public_url);
    *out = &info;
    return SW_OK;
  }

  // ---- http ----
  static sw_status route(const sw_host* h, sw_str, sw_str pattern, std::int32_t priority,
                         const sw_http_handler* handler, sw_error*) {
    EXPECT_EQ(text(pattern), "/*");
    EXPECT_LT(priority, 0) << "special routes are asked first";
    of(h).handler_ = handler;
    return SW_OK;
  }
  static void respond(sw_http_exchange* e, std::uint32_t status, const sw_pair* headers, std::size_t n, sw_bytes body) {
    EXPECT_FALSE(e->aborted) << "answered after the abort";
    EXPECT_FALSE(e->response) << "answered twice";
    HttpResponse& response = e->response.emplace();
    response.status = status;
    response.body = text(body);
    for (std::size_t i = 0; i < n; ++i) response.headers.emplace_back(text(headers[i].name), text(headers[i].value));
    for (auto& block : e->arena) block.reset();  // Late readers fail under the address sanitizer.
  }
  static void* alloc(sw_http_exchange* e, std::size_t n) {
    EXPECT_FALSE(e->aborted || e->response) << "memory of a dead exchange";
    if (e->arena_bytes + n > e->host->arena_limit_) return nullptr;
    e->arena_bytes += n;
    return e->arena.emplace_back(new char[n + 8]).get();
  }
  static void on_abort(sw_http_exchange* e, void (*aborted)(void*), void* user) {
    EXPECT_FALSE(e->aborted || e->response) << "a dead exchange";
    e->on_abort = aborted;
    e->on_abort_user = user;
  }

  // ---- kv ----
  static sw_status kv_get(const sw_host* h, sw_namespace* ns, sw_str key, sw_bytes* value, std::uint64_t* revision) {
    FakeHost& f = of(h);
    const auto at = f.kv_.find({ns, text(key)});
    if (at == f.kv_.end()) return SW_NOT_FOUND;
    *value = bytes(at->second.first);
    *revision = at->second.second;
    return SW_OK;
  }
  static void kv_scan(const sw_host* h, sw_namespace* ns, sw_str prefix, sw_str after,
                      std::int32_t (*visit)(void*, sw_str, sw_bytes, std::uint64_t), void* user) {
    FakeHost& f = of(h);
    const std::string begin = text(prefix);
    for (const auto& [key, record] : f.kv_) {
      if (key.first != ns || !key.second.starts_with(begin) || key.second <= text(after)) continue;
      if (visit(user, str(key.second), bytes(record.first), record.second) == 0) return;
    }
  }
  static sw_status kv_put(const sw_host* h, sw_namespace* ns, sw_str key, sw_bytes value, std::uint64_t expect,
                          sw_kv_done done, void* user) {
    FakeHost& f = of(h);
    f.later([&f, ns, key = text(key), value = text(value), expect, done, user] {
      const auto at = f.kv_.find({ns, key});
      const std::uint64_t present = at == f.kv_.end() ? 0 : at->second.second;
      if (expect != SW_KV_ANY && expect != present) return done(user, SW_CONFLICT, present, nullptr);
      auto& record = f.kv_[{ns, key}];
      record = {value, ++f.next_id_};
      done(user, SW_OK, record.second, nullptr);
    });
    return SW_OK;
  }
  static sw_status kv_erase(const sw_host* h, sw_namespace* ns, sw_str key, std::uint64_t, sw_kv_done done,
                            void* user) {
    FakeHost& f = of(h);
    f.later([&f, ns, key = text(key), done, user] {
      f.kv_.erase({ns, key});
      done(user, SW_OK, 0, nullptr);
    });
    return SW_OK;
  }

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
      made[i].headers = text(messages[i]->headers);
      made[i].body = text(messages[i]->body);
      made[i].header_format = messages[i]->header_format;
      made[i].visible_ms = f.mono_ms_ + messages[i]->delay_ms;
      made[i].time_ms = f.wall_ms_;
      random(h, made[i].id, 16);
    }
    f.later([&f, id, made = std::move(made), done, user]() mutable {
      if (const sw_status failure = f.take_failure(true)) return done(user, failure, nullptr, 0, nullptr);
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr, 0, nullptr);
      std::vector<sw_appended> results(made.size());
      std::vector<const sw_appended*> pointers;
      for (std::size_t i = 0; i < made.size(); ++i) {
        made[i].seq = s->next_seq++;
        results[i] = {};
        results[i].size = sizeof results[i];
        results[i].seq = made[i].seq;
        std::memcpy(results[i].id, made[i].id, 16);
        pointers.push_back(&results[i]);
        s->messages[made[i].seq] = made[i];
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
                       std::uint32_t, sw_tokens_done done, void* user) {
    FakeHost& f = of(h);
    if (const sw_status failure = f.take_failure(false)) return failure;
    f.later([&f, id, tokens = std::vector(tokens, tokens + n), done, user] {
      if (const sw_status failure = f.take_failure(true)) return done(user, failure, nullptr, 0, nullptr);
      FakeStream* s = f.by_id(id);
      if (s == nullptr) return done(user, SW_NOT_FOUND, nullptr, 0, nullptr);
      const std::vector<sw_status> each(tokens.size(), SW_OK);
      for (const sw_token& token : tokens) s->messages.erase(token.seq);
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
            } else if (at->second.attempt != tokens[i].attempt) {
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
  static sw_status read(const sw_host*, sw_namespace*, sw_stream_id, std::uint64_t, std::uint32_t, sw_str,
                        sw_fetch_done, void*) {
    return SW_UNSUPPORTED;
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

  static const void* extension(const sw_host*, const char* id) {
    static const sw_clock_api clock = {sizeof clock, 0, wall_ms, mono_ms, start, cancel, post, random};
    static const sw_auth_api auth = {sizeof auth, 0, verify_mac, anonymous, describe};
    static const sw_http_api http = {sizeof http, 0, route, respond, alloc, on_abort};
    static const sw_kv_api kv = {sizeof kv, 0, kv_get, kv_scan, kv_put, kv_erase};
    static const sw_stream_api stream = {sizeof stream, 0,   create, update, remove, find,  get,  list, append, fetch,
                                         cancel_fetch,  ack, extend, read,   purge,  state, seal, open};
    const std::string_view name = id;
    if (name == SW_EXT_CLOCK) return &clock;
    if (name == SW_EXT_AUTH) return &auth;
    if (name == SW_EXT_HTTP) return &http;
    if (name == SW_EXT_KV) return &kv;
    if (name == SW_EXT_STREAM) return &stream;
    return nullptr;
  }
};

std::string HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

FakeHost::FakeHost() {
  host_.size = sizeof host_;
  host_.generation = SW_ABI_GENERATION;
  host_.revision = SW_ABI_REVISION;
  host_.lanes = 1;
  host_.host = this;
  host_.extension = &Tables::extension;
}

FakeHost::~FakeHost() { EXPECT_TRUE(tasks_.empty()) << "completions were left over"; }

sw_namespace* FakeHost::add_namespace(std::string style, std::string owner, std::string region) {
  auto& made = namespaces_.emplace_back(new sw_namespace);
  made->id = "ns-" + std::to_string(namespaces_.size());
  made->name = made->id;
  made->style = std::move(style);
  made->owner = std::move(owner);
  made->region = std::move(region);
  return made.get();
}

void FakeHost::add_key(std::string access_key, std::string secret, sw_namespace* ns, std::uint32_t permissions) {
  keys_[std::move(access_key)] = Key{std::move(secret), ns, permissions};
}

void FakeHost::expire_key(const std::string& access_key) { keys_.at(access_key).expired = true; }

sw_http_exchange* FakeHost::offer(HttpRequest request, void* self, void* lane_state) {
  auto& e = exchanges_.emplace_back(new sw_http_exchange);
  e->host = this;
  e->kept = std::move(request);
  for (const auto& [name, value] : e->kept.headers) e->pairs.push_back({str(name), str(value)});
  const std::size_t question = e->kept.target.find('?');
  sw_http_request& r = e->request;
  r.size = sizeof r;
  r.flags = e->kept.tls ? SW_HTTP_TLS : 0;
  r.method = str(e->kept.method);
  r.target = str(e->kept.target);
  r.path = {e->kept.target.data(), std::min(question, e->kept.target.size())};
  if (question != std::string::npos) {
    r.query = {e->kept.target.data() + question + 1, e->kept.target.size() - question - 1};
  }
  r.headers = e->pairs.data();
  r.header_count = e->pairs.size();
  r.body = bytes(e->kept.body);
  lent_.clear();
  if (handler_->match(self, lane_state, &r) == 0) return nullptr;
  handler_->handle(self, lane_state, e.get(), &r);
  if (!hold_) settle();
  return e.get();
}

void FakeHost::abort(sw_http_exchange* exchange) {
  ASSERT_FALSE(exchange->response);
  if (exchange->on_abort != nullptr) exchange->on_abort(exchange->on_abort_user);
  exchange->aborted = true;
  exchange->arena.clear();
  exchange->kept = HttpRequest{};
  exchange->pairs.clear();
  if (!hold_) settle();
}

void FakeHost::settle() {
  while (!tasks_.empty()) {
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
}

void FakeHost::advance(std::int64_t ms) {
  wall_ms_ += ms;
  mono_ms_ += ms;
  later([this] { wake(); });
  settle();
}

sw_status FakeHost::take_failure(bool in_completion) {
  if (failure_in_completion_ != in_completion) return SW_OK;
  return std::exchange(failure_, SW_OK);
}

FakeStream* FakeHost::stream(std::string_view name) {
  for (const auto& [key, stream] : streams_) {
    if (key.second == name) return stream.get();
  }
  return nullptr;
}

FakeStream* FakeHost::by_id(sw_stream_id id) {
  for (const auto& [key, stream] : streams_) {
    if (stream->id == id) return stream.get();
  }
  return nullptr;
}

const sw_stream_info* FakeHost::info_of(const FakeStream& stream) {
  Lent& lent = lent_.emplace_back();
  lent.info.size = sizeof lent.info;
  lent.info.id = stream.id;
  lent.info.version = stream.version;
  lent.info.created_ms = stream.created_ms;
  lent.info.updated_ms = stream.updated_ms;
  lent.info.name = str(stream.name);
  lent.info.blob = bytes(stream.blob);
  lent.info.config = &stream.config;
  lent.consumers[0] = &stream.consumer;
  lent.info.consumers = lent.consumers;
  lent.info.consumer_count = 1;
  return &lent.info;
}

std::size_t FakeHost::leased(const FakeStream& stream) const {
  std::size_t n = 0;
  for (const auto& [seq, message] : stream.messages) n += message.attempt > 0 && !visible(message) ? 1 : 0;
  return n;
}

std::vector<FakeMessage*> FakeHost::take(FakeStream& stream, const sw_fetch& fetch) {
  std::vector<FakeMessage*> out;
  std::vector<std::uint64_t> dead;
  for (auto& [seq, message] : stream.messages) {
    if (out.size() == fetch.max) break;
    if (!visible(message)) continue;
    if (stream.consumer.max_attempts != 0 && message.attempt >= stream.consumer.max_attempts) {
      dead.push_back(seq);
      continue;
    }
    ++message.attempt;
    if (message.first_delivered_ms == 0) message.first_delivered_ms = wall_ms_;
    message.visible_ms = mono_ms_ + fetch.ack_wait_ms;
    out.push_back(&message);
  }
  for (const std::uint64_t seq : dead) {
    if (FakeStream* target = by_id(stream.consumer.dead_letter)) {
      FakeMessage moved = stream.messages.at(seq);
      moved.seq = target->next_seq++;
      moved.attempt = 0;
      moved.first_delivered_ms = 0;
      moved.source = stream.name;
      target->messages[moved.seq] = moved;
    }
    stream.messages.erase(seq);
  }
  return out;
}

void FakeHost::deliver(FakeStream& stream, std::vector<FakeMessage*> messages, sw_fetch_done done, void* user) {
  (void)stream;
  std::vector<sw_delivery> deliveries(messages.size());
  std::vector<const sw_delivery*> pointers;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const FakeMessage& m = *messages[i];
    sw_delivery& d = deliveries[i];
    d = {};
    d.size = sizeof d;
    d.token.seq = m.seq;
    d.token.attempt = m.attempt;
    std::memcpy(d.id, m.id, 16);
    d.time_ms = m.time_ms;
    d.first_delivered_ms = m.first_delivered_ms;
    d.key = str(m.key);
    d.header_format = m.header_format;
    d.headers = bytes(m.headers);
    d.body = bytes(m.body);
    d.source = str(m.source);
    pointers.push_back(&d);
  }
  done(user, SW_OK, pointers.data(), pointers.size(), nullptr);
}

bool FakeHost::serve(const Waiting& w) {
  if (const sw_status failure = take_failure(true)) {
    w.done(w.user, failure, nullptr, 0, nullptr);
    return true;
  }
  FakeStream* s = by_id(w.stream);
  if (s == nullptr) {
    w.done(w.user, SW_NOT_FOUND, nullptr, 0, nullptr);
    return true;
  }
  if (leased(*s) >= max_leased_) {
    w.done(w.user, SW_QUOTA, nullptr, 0, nullptr);
    return true;
  }
  std::vector<FakeMessage*> messages = take(*s, w.fetch);
  if (messages.empty() && w.deadline_ms > mono_ms_) return false;
  deliver(*s, std::move(messages), w.done, w.user);
  return true;
}

void FakeHost::wake() {
  std::vector<Waiting> asked;
  asked.swap(waiting_);
  for (const Waiting& w : asked) {
    if (!serve(w)) waiting_.push_back(w);
  }
}

}  // namespace switchyard::sqs::testing
