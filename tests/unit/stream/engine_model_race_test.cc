// Races and failures between the lanes, the store and the journal, each brought about by hand.
#include "tests/unit/stream/engine_fixture.h"
#include "tests/unit/stream/faulty_store.h"

namespace switchyard::stream {
namespace {

using Bodies = std::vector<std::string>;

Bodies bodies(const auto& got) {
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
    faults_.release_gets();
    engine_.reset();
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
};

TEST_F(EngineRace, what_a_failed_checkpoint_did_not_write_comes_with_the_next_one) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "one");
  faults_.fail_writes = true;
  checkpoint();
  faults_.fail_writes = false;
  put(id, "two");
  checkpoint();
  ASSERT_EQ(engine_->stats().checkpoints, 1u);
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), (Bodies{"one", "two"}));
}

TEST_F(EngineRace, a_chunk_that_a_failed_checkpoint_did_not_write_is_not_forgotten) {
  open();
  const auto id = create("jobs", work_queue());
  const auto other = create("other", work_queue());
  fill(id, 600);  // The first chunk does not change any more.
  faults_.fail_writes = true;
  checkpoint();
  faults_.fail_writes = false;
  put(other, "moves the position on");
  checkpoint();
  reopen();
  EXPECT_EQ(state(id).messages, 600u);
  EXPECT_EQ(bodies(fetch(id, 1)), Bodies{"0"});
}

// ---- reading without a work queue --------------------------------------------------------------

TEST_F(EngineRace, in_a_log_a_delayed_message_that_was_acknowledged_does_not_come_again) {
  open();
  const auto id = create("log", StreamConfig());
  put(id, "a");
  put(id, "delayed", {}, 1'000);
  put(id, "c");
  clock_.advance_ms(1'000);
  Bodies seen;
  for (int i = 0; i < 5; ++i) {
    for (const auto& got : fetch(id, 1)) {
      seen.push_back(got.body);
      ack(id, {got.token});
    }
  }
  EXPECT_EQ(seen, (Bodies{"a", "delayed", "c"}));
}

TEST_F(EngineRace, in_a_log_a_delayed_message_that_went_out_hides_nothing_before_it_after_a_crash) {
  open();
  const auto id = create("log", StreamConfig());
  put(id, "a");
  put(id, "delayed", {}, 1'000);
  put(id, "c");
  clock_.advance_ms(1'000);
  const auto first = fetch(id, 1);
  reopen();
  clock_.advance_ms(60'000);
  auto seen = bodies(fetch(id, 10));
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (Bodies{"a", "c", "delayed"}));
}

TEST_F(EngineRace, in_a_log_a_message_delayed_beyond_others_is_not_lost_over_a_crash) {
  open();
  const auto id = create("log", StreamConfig());
  put(id, "a");
  put(id, "delayed", {}, 1'000);
  put(id, "c");
  const auto got = fetch(id, 10);
  ASSERT_EQ(bodies(got), (Bodies{"a", "c"}));
  ack(id, tokens_of(got));
  clock_.advance_ms(1'000);
  reopen();
  EXPECT_EQ(bodies(fetch(id, 10)), Bodies{"delayed"});
}

TEST_F(EngineRace, an_ordered_consumer_needs_a_work_queue) {
  open();
  StreamConfig config;
  config.keyed = true;
  auto ordered = consumer();
  ordered.ordered = true;
  Status outcome;
  bool done = false;
  engine_->create(0, 7, 3, "log", config, {ordered}, "", [&](const Status& status, const DefinitionPtr&) {
    outcome = status;
    done = true;
  });
  until([&] { return done; });
  EXPECT_EQ(outcome.code(), Code::unsupported);
}

TEST_F(EngineRace, a_second_consumer_cannot_join_a_work_queue_by_an_update) {
  open();
  const auto id = create("jobs", work_queue());
  auto other = consumer();
  other.name = "other";
  Status outcome;
  bool done = false;
  engine_->update(0, id, 0, work_queue(), {other}, "", [&](const Status& status, const DefinitionPtr&) {
    outcome = status;
    done = true;
  });
  until([&] { return done; });
  EXPECT_EQ(outcome.code(), Code::unsupported);
}

// ---- images of different ages ------------------------------------------------------------------

TEST_F(EngineRace, a_lease_whose_message_a_newer_image_no_longer_has_is_not_counted) {
  open();
  const auto id = create("jobs", work_queue());
  put(id, "done");
  put(id, "kept");
  const auto got = fetch(id, 1);
  checkpoint();
  ack(id, {got[0].token});
  faults_.keeps = [](std::string_view key) { return key[0] == 'c'; };
  checkpoint();
  reopen();
  const auto counts = state(id);
  EXPECT_EQ(counts.messages, 1u);
  EXPECT_EQ(counts.leased, 0u);
  EXPECT_EQ(counts.available, 1u);
}

}  // namespace
}  // namespace switchyard::stream
