// Configurations of the kinds that official client suites and manuals use, start to end: text in, options out.
#include <gtest/gtest.h>

#include "plugins/nats/server_command_line.h"
#include "tests/unit/nats/fake_surroundings.h"
#include "tests/unit/nats/keys.h"

namespace switchyard::nats {
namespace {

ServerOptions start(const std::string& text, std::vector<std::string> arguments = {}) {
  FakeSurroundings world;
  world.files["/tmp/t/nats.conf"] = text;
  arguments.insert(arguments.begin(), {"-c", "/tmp/t/nats.conf"});
  const StartPlan plan = plan_start(arguments, world);
  EXPECT_EQ(plan.kind, StartPlan::Kind::serve) << plan.message;
  EXPECT_EQ(plan.message, "");
  return plan.options;
}

TEST(SuiteConfiguration, a_launcher_that_takes_any_port_and_reads_the_ports_file) {
  const ServerOptions o = start(R"(
ports_file_dir: "/tmp/ports"
port: -1
http: "127.0.0.1:-1"
server_tags: ["node:1"]
leafnodes: {
  listen: "127.0.0.1:-1"
}
websocket: {
  port: -1
  no_tls: true
}
jetstream: {
  max_file_store: 10737418240
  max_mem_store: 1MB
  store_dir: "/tmp/js"
  domain: "hub"
}
)");
  EXPECT_EQ(o.port, kAnyPort);
  EXPECT_EQ(o.http_host, "127.0.0.1");
  EXPECT_EQ(o.http_port, kAnyPort);
  EXPECT_EQ(o.websocket.port, kAnyPort);
  EXPECT_EQ(o.websocket.host, "0.0.0.0");
  EXPECT_EQ(o.ports_file_dir, "/tmp/ports");
  ASSERT_EQ(o.unserved.size(), 2u);
  EXPECT_EQ(o.unserved[0].where, "/tmp/t/nats.conf:6:1");
}

TEST(SuiteConfiguration, users_with_permissions_and_a_bcrypt_password) {
  const ServerOptions o = start(R"(
# Authorization
authorization {
  ADMIN = {
    publish = ">"
    subscribe = ">"
  }
  REQUESTOR = {
    publish = ["req.foo", "req.bar"]
    subscribe = "_INBOX.>"
  }
  default_permissions = {
    publish = "SANDBOX.*"
    subscribe = ["PUBLIC.>", "_INBOX.>"]
  }
  JOES: $2a$10$UHR6GhotWhpLsKtVP0/i6.Nh9.fuY73cWjLoJjb2sKT8KISBcUW5q
  users = [
    {user: alice, password: foo, permissions: $ADMIN}
    {user: bob,   password: bar, permissions: $REQUESTOR}
    {user: joe,   password: $JOES}
  ]
}
)");
  const auto& users = o.authorization->users;
  ASSERT_EQ(users.size(), 3u);
  EXPECT_EQ(users[0].permissions->publish->allow->at(0), ">");
  EXPECT_EQ(users[1].permissions->publish->allow->size(), 2u);
  EXPECT_EQ(users[2].password.substr(0, 7), "$2a$10$");
  EXPECT_EQ(users[2].permissions->publish->allow->at(0), "SANDBOX.*");
}

TEST(SuiteConfiguration, accounts_that_share_services_and_an_account_for_those_without_a_name) {
  const ServerOptions o = start(R"(
listen: 127.0.0.1:4222
accounts: {
    SYS: { users: [ {user: sys, password: sys} ] }
    A: {
        jetstream: { max_mem: 1G }
        users: [ {user: a, password: pwd} ]
        exports: [ {service: "$JS.API.>"}, {stream: "events.>", accounts: [B]} ]
    },
    B: {
        users: [ {user: b, password: pwd, permissions: {publish: {deny: ["secret.>"]}, allow_responses: {max: 3, expires: "2s"}}} ]
        imports: [
            {service: {account: A, subject: "$JS.API.>"}, to: "js.from.a.>"}
            {stream: {account: A, subject: "events.>"}, prefix: "a"}
        ]
        mappings: { orders: [ {destination: "orders.v1", weight: 80%}, {destination: orders.v2, weight: 20%} ] }
    }
}
system_account: SYS
no_auth_user: b
)");
  EXPECT_EQ(o.accounts.size(), 3u);
  EXPECT_EQ(o.accounts[2].imports.at(0).to, "js.from.a.>");
  EXPECT_EQ(o.accounts[2].mappings.at(0).destinations.at(1).weight, 20);
  EXPECT_EQ(o.no_auth_user, "b");
  EXPECT_EQ(o.system_account, "SYS");
}

TEST(SuiteConfiguration, tls_that_verifies_and_shakes_hands_first) {
  const ServerOptions o = start(R"(
net: "0.0.0.0"
port: 4443
allow_non_tls: false
tls {
  ca_file:   "certs/ca.pem"
  cert_file: "certs/server-cert.pem"
  key_file:  "certs/server-key.pem"
  verify:    true
  timeout:   2
  handshake_first: "300ms"
}
authorization { timeout: 1 }
)");
  EXPECT_EQ(o.port, 4443);
  EXPECT_TRUE(o.tls->verify && o.tls->handshake_first);
  EXPECT_EQ(o.tls->handshake_first_fallback_ms, 300);
  EXPECT_EQ(o.tls->timeout_ms, 2'000);
  EXPECT_EQ(o.auth_timeout_ms, 1'000);
}

TEST(SuiteConfiguration, operator_mode_with_accounts_in_memory) {
  const std::string jwt = "eyJ0eXAiOiJKV1QifQ.eyJqdGkiOiJ4In0.c2ln";
  const ServerOptions o = start("operator: " + jwt + "\nsystem_account: " + kAccountKey +
                                "\nresolver: MEMORY\nresolver_preload: {\n    " + kAccountKey + ": " + jwt + "\n}\n");
  EXPECT_EQ(o.operators.size(), 1u);
  EXPECT_EQ(o.resolver.kind, ResolverOptions::Kind::memory);
  EXPECT_EQ(o.resolver_preload.size(), 1u);
  EXPECT_TRUE(o.unserved.empty());
}

TEST(SuiteConfiguration, the_same_as_json_with_flags_over_it) {
  const ServerOptions o = start(R"({
  "port": 4222,
  "http_port": 8222,
  "max_payload": 8388608,
  "authorization": {"users": [{"user": "a", "password": "b"}], "timeout": 5}
}
)",
                                {"-a", "127.0.0.1", "-p", "4333", "-l", "/tmp/log", "-DV"});
  EXPECT_EQ(o.host, "127.0.0.1");
  EXPECT_EQ(o.port, 4333);
  EXPECT_EQ(o.http_port, 8222);
  EXPECT_EQ(o.max_payload, 8388608);
  EXPECT_EQ(o.auth_timeout_ms, 5'000);
  EXPECT_TRUE(o.debug && o.trace);
}

TEST(SuiteConfiguration, limits_that_a_test_lowers) {
  const ServerOptions o = start(
      "max_payload: 1024\nmax_connections: 2\nmax_subscriptions: 3\nmax_control_line: 512\n"
      "ping_interval: \"100ms\"\nping_max: 1\nwrite_deadline: \"2s\"\nno_header_support: true\n");
  EXPECT_EQ(o.max_payload, 1024);
  EXPECT_EQ(o.max_connections, 2);
  EXPECT_EQ(o.max_subscriptions, 3);
  EXPECT_EQ(o.ping_interval_ms, 100);
  EXPECT_TRUE(o.no_header_support);
}

}  // namespace
}  // namespace switchyard::nats
