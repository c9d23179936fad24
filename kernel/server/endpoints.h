// The kernel's own HTTP endpoints: /livez, /readyz and /metrics.
//
//   /livez    200 while every lane moves; 503 names the one that does not.
//   /readyz   200 when storage accepts writes and every plugin runs; 503 with one line per reason.
//   /metrics  Prometheus text; off loopback it needs an administrator, who comes with the control
//             plugin: until then 403 there.
//
// Thread: add() on the control thread; answers on the lanes, so what they read is atomic or locked.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kernel/base/metrics.h"
#include "kernel/base/result.h"
#include "kernel/net/lane.h"
#include "kernel/plugin/router.h"

namespace switchyard::server {

struct Health {
  const net::LaneGroup* lanes = nullptr;
  const Clock* clock = nullptr;
  // [any] Reasons why the server is not ready; empty = ready.
  std::function<std::vector<std::string>()> not_ready;
  const MetricRegistry* metrics = nullptr;
};

// `health` outlives the router.
Status add_endpoints(plugin::Router& router, const Health& health);

}  // namespace switchyard::server
