// The accounts{...} block: users, exports, imports, mappings and limits of each account.
//
// Failure: problems are reported in the reader.
// Thread: the control thread.
#pragma once
#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

bool read_accounts(OptionsReader& reader, const ConfMember& block, std::vector<AccountOptions>& out);

// After everything is read: accounts that exports and imports name must be there.
void check_shares(OptionsReader& reader);

}  // namespace switchyard::nats
