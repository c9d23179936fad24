// Indexes are paged in chunks of consecutive sequences.
//
// A chunk is resident (decoded, in memory) or spilled (its image is in the store, a small summary
// stays).  Changed chunks are dirty until their image has been written; only clean ones may be
// evicted.  ChunkImage is one such write.
#pragma once
#include <cstdint>
#include <string>

namespace switchyard::stream {

using Seq = std::uint64_t;      // Position of a message in its stream, from 1; 0 is none.
using ChunkNo = std::uint64_t;  // seq / kChunkSeqs.

inline constexpr std::uint64_t kChunkSeqs = 512;
inline constexpr ChunkNo chunk_of(Seq seq) { return seq / kChunkSeqs; }

struct ChunkImage {
  ChunkNo no = 0;
  std::uint64_t version = 0;  // Give it back to mark_written(); a later change keeps the chunk dirty.
  bool erase = false;         // Nothing lives there any more: delete the stored image.
  std::string bytes;
};

// The answer of a look-up that may meet a spilled chunk.
struct Lookup {
  enum Kind { found, none, need_chunk };
  Kind kind = none;
  Seq seq = 0;        // found
  ChunkNo chunk = 0;  // need_chunk: load it, install() it, ask again
};

}  // namespace switchyard::stream
