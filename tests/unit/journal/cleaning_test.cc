#include <gtest/gtest.h>

#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

class Cleaning : public testing::Test {
 protected:
  void SetUp() override { rig_.open_and_start(); }

  Place append_live(const std::string& body) {
    const Committed c = rig_.append(body);
    EXPECT_TRUE(c.status.ok());
    const Place place = JournalRig::place(c);
    rig_.journal->add_live(place.segment, place.length);
    return place;
  }
  void move_on(std::uint32_t segments) {
    const std::uint32_t start = rig_.journal->committed().segment;
    while (rig_.journal->committed().segment < start + segments) (void)rig_.append(std::string(3000, 'x'));
  }
  bool exists(std::uint32_t segment) { return !rig_.disk.contents(rig_.path(segment)).empty(); }

  JournalRig rig_;
};

TEST_F(Cleaning, scan_shows_every_record_with_its_place) {
  const Committed c = rig_.append_all({"one", "two"});
  move_on(2);
  std::vector<std::pair<Place, std::string>> seen;
  ASSERT_TRUE(rig_.journal->scan(c.segment, [&](const Place& p, std::string_view b) { seen.emplace_back(p, b); }).ok());
  ASSERT_GE(seen.size(), 2u);
  EXPECT_EQ(seen[0].first, (Place{c.segment, c.payload_offset, 11}));
  EXPECT_EQ(seen[0].second, "one");
  EXPECT_EQ(seen[1].second, "two");
}

TEST_F(Cleaning, scan_of_a_damaged_segment_says_so_and_shows_the_rest) {
  const Committed c = rig_.append("one");
  const Committed d = rig_.append("two");
  ASSERT_EQ(c.segment, d.segment);
  move_on(2);
  rig_.disk.flip_bit(rig_.path(c.segment), c.payload_offset + 9, 0);
  std::vector<std::string> seen;
  const Status s = rig_.journal->scan(c.segment, [&](const Place&, std::string_view b) { seen.emplace_back(b); });
  EXPECT_EQ(s.code(), Code::corrupt);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen[0], "two");
}

TEST_F(Cleaning, scan_of_a_segment_that_does_not_exist_is_not_found) {
  EXPECT_EQ(rig_.journal->scan(999, {}).code(), Code::not_found);
}

TEST_F(Cleaning, cold_records_can_be_read_and_survive_a_power_cut) {
  std::vector<std::string> bodies;
  for (int i = 0; i < 300; ++i)
    bodies.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i) * 31 % 9000, 'c'));
  bodies.push_back(std::string(300'000, 'L'));
  bodies.emplace_back();
  const std::vector<std::string_view> views(bodies.begin(), bodies.end());
  auto places = rig_.journal->write_cold(views);
  ASSERT_TRUE(places) << places.error().message;
  ASSERT_EQ(places->size(), bodies.size());
  for (const Place& p : *places) rig_.journal->add_live(p.segment, p.length);
  rig_.journal->unpin((*places)[0].segment);

  std::mt19937_64 random(5);
  rig_.disk.crash_after(0);
  (void)rig_.disk.make_directory("/");
  rig_.journal.reset();
  rig_.disk.reboot(random);
  ASSERT_TRUE(rig_.open().ok());
  EXPECT_TRUE(rig_.replayed.empty()) << "cold segments are not replayed";
  for (const Place& p : *places) rig_.journal->add_live(p.segment, p.length);
  rig_.start();
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    auto body = rig_.read(*reader, (*places)[i]);
    ASSERT_TRUE(body) << body.error().message;
    ASSERT_EQ(*body, bodies[i]) << i;
  }
}

TEST_F(Cleaning, a_cold_segment_is_pinned_until_its_writer_unpins_it) {
  const std::string_view body = "cold";
  auto places = rig_.journal->write_cold({&body, 1});
  ASSERT_TRUE(places);
  const std::uint32_t cold = (*places)[0].segment;
  rig_.journal->checkpointed(rig_.journal->committed());
  EXPECT_EQ(rig_.journal->scan(cold, [](const Place&, std::string_view) {}).code(), Code::ok) << "still there";
}

TEST_F(Cleaning, a_cold_segment_nobody_references_is_freed_after_a_restart) {
  const std::string_view body = "cold";
  auto places = rig_.journal->write_cold({&body, 1});
  ASSERT_TRUE(places);
  const std::uint32_t cold = (*places)[0].segment;
  ASSERT_TRUE(rig_.open().ok());
  EXPECT_TRUE(exists(cold));
  rig_.start();
  rig_.journal->stop();
  EXPECT_EQ(rig_.journal->scan(cold, {}).code(), Code::not_found);
}

