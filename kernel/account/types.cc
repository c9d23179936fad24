#include "kernel/account/types.h"

#include <algorithm>
#include <limits>

#include "kernel/base/crc32c.h"

namespace switchyard::account {
namespace {

constexpr std::string_view kProtocols[] = {"sqs_sns", "nats", "topics", "webhooks"};
constexpr std::string_view kStyles[] = {"account", "project", "namespace"};
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::uint32_t kShards = 64;

std::uint32_t clamp32(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

std::string_view protocol_name(Protocol protocol) { return kProtocols[static_cast<int>(protocol) - 1]; }

std::optional<Protocol> parse_protocol(std::string_view text) {
  for (int i = 0; i < 4; ++i) {
    if (kProtocols[i] == text) return static_cast<Protocol>(i + 1);
  }
  return std::nullopt;
}

std::string_view style_name(Style style) { return kStyles[static_cast<int>(style) - 1]; }

Limits effective_limits(const Namespace& ns, const LimitDefaults& defaults) {
  Limits limits;
  const auto message = ns.style == Style::account ? defaults.account_message_bytes : defaults.namespace_message_bytes;
  limits.max_message_bytes = clamp32(ns.limits.max_message_bytes.value_or(message));
  limits.max_stored_bytes =
      ns.limits.max_stored_bytes.value_or(ns.origin == Origin::control ? defaults.control_stored_bytes : 0);
  limits.requests_per_second = clamp32(ns.limits.requests_per_second.value_or(defaults.requests_per_second));
  limits.max_connections = clamp32(ns.limits.max_connections.value_or(defaults.max_connections));
  return limits;
}

std::uint16_t shard_of(std::string_view project_or_id) {
  return static_cast<std::uint16_t>(crc32c(project_or_id) % kShards);
}

Status check_name(std::string_view what, std::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= ' ' && c != 0x7f; });
  if (!name.empty() && name.size() <= kMaxNameBytes && printable) return {};
  return Error{Code::invalid,
               std::string(what) + ": a name has 1 to 128 bytes without control characters; this one has " +
                   std::to_string(name.size()) + " bytes" + (printable ? "" : " and control characters")};
}

Status check_access_key(std::string_view access_key) {
  const bool fits = std::all_of(access_key.begin(), access_key.end(),
                                [](unsigned char c) { return c > ' ' && c < 0x7f && c != '/' && c != ','; });
  if (!access_key.empty() && access_key.size() <= kMaxNameBytes && fits) return {};
  return Error{Code::invalid,
               "an access key has 1 to 128 printable ASCII characters without space, '/' and ','; this one does not"};
}

}  // namespace switchyard::account
