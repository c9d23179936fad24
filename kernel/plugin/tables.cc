#include "kernel/plugin/tables.h"

#include <string_view>
#include <utility>

#include "kernel/plugin/host_core.h"
#include "kernel/plugin/loader.h"

namespace switchyard::plugin {
namespace {

constexpr std::pair<std::string_view, const void*> kTables[] = {
    {SW_EXT_LOG, &kLogTable},         {SW_EXT_CLOCK, &kClockTable},       {SW_EXT_AUTH, &kAuthTable},
    {SW_EXT_HTTP, &kHttpTable},       {SW_EXT_STREAM, &kStreamTable},     {SW_EXT_KV, &kKvTable},
    {SW_EXT_METRICS, &kMetricsTable}, {SW_EXT_ACCOUNTS, &kAccountsTable}, {SW_EXT_LISTEN, &kListenTable},
    {SW_EXT_BUS, &kBusTable},
};

}  // namespace

const void* find_table(std::string_view id) {
  for (const auto& [name, table] : kTables) {
    if (name == id) return table;
  }
  return nullptr;
}

const std::vector<std::string_view>& offered_extensions() {
  static const std::vector<std::string_view> kOffered = [] {
    std::vector<std::string_view> ids;
    for (const auto& [name, table] : kTables) ids.push_back(name);
    return ids;
  }();
  return kOffered;
}

}  // namespace switchyard::plugin
