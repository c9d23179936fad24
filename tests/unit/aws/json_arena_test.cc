#include "plugins/aws/json_arena.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace switchyard::aws {
namespace {

TEST(JsonArena, large_bodies_one_after_the_other_do_not_make_it_grow) {
  JsonArena arena(64 * 1024);
  for (int request = 0; request < 1'000; ++request) {
    EXPECT_NE(arena.allocate(300 * 1024, 8), nullptr);
    EXPECT_NE(arena.allocate(200 * 1024, 8), nullptr);
    EXPECT_LT(arena.held(), 2u << 20);
    arena.release();
    EXPECT_EQ(arena.held(), 64u * 1024);
  }
}

TEST(JsonArena, memory_is_aligned_and_does_not_overlap) {
  JsonArena arena(256);
  std::uintptr_t end = 0;
  for (int i = 0; i < 1'000; ++i) {
    auto* text = static_cast<char*>(arena.allocate(1, 1));
    auto* number = static_cast<std::uint64_t*>(arena.allocate(8, 8));
    *text = 'x';
    *number = 7;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(number) % 8, 0u);
    EXPECT_EQ(*text, 'x');
    EXPECT_NE(reinterpret_cast<std::uintptr_t>(number), end);
    end = reinterpret_cast<std::uintptr_t>(number);
  }
}

}  // namespace
}  // namespace switchyard::aws
