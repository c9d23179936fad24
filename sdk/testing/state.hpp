// What stands behind testing::Host.  Private: only the sources beside it include this.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "switchyard/base.hpp"
#include "switchyard/testing/host.hpp"

namespace switchyard::testing {

using sdk::bytes;
using sdk::str;
using sdk::view;

inline std::string text(sw_str s) { return std::string(s.data == nullptr ? std::string_view() : view(s)); }
inline std::string text(sw_bytes b) { return std::string(b.data == nullptr ? std::string_view() : view(b)); }

struct Namespace {
  std::string id, name;
  bool deleted = false;
};

struct Credential {
  std::string signature;
  Namespace* ns;
  std::uint32_t permissions;
};

struct Route {
  std::string method, pattern;
  std::int32_t priority;
  sw_http_handler handler;
};

struct Exchange {
  std::uint32_t lane = 0;
  std::string what;  // "POST /lines/a", for sentences.
  std::string method, target, body;
  Headers headers;
  std::vector<sw_pair> pairs;
  sw_http_request request{};
  bool handed = false, done = false, aborted = false;
  Answer answer;
  void (*on_abort)(void*) = nullptr;
  void* on_abort_user = nullptr;
  std::size_t arena_bytes = 0;
  std::vector<std::unique_ptr<std::uint64_t[]>> arena;
};

struct Kept {  // One message.
  std::uint64_t seq = 0;
  std::uint8_t id[16] = {};
  std::int64_t time_ms = 0, not_before_ms = 0;
  std::string key, dedup_id, headers, body, source;
  std::uint32_t header_format = 0;
};

struct Lease {
  std::uint32_t attempt = 0;
  std::int64_t visible_ms = 0, first_ms = 0, delivered_ms = 0;  // visible_ms on the steady clock.
};

struct Consumer {
  std::string name;
  sw_consumer_config config{};
  std::map<std::uint64_t, Lease> leases;  // Of what was delivered at least once.
  std::set<std::uint64_t> acked;          // Still in the stream for others.
};

struct First {  // What a deduplication id stands for.
  std::int64_t time_ms = 0;
  std::uint64_t seq = 0;
  std::uint8_t id[16] = {};
};

struct StreamData {
  sw_stream_id id = 0;
  std::uint64_t version = 0;
  Namespace* ns = nullptr;
  std::string name, blob;
  std::int64_t created_ms = 0, updated_ms = 0;
  sw_stream_config config{};
  std::vector<Consumer> consumers;
  std::uint64_t next_seq = 1;
  std::map<std::uint64_t, Kept> messages;
  std::map<std::string, First> firsts;

  Consumer* consumer(std::string_view wanted);
};

struct Waiting {  // A fetch.
  sw_fetch_id id;
  std::uint32_t lane;
  sw_stream_id stream;
  std::string consumer;
  sw_fetch fetch;
  std::int64_t deadline_ms;
  sw_fetch_done done;
  void* user;
};

struct Timer {
  sw_timer id;
  std::uint32_t lane;
  std::int64_t at_ms;
  void (*fire)(void*);
  void* user;
};

struct Task {
  std::uint32_t lane;
  std::function<void()> run;
};

// A definition as it is lent to a callback.
struct Lent {
  sw_stream_info info{};
  sw_stream_config config{};
  std::string name, blob;
  std::deque<std::string> names;
  std::deque<sw_consumer_config> consumers;
  std::vector<const sw_consumer_config*> list;
};

struct Host::State {
  static constexpr std::size_t kMaxArena = 8u << 20;

  sw_host host{};
  const std::thread::id thread = std::this_thread::get_id();
  const sw_entry* entry = nullptr;
  std::string section;
  void* self = nullptr;
  bool running = false, starting = false, lose_cancel = false;
  std::vector<void*> lane_states;
  int depth = 0;           // Of callbacks.
  std::uint32_t lane = 0;  // Of the innermost one.

