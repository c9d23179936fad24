#include "plugins/nats/nonce.h"

#include <openssl/rand.h>

#include <array>

#include "plugins/nats/base64.h"

namespace switchyard::nats {

std::string nonce_text(std::span<const std::uint8_t, kNonceBytes> bytes) {
  return encode_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<std::string> make_nonce() {
  std::array<std::uint8_t, kNonceBytes> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return std::nullopt;
  return nonce_text(bytes);
}

}  // namespace switchyard::nats
