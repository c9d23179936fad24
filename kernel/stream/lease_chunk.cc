#include "kernel/stream/lease_chunk.h"

#include <algorithm>

#include "kernel/base/bytes.h"
#include "kernel/stream/chunk_codec.h"

namespace switchyard::stream {
namespace {

std::int64_t difference(std::int64_t value, std::int64_t base) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(base));
}
std::int64_t sum(std::int64_t base, std::int64_t difference) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + static_cast<std::uint64_t>(difference));
}

bool is_timed(Lease::State state) { return state == Lease::waiting || state == Lease::leased; }

bool decode_one(ByteReader& reader, Slot& expected, Slot& slot, Lease& last) {
  const std::uint64_t head = reader.varint();
  const std::uint64_t gap = head >> 2;
  if (gap >= kSlots || expected + gap >= kSlots || (head & 3) == 0) return false;
  slot = expected + static_cast<Slot>(gap);
  expected = slot + 1;
  last.state = static_cast<Lease::State>(head & 3);
  const std::uint64_t attempt = reader.varint();
  if (attempt > std::numeric_limits<std::uint32_t>::max()) return false;
  last.attempt = static_cast<std::uint32_t>(attempt);
  if (is_timed(last.state)) last.due_ms = sum(last.due_ms, reader.svarint());
  return !reader.failed();
}

}  // namespace

Lease LeaseBody::get(Slot slot) const {
  if (!used.test(slot)) return {};
  const LeaseSlot& value = slots[slot];
  return {value.state, value.attempt, value.due_ms, value.first_ms};
}

void LeaseBody::insert(Slot slot, const Lease& lease) {
  const bool is_due = is_timed(lease.state);
  slots.make(slot, used) = {is_due ? lease.due_ms : 0, lease.first_ms, lease.attempt, lease.state};
  used.set(slot);
  if (!is_due) return;
  timed.set(slot);
  std::int64_t& due = group_due[slot / 64];
  if (lease.due_ms <= due) {
    due = lease.due_ms;
    stale = static_cast<std::uint8_t>(stale & ~(1u << (slot / 64)));
  }
}

void LeaseBody::remove(Slot slot) {
  used.clear(slot);
  if (!timed.test(slot)) return;
  timed.clear(slot);
  if (slots[slot].due_ms <= group_due[slot / 64]) stale = static_cast<std::uint8_t>(stale | 1u << (slot / 64));
}

void LeaseBody::refresh(Slot group) {
  std::int64_t due = kNever;
  for (std::uint64_t word = timed.word(group); word != 0; word &= word - 1) {
    due = std::min(due, slots[group * 64 + static_cast<Slot>(std::countr_zero(word))].due_ms);
  }
  group_due[group] = due;
  stale = static_cast<std::uint8_t>(stale & ~(1u << group));
}

std::int64_t LeaseBody::earliest() const { return *std::min_element(group_due.begin(), group_due.end()); }

std::string encode_lease_image(ChunkNo no, const LeaseBody& body, std::size_t count) {
  std::string out = begin_image(ImageFormat::leases);
  ByteWriter writer(out);
  writer.varint(count);
  Slot expected = 0;
  std::int64_t due = 0, first = 0;
  body.used.for_each([&](Slot slot) {
    const LeaseSlot& value = body.slots[slot];
    writer.varint(std::uint64_t{slot - expected} << 2 | value.state);
    writer.varint(value.attempt);
    if (is_timed(value.state)) {
      writer.svarint(difference(value.due_ms, due));
      due = value.due_ms;
    }
    writer.u8(value.first_ms != 0 ? 1 : 0);
    if (value.first_ms != 0) {
      writer.svarint(difference(value.first_ms, first));
      first = value.first_ms;
    }
    expected = slot + 1;
  });
  seal_image(no, out);
  return out;
}

Result<std::unique_ptr<LeaseBody>> decode_lease_image(ChunkNo no, std::string_view image) {
  const auto opened = open_image(ImageFormat::leases, no, image);
  if (!opened) return opened.error();
  const auto bad = [no](std::string_view why) { return bad_image(ImageFormat::leases, no, why); };
  ByteReader reader(*opened);
  const std::uint64_t count = reader.varint();
  if (count == 0 || count > kChunkSeqs) return bad("has an impossible head");
  auto body = std::make_unique<LeaseBody>();
  Slot expected = 0;
  Lease lease;
  std::int64_t first = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    Slot slot = 0;
    if (!decode_one(reader, expected, slot, lease) || (no == 0 && slot == 0)) return bad("has a bad entry");
    const std::uint8_t delivered = reader.u8();
    if (delivered > 1) return bad("has a bad entry");
    if (delivered == 1) first = sum(first, reader.svarint());
    lease.first_ms = delivered == 1 ? first : 0;
    body->insert(slot, lease);
  }
  if (reader.failed() || !reader.empty()) return bad("does not end where it should");
  return body;
}

}  // namespace switchyard::stream
