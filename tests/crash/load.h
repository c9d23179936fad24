// Load is one life of the broker seen from its clients: senders and consumers that work at the same
// time, and the quiet round that receives everything and compares it with the ledger.
//
// Failure: what the broker answered wrongly is in the ledger's violations or in first_error().
//
// Thread: one.
#pragma once
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/client/broker_process.h"
#include "tests/client/http_client.h"
#include "tests/client/sigv4.h"
#include "tests/crash/ledger.h"

namespace switchyard::crash {

// Sums over the lives of the broker, each life's last reading of /metrics.
struct JournalCounts {
  double recycled = 0, cleaned = 0, checkpoints = 0;
};

class Load {
 public:
  Load(const client::BrokerProcess& broker, Ledger& ledger, std::uint64_t seed, std::mt19937_64& random);

  // Makes or finds the two queues.  False when the broker does not answer as it should.
  bool open();
  // Receives everything that must exist.  Afterwards the flow queue is empty; a tenth of the keep
  // queue is deleted.
  bool verify();
  // Works until `operations` were acknowledged and `at_least` has passed.  False when the broker is gone or stuck.
  bool work(std::size_t operations, std::chrono::milliseconds at_least);
  // The broker was killed: takes the replies that had left it, and marks the rest as unknown.
  void after_kill();

  std::size_t acknowledged() const { return acknowledged_; }
  const JournalCounts& counts() const { return counts_; }
  const std::string& first_error() const { return first_error_; }

 private:
  enum class Kind : std::uint8_t { none, send, receive, erase, count };
  enum class Phase : std::uint8_t { work, verify, stop };
  struct Held {
    Number number;
    std::string handle;
  };
  struct Operation {
    Kind kind = Kind::none;
    Ledger::Queue queue = Ledger::Queue::flow;
    Tick requested = 0;
    std::vector<Number> numbers;  // Sent or deleted.
    std::vector<Held> held;       // Received and to be deleted next.
  };

  const std::string& url(Ledger::Queue queue) const { return urls_[static_cast<int>(queue)]; }
  bool is_sender(std::size_t connection) const { return connection < senders_; }
  void replied(std::size_t connection, int status, std::string_view body);
  void lost(Operation& operation);
  void take_messages(Operation& operation, std::string_view body);
  void issue(std::size_t connection);
  void issue_send(std::size_t connection);
  void issue_receive(std::size_t connection, Ledger::Queue queue, int wait_seconds);
  void issue_delete(std::size_t connection);
  void send(std::size_t connection, std::string_view action, std::string_view body);
  bool flow_is_empty();
  bool start(Phase phase);
  void settle();
  void read_counts();
  bool failed() const { return !first_error_.empty(); }

  const client::BrokerProcess& broker_;
  Ledger& ledger_;
  const std::uint64_t seed_;
  std::mt19937_64& random_;
  client::HttpClient client_;
  client::Signer signer_;
  std::vector<Operation> operations_;
  std::string urls_[2];
  Phase phase_ = Phase::stop;
  std::size_t senders_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t progress_ = 0;  // Replies that carried something new.
  JournalCounts counts_;
  std::string first_error_;
  std::string request_, body_;  // Kept for their capacity.
};

}  // namespace switchyard::crash
