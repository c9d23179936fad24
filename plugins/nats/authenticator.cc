#include "plugins/nats/authenticator.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "plugins/nats/nkeys.h"
#include "plugins/nats/password.h"

namespace switchyard::nats {
namespace {

Refusal refuse(RefusalReason reason) { return {reason}; }

std::size_t print_of(std::string_view account, std::string_view password) {
  const std::hash<std::string_view> hash;
  return hash(account) * 31 + hash(password);
}

// What costs nothing is compared at once.
AuthOutcome check_password(std::string_view configured, std::string_view sent, Login login) {
  if (is_bcrypt(configured)) return PasswordCheck(std::string(configured), sent, std::move(login));
  if (!same_secret(configured, sent)) return refuse(RefusalReason::bad_password);
  return login;
}

}  // namespace

std::string_view describe(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::no_credentials:
      return "no credentials were sent";
    case RefusalReason::unknown_user:
      return "the user is not known";
    case RefusalReason::unknown_account:
      return "the account of the JWT is not known";
    case RefusalReason::bad_jwt:
      return "the JWT is broken or was not signed by its issuer";
    case RefusalReason::bad_password:
      return "the password or token is wrong";
    case RefusalReason::bad_signature:
      return "the nonce was not signed with the user's key";
    case RefusalReason::certificate_required:
      return "no user has the name of the client's certificate";
    case RefusalReason::connection_type:
      return "the user may not use this kind of connection";
    case RefusalReason::unknown_issuer:
      return "the JWT was not issued by a signing key of its account";
    case RefusalReason::scope:
      return "the JWT does not fit the scope of its signing key";
    case RefusalReason::bearer_token:
      return "the account allows no bearer tokens";
    case RefusalReason::user_expired:
      return "the JWT has expired";
    case RefusalReason::not_yet_valid:
      return "the JWT is not valid yet";
    case RefusalReason::account_expired:
      return "the account has expired";
    case RefusalReason::user_revoked:
      return "the user was revoked";
    case RefusalReason::source_address:
      return "the user may not connect from this address";
    case RefusalReason::time_of_day:
      return "the user may not connect at this time of the day";
    case RefusalReason::unsupported:
      return "the account or user demands an authorization service or a proxy, which this server has not";
  }
  return "refused";
}

PasswordCheck::PasswordCheck(std::string configured, std::string_view sent, Login login)
    : configured_(std::move(configured)), sent_(sent.begin(), sent.end()), login_(std::move(login)) {}

PasswordCheck::~PasswordCheck() { OPENSSL_cleanse(sent_.data(), sent_.size()); }

bool PasswordCheck::passes() const { return password_matches(configured_, {sent_.data(), sent_.size()}); }

AuthOutcome Authenticator::authenticate(const ConnectCredentials& sent) const {
  auto outcome = identify(sent);
  const auto* refusal = std::get_if<Refusal>(&outcome);
  if (refusal == nullptr || !refusal->of_a_stranger() || !rules_.anonymous) return outcome;
  Login login;
  login.tenant = *rules_.anonymous;
  return login;
}

AuthOutcome Authenticator::identify(const ConnectCredentials& sent) const {
  if (!sent.jwt.empty() && (rules_.operator_mode() || directory_ != nullptr)) return by_jwt(sent);
  // Under an operator nobody comes in without a JWT.
  if (rules_.operator_mode()) return refuse(RefusalReason::no_credentials);

  const bool nothing_sent = sent.user.empty() && sent.password.empty() && sent.token.empty();
  const auto nkey = nothing_sent && sent.nkey.empty() ? std::string_view(rules_.no_auth_user) : sent.nkey;
  if (!nkey.empty() && rules_.needs_nonce()) {
    if (const auto* user = rules_.find_nkey_user(nkey)) return by_nkey(sent, *user);
    if (!sent.nkey.empty()) return refuse(RefusalReason::unknown_user);
  }
  if (rules_.has_users()) {
    if (rules_.map_certificates) return by_certificate(sent);
    const auto name = nothing_sent ? std::string_view(rules_.no_auth_user) : sent.user;
    if (!name.empty()) return by_user(sent, name);
  }
  return by_single(sent);
}

Login Authenticator::login_of(const PasswordUser& user, LoginMethod method) const {
  Login login;
  login.method = method;
  login.tenant.name = user.account;
  login.user = login.display_name = user.name;
  login.permissions = user.permissions;
  login.rule_print = print_of(user.account, user.password);
  return login;
}

Login Authenticator::login_of(const NkeyUser& user) const {
  Login login;
  login.method = LoginMethod::nkey;
  login.tenant.name = user.account;
  login.user = login.display_name = user.nkey;
  login.permissions = user.permissions;
  login.rule_print = print_of(user.account, {});
  return login;
}

