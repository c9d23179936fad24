// Nkeys are Ed25519 keys in the text form of NATS: base32 of a role, the key and a CRC-16, so that a key's
// first letter says what it is for and a mistyped one is noticed.
//
//   public key   56 characters: O... operator, A... account, U... user, N... server, C... cluster, X... curve
//   seed         58 characters: SO..., SA..., SU...: the secret half
//
// Failure: decoders answer nothing for text that is not exactly what the encoder writes; verifying answers
// false, also for a signature of any other length than 64 bytes.
//
// Thread: pure functions; NkeySeed is a plain value that is wiped when it dies.  One verification costs about
// 100 us.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::nats {

// The first byte; its five upper bits read as a letter.
enum class NkeyRole : std::uint8_t {
  account = 0,
  cluster = 2 << 3,
  server = 13 << 3,
  operator_ = 14 << 3,
  private_ = 15 << 3,
  user = 20 << 3,
  curve = 23 << 3,
};

using NkeyBytes = std::array<std::uint8_t, 32>;
using NkeySignature = std::array<std::uint8_t, 64>;

inline constexpr std::size_t kPublicNkeyLength = 56;
inline constexpr std::size_t kNkeySeedLength = 58;

struct PublicNkey {
  NkeyRole role = NkeyRole::account;
  NkeyBytes key{};
};

std::uint16_t crc16_xmodem(std::string_view bytes);

std::string encode_public_nkey(NkeyRole role, const NkeyBytes& key);
// Of any role that has public keys (a private key is none).
std::optional<PublicNkey> decode_public_nkey(std::string_view text);
std::optional<NkeyBytes> decode_public_nkey(NkeyRole role, std::string_view text);
bool is_public_nkey(NkeyRole role, std::string_view text);

// False for a curve key, too: it agrees on secrets and signs nothing.
bool verify_nkey(const PublicNkey& key, std::string_view message, std::string_view signature);
// 64 bytes from what a client sends: raw-url base64, or the standard form with its padding.
std::optional<std::string> decode_nkey_signature(std::string_view text);

class NkeySeed {
 public:
  static std::optional<NkeySeed> decode(std::string_view text);
  NkeySeed(NkeyRole role, const NkeyBytes& seed) : role_(role), seed_(seed) {}
  NkeySeed(const NkeySeed&) = default;
  NkeySeed& operator=(const NkeySeed&) = default;
  ~NkeySeed();

  NkeyRole role() const { return role_; }
  std::string text() const;
  // Nothing for a curve seed, which is no Ed25519 key, and when OpenSSL has no memory.
  std::optional<std::string> public_text() const;
  std::optional<NkeySignature> sign(std::string_view message) const;

 private:
  NkeyRole role_;
  NkeyBytes seed_;
};

}  // namespace switchyard::nats
