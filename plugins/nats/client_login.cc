// Client: who it is, and how long that holds.
#include <algorithm>
#include <utility>

#include "plugins/nats/client.h"
#include "plugins/nats/host_directory.h"
#include "plugins/nats/wire_writer.h"
#include "plugins/nats/zones.h"

namespace switchyard::nats {
namespace {

const SystemZones kZones;

PermissionSpec spec_of(const PermissionClaims& claims) {
  PermissionSpec spec;
  if (!claims.publish.allow.empty() || claims.publish.allow_nothing) spec.publish_allow = claims.publish.allow;
  spec.publish_deny = claims.publish.deny;
  spec.subscribe_allow = claims.subscribe.allow;
  spec.subscribe_deny = claims.subscribe.deny;
  if (claims.response) {
    const auto ttl_ns = claims.response->ttl_ns;
    spec.responses = ResponseRule{claims.response->max_messages, ttl_ns < 0 ? ttl_ns : ttl_ns / 1'000'000};
  }
  return spec;
}

ErrorKind kind_of(std::string_view text) {
  for (const auto& row : kErrors) {
    if (row.text == text) return row.kind;
  }
  return ErrorKind::authorization_violation;
}

}  // namespace

bool Client::open_to_all() const {
  const sw_principal* principal = nullptr;
  return lane_.host.auth->anonymous(lane_.host.host, &principal) == SW_OK;
}

// Its rules are rebuilt for each login: whether there is an anonymous namespace may change while running.
AuthRules Client::rules() const {
  AuthRules rules;
  if (open_to_all()) rules.anonymous = Tenant{Tenant::Kind::account, "anonymous"};
  return rules;
}

bool Client::log_in() {
  const auto& host = lane_.host;
  const HostDirectory directory(host);
  const auto all = rules();
  ConnectCredentials sent;
  sent.user = options_.user;
  sent.password = options_.pass;
  sent.token = options_.auth_token;
  sent.nkey = options_.nkey;
  sent.jwt = options_.jwt;
  sent.signature = options_.sig;
  sent.nonce = nonce_;
  sent.client_address = address();
  sent.now_s = host.clock->wall_ms(host.host) / 1000;
  auto outcome = Authenticator(all, &directory, &kZones).authenticate(sent);
  if (auto* login = std::get_if<Login>(&outcome)) return enter(std::move(*login));
  const auto* refusal = std::get_if<Refusal>(&outcome);
  note_refusal(describe(refusal != nullptr ? refusal->reason : RefusalReason::unsupported));
  refuse(ErrorKind::authorization_violation);
  return false;
}

void Client::note_refusal(std::string_view why) {
  const auto& host = lane_.host;
  if (host.log == nullptr || host.log->enabled(host.host, SW_LOG_INFO) == 0) return;
  const sw_pair fields[] = {{to_str("peer"), to_str(peer_)}, {to_str("why"), to_str(why)}};
  host.log->write(host.host, SW_LOG_INFO, to_str("nats.login_refused"), fields, 2);
}

bool Client::enter(Login login) {
  const auto& host = lane_.host;
  sw_namespace* ns = nullptr;
  if (login.tenant.kind == Tenant::Kind::namespace_) {
    const sw_namespace_info* info = nullptr;
    if (host.auth->find_namespace(host.host, to_str(login.tenant.name), &ns, &info) != SW_OK) ns = nullptr;
  } else {
    const sw_principal* principal = nullptr;
    if (host.auth->anonymous(host.host, &principal) == SW_OK) ns = principal->ns;
  }
  std::string why;
  const auto compiled = login.permissions.empty() ? nullptr : PermissionRules::make(spec_of(login.permissions), why);
  const bool good = ns != nullptr && (login.permissions.empty() || compiled != nullptr) && move_to(ns);
  if (!good) {
    note_refusal(why.empty() ? "its namespace is gone" : why);
    refuse(ErrorKind::authorization_violation);
    return false;
  }
  permissions_.reset();
  if (compiled) permissions_.emplace(compiled);
  limits_ = lane_.limits;
  if (login.limits.payload >= 0) {
    limits_.max_payload = static_cast<std::uint32_t>(std::min<std::int64_t>(limits_.max_payload, login.limits.payload));
  }
  login_ = std::move(login);
  if (auth_timer_ != 0) host.clock->cancel(host.host, std::exchange(auth_timer_, 0));
  watch_the_end();
  return true;
}

// What it subscribed to before it said who it is was of another namespace.
bool Client::move_to(sw_namespace* ns) {
  const auto& host = lane_.host;
  if (ns_ == ns) return true;
  sw_publisher* publisher = nullptr;
  if (host.bus->publisher(host.host, ns, &publisher) != SW_OK) return false;
  for (const auto& [sid, subscription] : subscriptions_) host.bus->unsubscribe(host.host, subscription->handle);
  subscriptions_.clear();
  if (publisher_ != nullptr) host.bus->release(host.host, publisher_);
  publisher_ = publisher;
  ns_ = ns;
  return true;
}

void Client::watch_the_end() {
  const auto& host = lane_.host;
  if (end_timer_ != 0) host.clock->cancel(host.host, std::exchange(end_timer_, 0));
  const auto ends_s = Authenticator::ends_by_itself_s(login_);
  if (ends_s == 0) return;
  // A day at a time: a timer counts in 32 bits, and the wall clock may step.
  const auto left_ms = ends_s * 1000 - host.clock->wall_ms(host.host);
  const auto wait_ms = std::clamp<std::int64_t>(left_ms, 1, 86'400'000);
  end_timer_ = host.clock->start(host.host, static_cast<std::uint32_t>(wait_ms), fire<&Client::end_due>, this);
}

void Client::end_due() {
  end_timer_ = 0;
  if (!still_good()) return;
  watch_the_end();
}

bool Client::still_good() {
  const auto& host = lane_.host;
  const HostDirectory directory(host);
  const auto all = rules();
  const auto now_s = host.clock->wall_ms(host.host) / 1000;
  const auto over = Authenticator(all, &directory, &kZones).ended(login_, now_s);
  if (!over) return true;
  refuse(kind_of(over->error_text));
  return false;
}

void Client::credential_changed(std::string_view id) {
  if (!ended_ && !login_.credential_id.empty() && login_.credential_id == id) still_good();
}

}  // namespace switchyard::nats
