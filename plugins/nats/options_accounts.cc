#include "plugins/nats/options_accounts.h"

#include <limits>
#include <set>

#include "plugins/nats/nkeys.h"
#include "plugins/nats/options_auth.h"
#include "plugins/nats/options_exports.h"
#include "plugins/nats/options_mappings.h"
#include "plugins/nats/options_permissions.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

constexpr std::string_view kGlobalAccount = "$G";
constexpr std::int64_t kMaxLimit = std::numeric_limits<std::int32_t>::max();

bool read_limits(OptionsReader& reader, const ConfMember& block, AccountLimits& out) {
  if (!reader.map(block)) return false;
  bool ok = true;
  for (const ConfMember& field : block.value.members) {
    const std::string key = lower_case(field.key);
    std::optional<std::int64_t>* limit = nullptr;
    if (key == "max_connections" || key == "max_conn") limit = &out.max_connections;
    if (key == "max_subscriptions" || key == "max_subs") limit = &out.max_subscriptions;
    if (key == "max_payload" || key == "max_pay") limit = &out.max_payload;
    if (key == "max_leafnodes" || key == "max_leafs") limit = &out.max_leafnodes;
    if (limit == nullptr) {
      if (!field.used_as_variable) {
        ok = reader.error(field.value.place, "Unknown field \"" + field.key + "\" parsing account limits");
      }
      continue;
    }
    std::int64_t value = 0;
    if (reader.integer(field, value, -1, kMaxLimit)) {
      *limit = value;
    } else {
      ok = false;
    }
  }
  return ok;
}

bool is_switched_off(const ConfValue& value) {
  if (value.is(Kind::boolean)) return !value.flag;
  return value.is(Kind::text) && (lower_case(value.text) == "disabled" || lower_case(value.text) == "disable");
}

bool read_account_field(OptionsReader& reader, const ConfMember& field, AccountOptions& out) {
  const std::string key = lower_case(field.key);
  if (key == "nkey") {
    if (field.value.is(Kind::text) && is_public_nkey(NkeyRole::account, field.value.text))
      return reader.text(field, out.nkey);
    return reader.error(field.value.place, "Not a valid public nkey for an account: \"" + field.value.text + "\"");
  }
  if (key == "users") return read_users(reader, field, out.users);
  if (key == "exports") return read_exports(reader, field, out.exports);
  if (key == "imports") return read_imports(reader, field, out.imports);
  if (key == "mappings" || key == "maps") return read_mappings(reader, field, out.mappings);
  if (key == "limits") return read_limits(reader, field, out.limits);
  if (key == "default_permissions") {
    out.default_permissions.emplace();
    return read_permissions(reader, field, *out.default_permissions);
  }
  if (key == "jetstream" || key == "msg_trace" || key == "trace_dest") {
    if (!is_switched_off(field.value)) reader.unserved("accounts." + out.name + "." + key, field.value.place);
    return true;
  }
  reader.unknown(field);
  return field.used_as_variable;
}

// `names` holds the accounts so far: two blocks, say of two includes, must not make two tenants of one name.
bool check_name(OptionsReader& reader, const std::string& name, const ConfPlace& place, std::set<std::string>& names) {
  if (name == kGlobalAccount) return reader.error(place, "\"" + name + "\" is a Reserved Account");
  return names.insert(name).second || reader.error(place, "Duplicate Account Entry: " + name);
}

}  // namespace

bool read_accounts(OptionsReader& reader, const ConfMember& block, std::vector<AccountOptions>& out) {
  std::set<std::string> names;
  for (const AccountOptions& account : out) names.insert(account.name);
  if (block.value.is(Kind::array)) {
    bool ok = true;
    for (const ConfValue& item : block.value.items) {
      if (!item.is(Kind::text)) return reader.error(item.place, "expected names of accounts");
      if (!check_name(reader, item.text, item.place, names)) {
        ok = false;
      } else {
        AccountOptions account;
        account.name = item.text;
        account.place = item.place;
        out.push_back(std::move(account));
      }
    }
    return ok;
  }
  if (!reader.map(block)) return false;
  bool all = true;
  for (const ConfMember& entry : block.value.members) {
    if (entry.used_as_variable) continue;
    if (!entry.value.is(Kind::map)) {
      all = reader.error(entry.value.place, "Expected map entries for accounts");
      continue;
    }
    AccountOptions account;
    account.name = entry.key;
    account.place = entry.value.place;
    bool ok = check_name(reader, entry.key, entry.value.place, names);
    for (const ConfMember& field : entry.value.members) ok = read_account_field(reader, field, account) && ok;
    apply_default_permissions(account.default_permissions, account.users);
    out.push_back(std::move(account));
    all = all && ok;
  }
  return all;
}

void check_shares(OptionsReader& reader) {
  std::set<std::string> names;
  for (const AccountOptions& account : reader.options.accounts) names.insert(account.name);
  const auto check = [&](const std::string& name, const ConfPlace& place, bool service, const char* what) {
    if (names.count(name) != 0) return;
    reader.error(place, "\"" + name + "\" account not defined for " + (service ? "service " : "stream ") + what);
  };
  for (const AccountOptions& account : reader.options.accounts) {
    for (const ExportOptions& shared : account.exports) {
      for (const std::string& name : shared.accounts) check(name, shared.place, shared.service, "export");
    }
    for (const ImportOptions& imported : account.imports)
      check(imported.account, imported.place, imported.service, "import");
  }
}

}  // namespace switchyard::nats
