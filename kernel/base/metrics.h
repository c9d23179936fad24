// MetricRegistry holds the server's counters, gauges and histograms and prints them in the text form
// that Prometheus reads.
//
// An instrument is registered once, by name and labels, and kept by whoever updates it; the same
// name and labels give the same instrument.  Updates are relaxed atomics: a counter has one cell per
// group of threads, so lanes do not fight over a cache line.  Labels must come from small fixed sets
// (a status, a reason, a plugin), never from a client.
//
// Failure: an instrument never breaks what it measures.  A name that Prometheus would not accept, a
// second type under one name, or more than kMaxSeries series give an instrument that works and is not
// printed; the log says so once (`metrics.refused`).
//
// Thread: registration and rendering take a mutex; updates are free of locks, from any thread.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchyard {

class Counter {
 public:
  void add(std::uint64_t n = 1) { cells_[cell()].value.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const;

 private:
  static constexpr std::size_t kCells = 8;
  struct alignas(64) Cell {
    std::atomic<std::uint64_t> value{0};
  };
  static std::size_t cell();
  std::array<Cell, kCells> cells_;
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Counts whole numbers (say microseconds) into buckets; printed values are multiplied by `scale`.
class Histogram {
 public:
  // REQUIRES: bounds rise strictly and are not empty.  A value equal to a bound is inside it.
  Histogram(std::vector<std::uint64_t> bounds, double scale);
  void observe(std::uint64_t value);
  std::uint64_t count() const;

 private:
  friend class MetricRegistry;
  const std::vector<std::uint64_t> bounds_;
  const double scale_;
  std::vector<std::atomic<std::uint64_t>> buckets_;  // One more than bounds_: above the last.
  std::atomic<std::uint64_t> sum_{0};
};

class MetricRegistry {
 public:
  static constexpr std::size_t kMaxSeries = 4096;
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::vector<Label>;  // Borrowed for the call.

  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // References are valid as long as the registry.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<std::uint64_t> bounds, double scale,
                       const Labels& labels = {});
  // A value that is asked for when the page is printed, on the thread that prints it.
  enum class Kind { counter, gauge, histogram };
  void observe(Kind kind, std::string_view name, std::string_view help, std::function<double()> read,
               const Labels& labels = {});

  std::string render() const;

 private:
  struct Series;
  struct Family;
  Series* find_or_make(Kind kind, std::string_view name, std::string_view help, const Labels& labels);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
  std::size_t series_ = 0;
  // Given to callers that were refused; never printed.
  std::deque<std::unique_ptr<Series>> refused_;
  std::unique_ptr<Counter> refused_counter_;
  std::unique_ptr<Gauge> refused_gauge_;
  bool refusal_logged_ = false;
};

}  // namespace switchyard
