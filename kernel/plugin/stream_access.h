// Who may call stream/1 right now, and is the stream in the caller's namespace?
//
// Every call asks here first, so that no plugin bug shows one tenant another's messages.
//
// Thread: the lane of the caller.
#pragma once
#include "kernel/plugin/host_core.h"

namespace switchyard::plugin {

// Null with *status set: outside of a lane callback, no namespace, no engine, or stopping.  Calls that only
// look are allowed while stopping.
inline PluginLane* stream_caller(const sw_host* host, const char* what, const sw_namespace* ns, sw_status* status,
                                 bool only_looks = false) {
  auto* plugin = caller(host, what);
  *status = SW_INVALID;
  if (plugin == nullptr || ns == nullptr) return nullptr;
  *status = SW_UNSUPPORTED;
  if (plugin->instance->core().services.engine == nullptr) return nullptr;
  *status = SW_STOPPING;
  if (plugin->phase == PluginLane::Phase::closing && !only_looks) return nullptr;
  *status = SW_OK;
  return plugin;
}

inline stream::Engine& engine_of(const PluginLane& plugin) { return *plugin.instance->core().services.engine; }

// Null when there is no such stream in this namespace.
inline stream::DefinitionPtr find_stream(const PluginLane& plugin, const sw_namespace& ns, stream::StreamId id) {
  auto definition = engine_of(plugin).get(plugin.lane->index, id);
  return definition != nullptr && definition->ns == ns.number ? definition : nullptr;
}

inline bool namespace_exists(const PluginLane& plugin, const sw_namespace& ns) {
  return plugin.instance->core().services.accounts[plugin.lane->index]->find_namespace(ns.number) != nullptr;
}

}  // namespace switchyard::plugin
