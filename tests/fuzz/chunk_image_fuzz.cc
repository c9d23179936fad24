// Decoders of all index images: hostile bytes give Code::corrupt, never a crash, and what is accepted
// survives being written and read again.
//
// Input: u8 kind | u8 chunk number | body.  The frame's checksum is added here, so that the fuzzer gets
// behind it; with the highest bit of `kind` the bytes are taken as a whole image.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/stream/chunk_codec.h"
#include "kernel/stream/dedup_window.h"
#include "kernel/stream/key_index.h"
#include "kernel/stream/lease_table.h"
#include "kernel/stream/seq_index.h"

namespace switchyard::stream {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void ignore(std::uint32_t, std::uint64_t) {}

void sequences(ChunkNo no, const std::string& image, bool keyed) {
  KeyIndex keys, keys_again;
  SeqIndex index(keyed ? &keys : nullptr);
  if (!index.load(no, image, true, ignore)) {
    require(index.live() == 0 && keys.keys() == 0);
    return;
  }
  const Lookup first = index.next_live(no * kChunkSeqs);
  require(first.kind == Lookup::found && index.live() > 0);
  // A change makes it write its own image of the same messages.
  const auto entry = *index.find(first.seq);
  require(index.relocate(first.seq, entry.place, {entry.place.segment ^ 1, 0, entry.place.length}));
  require(index.relocate(first.seq, {entry.place.segment ^ 1, 0, entry.place.length}, entry.place));
  std::vector<ChunkImage> out;
  index.collect_dirty(1, out);
  require(out.size() == 1);
  SeqIndex again(keyed ? &keys_again : nullptr);
  require(again.load(no, out[0].bytes, true, ignore).ok());
  require(again.live() == index.live() && again.live_bytes() == index.live_bytes() && keys.keys() == keys_again.keys());
  for (Lookup next = first; next.kind == Lookup::found; next = index.next_live(next.seq + 1)) {
    const auto a = *index.find(next.seq), b = *again.find(next.seq);
    require(a.place == b.place && a.time_ms == b.time_ms);
    require(!keyed || keys.name(a.key) == keys_again.name(b.key));
  }
  SeqIndex::Dropped total;
  index.drop_below((no + 1) * kChunkSeqs - 1, ignore, total);
  require(index.live() == 0 && index.live_bytes() == 0 && keys.keys() == 0);
}

void leases(ChunkNo no, const std::string& image) {
  LeaseTable table;
  if (!table.load(no, image, false)) {
    require(table.counts().leased == 0 && table.next_ready(0).kind == Lookup::none);
    return;
  }
  require(table.install(no, image).ok());
  const auto counts = table.counts();
  std::uint64_t ended = 0;
  table.expire(INT64_MAX - 1, 1000, [&](Seq seq, const Lease& before) {
    ++ended;
    require(before.state != Lease::ready && table.find(seq).state == Lease::ready);
  });
  require(ended <= counts.waiting + counts.leased);
  std::vector<ChunkImage> out;
  table.collect_dirty(1, out);
  LeaseTable again;
  if (!out.empty()) require(again.load(no, out[0].bytes, true).ok() && again.counts().ready == table.counts().ready);
}

void dedup(ChunkNo no, const std::string& image) {
  DedupWindow window(1000, 100);
  if (!window.load(no, image)) {
    require(window.size() == 0);
    return;
  }
  require(window.size() > 0);
  (void)window.find({1, 2}, 5);
  (void)window.remember({1, 2}, 7, 5);
  std::vector<ChunkImage> out;
  window.collect_dirty(10, out, INT64_MAX);
}

}  // namespace
}  // namespace switchyard::stream

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard::stream;
  if (size < 2) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const ChunkNo no = data[1] == 0xff ? kMaxChunkNo : data[1];
  const int kind = data[0] & 3;
  const auto format = kind < 2 ? ImageFormat::sequences : kind == 2 ? ImageFormat::leases : ImageFormat::dedup;
  std::string image(body);
  if ((data[0] & 0x80) == 0) {
    image = begin_image(format).append(body);
    seal_image(no, image);
  }
  if (kind < 2) sequences(no, image, kind == 1);
  if (kind == 2) leases(no, image);
  if (kind == 3) dedup(no, image);
  return 0;
}
