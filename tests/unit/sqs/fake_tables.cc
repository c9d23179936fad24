// Tables of the fake server: clock, auth, http and key-value.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/unit/sqs/fake_host.h"
#include "tests/unit/sqs/fake_text.h"

namespace switchyard::sqs::testing {

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
    of(h).fill_random(static_cast<std::uint8_t*>(out), n);
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
    f.principal_.expires_ms = key->second.expires_ms;
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
  static sw_status watch(const sw_host* h, void (*changed)(void*, void*, sw_str, std::uint32_t), void* user) {
    of(h).credential_changed_ = changed;
    of(h).credential_changed_user_ = user;
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

  static void namespaces(const sw_host* h, std::int32_t (*visit)(void*, sw_namespace*, const sw_namespace_info*),
                         void* user) {
    for (const auto& ns : of(h).namespaces_) {
      const sw_namespace_info* info = nullptr;
      if (describe(h, ns.get(), &info) == SW_OK && visit(user, ns.get(), info) == 0) return;
    }
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
};

const void* fake_table(const char* id) {
  using T = Tables;
  static const sw_clock_api clock = {sizeof clock, 0, T::wall_ms, T::mono_ms, T::start, T::cancel, T::post, T::random};
  static const sw_auth_api auth = {sizeof auth,   0,        T::verify_mac, T::anonymous, T::describe,
                                   T::namespaces, T::watch, nullptr,       nullptr};
  static const sw_http_api http = {sizeof http, 0, T::route, T::respond, T::alloc, T::on_abort};
  static const sw_kv_api kv = {sizeof kv, 0, T::kv_get, T::kv_scan, T::kv_put, T::kv_erase};
  const std::string_view name = id;
  if (name == SW_EXT_CLOCK) return &clock;
  if (name == SW_EXT_AUTH) return &auth;
  if (name == SW_EXT_HTTP) return &http;
  return name == SW_EXT_KV ? static_cast<const void*>(&kv) : nullptr;
}

}  // namespace switchyard::sqs::testing
