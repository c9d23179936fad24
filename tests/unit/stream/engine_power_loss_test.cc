// Power is cut at random moments under the whole engine: journal and LevelDB lie on one simulated disk, which
// drops, tears and reorders what was not synced.  After each start the engine's answers are compared with
// the model: nothing that was acknowledged is lost, nothing that was deleted comes back, delays, leases, order,
// dead letters and the deduplication window hold.
//
// What is simulated: every file of both, their names, and their syncs, through kernel/journal/file.h.  What is
// not: the lock file and LevelDB's threads, which are the machine's; so a seed repeats the operations and
// the cuts but not the threads' timing.
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

#include "kernel/base/log.h"
#include "tests/support/environment.h"
#include "tests/support/simulated_disk.h"
#include "tests/unit/stream/engine_model_world.h"

namespace switchyard::stream {
namespace {

constexpr std::uint64_t kPointsPerWorld = 50;

using test::from_environment;

class PowerLossModel : public EngineModel {
 public:
  // Paths whose sync says yes and does nothing.
  using Lie = std::function<bool(std::string_view path)>;

  explicit PowerLossModel(std::size_t lanes, Lie lie = {}) : EngineModel(lanes) {
    auto disk = std::make_unique<test::SimulatedDisk>();
    disk_ = disk.get();
    files_ = std::move(disk);
    if (lie) disk_->lie_about_syncs_of(std::move(lie));
    options_.open_store = [this](store::Options options) {
      options.files = disk_;
      options.write_buffer_bytes = 64u << 10;  // LevelDB's least: its logs and tables come and go.
      return store::Store::open(options);
    };
    options_.checkpoint_piece_bytes = 4u << 10;
    options_.checkpoint_interval_ms = 400;
    only_crash_when_told();
  }
  void TestBody() override {}

  // The first violation, or nothing.
  std::string run(std::uint64_t seed, std::uint64_t points) {
    begin(seed);
    for (std::uint64_t i = 0; i < points && good(); ++i) point();
    if (good()) drain();
    return what_was_wrong();
  }
  std::uint64_t killed_in_recovery = 0, failed_syncs = 0, process_kills = 0;

 private:
  bool good() const { return what_was_wrong().empty() && !HasFatalFailure(); }
  bool powerless() const override { return syncs_fail_ || disk_->crashed(); }

  void point() {
    if (below(8) == 0) {
      disk_->fail_syncs_after(below(20));
      syncs_fail_ = true;
      ++failed_syncs;
    } else {
      disk_->crash_after(below(below(4) == 0 ? 500 : 100));
    }
    for (int i = 0; i < 150 && good() && !disk_->crashed() && engine_->healthy(); ++i) {
      step();
      if (below(3) == 0) catch_up();
    }
    if (good()) crash_now();
  }
  void lose_power() {
    crash();
    syncs_fail_ = false;
    if (below(3) == 0) {
      disk_->kill_process();
      ++process_kills;
    } else {
      disk_->reboot(random());
    }
  }
  // Killed again and again while starting, until one attempt is left alone.
  void restart() override {
    lose_power();
    for (int attempt = 0; below(3) == 0 && attempt < 4; ++attempt) {
      disk_->crash_after(below(40));
      const auto status = try_open();
      if (!status && !disk_->crashed()) return wrong("refused to start: " + status.error().message);
      ++killed_in_recovery;
      lose_power();
    }
    if (auto status = try_open(); !status) wrong("refused to start: " + status.error().message);
  }

  test::SimulatedDisk* disk_ = nullptr;
  bool syncs_fail_ = false;
};

class EnginePowerLoss : public ::testing::Test {
 protected:
  void SetUp() override { log::set_level(log::Level::off); }  // The errors that this test provokes by the thousand.
  void TearDown() override { log::set_level(log::Level::info); }

