#include "kernel/base/metrics.h"

#include <gtest/gtest.h>

#include <thread>

#include "kernel/base/log.h"

namespace switchyard {
namespace {

struct Metrics : testing::Test {
  void SetUp() override { log::set_level(log::Level::off); }
  void TearDown() override { log::set_level(log::Level::info); }
  MetricRegistry registry;
};

TEST_F(Metrics, a_page_has_help_type_and_one_line_per_series) {
  registry.counter("sw_requests_total", "Requests.", {{"status", "ok"}}).add(3);
  registry.counter("sw_requests_total", "Requests.", {{"status", "busy"}}).add();
  registry.gauge("sw_open", "Open now.").set(-2);
  EXPECT_EQ(registry.render(),
            "# HELP sw_open Open now.\n"
            "# TYPE sw_open gauge\n"
            "sw_open -2\n"
            "# HELP sw_requests_total Requests.\n"
            "# TYPE sw_requests_total counter\n"
            "sw_requests_total{status=\"busy\"} 1\n"
            "sw_requests_total{status=\"ok\"} 3\n");
}

TEST_F(Metrics, the_same_name_and_labels_are_the_same_instrument) {
  auto& first = registry.counter("sw_a_total", "A.", {{"x", "1"}});
  auto& again = registry.counter("sw_a_total", "ignored", {{"x", "1"}});
  auto& other = registry.counter("sw_a_total", "A.", {{"x", "2"}});
  EXPECT_EQ(&first, &again);
  EXPECT_NE(&first, &other);
}

TEST_F(Metrics, updates_of_many_threads_are_all_counted) {
  auto& counter = registry.counter("sw_a_total", "A.");
  auto& histogram = registry.histogram("sw_h", "H.", {10}, 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) {
        counter.add();
        histogram.observe(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 60'000u);
  EXPECT_EQ(histogram.count(), 60'000u);
}

TEST_F(Metrics, a_histogram_is_cumulative_scaled_and_has_an_open_end) {
  auto& histogram = registry.histogram("sw_seconds", "Time.", {1000, 5000}, 1e-3, {{"op", "send"}});
  histogram.observe(1000);
  histogram.observe(1001);
  histogram.observe(9000);
  EXPECT_EQ(registry.render(),
            "# HELP sw_seconds Time.\n"
            "# TYPE sw_seconds histogram\n"
            "sw_seconds_bucket{op=\"send\",le=\"1\"} 1\n"
            "sw_seconds_bucket{op=\"send\",le=\"5\"} 2\n"
            "sw_seconds_bucket{op=\"send\",le=\"+Inf\"} 3\n"
            "sw_seconds_sum{op=\"send\"} 11.001\n"
            "sw_seconds_count{op=\"send\"} 3\n");
}

TEST_F(Metrics, label_values_of_strangers_cannot_forge_lines) {
  registry.counter("sw_a_total", "A.", {{"x", "a\"b\\c\nd"}}).add();
  EXPECT_NE(registry.render().find("sw_a_total{x=\"a\\\"b\\\\c\\nd\"} 1\n"), std::string::npos);
}

TEST_F(Metrics, an_observed_value_is_read_when_the_page_is_printed) {
  double value = 1;
  registry.observe(MetricRegistry::Kind::gauge, "sw_now", "Now.", [&] { return value; });
  value = 2.5;
  EXPECT_NE(registry.render().find("sw_now 2.5\n"), std::string::npos);
}

TEST_F(Metrics, bad_names_and_second_types_work_unprinted) {
  registry.counter("sw_a_total", "A.").add();
  const auto page = registry.render();
  registry.counter("sw a", "bad name").add();
  registry.counter("9a", "bad name").add();
  registry.counter("sw_b_total", "bad label", {{"le-x", "1"}}).add();
  registry.gauge("sw_a_total", "second type").set(7);
  registry.histogram("sw_a_total", "second type", {1}, 1).observe(1);
  EXPECT_EQ(registry.render(), page);
}

TEST_F(Metrics, the_number_of_series_is_bounded) {
  for (std::size_t i = 0; i < MetricRegistry::kMaxSeries + 10; ++i) {
    registry.gauge("sw_g", "G.", {{"client", std::to_string(i)}}).set(1);
  }
  const auto page = registry.render();
  EXPECT_EQ(static_cast<std::size_t>(std::count(page.begin(), page.end(), '\n')), MetricRegistry::kMaxSeries + 2);
  registry.gauge("sw_g", "G.", {{"client", "0"}}).set(77);
  EXPECT_NE(registry.render().find("sw_g{client=\"0\"} 77\n"), std::string::npos) << "old series still work";
}

}  // namespace
}  // namespace switchyard
