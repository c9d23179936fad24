// BusLane is the bus as one lane has it: the interest of all lanes, its own subscribers, and the way to the others.
//
// What it promises is in bus.h.
//
// Thread: of its lane.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/base/executor.h"
#include "kernel/bus/message.h"
#include "kernel/bus/space.h"
#include "kernel/bus/transfer.h"

namespace switchyard::bus {

struct Published {
  std::uint32_t receivers = 0;  // Subscribers here that took it, groups, and other lanes; 0 = nobody is interested.
  bool busy = false;            // Publish no more until when_ready().
};

class Bus;

class BusLane {
 public:
  BusLane(Bus& bus, Executor& executor, std::size_t index);
  BusLane(const BusLane&) = delete;
  BusLane& operator=(const BusLane&) = delete;

  // REQUIRES: is_pattern(pattern).  An empty group = it gets every message.
  Subscription* subscribe(NamespaceNumber ns, std::string_view pattern, std::string_view group, Subscriber& subscriber,
                          Party party = 0);
  // It is called no more, also by a publish() that is under way.
  void unsubscribe(NamespaceNumber ns, Subscription* subscription);

  // Runs `task` later, when every other lane knows the changes made here so far.
  void when_settled(Task task);
  bool settled() const;
  // Runs `task` later, when no lane that this one sends to is behind.
  void when_ready(Task task);
  bool busy() const;

 private:
  friend class Bus;
  friend class Publisher;

  Space& space(NamespaceNumber ns);
  void drop_if_idle(Space& space);

  Published publish(Space& space, const Match& match, const Message& message, Party skip);
  std::uint32_t to_locals(const std::vector<Subscription*>& list, const Message& message, Party skip);
  // One member of this lane takes it, or none.
  bool to_member(Group& group, const Message& message, Party skip);
  // A member of some lane; of another lane it is noted in chosen_ and `lanes`.
  bool to_group(Group& group, const Message& message, Party skip, std::uint64_t& lanes);
  // kMaxLanes: there is none.
  std::size_t choose_lane(const Group& group, bool not_here);
  void send(Space& space, std::uint64_t lanes, std::uint64_t plain, std::uint32_t hops, const Message& message);
  std::uint64_t random();

  // What this lane's interest became, to the others.
  void announce();
  void send_changes();
  void apply(std::size_t from, const std::vector<Change>& changes);
  void acknowledged(std::size_t by, std::uint64_t upto);

  void hand_over();
  void receive(std::size_t from);
  void receive(const Frame& frame);
  void ready();

  Bus& bus_;
  Executor& executor_;
  const std::size_t index_;
  std::unordered_map<NamespaceNumber, std::unique_ptr<Space>> spaces_;

  struct Settling {
    std::uint64_t upto;
    Task task;
  };
  std::vector<Change> changes_;         // Not sent yet.
  bool announcing_ = false;             // send_changes() is due at the end of this turn.
  std::uint64_t sent_ = 0;              // Batches of changes.
  std::vector<std::uint64_t> applied_;  // By lane: how many of them it knows.
  std::vector<Settling> settling_;      // In the order of `upto`.

  bool handing_over_ = false;                 // Due at the end of this turn.
  std::vector<Task> waiting_;                 // For when_ready().
  std::vector<std::vector<GroupId>> chosen_;  // By lane; scratch of publish().
  std::uint64_t random_state_;
};

}  // namespace switchyard::bus
