// socket_floor is the least that a server of small requests can cost on this machine: one thread, one
// epoll, one recv and one send of a fixed answer for each request, and nothing read of what came in.
// What the kernel's HTTP layer costs above it is ours; what it costs itself is the operating system's.
//
// Speaks to http_bench.py as bench_http_server does: the address on stdout, GET /cpu tells what was used.
// It takes whatever one recv returns for one request, which holds for wrk and for nobody else.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

long cpu_us(const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; }

std::string reply(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
         "x-amzn-RequestId: 3e2c9a7e-8d1f-4c55-9f31-1a2b3c4d5e6f\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string usage(long requests) {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return "{\"user_us\":" + std::to_string(cpu_us(used.ru_utime)) +
         ",\"sys_us\":" + std::to_string(cpu_us(used.ru_stime)) + ",\"requests\":" + std::to_string(requests) + "}";
}

int fail(const char* what) { return std::perror(what), 1; }

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) std::exit(fail("epoll_ctl"));
}

// False: the connection is over.
bool serve(int fd, const std::string& answer, long& requests) {
  char in[16384];
  const ssize_t got = ::recv(fd, in, sizeof in, 0);
  if (got <= 0) return false;
  const std::string_view request(in, static_cast<std::size_t>(got));
  if (request.starts_with("GET /cpu ")) {
    const std::string told = reply(usage(requests));
    return ::send(fd, told.data(), told.size(), MSG_NOSIGNAL) < 0;
  }
  ++requests;
  return ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
}

int run() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, length) != 0 || ::listen(listener, 1024) != 0) return fail("listen");
  if (::getsockname(listener, generic, &length) != 0) return fail("getsockname");
  std::printf("127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  const std::string answer = reply(std::string(200, 'x'));
  long requests = 0;
  epoll_event events[128];
  for (;;) {
    const int ready = ::epoll_wait(epoll, events, 128, -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (accepted < 0) continue;
        const int on = 1;
        ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, accepted);
      } else if (!serve(fd, answer, requests)) {
        ::close(fd);
      }
    }
  }
}

}  // namespace

int main() { return run(); }
