#include "plugins/nats/options_auth.h"

#include <algorithm>
#include <set>

#include "plugins/nats/nkeys.h"
#include "plugins/nats/options_permissions.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

constexpr std::int64_t kHighTimeoutMs = 60'000;

bool is_connection_type(const std::string& type) {
  static constexpr std::string_view kTypes[] = {"STANDARD", "WEBSOCKET", "LEAFNODE",  "LEAFNODE_WS",
                                                "MQTT",     "MQTT_WS",   "IN_PROCESS"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

// Each of these lets fewer clients in.  A warning would not do: without it the wrong ones would be served.
bool refuse_unserved(OptionsReader& reader, const ConfMember& field) {
  if (field.value.is(Kind::boolean) && !field.value.flag) return true;
  return reader.error(field.value.place,
                      "\"" + field.key + "\" is not served, and clients that it keeps out would get in");
}

bool read_connection_types(OptionsReader& reader, const ConfMember& field, std::vector<std::string>& out) {
  if (!reader.texts(field, out)) return false;
  for (std::string& type : out) {
    for (char& c : type) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    }
    if (!is_connection_type(type))
      return reader.error(field.value.place, "invalid connection types [\"" + type + "\"]");
  }
  return true;
}

bool read_user_field(OptionsReader& reader, const ConfMember& field, UserOptions& out) {
  const std::string key = lower_case(field.key);
  if (key == "nkey") return reader.text(field, out.nkey);
  if (key == "user" || key == "username") return reader.text(field, out.username);
  if (key == "pass" || key == "password") return reader.text(field, out.password);
  if (key == "permission" || key == "permissions" || key == "authorization") {
    out.permissions.emplace();
    return read_permissions(reader, field, *out.permissions);
  }
  if (key == "allowed_connection_types" || key == "connection_types" || key == "clients") {
    return read_connection_types(reader, field, out.allowed_connection_types);
  }
  if (key == "proxy_required") return refuse_unserved(reader, field);
  reader.unknown(field);
  return field.used_as_variable;
}

bool read_user(OptionsReader& reader, const ConfValue& entry, UserOptions& out) {
  if (!entry.is(Kind::map)) {
    return reader.error(entry.place,
                        std::string("Expected user entry to be a map/struct, got ") + describe(entry.kind));
  }
  bool ok = true;
  out.place = entry.place;
  for (const ConfMember& field : entry.members) ok = read_user_field(reader, field, out) && ok;
  if (!ok) return false;
  if (out.nkey.empty() && out.username.empty()) return reader.error(entry.place, "User entry requires a user");
  if (out.nkey.empty()) return true;
  if (!is_public_nkey(NkeyRole::user, out.nkey)) return reader.error(entry.place, "Not a valid public nkey for a user");
  if (!out.username.empty() || !out.password.empty()) {
    return reader.error(entry.place, "Nkey users do not take usernames or passwords");
  }
  return true;
}

bool read_authorization_field(OptionsReader& reader, const ConfMember& field, AuthorizationOptions& out) {
  const std::string key = lower_case(field.key);
  if (key == "user" || key == "username") return reader.text(field, out.username);
  if (key == "pass" || key == "password") return reader.text(field, out.password);
  if (key == "token") return reader.text(field, out.token);
  if (key == "timeout") {
    if (!reader.timeout_ms(field, out.timeout_ms)) return false;
    if (out.timeout_ms > kHighTimeoutMs) {
      reader.warn(field.value.place, "invalid use of field \"" + field.key +
                                         "\": a timeout above 60 seconds is high; was a unit meant, as in '1m'?");
    }
    return true;
  }
  if (key == "users") {
    out.users_given = true;
    return read_users(reader, field, out.users);
  }
  if (key == "default_permission" || key == "default_permissions" || key == "permissions") {
    out.default_permissions.emplace();
    return read_permissions(reader, field, *out.default_permissions);
  }
  if (key == "auth_callout" || key == "auth_hook" || key == "proxy_required") return refuse_unserved(reader, field);
  reader.unknown(field);
  return field.used_as_variable;
}

}  // namespace

bool read_users(OptionsReader& reader, const ConfMember& block, std::vector<UserOptions>& out) {
  if (!block.value.is(Kind::array)) {
    return reader.error(block.value.place,
                        std::string("Expected users field to be an array, got ") + describe(block.value.kind));
  }
  bool ok = true;
  for (const ConfValue& entry : block.value.items) {
    UserOptions user;
    if (read_user(reader, entry, user)) {
      out.push_back(std::move(user));
    } else {
      ok = false;
    }
  }
  return ok;
}

void apply_default_permissions(const std::optional<PermissionOptions>& permissions, std::vector<UserOptions>& users) {
  if (!permissions) return;
  for (UserOptions& user : users) {
    if (!user.permissions) user.permissions = permissions;
  }
}

bool read_authorization(OptionsReader& reader, const ConfMember& block, AuthorizationOptions& out) {
  if (!reader.map(block)) return false;
  bool ok = true;
  for (const ConfMember& field : block.value.members) ok = read_authorization_field(reader, field, out) && ok;
  apply_default_permissions(out.default_permissions, out.users);
  const auto refuse = [&](const char* why) { return reader.error(block.value.place, why); };
  if ((!out.username.empty() || !out.password.empty()) && !out.token.empty()) {
    return refuse("Cannot have a user/pass and token");
  }
  if (out.users_given && !out.username.empty()) return refuse("Can not have a single user/pass and a users array");
  if (out.users_given && !out.token.empty()) return refuse("Can not have a token and a users array");
  return ok;
}

void check_users(OptionsReader& reader) {
  const ServerOptions& options = reader.options;
  std::set<std::string> names;
  const auto check = [&](const UserOptions& user) {
    const bool by_key = !user.nkey.empty();
    const std::string& name = by_key ? user.nkey : user.username;
    if (names.insert(name).second) return;
    reader.error(user.place, std::string("Duplicate ") + (by_key ? "nkey" : "user") + " \"" + name + "\" detected");
  };
  if (options.authorization) {
    for (const UserOptions& user : options.authorization->users) check(user);
  }
  for (const AccountOptions& account : options.accounts) {
    if (!account.users.empty() && options.authorization) {
      if (!options.authorization->username.empty())
        reader.error(account.place, "Can not have a single user/pass and accounts");
      if (!options.authorization->token.empty()) reader.error(account.place, "Can not have a token and accounts");
    }
    for (const UserOptions& user : account.users) check(user);
  }
}

}  // namespace switchyard::nats
