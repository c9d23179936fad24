// Namespace and Credential: who owns things on this server and who may touch them.
//
// A namespace is a tenant: every stream, record, quota and metric belongs to one.  A credential
// belongs to one namespace and is found by its access key, which is unique on the server.  Both are
// key-value records (FORMAT.md).
//
// Thread: plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace switchyard::account {

// Revision of the key-value change that created the namespace: never reused, also when its name is.
using NamespaceNumber = std::uint64_t;

// Numbers of these enums are on disk.
enum class Protocol : std::uint8_t { sqs_sns = 1, nats = 2, topics = 3, webhooks = 4 };
// How resources are named in URLs and ARNs: by account, by project, or by the namespace's own id.
enum class Style : std::uint8_t { account = 1, project = 2, namespace_id = 3 };
// Who made it: an API call, the `bootstrap` section, dev mode.
enum class Origin : std::uint8_t { control = 1, bootstrap = 2, dev = 3 };

std::string_view protocol_name(Protocol protocol);  // "sqs_sns", ...
std::optional<Protocol> parse_protocol(std::string_view text);
std::string_view style_name(Style style);  // "account", "project", "namespace"

// Bits equal SW_PERM_* of sdk/include/switchyard/plugin.h.
inline constexpr std::uint32_t kMayPublish = 1;
inline constexpr std::uint32_t kMayReceive = 2;
inline constexpr std::uint32_t kMayManage = 4;
inline constexpr std::uint32_t kMayAll = kMayPublish | kMayReceive | kMayManage;

// Bits equal SW_SERVICE_* of sdk/include/switchyard/plugin.h.
inline constexpr std::uint8_t kServiceSqs = 1;
inline constexpr std::uint8_t kServiceSns = 2;

// One service of a project that was activated by itself.
struct ServiceTimes {
  std::int64_t created_ns = 0, updated_ns = 0;
  friend bool operator==(const ServiceTimes&, const ServiceTimes&) = default;
};

// What a namespace has of its own; the rest follows the server's defaults.
struct LimitOverrides {
  std::optional<std::uint64_t> max_message_bytes;
  std::optional<std::uint64_t> max_stored_bytes;
  std::optional<std::uint64_t> requests_per_second;
  std::optional<std::uint64_t> max_connections;
  friend bool operator==(const LimitOverrides&, const LimitOverrides&) = default;
};

// In force.  0 = no limit, except max_message_bytes, which is never 0.
struct Limits {
  std::uint32_t max_message_bytes = 0;
  std::uint64_t max_stored_bytes = 0;
  std::uint32_t requests_per_second = 0;
  std::uint32_t max_connections = 0;
  friend bool operator==(const Limits&, const Limits&) = default;
};

// The `limits` section of the configuration.
struct LimitDefaults {
  std::uint32_t account_message_bytes = 1u << 20;      // Namespaces of account style.
  std::uint32_t namespace_message_bytes = 256u << 10;  // The others.
  std::uint64_t control_stored_bytes = 100'000'000;    // Namespaces of the control API; dev and bootstrap have none.
  std::uint32_t requests_per_second = 0;
  std::uint32_t max_connections = 0;
};

struct Namespace {
  NamespaceNumber number = 0;  // Set by the store.
  std::string id;              // Text, unique on this server and never reused.
  std::string name;
  Protocol protocol = Protocol::sqs_sns;
  Style style = Style::account;
  Origin origin = Origin::control;
  std::string owner;       // What stands in URLs and ARNs: account id, "project-<uuid>", or the id.
  std::string account_id;  // Empty when it has none; so the next two.
  std::string project_id;
  std::string region;  // Bound to this region; empty = every region.
  std::uint16_t shard = 0;
  LimitOverrides limits;
  std::int64_t created_ns = 0, updated_ns = 0;
  std::uint8_t services = 0;          // kService*; 0 = all of its protocol.
  ServiceTimes sqs_times, sns_times;  // Of a service whose bit is set.
  // NATS: the key that signs the JWTs of its users, in public and sealed (see sealing.h).
  std::string signing_key, sealed_signing_seed;

  bool has_service(std::uint8_t service) const { return services == 0 || (services & service) != 0; }
};

struct Credential {
  std::string id;  // UUID.
  std::string name;
  std::string namespace_id;
  std::string access_key;     // Of a NATS user its public key.
  std::string sealed_secret;  // See sealing.h; empty: the server keeps no secret, only the public half.
  std::uint32_t permissions = 0;
  std::int64_t created_ns = 0, updated_ns = 0;
  std::int64_t expires_ms = 0;  // 0 = never.
  std::uint8_t services = 0;    // What it is good for: kService*; 0 = everything of its namespace.
  std::string checksum;         // SHA-1 in hex of what was shown once; empty when nothing was.
};

Limits effective_limits(const Namespace& ns, const LimitDefaults& defaults);

// Namespaces of one project share a shard, so that their changes have one order.
std::uint16_t shard_of(std::string_view project_or_id);

// Printable text of 1 to 128 bytes; the error says `what`.
Status check_name(std::string_view what, std::string_view name);
// 1 to 128 printable ASCII characters other than space, '/' and ',': what fits a SigV4 header.
Status check_access_key(std::string_view access_key);

}  // namespace switchyard::account
