#include "kernel/server/endpoints.h"

#include <array>
#include <functional>

namespace switchyard::server {
namespace {

// A lane that has not finished a turn for this long is stuck in a callback.
constexpr std::int64_t kStuckMs = 10'000;

void text(net::HttpExchange exchange, int status, std::string_view body, std::string_view type = "text/plain") {
  const std::array headers{net::HttpHeader{"Content-Type", type}};
  exchange.respond(status, headers, body);
}

void livez(const Health& health, net::HttpExchange exchange) {
  const auto now_ms = health.clock->mono_ms();
  for (std::size_t i = 0; i < health.lanes->size(); ++i) {
    const auto idle_ms = now_ms - const_cast<net::LaneGroup&>(*health.lanes)[i].last_moved_ms();
    if (idle_ms > kStuckMs) {
      text(exchange, 503, "lane " + std::to_string(i) + " has not moved for " + std::to_string(idle_ms) + " ms\n");
      return;
    }
  }
  text(exchange, 200, "ok\n");
}

void readyz(const Health& health, net::HttpExchange exchange) {
  std::string reasons;
  for (const auto& reason : health.not_ready()) reasons += reason + "\n";
  if (reasons.empty()) {
    text(exchange, 200, "ok\n");
  } else {
    text(exchange, 503, reasons);
  }
}

void metrics(const Health& health, const net::HttpRequest& request, net::HttpExchange exchange) {
  if (!request.peer_is_loopback) {
    text(exchange, 403, "metrics are for administrators; ask from loopback\n");
    return;
  }
  text(exchange, 200, health.metrics->render(), "text/plain; version=0.0.4");
}

using Answer = std::function<void(const net::HttpRequest&, net::HttpExchange)>;

// Of an answer to HEAD the connection leaves the body out.
Status add_page(plugin::Router& router, std::string_view path, const Answer& answer) {
  for (const auto* method : {"GET", "HEAD"}) {
    if (auto status = router.add(method, path, plugin::Router::kKernelPriority, answer); !status) return status;
  }
  return {};
}

}  // namespace

Status add_endpoints(plugin::Router& router, const Health& health) {
  auto status = add_page(router, "/livez", [&health](const auto&, net::HttpExchange e) { livez(health, e); });
  if (!status) return status;
  status = add_page(router, "/readyz", [&health](const auto&, net::HttpExchange e) { readyz(health, e); });
  if (!status) return status;
  return add_page(router, "/metrics",
                  [&health](const net::HttpRequest& request, net::HttpExchange e) { metrics(health, request, e); });
}

}  // namespace switchyard::server
