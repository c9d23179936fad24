// Table auth/1: who is calling, and what the namespace behind a handle is.
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"
#include "kernel/plugin/tables.h"

namespace switchyard::plugin {
namespace {

static_assert(account::kMayPublish == SW_PERM_PUBLISH && account::kMayReceive == SW_PERM_RECEIVE &&
              account::kMayManage == SW_PERM_MANAGE);

sw_namespace* handle_of(PluginLane& plugin, const account::Namespace& ns) {
  auto& slot = plugin.lane->namespaces[ns.number];
  if (slot == nullptr) slot = plugin.instance->core().namespaces.handle(ns.number, ns.shard);
  return slot;
}

account::AccountView& accounts_of(const PluginLane& plugin) {
  return *plugin.instance->core().services.accounts[plugin.lane->index];
}

const sw_principal* lend(PluginLane& plugin, const account::Namespace& ns, std::uint32_t permissions,
                         std::string_view credential_id, std::string_view credential_name, std::int64_t expires_ms) {
  auto* principal = plugin.lane->scratch.array<sw_principal>(1);
  *principal = {sizeof(sw_principal), permissions,          handle_of(plugin, ns),
                str(credential_id),   str(credential_name), expires_ms};
  return principal;
}

// A request of a namespace that has a rate; the others pay nothing for it.
bool admitted(const PluginLane& plugin, const account::Namespace& ns) {
  auto* quotas = plugin.instance->core().services.quotas;
  if (quotas == nullptr) return true;
  if (account::effective_limits(ns, plugin.lane->settings.limits).requests_per_second == 0) return true;
  const auto quota = quotas->find(ns.number);
  return quota == nullptr || quota->admit(1, plugin.lane->executor.clock().mono_ns()) == 0;
}

sw_status verify_mac(const sw_host* host, const sw_mac_check* check, const sw_principal** out) {
  auto* plugin = caller(host, "auth.verify_mac");
  if (plugin == nullptr || check == nullptr || check->size < sizeof(sw_mac_check) || out == nullptr) return SW_INVALID;
  const account::MacCheck claim{view(check->access_key),
                                {view(check->date), view(check->region), view(check->service)},
                                view(check->string_to_sign),
                                view(check->signature)};
  account::Principal who;
  const auto code = accounts_of(*plugin).verify_mac(claim, who);
  if (code != Code::ok) return number(code);
  if (!admitted(*plugin, *who.ns)) return SW_QUOTA;
  *out = lend(*plugin, *who.ns, who.credential->permissions, who.credential->id, who.credential->name,
              who.credential->expires_ms);
  return SW_OK;
}

sw_status anonymous(const sw_host* host, const sw_principal** out) {
  auto* plugin = caller(host, "auth.anonymous");
  if (plugin == nullptr || out == nullptr) return SW_INVALID;
  if (plugin->anonymous_namespace.empty()) return SW_NOT_FOUND;
  const auto* ns = accounts_of(*plugin).find_by_name_or_id(plugin->anonymous_namespace);
  if (ns == nullptr) return SW_NOT_FOUND;
  if (!admitted(*plugin, *ns)) return SW_QUOTA;
  *out = lend(*plugin, *ns, account::kMayAll, "anonymous", "anonymous", 0);
  return SW_OK;
}

const sw_namespace_info* lend_info(const PluginLane& plugin, const account::Namespace& ns) {
  const auto& settings = plugin.lane->settings;
  auto* info = plugin.lane->scratch.array<sw_namespace_info>(1);
  *info = {sizeof(sw_namespace_info),
           account::effective_limits(ns, settings.limits).max_message_bytes,
           str(ns.id),
           str(ns.name),
           str(account::protocol_name(ns.protocol)),
           str(account::style_name(ns.style)),
           str(ns.owner),
           str(ns.region),
           str(settings.public_url),
           str(ns.signing_key)};
  return info;
}

sw_status describe(const sw_host* host, sw_namespace* handle, const sw_namespace_info** out) {
  auto* plugin = caller(host, "auth.describe");
  if (plugin == nullptr || handle == nullptr || out == nullptr) return SW_INVALID;
  const auto* ns = accounts_of(*plugin).find_namespace(handle->number);
  if (ns == nullptr) return SW_NOT_FOUND;
  *out = lend_info(*plugin, *ns);
  return SW_OK;
}

void namespaces(const sw_host* host, std::int32_t (*visit)(void*, sw_namespace*, const sw_namespace_info*),
                void* user) {
  auto* plugin = caller(host, "auth.namespaces");
  if (plugin == nullptr || visit == nullptr) return;
  accounts_of(*plugin).list_namespaces(
      [&](const account::Namespace& ns) { return visit(user, handle_of(*plugin, ns), lend_info(*plugin, ns)) != 0; });
}

sw_status watch(const sw_host* host, void (*changed)(void*, void*, sw_str, std::uint32_t), void* user) {
  return changed != nullptr && instance_of(host).watch_credentials(changed, user) ? SW_OK : SW_INVALID;
}

sw_status find_namespace(const sw_host* host, sw_str id, sw_namespace** handle, const sw_namespace_info** out) {
  auto* plugin = caller(host, "auth.find_namespace");
  if (plugin == nullptr || handle == nullptr || out == nullptr) return SW_INVALID;
  const auto* ns = accounts_of(*plugin).find_namespace(view(id));
  if (ns == nullptr) return SW_NOT_FOUND;
  *handle = handle_of(*plugin, *ns);
  *out = lend_info(*plugin, *ns);
  return SW_OK;
}

sw_status find_public(const sw_host* host, sw_str access_key, const sw_principal** out) {
  auto* plugin = caller(host, "auth.find_public");
  if (plugin == nullptr || out == nullptr) return SW_INVALID;
  const auto& accounts = accounts_of(*plugin);
  const auto* credential = accounts.find_credential(view(access_key));
  const auto* ns = credential != nullptr ? accounts.find_namespace(credential->namespace_id) : nullptr;
  if (ns == nullptr) return SW_NOT_FOUND;
  const auto now_ms = plugin->lane->executor.clock().wall_ms();
  const bool expired = credential->expires_ms != 0 && credential->expires_ms <= now_ms;
  if (expired || !credential->sealed_secret.empty()) return SW_DENIED;
  *out = lend(*plugin, *ns, credential->permissions, credential->id, credential->name, credential->expires_ms);
  return SW_OK;
}

}  // namespace

const sw_auth_api kAuthTable = {sizeof(sw_auth_api), 0,     verify_mac,     anonymous,  describe,
                                namespaces,          watch, find_namespace, find_public};

}  // namespace switchyard::plugin
