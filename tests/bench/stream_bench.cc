// The stream room alone, through Engine on a real folder: what a message costs in it, by the process's own
// CPU accounting, and what queued messages, keys and leases cost in memory.
//
// A case is a course of steps on one folder and its counters are the steps' figures; the time that the
// framework prints is only how long the case took.  `_us` is CPU per message unless it says per call.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/stream_bench_load.h"
#include "tests/bench/stream_bench_rig.h"
#include "tests/bench/stream_bench_start.h"

namespace switchyard::stream {
namespace {

constexpr std::size_t kKib = 1024;
constexpr std::size_t kFillWidth = 16, kFillBatch = 64;

double us_each(const Cost& cost, std::uint64_t count) { return cost.cpu_s * 1e6 / static_cast<double>(count); }
double per_second(const Cost& cost, std::uint64_t count) { return static_cast<double>(count) / cost.wall_s; }

void count(benchmark::State& state, const char* name, double value) { state.counters[name] = value; }

void verdict(benchmark::State& state, const StreamRig& rig) {
  if (!rig.ok()) state.SkipWithError(rig.error().c_str());
}

void measure_start(benchmark::State& state, StreamRig& rig) {
  const auto start = worst_start(rig);
  count(state, "start_s", start.seconds);
  count(state, "start_cpu_s", start.cpu_s);
  count(state, "rss_started_mb", start.rss_mb);
}

Cost fill(StreamRig& rig, StreamId id, std::size_t bytes, std::uint64_t messages, Appending::KeyOf key_of = {}) {
  return Appending(rig, id, kFillWidth, kFillBatch, bytes, messages, std::move(key_of)).run();
}

// Durable appends of one message each; the arguments are how many make a group, the bytes of a body, and how many
// groups are under way: with one, disk and processor take turns; with two, one group fills while the other is synced.
// The queue is purged now and then, so that segments are recycled as those of a short queue are.
void append(benchmark::State& state) {
  const auto group = static_cast<std::size_t>(state.range(0)), bytes = static_cast<std::size_t>(state.range(1)),
             groups = static_cast<std::size_t>(state.range(2));
  const double seconds = quick() ? 1.5 : 4;
  const std::uint64_t each = group * groups * 128;
  // Past the first small segments.
  const std::uint64_t warm_up = ((quick() ? 128u : 400u) << 20) / kKib;
  for (auto _ : state) {
    StreamRig rig;
    const auto id = rig.create(false);
    fill(rig, id, kKib, warm_up);
    rig.purge(id);
    rig.checkpoint();
    if (!rig.ok()) return verdict(state, rig);
    const auto before = rig.engine().journal().stats();
    Cost cost;
    std::uint64_t records = 0;
    while (rig.ok() && cost.wall_s < seconds) {
      cost += Appending(rig, id, group, 1, bytes, each, {}, groups).run();
      records += each;
      rig.purge(id);
    }
    const auto after = rig.engine().journal().stats();
    count(state, "records/s", per_second(cost, records));
    count(state, "cpu_us/record", us_each(cost, records));
    count(state, "records/sync", static_cast<double>(records) / static_cast<double>(after.syncs - before.syncs));
    count(state, "sync_us",
          static_cast<double>(after.sync_ns_total - before.sync_ns_total) / 1e3 /
              static_cast<double>(after.syncs - before.syncs));
    count(state, "created", static_cast<double>(after.segments_created - before.segments_created));
    count(state, "recycled", static_cast<double>(after.segments_recycled - before.segments_recycled));
    verdict(state, rig);
  }
}
BENCHMARK(append)
    ->Args({64, 1024, 2})
    ->Args({64, 1024, 1})
    ->Args({64, 100, 2})
    ->Args({64, 100, 1})
    ->Args({1, 1024, 1})
    ->Args({512, 1024, 1})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();

// Fetch and acknowledge in batches of ten from a queue that is never long.
void short_queue(benchmark::State& state) {
  constexpr std::uint64_t kMessages = 20'000;
  const std::uint64_t rounds = quick() ? 3 : 20;
  for (auto _ : state) {
    StreamRig rig;
    const auto id = rig.create(false);
    Cost cost;
    for (std::uint64_t i = 0; i < rounds && rig.ok(); ++i) {
      fill(rig, id, kKib, kMessages);
      cost += Fetching(rig, id, kConnections, kKib, kMessages).run();
    }
    count(state, "drain_us", us_each(cost, rounds * kMessages));
    count(state, "drain/s", per_second(cost, rounds * kMessages));
    verdict(state, rig);
  }
}
BENCHMARK(short_queue)->Iterations(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// A million of 1 KiB: memory, start, then a fifth of them is fetched and acknowledged.
void backlog(benchmark::State& state) {
  const std::uint64_t messages = quick() ? 200'000 : 1'000'000, drained = messages / 5;
  for (auto _ : state) {
    StreamRig rig;
    const auto id = rig.create(false);
    const auto filled = fill(rig, id, kKib, messages);
    count(state, "messages", static_cast<double>(messages));
    count(state, "fill/s", per_second(filled, messages));
    count(state, "fill_us", us_each(filled, messages));
    count(state, "rss_mb", resident_mb());
    measure_start(state, rig);
    const auto cost = Fetching(rig, id, kConnections, kKib, drained).run();
    count(state, "drain_us", us_each(cost, drained));
    count(state, "drain/s", per_second(cost, drained));
    count(state, "rss_drained_mb", resident_mb());
    verdict(state, rig);
  }
}
BENCHMARK(backlog)->Iterations(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// Ten million of 100 bytes: memory and start.
void small_messages(benchmark::State& state) {
  const std::uint64_t messages = quick() ? 1'000'000 : 10'000'000;
  for (auto _ : state) {
    StreamRig rig;
    const auto id = rig.create(false);
    const auto filled = fill(rig, id, 100, messages);
    count(state, "messages", static_cast<double>(messages));
    count(state, "fill/s", per_second(filled, messages));
    count(state, "fill_us", us_each(filled, messages));
    count(state, "rss_mb", resident_mb());
    measure_start(state, rig);
    verdict(state, rig);
  }
}
BENCHMARK(small_messages)->Iterations(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

constexpr std::uint64_t kKeys = 1'000'000;
constexpr const char* kFilter = "site3.building42.*";
constexpr std::uint32_t kPage = 250, kFiltered = 1'000;  // kFilter has 1,000 keys of the million.

// Neighbours in key order are far from each other in the journal.
std::string sensor(std::uint64_t message) {
  const std::uint64_t i = message * 7919 % kKeys;
  return "site" + std::to_string(i % 10) + ".building" + std::to_string(i / 10 % 100) + ".sensor" +
         std::to_string(i / 1000);
}

void read_keys(benchmark::State& state, StreamRig& rig, StreamId id) {
  auto& engine = rig.engine();
  const auto measure = [&](const char* name, std::uint64_t calls, std::size_t each, Reading::Call call) {
    const auto cost = Reading(rig, id, calls, each, std::move(call)).run();
    count(state, (std::string(name) + "_us").c_str(), us_each(cost, calls * each));
    count(state, (std::string(name) + "_wall_us/call").c_str(), cost.wall_s * 1e6 / static_cast<double>(calls));
  };
  const std::uint64_t rounds = quick() ? 1 : 4;
  measure("last_one", 1'000 * rounds, 1, [&](std::uint64_t n, const std::string&, FetchDone done) {
    return engine.read_last(0, id, sensor(n * 611'953 % kKeys), "", 1, std::move(done));
  });
  measure("last_page", 10 * rounds, kPage, [&](std::uint64_t, const std::string& after, FetchDone done) {
    return engine.read_last(0, id, "", after, kPage, std::move(done));
  });
  measure("last_filtered", 3 * rounds, kFiltered, [&](std::uint64_t, const std::string&, FetchDone done) {
    return engine.read_last(0, id, kFilter, "", kFiltered, std::move(done));
  });
  measure("read_filtered", 10 * rounds, kPage, [&](std::uint64_t n, const std::string&, FetchDone done) {
    return engine.read(0, id, 1 + n * 10'000, kPage, kFilter, std::move(done));
  });
}

// A million keys of one message each: memory, start, last-per-key and filtered reads.
void keys(benchmark::State& state) {
  for (auto _ : state) {
    StreamRig rig;
    const auto id = rig.create(true);
    const double before = resident_mb();
    const auto filled = fill(rig, id, 100, kKeys, sensor);
    const double after = resident_mb();
    count(state, "messages", static_cast<double>(kKeys));
    count(state, "fill/s", per_second(filled, kKeys));
    count(state, "fill_us", us_each(filled, kKeys));
    count(state, "rss_mb", after);
    count(state, "rss_bytes/key", (after - before) * (1u << 20) / static_cast<double>(kKeys));
    read_keys(state, rig, id);
    measure_start(state, rig);
    verdict(state, rig);
  }
}
BENCHMARK(keys)->Iterations(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

// 120,000 messages are out: what they cost, and what other messages cost beside them.
void leases(benchmark::State& state) {
  constexpr std::uint64_t kHeld = 120'000;
  constexpr std::size_t kWidth = 64;
  const std::uint64_t others = quick() ? 20'000 : 100'000;
  for (auto _ : state) {
    StreamRig rig;
    const auto id = rig.create(false, kHeld + 10'000);
    fill(rig, id, 100, kHeld + others);
    std::vector<Token> held(kHeld);
    const auto us = [&](const char* name, const Cost& cost, std::uint64_t messages) {
      count(state, name, us_each(cost, messages));
    };
    ::malloc_trim(0);  // Else the fill's slack hides what the leases take.
    const double before = resident_mb();
    us("fetch_us", Fetching(rig, id, kWidth, 100, kHeld, held).run(), kHeld);
    count(state, "rss_bytes/lease", (resident_mb() - before) * (1u << 20) / static_cast<double>(kHeld));
    us("pass_by_us", Fetching(rig, id, kWidth, 100, others).run(), others);
    us("extend_us", Settling(rig, id, kWidth, held, 60'000).run(), kHeld);
    // All leases end at once; whoever asks for the counts finds them over.
    rig.clock().step_ms(60'001);
    const Meter meter;
    if (rig.leased(id) != 0) rig.fail("leases did not end");
    us("expire_us", meter.read(), kHeld);
    us("fetch_again_us", Fetching(rig, id, kWidth, 100, kHeld, held).run(), kHeld);
    us("ack_us", Settling(rig, id, kWidth, held, 0).run(), kHeld);
    verdict(state, rig);
  }
}
BENCHMARK(leases)->Iterations(1)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace switchyard::stream

int main(int count, char** arguments) {
  if (count == 4 && std::string_view(arguments[1]) == "--start") {
    return switchyard::stream::start_only(arguments[2], arguments[3]);
  }
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
