#include <gtest/gtest.h>

#include "kernel/journal/group_writer.h"
#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

// The process dies without an orderly stop; what it wrote stays.
void crash(JournalRig& rig) {
  rig.disk.crash_after(0);
  (void)rig.disk.make_directory("/");  // The change that meets the crash; a write would be half done.
  rig.journal.reset();
  rig.disk.kill_process();
}

std::uint64_t salt_of(JournalRig& rig, std::uint32_t segment) {
  SegmentHeader header;
  std::uint32_t version = 0;
  EXPECT_EQ(decode_segment_header(rig.disk.contents(rig.path(segment)), header, version), HeaderState::good);
  return header.salt;
}

TEST(Recovery, a_torn_last_group_is_dropped_and_everything_before_it_kept) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("kept");
  const Committed torn = rig.append(std::string(9000, 't'));
  crash(rig);
  rig.disk.overwrite(rig.path(torn.segment), torn.payload_offset + 5000, std::string(512, '\0'));

  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"kept"}));
  EXPECT_GE(rig.report.dropped_tail_bytes, 9000u);
  EXPECT_TRUE(rig.report.damage.empty());
}

TEST(Recovery, a_dropped_group_never_comes_back) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("kept");
  const Committed torn = rig.append(std::string(9000, 't'));
  crash(rig);
  const std::string before = rig.disk.contents(rig.path(torn.segment));
  const std::uint64_t hole = torn.payload_offset + 5000;
  rig.disk.overwrite(rig.path(torn.segment), hole, std::string(512, '\0'));
  ASSERT_TRUE(rig.open().ok());
  rig.start();
  (void)rig.append("new");
  crash(rig);
  // The sector that was missing turns up after all.
  rig.disk.overwrite(rig.path(torn.segment), hole, before.substr(hole, 512));
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"kept", "new"}));
}

TEST(Recovery, batch_headers_of_a_dropped_group_are_wiped_wherever_they_lie) {
  JournalRig rig;
  rig.options.first_segment_bytes = rig.options.max_segment_bytes;
  rig.open_and_start();
  (void)rig.append("kept");
  std::mutex gate;
  gate.lock();
  rig.disk.set_before_sync([&](const std::string&) { const std::lock_guard wait(gate); });
  for (int i = 0; i < 9; ++i) rig.journal->submit(0, JournalRig::submission({std::string(1500, 'a')}));
  gate.unlock();
  const auto results = rig.wait(9);
  rig.disk.set_before_sync({});
  const Committed& last = results.back();
  crash(rig);
  // The first pages of the last group never arrived, its later ones did.
  const std::uint64_t salt = salt_of(rig, last.segment);
  const std::uint64_t first_page = last.payload_offset / kPageBytes * kPageBytes - kPageBytes;
  rig.disk.overwrite(rig.path(last.segment), first_page, std::string(kPageBytes, '\0'));
  const auto header_at = last.payload_offset - kBatchHeaderBytes;
  ASSERT_TRUE(decode_batch_header(rig.disk.contents(rig.path(last.segment)).substr(header_at), salt));

  ASSERT_TRUE(rig.open().ok());
  ASSERT_LT(rig.replayed.size(), 10u) << "nothing was torn";
  EXPECT_FALSE(decode_batch_header(rig.disk.contents(rig.path(last.segment)).substr(header_at), salt));
}

// A torn group is also the proof that the one before it was synced; wiping it must not lose that.
TEST(Recovery, what_quarantine_showed_is_shown_again_after_the_torn_group_behind_it_is_gone) {
  JournalRig rig;
  rig.options.first_segment_bytes = rig.options.max_segment_bytes;
  rig.options.on_damage = OnDamage::quarantine;
  rig.open_and_start();
  std::mutex gate;
  gate.lock();
  rig.disk.set_before_sync([&](const std::string&) { const std::lock_guard wait(gate); });
  for (int i = 0; i < 9; ++i) rig.journal->submit(0, JournalRig::submission({std::string(500, 'a')}));
  gate.unlock();
  const auto sent = rig.wait(9);
  rig.disk.set_before_sync({});
  const Committed torn = rig.append(std::string(9000, 't'));
  crash(rig);
  rig.disk.flip_bit(rig.path(sent[7].segment), sent[7].payload_offset + 30, 0);  // Damaged, in a synced group.
  rig.disk.flip_bit(rig.path(torn.segment), torn.payload_offset + 30, 0);        // Torn, the last group.
  ASSERT_TRUE(rig.open().ok());
  const auto shown = rig.replayed;
  ASSERT_EQ(shown.size(), 8u);
  crash(rig);
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.replayed, shown);
}

