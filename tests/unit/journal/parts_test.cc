// The small parts: format codec, batch builder, live counters, the real file system.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "kernel/journal/batch.h"
#include "kernel/journal/format.h"
#include "kernel/journal/live_counters.h"
#include "tests/unit/journal/journal_rig.h"

namespace switchyard::journal {
namespace {

TEST(Format, a_segment_header_reads_back) {
  const SegmentHeader header{42, 0x1122334455667788, 1u << 20, SegmentKind::cold};
  const std::string block = encode_segment_header(header);
  ASSERT_EQ(block.size(), kSegmentHeaderBytes);
  SegmentHeader back;
  std::uint32_t version = 0;
  EXPECT_EQ(decode_segment_header(block, back, version), HeaderState::good);
  EXPECT_EQ(back.number, 42u);
  EXPECT_EQ(back.salt, header.salt);
  EXPECT_EQ(back.bytes, header.bytes);
  EXPECT_EQ(back.kind, SegmentKind::cold);
}

TEST(Format, every_flipped_bit_of_a_header_is_noticed) {
  constexpr std::uint64_t kSalt = 0xfeedfacecafebeef;
  char group[kGroupHeaderBytes];
  encode_group_header({77, 5000, 3, 0}, kSalt, 8192, group);
  ASSERT_TRUE(decode_group_header({group, sizeof group}, kSalt, 8192));
  for (std::size_t bit = 0; bit < sizeof group * 8; ++bit) {
    group[bit / 8] = static_cast<char>(group[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_group_header({group, sizeof group}, kSalt, 8192)) << "bit " << bit;
    group[bit / 8] = static_cast<char>(group[bit / 8] ^ (1 << bit % 8));
  }
  char batch[kBatchHeaderBytes];
  encode_batch_header({77, 100, 0xabcdef01, 3, 9}, kSalt, batch);
  ASSERT_TRUE(decode_batch_header({batch, sizeof batch}, kSalt));
  for (std::size_t bit = 0; bit < sizeof batch * 8; ++bit) {
    batch[bit / 8] = static_cast<char>(batch[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_batch_header({batch, sizeof batch}, kSalt)) << "bit " << bit;
    batch[bit / 8] = static_cast<char>(batch[bit / 8] ^ (1 << bit % 8));
  }
}

TEST(Format, a_header_is_bound_to_its_salt_and_its_offset) {
  char group[kGroupHeaderBytes];
  encode_group_header({1, 200, 1, 0}, 5, 4096, group);
  EXPECT_TRUE(decode_group_header({group, sizeof group}, 5, 4096));
  EXPECT_FALSE(decode_group_header({group, sizeof group}, 6, 4096));
  EXPECT_FALSE(decode_group_header({group, sizeof group}, 5, 8192));
}

TEST(Format, names_are_parsed_strictly) {
  EXPECT_EQ(segment_name(7), "0000000007.seg");
  EXPECT_EQ(parse_segment_name("0000000007.seg"), 7u);
  EXPECT_EQ(parse_segment_name(segment_name(UINT32_MAX)), UINT32_MAX);
  EXPECT_EQ(parse_spare_name(spare_name(9)), 9u);
  for (const char* bad :
       {"7.seg", "0000000007.sea", "9999999999.seg", "00000000-7.seg", "", ".seg", "0000000000.seg"}) {
    EXPECT_EQ(parse_segment_name(bad), 0u) << bad;
  }
  EXPECT_EQ(parse_spare_name("spare-"), 0u);
}

TEST(BatchBuilder, records_open_again_and_damage_is_seen) {
  BatchBuilder builder;
  builder.begin();
  builder.writer().string("hello");
  const auto first = builder.end();
  builder.begin();
  const auto second = builder.end();
  EXPECT_EQ(first.offset, 0u);
  EXPECT_EQ(second.offset, first.length);
  EXPECT_EQ(second.length, kRecordHeaderBytes);
  EXPECT_EQ(builder.records(), 2u);
  auto payload = builder.take();
  EXPECT_TRUE(builder.empty());
  std::string_view body;
  EXPECT_TRUE(open_record(std::string_view(*payload).substr(0, first.length), body));
  EXPECT_EQ(body, "\x05hello");
  EXPECT_TRUE(open_record(std::string_view(*payload).substr(second.offset), body));
  EXPECT_TRUE(body.empty());
  for (std::size_t i = 0; i < first.length; ++i) {
    (*payload)[i] = static_cast<char>((*payload)[i] ^ 1);
    EXPECT_FALSE(open_record(std::string_view(*payload).substr(0, first.length), body)) << i;
    (*payload)[i] = static_cast<char>((*payload)[i] ^ 1);
  }
  EXPECT_FALSE(open_record("short", body));
}

TEST(LiveCounters, counts_come_and_go_with_their_segments) {
  LiveCounters counters;
  counters.add(5, 100);
  EXPECT_EQ(counters.get(5), 0) << "unknown segments are ignored";
  for (std::uint32_t round = 0; round < 50; ++round) {
    for (std::uint32_t i = 1; i <= 300; ++i) counters.insert(round * 300 + i);
    for (std::uint32_t i = 1; i <= 300; ++i) counters.add(round * 300 + i, i);
    for (std::uint32_t i = 1; i <= 300; ++i) ASSERT_EQ(counters.get(round * 300 + i), i);
    for (std::uint32_t i = 1; i <= 300; ++i) counters.erase(round * 300 + i);
    ASSERT_EQ(counters.get(round * 300 + 1), 0);
  }
}

TEST(LiveCounters, adding_from_many_threads_while_segments_appear_loses_nothing) {
  LiveCounters counters;
  counters.insert(1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) counters.add(1, 3);
    });
  }
  for (std::uint32_t i = 2; i < 2000; ++i) counters.insert(i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters.get(1), 4 * 20'000 * 3);
}

class PosixFiles : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/switchyard-journal-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    if (auto names = files_->list(directory_)) {
      for (const std::string& name : *names) (void)files_->remove(directory_ + "/" + name);
    }
    ::rmdir(directory_.c_str());
  }
  std::string directory_;
  std::unique_ptr<FileSystem> files_ = make_posix_file_system();
};

