#include "kernel/stream/key_index.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kernel/stream/key_order.h"
#include "tests/unit/stream/index_test_util.h"

namespace switchyard::stream {
namespace {

std::vector<std::string> matches(const KeyIndex& keys, std::string_view pattern, std::string_view after = "",
                                 std::size_t max = ~std::size_t{0}) {
  std::vector<std::string> found;
  keys.match(pattern, after, [&](KeyId id, std::string_view key) {
    EXPECT_EQ(keys.find(key), id);
    found.emplace_back(key);
    return found.size() < max;
  });
  return found;
}

using Names = std::vector<std::string>;

TEST(KeyIndex, a_name_has_one_id_and_an_unknown_name_has_none) {
  KeyIndex keys;
  EXPECT_EQ(keys.find("a.b"), 0u);
  const KeyId id = keys.intern("a.b");
  EXPECT_NE(id, 0u);
  EXPECT_EQ(keys.intern("a.b"), id);
  EXPECT_EQ(keys.find("a.b"), id);
  EXPECT_EQ(keys.name(id), "a.b");
  EXPECT_NE(keys.intern("a.B"), id);
  EXPECT_EQ(keys.keys(), 2u);
}

TEST(KeyIndex, the_empty_name_is_no_key) {
  KeyIndex keys;
  EXPECT_EQ(keys.intern(""), 0u);
  EXPECT_EQ(keys.find(""), 0u);
  EXPECT_EQ(keys.keys(), 0u);
}

TEST(KeyIndex, a_key_goes_away_with_its_last_message_unless_it_is_held) {
  KeyIndex keys;
  const KeyId id = keys.intern("group");
  keys.add(id, 7, 100);
  keys.hold(id);
  keys.remove(id, 7, 100);
  EXPECT_EQ(keys.find("group"), id);
  EXPECT_EQ(keys.info(id).count, 0u);
  keys.release(id);
  EXPECT_EQ(keys.find("group"), 0u);
  EXPECT_EQ(keys.name(id), "");
  EXPECT_EQ(keys.intern("other"), id) << "ids are used again";
}

TEST(KeyIndex, adding_twice_or_removing_what_is_not_there_changes_nothing) {
  KeyIndex keys;
  const KeyId id = keys.intern("k");
  keys.hold(id);
  keys.add(id, 5, 10);
  keys.add(id, 5, 10);
  keys.remove(id, 6, 10);
  EXPECT_EQ(keys.info(id).count, 1u);
  EXPECT_EQ(keys.info(id).bytes, 10u);
  keys.remove(id, 5, 10);
  keys.remove(id, 5, 10);
  EXPECT_EQ(keys.info(id).count, 0u);
  EXPECT_EQ(keys.info(id).bytes, 0u);
}

TEST(KeyIndex, an_id_that_went_away_is_nothing_and_not_a_crash) {
  KeyIndex keys;
  const KeyId id = keys.intern("k");
  keys.add(id, 5, 10);
  keys.remove(id, 5, 10);
  keys.remove(id, 5, 10);
  EXPECT_EQ(keys.info(id).count, 0u);
  EXPECT_EQ(keys.next(id, 1), 0u);
  EXPECT_EQ(keys.before(id, 9), 0u);
  EXPECT_EQ(keys.info(0).count, 0u);
  EXPECT_EQ(keys.info(12345).count, 0u);
}

// Names from a small alphabet that sorts below, at and above the dot.
std::string random_name(Random& random) {
  std::string name;
  const std::uint64_t tokens = 1 + random.below(4);
  for (std::uint64_t i = 0; i < tokens; ++i) {
    if (i != 0) name += '.';
    const std::uint64_t length = 1 + random.below(3);
    for (std::uint64_t c = 0; c < length; ++c) name += "!-ab~\x01"[random.below(6)];
  }
  return name;
}

std::string random_pattern(Random& random) {
  std::string pattern;
  const std::uint64_t tokens = 1 + random.below(4);
  for (std::uint64_t i = 0; i < tokens; ++i) {
    if (i != 0) pattern += '.';
    if (i + 1 == tokens && random.one_in(3)) {
      pattern += '>';
    } else if (random.one_in(2)) {
      pattern += '*';
    } else {
      pattern += "!-ab~"[random.below(5)];
    }
  }
  return pattern;
}

struct TokenOrder {
  bool operator()(const std::string& a, const std::string& b) const { return compare_keys(a, b) < 0; }
};

TEST(KeyIndexModel, agrees_with_plain_sets_over_random_operations) {
  Random random(3);
  KeyIndex keys;
  std::map<std::string, std::map<Seq, std::uint32_t>, TokenOrder> plain;
  for (int step = 0; step < 40'000; ++step) {
    const bool few = random.one_in(2);
    const std::string name = few ? "hot." + std::to_string(random.below(3)) : random_name(random);
    const Seq seq = 1 + random.below(few ? 5000 : 40);
    auto it = plain.find(name);
    if (!random.one_in(3)) {
      const auto bytes = static_cast<std::uint32_t>(1 + random.below(100));
      keys.add(keys.intern(name), seq, bytes);
      plain[name].emplace(seq, bytes);
    } else if (it != plain.end()) {
      const auto at = random.one_in(2) ? it->second.begin() : it->second.lower_bound(seq);
      if (at != it->second.end()) {
        keys.remove(keys.find(name), at->first, at->second);
        it->second.erase(at);
        if (it->second.empty()) plain.erase(it);
      }
    }
    if (step % 20 != 0) continue;
    it = plain.lower_bound(name);
    if (it == plain.end()) continue;
    const KeyId id = keys.find(it->first);
    const auto info = keys.info(id);
    std::uint64_t bytes = 0;
    for (const auto& [s, b] : it->second) bytes += b;
    ASSERT_EQ(info.count, it->second.size());
    ASSERT_EQ(info.bytes, bytes);
    ASSERT_EQ(info.first, it->second.begin()->first);
    ASSERT_EQ(info.last, it->second.rbegin()->first);
    const auto next = it->second.lower_bound(seq);
    ASSERT_EQ(keys.next(id, seq), next != it->second.end() ? next->first : 0);
    ASSERT_EQ(keys.before(id, seq), next != it->second.begin() ? std::prev(next)->first : 0);
  }
  ASSERT_EQ(keys.keys(), plain.size());
  Names all;
  for (const auto& [name, seqs] : plain) all.push_back(name);
  ASSERT_EQ(matches(keys, ">"), all);
  for (const auto& [name, seqs] : plain) {
    Seq at = 0;
    for (const auto& [seq, bytes] : seqs) ASSERT_EQ(at = keys.next(keys.find(name), at + 1), seq);
    ASSERT_EQ(keys.next(keys.find(name), at + 1), 0u);
  }
}

TEST(KeyIndexModel, every_pattern_visits_exactly_the_matching_keys_in_token_order) {
  Random random(5);
  KeyIndex keys;
  std::set<std::string, TokenOrder> plain;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = random_name(random);
    keys.add(keys.intern(name), 1, 1);
    plain.insert(name);
  }
  for (int i = 0; i < 400; ++i) {
    const std::string pattern = random_pattern(random);
    const std::string after = random.one_in(3) ? random_name(random) : "";
    Names expected;
    for (const auto& name : plain) {
      if (subject_matches(pattern, name) && (after.empty() || compare_keys(name, after) > 0)) expected.push_back(name);
    }
    ASSERT_EQ(matches(keys, pattern, after), expected) << pattern << " after " << after;
    Names paged;
    for (std::string from = after;;) {
      const Names page = matches(keys, pattern, from, 7);
      if (page.empty()) break;
      paged.insert(paged.end(), page.begin(), page.end());
      from = page.back();
    }
    ASSERT_EQ(paged, expected) << pattern;
  }
}

// Start-up: keys come and go before anybody needs their order.
TEST(KeyIndexModel, keys_that_were_sorted_at_once_match_as_those_that_were_sorted_one_by_one) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    KeyIndex late, early;
    late.postpone_order();
    const auto both = [&](const auto& act) {
      act(late);
      act(early);
    };
    const std::uint64_t steps = random.below(3'000);
    const std::string common(random.below(40), 'p');
    for (std::uint64_t step = 1; step <= steps; ++step) {
      std::string name = common + random_name(random);
      if (random.one_in(4)) name += static_cast<char>(0xfc + random.below(4));  // Close to the end of the order.
      if (random.one_in(4)) name += "." + std::to_string(step);
      if (random.one_in(3)) {
        both([&](KeyIndex& keys) {
          const KeyId id = keys.find(name);
          if (id != 0) keys.remove(id, keys.info(id).first, 1);
        });
      } else {
        both([&](KeyIndex& keys) { keys.add(keys.intern(name), step, 1); });
      }
    }
    // Also without being asked to, when somebody needs it.
    if (random.one_in(2)) late.put_in_order();
    ASSERT_EQ(matches(late, ">"), matches(early, ">")) << "seed " << seed;
    for (int i = 0; i < 200; ++i) {
      const std::string name = common + random_name(random);
      both([&](KeyIndex& keys) {
        const KeyId id = keys.find(name);
        id != 0 ? keys.remove(id, keys.info(id).first, 1) : keys.add(keys.intern(name), steps + 1, 1);
      });
      const std::string pattern = common + random_pattern(random);
      ASSERT_EQ(matches(late, pattern), matches(early, pattern)) << "seed " << seed;
    }
    ASSERT_EQ(matches(late, ">"), matches(early, ">")) << "seed " << seed;
  }
}

