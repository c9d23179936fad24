// Engine::move: messages that leave for another stream without having been delivered.
#include <set>

#include "tests/unit/stream/engine_fixture.h"

namespace switchyard::stream {
namespace {

using Bodies = std::vector<std::string>;

class EngineMove : public EngineFixture {
 protected:
  explicit EngineMove(std::size_t lanes = 1) : EngineFixture(lanes) {}

  struct Outcome {
    Status status;
    std::uint32_t moved = 0;
  };
  Outcome move(StreamId from, std::uint32_t max, StreamId target, bool as_new = false) {
    Outcome out;
    bool done = false;
    const auto accepted =
        engine_->move(0, from, "q", {max, target, as_new}, [&](const Status& status, std::uint32_t moved) {
          EXPECT_FALSE(done) << "a completion ran twice";
          out = {status, moved};
          done = true;
        });
    if (!accepted) return {accepted, 0};
    EXPECT_FALSE(done) << "later, never from inside the call";
    until([&] { return done; });
    return out;
  }
  // A stream whose second delivery goes to `dead`.
  StreamId source_of(StreamId dead, const std::string& name, StreamConfig config, bool ordered = false) {
    auto q = consumer();
    q.max_attempts = 1;
    q.dead_letter = dead;
    q.ordered = ordered;
    return create(name, config, {q});
  }
  void kill(StreamId source, std::size_t n) {
    for (std::size_t got = 0; got < n;) got += fetch(source, 10, 0).size();
    EXPECT_TRUE(fetch(source, 10, 0).empty());
  }
  Bodies bodies_of(const std::vector<Got>& got) {
    Bodies out;
    for (const auto& g : got) out.push_back(g.body);
    return out;
  }
};
class EngineMoveOnFourLanes : public EngineMove {
 protected:
  EngineMoveOnFourLanes() : EngineMove(4) {}
};

TEST_F(EngineMove, takes_no_more_than_asked_and_only_what_could_be_delivered) {
  open();
  const auto from = create("from", work_queue()), to = create("to", work_queue());
  for (const char* body : {"out", "a", "b", "c"}) put(from, body);
  put(from, "later", {}, 60'000);
  ASSERT_EQ(fetch(from, 1).size(), 1u);
  EXPECT_EQ(move(from, 2, to).moved, 2u);
  EXPECT_EQ(move(from, 10, to).moved, 1u);
  const auto none = move(from, 10, to);
  EXPECT_TRUE(none.status.ok());
  EXPECT_EQ(none.moved, 0u);
  EXPECT_EQ(bodies_of(fetch(to, 10)), (Bodies{"a", "b", "c"}));
  EXPECT_EQ(state(from).messages, 2u) << "one is out, one is delayed";
}

TEST_F(EngineMove, keeps_id_and_time_unless_it_is_as_new) {
  open();
  const auto from = create("from", work_queue()), to = create("to", work_queue());
  MessageIn message;
  message.body = "m";
  message.headers = "h";
  message.header_format = 7;
  const auto first = append(from, {message, message});
  clock_.advance_ms(5'000);
  EXPECT_EQ(move(from, 1, to).moved, 1u);
  EXPECT_EQ(move(from, 1, to, true).moved, 1u);
  const auto got = fetch(to, 10);
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].id, first[0].id);
  EXPECT_EQ(got[0].time_ms, first[0].time_ms);
  EXPECT_EQ(got[0].source, "from");
  EXPECT_NE(got[1].id, first[1].id);
  EXPECT_EQ(got[1].time_ms, first[1].time_ms + 5'000);
  EXPECT_EQ(got[1].source, "");
  EXPECT_EQ(got[1].token.attempt, 1u) << "its deliveries start again";
}

TEST_F(EngineMove, without_a_target_each_goes_back_to_where_it_was_dead_lettered_from) {
  open();
  const auto dead = create("dead", work_queue());
  const auto a = source_of(dead, "a", work_queue()), b = source_of(dead, "b", work_queue());
  put(a, "of a");
  put(b, "of b");
  kill(a, 1);
  kill(b, 1);
  until([&] { return state(dead).messages == 2; });
  EXPECT_EQ(move(dead, 10, 0, true).moved, 2u);
  EXPECT_EQ(state(dead).messages, 0u);
  EXPECT_EQ(bodies_of(fetch(a, 10, 0)), Bodies{"of a"});
  EXPECT_EQ(bodies_of(fetch(b, 10, 0)), Bodies{"of b"});
}

TEST_F(EngineMove, says_what_has_nowhere_to_go_and_leaves_it_where_it_is) {
  open();
  const auto dead = create("dead", work_queue());
  const auto a = source_of(dead, "a", work_queue());
  put(dead, "sent here");
  const auto sent = move(dead, 10, 0);
  EXPECT_EQ(sent.status.code(), Code::conflict) << sent.status.error().message;
  EXPECT_EQ(sent.moved, 0u);
  clock_.advance_ms(1'001);
  EXPECT_EQ(bodies_of(fetch(dead, 10)), Bodies{"sent here"});

  put(a, "orphan");
  kill(a, 1);
  until([&] { return state(dead).messages == 2; });
  remove(a);
  EXPECT_EQ(move(dead, 10, 0).status.code(), Code::not_found);
  EXPECT_EQ(state(dead).messages, 2u);
  EXPECT_EQ(move(dead, 10, dead).status.code(), Code::invalid);
  EXPECT_EQ(move(dead, 10, a).status.code(), Code::not_found);
  EXPECT_EQ(move(dead, 0, 0).status.code(), Code::invalid);
}

TEST_F(EngineMove, a_group_arrives_in_order_with_its_ids_and_the_window_is_not_asked_also_after_a_crash) {
  open();
  auto config = work_queue();
  config.keyed = true;
  config.dedup_window_ms = 300'000;
  auto ordered = consumer();
  ordered.ordered = true;
  const auto dead = create("dead", config, {ordered});
  const auto source = source_of(dead, "jobs", config, true);
  for (int i = 0; i < 9; ++i) {
    const std::string body = std::to_string(i);
    MessageIn message;
    message.body = message.dedup_id = body;
    message.key = "g";
    append(source, {message});
  }
  kill(source, 9);
  until([&] { return state(dead).messages == 9; });
  EXPECT_EQ(move(dead, 10, 0, true).moved, 9u) << "their ids are still in the source's window";
  reopen();
  EXPECT_EQ(state(dead).messages, 0u);
  EXPECT_EQ(bodies_of(fetch(source, 10)), (Bodies{"0", "1", "2", "3", "4", "5", "6", "7", "8"}));
  EXPECT_TRUE(fetch(source, 10).empty());
}

TEST_F(EngineMove, a_dead_letter_of_an_ordered_consumer_gets_the_time_of_its_move) {
  open();
  auto config = work_queue();
  config.keyed = true;
  auto ordered = consumer();
  ordered.ordered = true;
  const auto dead = create("dead", config, {ordered});
  const auto source = source_of(dead, "jobs", config, true);
  put(source, "m", "g");
  const auto first = fetch(source, 1, 0);
  clock_.advance_ms(7'000);
  EXPECT_TRUE(fetch(source, 1, 0).empty());
  until([&] { return state(dead).messages == 1; });
  const auto letter = fetch(dead, 1);
  EXPECT_EQ(letter[0].time_ms, first[0].time_ms + 7'000);
  EXPECT_EQ(letter[0].id, first[0].id);
}

TEST_F(EngineMove, a_moved_dedup_id_does_not_refuse_a_send_after_a_crash) {
  open();
  auto config = work_queue();
  config.dedup_window_ms = 300'000;
  const auto from = create("from", work_queue()), to = create("to", config);
  MessageIn message;
  message.body = "m";
  message.dedup_id = "id";
  append(from, {message});
  EXPECT_EQ(move(from, 1, to, true).moved, 1u);
  reopen();
  EXPECT_FALSE(append(to, {message}).at(0).duplicate);
}

TEST_F(EngineMove, what_moved_is_there_once_after_a_crash_whenever_it_comes) {
  open();
  const auto from = create("from", work_queue()), to = create("to", work_queue());
  for (int i = 0; i < 120; ++i) put(from, std::to_string(i));
  int turns = 0;
  for (std::uint64_t moved = 0; moved < 120;) {
    // Not waited for: the process dies somewhere in the middle.
    ASSERT_TRUE(engine_->move(0, from, "q", {10, to, false}, [](const Status&, std::uint32_t) {}).ok());
    for (int i = 0; i < turns % 7; ++i) turn();
    if (turns % 3 == 0) checkpoint();
    ++turns;
    reopen();
    ASSERT_EQ(state(from).messages + state(to).messages, 120u);
    moved = state(to).messages;
    clock_.advance_ms(30'001);  // A hold in a checkpoint ends.
  }
  std::set<std::string> seen;
  for (auto got = fetch(to, 10); !got.empty(); got = fetch(to, 10)) {
    for (const auto& g : got) EXPECT_TRUE(seen.insert(g.body).second) << g.body;
  }
  EXPECT_EQ(seen.size(), 120u);
}

TEST_F(EngineMoveOnFourLanes, from_any_lane_to_any_lane) {
  open();
  std::vector<StreamId> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(create("s" + std::to_string(i), work_queue()));
  put(ids[0], "wanderer");
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(move(ids[i], 10, ids[(i + 1) % 4]).moved, 1u);
  EXPECT_EQ(bodies_of(fetch(ids[0], 10)), Bodies{"wanderer"});
}

TEST_F(EngineMoveOnFourLanes, ends_when_its_stream_is_removed_meanwhile) {
  open();
  const auto from = create("from", work_queue()), to = create("to", work_queue());
  for (int i = 0; i < 20; ++i) put(from, "m");
  int done = 0;
  ASSERT_TRUE(engine_->move(0, from, "q", {20, to, false}, [&](const Status&, std::uint32_t) { ++done; }).ok());
  remove(from);
  until([&] { return done == 1; });
  EXPECT_LE(state(to).messages, 20u);
}

}  // namespace
}  // namespace switchyard::stream