TEST_F(PosixFiles, scattered_writes_read_back_and_short_files_end) {
  auto file = files_->open(directory_ + "/a", true);
  ASSERT_TRUE(file);
  std::vector<std::string> parts;
  std::vector<iovec> iov;
  std::string all;
  for (int i = 0; i < 3000; ++i) parts.push_back(std::to_string(i));  // More than one system call takes.
  for (std::string& p : parts) {
    iov.push_back({p.data(), p.size()});
    all += p;
  }
  ASSERT_TRUE((*file)->write(10, iov).ok());
  ASSERT_TRUE((*file)->sync().ok());
  EXPECT_EQ(*(*file)->size(), all.size() + 10);
  std::string back(all.size() + 100, '?');
  auto got = (*file)->read(10, back);
  ASSERT_TRUE(got);
  EXPECT_EQ(back.substr(0, *got), all);
  auto now = (*file)->read_nowait(10, back);
  EXPECT_TRUE(now || now.code() == Code::busy);
}

// Zeros go past the page cache where the file system allows it; readers must not see what the cache held before.
TEST_F(PosixFiles, zeros_replace_what_was_written_and_lengthen_the_file) {
  auto file = files_->open(directory_ + "/zeros", true);
  ASSERT_TRUE(file.ok());
  constexpr std::uint32_t kBytes = (2u << 20) + 4096;
  std::string old(8192, 'x');
  const iovec part{old.data(), old.size()};
  ASSERT_TRUE((*file)->write(0, {&part, 1}).ok());
  ASSERT_TRUE((*file)->write_zeros(4096, kBytes).ok());
  EXPECT_EQ(*(*file)->size(), 4096u + kBytes);
  std::string back(4096 + kBytes, '?');
  EXPECT_EQ(*(*file)->read(0, back), back.size());
  EXPECT_EQ(back.substr(0, 4096), old.substr(0, 4096));
  EXPECT_EQ(back.find_first_not_of('\0', 4096), std::string::npos);
  const iovec again{old.data(), 4096};
  ASSERT_TRUE((*file)->write(4096, {&again, 1}).ok());
  EXPECT_EQ(*(*file)->read(4096, std::span(back).first(4096)), 4096u);
  EXPECT_EQ(back.substr(0, 4096), old.substr(0, 4096));
}

TEST_F(PosixFiles, errors_name_the_path) {
  auto missing = files_->open(directory_ + "/nope", false);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.code(), Code::not_found);
  EXPECT_NE(missing.error().message.find(directory_ + "/nope"), std::string::npos);
  EXPECT_FALSE(files_->rename(directory_ + "/x", directory_ + "/y").ok());
  EXPECT_FALSE(files_->remove(directory_ + "/x").ok());
  EXPECT_TRUE(files_->make_directory(directory_).ok()) << "an existing directory is fine";
  EXPECT_TRUE(files_->sync_directory(directory_).ok());
}

TEST_F(PosixFiles, a_journal_on_the_real_disk_comes_back) {
  ManualClock clock;
  Options options;
  options.directory = directory_;
  options.first_segment_bytes = 64u << 10;
  options.max_segment_bytes = 256u << 10;
  options.reserve_bytes = 64u << 10;
  std::vector<std::string> seen;
  std::vector<std::string> sent;
  test::BlockingLane lane(clock);
  for (int round = 0; round < 3; ++round) {
    seen.clear();
    RecoveryReport report;
    auto journal = Journal::open(
        *files_, options, clock, {},
        [&](const Replayed& r) {
          JournalRig::Batch batch;
          JournalRig::take_apart(r.segment, r.payload_offset, r.payload, batch);
          seen.insert(seen.end(), batch.bodies.begin(), batch.bodies.end());
          return Status();
        },
        report);
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_EQ(seen, sent);
    std::size_t answered = 0;
    (*journal)->start({&lane}, {[&](std::span<Committed> results) {
                        for (const Committed& c : results) EXPECT_TRUE(c.status.ok());
                        answered += results.size();
                      }});
    for (int i = 0; i < 200; ++i) {
      sent.push_back(std::to_string(sent.size()) + std::string(static_cast<std::size_t>(i) * 41 % 9000, 'd'));
      (*journal)->submit(0, JournalRig::submission({sent.back()}));
    }
    ASSERT_TRUE(lane.run_until([&] { return answered == 200; }));
  }
}

}  // namespace
}  // namespace switchyard::journal
