#include "kernel/bus/interest.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "kernel/bus/subject.h"

namespace switchyard::bus {
namespace {

std::string random_text(std::mt19937& random, bool pattern) {
  std::string text;
  for (auto left = 1 + random() % 4; left > 0; --left) {
    if (!text.empty()) text += '.';
    const auto what = random() % (pattern ? 8 : 4);
    text += what < 4 ? std::string(1, static_cast<char>('a' + what)) : what < 7 ? "*" : left == 1 ? ">" : "a";
  }
  return text;
}

TEST(PatternTree, finds_what_a_comparison_with_every_pattern_finds) {
  std::mt19937 random(1);
  PatternTree tree;
  std::set<std::string> patterns;
  for (int i = 0; i < 20'000; ++i) {
    const auto pattern = random_text(random, true);
    if (random() % 2 == 0 && patterns.size() < 60) {
      tree.at(pattern).lanes = 1;
      patterns.insert(pattern);
    } else if (auto* interest = tree.find(pattern)) {
      interest->lanes = 0;
      tree.prune(pattern);
      patterns.erase(pattern);
    }
    const auto subject = random_text(random, false);
    std::size_t found = 0, wanted = 0;
    tree.match(subject, [&](Interest&) { ++found; });
    for (const auto& one : patterns) wanted += matches(one, subject) ? 1 : 0;
    ASSERT_EQ(found, wanted) << subject;
  }
  for (const auto& pattern : patterns) {
    tree.find(pattern)->lanes = 0;
    tree.prune(pattern);
  }
  EXPECT_TRUE(tree.empty()) << "nothing stays of what nobody wants";
}

TEST(PatternTree, a_subject_of_thousands_of_tokens_is_walked) {
  PatternTree tree;
  std::string deep = "*", subject = "a";
  for (int i = 0; i < 2'000; ++i) deep += ".*", subject += ".a";
  tree.at(deep).lanes = 1;
  tree.at(">").lanes = 2;
  std::uint64_t lanes = 0;
  tree.match(subject, [&](Interest& interest) { lanes |= interest.lanes; });
  EXPECT_EQ(lanes, 3u);
}

}  // namespace
}  // namespace switchyard::bus