TEST(KeyIndex, subjects_match_token_by_token) {
  EXPECT_TRUE(subject_matches("a.b", "a.b"));
  EXPECT_FALSE(subject_matches("a.b", "a.bc"));
  EXPECT_FALSE(subject_matches("a", "a.b"));
  EXPECT_FALSE(subject_matches("a.b", "a"));
  EXPECT_TRUE(subject_matches("*", "a"));
  EXPECT_FALSE(subject_matches("*", "a.b"));
  EXPECT_TRUE(subject_matches("a.*.c", "a.b.c"));
  EXPECT_FALSE(subject_matches("a.*.c", "a.b.d"));
  EXPECT_TRUE(subject_matches("a.>", "a.b"));
  EXPECT_TRUE(subject_matches("a.>", "a.b.c.d"));
  EXPECT_FALSE(subject_matches("a.>", "a")) << "'>' is one or more tokens";
  EXPECT_TRUE(subject_matches(">", "a"));
  EXPECT_TRUE(subject_matches("*.>", "a.b"));
  EXPECT_FALSE(subject_matches("*.>", "a"));
  EXPECT_FALSE(subject_matches("a.>.c", "a.b.c")) << "'>' elsewhere is a literal";
  EXPECT_FALSE(subject_matches("a*", "ab")) << "'*' inside of a token is a literal";
  EXPECT_TRUE(subject_matches("a..b", "a..b"));
  EXPECT_FALSE(subject_matches("a.b.", "a.b"));
}

