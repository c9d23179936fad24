// Checkpointer writes what changed into the store, so that the journal before it is needed only for
// live bodies.
//
// A checkpoint covers a journal position P: every effect up to P is in its images, later ones may be.
// P is read first; two rounds through all lanes' mailboxes then make sure that every completion up to
// P, and every message between lanes that such a completion sent, has been applied before the lanes
// collect.  The images are written unsynced, then P itself with a sync.  Replay from P is idempotent
// (stream_replay.cc), so images that are newer than P do no harm.
//
// Failure: what could not be written stays dirty and comes again with the next checkpoint; the
// journal is not told, so nothing is reused too early.
//
// Thread: run() on lane 0; the writing on the store thread.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kernel/stream/cleaner.h"
#include "kernel/stream/lane_engine.h"

namespace switchyard::stream {

// Where replay starts: written under one key with each checkpoint.
std::string encode_position(const journal::Position& position);
bool decode_position(std::string_view in, journal::Position& out);
inline constexpr std::string_view kPositionKey = "p";

class Checkpointer {
 public:
  Checkpointer(Shared& shared, store::Kv& kv) : shared_(shared), kv_(kv), cleaner_(shared) {}

  // [lane 0] Looks every now and then whether it is time.
  void start();
  // [lane 0] Checkpoints now; while one runs, another follows it.  `done` on lane 0.
  void run(Task done);

 private:
  struct Run;
  void tick();
  void begin();
  void each_lane(const std::function<void(LaneEngine&, Task)>& step, Task after);
  void write(std::shared_ptr<Run> run);
  void finish(std::shared_ptr<Run> run, const Status& status);

  Shared& shared_;
  store::Kv& kv_;
  Cleaner cleaner_;
  journal::Position last_{};
  std::uint64_t last_bytes_ = 0;
  std::int64_t last_ms_ = 0;
  bool running_ = false;
  std::vector<Task> waiting_;
};

}  // namespace switchyard::stream
