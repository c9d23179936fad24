// stream/1: the adapter's own promises on a real engine.  What streams do is tests/unit/stream's matter.
#include <thread>

#include "kernel/plugin/token_seal.h"
#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {
namespace {

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

  void told(sw_status s, const sw_error* e) {
    status = s;
    error = e == nullptr ? "" : e->message;
    thread = std::this_thread::get_id();
    re_entered = re_entered || inside;
    ++calls;
  }
};

Answer& to(void* user) { return *static_cast<Answer*>(user); }
void on_done(void* user, sw_status status, const sw_error* error) { to(user).told(status, error); }
void on_stream(void* user, sw_status status, const sw_stream_info* info, const sw_error* error) {
  if (info != nullptr) {
    to(user).stream = info->id;
    to(user).version = info->version;
  }
  to(user).told(status, error);
}
void on_appended(void* user, sw_status status, const sw_appended* const* each, std::size_t n, const sw_error* error) {
  for (std::size_t i = 0; i < n; ++i) to(user).appended.push_back(*each[i]);
  to(user).told(status, error);
}
void on_fetched(void* user, sw_status status, const sw_delivery* const* each, std::size_t n, const sw_error* error) {
  for (std::size_t i = 0; i < n; ++i) {
    Answer::Got got{each[i]->token, text(each[i]->body), text(each[i]->headers), text(each[i]->key), {}};
    std::copy(std::begin(each[i]->id), std::end(each[i]->id), got.id.begin());
    to(user).got.push_back(got);
  }
  to(user).told(status, error);
}
void on_tokens(void* user, sw_status status, const sw_status* each, std::size_t n, const sw_error* error) {
  to(user).each.assign(each, each + n);
  to(user).told(status, error);
}
void on_state(void* user, sw_status status, const sw_stream_state* state, const sw_error* error) {
  if (state != nullptr) to(user).state = *state;
  to(user).told(status, error);
}

const sw_str kConsumer = {"q", 1};

