// Accounts, what they share, mappings, and operator mode.
#include <gtest/gtest.h>

#include "tests/unit/nats/keys.h"
#include "tests/unit/nats/options_world.h"

namespace switchyard::nats {
namespace {

constexpr const char* kJwt = "eyJ0eXAiOiJKV1QifQ.eyJqdGkiOiJ4In0.c2ln";

TEST(Accounts, an_account_has_users_limits_and_defaults) {
  OptionsWorld world(std::string("accounts { A { nkey: ") + kAccountKey + R"(
    users: [ {user: a, password: x} ]
    default_permissions: { publish: ["in.>"] }
    limits { max_conn: 5, max_subs: -1, max_payload: 1k, max_leafs: 2 } }, B: {} })");
  ASSERT_EQ(world.errors(), "");
  ASSERT_EQ(world.options.accounts.size(), 2u);
  const AccountOptions& a = world.options.accounts[0];
  EXPECT_EQ(a.name, "A");
  EXPECT_EQ(a.nkey, kAccountKey);
  EXPECT_EQ(a.users.at(0).permissions->publish->allow->at(0), "in.>");
  EXPECT_EQ(a.limits.max_connections, 5);
  EXPECT_EQ(a.limits.max_subscriptions, -1);
  EXPECT_EQ(a.limits.max_payload, 1000);
  EXPECT_EQ(a.limits.max_leafnodes, 2);
  EXPECT_FALSE(world.options.accounts[1].limits.max_payload);
}

TEST(Accounts, a_list_of_names_is_a_list_of_empty_accounts) {
  OptionsWorld world("accounts: [A, B]");
  ASSERT_EQ(world.options.accounts.size(), 2u);
  EXPECT_EQ(world.options.accounts[1].name, "B");
  EXPECT_EQ(errors_of("accounts: [A, A]"), "a.conf:1:15: Duplicate Account Entry: A\n");
}

TEST(Accounts, problems_are_named) {
  EXPECT_EQ(errors_of("accounts { \"$G\" {} }"), "a.conf:1:12: \"$G\" is a Reserved Account\n");
  EXPECT_EQ(errors_of("accounts { A { foo: 1 } }"), "a.conf:1:16: unknown field \"foo\"\n");
  EXPECT_EQ(errors_of("accounts { A: 5 }"), "a.conf:1:12: Expected map entries for accounts\n");
  EXPECT_EQ(errors_of("accounts { A { nkey: x } }"), "a.conf:1:16: Not a valid public nkey for an account: \"x\"\n");
  EXPECT_EQ(errors_of("accounts { A { limits { max_foo: 1 } } }"),
            "a.conf:1:25: Unknown field \"max_foo\" parsing account limits\n");
}

TEST(Accounts, a_definition_among_accounts_is_no_account) {
  OptionsWorld world("accounts { team: [{user: a}], A { users: $team } }");
  ASSERT_EQ(world.errors(), "");
  ASSERT_EQ(world.options.accounts.size(), 1u);
  EXPECT_EQ(world.options.accounts[0].users.at(0).username, "a");
}

TEST(Shares, streams_and_services_are_exported_and_imported) {
  OptionsWorld world(R"(accounts {
    A { exports: [
      {stream: "pub.>"}
      {stream: "priv.>", accounts: [B], account_token_position: 2}
      {service: "help", response_type: Stream, threshold: "5s", allow_trace: true}
      {service: "timed", latency: {subject: "lat", sampling: "50%"}}
      {service: "asked", response: single, latency: {subject: "lat", sampling: headers}}
    ] }
    B { imports: [
      {stream: {account: A, subject: "pub.>"}, prefix: "from.a"}
      {stream: {account: A, subject: "priv.x"}, to: "x", allow_trace: true}
      {service: {account: A, subject: help}, to: "local.help", share: true}
      {service: {account: A, subject: "other"}}
    ] } })");
  ASSERT_EQ(world.errors(), "");
  const auto& exports = world.options.accounts[0].exports;
  const auto& imports = world.options.accounts[1].imports;
  ASSERT_EQ(exports.size(), 5u);
  ASSERT_EQ(imports.size(), 4u);
  EXPECT_FALSE(exports[0].service);
  EXPECT_TRUE(exports[0].accounts.empty());
  EXPECT_EQ(exports[1].accounts, std::vector<std::string>{"B"});
  EXPECT_EQ(exports[1].account_token_position, 2u);
  EXPECT_TRUE(exports[2].service && exports[2].allow_trace);
  EXPECT_EQ(exports[2].response, ExportOptions::Response::stream);
  EXPECT_EQ(exports[2].response_threshold_ms, 5'000);
  EXPECT_EQ(exports[3].latency_subject, "lat");
  EXPECT_EQ(exports[3].latency_sampling, 50);
  EXPECT_EQ(exports[4].latency_sampling, 0);
  EXPECT_EQ(imports[0].prefix, "from.a");
  EXPECT_EQ(imports[1].to, "x");
  EXPECT_TRUE(imports[1].allow_trace);
  EXPECT_TRUE(imports[2].service && imports[2].share);
  EXPECT_EQ(imports[2].to, "local.help");
  EXPECT_EQ(imports[3].to, "other") << "a service keeps its subject";
}

