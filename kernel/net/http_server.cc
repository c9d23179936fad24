#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "kernel/base/log.h"
#include "kernel/net/acceptor.h"
#include "kernel/net/http.h"
#include "kernel/net/http_connection.h"
#include "kernel/net/http_lane.h"

namespace switchyard::net {

bool HttpExchange::alive() const { return owner_ && owner_->find(slot_, generation_); }

bool HttpExchange::respond(int status, std::span<const HttpHeader> headers, std::string_view body, bool close) {
  auto* connection = owner_ ? owner_->find(slot_, generation_) : nullptr;
  if (!connection) return false;
  connection->answer(status, headers, body, close);
  return true;
}

bool HttpExchange::respond(const HttpReply& reply) {
  return respond(reply.status, reply.header_views(), reply.body, reply.close);
}

bool HttpExchange::fail(int status) {
  auto* connection = owner_ ? owner_->find(slot_, generation_) : nullptr;
  if (!connection) return false;
  connection->fail(status);
  return true;
}

bool HttpExchange::park(std::function<void(ParkEvent)> on_event) {
  auto* connection = owner_ ? owner_->find(slot_, generation_) : nullptr;
  if (!connection) return false;
  connection->park(std::move(on_event));
  return true;
}

Arena& HttpExchange::arena() { return owner_->find(slot_, generation_)->arena(); }

Lane& HttpExchange::lane() const { return owner_->lane(); }

std::string_view reject_name(Reject reason) {
  switch (reason) {
    case Reject::bad_request:
      return "bad_request";
    case Reject::head_too_large:
      return "head_too_large";
    case Reject::body_too_large:
      return "body_too_large";
    case Reject::header_timeout:
      return "header_timeout";
    case Reject::body_timeout:
      return "body_timeout";
    case Reject::write_timeout:
      return "write_timeout";
    case Reject::too_many_connections:
      return "too_many_connections";
    case Reject::tls_handshake:
      return "tls_handshake";
    case Reject::body_budget:
      return "body_budget";
  }
  return "unknown";
}

struct HttpServer::Impl {
  struct Listener {
    Lane* lane = nullptr;
    std::unique_ptr<Acceptor> acceptor;  // [lane]
  };

  void arrive(int fd, Peer peer, const std::shared_ptr<TlsContext>& tls, int listener);
  void stop_listening();

  LaneGroup& lanes;
  std::shared_ptr<HttpShared> shared;
  std::vector<std::shared_ptr<HttpLane>> http_lanes;
  std::mutex mutex;
  std::vector<std::shared_ptr<Listener>> listeners;  // Guarded by mutex.
  std::atomic<std::size_t> next_lane{0};
};

HttpServer::HttpServer(LaneGroup& lanes, HttpHandler& handler, HttpOptions options)
    : impl_(new Impl{lanes, nullptr, {}, {}, {}, {}}) {
  impl_->shared = std::shared_ptr<HttpShared>(new HttpShared{handler, std::move(options), {}, {}});
  impl_->shared->max_connections = impl_->shared->options.limits.max_connections;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    impl_->http_lanes.push_back(std::make_shared<HttpLane>(lanes[i], impl_->shared));
  }
}

HttpServer::~HttpServer() {
  // Acceptors first; the second round then comes behind every connection they handed over.
  if (impl_->lanes.running()) {
    impl_->stop_listening();
    impl_->lanes.run_on_all([](Lane&) {});
    impl_->lanes.run_on_all([this](Lane& lane) { impl_->http_lanes[lane.lane_index()]->shut(); });
    // What was closed is destroyed at the end of that turn.
    impl_->lanes.run_on_all([](Lane&) {});
  } else {
    for (auto& listener : impl_->listeners) listener->acceptor.reset();
    for (auto& lane : impl_->http_lanes) lane->shut();
  }
}

Result<Listening> HttpServer::listen(ListenOptions options) {
  auto bound = bind_listener(options.address, options.unix_mode);
  if (!bound) return std::move(bound).error();
  Impl& my = *impl_;
  const std::lock_guard lock(my.mutex);
  Listening result{static_cast<int>(my.listeners.size()), bound->address, bound->port};
  auto listener = std::make_shared<Impl::Listener>();
  listener->lane = &my.lanes[my.listeners.size() % my.lanes.size()];
  listener->acceptor =
      std::make_unique<Acceptor>(*listener->lane, std::move(*bound),
                                 [this, tls = std::move(options.tls), id = result.listener](int fd, Peer peer) {
                                   impl_->arrive(fd, std::move(peer), tls, id);
                                 });
  my.listeners.push_back(listener);
  listener->lane->post([listener] {
    if (listener->acceptor) listener->acceptor->start();
  });
  log::info("net.listening", {{"address", result.address}, {"listener", result.listener}});
  return result;
}

void HttpServer::Impl::arrive(int fd, Peer peer, const std::shared_ptr<TlsContext>& tls, int listener) {
  const bool full = shared->open.load(std::memory_order_relaxed) >= shared->max_connections;
  if (!full) shared->open.fetch_add(1, std::memory_order_relaxed);
  auto& target = http_lanes[next_lane.fetch_add(1, std::memory_order_relaxed) % http_lanes.size()];
  HttpLane::Arrival arrival{fd, std::move(peer), tls, listener, full};
  if (target->lane().on_lane()) return target->adopt(std::move(arrival));
  target->lane().post([target, arrival = std::move(arrival)]() mutable { target->adopt(std::move(arrival)); });
}

void HttpServer::Impl::stop_listening() {
  const std::lock_guard lock(mutex);
  for (auto& listener : listeners) {
    listener->lane->post([listener] { listener->acceptor.reset(); });
  }
}

void HttpServer::set_limits(const HttpLimits& limits) {
  impl_->shared->max_connections = limits.max_connections;
  impl_->shared->bodies.set_limit(limits.max_buffered_bytes);
  for (auto& lane : impl_->http_lanes) {
    lane->lane().post([lane, limits] { lane->set_limits(limits); });
  }
}

void HttpServer::drain(std::int64_t deadline_mono_ms, std::function<void()> done) {
  impl_->stop_listening();
  auto call = std::shared_ptr<DrainCall>(new DrainCall{impl_->http_lanes.size(), std::move(done)});
  for (auto& lane : impl_->http_lanes) {
    lane->lane().post([lane, call, deadline_mono_ms] { lane->drain(deadline_mono_ms, call); });
  }
}

HttpStats HttpServer::stats() const {
  HttpStats sum;
  sum.buffered_bytes = impl_->shared->bodies.used();
  for (const auto& lane : impl_->http_lanes) {
    const HttpCounters& from = lane->counters();
    sum.connections += from.connections.get();
    sum.parked += from.parked.get();
    sum.accepted += from.accepted.get();
    sum.requests += from.requests.get();
    sum.aborted += from.aborted.get();
    sum.bytes_in += from.bytes_in.get();
    sum.bytes_out += from.bytes_out.get();
    for (std::size_t i = 0; i < kRejectReasons; ++i) sum.rejected[i] += from.rejected[i].get();
  }
  return sum;
}

}  // namespace switchyard::net
