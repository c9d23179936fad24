#include "kernel/account/sealing.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "kernel/base/ids.h"

namespace switchyard::account {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kKeyBytes = 32, kIdBytes = 8, kNonceBytes = 12, kTagBytes = 16;
constexpr std::size_t kHeadBytes = 1 + kIdBytes + kNonceBytes;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

// OpenSSL fails here only without memory.
void must(bool ok) {
  if (!ok) std::abort();
}

const unsigned char* in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* out(std::string& text, std::size_t offset) {
  return reinterpret_cast<unsigned char*>(text.data() + offset);
}

}  // namespace

Result<SealingKey> SealingKey::parse(std::string_view source, std::string_view text) {
  auto bytes = hex_decode(text);
  if (!bytes || bytes->size() != kKeyBytes) bytes = base64_decode(text);
  if (bytes && bytes->size() == kKeyBytes) return SealingKey(Secret(std::move(*bytes)));
  return Error{Code::invalid,
               std::string(source) +
                   ": a sealing key is 32 bytes as 64 hex digits or as base64 (openssl rand -hex 32); this "
                   "one has " +
                   std::to_string(text.size()) + " characters"};
}

SealingKey SealingKey::random() {
  std::string bytes(kKeyBytes, '\0');
  random_bytes(bytes.data(), bytes.size());
  return SealingKey(Secret(std::move(bytes)));
}

SealingKey::SealingKey(Secret bytes) : bytes_(std::move(bytes)) {
  Secret labelled("switchyard sealing key id\n" + std::string(bytes_.view()));
  unsigned char digest[EVP_MAX_MD_SIZE];
  must(EVP_Digest(labelled.view().data(), labelled.view().size(), digest, nullptr, EVP_sha256(), nullptr) == 1);
  std::memcpy(id_.data(), digest, id_.size());
}

std::string SealingKey::id_text() const { return hex_encode(id()); }

Sealer::Sealer(SealingKey key, std::optional<SealingKey> next)
    : keys_(std::make_shared<const Keys>(Keys{std::move(key), {}})),
      cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)) {
  must(cipher_ != nullptr);
  if (next) begin_rotation(std::move(*next));
}

Sealer::~Sealer() { EVP_CIPHER_free(static_cast<EVP_CIPHER*>(cipher_)); }

void Sealer::begin_rotation(SealingKey next) {
  const std::lock_guard lock(mutex_);
  if (next.id() == keys_->current.id()) return;
  // A rotation that did not come to its end left records of both keys; the third one waits for its end.
  keys_ = std::make_shared<const Keys>(Keys{std::move(next), keys_->current});
}

void Sealer::end_rotation() {
  const std::lock_guard lock(mutex_);
  keys_ = std::make_shared<const Keys>(Keys{keys_->current, {}});
}

bool Sealer::is_stale(std::string_view sealed) const {
  return sealed.size() >= kHeadBytes && sealed.substr(1, kIdBytes) != keys()->current.id();
}

std::string Sealer::seal(std::string_view plain, std::string_view associated) const {
  const auto in_use = keys();
  const auto& key = in_use->current;
  std::string sealed(kHeadBytes + plain.size() + kTagBytes, '\0');
  sealed[0] = kVersion;
  std::memcpy(sealed.data() + 1, key.id().data(), kIdBytes);
  random_bytes(sealed.data() + 1 + kIdBytes, kNonceBytes);

  const CipherContext ctx(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int n = 0;
  must(ctx != nullptr &&
       EVP_EncryptInit_ex2(ctx.get(), static_cast<EVP_CIPHER*>(cipher_), in(key.bytes()), out(sealed, 1 + kIdBytes),
                           nullptr) == 1 &&
       EVP_EncryptUpdate(ctx.get(), nullptr, &n, in(associated), static_cast<int>(associated.size())) == 1 &&
       EVP_EncryptUpdate(ctx.get(), out(sealed, kHeadBytes), &n, in(plain), static_cast<int>(plain.size())) == 1 &&
       EVP_EncryptFinal_ex(ctx.get(), out(sealed, kHeadBytes + plain.size()), &n) == 1 &&
       EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, out(sealed, kHeadBytes + plain.size())) == 1);
  return sealed;
}

Result<Secret> Sealer::unseal(std::string_view sealed, std::string_view associated) const {
  const auto damaged = [&] {
    return Error{Code::corrupt, "the sealed secret of record '" + std::string(associated) + "' was changed or moved"};
  };
  if (sealed.size() < kHeadBytes + kTagBytes || sealed[0] != kVersion) return damaged();
  const auto id = sealed.substr(1, kIdBytes);
  const auto in_use = keys();
  const auto* key = id == in_use->current.id()                     ? &in_use->current
                    : in_use->before && id == in_use->before->id() ? &*in_use->before
                                                                   : nullptr;
  if (key == nullptr) {
    return Error{Code::denied, "the secret of record '" + std::string(associated) + "' was sealed with key " +
                                   hex_encode(id) + ", but the sealing key in use is " + in_use->current.id_text() +
                                   "; give the old key as sealing_key"};
  }
  const auto nonce = sealed.substr(1 + kIdBytes, kNonceBytes);
  const auto text = sealed.substr(kHeadBytes, sealed.size() - kHeadBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(text.size(), '\0');

  const CipherContext ctx(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int n = 0;
  must(ctx != nullptr &&
       EVP_DecryptInit_ex2(ctx.get(), static_cast<EVP_CIPHER*>(cipher_), in(key->bytes()), in(nonce), nullptr) == 1);
  const bool genuine =
      EVP_DecryptUpdate(ctx.get(), nullptr, &n, in(associated), static_cast<int>(associated.size())) == 1 &&
      EVP_DecryptUpdate(ctx.get(), out(plain, 0), &n, in(text), static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(ctx.get(), out(plain, text.size()), &n) == 1;
  Secret secret(std::move(plain));
  if (!genuine) return damaged();
  return secret;
}

}  // namespace switchyard::account
