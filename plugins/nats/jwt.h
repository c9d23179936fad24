// NATS JWTs: header, claims and an Ed25519 signature, each in raw-url base64.
//
// Decoding proves that the key in `iss` signed the claims and that it has the role that may issue them.
// Whether that key is trusted, and whether the claims are valid now, is for the caller to judge.
//
// Failure: every fault is a value of JwtFault; any bytes are fine to decode, and work is bounded by the size
// limits.  A field of the wrong JSON type, a subject with empty tokens or spaces, a broken CIDR or time is
// bad_claims, never a weaker claim.
//
// Thread: pure functions.  One decoding costs one signature check, about 100 us.
#pragma once
#include <cstddef>
#include <string_view>
#include <variant>

#include "plugins/nats/claims.h"

namespace switchyard::nats {

inline constexpr std::size_t kMaxUserJwtBytes = 64 * 1024;  // Comes from strangers, in CONNECT.
inline constexpr std::size_t kMaxJwtBytes = 1024 * 1024;    // Accounts and operators.

enum class JwtFault {
  too_large,
  not_a_jwt,      // Not three parts of base64, or not JSON.
  bad_header,     // Another type or algorithm.
  newer_version,  // Of the claims.
  wrong_type,     // Claims of something else.
  bad_claims,
  bad_issuer,  // No key, or not of the role that issues these.
  bad_signature,
};
std::string_view describe(JwtFault fault);

template <class Claims>
using Decoded = std::variant<Claims, JwtFault>;

Decoded<UserClaims> decode_user_jwt(std::string_view token);
Decoded<AccountClaims> decode_account_jwt(std::string_view token);
Decoded<OperatorClaims> decode_operator_jwt(std::string_view token);
Decoded<ActivationClaims> decode_activation_jwt(std::string_view token);

}  // namespace switchyard::nats
