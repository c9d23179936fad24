// stream/1, messages, waiting fetches and the end of the plugin, on a real engine.
#include "tests/unit/plugin/stream_rig.h"

namespace switchyard::plugin::test {
namespace {

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

TEST(StreamMessages, a_repeated_attempt_gets_the_same_tokens_and_one_too_long_is_refused) {
  Tenants t;
  const auto stream = t.make("jobs");
  t.put(stream, {"1", "2"});
  std::string attempt = "attempt";
  const auto call = [&](auto* host, auto* ns, void* user) {
    sw_fetch request{};
    request.size = sizeof request;
    request.max = 2;
    request.ack_wait_ms = 60'000;
    request.attempt_id = str(attempt);
    return t.api()->fetch(host, ns, stream, kConsumer, &request, nullptr, on_fetched, user);
  };
  Answer first, again, refused;
  t.ask(first, call);
  t.ask(again, call, nullptr, 1);
  ASSERT_EQ(first.got.size(), 2u);
  ASSERT_EQ(again.got.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(first.got[i].token.seq, again.got[i].token.seq);
    EXPECT_EQ(first.got[i].token.attempt, again.got[i].token.attempt);
  }
  attempt.assign(129, 'a');
  EXPECT_EQ(t.start(refused, call), SW_INVALID);
}

TEST(StreamMessages, a_move_takes_what_is_there_to_another_stream_of_the_namespace_alone) {
  Tenants t;
  const auto from = t.make("from"), to = t.make("to"), foreign = t.make("foreign", &t.b);
  t.put(from, {"1", "2", "3"});
  sw_move move{};
  move.size = sizeof move;
  move.target = to;
  move.max = 2;
  const auto call = [&](auto* host, auto* ns, void* user) {
    return t.api()->move(host, ns, from, kConsumer, &move, on_moved, user);
  };
  for (const std::uint32_t moved : {2u, 1u, 0u}) {
    Answer answer;
    t.ask(answer, call, nullptr, moved % 2);
    EXPECT_EQ(answer.status, SW_OK) << answer.error;
    EXPECT_EQ(answer.moved, moved);
  }
  Answer got, refused;
  t.ask(got, t.fetch(to, 10, 0));
  ASSERT_EQ(got.got.size(), 3u);
  EXPECT_EQ(got.got[2].body, "3");
  move.target = foreign;
  EXPECT_EQ(t.start(refused, call), SW_NOT_FOUND);
  move.target = from;
  EXPECT_EQ(t.start(refused, call), SW_INVALID);
  move.target = 0;
  move.max = 257;
  EXPECT_EQ(t.start(refused, call), SW_INVALID);
  EXPECT_EQ(refused.calls, 0);
}

}  // namespace
}  // namespace switchyard::plugin::test
