#include "tests/unit/stream/engine_fixture.h"

namespace switchyard::stream {
namespace {

class EngineTest : public EngineFixture {};
class EngineOnFourLanes : public EngineFixture {
 protected:
  EngineOnFourLanes() : EngineFixture(4) {}
};

using Bodies = std::vector<std::string>;

Bodies bodies(const auto& got) {
  Bodies out;
  for (const auto& g : got) out.push_back(g.body);
  return out;
}

TEST_F(EngineTest, an_acknowledged_message_survives_a_crash_before_any_checkpoint) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "one");
  put(id, "two");
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), (Bodies{"one", "two"}));
}

TEST_F(EngineTest, an_acknowledged_message_survives_a_crash_after_a_checkpoint) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "one");
  checkpoint();
  put(id, "two");
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), (Bodies{"one", "two"}));
}

TEST_F(EngineTest, a_deleted_message_does_not_come_back_after_a_crash) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "one");
  put(id, "two");
  checkpoint();
  const auto got = fetch(id, 1);
  EXPECT_EQ(ack(id, {got[0].token}), std::vector<Code>{Code::ok});
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"two"});
  EXPECT_EQ(state(id).messages, 1u);
}

TEST_F(EngineTest, a_leased_message_stays_hidden_over_a_crash_until_its_lease_ends) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "one");
  const auto first = fetch(id, 1, 30'000);
  ASSERT_EQ(first.size(), 1u);
  reopen();
  EXPECT_TRUE(fetch(id, 1).empty());
  clock_.advance_ms(30'001);
  const auto again = fetch(id, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].token.attempt, 2u);
  EXPECT_EQ(again[0].id, first[0].id) << "the id is the message's, not the delivery's";
}

TEST_F(EngineTest, a_waiting_fetch_is_woken_by_an_arrival) {
  open();
  const auto id = create("jobs", work_queue());
  auto waiting = start_fetch(id, 10, 20'000);
  turn();
  EXPECT_FALSE(waiting->done);
  put(id, "hello");
  until([&] { return waiting->done; });
  EXPECT_EQ(waiting->bodies(), Bodies{"hello"});
}

TEST_F(EngineTest, a_waiting_fetch_ends_empty_when_its_time_is_over) {
  open();
  const auto id = create("jobs", work_queue());
  auto waiting = start_fetch(id, 10, 20'000);
  clock_.advance_ms(19'999);
  turn();
  turn();
  EXPECT_FALSE(waiting->done);
  clock_.advance_ms(1);
  until([&] { return waiting->done; });
  EXPECT_TRUE(waiting->status.ok());
  EXPECT_TRUE(waiting->got.empty());
}

TEST_F(EngineTest, a_waiting_fetch_is_woken_when_a_lease_ends) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "one");
  ASSERT_EQ(fetch(id, 1, 5'000).size(), 1u);
  auto waiting = start_fetch(id, 10, 20'000);
  turn();
  EXPECT_FALSE(waiting->done);
  clock_.advance_ms(5'001);
  until([&] { return waiting->done; });
  EXPECT_EQ(waiting->bodies(), Bodies{"one"});
}

TEST_F(EngineTest, waiting_fetches_are_served_in_the_order_they_came) {
  open();
  const auto id = create("jobs", work_queue());
  auto first = start_fetch(id, 1, 20'000);
  auto second = start_fetch(id, 1, 20'000);
  put(id, "a");
  until([&] { return first->done; });
  EXPECT_FALSE(second->done);
  put(id, "b");
  until([&] { return second->done; });
  EXPECT_EQ(first->bodies(), Bodies{"a"});
  EXPECT_EQ(second->bodies(), Bodies{"b"});
}

TEST_F(EngineTest, a_cancelled_fetch_ends_cancelled_and_takes_nothing) {
  open();
  const auto id = create("jobs", work_queue());
  auto waiting = start_fetch(id, 1, 20'000);
  engine_->cancel_fetch(0, waiting->id);
  until([&] { return waiting->done; });
  EXPECT_EQ(waiting->status.code(), Code::cancelled);
  put(id, "a");
  const auto got = fetch(id, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].token.attempt, 1u);
}

TEST_F(EngineTest, a_fetch_cancelled_while_its_lease_is_written_does_not_count) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "a");
  auto waiting = start_fetch(id, 1, 20'000);
  engine_->cancel_fetch(0, waiting->id);
  until([&] { return waiting->done; });
  EXPECT_EQ(waiting->status.code(), Code::cancelled);
  const auto got = fetch(id, 1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].token.attempt, 1u);
}

TEST_F(EngineTest, a_delayed_message_arrives_when_it_is_due_and_not_before) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "later", {}, 10'000);
  put(id, "now");
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"now"});
  EXPECT_EQ(state(id).delayed, 1u);
  clock_.advance_ms(9'999);
  EXPECT_TRUE(fetch(id, 10).empty());
  clock_.advance_ms(1);
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"later"});
}

TEST_F(EngineTest, a_delay_survives_a_crash) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "later", {}, 10'000);
  put(id, "now");
  checkpoint();
  put(id, "much later", {}, 20'000);
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"now"});
  clock_.advance_ms(10'000);
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"later"});
  clock_.advance_ms(10'000);
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"much later"});
}

