#include "tests/crash/fifo_ledger.h"

#include <algorithm>
#include <utility>

namespace switchyard::crash {

void FifoLedger::violated(std::string what) {
  constexpr std::size_t kKept = 50;  // The first ones tell the story.
  if (violations_.size() < kKept) violations_.push_back(std::move(what));
}

std::string FifoLedger::named(Number number) const {
  const Entry& entry = entries_[number - 1];
  return "message " + std::to_string(number) + " of group " + std::to_string(entry.group) + " (place " +
         std::to_string(entry.place) + ", " + std::to_string(entry.attempts) + " sends)";
}

Number FifoLedger::send_requested(Group group, Millis now) {
  Entry entry;
  entry.group = group;
  entry.first_sent = now;
  entry.floor = groups_[group].known;
  entries_.push_back(std::move(entry));
  return entries_.size();
}

void FifoLedger::resend_requested(Number number) {
  Entry& entry = at(number);
  ++entry.attempts;
  ++entry.sending;
  entry.absent = false;
}

void FifoLedger::send_acknowledged(Number number, Place place, std::string_view message_id) {
  Entry& entry = at(number);
  --entry.sending;
  entry.acknowledged = true;
  if (entry.place != 0) ++duplicates_;
  learn(number, place, message_id, groups_[entry.group].handed_out);
}

void FifoLedger::batch_acknowledged(const std::vector<Number>& numbers) {
  std::unordered_map<Group, Number> last;
  for (const Number number : numbers) {
    const Entry& entry = at(number);
    // One that was sent several times may have got its place from another request.
    if (entry.attempts > 1) continue;
    Number& before = last[entry.group];
    if (before != 0 && at(before).place >= entry.place) {
      violated(named(number) + " came after " + named(before) + " in one batch, but is ordered before it");
    }
    before = number;
  }
}

void FifoLedger::send_unknown(Number number) { --at(number).sending; }

void FifoLedger::learn(Number number, Place place, std::string_view message_id, Place handed_out_before) {
  Entry& entry = at(number);
  if (entry.place != 0) {
    if (entry.place != place || entry.message_id != message_id) {
      violated(named(number) + " was accepted twice: also as " + std::string(message_id) + " at place " +
               std::to_string(place));
    }
    return;
  }
  GroupState& group = groups_[entry.group];
  entry.place = place;
  entry.message_id.assign(message_id);
  if (place <= entry.floor) {
    violated(named(number) + " was sent after place " + std::to_string(entry.floor) +
             " of its group was known, but is ordered before it");
  }
  if (place < handed_out_before) {
    violated(named(number) + " was overtaken: place " + std::to_string(handed_out_before) +
             " of its group was handed out before it");
  }
  if (!group.live.emplace(place, number).second) violated(named(number) + " shares its place with another message");
  group.known = std::max(group.known, place);
}

void FifoLedger::gone(Number number) {
  Entry& entry = at(number);
  entry.deleted = true;
  GroupState& group = groups_[entry.group];
  if (const auto found = group.live.find(entry.place); found != group.live.end() && found->second == number) {
    group.live.erase(found);
  }
}

void FifoLedger::hand_out(const Seen& seen, const Receive& receive) {
  Entry& entry = at(seen.number);
  if (entry.group != seen.group) violated(named(seen.number) + " came with group " + std::to_string(seen.group));
  if (entry.absent) violated(named(seen.number) + " appeared although the queue had been empty since it was sent");
  if (entry.deleted && receive.requested > entry.deleted_at) {
    violated(named(seen.number) + " was handed out after its delete had been acknowledged");
  }
  if (entry.lease > 0) {
    ++redeliveries_;
    if (receive.timely && !may_be_gone(entry) && receive.now + kMarginMs < entry.leased_until) {
      violated(named(seen.number) + " was handed out again at least " +
               std::to_string(entry.leased_until - receive.now) + " ms before its lease ended");
    }
  }
  // A delete that the last life left open did not happen.
  if (entry.delete_unknown && life_ > entry.delete_life) entry.delete_unknown = false;
  ++entry.lease;
  entry.leased_until = receive.requested_at + receive.visibility;
  entry.handed_out_at = tick();
}

void FifoLedger::judge_order(Group name, const std::vector<Seen>& reply) {
  GroupState& group = groups_[name];
  Place last = 0;
  auto walk = group.live.begin();
  for (const Seen& seen : reply) {
    if (seen.group != name) continue;
    if (seen.place <= last)
      violated(named(seen.number) + " came behind place " + std::to_string(last) + " in one reply");
    last = std::max(last, seen.place);
    for (; walk != group.live.end() && walk->first < seen.place; ++walk) {
      if (may_be_gone(at(walk->second))) continue;
      violated(named(seen.number) + " was handed out while the earlier " + named(walk->second) +
               " was neither deleted nor in the same reply");
    }
    if (walk != group.live.end() && walk->first == seen.place) ++walk;
  }
  group.handed_out = std::max(group.handed_out, last);
}

void FifoLedger::received(const std::vector<Seen>& reply, const Receive& receive) {
  std::vector<Group> groups;
  for (const Seen& seen : reply) {
    if (seen.number == 0 || seen.number > entries_.size()) {
      violated("a message was received that nobody sent: " + std::to_string(seen.number));
      return;
    }
    // Before judge_order() moves on what was handed out: a reply does not overtake itself.
    learn(seen.number, seen.place, seen.message_id, groups_[at(seen.number).group].handed_out);
    hand_out(seen, receive);
    if (std::find(groups.begin(), groups.end(), seen.group) == groups.end()) groups.push_back(seen.group);
  }
  for (const Group group : groups) judge_order(group, reply);
}

void FifoLedger::visibility_requested(Number number, LeaseNumber lease, Millis now, Millis visibility) {
  Entry& entry = at(number);
  if (entry.lease == lease) entry.leased_until = std::min(entry.leased_until, now + visibility);
}

void FifoLedger::visibility_acknowledged(Number number, LeaseNumber lease, Millis requested_at, Millis visibility) {
  Entry& entry = at(number);
  if (entry.lease == lease) entry.leased_until = requested_at + visibility;
}

void FifoLedger::handle_refused(Number number, LeaseNumber lease, Millis now) {
  const Entry& entry = at(number);
  if (entry.lease == lease && !may_be_gone(entry) && now + kMarginMs < entry.leased_until) {
    violated("the handle of " + named(number) + " was refused " + std::to_string(entry.leased_until - now) +
             " ms before its lease ended");
  }
}

void FifoLedger::delete_requested(Number number) { ++at(number).deleting; }

void FifoLedger::delete_acknowledged(Number number, LeaseNumber lease, Tick requested) {
  Entry& entry = at(number);
  --entry.deleting;
  if (entry.deleted) return;
  // Another handle's delete that is under way may have come first; then this one had nothing left to refuse.
  if (!may_be_gone(entry) && entry.lease > lease && entry.handed_out_at < requested) {
    violated(named(number) + " was deleted with a handle that a later receive had replaced");
  }
  gone(number);
  entry.deleted_at = tick();
}

void FifoLedger::delete_refused(Number number) { --at(number).deleting; }

void FifoLedger::delete_unknown(Number number) {
  Entry& entry = at(number);
  --entry.deleting;
  entry.delete_unknown = true;
  entry.delete_life = life_;
}

std::size_t FifoLedger::expected() const {
  std::size_t count = 0;
  for (const auto& [name, group] : groups_) {
    for (const auto& [place, number] : group.live) count += !may_be_gone(entries_[number - 1]);
  }
  return count;
}

void FifoLedger::queue_is_empty() {
  for (auto& [name, group] : groups_) {
    const auto live = group.live;
    for (const auto& [place, number] : live) {
      if (!may_be_gone(at(number))) violated(named(number) + " was acknowledged and is lost");
      gone(number);
      at(number).deleted_at = tick();
    }
  }
  for (Entry& entry : entries_) entry.absent = entry.place == 0 && entry.sending == 0;
}

}  // namespace switchyard::crash
