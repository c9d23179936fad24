// HostCore is what the host's parts share: services, lanes, plugins, and how the control thread waits
// for a lane.
//
// Thread: `lanes[i]` on lane i; the rest as said.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "kernel/plugin/instance.h"
#include "kernel/plugin/lane_context.h"
#include "kernel/plugin/namespaces.h"
#include "kernel/plugin/services.h"
#include "kernel/plugin/token_seal.h"

namespace switchyard::plugin {

struct HostCore {
  explicit HostCore(Services s);

  Services services;
  const TokenSeal seal;
  Namespaces namespaces;  // [any]
  std::vector<std::unique_ptr<LaneContext>> lanes;
  std::vector<std::unique_ptr<Instance>> plugins;             // Fixed by load().
  std::deque<std::pair<std::string, std::string>> listening;  // [control] Name and address as bound.
  std::atomic<bool> lanes_running{false};                     // Between start() and the end of stop().

  // [control] Runs `task` on every lane and waits.  The lanes must run.
  void on_every_lane(const std::function<void(std::size_t lane)>& task);
  // [control] Waits until ready() or the deadline; true when ready.  ready() is called on this thread.
  bool wait_until(const std::function<bool()>& ready, std::int64_t deadline_mono_ms);
  // [any] No accepted call waits for its `done`.
  bool quiet() const;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

// The instance behind a host handle that a plugin gave back.
inline Instance& instance_of(const sw_host* host) { return *static_cast<Instance*>(host->host); }

// The table with this extension id, or null.
const void* find_table(std::string_view id);

// The caller's place on this lane; null, and a line in the log, when the call comes from outside of a
// lane callback of this plugin.  `what` is a literal.
PluginLane* caller(const sw_host* host, const char* what);
// The same for calls that name an object and not a host.
PluginLane* caller(const char* what);

}  // namespace switchyard::plugin
