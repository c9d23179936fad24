#include "plugins/nats/connect_options.h"

#include <gtest/gtest.h>

namespace switchyard::nats {
namespace {

ConnectOptions decoded(std::string_view text) {
  ConnectOptions options;
  EXPECT_TRUE(decode_connect(text, options)) << text;
  return options;
}

TEST(ConnectOptions, client_that_says_nothing_gets_the_defaults_of_the_server) {
  for (const std::string_view text : {"{}", " {} ", "null"}) {
    const ConnectOptions options = decoded(text);
    EXPECT_TRUE(options.verbose && options.pedantic && options.echo) << text;
    EXPECT_FALSE(options.headers || options.no_responders || options.tls_required || options.new_account) << text;
    EXPECT_EQ(options.protocol, 0);
    EXPECT_EQ(options.user, "");
  }
}

TEST(ConnectOptions, every_field_is_read) {
  const ConnectOptions options = decoded(
      R"({"verbose":false,"pedantic":false,"echo":false,"tls_required":true,"headers":true,"no_responders":true,
          "new_account":true,"protocol":1,"name":"n","lang":"go","version":"1.2","account":"A","user":"u","pass":"p",
          "auth_token":"t","nkey":"U","jwt":"e.y.J","sig":"s","proxy_sig":"ps"})");
  EXPECT_FALSE(options.verbose || options.pedantic || options.echo);
  EXPECT_TRUE(options.tls_required && options.headers && options.no_responders && options.new_account);
  EXPECT_EQ(options.protocol, 1);
  EXPECT_EQ(options.name, "n");
  EXPECT_EQ(options.lang, "go");
  EXPECT_EQ(options.version, "1.2");
  EXPECT_EQ(options.account, "A");
  EXPECT_EQ(options.user, "u");
  EXPECT_EQ(options.pass, "p");
  EXPECT_EQ(options.auth_token, "t");
  EXPECT_EQ(options.nkey, "U");
  EXPECT_EQ(options.jwt, "e.y.J");
  EXPECT_EQ(options.sig, "s");
  EXPECT_EQ(options.proxy_sig, "ps");
}

TEST(ConnectOptions, field_names_match_in_any_case_and_the_last_wins) {
  const ConnectOptions options = decoded(R"({"VERBOSE":false,"User":"a","user":"b"})");
  EXPECT_FALSE(options.verbose);
  EXPECT_EQ(options.user, "b");
}

TEST(ConnectOptions, unknown_fields_and_nulls_change_nothing) {
  const ConnectOptions options = decoded(R"({"extra":{"a":[1,2.5,null]},"verbose":null,"user":null,"protocol":null})");
  EXPECT_TRUE(options.verbose);
  EXPECT_EQ(options.user, "");
}

TEST(ConnectOptions, second_connect_changes_only_what_it_names) {
  ConnectOptions options;
  ASSERT_TRUE(decode_connect(R"({"verbose":false,"name":"first","user":"u"})", options));
  ASSERT_TRUE(decode_connect(R"({"name":"second"})", options));
  EXPECT_FALSE(options.verbose);
  EXPECT_EQ(options.name, "second");
  EXPECT_EQ(options.user, "u");
}

TEST(ConnectOptions, wrong_types_are_refused_and_change_nothing) {
  for (const std::string_view text :
       {R"({"name":"x","verbose":"true"})", R"({"name":"x","echo":1})", R"({"name":"x","user":5})",
        R"({"name":"x","pass":["p"]})", R"({"name":"x","protocol":"1"})", R"({"name":"x","protocol":1.0})",
        R"({"name":"x","protocol":1e0})", R"({"name":"x","protocol":18446744073709551615})",
        R"({"name":"x","jwt":{}})"}) {
    ConnectOptions options;
    options.name = "before";
    EXPECT_FALSE(decode_connect(text, options)) << text;
    EXPECT_EQ(options.name, "before") << text;
  }
}

TEST(ConnectOptions, what_is_not_one_json_object_is_refused) {
  for (const std::string_view text : {"", " ", "{", "{bad json", "[]", "1", "\"{}\"", "{} {}", "{}x", "{\"a\":1,}",
                                      "{'a':1}", "{\"name\":\"a\nb\"}"}) {
    ConnectOptions options;
    EXPECT_FALSE(decode_connect(text, options)) << text;
  }
}

TEST(ConnectOptions, protocol_of_any_number_decodes_for_the_caller_to_judge) {
  EXPECT_EQ(decoded(R"({"protocol":-1})").protocol, -1);
  EXPECT_EQ(decoded(R"({"protocol":2})").protocol, 2);
}

TEST(ConnectOptions, depth_and_size_are_bounded) {
  const auto nested = [](std::size_t depth) {
    return "{\"x\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  ConnectOptions options;
  EXPECT_TRUE(decode_connect(nested(kMaxConnectDepth), options));
  EXPECT_FALSE(decode_connect(nested(kMaxConnectDepth + 1), options));
  EXPECT_FALSE(decode_connect(nested(100000), options));
  EXPECT_TRUE(decode_connect("{}" + std::string(kMaxConnectBytes - 2, ' '), options));
  EXPECT_FALSE(decode_connect("{}" + std::string(kMaxConnectBytes - 1, ' '), options));
}

TEST(ConnectOptions, bytes_that_are_not_utf8_are_replaced) {
  EXPECT_EQ(decoded("{\"name\":\"a\xff\xc3\xa9\"}").name, "a\xEF\xBF\xBD\xc3\xa9");
}

}  // namespace
}  // namespace switchyard::nats
