// Journal on local segment files: puts the parts of this room together.
#include <cassert>
#include <utility>

#include "kernel/base/log.h"
#include "kernel/journal/cleaner.h"
#include "kernel/journal/committer.h"
#include "kernel/journal/io_pool.h"
#include "kernel/journal/journal.h"
#include "kernel/journal/lane_reader.h"
#include "kernel/journal/preparer.h"
#include "kernel/journal/recovery.h"
#include "kernel/journal/segment_set.h"

namespace switchyard::journal {
namespace {

constexpr std::uint32_t kSmallestSegment = 16u << 10;
constexpr std::uint32_t kLargestSegment = 1u << 30;

Status check(const Options& options) {
  if (options.first_segment_bytes < kSmallestSegment || options.max_segment_bytes > kLargestSegment ||
      options.first_segment_bytes > options.max_segment_bytes) {
    return Error{Code::invalid, "journal segments of " + std::to_string(options.first_segment_bytes) + " to " +
                                    std::to_string(options.max_segment_bytes) + " bytes: must lie within " +
                                    std::to_string(kSmallestSegment) + " to " + std::to_string(kLargestSegment)};
  }
  if (options.max_batch_bytes == 0 || options.max_batch_bytes > kLargestSegment / 2) {
    return Error{Code::invalid, "journal batches of " + std::to_string(options.max_batch_bytes) +
                                    " bytes: the limit must lie within 1 to " + std::to_string(kLargestSegment / 2)};
  }
  if (options.max_group_bytes > kLargestSegment / 4) {
    return Error{Code::invalid, "journal groups of " + std::to_string(options.max_group_bytes) +
                                    " bytes: the limit is " + std::to_string(kLargestSegment / 4)};
  }
  return {};
}

Options rounded(Options options) {
  options.first_segment_bytes = static_cast<std::uint32_t>(round_up(options.first_segment_bytes, kPageBytes));
  options.max_segment_bytes = static_cast<std::uint32_t>(round_up(options.max_segment_bytes, kPageBytes));
  return options;
}

class LocalJournal final : public Journal {
 public:
  LocalJournal(FileSystem& files, const Options& options, const Clock& clock)
      : segments_(files, options), cleaner_(segments_), preparer_(segments_, clock), clock_(clock) {}
  ~LocalJournal() override { stop(); }

  Status recover(const Position& from, const Visitor& visit, RecoveryReport& report) {
    checkpoint_ = from;
    Recovery recovery(segments_, from, visit, report);
    auto tail = recovery.run();
    if (!tail) return std::move(tail).error();
    if (tail->segment == nullptr) {
      if (Status s = preparer_.prepare_now(0); !s.ok()) return s;
      tail->segment = segments_.take_ready(0);
      tail->offset = kSegmentHeaderBytes;
    }
    committer_ = std::make_unique<Committer>(segments_, preparer_, clock_, *tail);
    return {};
  }

  void start(std::vector<Executor*> lanes, std::vector<Completed> completed) override {
    // What the caller's state refers to is known by now; everything else is free.
    (void)segments_.checkpointed(checkpoint_);
    preparer_.start();
    committer_->start(std::move(lanes), std::move(completed));
  }

  void stop() override {
    if (committer_ == nullptr) return;  // Opening failed.
    committer_->stop();
    preparer_.stop();
  }

  void submit(std::size_t lane, Submission submission) override { committer_->submit(lane, std::move(submission)); }
  Position committed() const override { return committer_->committed(); }
  bool failed() const override { return committer_->failed(); }

  void add_live(std::uint32_t segment, std::int64_t bytes) override { segments_.add_live(segment, bytes); }
  Status check_segment(std::uint32_t number) override {
    const std::string name = "journal segment " + std::to_string(number);
    const auto segment = segments_.find(number);
    if (segment == nullptr) return Error{Code::corrupt, name + " is missing"};
    const auto file = segments_.file(segment);
    if (!file) return Error{Code::corrupt, name + " cannot be read: " + file.error().message};
    const auto bytes = (*file)->size();
    if (!bytes) return Error(bytes.error());
    if (*bytes >= segment->header.bytes) return {};
    return Error{Code::corrupt, name + " has " + std::to_string(*bytes) + " bytes instead of " +
                                    std::to_string(segment->header.bytes)};
  }
  void checkpointed(const Position& position) override {
    if (segments_.checkpointed(position)) preparer_.wake();
  }

  std::vector<std::uint32_t> pick_victims() override { return segments_.pick_victims(); }
  Status scan(std::uint32_t segment, const RecordVisitor& visit) override { return cleaner_.scan(segment, visit); }
  Result<std::vector<Place>> write_cold(std::span<const std::string_view> bodies) override {
    return cleaner_.write_cold(bodies);
  }
  void pin(std::uint32_t segment) override { (void)segments_.pin(segment); }
  void unpin(std::uint32_t segment) override {
    segments_.unpin(segment);
    if (segments_.collect()) preparer_.wake();
  }

  std::unique_ptr<Reader> make_reader(Executor& lane, std::size_t cache_bytes) override {
    return std::make_unique<LaneReader>(segments_, pool_, lane, cache_bytes);
  }

  Stats stats() const override {
    Stats stats;
    committer_->fill(stats);
    segments_.fill(stats);
    stats.segments_created = preparer_.created();
    stats.segments_recycled = preparer_.recycled();
    stats.segments_cleaned = cleaner_.written();
    return stats;
  }

 private:
  SegmentSet segments_;
  Cleaner cleaner_;
  Preparer preparer_;
  std::unique_ptr<Committer> committer_;
  IoPool pool_;  // Destroyed first: its tasks use the set.
  const Clock& clock_;
  Position checkpoint_;
};

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& files, const Options& options, const Clock& clock,
                                               const Position& from, const Visitor& visit, RecoveryReport& report) {
  if (Status s = check(options); !s.ok()) return std::move(s).error();
  if (Status s = files.make_directory(options.directory); !s.ok()) return std::move(s).error();
  auto journal = std::make_unique<LocalJournal>(files, rounded(options), clock);
  if (Status s = journal->recover(from, visit, report); !s.ok()) return std::move(s).error();
  return std::unique_ptr<Journal>(std::move(journal));
}

}  // namespace switchyard::journal
