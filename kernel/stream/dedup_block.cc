#include "kernel/stream/dedup_block.h"

#include "kernel/base/bytes.h"
#include "kernel/stream/chunk_codec.h"

namespace switchyard::stream {

std::string encode_dedup_image(const DedupBlock& block, Seq upto, std::uint32_t count) {
  std::string out = begin_image(ImageFormat::dedup);
  ByteWriter writer(out);
  writer.varint(count);
  std::uint64_t seq = 0, time = 0;
  for (const DedupItem& item : block.items) {
    if (item.seq == 0 || item.seq > upto) continue;
    writer.u64(item.id.low);
    writer.u64(item.id.high);
    // Unsigned differences wrap around: any two values have one.
    writer.svarint(static_cast<std::int64_t>(item.seq - seq));
    writer.svarint(static_cast<std::int64_t>(static_cast<std::uint64_t>(item.time_ms) - time));
    seq = item.seq;
    time = static_cast<std::uint64_t>(item.time_ms);
  }
  seal_image(block.no, out);
  return out;
}

Result<std::vector<DedupItem>> decode_dedup_image(ChunkNo no, std::string_view image) {
  const auto opened = open_image(ImageFormat::dedup, no, image);
  if (!opened) return opened.error();
  const auto bad = [no](std::string_view why) { return bad_image(ImageFormat::dedup, no, why); };
  ByteReader reader(*opened);
  const std::uint64_t count = reader.varint();
  if (count == 0 || count > kChunkSeqs) return bad("has an impossible head");
  std::vector<DedupItem> items;
  items.reserve(count);
  std::uint64_t seq = 0, time = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    DedupItem item;
    item.id.low = reader.u64();
    item.id.high = reader.u64();
    item.seq = seq += static_cast<std::uint64_t>(reader.svarint());
    item.time_ms = static_cast<std::int64_t>(time += static_cast<std::uint64_t>(reader.svarint()));
    if (reader.failed() || item.seq == 0) return bad("has a bad entry");
    items.push_back(item);
  }
  if (!reader.empty()) return bad("has bytes after its end");
  return items;
}

}  // namespace switchyard::stream
