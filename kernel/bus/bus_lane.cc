#include "kernel/bus/bus_lane.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "kernel/base/ids.h"
#include "kernel/bus/bus.h"

namespace switchyard::bus {

BusLane::BusLane(Bus& bus, Executor& executor, std::size_t index)
    : bus_(bus), executor_(executor), index_(index), random_state_(random_u64() | 1) {}

Space& BusLane::space(NamespaceNumber ns) {
  auto& slot = spaces_[ns];
  if (!slot) slot = std::make_unique<Space>(ns, index_, bus_.lanes_.size());
  return *slot;
}

void BusLane::drop_if_idle(Space& space) {
  if (space.idle()) spaces_.erase(space.ns);
}

Subscription* BusLane::subscribe(NamespaceNumber ns, std::string_view pattern, std::string_view group,
                                 Subscriber& subscriber, Party party) {
  const GroupId id = group.empty() ? 0 : bus_.group_id(ns, pattern, group);
  auto* subscription = space(ns).add(subscriber, pattern, group, party, id, changes_);
  announce();
  return subscription;
}

void BusLane::unsubscribe(NamespaceNumber ns, Subscription* subscription) {
  auto& from = space(ns);
  from.remove(*subscription, changes_);
  drop_if_idle(from);
  announce();
}

// ---- to subscribers ------------------------------------------------------------------------------

Published BusLane::publish(Space& space, const Match& match, const Message& message, Party skip) {
  const Space::Running running(space);
  Published published;
  published.receivers = to_locals(match.local, message, skip);
  std::uint64_t lanes = match.lanes;
  for (Group* group : match.groups) published.receivers += to_group(*group, message, skip, lanes) ? 1 : 0;
  if (lanes != 0) {
    published.receivers += static_cast<std::uint32_t>(std::popcount(match.lanes));
    send(space, lanes, match.lanes, 0, message);
    published.busy = busy();
  }
  return published;
}

std::uint32_t BusLane::to_locals(const std::vector<Subscription*>& list, const Message& message, Party skip) {
  std::uint32_t took = 0;
  for (Subscription* subscription : list) {
    if (subscription->gone_ || (skip != 0 && subscription->party_ == skip)) continue;
    took += subscription->subscriber_.on_message(*subscription, message) ? 1 : 0;
  }
  return took;
}

bool BusLane::to_member(Group& group, const Message& message, Party skip) {
  // A member may leave while it is called; the rest is asked by position, so each is asked about once.
  for (std::size_t left = group.members.size(), at = left == 0 ? 0 : random() % left; left > 0; --left, ++at) {
    if (group.members.empty()) return false;
    auto* const member = group.members[at % group.members.size()].get();
    if (skip != 0 && member->party_ == skip) continue;
    if (member->subscriber_.on_message(*member, message)) return true;
  }
  return false;
}

bool BusLane::to_group(Group& group, const Message& message, Party skip, std::uint64_t& lanes) {
  auto lane = choose_lane(group, false);
  if (lane == index_) {
    if (to_member(group, message, skip)) return true;
    lane = choose_lane(group, true);
  }
  if (lane == kMaxLanes) return false;
  chosen_.resize(bus_.lanes_.size());
  chosen_[lane].push_back(group.id);
  lanes |= std::uint64_t{1} << lane;
  return true;
}

std::size_t BusLane::choose_lane(const Group& group, bool not_here) {
  const auto total = group.total - (not_here ? group.weights[index_] : 0);
  if (total == 0) return kMaxLanes;
  auto left = random() % total;
  for (std::size_t lane = 0; lane < group.weights.size(); ++lane) {
    if (not_here && lane == index_) continue;
    if (left < group.weights[lane]) return lane;
    left -= group.weights[lane];
  }
  return kMaxLanes;
}

// xorshift64*: chance, not secrecy.
std::uint64_t BusLane::random() {
  random_state_ ^= random_state_ >> 12;
  random_state_ ^= random_state_ << 25;
  random_state_ ^= random_state_ >> 27;
  return (random_state_ * 0x2545F4914F6CDD1Dull) >> 16;
}

// ---- interest of all lanes -----------------------------------------------------------------------

void BusLane::announce() {
  if (bus_.lanes_.size() == 1) return changes_.clear();
  if (changes_.empty() || announcing_) return;
  announcing_ = true;
  executor_.at_turn_end([this] { send_changes(); });
}

void BusLane::send_changes() {
  announcing_ = false;
  const auto batch = std::make_shared<const std::vector<Change>>(std::exchange(changes_, {}));
  const auto number = ++sent_;
  for (auto& other : bus_.lanes_) {
    if (other.get() == this) continue;
    other->executor_.post([this, to = other.get(), batch, number] {
      to->apply(index_, *batch);
      executor_.post([this, by = to->index_, number] { acknowledged(by, number); });
    });
  }
}

void BusLane::apply(std::size_t from, const std::vector<Change>& changes) {
  for (const auto& change : changes) {
    auto& here = space(change.ns);
    here.apply(from, change, change.group.empty() ? 0 : bus_.group_id(change.ns, change.pattern, change.group));
    drop_if_idle(here);
  }
}

void BusLane::acknowledged(std::size_t by, std::uint64_t upto) {
  applied_.resize(bus_.lanes_.size());
  applied_[by] = upto;
  std::uint64_t known = sent_;
  for (std::size_t lane = 0; lane < applied_.size(); ++lane) {
    if (lane != index_) known = std::min(known, applied_[lane]);
  }
  const auto open =
      std::find_if(settling_.begin(), settling_.end(), [&](const Settling& waiting) { return waiting.upto > known; });
  std::vector<Settling> settled(std::make_move_iterator(settling_.begin()), std::make_move_iterator(open));
  settling_.erase(settling_.begin(), open);
  for (auto& done : settled) done.task();
}

bool BusLane::settled() const {
  if (bus_.lanes_.size() == 1) return true;
  if (!changes_.empty()) return false;
  for (std::size_t lane = 0; lane < bus_.lanes_.size(); ++lane) {
    if (lane != index_ && (lane < applied_.size() ? applied_[lane] : 0) < sent_) return false;
  }
  return true;
}

void BusLane::when_settled(Task task) {
  if (settled()) return executor_.at_turn_end(std::move(task));
  settling_.push_back({sent_ + (changes_.empty() ? 0 : 1), std::move(task)});
}

// ---- from lane to lane ---------------------------------------------------------------------------

void BusLane::send(Space& space, std::uint64_t lanes, std::uint64_t plain, std::uint32_t hops, const Message& message) {
  chosen_.resize(bus_.lanes_.size());
  for (auto left = lanes; left != 0; left &= left - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(left));
    bus_.transfer(index_, lane).add(space.ns, (plain >> lane & 1) != 0, hops, chosen_[lane], message);
    chosen_[lane].clear();
  }
  if (handing_over_) return;
  handing_over_ = true;
  executor_.at_turn_end([this] { hand_over(); });
}

