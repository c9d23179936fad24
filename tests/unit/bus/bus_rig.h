// A bus whose lanes the test runs by hand, and subscribers that remember.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernel/bus/bus.h"

namespace switchyard::bus {

struct Listener final : Subscriber {
  bool on_message(Subscription& subscription, const Message& message) override {
    if (refuse) return false;
    got.push_back(std::string(message.subject) + "=" + std::string(message.body));
    replies.emplace_back(message.reply);
    headers.emplace_back(message.headers);
    if (then) then(subscription);
    return true;
  }
  std::vector<std::string> got, replies, headers;
  std::function<void(Subscription&)> then;
  bool refuse = false;
};

struct BusRig {
  explicit BusRig(std::size_t lanes, BusOptions options = {}) {
    std::vector<Executor*> all;
    for (std::size_t i = 0; i < lanes; ++i) {
      executors.push_back(std::make_unique<ManualExecutor>(clock, i));
      all.push_back(executors.back().get());
    }
    bus = std::make_unique<Bus>(all, options);
  }
  // Until nothing is left to do.
  void run() {
    for (std::size_t ran = 1; ran > 0;) {
      ran = 0;
      for (auto& executor : executors) ran += executor->run();
    }
  }
  BusLane& lane(std::size_t i) { return bus->lane(i); }
  Published publish(std::size_t at, const std::string& subject, const std::string& body = "", Party skip = 0,
                    NamespaceNumber ns = 1) {
    Publisher publisher(lane(at), ns);
    return publisher.publish({subject, {}, {}, body}, skip);
  }

  ManualClock clock;
  std::vector<std::unique_ptr<ManualExecutor>> executors;
  std::unique_ptr<Bus> bus;
};

using Texts = std::vector<std::string>;

}  // namespace switchyard::bus
