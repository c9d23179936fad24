// Nkeys are Ed25519 keys in the text form of NATS: base32 of a kind, the key and a CRC-16, so that a
// key's first letter says what it is for and a mistyped one is noticed.
//
//   public key   56 characters: A... an account or one of its signing keys, U... a user
//   seed         58 characters: SA..., SU...: the secret half
//
// Failure: decoders answer nothing for text that is not exactly what the encoder writes; verify() answers
// false.
//
// Thread: pure functions; NkeyPair is a plain value.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/account/secret.h"

namespace switchyard::account {

// The five upper bits of the first byte; together with the next character they read as a letter.
enum class NkeyKind : std::uint8_t { account = 0, user = 20 << 3 };

using PublicKeyBytes = std::array<std::uint8_t, 32>;
using SignatureBytes = std::array<std::uint8_t, 64>;

inline constexpr std::size_t kPublicNkeyLength = 56;
inline constexpr std::size_t kSeedLength = 58;

std::uint16_t crc16_xmodem(std::string_view bytes);

std::string encode_public_nkey(NkeyKind kind, const PublicKeyBytes& key);
std::optional<PublicKeyBytes> decode_public_nkey(NkeyKind kind, std::string_view text);

bool verify_nkey_signature(const PublicKeyBytes& key, std::string_view message, std::string_view signature);

class NkeyPair {
 public:
  static NkeyPair generate(NkeyKind kind);
  // Nothing when the text is not a seed of this kind.
  static std::optional<NkeyPair> from_seed(NkeyKind kind, std::string_view text);

  const std::string& public_text() const { return public_text_; }
  Secret seed_text() const;
  SignatureBytes sign(std::string_view message) const;

 private:
  NkeyPair(NkeyKind kind, Secret seed);
  NkeyKind kind_;
  Secret seed_;  // 32 bytes.
  std::string public_text_;
};

}  // namespace switchyard::account
