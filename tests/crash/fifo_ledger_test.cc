// The checker of FIFO queues is checked: each kind of broken promise, fed to the ledger, is named.
#include "tests/crash/fifo_ledger.h"

#include <gtest/gtest.h>

namespace switchyard::crash {
namespace {

constexpr Group kGroup = 7;

struct Queue {
  FifoLedger ledger;
  Millis now = 1000;

  Number sent(Place place, Group group = kGroup) {
    const Number number = ledger.send_requested(group, now);
    ledger.send_acknowledged(number, place, id(number));
    return number;
  }
  static std::string id(Number number) { return "id" + std::to_string(number); }
  FifoLedger::Seen seen(Number number, Place place) const {
    return {number, ledger.group_of(number), place, id(number)};
  }
  void receive(const std::vector<FifoLedger::Seen>& reply, Millis visibility = 1000) {
    ledger.received(reply, {ledger.tick(), now, now, visibility, true});
  }
  void erase(Number number) {
    ledger.delete_requested(number);
    ledger.delete_acknowledged(number, ledger.lease(number), ledger.tick());
  }
  // The one violation, or all of them.
  std::string verdict() const {
    std::string all;
    for (const std::string& one : ledger.violations()) all += (all.empty() ? "" : "; ") + one;
    return all;
  }
  bool names(std::string_view what) const {
    return ledger.violations().size() == 1 && verdict().find(what) != std::string::npos;
  }
};

TEST(FifoLedger, what_a_correct_broker_does_breaks_no_promise) {
  Queue q;
  const Number a = q.sent(1), b = q.sent(2), c = q.sent(3), other = q.sent(4, 8);
  q.receive({q.seen(a, 1), q.seen(b, 2)});
  q.receive({q.seen(other, 4)});
  q.erase(a);
  q.now += 1001;
  q.receive({q.seen(b, 2), q.seen(c, 3)});
  q.erase(c);
  q.erase(b);
  q.erase(other);
  q.ledger.resend_requested(a);
  q.ledger.send_acknowledged(a, 1, Queue::id(a));
  q.ledger.queue_is_empty();
  EXPECT_EQ(q.verdict(), "");
  EXPECT_EQ(q.ledger.duplicates(), 1u);
  EXPECT_EQ(q.ledger.redeliveries(), 1u);
}

TEST(FifoLedger, second_place_for_one_deduplication_id_is_named) {
  Queue q;
  const Number a = q.sent(1);
  q.ledger.resend_requested(a);
  q.ledger.send_acknowledged(a, 2, Queue::id(a));
  EXPECT_TRUE(q.names("was accepted twice")) << q.verdict();
}

TEST(FifoLedger, duplicate_that_only_a_consumer_sees_is_named) {
  Queue q;
  const Number a = q.sent(1);
  q.receive({q.seen(a, 1)});
  q.erase(a);
  q.receive({{a, kGroup, 2, "another"}});
  EXPECT_NE(q.verdict().find("was accepted twice"), std::string::npos) << q.verdict();
}

TEST(FifoLedger, place_before_one_that_was_known_when_it_was_sent_is_named) {
  Queue q;
  q.sent(5);
  q.sent(4);
  EXPECT_TRUE(q.names("is ordered before it")) << q.verdict();
}

TEST(FifoLedger, concurrent_sends_may_have_either_order) {
  Queue q;
  const Number a = q.ledger.send_requested(kGroup, 0), b = q.ledger.send_requested(kGroup, 0);
  q.ledger.send_acknowledged(a, 2, "a");
  q.ledger.send_acknowledged(b, 1, "b");
  EXPECT_EQ(q.verdict(), "");
}

TEST(FifoLedger, entries_of_a_batch_in_another_order_are_named) {
  Queue q;
  const Number a = q.ledger.send_requested(kGroup, 0), b = q.ledger.send_requested(kGroup, 0);
  q.ledger.send_acknowledged(a, 2, "a");
  q.ledger.send_acknowledged(b, 1, "b");
  q.ledger.batch_acknowledged({a, b});
  EXPECT_TRUE(q.names("in one batch")) << q.verdict();
}

TEST(FifoLedger, message_behind_one_that_is_leased_is_named) {
  Queue q;
  const Number a = q.sent(1), b = q.sent(2);
  q.receive({q.seen(a, 1)});
  q.receive({q.seen(b, 2)});
  EXPECT_TRUE(q.names("was neither deleted nor in the same reply")) << q.verdict();
}

TEST(FifoLedger, message_behind_one_that_is_lost_is_named) {
  Queue q;
  q.sent(1);
  const Number b = q.sent(2);
  q.receive({q.seen(b, 2)});
  EXPECT_TRUE(q.names("was neither deleted nor in the same reply")) << q.verdict();
}

TEST(FifoLedger, message_that_was_overtaken_before_anybody_knew_of_it_is_named) {
  Queue q;
  const Number a = q.ledger.send_requested(kGroup, 0), b = q.sent(2);
  q.receive({q.seen(b, 2)});
  q.ledger.send_acknowledged(a, 1, Queue::id(a));
  EXPECT_TRUE(q.names("was overtaken")) << q.verdict();
}

TEST(FifoLedger, wrong_order_in_one_reply_is_named) {
  Queue q;
  const Number a = q.sent(1), b = q.sent(2);
  q.receive({q.seen(b, 2), q.seen(a, 1)});
  EXPECT_NE(q.verdict().find("in one reply"), std::string::npos) << q.verdict();
}

TEST(FifoLedger, second_hand_out_within_the_lease_is_named) {
  Queue q;
  const Number a = q.sent(1);
  q.receive({q.seen(a, 1)}, 1000);
  q.now += 900;
  q.receive({q.seen(a, 1)}, 1000);
  EXPECT_TRUE(q.names("before its lease ended")) << q.verdict();
}

TEST(FifoLedger, longer_visibility_counts_once_it_is_acknowledged_and_a_shorter_one_at_once) {
  Queue q;
  const Number a = q.sent(1), b = q.sent(2, 8);
  q.receive({q.seen(a, 1), q.seen(b, 2)}, 1000);
  q.ledger.visibility_requested(a, 1, q.now, 3000);
  q.ledger.visibility_acknowledged(a, 1, q.now, 3000);
  q.ledger.visibility_requested(b, 1, q.now, 0);
  q.now += 100;
  q.receive({q.seen(b, 2)}, 1000);
  EXPECT_EQ(q.verdict(), "");
  q.now += 1900;
  q.receive({q.seen(a, 1)}, 1000);
  EXPECT_TRUE(q.names("before its lease ended")) << q.verdict();
}

TEST(FifoLedger, delivery_after_an_acknowledged_delete_is_named) {
  Queue q;
  const Number a = q.sent(1);
  q.receive({q.seen(a, 1)});
  q.erase(a);
  q.now += 2000;
  q.receive({q.seen(a, 1)});
  EXPECT_TRUE(q.names("after its delete had been acknowledged")) << q.verdict();
}

TEST(FifoLedger, handle_refused_within_its_lease_is_named) {
  Queue q;
  const Number a = q.sent(1);
  q.receive({q.seen(a, 1)}, 1000);
  q.ledger.handle_refused(a, 1, q.now + 900);
  EXPECT_TRUE(q.names("was refused")) << q.verdict();
}

TEST(FifoLedger, delete_by_a_replaced_handle_is_named) {
  Queue q;
  const Number a = q.sent(1);
  q.receive({q.seen(a, 1)}, 1000);
  q.now += 1001;
  q.receive({q.seen(a, 1)}, 1000);
  q.ledger.delete_requested(a);
  q.ledger.delete_acknowledged(a, 1, q.ledger.tick());
  EXPECT_TRUE(q.names("that a later receive had replaced")) << q.verdict();
}

TEST(FifoLedger, acknowledged_message_that_is_not_there_when_the_queue_is_empty_is_lost) {
  Queue q;
  q.sent(1);
  q.ledger.queue_is_empty();
  EXPECT_TRUE(q.names("was acknowledged and is lost")) << q.verdict();
}

TEST(FifoLedger, open_send_and_open_delete_may_go_either_way_until_the_queue_was_empty) {
  Queue q;
  const Number a = q.sent(1), b = q.ledger.send_requested(kGroup, 0);
  q.receive({q.seen(a, 1)});
  q.ledger.delete_requested(a);
  q.ledger.delete_unknown(a);
  q.ledger.send_unknown(b);
  q.ledger.next_life();
  q.receive({q.seen(b, 2)});
  q.erase(b);
  q.ledger.queue_is_empty();
  EXPECT_EQ(q.verdict(), "");
  q.receive({q.seen(a, 1)});
  EXPECT_TRUE(q.names("after its delete had been acknowledged")) << q.verdict();
}

TEST(FifoLedger, open_delete_that_a_later_life_shows_undone_blocks_its_group_again) {
  Queue q;
  const Number a = q.sent(1), b = q.sent(2);
  q.receive({q.seen(a, 1)});
  q.ledger.delete_requested(a);
  q.ledger.delete_unknown(a);
  q.ledger.next_life();
  q.now += 2000;
  q.receive({q.seen(a, 1)});
  q.receive({q.seen(b, 2)});
  EXPECT_TRUE(q.names("was neither deleted nor in the same reply")) << q.verdict();
}

TEST(FifoLedger, unknown_send_that_the_empty_queue_did_not_hold_may_only_come_when_sent_again) {
  Queue q;
  const Number a = q.ledger.send_requested(kGroup, 0), b = q.ledger.send_requested(kGroup, 0);
  q.ledger.send_unknown(a);
  q.ledger.send_unknown(b);
  q.ledger.queue_is_empty();
  q.ledger.resend_requested(a);
  q.receive({q.seen(a, 1)});
  EXPECT_EQ(q.verdict(), "");
  q.receive({q.seen(a, 1), q.seen(b, 2)}, 0);
  EXPECT_NE(q.verdict().find("appeared although the queue had been empty"), std::string::npos) << q.verdict();
}

}  // namespace
}  // namespace switchyard::crash
