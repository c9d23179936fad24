// HttpLane holds the connections of one HttpServer on one lane, and what they share there: pools of
// buffers, deadlines, counters, the text of the Date header.
//
// Exchanges find their connection here, by slot and generation: a generation is used for one
// request only.  Buffers are pooled because a connection holds them only while bytes of a request
// are at hand; ten thousand waiting connections share a few.
//
// Thread: [lane], except what is marked.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernel/net/address.h"
#include "kernel/net/deadline_queue.h"
#include "kernel/net/http.h"
#include "kernel/net/http_parser.h"

namespace switchyard::net {

class HttpConnection;

// What a request needs while its bytes are at hand.
struct RequestScratch {
  HttpParser parser;
  Arena arena;
};

// Of the whole server.
struct HttpShared {
  HttpHandler& handler;
  const HttpOptions options;
  std::atomic<std::size_t> open{0};
  std::atomic<std::size_t> max_connections{0};
  BodyBudget bodies{options.limits.max_buffered_bytes};
};

// Written by one lane, read by anyone.
class Counter {
 public:
  void add(std::uint64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void sub(std::uint64_t n) { value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct HttpCounters {
  Counter connections, parked, accepted, requests, aborted, bytes_in, bytes_out;
  std::array<Counter, kRejectReasons> rejected;
  void reject(Reject reason) { rejected[static_cast<std::size_t>(reason)].add(1); }
};

// One call of HttpServer::drain().
struct DrainCall {
  std::atomic<std::size_t> lanes_left;
  std::function<void()> done;
};

class HttpLane : public std::enable_shared_from_this<HttpLane> {
 public:
  enum class Limit { head, body, idle, write, linger };

  HttpLane(Lane& lane, std::shared_ptr<HttpShared> shared);
  ~HttpLane();

  // For the server.
  struct Arrival {
    int fd = -1;
    Peer peer;
    std::shared_ptr<TlsContext> tls;
    int listener = 0;
    bool refuse = false;  // The server is full: answer 503.
  };
  void adopt(Arrival arrival);
  void set_limits(const HttpLimits& limits);
  void drain(std::int64_t deadline_mono_ms, std::shared_ptr<DrainCall> call);
  // Cuts every connection; after it nothing of this object runs any more.
  void shut();
  const HttpCounters& counters() const { return counters_; }  // [any]

  // For connections.
  Lane& lane() { return lane_; }
  HttpShared& shared() { return *shared_; }
  HttpCounters& counters() { return counters_; }
  const HttpLimits& limits() const { return limits_; }
  bool draining() const { return draining_; }
  void arm(Limit limit, DeadlineNode& node) { queue(limit).arm(node); }
  bool armed(Limit limit, const DeadlineNode& node) { return node.in(queue(limit)); }
  std::string_view date();
  std::unique_ptr<RequestScratch> take_scratch();
  void give_scratch(std::unique_ptr<RequestScratch> scratch);
  std::string take_output();
  void give_output(std::string output);
  HttpExchange begin_request(std::uint32_t slot);
  // Exchanges of the request are dead from here on.
  void end_request(std::uint32_t slot) { ++slots_[slot].generation; }
  // Runs the connection's resume() in a later turn, if it is still there.
  void resume_later(std::uint32_t slot);
  // The connection is closed; it is destroyed at the end of the turn.
  void retire(std::uint32_t slot);

  // For exchanges: null when the right has ended.
  HttpConnection* find(std::uint32_t slot, std::uint32_t generation);

 private:
  struct Slot {
    std::unique_ptr<HttpConnection> connection;
    std::uint32_t generation = 0;
  };

  DeadlineQueue& queue(Limit limit) { return *queues_[static_cast<std::size_t>(limit)]; }
  std::uint32_t take_slot();
  void for_each(const std::function<void(HttpConnection&)>& visit);
  void cut_all();
  void check_drained();

  Lane& lane_;
  const std::shared_ptr<HttpShared> shared_;
  HttpLimits limits_;
  HttpCounters counters_;
  std::array<std::unique_ptr<DeadlineQueue>, 5> queues_;  // By Limit.

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::unique_ptr<HttpConnection>> retired_;
  std::size_t open_ = 0;
  std::size_t refused_open_ = 0;

  std::vector<std::unique_ptr<RequestScratch>> scratches_;
  std::vector<std::string> outputs_;
  std::string date_;
  std::int64_t date_s_ = -1;

  bool draining_ = false;
  bool shut_ = false;
  std::int64_t drain_deadline_ms_ = 0;
  TimerId drain_timer_ = 0;
  std::vector<std::shared_ptr<DrainCall>> drain_calls_;
};

}  // namespace switchyard::net
