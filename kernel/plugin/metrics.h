// Metrics is the registry of counters that /metrics prints.
//
// A counter is found once and then added to without a lock; the same name and labels give the same
// counter.  Counters are never removed.
//
// Failure: beyond kMaxCounters everything lands in one counter, `switchyard_metrics_overflow_total`,
// so that a plugin that makes labels of user input costs a wrong number and not the server's memory.
//
// Thread: any.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchyard::plugin {

class Counter {
 public:
  void add(std::uint64_t n) { slots_[slot_of_thread()].value.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const;

 private:
  // Lanes write to slots of their own, so that cores do not fight for one cache line.
  static constexpr std::size_t kSlots = 8;
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> value{0};
  };
  static std::size_t slot_of_thread();
  std::array<Slot, kSlots> slots_;
};

class Metrics {
 public:
  static constexpr std::size_t kMaxCounters = 4096;
  using Labels = std::vector<std::pair<std::string, std::string>>;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Valid as long as the registry.  A name outside [a-zA-Z_:][a-zA-Z0-9_:]* counts as overflow.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  // A value that is read when somebody asks, e.g. open connections.  `kind` is "gauge" or "counter".
  void observe(std::string_view name, std::string_view help, std::string_view kind, const Labels& labels,
               std::function<double()> read);
  // Appends everything in Prometheus' text format.
  void render(std::string& out) const;

 private:
  struct Series {
    std::unique_ptr<Counter> counter;
    std::function<double()> read;
  };
  struct Family {
    std::string help, kind;
    std::map<std::string, Series> series;  // By rendered labels.
  };
  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
  std::size_t count_ = 0;
  Counter overflow_;
};

}  // namespace switchyard::plugin
