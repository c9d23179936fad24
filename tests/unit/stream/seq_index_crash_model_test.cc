// A crash at any moment: images are some mixture of states after the last checkpoint, the journal since
// then is replayed over them, and the index must end where it was.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernel/stream/key_index.h"
#include "kernel/stream/seq_index.h"
#include "tests/unit/stream/index_test_util.h"

namespace switchyard::stream {
namespace {

struct Record {  // Of the journal.
  enum Kind { append, remove, drop } kind;
  Seq seq;
  journal::Place place;
  std::string key;
};

class CrashModel {
 public:
  CrashModel(std::uint64_t seed, bool keyed) : random_(seed), keyed_(keyed) { forget(); }

  void run(int crashes) {
    for (int i = 0; i < crashes && !testing::Test::HasFailure(); ++i) {
      const std::uint64_t steps = random_.below(1500);
      for (std::uint64_t step = 0; step < steps; ++step) work();
      crash();
    }
  }

 private:
  void forget() {
    index_.reset();
    keys_ = keyed_ ? std::make_unique<KeyIndex>() : nullptr;
    index_ = std::make_unique<SeqIndex>(keys_.get());
  }
  void make_resident(Seq seq) {
    if (index_->resident(seq)) return;
    ASSERT_TRUE(index_->install(chunk_of(seq), images_.at(chunk_of(seq))));
  }
  void apply(const Record& record) {
    if (record.kind != Record::drop) make_resident(record.seq);
    if (record.kind == Record::append) {
      index_->append(record.seq, {record.place, 7, keyed_ ? keys_->intern(record.key) : 0});
    } else if (record.kind == Record::remove) {
      index_->remove(record.seq);
    } else {
      SeqIndex::Dropped total;
      for (Lookup stop{Lookup::need_chunk, 0, chunk_of(record.seq)}; stop.kind == Lookup::need_chunk;) {
        make_resident(stop.chunk * kChunkSeqs);
        make_resident(record.seq);
        stop = index_->drop_below(
            record.seq, [](std::uint32_t, std::uint64_t) {}, total);
      }
    }
  }
  void work() {
    const std::uint64_t what = random_.below(100);
    if (what < 4) return write_images();
    if (what < 6) return index_->evict(random_.below(3));
    if (what == 6) return checkpoint();
    Record record{};
    if (what < 55 || live_.empty()) {
      record = {Record::append,
                ++last_,
                {static_cast<std::uint32_t>(1 + random_.below(3)), static_cast<std::uint32_t>(last_),
                 static_cast<std::uint32_t>(1 + random_.below(500))},
                "k" + std::to_string(random_.below(20))};
      live_[record.seq] = record;
    } else if (what < 99) {
      auto it = live_.lower_bound(1 + random_.below(last_));
      if (it == live_.end() || random_.one_in(2)) it = live_.begin();
      record = {Record::remove, it->first, {}, {}};
      live_.erase(it);
    } else {
      record = {Record::drop, last_ > 600 ? last_ - random_.below(600) : 1, {}, {}};
      live_.erase(live_.begin(), live_.upper_bound(record.seq));
    }
    apply(record);
    journal_.push_back(std::move(record));
  }
  // Images that are newer than the checkpoint; the last ones may never hear that they were written.
  void write_images() {
    std::vector<ChunkImage> images;
    index_->collect_dirty(1 + random_.below(3), images);
    if (random_.one_in(4)) {
      images_.write(images, [](ChunkNo, std::uint64_t) {});
      index_->collect_failed();
    } else {
      images_.write(images, [this](ChunkNo no, std::uint64_t version) { index_->mark_written(no, version); });
    }
  }
  void checkpoint() {
    std::vector<ChunkImage> images;
    index_->collect_failed();
    index_->collect_dirty(~std::size_t{0}, images);
    images_.write(images, [this](ChunkNo no, std::uint64_t version) { index_->mark_written(no, version); });
    ASSERT_FALSE(index_->dirty());
    journal_.clear();
  }
  void crash() {
    forget();
    for (const auto& [no, image] : images_.all()) {
      ASSERT_TRUE(index_->load(no, image, random_.one_in(3), [](std::uint32_t, std::uint64_t) {}));
    }
    for (const Record& record : journal_) apply(record);
    index_->set_last(last_);
    check();
  }
  void check() {
    std::uint64_t bytes = 0;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> by_key;
    std::map<std::uint32_t, std::uint64_t> by_segment, expected_by_segment;
    for (const auto& [seq, record] : live_) {
      make_resident(seq);
      const auto entry = index_->find(seq);
      ASSERT_TRUE(entry) << seq;
      ASSERT_EQ(entry->place, record.place);
      bytes += record.place.length;
      expected_by_segment[record.place.segment] += record.place.length;
      ++by_key[record.key].first;
      by_key[record.key].second += record.place.length;
    }
    ASSERT_EQ(index_->live(), live_.size());
    ASSERT_EQ(index_->live_bytes(), bytes);
    index_->each_segment([&](std::uint32_t segment, std::uint64_t n) { by_segment[segment] += n; });
    ASSERT_EQ(by_segment, expected_by_segment);
    if (!keyed_) return;
    ASSERT_EQ(keys_->keys(), by_key.size());
    for (const auto& [key, sums] : by_key) {
      ASSERT_EQ(keys_->info(keys_->find(key)).count, sums.first) << key;
      ASSERT_EQ(keys_->info(keys_->find(key)).bytes, sums.second) << key;
    }
  }

  Random random_;
  const bool keyed_;
  std::unique_ptr<KeyIndex> keys_;
  std::unique_ptr<SeqIndex> index_;
  FakeImages images_;
  std::vector<Record> journal_;  // Since the last checkpoint.
  std::map<Seq, Record> live_;
  Seq last_ = 0;
};

TEST(SeqIndexCrashModel, replay_over_newer_images_ends_in_the_same_state) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    CrashModel(seed, false).run(30);
  }
}

TEST(SeqIndexCrashModel, with_keys_replay_over_newer_images_ends_in_the_same_state) {
  for (std::uint64_t seed = 21; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    CrashModel(seed, true).run(30);
  }
}

}  // namespace
}  // namespace switchyard::stream
