// Tables log/1, clock/1, auth/1, http/1, kv/1 and metrics/1 of the host in memory.
#include <algorithm>
#include <cstring>

#include "state.hpp"

namespace switchyard::testing {
namespace {

using State = Host::State;

constexpr std::size_t kMaxKey = 512, kMaxValue = 64 * 1024;

// ---- log and metrics [any] ----

std::int32_t log_enabled(const sw_host*, std::uint32_t) { return 1; }
void log_write(const sw_host* h, std::uint32_t level, sw_str event, const sw_pair* fields, std::size_t n) {
  auto& s = state_of(h);
  if (!s.right_thread("log.write")) return;
  static constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};
  std::string line = std::string(kLevels[std::min<std::uint32_t>(level, 3)]) + " " + text(event);
  // Not with operator+: GCC 12 at -O3 takes " " + text(...) for a copy that overlaps (-Wrestrict).
  for (std::size_t i = 0; i < n; ++i)
    line.append(1, ' ').append(text(fields[i].name)).append(1, '=').append(text(fields[i].value));
  s.log.push_back(std::move(line));
}

sw_counter* counter(const sw_host* h, sw_str name, sw_str, const sw_pair*, std::size_t) {
  return reinterpret_cast<sw_counter*>(&state_of(h).counters[text(name)]);
}
void add(sw_counter* counter, std::uint64_t n) {
  if (counter != nullptr) *reinterpret_cast<std::uint64_t*>(counter) += n;
}

// ---- clock ----

std::int64_t wall_ms(const sw_host* h) { return state_of(h).wall_ms; }
std::int64_t mono_ms(const sw_host* h) { return state_of(h).mono_ms; }
sw_timer start_timer(const sw_host* h, std::uint32_t after_ms, void (*fire)(void*), void* user) {
  auto& s = state_of(h);
  if (!s.on_lane("clock.start") || fire == nullptr) return 0;
  // In the order in which they are due; of the same time in that of their start.
  const Timer timer{s.next_id++, s.lane, s.mono_ms + after_ms, fire, user};
  const auto later = [&](const Timer& t) { return t.at_ms > timer.at_ms; };
  s.timers.insert(std::find_if(s.timers.begin(), s.timers.end(), later), timer);
  return timer.id;
}
void cancel_timer(const sw_host* h, sw_timer timer) {
  auto& s = state_of(h);
  if (!s.on_lane("clock.cancel")) return;
  std::erase_if(s.timers, [&](const Timer& t) { return t.id == timer; });
}
void post(const sw_host* h, std::uint32_t lane, void (*task)(void*, void*), void* user) {
  auto& s = state_of(h);
  if (!s.right_thread("clock.post")) return;
  if (lane >= s.host.lanes || task == nullptr) return s.misuse("clock.post was given no task, or a lane that is none");
  s.tasks.push_back(
      {lane, [&s, lane, task, user] { s.callback(lane, "posted task", [&] { task(user, s.lane_states[lane]); }); }});
}
void fill_random(const sw_host* h, void* out, std::size_t n) {
  state_of(h).fill_random(static_cast<std::uint8_t*>(out), n);
}

// ---- auth ----

const sw_principal* lend_principal(State& s, Namespace* ns, std::uint32_t permissions, std::string_view credential) {
  auto& p = s.principals.emplace_back();
  p = {sizeof p, permissions, reinterpret_cast<sw_namespace*>(ns), str(credential), str(credential), 0};
  return &p;
}
sw_status verify_mac(const sw_host* h, const sw_mac_check* check, const sw_principal** out) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("auth.verify_mac")) return refusal;
  if (check == nullptr || check->size < sizeof *check || out == nullptr) return SW_INVALID;
  const auto found = s.credentials.find(text(check->access_key));
  if (found == s.credentials.end()) return SW_NOT_FOUND;
  if (found->second.signature != text(check->signature)) return SW_UNAUTHENTICATED;
  *out = lend_principal(s, found->second.ns, found->second.permissions, found->first);
  return SW_OK;
}
sw_status anonymous(const sw_host* h, const sw_principal** out) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("auth.anonymous")) return refusal;
  if (out == nullptr) return SW_INVALID;
  if (s.anonymous == nullptr) return SW_NOT_FOUND;
  *out = lend_principal(s, s.anonymous, SW_PERM_PUBLISH | SW_PERM_RECEIVE | SW_PERM_MANAGE, "anonymous");
  return SW_OK;
}
const sw_namespace_info* lend_info(State& s, const Namespace& ns) {
  auto& info = s.infos.emplace_back();
  info = {sizeof info,    1'048'576,           str(ns.id), str(ns.name), str("sqs_sns"),
          str("account"), str("000000000000"), str(""),    str(""),      str("")};
  return &info;
}
sw_status describe(const sw_host* h, sw_namespace* ns, const sw_namespace_info** out) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("auth.describe")) return refusal;
  if (out == nullptr) return SW_INVALID;
  const auto* found = s.find("auth.describe", ns);
  if (found == nullptr) return SW_NOT_FOUND;
  *out = lend_info(s, *found);
  return SW_OK;
}
void namespaces(const sw_host* h, std::int32_t (*visit)(void*, sw_namespace*, const sw_namespace_info*), void* user) {
  auto& s = state_of(h);
  if (!s.on_lane("auth.namespaces") || visit == nullptr) return;
  for (const auto& ns : s.namespaces) {
    if (!ns->deleted && visit(user, reinterpret_cast<sw_namespace*>(ns.get()), lend_info(s, *ns)) == 0) return;
  }
}