TEST(KeyIndex, tokens_sort_before_characters_below_the_dot) {
  KeyIndex keys;
  for (const char* name : {"a!", "a", "a-b", "a.b", "b", "a.b.c"}) keys.add(keys.intern(name), 1, 1);
  EXPECT_EQ(matches(keys, ">"), (Names{"a", "a.b", "a.b.c", "a!", "a-b", "b"}));
  EXPECT_EQ(matches(keys, "a.>"), (Names{"a.b", "a.b.c"}));
}

// Counts looks at keys, which is what a match costs.
TEST(KeyIndex, the_highest_characters_sort_as_others_do) {
  KeyIndex keys;
  const Names names{"a", "a.\xfd.z", "a.\xfd\xfe", "a.\xfe.b", "a.\xff.a", "b"};
  for (auto it = names.rbegin(); it != names.rend(); ++it) keys.add(keys.intern(*it), 1, 1);
  EXPECT_EQ(matches(keys, ">"), names);
  EXPECT_EQ(matches(keys, ">", "a.\xfe"), Names(names.begin() + 3, names.end()));
}

TEST(KeyIndex, a_selective_pattern_does_not_walk_the_keys_between) {
  KeyIndex keys;
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 300; ++j) {
      const std::string name = "d" + std::to_string(i) + ".s" + std::to_string(j) + ".temp";
      keys.add(keys.intern(name), 1, 1);
    }
  }
  EXPECT_EQ(matches(keys, "*.s7.temp").size(), 100u);
  EXPECT_LE(keys.last_match_steps(), 100u * 3 + 3) << "one miss before and one behind each hit";
  EXPECT_EQ(matches(keys, "d5.*.temp").size(), 300u);
  EXPECT_LE(keys.last_match_steps(), 302u);
  EXPECT_EQ(matches(keys, "d5.s7.temp").size(), 1u);
  EXPECT_LE(keys.last_match_steps(), 2u);
  EXPECT_TRUE(matches(keys, "x.>").empty());
  EXPECT_LE(keys.last_match_steps(), 1u);
}

