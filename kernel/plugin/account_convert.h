// Namespaces and credentials in the shape of accounts/1, and its wishes in the kernel's.
//
// Failure: readers answer Code::invalid for a struct that is too small, absent, or names what there is not.
//
// Thread: pure functions.  What *_out fills borrows from the kernel's record.
#pragma once
#include "kernel/account/accounts.h"
#include "kernel/base/result.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

struct AccountOut {
  sw_limits limits;
  sw_account account;  // Points at `limits`: stays where it was filled.
};
void account_out(const account::Namespace& ns, const account::LimitDefaults& defaults, AccountOut& out);
sw_credential credential_out(const account::Credential& credential);

Result<account::NewNamespace> read_wish(const sw_account_wish* wish);
Result<account::NamespaceChange> read_change(const sw_account_change* change);
Result<account::CredentialWish> read_wish(const sw_credential_wish* wish);
Result<account::CredentialChange> read_change(const sw_credential_change* change);

}  // namespace switchyard::plugin