// Credentials of this host never change: nothing is ever called.
sw_status watch(const sw_host*, void (*changed)(void*, void*, sw_str, std::uint32_t), void*) {
  return changed == nullptr ? SW_INVALID : SW_OK;
}

sw_status find_namespace(const sw_host* h, sw_str id, sw_namespace** handle, const sw_namespace_info** out) {
  auto& s = state_of(h);
  if (!s.on_lane("auth.find_namespace") || handle == nullptr || out == nullptr) return SW_INVALID;
  for (const auto& ns : s.namespaces) {
    if (ns->deleted || ns->id != sdk::view(id)) continue;
    *handle = reinterpret_cast<sw_namespace*>(ns.get());
    *out = lend_info(s, *ns);
    return SW_OK;
  }
  return SW_NOT_FOUND;
}

// Its credentials have secrets, all of them.
sw_status find_public(const sw_host*, sw_str, const sw_principal**) { return SW_NOT_FOUND; }

// ---- http ----

sw_status route(const sw_host* h, sw_str method, sw_str pattern, std::int32_t priority, const sw_http_handler* handler,
                sw_error* error) {
  auto& s = state_of(h);
  const auto refuse = [&](const char* why) { return sdk::fail(error, SW_INVALID, why); };
  if (!s.right_thread("http.route")) return SW_INVALID;
  if (!s.starting) return refuse("routes are registered in start() and nowhere else");
  if (handler == nullptr || handler->size < sizeof *handler || handler->handle == nullptr)
    return refuse("the handler has no handle function or is too small");
  if (pattern.len == 0 || pattern.data[0] != '/') return refuse("a pattern starts with /");
  const Route made{text(method), text(pattern), priority, *handler};
  const auto lower = [&](const Route& r) { return r.priority < priority; };
  s.routes.insert(std::find_if(s.routes.begin(), s.routes.end(), lower), made);
  return SW_OK;
}
void respond(sw_http_exchange* exchange, std::uint32_t status, const sw_pair* headers, std::size_t n, sw_bytes body) {
  auto* e = newest == nullptr ? nullptr : newest->find(exchange, "http.respond");
  if (e == nullptr) return;
  if (status < 200 || status > 599) newest->misuse(e->what + " was answered with the status " + std::to_string(status));
  e->done = true;
  e->answer.status = status;
  e->answer.body = text(body);
  for (std::size_t i = 0; i < n; ++i) e->answer.headers.emplace_back(text(headers[i].name), text(headers[i].value));
  e->arena.clear();  // A late reader fails under the address sanitizer.
  e->body = {};
}
void* alloc(sw_http_exchange* exchange, std::size_t n) {
  auto* e = newest == nullptr ? nullptr : newest->find(exchange, "http.alloc");
  if (e == nullptr || newest->planned(newest->refusals, "http.alloc") != SW_OK) return nullptr;
  if (n > State::kMaxArena - e->arena_bytes) return nullptr;
  e->arena_bytes += n;
  return e->arena.emplace_back(new std::uint64_t[n / 8 + 1]).get();
}
void on_abort(sw_http_exchange* exchange, void (*aborted)(void*), void* user) {
  auto* e = newest == nullptr ? nullptr : newest->find(exchange, "http.on_abort");
  if (e == nullptr) return;
  e->on_abort = aborted;
  e->on_abort_user = user;
}

