// EngineFixture runs a real engine on a real folder with lanes that the test turns by hand.
//
// Nothing sleeps: until() turns the lanes until a condition holds; journal and store threads make it
// hold.  A crash is dropping the engine without stop().
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kernel/stream/engine.h"
#include "tests/unit/stream/waking_lane.h"

namespace switchyard::stream {

class EngineFixture : public ::testing::Test {
 protected:
  explicit EngineFixture(std::size_t lanes = 1) : lanes_(lanes) {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() / ("switchyard-" + std::string(info->test_suite_name()) + "-" +
                                                        info->name() + "-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~EngineFixture() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    const auto status = try_open();
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  Status try_open() {
    EngineOptions options = options_;
    options.journal.directory = folder_ / "journal";
    options.store_directory = folder_ / "store";
    options.lanes = lanes_;
    options.secret = {1, 2};
    executors_.clear();
    for (std::size_t i = 0; i < lanes_; ++i) executors_.push_back(std::make_unique<WakingLane>(clock_, i, bell_));
    if (!files_) files_ = journal::make_posix_file_system();
    engine_ = std::make_unique<Engine>(*files_, clock_, options);
    if (auto status = engine_->open(report_); !status) return status;
    std::vector<Executor*> lanes;
    for (const auto& e : executors_) lanes.push_back(e.get());
    engine_->start(lanes);
    return {};
  }
  // The process dies: nothing is flushed that was not acknowledged.
  void crash() {
    engine_.reset();
    executors_.clear();
  }
  void reopen() {
    crash();
    open();
  }

  template <class F>
  void until(F condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      const auto ran = turn();
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the condition did not come true";
      if (ran == 0) bell_.wait();
    }
  }
  std::size_t turn() {
    std::size_t ran = 0;
    for (const auto& e : executors_) ran += e->run();
    return ran;
  }

  // ---- synchronous forms of the engine's calls ----
  StreamId create(const std::string& name, StreamConfig config, std::vector<ConsumerConfig> consumers = {}) {
    if (consumers.empty()) consumers.push_back(consumer());
    StreamId id = 0;
    bool done = false;
    engine_->create(0, 7, 3, name, config, consumers, "blob", [&](const Status& status, DefinitionPtr definition) {
      EXPECT_TRUE(status.ok()) << status.error().message;
      if (definition) id = definition->id;
      done = true;
    });
    until([&] { return done; });
    return id;
  }
  static StreamConfig work_queue() {
    StreamConfig config;
    config.retention = Retention::workqueue;
    return config;
  }
  static ConsumerConfig consumer() {
    ConsumerConfig config;
    config.name = "q";
    return config;
  }
  std::vector<Appended> append(StreamId id, const std::vector<MessageIn>& messages, bool all_or_nothing = false,
                               Status* outcome = nullptr) {
    std::vector<Appended> out;
    bool done = false;
    auto accepted =
        engine_->append(0, id, messages, all_or_nothing, [&](const Status& status, std::span<const Appended> results) {
          if (outcome != nullptr) *outcome = status;
          out.assign(results.begin(), results.end());
          done = true;
        });
    if (!accepted) {
      if (outcome != nullptr) *outcome = accepted;
      return out;
    }
    until([&] { return done; });
    return out;
  }
  Seq put(StreamId id, std::string_view body, std::string_view key = {}, std::uint32_t delay_ms = 0) {
    MessageIn message;
    message.body = body;
    message.key = key;
    message.delay_ms = delay_ms;
    const auto results = append(id, {message});
    EXPECT_EQ(results.size(), 1u);
    EXPECT_EQ(results.at(0).status, Code::ok);
    return results.at(0).seq;
  }
  struct Got {
    Token token;
    std::string body, key, source;
    MessageId id{};
    std::int64_t time_ms = 0;
  };
  struct Waiting {
    bool done = false;
    Status status;
    std::vector<Got> got;
    FetchId id = 0;
    std::vector<std::string> bodies() const {
      std::vector<std::string> out;
      for (const auto& g : got) out.push_back(g.body);
      return out;
    }
  };
  std::shared_ptr<Waiting> start_fetch(StreamId id, std::uint32_t max, std::uint32_t wait_ms = 0,
                                       std::uint32_t ack_wait_ms = FetchRequest::kDefaultAckWait) {
    auto w = std::make_shared<Waiting>();
    FetchRequest request;
    request.max = max;
    request.wait_ms = wait_ms;
    request.ack_wait_ms = ack_wait_ms;
    auto fetch = engine_->fetch(0, id, "q", request, collect_into(w));
    EXPECT_TRUE(fetch.ok());
    if (fetch) w->id = *fetch;
    return w;
  }
  std::vector<Got> fetch(StreamId id, std::uint32_t max, std::uint32_t ack_wait_ms = FetchRequest::kDefaultAckWait) {
    auto w = start_fetch(id, max, 0, ack_wait_ms);
    until([&] { return w->done; });
    EXPECT_TRUE(w->status.ok()) << w->status.error().message;
    return w->got;
  }
  std::vector<Got> read(StreamId id, Seq from, std::uint32_t max, std::string_view filter = {}) {
    auto w = std::make_shared<Waiting>();
    EXPECT_TRUE(engine_->read(0, id, from, max, filter, collect_into(w)).ok());
    until([&] { return w->done; });
    EXPECT_TRUE(w->status.ok()) << w->status.error().message;
    return w->got;
  }
  std::vector<Code> ack(StreamId id, const std::vector<Token>& tokens, bool strict = false) {
    std::vector<Code> out;
    bool done = false;
    EXPECT_TRUE(engine_
                    ->ack(0, id, "q", tokens, strict,
                          [&](const Status& status, std::span<const Code> each) {
                            EXPECT_TRUE(status.ok()) << status.error().message;
                            out.assign(each.begin(), each.end());
                            done = true;
                          })
                    .ok());
    until([&] { return done; });
    return out;
  }
  Code extend(StreamId id, Token token, std::uint32_t after_ms, bool strict = false) {
    Code out = Code::internal;
    bool done = false;
    EXPECT_TRUE(engine_
                    ->extend(0, id, "q", std::span(&token, 1), std::span(&after_ms, 1), strict,
                             [&](const Status&, std::span<const Code> each) {
                               out = each[0];
                               done = true;
                             })
                    .ok());
    until([&] { return done; });
    return out;
  }
  State state(StreamId id) {
    State out;
    bool done = false;
    EXPECT_TRUE(engine_
                    ->state(0, id, "q",
                            [&](const Status&, const State& s) {
                              out = s;
                              done = true;
                            })
                    .ok());
    until([&] { return done; });
    return out;
  }
  void purge(StreamId id) {
    bool done = false;
    EXPECT_TRUE(engine_
                    ->purge(0, id,
                            [&](const Status& status) {
                              EXPECT_TRUE(status.ok());
                              done = true;
                            })
                    .ok());
    until([&] { return done; });
  }
  void remove(StreamId id) {
    bool done = false;
    engine_->remove(0, id, [&](const Status& status) {
      EXPECT_TRUE(status.ok()) << status.error().message;
      done = true;
    });
    until([&] { return done; });
  }
  void checkpoint() {
    bool done = false;
    engine_->checkpoint([&] { done = true; });
    until([&] { return done; });
  }

  const std::size_t lanes_;
  EngineOptions options_;
  std::filesystem::path folder_;
  ManualClock clock_;
  std::unique_ptr<journal::FileSystem> files_;
  Bell bell_;
  std::vector<std::unique_ptr<WakingLane>> executors_;
  std::unique_ptr<Engine> engine_;
  journal::RecoveryReport report_;

 private:
  static FetchDone collect_into(std::shared_ptr<Waiting> w) {
    return [w](const Status& status, std::span<const Delivery> deliveries) {
      EXPECT_FALSE(w->done) << "a completion ran twice";
      w->done = true;
      w->status = status;
      for (const auto& d : deliveries) {
        w->got.push_back({d.token, std::string(d.body), std::string(d.key), std::string(d.source), d.id, d.time_ms});
      }
    };
  }
};

}  // namespace switchyard::stream
