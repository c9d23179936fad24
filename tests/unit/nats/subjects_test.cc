#include "plugins/nats/subjects.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchyard::nats {
namespace {

std::vector<std::string> tokens(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view token : Tokens(text)) out.emplace_back(token);
  return out;
}

TEST(Subjects, tokens_are_what_stands_between_the_dots) {
  EXPECT_EQ(tokens("a.bc.d"), (std::vector<std::string>{"a", "bc", "d"}));
  EXPECT_EQ(tokens("a."), (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(tokens("."), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(tokens(""), (std::vector<std::string>{""}));
  for (const std::string_view text : {"a", "a.b", "a.", ".", "", "a..b"}) {
    EXPECT_EQ(count_tokens(text), tokens(text).size()) << text;
  }
}

TEST(Subjects, patterns_have_no_empty_token_and_end_at_their_gt) {
  for (const std::string_view text :
       {"a", "a.b", "*", ">", "a.*", "*.a", "a.>", "a*", "a>.b", "a.*b.>", "$SYS.>", "\xff"}) {
    EXPECT_TRUE(is_pattern(text)) << text;
  }
  for (const std::string_view text :
       {"", ".", "a.", ".a", "a..b", ">.a", "a.>.b", "a b", "a\t", "a.\n", "a\r", " ", "a.\f"}) {
    EXPECT_FALSE(is_pattern(text)) << text;
  }
  EXPECT_FALSE(is_pattern(std::string_view("a\0b", 3)));
}

TEST(Subjects, publishable_is_what_no_pedantic_client_is_told_off_for) {
  for (const std::string_view text : {"a", "a.b", "a*", "a.b>", "**"}) EXPECT_TRUE(is_publishable(text)) << text;
  for (const std::string_view text : {"", "a.", ".a", "a..b", "*", "a.*", "a.>", ">.a"}) {
    EXPECT_FALSE(is_publishable(text)) << text;
  }
}

TEST(Subjects, routable_is_what_has_no_empty_token) {
  for (const std::string_view text : {"a", "a.b", "a.*", ">"}) EXPECT_TRUE(is_routable(text)) << text;
  for (const std::string_view text : {"", ".", "a.", ".a", "a..b"}) EXPECT_FALSE(is_routable(text)) << text;
}

TEST(Subjects, wildcard_is_a_whole_token) {
  for (const std::string_view text : {"*", ">", "a.*", "*.a", "a.>", "a.*.b"}) EXPECT_TRUE(has_wildcard(text)) << text;
  for (const std::string_view text : {"", "a", "a*", "a.b>", "**", ">>.a"}) EXPECT_FALSE(has_wildcard(text)) << text;
}

TEST(Subjects, star_is_one_token_and_gt_is_the_rest) {
  EXPECT_TRUE(matches("a.b", "a.b"));
  EXPECT_FALSE(matches("a.b", "a.bc"));
  EXPECT_FALSE(matches("a.b", "a"));
  EXPECT_FALSE(matches("a", "a.b"));
  EXPECT_TRUE(matches("*.b", "a.b"));
  EXPECT_FALSE(matches("*", "a.b"));
  EXPECT_TRUE(matches(">", "a.b"));
  EXPECT_TRUE(matches("a.>", "a.b.c"));
  EXPECT_FALSE(matches("a.>", "a"));
  EXPECT_TRUE(matches("a*", "a*"));
  EXPECT_FALSE(matches("a*", "ab")) << "a star inside a token is a letter";
  EXPECT_FALSE(matches("a.b", "a.*")) << "what is published is no pattern";
  EXPECT_TRUE(matches("a.*", "a.*"));
}

// All sequences of up to `most` tokens from an alphabet; '>' only at the end.
std::vector<std::string> all_texts(const std::vector<std::string>& alphabet, int most) {
  std::vector<std::string> out;
  std::vector<std::string> longest = {""};
  for (int length = 1; length <= most; ++length) {
    std::vector<std::string> longer;
    for (const std::string& text : longest) {
      if (text.ends_with('>')) continue;
      for (const std::string& token : alphabet) longer.push_back(text.empty() ? token : text + "." + token);
    }
    out.insert(out.end(), longer.begin(), longer.end());
    longest = std::move(longer);
  }
  return out;
}

TEST(Subjects, subset_and_overlap_agree_with_all_subjects_that_are_matched) {
  const std::vector<std::string> patterns = all_texts({"a", "b", "*", ">"}, 3);
  // A token of its own kind and one token more stand for all that the patterns do not name.
  const std::vector<std::string> subjects = all_texts({"a", "b", "c"}, 4);
  for (const std::string& one : patterns) {
    for (const std::string& other : patterns) {
      bool subset = true;
      bool meets = false;
      for (const std::string& subject : subjects) {
        const bool in_one = matches(one, subject);
        const bool in_other = matches(other, subject);
        subset = subset && (!in_one || in_other);
        meets = meets || (in_one && in_other);
      }
      EXPECT_EQ(is_subset(one, other), subset) << one << " of " << other;
      EXPECT_EQ(overlap(one, other), meets) << one << " and " << other;
    }
  }
}

TEST(Subjects, names_among_servers_are_reserved) {
  EXPECT_TRUE(is_reserved_reply("$JS.ACK.s.c.1"));
  EXPECT_TRUE(is_reserved_reply("_R_.abc"));
  EXPECT_TRUE(is_reserved_reply("_GR_.abc"));
  EXPECT_FALSE(is_reserved_reply("$JS.ACKS.x"));
  EXPECT_FALSE(is_reserved_reply("_INBOX.1"));
  EXPECT_FALSE(is_reserved_reply(""));
  EXPECT_TRUE(is_reserved_publish("$NRG.x"));
  EXPECT_TRUE(is_reserved_publish("_GR_.x"));
  EXPECT_FALSE(is_reserved_publish("$JS.ACK.x")) << "an acknowledgement is published there";
}

}  // namespace
}  // namespace switchyard::nats
