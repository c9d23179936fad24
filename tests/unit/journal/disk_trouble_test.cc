// A disk that is full, read errors, a sync that fails.
#include <gtest/gtest.h>

#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

// Appends until the first refusal and returns it.
Committed fill_up(JournalRig& rig) {
  for (int i = 0; i < 5000; ++i) {
    Committed c = rig.append(std::string(2000, 'f'));
    if (!c.status.ok()) return c;
  }
  return {};
}

TEST(FullDisk, refuses_what_takes_space_and_says_what_to_do) {
  JournalRig rig;
  rig.disk.set_capacity(200u << 10);
  rig.open_and_start();
  const Committed refused = fill_up(rig);
  EXPECT_EQ(refused.status.code(), Code::quota);
  EXPECT_EQ(refused.batch, 0u);
  const std::string& text = refused.status.error().message;
  EXPECT_NE(text.find("/j"), std::string::npos) << text;
  EXPECT_NE(text.find("free disk space"), std::string::npos) << text;
  EXPECT_FALSE(rig.journal->failed());
}

TEST(FullDisk, keeps_room_for_batches_that_release_space) {
  JournalRig rig;
  rig.disk.set_capacity(200u << 10);
  rig.open_and_start();
  (void)fill_up(rig);
  // A page each: the reserve without what segment ends waste.
  for (std::uint32_t i = 0; i < rig.options.reserve_bytes / kPageBytes - 1; ++i) {
    EXPECT_TRUE(rig.append_all({"ack"}, true).status.ok()) << i;
    EXPECT_EQ(rig.append("message").status.code(), Code::quota) << i;
  }
}

TEST(FullDisk, refused_batches_are_not_replayed_and_accepted_ones_are) {
  JournalRig rig;
  rig.disk.set_capacity(200u << 10);
  rig.open_and_start();
  std::vector<std::string> accepted;
  for (int i = 0; i < 100; ++i) {
    const std::string body = std::to_string(i) + std::string(3000, 'm');
    if (rig.append(body).status.ok()) accepted.push_back(body);
    if (rig.append_all({"ack" + std::to_string(i)}, true).status.ok()) accepted.push_back("ack" + std::to_string(i));
  }
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), accepted);
}

TEST(FullDisk, accepts_again_by_itself_when_space_returns) {
  JournalRig rig;
  rig.disk.set_capacity(200u << 10);
  rig.open_and_start();
  (void)fill_up(rig);
  rig.disk.set_capacity(UINT64_MAX);
  bool accepted = false;
  for (int i = 0; i < 10'000 && !accepted; ++i) {
    rig.clock.advance_ms(1000);  // Trying again is limited to once a second.
    accepted = rig.append("again").status.ok();
  }
  EXPECT_TRUE(accepted);
}

