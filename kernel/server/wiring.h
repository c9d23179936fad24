// What the settings of a server mean for the rooms below it.
//
// Thread: control; without state.
#pragma once
#include <cstddef>
#include <memory>

#include "kernel/base/siphash.h"
#include "kernel/net/tls.h"
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
// Null without a certificate.  Reads the files; Code::invalid names the one that cannot be used, and why.
Result<std::shared_ptr<net::TlsContext>> load_tls(const TlsSettings& settings);

}  // namespace switchyard::server
