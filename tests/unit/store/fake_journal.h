// FakeJournal keeps what was submitted until the test decides about it.
//
// Thread: the test's.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/journal/journal.h"
#include "kernel/store/lane_log.h"

namespace switchyard::store {

class FakeJournal final : public journal::Journal {
 public:
  // The oldest batch that waits ends with this status.
  journal::Committed finish(const Status& status = {}) {
    auto submission = std::move(waiting.front());
    waiting.pop_front();
    journal::Committed result;
    result.status = status;
    result.payload = submission.payload;
    if (status) {
      result.batch = ++batch_;
      result.segment = 1;
      result.payload_offset = offset_;
      offset_ += static_cast<std::uint32_t>(submission.payload->size());
      durable.push_back(*submission.payload);
    }
    return result;
  }
  // Every batch that waits; those that take space are refused while `full`.
  void finish_all(LaneLog& log) {
    while (!waiting.empty()) {
      const bool refused = full && !waiting.front().releases_space;
      std::vector<journal::Committed> results;
      results.push_back(finish(refused ? Status(Error{Code::quota, "full"}) : Status()));
      log.on_committed(results);
    }
  }

  void start(std::vector<Executor*>, std::vector<Completed>) override {}
  void stop() override {}
  void submit(std::size_t, journal::Submission submission) override { waiting.push_back(std::move(submission)); }
  journal::Position committed() const override { return {}; }
  bool failed() const override { return false; }
  void add_live(std::uint32_t, std::int64_t) override {}
  Status check_segment(std::uint32_t) override { return {}; }
  void checkpointed(const journal::Position&) override {}
  std::vector<std::uint32_t> pick_victims() override { return {}; }
  Status scan(std::uint32_t, const RecordVisitor&) override { return {}; }
  Result<std::vector<journal::Place>> write_cold(std::span<const std::string_view>) override {
    return std::vector<journal::Place>();
  }
  void pin(std::uint32_t) override {}
  void unpin(std::uint32_t) override {}
  std::unique_ptr<journal::Reader> make_reader(Executor&, std::size_t) override { return nullptr; }
  journal::Stats stats() const override { return {}; }

  std::deque<journal::Submission> waiting;
  std::vector<std::string> durable;  // Payloads.
  bool full = false;

 private:
  journal::BatchSeq batch_ = 0;
  std::uint32_t offset_ = 100;
};

}  // namespace switchyard::store
