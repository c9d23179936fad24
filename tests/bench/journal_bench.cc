// Durable append: records of 1 KiB, one record per batch, N batches per group, one or two groups under way, on
// the real file system.  The folder is $SWITCHYARD_BENCH_DIR or the working directory; not a memory disk.
//
// With one group, disk and processor take turns; with two, one fills while the other is synced, as under load.
//
// Prints records per second (real time), process CPU per record, and how many records shared a sync.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "kernel/base/clock.h"
#include "kernel/journal/journal.h"
#include "tests/support/blocking_lane.h"

namespace switchyard::journal {
namespace {

constexpr std::size_t kRecordBytes = 1024;
constexpr std::uint64_t kCheckpointBytes = 256u << 20;

double process_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// A journal in a fresh folder that is removed at the end.
class Bench {
 public:
  Bench() {
    const char* base = ::getenv("SWITCHYARD_BENCH_DIR");
    directory_ = std::string(base == nullptr ? "." : base) + "/journal-bench-XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) return;
    Options options;
    options.directory = directory_;
    RecoveryReport report;
    auto opened = Journal::open(
        *files_, options, clock_, {}, [](const Replayed&) { return Status(); }, report);
    if (!opened) return;
    journal_ = std::move(*opened);
    journal_->start({&lane_}, {[this](std::span<Committed> results) {
                      for (const Committed& result : results) failed_ = failed_ || !result.status.ok();
                      answered_ += results.size();
                    }});
  }
  ~Bench() {
    journal_.reset();
    if (auto names = files_->list(directory_)) {
      for (const std::string& name : *names) (void)files_->remove(directory_ + "/" + name);
    }
    ::rmdir(directory_.c_str());
  }

  bool ready() const { return journal_ != nullptr && !failed_; }

  // Submits `records` batches of one record and waits until no more than `under_way` records are not durable.
  void append(std::size_t records, std::size_t under_way) {
    for (std::size_t i = 0; i < records; ++i) {
      BatchBuilder builder;
      builder.begin();
      builder.writer().bytes(body_);
      builder.end();
      Submission submission;
      submission.records = 1;
      submission.payload = builder.take();
      journal_->submit(0, std::move(submission));
    }
    submitted_ += records;
    if (!lane_.run_until([this, under_way] { return answered_ + under_way >= submitted_; })) failed_ = true;
    // The steady state of a short queue: nothing stays live, checkpoints come as they do in the server.
    unchecked_ += records * kRecordBytes;
    if (unchecked_ < kCheckpointBytes) return;
    unchecked_ = 0;
    journal_->checkpointed(journal_->committed());
  }

  Stats stats() const { return journal_->stats(); }

 private:
  SystemClock clock_;
  std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  std::string directory_;
  const std::string body_ = std::string(kRecordBytes, 'b');
  test::BlockingLane lane_{clock_};
  std::uint64_t submitted_ = 0, answered_ = 0, unchecked_ = 0;
  bool failed_ = false;
  std::unique_ptr<Journal> journal_;
};

// What the disk takes by itself: a group's bytes written over others and synced, one after the other, without a
// journal.
void disk_alone(benchmark::State& state) {
  constexpr std::uint32_t kFileBytes = 64u << 20;
  const char* base = ::getenv("SWITCHYARD_BENCH_DIR");
  const std::string path = std::string(base == nullptr ? "." : base) + "/disk-alone";
  const auto files = make_posix_file_system();
  const std::string group(static_cast<std::size_t>(state.range(0)) * kRecordBytes, 'd');
  const iovec part{const_cast<char*>(group.data()), group.size()};
  auto file = files->open(path, true);
  bool good = file.ok() && (*file)->write_zeros(0, kFileBytes).ok() && (*file)->sync().ok();
  std::uint64_t at = 0;
  for (auto _ : state) {
    good = good && (*file)->write(at, {&part, 1}).ok() && (*file)->sync().ok();
    at += group.size();
    if (at + group.size() > kFileBytes) at = 0;
  }
  if (!good) state.SkipWithError("the disk does not take the file");
  (void)files->remove(path);
  state.counters["records/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(disk_alone)->Arg(64)->UseRealTime()->MinTime(2.0);

void durable_append(benchmark::State& state) {
  Bench bench;
  if (!bench.ready()) {
    state.SkipWithError("the journal does not open in this folder");
    return;
  }
  const auto group = static_cast<std::size_t>(state.range(0)), groups = static_cast<std::size_t>(state.range(1));
  // Past the first small segments, so that what is measured is the steady state.
  for (std::size_t i = 0; i < (400u << 20) / kRecordBytes; i += 512) bench.append(512, 0);
  const Stats before = bench.stats();
  const double cpu_before = process_cpu_seconds();
  for (auto _ : state) bench.append(group, group * (groups - 1));
  bench.append(0, 0);
  if (!bench.ready()) state.SkipWithError("an append failed");
  const double cpu = process_cpu_seconds() - cpu_before;
  const Stats after = bench.stats();
  const auto records = static_cast<double>(state.iterations() * state.range(0));
  state.counters["records/s"] = benchmark::Counter(records, benchmark::Counter::kIsRate);
  state.counters["cpu_us/record"] = cpu * 1e6 / records;
  state.counters["records/sync"] =
      records / static_cast<double>(std::max<std::uint64_t>(1, after.syncs - before.syncs));
  state.counters["sync_us"] = static_cast<double>(after.sync_ns_total - before.sync_ns_total) / 1e3 /
                              static_cast<double>(std::max<std::uint64_t>(1, after.syncs - before.syncs));
  state.counters["recycled"] = static_cast<double>(after.segments_recycled - before.segments_recycled);
  state.counters["created"] = static_cast<double>(after.segments_created - before.segments_created);
}
BENCHMARK(durable_append)
    ->Args({1, 1})
    ->Args({8, 1})
    ->Args({64, 1})
    ->Args({64, 2})
    ->Args({512, 1})
    ->UseRealTime()
    ->MinTime(2.0);

}  // namespace
}  // namespace switchyard::journal

BENCHMARK_MAIN();
