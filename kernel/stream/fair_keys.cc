#include "kernel/stream/fair_keys.h"

#include <algorithm>
#include <functional>

namespace switchyard::stream {
namespace {

// Never 0.
std::uint64_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name) | 1; }

}  // namespace

bool FairKeys::arrived(KeyId key, std::int64_t now_ms) {
  const auto it = shares_.find(key);
  if (it == shares_.end()) {
    ring_.push_back(key);
    return false;
  }
  it->second.sent_ms = now_ms;
  if (!it->second.noisy) ring_.push_back(key);
  return !it->second.noisy && it->second.out > 0;
}

void FairKeys::handed_out(Seq seq, KeyId key, std::string_view name, std::int64_t now_ms) {
  const std::uint64_t hash = name == kNoKeyName ? 0 : hash_of(name);
  if (!out_.try_emplace(seq, Out{key, hash, now_ms}).second) return;
  const auto [it, fresh] = shares_.try_emplace(key);
  if (fresh) it->second.sent_ms = now_ms;
  ++it->second.out;
}

void FairKeys::ended(Seq seq, std::int64_t now_ms) {
  const auto it = out_.find(seq);
  if (it == out_.end()) return;
  const Out out = it->second;
  out_.erase(it);
  busy_.add(out.hash, now_ms - out.since_ms, now_ms);
  if (const auto share = shares_.find(out.key); share != shares_.end() && share->second.out > 0) {
    --share->second.out;
    settle(out.key);
  }
}

void FairKeys::came_back(Seq seq, KeyId key, std::int64_t now_ms) {
  ended(seq, now_ms);
  if (const auto it = shares_.find(key); it != shares_.end()) {
    if (seq < it->second.from) it->second.back.add(seq);
    if (it->second.noisy) return;
  }
  ring_.push_back(key);
}

void FairKeys::forget(KeyId key) {
  ring_.remove(key);
  if (noisy(key)) std::erase_if(noisy_, [key](const Noisy& one) { return one.key == key; });
  shares_.erase(key);
}

void FairKeys::dropped(Seq upto, const KeyIndex& keys) {
  for (auto it = out_.begin(); it != out_.end();) {
    if (it->first > upto) {
      ++it;
      continue;
    }
    const KeyId key = it->second.key;
    it = out_.erase(it);
    if (const auto share = shares_.find(key); share != shares_.end() && share->second.out > 0) {
      --share->second.out;
      settle(key);
    }
  }
  std::vector<KeyId> gone;
  for (const auto& [key, share] : shares_) {
    if (keys.info(key).count == 0) gone.push_back(key);
  }
  for (const KeyId key : gone) forget(key);
}

void FairKeys::judge(KeyId key, std::string_view name, std::uint64_t total, std::uint64_t live, std::int64_t now_ms) {
  const auto it = shares_.find(key);
  if (it == shares_.end() || it->second.noisy) return;
  Share& share = it->second;
  if (share.out >= live) {
    ring_.remove(key);  // All that it has is out: nothing to choose and nothing to hold back.
    return;
  }
  if (name == kNoKeyName || noisy_.size() >= kMaxNoisy || share.sent_ms + kForgiveMs <= now_ms) return;
  const bool many_out = share.out >= kNoisyOut && std::uint64_t{share.out} * 10 > total;
  if (!many_out && !busy_.above_a_tenth(hash_of(name))) return;
  share.noisy = true;
  ring_.remove(key);
  noisy_.push_back({key, std::string(name)});
}

void FairKeys::forgive(const KeyIndex& keys, std::int64_t now_ms) {
  for (std::size_t i = noisy_.size(); i-- > 0;) {
    const Noisy& one = noisy_[i];
    if (shares_[one.key].sent_ms + kForgiveMs <= now_ms || keys.name(one.key) != one.name) quieten(i);
  }
}

KeyId FairKeys::least_noisy() const {
  KeyId best = 0;
  std::uint32_t fewest = 0;
  for (const Noisy& one : noisy_) {
    const std::uint32_t out = shares_.at(one.key).out;
    if (best != 0 && out >= fewest) continue;
    best = one.key;
    fewest = out;
  }
  return best;
}

void FairKeys::took(KeyId key, Seq seq) {
  Share& share = shares_[key];
  if (seq >= share.from) {
    share.from = seq + 1;
  } else {
    share.back.remove(seq);
  }
  if (!ring_.has(key)) return;
  ring_.remove(key);
  ring_.push_back(key);
}

void FairKeys::exhausted(KeyId key) {
  ring_.remove(key);
  const auto it = std::find_if(noisy_.begin(), noisy_.end(), [key](const Noisy& one) { return one.key == key; });
  if (it != noisy_.end()) {
    noisy_.erase(it);
    shares_[key].noisy = false;
  }
  settle(key);
}

void FairKeys::quieten(std::size_t index) {
  const KeyId key = noisy_[index].key;
  noisy_.erase(noisy_.begin() + static_cast<std::ptrdiff_t>(index));
  shares_[key].noisy = false;
  ring_.push_back(key);
  settle(key);
}

// Forgets a share that says nothing.
void FairKeys::settle(KeyId key) {
  const auto it = shares_.find(key);
  if (it == shares_.end()) return;
  const Share& share = it->second;
  if (share.out == 0 && !share.noisy && !share.skipped) shares_.erase(it);
}

}  // namespace switchyard::stream
