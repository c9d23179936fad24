// DedupBlock is up to 512 remembered ids in order of arrival, and its image.
//
// Image body (after the frame of chunk_codec.h):
//   varint count 1..512, then per id: 16 bytes hash | svarint seq | svarint time, each a difference to the
//   one before.
//
// Failure: decode_dedup_image() gives Code::corrupt.
//
// Thread: its window's lane.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/stream/chunk.h"
#include "kernel/stream/dedup_window.h"

namespace switchyard::stream {

struct DedupItem {
  Hash128 id;
  Seq seq = 0;  // 0 = forgotten.
  std::int64_t time_ms = 0;
};

struct DedupBlock {
  ChunkNo no = 0;
  std::uint64_t version = 0, collected = 0;  // Of the last change; of the last image.
  std::vector<DedupItem> items;
  std::uint32_t live = 0;   // Items with a sequence.
  std::uint32_t front = 0;  // Items before this one have expired.
  bool dirty = false, stored = false;
};

// Of the ids with seq <= upto, which are `count` > 0.
std::string encode_dedup_image(const DedupBlock& block, Seq upto, std::uint32_t count);
Result<std::vector<DedupItem>> decode_dedup_image(ChunkNo no, std::string_view image);

}  // namespace switchyard::stream
