// Router gives each HTTP request to the first route that wants it: by priority, then in the order
// of registration.
//
// The kernel's own endpoints are routes like any plugin's.  When nobody wants a request the answer
// is 404; a route of a plugin that failed is skipped.
//
// Thread: add() and reserve() on the control thread before the first listener accepts; handle() on the lanes.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/net/http.h"

namespace switchyard::plugin {

// Who answers a route.  Thread: [lane].
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  enum class Verdict { taken, declined };
  // Answers now or later and returns taken, or changes nothing and returns declined.
  virtual Verdict offer(const net::HttpRequest& request, net::HttpExchange& exchange) = 0;
};

class Router final : public net::HttpHandler {
 public:
  Router();
  ~Router() override;

  // `method` empty = any.  `pattern` is an exact path, or a prefix when it ends in '*'; "/mnq/*" is
  // "/mnq" and all below it.  Code::invalid with a sentence for a malformed one; Code::quota beyond
  // kMaxRoutes.
  Status add(std::string_view method, std::string_view pattern, std::int32_t priority,
             std::shared_ptr<Endpoint> endpoint);
  // The same for a function that always takes the request.
  Status add(std::string_view method, std::string_view pattern, std::int32_t priority,
             std::function<void(const net::HttpRequest&, net::HttpExchange)> answer);
  // `path` and all below it are answered on `listener` alone, and of the plugins' routes nothing else is
  // answered there; the kernel's own are answered everywhere.  At most once, before the first request.
  void reserve(std::string_view path, int listener);
  void handle(const net::HttpRequest& request, net::HttpExchange exchange) override;

  static constexpr std::size_t kMaxRoutes = 1024;
  // Priority of /livez, /readyz and /metrics: plugins must stay below it.
  static constexpr std::int32_t kKernelPriority = 1'000'000;

 private:
  struct Route;
  bool open_to(const net::HttpRequest& request, const Route& route) const;

  std::vector<Route> routes_;  // In the order of being asked.
  std::string reserved_path_;  // Empty: nothing is reserved.
  int reserved_listener_ = 0;
};

}  // namespace switchyard::plugin
