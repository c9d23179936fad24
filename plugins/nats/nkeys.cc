#include "plugins/nats/nkeys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstring>
#include <memory>

#include "plugins/nats/base32.h"
#include "plugins/nats/base64.h"

namespace switchyard::nats {
namespace {

constexpr std::size_t kCrcBytes = 2;
constexpr std::uint8_t kSeedPrefix = 18 << 3;  // Reads as 'S'.

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

const unsigned char* in(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

std::optional<NkeyRole> role_of(std::uint8_t prefix) {
  for (const auto role : {NkeyRole::account, NkeyRole::cluster, NkeyRole::server, NkeyRole::operator_,
                          NkeyRole::private_, NkeyRole::user, NkeyRole::curve}) {
    if (static_cast<std::uint8_t>(role) == prefix) return role;
  }
  return std::nullopt;
}

void wipe(std::string& bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

std::string with_crc(std::string bytes) {
  const auto crc = crc16_xmodem(bytes);
  bytes += static_cast<char>(crc & 0xff);
  bytes += static_cast<char>(crc >> 8);
  auto text = encode_base32(bytes);
  wipe(bytes);
  return text;
}

// What was encoded, without its CRC.
std::optional<std::string> without_crc(std::string_view text) {
  auto bytes = decode_base32(text);
  if (!bytes || bytes->size() <= kCrcBytes) return std::nullopt;
  const std::size_t size = bytes->size() - kCrcBytes;
  const auto crc = crc16_xmodem(std::string_view(*bytes).substr(0, size));
  const auto low = static_cast<std::uint8_t>((*bytes)[size]), high = static_cast<std::uint8_t>((*bytes)[size + 1]);
  if (crc != (low | high << 8)) {
    wipe(*bytes);
    return std::nullopt;
  }
  bytes->resize(size);
  return bytes;
}

Key private_key(const NkeyBytes& seed) {
  return {EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), &EVP_PKEY_free};
}

}  // namespace

std::uint16_t crc16_xmodem(std::string_view bytes) {
  unsigned crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
  }
  return static_cast<std::uint16_t>(crc);
}

std::string encode_public_nkey(NkeyRole role, const NkeyBytes& key) {
  std::string bytes(1, static_cast<char>(role));
  bytes.append(reinterpret_cast<const char*>(key.data()), key.size());
  return with_crc(std::move(bytes));
}

std::optional<PublicNkey> decode_public_nkey(std::string_view text) {
  if (text.size() != kPublicNkeyLength) return std::nullopt;
  const auto bytes = without_crc(text);
  PublicNkey out;
  if (!bytes || bytes->size() != 1 + out.key.size()) return std::nullopt;
  const auto role = role_of(static_cast<std::uint8_t>(bytes->front()));
  if (!role || *role == NkeyRole::private_) return std::nullopt;
  out.role = *role;
  std::memcpy(out.key.data(), bytes->data() + 1, out.key.size());
  return out;
}

std::optional<NkeyBytes> decode_public_nkey(NkeyRole role, std::string_view text) {
  const auto decoded = decode_public_nkey(text);
  if (!decoded || decoded->role != role) return std::nullopt;
  return decoded->key;
}

bool is_public_nkey(NkeyRole role, std::string_view text) { return decode_public_nkey(role, text).has_value(); }

bool verify_nkey(const PublicNkey& key, std::string_view message, std::string_view signature) {
  if (key.role == NkeyRole::curve || signature.size() != NkeySignature().size()) return false;
  const Key pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.key.data(), key.key.size()),
                 &EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return pkey && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), in(signature), signature.size(), in(message), message.size()) == 1;
}

std::optional<std::string> decode_nkey_signature(std::string_view text) {
  constexpr std::size_t kRaw = 86, kPadded = 88;
  if (text.size() != kRaw && text.size() != kPadded) return std::nullopt;
  auto bytes = text.size() == kRaw ? decode_base64url(text) : decode_base64(text);
  if (!bytes || bytes->size() != NkeySignature().size()) return std::nullopt;
  return bytes;
}

NkeySeed::~NkeySeed() { OPENSSL_cleanse(seed_.data(), seed_.size()); }

// The role is spread over the first two bytes, behind the five bits that read as 'S'.
std::optional<NkeySeed> NkeySeed::decode(std::string_view text) {
  if (text.size() != kNkeySeedLength) return std::nullopt;
  auto bytes = without_crc(text);
  NkeyBytes seed;
  if (!bytes || bytes->size() != 2 + seed.size()) return std::nullopt;
  const auto first = static_cast<std::uint8_t>((*bytes)[0]), second = static_cast<std::uint8_t>((*bytes)[1]);
  std::memcpy(seed.data(), bytes->data() + 2, seed.size());
  wipe(*bytes);
  std::optional<NkeySeed> out;
  if ((first & 0xf8) == kSeedPrefix && (second & 7) == 0) {
    const auto role = role_of(static_cast<std::uint8_t>((first & 7) << 5 | second >> 3));
    if (role && *role != NkeyRole::private_) out.emplace(*role, seed);
  }
  OPENSSL_cleanse(seed.data(), seed.size());
  return out;
}

std::string NkeySeed::text() const {
  const auto role = static_cast<std::uint8_t>(role_);
  std::string bytes{static_cast<char>(kSeedPrefix | role >> 5), static_cast<char>((role & 31) << 3)};
  // One reallocation less is one copy of the secret less that nobody wipes.
  bytes.reserve(2 + seed_.size() + kCrcBytes);
  bytes.append(reinterpret_cast<const char*>(seed_.data()), seed_.size());
  return with_crc(std::move(bytes));
}

std::optional<std::string> NkeySeed::public_text() const {
  if (role_ == NkeyRole::curve) return std::nullopt;
  const auto key = private_key(seed_);
  NkeyBytes bytes;
  std::size_t size = bytes.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size) != 1) return std::nullopt;
  return encode_public_nkey(role_, bytes);
}

std::optional<NkeySignature> NkeySeed::sign(std::string_view message) const {
  if (role_ == NkeyRole::curve) return std::nullopt;
  const auto key = private_key(seed_);
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  NkeySignature out;
  std::size_t size = out.size();
  const bool ok = key && context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                  EVP_DigestSign(context.get(), out.data(), &size, in(message), message.size()) == 1;
  if (!ok || size != out.size()) return std::nullopt;
  return out;
}

}  // namespace switchyard::nats
