#include "plugins/nats/service.h"

#include <charconv>
#include <vector>

#include "plugins/nats/client.h"
#include "plugins/nats/nkeys.h"

namespace switchyard::nats {
namespace {

// Beyond this much queued for a receiver, who publishes to it is slowed down.
std::uint64_t busy_bytes(const Settings& settings) { return settings.max_pending / 16; }

void* open(void*, void* lane_state, sw_conn* connection, sw_str peer) {
  auto* client = new Client(*static_cast<Lane*>(lane_state), connection, view(peer));
  client->open();
  return client;
}
std::size_t data(void* client, sw_bytes bytes, std::size_t* wanted) {
  return static_cast<Client*>(client)->data(view(bytes), *wanted);
}
void writable(void* client) { static_cast<Client*>(client)->writable(); }
void closed(void* client, sw_status) { static_cast<Client*>(client)->closed(); }

constexpr sw_conn_events kEvents = {sizeof(sw_conn_events), 0, open, data, writable, closed};

}  // namespace

Service::Service(const sw_host* host) : host_(host) {}

std::string Service::configure(std::string_view json, bool dry_run) {
  Settings wanted;
  std::string error;
  if (!parse_settings(json, wanted, error)) return error;
  // Read by every lane: what it is at the start holds.
  if (!dry_run && !started_) settings_ = wanted;
  return {};
}

void Service::make_counters() {
  if (host_.metrics == nullptr) return;
  const auto make = [this](std::string_view name, std::string_view help) {
    return host_.metrics->counter(host_.host, to_str(name), to_str(help), nullptr, 0);
  };
  counters_.in_messages = make("switchyard_nats_received_messages_total", "Messages that clients published.");
  counters_.in_bytes = make("switchyard_nats_received_bytes_total", "Their headers and bodies.");
  counters_.out_messages = make("switchyard_nats_delivered_messages_total", "Messages that were written to clients.");
  counters_.out_bytes = make("switchyard_nats_delivered_bytes_total", "Their headers and bodies.");
  counters_.slow_consumers =
      make("switchyard_nats_slow_consumers_total", "Clients closed because they read too slowly.");
  counters_.connections = make("switchyard_nats_connections_total", "Clients that connected.");
}

sw_status Service::start(sw_error* error) {
  NkeyBytes key{};
  host_.clock->random(host_.host, key.data(), key.size());
  server_id_ = encode_public_nkey(NkeyRole::server, key);
  make_counters();
  sw_listener wish{};
  wish.size = sizeof wish;
  wish.name = to_str("nats");
  wish.address = to_str(settings_.listen);
  // One more than allowed get the protocol's own refusal.
  wish.max_connections = settings_.max_connections + 256;
  wish.max_read_bytes = std::uint64_t{settings_.max_payload} + settings_.max_control_line + 1024;
  wish.busy_bytes = busy_bytes(settings_);
  wish.max_write_bytes = settings_.max_pending;
  sw_str bound{};
  if (const auto status = host_.listen->listen(host_.host, &wish, &kEvents, this, &bound, error); status != SW_OK) {
    return status;
  }
  const auto address = view(bound);
  const auto colon = address.rfind(':');
  listen_host_ = address.substr(0, colon);
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), listen_port_);
  started_ = true;
  const auto changed = [](void*, void* lane_state, sw_str id, std::uint32_t) {
    auto& lane = *static_cast<Lane*>(lane_state);
    // A client may close and leave the set.
    const std::vector<Client*> clients(lane.clients.begin(), lane.clients.end());
    for (auto* client : clients) client->credential_changed(view(id));
  };
  return host_.auth->watch(host_.host, changed, this);
}

}  // namespace switchyard::nats
