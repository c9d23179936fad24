#include "kernel/net/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace switchyard::net {
namespace {

class PlainSocket final : public Socket {
 public:
  PlainSocket(Lane& lane, int fd, ReadinessOwner& owner) : ready_(lane, fd, owner) {}

  Io handshake() override { return Io::ok; }

  IoResult read(char* to, std::size_t size) override {
    const ssize_t got = retry([&] { return ::recv(ready_.fd(), to, size, 0); });
    // A short read has found the end of what there is; what comes later is told anew.
    const bool more = got > 0 && static_cast<std::size_t>(got) == size;
    ready_.set_unread(more);
    if (got > 0) return {Io::ok, static_cast<std::size_t>(got), more};
    if (got == 0) return {Io::closed, 0, false};
    return {would_block() ? Io::want_read : Io::failed, 0, false};
  }

  IoResult write(std::string_view first, std::string_view second) override {
    iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                      {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const ssize_t put = second.empty()
                            ? retry([&] { return ::send(ready_.fd(), first.data(), first.size(), MSG_NOSIGNAL); })
                            : retry([&] { return ::sendmsg(ready_.fd(), &message, MSG_NOSIGNAL); });
    if (put >= 0) return {Io::ok, static_cast<std::size_t>(put), false};
    return {would_block() ? Io::want_write : Io::failed, 0, false};
  }

  void wait_readable() override { ready_.wait_readable(); }
  void wait_writable() override { ready_.wait_writable(); }
  void watch_peer() override { ready_.wait_hangup(); }
  void unwatch_peer() override { ready_.cancel_hangup(); }
  void shutdown_write() override { ::shutdown(ready_.fd(), SHUT_WR); }
  void close() override { ready_.close(); }
  bool is_tls() const override { return false; }

 private:
  template <class Call>
  static ssize_t retry(Call call) {
    ssize_t result;
    do result = call();
    while (result < 0 && errno == EINTR);
    return result;
  }
  static bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

  Readiness ready_;
};

}  // namespace

std::unique_ptr<Socket> make_socket(Lane& lane, int fd, ReadinessOwner& owner) {
  return std::make_unique<PlainSocket>(lane, fd, owner);
}

}  // namespace switchyard::net
