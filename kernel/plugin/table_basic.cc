// Tables log/1, clock/1 and metrics/1.
#include <vector>

#include "kernel/base/ids.h"
#include "kernel/base/log.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"
#include "kernel/plugin/tables.h"

namespace switchyard::plugin {
namespace {

constexpr std::size_t kMaxLogFields = 32;
constexpr std::size_t kMaxEarlyTasks = 1024;
constexpr std::size_t kMaxLabels = 8;

log::Level level_of(std::uint32_t level) {
  return level <= SW_LOG_ERROR ? static_cast<log::Level>(level) : log::Level::error;
}

int32_t log_enabled(const sw_host*, std::uint32_t level) { return log::enabled(level_of(level)) ? 1 : 0; }

void log_write(const sw_host* host, std::uint32_t level, sw_str event, const sw_pair* fields, std::size_t n) {
  if (!log::enabled(level_of(level))) return;
  std::vector<log::Field> line;
  line.emplace_back("plugin", instance_of(host).name());
  for (std::size_t i = 0; i < std::min(n, kMaxLogFields); ++i) {
    line.emplace_back(view(fields[i].name), view(fields[i].value));
  }
  log::write(level_of(level), view(event), line);
}

const Clock& clock_of(const sw_host* host) { return instance_of(host).core().lanes.front()->executor.clock(); }

std::int64_t wall_ms(const sw_host* host) { return clock_of(host).wall_ms(); }
std::int64_t mono_ms(const sw_host* host) { return clock_of(host).mono_ms(); }

void fire_timer(LaneContext& lane, Handle handle) {
  auto* timer = lane.timers.find(handle);
  if (timer == nullptr) return;
  const Timer due = *timer;
  lane.timers.release(handle);
  enter(*due.owner, "timer", [&] { due.fire(due.user); });
}

sw_timer start_timer(const sw_host* host, std::uint32_t after_ms, void (*fire)(void*), void* user) {
  auto* plugin = caller(host, "clock.start");
  if (plugin == nullptr || fire == nullptr) return 0;
  auto& lane = *plugin->lane;
  const Handle handle = lane.timers.take();
  if (handle == 0) return 0;
  const auto due_ms = lane.executor.clock().mono_ms() + after_ms;
  const auto id = lane.executor.call_at(due_ms, [&lane, handle] { fire_timer(lane, handle); });
  *lane.timers.find(handle) = {plugin, fire, user, id};
  return handle;
}

void cancel_timer(const sw_host* host, sw_timer handle) {
  auto* plugin = caller(host, "clock.cancel");
  if (plugin == nullptr) return;
  auto& lane = *plugin->lane;
  const auto* timer = lane.timers.find(handle);
  if (timer == nullptr || timer->owner != plugin) return;
  lane.executor.cancel(timer->id);
  lane.timers.release(handle);
}

void run_posted(PluginLane& plugin, void (*task)(void*, void*), void* user) {
  if (plugin.phase == PluginLane::Phase::idle && plugin.early.size() < kMaxEarlyTasks) {
    plugin.early.push_back([&plugin, task, user] { run_posted(plugin, task, user); });
    return;
  }
  enter(plugin, "task", [&] { task(user, plugin.state); });
}

void post_task(const sw_host* host, std::uint32_t lane, void (*task)(void*, void*), void* user) {
  auto& instance = instance_of(host);
  if (lane >= instance.core().lanes.size() || task == nullptr) {
    log::error("plugin.misuse",
               {{"plugin", instance.name()}, {"call", "clock.post"}, {"why", "there is no such lane"}});
    return;
  }
  auto& plugin = instance.on(lane);
  plugin.lane->executor.post([&plugin, task, user] { run_posted(plugin, task, user); });
}

void fill_random(const sw_host*, void* out, std::size_t n) { random_bytes(out, n); }

sw_counter* counter(const sw_host* host, sw_str name, sw_str help, const sw_pair* labels, std::size_t n) {
  MetricRegistry::Labels list;
  for (std::size_t i = 0; i < std::min(n, kMaxLabels); ++i)
    list.emplace_back(view(labels[i].name), view(labels[i].value));
  auto& counter = instance_of(host).core().services.metrics->counter(view(name), view(help), list);
  return reinterpret_cast<sw_counter*>(&counter);
}

void add(sw_counter* counter, std::uint64_t n) {
  if (counter != nullptr) reinterpret_cast<Counter*>(counter)->add(n);
}

}  // namespace

const sw_log_api kLogTable = {sizeof(sw_log_api), 0, log_enabled, log_write};
const sw_clock_api kClockTable = {sizeof(sw_clock_api), 0,         wall_ms,    mono_ms, start_timer,
                                  cancel_timer,         post_task, fill_random};
const sw_metrics_api kMetricsTable = {sizeof(sw_metrics_api), 0, counter, add};

}  // namespace switchyard::plugin
