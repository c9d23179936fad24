#include "kernel/plugin/router.h"

#include <algorithm>

namespace switchyard::plugin {
namespace {

constexpr net::HttpHeader kTextPlain[] = {{"Content-Type", "text/plain; charset=utf-8"}};

class Function final : public Endpoint {
 public:
  explicit Function(std::function<void(const net::HttpRequest&, net::HttpExchange)> answer)
      : answer_(std::move(answer)) {}
  Verdict offer(const net::HttpRequest& request, net::HttpExchange& exchange) override {
    answer_(request, exchange);
    return Verdict::taken;
  }

 private:
  std::function<void(const net::HttpRequest&, net::HttpExchange)> answer_;
};

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

}  // namespace

struct Router::Route {
  std::string method;
  std::string path;  // Without the star.
  bool prefix = false;
  std::int32_t priority = 0;
  std::shared_ptr<Endpoint> endpoint;

  bool fits(const net::HttpRequest& request) const {
    if (!method.empty() && method != request.method) return false;
    if (!prefix) return request.path == path;
    if (starts_with(request.path, path)) return true;
    // "/mnq/*" is also "/mnq".
    return !path.empty() && path.back() == '/' && request.path == std::string_view(path).substr(0, path.size() - 1);
  }
};

Router::Router() = default;
Router::~Router() = default;

Status Router::add(std::string_view method, std::string_view pattern, std::int32_t priority,
                   std::shared_ptr<Endpoint> endpoint) {
  const auto star = pattern.find('*');
  if (pattern.empty() || (pattern.front() != '/' && pattern != "*") ||
      (star != std::string_view::npos && star + 1 != pattern.size())) {
    return Error{Code::invalid, "the route pattern '" + std::string(pattern) +
                                    "' is not a path; it begins with '/' and may end in one '*'"};
  }
  if (routes_.size() >= kMaxRoutes) {
    return Error{Code::quota, "there are " + std::to_string(kMaxRoutes) + " routes already; use prefixes"};
  }
  Route route{std::string(method), std::string(pattern), star != std::string_view::npos, priority, std::move(endpoint)};
  if (route.prefix) route.path.pop_back();
  const auto before = [](std::int32_t p, const Route& r) { return p > r.priority; };
  routes_.insert(std::upper_bound(routes_.begin(), routes_.end(), priority, before), std::move(route));
  return {};
}

Status Router::add(std::string_view method, std::string_view pattern, std::int32_t priority,
                   std::function<void(const net::HttpRequest&, net::HttpExchange)> answer) {
  return add(method, pattern, priority, std::make_shared<Function>(std::move(answer)));
}

void Router::reserve(std::string_view path, int listener) {
  reserved_path_ = path;
  reserved_listener_ = listener;
}

// Judged by the request's path and not by the route's: a route for everything must not answer what is reserved.
bool Router::open_to(const net::HttpRequest& request, const Route& route) const {
  if (reserved_path_.empty() || route.priority >= kKernelPriority) return true;
  const bool reserved = starts_with(request.path, reserved_path_) &&
                        (request.path.size() == reserved_path_.size() || request.path[reserved_path_.size()] == '/');
  return reserved == (request.listener == reserved_listener_);
}

void Router::handle(const net::HttpRequest& request, net::HttpExchange exchange) {
  for (const auto& route : routes_) {
    if (route.fits(request) && open_to(request, route) &&
        route.endpoint->offer(request, exchange) == Endpoint::Verdict::taken)
      return;
  }
  exchange.respond(404, kTextPlain, "no protocol of this server answers here\n");
}

}  // namespace switchyard::plugin
