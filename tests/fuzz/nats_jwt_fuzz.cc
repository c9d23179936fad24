// Feeds text to the decoders of JWTs: as a whole token, and as the claims of a token that is properly signed, so that
// what is behind the signature is reached, too.
//
// Checked: nobody else's token is believed; what is accepted keeps its promises; a login with such claims has
// the rights that the claims say and is bounded by its account.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/nats/authenticator.h"
#include "plugins/nats/base64.h"
#include "plugins/nats/claims_reader.h"
#include "plugins/nats/jwt.h"
#include "plugins/nats/nkeys.h"
#include "plugins/nats/scope_template.h"

namespace {

using namespace switchyard::nats;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Key {
  Key(NkeyRole role, std::uint8_t byte) : seed(role, bytes(byte)), text(*seed.public_text()) {}
  static NkeyBytes bytes(std::uint8_t byte) {
    NkeyBytes out;
    out.fill(byte);
    return out;
  }
  std::string sign(std::string_view message) const {
    const auto signature = *seed.sign(message);
    return encode_base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
  }
  NkeySeed seed;
  std::string text;
};

const Key& operator_key() {
  static const Key key(NkeyRole::operator_, 1);
  return key;
}
const Key& account_key() {
  static const Key key(NkeyRole::account, 3);
  return key;
}
const Key& user_key() {
  static const Key key(NkeyRole::user, 6);
  return key;
}

// The text stands where members of "nats" stand; it may as well close that and go on.
std::string token(const Key& issuer, const Key& subject, std::string_view type, std::string_view text) {
  std::string claims = "{\"iss\":\"" + issuer.text + "\",\"sub\":\"" + subject.text + "\",\"nats\":{\"type\":\"" +
                       std::string(type) + "\",\"version\":2" + (text.empty() ? "" : ",") + std::string(text) + "}}";
  const auto signed_text = encode_base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + '.' + encode_base64url(claims);
  return signed_text + '.' + issuer.sign(signed_text);
}

void check_lists(const SubjectLists& lists) {
  for (const auto* list : {&lists.allow, &lists.deny}) {
    for (const std::string_view entry : *list) check(is_claim_subject(entry.substr(0, entry.find(' '))));
  }
}

void check_login(const AuthOutcome& outcome) {
  const auto* login = std::get_if<Login>(&outcome);
  if (login == nullptr) return;
  check(is_public_nkey(NkeyRole::user, login->user));
  check(login->expires_s >= 0);
  check_lists(login->permissions.publish);
  check_lists(login->permissions.subscribe);
  check(!login->permissions.response || login->permissions.response->max_messages != 0);
}

void log_in(std::string_view account_jwt, std::string_view user_jwt) {
  AuthRules rules;
  check(rules.trust_key(operator_key().text).empty());
  if (!rules.add_account(account_key().text, account_jwt).empty()) return;
  const Authenticator authenticator(rules, nullptr, nullptr);
  ConnectCredentials sent;
  sent.jwt = user_jwt;
  sent.nonce = "PXoWU7zWAMt75FY";
  const auto signature = user_key().sign(sent.nonce);
  sent.signature = signature;
  sent.client_address = "10.0.0.1";
  sent.now_s = 1'800'000'000;
  check_login(authenticator.authenticate(sent));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(!std::holds_alternative<AccountClaims>(decode_account_jwt(text)) || size > 100);
  decode_user_jwt(text);
  decode_operator_jwt(text);
  decode_activation_jwt(text);

  const auto user = token(account_key(), user_key(), "user", text);
  const auto account = token(operator_key(), account_key(), "account", text);
  const auto plain_user = token(account_key(), user_key(), "user", "");
  const auto plain_account = token(operator_key(), account_key(), "account", "");
  log_in(plain_account, user);
  log_in(account, plain_user);
  decode_operator_jwt(token(operator_key(), operator_key(), "operator", text));
  decode_activation_jwt(token(account_key(), account_key(), "activation", text));

  // Templates: the scopes of the account, filled for a user with the tags of the input.
  const auto scopes = decode_account_jwt(account);
  const auto tagged = decode_user_jwt(user);
  if (!std::holds_alternative<AccountClaims>(scopes)) return 0;
  UserClaims filled_for;
  if (const auto* claims = std::get_if<UserClaims>(&tagged)) filled_for = *claims;
  for (const auto& [key, scope] : std::get<AccountClaims>(scopes).signing_keys) {
    if (!scope) continue;
    const auto filled = fill_scope(scope->grants.permissions, filled_for, std::get<AccountClaims>(scopes).head);
    if (!filled) continue;
    check_lists(filled->publish);
    check_lists(filled->subscribe);
    check(filled->publish.allow.size() + filled->subscribe.allow.size() <= kMaxScopeSubjects);
  }
  return 0;
}
