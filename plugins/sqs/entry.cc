// The one exported symbol of sqs.so.
#include "plugins/sqs/service.h"
#include "plugins/sqs/settings.h"

namespace {

constexpr const char* kNeeds[] = {SW_EXT_CLOCK, SW_EXT_AUTH, SW_EXT_HTTP, SW_EXT_STREAM, SW_EXT_KV, nullptr};
constexpr const char* kOptional[] = {SW_EXT_LOG, SW_EXT_METRICS, nullptr};

constexpr sw_info kInfo = {sizeof(sw_info),
                           0,
                           "switchyard.sqs",
                           "sqs",
                           "0.1.0",
                           "Switchyard",
                           "Apache-2.0",
                           "Queues for clients of Amazon SQS, over its Query and JSON protocols",
                           kNeeds,
                           kOptional,
                           switchyard::sqs::kConfigKeys};

}  // namespace

extern "C" SW_EXPORT const sw_entry* switchyard_plugin_v1(void) {
  static const sw_entry entry = {
      sizeof(sw_entry), SW_ABI_GENERATION, SW_ABI_REVISION, 2, &kInfo, switchyard::sqs::plugin_table()};
  return &entry;
}
