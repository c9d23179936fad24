// What the indexes of a stream cost by themselves: time per operation and memory.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernel/base/siphash.h"
#include "kernel/stream/dedup_window.h"
#include "kernel/stream/key_index.h"
#include "kernel/stream/lease_table.h"
#include "kernel/stream/seq_index.h"

namespace switchyard::stream {
namespace {

void per_item(benchmark::State& state, double items) {
  state.SetItemsProcessed(static_cast<std::int64_t>(static_cast<double>(state.iterations()) * items));
  state.counters["time/op"] =
      benchmark::Counter(items, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

SeqIndex::Entry small_record(Seq seq) {
  return {{static_cast<std::uint32_t>(1 + seq / 600'000), static_cast<std::uint32_t>(seq % 600'000 * 110), 110},
          1'700'000'000'000 + static_cast<std::int64_t>(seq / 300),
          0};
}

template <class Index>
std::size_t checkpoint(Index& index) {
  std::vector<ChunkImage> images;
  index.collect_dirty(~std::size_t{0}, images);
  std::size_t bytes = 0;
  for (const auto& image : images) {
    bytes += image.bytes.size();
    index.mark_written(image.no, image.version);
  }
  return bytes;
}

// Ten million messages of 100 bytes arrive; a checkpoint every 100,000 lets all but 64 chunks go.
void seq_append_10m_with_eviction(benchmark::State& state) {
  constexpr Seq kMessages = 10'000'000;
  for (auto _ : state) {
    SeqIndex index(nullptr);
    std::size_t peak = 0, image_bytes = 0;
    for (Seq seq = 1; seq <= kMessages; ++seq) {
      index.append(seq, small_record(seq));
      if (seq % 100'000 != 0) continue;
      peak = std::max(peak, index.memory_bytes());
      image_bytes += checkpoint(index);
      index.evict(64);
    }
    state.counters["memory_bytes"] = static_cast<double>(index.memory_bytes());
    state.counters["peak_bytes"] = static_cast<double>(peak);
    state.counters["image_bytes/msg"] = static_cast<double>(image_bytes) / static_cast<double>(kMessages);
  }
  per_item(state, static_cast<double>(kMessages));
}
BENCHMARK(seq_append_10m_with_eviction)->Unit(benchmark::kMillisecond)->Iterations(1);

// A short queue: append, look up, remove.
void seq_short_queue(benchmark::State& state) {
  SeqIndex index(nullptr);
  Seq seq = 0;
  for (; seq < 64; ++seq) index.append(seq + 1, small_record(seq + 1));
  for (auto _ : state) {
    ++seq;
    index.append(seq, small_record(seq));
    benchmark::DoNotOptimize(index.next_live(seq - 64));
    benchmark::DoNotOptimize(index.remove(seq - 64));
  }
  state.counters["memory_bytes"] = static_cast<double>(index.memory_bytes());
}
BENCHMARK(seq_short_queue);

// A backlog of a million is consumed in order, its chunks paged in.
void seq_drain_1m_backlog(benchmark::State& state) {
  constexpr Seq kMessages = 1'000'000;
  for (auto _ : state) {
    state.PauseTiming();
    SeqIndex index(nullptr);
    for (Seq seq = 1; seq <= kMessages; ++seq) index.append(seq, small_record(seq));
    std::map<ChunkNo, std::string> images;
    std::vector<ChunkImage> out;
    index.collect_dirty(~std::size_t{0}, out);
    for (auto& image : out) {
      index.mark_written(image.no, image.version);
      images[image.no] = std::move(image.bytes);
    }
    index.evict(4);
    state.ResumeTiming();
    for (Seq cursor = 1;;) {
      const Lookup next = index.next_live(cursor);
      if (next.kind == Lookup::none) break;
      if (next.kind == Lookup::need_chunk) {
        if (!index.install(next.chunk, images.at(next.chunk))) return state.SkipWithError("install failed");
        continue;
      }
      benchmark::DoNotOptimize(index.find(next.seq));
      index.remove(next.seq);
      cursor = next.seq + 1;
    }
  }
  per_item(state, static_cast<double>(kMessages));
}
BENCHMARK(seq_drain_1m_backlog)->Unit(benchmark::kMillisecond)->Iterations(2);

std::string sensor(std::uint64_t i) {
  return "site" + std::to_string(i % 10) + ".building" + std::to_string(i / 10 % 100) + ".sensor" +
         std::to_string(i / 1000);
}

struct Million {
  static constexpr std::uint64_t kKeys = 1'000'000;
  Million() {
    for (std::uint64_t i = 0; i < kKeys; ++i) keys.add(keys.intern(sensor(i * 7919 % kKeys)), i + 1, 100);
  }
  KeyIndex keys;
};
const KeyIndex& million() {
  static const Million once;
  return once.keys;
}

void key_fill_1m(benchmark::State& state) {
  for (auto _ : state) {
    auto index = std::make_unique<Million>();
    state.PauseTiming();
    state.counters["memory_bytes/key"] = static_cast<double>(index->keys.memory_bytes()) / Million::kKeys;
    index.reset();
    state.ResumeTiming();
  }
  per_item(state, Million::kKeys);
}
BENCHMARK(key_fill_1m)->Unit(benchmark::kMillisecond)->Iterations(1);

void key_last_of_1m(benchmark::State& state) {
  const KeyIndex& keys = million();
  std::uint64_t i = 0;
  for (auto _ : state) {
    i = (i + 611'953) % Million::kKeys;
    benchmark::DoNotOptimize(keys.info(keys.find(sensor(i))).last);
  }
}
BENCHMARK(key_last_of_1m);

// Last message of every key, in pages of 256: what a key-value listing does.
void key_last_per_key_1m(benchmark::State& state) {
  const KeyIndex& keys = million();
  for (auto _ : state) {
    std::uint64_t sum = 0;
    std::string after;
    for (bool more = true; more;) {
      int n = 0;
      keys.match(">", after, [&](KeyId id, std::string_view key) {
        sum += keys.info(id).last;
        if (++n == 256) after = key;
        return n < 256;
      });
      more = n == 256;
    }
    benchmark::DoNotOptimize(sum);
  }
  per_item(state, Million::kKeys);
}
BENCHMARK(key_last_per_key_1m)->Unit(benchmark::kMillisecond)->Iterations(2);

// Arguments: pattern number.  Time is per matching key.
void key_match_1m(benchmark::State& state) {
  static const char* const kPatterns[] = {"site3.building42.sensor7", "site3.building42.*", "*.building42.sensor7",
                                          "site3.*.sensor7", "*.*.sensor7"};
  const char* pattern = kPatterns[state.range(0)];
  const KeyIndex& keys = million();
  std::uint64_t hits = 0;
  for (auto _ : state) {
    hits = 0;
    keys.match(pattern, "", [&](KeyId, std::string_view) { return ++hits != 0; });
  }
  state.SetLabel(pattern);
  state.counters["hits"] = static_cast<double>(hits);
  state.counters["looked_at"] = static_cast<double>(keys.last_match_steps());
  per_item(state, static_cast<double>(hits));
}
BENCHMARK(key_match_1m)->DenseRange(0, 4)->Unit(benchmark::kMicrosecond);

void key_hot_append_remove(benchmark::State& state) {
  KeyIndex keys;
  const KeyId id = keys.intern("orders.eu");
  keys.hold(id);
  Seq seq = 0;
  for (; seq < 1000; ++seq) keys.add(id, seq + 1, 100);
  for (auto _ : state) {
    keys.add(id, ++seq, 100);
    keys.remove(id, seq - 1000, 100);
  }
}
BENCHMARK(key_hot_append_remove);

// A working set of 120,000 leases with random deadlines in 30 s, while time runs by the millisecond.
struct Leases {
  static constexpr Seq kLeases = 120'000;
  Leases() {
    for (Seq seq = 1; seq <= kLeases; ++seq) put(seq);
  }
  void put(Seq seq) { table.put(seq, {Lease::leased, 1, now + 1 + static_cast<std::int64_t>(random() % 30'000), now}); }
  LeaseTable table;
  std::minstd_rand random{7};
  std::int64_t now = 1'700'000'000'000;
};

void lease_put_120k(benchmark::State& state) {
  for (auto _ : state) {
    Leases leases;
    state.counters["memory_bytes"] = static_cast<double>(leases.table.memory_bytes());
  }
  per_item(state, Leases::kLeases);
}
BENCHMARK(lease_put_120k)->Unit(benchmark::kMillisecond);

void lease_expire_120k_by_millisecond(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    Leases leases;
    std::uint64_t ended = 0;
    state.ResumeTiming();
    for (int ms = 0; ms < 30'000; ++ms) {
      leases.table.expire(++leases.now, 10'000, [&](Seq, const Lease&) { ++ended; });
    }
    if (ended != Leases::kLeases) state.SkipWithError("leases did not end");
  }
  per_item(state, Leases::kLeases);
}
BENCHMARK(lease_expire_120k_by_millisecond)->Unit(benchmark::kMillisecond);

void lease_expire_120k_by_timer(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    Leases leases;
    std::uint64_t ended = 0;
    state.ResumeTiming();
    for (std::int64_t due; (due = leases.table.next_due_ms()) != INT64_MAX;) {
      leases.table.expire(due, 10'000, [&](Seq, const Lease&) { ++ended; });
    }
    if (ended != Leases::kLeases) state.SkipWithError("leases did not end");
  }
  per_item(state, Leases::kLeases);
}
BENCHMARK(lease_expire_120k_by_timer)->Unit(benchmark::kMillisecond);

void lease_erase_120k_random(benchmark::State& state) {
  std::vector<Seq> order(Leases::kLeases);
  std::iota(order.begin(), order.end(), 1);
  std::shuffle(order.begin(), order.end(), std::minstd_rand(3));
  for (auto _ : state) {
    state.PauseTiming();
    Leases leases;
    state.ResumeTiming();
    for (const Seq seq : order) leases.table.erase(seq);
  }
  per_item(state, Leases::kLeases);
}
BENCHMARK(lease_erase_120k_random)->Unit(benchmark::kMillisecond);

// Messages that fail again and again: the lowest ready one is leased anew.
void lease_next_ready_of_120k(benchmark::State& state) {
  LeaseTable table;
  for (Seq seq = 1; seq <= Leases::kLeases; ++seq) table.put(seq, {Lease::ready, 1, 0, 5});
  std::int64_t now = 1000;
  for (auto _ : state) {
    const Lookup next = table.next_ready(0);
    table.put(next.seq, {Lease::leased, 2, now += 10, 5});
    if (table.counts().ready < 1000) {
      state.PauseTiming();
      table.expire(now, ~std::size_t{0}, [](Seq, const Lease&) {});
      state.ResumeTiming();
    }
  }
}
BENCHMARK(lease_next_ready_of_120k);

void dedup_1m(benchmark::State& state) {
  constexpr std::uint64_t kIds = 1'000'000;
  const SipKey key{1, 2};
  for (auto _ : state) {
    DedupWindow window(300'000, 2 * kIds);
    std::size_t peak = 0;
    for (std::uint64_t i = 1; i <= kIds; ++i) {
      const auto [low, high] = siphash128(key, {reinterpret_cast<const char*>(&i), sizeof i});
      const auto now = static_cast<std::int64_t>(i / 4);
      if (window.find({low, high}, now)) return state.SkipWithError("found what was never there");
      if (!window.remember({low, high}, i, now)) return state.SkipWithError("refused");
      if (i % 10'000 == 0) peak = std::max(peak, window.memory_bytes() / i);
    }
    state.counters["memory_bytes/id"] = static_cast<double>(window.memory_bytes()) / kIds;
    state.counters["peak_bytes/id"] = static_cast<double>(peak);
  }
  per_item(state, kIds);
}
BENCHMARK(dedup_1m)->Unit(benchmark::kMillisecond)->Iterations(2);

}  // namespace
}  // namespace switchyard::stream

BENCHMARK_MAIN();
