// Table http/1: routes, answers, request memory, and noticing that the peer left.
//
// An sw_http_exchange is a slot handle in the guise of a pointer: it is never dereferenced, so a
// plugin that answers twice, or after an abort, does nothing.
#include "kernel/base/log.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"
#include "kernel/plugin/router.h"
#include "kernel/plugin/tables.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxAnswerHeaders = 256;

static_assert(sizeof(void*) >= sizeof(Handle));

sw_http_exchange* to_pointer(Handle handle) { return reinterpret_cast<sw_http_exchange*>(handle); }
Handle to_handle(sw_http_exchange* exchange) { return reinterpret_cast<Handle>(exchange); }

void release(LaneContext& lane, Handle handle, Exchange& exchange) {
  exchange.clear(lane.blocks);
  lane.exchanges.release(handle);
}

void on_peer_left(LaneContext& lane, Handle handle) {
  auto* exchange = lane.exchanges.find(handle);
  if (exchange == nullptr) return;
  const auto aborted = exchange->aborted;
  // Without a callback the plugin will answer one day, which is fine, and only then the slot is free.
  if (aborted == nullptr) return;
  void* const user = exchange->abort_user;
  enter(*exchange->owner, "http abort", [&] { aborted(user); });
  if (auto* still = lane.exchanges.find(handle)) release(lane, handle, *still);
}

class PluginEndpoint final : public Endpoint {
 public:
  PluginEndpoint(Instance& instance, const sw_http_handler* handler) : instance_(instance), handler_(*handler) {}

  Verdict offer(const net::HttpRequest& request, net::HttpExchange& exchange) override {
    auto& plugin = instance_.on(exchange.lane().lane_index());
    if (!plugin.live() || !wants(plugin, request)) return Verdict::declined;
    auto& lane = *plugin.lane;
    const Handle handle = lane.exchanges.take();
    if (handle == 0) {
      exchange.fail(503);
      return Verdict::taken;
    }
    auto& mine = *lane.exchanges.find(handle);
    mine.net = exchange;
    mine.owner = &plugin;
    mine.copy_request(request, lane.blocks);
    enter(plugin, "http handle",
          [&] { handler_.handle(instance_.self(), plugin.state, to_pointer(handle), &mine.request); });
    return Verdict::taken;
  }

 private:
  bool wants(PluginLane& plugin, const net::HttpRequest& request) {
    if (handler_.match == nullptr) return true;
    std::int32_t matches = 0;
    const bool ran = enter(plugin, "http match", [&] {
      const auto seen = view_of(request, plugin.lane->scratch.array<sw_pair>(request.headers.size()));
      matches = handler_.match(instance_.self(), plugin.state, &seen);
    });
    return ran && matches != 0;
  }

  Instance& instance_;
  const sw_http_handler handler_;
};

sw_status route(const sw_host* host, sw_str method, sw_str pattern, std::int32_t priority,
                const sw_http_handler* handler, sw_error* error) {
  auto& instance = instance_of(host);
  const auto refuse = [error](Code code, std::string_view why) {
    fill(error, code, why);
    return number(code);
  };
  if (!instance.starting()) return refuse(Code::invalid, "routes are registered in start() and nowhere else");
  if (handler == nullptr || handler->size < sizeof(sw_http_handler) || handler->handle == nullptr) {
    return refuse(Code::invalid, "the handler has no handle function or is too small");
  }
  if (priority >= Router::kKernelPriority) {
    return refuse(Code::invalid, "the priority must be below " + std::to_string(Router::kKernelPriority));
  }
  auto* router = instance.core().services.router;
  const auto status =
      router->add(view(method), view(pattern), priority, std::make_shared<PluginEndpoint>(instance, handler));
  return status ? SW_OK : refuse(status.code(), status.error().message);
}

// The exchange that the running plugin means, or null when it is answered, gone or another's.
Exchange* held(sw_http_exchange* exchange, const char* what, PluginLane** plugin) {
  *plugin = caller(what);
  if (*plugin == nullptr) return nullptr;
  auto* found = (*plugin)->lane->exchanges.find(to_handle(exchange));
  return found != nullptr && found->owner == *plugin ? found : nullptr;
}

void respond(sw_http_exchange* exchange, std::uint32_t status, const sw_pair* headers, std::size_t n, sw_bytes body) {
  PluginLane* plugin;
  auto* mine = held(exchange, "http.respond", &plugin);
  if (mine == nullptr) return;
  auto& lane = *plugin->lane;
  if (status < 200 || status > 599 || n > kMaxAnswerHeaders) {
    log::error("plugin.misuse", {{"plugin", plugin->instance->name()}, {"call", "http.respond"}, {"status", status}});
    mine->net.fail(500);
  } else {
    auto* list = lane.scratch.array<net::HttpHeader>(n);
    for (std::size_t i = 0; i < n; ++i) list[i] = {view(headers[i].name), view(headers[i].value)};
    mine->net.respond(static_cast<int>(status), {list, n}, view(body));
  }
  release(lane, to_handle(exchange), *mine);
}

void* alloc(sw_http_exchange* exchange, std::size_t n) {
  PluginLane* plugin;
  auto* mine = held(exchange, "http.alloc", &plugin);
  return mine == nullptr ? nullptr : mine->alloc(n, plugin->instance->core().services.request_memory_bytes);
}

void on_abort(sw_http_exchange* exchange, void (*aborted)(void*), void* user) {
  PluginLane* plugin;
  auto* mine = held(exchange, "http.on_abort", &plugin);
  if (mine == nullptr) return;
  mine->aborted = aborted;
  mine->abort_user = user;
  if (aborted == nullptr || mine->parked || !mine->parkable) return;
  auto& lane = *plugin->lane;
  mine->parked = mine->net.park([&lane, handle = to_handle(exchange)](net::ParkEvent event) {
    if (event == net::ParkEvent::aborted) on_peer_left(lane, handle);
  });
}

}  // namespace

const sw_http_api kHttpTable = {sizeof(sw_http_api), 0, route, respond, alloc, on_abort};

}  // namespace switchyard::plugin
