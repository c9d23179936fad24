#include "kernel/net/poller.h"

#include <errno.h>
#include <sys/epoll.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <system_error>
#include <vector>

#include "kernel/net/readiness.h"

namespace switchyard::net {

namespace asio = boost::asio;

namespace {

constexpr int kEventsPerTurn = 128;
constexpr std::uint32_t kGone = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

int make_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return fd;
}

}  // namespace

struct Poller::Impl {
  explicit Impl(asio::io_context& context) : io(context), descriptor(context, make_epoll()) { arm(); }

  void arm() {
    descriptor.async_wait(asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
      if (!error) run();
    });
  }
  void run();
  void run_soon();
  // The descriptor may be gone after each of these.
  static void read_ready(Readiness& watch);
  static void hang_up(Readiness& watch);

  asio::io_context& io;
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> descriptor;
  // Fetched and not yet called; remove() takes a watch out of here.
  epoll_event events[kEventsPerTurn];
  int fetched = 0;
  std::vector<Readiness*> next;     // For soon().
  std::vector<Readiness*> current;  // Being called.
  bool posted = false;
};

void Poller::Impl::read_ready(Readiness& watch) {
  if (!watch.want_read_) {
    watch.readable_ = true;
    return;
  }
  watch.want_read_ = false;
  watch.readable_ = false;
  watch.owner_.on_readable();
}

void Poller::Impl::hang_up(Readiness& watch) {
  if (!watch.want_hangup_) return;
  watch.want_hangup_ = false;
  watch.owner_.on_hangup();
}

void Poller::Impl::run() {
  fetched = std::max(0, ::epoll_wait(descriptor.native_handle(), events, kEventsPerTurn, 0));
  for (int i = 0; i < fetched; ++i) {
    // Read anew before each call: the call before it may have removed the watch.
    const auto watch = [&] { return static_cast<Readiness*>(events[i].data.ptr); };
    const std::uint32_t what = events[i].events;
    if (watch() && (what & kGone)) {
      watch()->hung_up_ = true;
      hang_up(*watch());
    }
    if (watch() && (what & (EPOLLIN | kGone))) read_ready(*watch());
    if (watch() && (what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) && watch()->want_write_) {
      watch()->want_write_ = false;
      watch()->owner_.on_writable();
    }
  }
  fetched = 0;
  arm();
}

void Poller::Impl::run_soon() {
  posted = false;
  current.swap(next);
  for (std::size_t i = 0; i < current.size(); ++i) {
    if (!current[i]) continue;
    current[i]->queued_ = false;
    if (current[i]->hung_up_) hang_up(*current[i]);
    if (current[i] && current[i]->want_read_) read_ready(*current[i]);
  }
  current.clear();
}

Poller::Poller(asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}

Poller::~Poller() = default;

void Poller::add(Readiness& watch) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watch;
  // Without memory for it in the kernel the descriptor stays silent, and its owner's time limit ends it.
  ::epoll_ctl(impl_->descriptor.native_handle(), EPOLL_CTL_ADD, watch.fd(), &event);
}

void Poller::remove(Readiness& watch) {
  ::epoll_ctl(impl_->descriptor.native_handle(), EPOLL_CTL_DEL, watch.fd(), nullptr);
  for (int i = 0; i < impl_->fetched; ++i) {
    if (impl_->events[i].data.ptr == &watch) impl_->events[i].data.ptr = nullptr;
  }
  std::replace(impl_->current.begin(), impl_->current.end(), &watch, static_cast<Readiness*>(nullptr));
  if (watch.queued_) std::erase(impl_->next, &watch);
}

void Poller::soon(Readiness& watch) {
  if (watch.queued_) return;
  watch.queued_ = true;
  impl_->next.push_back(&watch);
  if (impl_->posted) return;
  impl_->posted = true;
  asio::post(impl_->io, [impl = impl_.get()] { impl->run_soon(); });
}

}  // namespace switchyard::net
