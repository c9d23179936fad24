// Recovery reads the folder when the journal opens: it replays every batch after the last checkpoint,
// decides whether what follows the last valid group is a torn tail or damage, and makes the tail safe
// to append to.
//
// A bad group is a torn tail when no valid group of a later batch exists anywhere: the committer
// writes group n+1 only after group n was synced.  Otherwise synced bytes were damaged; what is still
// readable around the damage is replayed (OnDamage::quarantine) or opening fails (OnDamage::refuse).
//
// Killing it at any moment is safe: it writes back bytes that are already there, and zeros and a mark
// where nothing valid stands.
//
// Thread: the one that opens the journal.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernel/journal/journal.h"
#include "kernel/journal/segment_scan.h"
#include "kernel/journal/segment_set.h"

namespace switchyard::journal {

// Where the committer goes on.
struct Tail {
  std::shared_ptr<Segment> segment;  // Null in a new folder.
  std::uint32_t offset = 0;
  BatchSeq next_batch = 1;
  bool marked = false;  // The last group is a mark.
};

class Recovery {
 public:
  Recovery(SegmentSet& segments, const Position& from, const Journal::Visitor& visit, RecoveryReport& report);

  // REQUIRES: the directory exists.  Fills the set.
  Result<Tail> run();

 private:
  struct Hot {
    std::shared_ptr<Segment> segment;
    std::shared_ptr<File> file;
    std::unique_ptr<SegmentScan> scan;
  };
  struct At {  // A group in hot_[index].
    std::size_t index = 0;
    FoundGroup group;
  };

  Status read_folder();
  Status read_segment(const std::string& name, std::uint32_t number);
  Status replay();
  Status check_start();
  // The journal is whole and begins behind the checkpoint, or without one: `found` is where.
  bool is_beyond_checkpoint(const At& found) const;
  Error checkpoint_does_not_fit(const At& found) const;
  Result<std::optional<At>> next_group(std::size_t index, std::uint32_t offset, BatchSeq min_batch);
  // Replays one group; false when it is the torn tail.
  Result<bool> replay_group(const At& at);
  Status salvage_before(const At& found);
  Status visit_batch(std::uint32_t segment, const FoundBatch& batch);
  Status report_lost(std::uint32_t segment, const LostRange& range);
  Status report_damage(Damage damage);
  Status make_tail_safe();
  Status zero(Hot& hot, std::uint32_t begin, std::uint32_t end);
  Status mark(Hot& hot);
  Tail hand_over();

  SegmentSet& segments_;
  const Position from_;
  const Journal::Visitor& visit_;
  RecoveryReport& report_;

  bool cold_seen_ = false;
  std::vector<Hot> hot_;  // From from_.segment on, ascending.
  // Where reading stands: everything before it is replayed.
  std::size_t index_ = 0;
  std::uint32_t offset_ = 0;
  BatchSeq next_batch_;
  std::optional<At> last_group_;
  bool marked_ = false;  // The last group on disk is a mark.
};

}  // namespace switchyard::journal
