#include "kernel/stream/seq_index.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernel/stream/key_index.h"
#include "tests/unit/stream/index_test_util.h"

namespace switchyard::stream {
namespace {

SeqIndex::Entry entry(std::uint32_t segment, std::uint32_t offset, std::uint32_t length, std::int64_t time_ms = 1000,
                      KeyId key = 0) {
  return {{segment, offset, length}, time_ms, key};
}

void ignore(std::uint32_t, std::uint64_t) {}

class SeqIndexTest : public testing::Test {
 protected:
  void fill(Seq from, Seq to) {
    for (Seq seq = from; seq <= to; ++seq) index_.append(seq, entry(1, static_cast<std::uint32_t>(seq * 100), 100));
  }
  void checkpoint() {
    std::vector<ChunkImage> images;
    index_.collect_dirty(~std::size_t{0}, images);
    images_.write(images, [this](ChunkNo no, std::uint64_t version) { index_.mark_written(no, version); });
  }

  SeqIndex index_{nullptr};
  FakeImages images_;
};

TEST_F(SeqIndexTest, an_empty_index_has_nothing_and_everything_is_resident) {
  EXPECT_EQ(index_.next_live(0).kind, Lookup::none);
  EXPECT_TRUE(index_.resident(12345));
  EXPECT_FALSE(index_.find(12345));
  EXPECT_FALSE(index_.remove(12345));
  EXPECT_FALSE(index_.dirty());
  EXPECT_EQ(index_.last(), 0u);
}

TEST_F(SeqIndexTest, the_last_sequence_survives_the_last_message) {
  fill(1, 3);
  for (Seq seq = 1; seq <= 3; ++seq) index_.remove(seq);
  EXPECT_EQ(index_.last(), 3u);
  EXPECT_EQ(index_.live(), 0u);
  index_.set_last(10);
  index_.set_last(5);
  EXPECT_EQ(index_.last(), 10u);
}

TEST_F(SeqIndexTest, repeating_an_append_counts_once) {
  fill(1, 3);
  fill(2, 2);
  EXPECT_EQ(index_.live(), 3u);
  EXPECT_EQ(index_.live_bytes(), 300u);
}

TEST_F(SeqIndexTest, a_live_sequence_at_a_new_place_moves_with_its_bytes) {
  fill(1, 3);
  index_.append(2, entry(9, 0, 250));
  EXPECT_EQ(index_.live(), 3u);
  EXPECT_EQ(index_.live_bytes(), 450u);
  EXPECT_EQ(index_.find(2)->place.segment, 9u);
}

TEST_F(SeqIndexTest, replay_brings_a_removed_message_back_until_its_removal_is_replayed) {
  fill(1, 600);
  index_.remove(5);
  index_.append(5, entry(1, 500, 100));
  EXPECT_TRUE(index_.find(5));
  EXPECT_EQ(index_.live(), 600u);
  EXPECT_EQ(index_.last(), 600u);
}

TEST_F(SeqIndexTest, relocation_needs_the_place_it_came_from) {
  fill(1, 1);
  EXPECT_FALSE(index_.relocate(1, {1, 99, 100}, {2, 0, 100}));
  EXPECT_TRUE(index_.relocate(1, {1, 100, 100}, {2, 0, 100}));
  EXPECT_FALSE(index_.relocate(1, {1, 100, 100}, {3, 0, 100}));
  EXPECT_FALSE(index_.relocate(2, {1, 100, 100}, {3, 0, 100}));
  EXPECT_EQ(index_.find(1)->place.segment, 2u);
}

TEST_F(SeqIndexTest, only_written_chunks_leave_memory_and_never_the_last_one) {
  fill(1, 10 * kChunkSeqs);
  index_.evict(0);
  EXPECT_EQ(index_.resident_chunks(), 11u) << "all are dirty";
  checkpoint();
  index_.evict(3);
  EXPECT_EQ(index_.resident_chunks(), 3u);
  index_.evict(0);
  EXPECT_EQ(index_.resident_chunks(), 1u);
  EXPECT_TRUE(index_.resident(10 * kChunkSeqs));
  EXPECT_FALSE(index_.resident(1));
  EXPECT_EQ(index_.live(), 10 * kChunkSeqs);
}

TEST_F(SeqIndexTest, the_least_recently_used_chunks_leave_first) {
  fill(1, 5 * kChunkSeqs);
  checkpoint();
  for (const ChunkNo no : {4, 3, 1, 0, 2}) EXPECT_TRUE(index_.find(no * kChunkSeqs + 1));
  index_.evict(3);
  EXPECT_TRUE(index_.resident(2 * kChunkSeqs + 1));
  EXPECT_TRUE(index_.resident(1));
  EXPECT_FALSE(index_.resident(kChunkSeqs + 1));
  EXPECT_FALSE(index_.resident(3 * kChunkSeqs + 1));
}

TEST_F(SeqIndexTest, a_spilled_chunk_is_asked_for_and_answers_after_install) {
  fill(1, 3 * kChunkSeqs);
  checkpoint();
  index_.evict(1);
  const Lookup lookup = index_.next_live(1);
  ASSERT_EQ(lookup.kind, Lookup::need_chunk);
  ASSERT_EQ(lookup.chunk, 0u);
  ASSERT_TRUE(index_.install(0, images_.at(0)));
  EXPECT_EQ(index_.next_live(1).seq, 1u);
  EXPECT_EQ(index_.find(7)->place.offset, 700u);
}

TEST_F(SeqIndexTest, an_image_that_comes_too_late_changes_nothing) {
  fill(1, 2 * kChunkSeqs);
  checkpoint();
  index_.remove(1);
  ASSERT_TRUE(index_.install(0, images_.at(0)));
  EXPECT_FALSE(index_.find(1));
  ASSERT_TRUE(index_.install(77, "nobody asked"));
}

TEST_F(SeqIndexTest, a_chunk_that_was_never_written_leaves_no_trace) {
  fill(1, kChunkSeqs - 1);
  for (Seq seq = 1; seq < kChunkSeqs; ++seq) index_.remove(seq);
  EXPECT_FALSE(index_.dirty());
}

TEST_F(SeqIndexTest, a_written_chunk_that_died_is_erased_once) {
  fill(1, 10);
  checkpoint();
  ASSERT_EQ(images_.all().size(), 1u);
  for (Seq seq = 1; seq <= 10; ++seq) index_.remove(seq);
  EXPECT_TRUE(index_.dirty());
  std::vector<ChunkImage> images;
  index_.collect_dirty(100, images);
  ASSERT_EQ(images.size(), 1u);
  EXPECT_TRUE(images[0].erase);
  index_.mark_written(images[0].no, images[0].version);
  EXPECT_FALSE(index_.dirty());
}

TEST_F(SeqIndexTest, a_chunk_that_dies_while_its_image_is_written_is_still_erased) {
  fill(1, 10);
  std::vector<ChunkImage> images;
  index_.collect_dirty(100, images);
  for (Seq seq = 1; seq <= 10; ++seq) index_.remove(seq);
  images_.write(images, [this](ChunkNo no, std::uint64_t version) { index_.mark_written(no, version); });
  EXPECT_TRUE(index_.dirty());
  checkpoint();
  EXPECT_TRUE(images_.all().empty());
  EXPECT_FALSE(index_.dirty());
}

TEST_F(SeqIndexTest, a_chunk_that_lives_again_is_not_erased_by_the_older_answer) {
  fill(1, 10);
  checkpoint();
  for (Seq seq = 1; seq <= 10; ++seq) index_.remove(seq);
  std::vector<ChunkImage> erasure;
  index_.collect_dirty(100, erasure);
  index_.append(11, entry(1, 0, 100));
  images_.write(erasure, [this](ChunkNo no, std::uint64_t version) { index_.mark_written(no, version); });
  EXPECT_TRUE(index_.dirty());
  checkpoint();
  EXPECT_EQ(images_.all().size(), 1u);
}

TEST_F(SeqIndexTest, each_change_comes_out_once_and_again_only_after_a_failure) {
  fill(1, 3 * kChunkSeqs - 1);
  std::vector<ChunkImage> images;
  index_.collect_dirty(2, images);
  index_.collect_dirty(2, images);
  ASSERT_EQ(images.size(), 3u);
  index_.collect_dirty(2, images);
  EXPECT_EQ(images.size(), 3u);
  EXPECT_TRUE(index_.dirty()) << "nothing is known to be written";
  index_.evict(0);
  EXPECT_EQ(index_.resident_chunks(), 3u);
  index_.collect_failed();
  index_.collect_dirty(100, images);
  EXPECT_EQ(images.size(), 6u);
}

TEST_F(SeqIndexTest, dropping_takes_whole_chunks_by_their_summaries) {
  fill(1, 10 * kChunkSeqs);
  checkpoint();
  index_.evict(0);
  const Seq upto = 9 * kChunkSeqs + 5;
  ASSERT_TRUE(index_.install(chunk_of(upto), images_.at(chunk_of(upto))));
  SeqIndex::Dropped total;
  std::uint64_t bytes_of_segment = 0;
  const Lookup done = index_.drop_below(
      upto, [&](std::uint32_t, std::uint64_t n) { bytes_of_segment += n; }, total);
  EXPECT_EQ(done.kind, Lookup::none);
  EXPECT_EQ(total.messages, upto);
  EXPECT_EQ(bytes_of_segment, upto * 100);
  EXPECT_EQ(index_.live(), kChunkSeqs - 5);
  EXPECT_EQ(index_.next_live(0).seq, upto + 1);
  checkpoint();
  EXPECT_EQ(images_.all().size(), 2u);
}

TEST_F(SeqIndexTest, dropping_beyond_the_end_empties_the_index) {
  fill(1, 700);
  SeqIndex::Dropped total;
  EXPECT_EQ(index_.drop_below(1'000'000, ignore, total).kind, Lookup::none);
  EXPECT_EQ(total.messages, 700u);
  EXPECT_EQ(index_.live(), 0u);
  EXPECT_EQ(index_.last(), 700u);
}

TEST(SeqIndexKeys, dropping_with_keys_waits_for_each_chunk) {
  KeyIndex keys;
  SeqIndex index(&keys);
  FakeImages images;
  for (Seq seq = 1; seq <= 3 * kChunkSeqs; ++seq) index.append(seq, entry(1, 0, 10, 0, keys.intern("k")));
  std::vector<ChunkImage> out;
  index.collect_dirty(100, out);
  images.write(out, [&](ChunkNo no, std::uint64_t version) { index.mark_written(no, version); });
  index.evict(0);
  SeqIndex::Dropped total;
  std::vector<ChunkNo> asked;
  Lookup lookup;
  while ((lookup = index.drop_below(3 * kChunkSeqs, ignore, total)).kind == Lookup::need_chunk) {
    asked.push_back(lookup.chunk);
    ASSERT_TRUE(index.install(lookup.chunk, images.at(lookup.chunk)));
  }
  EXPECT_EQ(asked, (std::vector<ChunkNo>{0, 1, 2}));
  EXPECT_EQ(total.messages, 3 * kChunkSeqs);
  EXPECT_EQ(keys.keys(), 0u);
}

TEST(SeqIndexKeys, images_fill_the_key_index_at_start) {
  FakeImages images;
  {
    KeyIndex keys;
    SeqIndex index(&keys);
    for (Seq seq = 1; seq <= 2000; ++seq) {
      index.append(seq, entry(1, 0, 10, 0, keys.intern("k" + std::to_string(seq % 7))));
    }
    index.append(2001, entry(1, 0, 10));
    std::vector<ChunkImage> out;
    index.collect_dirty(100, out);
    images.write(out, [](ChunkNo, std::uint64_t) {});
  }
  KeyIndex keys;
  SeqIndex index(&keys);
  for (const auto& [no, image] : images.all()) ASSERT_TRUE(index.load(no, image, false, ignore));
  EXPECT_EQ(keys.keys(), 7u);
  EXPECT_EQ(keys.info(keys.find("k3")).count, 286u);
  EXPECT_EQ(keys.info(keys.find("k3")).first, 3u);
  EXPECT_EQ(index.last(), 2001u);
  EXPECT_EQ(index.find(2001)->key, 0u);
  EXPECT_FALSE(index.resident(1));
}

TEST(SeqIndexKeys, keys_of_a_stream_without_keys_are_damage) {
  KeyIndex keys;
  SeqIndex keyed(&keys);
  keyed.append(1, entry(1, 0, 10, 0, keys.intern("k")));
  std::vector<ChunkImage> out;
  keyed.collect_dirty(1, out);
  SeqIndex plain(nullptr);
  EXPECT_EQ(plain.load(0, out[0].bytes, true, ignore).code(), Code::corrupt);
  EXPECT_EQ(plain.live(), 0u);
}

TEST_F(SeqIndexTest, the_chunk_of_the_last_sequence_is_resident_after_start) {
  fill(1, 3 * kChunkSeqs + 7);
  checkpoint();
  SeqIndex restarted(nullptr);
  for (const auto& [no, image] : images_.all()) ASSERT_TRUE(restarted.load(no, image, false, ignore));
  EXPECT_EQ(restarted.resident_chunks(), 1u);
  restarted.append(3 * kChunkSeqs + 8, entry(2, 0, 1));
  EXPECT_EQ(restarted.live(), 3 * kChunkSeqs + 8);
  EXPECT_FALSE(restarted.resident(1));
}

TEST_F(SeqIndexTest, every_damaged_image_is_refused_and_changes_nothing) {
  fill(1, 40);
  checkpoint();
  const std::string image = images_.at(0);
  SeqIndex other(nullptr);
  for (std::size_t i = 0; i < image.size(); ++i) {
    std::string damaged = image;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    EXPECT_EQ(other.load(0, damaged, true, ignore).code(), Code::corrupt) << i;
    EXPECT_EQ(other.load(0, image.substr(0, i), true, ignore).code(), Code::corrupt) << i;
  }
  EXPECT_EQ(other.load(1, image, true, ignore).code(), Code::corrupt) << "the image of another chunk";
  EXPECT_EQ(other.live(), 0u);
  EXPECT_EQ(other.last(), 0u);
  ASSERT_TRUE(other.load(0, image, true, ignore));
  EXPECT_EQ(other.load(0, image, true, ignore).code(), Code::corrupt) << "twice";
  EXPECT_EQ(other.live(), 40u);
}

TEST_F(SeqIndexTest, an_image_that_contradicts_its_summary_is_refused) {
  fill(1, 2 * kChunkSeqs);
  checkpoint();
  index_.evict(0);
  SeqIndex other(nullptr);
  other.append(1, entry(1, 0, 100));
  std::vector<ChunkImage> out;
  other.collect_dirty(1, out);
  const Status status = index_.install(0, out[0].bytes);
  EXPECT_EQ(status.code(), Code::corrupt);
  EXPECT_NE(status.error().message.find("sequence chunk 0"), std::string::npos);
  EXPECT_FALSE(index_.resident(1));
}

TEST_F(SeqIndexTest, images_of_consecutive_small_records_take_few_bytes) {
  std::uint32_t offset = 4096;
  for (Seq seq = 1; seq <= 5120; ++seq) {
    const auto length = static_cast<std::uint32_t>(100 + seq * 7 % 30);
    index_.append(seq, entry(3, offset, length, 1'700'000'000'000 + static_cast<std::int64_t>(seq / 3)));
    offset += length + (seq % 4 == 0 ? 40 : 0);  // A batch's head.
  }
  checkpoint();
  EXPECT_LE(images_.size_bytes(), 5120u * 5);
}

TEST_F(SeqIndexTest, extreme_values_survive_an_image) {
  const std::int64_t low = std::numeric_limits<std::int64_t>::min(), high = std::numeric_limits<std::int64_t>::max();
  const std::uint32_t most = ~std::uint32_t{0};
  index_.append(1, entry(most, most, most, low));
  index_.append(2, entry(0, 0, 0, high));
  index_.append(511, entry(most, 0, most, 0));
  checkpoint();
  SeqIndex other(nullptr);
  ASSERT_TRUE(other.load(0, images_.at(0), true, ignore));
  for (const Seq seq : {1, 2, 511}) {
    EXPECT_EQ(other.find(seq)->place, index_.find(seq)->place);
    EXPECT_EQ(other.find(seq)->time_ms, index_.find(seq)->time_ms);
  }
}

TEST_F(SeqIndexTest, small_queues_take_little_memory) {
  EXPECT_LT(index_.memory_bytes(), 400u);
  fill(1, 3);
  EXPECT_LT(index_.memory_bytes(), 1000u);
  // A queue through which messages pass one by one stays small.
  for (Seq seq = 4; seq <= 5000; ++seq) {
    fill(seq, seq);
    index_.remove(seq - 3);
    ASSERT_LT(index_.memory_bytes(), 1500u) << seq;
  }
}

TEST_F(SeqIndexTest, a_queue_that_had_a_burst_becomes_small_again) {
  fill(1, 511);
  EXPECT_GT(index_.memory_bytes(), 10'000u);
  for (Seq seq = 1; seq <= 500; ++seq) index_.remove(seq);
  index_.remove(505);
  EXPECT_LT(index_.memory_bytes(), 3000u);
  for (const Seq seq : {501, 504, 506, 511}) EXPECT_EQ(index_.find(seq)->place.offset, seq * 100) << seq;
}

TEST_F(SeqIndexTest, a_million_spilled_messages_take_little_memory) {
  for (Seq seq = 1; seq <= 1'000'000; ++seq) {
    index_.append(seq, entry(static_cast<std::uint32_t>(1 + seq / 100'000), 0, 100));
    if (seq % 50'000 == 0) {
      checkpoint();
      index_.evict(4);
    }
  }
  EXPECT_LT(index_.memory_bytes(), 600'000u);
}

}  // namespace
}  // namespace switchyard::stream
