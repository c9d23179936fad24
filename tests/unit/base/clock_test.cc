#include "kernel/base/clock.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace {

TEST(Clock, coarse_time_is_exact_time_a_little_late) {
  const SystemClock clock;
  const auto before_ns = clock.mono_ns();
  const auto coarse_ns = clock.coarse_mono_ns();
  const auto after_ns = clock.mono_ns();
  EXPECT_LE(coarse_ns, after_ns);
  EXPECT_GE(coarse_ns, before_ns - 20'000'000);
}

TEST(Clock, a_driven_clock_has_one_time) {
  ManualClock clock;
  clock.advance_ms(17);
  EXPECT_EQ(clock.coarse_mono_ns(), clock.mono_ns());
}

}  // namespace
}  // namespace switchyard
