// Space is one namespace on one lane: its interest, and what the subjects published lately match.
//
// A match is found once and kept until the interest changes; a publisher keeps the last one at hand.
// The kept ones are bounded: when they are too many all are dropped, and found again as they are asked for.
//
// Callbacks may change the interest while a match is being gone through.  What a running call may still
// point to is therefore buried, and freed when no call is running.
//
// Thread: of one lane.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/bus/interest.h"

namespace switchyard::bus {

// Everybody who gets a subject.
struct Match {
  std::vector<Subscription*> local;
  std::uint64_t lanes = 0;
  std::vector<Group*> groups;
};

// What became of the interest, for the other lanes.
struct Change {
  NamespaceNumber ns = 0;
  std::string pattern, group;
  std::int32_t members = 0;  // Of a group: one more or one less.  Without a group: 1 = some now, 0 = none.
};

class Space {
 public:
  static constexpr std::size_t kMaxKept = 4096;

  Space(NamespaceNumber ns, std::size_t lane, std::size_t lanes);

  // Both add to `changes` what the other lanes must know of it.  `id` is the group's, if there is one.
  Subscription* add(Subscriber& subscriber, std::string_view pattern, std::string_view group, Party party, GroupId id,
                    std::vector<Change>& changes);
  void remove(Subscription& subscription, std::vector<Change>& changes);
  // What `from` said of itself.
  void apply(std::size_t from, const Change& change, GroupId id);

  // Valid until the interest changes, and also then as long as a Running lives.
  const Match& match(std::string_view subject);
  // Changes whenever an earlier match may be wrong or gone.
  std::uint64_t generation() const { return generation_; }
  Group* find_group(GroupId id) const;
  bool idle() const { return tree_.empty() && publishers == 0 && running_ == 0; }

  // Somebody goes through a match.
  class Running {
   public:
    explicit Running(Space& space) : space_(space) { ++space_.running_; }
    ~Running() {
      if (--space_.running_ == 0) space_.bury();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Space& space_;
  };

  const NamespaceNumber ns;
  std::size_t publishers = 0;  // That keep a match of it.

 private:
  Group& group_at(Interest& interest, std::string_view name, GroupId id);
  void drop_if_empty(Interest& interest, Group& group);
  void changed();
  void bury();

  const std::size_t lane_, lanes_;
  PatternTree tree_;
  std::unordered_map<GroupId, Group*> groups_;
  std::unordered_map<std::string, std::unique_ptr<Match>, KeyHash, std::equal_to<>> kept_;
  std::uint64_t generation_ = 1, kept_generation_ = 1;
  std::size_t running_ = 0;
  // Freed when nothing runs.
  std::vector<std::unique_ptr<Subscription>> dead_subscriptions_;
  std::vector<std::unique_ptr<Group>> dead_groups_;
  std::vector<std::unique_ptr<Match>> dead_matches_;
};

}  // namespace switchyard::bus
