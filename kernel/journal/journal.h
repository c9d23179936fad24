// Journal is the only durable truth: an ordered sequence of batches in recycled segment files.
//
// Lanes submit batches; one committer thread gathers what all lanes have submitted into a group,
// writes it with one pwritev, syncs it, and tells each lane once per group.  A reply that follows
// its completion is therefore on disk.  Group n+1 is written only after the sync of group n
// returned, so a bad group without a valid successor is a torn tail and one with a successor is
// damage.
//
// Failure: a full disk refuses batches that take space (Code::quota) and still accepts those that
// release it, from a reserve.  A failed sync is final: batches in flight end as
// Code::unknown_outcome, later ones as Code::io, failed() turns true and nothing is retried.
//
// Thread: submit() from its lane; completions on that lane; the rest says so.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/base/clock.h"
#include "kernel/base/executor.h"
#include "kernel/base/result.h"
#include "kernel/journal/batch.h"
#include "kernel/journal/file.h"

namespace switchyard::journal {

using BatchSeq = std::uint64_t;  // Counts batches from 1 for the life of the data folder.

// A point between two groups.
struct Position {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;
  BatchSeq next_batch = 1;
  friend bool operator==(const Position&, const Position&) = default;
};

enum class OnDamage { refuse, quarantine };

struct Options {
  std::string directory;                         // Of the segment files alone.
  std::uint32_t first_segment_bytes = 1u << 20;  // Segments double from here ...
  std::uint32_t max_segment_bytes = 64u << 20;   // ... up to here.
  std::uint32_t reserve_bytes = 4u << 20;        // Kept for batches that release space when the disk is full.
  std::uint32_t max_batch_bytes = 8u << 20;
  std::uint32_t max_group_bytes = 4u << 20;      // A group closes at the first batch that crosses this.
  std::uint64_t max_waiting_bytes = 256u << 20;  // Submitted by one lane and not yet written; beyond: Code::busy.
  OnDamage on_damage = OnDamage::refuse;
  std::string checkpoints = "the store";  // Who gave the position to open(), as sentences name it.
  bool checkpoint_lost = false;           // It has none, although it writes one before the first batch.
};

struct Submission {
  std::shared_ptr<std::string> payload;  // From BatchBuilder::take(); not changed afterwards.
  std::uint32_t records = 0;
  std::uint16_t shard = 0;
  bool releases_space = false;  // Only acks, deletes, purges: may use the reserve of a full disk.
};

// What became of one submission.  A record at offset r of the payload lies at
// {segment, payload_offset + r}.
struct Committed {
  Status status;
  BatchSeq batch = 0;
  std::uint32_t segment = 0;
  std::uint32_t payload_offset = 0;
  std::shared_ptr<const std::string> payload;
};

// One batch as recovery reads it back.  `payload` is borrowed for the call.
struct Replayed {
  BatchSeq batch = 0;
  std::uint16_t shard = 0;
  std::uint32_t segment = 0;
  std::uint32_t payload_offset = 0;
  std::string_view payload;
};

// A range of synced bytes that no longer says what was written.
struct Damage {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  BatchSeq first_batch = 0;  // Batches first_batch..last_batch are lost; 0 when even that is unreadable.
  BatchSeq last_batch = 0;
  std::string what;  // One sentence for the operator.
};

struct RecoveryReport {
  std::uint64_t replayed_batches = 0;
  std::uint64_t replayed_bytes = 0;
  std::uint64_t dropped_tail_bytes = 0;  // Never acknowledged.
  std::vector<Damage> damage;            // Not empty only with OnDamage::quarantine.
};

struct Stats {  // Monotonic counters and gauges for /metrics; a snapshot.
  std::uint64_t groups = 0, batches = 0, bytes_written = 0, syncs = 0;
  std::uint64_t sync_ns_total = 0;
  std::uint64_t segments_created = 0, segments_recycled = 0, segments_cleaned = 0;
  std::uint64_t segment_files = 0, disk_bytes = 0, live_bytes = 0;
};

// A record's bytes and whatever keeps them alive.
struct RecordRef {
  std::shared_ptr<const std::string> hold;
  std::string_view body;  // After the record header; its checksum was verified.
};

// Reads records back for one lane: recent batches from a bounded tail cache, older ones by
// non-blocking reads through a small block cache, and only then with the I/O pool.  Never mmap.
//
// Failure: Code::corrupt names segment and offset; Code::not_found when the segment is gone.
//
// Thread: its lane.
class Reader {
 public:
  virtual ~Reader() = default;
  // Keeps a just committed payload for readers of the tail.
  virtual void remember(const Committed& committed) = 0;
  // True when the answer is at hand (`out` or an error in `status`); false when it needs the disk.
  virtual bool try_get(const Place& place, RecordRef& out, Status& status) = 0;
  // Calls `done` later on this lane with one result per place, in order.
  using Done = std::function<void(std::vector<Result<RecordRef>>)>;
  virtual void get(std::vector<Place> places, Done done) = 0;
  virtual std::size_t cached_bytes() const = 0;
};

class Journal {
 public:
  // Opens or creates the folder's segments.  `from` is where the last synced checkpoint ends; `visit`
  // sees every batch after it, in order.  Afterwards the valid tail has been rewritten and synced.
  // Fails with Code::corrupt and a sentence naming the damage (OnDamage::refuse), or Code::unsupported
  // for a newer format.  Segments of which `from` cannot know are refused whatever on_damage says: to
  // whom their records belong is lost, so they would be given up as garbage.
  using Visitor = std::function<Status(const Replayed&)>;
  static Result<std::unique_ptr<Journal>> open(FileSystem& files, const Options& options, const Clock& clock,
                                               const Position& from, const Visitor& visit, RecoveryReport& report);
  virtual ~Journal() = default;

