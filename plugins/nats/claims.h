// The claims of NATS JWTs as values: users, accounts, operators and activations.
//
// Limits keep the numbers of the claims: negative = no limit, 0 = nothing at all.  Times are Unix seconds,
// 0 = not said.
//
// Thread: plain values.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/nats/permission_claims.h"

namespace switchyard::nats {

inline constexpr std::int64_t kNoLimit = -1;

struct ClaimsHead {
  std::string id, issuer, subject, name, audience;
  std::int64_t issued_s = 0, expires_s = 0, not_before_s = 0;
  std::vector<std::string> tags;
  int version = 0;

  bool expired(std::int64_t now_s) const { return expires_s > 0 && now_s >= expires_s; }
  bool not_yet_valid(std::int64_t now_s) const { return not_before_s > now_s; }
};

enum class ConnectionType : std::uint8_t {
  standard = 1,
  websocket = 2,
  leafnode = 4,
  leafnode_ws = 8,
  mqtt = 16,
  mqtt_ws = 32,
  in_process = 64,
};
std::optional<ConnectionType> connection_type(std::string_view name);  // Any case.

// Types that this server does not know leave the restriction in place: a user of those alone comes in nowhere.
struct ConnectionTypes {
  bool restricted = false;
  std::uint8_t allowed = 0;

  bool allows(ConnectionType type) const { return !restricted || (allowed & static_cast<std::uint8_t>(type)) != 0; }
  // False for an unknown name.
  bool add(std::string_view name);
  bool operator==(const ConnectionTypes&) const = default;
};

// IPv4 addresses stand in the last four bytes, behind the prefix of mapped addresses.
struct Cidr {
  std::array<std::uint8_t, 16> address{};
  int prefix_bits = 0;  // Of 128.
  bool operator==(const Cidr&) const = default;
};
std::optional<Cidr> parse_cidr(std::string_view text);
// False for text that is no address.
bool cidr_contains(const Cidr& range, std::string_view address);

// Of the day; start > end crosses midnight.
struct TimeRange {
  std::int32_t start_s = 0, end_s = 0;
  bool operator==(const TimeRange&) const = default;
};
std::optional<std::int32_t> parse_time_of_day(std::string_view text);  // "15:04:05"

struct UserGrants {
  PermissionClaims permissions;
  std::vector<Cidr> src;
  std::vector<TimeRange> times;
  std::string times_location;  // IANA name; empty = the server's zone.
  std::int64_t subscriptions = 0, data = 0, payload = 0;
  bool bearer_token = false;
  bool proxy_required = false;
  ConnectionTypes connection_types;

  // What the JWT of a scoped user must say: nothing.
  bool empty() const { return *this == UserGrants(); }
  bool operator==(const UserGrants&) const = default;
};

struct UserClaims {
  ClaimsHead head;
  UserGrants grants;
  std::string issuer_account;  // Set when a signing key issued it.

  const std::string& account() const { return issuer_account.empty() ? head.issuer : issuer_account; }
};

struct JetStreamLimits {
  std::int64_t memory_bytes = 0, disk_bytes = 0, streams = 0, consumers = 0, max_ack_pending = 0;
  std::int64_t memory_max_stream_bytes = 0, disk_max_stream_bytes = 0;
  bool max_bytes_required = false;
};

struct AccountLimitClaims {
  std::int64_t subscriptions = 0, data = 0, payload = 0;
  std::int64_t imports = 0, exports = 0, connections = 0, leaf_connections = 0;
  bool wildcard_exports = false, disallow_bearer = false;
  JetStreamLimits jetstream;                     // Nothing when there are tiers.
  std::map<std::string, JetStreamLimits> tiers;  // "R1", "R3".
};

struct UserScope {
  std::string role, description;
  UserGrants grants;  // Lists of subjects may hold {{template variables}}.
};

struct Revocations {
  std::map<std::string, std::int64_t, std::less<>> until_s;  // "*" = everybody.

  // Issued at or before the revocation.
  bool revoked(std::string_view key, std::int64_t issued_s) const;
};

enum class ShareKind : std::uint8_t { stream, service };

struct ImportClaim {
  std::string name, subject, account, token, to, local_subject;
  ShareKind kind = ShareKind::stream;
  bool share = false, allow_trace = false;
};

enum class ResponseType : std::uint8_t { singleton, stream, chunked };

struct LatencyClaim {
  int sampling_percent = 0;  // 0 = those requests whose headers ask.
  std::string results;
};

struct ExportClaim {
  std::string name, subject, description, info_url;
  ShareKind kind = ShareKind::stream;
  bool token_required = false, advertise = false, allow_trace = false;
  Revocations revocations;
  ResponseType response_type = ResponseType::singleton;
  std::int64_t response_threshold_ns = 0;
  std::optional<LatencyClaim> latency;
  std::uint32_t account_token_position = 0;  // From 1; 0 = none.
};

struct WeightedTarget {
  std::string subject, cluster;
  int weight = 100;  // Percent.
};

// Logins of other users than these are decided by an authorization service.
struct ExternalAuthorization {
  std::vector<std::string> auth_users, allowed_accounts;
  std::string xkey;
};

struct AccountClaims {
  ClaimsHead head;
  std::string description, info_url;
  std::vector<ImportClaim> imports;
  std::vector<ExportClaim> exports;
  AccountLimitClaims limits;
  std::map<std::string, std::optional<UserScope>, std::less<>> signing_keys;
  Revocations revocations;
  PermissionClaims default_permissions;
  std::map<std::string, std::vector<WeightedTarget>> mappings;
  ExternalAuthorization authorization;
};

struct OperatorClaims {
  ClaimsHead head;
  std::vector<std::string> signing_keys, service_urls;
  std::string account_server_url, system_account, assert_server_version;
  bool strict_signing_keys = false;  // Its own key signs no accounts.
};

// Lets the account that is its subject import what an export with token_required offers.
struct ActivationClaims {
  ClaimsHead head;
  std::string import_subject, issuer_account;
  ShareKind kind = ShareKind::stream;
};

}  // namespace switchyard::nats
