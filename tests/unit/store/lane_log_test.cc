#include "kernel/store/lane_log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/store/fake_journal.h"

namespace switchyard::store {
namespace {

class LaneLogTest : public testing::Test {
 protected:
  struct NamedOp final : LaneLog::Op {
    NamedOp(LaneLogTest& t, std::string n) : test(t), name(std::move(n)) {}
    void complete(const Status& status, std::uint32_t segment, std::uint32_t base) override {
      test.done.push_back(name + ":" + std::string(code_name(status.code())));
      test.places.emplace_back(segment, base);
      if (test.on_complete) test.on_complete(name);
    }
    LaneLogTest& test;
    const std::string name;
  };

  // An operation with `records` records of `bytes` bytes each.
  void write(std::uint16_t shard, const std::string& name, int records, bool releases = false, std::size_t bytes = 10) {
    log.reserve(shard, static_cast<std::size_t>(records) * (bytes + 8), releases);
    for (int i = 0; i < records; ++i) {
      auto w = log.begin(shard);
      w.bytes(std::string(bytes, 'r'));
      offsets.push_back(log.end().offset);
    }
    log.commit(shard, std::make_unique<NamedOp>(*this, name), releases);
  }
  using Names = std::vector<std::string>;

  ManualClock clock;
  ManualExecutor lane{clock};
  FakeJournal journal;
  LaneLog log{journal, lane, 1000};
  Names done;
  std::vector<std::uint32_t> offsets;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> places;
  std::function<void(const std::string&)> on_complete;
};

TEST_F(LaneLogTest, operations_of_one_turn_share_a_batch_per_shard) {
  write(3, "a", 1);
  write(3, "b", 2);
  write(5, "c", 1);
  EXPECT_TRUE(journal.waiting.empty()) << "nothing leaves before the turn ends";
  lane.run();
  ASSERT_EQ(journal.waiting.size(), 2u);
  EXPECT_EQ(journal.waiting[0].shard, 3u);
  EXPECT_EQ(journal.waiting[0].records, 3u);
  EXPECT_EQ(journal.waiting[1].shard, 5u);
  journal.finish_all(log);
  EXPECT_EQ(done, (Names{"a:ok", "b:ok", "c:ok"}));
}

TEST_F(LaneLogTest, an_operation_is_told_where_its_batch_lies) {
  write(3, "a", 2);
  lane.run();
  journal.finish_all(log);
  EXPECT_EQ(offsets, (std::vector<std::uint32_t>{0, 18}));
  EXPECT_EQ(places[0], (std::pair{1u, 100u}));
}

TEST_F(LaneLogTest, an_operation_without_records_waits_for_what_was_committed_before_it) {
  write(3, "a", 1);
  lane.run();
  write(3, "nothing", 0);
  lane.run();
  EXPECT_EQ(journal.waiting.size(), 1u);
  EXPECT_TRUE(done.empty());
  journal.finish_all(log);
  EXPECT_EQ(done, (Names{"a:ok", "nothing:ok"}));
}

TEST_F(LaneLogTest, an_operation_without_records_ends_even_when_nothing_else_happens) {
  write(3, "nothing", 0);
  lane.run();
  lane.run();
  EXPECT_EQ(done, Names{"nothing:ok"});
}

TEST_F(LaneLogTest, an_operation_that_does_not_fit_goes_into_the_next_batch_whole) {
  write(3, "a", 1, false, 600);
  write(3, "b", 2, false, 300);
  lane.run();
  ASSERT_EQ(journal.waiting.size(), 2u);
  EXPECT_EQ(journal.waiting[0].records, 1u);
  EXPECT_EQ(journal.waiting[1].records, 2u);
  journal.finish_all(log);
  EXPECT_EQ(done, (Names{"a:ok", "b:ok"}));
}

TEST_F(LaneLogTest, a_refused_batch_fails_its_operations_and_no_other) {
  write(3, "a", 1);
  lane.run();
  write(3, "b", 1);
  lane.run();
  std::vector<journal::Committed> results;
  results.push_back(journal.finish(Error{Code::quota, "full"}));
  results.push_back(journal.finish());
  log.on_committed(results);
  EXPECT_EQ(done, (Names{"a:quota", "b:ok"}));
}

TEST_F(LaneLogTest, a_barrier_runs_after_everything_before_it_on_any_shard_and_not_after_what_follows) {
  write(3, "a", 1);
  write(5, "b", 1);
  log.barrier([this] { done.push_back("barrier"); });
  write(3, "c", 1);
  lane.run();
  ASSERT_EQ(journal.waiting.size(), 3u);
  std::vector<journal::Committed> results;
  results.push_back(journal.finish());
  log.on_committed(results);
  EXPECT_EQ(done, Names{"a:ok"});
  results.clear();
  results.push_back(journal.finish());
  log.on_committed(results);
  EXPECT_EQ(done, (Names{"a:ok", "b:ok", "barrier"}));
  journal.finish_all(log);
}

TEST_F(LaneLogTest, a_barrier_with_nothing_before_it_runs_later_and_not_inside_the_call) {
  bool ran = false;
  log.barrier([&] { ran = true; });
  EXPECT_FALSE(ran);
  lane.run();
  EXPECT_TRUE(ran);
}

TEST_F(LaneLogTest, what_an_operation_commits_while_it_completes_is_not_lost) {
  on_complete = [this](const std::string& name) {
    if (name == "a") write(3, "after a", 1);
  };
  write(3, "a", 1);
  lane.run();
  journal.finish_all(log);
  lane.run();
  journal.finish_all(log);
  EXPECT_EQ(done, (Names{"a:ok", "after a:ok"}));
  EXPECT_EQ(log.in_flight(), 0u);
}

TEST_F(LaneLogTest, only_a_batch_of_nothing_but_releases_may_use_the_reserve) {
  write(3, "ack", 1, true);
  lane.run();
  write(3, "ack", 1, true);
  write(3, "append", 1);
  lane.run();
  EXPECT_TRUE(journal.waiting[0].releases_space);
  EXPECT_FALSE(journal.waiting[1].releases_space);
}

TEST_F(LaneLogTest, an_append_that_was_refused_whole_does_not_keep_acks_from_the_reserve) {
  write(3, "ack", 1, true);
  write(3, "append without a record", 0);
  lane.run();
  ASSERT_EQ(journal.waiting.size(), 1u);
  EXPECT_TRUE(journal.waiting[0].releases_space);
}

TEST_F(LaneLogTest, on_a_full_disk_appends_do_not_drag_acks_down) {
  journal.full = true;
  write(3, "append 1", 1);
  lane.run();
  journal.finish_all(log);
  write(3, "ack 1", 1, true);
  write(3, "append 2", 1);
  write(3, "ack 2", 1, true);
  lane.run();
  journal.finish_all(log);
  EXPECT_EQ(done, (Names{"append 1:quota", "ack 1:ok", "append 2:quota", "ack 2:ok"}));
}

TEST_F(LaneLogTest, when_the_disk_has_room_again_acks_and_appends_share_batches_again) {
  journal.full = true;
  write(3, "append", 1);
  lane.run();
  journal.finish_all(log);
  journal.full = false;
  for (int i = 0; i < 5'000; ++i) {
    write(3, "append", 1);
    lane.run();
    journal.finish_all(log);
  }
  write(3, "ack", 1, true);
  write(3, "append", 1);
  lane.run();
  EXPECT_EQ(journal.waiting.size(), 1u);
}

TEST_F(LaneLogTest, too_much_on_its_way_is_congestion_until_it_has_arrived) {
  EXPECT_FALSE(log.congested());
  for (int i = 0; i < 70; ++i) write(3, "big", 1, false, 1u << 20);
  EXPECT_TRUE(log.congested());
  lane.run();
  EXPECT_TRUE(log.congested());
  journal.finish_all(log);
  EXPECT_FALSE(log.congested());
}

}  // namespace
}  // namespace switchyard::store
