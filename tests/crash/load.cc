#include "tests/crash/load.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace switchyard::crash {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kFlow = Ledger::Queue::flow;
constexpr auto kKeep = Ledger::Queue::keep;
constexpr std::size_t kConnections = 24;
constexpr std::size_t kKeepReaders = 3;        // Connections that read the keep queue in a verifying round.
constexpr auto kStuck = milliseconds(15'000);  // Far above the one second after which leases end.

std::string host_of(const client::BrokerProcess& broker) { return "127.0.0.1:" + std::to_string(broker.port()); }

}  // namespace

Load::Load(const client::BrokerProcess& broker, Ledger& ledger, std::uint64_t seed, std::mt19937_64& random)
    : broker_(broker),
      ledger_(ledger),
      seed_(seed),
      random_(random),
      client_(broker.port(), kConnections,
              [this](std::size_t connection, int status, std::string_view body) { replied(connection, status, body); }),
      signer_(broker.credentials(), host_of(broker)),
      operations_(kConnections) {}

bool Load::open() {
  for (std::size_t i = 0; i < kConnections; ++i) {
    if (!client_.connect(i)) {
      first_error_ = "the broker does not accept connections";
      return false;
    }
  }
  client::HttpClient setup(broker_.port(), 1, [this](std::size_t, int status, std::string_view body) {
    std::size_t position = 0;
    if (status != 200) first_error_ = "CreateQueue: " + std::to_string(status) + " " + std::string(body);
    urls_[static_cast<int>(urls_[0].empty() ? kFlow : kKeep)] = client::next_string(body, "QueueUrl", position);
  });
  if (!setup.connect(0)) return false;
  for (const std::string name : {"crash-flow", "crash-keep"}) {
    std::string request;
    signer_.append(request, "CreateQueue", R"({"QueueName":")" + name + R"(","Attributes":{"VisibilityTimeout":"1"}})");
    setup.send(0, request);
    const auto end = SteadyClock::now() + kStuck;
    while (setup.in_flight() > 0 && SteadyClock::now() < end) setup.poll(100);
  }
  if (first_error_.empty() && (urls_[0].empty() || urls_[1].empty())) first_error_ = "CreateQueue gave no QueueUrl";
  return first_error_.empty();
}

void Load::send(std::size_t connection, std::string_view action, std::string_view body) {
  request_.clear();
  signer_.append(request_, action, body);
  operations_[connection].requested = ledger_.tick();
  client_.send(connection, request_);
}

void Load::issue_send(std::size_t connection) {
  Operation& operation = operations_[connection];
  operation.kind = Kind::send;
  operation.queue = random_() % 20 == 0 ? kKeep : kFlow;
  operation.numbers.clear();
  const std::size_t count = random_() % 10 < 7 ? 1 : 10;
  body_.assign(R"({"QueueUrl":")").append(url(operation.queue)).append(count == 1 ? "\"" : R"(","Entries":[)");
  for (std::size_t i = 0; i < count; ++i) {
    const Number number = ledger_.send_requested(operation.queue);
    operation.numbers.push_back(number);
    if (count > 1) body_.append(i == 0 ? "" : ",").append(R"({"Id":")").append(std::to_string(i)).append("\"");
    body_.append(R"(,"MessageBody":")").append(make_body(seed_, number)).append(count > 1 ? "\"}" : "\"");
  }
  body_.append(count > 1 ? "]}" : "}");
  send(connection, count > 1 ? "SendMessageBatch" : "SendMessage", body_);
}

void Load::issue_receive(std::size_t connection, Ledger::Queue queue, int wait_seconds) {
  Operation& operation = operations_[connection];
  operation.kind = Kind::receive;
  operation.queue = queue;
  body_.assign(R"({"QueueUrl":")").append(url(queue)).append(R"(","MaxNumberOfMessages":10,"WaitTimeSeconds":)");
  body_.append(std::to_string(wait_seconds)).append("}");
  send(connection, "ReceiveMessage", body_);
}

