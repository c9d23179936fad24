// The bound on messages that are out: what it refuses, what waits for room, what takes none.
#include "tests/unit/stream/engine_fixture.h"

namespace switchyard::stream {
namespace {

class EngineBound : public EngineFixture {};

TEST_F(EngineBound, the_bound_on_leased_messages_refuses_further_fetches) {
  open();
  auto config = consumer();
  config.max_leased = 2;
  const auto id = create("jobs", work_queue(), {config});
  for (int i = 0; i < 5; ++i) put(id, "m");
  const auto got = fetch(id, 10);
  EXPECT_EQ(got.size(), 2u);
  auto refused = start_fetch(id, 1);
  until([&] { return refused->done; });
  EXPECT_EQ(refused->status.code(), Code::quota);
  ack(id, {got[0].token});
  EXPECT_EQ(fetch(id, 10).size(), 1u);
}

TEST_F(EngineBound, leases_that_have_ended_do_not_count_against_the_bound) {
  open();
  auto config = consumer();
  config.max_leased = 2;
  const auto id = create("jobs", work_queue(), {config});
  for (int i = 0; i < 3; ++i) put(id, "m");
  EXPECT_EQ(fetch(id, 10, 30'000).size(), 2u);
  clock_.advance_ms(30'001);
  EXPECT_EQ(fetch(id, 10).size(), 2u);
}

TEST_F(EngineBound, fetch_that_may_wait_waits_for_room_under_the_bound) {
  open();
  auto config = consumer();
  config.max_leased = 2;
  const auto id = create("jobs", work_queue(), {config});
  for (int i = 0; i < 3; ++i) put(id, "m");
  const auto got = fetch(id, 10);
  auto waiting = start_fetch(id, 10, 20'000);
  ack(id, {got[0].token});
  until([&] { return waiting->done; });
  EXPECT_EQ(waiting->status.code(), Code::ok);
  EXPECT_EQ(waiting->got.size(), 1u);
}

}  // namespace
}  // namespace switchyard::stream