TEST(Recovery, numbers_of_lost_batches_are_not_given_again_when_only_a_torn_group_follows_them) {
  JournalRig rig;
  rig.options.on_damage = OnDamage::quarantine;
  rig.open_and_start();
  const Committed lost = rig.append("lost");
  const Committed torn = rig.append(std::string(5000, 't'));
  crash(rig);
  rig.disk.overwrite(rig.path(lost.segment), kSegmentHeaderBytes, std::string(kPageBytes, '\0'));
  rig.disk.flip_bit(rig.path(torn.segment), torn.payload_offset + 30, 0);
  rig.open_and_start();
  ASSERT_EQ(rig.report.damage.size(), 1u);
  EXPECT_EQ(rig.report.damage[0].first_batch, 1u);
  EXPECT_EQ(rig.append("next").batch, 2u);
}

TEST(Recovery, a_truncated_tail_loses_only_the_group_that_was_cut) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("kept");
  const Committed cut = rig.append(std::string(9000, 't'));
  crash(rig);
  rig.disk.truncate(rig.path(cut.segment), cut.payload_offset + 100);

  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"kept"}));
  rig.start();
  ASSERT_TRUE(rig.append(std::string(9000, 'n')).status.ok());
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"kept", std::string(9000, 'n')}));
}

TEST(Recovery, a_truncated_segment_before_the_last_is_damage) {
  JournalRig rig;
  rig.open_and_start();
  std::vector<Committed> sent;
  for (int i = 0; i < 12; ++i) sent.push_back(rig.append(std::string(3000, 'x')));
  ASSERT_GT(sent.back().segment, sent.front().segment);
  rig.journal.reset();
  rig.disk.truncate(rig.path(sent[0].segment), sent[1].payload_offset);
  EXPECT_EQ(rig.open().code(), Code::corrupt);
}

TEST(Recovery, stale_bytes_of_an_earlier_life_of_the_file_are_never_replayed) {
  JournalRig rig;
  rig.open_and_start();
  for (int i = 0; i < 200; ++i) (void)rig.append("old-" + std::string(3000, 'o'));
  const Position checkpoint = rig.journal->committed();
  rig.journal->checkpointed(checkpoint);
  std::vector<std::string> sent;
  bool stale = false;
  for (int i = 0; i < 200 && !stale; ++i) {
    sent.push_back("new-" + std::to_string(i));
    const Committed c = rig.append(sent.back());
    ASSERT_TRUE(c.status.ok());
    stale = c.segment > checkpoint.segment && rig.disk.contents(rig.path(c.segment)).find("old-o") != std::string::npos;
  }
  ASSERT_TRUE(stale) << "the test needs old bytes behind the tail";
  crash(rig);
  ASSERT_TRUE(rig.open(checkpoint).ok());
  EXPECT_EQ(rig.bodies(), sent);
}

TEST(Recovery, a_group_of_an_older_generation_is_not_a_successor) {
  JournalRig rig;
  rig.open_and_start();
  const Committed kept = rig.append("kept");
  crash(rig);
  // A whole valid group, right behind the tail, with the salt of another life of the file.
  const std::uint32_t end = kept.payload_offset / kPageBytes * kPageBytes + kPageBytes;
  const std::uint64_t old_salt = salt_of(rig, kept.segment) + 1;
  GroupWriter old;
  old.begin(old_salt, end, 2);
  BatchBuilder builder;
  builder.begin();
  builder.writer().bytes("ghost");
  builder.end();
  const auto payload = builder.take();
  (void)old.add(*payload, 1, 0);
  std::string bytes;
  for (const iovec& part : old.finish(0)) bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
  ASSERT_TRUE(decode_group_header(bytes, old_salt, end)) << "it is a good group, only of another life";
  rig.disk.overwrite(rig.path(kept.segment), end, bytes);

  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"kept"}));
}

