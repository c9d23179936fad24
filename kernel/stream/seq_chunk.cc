#include "kernel/stream/seq_chunk.h"

#include <limits>
#include <unordered_map>

#include "kernel/base/bytes.h"
#include "kernel/stream/chunk_codec.h"

namespace switchyard::stream {
namespace {

constexpr std::uint8_t kKeyed = 1;
constexpr std::uint8_t kGap = 0x01, kSegment = 0x02, kOffset = 0x04, kLength = 0x08, kTime = 0x10, kKey = 0x20;
constexpr std::uint8_t kKnownControls = 0x3f;

// Differences wrap around: any two 64-bit values have one.
std::int64_t difference(std::int64_t value, std::int64_t base) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(base));
}
std::int64_t sum(std::int64_t base, std::int64_t difference) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + static_cast<std::uint64_t>(difference));
}
std::int64_t end_of(const SeqSlot& slot) { return std::int64_t{slot.offset} + slot.length; }

class Encoder {
 public:
  Encoder(std::string& out) : writer_(out) {}

  void add(Slot slot, const SeqSlot& value, std::uint32_t key) {
    const Slot gap = slot - expected_;
    const auto segment = difference(value.segment, last_.segment);
    const auto offset = difference(value.offset, end_of(last_));
    const auto length = difference(value.length, last_.length);
    const auto time = difference(value.time_ms, last_.time_ms);
    writer_.u8(static_cast<std::uint8_t>((gap != 0 ? kGap : 0) | (segment != 0 ? kSegment : 0) |
                                         (offset != 0 ? kOffset : 0) | (length != 0 ? kLength : 0) |
                                         (time != 0 ? kTime : 0) | (key != last_.key ? kKey : 0)));
    if (gap != 0) writer_.varint(gap);
    if (segment != 0) writer_.svarint(segment);
    if (offset != 0) writer_.svarint(offset);
    if (length != 0) writer_.svarint(length);
    if (time != 0) writer_.svarint(time);
    if (key != last_.key) writer_.varint(key);
    last_ = value;
    last_.key = key;
    expected_ = slot + 1;
  }

 private:
  ByteWriter writer_;
  SeqSlot last_{};
  Slot expected_ = 0;
};

class Decoder {
 public:
  Decoder(ByteReader& reader, std::uint32_t keys) : reader_(reader), keys_(keys) {}

  // False when the bytes make no message.
  bool next(Slot& slot, SeqSlot& value) {
    const std::uint8_t control = reader_.u8();
    if ((control & ~kKnownControls) != 0) return false;
    const std::uint64_t gap = (control & kGap) != 0 ? reader_.varint() : 0;
    if (gap >= kSlots || expected_ + gap >= kSlots) return false;
    slot = expected_ + static_cast<Slot>(gap);
    expected_ = slot + 1;
    const std::int64_t end = end_of(last_);
    if (!read32(control & kSegment, last_.segment, last_.segment)) return false;
    if (!read32(control & kOffset, end, last_.offset)) return false;
    if (!read32(control & kLength, last_.length, last_.length)) return false;
    if ((control & kTime) != 0) last_.time_ms = sum(last_.time_ms, reader_.svarint());
    if ((control & kKey) != 0) {
      const std::uint64_t key = reader_.varint();
      if (key > keys_) return false;
      last_.key = static_cast<std::uint32_t>(key);
    }
    value = last_;
    return !reader_.failed();
  }

 private:
  bool read32(int present, std::int64_t base, std::uint32_t& out) {
    const std::int64_t value = present != 0 ? sum(base, reader_.svarint()) : base;
    if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) return false;
    out = static_cast<std::uint32_t>(value);
    return true;
  }

  ByteReader& reader_;
  const std::uint32_t keys_;
  SeqSlot last_{};
  Slot expected_ = 0;
};

bool read_keys(ByteReader& reader, std::vector<std::string_view>& keys) {
  const std::uint64_t n = reader.varint();
  if (n > kChunkSeqs) return false;
  for (std::uint64_t i = 0; i < n; ++i) {
    keys.push_back(reader.string());
    if (keys.back().empty()) return false;
  }
  return !reader.failed();
}

}  // namespace

std::string encode_seq_image(ChunkNo no, const SeqBody& body, std::size_t count, const KeyIndex* keys) {
  std::string out = begin_image(ImageFormat::sequences);
  ByteWriter writer(out);
  writer.u8(keys != nullptr ? kKeyed : 0);
  writer.varint(count);
  std::unordered_map<KeyId, std::uint32_t> places;
  if (keys != nullptr) {
    std::vector<KeyId> order;
    body.live.for_each([&](Slot slot) {
      const KeyId key = body.slots[slot].key;
      if (key != 0 && places.emplace(key, order.size() + 1).second) order.push_back(key);
    });
    writer.varint(order.size());
    for (const KeyId key : order) writer.string(keys->name(key));
  }
  Encoder encoder(out);
  body.live.for_each([&](Slot slot) {
    const SeqSlot& value = body.slots[slot];
    encoder.add(slot, value, value.key != 0 && keys != nullptr ? places[value.key] : 0);
  });
  seal_image(no, out);
  return out;
}

Result<SeqImage> decode_seq_image(ChunkNo no, std::string_view image) {
  const auto opened = open_image(ImageFormat::sequences, no, image);
  if (!opened) return opened.error();
  const auto bad = [no](std::string_view why) { return bad_image(ImageFormat::sequences, no, why); };
  ByteReader reader(*opened);
  SeqImage result;
  const std::uint8_t flags = reader.u8();
  const std::uint64_t count = reader.varint();
  if ((flags & ~kKeyed) != 0 || count == 0 || count > kChunkSeqs) return bad("has an impossible head");
  if ((flags & kKeyed) != 0 && !read_keys(reader, result.keys)) return bad("has a bad key dictionary");
  result.body = std::make_unique<SeqBody>();
  result.count = count;
  Decoder decoder(reader, static_cast<std::uint32_t>(result.keys.size()));
  std::vector<bool> used(result.keys.size());
  for (std::uint64_t i = 0; i < count; ++i) {
    Slot slot = 0;
    SeqSlot value{};
    if (!decoder.next(slot, value) || (no == 0 && slot == 0)) return bad("has a bad entry");
    result.body->slots.make(slot, result.body->live) = value;
    result.body->live.set(slot);
    result.bytes += value.length;
    if (value.key != 0) used[value.key - 1] = true;
  }
  if (!reader.empty()) return bad("has bytes after its end");
  for (const bool in_use : used) {
    if (!in_use) return bad("names a key without messages");
  }
  return result;
}

}  // namespace switchyard::stream
