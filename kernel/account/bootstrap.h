// Bootstrap brings the accounts to what the configuration declares, and makes the ready accounts of
// dev mode.
//
// Applying the same declaration twice changes nothing.  A changed secret, permission, limit or access
// key is updated; what is no longer declared is reported and kept, because deleting a namespace deletes
// its messages and a typing error must not do that.
//
// Dev accounts: one namespace per protocol named `dev`, on account 000000000000, with a credential
// `dev` whose secret is the same after every restart on the folder.  What a declaration puts there is
// used instead.
//
// Failure: the whole declaration is judged before the first change; the sentence names the namespace and
// the credential.
//
// Thread: the lane that is named; nothing else may write accounts meanwhile (start-up, reload).
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kernel/account/accounts.h"

namespace switchyard::account {

struct DeclaredCredential {
  std::string name;
  std::string access_key;
  Secret secret;
  std::uint32_t permissions = kMayAll;
};

struct DeclaredNamespace {
  std::string name;
  Protocol protocol = Protocol::sqs_sns;
  std::string project_id, account_id, region;
  LimitOverrides limits;
  std::vector<DeclaredCredential> credentials;
};

struct BootstrapReport {
  std::vector<std::string> created, updated;  // "namespace orders", "credential orders/worker"
  std::vector<std::string> kept;              // Made by an earlier declaration and no longer declared.
};

// What apply_bootstrap would refuse; changes nothing.  For the first phase of a reload.
Status check_bootstrap(Accounts& accounts, std::size_t lane, std::vector<DeclaredNamespace> declared);

using BootstrapDone = std::function<void(Result<BootstrapReport>)>;
void apply_bootstrap(Accounts& accounts, std::size_t lane, std::vector<DeclaredNamespace> declared, BootstrapDone done);

struct DevAccount {
  Protocol protocol = Protocol::sqs_sns;
  std::string namespace_id;
  std::string access_key;
  Secret secret;
};

inline constexpr std::string_view kDevName = "dev";
inline constexpr std::string_view kDevAccountId = "000000000000";

using DevDone = std::function<void(Result<std::vector<DevAccount>>)>;
void ensure_dev_accounts(Accounts& accounts, std::size_t lane, std::vector<Protocol> protocols, DevDone done);

}  // namespace switchyard::account