// A sender who knows the format writes groups into a message body, but cannot know the salt.
TEST(Recovery, a_body_that_imitates_groups_is_never_taken_for_one) {
  JournalRig rig;
  rig.options.first_segment_bytes = rig.options.max_segment_bytes;
  rig.open_and_start();
  const Committed probe = rig.append("probe");
  std::uint32_t at = probe.payload_offset / kPageBytes * kPageBytes + kPageBytes;  // Of the next group.
  const std::uint32_t body_at = at + kGroupHeaderBytes + kBatchHeaderBytes + kRecordHeaderBytes;
  const std::uint64_t guess = salt_of(rig, probe.segment) ^ 1;
  std::string body(9000, 'b');
  for (std::uint32_t page = at + kPageBytes; page + kGroupHeaderBytes < body_at + body.size(); page += kPageBytes) {
    GroupHeader fake{1000, kGroupHeaderBytes + kBatchHeaderBytes, 1, 0};
    encode_group_header(fake, guess, page, body.data() + (page - body_at));
    BatchHeader batch{1000, 0, 0, 0, 0};
    encode_batch_header(batch, guess, body.data() + (page - body_at) + kGroupHeaderBytes);
  }
  const Committed imitation = rig.append(body);
  ASSERT_EQ(imitation.payload_offset, body_at - kRecordHeaderBytes);
  crash(rig);
  const auto image = rig.disk.image();
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"probe", body}));

  // Torn, it must look like a tail, not like damage before the imitated successors.
  rig.journal.reset();
  rig.disk.load(image);
  // The group's first sector is gone, so the search for successors goes through the body.
  rig.disk.overwrite(rig.path(imitation.segment), at, std::string(512, '\0'));
  ASSERT_TRUE(rig.open().ok());
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"probe"}));
}

TEST(Recovery, a_newer_format_is_refused_with_its_number) {
  JournalRig rig;
  rig.open_and_start();
  const Committed c = rig.append("x");
  rig.journal.reset();
  for (const std::uint64_t copy : {0u, 2048u}) rig.disk.overwrite(rig.path(c.segment), copy + 8, {"\x09\0\0\0", 4});
  const Status s = rig.open();
  EXPECT_EQ(s.code(), Code::unsupported);
  EXPECT_NE(s.error().message.find("format 9"), std::string::npos) << s.error().message;
}

TEST(Recovery, one_damaged_copy_of_a_segment_header_costs_nothing) {
  JournalRig rig;
  rig.open_and_start();
  const Committed c = rig.append("x");
  rig.journal.reset();
  const auto image = rig.disk.image();
  for (const std::uint64_t copy : {0u, 2048u}) {
    rig.disk.load(image);
    rig.disk.overwrite(rig.path(c.segment), copy, std::string(512, '\xee'));
    ASSERT_TRUE(rig.open().ok());
    EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"x"}));
    rig.journal.reset();
  }
}

TEST(Recovery, a_segment_without_a_readable_header_is_damage) {
  JournalRig rig;
  rig.open_and_start();
  const Committed c = rig.append("x");
  rig.journal.reset();
  rig.disk.overwrite(rig.path(c.segment), 0, std::string(4096, '\xee'));
  const Status s = rig.open();
  EXPECT_EQ(s.code(), Code::corrupt);
  EXPECT_NE(s.error().message.find("segment 1 "), std::string::npos) << s.error().message;
  rig.options.on_damage = OnDamage::quarantine;
  ASSERT_TRUE(rig.open().ok());
  ASSERT_EQ(rig.report.damage.size(), 1u);
  rig.start();
  EXPECT_TRUE(rig.append("goes on").status.ok());
}

TEST(Recovery, a_missing_segment_is_named_and_quarantine_goes_on_behind_it) {
  JournalRig rig;
  rig.open_and_start();
  std::vector<Committed> sent;
  for (int i = 0; i < 15; ++i) sent.push_back(rig.append(std::string(3000, 'x')));
  rig.journal.reset();
  const std::uint32_t victim = sent[5].segment;
  ASSERT_NE(victim, sent.front().segment);
  ASSERT_NE(victim, sent.back().segment);
  auto image = rig.disk.image();
  image.erase(rig.path(victim));
  rig.disk.load(image);

  const Status s = rig.open();
  EXPECT_EQ(s.code(), Code::corrupt);
  rig.options.on_damage = OnDamage::quarantine;
  ASSERT_TRUE(rig.open().ok());
  std::size_t lost = 0;
  for (const Committed& c : sent) lost += c.segment == victim ? 1 : 0;
  EXPECT_EQ(rig.replayed.size(), sent.size() - lost);
  ASSERT_EQ(rig.report.damage.size(), 1u);
  EXPECT_EQ(rig.report.damage[0].last_batch - rig.report.damage[0].first_batch + 1, lost);
}

