#include "kernel/net/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "kernel/base/log.h"

namespace switchyard::net {
namespace {

constexpr int kPerTurn = 64;

void prepare_tcp(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // A parked peer whose machine vanished says nothing; the kernel finds out.
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace

Acceptor::Acceptor(Lane& lane, BoundSocket socket, std::function<void(int, Peer)> on_connection)
    : lane_(lane), socket_(std::move(socket)), on_connection_(std::move(on_connection)) {}

Acceptor::~Acceptor() {
  if (retry_ != 0) lane_.cancel(retry_);
  if (!ready_) ::close(socket_.fd);
  ready_.reset();
  if (!socket_.path.empty()) ::unlink(socket_.path.c_str());
}

void Acceptor::start() {
  ready_.emplace(lane_, socket_.fd, *this);
  ready_->wait_readable();
}

void Acceptor::on_readable() {
  for (int i = 0; i < kPerTurn; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd = ::accept4(ready_->fd(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      if (from.ss_family != AF_UNIX) prepare_tcp(fd);
      on_connection_(fd, describe_peer(from));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      ready_->set_unread(false);
      return ready_->wait_readable();
    }
    // The peer gave up before we came; the next one may be fine.
    if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
    return pause(errno);
  }
  ready_->set_unread(true);
  ready_->wait_readable();
}

void Acceptor::pause(int error) {
  log::warn("net.accept_paused",
            {{"address", socket_.address}, {"error", std::strerror(error)}, {"pause_ms", kPauseMs}});
  retry_ = lane_.call_at(lane_.clock().mono_ms() + kPauseMs, [this] {
    retry_ = 0;
    ready_->set_unread(true);
    ready_->wait_readable();
  });
}

}  // namespace switchyard::net
