// What authentication answers: who logged in, with which rights and for how long, or why not.
//
// Thread: plain values.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nats/claims.h"
#include "plugins/nats/permission_claims.h"

namespace switchyard::nats {

// Where the subjects of a login live.
struct Tenant {
  enum class Kind : std::uint8_t { account, namespace_ };
  Kind kind = Kind::account;
  std::string name;  // Of the account of the configuration or the operator, or the host's id of the namespace.

  bool operator==(const Tenant&) const = default;
};

enum class LoginMethod : std::uint8_t {
  anonymous,
  user,         // One of several, by password or as no_auth_user.
  certificate,  // One of several, found by its TLS certificate.
  nkey,
  token,
  single_user,
  account_jwt,    // Of an account that a trusted operator signed.
  namespace_jwt,  // Of a namespace of the directory.
};

struct LoginLimits {
  // Of the connection; the stricter of the user's and the account's.
  std::int64_t subscriptions = kNoLimit, payload = kNoLimit, data = kNoLimit;
  std::int64_t account_connections = kNoLimit;
};

struct Login {
  LoginMethod method = LoginMethod::anonymous;
  Tenant tenant;
  std::string user;          // User name, public nkey; empty for anonymous and token.
  std::string display_name;  // For people: the name in the claims, else the user.
  // As they are to be enforced: the response rule is complete.
  PermissionClaims permissions;
  LoginLimits limits;
  std::int64_t expires_s = 0;          // "User Authentication Expired"; 0 = never.
  std::int64_t account_expires_s = 0;  // "Account Authentication Expired".

  // Of JWT logins.
  std::string account_key, issuer_key;
  std::string credential_id;  // The host's, of a namespace_jwt.
  std::int64_t issued_s = 0;
  std::vector<std::string> tags;
  // The account as it was; its present claims are those of the rules.
  std::shared_ptr<const AccountClaims> account;
  // Changes with what the configuration or the directory says of the user.
  std::size_t rule_print = 0;
};

enum class RefusalReason : std::uint8_t {
  no_credentials,
  unknown_user,
  unknown_account,
  bad_jwt,  // Not one, or not signed by its issuer.
  bad_password,
  bad_signature,  // Of the nonce.
  certificate_required,
  connection_type,
  unknown_issuer,  // Not a key of the account, or the account is not of a trusted operator.
  scope,           // A user of a scoped key with rights of its own, or a template that cannot be filled.
  bearer_token,
  user_expired,
  not_yet_valid,
  account_expired,
  user_revoked,
  source_address,
  time_of_day,
  unsupported,  // The account asks for an authorization service, or the user for a proxy.
};
std::string_view describe(RefusalReason reason);

inline constexpr std::string_view kAuthorizationViolation = "Authorization Violation";
inline constexpr std::string_view kUserExpired = "User Authentication Expired";
inline constexpr std::string_view kAccountExpired = "Account Authentication Expired";
inline constexpr std::string_view kUserRevoked = "User Authentication Revoked";

// Of a CONNECT.  The client is told no more than error_text(); the reason is for the log.
struct Refusal {
  RefusalReason reason = RefusalReason::no_credentials;

  std::string_view error_text() const { return kAuthorizationViolation; }
  // Nobody whom this server knows: an anonymous account takes such a caller.
  bool of_a_stranger() const { return reason <= RefusalReason::bad_jwt; }
};

// Of a login that was good once.
struct LoginEnd {
  RefusalReason reason = RefusalReason::user_expired;
  std::string_view error_text = kAuthorizationViolation;
};

}  // namespace switchyard::nats
