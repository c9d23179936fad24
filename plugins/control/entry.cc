// The one exported symbol of control.so.
#include "plugins/control/plugin.h"

namespace {

constexpr const char* kNeeds[] = {SW_EXT_CLOCK, SW_EXT_HTTP, SW_EXT_ACCOUNTS, nullptr};
constexpr const char* kOptional[] = {SW_EXT_LOG, nullptr};

constexpr sw_info kInfo = {sizeof(sw_info),
                           0,
                           "switchyard.control",
                           "control",
                           "0.1.0",
                           "Switchyard",
                           "Apache-2.0",
                           "Accounts and credentials over the Messaging and Queuing API of Scaleway",
                           kNeeds,
                           kOptional,
                           switchyard::control::kConfigKeys};

}  // namespace

SWITCHYARD_PLUGIN(switchyard::control::ControlPlugin, kInfo)
