// reseal() seals every secret again that another key than the one in use has sealed, while the server works.
//
// When it is done, no record needs the key before, not even one that was on its way when the rotation began.
// Secrets stay what they are: nobody who authenticates notices.
//
// Failure: what the journal said; what was sealed again stays so, and reseal() can be called again.
//
// Thread: [lane 0]; done runs there.
#pragma once
#include <functional>

#include "kernel/account/accounts.h"

namespace switchyard::account {

// How many records were sealed again.
using ResealDone = std::function<void(Result<std::uint64_t>)>;
// REQUIRES: Sealer::begin_rotation() happened before.
void reseal(Accounts& accounts, ResealDone done);

}  // namespace switchyard::account
