// Sealer encrypts secrets before they reach the disk: AES-256-GCM with a random 96-bit nonce and the
// record's key as additional data, so that a sealed secret cannot be moved to another record.
//
// Sealed form: u8 version 1 | 8 bytes key id | 12 bytes nonce | ciphertext | 16 bytes tag.
//
// Where the key is kept, see key_file.h; how another one takes its place, see reseal.h.
//
// Failure: unseal() says whether the key is another one (the sentence names both key ids) or the bytes
// were changed (Code::corrupt).
//
// Thread: any.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/account/secret.h"
#include "kernel/base/result.h"

namespace switchyard::account {

class SealingKey {
 public:
  // 32 bytes as 64 hex digits or as base64.
  static Result<SealingKey> parse(std::string_view source, std::string_view text);
  static SealingKey random();

  std::string_view bytes() const { return bytes_.view(); }
  // First 8 bytes of SHA-256 over a label and the key; says nothing about the key.
  std::string_view id() const { return {id_.data(), id_.size()}; }
  std::string id_text() const;

 private:
  explicit SealingKey(Secret bytes);
  Secret bytes_;
  std::array<char, 8> id_{};
};

class Sealer {
 public:
  // `next`: the key that is to follow `key`; see begin_rotation().
  explicit Sealer(SealingKey key, std::optional<SealingKey> next = {});
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  std::string seal(std::string_view plain, std::string_view associated) const;
  Result<Secret> unseal(std::string_view sealed, std::string_view associated) const;
  // True for what the key in use did not seal.
  bool is_stale(std::string_view sealed) const;
  SealingKey key() const { return keys()->current; }  // What seals.

  // From now on `next` seals; what the key before it sealed can still be opened, until end_rotation().
  void begin_rotation(SealingKey next);
  void end_rotation();

 private:
  struct Keys {
    SealingKey current;
    std::optional<SealingKey> before;
  };
  std::shared_ptr<const Keys> keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }
  mutable std::mutex mutex_;  // A secret is opened once per day and lane: nothing waits here.
  std::shared_ptr<const Keys> keys_;
  void* cipher_;  // EVP_CIPHER, fetched once: a fetch per call costs more than the encryption.
};

}  // namespace switchyard::account
