// HttpClient keeps many HTTP/1.1 connections to one local port in one epoll loop, each with at most
// one request in flight.
//
// It exists for tests that need thousands of operations a second from one cheap thread.
//
// Failure: a lost connection answers its request with status 0 and stays closed until connect().
//
// Thread: one.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::client {

class HttpClient {
 public:
  // `status` 0 = the connection was lost before the whole reply came; `body` is borrowed.
  using Replied = std::function<void(std::size_t connection, int status, std::string_view body)>;

  HttpClient(std::uint16_t port, std::size_t connections, Replied replied);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // False when the server does not accept.
  bool connect(std::size_t connection);
  bool connected(std::size_t connection) const { return connections_[connection].fd >= 0; }
  bool busy(std::size_t connection) const { return connections_[connection].in_flight; }
  std::size_t in_flight() const { return in_flight_; }
  std::size_t size() const { return connections_.size(); }

  // REQUIRES: connected and not busy.
  void send(std::size_t connection, std::string_view request);
  // Waits up to `timeout_ms`, then answers what has arrived.  Returns how many replies there were.
  std::size_t poll(int timeout_ms);
  void close(std::size_t connection);
  void close_all();

 private:
  struct Connection {
    int fd = -1;
    bool in_flight = false;
    std::string in;
    std::string out;  // What the socket did not take yet.
  };
  void lose(std::size_t index);
  bool flush(std::size_t index);
  bool read_some(std::size_t index);
  std::size_t answer(std::size_t index);

  const std::uint16_t port_;
  const Replied replied_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::size_t in_flight_ = 0;
};

// The value of the next string member `name` of flat JSON at or after `position`, which moves behind
// it; empty when there is none.  Enough for replies whose strings need no escapes.
std::string_view next_string(std::string_view json, std::string_view name, std::size_t& position);

// The digits at its front; 0 when there are none.
std::uint64_t to_number(std::string_view text);

// One blocking GET; empty when there is no 200 reply.
std::string get(std::uint16_t port, std::string_view path);

// The value of one unlabelled sample, or the sum over its labels; 0 when there is none.
double metric(std::string_view text, std::string_view name);

}  // namespace switchyard::client
