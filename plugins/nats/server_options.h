// ServerOptions is everything that core NATS takes from nats-server's configuration and command line.
//
// Names, units and special values are nats-server's, so that a problem report or a manual of it can be read beside
// this: port -1 is any free port, port 0 is "not given", and apply_default_options() fills in what was not given.
// Failure: none, plain data; read_server_options() reports every problem that it finds.
// Thread: read on the control thread; read-only afterwards.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/nats/conf_value.h"
#include "plugins/nats/surroundings.h"

namespace switchyard::nats {

inline constexpr int kAnyPort = -1;
inline constexpr int kDefaultPort = 4222;

struct TlsCertificatePair {
  std::string cert_file, key_file;
};

struct TlsOptions {
  std::string cert_file, key_file, ca_file;
  std::vector<TlsCertificatePair> certificates;  // Instead of cert_file and key_file.
  std::vector<std::string> cipher_suites, curve_preferences;
  std::vector<std::string> pinned_certs;         // Lower case hex of SHA-256 over the SubjectPublicKeyInfo.
  std::string min_version;                       // "", "1.2" or "1.3".
  std::int64_t timeout_ms = 0;                   // 0 = the default.
  std::int64_t connection_rate_limit = 0;        // Handshakes a second; 0 = none.
  std::int64_t handshake_first_fallback_ms = 0;  // With handshake_first: how long to wait for it; 0 = for ever.
  bool verify = false, verify_and_map = false;
  bool handshake_first = false;
  bool insecure = false;
};

struct SubjectPermissions {
  // Absent: everything that `deny` leaves.  Present and empty: nothing.
  std::optional<std::vector<std::string>> allow;
  std::vector<std::string> deny;
};

struct ResponsePermission {
  std::int64_t max_messages = 1;      // Negative = any number.
  std::int64_t expires_ms = 120'000;  // Negative = never.
};

struct PermissionOptions {
  std::optional<SubjectPermissions> publish, subscribe;  // Absent: everything.  Queues: "subject queue".
  std::optional<ResponsePermission> responses;
};

// With `nkey` there is no name and no password.
struct UserOptions {
  std::string username, password, nkey;
  std::optional<PermissionOptions> permissions;       // The user's own, else the defaults of its block.
  std::vector<std::string> allowed_connection_types;  // Upper case, as in a JWT; empty = all.
  ConfPlace place;
};

struct AuthorizationOptions {
  std::string username, password, token;
  std::int64_t timeout_ms = 0;  // 0 = not given; the time that holds is ServerOptions::auth_timeout_ms.
  std::vector<UserOptions> users;
  bool users_given = false;  // `users: []` refuses everyone, no `users` does not.
  std::optional<PermissionOptions> default_permissions;
};

struct MappingDestination {
  std::string subject, cluster;
  int weight = 100;  // Percent.
};

struct MappingOptions {
  std::string source;
  std::vector<MappingDestination> destinations;
  ConfPlace place;
};

struct ExportOptions {
  enum class Response { singleton, stream, chunked };
  bool service = false;  // Else a stream.
  std::string subject;
  std::vector<std::string> accounts;  // Empty = every account.
  Response response = Response::singleton;
  std::int64_t response_threshold_ms = 0;
  std::string latency_subject;  // Empty = no latency samples.
  int latency_sampling = 0;     // Percent; 0 = as headers of the request ask.
  std::uint32_t account_token_position = 0;
  bool allow_trace = false;
  ConfPlace place;
};

struct ImportOptions {
  bool service = false;
  std::string account, subject;
  std::string prefix, to;
  bool share = false, allow_trace = false;
  ConfPlace place;
};

struct AccountLimits {
  std::optional<std::int64_t> max_connections, max_subscriptions, max_payload, max_leafnodes;
};

struct AccountOptions {
  std::string name, nkey;
  std::vector<UserOptions> users;
  std::vector<ExportOptions> exports;
  std::vector<ImportOptions> imports;
  std::vector<MappingOptions> mappings;
  std::optional<PermissionOptions> default_permissions;
  AccountLimits limits;
  ConfPlace place;
};

struct WebsocketOptions {
  std::string host, advertise;
  int port = 0;  // 0 = no listener.
  bool no_tls = false, same_origin = false, compression = false;
  std::optional<TlsOptions> tls;
  std::vector<std::string> allowed_origins;
  std::string username, password, token, no_auth_user;
  std::string jwt_cookie, user_cookie, pass_cookie, token_cookie;
  std::int64_t auth_timeout_ms = 0, handshake_timeout_ms = 0, ping_interval_ms = 0;
  std::map<std::string, std::string> headers;  // Added to the answer of the upgrade.
};

struct ResolverOptions {
  enum class Kind { none, memory, directory, cache, url };
  Kind kind = Kind::none;
  std::string url, directory;
};

// Something that nats-server would do and this server does not; the caller warns and goes on.
struct UnservedDirective {
  std::string name;   // As written, with its block: "leafnodes", "accounts.A.jetstream", "--cluster".
  std::string where;  // "FILE:LINE:COLUMN", or empty for the command line.
};

struct ServerOptions {
  std::string host, client_advertise;
  int port = 0;
  std::string server_name;
  std::vector<std::string> server_tags;
  std::map<std::string, std::string> server_metadata;

