// What goes over the bus, and who gets it.
//
// Thread: plain values; a Subscriber is called on the lane on which it subscribed.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::bus {

using NamespaceNumber = std::uint64_t;

// Borrowed: valid during the call that has it.
struct Message {
  std::string_view subject;
  std::string_view reply;    // Empty = none.
  std::string_view headers;  // One block as it came, or empty.
  std::string_view body;
};

class Subscription;

class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // Takes a copy of what it needs.  May subscribe, unsubscribe (also itself) and publish.  False: it could
  // not take the message; of a group another member gets it then.
  virtual bool on_message(Subscription& subscription, const Message& message) = 0;
};

// Who publishes or subscribes, so that one's own messages can be left out; 0 is nobody.
using Party = std::uint64_t;

struct Interest;
struct Group;

// One subscription.  Owned by the bus; from unsubscribe() on nobody may touch it.
class Subscription {
 public:
  const std::string& pattern() const { return pattern_; }
  const std::string& group() const { return group_; }  // Empty: it gets every message.
  Party party() const { return party_; }

 private:
  friend class Space;
  friend class BusLane;
  Subscription(Subscriber& subscriber, std::string pattern, std::string group, Party party)
      : subscriber_(subscriber), pattern_(std::move(pattern)), group_(std::move(group)), party_(party) {}

  Subscriber& subscriber_;
  const std::string pattern_, group_;
  const Party party_;
  std::size_t index_ = 0;  // In its list.
  bool gone_ = false;
};

}  // namespace switchyard::bus
