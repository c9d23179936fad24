#include "switchyard/testing/host.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "state.hpp"

namespace switchyard::testing {

Host::State* newest = nullptr;

std::string Answer::header(std::string_view name) const {
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (const auto& [key, value] : headers) {
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(), same)) return value;
  }
  return {};
}

namespace {

const void* extension(const sw_host*, const char* id) {
  const std::pair<std::string_view, const void*> all[] = {
      {SW_EXT_LOG, &kLog},       {SW_EXT_CLOCK, &kClock}, {SW_EXT_AUTH, &kAuth},       {SW_EXT_HTTP, &kHttp},
      {SW_EXT_STREAM, &kStream}, {SW_EXT_KV, &kKv},       {SW_EXT_METRICS, &kMetrics},
  };
  for (const auto& [name, table] : all) {
    if (id != nullptr && name == id) return table;
  }
  return nullptr;
}

// Runs a [control] call; empty, or what the plugin said.
template <class F>
std::string control(Host::State& s, const char* what, F&& call) {
  sw_error error{};
  error.size = sizeof error;
  sw_status status = SW_INTERNAL;
  try {
    status = call(&error);
  } catch (...) {
    s.misuse(std::string("the plugin threw through ") + what);
  }
  if (status == SW_OK) return {};
  return std::string("the plugin refused ") + what + " with status " + std::to_string(status) + ": " + error.message;
}

bool wants(const Route& route, const Exchange& e) {
  const auto path = view(e.request.path);
  if (!route.method.empty() && route.method != e.method) return false;
  if (route.pattern.empty() || route.pattern.back() != '*') return path == route.pattern;
  const std::string_view prefix = std::string_view(route.pattern).substr(0, route.pattern.size() - 1);
  return path.starts_with(prefix) || (prefix.size() > 1 && path == prefix.substr(0, prefix.size() - 1));
}

void fill_request(Exchange& e) {
  for (const auto& [name, value] : e.headers) e.pairs.push_back({str(name), str(value)});
  const auto question = std::min(e.target.find('?'), e.target.size());
  sw_http_request& r = e.request;
  r.size = sizeof r;
  r.method = str(e.method);
  r.target = str(e.target);
  r.path = {e.target.data(), question};
  if (question < e.target.size()) r.query = {e.target.data() + question + 1, e.target.size() - question - 1};
  r.headers = e.pairs.data();
  r.header_count = e.pairs.size();
  r.body = bytes(e.body);
  r.peer = str("127.0.0.1");
}

}  // namespace

const sw_entry* load_plugin(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library == nullptr ? nullptr : ::dlsym(library, "switchyard_plugin_v1");
  if (symbol == nullptr) throw std::runtime_error(::dlerror());
  return reinterpret_cast<const sw_entry* (*)()>(symbol)();
}

// ---- State: who may call what -----------------------------------------------------------------------

bool Host::State::right_thread(const char* call) {
  if (std::this_thread::get_id() == thread) return true;
  // No lock: the plugin is broken already, and the sentence is worth the risk.
  misuse(std::string(call) + " was called on a thread that is not the host's");
  return false;
}

bool Host::State::on_lane(const char* call) {
  if (!right_thread(call)) return false;
  if (depth > 0) return true;
  misuse(std::string(call) + " was called outside of a lane callback");
  return false;
}

sw_status Host::State::planned(std::map<std::string, std::deque<sw_status>>& plan, const char* call) {
  const auto found = plan.find(call);
  if (found == plan.end()) return SW_OK;
  const auto status = found->second.front();
  found->second.pop_front();
  if (found->second.empty()) plan.erase(found);
  return status;
}

sw_status Host::State::enter(const char* call) { return on_lane(call) ? planned(refusals, call) : SW_INVALID; }

sw_status Host::State::unsupported(const std::string& what) {
  log.push_back("warn host.unsupported what=" + what);
  return SW_UNSUPPORTED;
}

void Host::State::later(std::function<void()> run, const char* what) {
  ++calls;
  tasks.push_back({lane, [this, run = std::move(run), what, on = lane] {
                     callback(on, what, run);
                     --calls;
                   }});
}

void Host::State::fill_random(std::uint8_t* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    out[i] = static_cast<std::uint8_t>(random);
  }
}