  // Starts the committer.  `completed[i]` runs on lanes[i], once per group that held its batches, in
  // submission order.
  using Completed = std::function<void(std::span<Committed>)>;
  virtual void start(std::vector<Executor*> lanes, std::vector<Completed> completed) = 0;
  // Commits what was submitted, then stops the committer.  [control]
  virtual void stop() = 0;

  // [lane] REQUIRES: payload not empty and at most max_batch_bytes.
  virtual void submit(std::size_t lane, Submission submission) = 0;

  // [any] Everything before this point is durable and its completions were posted to the lanes, and
  // every batch whose completion has run lies before it.  A checkpoint takes the position first and
  // the state of each lane by a later post: then the state holds at least all of it.
  virtual Position committed() const = 0;
  virtual bool failed() const = 0;

  // [any] Live record bytes of a segment change.  Called with the record's whole length.
  virtual void add_live(std::uint32_t segment, std::int64_t bytes) = 0;
  // Code::corrupt and one sentence when the segment is missing or shorter than its header says.
  // [before start]
  virtual Status check_segment(std::uint32_t segment) = 0;
  // [store thread] State up to `position` is in a synced checkpoint: older segments without live
  // bytes or pins may be reused.
  virtual void checkpointed(const Position& position) = 0;

  // ---- cleaning [store thread] ----
  // The sealed segments worth rewriting now, mostly dead first; empty while disk use is within
  // 2 x live bytes + 4 segments, not counting the reserve, what the last checkpoint does not cover yet
  // and the spares that the next checkpoint interval will use.
  virtual std::vector<std::uint32_t> pick_victims() = 0;
  // Visits every readable record of a segment.
  using RecordVisitor = std::function<void(const Place&, std::string_view body)>;
  virtual Status scan(std::uint32_t segment, const RecordVisitor& visit) = 0;
  // Writes record bodies into a new cold segment and syncs it; returns their new places.  The caller
  // gives add_live() for what it adopts.  The new segment is pinned until unpin().
  virtual Result<std::vector<Place>> write_cold(std::span<const std::string_view> bodies) = 0;
  virtual void pin(std::uint32_t segment) = 0;    // [any]
  virtual void unpin(std::uint32_t segment) = 0;  // [any]

  virtual std::unique_ptr<Reader> make_reader(Executor& lane, std::size_t cache_bytes) = 0;
  virtual Stats stats() const = 0;  // [any]
};

// ---- offline check: `switchyard fsck` ----
struct FsckReport {
  std::uint32_t segments = 0;
  std::uint64_t batches = 0, records = 0, bytes = 0, torn_tail_bytes = 0;
  std::vector<Damage> damage;
};
// Reads every segment and verifies every checksum.  Changes nothing.
Result<FsckReport> fsck(FileSystem& files, const std::string& directory,
                        const std::function<void(const Place&, std::string_view body)>& visit);

}  // namespace switchyard::journal
