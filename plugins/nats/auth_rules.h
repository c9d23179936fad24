// AuthRules is what the configuration says about who may connect: filled once, then only read.
//
// Failure: adders answer what is wrong, for the person who wrote the configuration, and change nothing then;
// an empty text means done.
//
// Thread: filled by one thread; afterwards any number of readers.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "plugins/nats/claims.h"
#include "plugins/nats/login.h"

namespace switchyard::nats {

struct PasswordUser {
  std::string name;
  std::string password;  // Plain or bcrypt.
  std::string account;   // Empty = the default account.
  PermissionClaims permissions;
  ConnectionTypes connection_types;
};

struct NkeyUser {
  std::string nkey;  // U...
  std::string account;
  PermissionClaims permissions;
  ConnectionTypes connection_types;
};

class AuthRules {
 public:
  // Everybody whom no other rule knows comes in here; "no authentication" is this with nothing else.
  std::optional<Tenant> anonymous;
  std::string default_account = "$G";
  std::string single_user, single_password;
  std::string token;  // Plain or bcrypt.
  // Users are found by their certificate alone.
  bool map_certificates = false;
  // Another listener maps certificates: users without a password belong to it.
  bool certificates_elsewhere = false;
  std::string no_auth_user;  // Name or nkey.
  std::string system_account;

  std::string add_user(PasswordUser user);
  std::string add_nkey_user(NkeyUser user);
  // O..., without an operator JWT.
  std::string trust_key(std::string_view key);
  std::string trust_operator(std::string_view jwt, std::int64_t now_s);
  // One entry of the resolver; replaces what was there.
  std::string add_account(std::string_view account_key, std::string_view jwt);

  bool operator_mode() const { return !trusted_keys_.empty(); }
  bool needs_nonce() const { return operator_mode() || !nkey_users_.empty(); }
  bool has_users() const { return !users_.empty(); }
  const PasswordUser* find_user(std::string_view name) const;
  const PasswordUser* find_user_by_dn(std::string_view subject) const;
  const NkeyUser* find_nkey_user(std::string_view nkey) const;
  // Of a trusted operator, or nothing.
  std::shared_ptr<const AccountClaims> find_account(std::string_view key) const;
  // Accounts of this issuer must have their users signed by a signing key.
  bool strict(std::string_view issuer) const { return strict_keys_.contains(issuer); }

 private:
  std::map<std::string, PasswordUser, std::less<>> users_;
  std::map<std::string, std::string, std::less<>> user_of_dn_;  // Canonical name -> user.
  std::map<std::string, NkeyUser, std::less<>> nkey_users_;
  std::set<std::string, std::less<>> trusted_keys_, strict_keys_;
  std::map<std::string, std::shared_ptr<const AccountClaims>, std::less<>> accounts_;
};

}  // namespace switchyard::nats
