// EngineRace is a running engine whose store and disk a test can hold back or make fail.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/stream/engine_fixture.h"
#include "tests/unit/stream/faulty_store.h"
#include "tests/unit/stream/gated_disk.h"

namespace switchyard::stream {

using Bodies = std::vector<std::string>;

inline Bodies bodies(const auto& got) {
  Bodies out;
  for (const auto& g : got) out.push_back(g.body);
  return out;
}

class EngineRace : public EngineFixture {
 protected:
  explicit EngineRace(std::size_t lanes = 1) : EngineFixture(lanes) {
    options_.open_store = [this](const store::Options& options) -> Result<std::unique_ptr<store::Store>> {
      auto real = store::Store::open(options);
      if (!real) return Error(real.error());
      return std::unique_ptr<store::Store>(std::make_unique<FaultyStore>(std::move(*real), faults_));
    };
    options_.checkpoint_interval_ms = 3'600'000;  // Only when a test says so.
  }
  ~EngineRace() override {
    faults_.drop_gets();
    faults_.writes.open();
    if (disk_ != nullptr) disk_->open_gates();
    engine_.reset();
  }
  // The journal on a disk that does what the test says.
  GatedDisk& gated_disk() {
    auto disk = std::make_unique<GatedDisk>();
    disk_ = disk.get();
    files_ = std::move(disk);
    return *disk_;
  }
  // Turns the lanes for a while without waiting for anything.
  void turns(int n) {
    for (; n > 0; --n) {
      turn();
      std::this_thread::yield();
    }
  }
  // Messages "0", "1", ... in batches.
  void fill(StreamId id, std::size_t count, std::string_view key = {}) {
    for (std::size_t at = 0; at < count; at += 200) {
      std::vector<std::string> texts;
      std::vector<MessageIn> messages;
      for (std::size_t i = at; i < std::min(count, at + 200); ++i) texts.push_back(std::to_string(i));
      for (const auto& text : texts) {
        messages.emplace_back().body = text;
        messages.back().key = key;
      }
      append(id, messages);
    }
  }
  std::vector<Token> tokens_of(const std::vector<Got>& got) {
    std::vector<Token> tokens;
    for (const auto& g : got) tokens.push_back(g.token);
    return tokens;
  }
  // stored_bytes and the journal's live bytes say the same as the streams.
  void expect_bytes_agree(const std::vector<StreamId>& ids) {
    std::int64_t sum = 0;
    for (const auto id : ids) sum += static_cast<std::int64_t>(state(id).bytes);
    EXPECT_EQ(engine_->usage(7)->stored_bytes.load(), sum);
    EXPECT_EQ(static_cast<std::int64_t>(engine_->journal().stats().live_bytes), sum);
  }

  StoreFaults faults_;
  GatedDisk* disk_ = nullptr;
};
class EngineRaceOnFourLanes : public EngineRace {
 protected:
  EngineRaceOnFourLanes() : EngineRace(4) {}
};

}  // namespace switchyard::stream
