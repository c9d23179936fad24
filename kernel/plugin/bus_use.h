// BusUse is what the plugins hold of the bus on one lane: their subscriptions and publishers.
//
// A plugin that forgets some loses them at its lane_stop; one that failed is delivered nothing more.
//
// Thread: its lane.
#pragma once
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "kernel/bus/bus.h"
#include "switchyard/plugin.h"

namespace switchyard::plugin {
struct PluginLane;
}

struct sw_subscription final : switchyard::bus::Subscriber {
  bool on_message(switchyard::bus::Subscription& subscription, const switchyard::bus::Message& message) override;

  switchyard::plugin::PluginLane* owner = nullptr;
  switchyard::bus::BusLane* lane = nullptr;
  switchyard::bus::NamespaceNumber ns = 0;
  switchyard::bus::Subscription* subscription = nullptr;
  int32_t (*deliver)(void* user, const sw_bus_message*) = nullptr;
  void* user = nullptr;
};

struct sw_publisher {
  switchyard::plugin::PluginLane* owner = nullptr;
  switchyard::bus::Publisher publisher;
};

namespace switchyard::plugin {

class BusUse {
 public:
  sw_subscription* add(std::unique_ptr<sw_subscription> subscription);
  sw_publisher* add(std::unique_ptr<sw_publisher> publisher);
  // Ends it; null and what was never given out, or has ended, is nothing.
  void remove(const PluginLane& owner, sw_subscription* subscription);
  void remove(const PluginLane& owner, sw_publisher* publisher);
  // Everything of one plugin.
  void drop(const PluginLane& owner);

 private:
  std::unordered_map<const sw_subscription*, std::unique_ptr<sw_subscription>> subscriptions_;
  std::unordered_map<const sw_publisher*, std::unique_ptr<sw_publisher>> publishers_;
};

}  // namespace switchyard::plugin
