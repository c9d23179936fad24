// The bus on lanes that have threads of their own: for ThreadSanitizer, and for what only happens when lanes overlap.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <random>
#include <thread>

#include "kernel/base/clock.h"
#include "kernel/base/executor.h"
#include "kernel/bus/bus.h"

namespace switchyard::bus {
namespace {

struct Counter final : Subscriber {
  bool on_message(Subscription&, const Message& message) override {
    const auto number = std::stoull(std::string(message.body));
    // One publisher's messages come in its order.
    if (number <= last) out_of_order = true;
    last = number;
    ++got;
    return true;
  }
  std::uint64_t last = 0, got = 0;
  bool out_of_order = false;
};

struct LaneRig {
  explicit LaneRig(std::size_t count, BusOptions options = {}) {
    std::vector<Executor*> all;
    for (std::size_t i = 0; i < count; ++i) {
      lanes.push_back(std::make_unique<ManualExecutor>(clock, i));
      all.push_back(lanes.back().get());
    }
    bus = std::make_unique<Bus>(all, options);
    for (auto& lane : lanes) {
      threads.emplace_back([this, lane = lane.get()] {
        while (!stop) {
          if (lane->run() == 0) std::this_thread::yield();
        }
      });
    }
  }
  ~LaneRig() {
    stop = true;
    for (auto& thread : threads) thread.join();
  }
  void run_on_all(const std::function<void(std::size_t lane)>& task) {
    std::latch left(static_cast<std::ptrdiff_t>(lanes.size()));
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      lanes[i]->post([&task, &left, i] {
        task(i);
        left.count_down();
      });
    }
    left.wait();
  }
  ManualClock clock;
  std::vector<std::unique_ptr<ManualExecutor>> lanes;
  std::unique_ptr<Bus> bus;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
};

// Publishes `left` messages in bursts of a turn, stopping when told to.
struct Source {
  Source(LaneRig& rig, std::size_t lane, std::uint64_t count) : rig_(rig), lane_(lane), left_(count) {
    rig_.lanes[lane_]->post([this] {
      publisher_ = std::make_unique<Publisher>(rig_.bus->lane(lane_), 1);
      burst();
    });
  }
  void burst() {
    for (int i = 0; i < 50 && left_ > 0; ++i, --left_) {
      const auto body = std::to_string(++sent_);
      if (!publisher_->publish({"load." + std::to_string(lane_), {}, {}, body}).busy) continue;
      --left_;
      return rig_.bus->lane(lane_).when_ready([this] { burst(); });
    }
    if (left_ > 0) return rig_.lanes[lane_]->post([this] { burst(); });
    publisher_.reset();
    done = true;
  }
  LaneRig& rig_;
  const std::size_t lane_;
  std::uint64_t left_, sent_ = 0;
  std::unique_ptr<Publisher> publisher_;
  std::atomic<bool> done{false};
};

TEST(BusRace, lanes_that_publish_to_each_other_lose_nothing_and_keep_the_order) {
  constexpr std::uint64_t kEach = 20'000;
  LaneRig rig(4, {.max_pending_bytes = 20'000});
  std::vector<std::unique_ptr<Counter>> counters;
  for (std::size_t from = 0; from < 4; ++from) {
    for (std::size_t to = 0; to < 4; ++to) counters.push_back(std::make_unique<Counter>());
  }
  std::atomic<int> settled{0};
  rig.run_on_all([&](std::size_t lane) {
    const auto to = lane;
    for (std::size_t from = 0; from < 4; ++from) {
      rig.bus->lane(to).subscribe(1, "load." + std::to_string(from), "", *counters[from * 4 + to]);
    }
    rig.bus->lane(to).when_settled([&] { ++settled; });
  });
  while (settled < 4) std::this_thread::yield();
  std::vector<std::unique_ptr<Source>> sources;
  for (std::size_t lane = 0; lane < 4; ++lane) sources.push_back(std::make_unique<Source>(rig, lane, kEach));
  const auto finished = [&] {
    for (const auto& source : sources) {
      if (!source->done) return false;
    }
    std::atomic<bool> all{true};
    rig.run_on_all([&](std::size_t lane) {
      for (std::size_t from = 0; from < 4; ++from) {
        if (counters[from * 4 + lane]->got < kEach) all = false;
      }
    });
    return all.load();
  };
  while (!finished()) std::this_thread::yield();
  for (const auto& counter : counters) {
    EXPECT_EQ(counter->got, kEach);
    EXPECT_FALSE(counter->out_of_order);
  }
}

TEST(BusRace, subscriptions_that_come_and_go_under_load_leave_exact_interest_behind) {
  LaneRig rig(4);
  struct Churn {
    std::mt19937 random{1};
    std::vector<Subscription*> mine;
  };
  struct Silent final : Subscriber {
    bool on_message(Subscription&, const Message&) override { return true; }
  } silent;
  std::vector<Churn> churns(4);
  for (int round = 0; round < 200; ++round) {
    rig.run_on_all([&](std::size_t lane) {
      auto& bus = rig.bus->lane(lane);
      auto& churn = churns[lane];
      Publisher publisher(bus, 1);
      for (int i = 0; i < 20; ++i) {
        const auto what = churn.random() % 3;
        const auto subject = "s." + std::to_string(churn.random() % 5);
        if (what == 0) {
          churn.mine.push_back(bus.subscribe(1, subject, churn.random() % 2 == 0 ? "q" : "", silent));
        } else if (what == 1 && !churn.mine.empty()) {
          bus.unsubscribe(1, churn.mine.back());
          churn.mine.pop_back();
        } else {
          publisher.publish({subject, {}, {}, "1"});
        }
      }
    });
  }
  std::atomic<int> settled{0};
  rig.run_on_all([&](std::size_t lane) {
    auto& bus = rig.bus->lane(lane);
    for (auto* subscription : churns[lane].mine) bus.unsubscribe(1, subscription);
    bus.when_settled([&] { ++settled; });
  });
  while (settled < 4) std::this_thread::yield();
  std::atomic<std::uint32_t> receivers{0};
  rig.run_on_all([&](std::size_t lane) {
    for (int i = 0; i < 5; ++i) {
      Publisher publisher(rig.bus->lane(lane), 1);
      receivers += publisher.publish({"s." + std::to_string(i), {}, {}, "1"}).receivers;
    }
  });
  EXPECT_EQ(receivers, 0u);
}

}  // namespace
}  // namespace switchyard::bus
