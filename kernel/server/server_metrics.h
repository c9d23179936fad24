// The kernel's own series on /metrics, read when the page is printed.
//
// Names: switchyard_<area>_<what>_<unit>; no label with an unbounded set of values.
//
// Thread: register on the control thread; the readers run on a lane.
#pragma once
#include <functional>

#include "kernel/base/metrics.h"
#include "kernel/net/byte_stream.h"
#include "kernel/net/http.h"
#include "kernel/stream/engine.h"

namespace switchyard::server {

void register_server_metrics(MetricRegistry& metrics, const stream::Engine& engine,
                             std::function<net::HttpStats()> http);
// Of the connections whose protocol is a plugin's own.
void register_connection_metrics(MetricRegistry& metrics, std::function<net::ByteStats()> connections);

}  // namespace switchyard::server
