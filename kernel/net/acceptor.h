// Acceptor takes connections off one listening socket and hands over their descriptors.
//
// A bounded number per turn, so that a burst of connections does not starve those that exist.
//
// Failure: when the process has no descriptor left it pauses for kPauseMs and tries again: what is
// in the backlog waits.
//
// Thread: its lane, except the constructor.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kernel/net/address.h"
#include "kernel/net/lane.h"
#include "kernel/net/readiness.h"

namespace switchyard::net {

class Acceptor final : public ReadinessOwner {
 public:
  // [any] `on_connection` owns the descriptor: connected, non-blocking, close-on-exec.
  Acceptor(Lane& lane, BoundSocket socket, std::function<void(int fd, Peer peer)> on_connection);
  ~Acceptor() override;  // [lane] Closes, and unlinks the file of a Unix socket.
  static constexpr std::int64_t kPauseMs = 100;

  // [lane]
  void start();

 private:
  void on_readable() override;
  void on_writable() override {}
  void pause(int error);

  Lane& lane_;
  BoundSocket socket_;
  std::optional<Readiness> ready_;  // From start() on.
  std::function<void(int, Peer)> on_connection_;
  TimerId retry_ = 0;
};

}  // namespace switchyard::net
