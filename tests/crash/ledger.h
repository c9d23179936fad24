// Ledger is what the crash driver knows about every message: what was promised, what was seen, and
// therefore what a correct broker may and may not do next.
//
// Two promises are checked.  A message whose send was acknowledged, or that a consumer has seen, and
// whose delete was never requested is there after any kill.  A message whose delete was acknowledged
// is never delivered by a receive that was requested after the acknowledgement.  What was in flight
// at a kill may go either way, until somebody sees which way it went.
//
// Failure: broken promises are collected in violations(), each as a sentence.
//
// Thread: one.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace switchyard::crash {

using Number = std::uint64_t;  // Of a message, from 1.
using Tick = std::uint64_t;    // Orders requests and replies as the driver saw them.

// A body that only this message has: number, length and checksum can all be verified.
std::string make_body(std::uint64_t seed, Number number);
// The number in a body made by make_body; 0 when it is not intact.
Number number_of(std::uint64_t seed, std::string_view body);

class Ledger {
 public:
  enum class Queue : std::uint8_t { flow, keep };

  Tick tick() { return ++now_; }

  Number send_requested(Queue queue);
  void send_acknowledged(Number number);
  // The reply never came: the message may or may not exist.
  void send_unknown(Number number);
  // The broker refused the send: the message must not exist.
  void send_refused(Number number);

  // `requested` is the tick at which the receive was sent.
  void received(Number number, Queue queue, Tick requested);
  void delete_requested(Number number);
  void delete_acknowledged(Number number);

  // A round visits what the broker holds: everything expected() must be received before it ends.
  void begin_round();
  std::size_t missing_in_round(Queue queue) const;
  // Ends the round: what is still missing is lost.
  void end_round(Queue queue);
  // Nothing is left in the queue: messages of unknown outcome are gone for good.
  void queue_is_empty(Queue queue);

  std::size_t expected(Queue queue) const;
  std::size_t messages() const { return entries_.size(); }
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  enum class State : std::uint8_t {
    sending,   // Requested, no reply yet.
    maybe,     // May exist.
    stored,    // Exists.
    deleting,  // Delete requested: may exist.
    deleted,   // Must never be seen again.
  };
  struct Entry {
    State state = State::sending;
    Queue queue = Queue::flow;
    Tick deleted_at = 0;
    std::uint32_t round = 0;  // The last one that saw it.
  };
  void violated(std::string what);
  Entry& at(Number number) { return entries_[number - 1]; }
  void become(Number number, State state);
  bool must_exist(const Entry& entry, Queue queue) const {
    return entry.queue == queue && entry.state == State::stored;
  }

  std::vector<Entry> entries_;        // By number; deleted ones stay, so that a return is noticed.
  std::unordered_set<Number> alive_;  // Not deleted: what a round looks at.
  std::vector<std::string> violations_;
  Tick now_ = 0;
  std::uint32_t round_ = 0;
  std::size_t stored_[2] = {0, 0};  // By queue.
};

}  // namespace switchyard::crash