TEST_F(Cleaning, a_failed_cold_write_leaves_nothing_behind) {
  const std::string large(100'000, 'x');
  const std::string_view body = large;
  const auto before = rig_.disk.used_bytes();
  rig_.disk.set_capacity(before + 1000);
  auto places = rig_.journal->write_cold({&body, 1});
  ASSERT_FALSE(places);
  EXPECT_EQ(places.code(), Code::quota);
  for (const std::string& path : rig_.disk.paths()) EXPECT_EQ(path.find("cold"), std::string::npos) << path;
}

// The survivors' new places are durable only with the next checkpoint that began after the move.
TEST_F(Cleaning, a_scanned_segment_outlives_the_checkpoint_that_may_still_name_it) {
  const Place old = append_live("survivor");
  move_on(3);
  rig_.journal->checkpointed(rig_.journal->committed());
  std::string copy;
  ASSERT_TRUE(rig_.journal
                  ->scan(old.segment,
                         [&](const Place& p, std::string_view b) {
                           if (p == old) copy = std::string(b);
                         })
                  .ok());
  const std::string_view view = copy;
  auto places = rig_.journal->write_cold({&view, 1});
  ASSERT_TRUE(places);
  rig_.journal->add_live((*places)[0].segment, (*places)[0].length);
  rig_.journal->add_live(old.segment, -std::int64_t{old.length});
  rig_.journal->unpin((*places)[0].segment);

  auto reader = rig_.journal->make_reader(rig_.lane, 0);
  rig_.journal->checkpointed(rig_.journal->committed());  // May have been captured before the move.
  EXPECT_TRUE(rig_.read(*reader, old));
  rig_.journal->checkpointed(rig_.journal->committed());
  EXPECT_EQ(rig_.read(*reader, old).code(), Code::not_found);
  auto moved = rig_.read(*reader, (*places)[0]);
  ASSERT_TRUE(moved);
  EXPECT_EQ(*moved, "survivor");
}

TEST_F(Cleaning, mostly_dead_segments_become_victims_only_when_disk_use_is_out_of_bounds) {
  (void)append_live("one of few");
  move_on(2);
  rig_.journal->checkpointed(rig_.journal->committed());
  EXPECT_TRUE(rig_.journal->pick_victims().empty()) << "one small segment is within bounds";
  for (int i = 0; i < 40; ++i) {
    (void)append_live("one of many");
    move_on(1);
    rig_.journal->checkpointed(rig_.journal->committed());
  }
  const auto victims = rig_.journal->pick_victims();
  ASSERT_FALSE(victims.empty());
  const std::uint32_t current = rig_.journal->committed().segment;
  for (const std::uint32_t victim : victims) EXPECT_LT(victim, current);
}

TEST_F(Cleaning, segments_full_of_live_bytes_are_no_victims) {
  for (int i = 0; i < 200; ++i) (void)append_live(std::string(4000 - 110, 'l'));
  rig_.journal->checkpointed(rig_.journal->committed());
  EXPECT_TRUE(rig_.journal->pick_victims().empty());
}

TEST_F(Cleaning, cleaning_brings_disk_use_back_within_bounds) {
  std::vector<std::pair<Place, std::string>> live;
  for (int i = 0; i < 400; ++i) {
    const std::string body = std::to_string(i) + std::string(3000, 'k');
    const Place p = append_live(body);
    if (i % 10 == 0) {
      live.emplace_back(p, body);
    } else {
      rig_.journal->add_live(p.segment, -std::int64_t{p.length});
    }
  }
  rig_.journal->checkpointed(rig_.journal->committed());
  for (int round = 0; round < 10; ++round) {
    for (const std::uint32_t victim : rig_.journal->pick_victims()) {
      std::vector<std::size_t> moved;
      std::vector<std::string> bodies;
      ASSERT_TRUE(rig_.journal
                      ->scan(victim,
                             [&](const Place& p, std::string_view b) {
                               for (std::size_t i = 0; i < live.size(); ++i) {
                                 if (!(live[i].first == p)) continue;
                                 moved.push_back(i);
                                 bodies.emplace_back(b);
                               }
                             })
                      .ok());
      const std::vector<std::string_view> views(bodies.begin(), bodies.end());
      auto places = rig_.journal->write_cold(views);
      ASSERT_TRUE(places);
      for (std::size_t i = 0; i < moved.size(); ++i) {
        rig_.journal->add_live((*places)[i].segment, (*places)[i].length);
        rig_.journal->add_live(victim, -std::int64_t{live[moved[i]].first.length});
        live[moved[i]].first = (*places)[i];
      }
      if (!places->empty()) rig_.journal->unpin((*places)[0].segment);
    }
    rig_.journal->checkpointed(rig_.journal->committed());
  }
  rig_.journal->checkpointed(rig_.journal->committed());
  EXPECT_TRUE(JournalRig::eventually([&] {
    const Stats stats = rig_.journal->stats();
    return stats.disk_bytes <= 2 * stats.live_bytes + 4 * std::uint64_t{rig_.options.max_segment_bytes};
  }));
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  for (const auto& [place, body] : live) {
    auto read = rig_.read(*reader, place);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, body);
  }
}

}  // namespace
}  // namespace switchyard::journal
