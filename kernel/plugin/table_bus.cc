// Table bus/1: subscriptions and publishers of one namespace.
#include "kernel/bus/subject.h"
#include "kernel/plugin/calls.h"
#include "kernel/plugin/convert.h"
#include "kernel/plugin/host_core.h"
#include "kernel/plugin/tables.h"

using switchyard::plugin::enter;
using switchyard::plugin::fail_in_callback;

bool sw_subscription::on_message(switchyard::bus::Subscription&, const switchyard::bus::Message& message) {
  using namespace switchyard::plugin;
  const sw_bus_message seen{sizeof seen,        0, str(message.subject), str(message.reply), bytes(message.headers),
                            bytes(message.body)};
  std::int32_t took = 0;
  if (current_plugin_lane != owner) {
    enter(*owner, "bus deliver", [&] { took = deliver(user, &seen); });
    return took != 0;
  }
  // Inside a publish() of the same plugin: its callback is measured and guarded already.
  if (!owner->live()) return false;
  try {
    took = deliver(user, &seen);
  } catch (...) {
    fail_in_callback(*owner, "bus deliver");
  }
  return took != 0;
}

namespace switchyard::plugin {

// ---- what plugins hold -------------------------------------------------------------------------

sw_subscription* BusUse::add(std::unique_ptr<sw_subscription> subscription) {
  auto* const key = subscription.get();
  subscriptions_.emplace(key, std::move(subscription));
  return key;
}

sw_publisher* BusUse::add(std::unique_ptr<sw_publisher> publisher) {
  auto* const key = publisher.get();
  publishers_.emplace(key, std::move(publisher));
  return key;
}

void BusUse::remove(const PluginLane& owner, sw_subscription* subscription) {
  const auto it = subscriptions_.find(subscription);
  if (it == subscriptions_.end() || subscription->owner != &owner) return;
  subscription->lane->unsubscribe(subscription->ns, subscription->subscription);
  subscriptions_.erase(it);
}

void BusUse::remove(const PluginLane& owner, sw_publisher* publisher) {
  const auto it = publishers_.find(publisher);
  if (it != publishers_.end() && publisher->owner == &owner) publishers_.erase(it);
}

void BusUse::drop(const PluginLane& owner) {
  for (auto it = subscriptions_.begin(); it != subscriptions_.end();) {
    auto& one = *it->second;
    if (one.owner != &owner) {
      ++it;
      continue;
    }
    one.lane->unsubscribe(one.ns, one.subscription);
    it = subscriptions_.erase(it);
  }
  std::erase_if(publishers_, [&](const auto& entry) { return entry.second->owner == &owner; });
}

namespace {

bus::BusLane* bus_of(const PluginLane& plugin) {
  auto* const all = plugin.instance->core().services.bus;
  return all != nullptr ? &all->lane(plugin.lane->index) : nullptr;
}

sw_status subscribe(const sw_host* host, sw_namespace* ns, sw_str pattern, sw_str group, std::uint64_t party,
                    std::int32_t (*deliver)(void*, const sw_bus_message*), void* user, sw_subscription** out) {
  auto* plugin = caller(host, "bus.subscribe");
  if (plugin == nullptr || ns == nullptr || deliver == nullptr || out == nullptr) return SW_INVALID;
  auto* const lane = bus_of(*plugin);
  if (lane == nullptr) return SW_UNSUPPORTED;
  if (!bus::is_pattern(view(pattern))) return SW_INVALID;
  auto mine = std::make_unique<sw_subscription>();
  mine->owner = plugin;
  mine->lane = lane;
  mine->ns = ns->number;
  mine->deliver = deliver;
  mine->user = user;
  mine->subscription = lane->subscribe(ns->number, view(pattern), view(group), *mine, party);
  *out = plugin->lane->bus.add(std::move(mine));
  return SW_OK;
}

void unsubscribe(const sw_host* host, sw_subscription* subscription) {
  if (auto* plugin = caller(host, "bus.unsubscribe")) plugin->lane->bus.remove(*plugin, subscription);
}

sw_status publisher(const sw_host* host, sw_namespace* ns, sw_publisher** out) {
  auto* plugin = caller(host, "bus.publisher");
  if (plugin == nullptr || ns == nullptr || out == nullptr) return SW_INVALID;
  auto* const lane = bus_of(*plugin);
  if (lane == nullptr) return SW_UNSUPPORTED;
  *out =
      plugin->lane->bus.add(std::unique_ptr<sw_publisher>(new sw_publisher{plugin, bus::Publisher(*lane, ns->number)}));
  return SW_OK;
}

void release(const sw_host* host, sw_publisher* publisher) {
  if (auto* plugin = caller(host, "bus.release")) plugin->lane->bus.remove(*plugin, publisher);
}

sw_status publish(const sw_host* host, sw_publisher* publisher, const sw_bus_message* message, std::uint64_t skip,
                  std::uint32_t* receivers) {
  auto* plugin = caller(host, "bus.publish");
  if (plugin == nullptr || publisher == nullptr || publisher->owner != plugin || message == nullptr) return SW_INVALID;
  const bus::Message sent{view(message->subject), view(message->reply), view(message->headers), view(message->body)};
  const auto published = publisher->publisher.publish(sent, skip);
  if (receivers != nullptr) *receivers = published.receivers;
  return published.busy ? SW_BUSY : SW_OK;
}

// A call like every other that ends later: the host does not stop over it.
Task as_call(PluginLane& plugin, const char* what, void (*task)(void*), void* user) {
  Call* const call = begin(plugin, task, user);
  call->submitting = false;
  return [call, what] { finish<void (*)(void*)>(call, what, [](void (*run)(void*), void* with) { run(with); }); };
}

void settled(const sw_host* host, void (*task)(void*), void* user) {
  auto* plugin = caller(host, "bus.settled");
  if (plugin == nullptr || task == nullptr) return;
  if (auto* lane = bus_of(*plugin)) lane->when_settled(as_call(*plugin, "bus settled", task, user));
}

void ready(const sw_host* host, void (*task)(void*), void* user) {
  auto* plugin = caller(host, "bus.ready");
  if (plugin == nullptr || task == nullptr) return;
  if (auto* lane = bus_of(*plugin)) lane->when_ready(as_call(*plugin, "bus ready", task, user));
}

}  // namespace

const sw_bus_api kBusTable = {
    sizeof(sw_bus_api), 0, subscribe, unsubscribe, publisher, release, publish, settled, ready};

}  // namespace switchyard::plugin
