#include "kernel/server/yaml_tree.h"

#include <gtest/gtest.h>

namespace switchyard::server {
namespace {

std::string refusal(const std::string& text) {
  const auto node = parse_yaml(text, "f.yaml");
  return node ? "accepted" : node.error().message;
}

bool begins(const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; }

TEST(YamlTree, every_key_and_value_knows_its_line) {
  const auto root = parse_yaml("a: 1\n\nb:\n  c: x\n  d:\n    - p\n    - q\n", "f.yaml");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->find("a")->place.text(), "f.yaml:1");
  EXPECT_EQ(root->pairs[1].place.text(), "f.yaml:3");
  EXPECT_EQ(root->find("b")->find("c")->place.line, 4);
  EXPECT_EQ(root->find("b")->find("d")->items[1].place.line, 7);
  EXPECT_EQ(root->find("z"), nullptr);
}

TEST(YamlTree, quotes_decide_whether_text_is_a_number) {
  const auto root = parse_yaml("a: 12\nb: \"12\"\nc: true\nd: 'true'\ne: 1.5\nf: ~\ng: word\nh: -7\ni: !!str 5\n", "f");
  using Type = YamlNode::Type;
  const std::vector<Type> expected = {Type::integer, Type::text, Type::boolean, Type::text, Type::real,
                                      Type::null,    Type::text, Type::integer, Type::text};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(root->pairs[i].value.type(), expected[i]) << i;
}

TEST(YamlTree, an_empty_document_is_null_and_an_empty_value_has_the_line_of_its_key) {
  EXPECT_TRUE(parse_yaml("", "f")->is_null());
  EXPECT_TRUE(parse_yaml("# only words\n", "f")->is_null());
  const auto root = parse_yaml("a: 1\nb:\nc: 2\n", "f");
  EXPECT_TRUE(root->find("b")->is_null());
  EXPECT_EQ(root->find("b")->place.line, 2);
}

TEST(YamlTree, mistakes_name_file_and_line) {
  EXPECT_TRUE(
      begins(refusal("a: 1\nb: 2\na: 3\n"), "f.yaml:3: the key 'a' is there twice; the first one is at line 1"));
  EXPECT_TRUE(begins(refusal("a: 1\n\tb: 2\n"), "f.yaml:2: ")) << refusal("a: 1\n\tb: 2\n");
  EXPECT_TRUE(begins(refusal("a: [1, 2\n"), "f.yaml:"));
  EXPECT_TRUE(begins(refusal("a: 1\n---\nb: 2\n"), "f.yaml:2: a second document"));
  EXPECT_TRUE(begins(refusal("? [a]\n: 1\n"), "f.yaml:1: a key must be plain text"));
  EXPECT_TRUE(begins(refusal("a: !secret x\n"), "f.yaml:1: the tag '!secret'"));
  EXPECT_TRUE(begins(refusal("a: *nowhere\n"), "f.yaml:1: "));
  EXPECT_NE(refusal(std::string("a: \0b\n", 6)), "accepted");
}

TEST(YamlTree, aliases_are_copies_and_cannot_blow_up) {
  const auto root = parse_yaml("a: &x {k: 1}\nb: *x\n", "f");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->find("b")->find("k")->text, "1");
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto name = "a" + std::to_string(i), before = "*a" + std::to_string(i - 1);
    bomb += name + ": &" + name + " [" + before;
    for (int n = 1; n < 10; ++n) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_NE(refusal(bomb).find("more than 100000 values"), std::string::npos) << refusal(bomb);
  EXPECT_NE(refusal("a: &a [*a]\n"), "accepted");
}

TEST(YamlTree, depth_size_and_keys_are_bounded) {
  EXPECT_NE(refusal(std::string(70, '[') + std::string(70, ']')).find("64 levels"), std::string::npos);
  EXPECT_NE(refusal(std::string(100'000, '[')), "accepted");
  EXPECT_NE(refusal(std::string(kMaxYamlBytes + 1, 'a')).find("1 MiB"), std::string::npos);
  std::string keys;
  for (int i = 0; i < 1001; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  EXPECT_NE(refusal(keys).find("1000 keys"), std::string::npos);
  // An alias deep inside must not get around the depth.
  std::string deep = "a: &a " + std::string(40, '[') + std::string(40, ']') + "\nb: " + std::string(40, '[') + "*a" +
                     std::string(40, ']') + "\n";
  EXPECT_NE(refusal(deep).find("64 levels"), std::string::npos);
}

TEST(YamlTree, later_files_win_by_key_and_named_lists_are_joined) {
  auto base = parse_yaml("a: 1\nm: {x: 1, y: 2}\nl: [1]\ns: {l: [1]}\n", "one");
  auto over = parse_yaml("a: 2\nm: {y: 3, z: 4}\nl: [2]\ns: {l: [2]}\nn: 5\n", "two");
  merge_yaml(*base, std::move(*over), {"s.l"});
  EXPECT_EQ(to_json(*base), R"({"a":2,"m":{"x":1,"y":3,"z":4},"l":[2],"s":{"l":[1,2]},"n":5})");
  EXPECT_EQ(base->find("m")->find("y")->place.text(), "two:2");
  auto empty = parse_yaml("m:\nl:\n", "three");
  merge_yaml(*base, std::move(*empty), {});
  EXPECT_EQ(base->find("m")->pairs.size(), 3u) << "an empty section says nothing";
}

TEST(YamlTree, json_has_the_types_of_the_file) {
  const auto root =
      parse_yaml("a: 007\nb: +5\nc: .5\nd: 1e3\ne: \"q\\\"\\n\"\nf: yes\ng: []\nh: {}\ni: 1.10\nj: FALSE\n", "f");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(
      to_json(*root),
      R"({"a":7,"b":5,"c":0.5,"d":1000,"e":"q\"\u000a","f":"yes","g":[],"h":{},"i":1.1000000000000001,"j":false})");
}

TEST(YamlTree, numbers_that_json_cannot_say_stay_text) {
  const auto root = parse_yaml("a: .inf\nb: 0x1F\nc: 99999999999999999999\nd: 1e999\ne: '-'\n", "f");
  EXPECT_EQ(to_json(*root), R"({"a":".inf","b":"0x1F","c":1e+20,"d":"1e999","e":"-"})");
}

TEST(YamlTree, a_file_that_is_not_there_is_named) {
  const auto node = read_yaml_file("/nonexistent/x.yaml");
  ASSERT_FALSE(node);
  EXPECT_EQ(node.code(), Code::not_found);
  EXPECT_NE(node.error().message.find("/nonexistent/x.yaml"), std::string::npos);
  EXPECT_FALSE(read_yaml_file("/tmp")) << "a folder is not a configuration";
}

}  // namespace
}  // namespace switchyard::server
