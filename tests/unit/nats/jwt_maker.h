// Keys and tokens for tests: seeds of equal bytes, and JWTs of whatever claims a test writes.
#pragma once
#include <string>
#include <string_view>

#include "plugins/nats/base64.h"
#include "plugins/nats/nkeys.h"

namespace switchyard::nats {

struct TestKey {
  explicit TestKey(NkeyRole role, std::uint8_t byte) : seed(role, filled(byte)), text(*seed.public_text()) {}

  std::string sign_url(std::string_view message) const {
    const auto signature = *seed.sign(message);
    return encode_base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
  }

  NkeySeed seed;
  std::string text;

 private:
  static NkeyBytes filled(std::uint8_t byte) {
    NkeyBytes out;
    out.fill(byte);
    return out;
  }
};

inline constexpr std::string_view kJwtHeader = R"({"typ":"JWT","alg":"ed25519-nkey"})";

inline std::string sign_jwt(std::string_view header, std::string_view claims, const TestKey& key) {
  const auto text = encode_base64url(header) + '.' + encode_base64url(claims);
  return text + '.' + key.sign_url(text);
}

// `standard` are members beside iss and sub, `body` those of "nats"; both may be empty.
inline std::string make_jwt(const TestKey& issuer, std::string_view subject, std::string_view type,
                            std::string_view body, std::string_view standard = "") {
  std::string claims = "{\"iss\":\"" + issuer.text + "\",\"sub\":\"" + std::string(subject) + "\"";
  if (!standard.empty()) claims += "," + std::string(standard);
  claims += ",\"nats\":{\"type\":\"" + std::string(type) + "\",\"version\":2";
  if (!body.empty()) claims += "," + std::string(body);
  return sign_jwt(kJwtHeader, claims + "}}", issuer);
}

// Version 1: the type beside the standard claims, the claims alone signed.
inline std::string make_v1_jwt(const TestKey& issuer, std::string_view subject, std::string_view type,
                               std::string_view body, std::string_view standard = "") {
  std::string claims = "{\"iss\":\"" + issuer.text + "\",\"sub\":\"" + std::string(subject) + "\",\"type\":\"" +
                       std::string(type) + "\"";
  if (!standard.empty()) claims += "," + std::string(standard);
  const auto payload = encode_base64url(claims + ",\"nats\":{" + std::string(body) + "}}");
  return encode_base64url(R"({"typ":"jwt","alg":"ed25519"})") + '.' + payload + '.' + issuer.sign_url(payload);
}

}  // namespace switchyard::nats
