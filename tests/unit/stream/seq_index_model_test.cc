// Random operations on SeqIndex (and the KeyIndex it feeds) against plain maps.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kernel/stream/key_index.h"
#include "kernel/stream/seq_index.h"
#include "tests/unit/stream/index_test_util.h"

namespace switchyard::stream {
namespace {

struct Plain {
  journal::Place place;
  std::int64_t time_ms = 0;
  std::string key;
};

class Model {
 public:
  Model(std::uint64_t seed, bool keyed) : random_(seed), keyed_(keyed) { restart_empty(); }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      if (testing::Test::HasFailure()) {
        ADD_FAILURE() << "after step " << i;
        return;
      }
      if (i % 500 == 0) check_all();
    }
    check_all();
  }

 private:
  void restart_empty() {
    index_.reset();
    keys_ = keyed_ ? std::make_unique<KeyIndex>() : nullptr;
    index_ = std::make_unique<SeqIndex>(keys_.get());
  }
  void need(ChunkNo no) { ASSERT_TRUE(index_->install(no, images_.at(no))); }
  void make_resident(Seq seq) {
    if (!index_->resident(seq)) need(chunk_of(seq));
    ASSERT_TRUE(index_->resident(seq));
  }
  Plain random_entry() {
    Plain plain;
    plain.place = {static_cast<std::uint32_t>(1 + random_.below(3)), static_cast<std::uint32_t>(random_.next()),
                   static_cast<std::uint32_t>(1 + random_.below(2000))};
    plain.time_ms = static_cast<std::int64_t>(1'700'000'000'000 + random_.below(1'000'000)) - 500'000;
    if (keyed_ && !random_.one_in(10)) plain.key = "k." + std::to_string(random_.below(40));
    return plain;
  }
  void append(Seq seq, const Plain& plain) {
    SeqIndex::Entry entry{plain.place, plain.time_ms, keyed_ ? keys_->intern(plain.key) : 0};
    index_->append(seq, entry);
    last_ = std::max(last_, seq);
    plain_[seq] = plain;
  }
  // A sequence around which something happens: mostly live ones.
  Seq any_seq() {
    const Seq seq = 1 + random_.below(last_ + 600);
    const auto it = plain_.lower_bound(seq);
    return it != plain_.end() && !random_.one_in(5) ? it->first : seq;
  }
  void remove() {
    const Seq seq = any_seq();
    make_resident(seq);
    const auto removed = index_->remove(seq);
    const auto it = plain_.find(seq);
    ASSERT_EQ(removed.has_value(), it != plain_.end());
    if (it == plain_.end()) return;
    EXPECT_EQ(removed->place, it->second.place);
    EXPECT_EQ(removed->time_ms, it->second.time_ms);
    plain_.erase(it);
  }
  void relocate() {
    const Seq seq = any_seq();
    make_resident(seq);
    const auto it = plain_.find(seq);
    const auto to = random_entry().place;
    const bool right = !random_.one_in(4);
    const journal::Place from = it != plain_.end() && right ? it->second.place : journal::Place{77, 1, 1};
    ASSERT_EQ(index_->relocate(seq, from, to), it != plain_.end() && right);
    if (it != plain_.end() && right) it->second.place = to;
  }
  // Replay: old sequences come again, live or dead, at the same or another place.
  void append_again() {
    if (last_ == 0) return;
    const Seq seq = 1 + random_.below(last_);
    make_resident(seq);
    const auto it = plain_.find(seq);
    append(seq, it != plain_.end() && random_.one_in(2) ? it->second : random_entry());
  }
  void drop_below() {
    const Seq upto = random_.one_in(8) ? last_ : random_.below(last_ / 8 + 1);
    std::map<std::uint32_t, std::uint64_t> by_segment, expected_by_segment;
    SeqIndex::Dropped total, expected;
    for (;;) {
      if (!index_->resident(upto)) need(chunk_of(upto));
      const Lookup stop = index_->drop_below(
          upto, [&](std::uint32_t segment, std::uint64_t bytes) { by_segment[segment] += bytes; }, total);
      if (stop.kind == Lookup::none) break;
      ASSERT_EQ(stop.kind, Lookup::need_chunk);
      need(stop.chunk);
    }
    while (!plain_.empty() && plain_.begin()->first <= upto) {
      const auto& place = plain_.begin()->second.place;
      expected_by_segment[place.segment] += place.length;
      expected.bytes += place.length;
      ++expected.messages;
      plain_.erase(plain_.begin());
    }
    EXPECT_EQ(by_segment, expected_by_segment);
    EXPECT_EQ(total.messages, expected.messages);
    EXPECT_EQ(total.bytes, expected.bytes);
  }
  void next_live() {
    const Seq from = random_.below(last_ + 10);
    Lookup found;
    while ((found = index_->next_live(from)).kind == Lookup::need_chunk) need(found.chunk);
    const auto it = plain_.lower_bound(from);
    ASSERT_EQ(found.kind, it == plain_.end() ? Lookup::none : Lookup::found);
    if (it != plain_.end()) {
      EXPECT_EQ(found.seq, it->first);
      EXPECT_TRUE(index_->resident(found.seq));
    }
  }
  void collect() {
    std::vector<ChunkImage> images;
    index_->collect_dirty(1 + random_.below(8), images);
    if (random_.one_in(10)) return index_->collect_failed();
    images_.write(images, [&](ChunkNo no, std::uint64_t version) { index_->mark_written(no, version); });
  }
  // Written, but changed again before the answer came.
  void collect_and_change() {
    std::vector<ChunkImage> images;
    index_->collect_dirty(100, images);
    remove();
    append_new();
    images_.write(images, [&](ChunkNo no, std::uint64_t version) { index_->mark_written(no, version); });
  }
  void restart() {
    for (std::vector<ChunkImage> images(7); images.size() == 7;) {
      index_->collect_dirty(7, images = {});
      images_.write(images, [&](ChunkNo no, std::uint64_t version) { index_->mark_written(no, version); });
    }
    ASSERT_FALSE(index_->dirty());
    restart_empty();
    std::map<std::uint32_t, std::uint64_t> segments, expected;
    const bool keep = random_.one_in(2);
    for (const auto& [no, image] : images_.all()) {
      ASSERT_TRUE(index_->load(no, image, keep,
                               [&](std::uint32_t segment, std::uint64_t bytes) { segments[segment] += bytes; }));
    }
    if (!keep) {
      EXPECT_LE(index_->resident_chunks(), 1u);
    }
    index_->set_last(last_);
    for (const auto& [seq, plain] : plain_) expected[plain.place.segment] += plain.place.length;
    EXPECT_EQ(segments, expected);
    EXPECT_EQ(segments_now(), expected);
    EXPECT_FALSE(index_->dirty());
  }
  std::map<std::uint32_t, std::uint64_t> segments_now() const {
    std::map<std::uint32_t, std::uint64_t> segments;
    index_->each_segment([&](std::uint32_t segment, std::uint64_t bytes) { segments[segment] += bytes; });
    return segments;
  }
  void append_new() { append(last_ + 1 + (random_.one_in(20) ? random_.below(700) : 0), random_entry()); }

