// SeqBody is one resident chunk of SeqIndex, and its image.
//
// Image body (after the frame of chunk_codec.h):
//   u8 flags (1 = keyed) | varint count 1..512 | keyed: varint n, n strings (the keys of this chunk)
//   then per live message in order: u8 control, followed by what the control byte says is present:
//     0x01 varint gap       slots skipped since the previous message (else 0)
//     0x02 svarint segment  difference to the previous one (else the same)
//     0x04 svarint offset   difference to the end of the previous record (else adjacent)
//     0x08 svarint length   difference to the previous one (else the same)
//     0x10 svarint time     difference in ms (else the same)
//     0x20 varint key       1 + place in the dictionary, 0 = no key (else the previous one's)
// Before the first message everything counts as 0.  Consecutive small records take 2 to 5 bytes.
//
// Failure: decode_seq_image() gives Code::corrupt and changes nothing.
//
// Thread: its index's lane.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/stream/chunk.h"
#include "kernel/stream/chunk_slots.h"
#include "kernel/stream/key_index.h"

namespace switchyard::stream {

struct SeqSlot {
  std::int64_t time_ms;
  std::uint32_t segment, offset, length;
  KeyId key;
};

struct SeqBody {
  SlotBits live;
  SlotWindow<SeqSlot> slots;

  std::size_t memory_bytes() const { return sizeof *this + slots.memory_bytes(); }
};

// `keys` names the keys; null for a stream without keys.
std::string encode_seq_image(ChunkNo no, const SeqBody& body, std::size_t count, const KeyIndex* keys);

struct SeqImage {
  std::unique_ptr<SeqBody> body;       // SeqSlot::key is 1 + the place in `keys`.
  std::vector<std::string_view> keys;  // Borrowed from the image; each is used and not empty.
  std::size_t count = 0;
  std::uint64_t bytes = 0;
};
Result<SeqImage> decode_seq_image(ChunkNo no, std::string_view image);

}  // namespace switchyard::stream
