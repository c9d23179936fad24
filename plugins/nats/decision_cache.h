// Remembers a few yes-or-no answers about subjects, so that a list of rules is walked once per subject in use.
//
// Each answer has one place, given by its hash: a newcomer takes the place over.  The rules behind the answers never
// change, so an answer never goes stale.  Memory is bounded and taken with the first answer.
//
// Failure: none; what is forgotten or too long to keep is asked again.
// Thread: one lane.
#pragma once
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::nats {

class DecisionCache {
 public:
  static constexpr std::size_t kPlaces = 128;
  static constexpr std::size_t kMaxKeyBytes = 256;  // Of subject and queue together.

  std::optional<bool> find(std::string_view subject, std::string_view queue) const {
    // A place that nobody has taken looks like the answer about no subject.
    if (!places_ || subject.empty()) return std::nullopt;
    const Place& place = (*places_)[index(subject, queue)];
    if (place.subject_size != subject.size() || place.key.size() != subject.size() + queue.size()) return std::nullopt;
    const std::string_view key = place.key;
    if (key.substr(0, subject.size()) != subject || key.substr(subject.size()) != queue) return std::nullopt;
    return place.answer;
  }

  void keep(std::string_view subject, std::string_view queue, bool answer) {
    if (subject.empty() || subject.size() + queue.size() > kMaxKeyBytes) return;
    if (!places_) places_ = std::make_unique<std::array<Place, kPlaces>>();
    Place& place = (*places_)[index(subject, queue)];
    place.key.assign(subject).append(queue);
    place.subject_size = subject.size();
    place.answer = answer;
  }

 private:
  struct Place {
    std::string key;  // Subject and queue.
    std::size_t subject_size = 0;
    bool answer = false;
  };

  static std::size_t index(std::string_view subject, std::string_view queue) {
    const std::hash<std::string_view> hash;
    return (hash(subject) ^ (queue.empty() ? 0 : hash(queue) * 31)) % kPlaces;
  }

  std::unique_ptr<std::array<Place, kPlaces>> places_;
};

}  // namespace switchyard::nats
