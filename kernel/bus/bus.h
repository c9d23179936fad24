// Bus carries messages by subject from whoever publishes to whoever is interested now: at most once, in
// memory, per namespace.
//
// Every lane knows the interest of all: its own subscriptions, and of the other lanes whether they have
// some.  A publisher's lane matches once, calls its own subscribers at once, and copies the message once
// for each other lane that needs it; those copies leave at the end of the turn.  Of a group one member is
// chosen by chance over all lanes, each member alike.
//
// A change of interest is known here at once and on the other lanes when when_settled() says so: what is
// published anywhere after that is seen by it, and "nobody is interested" is exact.
//
// Failure: none of its own.  Messages that wait for another lane are bounded: publish() then says busy,
// and who publishes stops until when_ready(); the message at hand is not lost.
//
// Thread: a BusLane and the Publishers on it belong to their lane.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/executor.h"
#include "kernel/bus/bus_lane.h"

namespace switchyard::bus {

struct BusOptions {
  std::size_t max_pending_bytes = 8u << 20;  // Of messages on their way from one lane to another.
};

class Bus {
 public:
  // [control] `lanes` outlive the bus; from 1 to kMaxLanes.
  explicit Bus(const std::vector<Executor*>& lanes, BusOptions options = {});
  // [control] After the lanes have stopped, and every Publisher is gone.
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  BusLane& lane(std::size_t index) { return *lanes_[index]; }

 private:
  friend class BusLane;
  GroupId group_id(NamespaceNumber ns, std::string_view pattern, std::string_view group) const;
  Transfer& transfer(std::size_t from, std::size_t to) { return *transfers_[from * lanes_.size() + to]; }

  const BusOptions options_;
  const std::array<std::uint64_t, 2> key_;
  std::vector<std::unique_ptr<BusLane>> lanes_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
};

// Publishes to one namespace, and keeps at hand what its last subject matched.
class Publisher {
 public:
  Publisher(BusLane& lane, NamespaceNumber ns);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Subscribers of this lane are called before it returns.  Subscriptions of `skip` are left out.
  Published publish(const Message& message, Party skip = 0);

 private:
  BusLane& lane_;
  Space& space_;
  std::string subject_;
  const Match* match_ = nullptr;
  std::uint64_t generation_ = 0;
};

}  // namespace switchyard::bus
