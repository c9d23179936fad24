// Chaos as the peer of the plugin's HTTP routes, and its clock.
#include <algorithm>
#include <atomic>
#include <chrono>

#include "kernel/plugin/chaos_impl.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxArenaWords = 1u << 20;

bool wants(const Chaos::Route& route, const std::string& method, std::string_view path) {
  if (!route.method.empty() && route.method != method) return false;
  if (!route.pattern.ends_with('*')) return path == route.pattern;
  const auto prefix = std::string_view(route.pattern).substr(0, route.pattern.size() - 1);
  return path.starts_with(prefix) || (prefix.size() > 1 && path == prefix.substr(0, prefix.size() - 1));
}

sw_str str(const std::string& text) { return {text.data(), text.size()}; }

void fill(Chaos::Exchange& e, const CheckRequest& from) {
  e.name = from.name().substr(0, 60);
  e.method = from.method;
  e.target = from.target;
  e.body = from.body;
  e.headers = from.headers;
  e.headers.emplace_back("Host", "127.0.0.1");
  for (const auto& [name, value] : e.headers) e.pairs.push_back({str(name), str(value)});
  const auto question = std::min(e.target.find('?'), e.target.size());
  auto& r = e.request;
  r.size = sizeof r;
  r.method = str(e.method);
  r.target = str(e.target);
  r.path = {e.target.data(), question};
  if (question < e.target.size()) r.query = {e.target.data() + question + 1, e.target.size() - question - 1};
  r.headers = e.pairs.data();
  r.header_count = e.pairs.size();
  r.body = {reinterpret_cast<const std::uint8_t*>(e.body.data()), e.body.size()};
  r.peer = str(e.peer);
}

}  // namespace

struct ChaosHttpTable {
  static Chaos::Impl& impl() { return *the_chaos->impl_; }

  // The answer is known: nobody waits for it any more.
  static void settle(Chaos::Exchange& e, std::uint32_t status) {
    const std::lock_guard lock(impl().mutex);
    e.status = status;
    e.overwrite();
    --impl().waiting;
    impl().changed.notify_all();
  }

  // A task on the lane of the exchange.
  static void hand_over(void* user, void*) {
    auto& e = *static_cast<Chaos::Exchange*>(user);
    const ChaosCallback mark(e.lane);
    void* self = nullptr;
    void* state = nullptr;
    {
      const std::lock_guard lock(impl().mutex);
      self = the_chaos->self_;
      state = impl().lane_states[e.lane];
    }
    auto* exchange = reinterpret_cast<sw_http_exchange*>(e.number);
    for (const auto& route : the_chaos->routes_) {
      if (!wants(route, e.method, {e.request.path.data, e.request.path.len})) continue;
      if (route.handler.match != nullptr && route.handler.match(self, state, &e.request) == 0) continue;
      e.handed = true;
      route.handler.handle(self, state, exchange, &e.request);
      maybe_leave(e);
      return;
    }
    e.answered = true;
    settle(e, 404);
  }

  // The peer goes away at once, or in a moment.
  static void maybe_leave(Chaos::Exchange& e) {
    bool leaves = false, at_once = false;
    {
      const std::lock_guard lock(impl().mutex);
      leaves = impl().chance() < impl().plan.leave;
      at_once = impl().chance() < 0.3;
    }
    if (!leaves) return;
    if (at_once) return leave(e);
    the_chaos->later(2, [&e] { leave(e); });
  }
  static void leave(Chaos::Exchange& e) {
    if (!e.open() || e.aborted == nullptr) return;  // Without a callback nobody is told, and the answer may still come.
    {
      const std::lock_guard lock(impl().mutex);
      ++impl().left;
    }
    e.aborted(e.abort_user);
    if (e.answered) return;
    e.gone = true;
    settle(e, 0);
  }

  // ---- http ----

  static sw_status route(const sw_host*, sw_str method, sw_str pattern, std::int32_t priority,
                         const sw_http_handler* handler, sw_error* error) {
    const auto* real = the_chaos->table<sw_http_api>(SW_EXT_HTTP);
    const auto status = real->route(the_chaos->real(), method, pattern, priority, handler, error);
    if (status != SW_OK) return status;
    const Chaos::Route made{{method.data, method.len}, {pattern.data, pattern.len}, priority, *handler};
    auto& all = the_chaos->routes_;
    const auto lower = [&](const Chaos::Route& other) { return other.priority < priority; };
    all.insert(std::find_if(all.begin(), all.end(), lower), made);
    return SW_OK;
  }

