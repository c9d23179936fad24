// Readiness tells its owner when a descriptor can be read or written.
//
// It owns the descriptor.  A wait costs no buffer, only the note that somebody waits.
//
// Failure: a descriptor that breaks is ready: the next read or write says what happened.
//
// Thread: the lane it was made on.
#pragma once
#include "kernel/net/lane.h"

namespace switchyard::net {

class ReadinessOwner {
 public:
  virtual ~ReadinessOwner() = default;
  // Each wait gives one call, from the loop, never inside wait_*().
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
};

class Readiness {
 public:
  // `fd` is non-blocking.  `owner` outlives this object or its close().
  Readiness(Lane& lane, int fd, ReadinessOwner& owner);
  ~Readiness();  // close().
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // A wait that stands is not doubled.
  void wait_readable();
  void wait_writable();
  // Waits that stand end without a call.
  void close();
  int fd() const;

 private:
  struct Impl;
  Impl* impl_;  // Counted: shared with the waits in the loop.
};

}  // namespace switchyard::net
