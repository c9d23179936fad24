// Where a plugin's records of one namespace lie in the key-value store.
//
// Thread: pure function.
#pragma once
#include <string>
#include <string_view>

#include "kernel/account/types.h"

namespace switchyard::plugin {

// "plugin/" namespace-number (8 bytes, big-endian) NAME "/".
void append_kv_prefix(std::string& out, account::NamespaceNumber ns, std::string_view plugin);

}  // namespace switchyard::plugin
