// Fetches with an attempt id: a repetition gets what the first one got.
#include "kernel/stream/attempts.h"
#include "tests/unit/stream/engine_fixture.h"

namespace switchyard::stream {
namespace {

class EngineAttempt : public EngineFixture {
 protected:
  StreamId make() {
    auto config = work_queue();
    config.keyed = true;
    auto q = consumer();
    q.ordered = true;
    return create("jobs", config, {q});
  }
  struct Taken {
    Seq seq;
    std::uint32_t attempt;
    std::int64_t delivered_ms;
    friend bool operator==(const Taken&, const Taken&) = default;
  };
  std::vector<Taken> fetch_as(StreamId id, const std::string& attempt, std::uint32_t max = 10,
                              std::uint32_t ack_wait_ms = 30'000) {
    std::vector<Taken> out;
    bool done = false;
    FetchRequest request;
    request.max = max;
    request.ack_wait_ms = ack_wait_ms;
    request.attempt_id = attempt;
    const auto taken =
        engine_->fetch(0, id, "q", request, [&](const Status& status, std::span<const Delivery> deliveries) {
          EXPECT_TRUE(status.ok()) << status.error().message;
          for (const auto& d : deliveries) out.push_back({d.token.seq, d.token.attempt, d.delivered_ms});
          done = true;
        });
    EXPECT_TRUE(taken.ok());
    until([&] { return done; });
    return out;
  }
};

TEST_F(EngineAttempt, a_repetition_gets_the_same_tokens_and_a_fresh_lease) {
  open();
  const auto id = make();
  for (int i = 0; i < 4; ++i) put(id, "m", "g");
  const auto first = fetch_as(id, "a", 3);
  ASSERT_EQ(first.size(), 3u);
  clock_.advance_ms(20'000);
  EXPECT_EQ(fetch_as(id, "a", 3), first);
  clock_.advance_ms(20'000);
  EXPECT_TRUE(fetch(id, 10).empty()) << "40 s after the first, 20 s after the repetition";
  EXPECT_EQ(ack(id, {{first[0].seq, first[0].attempt}}, true), std::vector<Code>{Code::ok});
  EXPECT_TRUE(fetch_as(id, "b").empty()) << "another attempt is another fetch";
}

TEST_F(EngineAttempt, what_was_changed_meanwhile_makes_it_a_new_attempt) {
  open();
  const auto id = make();
  for (const char* group : {"g", "h"}) put(id, "m", group);
  auto first = fetch_as(id, "a");
  ASSERT_EQ(first.size(), 2u);
  ack(id, {{first[0].seq, 1}});
  EXPECT_TRUE(fetch_as(id, "a").empty()) << "one is gone, the other is out";
  extend(id, {first[1].seq, 1}, 0);
  const auto second = fetch_as(id, "a");
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].attempt, 2u);
  EXPECT_EQ(fetch_as(id, "a"), second);
  extend(id, {second[0].seq, 2}, 60'000);
  EXPECT_TRUE(fetch_as(id, "a").empty()) << "its lease was changed";
}

TEST_F(EngineAttempt, an_ended_lease_makes_it_a_new_attempt) {
  open();
  const auto id = make();
  put(id, "m", "g");
  EXPECT_EQ(fetch_as(id, "a", 10, 1'000).at(0).attempt, 1u);
  clock_.advance_ms(1'001);
  EXPECT_EQ(fetch_as(id, "a", 10, 1'000).at(0).attempt, 2u);
}

TEST_F(EngineAttempt, it_is_remembered_for_five_minutes_from_the_first_time) {
  open();
  const auto id = make();
  put(id, "m", "g");
  const auto first = fetch_as(id, "a", 10, 250'000);
  clock_.advance_ms(200'000);
  EXPECT_EQ(fetch_as(id, "a", 10, 250'000), first);
  clock_.advance_ms(100'001);
  EXPECT_TRUE(fetch_as(id, "a").empty()) << "it is out, and the attempt forgotten";
}

TEST_F(EngineAttempt, an_attempt_that_got_nothing_is_not_remembered) {
  open();
  const auto id = make();
  EXPECT_TRUE(fetch_as(id, "a").empty());
  put(id, "m", "g");
  EXPECT_EQ(fetch_as(id, "a").size(), 1u);
}

TEST_F(EngineAttempt, a_purge_and_spilled_chunks_do_not_confuse_it) {
  options_.resident_chunks = 1;
  open();
  const auto id = make();
  for (int i = 0; i < 3; ++i) put(id, "m", "g" + std::to_string(i));
  const auto first = fetch_as(id, "a");
  std::vector<MessageIn> filler(2'000);
  for (auto& message : filler) {
    message.body = "f";
    message.key = "f";
  }
  append(id, filler);
  checkpoint();
  checkpoint();
  EXPECT_EQ(fetch_as(id, "a"), first);
  purge(id);
  EXPECT_TRUE(fetch_as(id, "a").empty());
}

TEST(Attempts, are_bounded_and_the_oldest_goes_first) {
  Attempts attempts;
  for (std::size_t i = 0; i < Attempts::kMax + 10; ++i) attempts.remember({"id" + std::to_string(i), {}, 1, 1});
  EXPECT_EQ(attempts.size(), Attempts::kMax);
  EXPECT_EQ(attempts.find("id9", 2), nullptr);
  EXPECT_NE(attempts.find("id10", 2), nullptr);
  attempts.forget("id10");
  EXPECT_EQ(attempts.find("id10", 2), nullptr);
  EXPECT_EQ(attempts.find("id11", 1 + Attempts::kWindowMs), nullptr);
  EXPECT_EQ(attempts.size(), 0u);
}

}  // namespace
}  // namespace switchyard::stream
