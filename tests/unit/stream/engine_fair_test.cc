// A fair consumer: who comes first when one key takes more than its share.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/unit/stream/engine_fixture.h"

namespace switchyard::stream {
namespace {

using Bodies = std::vector<std::string>;

class EngineFair : public EngineFixture {
 protected:
  explicit EngineFair(std::size_t lanes = 1) : EngineFixture(lanes) {}

  StreamId make() {
    auto config = work_queue();
    config.keyed = true;
    auto q = consumer();
    q.fair = true;
    q.max_leased = 120'000;
    return create("jobs", config, {q});
  }
  void put_many(StreamId id, std::string_view key, std::size_t n) {
    constexpr std::size_t kAtOnce = 2'000;
    MessageIn message;
    message.body = key.empty() ? "-" : key;
    message.key = key;
    for (; n > 0; n -= std::min(n, kAtOnce)) append(id, std::vector<MessageIn>(std::min(n, kAtOnce), message));
  }
  std::vector<Got> fetch_many(StreamId id, std::size_t n) {
    std::vector<Got> all;
    while (all.size() < n) {
      auto got = fetch(id, static_cast<std::uint32_t>(std::min<std::size_t>(n - all.size(), 256)));
      if (got.empty()) break;
      all.insert(all.end(), got.begin(), got.end());
    }
    return all;
  }
  void ack_all(StreamId id, const std::vector<Got>& got) {
    std::vector<Token> tokens;
    for (const auto& g : got) tokens.push_back(g.token);
    ack(id, tokens);
  }
  Bodies next(StreamId id, std::uint32_t n) {
    Bodies out;
    for (const auto& g : fetch(id, n)) out.push_back(g.body);
    return out;
  }
};
class EngineFairOnFourLanes : public EngineFair {
 protected:
  EngineFairOnFourLanes() : EngineFair(4) {}
};

TEST_F(EngineFair, as_long_as_nobody_is_noisy_messages_come_in_the_order_of_their_arrival) {
  open();
  const auto id = make();
  for (const char* key : {"a", "b", "", "a", "c", ""}) put_many(id, key, 1);
  EXPECT_EQ(next(id, 10), (Bodies{"a", "b", "-", "a", "c", "-"}));
}

TEST_F(EngineFair, a_quiet_message_behind_a_million_of_a_noisy_key_is_in_the_next_fetch) {
  options_.resident_chunks = 256;
  open();
  const auto id = make();
  put_many(id, "noisy", 1'000'000);
  EXPECT_EQ(fetch_many(id, 30).size(), 30u);
  put_many(id, "quiet", 1);
  put_many(id, "", 1);
  checkpoint();
  const auto got = next(id, 10);
  ASSERT_EQ(got.size(), 10u);
  EXPECT_EQ(std::set<std::string>(got.begin(), got.begin() + 2), (std::set<std::string>{"quiet", "-"}));
  EXPECT_EQ(std::count(got.begin(), got.end(), "noisy"), 8);
}

TEST_F(EngineFair, thirty_out_are_many_and_twenty_nine_are_not) {
  for (const std::size_t out : {29u, 30u}) {
    crash();
    std::filesystem::remove_all(folder_ / "journal");
    std::filesystem::remove_all(folder_ / "store");
    open();
    const auto id = make();
    put_many(id, "noisy", 100);
    EXPECT_EQ(fetch_many(id, out).size(), out);
    put_many(id, "quiet", 1);
    EXPECT_EQ(next(id, 1), Bodies{out == 30 ? "quiet" : "noisy"}) << out;
  }
}

TEST_F(EngineFair, a_tenth_of_all_that_is_out_is_not_more_than_a_tenth) {
  open();
  const auto id = make();
  for (int i = 0; i < 270; ++i) put_many(id, "k" + std::to_string(i), 1);
  EXPECT_EQ(fetch_many(id, 270).size(), 270u);
  put_many(id, "big", 40);
  EXPECT_EQ(fetch_many(id, 30).size(), 30u) << "30 of 300";
  put_many(id, "quiet", 1);
  EXPECT_EQ(next(id, 1), Bodies{"big"});
  EXPECT_EQ(next(id, 1), Bodies{"quiet"}) << "31 of 301";
}

TEST_F(EngineFair, who_takes_the_processing_time_is_noisy_with_few_messages_out) {
  open();
  const auto id = make();
  for (int i = 0; i < 20; ++i) {
    put_many(id, "slow", 1);
    put_many(id, "k" + std::to_string(i), 1);
    const auto got = fetch(id, 2);
    for (const auto& g : got) {
      if (g.key == "slow") clock_.advance_ms(1'000);
      ack_all(id, {g});
    }
  }
  put_many(id, "slow", 5);
  EXPECT_EQ(next(id, 1), Bodies{"slow"});
  put_many(id, "quiet", 2);
  EXPECT_EQ(next(id, 2), (Bodies{"quiet", "quiet"}));
  EXPECT_EQ(next(id, 10).size(), 4u);
}

TEST_F(EngineFair, of_several_noisy_keys_the_one_with_the_fewest_out_goes_first) {
  open();
  const auto id = make();
  put_many(id, "x", 50);
  put_many(id, "y", 40);
  EXPECT_EQ(fetch_many(id, 85).size(), 85u);
  put_many(id, "x", 10);
  put_many(id, "y", 10);
  EXPECT_EQ(next(id, 1), Bodies{"y"}) << "x has 50 out, y 35";
  EXPECT_EQ(next(id, 9), Bodies(9, "y"));
}

TEST_F(EngineFair, quiet_keys_take_turns) {
  open();
  const auto id = make();
  put_many(id, "noisy", 40);
  EXPECT_EQ(fetch_many(id, 30).size(), 30u);
  put_many(id, "a", 5);
  put_many(id, "b", 1);
  put_many(id, "", 1);
  const auto got = next(id, 3);
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()), (std::set<std::string>{"a", "b", "-"}));
  EXPECT_EQ(next(id, 4), (Bodies{"a", "a", "a", "a"}));
  EXPECT_EQ(next(id, 1), Bodies{"noisy"});
}

TEST_F(EngineFair, a_noisy_key_is_quiet_again_five_minutes_after_its_last_message) {
  open();
  const auto id = make();
  put_many(id, "noisy", 100);
  EXPECT_EQ(fetch(id, 30, 3'600'000).size(), 30u);
  put_many(id, "quiet", 1);
  EXPECT_EQ(next(id, 1), Bodies{"quiet"});
  clock_.advance_ms(299'000);
  put_many(id, "other", 1);
  EXPECT_EQ(fetch(id, 2, 3'600'000).size(), 2u) << "quiet and other, quiet's lease has ended";
  clock_.advance_ms(1'000);
  put_many(id, "late", 1);
  EXPECT_EQ(next(id, 1), Bodies{"noisy"}) << "in the order of arrival again";
}

TEST_F(EngineFair, a_drained_key_is_quiet_when_it_comes_back) {
  open();
  const auto id = make();
  put_many(id, "noisy", 31);
  auto got = fetch_many(id, 30);
  put_many(id, "quiet", 1);
  EXPECT_EQ(next(id, 1), Bodies{"quiet"});
  EXPECT_EQ(next(id, 1), Bodies{"noisy"});
  EXPECT_TRUE(next(id, 1).empty());
  ack_all(id, got);
  put_many(id, "noisy", 1);
  put_many(id, "quiet", 1);
  EXPECT_EQ(next(id, 2), (Bodies{"noisy", "quiet"}));
}

TEST_F(EngineFair, what_a_noisy_key_gets_back_waits_behind_the_quiet_too_and_is_not_lost) {
  open();
  const auto id = make();
  put_many(id, "noisy", 60);
  const auto out = fetch_many(id, 40);
  extend(id, out[3].token, 0);
  extend(id, out[1].token, 0);
  put_many(id, "quiet", 1);
  EXPECT_EQ(next(id, 1), Bodies{"quiet"});
  const auto again = fetch(id, 2);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].token.seq, out[1].token.seq) << "the oldest of a key first";
  EXPECT_EQ(again[1].token.seq, out[3].token.seq);
  clock_.advance_ms(30'001);
  EXPECT_EQ(fetch_many(id, 100).size(), 61u);
}

TEST_F(EngineFair, a_delayed_message_of_a_key_hides_none_behind_it) {
  open();
  const auto id = make();
  put_many(id, "noisy", 100);
  EXPECT_EQ(fetch_many(id, 30).size(), 30u);
  for (int i = 0; i < 200; ++i) put(id, "later", "quiet", 60'000);
  put(id, "now", "quiet");
  EXPECT_EQ(next(id, 1), Bodies{"now"});
  EXPECT_EQ(next(id, 1), Bodies{"noisy"});
  clock_.advance_ms(60'001);
  const auto got = next(id, 10);
  EXPECT_EQ(std::count(got.begin(), got.end(), "later"), 10) << "their time has come";
}

TEST_F(EngineFair, is_fair_again_at_once_after_a_crash) {
  open();
  const auto id = make();
  put_many(id, "noisy", 2'000);
  EXPECT_EQ(fetch(id, 60, 600'000).size(), 60u);
  checkpoint();
  EXPECT_EQ(fetch(id, 60, 600'000).size(), 60u);
  put_many(id, "quiet", 1);
  put_many(id, "", 1);
  reopen();
  const auto got = next(id, 2);
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()), (std::set<std::string>{"quiet", "-"}));
}

TEST_F(EngineFair, a_purge_leaves_nothing_behind_that_counts) {
  open();
  const auto id = make();
  put_many(id, "noisy", 100);
  EXPECT_EQ(fetch_many(id, 50).size(), 50u);
  purge(id);
  put_many(id, "noisy", 3);
  put_many(id, "quiet", 1);
  EXPECT_EQ(next(id, 10), (Bodies{"noisy", "noisy", "noisy", "quiet"}));
}

TEST_F(EngineFair, an_unkeyed_backlog_before_all_keys_comes_in_order_also_from_leases) {
  open();
  const auto id = make();
  put_many(id, "", 50);
  put_many(id, "noisy", 100);
  const auto plain = fetch_many(id, 50);
  EXPECT_EQ(fetch_many(id, 30).size(), 30u);
  put_many(id, "quiet", 1);
  extend(id, plain[7].token, 0);
  const auto got = next(id, 2);
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()), (std::set<std::string>{"quiet", "-"}));
}

TEST_F(EngineFair, a_definition_that_could_not_be_fair_is_refused) {
  open();
  auto q = consumer();
  q.fair = true;
  auto keyed = work_queue();
  keyed.keyed = true;
  const auto refused = [&](const StreamConfig& config, const ConsumerConfig& consumer) {
    Code code = Code::ok;
    bool done = false;
    engine_->create(0, 7, 3, "s", config, {consumer}, "", [&](const Status& status, DefinitionPtr) {
      code = status.code();
      done = true;
    });
    until([&] { return done; });
    return code;
  };
  EXPECT_EQ(refused(work_queue(), q), Code::invalid) << "not keyed";
  auto log = keyed;
  log.retention = Retention::limits;
  EXPECT_EQ(refused(log, q), Code::invalid);
  auto both = q;
  both.ordered = true;
  EXPECT_EQ(refused(keyed, both), Code::invalid);
}

// Whatever happens, every message is delivered until it is acknowledged, none twice at the same time, and
// none after its ack.
TEST_F(EngineFair, nothing_is_lost_or_doubled_by_choosing) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    crash();
    std::filesystem::remove_all(folder_ / "journal");
    std::filesystem::remove_all(folder_ / "store");
    options_.resident_chunks = 2;
    open();
    const auto id = make();
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t n) { return random() % n; };
    std::map<Seq, std::int64_t> out;  // Until when.
    std::map<Seq, Token> tokens;
    std::set<Seq> live;
    const auto acknowledge = [&](Seq seq) {
      ack(id, {tokens.at(seq)});
      live.erase(seq);
      out.erase(seq);
    };
    const auto take = [&](std::uint32_t n) {
      const auto lease_ms = 500 + below(4'000);
      const auto now = clock_.mono_ms();
      const auto got = fetch(id, n, lease_ms);
      for (const auto& g : got) {
        EXPECT_TRUE(live.count(g.token.seq)) << "seed " << seed << ": after its ack";
        const auto before = out.find(g.token.seq);
        EXPECT_TRUE(before == out.end() || before->second <= now) << "seed " << seed << ": while it was out";
        out[g.token.seq] = now + lease_ms;
        tokens[g.token.seq] = g.token;
      }
      return got.size();
    };
    for (int step = 0; step < 500; ++step) {
      const auto what = below(100);
      if (what < 35) {
        const std::string key = below(3) == 0 ? "noisy" : below(6) == 0 ? "" : "k" + std::to_string(below(12));
        std::vector<MessageIn> messages(below(key == "noisy" ? 60 : 4) + 1);
        for (auto& message : messages) {
          message.body = "m";
          message.key = key;
          message.delay_ms = below(8) == 0 ? below(3'000) : 0;
        }
        for (const auto& one : append(id, messages)) live.insert(one.seq);
      } else if (what < 65) {
        take(1 + below(40));
      } else if (what < 85 && !out.empty()) {
        auto it = std::next(out.begin(), below(static_cast<std::uint32_t>(out.size())));
        for (int n = 0; n < 10 && it != out.end(); ++n) acknowledge((it++)->first);
      } else if (what < 91 && !out.empty()) {
        const auto it = std::next(out.begin(), below(static_cast<std::uint32_t>(out.size())));
        if (extend(id, tokens[it->first], 0) == Code::ok) it->second = 0;
      } else if (what < 95) {
        clock_.advance_ms(below(3'000));
      } else if (what < 98) {
        checkpoint();
      } else if (what == 98) {
        reopen();
      }
    }
    clock_.advance_ms(10'000);
    out.clear();
    std::size_t all = 0;
    for (std::size_t n = take(256); n > 0; n = take(256)) all += n;
    // Leases of this drain are half a second at least and the clock stands still.
    EXPECT_EQ(all, live.size()) << "seed " << seed;
  }
}

TEST_F(EngineFairOnFourLanes, works_from_every_lane) {
  open();
  const auto id = make();
  put_many(id, "noisy", 100);
  EXPECT_EQ(fetch_many(id, 30).size(), 30u);
  put_many(id, "quiet", 1);
  EXPECT_EQ(next(id, 1), Bodies{"quiet"});
}

}  // namespace
}  // namespace switchyard::stream
