// The administrator of dev mode: keys in the shapes that the clients of the control API check, the same for
// a data folder at every start, derived from the folder's secret.
//
// An administrator that the configuration declares is used instead.
//
// Thread: pure functions.
#pragma once
#include <optional>
#include <string>

#include "kernel/base/siphash.h"
#include "kernel/plugin/host.h"

namespace switchyard::server {

struct DevAdmin {
  std::string access_key, secret_key, project_id, organization_id;
};

DevAdmin derive_dev_admin(const SipKey& folder_secret);
// Adds the administrator to a control plugin's section that declares none; answers whether it did.
bool give_dev_admin(plugin::PluginSpec& spec, const DevAdmin& admin);

}  // namespace switchyard::server
