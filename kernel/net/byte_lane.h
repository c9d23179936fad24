// ByteLane holds the connections of one ByteServer on one lane, and what they share there: the memory they
// read into, spare output, and the list of those that have something to send.
//
// Thread: [lane], except counters().
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernel/net/byte_buffer.h"
#include "kernel/net/byte_stream.h"
#include "kernel/net/socket.h"

namespace switchyard::net {

class ByteLink;

struct ByteShared {  // Of one listener.
  ByteOptions options;
  OpenHandler open_handler;
  std::atomic<std::size_t> open{0};
};

struct ByteCounters {
  std::atomic<std::uint64_t> connections{0}, accepted{0}, refused{0}, bytes_in{0}, bytes_out{0};
  // Written by one lane only.
  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
};

class ByteLane : public std::enable_shared_from_this<ByteLane> {
 public:
  static constexpr std::size_t kReadBytes = 64 * 1024;
  static constexpr std::size_t kCarryBytes = 4 * 1024;  // A rest that is copied rather than read on into.

  explicit ByteLane(Lane& lane);
  ~ByteLane();

  void adopt(int fd, Peer peer, std::shared_ptr<ByteShared> shared);
  // Closes everything, and what comes later at once.
  void shut();
  const ByteCounters& counters() const { return counters_; }  // [any]

  // For connections.
  Lane& lane() { return lane_; }
  ByteCounters& counters() { return counters_; }
  ByteLink* find(std::uint32_t slot, std::uint32_t generation) const {
    if (slot >= slots_.size() || slots_[slot].generation != generation) return nullptr;
    return slots_[slot].link.get();
  }

  // For links.
  char* read_memory() { return read_memory_.get(); }  // kCarryBytes + kReadBytes.
  ByteBuffer take_output();
  void give_output(ByteBuffer output);
  // send() of the link runs at the end of this turn.
  void send_later(std::uint32_t slot);
  // Runs its settle() in a later turn, if it is still there.
  void settle_later(std::uint32_t slot);
  // It is closed; it is destroyed at the end of the turn.
  void retire(std::uint32_t slot);

 private:
  struct Slot {
    std::unique_ptr<ByteLink> link;
    std::uint32_t generation = 0;
  };
  void send_all();

  Lane& lane_;
  ByteCounters counters_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::unique_ptr<ByteLink>> retired_;
  std::vector<std::uint32_t> to_send_;
  std::vector<ByteBuffer> outputs_;
  std::unique_ptr<char[]> read_memory_;
  bool shut_ = false;
};

}  // namespace switchyard::net
