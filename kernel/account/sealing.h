// Sealer encrypts secrets before they reach the disk: AES-256-GCM with a random 96-bit nonce and the
// record's key as additional data, so that a sealed secret cannot be moved to another record.
//
// Sealed form: u8 version 1 | 8 bytes key id | 12 bytes nonce | ciphertext | 16 bytes tag.
//
// The key comes from the configuration (`sealing_key`) or from a file in the data folder that is made
// at first start.  Who has the data folder and no other source of the key has the secrets, too; that
// file exists so that backups of records alone do not leak them.
//
// Failure: unseal() says whether the key is another one (the sentence names both key ids) or the bytes
// were changed (Code::corrupt).
//
// Thread: any; immutable.
#pragma once
#include <array>
#include <cstdint>
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
  explicit Sealer(SealingKey key);
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  std::string seal(std::string_view plain, std::string_view associated) const;
  Result<Secret> unseal(std::string_view sealed, std::string_view associated) const;
  const SealingKey& key() const { return key_; }

 private:
  const SealingKey key_;
  void* cipher_;  // EVP_CIPHER, fetched once: a fetch per call costs more than the encryption.
};

// `reference` is the value of `sealing_key`; empty = `<data_dir>/sealing.key`, made (mode 0600) when it
// is not there.  A made key is synced before this returns.
Result<SealingKey> load_sealing_key(std::string_view reference, const std::string& data_dir);

}  // namespace switchyard::account
