// PatternTree holds, for one namespace on one lane, who is interested in which pattern: the lane's own
// subscriptions, the lanes that have some, and the groups with their members of every lane.
//
// A tree by token, so that a subject meets only the patterns that match it.  A node that nothing needs
// goes at once: memory follows the patterns that are there.
//
// Thread: of one lane.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/bus/message.h"

namespace switchyard::bus {

inline constexpr std::size_t kMaxLanes = 64;

// Finds by std::string_view in a table of std::string.
struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

// The same on every lane, so that a lane can name to another the group it has chosen.
using GroupId = std::uint64_t;

using Subscriptions = std::vector<std::unique_ptr<Subscription>>;

// Those who share the messages of one pattern: each message goes to one of them.
struct Group {
  std::string name;
  GroupId id = 0;
  Subscriptions members;               // Of this lane.
  std::vector<std::uint32_t> weights;  // Members by lane; this lane's own is members.size().
  std::uint64_t total = 0;             // Sum of weights.
};

struct Interest {
  Subscriptions local;      // Of this lane, without a group.
  std::uint64_t lanes = 0;  // The other lanes that have such: one bit each.
  std::vector<std::unique_ptr<Group>> groups;
  bool empty() const { return local.empty() && lanes == 0 && groups.empty(); }
};

class PatternTree {
 public:
  PatternTree();
  ~PatternTree();

  // The interest in `pattern`, made when there is none.
  Interest& at(std::string_view pattern);
  // Null: nobody is interested in exactly this pattern.
  Interest* find(std::string_view pattern);
  // Takes the pattern out if its interest is empty.
  void prune(std::string_view pattern);
  // Calls `visit` for each pattern that matches.
  void match(std::string_view subject, const std::function<void(Interest&)>& visit) const;
  bool empty() const;

 private:
  struct Node;
  static void match(const Node& node, std::string_view rest, bool more, const std::function<void(Interest&)>& visit);
  static bool prune(Node& node, std::string_view rest, bool more);
  Node* walk(std::string_view pattern, bool make);

  std::unique_ptr<Node> root_;
};

}  // namespace switchyard::bus
