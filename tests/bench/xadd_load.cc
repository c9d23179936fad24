// XADD from many connections, one request in flight on each: the peer that SendMessage is compared with.
//
//   xadd_load --port P --pid SERVER [--connections N] [--size BYTES] [--seconds S]     prints one JSON object
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/client/broker_process.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::uint16_t port = 0;
  pid_t pid = 0;
  std::size_t connections = 64, size = 300;
  double seconds = 3;
};

struct Counts {
  std::size_t operations = 0, errors = 0;
};

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

std::string request_of(std::size_t size) {
  const std::string body(size, 'x');
  std::string request = "*5\r\n$4\r\nXADD\r\n$5\r\nbench\r\n$1\r\n*\r\n$1\r\nb\r\n$";
  return request + std::to_string(size) + "\r\n" + body + "\r\n";
}

// A reply is "$N\r\n<id>\r\n"; with one request in flight it never shares a read with another.
void turn(int epoll, std::string_view request, Counts& counts) {
  std::array<epoll_event, 128> events;
  const int n = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 100);
  for (int i = 0; i < n; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    char reply[256];
    const ssize_t got = recv(fd, reply, sizeof reply, 0);
    if (got <= 0 || reply[0] != '$') ++counts.errors;
    ++counts.operations;
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) ++counts.errors;
  }
}

int run(const Options& options) {
  const std::string request = request_of(options.size);
  const int epoll = epoll_create1(0);
  for (std::size_t i = 0; i < options.connections; ++i) {
    const int fd = connect_to(options.port);
    if (fd < 0) return 1;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) return 1;
  }
  Counts counts;
  const auto passed = [](SteadyClock::time_point since) {
    return std::chrono::duration<double>(SteadyClock::now() - since).count();
  };
  const auto warm = SteadyClock::now();
  while (passed(warm) < 1) turn(epoll, request, counts);
  counts = {};
  const double cpu = switchyard::client::cpu_seconds(options.pid);
  const auto start = SteadyClock::now();
  while (passed(start) < options.seconds) turn(epoll, request, counts);
  std::printf("{\"operations\":%zu,\"wall_s\":%.4f,\"cpu_s\":%.3f,\"errors\":%zu}\n", counts.operations, passed(start),
              switchyard::client::cpu_seconds(options.pid) - cpu, counts.errors);
  return counts.errors == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--port") options.port = static_cast<std::uint16_t>(std::stoul(value));
    if (name == "--pid") options.pid = static_cast<pid_t>(std::stol(value));
    if (name == "--connections") options.connections = std::stoul(value);
    if (name == "--size") options.size = std::stoul(value);
    if (name == "--seconds") options.seconds = std::stod(value);
  }
  if (options.port == 0 || options.pid == 0) {
    std::fprintf(stderr, "usage: xadd_load --port P --pid SERVER [--connections N] [--size BYTES] [--seconds S]\n");
    return 2;
  }
  return run(options);
}