  static Chaos::Exchange* held(sw_http_exchange* exchange, const char* call) {
    if (!the_chaos->in_callback(call)) return nullptr;
    Chaos::Exchange* e = nullptr;
    {
      const std::lock_guard lock(impl().mutex);
      const auto found = impl().exchanges.find(reinterpret_cast<std::uint64_t>(exchange));
      if (found != impl().exchanges.end()) e = found->second.get();
    }
    if (e == nullptr) {
      the_chaos->find(std::string("called ") + call + " with an exchange that it was never given");
      return nullptr;
    }
    if (static_cast<int>(e->lane) != ChaosCallback::lane()) {
      the_chaos->find(std::string("called ") + call + " for " + e->name + " on another lane than the request's");
      return nullptr;
    }
    if (!e->answered && !e->gone) return e;
    the_chaos->find(
        std::string("called ") + call + " for " + e->name +
        (e->gone ? " after its peer had left and the abort callback had run" : " after it had answered it"));
    return nullptr;
  }
  static void respond(sw_http_exchange* exchange, std::uint32_t status, const sw_pair* headers, std::size_t n,
                      sw_bytes body) {
    auto* e = held(exchange, "http.respond");
    if (e == nullptr) return;
    if (status < 200 || status > 599)
      the_chaos->find("answered " + e->name + " with the status " + std::to_string(status) + "; it is 200 to 599");
    // Read all of it: the address sanitizer sees what is not there.
    std::size_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (const auto part : {headers[i].name, headers[i].value}) {
        for (std::size_t at = 0; at < part.len; ++at) sum += static_cast<unsigned char>(part.data[at]);
      }
    }
    for (std::size_t at = 0; at < body.len; ++at) sum += body.data[at];
    read_bytes = sum;
    e->answered = true;
    settle(*e, status);
  }
  static void* alloc(sw_http_exchange* exchange, std::size_t n) {
    auto* e = held(exchange, "http.alloc");
    if (e == nullptr || n / 8 >= kMaxArenaWords || the_chaos->out_of_memory()) return nullptr;
    return e->arena.emplace_back(n / 8 + 1).data();
  }
  static void on_abort(sw_http_exchange* exchange, void (*aborted)(void*), void* user) {
    auto* e = held(exchange, "http.on_abort");
    if (e == nullptr) return;
    e->aborted = aborted;
    e->abort_user = user;
  }

  // ---- clock ----

  static const sw_clock_api* clock() { return the_chaos->table<sw_clock_api>(SW_EXT_CLOCK); }
  static std::int64_t wall_ms(const sw_host*) { return clock()->wall_ms(the_chaos->real()); }
  static std::int64_t mono_ms(const sw_host*) { return clock()->mono_ms(the_chaos->real()); }
  static void fire(void* user) {
    auto* relay = static_cast<Chaos::Impl::TimerRelay*>(user);
    const auto due = *relay;
    {
      const std::lock_guard lock(impl().mutex);
      impl().timers.erase(due.id);
    }
    const ChaosCallback mark(due.lane);
    due.fire(due.user);
  }
  static sw_timer start(const sw_host*, std::uint32_t after_ms, void (*function)(void*), void* user) {
    if (!the_chaos->in_callback("clock.start") || function == nullptr) return 0;
    auto relay = std::make_unique<Chaos::Impl::TimerRelay>();
    *relay = {function, user, static_cast<std::uint32_t>(ChaosCallback::lane()), 0};
    relay->id = clock()->start(the_chaos->real(), after_ms, fire, relay.get());
    if (relay->id == 0) return 0;
    const std::lock_guard lock(impl().mutex);
    const auto id = relay->id;
    impl().timers[id] = std::move(relay);
    return id;
  }
  static void cancel(const sw_host*, sw_timer timer) {
    if (!the_chaos->in_callback("clock.cancel")) return;
    clock()->cancel(the_chaos->real(), timer);
    const std::lock_guard lock(impl().mutex);
    impl().timers.erase(timer);
  }
  struct PostRelay {
    std::uint32_t lane;
    void (*task)(void*, void*);
    void* user;
  };
  static void post(const sw_host*, std::uint32_t lane, void (*task)(void*, void*), void* user) {
    clock()->post(
        the_chaos->real(), lane,
        [](void* relay, void* state) {
          const std::unique_ptr<PostRelay> due(static_cast<PostRelay*>(relay));
          const ChaosCallback mark(due->lane);
          due->task(due->user, state);
        },
        new PostRelay{lane, task, user});
  }
  static void random(const sw_host*, void* out, std::size_t n) { clock()->random(the_chaos->real(), out, n); }

  inline static std::atomic<std::size_t> read_bytes = 0;
};

extern const sw_http_api kChaosHttp;
const sw_http_api kChaosHttp = {sizeof kChaosHttp,     0,
                                ChaosHttpTable::route, ChaosHttpTable::respond,
                                ChaosHttpTable::alloc, ChaosHttpTable::on_abort};
extern const sw_clock_api kChaosClock;
const sw_clock_api kChaosClock = {sizeof kChaosClock,      0,
                                  ChaosHttpTable::wall_ms, ChaosHttpTable::mono_ms,
                                  ChaosHttpTable::start,   ChaosHttpTable::cancel,
                                  ChaosHttpTable::post,    ChaosHttpTable::random};

// ---- Chaos: requests --------------------------------------------------------------------------------

std::uint64_t Chaos::ask(const CheckRequest& request, std::uint32_t lane) {
  auto made = std::make_unique<Exchange>();
  auto* e = made.get();
  fill(*e, request);
  e->lane = lane;
  {
    const std::lock_guard lock(impl_->mutex);
    e->number = impl_->next++;
    impl_->exchanges[e->number] = std::move(made);
    ++impl_->waiting;
  }
  table<sw_clock_api>(SW_EXT_CLOCK)->post(real_, lane, &ChaosHttpTable::hand_over, e);
  return e->number;
}

bool Chaos::wait_for_answers(int ms) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, std::chrono::milliseconds(ms), [this] { return impl_->waiting == 0; });
}

std::size_t Chaos::unanswered() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->waiting;
}

std::uint32_t Chaos::status_of(std::uint64_t number) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->exchanges.at(number)->status;
}

}  // namespace switchyard::plugin
