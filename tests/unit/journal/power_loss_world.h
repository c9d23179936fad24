// PowerLossWorld runs a small message store on the journal, cuts the power (or kills the process, or
// fails a sync) at a random moment again and again, and checks after each restart that
//   - every acknowledged batch is there, whole and in order, and nothing else but a prefix of what
//     was submitted after it,
//   - a batch that one restart showed is never gone after the next, and one that it did not show never
//     comes back,
//   - every live message can be read where it is said to be, through recycling and cleaning.
//
// The store keeps live messages in memory and snapshots them with a journal position, as the real one
// does with LevelDB.  Its snapshots are durable by decree: only the journal is under test.
//
// Failure: point() returns the first violation as text.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "kernel/journal/journal.h"
#include "tests/support/blocking_lane.h"
#include "tests/support/simulated_disk.h"

namespace switchyard::journal {

class PowerLossWorld {
 public:
  explicit PowerLossWorld(std::uint64_t seed, bool disk_lies = false);
  ~PowerLossWorld() { journal_.reset(); }

  // One life: restart, check, work, die.  Empty when everything held.
  std::string point();

  struct Counts {
    std::uint64_t acknowledged = 0, checkpoints = 0, recycled = 0, cleaned = 0, killed_in_recovery = 0,
                  failed_syncs = 0, unacknowledged_kept = 0, tails_dropped = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Message {
    Place place;
    std::string body;
  };
  using Live = std::map<std::uint64_t, Message>;
  struct Snapshot {
    Position position;
    Live live;
  };
  struct Sent {
    std::vector<std::string> bodies;
    bool acknowledged = false;
  };

  std::string restart();
  std::string open_once();
  std::string check_replay(std::size_t first_batch);
  std::string check_live();
  void work();
  void submit_some();
  std::vector<std::string> random_bodies();
  void apply(std::uint32_t segment, std::uint32_t offset, std::string_view payload, Live& live, bool account);
  void on_completed(std::span<Committed> results);
  void snapshot_captured();
  void snapshot_durable();
  void clean();
  void die();
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  std::mt19937_64 random_;
  test::SimulatedDisk disk_;
  ManualClock clock_;
  Options options_;
  test::BlockingLane lane_{clock_};
  std::unique_ptr<Journal> journal_;

  std::vector<Sent> sent_;    // sent_[i] is batch i + 1.
  std::size_t resolved_ = 0;  // The first of sent_ whose answer is still out.
  std::uint64_t submitted_ = 0, answered_ = 0;
  Snapshot durable_;
  std::optional<Snapshot> captured_;  // Taken, not yet durable.
  Live live_;
  std::vector<std::pair<BatchSeq, std::vector<std::string>>> replayed_;
  std::uint64_t next_id_ = 1;
  Counts counts_;
};

}  // namespace switchyard::journal
