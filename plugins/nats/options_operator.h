// Operator mode: operator, trusted_keys, resolver, resolver_preload and resolver_pinned_accounts.
//
// JWTs are taken as text here; who verifies them is the account code, when it trusts their issuer.
// Failure: problems are reported in the reader.
// Thread: the control thread.
#pragma once
#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

// `key` is the field's name in lower case.  False when it is none of this file's; `ok` tells whether it could be read.
bool read_operator_field(OptionsReader& reader, const ConfMember& field, const std::string& key, bool& ok);

}  // namespace switchyard::nats
