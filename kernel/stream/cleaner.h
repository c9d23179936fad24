// Cleaner gives mostly dead segments back: it copies their few live messages, sorted by stream, into
// a cold segment and tells the lanes where they are now.
//
// The journal chooses victims so that disk use stays under twice the live bytes.  Nothing is journalled
// for a move: until a checkpoint holds the new places the victim is not reused, and after a crash before
// that the old places still hold.
//
// Failure: a victim that cannot be read or copied stays as it is and is named in the log.
//
// Thread: run() on lane 0; reading and writing on the store thread.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kernel/stream/lane_engine.h"

namespace switchyard::stream {

class Cleaner {
 public:
  explicit Cleaner(Shared& shared) : shared_(shared) {}

  // [lane 0] Cleans what is worth it, a bounded number of segments; then `done` on lane 0.
  void run(Task done);

 private:
  struct Job;
  void clean_next(std::shared_ptr<Job> job);
  void scan(std::shared_ptr<Job> job);
  void copy(std::shared_ptr<Job> job);
  void move(std::shared_ptr<Job> job, std::vector<journal::Place> places);

  Shared& shared_;
};

}  // namespace switchyard::stream