sw_stream_config work_queue() {
  sw_stream_config config{};
  config.size = sizeof config;
  config.retention = SW_RETAIN_WORKQUEUE;
  return config;
}
sw_consumer_config consumer() {
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

TEST(StreamTable, a_message_goes_through_on_every_lane_of_every_caller) {
  Tenants t(3);
  std::vector<sw_stream_id> streams;
  for (const char* name : {"one", "two", "three"}) streams.push_back(t.make(name));
  for (const auto stream : streams) {
    for (std::uint32_t lane = 0; lane < 3; ++lane) {
      t.put(stream, {"body"}, lane);
      Answer fetched, acknowledged, state;
      t.ask(fetched, t.fetch(stream, 10, 0), nullptr, lane);
      ASSERT_EQ(fetched.got.size(), 1u);
      EXPECT_EQ(fetched.got[0].body, "body");
      EXPECT_EQ(fetched.got[0].headers, "h");
      EXPECT_EQ(fetched.got[0].token.attempt, 1u);
      t.ask(
          acknowledged,
          [&](auto* host, auto* ns, void* user) {
            return t.api()->ack(host, ns, stream, kConsumer, &fetched.got[0].token, 1, SW_ACK_STRICT, on_tokens, user);
          },
          nullptr, lane);
      EXPECT_EQ(acknowledged.each, (std::vector<sw_status>{SW_OK}));
      t.ask(
          state,
          [&](auto* host, auto* ns, void* user) { return t.api()->state(host, ns, stream, kConsumer, on_state, user); },
          nullptr, lane);
      EXPECT_EQ(state.state.messages, 0u);
      EXPECT_EQ(state.state.size, sizeof(sw_stream_state));
    }
  }
}

TEST(StreamTable, a_name_that_is_taken_gives_the_present_definition) {
  Tenants t;
  const auto first = t.make("queue");
  Answer answer;
  const auto config = work_queue();
  t.ask(answer, [&](auto* host, auto* ns, void* user) {
    return t.api()->create(host, ns, str("queue"), &config, nullptr, 0, bytes(""), on_stream, user);
  });
  EXPECT_EQ(answer.status, SW_EXISTS);
  EXPECT_EQ(answer.stream, first);
}

TEST(StreamTable, a_definition_is_lent_with_all_that_it_was_made_with) {
  Tenants t;
  sw_stream_config config = work_queue();
  config.flags = SW_STREAM_KEYED | SW_STREAM_DEDUP_PER_KEY;
  config.max_age_ms = 5;
  config.max_message_bytes = 77;
  config.dedup_window_ms = 300'000;
  const auto dead = t.make("dead");
  sw_consumer_config q = consumer();
  q.flags = SW_CONSUMER_ORDERED;
  q.max_attempts = 3;
  q.dead_letter = dead;
  const auto* list = &q;
  Answer answer;
  t.ask(answer, [&](auto* host, auto* ns, void* user) {
    return t.api()->create(host, ns, str("queue"), &config, &list, 1, bytes("a\0b"), on_stream, user);
  });
  ASSERT_EQ(answer.status, SW_OK) << answer.error;
  t.rig.on_lane(
      t.a,
      [&](void*) {
        const sw_stream_info* info = nullptr;
        ASSERT_EQ(t.api()->find(t.a.host, anonymous_handle(t.a), str("queue"), &info), SW_OK);
        EXPECT_EQ(info->size, sizeof(sw_stream_info));
        EXPECT_EQ(info->id, answer.stream);
        EXPECT_EQ(info->version, answer.version);
        EXPECT_EQ(text(info->name), "queue");
        EXPECT_EQ(text(info->blob), "a");
        EXPECT_EQ(info->config->retention, SW_RETAIN_WORKQUEUE);
        EXPECT_EQ(info->config->flags, SW_STREAM_KEYED | SW_STREAM_DEDUP_PER_KEY);
        EXPECT_EQ(info->config->max_age_ms, 5u);
        EXPECT_EQ(info->config->max_message_bytes, 77u);
        EXPECT_EQ(info->config->dedup_window_ms, 300'000u);
        ASSERT_EQ(info->consumer_count, 1u);
        EXPECT_EQ(text(info->consumers[0]->name), "q");
        EXPECT_EQ(info->consumers[0]->flags, SW_CONSUMER_ORDERED);
        EXPECT_EQ(info->consumers[0]->max_attempts, 3u);
        EXPECT_EQ(info->consumers[0]->dead_letter, dead);
        EXPECT_EQ(info->consumers[0]->ack_wait_ms, 30'000u);
      },
      1);
}

TEST(StreamTable, a_lent_definition_outlives_its_removal_until_the_callback_returns) {
  Tenants t(1);
  const auto stream = t.make("queue");
  Answer removed;
  t.rig.on_lane(t.a, [&](void*) {
    const sw_stream_info* info = nullptr;
    auto* ns = anonymous_handle(t.a);
    ASSERT_EQ(t.api()->get(t.a.host, ns, stream, &info), SW_OK);
    ASSERT_EQ(t.api()->remove(t.a.host, ns, stream, on_done, &removed), SW_OK);
    EXPECT_EQ(text(info->name), "queue");
  });
  ASSERT_TRUE(t.rig.eventually([&] { return removed.calls == 1; }));
  t.rig.on_lane(t.a, [&](void*) {
    const sw_stream_info* info = nullptr;
    EXPECT_EQ(t.api()->get(t.a.host, anonymous_handle(t.a), stream, &info), SW_NOT_FOUND);
  });
}

TEST(StreamTable, list_visits_names_of_the_prefix_in_order_until_the_visitor_has_enough) {
  Tenants t;
  for (const char* name : {"q/b", "q/a", "q/c", "r", "p"}) t.make(name);
  t.make("q/of b", &t.b);
  struct Seen {
    std::vector<std::string> names;
    std::size_t most;
  };
  const auto list = [&](const char* prefix, const char* after, std::size_t most) {
    Seen seen{{}, most};
    t.rig.on_lane(t.a, [&](void*) {
      t.api()->list(
          t.a.host, anonymous_handle(t.a), str(prefix), str(after),
          [](void* user, const sw_stream_info* info) {
            auto& s = *static_cast<Seen*>(user);
            s.names.push_back(text(info->name));
            return s.names.size() < s.most ? 1 : 0;
          },
          &seen);
    });
    return seen.names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(list("q/", "", 100), (Names{"q/a", "q/b", "q/c"}));
  EXPECT_EQ(list("q/", "q/a", 100), (Names{"q/b", "q/c"}));
  EXPECT_EQ(list("", "", 2), (Names{"p", "q/a"}));
  EXPECT_EQ(list("q/", "q/c", 100), Names{});
}

TEST(StreamTable, no_call_reaches_a_stream_of_another_namespace) {
  Tenants t;
  const auto stream = t.make("private");
  t.put(stream, {"secret"});
  Answer answer;
  const auto refused = [&](const Tenants::Start& call) { return t.start(answer, call, &t.b); };
  const auto* api = t.api();
  const sw_token token{1, 1, 0};
  const std::uint32_t delay = 0;
  const auto config = work_queue();
  sw_message message{};
  message.size = sizeof message;
  const auto* list = &message;
  EXPECT_EQ(
      refused([&](auto* h, auto* ns, void* u) { return api->append(h, ns, stream, &list, 1, 0, on_appended, u); }),
      SW_NOT_FOUND);
  EXPECT_EQ(refused(t.fetch(stream, 1, 0)), SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) { return api->read(h, ns, stream, 0, 1, str(""), on_fetched, u); }),
            SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) {
              return api->ack(h, ns, stream, kConsumer, &token, 1, 0, on_tokens, u);
            }),
            SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) {
              return api->extend(h, ns, stream, kConsumer, &token, &delay, 1, 0, on_tokens, u);
            }),
            SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) { return api->purge(h, ns, stream, on_done, u); }), SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) { return api->remove(h, ns, stream, on_done, u); }), SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) { return api->state(h, ns, stream, str(""), on_state, u); }),
            SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) {
              return api->update(h, ns, stream, 0, &config, nullptr, 0, bytes(""), on_stream, u);
            }),
            SW_NOT_FOUND);
  t.rig.on_lane(t.b, [&](void*) {
    const sw_stream_info* info = nullptr;
    auto* ns = anonymous_handle(t.b);
    EXPECT_EQ(api->get(t.b.host, ns, stream, &info), SW_NOT_FOUND);
    EXPECT_EQ(api->find(t.b.host, ns, str("private"), &info), SW_NOT_FOUND);
    EXPECT_EQ(info, nullptr);
  });
  EXPECT_EQ(answer.calls, 0) << "a refused call has no completion";
}

