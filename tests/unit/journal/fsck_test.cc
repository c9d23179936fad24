#include <gtest/gtest.h>

#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

TEST(Fsck, reads_every_record_of_a_sound_folder_and_changes_nothing) {
  JournalRig rig;
  rig.open_and_start();
  for (int i = 0; i < 20; ++i) (void)rig.append_all({std::string(2000, 'a'), "b"});
  const std::string_view cold = "cold";
  ASSERT_TRUE(rig.journal->write_cold({&cold, 1}));
  rig.journal.reset();
  const auto before = rig.disk.image();
  std::size_t records = 0;
  auto report = fsck(rig.disk, "/j", [&](const Place&, std::string_view) { ++records; });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->batches, 21u);
  EXPECT_EQ(report->records, 41u);
  EXPECT_EQ(records, 41u);
  EXPECT_EQ(report->torn_tail_bytes, 0u);
  EXPECT_TRUE(report->damage.empty()) << report->damage[0].what;
  EXPECT_EQ(rig.disk.image(), before);
}

TEST(Fsck, a_torn_tail_is_not_damage) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("kept");
  const Committed torn = rig.append(std::string(5000, 't'));
  rig.disk.crash_after(0);
  (void)rig.disk.make_directory("/");
  rig.journal.reset();
  rig.disk.kill_process();
  rig.disk.flip_bit(rig.path(torn.segment), torn.payload_offset + 100, 0);
  auto report = fsck(rig.disk, "/j", {});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damage.empty());
  EXPECT_GT(report->torn_tail_bytes, 0u);
}

TEST(Fsck, names_damage_at_the_end_of_a_segment_by_the_batches_of_the_next) {
  JournalRig rig;
  rig.open_and_start();
  std::vector<Committed> sent;
  while (sent.empty() || sent.back().segment == sent.front().segment)
    sent.push_back(rig.append(std::string(3000, 'x')));
  const Committed& last = sent[sent.size() - 2];
  rig.journal.reset();
  rig.disk.flip_bit(rig.path(last.segment), last.payload_offset + 7, 1);
  auto report = fsck(rig.disk, "/j", {});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->damage.size(), 1u);
  EXPECT_EQ(report->damage[0].segment, last.segment);
  EXPECT_EQ(report->damage[0].first_batch, last.batch);
  EXPECT_EQ(report->damage[0].last_batch, last.batch);
}

TEST(Fsck, sees_a_flip_in_a_cold_segment) {
  JournalRig rig;
  rig.open_and_start();
  std::vector<std::string> bodies(200, std::string(3000, 'c'));
  const std::vector<std::string_view> views(bodies.begin(), bodies.end());
  auto places = rig.journal->write_cold(views);
  ASSERT_TRUE(places);
  rig.journal.reset();
  for (const std::size_t i : {0ul, 100ul, 199ul}) {
    const Place p = (*places)[i];
    rig.disk.flip_bit(rig.path(p.segment), p.offset + 50, 2);
    auto report = fsck(rig.disk, "/j", {});
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->damage.empty()) << i;
    rig.disk.flip_bit(rig.path(p.segment), p.offset + 50, 2);
  }
}

TEST(Fsck, a_truncated_cold_segment_is_damage) {
  JournalRig rig;
  rig.open_and_start();
  const std::string body(20'000, 'c');
  const std::string_view view = body;
  auto places = rig.journal->write_cold({&view, 1});
  ASSERT_TRUE(places);
  rig.journal.reset();
  rig.disk.truncate(rig.path((*places)[0].segment), 8192);
  auto report = fsck(rig.disk, "/j", {});
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->damage.empty());
}

TEST(Fsck, a_newer_format_is_unsupported) {
  JournalRig rig;
  rig.open_and_start();
  rig.journal.reset();
  for (const std::uint64_t copy : {0u, 2048u}) rig.disk.overwrite(rig.path(1), copy + 8, {"\x02\0\0\0", 4});
  auto report = fsck(rig.disk, "/j", {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.code(), Code::unsupported);
}

TEST(Fsck, gaps_of_recycled_segments_are_not_damage) {
  JournalRig rig;
  rig.open_and_start();
  const Committed live = rig.append("live");
  rig.journal->add_live(live.segment, 12);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) (void)rig.append(std::string(3000, 'x'));
    rig.journal->checkpointed(rig.journal->committed());
  }
  rig.journal.reset();
  auto report = fsck(rig.disk, "/j", {});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->damage.empty()) << report->damage[0].what;
}

}  // namespace
}  // namespace switchyard::journal
