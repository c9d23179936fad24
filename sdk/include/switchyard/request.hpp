// switchyard/request.hpp -- HTTP requests of a plugin: routes, and Reply, which owns the duty to answer.
// Part of plugin.hpp; include that one.
//
// Every request that a handler was given must be answered exactly once, also on the paths nobody thought
// of.  A Reply that is destroyed unanswered answers 500, so a lambda that is dropped or throws cannot
// leave a client waiting.
//
// Thread: [lane] of the request, except route().
#ifndef SWITCHYARD_REQUEST_HPP
#define SWITCHYARD_REQUEST_HPP
#include <span>

#include "switchyard/base.hpp"

namespace switchyard::sdk {

// What became of an asynchronous call.  `why` is borrowed until the completion returns.
struct Outcome {
  sw_status status = SW_OK;
  std::string_view why = {};  // For a person; may be empty.
  std::uint32_t retry_after_ms = 0;

  Outcome(sw_status s) : status(s) {}
  Outcome(sw_status s, const sw_error* error) : status(s) {
    if (error == nullptr) return;
    why = error->message;
    retry_after_ms = error->retry_after_ms;
  }
  explicit operator bool() const noexcept { return status == SW_OK; }
};

// The HTTP status that says to a client what `status` says to a plugin.
inline std::uint32_t http_status(sw_status status) noexcept {
  switch (status) {
    case SW_OK:
      return 200;
    case SW_INVALID:
      return 400;
    case SW_UNAUTHENTICATED:
      return 401;
    case SW_DENIED:
      return 403;
    case SW_NOT_FOUND:
      return 404;
    case SW_EXISTS:
    case SW_CONFLICT:
      return 409;
    case SW_QUOTA:
      return 429;
    case SW_UNSUPPORTED:
      return 501;
    case SW_BUSY:
    case SW_CANCELLED:
    case SW_STOPPING:
      return 503;
    case SW_TIMEOUT:
      return 504;
    default:
      return 500;
  }
}

class Reply {
 public:
  Reply(const sw_host& host, sw_http_exchange* exchange) : http_(host), exchange_(exchange) {}
  Reply(Reply&& other) noexcept : http_(other.http_), exchange_(other.release()) {}
  Reply& operator=(Reply&& other) noexcept {
    if (this == &other) return *this;
    if (exchange_ != nullptr) text(500, "the plugin gave no answer\n");
    http_ = other.http_;
    exchange_ = other.release();
    return *this;
  }
  ~Reply() {
    if (exchange_ != nullptr) text(500, "the plugin gave no answer\n");
  }

  // The first one answers; what follows does nothing.
  void send(std::uint32_t status, std::span<const sw_pair> headers, std::string_view body) noexcept {
    if (exchange_ != nullptr) http_->respond(release(), status, headers.data(), headers.size(), bytes(body));
  }
  void text(std::uint32_t status, std::string_view body) noexcept {
    const sw_pair type = {str("Content-Type"), str("text/plain; charset=utf-8")};
    send(status, {&type, 1}, body);
  }
  // The refusal of a call, as text.
  void refuse(const Outcome& outcome) noexcept {
    text(http_status(outcome.status), outcome.why.empty() ? "the server refused the call" : outcome.why);
  }

  sw_http_exchange* get() const noexcept { return exchange_; }
  // Gives the duty away: to respond(), or to nobody because the peer left.
  sw_http_exchange* release() noexcept { return std::exchange(exchange_, nullptr); }

 private:
  Ext<sw_http_api> http_;
  sw_http_exchange* exchange_;
};

// The namespace of callers without a credential (plugins.NAME.anonymous_namespace), or null when the
// operator named none.
inline sw_namespace* anonymous_namespace(const sw_host& host) {
  const Ext<sw_auth_api> auth(host);
  const sw_principal* principal = nullptr;
  return auth && auth->anonymous(&host, &principal) == SW_OK ? principal->ns : nullptr;
}

namespace detail {

template <class L, auto Handle, auto Match>
struct HttpGlue {
  static L& lane_of(void* state) { return *static_cast<L*>(static_cast<Lane*>(state)); }
  static std::int32_t match(void* self, void* state, const sw_http_request* request) {
    bool matches = false;
    run_logged(static_cast<Plugin*>(self)->host(), "match", [&] { matches = (lane_of(state).*Match)(*request); });
    return matches ? 1 : 0;
  }
  static void handle(void* self, void* state, sw_http_exchange* exchange, const sw_http_request* request) {
    const auto& host = static_cast<Plugin*>(self)->host();
    if constexpr (std::is_invocable_v<decltype(Handle), L&, Reply, const sw_http_request&>) {
      // The Reply answers by itself when the handler throws.
      run_logged(host, "handle", [&] { (lane_of(state).*Handle)(Reply(host, exchange), *request); });
    } else {
      if (run_logged(host, "handle", [&] { (lane_of(state).*Handle)(exchange, *request); })) return;
      // Harmless when the handler had answered before it threw.
      Ext<sw_http_api>(host)->respond(exchange, 500, nullptr, 0, {nullptr, 0});
    }
  }
  static constexpr bool kMatches = !std::is_same_v<decltype(Match), std::nullptr_t>;
  static constexpr auto match_function() {
    if constexpr (kMatches) {
      return &match;
    } else {
      return static_cast<std::int32_t (*)(void*, void*, const sw_http_request*)>(nullptr);
    }
  }
  static constexpr sw_http_handler kTable = {sizeof(sw_http_handler), 0, match_function(), handle};
};

}  // namespace detail

// Registers L::Handle(Reply, const sw_http_request&) for requests of a route, and L::Match(const
// sw_http_request&) when given.  L derives from Lane.  A handler that wants the bare exchange takes
// sw_http_exchange* instead of a Reply.  [control, in start()]; throws Failure.
template <class L, auto Handle, auto Match = nullptr>
void route(Plugin& plugin, std::string_view method, std::string_view pattern, std::int32_t priority = 0) {
  const Ext<sw_http_api> http(plugin.host());
  if (!http) throw Failure(SW_UNSUPPORTED, "this host has no HTTP");
  sw_error error{};
  error.size = sizeof error;
  const auto status = http->route(&plugin.host(), str(method), str(pattern), priority,
                                  &detail::HttpGlue<L, Handle, Match>::kTable, &error);
  if (status != SW_OK) throw Failure(status, error.message);
}

}  // namespace switchyard::sdk
#endif
