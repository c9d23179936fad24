// The user JWT and the `.creds` file of NATS: what a client of a NATS account shows to the server.
//
// The account's signing key signs the user's public key; `issuer_account` names the account, because
// the signing key is another one.  Whoever verifies needs the account's public signing key alone.
//
// Failure: split_jwt() answers nothing for text that is not three parts of canonical base64url with a
// header of this kind; the claims are JSON of whoever signed and are judged by whoever reads them.
//
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/account/nkeys.h"

namespace switchyard::account {

struct UserClaims {
  std::string account;       // A..., the namespace's id.
  std::string user;          // U...
  std::string name;          // Of the credential.
  std::int64_t issued = 0;   // Unix seconds.
  std::int64_t expires = 0;  // 0 = never.
};

// The claims as JSON, with the id that is the hash of the rest.
std::string user_claims_json(const UserClaims& claims, std::string_view issuer);
std::string make_user_jwt(const UserClaims& claims, const NkeyPair& signing_key);

struct JwtParts {
  std::string claims;        // JSON.
  std::string_view signed_;  // Points into the token.
  std::string signature;     // 64 bytes.
};
std::optional<JwtParts> split_jwt(std::string_view token);
// Was it signed with this key (A...)?
bool jwt_signed_by(const JwtParts& parts, std::string_view signing_key);

// The file that NATS clients read: the JWT and the user's seed.
Secret creds_file(std::string_view jwt, const Secret& seed);

}  // namespace switchyard::account
