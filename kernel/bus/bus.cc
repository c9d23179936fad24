#include "kernel/bus/bus.h"

#include <cassert>

#include "kernel/base/ids.h"
#include "kernel/base/siphash.h"

namespace switchyard::bus {

Bus::Bus(const std::vector<Executor*>& lanes, BusOptions options)
    : options_(options), key_{random_u64(), random_u64()} {
  assert(!lanes.empty() && lanes.size() <= kMaxLanes);
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes_.push_back(std::make_unique<BusLane>(*this, *lanes[i], i));
  for (std::size_t i = 0; i < lanes.size() * lanes.size(); ++i) transfers_.push_back(std::make_unique<Transfer>());
}

Bus::~Bus() = default;

// Two groups of one namespace share an id by a chance of one in 2^64; a namespace sees only its own.
GroupId Bus::group_id(NamespaceNumber ns, std::string_view pattern, std::string_view group) const {
  std::string name(reinterpret_cast<const char*>(&ns), sizeof ns);
  name.append(pattern).append(1, '\0').append(group);
  return siphash128(key_, name).first;
}

Publisher::Publisher(BusLane& lane, NamespaceNumber ns) : lane_(lane), space_(lane.space(ns)) { ++space_.publishers; }

Publisher::~Publisher() {
  --space_.publishers;
  lane_.drop_if_idle(space_);
}

Published Publisher::publish(const Message& message, Party skip) {
  if (generation_ != space_.generation() || subject_ != message.subject) {
    match_ = &space_.match(message.subject);
    generation_ = space_.generation();
    subject_ = message.subject;
  }
  return lane_.publish(space_, *match_, message, skip);
}

}  // namespace switchyard::bus
