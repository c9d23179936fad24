#include "tests/client/http_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace switchyard::client {
namespace {

// Head length and whole length of the reply at the front of `in`; false when more bytes are needed.
bool reply_complete(std::string_view in, std::size_t& head, std::size_t& whole) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  head = end + 4;
  std::size_t length = 0;
  for (std::size_t line = in.find("\r\n") + 2; line < head; line = in.find("\r\n", line) + 2) {
    constexpr std::string_view kName = "content-length:";
    if (strncasecmp(in.data() + line, kName.data(), kName.size()) == 0) {
      length = std::strtoul(in.data() + line + kName.size(), nullptr, 10);
    }
  }
  whole = head + length;
  return in.size() >= whole;
}

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

}  // namespace

HttpClient::HttpClient(std::uint16_t port, std::size_t connections, Replied replied)
    : port_(port), replied_(std::move(replied)), epoll_(epoll_create1(EPOLL_CLOEXEC)), connections_(connections) {}

HttpClient::~HttpClient() {
  close_all();
  ::close(epoll_);
}

bool HttpClient::connect(std::size_t connection) {
  Connection& c = connections_[connection];
  close(connection);
  c.fd = connect_to(port_);
  if (c.fd < 0) return false;
  fcntl(c.fd, F_SETFL, fcntl(c.fd, F_GETFL) | O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = connection;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
  return true;
}

void HttpClient::send(std::size_t connection, std::string_view request) {
  Connection& c = connections_[connection];
  c.in_flight = true;
  ++in_flight_;
  ssize_t sent = ::send(c.fd, request.data(), request.size(), MSG_NOSIGNAL);
  // A lost connection shows at the next read, in poll(), so that replies never come from inside send().
  if (sent < 0) sent = 0;
  if (static_cast<std::size_t>(sent) == request.size()) return;
  c.out.assign(request.substr(static_cast<std::size_t>(sent)));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.u64 = connection;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event);
}

std::size_t HttpClient::poll(int timeout_ms) {
  std::array<epoll_event, 256> events;
  const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  std::size_t replies = 0;
  for (int i = 0; i < n; ++i) {
    const auto index = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64);
    if (connections_[index].fd < 0) continue;
    if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) flush(index);
    const bool open = read_some(index);
    replies += answer(index);
    if (!open) lose(index);
  }
  return replies;
}

bool HttpClient::flush(std::size_t index) {
  Connection& c = connections_[index];
  const ssize_t sent = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
  if (sent > 0) c.out.erase(0, static_cast<std::size_t>(sent));
  if (!c.out.empty()) return false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = index;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event);
  return true;
}

bool HttpClient::read_some(std::size_t index) {
  Connection& c = connections_[index];
  static thread_local std::array<char, 256 * 1024> buffer;
  for (;;) {
    const ssize_t got = recv(c.fd, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      c.in.append(buffer.data(), static_cast<std::size_t>(got));
      if (static_cast<std::size_t>(got) < buffer.size()) return true;
      continue;
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
  }
}

std::size_t HttpClient::answer(std::size_t index) {
  Connection& c = connections_[index];
  std::size_t head = 0, whole = 0;
  if (!c.in_flight || !reply_complete(c.in, head, whole)) return 0;
  if (strncasecmp(c.in.data(), "HTTP/1.1 ", 9) != 0) {
    std::fprintf(stderr, "not an HTTP reply: %.100s\n", c.in.c_str());
    std::abort();
  }
  const std::string reply = std::exchange(c.in, {});
  c.in.assign(reply, whole);
  c.in_flight = false;
  --in_flight_;
  replied_(index, std::atoi(reply.c_str() + 9), std::string_view(reply).substr(head, whole - head));
  return 1;
}

void HttpClient::lose(std::size_t index) {
  Connection& c = connections_[index];
  const bool unanswered = c.in_flight;
  close(index);
  if (unanswered) replied_(index, 0, {});
}

void HttpClient::close(std::size_t connection) {
  Connection& c = connections_[connection];
  if (c.in_flight) --in_flight_;
  if (c.fd >= 0) ::close(c.fd);
  c.fd = -1;
  c.in_flight = false;
  c.in.clear();
  c.out.clear();
}

void HttpClient::close_all() {
  for (std::size_t i = 0; i < connections_.size(); ++i) close(i);
}

std::string_view next_string(std::string_view json, std::string_view name, std::size_t& position) {
  std::string quoted = "\"";
  quoted.append(name).append("\"");
  std::size_t at = json.find(quoted, position);
  if (at == std::string_view::npos) return {};
  at = json.find('"', at + quoted.size());
  if (at == std::string_view::npos) return {};
  const std::size_t end = json.find('"', at + 1);
  if (end == std::string_view::npos) return {};
  position = end + 1;
  return json.substr(at + 1, end - at - 1);
}

std::uint64_t to_number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string get(std::uint16_t port, std::string_view path) {
  const int fd = connect_to(port);
  if (fd < 0) return {};
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  std::string reply;
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    std::array<char, 65536> buffer;
    ssize_t got;
    while ((got = recv(fd, buffer.data(), buffer.size(), 0)) > 0)
      reply.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  const std::size_t head = reply.find("\r\n\r\n");
  if (head == std::string::npos || reply.compare(9, 3, "200") != 0) return {};
  return reply.substr(head + 4);
}

double metric(std::string_view text, std::string_view name) {
  double sum = 0;
  for (std::size_t line = 0; line < text.size();) {
    std::size_t end = text.find('\n', line);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view sample = text.substr(line, end - line);
    if (sample.starts_with(name) && sample.size() > name.size() &&
        (sample[name.size()] == ' ' || sample[name.size()] == '{')) {
      const std::size_t space = sample.rfind(' ');
      sum += std::strtod(std::string(sample.substr(space + 1)).c_str(), nullptr);
    }
    line = end + 1;
  }
  return sum;
}

}  // namespace switchyard::client
