#include "kernel/bus/space.h"

#include <algorithm>
#include <cassert>

namespace switchyard::bus {

Space::Space(NamespaceNumber number, std::size_t lane, std::size_t lanes) : ns(number), lane_(lane), lanes_(lanes) {}

Group& Space::group_at(Interest& interest, std::string_view name, GroupId id) {
  for (auto& group : interest.groups) {
    if (group->id == id) return *group;
  }
  auto& group = *interest.groups.emplace_back(std::make_unique<Group>());
  group.name = name;
  group.id = id;
  group.weights.resize(lanes_);
  groups_.emplace(id, &group);
  return group;
}

void Space::drop_if_empty(Interest& interest, Group& group) {
  if (group.total != 0) return;
  groups_.erase(group.id);
  const auto at = std::find_if(interest.groups.begin(), interest.groups.end(),
                               [&](const auto& candidate) { return candidate.get() == &group; });
  dead_groups_.push_back(std::move(*at));
  interest.groups.erase(at);
}

Subscription* Space::add(Subscriber& subscriber, std::string_view pattern, std::string_view group, Party party,
                         GroupId id, std::vector<Change>& changes) {
  std::unique_ptr<Subscription> made(new Subscription(subscriber, std::string(pattern), std::string(group), party));
  auto* const subscription = made.get();
  auto& interest = tree_.at(pattern);
  auto& list = group.empty() ? interest.local : group_at(interest, group, id).members;
  subscription->index_ = list.size();
  list.push_back(std::move(made));
  if (!group.empty()) {
    auto& members = group_at(interest, group, id);
    ++members.weights[lane_];
    ++members.total;
    changes.push_back({ns, std::string(pattern), std::string(group), 1});
  } else if (list.size() == 1) {
    changes.push_back({ns, std::string(pattern), {}, 1});
  }
  changed();
  return subscription;
}

void Space::remove(Subscription& subscription, std::vector<Change>& changes) {
  assert(!subscription.gone_);
  auto* interest = tree_.find(subscription.pattern_);
  assert(interest != nullptr);
  Group* group = nullptr;
  for (auto& candidate : interest->groups) {
    if (candidate->name == subscription.group_) group = candidate.get();
  }
  auto& list = group == nullptr ? interest->local : group->members;
  std::swap(list[subscription.index_], list.back());
  list[subscription.index_]->index_ = subscription.index_;
  subscription.gone_ = true;
  dead_subscriptions_.push_back(std::move(list.back()));
  list.pop_back();
  if (group != nullptr) {
    --group->weights[lane_];
    --group->total;
    changes.push_back({ns, subscription.pattern_, subscription.group_, -1});
    drop_if_empty(*interest, *group);
  } else if (list.empty()) {
    changes.push_back({ns, subscription.pattern_, {}, 0});
  }
  tree_.prune(subscription.pattern_);
  changed();
}

void Space::apply(std::size_t from, const Change& change, GroupId id) {
  auto& interest = tree_.at(change.pattern);
  if (change.group.empty()) {
    const auto bit = std::uint64_t{1} << from;
    interest.lanes = change.members != 0 ? interest.lanes | bit : interest.lanes & ~bit;
  } else {
    auto& group = group_at(interest, change.group, id);
    group.weights[from] += static_cast<std::uint32_t>(change.members);
    group.total += static_cast<std::uint64_t>(static_cast<std::int64_t>(change.members));
    drop_if_empty(interest, group);
  }
  if (interest.empty()) tree_.prune(change.pattern);
  changed();
}

void Space::changed() {
  ++generation_;
  if (running_ == 0) bury();
}

void Space::bury() {
  dead_subscriptions_.clear();
  dead_groups_.clear();
  dead_matches_.clear();
}

Group* Space::find_group(GroupId id) const {
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : found->second;
}

const Match& Space::match(std::string_view subject) {
  if (kept_generation_ != generation_ || kept_.size() >= kMaxKept) {
    if (running_ != 0) {
      for (auto& [kept, match] : kept_) dead_matches_.push_back(std::move(match));
    }
    kept_.clear();
    kept_generation_ = ++generation_;
  }
  const auto found = kept_.find(subject);
  if (found != kept_.end()) return *found->second;
  auto match = std::make_unique<Match>();
  tree_.match(subject, [&](Interest& interest) {
    for (auto& subscription : interest.local) match->local.push_back(subscription.get());
    match->lanes |= interest.lanes;
    for (auto& group : interest.groups) match->groups.push_back(group.get());
  });
  return *kept_.emplace(std::string(subject), std::move(match)).first->second;
}

}  // namespace switchyard::bus
