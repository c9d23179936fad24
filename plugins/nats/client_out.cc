// Client: what leaves for it.
#include <array>
#include <utility>

#include "plugins/nats/client.h"
#include "plugins/nats/wire_writer.h"

namespace switchyard::nats {

std::int32_t Client::deliver(void* user, const sw_bus_message* message) {
  auto& subscription = *static_cast<Subscription*>(user);
  return subscription.client->deliver(subscription, *message) ? 1 : 0;
}

bool Client::deliver(Subscription& subscription, const sw_bus_message& message) {
  if (ended_) return false;
  const auto subject = view(message.subject), reply = view(message.reply);
  if (subscription.filtered && !permissions_->may_deliver(subject, subscription.queue)) return false;
  const bool headed = message.headers.len != 0 && options_.headers;
  const auto body_size = static_cast<std::uint32_t>(message.body.len);
  const auto header_size = static_cast<std::uint32_t>(message.headers.len);
  const auto sizes = headed ? SizeText(header_size, header_size + body_size) : SizeText(body_size);
  const auto room = max_head_size(subject.size(), subscription.sid.size(), reply.size());
  if (lane_.head.size() < room) lane_.head.resize(room);
  const char* const end = write_head(lane_.head.data(), subject, subscription.sid, reply, sizes);
  const sw_bytes none{nullptr, 0};
  const std::array parts{to_bytes({lane_.head.data(), static_cast<std::size_t>(end - lane_.head.data())}),
                         headed ? message.headers : none, message.body, to_bytes(kLineEnd)};
  if (!write(parts.data(), parts.size())) return false;
  ++lane_.out_messages;
  lane_.out_bytes += message.body.len + (headed ? message.headers.len : 0);
  if (!reply.empty() && permissions_ && permissions_->tracks_requests()) {
    permissions_->note_request(reply, lane_.host.clock->mono_ms(lane_.host.host));
  }
  ++subscription.delivered;
  if (subscription.delivered == subscription.max) remove(subscription);
  return true;
}

bool Client::write(const sw_bytes* parts, std::size_t n) {
  const auto& host = lane_.host;
  const auto status = host.listen->write(connection_, parts, n);
  if (status == SW_OK) return true;
  if (status == SW_BUSY) {
    lane_.slowed = true;
    if (write_timer_ == 0) {
      queued_before_ = host.listen->queued(connection_);
      write_timer_ =
          host.clock->start(host.host, lane_.service.settings().write_deadline_ms, fire<&Client::write_due>, this);
    }
    return true;
  }
  if (status == SW_QUOTA) end(CloseReason::slow_consumer_pending_bytes);
  return false;
}

// Nobody publishes to it faster than it reads for ever: when what is queued has grown all the time, it took next to
// nothing.
void Client::write_due() {
  write_timer_ = 0;
  const auto& host = lane_.host;
  const auto queued = host.listen->queued(connection_);
  if (queued == 0 || ended_) return;
  if (queued >= queued_before_ && blocked_) return end(CloseReason::slow_consumer_write_deadline);
  queued_before_ = queued;
  blocked_ = true;
  write_timer_ =
      host.clock->start(host.host, lane_.service.settings().write_deadline_ms, fire<&Client::write_due>, this);
}

void Client::writable() { blocked_ = false; }

void Client::say(std::string_view text) {
  if (ended_) return;
  const auto bytes = to_bytes(text);
  write(&bytes, 1);
}

void Client::refuse(ErrorKind kind) {
  const auto& row = error_row(kind);
  lane_.text.clear();
  append_error(lane_.text, kind);
  if (!lane_.text.empty()) say(lane_.text);
  if (row.closes) end(row.reason);
}

void Client::end(CloseReason reason) {
  if (std::exchange(ended_, true)) return;
  reason_ = reason;
  const auto& host = lane_.host;
  const bool slow =
      reason == CloseReason::slow_consumer_pending_bytes || reason == CloseReason::slow_consumer_write_deadline;
  if (slow && host.metrics != nullptr) host.metrics->add(lane_.service.counters().slow_consumers, 1);
  if (host.log != nullptr && host.log->enabled(host.host, slow ? SW_LOG_WARN : SW_LOG_DEBUG) != 0) {
    const std::string id = std::to_string(id_);
    const sw_pair fields[] = {{to_str("client"), to_str(id)},
                              {to_str("peer"), to_str(peer_)},
                              {to_str("name"), to_str(options_.name)},
                              {to_str("why"), to_str(reason_text(reason))}};
    host.log->write(host.host, slow ? SW_LOG_WARN : SW_LOG_DEBUG, to_str("nats.closed"), fields, 4);
  }
  host.listen->close(connection_, slow ? 1 : 0);
}

// Without the port.
std::string_view Client::address() const {
  const std::string_view peer = peer_;
  auto address = peer.substr(0, peer.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return address;
}

void Client::say_info(bool lame_duck) {
  const auto& service = lane_.service;
  ServerInfo info;
  info.server_id = service.server_id();
  info.server_name = service.server_name();
  info.version = kReportedVersion;
  info.host = service.listen_host();
  info.port = service.listen_port();
  info.max_payload = service.settings().max_payload;
  info.client_id = id_;
  info.client_ip = address();
  info.nonce = nonce_;
  info.auth_required = !open_to_all();
  info.lame_duck = lame_duck;
  lane_.text.clear();
  append_info(lane_.text, info);
  say(lane_.text);
}

}  // namespace switchyard::nats
