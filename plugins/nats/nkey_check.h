// Is a text of the configuration the public nkey of a user, an account or an operator?
//
// Failure: false; nothing says why, as an nkey is copied and never typed.
// Thread: pure.
#pragma once
#include <string_view>

namespace switchyard::nats {

// `letter` is the kind: 'U' user, 'A' account, 'O' operator.
bool is_public_nkey(std::string_view text, char letter);

}  // namespace switchyard::nats