  void step() {
    const std::uint64_t what = random_.below(1000);
    if (what < 450) return append_new();
    if (what < 750) return remove();
    if (what < 800) return append_again();
    if (what < 850) return relocate();
    if (what < 930) return next_live();
    if (what < 960) return collect();
    if (what < 970) return collect_and_change();
    if (what < 994) return index_->evict(random_.below(4));
    if (what < 995) return drop_below();
    return restart();
  }

  void check_all() {
    std::uint64_t bytes = 0;
    std::map<std::string, std::map<Seq, std::uint64_t>> by_key;
    for (const auto& [seq, plain] : plain_) {
      bytes += plain.place.length;
      if (!plain.key.empty()) by_key[plain.key][seq] = plain.place.length;
      make_resident(seq);
      const auto entry = index_->find(seq);
      ASSERT_TRUE(entry.has_value()) << seq;
      EXPECT_EQ(entry->place, plain.place);
      EXPECT_EQ(entry->time_ms, plain.time_ms);
      if (keyed_) {
        EXPECT_EQ(keys_->name(entry->key), plain.key);
      }
    }
    EXPECT_EQ(index_->live(), plain_.size());
    EXPECT_EQ(index_->live_bytes(), bytes);
    EXPECT_EQ(index_->last(), last_);
    if (!keyed_) return;
    EXPECT_EQ(keys_->keys(), by_key.size());
    for (const auto& [key, seqs] : by_key) {
      const auto info = keys_->info(keys_->find(key));
      EXPECT_EQ(info.count, seqs.size()) << key;
      EXPECT_EQ(info.first, seqs.begin()->first);
      EXPECT_EQ(info.last, seqs.rbegin()->first);
      std::uint64_t key_bytes = 0;
      for (const auto& [seq, length] : seqs) key_bytes += length;
      EXPECT_EQ(info.bytes, key_bytes);
    }
  }

  Random random_;
  const bool keyed_;
  std::unique_ptr<KeyIndex> keys_;
  std::unique_ptr<SeqIndex> index_;
  FakeImages images_;
  std::map<Seq, Plain> plain_;
  Seq last_ = 0;
};

TEST(SeqIndexModel, agrees_with_a_plain_map_over_random_operations) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Model(seed, false).run(12'000);
  }
}

TEST(SeqIndexModel, with_keys_agrees_with_plain_maps_over_random_operations) {
  for (std::uint64_t seed = 11; seed <= 16; ++seed) {
    SCOPED_TRACE(seed);
    Model(seed, true).run(12'000);
  }
}

}  // namespace
}  // namespace switchyard::stream
