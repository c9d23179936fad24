// Host is the plugin's typed view of the tables that it needs from the server.
//
// Failure: complete() is false when the server lacks one of them.
// Thread: [any]; what may be called where stands in the SDK's header.
#pragma once
#include <string_view>

#include "switchyard/plugin.h"

namespace switchyard::nats {

inline std::string_view view(sw_str text) { return {text.data, text.len}; }
inline std::string_view view(sw_bytes bytes) { return {reinterpret_cast<const char*>(bytes.data), bytes.len}; }
inline sw_str to_str(std::string_view text) { return {text.data(), text.size()}; }
inline sw_bytes to_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct Host {
  explicit Host(const sw_host* the_host)
      : host(the_host),
        clock(static_cast<const sw_clock_api*>(the_host->extension(the_host, SW_EXT_CLOCK))),
        auth(static_cast<const sw_auth_api*>(the_host->extension(the_host, SW_EXT_AUTH))),
        listen(static_cast<const sw_listen_api*>(the_host->extension(the_host, SW_EXT_LISTEN))),
        bus(static_cast<const sw_bus_api*>(the_host->extension(the_host, SW_EXT_BUS))),
        log(static_cast<const sw_log_api*>(the_host->extension(the_host, SW_EXT_LOG))),
        metrics(static_cast<const sw_metrics_api*>(the_host->extension(the_host, SW_EXT_METRICS))) {}

  bool complete() const { return clock && listen && bus && SW_HAS(auth, find_public); }

  const sw_host* host;
  const sw_clock_api* clock;
  const sw_auth_api* auth;
  const sw_listen_api* listen;
  const sw_bus_api* bus;
  const sw_log_api* log;          // Optional.
  const sw_metrics_api* metrics;  // Optional.
};

}  // namespace switchyard::nats
