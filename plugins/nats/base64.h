// The two base64 forms of NATS authentication: "raw url" (RFC 4648 section 5, no padding) of JWTs and nonces,
// and the standard form, in which some clients send their signature.
//
// Failure: decoders answer nothing for text that is not exactly what an encoder writes, so that a token has
// one spelling.
// Thread: pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::nats {

std::string encode_base64url(std::string_view bytes);
std::optional<std::string> decode_base64url(std::string_view text);
// With the padding that the length demands.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace switchyard::nats