Namespace* Host::State::find(const char* call, sw_namespace* ns) {
  for (const auto& known : namespaces) {
    if (reinterpret_cast<sw_namespace*>(known.get()) == ns) return known->deleted ? nullptr : known.get();
  }
  misuse(std::string(call) + " was given a namespace that no call of auth/1 handed out");
  return nullptr;
}

Exchange* Host::State::find(sw_http_exchange* exchange, const char* call) {
  if (!on_lane(call)) return nullptr;
  const auto found = exchanges.find(reinterpret_cast<RequestId>(exchange));
  if (found == exchanges.end()) {
    misuse(std::string(call) + " was given an exchange that is none");
    return nullptr;
  }
  auto& e = *found->second;
  if (e.done || e.aborted) {
    misuse(std::string(call) + " was called for " + e.what + ", which " +
           (e.aborted ? "the peer had left" : "had been answered"));
    return nullptr;
  }
  if (e.lane != lane) misuse(std::string(call) + " was called for " + e.what + " on another lane than its own");
  return &e;
}

// ---- Host: life -------------------------------------------------------------------------------------

Host::Host(std::uint32_t lanes) : state_(std::make_unique<State>()) {
  auto& s = *state_;
  s.host.size = sizeof s.host;
  s.host.generation = SW_ABI_GENERATION;
  s.host.revision = SW_ABI_REVISION;
  s.host.lanes = lanes;
  s.host.host = &s;
  s.host.version = str("testing");
  s.host.extension = extension;
  s.lane_states.resize(lanes);
  newest = &s;
}

Host::~Host() {
  if (state_->running) stop();
  if (newest == state_.get()) newest = nullptr;
  if (state_->misuses.empty()) return;
  for (const auto& sentence : state_->misuses) std::fprintf(stderr, "plugin misuse: %s\n", sentence.c_str());
  std::abort();
}

const sw_host* Host::raw() const { return &state_->host; }

void Host::start(const sw_entry* entry, std::string section) {
  auto& s = *state_;
  if (s.running) throw std::logic_error("the plugin is running; stop() it first");
  const auto need = [](const std::string& why) {
    if (!why.empty()) throw std::runtime_error(why);
  };
  if (entry == nullptr || entry->generation != SW_ABI_GENERATION || entry->info == nullptr || entry->plugin == nullptr)
    throw std::runtime_error("the entry is null, of another generation, or without info or plugin");
  if (entry->min_revision > SW_ABI_REVISION)
    throw std::runtime_error("the plugin needs a newer revision than this host has");
  for (auto* id = entry->info->requires_; id != nullptr && *id != nullptr; ++id) {
    if (extension(&s.host, *id) == nullptr) throw std::runtime_error(std::string("this host does not offer ") + *id);
  }
  s.entry = entry;
  s.section = std::move(section);
  const auto& calls = *entry->plugin;
  const auto json = str(s.section);
  need(control(s, "create", [&](sw_error* e) { return calls.create(&s.host, &s.self, e); }));
  std::string why;
  for (const std::uint32_t dry_run : {1u, 0u}) {
    if (why.empty())
      why = control(s, "configure", [&](sw_error* e) { return calls.configure(s.self, json, dry_run, e); });
  }
  s.starting = true;
  if (why.empty()) why = control(s, "start", [&](sw_error* e) { return calls.start(s.self, e); });
  s.starting = false;
  if (!why.empty()) {
    calls.destroy(s.self);
    s.routes.clear();
    need(why);
  }
  s.running = true;
  for (std::uint32_t lane = 0; lane < s.host.lanes && why.empty(); ++lane) {
    if (!SW_HAS(&calls, lane_start)) break;
    why = "threw in lane_start";
    s.callback(lane, "lane_start", [&] {
      why = control(s, "lane_start",
                    [&](sw_error* e) { return calls.lane_start(s.self, lane, &s.lane_states[lane], e); });
    });
  }
  need(why);
}

