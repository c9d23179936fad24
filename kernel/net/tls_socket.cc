#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "kernel/net/socket.h"

namespace switchyard::net {
namespace {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

class TlsSocket final : public Socket {
 public:
  TlsSocket(Lane& lane, int fd, ReadinessOwner& owner, SslPtr ssl) : ready_(lane, fd, owner), ssl_(std::move(ssl)) {}
  ~TlsSocket() override { close(); }

  Io handshake() override {
    const Io status = run([this] { return SSL_accept(ssl_.get()); }).status;
    // The request may have been read along with the end of the handshake.
    ready_.set_unread(status == Io::ok);
    return status;
  }

  // Only want_read says that there is nothing left: a record may be half read.
  IoResult read(char* to, std::size_t size) override {
    IoResult result = run([&] { return SSL_read(ssl_.get(), to, clamp(size)); });
    result.more = result.status == Io::ok;
    ready_.set_unread(result.more);
    return result;
  }

  // One record after the other; the caller comes back for the second part.
  IoResult write(std::string_view first, std::string_view second) override {
    const std::string_view part = first.empty() ? second : first;
    return run([&] { return SSL_write(ssl_.get(), part.data(), clamp(part.size())); });
  }

  void wait_readable() override { ready_.wait_readable(); }
  void wait_writable() override { ready_.wait_writable(); }
  void watch_peer() override { ready_.wait_hangup(); }
  void unwatch_peer() override { ready_.cancel_hangup(); }
  void shutdown_write() override {
    say_goodbye();
    ::shutdown(ready_.fd(), SHUT_WR);
  }
  void close() override {
    if (ready_.fd() < 0) return;
    say_goodbye();
    ready_.close();
  }
  bool is_tls() const override { return true; }

 private:
  static int clamp(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

  // OpenSSL keeps errors in a queue per thread: a leftover of another connection would be taken for ours.
  template <class Call>
  IoResult run(Call call) {
    if (broken_) return {Io::failed, 0, false};
    ERR_clear_error();
    const int result = call();
    if (result > 0) return {Io::ok, static_cast<std::size_t>(result), false};
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {Io::want_read, 0, false};
      case SSL_ERROR_WANT_WRITE:
        return {Io::want_write, 0, false};
      case SSL_ERROR_ZERO_RETURN:
        return {Io::closed, 0, false};
      default:
        break;
    }
    // After a fatal error no further call on the session is allowed, not even a goodbye.
    broken_ = true;
    ERR_clear_error();
    return {Io::failed, 0, false};
  }

  void say_goodbye() {
    if (broken_ || said_goodbye_ || SSL_is_init_finished(ssl_.get()) != 1) return;
    said_goodbye_ = true;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

  Readiness ready_;
  SslPtr ssl_;
  bool broken_ = false;
  bool said_goodbye_ = false;
};

}  // namespace

std::unique_ptr<Socket> make_tls_socket(Lane& lane, int fd, ReadinessOwner& owner, const TlsContext& tls) {
  SslPtr ssl(SSL_new(tls.current().get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) {
    ERR_clear_error();
    ::close(fd);
    return nullptr;
  }
  SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsSocket>(lane, fd, owner, std::move(ssl));
}

}  // namespace switchyard::net