  void cut(std::size_t lanes) {
    const auto points = from_environment("SWITCHYARD_POWER_LOSS_POINTS", 500);
    const auto seed = from_environment("SWITCHYARD_POWER_LOSS_SEED", 1);
    EngineModel::Sum sum;
    std::uint64_t done = 0, killed_in_recovery = 0, failed_syncs = 0, process_kills = 0;
    for (std::uint64_t world = 0; done < points; ++world) {
      PowerLossModel model(lanes);
      const auto some = std::min(points - done, kPointsPerWorld);
      ASSERT_EQ(model.run(seed * 1'000'003 + world, some), "")
          << "world " << world << "; SWITCHYARD_POWER_LOSS_SEED=" << seed;
      ASSERT_FALSE(HasFatalFailure());
      done += some;
      add(sum, model.sum());
      killed_in_recovery += model.killed_in_recovery;
      failed_syncs += model.failed_syncs;
      process_kills += model.process_kills;
    }
    std::printf(
        "points=%lu lanes=%zu process_kills=%lu killed_in_recovery=%lu failed_syncs=%lu messages=%lu acknowledged=%lu "
        "delivered=%lu duplicates=%lu checkpoints=%lu recycled=%lu cleaned=%lu\n",
        done, lanes, process_kills, killed_in_recovery, failed_syncs, sum.messages, sum.acknowledged, sum.delivered,
        sum.duplicates, sum.checkpoints, sum.recycled, sum.cleaned);
    if (points < 300) return;
    // Otherwise the run did not test what it is for.
    EXPECT_GT(sum.acknowledged, points);
    EXPECT_GT(sum.duplicates, 0u);
    EXPECT_GT(sum.checkpoints, points / 2);
    EXPECT_GT(sum.recycled, 0u);
    EXPECT_GT(sum.cleaned, 0u);
    EXPECT_GT(killed_in_recovery, 0u);
    EXPECT_GT(failed_syncs, 0u);
  }
  // Some cuts in a world where these syncs do nothing go wrong.
  static bool notices(const PowerLossModel::Lie& lie) {
    for (std::uint64_t world = 0; world < 20; ++world) {
      PowerLossModel model(1, lie);
      if (!model.run(world, 60).empty()) return true;
    }
    return false;
  }

 private:
  static void add(EngineModel::Sum& sum, const EngineModel::Sum& more) {
    sum.messages += more.messages;
    sum.acknowledged += more.acknowledged;
    sum.delivered += more.delivered;
    sum.duplicates += more.duplicates;
    sum.checkpoints += more.checkpoints;
    sum.recycled += more.recycled;
    sum.cleaned += more.cleaned;
  }
};

TEST_F(EnginePowerLoss, on_one_lane_nothing_acknowledged_is_lost_and_nothing_deleted_comes_back) { cut(1); }
TEST_F(EnginePowerLoss, on_four_lanes_nothing_acknowledged_is_lost_and_nothing_deleted_comes_back) { cut(4); }

TEST_F(EnginePowerLoss, the_model_notices_a_journal_that_is_not_synced) {
  EXPECT_TRUE(notices([](std::string_view path) { return path.find("/journal/") != path.npos; }));
}
TEST_F(EnginePowerLoss, the_model_notices_a_store_log_that_is_not_synced) {
  EXPECT_TRUE(notices([](std::string_view path) { return path.ends_with(".log"); }));
}
// LevelDB may assert on a table block of zeros before the model looks: that is noticed as well, so this
// one runs in a process of its own.
TEST_F(EnginePowerLoss, the_model_notices_a_store_table_that_is_not_synced) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto noticed = [](int status) {
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  };
  const auto is_table = [](std::string_view path) { return path.ends_with(".ldb"); };
  EXPECT_EXIT(std::_Exit(notices(is_table) ? 0 : 1), noticed, "");
}
TEST_F(EnginePowerLoss, the_model_notices_a_store_manifest_that_is_not_synced) {
  EXPECT_TRUE(notices([](std::string_view path) { return path.find("/MANIFEST-") != path.npos; }));
}
TEST_F(EnginePowerLoss, the_model_notices_a_store_folder_that_is_not_synced) {
  EXPECT_TRUE(notices([](std::string_view path) { return path.ends_with("/store"); }));
}

}  // namespace
}  // namespace switchyard::stream