// ---- kv ----

sw_status kv_get(const sw_host* h, sw_namespace* ns, sw_str key, sw_bytes* value, std::uint64_t* revision) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter("kv.get")) return refusal;
  auto* in = s.find("kv.get", ns);
  const auto found = s.records.find({in, text(key)});
  if (in == nullptr || found == s.records.end()) return SW_NOT_FOUND;
  if (value != nullptr) *value = bytes(found->second.first);
  if (revision != nullptr) *revision = found->second.second;
  return SW_OK;
}
void kv_scan(const sw_host* h, sw_namespace* ns, sw_str prefix, sw_str after,
             std::int32_t (*visit)(void*, sw_str, sw_bytes, std::uint64_t), void* user) {
  auto& s = state_of(h);
  if (!s.on_lane("kv.scan") || visit == nullptr) return;
  auto* in = s.find("kv.scan", ns);
  const auto begin = text(prefix), behind = text(after);
  for (const auto& [key, record] : s.records) {
    if (key.first != in || !key.second.starts_with(begin) || (!behind.empty() && key.second <= behind)) continue;
    if (visit(user, str(key.second), bytes(record.first), record.second) == 0) return;
  }
}
// A null value erases.
sw_status commit(const sw_host* h, const char* call, sw_namespace* ns, sw_str key, std::optional<std::string> value,
                 std::uint64_t expect, sw_kv_done done, void* user) {
  auto& s = state_of(h);
  if (const auto refusal = s.enter(call)) return refusal;
  if (done == nullptr || key.len == 0 || key.len > kMaxKey || (value && value->size() > kMaxValue)) return SW_INVALID;
  auto* in = s.find(call, ns);
  if (in == nullptr) return SW_NOT_FOUND;
  s.later(
      [&s, call, in, key = text(key), value = std::move(value), expect, done, user] {
        if (const auto failure = s.planned(s.failures, call)) return done(user, failure, 0, nullptr);
        const auto at = s.records.find({in, key});
        const std::uint64_t present = at == s.records.end() ? 0 : at->second.second;
        if (expect != SW_KV_ANY && expect != present) return done(user, SW_CONFLICT, present, nullptr);
        std::uint64_t revision = 0;
        if (value) {
          revision = s.next_id++;
          s.records[{in, key}] = {*value, revision};
        } else {
          s.records.erase({in, key});
        }
        done(user, SW_OK, revision, nullptr);
      },
      "kv done");
  return SW_OK;
}
sw_status kv_put(const sw_host* h, sw_namespace* ns, sw_str key, sw_bytes value, std::uint64_t expect, sw_kv_done done,
                 void* user) {
  return commit(h, "kv.put", ns, key, text(value), expect, done, user);
}
sw_status kv_erase(const sw_host* h, sw_namespace* ns, sw_str key, std::uint64_t expect, sw_kv_done done, void* user) {
  return commit(h, "kv.erase", ns, key, std::nullopt, expect, done, user);
}

}  // namespace

const sw_log_api kLog = {sizeof kLog, 0, log_enabled, log_write};
const sw_clock_api kClock = {sizeof kClock, 0, wall_ms, mono_ms, start_timer, cancel_timer, post, fill_random};
const sw_auth_api kAuth = {sizeof kAuth, 0,     verify_mac,     anonymous,  describe,
                           namespaces,   watch, find_namespace, find_public};
const sw_http_api kHttp = {sizeof kHttp, 0, route, respond, alloc, on_abort};
const sw_kv_api kKv = {sizeof kKv, 0, kv_get, kv_scan, kv_put, kv_erase};
const sw_metrics_api kMetrics = {sizeof kMetrics, 0, counter, add};

}  // namespace switchyard::testing
