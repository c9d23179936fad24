#include "kernel/net/readiness.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace switchyard::net {

namespace asio = boost::asio;

// The counter is plain: everything happens on one lane, or after its thread has ended.
struct Readiness::Impl {
  Impl(Lane& lane, int descriptor_fd, ReadinessOwner& o)
      : descriptor(lane.io(), descriptor_fd), owner(&o), fd(descriptor_fd) {}

  // The concrete executor: a type-erased one costs an allocation per wait.
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor;
  ReadinessOwner* owner;
  int fd;
  unsigned references = 1;
  bool reading = false;
  bool writing = false;

  friend void intrusive_ptr_add_ref(Impl* impl) { ++impl->references; }
  friend void intrusive_ptr_release(Impl* impl) {
    if (--impl->references == 0) delete impl;
  }
};

Readiness::Readiness(Lane& lane, int fd, ReadinessOwner& owner) : impl_(new Impl(lane, fd, owner)) {}

Readiness::~Readiness() {
  close();
  intrusive_ptr_release(impl_);
}

void Readiness::wait_readable() {
  if (impl_->reading) return;
  impl_->reading = true;
  impl_->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                               [held = boost::intrusive_ptr<Impl>(impl_)](const boost::system::error_code&) {
                                 held->reading = false;
                                 if (held->owner) held->owner->on_readable();
                               });
}

void Readiness::wait_writable() {
  if (impl_->writing) return;
  impl_->writing = true;
  impl_->descriptor.async_wait(asio::posix::descriptor_base::wait_write,
                               [held = boost::intrusive_ptr<Impl>(impl_)](const boost::system::error_code&) {
                                 held->writing = false;
                                 if (held->owner) held->owner->on_writable();
                               });
}

void Readiness::close() {
  if (!impl_->owner) return;
  impl_->owner = nullptr;
  impl_->fd = -1;
  boost::system::error_code ignored;
  impl_->descriptor.close(ignored);
}

int Readiness::fd() const { return impl_->fd; }

}  // namespace switchyard::net
