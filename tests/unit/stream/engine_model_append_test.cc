// Limits, deduplication and refusals of appends whose outcome hangs on others.
#include "tests/unit/stream/engine_race.h"

namespace switchyard::stream {
namespace {

TEST_F(EngineRace, all_or_nothing_counts_the_messages_of_the_call_against_the_limits_together) {
  open();
  auto config = work_queue();
  config.max_messages = 3;
  const auto id = create("jobs", config);
  put(id, "1");
  put(id, "2");
  MessageIn a, b;
  a.body = "3";
  b.body = "4";
  Status outcome;
  append(id, {a, b}, true, &outcome);
  EXPECT_EQ(outcome.code(), Code::quota);
  EXPECT_EQ(state(id).messages, 2u);
  const auto big = create("big", work_queue());
  engine_->usage(7)->max_stored_bytes = engine_->usage(7)->stored_bytes + 1'000;
  const std::string body(600, 'x');
  a.body = b.body = body;
  append(big, {a, b}, true, &outcome);
  EXPECT_EQ(outcome.code(), Code::quota);
  EXPECT_EQ(state(big).messages, 0u);
}

TEST_F(EngineRace, all_or_nothing_expects_each_message_behind_the_one_before_it) {
  open();
  const auto id = create("log", StreamConfig());
  put(id, "1");
  MessageIn a, b;
  a.body = "2";
  b.body = "3";
  a.has_expect_last = b.has_expect_last = true;
  a.expect_last = 1;
  b.expect_last = 2;
  Status outcome;
  const auto results = append(id, {a, b}, true, &outcome);
  EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(results.at(1).seq, 3u);
}

TEST_F(EngineRace, a_call_that_is_too_large_leaves_nothing_behind) {
  options_.journal.max_batch_bytes = 64u << 10;
  open();
  const auto id = create("jobs", work_queue());
  const std::string body(100'000, 'x');
  MessageIn message;
  message.body = body;
  Status outcome;
  append(id, {message}, false, &outcome);
  EXPECT_EQ(outcome.code(), Code::invalid);
  remove(id);  // An operation that never ended would keep the stream alive: the sanitizer's leak check sees it.
  turns(5);
}

TEST_F(EngineRace, several_messages_of_a_key_in_one_call_leave_only_the_newest) {
  open();
  StreamConfig config;
  config.keyed = true;
  config.max_per_key = 2;
  const auto id = create("kv", config);
  std::vector<MessageIn> messages;
  Bodies texts;
  for (int i = 0; i < 20; ++i) texts.push_back(std::to_string(i));
  for (const auto& text : texts) {
    messages.emplace_back().body = text;
    messages.back().key = "k";
  }
  append(id, messages);
  until([&] { return state(id).messages <= 2; });
  EXPECT_EQ(bodies(read(id, 1, 100)), (Bodies{"18", "19"}));
  expect_bytes_agree({id});
}

TEST_F(EngineRace, appends_to_a_key_that_overtake_the_removals_leave_only_the_newest) {
  open();
  StreamConfig config;
  config.keyed = true;
  config.max_per_key = 1;
  const auto id = create("kv", config);
  int answers = 0;
  for (int i = 0; i < 50; ++i) {
    const auto text = std::to_string(i);
    MessageIn message;
    message.body = text;
    message.key = "k";
    ASSERT_TRUE(engine_->append(0, id, std::span(&message, 1), false, [&](const Status&, auto) { ++answers; }).ok());
    if (i % 7 == 0) turn();
  }
  until([&] { return answers == 50 && state(id).messages == 1; });
  EXPECT_EQ(bodies(read(id, 1, 100)), Bodies{"49"});
}

TEST_F(EngineRace, a_repeated_id_whose_first_message_is_refused_is_not_called_a_duplicate) {
  auto& disk = gated_disk();
  open();
  auto config = work_queue();
  config.dedup_window_ms = 300'000;
  const auto id = create("jobs", config);
  disk.syncs.close();
  MessageIn message;
  message.body = "once";
  message.dedup_id = "d1";
  Appended first, second;
  Status first_status, second_status;
  int answers = 0;
  const auto keep = [&answers](Status& status, Appended& result) {
    return [&](const Status& s, std::span<const Appended> results) {
      status = s;
      if (!results.empty()) result = results[0];
      ++answers;
    };
  };
  ASSERT_TRUE(engine_->append(0, id, std::span(&message, 1), false, keep(first_status, first)).ok());
  turn();
  disk.disk.fail_syncs_after(0);
  ASSERT_TRUE(engine_->append(0, id, std::span(&message, 1), false, keep(second_status, second)).ok());
  turn();
  disk.syncs.open();
  until([&] { return answers == 2; });
  EXPECT_EQ(first_status.code(), Code::unknown_outcome);
  EXPECT_FALSE(second_status.ok()) << "nothing is known to be stored";
  EXPECT_FALSE(second.duplicate);
}

TEST_F(EngineRace, an_id_whose_message_was_refused_is_not_remembered_over_a_crash) {
  auto& disk = gated_disk();
  open();
  auto config = work_queue();
  config.dedup_window_ms = 300'000;
  const auto id = create("jobs", config);
  put(id, "a change that the checkpoint has to write");
  disk.syncs.close();
  MessageIn message;
  message.body = "once";
  message.dedup_id = "d1";
  bool answered = false;
  ASSERT_TRUE(
      engine_->append(0, id, std::span(&message, 1), false, [&](const Status&, auto) { answered = true; }).ok());
  until([&] { return disk.syncs.waiting() == 1; });
  disk.disk.fail_syncs_after(0);
  bool checked = false;
  engine_->checkpoint([&] { checked = true; });  // Collects while the id waits for its message.
  turns(50);
  disk.syncs.open();
  until([&] { return answered && checked; });
  crash();
  std::mt19937_64 random(1);
  disk.disk.set_before_sync({});
  disk.disk.reboot(random);
  open();
  const auto results = append(id, {message});
  EXPECT_FALSE(results.at(0).duplicate);
  EXPECT_EQ(state(id).messages, 2u) << "the id is known but its message is not";
}

TEST_F(EngineRace, creating_a_name_that_is_being_created_answers_exists) {
  open();
  Status first, second;
  DefinitionPtr found;
  int answers = 0;
  engine_->create(0, 7, 3, "jobs", work_queue(), {consumer()}, "", [&](const Status& status, const DefinitionPtr&) {
    first = status;
    ++answers;
  });
  engine_->create(0, 7, 3, "jobs", work_queue(), {consumer()}, "", [&](const Status& status, DefinitionPtr d) {
    second = status;
    found = d;
    ++answers;
  });
  until([&] { return answers == 2; });
  EXPECT_TRUE(first.ok());
  EXPECT_EQ(second.code(), Code::exists);
  EXPECT_NE(found, nullptr);
}

}  // namespace
}  // namespace switchyard::stream
