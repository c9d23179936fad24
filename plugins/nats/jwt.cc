#include "plugins/nats/jwt.h"

#include <boost/json/parse.hpp>
#include <initializer_list>
#include <optional>

#include "plugins/nats/base64.h"
#include "plugins/nats/claims_reader.h"
#include "plugins/nats/nkeys.h"

namespace switchyard::nats {
namespace {

namespace json = boost::json;

constexpr int kNewestVersion = 2;

struct Parts {
  std::string_view header, claims, signature;
  std::string_view signed_by_v2;  // Header and claims; version 1 signs the claims alone.
};

std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

std::optional<json::value> parse_part(std::string_view part) {
  const auto bytes = decode_base64url(part);
  if (!bytes) return std::nullopt;
  json::error_code error;
  // The default depth limit bounds the recursion.
  auto value = json::parse(*bytes, error);
  if (error || !value.is_object()) return std::nullopt;
  return value;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return text;
}

bool good_header(const json::object& header) {
  bool ok = true;
  std::string type, algorithm;
  const ClaimsReader fields(header, ok);
  fields.text("typ", type);
  fields.text("alg", algorithm);
  algorithm = lower(algorithm);
  return ok && lower(type) == "jwt" && (algorithm == "ed25519-nkey" || algorithm == "ed25519");
}

struct Kind {
  std::string type;
  int version = 0;
};

// Version 1 has the type beside the standard claims, version 2 within "nats".
std::optional<Kind> kind_of(const json::object& root) {
  bool ok = true;
  Kind out;
  std::int64_t version = 1;
  const ClaimsReader top(root, ok);
  top.text("type", out.type);
  if (out.type.empty()) {
    const auto* body = top.object("nats");
    if (body == nullptr) return std::nullopt;
    const ClaimsReader fields(*body, ok);
    version = 0;
    fields.text("type", out.type);
    fields.number("version", version);
  }
  if (!ok || version < 1) return std::nullopt;
  out.version = version > kNewestVersion ? kNewestVersion + 1 : static_cast<int>(version);
  return out;
}

bool read_head(const json::object& root, int version, ClaimsHead& out) {
  bool ok = true;
  const ClaimsReader top(root, ok);
  top.text("jti", out.id);
  top.text("iss", out.issuer);
  top.text("sub", out.subject);
  top.text("name", out.name);
  top.text("aud", out.audience);
  top.number("iat", out.issued_s);
  top.number("exp", out.expires_s);
  top.number("nbf", out.not_before_s);
  out.version = version;
  if (version == 1) {
    top.texts("tags", out.tags);
  } else if (const auto* body = top.object("nats")) {
    ClaimsReader(*body, ok).texts("tags", out.tags);
  }
  return ok;
}

struct Rules {
  std::string_view type;
  std::size_t max_bytes;
  std::initializer_list<NkeyRole> issuers;
};

template <class Claims, class Read>
Decoded<Claims> decode(std::string_view token, const Rules& rules, const Read& read) {
  if (token.size() > rules.max_bytes) return JwtFault::too_large;
  const auto parts = split(token);
  if (!parts) return JwtFault::not_a_jwt;
  const auto header = parse_part(parts->header);
  const auto body = parse_part(parts->claims);
  const auto signature = decode_base64url(parts->signature);
  if (!header || !body || !signature) return JwtFault::not_a_jwt;
  if (!good_header(header->get_object())) return JwtFault::bad_header;

  const auto& root = body->get_object();
  const auto kind = kind_of(root);
  if (!kind) return JwtFault::bad_claims;
  if (kind->version > kNewestVersion) return JwtFault::newer_version;
  if (kind->type != rules.type) return JwtFault::wrong_type;

  Claims out;
  if (!read_head(root, kind->version, out.head)) return JwtFault::bad_claims;
  const auto issuer = decode_public_nkey(out.head.issuer);
  bool may_issue = false;
  for (const auto role : rules.issuers) may_issue = may_issue || (issuer && issuer->role == role);
  if (!may_issue) return JwtFault::bad_issuer;
  const auto signed_text = kind->version == 1 ? parts->claims : parts->signed_by_v2;
  if (!verify_nkey(*issuer, signed_text, *signature)) return JwtFault::bad_signature;
  // What nobody signed costs no more work than this.
  if (!read(root, kind->version, out)) return JwtFault::bad_claims;
  return out;
}

}  // namespace

std::string_view describe(JwtFault fault) {
  switch (fault) {
    case JwtFault::too_large:
      return "the JWT is too large";
    case JwtFault::not_a_jwt:
      return "this is no JWT";
    case JwtFault::bad_header:
      return "the header of the JWT names another type or algorithm than ed25519-nkey";
    case JwtFault::newer_version:
      return "the claims of the JWT are of a newer version than 2";
    case JwtFault::wrong_type:
      return "the JWT holds claims of another type";
    case JwtFault::bad_claims:
      return "the claims of the JWT cannot be understood";
    case JwtFault::bad_issuer:
      return "the issuer of the JWT is no key that issues such claims";
    case JwtFault::bad_signature:
      return "the signature of the JWT is not its issuer's";
  }
  return "the JWT is not valid";
}

Decoded<UserClaims> decode_user_jwt(std::string_view token) {
  return decode<UserClaims>(token, {"user", kMaxUserJwtBytes, {NkeyRole::account}}, read_user);
}

Decoded<AccountClaims> decode_account_jwt(std::string_view token) {
  return decode<AccountClaims>(token, {"account", kMaxJwtBytes, {NkeyRole::account, NkeyRole::operator_}},
                               read_account);
}

Decoded<OperatorClaims> decode_operator_jwt(std::string_view token) {
  return decode<OperatorClaims>(token, {"operator", kMaxJwtBytes, {NkeyRole::operator_}}, read_operator);
}

Decoded<ActivationClaims> decode_activation_jwt(std::string_view token) {
  return decode<ActivationClaims>(token, {"activation", kMaxUserJwtBytes, {NkeyRole::account, NkeyRole::operator_}},
                                  read_activation);
}

}  // namespace switchyard::nats
