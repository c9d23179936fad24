// Readiness tells its owner when a descriptor can be read or written, or that the peer has gone.
//
// It owns the descriptor.  A wait costs no buffer and no system call: the descriptor is known to the
// lane's Poller once, edge-triggered, and the rest are flags here.  The price is a rule: whoever
// reads must say with set_unread() whether bytes may be left, because the kernel tells of bytes only
// when they come.
//
// Failure: a descriptor that breaks is ready: the next read or write says what happened.
//
// Thread: the lane it was made on.
#pragma once
#include "kernel/net/lane.h"

namespace switchyard::net {

class Poller;

class ReadinessOwner {
 public:
  virtual ~ReadinessOwner() = default;
  // Each wait gives one call, from the loop, never inside wait_*().
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
  // The peer will send nothing more, or has reset.
  virtual void on_hangup() {}
};

class Readiness {
 public:
  // `fd` is non-blocking.  `owner` outlives this object or its close().
  Readiness(Lane& lane, int fd, ReadinessOwner& owner);
  ~Readiness() { close(); }
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // A wait that stands is not doubled.
  void wait_readable();
  // After a write that would have blocked.
  void wait_writable() { want_write_ = true; }
  // Stands until it is called or cancelled.
  void wait_hangup();
  void cancel_hangup() { want_hangup_ = false; }
  // After a read: false when it found the end of what there is.
  void set_unread(bool left) { readable_ = left; }
  bool hung_up() const { return hung_up_; }
  // Waits that stand end without a call.
  void close();
  int fd() const { return fd_; }

 private:
  friend class Poller;

  Poller& poller_;
  ReadinessOwner& owner_;
  int fd_;
  bool readable_ = false;  // Told by the kernel and not yet taken up, or set_unread(true).
  bool hung_up_ = false;
  bool want_read_ = false;
  bool want_write_ = false;
  bool want_hangup_ = false;
  bool queued_ = false;  // In the poller's list for the next turn.
};

}  // namespace switchyard::net