TEST(FullDisk, a_checkpoint_that_frees_segments_ends_it_at_once) {
  JournalRig rig;
  rig.disk.set_capacity(200u << 10);
  rig.open_and_start();
  (void)fill_up(rig);
  rig.journal->checkpointed(rig.journal->committed());  // Nothing is live.
  bool accepted = false;
  for (int i = 0; i < 100'000 && !accepted; ++i) accepted = rig.append("again").status.ok();
  EXPECT_TRUE(accepted) << "the clock stands still: only the checkpoint can have done it";
}

TEST(FullDisk, opening_a_new_folder_fails_with_the_reason) {
  JournalRig rig;
  rig.disk.set_capacity(1000);
  const Status s = rig.open();
  EXPECT_EQ(s.code(), Code::quota);
  EXPECT_EQ(rig.disk.contents("/j/fresh.tmp"), "") << "what could not be finished must not keep the space";
}

// As on a file system that copies on write.
TEST(FullDisk, a_write_that_runs_out_of_space_is_taken_back) {
  for (const bool goes_on : {true, false}) {
    JournalRig rig;
    rig.options.first_segment_bytes = rig.options.max_segment_bytes;
    rig.open_and_start();
    ASSERT_TRUE(rig.append("before").status.ok());
    rig.disk.fail_write_after(0, Code::quota, rig.current_path());
    const Committed refused = rig.append(std::string(9000, 'x'));
    EXPECT_EQ(refused.status.code(), Code::quota);
    EXPECT_FALSE(rig.journal->failed());
    std::vector<std::string> expected = {"before"};
    if (goes_on) {
      EXPECT_TRUE(rig.append("after").status.ok());
      expected.emplace_back("after");
    } else {
      rig.disk.crash_after(0);
      (void)rig.disk.make_directory("/");
      rig.journal.reset();
      rig.disk.kill_process();
    }
    ASSERT_TRUE(rig.open().ok());
    EXPECT_EQ(rig.bodies(), expected) << "what was refused must not be there";
  }
}

TEST(FailedSync, leaves_the_outcome_unknown_and_stops_all_writing) {
  JournalRig rig;
  rig.open_and_start();
  ASSERT_TRUE(rig.append("before").status.ok());
  rig.disk.fail_syncs_after(0, rig.current_path());
  const Committed unknown = rig.append("in flight");
  EXPECT_EQ(unknown.status.code(), Code::unknown_outcome);
  EXPECT_EQ(unknown.segment, 0u);
  EXPECT_TRUE(rig.journal->failed());

  const Position position = rig.journal->committed();
  const std::string bytes = rig.disk.contents(rig.path(position.segment));
  const std::uint64_t groups = rig.journal->stats().groups;
  rig.disk.fail_syncs_after(test::SimulatedDisk::kNever);  // Even if the disk were well again.
  const Committed later = rig.append("later");
  EXPECT_EQ(later.status.code(), Code::io);
  EXPECT_NE(later.status.error().message.find("restart"), std::string::npos);
  rig.journal->stop();
  EXPECT_EQ(rig.disk.contents(rig.path(position.segment)), bytes) << "nothing may be written after a failed sync";
  EXPECT_EQ(rig.journal->stats().groups, groups);
  EXPECT_EQ(rig.journal->committed(), position);
}

TEST(FailedSync, what_a_restart_shows_afterwards_survives_the_next_power_cut) {
  JournalRig rig;
  std::mt19937_64 random(3);
  rig.open_and_start();
  ASSERT_TRUE(rig.append("before").status.ok());
  rig.disk.fail_syncs_after(0, rig.current_path());
  EXPECT_EQ(rig.append("in flight").status.code(), Code::unknown_outcome);
  rig.journal.reset();
  rig.disk.kill_process();  // The page cache still has it, marked clean.
  ASSERT_TRUE(rig.open().ok());
  ASSERT_EQ(rig.bodies(), (std::vector<std::string>{"before", "in flight"}));
  rig.disk.crash_after(0);
  (void)rig.disk.make_directory("/");
  rig.journal.reset();
  rig.disk.reboot(random);
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"before", "in flight"}));
}

TEST(FailedSync, a_failed_write_is_treated_the_same) {
  JournalRig rig;
  rig.open_and_start();
  ASSERT_TRUE(rig.append("before").status.ok());
  rig.disk.fail_write_after(0, Code::io, rig.current_path());
  EXPECT_EQ(rig.append("x").status.code(), Code::unknown_outcome);
  EXPECT_TRUE(rig.journal->failed());
}

TEST(FailedSync, batches_behind_the_failed_group_are_known_not_to_be_written) {
  JournalRig rig;
  rig.open_and_start();
  ASSERT_TRUE(rig.append("before").status.ok());
  std::mutex gate;
  gate.lock();
  rig.disk.set_before_sync([&](const std::string&) { const std::lock_guard wait(gate); });
  rig.disk.fail_syncs_after(0, rig.current_path());
  for (int i = 0; i < 20; ++i) rig.journal->submit(0, JournalRig::submission({"x" + std::to_string(i)}));
  gate.unlock();
  const auto results = rig.wait(20);
  rig.disk.set_before_sync({});
  ASSERT_EQ(results.front().status.code(), Code::unknown_outcome);
  std::size_t unknown = 0;
  for (const Committed& c : results) unknown += c.status.code() == Code::unknown_outcome ? 1 : 0;
  for (std::size_t i = unknown; i < results.size(); ++i) EXPECT_EQ(results[i].status.code(), Code::io);
}

TEST(Options, out_of_range_values_are_refused_with_the_range) {
  JournalRig rig;
  rig.options.first_segment_bytes = 4096;
  const Status s = rig.open();
  EXPECT_EQ(s.code(), Code::invalid);
  EXPECT_NE(s.error().message.find("16384"), std::string::npos) << s.error().message;
}

}  // namespace
}  // namespace switchyard::journal
