#include "kernel/net/readiness.h"

#include <unistd.h>

#include <utility>

#include "kernel/net/poller.h"

namespace switchyard::net {

Readiness::Readiness(Lane& lane, int fd, ReadinessOwner& owner) : poller_(lane.poller()), owner_(owner), fd_(fd) {
  poller_.add(*this);
}

void Readiness::wait_readable() {
  want_read_ = true;
  if (readable_ || hung_up_) poller_.soon(*this);
}

void Readiness::wait_hangup() {
  want_hangup_ = true;
  if (hung_up_) poller_.soon(*this);
}

void Readiness::close() {
  if (fd_ < 0) return;
  poller_.remove(*this);
  ::close(std::exchange(fd_, -1));
}

}  // namespace switchyard::net
