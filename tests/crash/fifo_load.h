// FifoLoad is one life of the broker seen from its clients on one FIFO queue: eight producers that send
// new messages and repeat old ones, eight consumers that delete, extend, shorten, forget and come late.
//
// What outlives the broker is in FifoWorld: the ledger, the messages whose outcome is unknown, the handles
// that consumers still hold.
//
// Failure: broken promises are in the ledger's violations; anything else that went wrong in first_error().
//
// Thread: one.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/client/broker_process.h"
#include "tests/client/http_client.h"
#include "tests/client/sigv4.h"
#include "tests/crash/fifo_ledger.h"

namespace switchyard::crash {

// Ways in which the driver itself breaks a promise behind the ledger's back, so that a run can show that
// the ledger notices.
enum class Sabotage : std::uint8_t { none, duplicate, lease, lost, order, undeleted };

struct FifoHeld {
  Number number = 0;
  LeaseNumber lease = 0;
  std::string handle;
  Millis due = 0;  // When it is to be used.
};

struct FifoWorld {
  static constexpr std::size_t kMaxLate = 200;

  explicit FifoWorld(std::uint64_t with_seed) : seed(with_seed), random(with_seed) {}

  const std::uint64_t seed;
  std::mt19937_64 random;
  FifoLedger ledger;
  bool per_group = false;  // DeduplicationScope=messageGroup
  std::size_t groups = 300;
  Sabotage sabotage = Sabotage::none;
  std::deque<Number> unknown;  // Their last send was never answered.
  std::deque<FifoHeld> late;   // Handles to be used later, also after a restart.
  std::size_t resends = 0, resends_after_unknown = 0, other_group = 0, refusals = 0, late_uses = 0;
};

class FifoLoad {
 public:
  FifoLoad(const client::BrokerProcess& broker, FifoWorld& world);

  bool open();
  // Works until `operations` were acknowledged and `at_least` has passed.  False when the broker is gone or stuck.
  bool work(std::size_t operations, std::chrono::milliseconds at_least);
  // Receives and deletes until the queue's own counts are zero.
  bool drain();
  // The broker was killed: takes the replies that had left it, and marks the rest as unknown.
  void after_kill();

  std::size_t acknowledged() const { return acknowledged_; }
  const std::string& first_error() const { return first_error_; }

 private:
  enum class Kind : std::uint8_t { none, send, receive, visibility, erase };
  enum class Phase : std::uint8_t { work, drain, stop };
  struct Operation {
    Kind kind = Kind::none;
    Tick requested = 0;
    Millis requested_at = 0, visibility = 0;
    std::vector<Number> numbers;  // Sent.
    std::vector<bool> fresh;      // Of them, those sent for the first time.
    std::vector<FifoHeld> used;   // Whose handles this request carries.
    std::vector<FifoHeld> held;   // Received, to be dealt with next.
  };

  static Millis now();
  std::uint64_t roll(std::uint64_t below) { return world_.random() % below; }
  void send(std::size_t connection, Kind kind, std::string_view action);
  void issue(std::size_t connection);
  void issue_send(std::size_t connection);
  Number pick_again();
  void append_entry(Number number, bool fresh, std::size_t index, bool batch);
  void issue_receive(std::size_t connection);
  void decide(std::size_t connection);
  void issue_delete(std::size_t connection, std::vector<FifoHeld> which);
  void issue_visibility(std::size_t connection, std::vector<FifoHeld> which, Millis seconds);
  void append_handles(const std::vector<FifoHeld>& which, std::string_view more);
  void meddle(const FifoHeld& held);
  void replied(std::size_t connection, int status, std::string_view body);
  void lost(Operation& operation);
  void take_sent(Operation& operation, std::string_view body);
  void take_messages(Operation& operation, std::string_view body);
  void take_outcomes(Operation& operation, int status, std::string_view body);
  bool queue_is_empty();
  bool poll();
  bool start(Phase phase);
  void settle();
  void fail(std::string what);
  bool failed() const { return !first_error_.empty(); }

  const client::BrokerProcess& broker_;
  FifoWorld& world_;
  client::HttpClient client_, meddler_;
  client::Signer signer_;
  std::vector<Operation> operations_;
  std::string url_;
  Phase phase_ = Phase::stop;
  Millis polled_at_ = 0;
  bool timely_ = true;
  std::size_t acknowledged_ = 0;
  std::size_t progress_ = 0;
  std::string first_error_;
  std::string request_, body_;  // Kept for their capacity.
};

}  // namespace switchyard::crash
