#include "kernel/net/byte_lane.h"

#include <unistd.h>

#include <utility>

#include "kernel/net/byte_link.h"

namespace switchyard::net {
namespace {

constexpr std::size_t kPooled = 64;               // Outputs per lane.
constexpr std::size_t kPooledBytes = 256 * 1024;  // A larger one gives its memory back.
constexpr std::size_t kFirstOutput = 4 * 1024;

}  // namespace

ByteLane::ByteLane(Lane& lane)
    : lane_(lane), read_memory_(std::make_unique_for_overwrite<char[]>(kCarryBytes + kReadBytes)) {}
ByteLane::~ByteLane() = default;

void ByteLane::adopt(int fd, Peer peer, std::shared_ptr<ByteShared> shared) {
  if (shut_) {
    shared->open.fetch_sub(1, std::memory_order_relaxed);
    ::close(fd);
    return;
  }
  std::uint32_t slot = static_cast<std::uint32_t>(slots_.size());
  if (free_slots_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  ByteCounters::add(counters_.accepted, 1);
  ByteCounters::add(counters_.connections, 1);
  auto& link = slots_[slot].link;
  link = std::make_unique<ByteLink>(*this, slot, slots_[slot].generation, fd, std::move(shared));
  // Its handler may write at once, which finds the link in its slot.
  if (!slots_[slot].link->open(peer)) {
    ByteCounters::add(counters_.refused, 1);
    slots_[slot].link->cut(CloseReason::local);
  }
}

void ByteLane::retire(std::uint32_t slot) {
  if (retired_.empty()) {
    lane_.at_turn_end([self = shared_from_this()] { self->retired_.clear(); });
  }
  retired_.push_back(std::move(slots_[slot].link));
  ++slots_[slot].generation;
  free_slots_.push_back(slot);
  ByteCounters::add(counters_.connections, ~std::uint64_t{0});
}

ByteBuffer ByteLane::take_output() {
  ByteBuffer output;
  if (outputs_.empty()) {
    output.reserve(kFirstOutput);
  } else {
    output = std::move(outputs_.back());
    outputs_.pop_back();
  }
  return output;
}

void ByteLane::give_output(ByteBuffer output) {
  if (outputs_.size() >= kPooled || output.capacity() > kPooledBytes) return;
  output.truncate(0);
  outputs_.push_back(std::move(output));
}

void ByteLane::send_later(std::uint32_t slot) {
  if (to_send_.empty()) {
    // Behind what else waits for the end of the turn: an answer does not leave before the work for other lanes that
    // was done for it.
    lane_.at_turn_end([self = shared_from_this()] { self->lane_.at_turn_end([self] { self->send_all(); }); });
  }
  to_send_.push_back(slot);
}

void ByteLane::send_all() {
  // A slot that was given to another since: sending twice in a turn does no harm.
  for (std::size_t i = 0; i < to_send_.size(); ++i) {
    if (auto* link = slots_[to_send_[i]].link.get()) link->send();
  }
  to_send_.clear();
}

void ByteLane::settle_later(std::uint32_t slot) {
  lane_.post([self = shared_from_this(), slot, generation = slots_[slot].generation] {
    if (auto* link = self->find(slot, generation)) link->settle();
  });
}

void ByteLane::shut() {
  shut_ = true;
  // By index: a link's end may close another.
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (auto* link = slots_[slot].link.get()) {
      link->send();
      link->cut(CloseReason::stopping);
    }
  }
}

// ---- handles -----------------------------------------------------------------------------------

Wrote ByteConnection::write(std::span<const std::string_view> parts) {
  auto* link = owner_ != nullptr ? owner_->find(slot_, generation_) : nullptr;
  return link != nullptr ? link->write(parts) : Wrote::closed;
}

std::size_t ByteConnection::queued() const {
  const auto* link = owner_ != nullptr ? owner_->find(slot_, generation_) : nullptr;
  return link != nullptr ? link->queued() : 0;
}

void ByteConnection::pause(bool paused) {
  if (auto* link = owner_ != nullptr ? owner_->find(slot_, generation_) : nullptr) link->pause(paused);
}

void ByteConnection::close(bool at_once) {
  if (auto* link = owner_ != nullptr ? owner_->find(slot_, generation_) : nullptr) link->close(at_once);
}

bool ByteConnection::alive() const { return owner_ != nullptr && owner_->find(slot_, generation_) != nullptr; }

}  // namespace switchyard::net
