// LeaseBody is one resident chunk of LeaseTable, and its image.
//
// Image body (after the frame of chunk_codec.h):
//   varint count 1..512, then per lease in order:
//     varint (gap << 2 | state)   slots skipped since the previous lease
//     varint attempt
//     svarint due                 difference to the previous due time; absent when ready
//     u8 delivered before (0, 1), then if 1: svarint first_ms, difference to the previous one
//
// The earliest due time is kept per group of 64 slots, so that looking for what is due touches only the
// groups that have something due.
//
// Failure: decode_lease_image() gives Code::corrupt.
//
// Thread: its table's lane.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "kernel/base/result.h"
#include "kernel/stream/chunk.h"
#include "kernel/stream/chunk_slots.h"
#include "kernel/stream/lease_table.h"

namespace switchyard::stream {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct LeaseSlot {
  std::int64_t due_ms, first_ms;
  std::uint32_t attempt;
  Lease::State state;
};

struct LeaseBody {
  LeaseBody() { group_due.fill(kNever); }

  Lease get(Slot slot) const;
  // REQUIRES: the slot is free.
  void insert(Slot slot, const Lease& lease);
  // REQUIRES: the slot is used.
  void remove(Slot slot);
  // Makes group_due[group] exact.
  void refresh(Slot group);
  std::int64_t earliest() const;  // A lower bound; exact when nothing is stale.
  std::size_t memory_bytes() const { return sizeof *this + slots.memory_bytes(); }

  SlotBits used;                                         // All leases.
  SlotBits timed;                                        // Those that wait or are leased; the others are ready.
  std::array<std::int64_t, SlotBits::kWords> group_due;  // Never above the true minimum of timed slots.
  std::uint8_t stale = 0;                                // Groups whose bound may be too low.
  SlotWindow<LeaseSlot> slots;
};

std::string encode_lease_image(ChunkNo no, const LeaseBody& body, std::size_t count);
Result<std::unique_ptr<LeaseBody>> decode_lease_image(ChunkNo no, std::string_view image);

}  // namespace switchyard::stream
