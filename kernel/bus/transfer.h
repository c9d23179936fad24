// Transfer carries the messages of one lane to another: frames in buffers that change hands once per loop turn.
//
// The sender appends frames to a buffer of its own; at the end of its turn the whole buffer is handed
// over under a lock, and the receiver is woken only when it had taken all before.  Buffers come back and
// are used again, so a steady stream allocates nothing.
//
// Bounded: pending() counts bytes that the receiver has not dealt with; who publishes stops beyond the
// limit (bus.h).  A frame is never refused: at most one turn's worth lies above the limit.
//
// Thread: add() and hand_over() on the sending lane; take() and give_back() on the receiving one; pending() any.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/bus/interest.h"
#include "kernel/bus/message.h"

namespace switchyard::bus {

// One message on its way, as it lies in a buffer: this head, the groups, subject, reply, headers, body.
struct Frame {
  NamespaceNumber ns = 0;
  bool plain = false;      // For those without a group.
  std::uint32_t hops = 0;  // Lanes that found nobody in the group and passed it on.
  std::vector<GroupId> groups;
  Message message;
};

class Transfer {
 public:
  // [sender]
  void add(NamespaceNumber ns, bool plain, std::uint32_t hops, std::span<const GroupId> groups, const Message& message);
  bool has_frames() const { return !building_.empty(); }
  // [sender] True: wake the receiver.
  bool hand_over();

  // [receiver] All buffers that were handed over.
  std::vector<std::string> take();
  // [receiver] Reads the frame at `at` and moves on; false at the end.  Views point into `buffer`.
  static bool next(std::string_view buffer, std::size_t& at, Frame& frame);
  // [receiver] The bytes are dealt with; the memory is used again.
  void give_back(std::string buffer);

  std::size_t pending() const { return pending_; }
  // Somebody on the sending lane waits for pending() to fall.  Set before pending() is read, read after it
  // fell, both in one total order: one of the two sides sees the other.
  std::atomic<bool> awaited{false};

 private:
  static constexpr std::size_t kSpareBuffers = 2;
  static constexpr std::size_t kLargestSpare = 1u << 20;

  std::string building_;
  std::atomic<std::size_t> pending_{0};
  std::mutex mutex_;  // For the two lists; taken once per turn.
  std::vector<std::string> ready_, spare_;
};

}  // namespace switchyard::bus
