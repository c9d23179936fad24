// Random operations on LeaseTable against a plain map.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "kernel/stream/lease_table.h"
#include "tests/unit/stream/index_test_util.h"

namespace switchyard::stream {
namespace {

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed), table_(std::make_unique<LeaseTable>()) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      if (testing::Test::HasFailure()) {
        ADD_FAILURE() << "after step " << i;
        return;
      }
      check_summary();
      if (i % 500 == 0) check_all();
    }
    check_all();
  }

 private:
  static constexpr Seq kSeqs = 6000;

  void need(ChunkNo no) { ASSERT_TRUE(table_->install(no, images_.at(no))); }
  void make_resident(Seq seq) {
    if (!table_->resident(seq)) need(chunk_of(seq));
    ASSERT_TRUE(table_->resident(seq));
  }
  Seq any_seq() {
    const Seq seq = 1 + random_.below(kSeqs);
    const auto it = plain_.lower_bound(seq);
    return it != plain_.end() && random_.one_in(2) ? it->first : seq;
  }
  void put() {
    const Seq seq = any_seq();
    make_resident(seq);
    Lease lease;
    lease.state = static_cast<Lease::State>(1 + random_.below(3));
    lease.attempt = static_cast<std::uint32_t>(random_.below(5));
    if (lease.state != Lease::ready) {
      lease.due_ms = now_ + static_cast<std::int64_t>(random_.below(random_.one_in(3) ? 500'000 : 3000)) - 50;
    }
    lease.first_ms = lease.attempt != 0 ? now_ - static_cast<std::int64_t>(random_.below(1000)) : 0;
    table_->put(seq, lease);
    plain_[seq] = lease;
  }
  void erase() {
    const Seq seq = any_seq();
    make_resident(seq);
    ASSERT_EQ(table_->erase(seq), plain_.erase(seq) == 1);
  }
  void next_ready() {
    const Seq from = random_.below(kSeqs);
    Lookup found;
    while ((found = table_->next_ready(from)).kind == Lookup::need_chunk) need(found.chunk);
    auto it = plain_.lower_bound(from);
    while (it != plain_.end() && it->second.state != Lease::ready) ++it;
    ASSERT_EQ(found.kind, it == plain_.end() ? Lookup::none : Lookup::found);
    if (it != plain_.end()) {
      EXPECT_EQ(found.seq, it->first);
    }
  }
  void expire() {
    now_ += static_cast<std::int64_t>(random_.below(1500));
    const bool bounded = random_.one_in(3);
    std::map<Seq, Lease> due;
    for (const auto& [seq, lease] : plain_) {
      if (lease.state != Lease::ready && lease.due_ms <= now_) due[seq] = lease;
    }
    for (;;) {
      const std::size_t max = bounded ? 1 + random_.below(7) : 100'000;
      std::size_t visited = 0;
      const Lookup result = table_->expire(now_, max, [&](Seq seq, const Lease& before) {
        ++visited;
        const auto it = due.find(seq);
        ASSERT_NE(it, due.end()) << seq << " was not due";
        EXPECT_EQ(before.state, it->second.state);
        EXPECT_EQ(before.due_ms, it->second.due_ms);
        EXPECT_EQ(before.attempt, it->second.attempt);
        due.erase(it);
        // What a consumer does with a message that was delivered too often.
        if (seq % 7 == 0) {
          EXPECT_TRUE(table_->erase(seq));
          plain_.erase(seq);
        } else {
          plain_[seq].state = Lease::ready;
        }
      });
      ASSERT_LE(visited, max);
      if (result.kind == Lookup::none) break;
      if (result.kind == Lookup::need_chunk) need(result.chunk);
      if (result.kind == Lookup::found) {
        EXPECT_FALSE(due.empty());
      }
    }
    EXPECT_TRUE(due.empty()) << due.begin()->first << " should have ended";
  }
  void drop_below() {
    const Seq upto = random_.below(kSeqs / 2);
    const Lookup result = table_->drop_below(upto);
    if (result.kind == Lookup::need_chunk) need(result.chunk);
    plain_.erase(plain_.begin(), plain_.upper_bound(upto));
  }
  void collect() {
    std::vector<ChunkImage> images;
    table_->collect_dirty(1 + random_.below(8), images);
    if (random_.one_in(10)) return table_->collect_failed();
    images_.write(images, [&](ChunkNo no, std::uint64_t version) { table_->mark_written(no, version); });
  }
  void collect_and_change() {
    std::vector<ChunkImage> images;
    table_->collect_dirty(100, images);
    put();
    erase();
    images_.write(images, [&](ChunkNo no, std::uint64_t version) { table_->mark_written(no, version); });
  }
  void restart() {
    std::vector<ChunkImage> images;
    table_->collect_dirty(~std::size_t{0}, images);
    images_.write(images, [&](ChunkNo no, std::uint64_t version) { table_->mark_written(no, version); });
    ASSERT_FALSE(table_->dirty());
    table_ = std::make_unique<LeaseTable>();
    const bool keep = random_.one_in(2);
    for (const auto& [no, image] : images_.all()) ASSERT_TRUE(table_->load(no, image, keep));
    if (!keep) {
      EXPECT_EQ(table_->resident_chunks(), 0u);
    }
  }

  void step() {
    const std::uint64_t what = random_.below(1000);
    if (what < 450) return put();
    if (what < 700) return erase();
    if (what < 800) return next_ready();
    if (what < 880) return expire();
    if (what < 930) return collect();
    if (what < 950) return collect_and_change();
    if (what < 985) return table_->evict(random_.below(4));
    if (what < 987) return drop_below();
    if (what < 992) return restart();
  }

  void check_summary() {
    std::uint64_t waiting = 0, ready = 0, leased = 0;
    std::int64_t due = std::numeric_limits<std::int64_t>::max();
    for (const auto& [seq, lease] : plain_) {
      ++(lease.state == Lease::waiting ? waiting : lease.state == Lease::ready ? ready : leased);
      if (lease.state != Lease::ready) due = std::min(due, lease.due_ms);
    }
    const auto counts = table_->counts();
    EXPECT_EQ(counts.waiting, waiting);
    EXPECT_EQ(counts.ready, ready);
    EXPECT_EQ(counts.leased, leased);
    EXPECT_EQ(table_->next_due_ms(), due);
  }
  void check_all() {
    for (Seq seq = 1; seq <= kSeqs; ++seq) {
      make_resident(seq);
      const Lease lease = table_->find(seq);
      const auto it = plain_.find(seq);
      const Lease expected = it != plain_.end() ? it->second : Lease{};
      ASSERT_EQ(lease.state, expected.state) << seq;
      EXPECT_EQ(lease.attempt, expected.attempt);
      EXPECT_EQ(lease.first_ms, expected.first_ms);
      if (lease.state == Lease::waiting || lease.state == Lease::leased) {
        EXPECT_EQ(lease.due_ms, expected.due_ms);
      }
    }
  }

  Random random_;
  std::unique_ptr<LeaseTable> table_;
  FakeImages images_;
  std::map<Seq, Lease> plain_;
  std::int64_t now_ = 1'700'000'000'000;
};

TEST(LeaseTableModel, agrees_with_a_plain_map_over_random_operations) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Model(seed).run(10'000);
  }
}

}  // namespace
}  // namespace switchyard::stream
