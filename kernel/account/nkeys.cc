#include "kernel/account/nkeys.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "kernel/base/ids.h"

namespace switchyard::account {
namespace {

constexpr std::size_t kKeyBytes = 32, kCrcBytes = 2;
constexpr std::uint8_t kSeedKind = 18 << 3;  // Reads as 'S'.

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

// OpenSSL fails here only without memory.
void must(bool ok) {
  if (!ok) std::abort();
}

const unsigned char* in(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

std::string with_crc(std::string bytes) {
  const auto crc = crc16_xmodem(bytes);
  bytes += static_cast<char>(crc & 0xff);
  bytes += static_cast<char>(crc >> 8);
  return base32_encode(bytes);
}

// What was encoded, without its CRC.
std::optional<std::string> without_crc(std::string_view text) {
  auto bytes = base32_decode(text);
  if (!bytes || bytes->size() <= kCrcBytes || base32_encode(*bytes) != text) return std::nullopt;
  const auto body = std::string_view(*bytes).substr(0, bytes->size() - kCrcBytes);
  const auto crc = crc16_xmodem(body);
  const auto low = static_cast<std::uint8_t>((*bytes)[body.size()]);
  const auto high = static_cast<std::uint8_t>((*bytes)[body.size() + 1]);
  if (crc != (low | high << 8)) return std::nullopt;
  bytes->resize(body.size());
  return bytes;
}

Key private_key(std::string_view seed) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, in(seed), seed.size()), &EVP_PKEY_free);
  must(key != nullptr);
  return key;
}

}  // namespace

std::uint16_t crc16_xmodem(std::string_view bytes) {
  std::uint16_t crc = 0;
  for (const char c : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ static_cast<unsigned char>(c) << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

std::string encode_public_nkey(NkeyKind kind, const PublicKeyBytes& key) {
  std::string bytes(1, static_cast<char>(kind));
  bytes.append(reinterpret_cast<const char*>(key.data()), key.size());
  return with_crc(std::move(bytes));
}

std::optional<PublicKeyBytes> decode_public_nkey(NkeyKind kind, std::string_view text) {
  if (text.size() != kPublicNkeyLength) return std::nullopt;
  const auto bytes = without_crc(text);
  if (!bytes || bytes->size() != 1 + kKeyBytes) return std::nullopt;
  if (static_cast<std::uint8_t>(bytes->front()) != static_cast<std::uint8_t>(kind)) return std::nullopt;
  PublicKeyBytes key;
  std::memcpy(key.data(), bytes->data() + 1, key.size());
  return key;
}

bool verify_nkey_signature(const PublicKeyBytes& key, std::string_view message, std::string_view signature) {
  if (signature.size() != SignatureBytes().size()) return false;
  const Key pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()), &EVP_PKEY_free);
  const Context ctx(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  must(pkey != nullptr && ctx != nullptr);
  return EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(ctx.get(), in(signature), signature.size(), in(message), message.size()) == 1;
}

NkeyPair::NkeyPair(NkeyKind kind, Secret seed) : kind_(kind), seed_(std::move(seed)) {
  const auto key = private_key(seed_.view());
  PublicKeyBytes bytes;
  std::size_t size = bytes.size();
  must(EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size) == 1 && size == bytes.size());
  public_text_ = encode_public_nkey(kind, bytes);
}

NkeyPair NkeyPair::generate(NkeyKind kind) {
  std::string seed(kKeyBytes, '\0');
  random_bytes(seed.data(), seed.size());
  return NkeyPair(kind, Secret(std::move(seed)));
}

// The kind of the key is spread over the first two bytes, behind the five bits that read as 'S'.
std::optional<NkeyPair> NkeyPair::from_seed(NkeyKind kind, std::string_view text) {
  if (text.size() != kSeedLength) return std::nullopt;
  auto decoded = without_crc(text);
  if (!decoded || decoded->size() != 2 + kKeyBytes) return std::nullopt;
  const Secret bytes(std::move(*decoded));
  const auto first = static_cast<std::uint8_t>(bytes.view()[0]), second = static_cast<std::uint8_t>(bytes.view()[1]);
  const auto wanted = static_cast<std::uint8_t>(kind);
  if (first != (kSeedKind | wanted >> 5) || second != static_cast<std::uint8_t>((wanted & 31) << 3)) {
    return std::nullopt;
  }
  return NkeyPair(kind, Secret(std::string(bytes.view().substr(2))));
}

Secret NkeyPair::seed_text() const {
  const auto kind = static_cast<std::uint8_t>(kind_);
  std::string bytes{static_cast<char>(kSeedKind | kind >> 5), static_cast<char>((kind & 31) << 3)};
  bytes += seed_.view();
  return Secret(with_crc(std::move(bytes)));
}

SignatureBytes NkeyPair::sign(std::string_view message) const {
  const auto key = private_key(seed_.view());
  const Context ctx(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  SignatureBytes signature;
  std::size_t size = signature.size();
  must(ctx != nullptr && EVP_DigestSignInit(ctx.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
       EVP_DigestSign(ctx.get(), signature.data(), &size, in(message), message.size()) == 1 &&
       size == signature.size());
  return signature;
}

}  // namespace switchyard::account
