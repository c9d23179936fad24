#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

bool exists(JournalRig& rig, std::uint32_t segment) { return !rig.disk.contents(rig.path(segment)).empty(); }

// Appends without live bytes until the journal stands `segments` further; returns where it started.
std::uint32_t move_on(JournalRig& rig, std::uint32_t segments) {
  const std::uint32_t start = rig.journal->committed().segment;
  while (rig.journal->committed().segment < start + segments) {
    EXPECT_TRUE(rig.append(std::string(3000, 'x')).status.ok());
  }
  return start;
}

bool vanishes(JournalRig& rig, std::uint32_t segment) {
  return JournalRig::eventually([&] { return !exists(rig, segment); });
}

TEST(SegmentReuse, a_dead_segment_before_the_checkpoint_gets_a_new_life) {
  JournalRig rig;
  rig.open_and_start();
  const std::uint32_t old = move_on(rig, 3);
  rig.journal->checkpointed(rig.journal->committed());
  (void)move_on(rig, 3);
  EXPECT_TRUE(vanishes(rig, old));
  EXPECT_GT(rig.journal->stats().segments_recycled, 0u);
}

TEST(SegmentReuse, nothing_is_reused_before_its_checkpoint) {
  JournalRig rig;
  rig.open_and_start();
  const std::uint32_t old = move_on(rig, 6);
  rig.journal->stop();
  EXPECT_TRUE(exists(rig, old));
  EXPECT_EQ(rig.journal->stats().segments_recycled, 0u);
}

TEST(SegmentReuse, a_segment_with_a_live_byte_stays_and_can_be_read) {
  JournalRig rig;
  rig.open_and_start();
  const Committed live = rig.append("live");
  rig.journal->add_live(live.segment, JournalRig::place(live).length);
  (void)move_on(rig, 4);
  rig.journal->checkpointed(rig.journal->committed());
  (void)move_on(rig, 4);
  auto reader = rig.journal->make_reader(rig.lane, 64u << 10);
  auto body = rig.read(*reader, JournalRig::place(live));
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(*body, "live");
  rig.journal->add_live(live.segment, -std::int64_t{JournalRig::place(live).length});
  rig.journal->checkpointed(rig.journal->committed());
  EXPECT_EQ(rig.journal->scan(live.segment, {}).code(), Code::not_found);
}

TEST(SegmentReuse, a_pinned_segment_stays_until_it_is_unpinned) {
  JournalRig rig;
  rig.open_and_start();
  const std::uint32_t pinned = rig.journal->committed().segment;
  rig.journal->pin(pinned);
  (void)move_on(rig, 4);
  rig.journal->checkpointed(rig.journal->committed());
  (void)move_on(rig, 2);
  EXPECT_TRUE(exists(rig, pinned));
  rig.journal->unpin(pinned);
  EXPECT_EQ(rig.journal->scan(pinned, {}).code(), Code::not_found);
}

TEST(SegmentReuse, a_reader_is_told_that_a_reused_segment_is_gone) {
  JournalRig rig;
  rig.open_and_start();
  const Committed dead = rig.append("dead");
  auto reader = rig.journal->make_reader(rig.lane, 1u << 20);
  ASSERT_TRUE(rig.read(*reader, JournalRig::place(dead)));  // Now it is in the reader's cache.
  (void)move_on(rig, 4);
  rig.journal->checkpointed(rig.journal->committed());
  auto body = rig.read(*reader, JournalRig::place(dead));
  ASSERT_FALSE(body) << "bytes of a segment that is being reused were served";
  EXPECT_EQ(body.code(), Code::not_found);
}

TEST(SegmentReuse, after_a_restart_unreferenced_segments_before_the_checkpoint_are_free) {
  JournalRig rig;
  rig.open_and_start();
  const Committed live = rig.append("live");
  const std::uint32_t live_segment = live.segment;
  (void)move_on(rig, 6);
  const Position checkpoint = rig.journal->committed();
  ASSERT_TRUE(rig.open(checkpoint).ok());
  rig.journal->add_live(live_segment, JournalRig::place(live).length);
  rig.start();
  (void)move_on(rig, 2);
  EXPECT_EQ(rig.journal->scan(live_segment + 1, {}).code(), Code::not_found);
  EXPECT_TRUE(exists(rig, live_segment));
  EXPECT_TRUE(exists(rig, checkpoint.segment));
}

TEST(SegmentReuse, segment_numbers_only_grow_over_restarts) {
  JournalRig rig;
  rig.open_and_start();
  std::uint32_t highest = 0;
  for (int round = 0; round < 5; ++round) {
    (void)move_on(rig, 3);
    const Position checkpoint = rig.journal->committed();
    EXPECT_GT(checkpoint.segment, highest);
    highest = checkpoint.segment;
    rig.journal->checkpointed(checkpoint);
    ASSERT_TRUE(rig.open(checkpoint).ok());
    rig.start();
  }
}

TEST(SegmentReuse, disk_use_stays_bounded_while_messages_come_and_go) {
  JournalRig rig;
  rig.open_and_start();
  std::deque<Place> queue;
  std::uint64_t most_over = 0;
  for (int i = 0; i < 4000; ++i) {
    const Committed c = rig.append(std::string(1000, 'm'));
    ASSERT_TRUE(c.status.ok());
    queue.push_back(JournalRig::place(c));
    rig.journal->add_live(c.segment, queue.back().length);
    if (queue.size() > 50) {
      rig.journal->add_live(queue.front().segment, -std::int64_t{queue.front().length});
      queue.pop_front();
    }
    if (i % 20 != 19) continue;
    rig.journal->checkpointed(rig.journal->committed());
    const Stats stats = rig.journal->stats();
    // Groups of one record use a page each, so "live" is counted in pages here.
    const std::uint64_t live_pages = queue.size() * kPageBytes;
    const std::uint64_t allowed = 2 * live_pages + 5 * std::uint64_t{rig.options.max_segment_bytes};
    most_over = std::max(most_over, stats.disk_bytes > allowed ? stats.disk_bytes - allowed : 0);
  }
  EXPECT_EQ(most_over, 0u);
  EXPECT_GT(rig.journal->stats().segments_recycled, 20u);
  EXPECT_LT(rig.journal->stats().segments_created, 20u) << "recycling should have made fresh files unnecessary";
}

TEST(SegmentReuse, small_users_keep_small_segments_and_large_ones_get_large_segments) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("x");
  EXPECT_EQ(rig.disk.contents(rig.path(1)).size(), rig.options.first_segment_bytes);
  while (rig.journal->committed().segment < 25) ASSERT_TRUE(rig.append(std::string(3000, 'x')).status.ok());
  EXPECT_EQ(rig.disk.contents(rig.path(25)).size(), rig.options.max_segment_bytes);
}

}  // namespace
}  // namespace switchyard::journal
