// HttpServer accepts connections on the lanes and gives every whole request to an HttpHandler.
//
// It owns everything between the socket and the handler: keep-alive and pipelining (answers in
// order, the next request is read after the previous answer), chunked bodies, Expect, limits on
// sizes and times, parked requests, drain.  Requests that are ambiguous (two lengths, bare LF,
// folded headers) are refused and the connection closed: proxies disagree about them, and that is
// how requests are smuggled.
//
// A connection lives on one lane.  With several lanes, connections are dealt round robin.
//
// Failure: a request that breaks a rule is answered with 400, 408, 413, 417, 431, 501, 503 or 505 by the
// server itself (text by `error_formatter`) and never reaches the handler.
//
// Thread: said at each function.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/net/arena.h"
#include "kernel/net/http_message.h"
#include "kernel/net/lane.h"
#include "kernel/net/tls.h"

namespace switchyard::net {

class HttpLane;  // The connections of one server on one lane.

enum class ParkEvent {
  aborted,   // The peer left, or the drain deadline passed.  The exchange is dead; nothing follows.
  draining,  // The server is stopping: answer soon.  The exchange is alive.
};

// HttpExchange is the right to answer one request, once.
//
// A small value; copies are the same right.  It names its connection by slot and generation, so it
// is safe to keep after the request was answered or the peer left: calls then do nothing and return
// false.  It must not be used after the HttpServer is destroyed.
//
// Thread: [lane] of the connection, every function.
class HttpExchange {
 public:
  HttpExchange() = default;

  // False after the answer, or when the connection is gone.
  bool alive() const;
  // Answers.  False (and nothing happens) unless alive().  Never calls back into a handler.
  bool respond(int status, std::span<const HttpHeader> headers, std::string_view body, bool close = false);
  bool respond(const HttpReply& reply);
  // Answers with the server's own text for `status`, through the error formatter.
  bool fail(int status);

  // Keeps the request waiting for long.  The views of the HttpRequest and the arena end here, so
  // that a parked connection costs little; copy what is still needed first.  From now on the peer's
  // leaving is noticed.  `on_event` runs on the lane, later, never inside park() or respond(); not
  // after the answer.  False unless alive().
  bool park(std::function<void(ParkEvent)> on_event);

  // Memory that lives as long as the request's views.  REQUIRES: alive() and not parked.
  Arena& arena();
  // The lane of the connection.  REQUIRES: not default-constructed.
  Lane& lane() const;

 private:
  friend class HttpLane;
  HttpExchange(HttpLane* owner, std::uint32_t slot, std::uint32_t generation)
      : owner_(owner), slot_(slot), generation_(generation) {}

  HttpLane* owner_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // [lane] The views in `request` are valid until the exchange is answered or parked, also after
  // this function returned.  Must not throw.
  virtual void handle(const HttpRequest& request, HttpExchange exchange) = 0;
};

struct HttpLimits {
  std::size_t max_head_bytes = 16 * 1024;  // Request line and headers -> 431.
  std::size_t max_headers = 100;           // -> 431.
  // A message of 1 MiB may come as 6 MiB of JSON escapes.
  std::size_t max_body_bytes = 8 * 1024 * 1024;  // -> 413.
  std::size_t max_connections = 20'000;          // Of the whole server -> 503.
  // Of all bodies that are being received or handled, in steps of 64 KiB; bodies up to 16 KiB are not counted -> 503.
  std::size_t max_buffered_bytes = 256 * 1024 * 1024;
  std::int64_t header_timeout_ms = 10'000;  // From the first byte (or accept) to the end of the head -> 408.
  std::int64_t body_timeout_ms = 60'000;    // The whole body -> 408.
  std::int64_t idle_timeout_ms = 75'000;    // Between requests; closes without a word.
  std::int64_t write_timeout_ms = 60'000;   // The whole answer; a peer that does not read is cut off.
};

enum class Reject {
  bad_request,           // 400, 417, 501, 505
  head_too_large,        // 431
  body_too_large,        // 413
  header_timeout,        // 408
  body_timeout,          // 408
  write_timeout,         // cut off
  too_many_connections,  // 503
  tls_handshake,         // cut off
  body_budget,           // 503
};
inline constexpr std::size_t kRejectReasons = 9;
// "bad_request", ...: the label in metrics.
std::string_view reject_name(Reject reason);

// Sums over all lanes.
struct HttpStats {
  std::uint64_t connections = 0;  // Open now.
  std::uint64_t parked = 0;       // Now.
  std::uint64_t accepted = 0;
  std::uint64_t requests = 0;  // Given to the handler.
  std::uint64_t aborted = 0;   // Parked requests whose peer left.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t buffered_bytes = 0;  // Now; what counts against max_buffered_bytes.
  std::array<std::uint64_t, kRejectReasons> rejected{};
};

struct HttpOptions {
  HttpLimits limits;
  // Fills `reply` (status is set, the body has a short plain text) for an answer that the server
  // gives by itself.  `head` is null when the request line was not understood.  [lane]
  std::function<void(int status, const HttpRequest* head, HttpReply& reply)> error_formatter;
};

struct ListenOptions {
  std::string address;              // "127.0.0.1:9324", "[::1]:0", "localhost:80", "unix:/run/x.sock".
  std::shared_ptr<TlsContext> tls;  // Null = plain.
  unsigned unix_mode = 0660;        // Permissions of the file of a Unix socket.
};

struct Listening {
  int listener = 0;     // HttpRequest::listener of its requests.
  std::string address;  // With the port that was bound: "127.0.0.1:43127".
  std::uint16_t port = 0;
};

class HttpServer {
 public:
  // [control] `lanes` and `handler` outlive the server.
  HttpServer(LaneGroup& lanes, HttpHandler& handler, HttpOptions options = {});
  // [control] Closes everything.  Parked requests get ParkEvent::aborted when the lanes still run.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // [control] Binds and accepts from now on.  Listeners are numbered from 0 in the order of these calls.
  // REQUIRES: the lanes were started.
  Result<Listening> listen(ListenOptions options);

  // [control] For connections and requests that begin after it (SIGHUP).
  void set_limits(const HttpLimits& limits);

  // [any] Stops accepting, closes idle connections, tells parked requests, lets answers finish, and
  // at `deadline_mono_ms` cuts what is left.  `done` runs once, on some lane, when no connection is
  // left.  A second call only brings the deadline forward; its `done` runs too.
  void drain(std::int64_t deadline_mono_ms, std::function<void()> done);

  // [any] Exact per lane, not one instant across lanes.
  HttpStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::net
