// The checker is checked: each kind of broken promise, fed to the ledger, is named.
#include "tests/crash/ledger.h"

#include <gtest/gtest.h>

namespace switchyard::crash {
namespace {

constexpr auto kFlow = Ledger::Queue::flow;
constexpr auto kKeep = Ledger::Queue::keep;

Number stored(Ledger& ledger) {
  const Number number = ledger.send_requested(kFlow);
  ledger.send_acknowledged(number);
  return number;
}

TEST(Ledger, one_acknowledged_message_removed_from_what_was_observed_is_lost) {
  Ledger ledger;
  for (int i = 0; i < 1000; ++i) stored(ledger);
  ledger.begin_round();
  for (Number number = 1; number <= 1000; ++number) {
    if (number != 617) ledger.received(number, kFlow, ledger.tick());
  }
  EXPECT_EQ(ledger.missing_in_round(kFlow), 1u);
  ledger.end_round(kFlow);
  ASSERT_EQ(ledger.violations().size(), 1u);
  EXPECT_EQ(ledger.violations()[0], "message 617 of queue flow was acknowledged and is lost");
}

TEST(Ledger, complete_round_breaks_no_promise) {
  Ledger ledger;
  const Number number = stored(ledger);
  ledger.begin_round();
  ledger.received(number, kFlow, ledger.tick());
  EXPECT_EQ(ledger.missing_in_round(kFlow), 0u);
  ledger.end_round(kFlow);
  EXPECT_TRUE(ledger.violations().empty());
}

TEST(Ledger, sight_in_an_earlier_round_does_not_count) {
  Ledger ledger;
  const Number number = stored(ledger);
  ledger.begin_round();
  ledger.received(number, kFlow, ledger.tick());
  ledger.begin_round();
  EXPECT_EQ(ledger.missing_in_round(kFlow), 1u);
}

TEST(Ledger, send_of_unknown_outcome_may_be_missing_but_not_once_it_was_seen) {
  Ledger ledger;
  const Number number = ledger.send_requested(kFlow);
  ledger.send_unknown(number);
  ledger.begin_round();
  EXPECT_EQ(ledger.missing_in_round(kFlow), 0u);
  ledger.received(number, kFlow, ledger.tick());
  ledger.begin_round();
  EXPECT_EQ(ledger.missing_in_round(kFlow), 1u);
}

TEST(Ledger, delivery_after_an_acknowledged_delete_is_named) {
  Ledger ledger;
  const Number number = stored(ledger);
  ledger.delete_requested(number);
  ledger.delete_acknowledged(number);
  ledger.received(number, kFlow, ledger.tick());
  ASSERT_EQ(ledger.violations().size(), 1u);
  EXPECT_NE(ledger.violations()[0].find("after its delete had been acknowledged"), std::string::npos);
}

TEST(Ledger, receive_that_was_under_way_during_the_delete_is_allowed) {
  Ledger ledger;
  const Number number = stored(ledger);
  const Tick requested = ledger.tick();
  ledger.delete_requested(number);
  ledger.delete_acknowledged(number);
  ledger.received(number, kFlow, requested);
  EXPECT_TRUE(ledger.violations().empty());
}

TEST(Ledger, unacknowledged_delete_may_go_either_way_until_the_queue_was_empty) {
  Ledger ledger;
  const Number number = stored(ledger);
  ledger.delete_requested(number);
  ledger.begin_round();
  EXPECT_EQ(ledger.missing_in_round(kFlow), 0u);
  ledger.received(number, kFlow, ledger.tick());
  EXPECT_TRUE(ledger.violations().empty());
  ledger.queue_is_empty(kFlow);
  ledger.received(number, kFlow, ledger.tick());
  EXPECT_EQ(ledger.violations().size(), 1u);
}

TEST(Ledger, message_in_the_wrong_queue_or_from_nowhere_is_named) {
  Ledger ledger;
  const Number number = stored(ledger);
  ledger.received(number, kKeep, ledger.tick());
  ledger.received(99, kFlow, ledger.tick());
  EXPECT_EQ(ledger.violations().size(), 2u);
}

TEST(Body, every_changed_byte_is_noticed) {
  const std::string body = make_body(7, 42);
  EXPECT_EQ(number_of(7, body), 42u);
  for (std::size_t i = 0; i < body.size(); ++i) {
    std::string damaged = body;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(number_of(7, damaged), 0u) << "byte " << i;
  }
  EXPECT_EQ(number_of(7, body.substr(0, body.size() - 1)), 0u);
  EXPECT_EQ(number_of(8, body), 0u) << "of another run";
}

}  // namespace
}  // namespace switchyard::crash