TEST(KeyIndex, a_key_with_many_messages_takes_little_memory_and_gives_it_back) {
  KeyIndex keys;
  const std::size_t empty = keys.memory_bytes();
  const KeyId id = keys.intern("all");
  constexpr Seq kMany = 300'000;
  for (Seq seq = 1; seq <= kMany; ++seq) keys.add(id, seq, 10);
  EXPECT_LE(keys.memory_bytes() - empty, kMany * 2);
  EXPECT_EQ(keys.info(id).count, kMany);
  EXPECT_EQ(keys.before(id, 200'000), 199'999u);
  for (Seq seq = 1; seq <= kMany; ++seq) keys.remove(id, seq, 10);
  EXPECT_EQ(keys.keys(), 0u);
  EXPECT_LE(keys.memory_bytes(), empty + 1000);
}

TEST(KeyIndex, names_of_all_lengths_come_go_and_keep_their_text) {
  KeyIndex keys;
  Random random(23);
  std::map<std::string, std::string_view> there;
  const std::size_t empty = keys.memory_bytes();
  for (int step = 0; step < 60'000; ++step) {
    const std::uint64_t length = 1 + random.below(random.one_in(50) ? 600 : 40);
    std::string name(length, static_cast<char>('a' + random.below(26)));
    name += std::to_string(random.below(300));
    const auto known = there.find(name);
    if (known == there.end()) {
      const KeyId id = keys.intern(name);
      keys.add(id, 1, 1);
      there[name] = keys.name(id);
    } else {
      ASSERT_EQ(known->second, name) << "a name moved or was written over";
      keys.remove(keys.find(name), 1, 1);
      there.erase(known);
    }
  }
  for (const auto& [name, text] : there) ASSERT_EQ(text, name);
  for (const auto& [name, text] : there) keys.remove(keys.find(name), 1, 1);
  EXPECT_EQ(keys.keys(), 0u);
  const KeyId last = keys.intern("alone");
  EXPECT_EQ(keys.name(last), "alone");
  EXPECT_LE(keys.memory_bytes(), empty + 65'536 * 40) << "records stay, the texts do not";
}

TEST(KeyIndex, many_keys_of_one_message_take_less_than_120_bytes_each) {
  KeyIndex keys;
  constexpr std::uint64_t kKeys = 100'000;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    const std::string name = "site.building" + std::to_string(i % 97) + ".sensor" + std::to_string(i);
    keys.add(keys.intern(name), i + 1, 100);
  }
  EXPECT_LE(keys.memory_bytes() / kKeys, 120u);
}

TEST(KeyIndex, removing_what_is_not_there_spares_the_last_of_a_block) {
  KeyIndex keys;
  const KeyId id = keys.intern("k");
  for (Seq seq = 1; seq <= 300; ++seq) keys.add(id, seq * 10, 1);
  for (Seq seq = 130; seq <= 256; ++seq) {
    keys.remove(id, seq * 10, 1);
    const auto count = keys.info(id).count;
    keys.remove(id, seq * 10 + 5, 1);
    keys.remove(id, 1289, 1);
    ASSERT_EQ(keys.info(id).count, count);
  }
  EXPECT_EQ(keys.next(id, 1281), 1290u);
  EXPECT_EQ(keys.before(id, 2570), 1290u);
}

TEST(KeyIndex, names_survive_the_growth_of_the_index) {
  KeyIndex keys;
  const std::string_view first = keys.name(keys.intern("first"));
  for (int i = 0; i < 5000; ++i) keys.intern("k" + std::to_string(i));
  EXPECT_EQ(first, "first");
  for (int i = 0; i < 5000; ++i) ASSERT_NE(keys.find("k" + std::to_string(i)), 0u);
}

TEST(KeyIndex, a_long_name_of_any_bytes_is_a_name) {
  KeyIndex keys;
  const std::string name = std::string(70'000, 'x') + std::string("\0.\xff", 3);
  EXPECT_EQ(keys.name(keys.intern(name)), name);
}

}  // namespace
}  // namespace switchyard::stream