bool Host::reconfigure(const std::string& section, std::string* why) {
  auto& s = *state_;
  std::string refusal;
  for (const std::uint32_t dry_run : {1u, 0u}) {
    if (!refusal.empty()) break;
    refusal = control(s, "configure",
                      [&](sw_error* e) { return s.entry->plugin->configure(s.self, str(section), dry_run, e); });
  }
  if (refusal.empty()) s.section = section;
  if (why != nullptr) *why = refusal;
  return refusal.empty();
}

void Host::drain() {
  auto& s = *state_;
  for (std::uint32_t lane = 0; lane < s.host.lanes; ++lane) {
    if (!SW_HAS(s.entry->plugin, lane_drain)) break;
    s.callback(lane, "lane_drain", [&] { s.entry->plugin->lane_drain(s.self, lane, s.lane_states[lane]); });
  }
  settle();
}

void Host::stop() {
  auto& s = *state_;
  if (!s.running) return;
  drain();
  for (const auto& w : std::exchange(s.waiting, {})) {
    const auto lane = std::exchange(s.lane, w.lane);
    s.later([w] { w.done(w.user, SW_CANCELLED, nullptr, 0, nullptr); }, "fetch done");
    s.lane = lane;
  }
  settle();
  for (const auto& [id, e] : s.exchanges) {
    if (e->handed && !e->done && !e->aborted)
      s.misuse(e->what + " was not answered before its lane stopped; lane_drain is the time to answer what is parked");
  }
  const auto& calls = *s.entry->plugin;
  for (std::uint32_t lane = 0; lane < s.host.lanes; ++lane) {
    if (!SW_HAS(&calls, lane_stop)) break;
    s.callback(lane, "lane_stop", [&] { calls.lane_stop(s.self, lane, s.lane_states[lane]); });
  }
  s.timers.clear();
  s.tasks.clear();
  s.calls = 0;
  s.routes.clear();
  control(s, "stop", [&](sw_error*) { return calls.stop(s.self), SW_OK; });
  control(s, "destroy", [&](sw_error*) { return calls.destroy(s.self), SW_OK; });
  s.self = nullptr;
  s.running = false;
}

void Host::restart() {
  const auto* entry = state_->entry;
  stop();
  start(entry, state_->section);
}

// ---- Host: who calls --------------------------------------------------------------------------------

sw_namespace* Host::add_namespace(const std::string& name) {
  auto& made = state_->namespaces.emplace_back(std::make_unique<Namespace>());
  made->id = "ns-" + std::to_string(state_->namespaces.size());
  made->name = name;
  return reinterpret_cast<sw_namespace*>(made.get());
}

void Host::remove_namespace(sw_namespace* ns) {
  auto& s = *state_;
  auto* found = reinterpret_cast<Namespace*>(ns);
  found->deleted = true;
  std::erase_if(s.streams, [&](const auto& entry) { return entry.second->ns == found; });
  std::erase_if(s.records, [&](const auto& entry) { return entry.first.first == found; });
  std::erase_if(s.credentials, [&](const auto& entry) { return entry.second.ns == found; });
  if (s.anonymous == found) s.anonymous = nullptr;
  s.wake();
}

void Host::set_anonymous(sw_namespace* ns) { state_->anonymous = reinterpret_cast<Namespace*>(ns); }

void Host::add_credential(const std::string& access_key, const std::string& signature, sw_namespace* ns,
                          std::uint32_t permissions) {
  state_->credentials[access_key] = {signature, reinterpret_cast<Namespace*>(ns), permissions};
}

// ---- Host: requests ---------------------------------------------------------------------------------

Host::RequestId Host::send(const std::string& method, const std::string& target, const std::string& body,
                           const Headers& headers, std::uint32_t lane) {
  auto& s = *state_;
  if (!s.running || lane >= s.host.lanes) throw std::logic_error("send(): the plugin does not run, or no such lane");
  const auto id = s.next_id++;
  auto& e = *(s.exchanges[id] = std::make_unique<Exchange>());
  e.lane = lane;
  e.what = "the request " + method + " " + target;
  e.method = method;
  e.target = target;
  e.body = body;
  e.headers = headers;
  fill_request(e);
  for (const auto& route : s.routes) {
    if (!wants(route, e)) continue;
    const auto& handler = route.handler;
    std::int32_t matches = handler.match == nullptr ? 1 : 0;
    if (handler.match != nullptr) {
      s.callback(lane, "match", [&] { matches = handler.match(s.self, s.lane_states[lane], &e.request); });
    }
    if (matches == 0) continue;
    e.handed = true;
    auto* exchange = reinterpret_cast<sw_http_exchange*>(id);
    s.callback(lane, "handle", [&] { handler.handle(s.self, s.lane_states[lane], exchange, &e.request); });
    return id;
  }
  e.done = true;
  e.answer.status = 404;
  return id;
}