void Load::issue_delete(std::size_t connection) {
  Operation& operation = operations_[connection];
  operation.kind = Kind::erase;
  operation.numbers.clear();
  const bool single = operation.held.size() == 1;
  body_.assign(R"({"QueueUrl":")").append(url(operation.queue)).append(single ? "\"" : R"(","Entries":[)");
  for (std::size_t i = 0; i < operation.held.size(); ++i) {
    const Held& held = operation.held[i];
    ledger_.delete_requested(held.number);
    operation.numbers.push_back(held.number);
    if (!single) body_.append(i == 0 ? "" : ",").append(R"({"Id":")").append(std::to_string(i)).append("\"");
    body_.append(R"(,"ReceiptHandle":")").append(held.handle).append(single ? "\"" : "\"}");
  }
  body_.append(single ? "}" : "]}");
  operation.held.clear();
  send(connection, single ? "DeleteMessage" : "DeleteMessageBatch", body_);
}

void Load::issue(std::size_t connection) {
  if (failed()) return;
  if (!operations_[connection].held.empty()) return issue_delete(connection);
  if (phase_ == Phase::stop) return;
  if (phase_ == Phase::verify) {
    return issue_receive(connection, connection < kKeepReaders ? kKeep : kFlow, 0);
  }
  if (is_sender(connection)) return issue_send(connection);
  issue_receive(connection, kFlow, random_() % 4 == 0 ? 1 : 0);
}

// The outcome of what was in flight is unknown; deletes stay `deleting` until somebody sees the message.
void Load::lost(Operation& operation) {
  if (operation.kind == Kind::send) {
    for (const Number number : operation.numbers) ledger_.send_unknown(number);
  }
}

void Load::take_messages(Operation& operation, std::string_view body) {
  std::size_t at_body = 0, at_handle = 0;
  for (;;) {
    const std::string_view text = client::next_string(body, "Body", at_body);
    const std::string_view handle = client::next_string(body, "ReceiptHandle", at_handle);
    if (text.empty()) return;
    ++progress_;
    const Number number = number_of(seed_, text);
    if (number == 0) {
      first_error_ = "a body came back changed: " + std::string(text.substr(0, 200));
      return;
    }
    ledger_.received(number, operation.queue, operation.requested);
    // In a round the flow queue is emptied and the keep queue thinned; under load some messages are
    // left to their lease, as a consumer does that dies.
    const bool erase = operation.queue == kKeep ? random_() % 10 == 0 : phase_ == Phase::verify || random_() % 20 != 0;
    if (erase) operation.held.push_back({number, std::string(handle)});
  }
}

void Load::replied(std::size_t connection, int status, std::string_view body) {
  Operation& operation = operations_[connection];
  if (status == 0) return lost(operation);
  const bool failed_entries = body.find(R"("Failed":[{)") != std::string_view::npos;
  if (status != 200 || failed_entries) {
    // 5xx leaves the outcome open; nothing here gives the broker a reason for 4xx.
    if (first_error_.empty()) first_error_ = std::to_string(status) + " " + std::string(body.substr(0, 500));
    return lost(operation);
  }
  switch (operation.kind) {
    case Kind::send:
      for (const Number number : operation.numbers) ledger_.send_acknowledged(number);
      ++acknowledged_;
      break;
    case Kind::erase:
      for (const Number number : operation.numbers) ledger_.delete_acknowledged(number);
      ++acknowledged_;
      break;
    case Kind::receive:
      take_messages(operation, body);
      break;
    case Kind::none:
    case Kind::count:
      break;
  }
  issue(connection);
}

bool Load::start(Phase phase) {
  phase_ = phase;
  for (std::size_t i = 0; i < client_.size(); ++i) {
    if (!client_.connected(i)) return false;
    if (!client_.busy(i)) issue(i);
  }
  return true;
}

