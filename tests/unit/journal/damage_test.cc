// One bit flips somewhere in what was synced: it is named, never served, and costs at most the batch
// it lies in.
#include <gtest/gtest.h>

#include <algorithm>

#include "kernel/base/log.h"
#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

class DamageTest : public testing::Test {
 protected:
  void SetUp() override {
    log::set_level(log::Level::off);
    rig_.options.max_group_bytes = 12u << 10;
    rig_.open_and_start();
    std::size_t count = 0;
    for (int round = 0; round < 12; ++round) {
      for (int i = 0; i < 5; ++i) {
        std::vector<std::string> bodies;
        for (int r = 0; r <= i % 2; ++r)
          bodies.emplace_back(200 + count * 37 % 1400, static_cast<char>('a' + count % 26));
        rig_.journal->submit(0, JournalRig::submission(bodies));
        ++count;
      }
      for (Committed& c : rig_.wait(5)) sent_.push_back(std::move(c));
    }
    rig_.journal->stop();
    rig_.journal.reset();
    image_ = rig_.disk.image();
    ASSERT_TRUE(rig_.open().ok());
    all_ = rig_.replayed;
    ASSERT_EQ(all_.size(), sent_.size());
    ASSERT_GT(sent_.back().segment, sent_.front().segment + 1);
  }
  void TearDown() override { log::set_level(log::Level::info); }

  // The batch whose header or payload holds this byte; 0 if none does.
  BatchSeq batch_at(std::uint32_t segment, std::uint64_t offset) const {
    for (const Committed& c : sent_) {
      const std::uint64_t begin = c.payload_offset - kBatchHeaderBytes;
      if (c.segment == segment && offset >= begin && offset < c.payload_offset + c.payload->size()) return c.batch;
    }
    return 0;
  }

  void flip_and_check(std::uint32_t segment, std::uint64_t offset) {
    rig_.journal.reset();
    rig_.disk.load(image_);
    rig_.disk.flip_bit(rig_.path(segment), offset, offset % 8);
    const BatchSeq lost = batch_at(segment, offset);
    const std::string where = "segment " + std::to_string(segment) + " offset " + std::to_string(offset);

    auto checked = fsck(rig_.disk, rig_.options.directory, {});
    ASSERT_TRUE(checked) << where;
    EXPECT_TRUE(lost == 0 || !checked->damage.empty()) << where << ": fsck did not see it";

    rig_.options.on_damage = OnDamage::refuse;
    const Status refused = rig_.open();
    if (lost != 0) {
      ASSERT_EQ(refused.code(), Code::corrupt) << where;
      const std::string name = "segment " + std::to_string(segment) + " ";
      EXPECT_NE(refused.error().message.find(name), std::string::npos) << refused.error().message;
      EXPECT_NE(refused.error().message.find("batch " + std::to_string(lost)), std::string::npos) << where;
    }
    if (refused.ok()) {
      EXPECT_EQ(rig_.replayed, all_) << where;
      return;
    }
    rig_.options.on_damage = OnDamage::quarantine;
    ASSERT_TRUE(rig_.open().ok()) << where;
    auto expected = all_;
    std::erase_if(expected, [lost](const JournalRig::Batch& b) { return b.batch == lost; });
    EXPECT_EQ(rig_.replayed, expected) << where << " lost more or less than batch " << lost;
    ASSERT_EQ(rig_.report.damage.size(), 1u) << where;
    EXPECT_EQ(rig_.report.damage[0].first_batch, lost) << where;
    EXPECT_EQ(rig_.report.damage[0].last_batch, lost) << where;
    EXPECT_EQ(rig_.report.damage[0].segment, segment) << where;
    if (lost != 0) never_served(lost);
  }

  void never_served(BatchSeq batch) {
    auto reader = rig_.journal->make_reader(rig_.lane, 1u << 20);
    const JournalRig::Batch& b = all_[batch - 1];
    auto body = rig_.read(*reader, b.first);
    if (body) {
      EXPECT_EQ(*body, b.bodies[0]) << "a flipped record was served";
    } else {
      EXPECT_EQ(body.code(), Code::corrupt);
    }
  }

  JournalRig rig_;
  std::vector<Committed> sent_;
  std::vector<JournalRig::Batch> all_;
  test::SimulatedDisk::Image image_;
};

TEST_F(DamageTest, a_flip_in_any_header_costs_at_most_its_own_batch) {
  for (const Committed& c : sent_) {
    for (std::uint32_t i = 0; i < kBatchHeaderBytes; i += 3) {
      flip_and_check(c.segment, c.payload_offset - kBatchHeaderBytes + i);
      if (HasFatalFailure()) return;
    }
  }
  for (std::uint32_t segment = sent_.front().segment; segment <= sent_.back().segment; ++segment) {
    for (std::uint64_t page = 0; page < rig_.options.first_segment_bytes; page += kPageBytes) {
      for (std::uint64_t i = 0; i < kGroupHeaderBytes; i += 3) {
        flip_and_check(segment, page + i);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_F(DamageTest, a_flip_in_any_payload_costs_only_its_own_batch) {
  for (const Committed& c : sent_) {
    for (std::size_t i = 0; i < c.payload->size(); i += 61) {
      flip_and_check(c.segment, c.payload_offset + i);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(DamageTest, a_lost_page_costs_only_the_batches_that_lie_in_it) {
  for (std::uint64_t page = kPageBytes; page < rig_.options.first_segment_bytes; page += kPageBytes) {
    rig_.journal.reset();
    rig_.disk.load(image_);
    const std::uint32_t segment = sent_.front().segment + 1;
    rig_.disk.overwrite(rig_.path(segment), page, std::string(kPageBytes, '\0'));
    auto expected = all_;
    std::erase_if(expected, [&](const JournalRig::Batch& b) {
      const Committed& c = sent_[b.batch - 1];
      const std::uint64_t begin = c.payload_offset - kBatchHeaderBytes;
      const std::uint64_t end = c.payload_offset + c.payload->size();
      return c.segment == segment && begin < page + kPageBytes && end > page;
    });
    rig_.options.on_damage = OnDamage::quarantine;
    ASSERT_TRUE(rig_.open().ok());
    EXPECT_EQ(rig_.replayed, expected) << "page " << page;
  }
}

TEST_F(DamageTest, quarantine_goes_on_with_new_batches_behind_the_damage) {
  rig_.journal.reset();
  rig_.disk.flip_bit(rig_.path(sent_[3].segment), sent_[3].payload_offset, 0);
  rig_.options.on_damage = OnDamage::quarantine;
  ASSERT_TRUE(rig_.open().ok());
  rig_.start();
  const Committed next = rig_.append("after the damage");
  EXPECT_EQ(next.batch, sent_.size() + 1);
  ASSERT_TRUE(rig_.open().ok());
  EXPECT_EQ(rig_.replayed.size(), sent_.size());  // One lost, one new.
  EXPECT_EQ(rig_.bodies().back(), "after the damage");
}

}  // namespace
}  // namespace switchyard::journal
