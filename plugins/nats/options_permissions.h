// Permissions of users: publish, subscribe and allow_responses in every shape that nats-server takes.
//
// Failure: problems are reported in the reader; false means that a permission could not be read, and then the user
// must not be let in with what is left.
// Thread: the control thread.
#pragma once
#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

bool read_permissions(OptionsReader& reader, const ConfMember& block, PermissionOptions& out);

}  // namespace switchyard::nats
