// Reads `bootstrap.namespaces`: declared tenants and their credentials.
//
// Secrets stand in the file or are references (`file:/path`, `credential:NAME`).
//
// Failure: complaints go to `mistakes`; what is wrong is left out.
//
// Thread: [control].
#pragma once
#include <vector>

#include "kernel/account/bootstrap.h"
#include "kernel/server/config.h"
#include "kernel/server/yaml_tree.h"

namespace switchyard::server {

std::vector<account::DeclaredNamespace> read_bootstrap(const YamlNode& section, Mistakes& mistakes);

}  // namespace switchyard::server