void BusLane::hand_over() {
  handing_over_ = false;
  for (std::size_t lane = 0; lane < bus_.lanes_.size(); ++lane) {
    auto& transfer = bus_.transfer(index_, lane);
    if (!transfer.has_frames() || !transfer.hand_over()) continue;
    auto* to = bus_.lanes_[lane].get();
    to->executor_.post([to, from = index_] { to->receive(from); });
  }
}

void BusLane::receive(std::size_t from) {
  auto& transfer = bus_.transfer(from, index_);
  Frame frame;
  for (auto& buffer : transfer.take()) {
    for (std::size_t at = 0; Transfer::next(buffer, at, frame);) receive(frame);
    transfer.give_back(std::move(buffer));
  }
  if (transfer.pending() > bus_.options_.max_pending_bytes / 2 || !transfer.awaited.exchange(false)) return;
  auto* sender = bus_.lanes_[from].get();
  sender->executor_.post([sender] { sender->ready(); });
}

void BusLane::receive(const Frame& frame) {
  const auto found = spaces_.find(frame.ns);
  if (found == spaces_.end()) return;  // Everybody left while it was on its way.
  auto& here = *found->second;
  {
    const Space::Running running(here);
    if (frame.plain) to_locals(here.match(frame.message.subject).local, frame.message, 0);
    for (const GroupId id : frame.groups) {
      auto* group = here.find_group(id);
      if (group == nullptr || to_member(*group, frame.message, 0)) continue;
      // The members left, or cannot take more: the others of the group are asked, each lane at most once or so.
      const auto lane = choose_lane(*group, true);
      if (lane == kMaxLanes || frame.hops >= bus_.lanes_.size()) continue;
      chosen_.resize(bus_.lanes_.size());
      chosen_[lane].push_back(id);
      send(here, std::uint64_t{1} << lane, 0, frame.hops + 1, frame.message);
    }
  }
  drop_if_idle(here);
}

bool BusLane::busy() const {
  for (std::size_t lane = 0; lane < bus_.lanes_.size(); ++lane) {
    if (bus_.transfer(index_, lane).pending() > bus_.options_.max_pending_bytes) return true;
  }
  return false;
}

void BusLane::when_ready(Task task) {
  waiting_.push_back(std::move(task));
  if (waiting_.size() == 1) ready();
}

// Asks to be called again as long as a lane is behind.
void BusLane::ready() {
  for (std::size_t lane = 0; lane < bus_.lanes_.size(); ++lane) {
    auto& transfer = bus_.transfer(index_, lane);
    if (transfer.pending() <= bus_.options_.max_pending_bytes / 2) continue;
    transfer.awaited = true;
    // The receiver may have dealt with the rest just before: then nobody else would call.
    if (transfer.pending() > bus_.options_.max_pending_bytes / 2 || !transfer.awaited.exchange(false)) return;
  }
  if (waiting_.empty()) return;
  executor_.at_turn_end([this] {
    for (auto& task : std::exchange(waiting_, {})) task();
  });
}

}  // namespace switchyard::bus
