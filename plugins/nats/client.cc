#include "plugins/nats/client.h"

#include <utility>

#include "plugins/nats/nonce.h"
#include "plugins/nats/subjects.h"
#include "plugins/nats/wire_writer.h"

namespace switchyard::nats {
namespace {

// A publisher whose messages go to somebody who is behind waits so long after each read.
constexpr std::uint32_t kSlowDownMs = 5;

}  // namespace

// ---- life --------------------------------------------------------------------------------------

Client::Client(Lane& lane, sw_conn* connection, std::string_view peer)
    : lane_(lane), connection_(connection), id_(lane.next_client_id()), peer_(peer), limits_(lane.limits) {
  lane_.clients.insert(this);
}

Client::~Client() = default;

void Client::open() {
  const auto& settings = lane_.service.settings();
  if (lane_.service.connections.fetch_add(1, std::memory_order_relaxed) >= settings.max_connections) {
    return refuse(ErrorKind::max_connections);
  }
  if (lane_.service.counters().connections != nullptr) {
    lane_.host.metrics->add(lane_.service.counters().connections, 1);
  }
  nonce_ = make_nonce().value_or("");
  say_info(false);
  if (open_to_all()) {
    Login nobody;
    nobody.tenant.name = "anonymous";
    enter(std::move(nobody));
  } else {
    auth_timer_ = lane_.host.clock->start(lane_.host.host, settings.auth_timeout_ms, fire<&Client::auth_due>, this);
  }
  ping_timer_ = lane_.host.clock->start(lane_.host.host, settings.ping_interval_ms, fire<&Client::ping_due>, this);
}

void Client::closed() {
  ended_ = true;
  const auto& host = lane_.host;
  for (auto* timer : {&ping_timer_, &auth_timer_, &end_timer_, &resume_timer_, &write_timer_}) {
    if (*timer != 0) host.clock->cancel(host.host, std::exchange(*timer, 0));
  }
  for (const auto& [sid, subscription] : subscriptions_) host.bus->unsubscribe(host.host, subscription->handle);
  subscriptions_.clear();
  if (publisher_ != nullptr) host.bus->release(host.host, std::exchange(publisher_, nullptr));
  lane_.clients.erase(this);
  lane_.service.connections.fetch_sub(1, std::memory_order_relaxed);
  release();
}

void Client::release() {
  if (--references_ == 0) delete this;
}

void Client::drain() {
  if (connected_ && options_.protocol >= 1) say_info(true);
}

// ---- in ----------------------------------------------------------------------------------------

std::size_t Client::data(std::string_view bytes, std::size_t& wanted) {
  std::size_t taken = 0;
  lane_.slowed = false;
  for (Op op; taken < bytes.size() && !ended_ && pauses_ == 0;) {
    const auto step = next(bytes.substr(taken), limits_, op);
    if (step == Step::need_more) {
      wanted = op.wanted;
      break;
    }
    if (step == Step::error) {
      refuse(op.error);
      break;
    }
    taken += op.size;
    perform(op);
  }
  lane_.count();
  if (lane_.slowed && !ended_) slow_down(kSlowDownMs);
  return ended_ ? bytes.size() : taken;
}

void Client::perform(const Op& op) {
  switch (op.kind) {
    case OpKind::pub:
    case OpKind::hpub:
      if (admitted()) publish(op);
      return;
    case OpKind::sub:
      if (admitted()) subscribe(op);
      return;
    case OpKind::unsub:
      if (admitted()) unsubscribe(op);
      return;
    case OpKind::ping:
      return ping();
    case OpKind::pong:
      pings_out_ = 0;
      return;
    case OpKind::connect:
      return connect(op.argument);
    case OpKind::info:
    case OpKind::ok:
    case OpKind::none:
      return;
  }
}

bool Client::admitted() {
  if (ns_ != nullptr) return true;
  refuse(ErrorKind::authorization_violation);
  return false;
}

void Client::connect(std::string_view json) {
  if (!decode_connect(json, options_)) return refuse(ErrorKind::bad_connect);
  if (options_.protocol != 0 && options_.protocol != 1) return refuse(ErrorKind::bad_client_protocol);
  if (options_.no_responders && !options_.headers) return refuse(ErrorKind::no_responders_requires_headers);
  if (!connected_ && !log_in()) return;
  connected_ = true;
  acknowledge();
}

// ---- publish and subscribe ---------------------------------------------------------------------

void Client::publish(const Op& op) {
  const auto& host = lane_.host;
  ++lane_.in_messages;
  lane_.in_bytes += op.payload.size();
  if (op.kind == OpKind::hpub && connected_ && !options_.headers) return refuse(ErrorKind::headers_not_supported);
  const bool permitted = !is_reserved_publish(op.subject) &&
                         (!permissions_ || permissions_->may_publish(op.subject, host.clock->mono_ms(host.host)));
  if (!permitted) {
    lane_.text.clear();
    append_publish_violation(lane_.text, op.subject);
    return say(lane_.text);
  }
  if (!op.reply.empty() && is_reserved_reply(op.reply)) {
    lane_.text.clear();
    append_reply_violation(lane_.text, op.reply);
    return say(lane_.text);
  }
  if (options_.pedantic && !is_publishable(op.subject)) say("-ERR 'Invalid Publish Subject'\r\n");
  std::uint32_t receivers = 0;
  if (is_routable(op.subject)) {
    sw_bus_message message{};
    message.size = sizeof message;
    message.subject = to_str(op.subject);
    message.reply = to_str(op.reply);
    message.headers = to_bytes(op.payload.substr(0, op.header_size));
    message.body = to_bytes(op.payload.substr(op.header_size));
    const auto status = host.bus->publish(host.host, publisher_, &message, options_.echo ? 0 : id_, &receivers);
    if (status == SW_BUSY) {
      pause();
      ++references_;
      host.bus->ready(host.host, fire<&Client::bus_ready>, this);
    }
  }
  if (ended_) return;
  if (receivers == 0 && !op.reply.empty() && options_.no_responders) tell_no_responders(op);
  acknowledge();
}

void Client::bus_ready() {
  if (!ended_) resume();
  release();
}

// Only to a client that listens for the answer: nobody else could know what it is about.
void Client::tell_no_responders(const Op& op) {
  for (const auto& [sid, subscription] : subscriptions_) {
    if (!matches(subscription->subject, op.reply)) continue;
    lane_.text.clear();
    append_no_responders(lane_.text, op.reply, sid, op.subject);
    return say(lane_.text);
  }
}

void Client::subscribe(const Op& op) {
  const auto& host = lane_.host;
  if (!is_pattern(op.subject) || (!op.queue.empty() && !is_pattern(op.queue))) {
    return refuse(ErrorKind::invalid_subject);
  }
  const bool permitted =
      op.queue != kReservedQueue && (!permissions_ || permissions_->may_subscribe(op.subject, op.queue));
  if (!permitted) {
    lane_.text.clear();
    append_subscription_violation(lane_.text, op.subject, op.queue);
    return say(lane_.text);
  }
  // The first one of a sid stays.
  if (subscriptions_.contains(op.sid)) return acknowledge();
  const auto most = lane_.service.settings().max_subscriptions;
  if (most != 0 && subscriptions_.size() >= most) return refuse(ErrorKind::max_subscriptions);
  auto made = std::make_unique<Subscription>();
  made->client = this;
  made->sid = op.sid;
  made->subject = op.subject;
  made->queue = op.queue;
  made->filtered = permissions_ && permissions_->needs_filter(op.subject, op.queue);
  const auto status = host.bus->subscribe(host.host, ns_, to_str(op.subject), to_str(op.queue), id_, deliver,
                                          made.get(), &made->handle);
  if (status != SW_OK) return refuse(ErrorKind::invalid_subject);
  interest_changed_ = true;
  const std::string_view key = made->sid;
  subscriptions_.emplace(key, std::move(made));
  acknowledge();
}

void Client::unsubscribe(const Op& op) {
  const auto it = subscriptions_.find(op.sid);
  if (it != subscriptions_.end()) {
    auto& subscription = *it->second;
    subscription.max = op.max_messages;
    if (subscription.max <= subscription.delivered) return leave(subscription);
  }
  acknowledge();
}

// What was published on another lane before the client knew that it was, is on its way here: it comes first, as it
// does where there is one lane.
void Client::leave(Subscription& subscription) {
  const auto& host = lane_.host;
  if (host.host->lanes == 1) {
    remove(subscription);
    return acknowledge();
  }
  leaving_ = &subscription;
  pause();
  ++references_;
  host.clock->post(
      host.host, lane_.index, [](void* user, void*) { static_cast<Client*>(user)->left(); }, this);
}

void Client::left() {
  if (!ended_) {
    if (leaving_ != nullptr) remove(*leaving_);
    acknowledge();
    resume();
  }
  release();
}

void Client::remove(Subscription& subscription) {
  interest_changed_ = true;
  if (leaving_ == &subscription) leaving_ = nullptr;
  lane_.host.bus->unsubscribe(lane_.host.host, subscription.handle);
  subscriptions_.erase(subscription.sid);
}

void Client::ping() {
  if (!interest_changed_) return say(kPong);
  interest_changed_ = false;
  pause();
  ++references_;
  lane_.host.bus->settled(lane_.host.host, fire<&Client::settled>, this);
}

void Client::settled() {
  if (!ended_) {
    say(kPong);
    resume();
  }
  release();
}

// ---- waiting -----------------------------------------------------------------------------------

void Client::pause() {
  if (pauses_++ == 0) lane_.host.listen->pause(connection_, 1);
}

void Client::resume() {
  if (--pauses_ == 0) lane_.host.listen->pause(connection_, 0);
}

void Client::slow_down(std::uint32_t ms) {
  if (resume_timer_ != 0) return;
  pause();
  resume_timer_ = lane_.host.clock->start(lane_.host.host, ms, fire<&Client::resume_due>, this);
}

void Client::resume_due() {
  resume_timer_ = 0;
  resume();
}

void Client::auth_due() {
  auth_timer_ = 0;
  if (ns_ == nullptr) refuse(ErrorKind::authentication_timeout);
}

void Client::ping_due() {
  const auto& settings = lane_.service.settings();
  ping_timer_ = 0;
  if (ended_) return;
  if (pings_out_ >= settings.ping_max) return refuse(ErrorKind::stale_connection);
  ++pings_out_;
  say(kPing);
  ping_timer_ = lane_.host.clock->start(lane_.host.host, settings.ping_interval_ms, fire<&Client::ping_due>, this);
}

}  // namespace switchyard::nats