TEST(Recovery, segments_that_go_on_behind_the_checkpoint_are_refused_and_whose_position_it_was_is_named) {
  JournalRig rig;
  rig.open_and_start();
  const Position old{1, kSegmentHeaderBytes, 1};
  std::vector<Committed> sent;
  for (int i = 0; i < 15; ++i) sent.push_back(rig.append(std::string(3000, 'x')));
  rig.journal.reset();
  auto image = rig.disk.image();
  for (std::uint32_t given_back = 1; given_back < sent[6].segment; ++given_back) image.erase(rig.path(given_back));
  rig.disk.load(image);
  rig.options.checkpoints = "store /s";
  for (const auto mode : {OnDamage::refuse, OnDamage::quarantine}) {
    rig.options.on_damage = mode;
    for (const Position& from : {Position{}, old}) {
      const Status s = rig.open(from);
      ASSERT_EQ(s.code(), Code::corrupt);
      EXPECT_EQ(s.error().message.find("store /s is damaged"), 0u) << s.error().message;
      EXPECT_EQ(s.error().message.find("quarantine"), std::string::npos) << s.error().message;
      EXPECT_EQ(rig.disk.image(), image);
    }
  }
}

TEST(Recovery, a_gap_between_segments_is_the_stores_when_it_lost_its_checkpoint) {
  JournalRig rig;
  rig.open_and_start();
  std::vector<Committed> sent;
  for (int i = 0; i < 15; ++i) sent.push_back(rig.append(std::string(3000, 'x')));
  rig.journal.reset();
  auto image = rig.disk.image();
  image.erase(rig.path(sent[5].segment));
  rig.disk.load(image);
  rig.options.on_damage = OnDamage::quarantine;
  rig.options.checkpoint_lost = true;
  EXPECT_EQ(rig.open().code(), Code::corrupt);
  rig.options.checkpoint_lost = false;
  EXPECT_TRUE(rig.open().ok());
}

TEST(Recovery, a_folder_without_the_checkpoints_segment_is_refused) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("x");
  const Position position = rig.journal->committed();
  rig.journal.reset();
  rig.disk.load({});
  const Status s = rig.open(position);
  EXPECT_EQ(s.code(), Code::corrupt);
  EXPECT_NE(s.error().message.find("missing"), std::string::npos);
}

TEST(Recovery, an_error_of_the_visitor_ends_opening_with_it) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("x");
  rig.journal.reset();
  RecoveryReport report;
  auto opened = Journal::open(
      rig.disk, rig.options, rig.clock, {},
      [](const Replayed&) -> Status {
        return Error{Code::internal, "mine"};
      },
      report);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, "mine");
}

TEST(Recovery, leftovers_of_interrupted_preparation_are_cleared) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("x");
  rig.journal.reset();
  auto image = rig.disk.image();
  image["/j/fresh.tmp"] = std::string(5000, '\0');
  image["/j/cold.tmp"] = "half";
  image["/j/spare-0000000900"] = std::string(32u << 10, 's');
  image["/j/notes.txt"] = "not ours";
  rig.disk.load(image);
  rig.open_and_start();
  EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"x"}));
  EXPECT_EQ(rig.disk.contents("/j/fresh.tmp"), "");
  EXPECT_EQ(rig.disk.contents("/j/cold.tmp"), "");
  EXPECT_EQ(rig.disk.contents("/j/notes.txt"), "not ours");
}

TEST(Recovery, opening_again_after_opening_without_use_changes_nothing) {
  JournalRig rig;
  rig.open_and_start();
  (void)rig.append("x");
  crash(rig);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(rig.open().ok());
    EXPECT_EQ(rig.bodies(), (std::vector<std::string>{"x"}));
    EXPECT_EQ(rig.report.dropped_tail_bytes, 0u);
  }
}

}  // namespace
}  // namespace switchyard::journal
