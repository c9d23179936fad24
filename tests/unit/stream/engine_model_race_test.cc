// Races and failures between the lanes, the store and the journal, each brought about by hand.
#include "tests/unit/stream/engine_race.h"

namespace switchyard::stream {
namespace {

TEST_F(EngineRace, what_a_failed_checkpoint_did_not_write_comes_with_the_next_one) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "one");
  faults_.fail_writes = true;
  checkpoint();
  faults_.fail_writes = false;
  put(id, "two");
  checkpoint();
  ASSERT_EQ(engine_->stats().checkpoints, 1u);
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), (Bodies{"one", "two"}));
}

TEST_F(EngineRace, a_chunk_that_a_failed_checkpoint_did_not_write_is_not_forgotten) {
  open();
  const auto id = create("jobs", work_queue());
  const auto other = create("other", work_queue());
  fill(id, 600);  // The first chunk does not change any more.
  faults_.fail_writes = true;
  checkpoint();
  faults_.fail_writes = false;
  put(other, "moves the position on");
  checkpoint();
  reopen();
  EXPECT_EQ(state(id).messages, 600u);
  EXPECT_EQ(bodies(fetch(id, 1)), Bodies{"0"});
}

// ---- reading without a work queue --------------------------------------------------------------

TEST_F(EngineRace, in_a_log_a_delayed_message_that_was_acknowledged_does_not_come_again) {
  open();
  const auto id = create("log", StreamConfig());
  put(id, "a");
  put(id, "delayed", {}, 1'000);
  put(id, "c");
  clock_.advance_ms(1'000);
  Bodies seen;
  for (int i = 0; i < 5; ++i) {
    for (const auto& got : fetch(id, 1)) {
      seen.push_back(got.body);
      ack(id, {got.token});
    }
  }
  EXPECT_EQ(seen, (Bodies{"a", "delayed", "c"}));
}

TEST_F(EngineRace, in_a_log_a_delayed_message_that_went_out_hides_nothing_before_it_after_a_crash) {
  open();
  const auto id = create("log", StreamConfig());
  put(id, "a");
  put(id, "delayed", {}, 1'000);
  put(id, "c");
  clock_.advance_ms(1'000);
  const auto first = fetch(id, 1);
  reopen();
  clock_.advance_ms(60'000);
  auto seen = bodies(fetch(id, 10));
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (Bodies{"a", "c", "delayed"}));
}

TEST_F(EngineRace, in_a_log_a_message_delayed_beyond_others_is_not_lost_over_a_crash) {
  open();
  const auto id = create("log", StreamConfig());
  put(id, "a");
  put(id, "delayed", {}, 1'000);
  put(id, "c");
  const auto got = fetch(id, 10);
  ASSERT_EQ(bodies(got), (Bodies{"a", "c"}));
  ack(id, tokens_of(got));
  clock_.advance_ms(1'000);
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"delayed"});
}

TEST_F(EngineRace, an_ordered_consumer_needs_a_work_queue) {
  open();
  StreamConfig config;
  config.keyed = true;
  auto ordered = consumer();
  ordered.ordered = true;
  Status outcome;
  bool done = false;
  engine_->create(0, 7, 3, "log", config, {ordered}, "", [&](const Status& status, const DefinitionPtr&) {
    outcome = status;
    done = true;
  });
  until([&] { return done; });
  EXPECT_EQ(outcome.code(), Code::unsupported);
}

TEST_F(EngineRace, a_second_consumer_cannot_join_a_work_queue_by_an_update) {
  open();
  const auto id = create("jobs", work_queue());
  auto other = consumer();
  other.name = "other";
  Status outcome;
  bool done = false;
  engine_->update(0, id, 0, work_queue(), {other}, "", [&](const Status& status, const DefinitionPtr&) {
    outcome = status;
    done = true;
  });
  until([&] { return done; });
  EXPECT_EQ(outcome.code(), Code::unsupported);
}

TEST_F(EngineRace, in_a_log_an_extension_written_after_the_ack_does_not_bring_the_message_back) {
  open();
  const auto id = create("log", StreamConfig());
  put(id, "a");
  const auto token = fetch(id, 1)[0].token;
  bool acked = false;
  ASSERT_TRUE(engine_->ack(0, id, "q", std::span(&token, 1), false, [&](const Status&, auto) { acked = true; }).ok());
  extend(id, token, 1'000);
  ASSERT_TRUE(acked);
  reopen();
  clock_.advance_ms(60'000);
  EXPECT_TRUE(fetch(id, 1).empty());
}

// ---- checkpoints and what they must wait for ---------------------------------------------------

TEST_F(EngineRace, a_checkpoint_waits_for_a_purge_that_waits_for_chunks) {
  options_.resident_chunks = 8;
  open();
  auto config = work_queue();
  config.keyed = true;
  const auto id = create("jobs", config);
  fill(id, 12 * 512, "k");
  checkpoint();  // Most chunks leave memory.
  faults_.hold_gets();
  ASSERT_TRUE(engine_->purge(0, id, [](const Status&) {}).ok());
  until([&] { return faults_.held_gets() == 1; });
  const auto before = engine_->stats().checkpoints;
  engine_->checkpoint([] {});
  turns(500);
  EXPECT_EQ(engine_->stats().checkpoints, before) << "its position would lie behind the purge";
  crash();
  faults_.drop_gets();
  open();
  EXPECT_EQ(state(id).messages, 0u) << "purged messages came back";
}

TEST_F(EngineRace, a_checkpoint_goes_on_when_the_purge_that_it_waited_for_is_through) {
  options_.resident_chunks = 8;
  open();
  auto config = work_queue();
  config.keyed = true;
  const auto id = create("jobs", config);
  fill(id, 12 * 512, "k");
  checkpoint();
  faults_.hold_gets();
  ASSERT_TRUE(engine_->purge(0, id, [](const Status&) {}).ok());
  until([&] { return faults_.held_gets() == 1; });
  bool done = false;
  engine_->checkpoint([&] { done = true; });
  turns(50);
  faults_.release_gets();
  until([&] { return done; });
  reopen();
  EXPECT_EQ(state(id).messages, 0u);
  expect_bytes_agree({id});
}

TEST_F(EngineRace, a_checkpoint_waits_for_acks_whose_chunk_left_memory_on_the_way) {
  auto& disk = gated_disk();
  options_.resident_chunks = 8;
  open();
  const auto id = create("jobs", work_queue());
  fill(id, 12 * 512);
  const auto got = fetch(id, 1, 3'600'000);
  engine_->checkpoint([] {});
  faults_.writes.close();
  until([&] { return faults_.writes.waiting() == 1; });
  // The ack is on its way to the disk while the checkpoint lets chunks go.
  disk.syncs.close();
  const auto token = got[0].token;
  bool acked = false;
  ASSERT_TRUE(engine_->ack(0, id, "q", std::span(&token, 1), false, [&](const Status&, auto) { acked = true; }).ok());
  turn();
  faults_.hold_gets();
  faults_.writes.open();
  until([&] { return engine_->stats().checkpoints == 1; });
  turns(20);
  disk.syncs.open();
  until([&] { return faults_.held_gets() == 1; });
  engine_->checkpoint([] {});
  turns(500);
  crash();
  faults_.drop_gets();
  open();
  EXPECT_EQ(state(id).messages, 12u * 512 - 1) << "the acknowledged message came back";
}

TEST_F(EngineRaceOnFourLanes, a_dead_letter_whose_chunk_left_memory_on_the_way_still_leaves_its_stream) {
  auto& disk = gated_disk();
  options_.resident_chunks = 8;
  open();
  const auto dead = create("dead", work_queue());
  auto config = consumer();
  config.max_attempts = 1;
  config.dead_letter = dead;
  const auto id = create("jobs", work_queue(), {config});
  ASSERT_NE(id % 4, dead % 4);
  fill(id, 12 * 512);
  ASSERT_EQ(fetch(id, 1, 0).size(), 1u);
  for (int i = 1; i < 12; ++i) ASSERT_EQ(read(id, static_cast<Seq>(i * 512 + 1), 1).size(), 1u);
  engine_->checkpoint([] {});
  faults_.writes.close();
  until([&] { return faults_.writes.waiting() == 1; });
  disk.syncs.close();
  auto waiting = start_fetch(id, 1, 0, 0);  // Meets the message past its attempts.
  turns(3);
  faults_.writes.open();
  until([&] { return engine_->stats().checkpoints == 1; });
  turns(20);
  disk.syncs.open();
  until([&] { return state(dead).messages == 1; });
  until([&] { return state(id).messages == 12u * 512 - 1; });
  expect_bytes_agree({id, dead});
}

TEST_F(EngineRace, extending_a_message_on_its_way_to_the_dead_letters_does_not_send_it_twice) {
  auto& disk = gated_disk();
  open();
  const auto dead = create("dead", work_queue());
  auto config = consumer();
  config.max_attempts = 1;
  config.dead_letter = dead;
  const auto id = create("jobs", work_queue(), {config});
  put(id, "poison");
  const auto got = fetch(id, 1, 0);
  disk.syncs.close();
  auto first = start_fetch(id, 1);
  turns(3);
  std::uint32_t now = 0;
  Code answer = Code::ok;
  ASSERT_TRUE(engine_
                  ->extend(0, id, "q", std::span(&got[0].token, 1), std::span(&now, 1), false,
                           [&](const Status&, std::span<const Code> each) { answer = each[0]; })
                  .ok());
  auto second = start_fetch(id, 1);
  turns(3);
  disk.syncs.open();
  until([&] { return first->done && second->done && state(dead).messages > 0 && state(id).messages == 0; });
  turns(20);
  EXPECT_EQ(state(dead).messages, 1u);
  EXPECT_EQ(answer, Code::conflict);
}

// ---- reads that take long ----------------------------------------------------------------------

TEST_F(EngineRace, a_message_that_was_purged_while_it_was_fetched_is_left_out_without_an_alarm) {
  auto& disk = gated_disk();
  options_.journal.first_segment_bytes = options_.journal.max_segment_bytes = 64u << 10;
  options_.tail_cache_bytes = 4'096;
  open();
  const auto id = create("jobs", work_queue());
  const auto other = create("other", work_queue());
  for (int i = 0; i < 40; ++i) put(id, std::string(2'000, 'x'));  // More than the first segment holds.
  for (int i = 0; i < 80; ++i) put(other, std::string(2'000, 'x'));
  checkpoint();
  disk.syncs.close();
  bool purged = false;
  ASSERT_TRUE(engine_->purge(0, id, [&](const Status&) { purged = true; }).ok());
  until([&] { return disk.syncs.waiting() == 1; });
  auto waiting = start_fetch(id, 20);  // Chosen before the purge is durable.
  turn();
  disk.syncs.admit_one();
  until([&] { return purged; });
  engine_->journal().unpin(1);  // Any reader that ends gives dead segments back.
  disk.syncs.open();
  until([&] { return waiting->done; });
  EXPECT_TRUE(waiting->got.empty());
  EXPECT_EQ(engine_->stats().damaged_reads, 0u);
}

TEST_F(EngineRace, state_names_the_first_message_also_when_its_chunk_left_memory) {
  options_.resident_chunks = 8;
  open();
  const auto id = create("jobs", work_queue());
  fill(id, 12 * 512);
  for (int i = 1; i < 12; ++i) ASSERT_EQ(read(id, static_cast<Seq>(i * 512 + 1), 1).size(), 1u);
  checkpoint();
  faults_.gets = 0;
  EXPECT_EQ(state(id).first_seq, 1u);
  EXPECT_GT(faults_.gets.load(), 0u) << "the chunk was in memory: the test says nothing";
}

// ---- a disk that fails or is full --------------------------------------------------------------

TEST_F(EngineRace, after_a_failed_sync_nothing_is_answered_ok_and_a_restart_finds_what_was) {
  auto& disk = gated_disk();
  open();
  const auto id = create("jobs", work_queue());
  put(id, "kept");
  put(id, "acknowledged");
  const auto got = fetch(id, 2, 1'000);
  ack(id, {got[1].token});
  disk.disk.fail_syncs_after(0);
  MessageIn message;
  message.body = "lost or not";
  Status outcome;
  append(id, {message}, false, &outcome);
  EXPECT_EQ(outcome.code(), Code::unknown_outcome);
  EXPECT_FALSE(engine_->healthy());
  append(id, {message}, false, &outcome);
  EXPECT_EQ(outcome.code(), Code::io);
  Status ack_outcome;
  bool acked = false;
  ASSERT_TRUE(engine_
                  ->ack(0, id, "q", std::span(&got[0].token, 1), false,
                        [&](const Status& status, auto) {
                          ack_outcome = status;
                          acked = true;
                        })
                  .ok());
  until([&] { return acked; });
  EXPECT_EQ(ack_outcome.code(), Code::io);
  checkpoint();
  EXPECT_EQ(engine_->stats().checkpoints, 0u) << "its images would hold what never happened";
  crash();
  std::mt19937_64 random(1);
  disk.disk.reboot(random);
  open();
  EXPECT_TRUE(engine_->healthy());
  clock_.advance_ms(1'001);
  auto seen = bodies(fetch(id, 10));
  EXPECT_EQ(seen.at(0), "kept");
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "acknowledged"), 0);
}

TEST_F(EngineRace, an_ack_that_was_refused_leaves_the_lease_as_it_was) {
  auto& disk = gated_disk();
  open();
  const auto id = create("jobs", work_queue());
  put(id, "a");
  const auto got = fetch(id, 1, 30'000);
  disk.disk.fail_syncs_after(0);
  bool acked = false;
  ASSERT_TRUE(
      engine_->ack(0, id, "q", std::span(&got[0].token, 1), false, [&](const Status&, auto) { acked = true; }).ok());
  until([&] { return acked; });
  EXPECT_EQ(state(id).leased, 1u) << "nobody else may get it before the lease ends";
  clock_.advance_ms(30'001);
  EXPECT_EQ(state(id).available, 1u);
}

TEST_F(EngineRace, a_delivery_whose_lease_could_not_be_written_does_not_count) {
  auto& disk = gated_disk();
  open();
  const auto id = create("jobs", work_queue());
  put(id, "a");
  disk.disk.fail_syncs_after(0);
  auto waiting = start_fetch(id, 1);
  until([&] { return waiting->done; });
  EXPECT_EQ(waiting->status.code(), Code::unknown_outcome);
  EXPECT_EQ(state(id).available, 1u);
  EXPECT_EQ(state(id).leased, 0u);
}

TEST_F(EngineRace, on_a_full_disk_appends_are_refused_and_consumers_go_on_until_there_is_room) {
  auto& disk = gated_disk();
  options_.journal.first_segment_bytes = options_.journal.max_segment_bytes = 64u << 10;
  options_.journal.reserve_bytes = 64u << 10;
  open();
  const auto id = create("jobs", work_queue());
  disk.disk.set_capacity(disk.disk.used_bytes() + (300u << 10));
  const std::string body(4'000, 'x');
  MessageIn message;
  message.body = body;
  Status outcome;
  std::uint64_t stored = 0;
  for (int i = 0; i < 500 && outcome.ok(); ++i) {
    append(id, {message}, false, &outcome);
    if (outcome.ok()) ++stored;
  }
  ASSERT_EQ(outcome.code(), Code::quota);
  EXPECT_EQ(state(id).messages, stored);
  expect_bytes_agree({id});
  EXPECT_TRUE(engine_->healthy());
  while (true) {
    const auto got = fetch(id, 10);
    if (got.empty()) break;
    for (const auto code : ack(id, tokens_of(got))) EXPECT_EQ(code, Code::ok);
    append(id, {message});  // Whatever becomes of it: it must not disturb the acks.
    stored -= got.size();
    if (stored < 5) break;
  }
  purge(id);
  checkpoint();
  checkpoint();
  for (int i = 0; i < 100; ++i) {
    append(id, {message}, false, &outcome);
    if (outcome.ok()) break;
    turns(20);
  }
  EXPECT_TRUE(outcome.ok()) << outcome.error().message;
  expect_bytes_agree({id});
}

// ---- images of different ages ------------------------------------------------------------------

TEST_F(EngineRace, a_lease_whose_message_a_newer_image_no_longer_has_is_not_counted) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "done");
  put(id, "kept");
  const auto got = fetch(id, 1);
  checkpoint();
  ack(id, {got[0].token});
  faults_.keeps = [](std::string_view key) { return key[0] == 'c'; };
  checkpoint();
  reopen();
  const auto counts = state(id);
  EXPECT_EQ(counts.messages, 1u);
  EXPECT_EQ(counts.leased, 0u);
  EXPECT_EQ(counts.available, 1u);
}

}  // namespace
}  // namespace switchyard::stream
