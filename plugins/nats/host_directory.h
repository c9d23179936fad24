// HostDirectory answers the authenticator from the server's accounts: NATS namespaces, the keys that sign their users,
// and the credentials that exist.
//
// A namespace's id is the account key of its JWTs, a credential's access key the user key: a JWT whose credential
// was deleted is a revoked one, whatever it says of itself.
//
// Failure: what the server does not know is not there.
// Thread: the lane on whose behalf it asks; a value of one call.
#pragma once
#include "plugins/nats/authenticator.h"
#include "plugins/nats/host.h"

namespace switchyard::nats {

class HostDirectory final : public CredentialDirectory {
 public:
  explicit HostDirectory(const Host& host) : host_(host) {}
  bool find_account(std::string_view account_key, DirectoryAccount& out) const override;
  DirectoryUser find_user(std::string_view account_key, std::string_view user_key,
                          std::int64_t issued_s) const override;

 private:
  const Host& host_;
};

}  // namespace switchyard::nats
