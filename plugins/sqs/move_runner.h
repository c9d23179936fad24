// MoveRunners carries out the message move tasks of one lane.
//
// A task runs on the lane that was asked to start it; after a restart the lane is chosen by the queue.  Its
// record says what is to be done: a cancellation, from any lane, is a change of the record, which the runner
// reads before each step.  A message moves in one record of the journal, so a crash neither loses nor
// repeats one; progress is stored now and then, so after a crash the count may be a little behind.
//
// Failure: what is over in a moment (too much in flight, a full target) is tried again; what is not ends the
// task as FAILED with a reason.
// Thread: one lane.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/aws/host.h"
#include "plugins/sqs/move_task.h"

namespace switchyard::sqs {

class MoveRunners {
 public:
  // `process` is the same on all lanes of one process.
  MoveRunners(const aws::Host& host, std::uint32_t lane, std::string process);
  ~MoveRunners();
  MoveRunners(const MoveRunners&) = delete;
  MoveRunners& operator=(const MoveRunners&) = delete;

  const std::string& process() const { return process_; }
  // Takes up, in a later callback, what an earlier process left unfinished.
  void resume_later();
  // `task` has just been stored under `revision`.
  void run(sw_namespace* ns, sw_stream_id source, MoveTask task, std::uint64_t revision);
  // No step follows; what is unfinished goes on after the next start.
  void drain() { draining_ = true; }
  std::size_t running() const { return runners_.size(); }

 private:
  class Runner;
  static void resume(void* user);
  static std::int32_t resume_namespace(void* user, sw_namespace* ns, const sw_namespace_info* info);
  void add(sw_namespace* ns, sw_stream_id source, MoveTask task, std::uint64_t revision, bool resumed);
  void remove(const Runner& runner);

  const aws::Host& host_;
  const std::uint32_t lane_;
  const std::string process_;
  std::vector<std::unique_ptr<Runner>> runners_;
  bool draining_ = false;
};

}  // namespace switchyard::sqs
