// Services are what the kernel lends to its plugins: lanes, streams, records, accounts, routes,
// counters, time.
//
// The server room fills one and constructs a Host with it.  Accounts is an interface because the
// plugin room must not know how credentials are kept, and because tests want a namespace without a
// credential store.
//
// Thread: filled on the control thread before the Host is made; everything outlives the Host.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/executor.h"
#include "kernel/base/result.h"
#include "kernel/base/siphash.h"
#include "kernel/store/kv.h"
#include "kernel/stream/engine.h"

namespace switchyard::plugin {

class Metrics;
class Router;

// A namespace as plugins see it.
struct NamespaceView {
  stream::NamespaceId id = 0;
  std::uint16_t shard = 0;
  std::uint32_t max_message_bytes = 0;
  std::string_view text_id;  // Unique on this server.
  std::string_view name;
  std::string_view protocol;  // "sqs_sns", "nats", "topics", "webhooks"
  std::string_view style;     // "account", "project", "namespace"
  std::string_view owner;     // What stands in URLs and ARNs.
  std::string_view region;    // Empty = every region.
};

struct PrincipalView {
  stream::NamespaceId ns = 0;
  std::uint32_t permissions = 0;  // SW_PERM_*
  std::string_view credential_id;
  std::string_view credential_name;
};

// AWS Signature Version 4: what the plugin says was signed.
struct MacClaim {
  std::string_view access_key;
  std::string_view date;
  std::string_view region, service;
  std::string_view string_to_sign;
  std::string_view signature;
};

// Namespaces and credentials.  Thread: [lane] `lane`.  Views are valid until the lane's current task
// ends.
class Accounts {
 public:
  virtual ~Accounts() = default;
  // Code::not_found: unknown access key; unauthenticated: wrong signature; denied: expired.
  virtual Result<PrincipalView> verify_mac(std::size_t lane, const MacClaim& claim) = 0;
  // Every permission on the namespace with this name or id; Code::not_found.
  virtual Result<PrincipalView> anonymous(std::size_t lane, std::string_view name_or_id) = 0;
  // Code::not_found when the namespace was deleted.
  virtual Result<NamespaceView> describe(std::size_t lane, stream::NamespaceId ns) = 0;
};

struct Services {
  std::vector<Executor*> lanes;
  const Clock* clock = nullptr;
  stream::Engine* engine = nullptr;  // Null: stream/1 and kv/1 answer SW_UNSUPPORTED (plugin check).
  store::Kv* kv = nullptr;           // Usually &engine->kv().
  Accounts* accounts = nullptr;
  Router* router = nullptr;
  Metrics* metrics = nullptr;

  std::string version;     // Of the product.
  std::string public_url;  // http.public_url, or empty.
  SipKey token_secret{};   // Of the data folder: sealed tokens survive a restart.
  // What one request may allocate through http/1 in all.
  std::size_t request_memory_bytes = 4 * (2u << 20);
  std::int64_t slow_callback_ms = 100;

  // [any] A plugin with `required: true` failed while running: stop the server.
  std::function<void(const std::string& plugin, const std::string& why)> on_fatal;
  // Tests whose lanes do not run by themselves: called again and again while the host waits for one.
  std::function<void()> pump;
};

}  // namespace switchyard::plugin