TEST_F(EngineTest, a_message_behind_a_delayed_one_is_not_lost_over_a_crash) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "a");
  put(id, "delayed", {}, 1'000);
  put(id, "c");
  clock_.advance_ms(1'000);
  // The delayed one is ready now and goes out first; the cursor has not moved.
  const auto got = fetch(id, 1);
  ASSERT_EQ(bodies(got), Bodies{"delayed"});
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), (Bodies{"a", "c"}));
}

TEST_F(EngineTest, visibility_zero_makes_a_message_available_at_once) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "a");
  const auto got = fetch(id, 1, 30'000);
  EXPECT_EQ(extend(id, got[0].token, 0), Code::ok);
  const auto again = fetch(id, 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].token.attempt, 2u);
  EXPECT_EQ(extend(id, got[0].token, 10), Code::conflict) << "the first token no longer holds the lease";
}

TEST_F(EngineTest, an_extended_lease_ends_at_its_new_time) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "a");
  const auto got = fetch(id, 1, 1'000);
  EXPECT_EQ(extend(id, got[0].token, 60'000), Code::ok);
  clock_.advance_ms(59'999);
  EXPECT_TRUE(fetch(id, 1).empty());
  reopen();
  EXPECT_TRUE(fetch(id, 1).empty());
  clock_.advance_ms(1);
  EXPECT_EQ(fetch(id, 1).size(), 1u);
}

TEST_F(EngineTest, an_old_token_still_acknowledges_unless_strict) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "a");
  const auto first = fetch(id, 1, 1'000);
  clock_.advance_ms(1'001);
  const auto second = fetch(id, 1, 1'000);
  EXPECT_EQ(ack(id, {first[0].token}, true), std::vector<Code>{Code::conflict});
  EXPECT_EQ(ack(id, {first[0].token}), std::vector<Code>{Code::ok});
  EXPECT_EQ(ack(id, {second[0].token}), std::vector<Code>{Code::ok}) << "gone is fine";
  EXPECT_EQ(ack(id, {second[0].token}, true), std::vector<Code>{Code::not_found});
}

TEST_F(EngineTest, a_message_past_its_attempts_goes_to_the_dead_letters_with_its_id) {
  open();
  const auto dead = create("dead", work_queue());
  auto config = consumer();
  config.max_attempts = 2;
  config.dead_letter = dead;
  const auto id = create("jobs", work_queue(), {config});
  put(id, "poison");
  put(id, "fine");
  const auto first = fetch(id, 1, 0);
  const auto second = fetch(id, 1, 0);
  ASSERT_EQ(bodies(second), Bodies{"poison"});
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"fine"});
  until([&] { return state(dead).messages == 1; });
  const auto letters = fetch(dead, 10);
  ASSERT_EQ(bodies(letters), Bodies{"poison"});
  EXPECT_EQ(letters[0].id, first[0].id);
  EXPECT_EQ(letters[0].source, "jobs");
  EXPECT_EQ(letters[0].time_ms, first[0].time_ms) << "its age goes on";
  EXPECT_EQ(state(id).messages, 1u);
  reopen();
  EXPECT_EQ(state(dead).messages, 1u);
  EXPECT_EQ(state(id).messages, 1u);
}

TEST_F(EngineTest, purge_takes_what_is_there_and_leaves_what_comes_later) {
  open();
  const auto id = create("jobs", work_queue());
  for (int i = 0; i < 1'500; ++i) put(id, "old");
  fetch(id, 10);
  purge(id);
  EXPECT_EQ(state(id).messages, 0u);
  put(id, "new");
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"new"});
  EXPECT_EQ(engine_->usage(7)->stored_bytes.load(), static_cast<std::int64_t>(state(id).bytes));
}

TEST_F(EngineTest, a_removed_stream_ends_its_waiting_fetches_and_its_name_is_free) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "old");
  auto other = create("other", work_queue());
  put(other, "kept");
  fetch(id, 1);
  auto waiting = start_fetch(id, 1, 20'000);
  remove(id);
  until([&] { return waiting->done; });
  EXPECT_EQ(waiting->status.code(), Code::not_found);
  const auto next = create("jobs", work_queue());
  EXPECT_NE(next, id);
  EXPECT_TRUE(fetch(next, 10).empty());
  checkpoint();
  reopen();
  EXPECT_TRUE(fetch(next, 10).empty());
  EXPECT_EQ(engine_->get(0, id), nullptr);
  EXPECT_EQ(bodies(fetch(other, 10)), Bodies{"kept"});
}

