// What the settings of a server mean for the rooms below it.
//
// Thread: pure functions.
#pragma once
#include <cstddef>

#include "kernel/base/siphash.h"
#include "kernel/plugin/services.h"
#include "kernel/server/data_folder.h"
#include "kernel/server/settings.h"
#include "kernel/stream/engine.h"

namespace switchyard::server {

// 0 = auto: one less than the processors, at least one.
std::size_t lane_count(std::uint32_t wanted);
stream::EngineOptions engine_options(const Settings& settings, const DataFolder& folder, const SipKey& secret);
// What plugins may be told; a reload replaces it.
plugin::HostSettings host_settings(const Settings& settings);

}  // namespace switchyard::server