bool Host::answered(RequestId id) const { return state_->exchanges.at(id)->done; }

const Answer& Host::answer(RequestId id) const {
  const auto& e = *state_->exchanges.at(id);
  if (!e.done) throw std::logic_error(e.what + " has no answer yet; settle() or advance()");
  return e.answer;
}

void Host::abort(RequestId id) {
  auto& s = *state_;
  auto& e = *s.exchanges.at(id);
  if (e.done || e.aborted) throw std::logic_error(e.what + " was answered or aborted before");
  // Without a callback the plugin does not know, and may still answer.
  if (e.on_abort == nullptr) return;
  s.callback(e.lane, "abort", [&] { e.on_abort(e.on_abort_user); });
  e.aborted = true;
  e.arena.clear();
}

Answer Host::ask(const std::string& method, const std::string& target, const std::string& body, const Headers& headers,
                 std::uint32_t lane) {
  const auto id = send(method, target, body, headers, lane);
  settle();
  return answer(id);
}

// ---- Host: time, trouble, counts --------------------------------------------------------------------

bool Host::step() {
  auto& s = *state_;
  if (s.tasks.empty()) return false;
  const auto task = std::move(s.tasks.front());
  s.tasks.pop_front();
  task.run();
  return true;
}

void Host::settle() {
  while (step()) {
  }
}

void Host::advance(std::int64_t ms) {
  auto& s = *state_;
  settle();
  const auto end = s.mono_ms + ms;
  const auto move_to = [&s](std::int64_t mono_ms) {
    s.wall_ms += mono_ms - s.mono_ms;
    s.mono_ms = mono_ms;
  };
  for (auto next = s.next_event(); next && *next <= end; next = s.next_event()) {
    move_to(std::max(*next, s.mono_ms));
    const auto due =
        std::find_if(s.timers.begin(), s.timers.end(), [&](const Timer& t) { return t.at_ms <= s.mono_ms; });
    if (due != s.timers.end()) {
      const Timer timer = *due;
      s.timers.erase(due);
      s.callback(timer.lane, "timer", [&] { timer.fire(timer.user); });
    }
    s.wake();
    settle();
  }
  move_to(end);
}

std::int64_t Host::wall_ms() const { return state_->wall_ms; }

void Host::refuse_next(const std::string& call, sw_status status, unsigned times) {
  state_->refusals[call].insert(state_->refusals[call].end(), times, status);
}
void Host::fail_next(const std::string& call, sw_status status, unsigned times) {
  state_->failures[call].insert(state_->failures[call].end(), times, status);
}

void Host::lose_next_cancel() { state_->lose_cancel = true; }

std::size_t Host::streams() const { return state_->streams.size(); }
std::size_t Host::messages(sw_namespace* ns, std::string_view stream) const {
  const auto* found = state_->find(reinterpret_cast<Namespace*>(ns), stream);
  return found == nullptr ? 0 : found->messages.size();
}
std::size_t Host::records() const { return state_->records.size(); }
std::size_t Host::outstanding() const { return state_->calls + state_->waiting.size(); }
std::size_t Host::timers() const { return state_->timers.size(); }
std::size_t Host::unanswered() const {
  return static_cast<std::size_t>(std::count_if(state_->exchanges.begin(), state_->exchanges.end(), [](const auto& e) {
    return e.second->handed && !e.second->done && !e.second->aborted;
  }));
}
std::uint64_t Host::counter(const std::string& name) const {
  const auto found = state_->counters.find(name);
  return found == state_->counters.end() ? 0 : found->second;
}
const std::vector<std::string>& Host::log() const { return state_->log; }
std::vector<std::string> Host::take_misuses() { return std::exchange(state_->misuses, {}); }

}  // namespace switchyard::testing
