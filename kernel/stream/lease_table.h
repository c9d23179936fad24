// LeaseTable holds what one consumer knows about messages that are not simply "never delivered":
// leased, waiting for their time, or ready to be delivered (again).
//
// It is also the time index: leases and delays that end are found through the earliest due time of
// each chunk, without a heap entry per message (a due chunk is scanned, 64 slots at a time).  Paged like
// SeqIndex: a chunk whose entries all wait for a far time needs no memory but its summary.
//
// Failure: as SeqIndex.
//
// Thread: its stream's lane.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "kernel/base/result.h"
#include "kernel/stream/chunk.h"

namespace switchyard::stream {

struct Lease {
  enum State : std::uint8_t {
    none = 0,
    waiting = 1,  // Becomes ready at due_ms: delayed on arrival, or given back with a delay.
    ready = 2,    // May be delivered now; was delivered or delayed before.
    leased = 3,   // With a consumer until due_ms.
  };
  State state = none;
  std::uint32_t attempt = 0;  // Deliveries so far; the token of the newest one.
  std::int64_t due_ms = 0;    // waiting, leased.
  std::int64_t first_ms = 0;  // First delivery; 0 = never.
};

class LeaseTable {
 public:
  LeaseTable();
  ~LeaseTable();

  bool resident(Seq seq) const;
  Lease find(Seq seq) const;              // REQUIRES: resident(seq).  state none when unknown.
  void put(Seq seq, const Lease& lease);  // REQUIRES: resident(seq), state != none.  Inserts or replaces.
  bool erase(Seq seq);                    // REQUIRES: resident(seq).

  // Lowest ready sequence >= from.
  Lookup next_ready(Seq from) const;
  // Exact time of the earliest waiting or leased entry; INT64_MAX when there is none.
  std::int64_t next_due_ms() const;
  // Turns up to `max` waiting or leased entries with due_ms <= now_ms into ready ones and visits each
  // with its former state; the visitor may change the table.  need_chunk when a due chunk is spilled,
  // found when `max` were visited and more are due, none when all are done.
  using Visitor = std::function<void(Seq seq, const Lease& before)>;
  Lookup expire(std::int64_t now_ms, std::size_t max, const Visitor& visit);
  // Forgets everything <= upto (purge).  need_chunk when the chunk of `upto` is spilled: its entries are
  // then dropped (and leave counts()) when it is installed.
  Lookup drop_below(Seq upto);

  // Also of spilled chunks.
  struct Counts {
    std::uint64_t waiting = 0, ready = 0, leased = 0;
  };
  Counts counts() const;

  std::vector<ChunkNo> leased_chunks() const;  // With something out, spilled or not; ascending.

  // ---- paging, as SeqIndex ----
  Status load(ChunkNo no, std::string_view image, bool keep);
  Status install(ChunkNo no, std::string_view image);
  void collect_dirty(std::size_t max, std::vector<ChunkImage>& out);
  void mark_written(ChunkNo no, std::uint64_t version);
  void collect_failed();
  bool dirty() const;
  // The highest chunk always stays: what arrives is resident.
  void evict(std::size_t keep);
  std::size_t resident_chunks() const;
  std::size_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard::stream