  std::int64_t max_connections = 0;  // 0 = the default; negative = no client is let in.
  std::int64_t max_payload = 0, max_control_line = 0, max_pending = 0;
  std::int64_t max_subscriptions = 0;        // 0 = no limit.
  std::int64_t max_subscription_tokens = 0;  // 0 = no limit.
  std::int64_t max_closed_clients = 0;
  std::int64_t ping_interval_ms = 0, ping_max = 0;
  std::int64_t write_deadline_ms = 0;
  std::int64_t auth_timeout_ms = 0;  // Set by apply_default_options(): the block's timeout, or what TLS needs.
  std::int64_t lame_duck_duration_ms = 0;
  std::int64_t lame_duck_grace_period_ms = 0;
  bool no_header_support = false;
  bool no_fast_producer_stall = false;

  bool debug = false, trace = false, trace_verbose = false, trace_headers = false;
  bool logtime = true, logtime_utc = false;
  std::int64_t max_traced_msg_len = 0;
  std::string log_file, pid_file, ports_file_dir;

  std::string http_host, http_base_path;
  int http_port = 0, https_port = 0;

  std::optional<TlsOptions> tls;
  bool allow_non_tls = false;
  WebsocketOptions websocket;

  std::optional<AuthorizationOptions> authorization;
  std::vector<AccountOptions> accounts;
  std::vector<MappingOptions> mappings;  // Of the global account.
  std::string no_auth_user, system_account;
  bool no_system_account = false;

  std::vector<std::string> operators;     // JWTs; files are read already.
  std::vector<std::string> trusted_keys;  // Operators' public nkeys.
  ResolverOptions resolver;
  std::map<std::string, std::string> resolver_preload;  // Account's public nkey -> its JWT.
  std::vector<std::string> resolver_pinned_accounts;

  bool jetstream = false;  // Wished for; also among `unserved`.
  std::string store_dir;

  std::vector<UnservedDirective> unserved;

  bool has_users() const;
};

struct OptionProblems {
  std::vector<ConfProblem> errors;
  // nats-server starts with them but refuses them under -t.
  std::vector<ConfProblem> warnings;
};

// Reads what `document` says over `options`.  False when problems.errors is not empty; then `options` is unspecified.
bool read_server_options(const ConfDocument& document, Surroundings& surroundings, ServerOptions& options,
                         OptionProblems& problems);

// What only shows when file and command line are together.  Empty, or a sentence that says what does not fit.
std::string check_server_options(const ServerOptions& options);

// Fills in what was not given.  After this no value has the meaning "the default".
void apply_default_options(ServerOptions& options);

}  // namespace switchyard::nats
