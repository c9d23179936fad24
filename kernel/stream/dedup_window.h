// DedupWindow answers one question: has this id been accepted in the last window_ms, and as what?
//
// It is what makes SQS FIFO deduplication and NATS message ids work.  Ids outlive their message.  An
// id is held as a keyed 128-bit hash (SipHash with a secret of the data folder: nobody can aim for a
// collision).  Blocks of 512 ids in order of time are the unit of storage; whole blocks expire.
//
// Failure: Code::busy when max_ids live ids are held: forgetting one early would silently break the
// exactly-once promise, so we push back instead.
//
// Thread: its stream's lane.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/stream/chunk.h"

namespace switchyard::stream {

struct Hash128 {
  std::uint64_t low = 0, high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

class DedupWindow {
 public:
  DedupWindow(std::int64_t window_ms, std::size_t max_ids);
  ~DedupWindow();

  struct Seen {
    Seq seq = 0;
    std::int64_t time_ms = 0;
  };
  // What was remembered under `id` less than window_ms ago.
  std::optional<Seen> find(const Hash128& id, std::int64_t now_ms);
  // Remembers a new id.  Repeating the same (id, seq) changes nothing (replay), nor does an older seq: the
  // id was given anew since.
  Status remember(const Hash128& id, Seq seq, std::int64_t now_ms);
  // The write it stood for was refused.
  void forget(const Hash128& id);
  void set_window(std::int64_t window_ms);
  std::size_t size() const;  // Ids held; expired ones leave in small steps.

  // ---- storage: image numbers only grow; expired blocks come out as erase ----
  Status load(ChunkNo no, std::string_view image);
  // As SeqIndex.  Also lets expired ids go, so call it now and then on an idle window too.
  // Ids of messages after `upto` stay out of the images: their write may still be refused.
  void collect_dirty(std::size_t max, std::vector<ChunkImage>& out, std::int64_t now_ms, Seq upto = ~Seq{0});
  void mark_written(ChunkNo no, std::uint64_t version);
  void collect_failed();
  bool dirty() const;
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::stream
