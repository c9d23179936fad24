#include "kernel/plugin/account_convert.h"

#include "kernel/plugin/convert.h"

namespace switchyard::plugin {
namespace {

static_assert(account::kServiceSqs == SW_SERVICE_SQS && account::kServiceSns == SW_SERVICE_SNS);

constexpr std::uint32_t kServices = SW_SERVICE_SQS | SW_SERVICE_SNS;

template <class T>
bool complete(const T* given) {
  return given != nullptr && given->size >= sizeof(T);
}

Error too_small() { return Error{Code::invalid, "the struct is absent or smaller than this revision of the ABI"}; }

account::LimitOverrides overrides(const sw_limits& limits) {
  const auto own = [&limits](std::uint32_t flag, std::uint64_t value) {
    return (limits.set & flag) != 0 ? std::optional(value) : std::nullopt;
  };
  return {own(SW_LIMIT_MESSAGE_BYTES, limits.max_message_bytes), own(SW_LIMIT_STORED_BYTES, limits.max_stored_bytes),
          own(SW_LIMIT_REQUESTS, limits.requests_per_second), own(SW_LIMIT_CONNECTIONS, limits.max_connections)};
}

std::uint32_t own_limits(const account::LimitOverrides& limits) {
  return (limits.max_message_bytes ? SW_LIMIT_MESSAGE_BYTES : 0) |
         (limits.max_stored_bytes ? SW_LIMIT_STORED_BYTES : 0) | (limits.requests_per_second ? SW_LIMIT_REQUESTS : 0) |
         (limits.max_connections ? SW_LIMIT_CONNECTIONS : 0);
}

}  // namespace

void account_out(const account::Namespace& ns, const account::LimitDefaults& defaults, AccountOut& out) {
  const auto limits = account::effective_limits(ns, defaults);
  out.limits = {sizeof(sw_limits),       own_limits(ns.limits),      limits.max_message_bytes,
                limits.max_stored_bytes, limits.requests_per_second, limits.max_connections};
  const bool declared = ns.origin != account::Origin::control;
  out.account = {sizeof(sw_account),
                 declared ? SW_ACCOUNT_DECLARED : 0,
                 str(ns.id),
                 str(ns.name),
                 str(account::protocol_name(ns.protocol)),
                 str(account::style_name(ns.style)),
                 str(ns.owner),
                 str(ns.project_id),
                 str(ns.region),
                 ns.services,
                 0,
                 ns.created_ns,
                 ns.updated_ns,
                 ns.sqs_times.created_ns,
                 ns.sqs_times.updated_ns,
                 ns.sns_times.created_ns,
                 ns.sns_times.updated_ns,
                 &out.limits};
}

sw_credential credential_out(const account::Credential& credential) {
  return {sizeof(sw_credential),    credential.permissions, credential.services,          0,
          str(credential.id),       str(credential.name),   str(credential.namespace_id), str(credential.access_key),
          str(credential.checksum), credential.created_ns,  credential.updated_ns,        credential.expires_ms};
}

Result<account::NewNamespace> read_wish(const sw_account_wish* wish) {
  if (!complete(wish)) return too_small();
  const auto protocol = account::parse_protocol(view(wish->protocol));
  if (!protocol) {
    return Error{Code::invalid, "there is no protocol '" + std::string(view(wish->protocol).substr(0, 40)) + "'"};
  }
  account::NewNamespace wanted;
  wanted.name = view(wish->name);
  wanted.protocol = *protocol;
  wanted.project_id = view(wish->project_id);
  wanted.region = view(wish->region);
  return wanted;
}

Result<account::NamespaceChange> read_change(const sw_account_change* change) {
  if (!complete(change)) return too_small();
  account::NamespaceChange out;
  if ((change->flags & SW_CHANGE_NAME) != 0) out.name = view(change->name);
  if ((change->flags & SW_CHANGE_LIMITS) != 0) {
    if (!complete(change->limits)) return too_small();
    if ((change->limits->set & SW_LIMIT_MESSAGE_BYTES) != 0 && change->limits->max_message_bytes == 0) {
      return Error{Code::invalid, "max_message_bytes 0 would allow no message; give at least 1"};
    }
    out.limits = overrides(*change->limits);
  }
  return out;
}

Result<account::CredentialWish> read_wish(const sw_credential_wish* wish) {
  if (!complete(wish)) return too_small();
  if ((wish->services & ~kServices) != 0) return Error{Code::invalid, "the credential is for an unknown service"};
  return account::CredentialWish{std::string(view(wish->account_id)), std::string(view(wish->name)), wish->permissions,
                                 static_cast<std::uint8_t>(wish->services), wish->expires_ms};
}

Result<account::CredentialChange> read_change(const sw_credential_change* change) {
  if (!complete(change)) return too_small();
  account::CredentialChange out;
  if ((change->flags & SW_CHANGE_NAME) != 0) out.name = view(change->name);
  if ((change->flags & SW_CHANGE_PERMISSIONS) != 0) out.permissions = change->permissions;
  if ((change->flags & SW_CHANGE_EXPIRY) != 0) out.expires_ms = change->expires_ms;
  return out;
}

}  // namespace switchyard::plugin
