// Table listen/1: connections that carry a plugin's own protocol.
//
// An sw_conn is the id of a connection in the guise of a pointer: it is never dereferenced, so that a plugin
// that writes to a connection which is gone does nothing.
#include "kernel/base/log.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"
#include "kernel/plugin/tables.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxParts = 8;

static_assert(sizeof(void*) >= sizeof(std::uint64_t));

sw_conn* to_pointer(net::ByteConnection connection) { return reinterpret_cast<sw_conn*>(connection.id()); }

sw_status why(net::CloseReason reason) {
  switch (reason) {
    case net::CloseReason::local:
      return SW_OK;
    case net::CloseReason::peer:
      return SW_CANCELLED;
    case net::CloseReason::too_long:
      return SW_QUOTA;
    case net::CloseReason::stopping:
      break;
  }
  return SW_STOPPING;
}

class PluginConnection final : public net::ByteHandler {
 public:
  PluginConnection(PluginLane& plugin, const sw_conn_events& events, net::ByteConnection connection)
      : plugin_(plugin), events_(events), connection_(connection) {}

  // False: the plugin does not want it.
  bool open(void* user, std::string_view peer) {
    enter(plugin_, "connection open",
          [&] { user_ = events_.open(user, plugin_.state, to_pointer(connection_), str(peer)); });
    return user_ != nullptr;
  }

  std::size_t on_bytes(std::string_view seen, std::size_t& wanted) override {
    std::size_t taken = 0;
    const bool ran = enter(plugin_, "connection data", [&] { taken = events_.data(user_, bytes(seen), &wanted); });
    // A plugin that failed answers nobody any more.
    if (!ran) connection_.close(true);
    return ran ? std::min(taken, seen.size()) : seen.size();
  }

  void on_writable() override {
    if (SW_HAS(&events_, writable)) enter(plugin_, "connection writable", [&] { events_.writable(user_); });
  }

  void on_closed(net::CloseReason reason) override {
    if (user_ != nullptr) enter(plugin_, "connection closed", [&] { events_.closed(user_, why(reason)); });
  }

 private:
  PluginLane& plugin_;
  const sw_conn_events& events_;  // The plugin's, until stop.
  net::ByteConnection connection_;
  void* user_ = nullptr;
};

sw_status listen(const sw_host* host, const sw_listener* wish, const sw_conn_events* events, void* user, sw_str* bound,
                 sw_error* error) {
  auto& instance = instance_of(host);
  auto& core = instance.core();
  const auto refuse = [error](Code code, std::string_view text) {
    fill(error, code, text);
    return number(code);
  };
  if (!instance.starting()) return refuse(Code::invalid, "listeners are made in start() and nowhere else");
  if (wish == nullptr || !SW_HAS(events, open) || !SW_HAS(events, data) || !SW_HAS(events, closed)) {
    return refuse(Code::invalid, "the listener has no open, data or closed function");
  }
  if (core.services.streams == nullptr) return refuse(Code::unsupported, "this host has no listeners for plugins");
  net::ByteOptions options;
  if (wish->max_connections != 0) options.max_connections = wish->max_connections;
  if (wish->max_read_bytes != 0) options.max_read_bytes = wish->max_read_bytes;
  if (wish->busy_bytes != 0) options.busy_bytes = wish->busy_bytes;
  if (wish->max_write_bytes != 0) options.max_write_bytes = wish->max_write_bytes;
  const auto open = [&instance, events, user](net::Lane& lane, net::ByteConnection connection, const net::Peer& peer) {
    auto handler = std::make_unique<PluginConnection>(instance.on(lane.lane_index()), *events, connection);
    return handler->open(user, peer.text) ? std::unique_ptr<net::ByteHandler>(std::move(handler)) : nullptr;
  };
  auto address = core.services.streams->listen(std::string(view(wish->address)), options, open);
  if (!address) return refuse(address.error().code, address.error().message);
  log::info("plugin.listening", {{"plugin", instance.name()}, {"listener", view(wish->name)}, {"address", *address}});
  auto& kept = core.listening.emplace_back(std::string(view(wish->name)), std::move(*address));
  if (bound != nullptr) *bound = str(kept.second);
  return SW_OK;
}

// The connection that the running plugin means.
net::ByteConnection held(sw_conn* connection, const char* what) {
  auto* const plugin = caller(what);
  if (plugin == nullptr || connection == nullptr) return {};
  auto* const streams = plugin->instance->core().services.streams;
  if (streams == nullptr) return {};
  return streams->connection(plugin->lane->index, reinterpret_cast<std::uint64_t>(connection));
}

sw_status write(sw_conn* connection, const sw_bytes* parts, std::size_t n) {
  std::string_view views[kMaxParts];
  if (n > kMaxParts) return SW_INVALID;
  for (std::size_t i = 0; i < n; ++i) views[i] = view(parts[i]);
  switch (held(connection, "listen.write").write({views, n})) {
    case net::Wrote::ok:
      return SW_OK;
    case net::Wrote::busy:
      return SW_BUSY;
    case net::Wrote::full:
      return SW_QUOTA;
    case net::Wrote::closed:
      break;
  }
  return SW_NOT_FOUND;
}

std::uint64_t queued(sw_conn* connection) { return held(connection, "listen.queued").queued(); }

void pause(sw_conn* connection, std::uint32_t paused) { held(connection, "listen.pause").pause(paused != 0); }

void close(sw_conn* connection, std::uint32_t at_once) { held(connection, "listen.close").close(at_once != 0); }

}  // namespace

const sw_listen_api kListenTable = {sizeof(sw_listen_api), 0, listen, write, queued, pause, close};

}  // namespace switchyard::plugin
