// Authenticator decides from a CONNECT, the configuration and the host's directory of namespaces who a
// client is and what it may do.
//
// The order: a JWT (of an account of a trusted operator, else of a namespace of the directory), nkeys, users
// (by certificate or by name), the token, the single user.  Whom none of them knows is anonymous where that is
// allowed; whoever is known and cannot prove it is refused.
//
// Failure: every doubt is a refusal.
//
// Thread: const and without state of its own: any lane, while the rules and the directory stay alive.  A JWT
// costs two signature checks (about 200 us); bcrypt is not computed here but handed out as a PasswordCheck.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugins/nats/auth_rules.h"
#include "plugins/nats/login.h"
#include "plugins/nats/zones.h"

namespace switchyard::nats {

// Of the certificate that the TLS handshake verified.
struct TlsPeer {
  std::vector<std::string> emails, dns_names, uris;  // Subject alternative names.
  std::string subject;                               // RFC 2253.
};

// Views into the CONNECT and the connection; an absent field is empty.
struct ConnectCredentials {
  std::string_view user, password, token, nkey, jwt, signature;
  std::string_view nonce;                // That this connection was sent.
  const TlsPeer* certificate = nullptr;  // Null without one.
  std::string_view client_address;       // Without a port.
  ConnectionType connection_type = ConnectionType::standard;
  std::int64_t now_s = 0;  // Unix.
};

struct DirectoryAccount {
  std::string namespace_id;
  std::vector<std::string> signing_keys;  // A...
  LoginLimits limits;
};

struct DirectoryUser {
  bool revoked = false;  // Also when the directory never heard of it.
  bool may_publish = true, may_subscribe = true;
  std::int64_t expires_s = 0;
  std::string credential_id;
};

// Implemented by the host's side: namespaces of the control API and their credentials.
class CredentialDirectory {
 public:
  virtual ~CredentialDirectory() = default;
  // [lane] False: no such account.  Must not block.
  virtual bool find_account(std::string_view account_key, DirectoryAccount& out) const = 0;
  // [lane] Of an account that find_account() knows.
  virtual DirectoryUser find_user(std::string_view account_key, std::string_view user_key,
                                  std::int64_t issued_s) const = 0;
};

// A login that stands when passes() says so.  Holds the password and wipes it.
class PasswordCheck {
 public:
  PasswordCheck(std::string configured, std::string_view sent, Login login);
  PasswordCheck(PasswordCheck&&) = default;
  PasswordCheck& operator=(PasswordCheck&&) = default;
  ~PasswordCheck();

  // [not on a lane] Tens of milliseconds and more, as the hash demands.
  bool passes() const;
  Login take_login() && { return std::move(login_); }
  // What to answer when it does not pass.
  Refusal refusal() const { return {RefusalReason::bad_password}; }

 private:
  std::string configured_;
  // On the heap even when short, so that a move leaves nothing behind.
  std::vector<char> sent_;
  Login login_;
};

using AuthOutcome = std::variant<Login, Refusal, PasswordCheck>;

class Authenticator {
 public:
  // Without a directory no namespace has JWTs; without zones, times of the day are in UTC and a named zone is
  // refused.
  Authenticator(const AuthRules& rules, const CredentialDirectory* directory, const Zones* zones)
      : rules_(rules), directory_(directory), zones_(zones) {}

  // For INFO.
  bool auth_required() const { return !rules_.anonymous; }
  bool nonce_required() const { return rules_.needs_nonce() || directory_ != nullptr; }

  AuthOutcome authenticate(const ConnectCredentials& sent) const;
  // Is this login over, because time has passed, or the rules or the directory have changed?
  std::optional<LoginEnd> ended(const Login& login, std::int64_t now_s) const;
  // When to ask ended() at the latest; 0 = time alone never ends it.
  static std::int64_t ends_by_itself_s(const Login& login);

 private:
  struct JwtUser;

  AuthOutcome identify(const ConnectCredentials& sent) const;
  AuthOutcome by_jwt(const ConnectCredentials& sent) const;
  std::optional<Refusal> judge_account(const AccountClaims& account, std::int64_t now_s, JwtUser& user) const;
  std::optional<Refusal> judge_namespace(JwtUser& user) const;
  std::optional<Refusal> judge_user(const ConnectCredentials& sent, JwtUser& user) const;
  std::optional<Refusal> judge_times(const UserGrants& grants, std::int64_t now_s, Login& login) const;
  AuthOutcome by_nkey(const ConnectCredentials& sent, const NkeyUser& user) const;
  AuthOutcome by_certificate(const ConnectCredentials& sent) const;
  AuthOutcome by_user(const ConnectCredentials& sent, std::string_view name) const;
  AuthOutcome by_single(const ConnectCredentials& sent) const;
  Login login_of(const PasswordUser& user, LoginMethod method) const;
  Login login_of(const NkeyUser& user) const;
  std::optional<LoginEnd> account_ended(const Login& login, std::int64_t now_s) const;
  std::optional<LoginEnd> namespace_ended(const Login& login, std::int64_t now_s) const;

  const AuthRules& rules_;
  const CredentialDirectory* directory_;
  const Zones* zones_;
};

}  // namespace switchyard::nats
