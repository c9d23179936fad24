// Host is the plugin's typed view of the tables that it needs from the server.
//
// Failure: `complete()` is false when the server lacks one of them.
// Thread: [any]; what may be called where stands in the SDK's header.
#pragma once
#include "switchyard/plugin.h"

namespace switchyard::aws {

struct Host {
  explicit Host(const sw_host* the_host)
      : host(the_host),
        clock(static_cast<const sw_clock_api*>(the_host->extension(the_host, SW_EXT_CLOCK))),
        auth(static_cast<const sw_auth_api*>(the_host->extension(the_host, SW_EXT_AUTH))),
        http(static_cast<const sw_http_api*>(the_host->extension(the_host, SW_EXT_HTTP))),
        stream(static_cast<const sw_stream_api*>(the_host->extension(the_host, SW_EXT_STREAM))),
        kv(static_cast<const sw_kv_api*>(the_host->extension(the_host, SW_EXT_KV))),
        log(static_cast<const sw_log_api*>(the_host->extension(the_host, SW_EXT_LOG))),
        metrics(static_cast<const sw_metrics_api*>(the_host->extension(the_host, SW_EXT_METRICS))) {}

  // Of revision 2 at least.
  bool complete() const { return clock && http && kv && SW_HAS(auth, namespaces) && SW_HAS(stream, move); }

  const sw_host* host;
  const sw_clock_api* clock;
  const sw_auth_api* auth;
  const sw_http_api* http;
  const sw_stream_api* stream;
  const sw_kv_api* kv;
  const sw_log_api* log;          // Optional.
  const sw_metrics_api* metrics;  // Optional.
};

}  // namespace switchyard::aws
