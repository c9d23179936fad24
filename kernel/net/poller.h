// Poller watches the descriptors of one lane, edge-triggered, and calls their owners.
//
// It is an epoll of its own inside the lane's event loop: a descriptor is registered once, for all
// events, so that waiting costs no system call.  (The loop's own sockets need one for every wait
// without a buffer, 3 to 6 % of a small HTTP request.)  The loop sees the poller as one descriptor.
//
// Failure: none of its own; running out of descriptors at the start ends the process.
//
// Thread: its lane.
#pragma once
#include <cstdint>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace switchyard::net {

class Readiness;

class Poller {
 public:
  explicit Poller(boost::asio::io_context& io);
  ~Poller();  // REQUIRES: every Readiness is closed.

  void add(Readiness& watch);
  // No call for `watch` comes after this, also not from events that were fetched already.
  void remove(Readiness& watch);
  // Looks at `watch` again in the next turn.
  void soon(Readiness& watch);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::net
