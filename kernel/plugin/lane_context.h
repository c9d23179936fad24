// LaneContext is what the host keeps for its plugins on one lane; PluginLane is one plugin there.
//
// Every call into a plugin goes through enter(): it says on whose behalf the lane runs, so that the
// tables know their caller without a lock, measures the callback, drops what was lent to it, and
// turns an exception into the failure of that one plugin.
//
// Thread: its lane.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kernel/base/executor.h"
#include "kernel/net/arena.h"
#include "kernel/plugin/bus_use.h"
#include "kernel/plugin/call_pool.h"
#include "kernel/plugin/http_exchange.h"
#include "kernel/plugin/services.h"
#include "kernel/plugin/slots.h"
#include "kernel/stream/types.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {

class Instance;
struct LaneContext;

struct PluginLane {
  enum class Phase { idle, running, closing, stopped };

  Instance* instance = nullptr;
  LaneContext* lane = nullptr;
  void* state = nullptr;  // Of lane_start.
  Phase phase = Phase::idle;
  std::uint32_t outstanding = 0;  // Accepted calls whose `done` has not run.
  std::string anonymous_namespace;
  std::vector<std::function<void()>> early;  // Posted before lane_start.
  std::int64_t next_slow_log_ms = 0;
  std::uint64_t slow_unlogged = 0;

  // May its code run here?
  bool live() const;
};

struct Timer {
  PluginLane* owner = nullptr;
  void (*fire)(void* user) = nullptr;
  void* user = nullptr;
  TimerId id = 0;
};

// Memory and references that live until the outermost callback of the lane returns.
struct Scratch {
  net::Arena arena;
  std::vector<stream::DefinitionPtr> definitions;

  template <class T>
  T* array(std::size_t n) {
    return arena.alloc_array<T>(n);
  }
  void reset() {
    arena.reset();
    definitions.clear();
  }
};

struct LaneContext {
  static constexpr std::size_t kMaxTimers = 1u << 20;
  static constexpr std::size_t kMaxExchanges = 1u << 20;  // Connections are bounded long before.

  LaneContext(Executor& e, std::int64_t slow_ns)
      : executor(e),
        index(e.lane_index()),
        slow_callback_ns(slow_ns),
        exchanges(index, kMaxExchanges),
        timers(index, kMaxTimers) {}

  Executor& executor;
  const std::size_t index;
  const std::int64_t slow_callback_ns;
  int depth = 0;  // Of enter().
  Scratch scratch;
  std::string key;  // Of a key-value call, built again for each.
  CallPool calls;
  std::atomic<std::uint32_t> outstanding{0};  // Calls of `calls` that are not done; written by the lane alone.
  HostSettings settings;
  SlotTable<Exchange> exchanges;
  BlockPool blocks;
  SlotTable<Timer> timers;
  std::unordered_map<stream::NamespaceId, sw_namespace*> namespaces;
  BusUse bus;  // What plugins hold of the bus here.
};

// The plugin on whose behalf this thread runs, or null outside of every lane callback.
inline constinit thread_local PluginLane* current_plugin_lane = nullptr;

// Marks a callback of `plugin`; `what` is a literal for the log.
class CallbackScope {
 public:
  CallbackScope(PluginLane& plugin, const char* what)
      : plugin_(plugin),
        outer_(current_plugin_lane),
        what_(what),
        started_ns_(plugin.lane->executor.clock().coarse_mono_ns()) {
    current_plugin_lane = &plugin;
    ++plugin.lane->depth;
  }
  ~CallbackScope() {
    current_plugin_lane = outer_;
    auto& lane = *plugin_.lane;
    if (--lane.depth == 0) lane.scratch.reset();
    const auto took_ns = lane.executor.clock().coarse_mono_ns() - started_ns_;
    if (took_ns > lane.slow_callback_ns) log_slow(took_ns);
  }
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;

 private:
  void log_slow(std::int64_t took_ns) const;
  PluginLane& plugin_;
  PluginLane* const outer_;
  const char* const what_;
  const std::int64_t started_ns_;
};

// Names what was thrown; call it in a catch block.
std::string describe_exception();
void fail_in_callback(PluginLane& plugin, const char* what);

// Runs plugin code; false when it may not run or threw.  What it throws fails the plugin.
template <class F>
bool enter(PluginLane& plugin, const char* what, F&& call) {
  if (!plugin.live()) return false;
  const CallbackScope scope(plugin, what);
  try {
    call();
    return true;
  } catch (...) {
    fail_in_callback(plugin, what);
    return false;
  }
}

}  // namespace switchyard::plugin
