// The plain SHA-256 functions are deprecated in favour of the slower interface; see signing.h.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "kernel/account/signing.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace switchyard::account {
namespace {

constexpr std::size_t kBlockBytes = 64;

std::string_view view(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool same_scope(std::string_view stored, const SigningScope& scope) {
  const auto date = scope.date.size(), region = scope.region.size(), service = scope.service.size();
  return stored.size() == date + region + service + 2 && stored[date] == '/' && stored[date + 1 + region] == '/' &&
         stored.substr(0, date) == scope.date && stored.substr(date + 1, region) == scope.region &&
         stored.substr(date + region + 2) == scope.service;
}

}  // namespace

Sha256Digest sha256(std::string_view data) {
  SHA256_CTX ctx;
  Sha256Digest digest;
  SHA256_Init(&ctx);
  SHA256_Update(&ctx, data.data(), data.size());
  SHA256_Final(digest.data(), &ctx);
  return digest;
}

HmacKey::HmacKey(std::string_view key) {
  std::array<std::uint8_t, kBlockBytes> block{};
  if (key.size() > kBlockBytes) {
    const auto digest = sha256(key);
    std::copy(digest.begin(), digest.end(), block.begin());
  } else {
    std::memcpy(block.data(), key.data(), key.size());
  }
  for (auto& byte : block) byte ^= 0x36;
  SHA256_Init(&inner_);
  SHA256_Update(&inner_, block.data(), block.size());
  for (auto& byte : block) byte ^= 0x36 ^ 0x5c;
  SHA256_Init(&outer_);
  SHA256_Update(&outer_, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
}

HmacKey::~HmacKey() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

Sha256Digest HmacKey::sign(std::string_view data) const {
  SHA256_CTX ctx = inner_;
  Sha256Digest digest;
  SHA256_Update(&ctx, data.data(), data.size());
  SHA256_Final(digest.data(), &ctx);
  ctx = outer_;
  SHA256_Update(&ctx, digest.data(), digest.size());
  SHA256_Final(digest.data(), &ctx);
  return digest;
}

HmacKey derive_signing_key(std::string_view secret, const SigningScope& scope) {
  std::string first = "AWS4" + std::string(secret);
  auto digest = HmacKey(first).sign(scope.date);
  OPENSSL_cleanse(first.data(), first.size());
  for (const auto part : {scope.region, scope.service, std::string_view("aws4_request")}) {
    digest = HmacKey(view(digest)).sign(part);
  }
  HmacKey key(view(digest));
  OPENSSL_cleanse(digest.data(), digest.size());
  return key;
}

bool signature_matches(const HmacKey& key, std::string_view string_to_sign, std::string_view signature) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto digest = key.sign(string_to_sign);
  std::array<char, 64> expected;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    expected[2 * i] = kHex[digest[i] >> 4];
    expected[2 * i + 1] = kHex[digest[i] & 15];
  }
  return signature.size() == expected.size() && CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) == 0;
}

std::size_t SigningKeyCache::set_of(std::uint64_t serial, const SigningScope& scope) {
  const std::hash<std::string_view> hash;
  auto mixed = serial * 0x9e3779b97f4a7c15ull;
  for (const auto part : {scope.date, scope.region, scope.service}) {
    mixed = (mixed ^ hash(part)) * 0x9e3779b97f4a7c15ull;
  }
  return (mixed >> 32) % kSets;
}

const HmacKey* SigningKeyCache::find(std::uint64_t serial, const SigningScope& scope) const {
  for (const auto& entry : sets_[set_of(serial, scope)].ways) {
    if (entry && entry->serial == serial && same_scope(entry->scope, scope)) return &entry->key;
  }
  return nullptr;
}

void SigningKeyCache::put(std::uint64_t serial, const SigningScope& scope, const HmacKey& key) {
  std::string text;
  text.reserve(scope.date.size() + scope.region.size() + scope.service.size() + 2);
  text.append(scope.date).append("/").append(scope.region).append("/").append(scope.service);
  auto& ways = sets_[set_of(serial, scope)].ways;
  std::rotate(ways.begin(), ways.end() - 1, ways.end());
  ways.front() = std::make_unique<Entry>(Entry{serial, std::move(text), key});
}

void SigningKeyCache::forget(std::uint64_t serial) {
  for (auto& set : sets_) {
    for (auto& entry : set.ways) {
      if (entry && entry->serial == serial) entry.reset();
    }
  }
}

std::size_t SigningKeyCache::size() const {
  std::size_t n = 0;
  for (const auto& set : sets_) {
    for (const auto& entry : set.ways) n += entry != nullptr;
  }
  return n;
}

}  // namespace switchyard::account
