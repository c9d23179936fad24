// Socket is one non-blocking byte stream: TCP, Unix or TLS over either.
//
// It speaks readiness, not completion: the owner reads and writes when told to, into memory of its
// own choice.  That is why a connection that waits holds no buffer.  HTTP connections stand on it,
// and so can any other protocol.
//
// Failure: a broken peer is Io::closed or Io::failed from the next call, never an exception.
//
// Thread: the lane it was made on.
#pragma once
#include <cstddef>
#include <memory>
#include <string_view>

#include "kernel/net/lane.h"
#include "kernel/net/readiness.h"
#include "kernel/net/tls.h"

namespace switchyard::net {

enum class Io {
  ok,
  want_read,   // Nothing now: wait_readable().
  want_write,  // Nothing now: wait_writable().
  closed,      // The peer ended the stream in order.
  failed,      // Reset, TLS error.
};

struct IoResult {
  Io status = Io::ok;
  std::size_t bytes = 0;
  bool more = false;  // Of a read: the next one may have bytes without a wait.
};

class Socket {
 public:
  virtual ~Socket() = default;

  // TLS: goes on with the handshake.  Others: ok.
  virtual Io handshake() = 0;
  virtual IoResult read(char* to, std::size_t size) = 0;
  // Writes a part of `first` and then `second`.
  virtual IoResult write(std::string_view first, std::string_view second = {}) = 0;
  // See Readiness: one wait of each kind at a time.
  virtual void wait_readable() = 0;
  virtual void wait_writable() = 0;
  // For an owner that does not read for long: on_hangup() when the peer leaves.
  virtual void watch_peer() = 0;
  virtual void unwatch_peer() = 0;
  // No more from us; the peer may still send.
  virtual void shutdown_write() = 0;
  // Ends the waits without a call and closes.
  virtual void close() = 0;
  virtual bool is_tls() const = 0;
};

// Takes over the connected, non-blocking descriptor `fd`.  `owner` outlives the socket or its close().
std::unique_ptr<Socket> make_socket(Lane& lane, int fd, ReadinessOwner& owner);
// As server side of TLS.  Null when OpenSSL has no memory; `fd` is closed then.
std::unique_ptr<Socket> make_tls_socket(Lane& lane, int fd, ReadinessOwner& owner, const TlsContext& tls);

}  // namespace switchyard::net
