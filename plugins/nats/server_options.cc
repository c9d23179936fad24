#include "plugins/nats/server_options.h"

#include <limits>
#include <unordered_map>

#include "plugins/nats/go_duration.h"
#include "plugins/nats/options_accounts.h"
#include "plugins/nats/options_auth.h"
#include "plugins/nats/options_listen.h"
#include "plugins/nats/options_mappings.h"
#include "plugins/nats/options_operator.h"
#include "plugins/nats/options_reader.h"
#include "plugins/nats/options_tls.h"
#include "plugins/nats/options_websocket.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

constexpr std::int64_t kMaxInt32 = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kLeastLameDuckMs = 30'000;

using Read = bool (*)(OptionsReader&, const ConfMember&);

// Most fields are one member of ServerOptions; these make a reader from a pointer to it.
template <std::string ServerOptions::*Member>
bool text(OptionsReader& reader, const ConfMember& field) {
  return reader.text(field, reader.options.*Member);
}
template <bool ServerOptions::*Member>
bool boolean(OptionsReader& reader, const ConfMember& field) {
  return reader.boolean(field, reader.options.*Member);
}
template <std::int64_t ServerOptions::*Member>
bool integer(OptionsReader& reader, const ConfMember& field) {
  return reader.integer(field, reader.options.*Member);
}
template <std::int64_t ServerOptions::*Member>
bool int32(OptionsReader& reader, const ConfMember& field) {
  return reader.integer(field, reader.options.*Member, 0, kMaxInt32);
}
template <std::int64_t ServerOptions::*Member>
bool duration(OptionsReader& reader, const ConfMember& field) {
  return reader.duration_ms(field, reader.options.*Member);
}
template <int ServerOptions::*Member>
bool port(OptionsReader& reader, const ConfMember& field) {
  return reader.port(field, reader.options.*Member);
}
template <std::string ServerOptions::*Host, int ServerOptions::*Port>
bool listen(OptionsReader& reader, const ConfMember& field) {
  ListenAddress address;
  if (!read_listen_address(reader, field, address)) return false;
  reader.options.*Host = address.host;
  reader.options.*Port = address.port;
  return true;
}

bool server_name(OptionsReader& reader, const ConfMember& field) {
  std::string name;
  if (!reader.text(field, name)) return false;
  if (name.find(' ') != std::string::npos) return reader.error(field.value.place, "server name cannot contain spaces");
  reader.options.server_name = name;
  return true;
}

bool server_tags(OptionsReader& reader, const ConfMember& field) {
  return reader.texts(field, reader.options.server_tags);
}

bool server_metadata(OptionsReader& reader, const ConfMember& field) {
  if (!reader.map(field)) return false;
  for (const ConfMember& entry : field.value.members) {
    if (!reader.text(entry, reader.options.server_metadata[entry.key])) return false;
  }
  return true;
}

bool trace_verbose(OptionsReader& reader, const ConfMember& field) {
  return reader.boolean(field, reader.options.trace_verbose) && reader.boolean(field, reader.options.trace);
}

bool trace_headers(OptionsReader& reader, const ConfMember& field) {
  return reader.boolean(field, reader.options.trace_headers) && reader.boolean(field, reader.options.trace);
}

// 0 is written by people who want no clients; as a value of ServerOptions it would be the default.
bool max_connections(OptionsReader& reader, const ConfMember& field) {
  if (!reader.integer(field, reader.options.max_connections)) return false;
  if (reader.options.max_connections == 0) reader.options.max_connections = -1;
  return true;
}

bool max_subscription_tokens(OptionsReader& reader, const ConfMember& field) {
  return reader.integer(field, reader.options.max_subscription_tokens, 1, 255);
}

