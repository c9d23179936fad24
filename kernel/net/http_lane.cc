#include "kernel/net/http_lane.h"

#include <unistd.h>

#include <utility>

#include "kernel/net/http_connection.h"
#include "kernel/net/http_writer.h"

namespace switchyard::net {
namespace {

constexpr std::size_t kPooled = 128;              // Per lane; each scratch at rest holds about 9 KiB.
constexpr std::size_t kPooledOutput = 16 * 1024;  // Larger answers give their memory back.
constexpr std::int64_t kLingerMs = 2'000;
constexpr std::size_t kMaxRefusedOpen = 64;  // Beyond it a refused client is just closed.

}  // namespace

HttpLane::HttpLane(Lane& lane, std::shared_ptr<HttpShared> shared)
    : lane_(lane), shared_(std::move(shared)), limits_(shared_->options.limits) {
  const auto expire = [](DeadlineNode& node) { static_cast<HttpConnection&>(node).on_deadline(); };
  const std::int64_t limits_ms[] = {limits_.header_timeout_ms, limits_.body_timeout_ms, limits_.idle_timeout_ms,
                                    limits_.write_timeout_ms, kLingerMs};
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    queues_[i] = std::make_unique<DeadlineQueue>(lane_, limits_ms[i], expire);
  }
}

HttpLane::~HttpLane() = default;

void HttpLane::set_limits(const HttpLimits& limits) {
  limits_ = limits;
  queue(Limit::head).set_limit_ms(limits.header_timeout_ms);
  queue(Limit::body).set_limit_ms(limits.body_timeout_ms);
  queue(Limit::idle).set_limit_ms(limits.idle_timeout_ms);
  queue(Limit::write).set_limit_ms(limits.write_timeout_ms);
}

std::uint32_t HttpLane::take_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void HttpLane::adopt(Arrival arrival) {
  counters_.accepted.add(1);
  const bool refuse = arrival.refuse;
  if (shut_ || draining_ || (refuse && refused_open_ >= kMaxRefusedOpen)) {
    if (refuse)
      counters_.reject(Reject::too_many_connections);
    else
      shared_->open.fetch_sub(1, std::memory_order_relaxed);
    ::close(arrival.fd);
    return;
  }
  const std::uint32_t slot = take_slot();
  slots_[slot].connection = std::make_unique<HttpConnection>(*this, slot, std::move(arrival));
  ++open_;
  if (refuse) ++refused_open_;
  counters_.connections.add(1);
  HttpConnection& connection = *slots_[slot].connection;
  refuse ? connection.refuse() : connection.start();
}

void HttpLane::retire(std::uint32_t slot) {
  if (retired_.empty()) {
    lane_.at_turn_end([self = shared_from_this()] { self->retired_.clear(); });
  }
  auto& connection = slots_[slot].connection;
  if (connection->refused())
    --refused_open_;
  else
    shared_->open.fetch_sub(1, std::memory_order_relaxed);
  retired_.push_back(std::move(connection));
  ++slots_[slot].generation;
  free_slots_.push_back(slot);
  --open_;
  counters_.connections.sub(1);
  check_drained();
}

HttpExchange HttpLane::begin_request(std::uint32_t slot) { return {this, slot, ++slots_[slot].generation}; }

HttpConnection* HttpLane::find(std::uint32_t slot, std::uint32_t generation) {
  if (slot >= slots_.size() || slots_[slot].generation != generation) return nullptr;
  return slots_[slot].connection.get();
}

void HttpLane::resume_later(std::uint32_t slot) {
  // Between requests the generation changes only when the connection goes or the next one begins.
  lane_.post([self = shared_from_this(), slot, generation = slots_[slot].generation] {
    if (auto* connection = self->find(slot, generation)) connection->resume();
  });
}

std::string_view HttpLane::date() {
  const std::int64_t now_s = lane_.clock().wall_ms() / 1000;
  if (now_s != date_s_) {
    date_s_ = now_s;
    date_ = http_date(now_s);
  }
  return date_;
}

std::unique_ptr<RequestScratch> HttpLane::take_scratch() {
  if (scratches_.empty()) return std::make_unique<RequestScratch>();
  auto scratch = std::move(scratches_.back());
  scratches_.pop_back();
  return scratch;
}

void HttpLane::give_scratch(std::unique_ptr<RequestScratch> scratch) {
  if (scratches_.size() >= kPooled) return;
  scratch->arena.reset();
  scratch->parser.trim();
  scratches_.push_back(std::move(scratch));
}

std::string HttpLane::take_output() {
  if (outputs_.empty()) {
    std::string output;
    output.reserve(1024);
    return output;
  }
  auto output = std::move(outputs_.back());
  outputs_.pop_back();
  return output;
}

void HttpLane::give_output(std::string output) {
  if (outputs_.size() >= kPooled || output.capacity() > kPooledOutput) return;
  output.clear();
  outputs_.push_back(std::move(output));
}

// By index: a visited connection may close, and its slot is free then, not gone.
void HttpLane::for_each(const std::function<void(HttpConnection&)>& visit) {
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].connection) visit(*slots_[slot].connection);
  }
}

void HttpLane::cut_all() {
  for_each([](HttpConnection& connection) { connection.cut(); });
}

void HttpLane::drain(std::int64_t deadline_mono_ms, std::shared_ptr<DrainCall> call) {
  drain_calls_.push_back(std::move(call));
  if (shut_) return check_drained();
  const bool first = !std::exchange(draining_, true);
  if (first || deadline_mono_ms < drain_deadline_ms_) {
    drain_deadline_ms_ = deadline_mono_ms;
    if (drain_timer_ != 0) lane_.cancel(drain_timer_);
    drain_timer_ = lane_.call_at(deadline_mono_ms, [this] {
      drain_timer_ = 0;
      cut_all();
    });
  }
  if (first) for_each([](HttpConnection& connection) { connection.begin_drain(); });
  check_drained();
}

void HttpLane::check_drained() {
  if (open_ != 0 || drain_calls_.empty()) return;
  if (drain_timer_ != 0) lane_.cancel(std::exchange(drain_timer_, 0));
  for (auto& call : std::exchange(drain_calls_, {})) {
    if (call->lanes_left.fetch_sub(1, std::memory_order_acq_rel) == 1 && call->done) call->done();
  }
}

void HttpLane::shut() {
  if (std::exchange(shut_, true)) return;
  cut_all();
  if (drain_timer_ != 0) lane_.cancel(std::exchange(drain_timer_, 0));
  for (auto& queue : queues_) queue.reset();
}

}  // namespace switchyard::net
