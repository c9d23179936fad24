#include <gtest/gtest.h>

#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

TEST(Journal, committed_batches_are_replayed_in_order_with_their_places) {
  JournalRig rig;
  rig.open_and_start();
  const Committed first = rig.append_all({"one", "two"});
  const Committed second = rig.append("three");
  ASSERT_TRUE(first.status.ok());
  EXPECT_EQ(first.batch, 1u);
  EXPECT_EQ(second.batch, 2u);

  ASSERT_TRUE(rig.open().ok());
  ASSERT_EQ(rig.replayed.size(), 2u);
  EXPECT_EQ(rig.replayed[0].batch, 1u);
  EXPECT_EQ(rig.replayed[0].shard, 7u);
  EXPECT_EQ(rig.replayed[0].bodies, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(rig.replayed[0].first, (Place{first.segment, first.payload_offset, 11}));
  EXPECT_EQ(rig.replayed[1].bodies, (std::vector<std::string>{"three"}));
  EXPECT_EQ(rig.report.dropped_tail_bytes, 0u);
  EXPECT_EQ(rig.report.replayed_batches, 2u);
}

TEST(Journal, a_batch_is_synced_before_its_completion_is_posted) {
  JournalRig rig;
  rig.open_and_start();
  std::mt19937_64 random(1);
  ASSERT_TRUE(rig.append("kept").status.ok());
  rig.disk.crash_after(0);  // Nothing is written after the acknowledgement.
  rig.journal.reset();
  rig.disk.reboot(random);
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"kept"}));
}

TEST(Journal, replay_starts_at_the_given_position) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("before");
  const Position position = rig.journal->committed();
  (void)rig.append("after");
  ASSERT_TRUE(rig.open(position).ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"after"}));
  EXPECT_EQ(rig.replayed[0].batch, position.next_batch);
}

TEST(Journal, replay_from_the_very_end_sees_nothing_and_goes_on_there) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("before");
  rig.journal->stop();
  const Position end = rig.journal->committed();
  ASSERT_TRUE(rig.open(end).ok());
  EXPECT_TRUE(rig.replayed.empty());
  rig.start();
  EXPECT_EQ(rig.append("next").batch, 2u);
  ASSERT_TRUE(rig.open(end).ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"next"}));
}

TEST(Journal, batches_fill_many_segments_and_are_never_split) {
  JournalRig rig;
  rig.open_and_start();
  std::vector<std::string> sent;
  for (int i = 0; i < 60; ++i) {
    sent.push_back(std::string(3000, static_cast<char>('a' + i % 26)) + std::to_string(i));
    ASSERT_TRUE(rig.append(sent.back()).status.ok());
  }
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), sent);
  EXPECT_GT(rig.replayed.back().first.segment, 3u);
}

TEST(Journal, a_batch_larger_than_a_segment_gets_a_larger_segment) {
  JournalRig rig;
  rig.open_and_start();
  const std::string large(200u << 10, 'x');
  ASSERT_TRUE(rig.append("small").status.ok());
  ASSERT_TRUE(rig.append(large).status.ok());
  ASSERT_TRUE(rig.append("after").status.ok());
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"small", large, "after"}));
}

TEST(Journal, a_batch_beyond_the_limit_is_refused_with_the_limit_in_the_text) {
  JournalRig rig;
  rig.open_and_start();
  const Committed refused = rig.append(std::string(300u << 10, 'x'));
  EXPECT_EQ(refused.status.code(), Code::invalid);
  EXPECT_NE(refused.status.error().message.find("262144"), std::string::npos);
  EXPECT_TRUE(rig.append("fine").status.ok());
}

TEST(Journal, batches_submitted_while_a_group_syncs_share_the_next_group) {
  JournalRig rig;
  rig.open_and_start();
  std::mutex gate;
  gate.lock();
  rig.disk.set_before_sync([&](const std::string&) { const std::lock_guard wait(gate); });
  const std::uint64_t groups = rig.journal->stats().groups;
  for (int i = 0; i < 50; ++i) rig.journal->submit(0, JournalRig::submission({"m"}));
  gate.unlock();
  const auto results = rig.wait(50);
  rig.disk.set_before_sync({});
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].batch, i + 1);
  EXPECT_LE(rig.journal->stats().groups - groups, 3u) << "at most one group per sync that was waited for";
}

TEST(Journal, submissions_after_stop_are_refused) {
  JournalRig rig;
  rig.open_and_start();
  rig.journal->stop();
  EXPECT_EQ(rig.append("late").status.code(), Code::stopping);
}

TEST(Journal, stop_commits_what_was_submitted) {
  JournalRig rig;
  rig.open_and_start();
  for (int i = 0; i < 20; ++i) rig.journal->submit(0, JournalRig::submission({std::to_string(i)}));
  rig.journal->stop();
  ASSERT_EQ(rig.wait(20).size(), 20u);
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.replayed.size(), 20u);
}

}  // namespace
}  // namespace switchyard::journal