bool lame_duck_duration(OptionsReader& reader, const ConfMember& field) {
  std::int64_t ms = 0;
  if (!reader.expect(field, Kind::text) || !reader.timeout_ms(field, ms)) return false;
  if (ms < kLeastLameDuckMs) {
    return reader.error(field.value.place,
                        "invalid lame_duck_duration of " + field.value.text + ", minimum is 30 seconds");
  }
  reader.options.lame_duck_duration_ms = ms;
  return true;
}

bool lame_duck_grace_period(OptionsReader& reader, const ConfMember& field) {
  std::int64_t ms = 0;
  if (!reader.expect(field, Kind::text) || !reader.timeout_ms(field, ms)) return false;
  if (ms < 0) return reader.error(field.value.place, "invalid lame_duck_grace_period, needs to be positive");
  reader.options.lame_duck_grace_period_ms = ms;
  return true;
}

bool tls(OptionsReader& reader, const ConfMember& field) {
  return read_tls_options(reader, field, reader.options.tls.emplace());
}

bool websocket(OptionsReader& reader, const ConfMember& field) {
  return read_websocket(reader, field, reader.options.websocket);
}

bool authorization(OptionsReader& reader, const ConfMember& field) {
  return read_authorization(reader, field, reader.options.authorization.emplace());
}

bool accounts(OptionsReader& reader, const ConfMember& field) {
  return read_accounts(reader, field, reader.options.accounts);
}

bool mappings(OptionsReader& reader, const ConfMember& field) {
  return read_mappings(reader, field, reader.options.mappings);
}

bool jetstream(OptionsReader& reader, const ConfMember& field) {
  bool wanted = true;
  const ConfValue& value = field.value;
  if (value.is(Kind::boolean)) wanted = value.flag;
  if (value.is(Kind::text)) wanted = lower_case(value.text).rfind("enable", 0) == 0;
  for (const ConfMember& member : value.members) {
    const std::string key = lower_case(member.key);
    if ((key == "enabled" || key == "enable") && member.value.is(Kind::boolean)) wanted = member.value.flag;
    if (key == "store_dir" || key == "storedir" || key == "store") reader.text(member, reader.options.store_dir);
  }
  reader.options.jetstream = wanted;
  if (wanted) reader.unserved(field.key, value.place);
  return true;
}

// What is off needs no warning.
bool unserved(OptionsReader& reader, const ConfMember& field) {
  if (!field.value.is(Kind::boolean) || field.value.flag) reader.unserved(field.key, field.value.place);
  return true;
}

// Sizes of caches, profiling, reports: nothing that a client or an operator could miss.
bool ignored(OptionsReader&, const ConfMember&) { return true; }

bool proxies(OptionsReader& reader, const ConfMember& field) {
  return reader.error(field.value.place,
                      "\"" + field.key + "\" is not served, and clients that it keeps out would get in");
}

using O = ServerOptions;

