// How a table function starts an asynchronous call of a room below and how its completion comes back.
//
// begin() remembers whom to tell; refuse() forgets it when the room said no; finish() tells the plugin,
// unless it was stopped or failed in the meantime.
//
// Thread: the lane of the caller.
#pragma once
#include <cassert>

#include "kernel/plugin/lane_context.h"

namespace switchyard::plugin {

template <class Done>
Call* begin(PluginLane& plugin, Done done, void* user) {
  auto& lane = *plugin.lane;
  Call* call = lane.calls.take();
  call->plugin = &plugin;
  call->done = reinterpret_cast<void (*)()>(done);
  call->user = user;
  call->submitting = true;
  lane.outstanding.store(lane.outstanding.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  return call;
}

inline void end(Call* call) {
  auto& lane = *call->plugin->lane;
  lane.calls.release(call);
  lane.outstanding.store(lane.outstanding.load(std::memory_order_relaxed) - 1, std::memory_order_release);
}

// The room below has taken the call, or refused it with `status`.
inline sw_status submitted(Call* call, const Status& status) {
  call->submitting = false;
  if (!status) end(call);
  return static_cast<sw_status>(status.code());
}

// `tell(done, user)` calls the plugin's function.
template <class Done, class F>
void finish(Call* call, const char* what, F&& tell) {
  // "Later, never from inside the call" is the promise of every room that completes calls.
  assert(!call->submitting);
  auto& plugin = *call->plugin;
  const auto done = reinterpret_cast<Done>(call->done);
  void* const user = call->user;
  // Ended after the callback, so that stop() does not overtake it; the plugin may start new calls.
  enter(plugin, what, [&] { tell(done, user); });
  end(call);
}

}  // namespace switchyard::plugin
