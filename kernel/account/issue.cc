// Accounts: credentials whose keys are made here, in the shapes that clients check.
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "kernel/account/accounts.h"
#include "kernel/account/nkeys.h"
#include "kernel/account/user_jwt.h"
#include "kernel/base/ids.h"

namespace switchyard::account {
namespace {

constexpr std::size_t kAccessKeyLength = 20, kSecretLength = 64;

// What clients of the hosted service compare; it protects nothing.
std::string sha1_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr) != 1) std::abort();
  return hex_encode({reinterpret_cast<const char*>(digest), size});
}

}  // namespace

Result<Secret> Accounts::make_nats_keys(std::size_t lane, const CredentialWish& wish, NewCredential& wanted) const {
  const auto* ns = view(lane).find_namespace(wish.namespace_id);
  const auto seed = view(lane).reveal_signing_seed(*ns);
  if (!seed) return Error(seed.error());
  const auto signing = NkeyPair::from_seed(NkeyKind::account, seed->view());
  if (!signing) {
    return Error{Code::corrupt, "the signing key of NATS account '" + ns->id + "' cannot be read; run switchyard fsck"};
  }
  const auto user = NkeyPair::generate(NkeyKind::user);
  wanted.access_key = user.public_text();
  wanted.keep_no_secret = true;
  constexpr std::int64_t kMsPerSecond = 1000;
  // A JWT counts whole seconds: never longer than was asked for.  Zero would be for ever.
  const auto expires = wish.expires_ms == 0 ? 0 : std::max<std::int64_t>(1, wish.expires_ms / kMsPerSecond);
  const UserClaims claims{ns->id, user.public_text(), wish.name, clock_.wall_ms() / kMsPerSecond, expires};
  return creds_file(make_user_jwt(claims, *signing), user.seed_text());
}

void Accounts::issue_credential(std::size_t lane, const CredentialWish& wish, IssuedDone done) {
  const auto* ns = view(lane).find_namespace(wish.namespace_id);
  if (ns == nullptr) return refuse(lane, std::move(done), no_namespace(wish.namespace_id));
  NewCredential wanted;
  wanted.namespace_id = wish.namespace_id;
  wanted.name = wish.name;
  wanted.permissions = wish.permissions;
  wanted.services = wish.services;
  wanted.expires_ms = wish.expires_ms;
  Secret shown;
  if (ns->protocol == Protocol::nats) {
    auto file = make_nats_keys(lane, wish, wanted);
    if (!file) return refuse(lane, std::move(done), Error(file.error()));
    shown = std::move(*file);
  } else {
    wanted.access_key = random_upper_alnum(kAccessKeyLength);
    wanted.secret = shown = Secret(random_alnum(kSecretLength));
  }
  wanted.checksum = sha1_hex(shown.view());
  create_credential(lane, wanted, [shown = std::move(shown), done = std::move(done)](Result<Credential> made) {
    if (!made) return done(Error(made.error()));
    done(IssuedCredential{std::move(*made), shown});
  });
}

}  // namespace switchyard::account
