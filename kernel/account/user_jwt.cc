#include "kernel/account/user_jwt.h"

#include <openssl/evp.h>

#include <cstdlib>

#include "kernel/base/ids.h"

namespace switchyard::account {
namespace {

constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"ed25519-nkey"})";
constexpr std::size_t kMaxTokenBytes = 16 * 1024;

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      (out += "\\u00") += hex_encode({&c, 1});
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string claims_with_id(const UserClaims& claims, std::string_view issuer, std::string_view id) {
  std::string out = "{";
  if (!id.empty()) {
    out += "\"jti\":";
    append_json_text(out, id);
    out += ',';
  }
  if (claims.expires != 0) out += "\"exp\":" + std::to_string(claims.expires) + ',';
  out += "\"iat\":" + std::to_string(claims.issued) + ",\"iss\":";
  append_json_text(out, issuer);
  out += ",\"name\":";
  append_json_text(out, claims.name);
  out += ",\"sub\":";
  append_json_text(out, claims.user);
  // Everything allowed, no limit of its own: the account's limits apply.
  out += R"(,"nats":{"pub":{},"sub":{},"subs":-1,"data":-1,"payload":-1,"issuer_account":)";
  append_json_text(out, claims.account);
  out += R"(,"type":"user","version":2}})";
  return out;
}

std::string sha512_256(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha512_256(), nullptr) != 1) std::abort();
  return {reinterpret_cast<const char*>(digest), size};
}

std::optional<std::string> decode_part(std::string_view text) {
  auto bytes = base64url_decode(text);
  if (!bytes || base64url_encode(*bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace

std::string user_claims_json(const UserClaims& claims, std::string_view issuer) {
  return claims_with_id(claims, issuer, base32_encode(sha512_256(claims_with_id(claims, issuer, ""))));
}

std::string make_user_jwt(const UserClaims& claims, const NkeyPair& signing_key) {
  std::string token = base64url_encode(kHeader);
  token += '.';
  token += base64url_encode(user_claims_json(claims, signing_key.public_text()));
  const auto signature = signing_key.sign(token);
  token += '.';
  token += base64url_encode({reinterpret_cast<const char*>(signature.data()), signature.size()});
  return token;
}

std::optional<JwtParts> split_jwt(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return std::nullopt;
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto header = decode_part(token.substr(0, first));
  auto claims = decode_part(token.substr(first + 1, second - first - 1));
  auto signature = decode_part(token.substr(second + 1));
  if (!header || *header != kHeader || !claims || !signature) return std::nullopt;
  if (signature->size() != SignatureBytes().size()) return std::nullopt;
  return JwtParts{std::move(*claims), token.substr(0, second), std::move(*signature)};
}

bool jwt_signed_by(const JwtParts& parts, std::string_view signing_key) {
  const auto key = decode_public_nkey(NkeyKind::account, signing_key);
  return key && verify_nkey_signature(*key, parts.signed_, parts.signature);
}

Secret creds_file(std::string_view jwt, const Secret& seed) {
  std::string out = "-----BEGIN NATS USER JWT-----\n";
  out += jwt;
  out += "\n------END NATS USER JWT------\n\n";
  out += "************************* IMPORTANT *************************\n";
  out += "NKEY Seed printed below can be used to sign and prove identity.\n";
  out += "NKEYs are sensitive and should be treated as secrets.\n\n";
  out += "-----BEGIN USER NKEY SEED-----\n";
  out += seed.view();
  out += "\n------END USER NKEY SEED------\n\n";
  out += "*************************************************************\n";
  return Secret(std::move(out));
}

}  // namespace switchyard::account
