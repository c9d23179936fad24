#include "kernel/stream/lease_table.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/unit/stream/index_test_util.h"

namespace switchyard::stream {
namespace {

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

Lease leased(std::int64_t due_ms, std::uint32_t attempt = 1) { return {Lease::leased, attempt, due_ms, 500}; }
Lease waiting(std::int64_t due_ms) { return {Lease::waiting, 0, due_ms, 0}; }
Lease ready() { return {Lease::ready, 1, 0, 500}; }

class LeaseTableTest : public testing::Test {
 protected:
  std::vector<Seq> expire(std::int64_t now_ms, std::size_t max = 1'000'000) {
    std::vector<Seq> seqs;
    last_ = table_.expire(now_ms, max, [&](Seq seq, const Lease&) { seqs.push_back(seq); });
    return seqs;
  }
  void checkpoint() {
    std::vector<ChunkImage> images;
    table_.collect_dirty(~std::size_t{0}, images);
    images_.write(images, [this](ChunkNo no, std::uint64_t version) { table_.mark_written(no, version); });
  }

  LeaseTable table_;
  FakeImages images_;
  Lookup last_;
};

TEST_F(LeaseTableTest, an_empty_table_is_tiny_and_owes_nothing) {
  EXPECT_LT(table_.memory_bytes(), 300u);
  EXPECT_EQ(table_.next_due_ms(), kNone);
  EXPECT_EQ(table_.next_ready(0).kind, Lookup::none);
  EXPECT_EQ(table_.find(77).state, Lease::none);
  EXPECT_FALSE(table_.erase(77));
  EXPECT_TRUE(table_.resident(77));
  EXPECT_TRUE(expire(kNone - 1).empty());
}

TEST_F(LeaseTableTest, a_lease_ends_at_its_millisecond_and_not_before) {
  table_.put(3, leased(1000));
  EXPECT_EQ(table_.next_due_ms(), 1000);
  EXPECT_TRUE(expire(999).empty());
  EXPECT_EQ(expire(1000), std::vector<Seq>{3});
  EXPECT_EQ(table_.find(3).state, Lease::ready);
  EXPECT_EQ(table_.find(3).attempt, 1u);
  EXPECT_EQ(table_.find(3).first_ms, 500);
  EXPECT_TRUE(expire(1'000'000).empty());
  EXPECT_EQ(table_.next_due_ms(), kNone);
}

TEST_F(LeaseTableTest, extending_a_lease_moves_its_end) {
  table_.put(3, leased(1000));
  table_.put(4, leased(2000));
  table_.put(3, leased(5000));
  EXPECT_EQ(table_.next_due_ms(), 2000);
  EXPECT_EQ(expire(4999), std::vector<Seq>{4});
  EXPECT_EQ(expire(5000), std::vector<Seq>{3});
}

TEST_F(LeaseTableTest, what_was_erased_is_never_due) {
  table_.put(3, leased(1000));
  table_.put(4, leased(3000));
  EXPECT_TRUE(table_.erase(3));
  EXPECT_EQ(table_.next_due_ms(), 3000) << "a timer for 1000 would wake for nothing";
  EXPECT_TRUE(expire(2999).empty());
  EXPECT_TRUE(table_.erase(4));
  EXPECT_EQ(table_.next_due_ms(), kNone);
}

TEST_F(LeaseTableTest, ready_messages_come_in_order_of_sequence) {
  table_.put(5000, ready());
  table_.put(10, ready());
  table_.put(11, leased(1000));
  table_.put(70, ready());
  EXPECT_EQ(table_.next_ready(0).seq, 10u);
  EXPECT_EQ(table_.next_ready(10).seq, 10u);
  EXPECT_EQ(table_.next_ready(11).seq, 70u);
  EXPECT_EQ(table_.next_ready(71).seq, 5000u);
  EXPECT_EQ(table_.next_ready(5001).kind, Lookup::none);
  table_.erase(10);
  EXPECT_EQ(table_.next_ready(0).seq, 70u);
}

TEST_F(LeaseTableTest, counts_follow_every_change) {
  table_.put(1, waiting(100));
  table_.put(2, leased(100));
  table_.put(3, ready());
  table_.put(3, leased(50));
  auto counts = table_.counts();
  EXPECT_EQ(counts.waiting, 1u);
  EXPECT_EQ(counts.leased, 2u);
  EXPECT_EQ(counts.ready, 0u);
  expire(60);
  counts = table_.counts();
  EXPECT_EQ(counts.leased, 1u);
  EXPECT_EQ(counts.ready, 1u);
}

TEST_F(LeaseTableTest, expiry_in_small_steps_says_that_more_is_due) {
  for (Seq seq = 1; seq <= 300; ++seq) table_.put(seq, leased(1000));
  EXPECT_EQ(expire(1000, 100).size(), 100u);
  EXPECT_EQ(last_.kind, Lookup::found);
  EXPECT_EQ(expire(1000, 150).size(), 150u);
  EXPECT_EQ(expire(1000, 50).size(), 50u);
  EXPECT_EQ(last_.kind, Lookup::none) << "exactly the last ones";
}

TEST_F(LeaseTableTest, the_visitor_sees_the_former_state_and_may_change_the_table) {
  table_.put(1, leased(1000, 3));
  table_.put(2, waiting(1000));
  table_.put(700, leased(1000));
  std::vector<Lease::State> before;
  table_.expire(1000, 100, [&](Seq seq, const Lease& lease) {
    before.push_back(lease.state);
    EXPECT_EQ(lease.due_ms, 1000);
    EXPECT_EQ(table_.find(seq).state, Lease::ready);
    table_.erase(seq);
    if (seq == 1) table_.put(9, leased(5000));
  });
  EXPECT_EQ(before.size(), 3u);
  EXPECT_EQ(table_.counts().leased, 1u);
  EXPECT_EQ(table_.counts().ready, 0u);
  EXPECT_EQ(table_.next_due_ms(), 5000);
}

TEST_F(LeaseTableTest, spilled_leases_still_end_on_time) {
  for (Seq seq = 1; seq <= 2000; ++seq) table_.put(seq, leased(1000 + static_cast<std::int64_t>(seq)));
  checkpoint();
  table_.evict(0);
  EXPECT_EQ(table_.resident_chunks(), 1u) << "the tail stays";
  EXPECT_EQ(table_.next_due_ms(), 1001);
  EXPECT_TRUE(expire(1000).empty());
  EXPECT_TRUE(expire(1003).empty());
  ASSERT_EQ(last_.kind, Lookup::need_chunk);
  ASSERT_TRUE(table_.install(last_.chunk, images_.at(last_.chunk)));
  EXPECT_EQ(expire(1003), (std::vector<Seq>{1, 2, 3}));
}

TEST_F(LeaseTableTest, leases_end_after_a_restart_that_loads_only_summaries) {
  for (Seq seq = 1; seq <= 1500; ++seq) table_.put(seq, seq % 3 == 0 ? waiting(3000) : leased(4000));
  table_.put(1501, ready());
  checkpoint();
  LeaseTable restarted;
  for (const auto& [no, image] : images_.all()) ASSERT_TRUE(restarted.load(no, image, false));
  EXPECT_EQ(restarted.resident_chunks(), 0u);
  EXPECT_EQ(restarted.counts().waiting, 500u);
  EXPECT_EQ(restarted.counts().leased, 1000u);
  EXPECT_EQ(restarted.counts().ready, 1u);
  EXPECT_EQ(restarted.next_due_ms(), 3000);
  EXPECT_EQ(restarted.next_ready(0).kind, Lookup::need_chunk);
  std::size_t ended = 0;
  Lookup lookup;
  while ((lookup = restarted.expire(4000, 100'000, [&](Seq, const Lease&) { ++ended; })).kind == Lookup::need_chunk) {
    ASSERT_TRUE(restarted.install(lookup.chunk, images_.at(lookup.chunk)));
  }
  EXPECT_EQ(ended, 1500u);
}

TEST_F(LeaseTableTest, what_arrives_is_resident_even_after_everything_was_evicted) {
  table_.put(600, waiting(1000));
  checkpoint();
  table_.evict(0);
  ASSERT_TRUE(table_.resident(601));
  table_.put(601, waiting(2000));
  EXPECT_EQ(table_.counts().waiting, 2u);
}

TEST_F(LeaseTableTest, purging_into_a_spilled_chunk_takes_effect_when_it_comes_back) {
  for (Seq seq = 1; seq <= 1200; ++seq) table_.put(seq, leased(1000));
  checkpoint();
  table_.evict(0);
  const Lookup lookup = table_.drop_below(600);
  ASSERT_EQ(lookup.kind, Lookup::need_chunk);
  ASSERT_TRUE(table_.install(lookup.chunk, images_.at(lookup.chunk)));
  EXPECT_EQ(table_.counts().leased, 600u);
  EXPECT_EQ(table_.find(600).state, Lease::none);
  EXPECT_EQ(table_.find(601).state, Lease::leased);
  checkpoint();
  EXPECT_FALSE(images_.all().contains(0));
}

TEST_F(LeaseTableTest, a_lease_that_came_and_went_between_checkpoints_is_never_written) {
  table_.put(1, leased(1000));
  table_.erase(1);
  EXPECT_FALSE(table_.dirty());
  EXPECT_LT(table_.memory_bytes(), 400u);
}

TEST_F(LeaseTableTest, every_damaged_image_is_refused_and_changes_nothing) {
  for (Seq seq = 1; seq <= 40; ++seq) table_.put(seq, seq % 2 != 0 ? leased(1000) : ready());
  checkpoint();
  const std::string image = images_.at(0);
  LeaseTable other;
  for (std::size_t i = 0; i < image.size(); ++i) {
    std::string damaged = image;
    damaged[i] = static_cast<char>(damaged[i] ^ 2);
    EXPECT_EQ(other.load(0, damaged, true).code(), Code::corrupt) << i;
    EXPECT_EQ(other.load(0, image.substr(0, i), true).code(), Code::corrupt) << i;
  }
  EXPECT_EQ(other.load(1, image, true).code(), Code::corrupt) << "the image of another chunk";
  EXPECT_EQ(other.counts().leased + other.counts().ready, 0u);
  ASSERT_TRUE(other.load(0, image, true));
  EXPECT_EQ(other.load(0, image, true).code(), Code::corrupt) << "twice";
}

TEST_F(LeaseTableTest, an_image_that_contradicts_its_summary_is_refused) {
  for (Seq seq = 1; seq <= 1000; ++seq) table_.put(seq, leased(1000));
  checkpoint();
  table_.evict(0);
  LeaseTable other;
  other.put(1, leased(1000));
  std::vector<ChunkImage> out;
  other.collect_dirty(1, out);
  EXPECT_EQ(table_.install(0, out[0].bytes).code(), Code::corrupt);
  EXPECT_FALSE(table_.resident(1));
}

TEST_F(LeaseTableTest, extreme_times_survive_an_image) {
  table_.put(1, leased(std::numeric_limits<std::int64_t>::min() + 1));
  table_.put(2, leased(kNone - 1, ~std::uint32_t{0}));
  checkpoint();
  LeaseTable other;
  ASSERT_TRUE(other.load(0, images_.at(0), true));
  EXPECT_EQ(other.find(1).due_ms, std::numeric_limits<std::int64_t>::min() + 1);
  EXPECT_EQ(other.find(2).due_ms, kNone - 1);
  EXPECT_EQ(other.find(2).attempt, ~std::uint32_t{0});
  EXPECT_EQ(other.next_due_ms(), std::numeric_limits<std::int64_t>::min() + 1);
}

}  // namespace
}  // namespace switchyard::stream
