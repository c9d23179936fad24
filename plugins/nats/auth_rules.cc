#include "plugins/nats/auth_rules.h"

#include <utility>

#include "plugins/nats/distinguished_name.h"
#include "plugins/nats/jwt.h"
#include "plugins/nats/nkeys.h"

namespace switchyard::nats {
namespace {

template <class Map>
auto* find_in(Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

std::string AuthRules::add_user(PasswordUser user) {
  if (user.name.empty()) return "a user needs a name";
  if (users_.contains(user.name)) return "user '" + user.name + "' is there twice";
  complete_response_claim(user.permissions);
  if (user.account.empty()) user.account = default_account;
  if (auto dn = canonical_dn(user.name)) user_of_dn_.emplace(std::move(*dn), user.name);
  auto name = user.name;
  users_.emplace(std::move(name), std::move(user));
  return {};
}

std::string AuthRules::add_nkey_user(NkeyUser user) {
  if (!is_public_nkey(NkeyRole::user, user.nkey)) return "'" + user.nkey + "' is no public nkey of a user";
  if (nkey_users_.contains(user.nkey)) return "nkey '" + user.nkey + "' is there twice";
  complete_response_claim(user.permissions);
  if (user.account.empty()) user.account = default_account;
  auto key = user.nkey;
  nkey_users_.emplace(std::move(key), std::move(user));
  return {};
}

std::string AuthRules::trust_key(std::string_view key) {
  if (!is_public_nkey(NkeyRole::operator_, key)) return "'" + std::string(key) + "' is no public nkey of an operator";
  trusted_keys_.emplace(key);
  return {};
}

std::string AuthRules::trust_operator(std::string_view jwt, std::int64_t now_s) {
  const auto decoded = decode_operator_jwt(jwt);
  if (const auto* fault = std::get_if<JwtFault>(&decoded)) return "operator: " + std::string(describe(*fault));
  const auto& claims = std::get<OperatorClaims>(decoded);
  // Anybody can issue an operator JWT; only the operator's own keys can issue this operator's.
  bool own = claims.head.issuer == claims.head.subject;
  for (const auto& key : claims.signing_keys) own = own || key == claims.head.issuer;
  if (!own) return "operator '" + claims.head.name + "': its JWT was issued by somebody else";
  if (claims.head.expired(now_s)) return "operator '" + claims.head.name + "': its JWT has expired";
  if (claims.head.not_yet_valid(now_s)) return "operator '" + claims.head.name + "': its JWT is not valid yet";
  if (!claims.strict_signing_keys) trusted_keys_.insert(claims.head.subject);
  for (const auto& key : claims.signing_keys) {
    trusted_keys_.insert(key);
    if (claims.strict_signing_keys) strict_keys_.insert(key);
  }
  if (trusted_keys_.empty()) {
    return "operator '" + claims.head.name + "' demands signing keys (strict_signing_key_usage) and has none";
  }
  if (system_account.empty()) system_account = claims.system_account;
  return {};
}

std::string AuthRules::add_account(std::string_view account_key, std::string_view jwt) {
  const std::string name = "account '" + std::string(account_key) + "'";
  auto decoded = decode_account_jwt(jwt);
  if (const auto* fault = std::get_if<JwtFault>(&decoded)) return name + ": " + std::string(describe(*fault));
  auto claims = std::make_shared<const AccountClaims>(std::get<AccountClaims>(std::move(decoded)));
  if (claims->head.subject != account_key) return name + ": its JWT is of account '" + claims->head.subject + "'";
  accounts_[claims->head.subject] = std::move(claims);
  return {};
}

const PasswordUser* AuthRules::find_user(std::string_view name) const { return find_in(users_, name); }

const PasswordUser* AuthRules::find_user_by_dn(std::string_view subject) const {
  const auto dn = canonical_dn(subject);
  const auto* name = dn ? find_in(user_of_dn_, *dn) : nullptr;
  return name == nullptr ? nullptr : find_user(*name);
}

const NkeyUser* AuthRules::find_nkey_user(std::string_view nkey) const { return find_in(nkey_users_, nkey); }

std::shared_ptr<const AccountClaims> AuthRules::find_account(std::string_view key) const {
  const auto* found = find_in(accounts_, key);
  if (found == nullptr || !trusted_keys_.contains((*found)->head.issuer)) return nullptr;
  return *found;
}

}  // namespace switchyard::nats
