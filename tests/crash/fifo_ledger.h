// FifoLedger is what the FIFO driver knows about every message of one FIFO queue, and therefore what a
// correct broker may and may not do next.
//
// The promises: one deduplication id is accepted once; messages of a group have their places in the order
// in which their senders heard of them, and are handed out in that order, none while an earlier one of the
// group is neither deleted nor in the same reply; nothing is handed out again while its lease lasts, nor
// after its acknowledged delete; a handle works while its lease lasts and not after a later receive; what
// was acknowledged and not deleted is there.  All of it holds across kills.
//
// Times are milliseconds of one clock that the driver gives.  A lease lasts at least until the moment of
// the *request* plus the visibility timeout, so that no delay between broker and driver makes a false
// alarm; kMarginMs is for the rounding of the broker's clock.
//
// Failure: broken promises are collected in violations(), each as a sentence.
//
// Thread: one.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tests/crash/ledger.h"

namespace switchyard::crash {

using Group = std::uint32_t;
using Place = std::uint64_t;  // A SequenceNumber; 0 = not known.
using Millis = std::int64_t;
using LeaseNumber = std::uint32_t;  // How often a message has been handed out, as far as the driver saw.

class FifoLedger {
 public:
  static constexpr Millis kMarginMs = 20;

  struct Seen {
    Number number = 0;
    Group group = 0;
    Place place = 0;
    std::string message_id;
  };
  // When a receive was asked for, when its reply was looked at.
  struct Receive {
    Tick requested = 0;
    Millis requested_at = 0, now = 0, visibility = 0;
    // False when replies may have lain unread for long: then their order tells nothing about leases.
    bool timely = true;
  };

  Tick tick() { return ++now_; }
  // The broker was started again: what it had not answered is settled one way or the other.
  void next_life() { ++life_; }

  Number send_requested(Group group, Millis now);
  void resend_requested(Number number);
  void send_acknowledged(Number number, Place place, std::string_view message_id);
  // Entries of one acknowledged batch in their order.
  void batch_acknowledged(const std::vector<Number>& numbers);
  void send_unknown(Number number);

  // One reply, in its order.
  void received(const std::vector<Seen>& reply, const Receive& receive);
  LeaseNumber lease(Number number) const { return entries_[number - 1].lease; }

  void visibility_requested(Number number, LeaseNumber lease, Millis now, Millis visibility);
  void visibility_acknowledged(Number number, LeaseNumber lease, Millis requested_at, Millis visibility);
  void handle_refused(Number number, LeaseNumber lease, Millis now);

  void delete_requested(Number number);
  void delete_acknowledged(Number number, LeaseNumber lease, Tick requested);
  void delete_refused(Number number);
  void delete_unknown(Number number);

  // Everything that exists was received and deleted: what is still expected is lost.
  void queue_is_empty();

  std::size_t expected() const;
  std::size_t messages() const { return entries_.size(); }
  Group group_of(Number number) const { return entries_[number - 1].group; }
  Millis first_sent(Number number) const { return entries_[number - 1].first_sent; }
  bool acknowledged(Number number) const { return entries_[number - 1].acknowledged; }
  std::size_t redeliveries() const { return redeliveries_; }
  std::size_t duplicates() const { return duplicates_; }
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  struct Entry {
    Group group = 0;
    Millis first_sent = 0;
    Place place = 0;
    Place floor = 0;  // A place of its group that was known when it was first sent.
    std::string message_id;
    std::uint16_t attempts = 1, sending = 1, deleting = 0;
    bool acknowledged = false;
    bool absent = false;          // The queue was seen empty: it was never accepted.
    bool delete_unknown = false;  // In life delete_life.
    bool deleted = false;
    std::uint32_t delete_life = 0;
    Tick deleted_at = 0, handed_out_at = 0;
    LeaseNumber lease = 0;
    Millis leased_until = 0;
  };
  struct GroupState {
    std::map<Place, Number> live;  // Known to be accepted, not known to be deleted.
    Place known = 0;               // The highest place that anybody has heard of.
    Place handed_out = 0;          // The highest place that was handed out.
  };
  void violated(std::string what);
  std::string named(Number number) const;
  Entry& at(Number number) { return entries_[number - 1]; }
  bool may_be_gone(const Entry& entry) const { return entry.deleted || entry.delete_unknown || entry.deleting > 0; }
  void learn(Number number, Place place, std::string_view message_id, Place handed_out_before);
  void gone(Number number);
  void hand_out(const Seen& seen, const Receive& receive);
  void judge_order(Group group, const std::vector<Seen>& reply);

  std::vector<Entry> entries_;  // By number.
  std::unordered_map<Group, GroupState> groups_;
  std::vector<std::string> violations_;
  Tick now_ = 0;
  std::uint32_t life_ = 0;
  std::size_t redeliveries_ = 0, duplicates_ = 0;
};

}  // namespace switchyard::crash
