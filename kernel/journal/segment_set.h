// SegmentSet knows every segment file: who may write it, what still needs it, and when it may be
// used again.
//
// A segment is given up only when it holds no live byte, everything it said is in a synced
// checkpoint, and nobody pins it.  A segment whose survivors may have been copied elsewhere (it was
// scanned) waits for one checkpoint more: the one that is being written when the last copy is
// adopted may still name the old place.
//
// Failure: opening a file can fail and says so; the rest is bookkeeping in memory.
//
// Thread: any; one mutex, never held during disk work.  add_live() takes no lock.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernel/journal/file.h"
#include "kernel/journal/format.h"
#include "kernel/journal/live_counters.h"

namespace switchyard::journal {

struct Segment {
  Segment(const SegmentHeader& h, std::uint32_t readable) : header(h), written(readable) {}

  const SegmentHeader header;
  std::atomic<std::uint32_t> written;  // End of what was synced; records beyond it do not exist.
  // Set before the file's bytes may change: what was read before this turned true is of this segment.
  std::atomic<bool> retired{false};

  // The rest is guarded by the set's mutex.
  enum class State { ready, current, sealed } state = State::ready;
  std::uint32_t pins = 0;
  bool scanned = false;
  std::uint64_t seen_dead_at = 0;  // Count of checkpoints when it was first seen without live bytes.
  std::uint64_t last_use = 0;
  std::shared_ptr<File> file;  // Opened on demand; closed again when too many are open.
};

// A file between two lives.
struct Spare {
  std::string name;  // Still the segment's own name until the preparer touches it.
  std::uint32_t bytes = 0;
};

class SegmentSet {
 public:
  SegmentSet(FileSystem& files, const Options& options);

  FileSystem& files() { return files_; }
  const Options& options() const { return options_; }
  std::string path(const std::string& name) const { return options_.directory + "/" + name; }

  // ---- opening ----
  void add(std::shared_ptr<Segment> segment, Segment::State state);
  void add_spare(Spare spare);
  void raise_next_number(std::uint32_t at_least);

  std::shared_ptr<Segment> find(std::uint32_t number) const;
  Result<std::shared_ptr<File>> file(const std::shared_ptr<Segment>& segment);
  // 0 when all numbers are used up.
  std::uint32_t take_number();

  // ---- ready segments: made by the preparer, used by the committer in the order of their numbers ----
  // Ready segments that are too small are given up.  Null when none fits.
  std::shared_ptr<Segment> take_ready(std::uint64_t min_bytes);
  // Room for groups in all ready segments.
  std::uint64_t ready_bytes() const { return ready_bytes_.load(std::memory_order_acquire); }
  bool ready_fits(std::uint64_t min_bytes) const;
  void seal(const std::shared_ptr<Segment>& segment);

  // ---- reuse ----
  void add_live(std::uint32_t segment, std::int64_t bytes) { live_.add(segment, bytes); }
  // Null when the segment does not exist.
  std::shared_ptr<Segment> pin(std::uint32_t segment);
  void unpin(std::uint32_t segment);
  void mark_scanned(std::uint32_t segment);
  // Both move what may be used again to the spares; true when there were any.
  bool checkpointed(const Position& position);
  bool collect();
  // The size a new segment should have: about a quarter of the hot bytes in use.
  std::uint32_t wanted_bytes() const;
  // A spare of min..max bytes, or an empty name.
  Spare take_spare(std::uint64_t min_bytes, std::uint64_t max_bytes);
  // Spares beyond what is worth keeping.
  std::vector<Spare> take_surplus();
  std::vector<std::uint32_t> pick_victims();

  void fill(Stats& stats) const;

 private:
  bool may_go(Segment& segment, bool at_checkpoint);
  void retire(const std::shared_ptr<Segment>& segment);
  bool collect_locked(bool at_checkpoint);
  bool is_cleanable(const Segment& segment) const;
  std::uint32_t wanted_locked() const;
  void forget_file(Segment& segment);
  void close_idle_file();

  FileSystem& files_;
  const Options options_;
  LiveCounters live_;

  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::shared_ptr<Segment>> segments_;
  std::deque<std::shared_ptr<Segment>> ready_;  // In the order of their numbers.
  std::atomic<std::uint64_t> ready_bytes_{0};
  std::deque<Spare> spares_;
  Position checkpoint_;
  std::uint64_t checkpoints_ = 0;
  std::size_t taken_ = 0;  // Ready segments taken since the last checkpoint.
  std::size_t spares_wanted_ = 1;
  std::uint32_t next_number_ = 1;
  std::uint32_t open_files_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace switchyard::journal
