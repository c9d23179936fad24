// Table kv/1: a plugin's small records, per namespace.
//
// Key in the store: "plugin/" namespace-number (8 bytes, big-endian) NAME "/" key.  A namespace's
// records of all plugins lie together, so that its deletion is one scan.
#include "kernel/plugin/calls.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"
#include "kernel/plugin/kv_key.h"
#include "kernel/plugin/tables.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxKeyBytes = 512;
constexpr std::size_t kMaxValueBytes = 64 * 1024;

static_assert(SW_KV_ANY == store::KvOp::kAny);

store::Kv* kv_of(const PluginLane& plugin) { return plugin.instance->core().services.kv; }

// Room for prefix and key in the lane's buffer.
std::string& key_of(PluginLane& plugin, const sw_namespace* ns, std::string_view key) {
  auto& out = plugin.lane->key;
  out.clear();
  append_kv_prefix(out, ns->number, plugin.instance->name());
  out += key;
  return out;
}

sw_status get(const sw_host* host, sw_namespace* ns, sw_str key, sw_bytes* value, std::uint64_t* revision) {
  auto* plugin = caller(host, "kv.get");
  if (plugin == nullptr || ns == nullptr) return SW_INVALID;
  if (kv_of(*plugin) == nullptr) return SW_UNSUPPORTED;
  // Changes are applied in tasks of their own, so the record outlives this callback.
  const auto* entry = kv_of(*plugin)->get(plugin->lane->index, key_of(*plugin, ns, view(key)));
  if (entry == nullptr) return SW_NOT_FOUND;
  if (value != nullptr) *value = bytes(*entry->value);
  if (revision != nullptr) *revision = entry->revision;
  return SW_OK;
}

void scan(const sw_host* host, sw_namespace* ns, sw_str prefix, sw_str after,
          std::int32_t (*visit)(void*, sw_str, sw_bytes, std::uint64_t), void* user) {
  auto* plugin = caller(host, "kv.scan");
  if (plugin == nullptr || ns == nullptr || visit == nullptr || kv_of(*plugin) == nullptr) return;
  const std::string own = key_of(*plugin, ns, {});
  std::string from = own;
  // The first key greater than `after`.
  if (after.len > 0) (from += view(after)) += '\0';
  const auto step = [&](std::string_view key, const store::KvEntry& entry) {
    return visit(user, str(key.substr(own.size())), bytes(*entry.value), entry.revision) != 0;
  };
  kv_of(*plugin)->scan(plugin->lane->index, own + std::string(view(prefix)), from, std::cref(step));
}

sw_status commit(const sw_host* host, const char* what, sw_namespace* ns, sw_str key, std::optional<std::string> value,
                 std::uint64_t expect, sw_kv_done done, void* user) {
  auto* plugin = caller(host, what);
  if (plugin == nullptr || ns == nullptr || done == nullptr) return SW_INVALID;
  if (kv_of(*plugin) == nullptr) return SW_UNSUPPORTED;
  if (plugin->phase == PluginLane::Phase::closing) return SW_STOPPING;
  if (key.len == 0 || key.len > kMaxKeyBytes || (value && value->size() > kMaxValueBytes)) return SW_INVALID;
  const auto lane = plugin->lane->index;
  if (plugin->instance->core().services.accounts[lane]->find_namespace(ns->number) == nullptr) return SW_NOT_FOUND;

  store::KvOp op;
  op.key = key_of(*plugin, ns, view(key));
  op.value = std::move(value);
  op.expect_revision = expect;
  std::vector<store::KvOp> ops;
  ops.push_back(std::move(op));
  Call* call = begin(*plugin, done, user);
  kv_of(*plugin)->commit(lane, std::move(ops), [call](Result<std::uint64_t> result) {
    const Status status = result ? Status{} : Status(result.error());
    finish<sw_kv_done>(call, "kv done", [&](sw_kv_done tell, void* whom) {
      tell(whom, number(status), result ? *result : 0, ErrorView(status).get());
    });
  });
  return submitted(call, {});
}

sw_status put(const sw_host* host, sw_namespace* ns, sw_str key, sw_bytes value, std::uint64_t expect, sw_kv_done done,
              void* user) {
  return commit(host, "kv.put", ns, key, std::string(view(value)), expect, done, user);
}

sw_status erase(const sw_host* host, sw_namespace* ns, sw_str key, std::uint64_t expect, sw_kv_done done, void* user) {
  return commit(host, "kv.erase", ns, key, std::nullopt, expect, done, user);
}

}  // namespace

void append_kv_prefix(std::string& out, account::NamespaceNumber ns, std::string_view plugin) {
  out += "plugin/";
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(ns >> shift);
  (out += plugin) += '/';
}

const sw_kv_api kKvTable = {sizeof(sw_kv_api), 0, get, scan, put, erase};

}  // namespace switchyard::plugin
