#include "kernel/account/sealing.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "kernel/base/ids.h"
#include "kernel/base/log.h"

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

Status write_synced(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Error{Code::io, path + " cannot be made: " + std::strerror(errno)};
  const bool ok = ::fchmod(fd, 0600) == 0 &&
                  ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!ok) return Error{Code::io, path + " cannot be written: " + std::strerror(error)};
  return {};
}

// Under a temporary name first: a crash must not leave half a key behind the final one.
Result<SealingKey> make_key_file(const std::string& path, const std::string& folder) {
  auto key = SealingKey::random();
  const std::string temporary = path + ".new";
  const Secret line(hex_encode(key.bytes()) + "\n");
  if (auto status = write_synced(temporary, line.view()); !status) {
    return Error{Code::io, "the sealing key file " + status.error().message};
  }
  const int dir = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool named = dir >= 0 && ::rename(temporary.c_str(), path.c_str()) == 0 && ::fsync(dir) == 0;
  const int error = errno;
  if (dir >= 0) ::close(dir);
  if (!named) return Error{Code::io, "the sealing key file " + path + " cannot be made: " + std::strerror(error)};
  log::info("sealing_key.created", {{"file", path}, {"key_id", key.id_text()}});
  return key;
}

void warn_when_readable_by_others(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077) == 0) return;
  log::warn("sealing_key.readable_by_others", {{"file", path}, {"do", "chmod 600 " + path}});
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

Sealer::Sealer(SealingKey key) : key_(std::move(key)), cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)) {
  must(cipher_ != nullptr);
}

Sealer::~Sealer() { EVP_CIPHER_free(static_cast<EVP_CIPHER*>(cipher_)); }

std::string Sealer::seal(std::string_view plain, std::string_view associated) const {
  std::string sealed(kHeadBytes + plain.size() + kTagBytes, '\0');
  sealed[0] = kVersion;
  std::memcpy(sealed.data() + 1, key_.id().data(), kIdBytes);
  random_bytes(sealed.data() + 1 + kIdBytes, kNonceBytes);

  const CipherContext ctx(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int n = 0;
  must(ctx != nullptr &&
       EVP_EncryptInit_ex2(ctx.get(), static_cast<EVP_CIPHER*>(cipher_), in(key_.bytes()), out(sealed, 1 + kIdBytes),
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
  if (id != key_.id()) {
    return Error{Code::denied, "the secret of record '" + std::string(associated) + "' was sealed with key " +
                                   hex_encode(id) + ", but the sealing key in use is " + key_.id_text() +
                                   "; give the old key as sealing_key"};
  }
  const auto nonce = sealed.substr(1 + kIdBytes, kNonceBytes);
  const auto text = sealed.substr(kHeadBytes, sealed.size() - kHeadBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(text.size(), '\0');

  const CipherContext ctx(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int n = 0;
  must(ctx != nullptr &&
       EVP_DecryptInit_ex2(ctx.get(), static_cast<EVP_CIPHER*>(cipher_), in(key_.bytes()), in(nonce), nullptr) == 1);
  const bool genuine =
      EVP_DecryptUpdate(ctx.get(), nullptr, &n, in(associated), static_cast<int>(associated.size())) == 1 &&
      EVP_DecryptUpdate(ctx.get(), out(plain, 0), &n, in(text), static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(ctx.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(ctx.get(), out(plain, text.size()), &n) == 1;
  Secret secret(std::move(plain));
  if (!genuine) return damaged();
  return secret;
}

Result<SealingKey> load_sealing_key(std::string_view reference, const std::string& data_dir) {
  if (!reference.empty()) {
    if (!is_secret_reference(reference)) {
      return Error{Code::invalid,
                   "sealing_key: the key itself does not belong into a configuration file; use "
                   "file:/path or credential:NAME"};
    }
    auto text = resolve_secret("sealing_key", reference);
    if (!text) return Error(text.error());
    return SealingKey::parse("sealing_key", text->view());
  }
  const std::string path = data_dir + "/sealing.key";
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return make_key_file(path, data_dir);
  warn_when_readable_by_others(path);
  auto text = read_secret_file("sealing_key", path);
  if (!text) return Error(text.error());
  return SealingKey::parse(path, text->view());
}

}  // namespace switchyard::account