AuthOutcome Authenticator::by_nkey(const ConnectCredentials& sent, const NkeyUser& user) const {
  if (!user.connection_types.allows(sent.connection_type)) return refuse(RefusalReason::connection_type);
  if (user.nkey == rules_.no_auth_user) return login_of(user);
  const auto key = decode_public_nkey(user.nkey);
  const auto signature = decode_nkey_signature(sent.signature);
  // A connection without a nonce has nothing that a signature could prove.
  if (!key || !signature || sent.nonce.empty() || !verify_nkey(*key, sent.nonce, *signature)) {
    return refuse(RefusalReason::bad_signature);
  }
  return login_of(user);
}

AuthOutcome Authenticator::by_certificate(const ConnectCredentials& sent) const {
  const auto* certificate = sent.certificate;
  if (certificate == nullptr) return refuse(RefusalReason::certificate_required);
  const auto usable = [&](const PasswordUser* user) {
    return user != nullptr && user->connection_types.allows(sent.connection_type);
  };
  const PasswordUser* found = nullptr;
  for (const auto* names : {&certificate->emails, &certificate->dns_names, &certificate->uris}) {
    for (const auto& name : *names) {
      if (found == nullptr && usable(rules_.find_user(name))) found = rules_.find_user(name);
    }
  }
  if (found == nullptr && usable(rules_.find_user(certificate->subject)))
    found = rules_.find_user(certificate->subject);
  if (found == nullptr && usable(rules_.find_user_by_dn(certificate->subject))) {
    found = rules_.find_user_by_dn(certificate->subject);
  }
  if (found == nullptr) return refuse(RefusalReason::certificate_required);
  // A user with a password needs both.
  return check_password(found->password, sent.password, login_of(*found, LoginMethod::certificate));
}

AuthOutcome Authenticator::by_user(const ConnectCredentials& sent, std::string_view name) const {
  const auto* user = rules_.find_user(name);
  if (user == nullptr) return refuse(RefusalReason::unknown_user);
  if (!user->connection_types.allows(sent.connection_type)) return refuse(RefusalReason::connection_type);
  auto login = login_of(*user, LoginMethod::user);
  // Whoever sends nothing is that user; whoever sends its name proves it like everybody else.
  if (sent.user.empty()) return login;
  if (user->password.empty() && rules_.certificates_elsewhere) return refuse(RefusalReason::certificate_required);
  return check_password(user->password, sent.password, std::move(login));
}

AuthOutcome Authenticator::by_single(const ConnectCredentials& sent) const {
  Login login;
  login.tenant.name = rules_.default_account;
  if (!rules_.token.empty()) {
    if (sent.token.empty()) return refuse(RefusalReason::no_credentials);
    login.method = LoginMethod::token;
    login.rule_print = print_of(login.tenant.name, rules_.token);
    return check_password(rules_.token, sent.token, std::move(login));
  }
  if (!rules_.single_user.empty()) {
    if (sent.user.empty()) return refuse(RefusalReason::no_credentials);
    if (sent.user != rules_.single_user) return refuse(RefusalReason::unknown_user);
    login.method = LoginMethod::single_user;
    login.user = login.display_name = rules_.single_user;
    login.rule_print = print_of(login.tenant.name, rules_.single_password);
    return check_password(rules_.single_password, sent.password, std::move(login));
  }
  return refuse(RefusalReason::no_credentials);
}

std::int64_t Authenticator::ends_by_itself_s(const Login& login) {
  if (login.expires_s == 0 || login.account_expires_s == 0) return std::max(login.expires_s, login.account_expires_s);
  return std::min(login.expires_s, login.account_expires_s);
}

std::optional<LoginEnd> Authenticator::ended(const Login& login, std::int64_t now_s) const {
  const LoginEnd gone{RefusalReason::unknown_user, kAuthorizationViolation};
  const auto keep_if = [&](bool same) { return same ? std::nullopt : std::optional(gone); };
  if (login.expires_s != 0 && now_s >= login.expires_s) return LoginEnd{RefusalReason::user_expired, kUserExpired};
  switch (login.method) {
    case LoginMethod::anonymous:
      return keep_if(rules_.anonymous == login.tenant);
    case LoginMethod::user:
    case LoginMethod::certificate: {
      const auto* user = rules_.find_user(login.user);
      return keep_if(user != nullptr && login.rule_print == print_of(user->account, user->password) &&
                     login.permissions == user->permissions);
    }
    case LoginMethod::nkey: {
      const auto* user = rules_.find_nkey_user(login.user);
      return keep_if(user != nullptr && login.rule_print == print_of(user->account, {}) &&
                     login.permissions == user->permissions);
    }
    case LoginMethod::token:
      return keep_if(login.rule_print == print_of(rules_.default_account, rules_.token));
    case LoginMethod::single_user:
      return keep_if(login.user == rules_.single_user &&
                     login.rule_print == print_of(rules_.default_account, rules_.single_password));
    case LoginMethod::account_jwt:
      return account_ended(login, now_s);
    case LoginMethod::namespace_jwt:
      return namespace_ended(login, now_s);
  }
  return gone;
}

}  // namespace switchyard::nats
