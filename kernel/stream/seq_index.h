// SeqIndex says, for every live message of one stream, where its record lies and when it came.
//
// It holds chunks of 512 sequences: place, arrival time and (for keyed streams) the key of each live
// message.  Head, tail and in-flight chunks stay in memory, the others are images in the store with a
// summary of live count, bytes and bytes per segment here, so that ten million queued messages cost
// little memory and no operation scans the backlog.
//
// Failure: install() and load() refuse a malformed image with Code::corrupt; everything else has
// preconditions instead.
//
// Thread: its stream's lane.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/journal/batch.h"
#include "kernel/stream/chunk.h"

namespace switchyard::stream {

class KeyIndex;

class SeqIndex {
 public:
  struct Entry {
    journal::Place place;
    std::int64_t time_ms = 0;
    std::uint32_t key = 0;  // KeyIndex id; 0 = no key.
  };

  // `keys` is null for a stream without keys; it gives names to images and ids back to chunks.
  explicit SeqIndex(KeyIndex* keys);
  ~SeqIndex();

  // Sequences arrive in ascending order; a skipped one was never live.  Repeating a live sequence with
  // the same place changes nothing (replay); REQUIRES: resident(seq) for a sequence <= last().
  void append(Seq seq, const Entry& entry);
  // True when the chunk of `seq` is in memory or holds nothing live: the calls below are then exact.
  bool resident(Seq seq) const;
  std::optional<Entry> find(Seq seq) const;  // REQUIRES: resident(seq).
  std::optional<Entry> remove(Seq seq);      // REQUIRES: resident(seq).  The entry that was live;
                                             // its key may be gone unless it is held.
  // Cleaning moved a record.  False if it is no longer live at `from`.  REQUIRES: resident(seq).
  bool relocate(Seq seq, const journal::Place& from, const journal::Place& to);
  // First live sequence >= from.
  Lookup next_live(Seq from) const;
  // Removes every live message <= upto.  Chunks wholly below are dropped by their summaries.
  // `dropped` is called per segment with counts.  REQUIRES: resident(upto).  While there are keys every
  // touched chunk must be resident: drop_below() then stops at the first spilled one and returns it.
  struct Dropped {
    std::uint64_t messages = 0, bytes = 0;
  };
  using SegmentBytes = std::function<void(std::uint32_t segment, std::uint64_t bytes)>;
  Lookup drop_below(Seq upto, const SegmentBytes& dropped, Dropped& total);

  // Live bytes per segment, without changing anything (the stream goes away).
  void each_segment(const SegmentBytes& visit) const;

  Seq last() const;                  // Highest sequence ever appended; survives emptiness.
  void set_last(Seq seq);            // Start-up: the stream's next sequence must not go back.
  std::uint64_t live() const;        // Messages.
  std::uint64_t live_bytes() const;  // Record bytes.

  // ---- paging ----
  // Start-up: takes an image; keeps only the summary when keep is false, except for the chunk of last().
  // With keys, fills KeyIndex.
  // `segments` receives live bytes per segment.
  Status load(ChunkNo no, std::string_view image, bool keep, const SegmentBytes& segments);
  // Pages a spilled chunk in again (the answer to need_chunk).
  Status install(ChunkNo no, std::string_view image);
  // Encodes up to max dirty chunks, oldest first.  A chunk comes out once per change: call until fewer
  // than max come.
  void collect_dirty(std::size_t max, std::vector<ChunkImage>& out);
  void mark_written(ChunkNo no, std::uint64_t version);
  // What was collected and not marked did not reach the store: it comes out again.
  void collect_failed();
  bool dirty() const;  // Something is not marked as written.
  // Drops least recently used clean chunks from memory until at most `keep` are resident; the chunk of
  // last() always stays.
  void evict(std::size_t keep);
  std::size_t resident_chunks() const;
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::stream
