// Logins and permissions.
#include <gtest/gtest.h>

#include "tests/unit/nats/keys.h"
#include "tests/unit/nats/options_world.h"

namespace switchyard::nats {
namespace {

using Subjects = std::vector<std::string>;

const UserOptions& only_user(const OptionsWorld& world) {
  EXPECT_EQ(world.errors(), "");
  return world.options.authorization->users.at(0);
}

OptionsWorld permissions(const std::string& text) {
  return OptionsWorld("authorization { users: [{user: a, permissions: " + text + "}] }");
}

TEST(Authorization, one_login_or_a_token) {
  OptionsWorld login("authorization { user: derek, password: porkchop, timeout: 2 }");
  ASSERT_EQ(login.errors(), "");
  EXPECT_EQ(login.options.authorization->username, "derek");
  EXPECT_EQ(login.options.authorization->password, "porkchop");
  EXPECT_EQ(login.options.authorization->timeout_ms, 2'000);
  EXPECT_EQ(OptionsWorld("authorization { token: \"S3cr3t\" }").options.authorization->token, "S3cr3t");
}

TEST(Authorization, logins_that_exclude_each_other_are_refused) {
  EXPECT_EQ(errors_of("authorization { user: a, token: t }"), "a.conf:1:1: Cannot have a user/pass and token\n");
  EXPECT_EQ(errors_of("authorization { user: a, users: [] }"),
            "a.conf:1:1: Can not have a single user/pass and a users array\n");
  EXPECT_EQ(errors_of("authorization { token: a, users: [] }"), "a.conf:1:1: Can not have a token and a users array\n");
  EXPECT_EQ(errors_of("authorization { token: t }\naccounts { A { users: [{user: b}] } }"),
            "a.conf:2:12: Can not have a token and accounts\n");
}

TEST(Authorization, users_have_names_or_nkeys) {
  OptionsWorld world(std::string("authorization { users: [ {user: a, password: b}, {username: c, pass: d}, {nkey: ") +
                     kUserKey + "} ] }");
  ASSERT_EQ(world.errors(), "");
  const auto& users = world.options.authorization->users;
  ASSERT_EQ(users.size(), 3u);
  EXPECT_EQ(users[0].username + users[0].password + users[1].username + users[1].password, "abcd");
  EXPECT_EQ(users[2].nkey, kUserKey);
  EXPECT_TRUE(world.options.has_users());
}

TEST(Authorization, a_user_that_cannot_log_in_is_refused) {
  EXPECT_EQ(errors_of("authorization { users = [ { } ] }"), "a.conf:1:27: User entry requires a user\n");
  EXPECT_EQ(errors_of("authorization { users: [ {nkey: UABC} ] }"),
            "a.conf:1:26: Not a valid public nkey for a user\n");
  EXPECT_EQ(errors_of(std::string("authorization { users: [ {user: a, nkey: ") + kUserKey + "} ] }"),
            "a.conf:1:26: Nkey users do not take usernames or passwords\n");
  EXPECT_EQ(errors_of("authorization { users: [ {user: a, foo: 1} ] }"), "a.conf:1:36: unknown field \"foo\"\n");
  EXPECT_EQ(errors_of("authorization { users: {} }"), "a.conf:1:17: Expected users field to be an array, got a map\n");
  EXPECT_EQ(errors_of("authorization { users: [{user: a, password: 123}] }"),
            "a.conf:1:35: expected \"password\" to be a string, got an integer\n");
}

TEST(Authorization, a_name_exists_once_in_the_whole_server) {
  EXPECT_EQ(errors_of("authorization { users: [{user: a}, {user: a}] }"),
            "a.conf:1:36: Duplicate user \"a\" detected\n");
  EXPECT_EQ(errors_of("accounts { A { users: [{user: a}] }, B { users: [{user: a}] } }"),
            "a.conf:1:50: Duplicate user \"a\" detected\n");
  EXPECT_EQ(errors_of("authorization { users: [{user: a}] }\naccounts { A { users: [{user: a}] } }"),
            "a.conf:2:24: Duplicate user \"a\" detected\n");
}

TEST(Authorization, an_empty_list_of_users_is_not_no_list) {
  EXPECT_TRUE(OptionsWorld("authorization { users: [] }").options.authorization->users_given);
  EXPECT_FALSE(OptionsWorld("authorization { timeout: 1 }").options.authorization->users_given);
}

TEST(Authorization, a_high_timeout_is_a_warning) {
  OptionsWorld world("authorization { timeout: 1m }");
  EXPECT_TRUE(world.ok);
  EXPECT_NE(world.warnings().find("above 60 seconds"), std::string::npos);
  EXPECT_EQ(OptionsWorld("authorization { timeout: \"1s\" }").warnings(), "");
}

TEST(Authorization, kinds_of_connections_are_checked_and_in_upper_case) {
  OptionsWorld world("authorization { users: [{user: a, allowed_connection_types: [standard, WEBSOCKET]}] }");
  EXPECT_EQ(only_user(world).allowed_connection_types, (Subjects{"STANDARD", "WEBSOCKET"}));
  EXPECT_EQ(errors_of("authorization { users: [{user: a, connection_types: [x]}] }"),
            "a.conf:1:35: invalid connection types [\"X\"]\n");
}

TEST(Permissions, subjects_come_alone_in_a_list_or_with_allow_and_deny) {
  EXPECT_EQ(*only_user(permissions("{publish: foo}")).permissions->publish->allow, Subjects{"foo"});
  EXPECT_EQ(*only_user(permissions("{publish: [foo, \"bar.>\"]}")).permissions->publish->allow,
            (Subjects{"foo", "bar.>"}));
  OptionsWorld both = permissions("{pub: {allow: [\"a.*\"], deny: a.b}, sub: {deny: [x]}}");
  const PermissionOptions& p = *only_user(both).permissions;
  EXPECT_EQ(*p.publish->allow, Subjects{"a.*"});
  EXPECT_EQ(p.publish->deny, Subjects{"a.b"});
  EXPECT_FALSE(p.subscribe->allow) << "what is not denied is allowed";
  EXPECT_EQ(p.subscribe->deny, Subjects{"x"});
}

TEST(Permissions, what_says_nothing_limits_nothing) {
  EXPECT_FALSE(only_user(permissions("{publish: {}}")).permissions->publish);
  EXPECT_FALSE(only_user(permissions("{publish: {allow: []}}")).permissions->publish);
  EXPECT_FALSE(only_user(permissions("{publish: foo}")).permissions->subscribe);
}

TEST(Permissions, a_queue_may_follow_only_a_subscription) {
  EXPECT_EQ(*only_user(permissions("{subscribe: [\"foo q.*\"]}")).permissions->subscribe->allow, Subjects{"foo q.*"});
  EXPECT_EQ(permissions("{publish: [\"foo q\"]}").errors(), "a.conf:1:49: subject \"foo q\" is not a valid subject\n");
  EXPECT_FALSE(permissions("{subscribe: [\"foo q r\"]}").ok);
}

TEST(Permissions, answers_are_allowed_by_a_word_or_by_a_map) {
  OptionsWorld plain = permissions("{allow_responses: true}");
  const PermissionOptions& p = *only_user(plain).permissions;
  EXPECT_EQ(p.responses->max_messages, 1);
  EXPECT_EQ(p.responses->expires_ms, 120'000);
  ASSERT_TRUE(p.publish && p.publish->allow) << "who may answer may publish nothing else";
  EXPECT_TRUE(p.publish->allow->empty());
  OptionsWorld map = permissions("{subscribe: s, publish: {deny: d}, allow_responses: {max: 5, expires: \"1m\"}}");
  EXPECT_EQ(only_user(map).permissions->responses->max_messages, 5);
  EXPECT_EQ(only_user(map).permissions->responses->expires_ms, 60'000);
  EXPECT_TRUE(only_user(map).permissions->publish->allow->empty());
  EXPECT_FALSE(only_user(permissions("{allow_responses: false}")).permissions->responses);
  OptionsWorld listed = permissions("{allow_responses: {max: 0}, publish: [a]}");
  EXPECT_EQ(*only_user(listed).permissions->publish->allow, Subjects{"a"}) << "in any order";
}

TEST(Permissions, a_user_whose_permissions_cannot_be_read_is_refused) {
  EXPECT_EQ(permissions("{publish: foo..bar, zzz: 1}").errors(),
            "a.conf:1:49: subject \"foo..bar\" is not a valid subject\na.conf:1:68: Unknown field \"zzz\" parsing "
            "permissions\n");
  EXPECT_FALSE(permissions("{publish: {alow: x}}").ok);
  EXPECT_FALSE(permissions("{publish: 5}").ok);
  EXPECT_FALSE(permissions("[]").ok);
  EXPECT_FALSE(permissions("{allow_responses: 5}").ok);
  EXPECT_FALSE(permissions("{allow_responses: {expires: 5}}").ok);
  EXPECT_FALSE(permissions("{publish: \">.a\"}").ok);
  EXPECT_FALSE(permissions("{publish: \"\"}").ok);
}

TEST(Permissions, defaults_go_to_users_without_their_own_wherever_they_stand) {
  OptionsWorld world(
      "authorization { users: [{user: a}, {user: b, permissions: {publish: x}}], default_permissions: {publish: d} }");
  const auto& users = world.options.authorization->users;
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(*users[0].permissions->publish->allow, Subjects{"d"});
  EXPECT_EQ(*users[1].permissions->publish->allow, Subjects{"x"});
}

}  // namespace
}  // namespace switchyard::nats