  std::int64_t wall_ms = 1'767'323'045'000, mono_ms = 1'000'000;  // 2026-01-02T03:04:05Z
  std::uint64_t random = 88172645463325252ull, next_id = 1;
  std::vector<std::unique_ptr<Namespace>> namespaces;
  Namespace* anonymous = nullptr;
  std::map<std::string, Credential, std::less<>> credentials;
  std::vector<Route> routes;
  std::map<RequestId, std::unique_ptr<Exchange>> exchanges;
  std::deque<Task> tasks;
  std::size_t calls = 0;  // Accepted, completion in `tasks`.
  std::vector<Waiting> waiting;
  std::vector<Timer> timers;
  std::map<sw_stream_id, std::unique_ptr<StreamData>> streams;
  std::map<std::pair<Namespace*, std::string>, std::pair<std::string, std::uint64_t>> records;
  std::map<std::string, std::uint64_t> counters;
  std::map<std::string, std::deque<sw_status>> refusals, failures;
  std::vector<std::string> log, misuses;
  std::deque<Lent> lent;
  std::deque<sw_principal> principals;
  std::deque<sw_namespace_info> infos;

  void misuse(std::string sentence) { misuses.push_back(std::move(sentence)); }
  bool right_thread(const char* call);
  // May this lane function be called now?  A misuse when not.
  bool on_lane(const char* call);
  // The same with a refusal that the test asked for: SW_OK = go on.
  sw_status enter(const char* call);
  sw_status planned(std::map<std::string, std::deque<sw_status>>& plan, const char* call);
  sw_status unsupported(const std::string& what);
  // Runs plugin code on a lane; what it throws is a misuse.
  template <class F>
  bool callback(std::uint32_t on, const char* what, F&& f);
  // A completion: later, on the lane of the caller.
  void later(std::function<void()> run, const char* what);
  void fill_random(std::uint8_t* out, std::size_t n);

  Namespace* find(const char* call, sw_namespace* ns);  // Null: unknown (a misuse) or deleted.
  StreamData* find(Namespace* ns, sw_stream_id id);
  StreamData* find(Namespace* ns, std::string_view name);
  const sw_stream_info* lend(const StreamData& stream);
  Exchange* find(sw_http_exchange* exchange, const char* call);

  bool visible(const StreamData&, const Consumer&, const Kept&) const;
  bool leased(const Consumer&, std::uint64_t seq) const;
  std::vector<std::uint64_t> take(StreamData&, Consumer&, const sw_fetch&);
  void deliver(StreamData*, const Consumer*, const std::vector<std::uint64_t>&, sw_fetch_done, void* user);
  void acknowledge(StreamData&, Consumer&, std::uint64_t seq);
  bool serve(const Waiting&, bool last);
  void wake();
  std::optional<std::int64_t> next_event() const;
};

template <class F>
bool Host::State::callback(std::uint32_t on, const char* what, F&& f) {
  const auto outer = std::exchange(lane, on);
  ++depth;
  bool good = true;
  try {
    f();
  } catch (const std::exception& e) {
    good = false;
    misuse(std::string("the plugin threw through ") + what + ": " + e.what());
  } catch (...) {
    good = false;
    misuse(std::string("the plugin threw through ") + what);
  }
  lane = outer;
  if (--depth == 0) {
    lent.clear();
    principals.clear();
    infos.clear();
  }
  return good;
}

inline Host::State& state_of(const sw_host* host) { return *static_cast<Host::State*>(host->host); }
// The Host that was made last, for table functions that are not given one.
extern Host::State* newest;

extern const sw_log_api kLog;
extern const sw_clock_api kClock;
extern const sw_auth_api kAuth;
extern const sw_http_api kHttp;
extern const sw_stream_api kStream;
extern const sw_kv_api kKv;
extern const sw_metrics_api kMetrics;

}  // namespace switchyard::testing