const std::unordered_map<std::string, Read>& readers() {
  static const std::unordered_map<std::string, Read> table = {
      {"listen", listen<&O::host, &O::port>},
      {"port", port<&O::port>},
      {"host", text<&O::host>},
      {"net", text<&O::host>},
      {"client_advertise", text<&O::client_advertise>},
      {"server_name", server_name},
      {"server_tags", server_tags},
      {"server_metadata", server_metadata},
      {"debug", boolean<&O::debug>},
      {"trace", boolean<&O::trace>},
      {"trace_verbose", trace_verbose},
      {"trace_headers", trace_headers},
      {"logtime", boolean<&O::logtime>},
      {"logtime_utc", boolean<&O::logtime_utc>},
      {"logfile", text<&O::log_file>},
      {"log_file", text<&O::log_file>},
      {"max_traced_msg_len", integer<&O::max_traced_msg_len>},
      {"pidfile", text<&O::pid_file>},
      {"pid_file", text<&O::pid_file>},
      {"ports_file_dir", text<&O::ports_file_dir>},
      {"http", listen<&O::http_host, &O::http_port>},
      {"https", listen<&O::http_host, &O::https_port>},
      {"http_port", port<&O::http_port>},
      {"monitor_port", port<&O::http_port>},
      {"https_port", port<&O::https_port>},
      {"http_base_path", text<&O::http_base_path>},
      {"max_control_line", int32<&O::max_control_line>},
      {"max_payload", int32<&O::max_payload>},
      {"max_pending", integer<&O::max_pending>},
      {"max_connections", max_connections},
      {"max_conn", max_connections},
      {"max_subscriptions", integer<&O::max_subscriptions>},
      {"max_subs", integer<&O::max_subscriptions>},
      {"max_sub_tokens", max_subscription_tokens},
      {"max_subscription_tokens", max_subscription_tokens},
      {"max_closed_clients", integer<&O::max_closed_clients>},
      {"ping_interval", duration<&O::ping_interval_ms>},
      {"ping_max", integer<&O::ping_max>},
      {"write_deadline", duration<&O::write_deadline_ms>},
      {"lame_duck_duration", lame_duck_duration},
      {"lame_duck_grace_period", lame_duck_grace_period},
      {"no_header_support", boolean<&O::no_header_support>},
      {"no_fast_producer_stall", boolean<&O::no_fast_producer_stall>},
      {"tls", tls},
      {"allow_non_tls", boolean<&O::allow_non_tls>},
      {"websocket", websocket},
      {"ws", websocket},
      {"authorization", authorization},
      {"accounts", accounts},
      {"mappings", mappings},
      {"maps", mappings},
      {"no_auth_user", text<&O::no_auth_user>},
      {"system_account", text<&O::system_account>},
      {"system", text<&O::system_account>},
      {"no_system_account", boolean<&O::no_system_account>},
      {"no_system", boolean<&O::no_system_account>},
      {"no_sys_acc", boolean<&O::no_system_account>},
      {"store_dir", text<&O::store_dir>},
      {"storedir", text<&O::store_dir>},
      {"jetstream", jetstream},
      {"proxies", proxies},
      {"proxy_protocol", unserved},
      {"cluster", unserved},
      {"gateway", unserved},
      {"leaf", unserved},
      {"leafnodes", unserved},
      {"mqtt", unserved},
      {"ocsp", unserved},
      {"default_js_domain", unserved},
      {"default_sentinel", unserved},
      {"resolver_tls", unserved},
      {"syslog", unserved},
      {"remote_syslog", unserved},
      {"logfile_size_limit", unserved},
      {"log_size_limit", unserved},
      {"logfile_max_num", unserved},
      {"log_max_num", unserved},
      {"prof_port", unserved},
      {"write_timeout", unserved},
      {"feature_flags", unserved},
      {"prof_block_rate", ignored},
      {"ocsp_cache", ignored},
      {"disable_sublist_cache", ignored},
      {"no_sublist_cache", ignored},
      {"connect_error_reports", ignored},
      {"reconnect_error_reports", ignored},
  };
  return table;
}

}  // namespace

bool ServerOptions::has_users() const {
  if (authorization && !authorization->users.empty()) return true;
  for (const AccountOptions& account : accounts) {
    if (!account.users.empty()) return true;
  }
  return false;
}

bool read_server_options(const ConfDocument& document, Surroundings& surroundings, ServerOptions& options,
                         OptionProblems& problems) {
  OptionsReader reader(document, surroundings, options, problems);
  for (const ConfMember& field : document.root.members) {
    const std::string key = lower_case(field.key);
    const auto known = readers().find(key);
    bool ok = true;
    if (known != readers().end()) {
      known->second(reader, field);
    } else if (!read_operator_field(reader, field, key, ok)) {
      reader.unknown(field);
    }
  }
  // Exports and imports name accounts that may follow, so they wait; after another error they would mislead.
  if (reader.error_count() == 0) {
    check_users(reader);
    check_shares(reader);
  }
  return reader.error_count() == 0;
}

}  // namespace switchyard::nats
