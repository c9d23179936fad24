#include <gtest/gtest.h>

#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

class ReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    rig_.options.first_segment_bytes = rig_.options.max_segment_bytes = 1u << 20;
    rig_.options.max_group_bytes = 512u << 10;
    rig_.open_and_start();
  }
  // `count` records of about 1 KiB in one batch.
  std::vector<Place> backlog(std::size_t count) {
    std::vector<std::string> bodies;
    for (std::size_t i = 0; i < count; ++i) bodies.push_back(body(i));
    const Committed c = rig_.append_all(bodies);
    EXPECT_TRUE(c.status.ok());
    std::vector<Place> places;
    std::uint32_t at = c.payload_offset;
    for (const std::string& b : bodies) {
      places.push_back({c.segment, at, static_cast<std::uint32_t>(b.size() + kRecordHeaderBytes)});
      at += places.back().length;
    }
    return places;
  }
  static std::string body(std::size_t i) { return std::to_string(i) + std::string(1000, 'r'); }

  JournalRig rig_;
};

TEST_F(ReaderTest, remembered_payloads_are_read_without_the_disk) {
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  const Committed c = rig_.append("tail");
  reader->remember(c);
  const std::uint64_t reads = rig_.disk.reads();
  auto read = rig_.read(*reader, JournalRig::place(c));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, "tail");
  EXPECT_EQ(rig_.disk.reads(), reads);
}

TEST_F(ReaderTest, caches_stay_within_their_bytes_and_evicted_records_come_from_disk) {
  constexpr std::size_t kCache = 300u << 10;
  auto reader = rig_.journal->make_reader(rig_.lane, kCache);
  std::vector<Place> places;
  for (std::size_t i = 0; i < 600; ++i) {
    const Committed c = rig_.append(body(i));
    reader->remember(c);
    places.push_back(JournalRig::place(c));
    ASSERT_LE(reader->cached_bytes(), kCache);
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto read = rig_.read(*reader, places[i]);
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(*read, body(i));
    ASSERT_LE(reader->cached_bytes(), kCache);
  }
}

TEST_F(ReaderTest, a_backlog_in_order_costs_about_one_read_per_64_kib) {
  const auto places = backlog(200);
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  const std::uint64_t reads = rig_.disk.reads();
  for (std::size_t i = 0; i < places.size(); ++i) ASSERT_EQ(*rig_.read(*reader, places[i]), body(i));
  EXPECT_LE(rig_.disk.reads() - reads, 5u);
}

TEST_F(ReaderTest, a_batch_of_cold_reads_shares_its_reads_and_answers_in_order) {
  auto places = backlog(200);
  rig_.disk.set_nothing_in_memory(true);
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < places.size(); ++i) order.push_back(i * 73 % places.size());
  std::vector<Place> asked;
  for (const std::size_t i : order) asked.push_back(places[i]);
  const std::uint64_t reads = rig_.disk.reads();
  std::vector<Result<RecordRef>> answers;
  reader->get(asked, [&](std::vector<Result<RecordRef>> results) { answers = std::move(results); });
  EXPECT_TRUE(answers.empty()) << "answers come later, never during the call";
  ASSERT_TRUE(rig_.lane.run_until([&] { return !answers.empty(); }));
  ASSERT_EQ(answers.size(), asked.size());
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(answers[i]->body, body(order[i]));
  EXPECT_LE(rig_.disk.reads() - reads, 5u);
}

TEST_F(ReaderTest, what_the_pool_read_is_at_hand_afterwards) {
  const auto places = backlog(20);
  rig_.disk.set_nothing_in_memory(true);
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  RecordRef ref;
  Status status;
  EXPECT_FALSE(reader->try_get(places[0], ref, status));
  ASSERT_TRUE(rig_.read(*reader, places[0]));
  EXPECT_TRUE(reader->try_get(places[1], ref, status));
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(ref.body, body(1));
}

TEST_F(ReaderTest, a_record_larger_than_the_cache_is_still_read) {
  const std::string large(200u << 10, 'L');
  const Committed c = rig_.append(large);
  auto reader = rig_.journal->make_reader(rig_.lane, 0);
  auto read = rig_.read(*reader, JournalRig::place(c));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, large);
  EXPECT_EQ(reader->cached_bytes(), 0u);
}

TEST_F(ReaderTest, damage_is_named_and_never_served) {
  const auto places = backlog(3);
  rig_.disk.flip_bit(rig_.path(places[1].segment), places[1].offset + 20, 4);
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  EXPECT_TRUE(rig_.read(*reader, places[0]));
  auto read = rig_.read(*reader, places[1]);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.code(), Code::corrupt);
  const std::string name = "segment 1 offset " + std::to_string(places[1].offset);
  EXPECT_NE(read.error().message.find(name), std::string::npos) << read.error().message;
  EXPECT_TRUE(rig_.read(*reader, places[2]));
}

TEST_F(ReaderTest, a_place_where_nothing_was_written_is_an_error) {
  const auto places = backlog(1);
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  EXPECT_EQ(rig_.read(*reader, {places[0].segment, 900'000, 100}).code(), Code::corrupt);
  EXPECT_EQ(rig_.read(*reader, {places[0].segment, places[0].offset, 3}).code(), Code::corrupt);
  EXPECT_EQ(rig_.read(*reader, {places[0].segment, places[0].offset, places[0].length - 1}).code(), Code::corrupt);
  EXPECT_EQ(rig_.read(*reader, {4711, 4096, 100}).code(), Code::not_found);
  EXPECT_EQ(rig_.read(*reader, {0, 0, 0}).code(), Code::not_found);
}

TEST_F(ReaderTest, records_committed_after_a_block_was_read_are_seen) {
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  for (std::size_t i = 0; i < 100; ++i) {
    const Committed c = rig_.append(body(i));
    auto read = rig_.read(*reader, JournalRig::place(c));  // Caches what is written so far.
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(*read, body(i));
  }
}

TEST_F(ReaderTest, a_record_keeps_its_bytes_after_the_cache_let_go) {
  const auto places = backlog(100);
  auto reader = rig_.journal->make_reader(rig_.lane, 64u << 10);
  RecordRef ref;
  Status status;
  ASSERT_TRUE(reader->try_get(places[0], ref, status));
  for (const Place& p : places) (void)rig_.read(*reader, p);
  reader.reset();
  EXPECT_EQ(ref.body, body(0));
}

TEST_F(ReaderTest, answers_to_a_destroyed_reader_are_dropped) {
  const auto places = backlog(5);
  rig_.disk.set_nothing_in_memory(true);
  auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
  bool called = false;
  reader->get(places, [&](std::vector<Result<RecordRef>>) { called = true; });
  reader.reset();
  rig_.journal.reset();  // Joins the pool, so the answer is in the mailbox by now.
  bool drained = false;
  rig_.lane.post([&] { drained = true; });
  ASSERT_TRUE(rig_.lane.run_until([&] { return drained; }));
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace switchyard::journal
