#include "plugins/nats/password.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <memory>
#include <string>

namespace switchyard::nats {
namespace {

constexpr std::size_t kBcryptKeyBytes = 72, kBcryptLength = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Wipe {
  void operator()(crypt_data* data) const {
    OPENSSL_cleanse(data, sizeof *data);
    delete data;
  }
};

}  // namespace

// Told by the prefix alone, so that a mistyped hash is never taken for a plain password.
bool is_bcrypt(std::string_view configured) {
  return configured.size() >= 7 && configured.starts_with("$2") &&
         (configured[2] == 'a' || configured[2] == 'b' || configured[2] == 'x' || configured[2] == 'y') &&
         configured[3] == '$' && is_digit(configured[4]) && is_digit(configured[5]) && configured[6] == '$';
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool password_matches(std::string_view configured, std::string_view sent) {
  if (!is_bcrypt(configured)) return same_secret(configured, sent);
  if (configured.size() != kBcryptLength || configured[2] == 'x') return false;
  if (sent.find('\0') != std::string_view::npos || configured.find('\0') != std::string_view::npos) return false;
  std::string password(sent.substr(0, kBcryptKeyBytes));
  // libxcrypt's $2a$ differs from everybody else's for some bytes above 127; its $2b$ is the common one.
  std::string setting(configured);
  setting[2] = 'b';
  const std::unique_ptr<crypt_data, Wipe> data(new crypt_data());
  const char* hash = crypt_r(password.c_str(), setting.c_str(), data.get());
  OPENSSL_cleanse(password.data(), password.size());
  // The hash repeats its setting.
  return hash != nullptr && same_secret(hash, setting);
}

}  // namespace switchyard::nats
