// What a user may publish and subscribe to, as plain lists: what claims and configuration say and the
// connection's matcher compiles.
//
// Thread: plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace switchyard::nats {

struct SubjectLists {
  // Empty = every subject, unless allow_nothing.
  std::vector<std::string> allow;
  std::vector<std::string> deny;  // Wins over allow.
  // Publishing: nothing but responses.  Subscribing: deny then holds ">", too.
  bool allow_nothing = false;

  bool empty() const { return allow.empty() && deny.empty() && !allow_nothing; }
  bool operator==(const SubjectLists&) const = default;
};

// May answer on the reply subject of a message that it received, whatever else is denied.
struct ResponseClaim {
  std::int64_t max_messages = 0;  // Per reply subject; negative = any number.
  std::int64_t ttl_ns = 0;        // Negative = for ever.

  bool operator==(const ResponseClaim&) const = default;
};

inline constexpr std::int64_t kDefaultResponses = 1;
inline constexpr std::int64_t kDefaultResponseTtlNs = 120'000'000'000;

struct PermissionClaims {
  SubjectLists publish;
  SubjectLists subscribe;  // An entry may be "subject queue".
  std::optional<ResponseClaim> response;

  bool empty() const { return publish.empty() && subscribe.empty() && !response; }
  bool operator==(const PermissionClaims&) const = default;
};

// A response rule stands for a responder: without an allow list of its own it publishes answers and nothing
// else, and zeros mean the defaults.  To be applied once to rules as they were read.
inline void complete_response_claim(PermissionClaims& rules) {
  if (!rules.response) return;
  if (rules.publish.allow.empty()) rules.publish.allow_nothing = true;
  if (rules.response->max_messages == 0) rules.response->max_messages = kDefaultResponses;
  if (rules.response->ttl_ns == 0) rules.response->ttl_ns = kDefaultResponseTtlNs;
}

}  // namespace switchyard::nats
