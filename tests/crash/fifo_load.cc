#include "tests/crash/fifo_load.h"

#include <algorithm>
#include <utility>

namespace switchyard::crash {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kProducers = 8;
constexpr std::size_t kConsumers = 8;
constexpr auto kStuck = milliseconds(15'000);  // Far above the three seconds after which leases end.
constexpr Millis kStalled = 500;               // A reply that waited so long tells nothing about leases.

std::string host_of(const client::BrokerProcess& broker) { return "127.0.0.1:" + std::to_string(broker.port()); }

}  // namespace

FifoLoad::FifoLoad(const client::BrokerProcess& broker, FifoWorld& world)
    : broker_(broker),
      world_(world),
      client_(broker.port(), kProducers + kConsumers,
              [this](std::size_t connection, int status, std::string_view body) { replied(connection, status, body); }),
      meddler_(broker.port(), 1, [](std::size_t, int, std::string_view) {}),
      signer_(broker.credentials(), host_of(broker)),
      operations_(kProducers + kConsumers) {
  world_.ledger.next_life();
}

Millis FifoLoad::now() {
  return std::chrono::duration_cast<milliseconds>(SteadyClock::now().time_since_epoch()).count();
}

void FifoLoad::fail(std::string what) {
  if (first_error_.empty()) first_error_ = std::move(what);
}

bool FifoLoad::open() {
  for (std::size_t i = 0; i < client_.size(); ++i) {
    if (!client_.connect(i)) fail("the broker does not accept connections");
  }
  client::HttpClient setup(broker_.port(), 1, [this](std::size_t, int status, std::string_view body) {
    std::size_t position = 0;
    if (status != 200) fail("CreateQueue: " + std::to_string(status) + " " + std::string(body));
    url_ = client::next_string(body, "QueueUrl", position);
  });
  if (failed() || !setup.connect(0) || !meddler_.connect(0)) return false;
  std::string request;
  signer_.append(request, "CreateQueue",
                 std::string(R"({"QueueName":"crash-)") + (world_.per_group ? "groups" : "queue") +
                     R"(.fifo","Attributes":{"FifoQueue":"true","ContentBasedDeduplication":"true",)" +
                     R"("DeduplicationScope":")" + (world_.per_group ? "messageGroup" : "queue") + R"("}})");
  setup.send(0, request);
  const auto end = SteadyClock::now() + kStuck;
  while (setup.in_flight() > 0 && SteadyClock::now() < end) setup.poll(100);
  if (url_.empty()) fail("CreateQueue gave no QueueUrl");
  return !failed();
}

void FifoLoad::send(std::size_t connection, Kind kind, std::string_view action) {
  request_.clear();
  signer_.append(request_, action, body_);
  Operation& operation = operations_[connection];
  operation.kind = kind;
  operation.requested = world_.ledger.tick();
  operation.requested_at = now();
  client_.send(connection, request_);
}

void FifoLoad::issue(std::size_t connection) {
  if (failed() || phase_ == Phase::stop) return;
  if (connection < kProducers) {
    if (phase_ == Phase::work) issue_send(connection);
    return;
  }
  if (!operations_[connection].held.empty()) return decide(connection);
  if (!world_.late.empty() && world_.late.front().due <= now() && phase_ == Phase::work) {
    ++world_.late_uses;
    FifoHeld one = std::move(world_.late.front());
    world_.late.pop_front();
    return issue_delete(connection, {std::move(one)});
  }
  issue_receive(connection);
}

void FifoLoad::lost(Operation& operation) {
  if (operation.kind == Kind::send) {
    for (const Number number : operation.numbers) {
      world_.ledger.send_unknown(number);
      world_.unknown.push_back(number);
    }
  }
  if (operation.kind == Kind::erase) {
    for (const FifoHeld& one : operation.used) world_.ledger.delete_unknown(one.number);
  }
  operation.kind = Kind::none;
}

void FifoLoad::replied(std::size_t connection, int status, std::string_view body) {
  Operation& operation = operations_[connection];
  if (status == 0) return lost(operation);
  const bool of_handles = operation.kind == Kind::visibility || operation.kind == Kind::erase;
  // The one refusal that is in order: of a handle whose lease is over.
  const bool refusal = status == 400 && of_handles && body.find("InvalidParameterValue") != std::string_view::npos;
  if ((status != 200 && !refusal) ||
      (operation.kind == Kind::send && body.find(R"("Failed":[{)") != std::string_view::npos)) {
    fail(std::to_string(status) + " " + std::string(body.substr(0, 500)));
    return lost(operation);
  }
  if (operation.kind == Kind::send) take_sent(operation, body);
  if (operation.kind == Kind::receive) take_messages(operation, body);
  if (of_handles) take_outcomes(operation, status, body);
  operation.kind = Kind::none;
  issue(connection);
}

bool FifoLoad::poll() {
  timely_ = now() - polled_at_ < kStalled;
  polled_at_ = now();
  client_.poll(10);
  if (meddler_.in_flight() > 0) meddler_.poll(0);
  return !failed();
}

bool FifoLoad::start(Phase phase) {
  phase_ = phase;
  polled_at_ = now();
  for (std::size_t i = 0; i < client_.size(); ++i) {
    if (!client_.connected(i)) return false;
    if (!client_.busy(i)) issue(i);
  }
  return true;
}

bool FifoLoad::work(std::size_t operations, milliseconds at_least) {
  const std::size_t goal = acknowledged_ + operations;
  const auto started = SteadyClock::now();
  auto last_progress = started;
  std::size_t seen = acknowledged_;
  if (!start(Phase::work)) return false;
  while (acknowledged_ < goal || SteadyClock::now() - started < at_least) {
    if (!poll()) return false;
    if (std::exchange(seen, acknowledged_) != acknowledged_) last_progress = SteadyClock::now();
    if (SteadyClock::now() - last_progress > kStuck) {
      fail("the broker acknowledges nothing any more");
      return false;
    }
  }
  return true;
}

void FifoLoad::settle() {
  phase_ = Phase::stop;
  const auto end = SteadyClock::now() + kStuck;
  while (client_.in_flight() > 0 && SteadyClock::now() < end && poll()) {
  }
  if (client_.in_flight() > 0) fail("requests were never answered");
}

bool FifoLoad::queue_is_empty() {
  double left = -1;
  client::HttpClient asking(broker_.port(), 1, [&left](std::size_t, int status, std::string_view body) {
    if (status != 200) return;
    left = 0;
    for (const char* name : {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}) {
      std::size_t position = 0;
      left += static_cast<double>(client::to_number(client::next_string(body, name, position)));
    }
  });
  if (!asking.connect(0)) return false;
  std::string request;
  signer_.append(request, "GetQueueAttributes", R"({"QueueUrl":")" + url_ + R"(","AttributeNames":["All"]})");
  asking.send(0, request);
  asking.poll(5000);
  return left == 0;
}

bool FifoLoad::drain() {
  settle();
  if (failed() || !start(Phase::drain)) return false;
  auto last_progress = SteadyClock::now(), next_look = last_progress;
  std::size_t seen = progress_;
  bool empty = false;
  while (!empty && SteadyClock::now() - last_progress < kStuck && poll()) {
    if (std::exchange(seen, progress_) != progress_) last_progress = SteadyClock::now();
    if (SteadyClock::now() < next_look) continue;
    next_look = SteadyClock::now() + milliseconds(50);
    empty = queue_is_empty();
  }
  settle();
  if (failed()) return false;
  if (!empty) {
    fail(std::to_string(world_.ledger.expected()) + " messages are expected and the queue counts some, but none comes");
    return false;
  }
  world_.ledger.queue_is_empty();
  world_.late.clear();
  return true;
}

void FifoLoad::after_kill() {
  phase_ = Phase::stop;
  const auto end = SteadyClock::now() + kStuck;
  bool open = true;
  while (open && SteadyClock::now() < end) {
    timely_ = false;
    client_.poll(10);
    open = false;
    for (std::size_t i = 0; i < client_.size(); ++i) open = open || client_.connected(i);
  }
  // Consumers survive their broker: some use their handles on the next one.
  for (Operation& operation : operations_) {
    for (FifoHeld& one : operation.held) {
      one.due = now() + static_cast<Millis>(roll(1500));
      if (roll(2) == 0 && world_.late.size() < FifoWorld::kMaxLate) world_.late.push_back(std::move(one));
    }
    operation.held.clear();
  }
}

}  // namespace switchyard::crash
