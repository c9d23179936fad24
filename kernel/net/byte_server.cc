#include <unistd.h>

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "kernel/base/log.h"
#include "kernel/net/acceptor.h"
#include "kernel/net/byte_lane.h"
#include "kernel/net/byte_stream.h"

namespace switchyard::net {

struct ByteServer::Impl {
  struct Listener {
    Lane* lane = nullptr;
    std::unique_ptr<Acceptor> acceptor;  // [lane]
    bool accepting = false;
  };

  explicit Impl(LaneGroup& l) : lanes(l) {}
  void arrive(int fd, Peer peer, const std::shared_ptr<ByteShared>& shared);
  void stop_listening();

  LaneGroup& lanes;
  std::vector<std::shared_ptr<ByteLane>> byte_lanes;
  std::vector<std::shared_ptr<Listener>> listeners;  // [control]
  std::atomic<std::size_t> next_lane{0};
  std::atomic<std::uint64_t> refused{0};  // Above the bound.
};

ByteServer::ByteServer(LaneGroup& lanes) : impl_(std::make_unique<Impl>(lanes)) {
  for (std::size_t i = 0; i < lanes.size(); ++i) impl_->byte_lanes.push_back(std::make_shared<ByteLane>(lanes[i]));
}

ByteServer::~ByteServer() {
  Impl& my = *impl_;
  if (my.lanes.running()) {
    my.stop_listening();
    // The second round comes behind every connection that the acceptors handed over.
    my.lanes.run_on_all([](Lane&) {});
    my.lanes.run_on_all([&my](Lane& lane) { my.byte_lanes[lane.lane_index()]->shut(); });
    // What was closed is destroyed at the end of that turn.
    my.lanes.run_on_all([](Lane&) {});
  } else {
    for (auto& listener : my.listeners) listener->acceptor.reset();
    for (auto& lane : my.byte_lanes) lane->shut();
  }
}

Result<std::string> ByteServer::listen(const std::string& address, ByteOptions options, OpenHandler open) {
  auto bound = bind_listener(address, 0600);
  if (!bound) return std::move(bound).error();
  Impl& my = *impl_;
  auto shared = std::make_shared<ByteShared>();
  shared->options = options;
  shared->open_handler = std::move(open);
  auto listener = std::make_shared<Impl::Listener>();
  listener->lane = &my.lanes[my.listeners.size() % my.lanes.size()];
  std::string as_bound = bound->address;
  listener->acceptor = std::make_unique<Acceptor>(
      *listener->lane, std::move(*bound),
      [this, shared = std::move(shared)](int fd, Peer peer) { impl_->arrive(fd, std::move(peer), shared); });
  my.listeners.push_back(std::move(listener));
  return as_bound;
}

void ByteServer::accept() {
  for (auto& listener : impl_->listeners) {
    if (std::exchange(listener->accepting, true)) continue;
    listener->lane->post([listener] {
      if (listener->acceptor) listener->acceptor->start();
    });
  }
}

void ByteServer::Impl::arrive(int fd, Peer peer, const std::shared_ptr<ByteShared>& shared) {
  if (shared->open.fetch_add(1, std::memory_order_relaxed) >= shared->options.max_connections) {
    shared->open.fetch_sub(1, std::memory_order_relaxed);
    refused.fetch_add(1, std::memory_order_relaxed);
    ::close(fd);
    return;
  }
  auto& target = byte_lanes[next_lane.fetch_add(1, std::memory_order_relaxed) % byte_lanes.size()];
  if (target->lane().on_lane()) return target->adopt(fd, std::move(peer), shared);
  target->lane().post(
      [target, fd, peer = std::move(peer), shared]() mutable { target->adopt(fd, std::move(peer), shared); });
}

void ByteServer::Impl::stop_listening() {
  for (auto& listener : listeners) {
    listener->lane->post([listener] { listener->acceptor.reset(); });
  }
}

void ByteServer::stop_listening() { impl_->stop_listening(); }

void ByteServer::shut(std::size_t lane) { impl_->byte_lanes[lane]->shut(); }

ByteConnection ByteServer::connection(std::size_t lane, std::uint64_t id) {
  --id;
  return {impl_->byte_lanes[lane].get(), static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(id >> 32)};
}

ByteStats ByteServer::stats() const {
  ByteStats sum;
  sum.refused = impl_->refused.load(std::memory_order_relaxed);
  for (const auto& lane : impl_->byte_lanes) {
    const ByteCounters& from = lane->counters();
    sum.connections += from.connections.load(std::memory_order_relaxed);
    sum.accepted += from.accepted.load(std::memory_order_relaxed);
    sum.refused += from.refused.load(std::memory_order_relaxed);
    sum.bytes_in += from.bytes_in.load(std::memory_order_relaxed);
    sum.bytes_out += from.bytes_out.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace switchyard::net
