// Keys over a start: what a filtered read and last-per-key say at once after recovery.
#include <algorithm>
#include <map>
#include <random>

#include "tests/unit/stream/engine_fixture.h"

namespace switchyard::stream {
namespace {

using Bodies = std::vector<std::string>;

class EngineKeysTest : public EngineFixture {
 protected:
  EngineKeysTest() {
    options_.journal.first_segment_bytes = 64u << 10;
    options_.resident_chunks = 8;
  }
  StreamId create_keyed() {
    auto config = work_queue();
    config.keyed = true;
    return create("keyed", config);
  }
  static Bodies bodies(const std::vector<Got>& got) {
    Bodies out;
    for (const auto& g : got) out.push_back(g.body);
    return out;
  }
  Bodies last(StreamId id, std::string_view filter, std::string_view after = {}, std::uint32_t max = 10'000) {
    Bodies out;
    bool done = false;
    const auto accepted =
        engine_->read_last(0, id, filter, after, max, [&](const Status& status, std::span<const Delivery> deliveries) {
          EXPECT_TRUE(status.ok()) << status.error().message;
          for (const auto& d : deliveries) out.emplace_back(d.body);
          done = true;
        });
    EXPECT_TRUE(accepted.ok());
    until([&] { return done; });
    return out;
  }
  void take(StreamId id, std::uint32_t count) {
    std::vector<Token> tokens;
    for (const auto& g : fetch(id, count)) tokens.push_back(g.token);
    EXPECT_EQ(tokens.size(), count);
    ack(id, tokens);
  }
};

TEST_F(EngineKeysTest, keys_that_only_the_journal_knows_are_read_by_filter_right_after_a_start) {
  open();
  const auto id = create_keyed();
  put(id, "1", "b.x");
  put(id, "2", "a.y");
  put(id, "3", "a.x");
  put(id, "4", "b.x");
  reopen();
  EXPECT_EQ(bodies(read(id, 1, 10, "a.*")), (Bodies{"2", "3"}));
  EXPECT_EQ(last(id, ">"), (Bodies{"3", "2", "4"}));
}

TEST_F(EngineKeysTest, keys_of_images_and_keys_of_the_journal_stand_in_one_order) {
  open();
  const auto id = create_keyed();
  put(id, "1", "m");
  put(id, "2", "c");
  checkpoint();
  put(id, "3", "z");
  put(id, "4", "a");
  put(id, "5", "c");
  reopen();
  EXPECT_EQ(last(id, ""), (Bodies{"4", "5", "1", "3"}));
  EXPECT_EQ(last(id, "", "c", 1), Bodies{"1"});
  put(id, "6", "d");
  EXPECT_EQ(last(id, ""), (Bodies{"4", "5", "6", "1", "3"}));
}

TEST_F(EngineKeysTest, a_key_whose_last_message_left_in_the_replayed_part_is_gone_and_may_come_back) {
  open();
  const auto id = create_keyed();
  put(id, "1", "left");
  put(id, "2", "stays");
  checkpoint();
  take(id, 1);
  put(id, "3", "new.gone");
  put(id, "4", "new.stays");
  purge(id);
  put(id, "5", "stays");
  put(id, "6", "new.stays");
  reopen();
  EXPECT_EQ(last(id, ""), (Bodies{"6", "5"}));
  EXPECT_TRUE(bodies(read(id, 1, 10, "left")).empty());
  put(id, "7", "left");
  EXPECT_EQ(last(id, ""), (Bodies{"7", "6", "5"}));
  EXPECT_EQ(bodies(read(id, 1, 10, "left")), Bodies{"7"});
}

TEST_F(EngineKeysTest, a_stream_that_is_made_after_a_start_keeps_its_keys_in_order) {
  open();
  reopen();
  const auto id = create_keyed();
  put(id, "1", "b");
  put(id, "2", "a");
  EXPECT_EQ(last(id, ""), (Bodies{"2", "1"}));
}

// Chunks are spilled and come back while keys go.
TEST_F(EngineKeysTest, last_per_key_agrees_with_a_plain_map_over_many_starts) {
  open();
  const auto id = create_keyed();
  std::mt19937_64 random(11);
  std::map<Seq, std::pair<std::string, std::string>> live;  // Key and body.
  for (int life = 0; life < 12; ++life) {
    std::vector<std::string> keys, bodies;
    for (std::size_t i = 0; i < 700; ++i) {
      keys.push_back("k" + std::to_string(random() % 900));
      bodies.push_back(std::to_string(random()));
    }
    std::vector<MessageIn> in(keys.size());
    for (std::size_t i = 0; i < in.size(); ++i) {
      in[i].key = keys[i];
      in[i].body = bodies[i];
    }
    const auto results = append(id, in);
    ASSERT_EQ(results.size(), in.size());
    for (std::size_t i = 0; i < in.size(); ++i) live[results[i].seq] = {keys[i], bodies[i]};
    if (random() % 2 == 0) checkpoint();
    for (int n = 0; n < 5; ++n) {
      take(id, 100);
      live.erase(live.begin(), std::next(live.begin(), 100));
    }
    if (random() % 3 == 0) checkpoint();
    reopen();
    std::map<std::string, std::string> newest;
    for (const auto& [seq, message] : live) newest[message.first] = message.second;
    Bodies expected;
    for (const auto& [key, body] : newest) expected.push_back(body);
    ASSERT_EQ(last(id, ""), expected) << "life " << life;
  }
}

}  // namespace
}  // namespace switchyard::stream
