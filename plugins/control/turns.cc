#include "plugins/control/turns.h"

#include <utility>

namespace switchyard::control {

Turns::Turn Turns::make_turn(const std::string& key) {
  // The owner is in the deleter: a turn may outlive the plugin's own hold on this.
  return {static_cast<void*>(this), [self = shared_from_this(), key](void*) { self->end(key); }};
}

void Turns::take(const std::string& key, Start start, Post post) {
  {
    const std::lock_guard lock(mutex_);
    const auto [place, free] = taken_.try_emplace(key);
    if (!free) return place->second.push_back({std::move(start), std::move(post)});
  }
  start(make_turn(key));
}

void Turns::end(const std::string& key) {
  Waiting next;
  {
    const std::lock_guard lock(mutex_);
    const auto place = taken_.find(key);
    if (place->second.empty()) {
      taken_.erase(place);
      return;
    }
    next = std::move(place->second.front());
    place->second.pop_front();
  }
  next.post([turn = make_turn(key), start = std::move(next.start)]() mutable { start(std::move(turn)); });
}

}  // namespace switchyard::control