TEST_F(EngineTest, creating_a_taken_name_answers_exists_with_the_stream_that_has_it) {
  open();
  const auto id = create("jobs", work_queue());
  Status outcome;
  DefinitionPtr found;
  bool done = false;
  engine_->create(0, 7, 3, "jobs", work_queue(), {consumer()}, "", [&](const Status& status, DefinitionPtr d) {
    outcome = status;
    found = d;
    done = true;
  });
  until([&] { return done; });
  EXPECT_EQ(outcome.code(), Code::exists);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, id);
}

TEST_F(EngineTest, a_repeated_dedup_id_is_accepted_once_also_after_a_crash_and_forgotten_after_the_window) {
  open();
  auto config = work_queue();
  config.dedup_window_ms = 300'000;
  const auto id = create("jobs", config);
  MessageIn message;
  message.body = "once";
  message.dedup_id = "d1";
  const auto first = append(id, {message});
  const auto second = append(id, {message});
  EXPECT_TRUE(second[0].duplicate);
  EXPECT_EQ(second[0].seq, first[0].seq);
  EXPECT_EQ(second[0].id, first[0].id);
  reopen();
  EXPECT_TRUE(append(id, {message})[0].duplicate);
  checkpoint();
  reopen();
  EXPECT_TRUE(append(id, {message})[0].duplicate);
  EXPECT_EQ(state(id).messages, 1u);
  clock_.advance_ms(300'000);
  EXPECT_FALSE(append(id, {message})[0].duplicate);
}

TEST_F(EngineTest, an_ordered_consumer_delivers_a_key_in_order_and_blocks_it_while_a_message_is_out) {
  open();
  auto config = work_queue();
  config.keyed = true;
  auto ordered = consumer();
  ordered.ordered = true;
  const auto id = create("fifo", config, {ordered});
  put(id, "a1", "A");
  put(id, "a2", "A");
  put(id, "b1", "B");
  put(id, "a3", "A");
  const auto first = fetch(id, 2);
  EXPECT_EQ(bodies(first), (Bodies{"a1", "a2"}));
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"b1"}) << "A is blocked by a1 and a2";
  ack(id, {first[0].token});
  EXPECT_TRUE(fetch(id, 10).empty()) << "a2 is still out";
  reopen();
  EXPECT_TRUE(fetch(id, 10).empty()) << "a2 is still out after a crash";
  ack(id, {first[1].token});
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"a3"});
}

TEST_F(EngineTest, in_an_ordered_consumer_a_visible_head_goes_out_again_but_nothing_behind_an_invisible_one) {
  open();
  auto config = work_queue();
  config.keyed = true;
  auto ordered = consumer();
  ordered.ordered = true;
  const auto id = create("fifo", config, {ordered});
  for (const auto* body : {"m1", "m2", "m3"}) put(id, body, "G");
  const auto all = fetch(id, 10);
  ASSERT_EQ(all.size(), 3u);
  extend(id, all[2].token, 0);
  EXPECT_TRUE(fetch(id, 10).empty()) << "m3 is visible but m1 and m2 are not";
  extend(id, all[0].token, 0);
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"m1"}) << "up to the first one that is still out";
}

TEST_F(EngineTest, retention_drops_old_messages_and_keeps_young_ones) {
  open();
  auto config = work_queue();
  config.max_age_ms = 60'000;
  const auto id = create("jobs", config);
  put(id, "old");
  clock_.advance_ms(40'000);
  put(id, "young");
  clock_.advance_ms(20'000);
  until([&] { return state(id).messages == 1; });
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"young"});
}

