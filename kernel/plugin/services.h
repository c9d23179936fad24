// Services are what the kernel lends to its plugins: lanes, streams, records, accounts, routes,
// counters, time.
//
// The server room fills one and constructs a Host with it.
//
// Thread: filled on the control thread before the Host is made; everything outlives the Host.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernel/account/accounts.h"
#include "kernel/account/view.h"
#include "kernel/base/executor.h"
#include "kernel/base/metrics.h"
#include "kernel/base/result.h"
#include "kernel/base/siphash.h"
#include "kernel/bus/bus.h"
#include "kernel/net/byte_stream.h"
#include "kernel/quota/quotas.h"
#include "kernel/store/kv.h"
#include "kernel/stream/engine.h"

namespace switchyard::plugin {

class Router;

// What a reload may change without asking the plugins.
struct HostSettings {
  account::LimitDefaults limits;
  std::string public_url;            // http.public_url, or empty.
  std::string nats_public_url = {};  // plugins.nats.public_url, or empty.
};

struct Services {
  std::vector<Executor*> lanes;
  stream::Engine* engine = nullptr;
  store::Kv* kv = nullptr;                      // Usually &engine->kv().
  std::vector<account::AccountView*> accounts;  // One per lane.
  account::Accounts* administration = nullptr;  // The write side of `accounts`.
  quota::Quotas* quotas = nullptr;              // Null: no request rates.
  Router* router = nullptr;
  bus::Bus* bus = nullptr;             // Null: bus/1 refuses.
  net::ByteServer* streams = nullptr;  // Null: listen/1 refuses.
  MetricRegistry* metrics = nullptr;

  HostSettings settings;
  std::string version;    // Of the product.
  SipKey token_secret{};  // Of the data folder: sealed tokens survive a restart.
  // What one request may allocate through http/1 in all: 4 x the body limit.
  std::size_t request_memory_bytes = 4 * (2u << 20);
  std::int64_t slow_callback_ms = 100;

  // [any] A plugin with `required: true` failed while running: stop the server.
  std::function<void(const std::string& plugin, const std::string& why)> on_fatal;
  // Tests whose lanes do not run by themselves: called again and again while the host waits for one.
  std::function<void()> pump;
};

}  // namespace switchyard::plugin