TEST(StreamTable, a_dead_letter_stream_must_be_in_the_same_namespace) {
  Tenants t;
  const auto foreign = t.make("dead", &t.b);
  const auto config = work_queue();
  auto q = consumer();
  q.dead_letter = foreign;
  const auto* list = &q;
  Answer answer;
  EXPECT_EQ(t.start(answer,
                    [&](auto* h, auto* ns, void* u) {
                      return t.api()->create(h, ns, str("queue"), &config, &list, 1, bytes(""), on_stream, u);
                    }),
            SW_INVALID);
}

TEST(StreamTable, malformed_arguments_are_refused_before_anything_happens) {
  Tenants t;
  const auto stream = t.make("queue");
  const auto* api = t.api();
  Answer answer;
  const auto create = [&](const std::string& name, const sw_stream_config& config, const sw_consumer_config& q) {
    const auto* list = &q;
    return t.start(answer, [&](auto* h, auto* ns, void* u) {
      return api->create(h, ns, str(name), &config, &list, 1, bytes(""), on_stream, u);
    });
  };
  auto small = work_queue();
  small.size = 8;
  EXPECT_EQ(create("x", small, consumer()), SW_INVALID);
  auto odd = work_queue();
  odd.retention = 7;
  EXPECT_EQ(create("x", odd, consumer()), SW_INVALID);
  auto nameless = consumer();
  nameless.name = str("no spaces");
  EXPECT_EQ(create("x", work_queue(), nameless), SW_INVALID);
  EXPECT_EQ(create("", work_queue(), consumer()), SW_INVALID);
  EXPECT_EQ(create(std::string(256, 'x'), work_queue(), consumer()), SW_INVALID);

  sw_message tiny{};
  tiny.size = 4;
  const sw_message* list[] = {&tiny, nullptr};
  EXPECT_EQ(t.start(answer,
                    [&](auto* h, auto* ns, void* u) { return api->append(h, ns, stream, list, 1, 0, on_appended, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer, [&](auto* h, auto* ns,
                                void* u) { return api->append(h, ns, stream, list + 1, 1, 0, on_appended, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer,
                    [&](auto* h, auto* ns, void* u) { return api->append(h, ns, stream, list, 0, 0, on_appended, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer, [&](auto* h, auto* ns, void* u) { return api->purge(h, ns, stream, nullptr, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer, [&](auto* h, auto*, void* u) { return api->purge(h, nullptr, stream, on_done, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer, t.fetch(stream, 0, 0)), SW_INVALID);
  EXPECT_EQ(t.start(answer, t.fetch(stream, 257, 0)), SW_INVALID);
  EXPECT_EQ(t.start(answer, t.fetch(stream + 1, 1, 0)), SW_NOT_FOUND);
  EXPECT_EQ(answer.calls, 0);
}

TEST(StreamTable, a_waiting_fetch_gets_the_message_that_comes) {
  Tenants t;
  const auto stream = t.make("queue");
  Answer waiting;
  ASSERT_EQ(t.start(waiting, t.fetch(stream, 1, 20'000), nullptr, 1), SW_OK);
  EXPECT_EQ(waiting.calls, 0);
  t.put(stream, {"hello"});
  ASSERT_TRUE(t.rig.eventually([&] { return waiting.calls == 1; }));
  ASSERT_EQ(waiting.got.size(), 1u);
  EXPECT_EQ(waiting.got[0].body, "hello");
}

TEST(StreamTable, a_cancelled_fetch_ends_once_with_cancelled_and_takes_nothing) {
  Tenants t;
  const auto stream = t.make("queue");
  for (std::uint32_t lane = 0; lane < 2; ++lane) {
    Answer waiting, next;
    sw_fetch_id id = 0;
    ASSERT_EQ(t.start(waiting, t.fetch(stream, 1, 20'000, &id), nullptr, lane), SW_OK);
    EXPECT_NE(id, 0u);
    t.rig.on_lane(
        t.a, [&](void*) { t.api()->cancel_fetch(t.a.host, id); }, lane);
    ASSERT_TRUE(t.rig.eventually([&] { return waiting.calls == 1; }));
    EXPECT_EQ(waiting.status, SW_CANCELLED);
    t.rig.on_lane(
        t.a, [&](void*) { t.api()->cancel_fetch(t.a.host, id); }, lane);
    t.put(stream, {"kept"});
    t.ask(next, t.fetch(stream, 1, 0), nullptr, lane);
    ASSERT_EQ(next.got.size(), 1u);
    EXPECT_EQ(next.got[0].token.attempt, 1u);
    EXPECT_EQ(waiting.calls, 1);
  }
}

TEST(StreamTable, waiting_fetches_end_before_the_plugin_stops) {
  Tenants t;
  const auto stream = t.make("queue");
  Answer waiting[2];
  for (std::uint32_t lane = 0; lane < 2; ++lane) {
    ASSERT_EQ(t.start(waiting[lane], t.fetch(stream, 1, 20'000), nullptr, lane), SW_OK);
  }
  std::atomic<int> late{0};
  t.a.on_lane_stop = [&](std::uint32_t lane, void*) { late += waiting[lane].calls == 1 ? 0 : 1; };
  t.rig.stop();
  EXPECT_EQ(late, 0) << "done runs before lane_stop";
  EXPECT_EQ(waiting[0].status, SW_CANCELLED);
  EXPECT_EQ(waiting[1].status, SW_CANCELLED);
}

TEST(StreamTable, while_it_stops_new_calls_are_refused) {
  Tenants t(1);
  const auto stream = t.make("queue");
  Answer answer;
  sw_status status = -1;
  t.a.on_lane_stop = [&](std::uint32_t, void*) {
    status = t.api()->purge(t.a.host, anonymous_handle(t.a), stream, on_done, &answer);
  };
  t.rig.stop();
  EXPECT_EQ(status, SW_STOPPING);
  EXPECT_EQ(answer.calls, 0);
}

TEST(StreamTable, a_completion_that_throws_fails_the_plugin_and_nobody_else) {
  Tenants t;
  const auto stream = t.make("queue");
  const auto theirs = t.make("theirs", &t.b);
  Answer unused;
  ASSERT_EQ(t.start(unused,
                    [&](auto* h, auto* ns, void* u) {
                      return t.api()->purge(
                          h, ns, stream, [](void*, sw_status, const sw_error*) { throw 1; }, u);
                    }),
            SW_OK);
  ASSERT_TRUE(t.rig.eventually([&] { return t.rig.host->plugins().at(0).state == PluginState::failed; }));
  Answer answer;
  t.ask(
      answer, [&](auto* h, auto* ns, void* u) { return t.api()->purge(h, ns, theirs, on_done, u); }, &t.b);
  EXPECT_EQ(answer.status, SW_OK);
}

TEST(StreamTable, sealed_tokens_survive_a_restart) {
  Tenants t;
  const auto stream = t.make("queue");
  t.put(stream, {"body"});
  Answer fetched;
  t.ask(fetched, t.fetch(stream, 1, 0));
  std::uint8_t sealed[SW_SEALED_BYTES];
  t.rig.on_lane(t.a, [&](void*) { t.api()->seal(t.a.host, stream, kConsumer, fetched.got.at(0).token, sealed); });
  t.rig.restart();
  t.run();
  sw_token token{};
  t.rig.on_lane(t.a, [&](void*) { ASSERT_EQ(t.api()->open(t.a.host, stream, kConsumer, sealed, &token), SW_OK); });
  EXPECT_EQ(token.seq, fetched.got.at(0).token.seq);
  Answer acknowledged;
  t.ask(acknowledged, [&](auto* h, auto* ns, void* u) {
    return t.api()->ack(h, ns, stream, kConsumer, &token, 1, SW_ACK_STRICT, on_tokens, u);
  });
  EXPECT_EQ(acknowledged.each, (std::vector<sw_status>{SW_OK}));
}

// ---- sealing ---------------------------------------------------------------------------------------

using Sealed = std::array<std::uint8_t, kSealedBytes>;

Sealed seal(const TokenSeal& by, stream::StreamId stream, const std::string& consumer, stream::Token token) {
  Sealed out{};
  by.seal(stream, consumer, token, out);
  return out;
}

TEST(TokenSeal, opens_what_it_sealed) {
  const TokenSeal by({1, 2});
  for (const stream::Token token : {stream::Token{1, 1}, stream::Token{~0ull, ~0u}, stream::Token{0, 0}}) {
    for (const std::string consumer : {"", "q", "a-consumer-with-a-name-of-sixty-four-characters-just-as-allowed_"}) {
      stream::Token opened;
      ASSERT_EQ(by.open(9, consumer, seal(by, 9, consumer, token), opened), Code::ok);
      EXPECT_EQ(opened.seq, token.seq);
      EXPECT_EQ(opened.attempt, token.attempt);
    }
  }
}

TEST(TokenSeal, a_change_of_any_bit_is_refused) {
  const TokenSeal by({1, 2});
  const auto good = seal(by, 9, "q", {123, 4});
  for (std::size_t bit = 0; bit < kSealedBytes * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    stream::Token token{77, 77};
    EXPECT_EQ(by.open(9, "q", bad, token), Code::invalid) << "bit " << bit;
    EXPECT_EQ(token.seq, 77u) << "nothing is given out";
  }
}

TEST(TokenSeal, a_handle_of_another_stream_or_consumer_is_a_conflict_and_of_another_server_invalid) {
  const TokenSeal by({1, 2}), other({1, 3});
  const auto sealed = seal(by, 9, "q", {123, 4});
  stream::Token token;
  EXPECT_EQ(by.open(10, "q", sealed, token), Code::conflict);
  EXPECT_EQ(by.open(9, "r", sealed, token), Code::conflict);
  EXPECT_EQ(by.open(9, "", sealed, token), Code::conflict);
  EXPECT_EQ(other.open(9, "q", sealed, token), Code::invalid);
}

TEST(TokenSeal, handles_do_not_show_their_numbers) {
  const TokenSeal by({1, 2});
  // Neighbours differ in about half of all bits, in both halves of the handle.
  int close = 0;
  for (std::uint64_t seq = 1; seq < 200; ++seq) {
    const auto one = seal(by, 9, "q", {seq, 1}), next = seal(by, 9, "q", {seq + 1, 1});
    int first = 0, second = 0;
    for (std::size_t i = 0; i < 16; ++i) {
      first += __builtin_popcount(one[i] ^ next[i]);
      second += __builtin_popcount(one[i + 16] ^ next[i + 16]);
    }
    close += first < 32 || second < 32 ? 1 : 0;
  }
  EXPECT_EQ(close, 0);
  EXPECT_NE(seal(by, 9, "q", {1, 1}), seal(by, 9, "q", {1, 2}));
  EXPECT_EQ(seal(by, 9, "q", {1, 1}), seal(by, 9, "q", {1, 1})) << "a restart makes the same handle";
}

}  // namespace
}  // namespace switchyard::plugin::test
