#include "kernel/plugin/host_core.h"

#include <algorithm>
#include <cassert>
#include <chrono>

#include "kernel/base/log.h"

namespace switchyard::plugin {
namespace {

// With a pump time may stand still: so many turns without the condition are a failure.
constexpr int kMaxPumps = 10'000;

void log_misuse(const Instance* wanted, const char* what) {
  const auto* actual = current_plugin_lane;
  log::error("plugin.misuse", {{"plugin", wanted != nullptr ? wanted->name() : "unknown"},
                               {"call", what},
                               {"why", actual == nullptr ? "called outside of a lane callback"
                                                         : "called from a callback of another plugin"}});
}

}  // namespace

HostCore::HostCore(Services s) : services(std::move(s)), seal(services.token_secret) {
  for (auto* executor : services.lanes) {
    lanes.push_back(std::make_unique<LaneContext>(*executor, services.slow_callback_ms * 1'000'000));
    lanes.back()->settings = services.settings;
  }
}

void HostCore::on_every_lane(const std::function<void(std::size_t lane)>& task) {
  std::atomic<std::size_t> left{lanes.size()};
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    lanes[i]->executor.post([this, i, &task, &left] {
      task(i);
      // The last touch of `left` and `task`: the waiting thread may go on right after it.
      const std::lock_guard lock(mutex_);
      --left;
      changed_.notify_all();
    });
  }
  [[maybe_unused]] const bool all = wait_until([&left] { return left.load() == 0; }, -1);
  assert(all);
}

bool HostCore::wait_until(const std::function<bool()>& ready, std::int64_t deadline_mono_ms) {
  const auto& clock = lanes.front()->executor.clock();
  const auto late = [&] { return deadline_mono_ms >= 0 && clock.mono_ms() >= deadline_mono_ms; };
  if (services.pump) {
    for (int i = 0; i < kMaxPumps && !ready() && !late(); ++i) services.pump();
    return ready();
  }
  std::unique_lock lock(mutex_);
  while (!ready() && !late()) changed_.wait_for(lock, std::chrono::milliseconds(20));
  return ready();
}

bool HostCore::quiet() const {
  return std::all_of(lanes.begin(), lanes.end(),
                     [](const auto& lane) { return lane->outstanding.load(std::memory_order_acquire) == 0; });
}

PluginLane* caller(const sw_host* host, const char* what) {
  auto* current = current_plugin_lane;
  auto& instance = instance_of(host);
  if (current != nullptr && current->instance == &instance) return current;
  log_misuse(&instance, what);
  return nullptr;
}

PluginLane* caller(const char* what) {
  if (current_plugin_lane == nullptr) log_misuse(nullptr, what);
  return current_plugin_lane;
}

}  // namespace switchyard::plugin