std::string exported(const std::string& text) { return errors_of("accounts { A { exports: [" + text + "] } }"); }
std::string imported(const std::string& text) { return errors_of("accounts { A {}, B { imports: [" + text + "] } }"); }

TEST(Shares, what_contradicts_itself_is_refused) {
  EXPECT_EQ(exported("{stream: a, service: b}"), "a.conf:1:26: expected a stream or a service, got both\n");
  EXPECT_EQ(exported("{accounts: [A]}"), "a.conf:1:26: expected a field \"stream\" or \"service\"\n");
  EXPECT_EQ(exported("{stream: a, response: chunked}"), "a.conf:1:38: Detected response directive on non-service\n");
  EXPECT_EQ(exported("{response: x, service: a}"), "a.conf:1:27: Unknown response type: \"x\"\n");
  EXPECT_EQ(exported("{service: a, latency: {sampling: 101, subject: s}}").find("a.conf:1:49: expected the sampling"),
            0u);
  EXPECT_EQ(exported("{service: a, latency: {sampling: 10}}"), "a.conf:1:39: Latency subject required, but missing\n");
  EXPECT_EQ(exported("{service: a, response: stream, latency: l}"),
            "a.conf:1:26: Error adding service latency sampling for \"a\": bad service response type\n");
  EXPECT_EQ(imported("{stream: {account: A, subject: s}, prefix: p, to: t}"),
            "a.conf:1:32: Stream import can not have a 'prefix' and a 'to' property\n");
  EXPECT_EQ(imported("{stream: {subject: s}}"), "a.conf:1:33: Expect an account name and a subject\n");
  EXPECT_EQ(imported("{service: {account: A, subject: s}, allow_trace: true}"),
            "a.conf:1:68: Detected allow_trace directive on a non-stream\n");
  EXPECT_EQ(imported("{service: {account: A, subject: s}}, {service: {account: A, subject: s}}"),
            "a.conf:1:69: Duplicate service import subject \"s\", previously used in import for account \"A\"\n");
  EXPECT_EQ(exported("{stream: \"a..b\"}"), "a.conf:1:27: subject \"a..b\" is not a valid subject\n");
}

TEST(Shares, accounts_that_nobody_defined_are_refused) {
  EXPECT_EQ(errors_of("accounts { A { imports: [{stream: {account: B, subject: x}}] } }"),
            "a.conf:1:26: \"B\" account not defined for stream import\n");
  EXPECT_EQ(errors_of("accounts { A { exports: [{service: x, accounts: [B]}] } }"),
            "a.conf:1:26: \"B\" account not defined for service export\n");
}

TEST(Mappings, a_mapping_is_a_subject_a_weight_or_a_list_of_weights) {
  OptionsWorld world(R"(mappings {
    foo: bar
    "a.*": { destination: "b.$1", weight: 40% }
    c: [ { dest: d, weight: 60 }, { dest: e, weight: "20%", cluster: x } ]
    "p.*": "q.{{partition(3, 1)}}"
  })");
  ASSERT_EQ(world.errors(), "");
  const auto& m = world.options.mappings;
  ASSERT_EQ(m.size(), 4u);
  EXPECT_EQ(m[0].source + " " + m[0].destinations[0].subject, "foo bar");
  EXPECT_EQ(m[0].destinations[0].weight, 100);
  EXPECT_EQ(m[1].destinations[0].weight, 40);
  EXPECT_EQ(m[2].destinations.size(), 2u);
  EXPECT_EQ(m[2].destinations[1].cluster, "x");
  EXPECT_EQ(m[3].destinations[0].subject, "q.{{partition(3, 1)}}");
  EXPECT_EQ(OptionsWorld("accounts { A { mappings { x: y } } }").options.accounts[0].mappings.size(), 1u);
}

TEST(Mappings, what_cannot_be_mapped_is_refused) {
  EXPECT_EQ(errors_of("mappings { \"a..b\": c }"), "a.conf:1:12: Subject \"a..b\" is not a valid subject\n");
  EXPECT_EQ(errors_of("mappings { a: \"b..c\" }"),
            "a.conf:1:12: Error adding mapping for \"a\" to \"b..c\" : invalid subject\n");
  EXPECT_EQ(errors_of("mappings { a: { dest: b } }"), "a.conf:1:12: Missing weight for mapping destination \"b\"\n");
  EXPECT_EQ(errors_of("mappings { a: [{dest: b, weight: 60}, {dest: c, weight: 41}] }"),
            "a.conf:1:12: Error adding mapping for \"a\" to \"c\" : total weight needs to be <= 100\n");
  EXPECT_EQ(errors_of("mappings { a: [{dest: b, weight: 6}, {dest: b, weight: 4}] }"),
            "a.conf:1:12: Error adding mapping for \"a\" to \"b\" : duplicate entry for \"b\"\n");
  EXPECT_FALSE(OptionsWorld("mappings { a: { dest: b, weight: 101 } }").ok);
  EXPECT_FALSE(OptionsWorld("mappings { a: { dest: b, weight: x } }").ok);
}

