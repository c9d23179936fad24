// What the preparer does when it is stopped in the middle of its work.
#include "kernel/journal/preparer.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "kernel/journal/format.h"
#include "tests/support/simulated_disk.h"

namespace switchyard::journal {
namespace {

class PreparerTest : public testing::Test {
 protected:
  static Options options() {
    Options options;
    options.directory = "/j";
    options.first_segment_bytes = options.max_segment_bytes = 24u << 20;  // Synced while its zeros are written.
    options.reserve_bytes = 24u << 20;
    return options;
  }
  // Stops the preparer while it syncs a segment that is half made; returns what it logged.
  std::string stop_in_the_middle() {
    std::promise<void> syncing, stopped;
    disk_.set_before_sync([&, gate = stopped.get_future().share(), reached = false](const std::string&) mutable {
      if (!std::exchange(reached, true)) syncing.set_value();
      gate.wait();
    });
    testing::internal::CaptureStderr();
    preparer_.start();
    syncing.get_future().wait();
    std::thread stopping([&] { preparer_.stop(); });
    // Whoever waits for a segment hears of the stop at once.
    EXPECT_EQ(preparer_.next(kPageBytes).code(), Code::stopping);
    stopped.set_value();
    stopping.join();
    return testing::internal::GetCapturedStderr();
  }

  ManualClock clock_;
  test::SimulatedDisk disk_;
  SegmentSet segments_{disk_, options()};
  Preparer preparer_{segments_, clock_};
};

TEST_F(PreparerTest, an_ordinary_stop_says_nothing_about_space) {
  EXPECT_EQ(stop_in_the_middle(), "");
  EXPECT_FALSE(preparer_.short_of_space());
  EXPECT_EQ(preparer_.created(), 0u);
}

TEST_F(PreparerTest, after_a_stop_in_the_middle_it_makes_segments_again) {
  (void)stop_in_the_middle();
  disk_.set_before_sync({});
  preparer_.start();
  EXPECT_TRUE(preparer_.next(kPageBytes).ok());
}

TEST_F(PreparerTest, a_full_disk_is_told) {
  disk_.set_capacity(1u << 20);
  testing::internal::CaptureStderr();
  preparer_.start();
  EXPECT_EQ(preparer_.next(kPageBytes).code(), Code::quota);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("journal.no_space_for_segments"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::journal