TEST_F(EngineTest, the_stored_bytes_limit_refuses_and_deleting_makes_room) {
  open();
  const auto id = create("jobs", work_queue());
  engine_->usage(7)->max_stored_bytes = 1'000;
  const std::string big(900, 'x');
  put(id, big);
  Status outcome;
  MessageIn message;
  message.body = big;
  append(id, {message}, false, &outcome);
  EXPECT_EQ(outcome.code(), Code::quota);
  ack(id, {fetch(id, 1)[0].token});
  EXPECT_EQ(engine_->usage(7)->stored_bytes.load(), 0);
  put(id, big);
}

TEST_F(EngineTest, all_or_nothing_stores_nothing_when_one_message_is_refused) {
  open();
  auto config = work_queue();
  config.max_message_bytes = 10;
  const auto id = create("jobs", config);
  MessageIn small, big;
  small.body = "ok";
  big.body = "far too long for this";
  Status outcome;
  auto results = append(id, {small, big}, true, &outcome);
  EXPECT_EQ(outcome.code(), Code::invalid);
  EXPECT_EQ(state(id).messages, 0u);
  results = append(id, {small, big}, false, &outcome);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].status, Code::ok);
  EXPECT_EQ(results[1].status, Code::invalid);
  EXPECT_EQ(state(id).messages, 1u);
}

TEST_F(EngineTest, reading_changes_nothing_and_a_filter_finds_the_keys_that_match) {
  open();
  StreamConfig config;
  config.keyed = true;
  const auto id = create("log", config);
  put(id, "1", "a.x");
  put(id, "2", "b.x");
  put(id, "3", "a.y");
  EXPECT_EQ(bodies(read(id, 1, 10)), (Bodies{"1", "2", "3"}));
  EXPECT_EQ(bodies(read(id, 1, 10, "a.*")), (Bodies{"1", "3"}));
  EXPECT_EQ(bodies(read(id, 2, 10, "a.*")), Bodies{"3"});
  EXPECT_EQ(state(id).leased, 0u);
}

TEST_F(EngineTest, max_per_key_keeps_the_newest) {
  open();
  StreamConfig config;
  config.keyed = true;
  config.max_per_key = 1;
  const auto id = create("kv", config);
  put(id, "old", "k");
  put(id, "new", "k");
  put(id, "other", "z");
  until([&] { return state(id).messages == 2; });
  EXPECT_EQ(bodies(read(id, 1, 10)), (Bodies{"new", "other"}));
  reopen();
  EXPECT_EQ(bodies(read(id, 1, 10)), (Bodies{"new", "other"}));
}

TEST_F(EngineTest, stepping_the_wall_clock_neither_ends_leases_nor_prolongs_them) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "a");
  fetch(id, 1, 30'000);
  clock_.step_wall_ms(3'600'000);
  EXPECT_TRUE(fetch(id, 1).empty());
  clock_.step_wall_ms(-7'200'000);
  clock_.advance_ms(30'001);
  EXPECT_EQ(fetch(id, 1).size(), 1u);
}

TEST_F(EngineOnFourLanes, every_call_works_from_a_lane_that_does_not_own_the_stream) {
  open();
  std::vector<StreamId> ids;
  for (int i = 0; i < 8; ++i) ids.push_back(create("jobs" + std::to_string(i), work_queue()));
  for (const auto id : ids) {
    put(id, "m" + std::to_string(id));
    auto waiting = start_fetch(id, 10, 20'000);
    until([&] { return waiting->done; });
    EXPECT_EQ(waiting->bodies(), Bodies{"m" + std::to_string(id)});
    EXPECT_EQ(extend(id, waiting->got[0].token, 1'000), Code::ok);
    EXPECT_EQ(ack(id, {waiting->got[0].token}), std::vector<Code>{Code::ok});
    EXPECT_EQ(state(id).messages, 0u);
    put(id, "kept");
    purge(id);
    put(id, "kept " + std::to_string(id));
  }
  checkpoint();
  reopen();
  for (const auto id : ids) EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"kept " + std::to_string(id)});
}

TEST_F(EngineOnFourLanes, dead_letters_cross_lanes) {
  open();
  const auto dead = create("dead", work_queue());
  auto config = consumer();
  config.max_attempts = 1;
  config.dead_letter = dead;
  for (int i = 0; i < 4; ++i) {
    const auto id = create("jobs" + std::to_string(i), work_queue(), {config});
    put(id, "p");
    fetch(id, 1, 0);
    EXPECT_TRUE(fetch(id, 1).empty());
  }
  until([&] { return state(dead).messages == 4; });
}

}  // namespace
}  // namespace switchyard::stream
