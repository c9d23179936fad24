#include "kernel/stream/dedup_window.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/stream/index_test_util.h"

namespace switchyard::stream {
namespace {

constexpr std::int64_t kWindow = 300'000;

Hash128 id(std::uint64_t n) { return {n * 0x9e3779b97f4a7c15u, n}; }

Seq seq_of(DedupWindow& window, const Hash128& wanted, std::int64_t now) {
  const auto seen = window.find(wanted, now);
  return seen ? seen->seq : 0;
}

TEST(DedupWindow, an_id_is_known_until_exactly_the_end_of_its_window) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember(id(1), 41, 1000));
  EXPECT_EQ(seq_of(window, id(1), 1000 + kWindow - 1), 41u);
  EXPECT_EQ(seq_of(window, id(1), 1000 + kWindow), 0u);
  EXPECT_EQ(window.find(id(1), 1000)->time_ms, 1000);
  EXPECT_EQ(seq_of(window, id(2), 1000), 0u);
}

TEST(DedupWindow, both_halves_of_an_id_count) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember({1, 1}, 5, 0));
  EXPECT_EQ(seq_of(window, {1, 2}, 0), 0u);
  EXPECT_EQ(seq_of(window, {2, 1}, 0), 0u);
}

TEST(DedupWindow, remembering_again_in_replay_changes_nothing) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember(id(1), 41, 1000));
  ASSERT_TRUE(window.remember(id(1), 41, 2000));
  EXPECT_EQ(window.size(), 1u);
  EXPECT_EQ(window.find(id(1), 2000)->time_ms, 1000) << "the window runs from the first accepted send";
}

TEST(DedupWindow, replay_of_an_older_use_keeps_the_newer_one) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember(id(1), 90, 1000 + kWindow));
  ASSERT_TRUE(window.remember(id(1), 10, 1000));
  EXPECT_EQ(seq_of(window, id(1), 1000 + kWindow), 90u);
  EXPECT_EQ(window.size(), 1u);
}

TEST(DedupWindow, an_expired_id_may_be_used_anew) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember(id(1), 41, 0));
  ASSERT_TRUE(window.remember(id(1), 77, kWindow));
  EXPECT_EQ(seq_of(window, id(1), kWindow), 77u);
  EXPECT_EQ(seq_of(window, id(1), 2 * kWindow - 1), 77u);
  EXPECT_EQ(window.size(), 1u);
}

TEST(DedupWindow, a_refused_write_leaves_no_id) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember(id(1), 41, 0));
  window.forget(id(1));
  window.forget(id(2));
  EXPECT_EQ(seq_of(window, id(1), 1), 0u);
  EXPECT_EQ(window.size(), 0u);
}

