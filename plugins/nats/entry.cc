// The one exported symbol of nats.so.
#include "plugins/nats/service.h"
#include "plugins/nats/settings.h"

extern "C" SW_EXPORT const sw_entry* switchyard_plugin_v1(void) {
  static constexpr const char* kNeeds[] = {SW_EXT_CLOCK, SW_EXT_AUTH, SW_EXT_LISTEN, SW_EXT_BUS, nullptr};
  static constexpr const char* kOptional[] = {SW_EXT_LOG, SW_EXT_METRICS, nullptr};
  static const sw_info info = {sizeof(sw_info),
                               0,
                               "switchyard.nats",
                               "nats",
                               "0.1.0",
                               "Switchyard",
                               "Apache-2.0",
                               "Subjects for clients of NATS",
                               kNeeds,
                               kOptional,
                               switchyard::nats::kConfigKeys};
  static const sw_entry entry = {
      sizeof(sw_entry), SW_ABI_GENERATION, SW_ABI_REVISION, 4, &info, switchyard::nats::plugin_table()};
  return &entry;
}
