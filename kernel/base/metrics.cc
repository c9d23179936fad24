#include "kernel/base/metrics.h"

#include <algorithm>
#include <cassert>
#include <cstdio>

#include "kernel/base/log.h"

namespace switchyard {
namespace {

bool valid_name(std::string_view name, bool colon) {
  if (name.empty() || name.size() > 128 || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [colon](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colon && c == ':');
  });
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (quotes && c == '"') {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

// `a="x",b="y"`, without braces: also the key of a series in its family.
std::string label_text(const MetricRegistry::Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name;
    out += "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  return out;
}

std::string number(double value) {
  char buffer[32];
  const int n = value == static_cast<double>(static_cast<std::int64_t>(value)) && value < 1e15 && value > -1e15
                    ? std::snprintf(buffer, sizeof buffer, "%lld", static_cast<long long>(value))
                    : std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return std::string(buffer, static_cast<std::size_t>(n));
}

void append_line(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                 std::string_view value) {
  out += name;
  out += suffix;
  if (!labels.empty()) {
    out += '{';
    out += labels;
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

constexpr const char* kKindNames[] = {"counter", "gauge", "histogram"};

}  // namespace

// Dealt to threads in the order of their first update.
std::size_t Counter::cell() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kCells;
  return mine;
}

std::uint64_t Counter::value() const {
  std::uint64_t sum = 0;
  for (const auto& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return sum;
}

Histogram::Histogram(std::vector<std::uint64_t> bounds, double scale)
    : bounds_(std::move(bounds)), scale_(scale), buckets_(bounds_.size() + 1) {
  assert(!bounds_.empty() && std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::observe(std::uint64_t value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t sum = 0;
  for (const auto& bucket : buckets_) sum += bucket.load(std::memory_order_relaxed);
  return sum;
}

struct MetricRegistry::Series {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

struct MetricRegistry::Family {
  Kind kind;
  std::string help;
  std::map<std::string, Series> series;  // By label text.
};

MetricRegistry::MetricRegistry()
    : refused_counter_(std::make_unique<Counter>()), refused_gauge_(std::make_unique<Gauge>()) {}
MetricRegistry::~MetricRegistry() = default;

// REQUIRES: mutex_ is held.  Null = refused.
MetricRegistry::Series* MetricRegistry::find_or_make(Kind kind, std::string_view name, std::string_view help,
                                                     const Labels& labels) {
  const bool names_ok = valid_name(name, true) && std::all_of(labels.begin(), labels.end(), [](const Label& label) {
                          return valid_name(label.first, false) && !label.first.starts_with("__");
                        });
  auto family = families_.find(name);
  const bool kind_ok = family == families_.end() || family->second->kind == kind;
  const auto key = label_text(labels);
  if (names_ok && kind_ok && family != families_.end()) {
    if (auto found = family->second->series.find(key); found != family->second->series.end()) return &found->second;
  }
  if (!names_ok || !kind_ok || series_ >= kMaxSeries) {
    if (!std::exchange(refusal_logged_, true)) {
      log::warn("metrics.refused", {{"name", name},
                                    {"why", !names_ok  ? "the name or a label is not one that Prometheus accepts"
                                            : !kind_ok ? "the name is taken by a metric of another type"
                                                       : "too many series; use fewer label values"}});
    }
    return nullptr;
  }
  if (family == families_.end()) {
    family = families_.emplace(std::string(name), std::make_unique<Family>(Family{kind, std::string(help), {}})).first;
  }
  ++series_;
  return &family->second->series[key];
}

Counter& MetricRegistry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto* series = find_or_make(Kind::counter, name, help, labels);
  if (!series) return *refused_counter_;
  if (!series->counter) series->counter = std::make_unique<Counter>();
  return *series->counter;
}

Gauge& MetricRegistry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto* series = find_or_make(Kind::gauge, name, help, labels);
  if (!series) return *refused_gauge_;
  if (!series->gauge) series->gauge = std::make_unique<Gauge>();
  return *series->gauge;
}

Histogram& MetricRegistry::histogram(std::string_view name, std::string_view help, std::vector<std::uint64_t> bounds,
                                     double scale, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  auto* series = find_or_make(Kind::histogram, name, help, labels);
  if (!series) {
    // Histograms of different bounds cannot share one; callers are code, not clients, so these are few.
    refused_.push_back(std::make_unique<Series>());
    series = refused_.back().get();
  }
  if (!series->histogram) series->histogram = std::make_unique<Histogram>(std::move(bounds), scale);
  return *series->histogram;
}

void MetricRegistry::observe(Kind kind, std::string_view name, std::string_view help, std::function<double()> read,
                             const Labels& labels) {
  assert(kind != Kind::histogram);
  const std::lock_guard lock(mutex_);
  if (auto* series = find_or_make(kind, name, help, labels)) series->read = std::move(read);
}

std::string MetricRegistry::render() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + ' ';
    append_escaped(out, family->help, false);
    out += "\n# TYPE " + name + ' ' + kKindNames[static_cast<int>(family->kind)] + '\n';
    for (const auto& [labels, series] : family->series) {
      if (series.counter) append_line(out, name, "", labels, std::to_string(series.counter->value()));
      if (series.gauge) append_line(out, name, "", labels, std::to_string(series.gauge->value()));
      if (series.read) append_line(out, name, "", labels, number(series.read()));
      if (!series.histogram) continue;
      const auto& histogram = *series.histogram;
      const auto prefix = labels.empty() ? labels : labels + ',';
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < histogram.buckets_.size(); ++i) {
        below += histogram.buckets_[i].load(std::memory_order_relaxed);
        const auto bound = i < histogram.bounds_.size()
                               ? number(static_cast<double>(histogram.bounds_[i]) * histogram.scale_)
                               : std::string("+Inf");
        append_line(out, name, "_bucket", prefix + "le=\"" + bound + '"', std::to_string(below));
      }
      const auto sum = static_cast<double>(histogram.sum_.load(std::memory_order_relaxed)) * histogram.scale_;
      append_line(out, name, "_sum", labels, number(sum));
      append_line(out, name, "_count", labels, std::to_string(below));
    }
  }
  return out;
}

}  // namespace switchyard
