// Authenticator: logins by JWT.
#include <algorithm>
#include <utility>

#include "plugins/nats/authenticator.h"
#include "plugins/nats/jwt.h"
#include "plugins/nats/nkeys.h"
#include "plugins/nats/scope_template.h"

namespace switchyard::nats {
namespace {

constexpr std::int64_t kSecondsPerDay = 24 * 60 * 60;

Refusal refuse(RefusalReason reason) { return {reason}; }

std::int64_t stricter(std::int64_t a, std::int64_t b) {
  if (a < 0) return b < 0 ? kNoLimit : b;
  return b < 0 ? a : std::min(a, b);
}

std::int64_t earlier(std::int64_t a, std::int64_t b) { return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b); }

// Seconds until the range ends, or nothing outside of it.
std::optional<std::int64_t> left_of(const TimeRange& range, std::int64_t second_of_day) {
  const bool over_midnight = range.start_s > range.end_s;
  if (!over_midnight) {
    if (second_of_day < range.start_s || second_of_day >= range.end_s) return std::nullopt;
    return range.end_s - second_of_day;
  }
  if (second_of_day < range.end_s) return range.end_s - second_of_day;
  if (second_of_day >= range.start_s) return range.end_s + kSecondsPerDay - second_of_day;
  return std::nullopt;
}

void deny_all(SubjectLists& lists) {
  lists = SubjectLists();
  lists.deny = {">"};
  lists.allow_nothing = true;
}

std::size_t print_of(const DirectoryUser& user) {
  return (user.may_publish ? 1u : 0u) | (user.may_subscribe ? 2u : 0u);
}

// Would a user of this key be given the same by both?  What the user's own claims say does not change.
bool same_grants(const AccountClaims& before, const AccountClaims& now, const std::string& signer) {
  if (before.default_permissions != now.default_permissions) return false;
  const auto old_scope = before.signing_keys.find(signer), new_scope = now.signing_keys.find(signer);
  const bool was_scoped = old_scope != before.signing_keys.end() && old_scope->second;
  const bool is_scoped = new_scope != now.signing_keys.end() && new_scope->second;
  if (was_scoped != is_scoped) return false;
  return !is_scoped || old_scope->second->grants == new_scope->second->grants;
}

bool holds(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

// On its way to a login.
struct Authenticator::JwtUser {
  UserClaims claims;
  UserGrants grants;  // Of the claims, or of the scope that issued them.
  Login login;
};

AuthOutcome Authenticator::by_jwt(const ConnectCredentials& sent) const {
  auto decoded = decode_user_jwt(sent.jwt);
  if (std::holds_alternative<JwtFault>(decoded)) return refuse(RefusalReason::bad_jwt);
  JwtUser user;
  user.claims = std::get<UserClaims>(std::move(decoded));
  user.grants = user.claims.grants;
  const auto& head = user.claims.head;
  auto& login = user.login;
  login.account_key = user.claims.account();
  login.issuer_key = head.issuer;
  login.user = head.subject;
  login.display_name = head.name.empty() ? head.subject : head.name;
  login.issued_s = head.issued_s;
  login.expires_s = std::max<std::int64_t>(0, head.expires_s);
  login.tags = head.tags;

  const auto account = rules_.operator_mode() ? rules_.find_account(login.account_key) : nullptr;
  login.account = account;
  const auto bad_account = account ? judge_account(*account, sent.now_s, user) : judge_namespace(user);
  if (bad_account) return *bad_account;
  if (const auto bad_user = judge_user(sent, user)) return *bad_user;
  complete_response_claim(login.permissions);
  return std::move(login);
}

std::optional<Refusal> Authenticator::judge_account(const AccountClaims& account, std::int64_t now_s,
                                                    JwtUser& user) const {
  const auto& head = user.claims.head;
  auto& login = user.login;
  const auto signer = account.signing_keys.find(head.issuer);
  if (signer == account.signing_keys.end()) {
    const bool own_key = head.issuer == account.head.subject && !rules_.strict(account.head.issuer);
    if (!own_key) return refuse(RefusalReason::unknown_issuer);
  } else if (const auto& scope = signer->second) {
    if (!user.claims.grants.empty()) return refuse(RefusalReason::scope);
    auto filled = fill_scope(scope->grants.permissions, user.claims, account.head);
    if (!filled) return refuse(RefusalReason::scope);
    user.grants = scope->grants;
    user.grants.permissions = std::move(*filled);
  }
  if (account.head.expired(now_s)) return refuse(RefusalReason::account_expired);
  if (account.head.not_yet_valid(now_s)) return refuse(RefusalReason::not_yet_valid);
  if (user.grants.bearer_token && account.limits.disallow_bearer) return refuse(RefusalReason::bearer_token);
  if (account.revocations.revoked(head.subject, head.issued_s)) return refuse(RefusalReason::user_revoked);
  const auto& auth_users = account.authorization.auth_users;
  if (!auth_users.empty() && !holds(auth_users, head.subject)) return refuse(RefusalReason::unsupported);

  login.method = LoginMethod::account_jwt;
  login.tenant = {Tenant::Kind::account, account.head.subject};
  login.account_expires_s = std::max<std::int64_t>(0, account.head.expires_s);
  login.permissions = user.grants.permissions.empty() ? account.default_permissions : user.grants.permissions;
  login.limits = {account.limits.subscriptions, account.limits.payload, account.limits.data,
                  account.limits.connections};
  return std::nullopt;
}

std::optional<Refusal> Authenticator::judge_namespace(JwtUser& user) const {
  auto& login = user.login;
  DirectoryAccount account;
  if (directory_ == nullptr || !directory_->find_account(login.account_key, account)) {
    return refuse(RefusalReason::unknown_account);
  }
  if (!holds(account.signing_keys, login.issuer_key)) return refuse(RefusalReason::unknown_issuer);
  auto known = directory_->find_user(login.account_key, login.user, login.issued_s);
  if (known.revoked) return refuse(RefusalReason::user_revoked);
  login.method = LoginMethod::namespace_jwt;
  login.tenant = {Tenant::Kind::namespace_, std::move(account.namespace_id)};
  login.credential_id = std::move(known.credential_id);
  login.rule_print = print_of(known);
  login.expires_s = earlier(login.expires_s, known.expires_s);
  login.permissions = user.grants.permissions;
  // The rights of the credential bound what its JWT says, answers to requests included.
  if (!known.may_publish) {
    deny_all(login.permissions.publish);
    login.permissions.response.reset();
  }
  if (!known.may_subscribe) deny_all(login.permissions.subscribe);
  login.limits = account.limits;
  return std::nullopt;
}

std::optional<Refusal> Authenticator::judge_user(const ConnectCredentials& sent, JwtUser& user) const {
  const auto& head = user.claims.head;
  const auto& grants = user.grants;
  auto& login = user.login;
  if (login.expires_s != 0 && sent.now_s >= login.expires_s) return refuse(RefusalReason::user_expired);
  if (head.not_yet_valid(sent.now_s)) return refuse(RefusalReason::not_yet_valid);
  if (!grants.connection_types.allows(sent.connection_type)) return refuse(RefusalReason::connection_type);
  if (grants.proxy_required) return refuse(RefusalReason::unsupported);
  if (!grants.src.empty()) {
    const auto contains = [&](const Cidr& range) { return cidr_contains(range, sent.client_address); };
    if (std::none_of(grants.src.begin(), grants.src.end(), contains)) return refuse(RefusalReason::source_address);
  }
  if (const auto bad_time = judge_times(grants, sent.now_s, login)) return bad_time;
  if (!grants.bearer_token) {
    const auto key = decode_public_nkey(head.subject);
    const auto signature = decode_nkey_signature(sent.signature);
    // A connection without a nonce has nothing that a signature could prove.
    if (!key || !signature || sent.nonce.empty() || !verify_nkey(*key, sent.nonce, *signature)) {
      return refuse(RefusalReason::bad_signature);
    }
  }
  login.limits.subscriptions = stricter(login.limits.subscriptions, grants.subscriptions);
  login.limits.payload = stricter(login.limits.payload, grants.payload);
  login.limits.data = stricter(login.limits.data, grants.data);
  return std::nullopt;
}

std::optional<Refusal> Authenticator::judge_times(const UserGrants& grants, std::int64_t now_s, Login& login) const {
  if (grants.times.empty()) return std::nullopt;
  std::optional<std::int32_t> offset;
  if (zones_ != nullptr) {
    offset = zones_->utc_offset_s(grants.times_location, now_s);
  } else if (grants.times_location.empty() || grants.times_location == "UTC") {
    offset = 0;
  }
  if (!offset) return refuse(RefusalReason::time_of_day);
  const auto since_midnight = (now_s + *offset) % kSecondsPerDay;
  const auto second_of_day = since_midnight < 0 ? since_midnight + kSecondsPerDay : since_midnight;
  std::int64_t longest = 0;
  for (const auto& range : grants.times) longest = std::max(longest, left_of(range, second_of_day).value_or(0));
  if (longest == 0) return refuse(RefusalReason::time_of_day);
  login.expires_s = earlier(login.expires_s, now_s + longest);
  return std::nullopt;
}

std::optional<LoginEnd> Authenticator::account_ended(const Login& login, std::int64_t now_s) const {
  const auto account = rules_.find_account(login.account_key);
  if (!account) return LoginEnd{RefusalReason::unknown_account, kAuthorizationViolation};
  if (account->head.expired(now_s)) return LoginEnd{RefusalReason::account_expired, kAccountExpired};
  if (account->revocations.revoked(login.user, login.issued_s)) {
    return LoginEnd{RefusalReason::user_revoked, kUserRevoked};
  }
  const bool own_key = login.issuer_key == login.account_key && !rules_.strict(account->head.issuer);
  if (!own_key && !account->signing_keys.contains(login.issuer_key)) {
    return LoginEnd{RefusalReason::unknown_issuer, kAuthorizationViolation};
  }
  // Whoever reconnects gets the new rights.
  if (login.account == nullptr || !same_grants(*login.account, *account, login.issuer_key)) {
    return LoginEnd{RefusalReason::scope, kAuthorizationViolation};
  }
  return std::nullopt;
}

std::optional<LoginEnd> Authenticator::namespace_ended(const Login& login, std::int64_t now_s) const {
  const LoginEnd revoked{RefusalReason::user_revoked, kUserRevoked};
  DirectoryAccount account;
  // With the namespace its credentials are gone.
  if (directory_ == nullptr || !directory_->find_account(login.account_key, account)) return revoked;
  const auto known = directory_->find_user(login.account_key, login.user, login.issued_s);
  if (known.revoked) return revoked;
  if (known.expires_s != 0 && now_s >= known.expires_s) return LoginEnd{RefusalReason::user_expired, kUserExpired};
  // Whoever reconnects gets the new rights.
  if (login.rule_print != print_of(known)) return LoginEnd{RefusalReason::scope, kAuthorizationViolation};
  if (!holds(account.signing_keys, login.issuer_key)) {
    return LoginEnd{RefusalReason::unknown_issuer, kAuthorizationViolation};
  }
  return std::nullopt;
}

}  // namespace switchyard::nats
