#include <algorithm>

#include "plugins/nats/server_options.h"

namespace switchyard::nats {
namespace {

constexpr std::int64_t kTlsTimeoutMs = 2000;
constexpr std::int64_t kAuthTimeoutMs = 2000;
constexpr std::int64_t kTimeAfterTlsMs = 1000;  // For CONNECT, once the handshake has taken all of its time.

bool is_user(const ServerOptions& options, const std::string& name) {
  const auto holds = [&](const std::vector<UserOptions>& users) {
    return std::any_of(users.begin(), users.end(), [&](const UserOptions& user) {
      return (user.nkey.empty() ? user.username : user.nkey) == name;
    });
  };
  if (options.authorization && holds(options.authorization->users)) return true;
  return std::any_of(options.accounts.begin(), options.accounts.end(),
                     [&](const AccountOptions& account) { return holds(account.users); });
}

std::string check_no_auth_user(const ServerOptions& options, const std::string& name) {
  if (name.empty()) return {};
  if (!options.operators.empty()) return "no_auth_user not compatible with Trusted Operator";
  const std::string what = "no_auth_user: \"" + name + "\" ";
  if (!options.has_users()) return what + "present, but users/nkeys are not defined";
  if (is_user(options, name)) return {};
  return what + "not present as user or nkey in authorization block or account configuration";
}

std::string check_operators(const ServerOptions& options) {
  if (options.operators.empty()) return {};
  if (options.resolver.kind == ResolverOptions::Kind::none) {
    return "operators require an account resolver to be configured";
  }
  if (!options.accounts.empty()) return "operators do not allow Accounts to be configured directly";
  if (options.has_users()) return "operators do not allow users to be configured directly";
  if (!options.trusted_keys.empty()) return "conflicting options for 'TrustedKeys' and 'TrustedOperators'";
  return {};
}

bool is_origin(const std::string& text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.size() > scheme.size() && text.compare(0, scheme.size(), scheme) == 0 && text[scheme.size()] != '/')
      return true;
  }
  return false;
}

std::string check_websocket(const ServerOptions& options) {
  const WebsocketOptions& ws = options.websocket;
  if (ws.port == 0) return {};
  if (!ws.tls && !ws.no_tls) return "websocket requires TLS configuration";
  for (const std::string& origin : ws.allowed_origins) {
    if (!is_origin(origin)) {
      return "unable to parse allowed origin \"" + origin +
             "\": allowed origins must be absolute URLs with http or https scheme";
    }
  }
  if (std::string why = check_no_auth_user(options, ws.no_auth_user); !why.empty()) return why;
  if (options.has_users() && !ws.username.empty()) {
    return "websocket authentication username not compatible with presence of users/nkeys";
  }
  if (options.has_users() && !ws.token.empty()) {
    return "websocket authentication token not compatible with presence of users/nkeys";
  }
  if (!ws.jwt_cookie.empty() && options.operators.empty() && options.trusted_keys.empty()) {
    return "trusted operators or trusted keys configuration is required for JWT authentication via cookie \"" +
           ws.jwt_cookie + "\"";
  }
  return {};
}

std::string check_system_account(const ServerOptions& options) {
  if (options.system_account.empty() || !options.operators.empty() || !options.trusted_keys.empty()) return {};
  for (const AccountOptions& account : options.accounts) {
    if (account.name == options.system_account) return {};
  }
  if (options.system_account == "$SYS") return {};
  return "error resolving system account: \"" + options.system_account + "\" is not defined in accounts";
}

template <class T>
void default_to(T& value, T fallback) {
  if (value == T{}) value = std::move(fallback);
}

}  // namespace

std::string check_server_options(const ServerOptions& given) {
  ServerOptions options = given;
  apply_default_options(options);
  if (options.lame_duck_grace_period_ms >= options.lame_duck_duration_ms) {
    return "lame duck grace period (" + std::to_string(options.lame_duck_grace_period_ms) +
           "ms) should be strictly lower than lame duck duration (" + std::to_string(options.lame_duck_duration_ms) +
           "ms)";
  }
  if (options.max_payload > options.max_pending) {
    return "max_payload (" + std::to_string(options.max_payload) + ") cannot be higher than max_pending (" +
           std::to_string(options.max_pending) + ")";
  }
  if (options.server_name.find(' ') != std::string::npos) return "server name cannot contain spaces";
  if (options.http_port != 0 && options.https_port != 0) {
    return "can't specify both HTTP (" + std::to_string(options.http_port) + ") and HTTPs (" +
           std::to_string(options.https_port) + ") ports";
  }
  if (options.https_port != 0 && !options.tls) return "TLS cert and key required for HTTPS";
  if (std::string why = check_operators(options); !why.empty()) return why;
  if (std::string why = check_no_auth_user(options, options.no_auth_user); !why.empty()) return why;
  if (std::string why = check_system_account(options); !why.empty()) return why;
  return check_websocket(options);
}

void apply_default_options(ServerOptions& options) {
  default_to(options.host, std::string("0.0.0.0"));
  default_to(options.http_host, options.host);
  default_to(options.port, kDefaultPort);
  if (options.websocket.port != 0) default_to(options.websocket.host, std::string("0.0.0.0"));
  default_to(options.max_connections, std::int64_t{65536});
  default_to(options.max_payload, std::int64_t{1} << 20);
  default_to(options.max_control_line, std::int64_t{4096});
  default_to(options.max_pending, std::int64_t{64} << 20);
  default_to(options.max_closed_clients, std::int64_t{10'000});
  default_to(options.ping_interval_ms, std::int64_t{120'000});
  default_to(options.ping_max, std::int64_t{2});
  default_to(options.write_deadline_ms, std::int64_t{10'000});
  default_to(options.lame_duck_duration_ms, std::int64_t{120'000});
  default_to(options.lame_duck_grace_period_ms, std::int64_t{10'000});
  std::int64_t auth_timeout_ms = kAuthTimeoutMs;
  if (options.tls) {
    default_to(options.tls->timeout_ms, kTlsTimeoutMs);
    auth_timeout_ms = options.tls->timeout_ms + kTimeAfterTlsMs;
  }
  if (options.websocket.tls) default_to(options.websocket.tls->timeout_ms, kTlsTimeoutMs);
  options.auth_timeout_ms = auth_timeout_ms;
  if (options.authorization && options.authorization->timeout_ms > 0) {
    options.auth_timeout_ms = options.authorization->timeout_ms;
  }
  // A path without a slash at its end, so that "/varz" can follow.
  std::string& base = options.http_base_path;
  while (!base.empty() && base.back() == '/') base.pop_back();
  if (!base.empty() && base.front() != '/') base.insert(base.begin(), '/');
}

}  // namespace switchyard::nats
