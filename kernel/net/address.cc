#include "kernel/net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace switchyard::net {
namespace {

constexpr int kBacklog = 4096;

Error listen_error(const std::string& address, const std::string& why) {
  return {Code::io, "cannot listen on '" + address + "': " + why};
}

Error errno_error(const std::string& address, int error) {
  const char* hint = error == EADDRINUSE      ? "; another program has it, choose another port or stop that program"
                     : error == EACCES        ? "; ports below 1024 and foreign folders need more rights"
                     : error == EADDRNOTAVAIL ? "; this machine has no such address"
                                              : "";
  return listen_error(address, std::strerror(error) + std::string(hint));
}

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> split(const std::string& address) {
  const Error bad{Code::invalid,
                  "listen address '" + address + "' is not understood; write HOST:PORT, [IPV6]:PORT or unix:/PATH"};
  HostPort parts;
  std::string_view rest = address;
  if (rest.starts_with('[')) {
    const auto close = rest.find("]:");
    if (close == std::string_view::npos) return bad;
    parts.host = rest.substr(1, close - 1);
    parts.port = rest.substr(close + 2);
  } else {
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos || rest.find(':') != colon) return bad;
    parts.host = rest.substr(0, colon);
    parts.port = rest.substr(colon + 1);
  }
  unsigned port = 0;
  const auto* end = parts.port.data() + parts.port.size();
  const auto parsed = std::from_chars(parts.port.data(), end, port);
  if (parts.host.empty() || parsed.ec != std::errc{} || parsed.ptr != end || port > 65535) return bad;
  return parts;
}

std::string describe(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

std::uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

// Closes unless release()d.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Result<BoundSocket> bind_tcp(const std::string& address) {
  auto parts = split(address);
  if (!parts) return std::move(parts).error();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &found); failed != 0) {
    return listen_error(address, std::string("the host is not known: ") + gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> guard(found, freeaddrinfo);
  Descriptor fd(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return errno_error(address, errno);
  const int on = 1;
  // A restart must not wait for connections of the process before it.
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (found->ai_family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return errno_error(address, errno);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) return errno_error(address, errno);
  return BoundSocket{fd.release(), describe(bound), {}, port_of(bound)};
}

// Ok when nothing, or only what a dead server left, is at `name`.
Status clear_stale(const std::string& address, const sockaddr_un& name) {
  struct stat info {};
  if (::lstat(name.sun_path, &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) return listen_error(address, "a file that is no socket is there; move it away");
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int result = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
  if (result == 0 || errno != ECONNREFUSED) return listen_error(address, "another program serves this socket");
  if (::unlink(name.sun_path) != 0) return errno_error(address, errno);
  return {};
}

Result<BoundSocket> bind_unix(const std::string& address, unsigned mode) {
  const std::string path = address.substr(std::strlen("unix:"));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) {
    return Error{Code::invalid, "listen address '" + address + "' has a path of " + std::to_string(path.size()) +
                                    " bytes; a Unix socket takes 1 to " + std::to_string(sizeof name.sun_path - 1)};
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  if (Status clear = clear_stale(address, name); !clear) return std::move(clear).error();
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return errno_error(address, errno);
  // Rights before listen(): nobody may slip in between.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return errno_error(address, errno);
  if (::chmod(path.c_str(), mode) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    ::unlink(path.c_str());
    return errno_error(address, error);
  }
  return BoundSocket{fd.release(), address, path, 0};
}

}  // namespace

Result<BoundSocket> bind_listener(const std::string& address, unsigned unix_mode) {
  return address.starts_with("unix:") ? bind_unix(address, unix_mode) : bind_tcp(address);
}

Peer describe_peer(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto ip = ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr);
    return {describe(address), (ip >> 24) == 127};
  }
  if (address.ss_family == AF_INET6) {
    const auto& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    return {describe(address), IN6_IS_ADDR_LOOPBACK(&ip) != 0};
  }
  return {"unix", true};
}

}  // namespace switchyard::net
