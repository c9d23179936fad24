#include "kernel/plugin/lane_context.h"

#include <exception>

#include "kernel/base/log.h"
#include "kernel/plugin/host_core.h"

namespace switchyard::plugin {
namespace {

constexpr std::int64_t kSlowLogPauseMs = 1000;
constexpr std::size_t kMaxThrownText = 200;

}  // namespace

bool PluginLane::live() const {
  return (phase == Phase::running || phase == Phase::closing) && instance->state() != PluginState::failed;
}

void CallbackScope::log_slow(std::int64_t took_ns) const {
  const auto now_ms = plugin_.lane->executor.clock().mono_ms();
  if (now_ms < plugin_.next_slow_log_ms) {
    ++plugin_.slow_unlogged;
    return;
  }
  plugin_.next_slow_log_ms = now_ms + kSlowLogPauseMs;
  log::warn("plugin.slow", {{"plugin", plugin_.instance->name()},
                            {"callback", what_},
                            {"lane", plugin_.lane->index},
                            {"took_ms", took_ns / 1'000'000},
                            {"more", std::exchange(plugin_.slow_unlogged, 0)}});
}

std::string describe_exception() {
  try {
    throw;
  } catch (const std::exception& e) {
    return std::string(e.what()).substr(0, kMaxThrownText);
  } catch (...) {
    return "something that is not a std::exception";
  }
}

void fail_in_callback(PluginLane& plugin, const char* what) {
  plugin.instance->fail("the plugin '" + plugin.instance->name() + "' threw in " + what + ": " + describe_exception());
}

}  // namespace switchyard::plugin
