// What a request of SNS is told while no plugin of this server speaks it: SNS can be switched on and
// credentials can be made, and its clients must get an answer that they can read.
//
// Thread: one lane.
#pragma once
#include "plugins/control/call.h"

namespace switchyard::control {

// Below every route of a protocol: the plugin that serves SNS is asked first.
inline constexpr std::int32_t kLastOfAll = -1'000'000;

bool asks_sns(const sw_http_request& request);
// 400 InvalidAction, as SNS spells it.
void refuse_sns(const Tables& tables, sw_http_exchange* exchange, const sw_http_request& request);

}  // namespace switchyard::control
