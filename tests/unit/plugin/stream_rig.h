// Tenants are two plugins of two namespaces on a HostRig; Answer is what a completion of stream/1 was
// given.  ask() checks on every call what the header promises of all of them: once, later, on the lane
// of the caller.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {

// What a completion was given, copied.
struct Answer {
  std::atomic<int> calls{0};
  std::atomic<bool> inside{false};  // The call that started it has not returned.
  bool re_entered = false;
  sw_status status = -1;
  std::string error;
  std::thread::id thread;
  sw_stream_id stream = 0;
  std::uint64_t version = 0;
  std::vector<sw_appended> appended;
  struct Got {
    sw_token token;
    std::string body, headers, key;
    std::array<std::uint8_t, 16> id;
  };
  std::vector<Got> got;
  std::vector<sw_status> each;
  sw_stream_state state{};
  std::uint32_t moved = ~0u;

  void told(sw_status s, const sw_error* e) {
    status = s;
    error = e == nullptr ? "" : e->message;
    thread = std::this_thread::get_id();
    re_entered = re_entered || inside;
    ++calls;
  }
};

inline Answer& to(void* user) { return *static_cast<Answer*>(user); }
inline void on_done(void* user, sw_status status, const sw_error* error) { to(user).told(status, error); }
inline void on_stream(void* user, sw_status status, const sw_stream_info* info, const sw_error* error) {
  if (info != nullptr) {
    to(user).stream = info->id;
    to(user).version = info->version;
  }
  to(user).told(status, error);
}
inline void on_appended(void* user, sw_status status, const sw_appended* const* each, std::size_t n,
                        const sw_error* error) {
  for (std::size_t i = 0; i < n; ++i) to(user).appended.push_back(*each[i]);
  to(user).told(status, error);
}
inline void on_fetched(void* user, sw_status status, const sw_delivery* const* each, std::size_t n,
                       const sw_error* error) {
  for (std::size_t i = 0; i < n; ++i) {
    Answer::Got got{each[i]->token, text(each[i]->body), text(each[i]->headers), text(each[i]->key), {}};
    std::copy(std::begin(each[i]->id), std::end(each[i]->id), got.id.begin());
    to(user).got.push_back(got);
  }
  to(user).told(status, error);
}
inline void on_tokens(void* user, sw_status status, const sw_status* each, std::size_t n, const sw_error* error) {
  to(user).each.assign(each, each + n);
  to(user).told(status, error);
}
inline void on_moved(void* user, sw_status status, std::uint32_t moved, const sw_error* error) {
  to(user).moved = moved;
  to(user).told(status, error);
}
inline void on_state(void* user, sw_status status, const sw_stream_state* state, const sw_error* error) {
  if (state != nullptr) to(user).state = *state;
  to(user).told(status, error);
}

inline constexpr sw_str kConsumer = {"q", 1};

inline sw_stream_config work_queue() {
  sw_stream_config config{};
  config.size = sizeof config;
  config.retention = SW_RETAIN_WORKQUEUE;
  return config;
}
inline sw_consumer_config consumer() {
  sw_consumer_config config{};
  config.size = sizeof config;
  config.name = kConsumer;
  config.ack_wait_ms = 30'000;
  return config;
}

// Plugins of two tenants on as many lanes as asked for.
class Tenants {
 public:
  explicit Tenants(std::size_t lanes = 2) : rig(lanes) {
    rig.make_namespace("a", "000000000001");
    rig.make_namespace("b", "000000000002");
    run();
  }
  void run() {
    rig.run({&a, &b}, [](PluginSpec& spec) { spec.anonymous_namespace = spec.name; });
  }
  const sw_stream_api* api() { return a.table<sw_stream_api>(SW_EXT_STREAM); }

  using Start = std::function<sw_status(const sw_host*, sw_namespace*, void* user)>;
  // Makes a call on a lane and returns its status; the answer comes later.
  sw_status start(Answer& answer, const Start& call, LinkedPlugin* plugin = nullptr, std::uint32_t lane = 0) {
    if (plugin == nullptr) plugin = &a;
    sw_status status = -1;
    rig.on_lane(
        *plugin,
        [&](void*) {
          answer.inside = true;
          status = call(plugin->host, anonymous_handle(*plugin), &answer);
          answer.inside = false;
          lane_thread = std::this_thread::get_id();
        },
        lane);
    return status;
  }
  // The same, and waits for the answer.
  void ask(Answer& answer, const Start& call, LinkedPlugin* plugin = nullptr, std::uint32_t lane = 0) {
    ASSERT_EQ(start(answer, call, plugin, lane), SW_OK);
    ASSERT_TRUE(rig.eventually([&] { return answer.calls > 0; }));
    rig.lanes->run_on_all([](net::Lane&) {});
    EXPECT_EQ(answer.calls, 1) << "exactly once";
    EXPECT_FALSE(answer.re_entered) << "never from inside the call";
    EXPECT_EQ(answer.thread, lane_thread) << "on the lane of the caller";
  }
  sw_stream_id make(const std::string& name, LinkedPlugin* plugin = nullptr) {
    Answer answer;
    const auto config = work_queue();
    const auto q = consumer();
    const auto* list = &q;
    ask(
        answer,
        [&](auto* host, auto* ns, void* user) {
          return api()->create(host, ns, str(name), &config, &list, 1, bytes("blob"), on_stream, user);
        },
        plugin);
    EXPECT_EQ(answer.status, SW_OK) << answer.error;
    return answer.stream;
  }
  void put(sw_stream_id stream, const std::vector<std::string>& bodies, std::uint32_t lane = 0) {
    Answer answer;
    std::vector<sw_message> messages(bodies.size());
    std::vector<const sw_message*> list;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      messages[i].size = sizeof messages[i];
      messages[i].body = bytes(bodies[i]);
      messages[i].headers = bytes("h");
      list.push_back(&messages[i]);
    }
    ask(
        answer,
        [&](auto* host, auto* ns, void* user) {
          return api()->append(host, ns, stream, list.data(), list.size(), 0, on_appended, user);
        },
        nullptr, lane);
    ASSERT_EQ(answer.status, SW_OK) << answer.error;
  }
  Start fetch(sw_stream_id stream, std::uint32_t max, std::uint32_t wait_ms, sw_fetch_id* id = nullptr) {
    return [=, this](const sw_host* host, sw_namespace* ns, void* user) {
      sw_fetch request{};
      request.size = sizeof request;
      request.max = max;
      request.wait_ms = wait_ms;
      request.ack_wait_ms = SW_DEFAULT_ACK_WAIT;
      return api()->fetch(host, ns, stream, kConsumer, &request, id, on_fetched, user);
    };
  }

  HostRig rig;
  LinkedPlugin a{"a"}, b{"b"};
  std::thread::id lane_thread;
};

}  // namespace switchyard::plugin::test