TEST(Operators, a_jwt_is_inline_or_in_a_file_with_or_without_dashes) {
  OptionsWorld in(std::string("operator: ") + kJwt + "\nresolver: MEMORY");
  ASSERT_EQ(in.errors(), "");
  EXPECT_EQ(in.options.operators, std::vector<std::string>{kJwt});
  FakeSurroundings files;
  files.files = {
      {"op.jwt", std::string(kJwt) + "\n"},
      {"nsc.jwt", std::string("-----BEGIN NATS OPERATOR JWT-----\n") + kJwt + "\n------END NATS OPERATOR JWT------\n"},
      {"none.jwt", "hello"}};
  OptionsWorld both("operators: [op.jwt, nsc.jwt]\nresolver: mem", files);
  ASSERT_EQ(both.errors(), "");
  EXPECT_EQ(both.options.operators, (std::vector<std::string>{kJwt, kJwt}));
  EXPECT_EQ(OptionsWorld("operator: none.jwt", files).errors(),
            "a.conf:1:1: error parsing operator JWT: no JWT in none.jwt\n");
  EXPECT_EQ(OptionsWorld("operator: gone.jwt", files).errors(),
            "a.conf:1:1: error parsing operator JWT: open gone.jwt: no such file or directory\n");
}

TEST(Operators, resolvers_come_in_four_kinds) {
  EXPECT_EQ(OptionsWorld("resolver: MEMORY").options.resolver.kind, ResolverOptions::Kind::memory);
  EXPECT_EQ(OptionsWorld("resolver: { type: mem }").options.resolver.kind, ResolverOptions::Kind::memory);
  OptionsWorld url("resolver: URL(\"http://localhost:9090/jwt/v1/\")");
  EXPECT_EQ(url.options.resolver.url, "http://localhost:9090/jwt/v1/");
  OptionsWorld full("resolver { type: full, dir: \"./jwt\", allow_delete: true, interval: \"2m\" }");
  EXPECT_EQ(full.options.resolver.kind, ResolverOptions::Kind::directory);
  EXPECT_EQ(full.options.resolver.directory, "./jwt");
  EXPECT_EQ(full.options.unserved.at(0).name, "resolver");
  EXPECT_FALSE(OptionsWorld("resolver: foo").ok);
  EXPECT_FALSE(OptionsWorld("resolver { type: full }").ok);
  EXPECT_FALSE(OptionsWorld("resolver: URL()").ok);
  EXPECT_FALSE(OptionsWorld("resolver: \"\"").ok);
}

TEST(Operators, preloaded_accounts_and_trusted_keys_are_read) {
  OptionsWorld world(std::string("resolver_preload { ") + kAccountKey + ": " + kJwt + " }\ntrusted_keys: [" +
                     kOperatorKey + "]\nresolver_pinned_accounts: " + kAccountKey);
  ASSERT_EQ(world.errors(), "");
  EXPECT_EQ(world.options.resolver_preload.at(kAccountKey), kJwt);
  EXPECT_EQ(world.options.trusted_keys, std::vector<std::string>{kOperatorKey});
  EXPECT_EQ(world.options.resolver_pinned_accounts, std::vector<std::string>{kAccountKey});
  EXPECT_EQ(errors_of("resolver_preload { A: x }"), "a.conf:1:20: invalid account JWT\n");
  EXPECT_FALSE(OptionsWorld("resolver_preload { A: eyJ.eyJ }").ok) << "a JWT has three parts";
  EXPECT_FALSE(OptionsWorld("resolver_preload { A: \"eyJ.e+J.c\" }").ok);
  EXPECT_FALSE(OptionsWorld(std::string("trusted: ") + kAccountKey).ok) << "an account is no operator";
}

TEST(Operators, operator_mode_has_no_local_accounts) {
  const std::string op = std::string("operator: ") + kJwt + "\n";
  EXPECT_EQ(check_server_options(OptionsWorld(op).options), "operators require an account resolver to be configured");
  EXPECT_EQ(check_server_options(OptionsWorld(op + "resolver: MEM\naccounts: [A]").options),
            "operators do not allow Accounts to be configured directly");
  EXPECT_EQ(check_server_options(OptionsWorld(op + "resolver: MEM\nauthorization { users: [{user: a}] }").options),
            "operators do not allow users to be configured directly");
  EXPECT_EQ(check_server_options(OptionsWorld(op + "resolver: MEM\nsystem_account: " + kAccountKey).options), "");
}

}  // namespace
}  // namespace switchyard::nats