void Load::settle() {
  phase_ = Phase::stop;
  const auto end = SteadyClock::now() + kStuck;
  while (client_.in_flight() > 0 && !failed() && SteadyClock::now() < end) client_.poll(20);
  if (client_.in_flight() > 0 && first_error_.empty()) first_error_ = "requests were never answered";
}

bool Load::flow_is_empty() {
  double left = -1;
  client::HttpClient asking(broker_.port(), 1, [&left](std::size_t, int status, std::string_view body) {
    if (status != 200) return;
    left = 0;
    for (const char* name : {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}) {
      std::size_t position = 0;
      left += std::atof(std::string(client::next_string(body, name, position)).c_str());
    }
  });
  if (!asking.connect(0)) return false;
  std::string request;
  signer_.append(request, "GetQueueAttributes", R"({"QueueUrl":")" + url(kFlow) + R"(","AttributeNames":["All"]})");
  asking.send(0, request);
  asking.poll(5000);
  return left == 0;
}

bool Load::verify() {
  ledger_.begin_round();
  if (!start(Phase::verify)) return false;
  std::size_t seen = progress_;
  auto last_progress = SteadyClock::now(), next_look = last_progress;
  bool complete = false;
  while (!complete && !failed() && SteadyClock::now() - last_progress < kStuck) {
    client_.poll(10);
    // Empty receives would spin for the second that leases still last.
    for (std::size_t i = 0; i < client_.size(); ++i) {
      if (client_.connected(i) && !client_.busy(i)) issue(i);
    }
    if (progress_ != seen) {
      seen = progress_;
      last_progress = SteadyClock::now();
    }
    if (SteadyClock::now() < next_look) continue;
    next_look = SteadyClock::now() + milliseconds(20);
    complete = ledger_.missing_in_round(kFlow) == 0 && ledger_.missing_in_round(kKeep) == 0 && flow_is_empty();
  }
  settle();
  if (failed()) return false;
  ledger_.end_round(kFlow);
  ledger_.end_round(kKeep);
  if (complete) {
    ledger_.queue_is_empty(kFlow);
  } else if (ledger_.violations().empty()) {
    first_error_ = "everything was received, yet the queue's own count says that messages are left";
  }
  return complete && !failed();
}

bool Load::work(std::size_t operations, milliseconds at_least) {
  // Sometimes a backlog grows, sometimes consumers wait.
  senders_ = 6 + random_() % 12;
  const std::size_t goal = acknowledged_ + operations;
  const auto started = SteadyClock::now();
  auto next_counts = started + milliseconds(50);
  auto last_progress = started;
  std::size_t seen = acknowledged_;
  if (!start(Phase::work)) return false;
  while (acknowledged_ < goal || SteadyClock::now() - started < at_least) {
    client_.poll(20);
    if (failed()) return false;
    const auto now = SteadyClock::now();
    if (acknowledged_ != seen) {
      seen = acknowledged_;
      last_progress = now;
    }
    if (now - last_progress > kStuck) {
      first_error_ = "the broker acknowledges nothing any more";
      return false;
    }
    if (now >= next_counts) {
      next_counts = now + milliseconds(100);
      read_counts();
    }
  }
  return true;
}

void Load::read_counts() {
  const std::string text = client::get(broker_.port(), "/metrics");
  if (text.empty()) return;
  counts_.recycled = client::metric(text, "switchyard_journal_segments_recycled_total");
  counts_.cleaned = client::metric(text, "switchyard_journal_segments_cleaned_total");
  counts_.checkpoints = client::metric(text, "switchyard_checkpoints_total");
}

void Load::after_kill() {
  phase_ = Phase::stop;
  for (Operation& operation : operations_) operation.held.clear();
  const auto end = SteadyClock::now() + kStuck;
  bool open = true;
  while (open && SteadyClock::now() < end) {
    client_.poll(10);
    open = false;
    for (std::size_t i = 0; i < client_.size(); ++i) open = open || client_.connected(i);
  }
}

}  // namespace switchyard::crash
