// Who may connect: the authorization{...} block and the users of accounts.
//
// Failure: problems are reported in the reader.  A user with a problem is not kept.
// Thread: the control thread.
#pragma once
#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

bool read_authorization(OptionsReader& reader, const ConfMember& block, AuthorizationOptions& out);

bool read_users(OptionsReader& reader, const ConfMember& block, std::vector<UserOptions>& out);

// Users without permissions of their own get these.
void apply_default_permissions(const std::optional<PermissionOptions>& permissions, std::vector<UserOptions>& users);

// After everything is read: names that exist twice, and users beside a single user or token.
void check_users(OptionsReader& reader);

}  // namespace switchyard::nats
