#include "kernel/account/secret.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace switchyard::account {
namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kCredential = "credential:";
constexpr std::size_t kMaxSecretBytes = 64u << 10;

Error unreadable(std::string_view key, const std::string& path, std::string_view why) {
  return Error{Code::invalid, std::string(key) + ": the secret cannot be read from " + path + ": " + std::string(why)};
}

}  // namespace

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
  // A short text stays behind in the string it was moved from.
  OPENSSL_cleanse(other.text_.data(), other.text_.capacity());
  other.text_.clear();
}

Secret& Secret::operator=(Secret other) noexcept {
  text_.swap(other.text_);
  return *this;
}

Secret::~Secret() { OPENSSL_cleanse(text_.data(), text_.capacity()); }

bool Secret::equals(std::string_view other) const {
  return text_.size() == other.size() && CRYPTO_memcmp(text_.data(), other.data(), other.size()) == 0;
}

Result<Secret> read_secret_file(std::string_view key, const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return unreadable(key, path, std::strerror(errno));
  std::string text(kMaxSecretBytes + 1, '\0');
  std::size_t used = 0;
  ssize_t got = 0;
  while (used < text.size() && (got = ::read(fd, text.data() + used, text.size() - used)) > 0) {
    used += static_cast<std::size_t>(got);
  }
  const int error = got < 0 ? errno : 0;
  ::close(fd);
  Secret whole(text.substr(0, used));
  OPENSSL_cleanse(text.data(), text.size());
  if (error != 0) return unreadable(key, path, std::strerror(error));
  if (used > kMaxSecretBytes) return unreadable(key, path, "it is larger than 64 KiB");
  auto view = whole.view();
  if (view.ends_with('\n')) view.remove_suffix(1);
  if (view.ends_with('\r')) view.remove_suffix(1);
  if (view.empty()) return unreadable(key, path, "it is empty");
  return Secret(std::string(view));
}

bool is_secret_reference(std::string_view text) { return text.starts_with(kFile) || text.starts_with(kCredential); }

Result<std::string> secret_path(std::string_view key, std::string_view reference) {
  if (reference.starts_with(kFile)) {
    std::string path(reference.substr(kFile.size()));
    if (path.starts_with('/')) return path;
    return Error{Code::invalid, std::string(key) + ": 'file:" + path + "' needs an absolute path, file:/path"};
  }
  if (!reference.starts_with(kCredential)) {
    return Error{Code::invalid, std::string(key) + ": write file:/path or credential:NAME"};
  }
  const std::string name(reference.substr(kCredential.size()));
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..") {
    return Error{Code::invalid, std::string(key) + ": 'credential:" + name + "' is not the name of a credential"};
  }
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return Error{Code::invalid, std::string(key) + ": credential:" + name +
                                    " needs a service manager that passes credentials (LoadCredential=" + name +
                                    ":...); CREDENTIALS_DIRECTORY is not set"};
  }
  return std::string(folder) + "/" + name;
}

Result<Secret> resolve_secret(std::string_view key, std::string_view text) {
  if (!is_secret_reference(text)) return Secret(std::string(text));
  const auto path = secret_path(key, text);
  if (!path) return Error(path.error());
  return read_secret_file(key, *path);
}

}  // namespace switchyard::account
