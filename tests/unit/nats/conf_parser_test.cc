// The configuration language: what a text means, and what is said about a text that means nothing.
#include "plugins/nats/conf_parser.h"

#include <gtest/gtest.h>

#include "tests/unit/nats/fake_surroundings.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

// A tree as one line, so that a test shows the whole of it.
std::string show(const ConfValue& value) {
  switch (value.kind) {
    case Kind::text:
      return "'" + value.text + "'";
    case Kind::boolean:
      return value.flag ? "true" : "false";
    case Kind::integer:
      return std::to_string(value.integer);
    case Kind::number:
      return "~" + std::to_string(value.number);
    case Kind::datetime:
      return "@" + value.text;
    case Kind::none:
      return "none";
    case Kind::array: {
      std::string out = "[";
      for (const ConfValue& item : value.items) out += (out.size() > 1 ? " " : "") + show(item);
      return out + "]";
    }
    case Kind::map: {
      std::string out = "{";
      for (const ConfMember& m : value.members) out += (out.size() > 1 ? " " : "") + m.key + ":" + show(m.value);
      return out + "}";
    }
  }
  return "?";
}

struct World : FakeSurroundings {
  std::string parse(const std::string& text, const ConfLimits& limits = {}) {
    ConfProblem problem;
    if (!parse_conf_text(text, "dir/a.conf", *this, limits, document, problem)) return problem.sentence();
    return show(document.root);
  }
  ConfDocument document;
};

std::string parse(const std::string& text) { return World().parse(text); }

TEST(ConfParser, keys_take_a_colon_an_equals_sign_or_a_space) {
  EXPECT_EQ(parse("a: 1\nb = 2\nc 3\nd:4\ne=5\n"), "{a:1 b:2 c:3 d:4 e:5}");
  EXPECT_EQ(parse("\"quoted key\": 1\n'other': 2"), "{quoted key:1 other:2}");
}

TEST(ConfParser, values_end_at_a_new_line_a_comma_or_a_semicolon) {
  EXPECT_EQ(parse("a: x, b: y; c: z\nd: w"), "{a:'x' b:'y' c:'z' d:'w'}");
  EXPECT_EQ(parse("m { a: 1, b: 2; c: 3\n d: 4 }"), "{m:{a:1 b:2 c:3 d:4}}");
  EXPECT_EQ(parse("a: 1\r\nb: 2\r\n"), "{a:1 b:2}");
}

TEST(ConfParser, both_comments_are_skipped_wherever_a_value_or_key_may_start) {
  EXPECT_EQ(parse("# one\na: 1 # two\n// three\nb: 2 // four\n"), "{a:1 b:2}");
  EXPECT_EQ(parse("m { # one\n a: 1 // two\n # three\n }\nl [ # four\n 1, // five\n 2 # six\n ]"), "{m:{a:1} l:[1 2]}");
}

TEST(ConfParser, a_password_may_hold_a_comment_sign) {
  EXPECT_EQ(parse("password: #secret\nurl: http://x//y\n"), "{password:'#secret' url:'http://x//y'}");
}

TEST(ConfParser, arrays_take_commas_or_new_lines) {
  EXPECT_EQ(parse("a: [1, 2,3 ]"), "{a:[1 2 3]}");
  EXPECT_EQ(parse("a: [\n x\n y\n 'z'\n]"), "{a:['x' 'y' 'z']}");
  EXPECT_EQ(parse("a: [ {b: 1}, {b: 2}, [3] ,]"), "{a:[{b:1} {b:2} [3]]}");
  EXPECT_EQ(parse("a: []\nb: {}"), "{a:[] b:{}}");
}

