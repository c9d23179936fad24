// bench_bus measures the bus alone: what a message costs from publish() to a subscriber that copies it.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "kernel/bus/bus.h"

namespace switchyard::bus {
namespace {

// Keeps what a protocol would: the bytes, in a buffer that is sent at the end of the turn.
struct Sink final : Subscriber {
  bool on_message(Subscription&, const Message& message) override {
    if (out.size() > (64u << 10)) out.clear();
    out.append(message.subject).append(message.body);
    return true;
  }
  std::string out;
};

struct Rig {
  explicit Rig(std::size_t lanes) {
    std::vector<Executor*> all;
    for (std::size_t i = 0; i < lanes; ++i) {
      executors.push_back(std::make_unique<ManualExecutor>(clock, i));
      all.push_back(executors.back().get());
    }
    bus = std::make_unique<Bus>(all);
  }
  void turn() {
    for (auto& executor : executors) executor->run();
  }
  ManualClock clock;
  std::vector<std::unique_ptr<ManualExecutor>> executors;
  std::unique_ptr<Bus> bus;
};

constexpr int kTurn = 256;  // Messages that one read of a socket brings.

// Arguments: bytes, subscribers, lanes (publisher on the first, subscribers on the last), subjects.
void publish(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const auto subscribers = static_cast<std::size_t>(state.range(1));
  const auto lanes = static_cast<std::size_t>(state.range(2));
  Rig rig(lanes);
  std::vector<Sink> sinks(subscribers);
  for (auto& sink : sinks) rig.bus->lane(lanes - 1).subscribe(1, "orders.*.new", "", sink);
  rig.turn();
  rig.turn();
  Publisher publisher(rig.bus->lane(0), 1);
  const std::string body(bytes, 'x');
  std::vector<std::string> subjects;
  for (std::int64_t i = 0; i < state.range(3); ++i) subjects.push_back("orders." + std::to_string(i) + ".new");
  std::size_t at = 0;
  for (auto _ : state) {
    for (int i = 0; i < kTurn; ++i) {
      if (++at == subjects.size()) at = 0;
      benchmark::DoNotOptimize(publisher.publish({subjects[at], {}, {}, body}));
    }
    rig.turn();
    if (lanes > 1) rig.turn();
  }
  const auto deliveries = static_cast<double>(state.iterations()) * kTurn * static_cast<double>(subscribers);
  state.counters["delivery"] =
      benchmark::Counter(deliveries, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(publish)
    ->ArgNames({"bytes", "subscribers", "lanes", "subjects"})
    ->Args({16, 1, 1, 1})
    ->Args({128, 1, 1, 1})
    ->Args({16, 10, 1, 1})
    ->Args({128, 10, 1, 1})
    ->Args({16, 1, 1, 1000})
    ->Args({16, 1, 2, 1})
    ->Args({128, 10, 2, 1});

void subscribe(benchmark::State& state) {
  Rig rig(1);
  Sink sink;
  for (int i = 0; i < 10'000; ++i) rig.bus->lane(0).subscribe(1, "inbox." + std::to_string(i), "", sink);
  std::uint64_t number = 0;
  for (auto _ : state) {
    const auto subject = "reply." + std::to_string(++number);
    rig.bus->lane(0).unsubscribe(1, rig.bus->lane(0).subscribe(1, subject, "", sink));
  }
}
BENCHMARK(subscribe);

}  // namespace
}  // namespace switchyard::bus

BENCHMARK_MAIN();