TEST(DedupWindow, a_full_window_pushes_back_and_forgets_nobody) {
  DedupWindow window(kWindow, 3);
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(window.remember(id(i), i, 0));
  const Status refused = window.remember(id(4), 4, kWindow - 1);
  ASSERT_EQ(refused.code(), Code::busy);
  EXPECT_NE(refused.error().message.find("3 ids"), std::string::npos) << refused.error().message;
  for (std::uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(seq_of(window, id(i), kWindow - 1), i);
  EXPECT_TRUE(window.remember(id(2), 2, kWindow - 1)) << "a known id needs no room";
  EXPECT_TRUE(window.remember(id(4), 4, kWindow));
}

TEST(DedupWindow, a_clock_that_steps_back_expires_nothing_early) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember(id(1), 1, 1'000'000));
  EXPECT_EQ(seq_of(window, id(1), 0), 1u);
  ASSERT_TRUE(window.remember(id(2), 2, 500'000));
  EXPECT_EQ(seq_of(window, id(2), 500'000 + kWindow - 1), 2u);
  EXPECT_EQ(seq_of(window, id(2), 500'000 + kWindow), 0u) << "over, though an older id is not";
  EXPECT_EQ(seq_of(window, id(1), 500'000 + kWindow), 1u);
}

TEST(DedupWindow, extreme_times_are_only_far_apart) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember(id(1), 1, std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(seq_of(window, id(1), std::numeric_limits<std::int64_t>::max()), 0u);
}

TEST(DedupWindow, a_shorter_window_counts_at_once) {
  DedupWindow window(kWindow, 10);
  ASSERT_TRUE(window.remember(id(1), 1, 0));
  window.set_window(100);
  EXPECT_EQ(seq_of(window, id(1), 99), 1u);
  EXPECT_EQ(seq_of(window, id(1), 100), 0u);
}

TEST(DedupWindow, blocks_that_expired_ask_to_be_erased_and_memory_comes_back) {
  DedupWindow window(kWindow, 100'000);
  const std::size_t empty = window.memory_bytes();
  FakeImages images;
  const auto mark = [&](ChunkNo no, std::uint64_t version) { window.mark_written(no, version); };
  for (std::uint64_t i = 1; i <= 20'000; ++i) ASSERT_TRUE(window.remember(id(i), i, static_cast<std::int64_t>(i)));
  EXPECT_LE(window.memory_bytes() / 20'000, 64u);
  const auto checkpoint = [&](std::int64_t now_ms) {
    std::vector<ChunkImage> out;
    window.collect_dirty(1000, out, now_ms);
    images.write(out, mark);
  };
  checkpoint(20'000);
  EXPECT_EQ(images.all().size(), 40u);
  EXPECT_FALSE(window.dirty());
  checkpoint(kWindow + 10'000);
  EXPECT_EQ(window.size(), 10'000u);
  EXPECT_EQ(images.all().size(), 21u);
  checkpoint(kWindow + 20'000);
  EXPECT_TRUE(images.all().empty());
  EXPECT_FALSE(window.dirty());
  EXPECT_EQ(window.size(), 0u);
  EXPECT_LE(window.memory_bytes(), empty + 64);
}

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed), window_(std::make_unique<DedupWindow>(kSpan, kMax)) {}

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      step();
      if (i % 300 == 0) check_all();
    }
    check_all();
  }

 private:
  static constexpr std::int64_t kSpan = 5000;
  static constexpr std::size_t kMax = 4000;
  struct Use {
    Seq seq;
    std::int64_t time;
  };

  bool live(const Use& use) const { return now_ - use.time < kSpan; }
  void remember() {
    now_ += static_cast<std::int64_t>(random_.below(3));
    const std::uint64_t n = random_.below(20'000);
    const auto it = plain_.find(n);
    const Seq known = it != plain_.end() && live(it->second) ? it->second.seq : 0;
    ASSERT_EQ(seq_of(*window_, id(n), now_), known);
    if (known != 0) return;
    const Status status = window_->remember(id(n), ++seq_, now_);
    ASSERT_TRUE(status) << status.error().message;
    plain_[n] = {seq_, now_};
  }
  void forget() {
    const auto it = plain_.lower_bound(random_.below(20'000));
    if (it == plain_.end()) return;
    window_->forget(id(it->first));
    plain_.erase(it);
  }
  void collect() {
    std::vector<ChunkImage> out;
    window_->collect_dirty(1 + random_.below(6), out, now_);
    if (random_.one_in(8)) return window_->collect_failed();
    if (random_.one_in(4)) remember();
    images_.write(out, [&](ChunkNo no, std::uint64_t version) { window_->mark_written(no, version); });
  }
  void restart() {
    while (window_->dirty()) {
      std::vector<ChunkImage> out;
      window_->collect_dirty(5, out, now_);
      images_.write(out, [&](ChunkNo no, std::uint64_t version) { window_->mark_written(no, version); });
    }
    window_ = std::make_unique<DedupWindow>(kSpan, kMax);
    for (const auto& [no, image] : images_.all()) ASSERT_TRUE(window_->load(no, image));
  }
  void step() {
    const std::uint64_t what = random_.below(1000);
    if (what < 930) return remember();
    if (what < 960) return forget();
    if (what < 995) return collect();
    if (what < 998) return restart();
    now_ += 2000;
  }
  void check_all() {
    std::size_t live_ids = 0;
    for (const auto& [n, use] : plain_) {
      ASSERT_EQ(seq_of(*window_, id(n), now_), live(use) ? use.seq : 0) << n;
      live_ids += live(use);
    }
    EXPECT_GE(window_->size(), live_ids);
    EXPECT_LE(images_.all().size(), 60u) << "expired images pile up";
  }

  Random random_;
  std::unique_ptr<DedupWindow> window_;
  FakeImages images_;
  std::map<std::uint64_t, Use> plain_;
  Seq seq_ = 0;
  std::int64_t now_ = 0;
};

TEST(DedupWindowModel, agrees_with_a_plain_map_over_random_operations) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Model(seed).run(20'000);
  }
}

TEST(DedupWindow, a_block_that_is_loaded_twice_or_damaged_is_refused) {
  DedupWindow window(kWindow, 1000);
  for (std::uint64_t i = 1; i <= 30; ++i) ASSERT_TRUE(window.remember(id(i), i, 5));
  std::vector<ChunkImage> out;
  window.collect_dirty(10, out, 5);
  ASSERT_EQ(out.size(), 1u);
  DedupWindow other(kWindow, 1000);
  for (std::size_t i = 0; i < out[0].bytes.size(); ++i) {
    std::string damaged = out[0].bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(other.load(out[0].no, damaged).code(), Code::corrupt) << i;
    EXPECT_EQ(other.load(out[0].no, out[0].bytes.substr(0, i)).code(), Code::corrupt) << i;
  }
  EXPECT_EQ(other.load(out[0].no + 1, out[0].bytes).code(), Code::corrupt) << "the image of another block";
  EXPECT_EQ(other.size(), 0u);
  EXPECT_TRUE(other.load(out[0].no, out[0].bytes));
  EXPECT_EQ(other.load(out[0].no, out[0].bytes).code(), Code::corrupt);
  EXPECT_EQ(other.size(), 30u);
}

}  // namespace
}  // namespace switchyard::stream
