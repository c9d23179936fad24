#include <gtest/gtest.h>

#include "kernel/base/log.h"
#include "tests/support/environment.h"
#include "tests/unit/journal/power_loss_world.h"

namespace switchyard::journal {
namespace {

constexpr std::uint64_t kPointsPerWorld = 40;

using test::from_environment;

// The errors that this test provokes by the thousand.
class PowerLoss : public testing::Test {
 protected:
  void SetUp() override { log::set_level(log::Level::off); }
  void TearDown() override { log::set_level(log::Level::info); }
};

void add(PowerLossWorld::Counts& sum, const PowerLossWorld::Counts& c) {
  sum.acknowledged += c.acknowledged;
  sum.checkpoints += c.checkpoints;
  sum.recycled += c.recycled;
  sum.cleaned += c.cleaned;
  sum.killed_in_recovery += c.killed_in_recovery;
  sum.failed_syncs += c.failed_syncs;
  sum.unacknowledged_kept += c.unacknowledged_kept;
  sum.tails_dropped += c.tails_dropped;
}

TEST_F(PowerLoss, no_acknowledged_batch_is_lost_torn_or_reordered_at_random_points) {
  const std::uint64_t points = from_environment("SWITCHYARD_POWER_LOSS_POINTS", 1000);
  const std::uint64_t seed = from_environment("SWITCHYARD_POWER_LOSS_SEED", 1);
  PowerLossWorld::Counts sum;
  for (std::uint64_t done = 0, world = 0; done < points; ++world) {
    PowerLossWorld run(seed * 1'000'003 + world);
    for (std::uint64_t i = 0; i < kPointsPerWorld && done < points; ++i, ++done) {
      const std::string wrong = run.point();
      ASSERT_EQ(wrong, "") << "world " << world << " point " << i << "; SWITCHYARD_POWER_LOSS_SEED=" << seed;
    }
    add(sum, run.counts());
  }
  std::printf(
      "points=%lu acknowledged=%lu checkpoints=%lu recycled=%lu cleaned=%lu killed_in_recovery=%lu "
      "failed_syncs=%lu unacknowledged_kept=%lu tails_dropped=%lu\n",
      points, sum.acknowledged, sum.checkpoints, sum.recycled, sum.cleaned, sum.killed_in_recovery, sum.failed_syncs,
      sum.unacknowledged_kept, sum.tails_dropped);
  if (points < 500) return;
  // Otherwise the run did not test what it is for.
  EXPECT_GT(sum.acknowledged, points);
  EXPECT_GT(sum.recycled, 0u);
  EXPECT_GT(sum.cleaned, 0u);
  EXPECT_GT(sum.killed_in_recovery, 0u);
  EXPECT_GT(sum.failed_syncs, 0u);
  EXPECT_GT(sum.unacknowledged_kept, 0u);
  EXPECT_GT(sum.tails_dropped, 0u);
}

TEST_F(PowerLoss, the_check_notices_a_disk_whose_sync_does_nothing) {
  for (std::uint64_t world = 0; world < 5; ++world) {
    PowerLossWorld run(world, true);
    std::string wrong;
    for (std::uint64_t i = 0; i < 200 && wrong.empty(); ++i) wrong = run.point();
    EXPECT_NE(wrong, "") << "200 power cuts on a lying disk went unnoticed in world " << world;
  }
}

}  // namespace
}  // namespace switchyard::journal