TEST(ConfParser, only_strings_in_double_quotes_have_escapes) {
  EXPECT_EQ(parse(R"(a: "x\ty\"z\\ \x41")"), "{a:'x\ty\"z\\ A'}");
  EXPECT_EQ(parse(R"(a: 'x\ty')"), "{a:'x\\ty'}");
  EXPECT_EQ(parse("a: \"true\"\nb: '5'\nc: \"$X\""), "{a:'true' b:'5' c:'$X'}") << "quoted text is text";
}

TEST(ConfParser, a_closing_quote_ends_text_that_was_not_opened_with_one) {
  EXPECT_EQ(parse("a: x'\nb: 1"), "{a:'x' b:1}");
  EXPECT_EQ(parse("a: x'y"), "dir/a.conf:1:6: expected a new line, ',' or ';' after a value, found 'y'");
}

TEST(ConfParser, a_block_runs_to_a_bracket_on_its_own_line) {
  EXPECT_EQ(parse("a (\n one (1)\n two )\n)\nb: 1"), "{a:'\n one (1)\n two )\n' b:1}");
}

TEST(ConfParser, sizes_have_decimal_and_binary_suffixes) {
  EXPECT_EQ(parse("a: 1k, b: 1K, c: 1kb, d: 1KB, e: 1KiB, f: 1ki"), "{a:1000 b:1000 c:1024 d:1024 e:1024 f:1024}");
  EXPECT_EQ(parse("a: 2m\nb: 2MB\nc: 1g\nd: 1GiB\ne: 1t\nf: 1pb\n"),
            "{a:2000000 b:2097152 c:1000000000 d:1073741824 e:1000000000000 f:1125899906842624}");
  EXPECT_EQ(parse("a: -1\nb: -2k"), "{a:-1 b:-2000}");
}

TEST(ConfParser, a_number_that_does_not_fit_is_refused_and_not_wrapped) {
  EXPECT_EQ(parse("a: 9223372036854775807"), "{a:9223372036854775807}");
  EXPECT_EQ(parse("a: 9223372036854775808"),
            "dir/a.conf:1:4: expected an integer of at most 64 bits, found '9223372036854775808'");
  EXPECT_EQ(parse("a: 10e"), "dir/a.conf:1:4: expected an integer of at most 64 bits, found '10e'");
  EXPECT_EQ(parse("a: 1kbb"), "dir/a.conf:1:4: expected a size such as 10k, 10kb or 10KiB, found '1kbb'");
}

TEST(ConfParser, text_that_starts_with_a_digit_is_text) {
  EXPECT_EQ(parse("a: 10.0.0.1:4222\nb: 127.0.0.1\nc: 2s\nd: 5min\ne: 1.5\nf: 1x2"),
            "{a:'10.0.0.1:4222' b:'127.0.0.1' c:'2s' d:'5min' e:~1.500000 f:'1x2'}");
  EXPECT_EQ(parse("a: 5'\nb: [x, 10k]\nc: 0x10"), "{a:'5'' b:['x' '10k'] c:'0x10'}");
  EXPECT_EQ(parse("a: 2016-05-04T18:53:41Z"), "{a:@2016-05-04T18:53:41Z}");
}

TEST(ConfParser, words_for_booleans_have_no_case) {
  EXPECT_EQ(parse("a: true, b: Yes, c: ON, d: false, e: no, f: off, g: truely"),
            "{a:true b:true c:true d:false e:false f:false g:'truely'}");
}

TEST(ConfParser, json_is_accepted) {
  EXPECT_EQ(parse(R"({"port": 4222, "a": {"b": [1, "x", true]}, "c": "d"})"), "{port:4222 a:{b:[1 'x' true]} c:'d'}");
  EXPECT_EQ(parse("{\n  \"port\": 4222,\n  \"a\": {\n    \"b\": []\n  }\n}\n"), "{port:4222 a:{b:[]}}");
}

TEST(ConfParser, the_last_value_of_a_key_wins_and_keeps_its_place) {
  EXPECT_EQ(parse("a: 1\nb: 2\na: 3"), "{a:3 b:2}");
}

TEST(ConfParser, a_variable_is_found_in_the_maps_around_it) {
  EXPECT_EQ(parse("x: 5\na: $x\nm { y: 'in', b: $y, n { c: $x, d: [$y] } }"),
            "{x:5 a:5 m:{y:'in' b:'in' n:{c:5 d:['in']}}}");
  EXPECT_EQ(parse("p: {allow: [a]}\nq: $p"), "{p:{allow:['a']} q:{allow:['a']}}");
}

TEST(ConfParser, a_variable_of_an_inner_map_is_not_seen_outside) {
  EXPECT_EQ(
      parse("m { y: 1 }\na: $y"),
      "dir/a.conf:2:4: expected a value for the variable $y: it is neither defined before nor in the environment");
}

TEST(ConfParser, a_variable_is_found_in_the_environment_and_read_as_a_value) {
  World world;
  world.variables = {{"PORT", "4333"}, {"HOST", "example.org"}, {"TAGS", "[a, b]"}, {"REF", "$PORT"}, {"EMPTY", ""}};
  EXPECT_EQ(world.parse("a: $PORT, b: $HOST, c: $TAGS, d: $REF, e: $EMPTY"),
            "{a:4333 b:'example.org' c:['a' 'b'] d:4333 e:''}");
  EXPECT_EQ(world.parse("PORT: 1\na: $PORT"), "{PORT:1 a:1}") << "the file wins over the environment";
}

TEST(ConfParser, an_environment_variable_that_refers_to_itself_is_refused) {
  World world;
  world.variables = {{"A", "$B"}, {"B", "$A"}};
  EXPECT_NE(world.parse("x: $A").find("refers to itself"), std::string::npos);
}

TEST(ConfParser, a_bcrypt_hash_is_no_variable) {
  const std::string hash = "$2a$10$UHR6GhotWhpLsKtVP0/i6.Nh9.fuY73cWjLoJjb2sKT8KISBcUW5q";
  EXPECT_EQ(parse("password: " + hash + "\nb: [" + hash + "]"), "{password:'" + hash + "' b:['" + hash + "']}");
}

TEST(ConfParser, a_definition_that_is_used_is_marked) {
  World world;
  world.parse("x: 1\ny: 2\na: $x");
  EXPECT_TRUE(world.document.root.members[0].used_as_variable);
  EXPECT_FALSE(world.document.root.members[1].used_as_variable);
}

TEST(ConfParser, includes_are_relative_to_the_file_and_merged_into_the_map) {
  World world;
  world.files = {{"dir/sub/users.conf", "users: [a]\ninclude \"more.conf\"\n"}, {"dir/sub/more.conf", "z: 1"}};
  EXPECT_EQ(world.parse("port: 1\nauthorization {\n include ./sub/users.conf\n}\n"),
            "dir/a.conf:3:2: cannot include './sub/users.conf': open dir/./sub/users.conf: no such file or directory");
  EXPECT_EQ(world.parse("port: 1\nauthorization {\n include sub/users.conf\n t: 1 }\n"),
            "{port:1 authorization:{users:['a'] z:1 t:1}}");
  EXPECT_EQ(world.document.where(world.document.root.members[1].value.members[1].value.place), "dir/sub/more.conf:1:1");
  EXPECT_EQ(world.parse("include 'sub/more.conf'; b: $z"), "{z:1 b:1}");
}

TEST(ConfParser, a_file_that_includes_itself_is_refused) {
  World world;
  world.files = {{"dir/b.conf", "include b.conf"}};
  EXPECT_EQ(world.parse("include b.conf"),
            "dir/b.conf:1:1: cannot include 'b.conf': too many files include each other");
}

TEST(ConfParser, files_that_include_each_other_many_times_are_refused) {
  World world;
  std::string many;
  for (int i = 0; i < 50; ++i) many += "include b.conf\n";
  world.files = {{"dir/b.conf", many}};
  ConfLimits limits;
  limits.max_files = 20;
  limits.max_include_depth = 3;
  EXPECT_NE(world.parse(many, limits).find("too many files"), std::string::npos);
  EXPECT_LE(world.reads, 25);
}

TEST(ConfParser, places_are_those_of_keys_and_of_items) {
  World world;
  world.parse("a: 1\n  m {\n    b: [x\n     y] }\n");
  const ConfValue& root = world.document.root;
  EXPECT_EQ(world.document.where(root.find("a")->place), "dir/a.conf:1:1");
  EXPECT_EQ(world.document.where(root.find("m")->place), "dir/a.conf:2:3");
  EXPECT_EQ(world.document.where(root.find("m")->find("b")->place), "dir/a.conf:3:5");
  EXPECT_EQ(world.document.where(root.find("m")->find("b")->items[1].place), "dir/a.conf:4:6");
}

TEST(ConfParser, problems_name_the_place_and_what_was_expected) {
  EXPECT_EQ(parse("a: 1\nport:\n4222"), "dir/a.conf:2:6: expected a value for \"port\", found the end of the line");
  EXPECT_EQ(parse("a"), "dir/a.conf:1:2: expected a value for \"a\", found the end of the file");
  EXPECT_EQ(parse("= 1"), "dir/a.conf:1:1: expected a key, found '='");
  EXPECT_EQ(parse("a: 1 b: 2"), "dir/a.conf:1:6: expected a new line, ',' or ';' after a value, found 'b'");
  EXPECT_EQ(parse("m { a: 1"), "dir/a.conf:1:9: expected a key or '}', found the end of the file");
  EXPECT_EQ(parse("m { a: 1 ]"), "dir/a.conf:1:10: expected a new line, ',' or ';' after a value, found ']'");
  EXPECT_EQ(parse("a: [1 2]"), "dir/a.conf:1:7: expected ',' or ']' after a value of an array, found '2'");
  EXPECT_EQ(parse("a: [1,,2]"), "dir/a.conf:1:7: expected a value or ']', found ','");
  EXPECT_EQ(parse("a: \"x"), "dir/a.conf:1:4: expected \" at the end of this string, found the end of the file");
  EXPECT_EQ(parse("a: 'x"), "dir/a.conf:1:4: expected ' at the end of this string, found the end of the file");
  EXPECT_EQ(parse("a: \"\\q\""), "dir/a.conf:1:6: expected one of \\t \\n \\r \\\" \\\\ \\xHH, found \\ and 'q'");
  EXPECT_EQ(parse("a: (\nx"),
            "dir/a.conf:1:4: expected ')' on a line of its own at the end of this block, found the end of the file");
  EXPECT_EQ(parse("a: -x"), "dir/a.conf:1:5: expected a digit after '-', found 'x'; other text needs quotes");
  EXPECT_EQ(parse("a: 1\n}\nb: 2"), "dir/a.conf:2:1: expected a key, found '}' that closes nothing");
  EXPECT_EQ(parse("a: 1\n\x01: 2\n= 2"), "dir/a.conf:3:1: expected a key, found '='");
}

TEST(ConfParser, one_brace_too_many_at_the_end_is_forgiven) {
  EXPECT_EQ(parse("a: 1\n}\n"), "{a:1}");
  EXPECT_EQ(parse("a: 1 }"), "{a:1}");
}

TEST(ConfParser, depth_is_bounded_through_maps_arrays_braces_and_variables) {
  const std::string sentence = "expected at most 64 levels of maps and arrays";
  EXPECT_NE(parse("a: " + std::string(100'000, '[')).find(sentence), std::string::npos);
  EXPECT_NE(parse(std::string(100'000, '{')).find(sentence), std::string::npos);
  std::string maps, chain = "v0: {x: 1}\n";
  for (int i = 0; i < 1000; ++i) maps += "a {";
  EXPECT_NE(parse(maps).find(sentence), std::string::npos);
  for (int i = 1; i < 100; ++i) chain += "v" + std::to_string(i) + ": {x: $v" + std::to_string(i - 1) + "}\n";
  EXPECT_NE(parse(chain).find(sentence), std::string::npos);
  EXPECT_EQ(parse("a: " + std::string(64, '[') + std::string(64, ']')).find(sentence), std::string::npos);
}

TEST(ConfParser, variables_that_double_each_other_are_refused_before_they_fill_the_memory) {
  std::string text = "v0: [a, b, c, d, e, f, g, h]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "$v" + std::to_string(i - 1);
    text += "v" + std::to_string(i) + ": [" + before + ", " + before + "]\n";
  }
  EXPECT_NE(parse(text).find("stands for too much"), std::string::npos);
}

TEST(ConfParser, size_and_number_of_values_are_bounded) {
  World world;
  ConfLimits limits;
  limits.max_file_bytes = 10;
  EXPECT_EQ(world.parse("abcdefgh: 1", limits), "dir/a.conf: expected at most 10 bytes");
  limits = {};
  limits.max_values = 3;
  EXPECT_EQ(world.parse("a: 1\nb: 2\nc: 3", limits), "{a:1 b:2 c:3}");
  EXPECT_EQ(world.parse("a: [1, 2, 3]", limits), "dir/a.conf:1:11: expected at most 3 values");
}

TEST(ConfParser, a_missing_file_is_named) {
  FakeSurroundings nothing;
  ConfDocument document;
  ConfProblem problem;
  EXPECT_FALSE(parse_conf_file("/none.conf", nothing, {}, document, problem));
  EXPECT_EQ(problem.sentence(), "open /none.conf: no such file or directory");
}

}  // namespace
}  // namespace switchyard::nats
