// The challenge that a client signs with its nkey: 11 random bytes as raw-url base64, 15 characters.
//
// A nonce belongs to one connection and is never accepted on another, so that a recorded CONNECT is worthless.
//
// Failure: nothing when the system has no randomness; the connection must then be refused.
// Thread: any.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace switchyard::nats {

inline constexpr std::size_t kNonceBytes = 11, kNonceLength = 15;

std::string nonce_text(std::span<const std::uint8_t, kNonceBytes> bytes);
std::optional<std::string> make_nonce();

}  // namespace switchyard::nats
