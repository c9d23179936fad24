#include "kernel/bus/subject.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard::bus {
namespace {

TEST(Subject, patterns_have_whole_tokens_and_a_tail_only_at_the_end) {
  for (const char* good : {"a", "a.b", "*", ">", "a.*.b", "a.>", "*.*", "*.>", "a*", "a.b>", "$JS.API.>", "a.>b.c"}) {
    EXPECT_TRUE(is_pattern(good)) << good;
  }
  for (const char* bad : {"", ".", "a.", ".a", "a..b", ">.a", "a.>.b", "a b", "a\tb", "a\r", "a\n.b"}) {
    EXPECT_FALSE(is_pattern(bad)) << bad;
  }
  EXPECT_FALSE(is_pattern(std::string_view("a\0b", 3)));
}

TEST(Subject, only_what_stands_for_itself_is_a_subject) {
  for (const char* good : {"a", "a.b", "a*.b", "a>"}) EXPECT_TRUE(is_subject(good)) << good;
  for (const char* bad : {"*", ">", "a.*", "a.>", "a.", ""}) EXPECT_FALSE(is_subject(bad)) << bad;
}

TEST(Subject, wildcards_match_by_token) {
  const auto yes = [](const char* pattern, const char* subject) {
    EXPECT_TRUE(matches(pattern, subject)) << pattern << " " << subject;
  };
  const auto no = [](const char* pattern, const char* subject) {
    EXPECT_FALSE(matches(pattern, subject)) << pattern << " " << subject;
  };
  yes("a.b", "a.b"), yes("a.*", "a.b"), yes("*.b", "a.b"), yes("a.>", "a.b.c"), yes(">", "a"), yes("*", "*");
  no("a", "a.b"), no("a.b", "a"), no("a.*", "a"), no("a.*", "a.b.c"), no("a.>", "a"), no("a*", "ab"), no("*", "a.b");
  // What is published may be anything: here is an empty last token.
  yes("a.*", "a."), no("a", "a."), yes("a.>", "a.");
}

}  // namespace
}  // namespace switchyard::bus
