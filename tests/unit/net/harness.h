// A real server on loopback sockets, with time in the test's hand, and a client that reads with a
// deadline.  Nothing here sleeps: what is awaited is a byte, the peer's close, or a turn of the lanes.
#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/net/http.h"

namespace switchyard::net::test {

constexpr int kWaitMs = 20'000;  // A test that waits this long has failed.

// Answers by what the path says, or by `script` when one is set.
class ScriptedHandler final : public HttpHandler {
 public:
  using Script = std::function<void(const HttpRequest&, HttpExchange)>;
  void handle(const HttpRequest& request, HttpExchange exchange) override;

  Script script;  // Set before the first request.
};

// Text of a request as a handler saw it: one line each for method, target, path, query, version,
// host, every header, then the body.
std::string describe(const HttpRequest& request);

struct ServerSettings {
  std::size_t lanes = 1;
  HttpOptions options;
  std::string address = "127.0.0.1:0";
  std::shared_ptr<TlsContext> tls;
  ScriptedHandler::Script script;
};

class TestServer {
 public:
  explicit TestServer(ServerSettings settings = {});
  ~TestServer();

  // Moves the clock and lets every lane look at it.
  void advance_ms(std::int64_t ms);
  // One turn of every lane: what was posted before has run.
  void turn();
  // Turns the lanes until `reached` or the deadline; returns whether it was reached.
  bool eventually(const std::function<bool()>& reached);
  std::uint64_t rejected(Reject reason) const;

  ManualClock clock;
  LaneGroup lanes;
  ScriptedHandler handler;
  std::unique_ptr<HttpServer> server;
  Listening listening;
};

// One value handed from a lane to the test.
template <class T>
class Box {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  // Waits for the `count`-th value; the default T when none comes.
  T take(std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(kWaitMs), [&] { return values_.size() >= count; });
    return values_.size() >= count ? values_[count - 1] : T{};
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> values_;
};

struct Answer {
  int status = 0;  // 0 = none came.
  std::string head;
  std::string body;
  // Lower-case name; "" when absent.
  std::string header(std::string_view name) const;
};

class Client {
 public:
  explicit Client(const TestServer& server);  // TCP or Unix, by the server's address.
  explicit Client(const std::string& address);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False when the peer has reset the connection.
  bool send(std::string_view bytes);
  // The next answer on the connection.  `to_head`: without a body, whatever its length says.
  Answer read_answer(bool to_head = false);
  Answer ask(std::string_view request) {
    send(request);
    return read_answer();
  }
  // What comes until the peer closes.
  std::string read_all();
  // True when the peer closes in order or resets, with nothing sent before.
  bool closed_by_peer();
  void close_write();
  // Closes with a reset.
  void reset();
  void close();
  int fd() const { return fd_; }

 private:
  bool fill();

  int fd_ = -1;
  std::string buffer_;
};

// "POST /path HTTP/1.1" with Host and Content-Length.
std::string post(std::string_view path, std::string_view body, std::string_view extra_headers = "");
std::string get(std::string_view path, std::string_view extra_headers = "");

}  // namespace switchyard::net::test
