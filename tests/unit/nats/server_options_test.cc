// Top-level directives: where each goes, its aliases, its special values, and what is refused.
#include "plugins/nats/server_options.h"

#include <gtest/gtest.h>

#include "tests/unit/nats/options_world.h"

namespace switchyard::nats {
namespace {

TEST(ServerOptions, listen_gives_host_and_port_in_every_shape) {
  OptionsWorld both("listen: 127.0.0.1:-1");
  EXPECT_EQ(both.options.host, "127.0.0.1");
  EXPECT_EQ(both.options.port, kAnyPort);
  OptionsWorld alone("listen: 4333");
  EXPECT_EQ(alone.options.host, "");
  EXPECT_EQ(alone.options.port, 4333);
  OptionsWorld ipv6("listen: \"[::1]:4222\"");
  EXPECT_EQ(ipv6.options.host, "::1");
  OptionsWorld any("listen: \":4224\"");
  EXPECT_EQ(any.options.host, "");
  EXPECT_EQ(any.options.port, 4224);
}

TEST(ServerOptions, an_address_that_is_none_is_refused_with_nats_servers_words) {
  EXPECT_EQ(errors_of("listen: foo"), "a.conf:1:1: could not parse address string \"foo\"\n");
  EXPECT_EQ(errors_of("listen: \"a:b\""), "a.conf:1:1: could not parse port \"b\"\n");
  EXPECT_EQ(errors_of("listen: \"::1:4222\""), "a.conf:1:1: could not parse address string \"::1:4222\"\n");
  EXPECT_EQ(errors_of("listen: \"a:70000\""), "a.conf:1:1: could not parse port \"70000\"\n");
  EXPECT_EQ(errors_of("listen: true"), "a.conf:1:1: expected port or host:port, got a boolean\n");
}

TEST(ServerOptions, aliases_mean_the_same) {
  OptionsWorld a("net: a.example, port: 1, http_port: 2, max_conn: 3, max_subs: 4, logfile: l, pidfile: p");
  OptionsWorld b(
      "host: a.example, port: 1, monitor_port: 2, max_connections: 3, max_subscriptions: 4, log_file: l, pid_file: p");
  for (const OptionsWorld* world : {&a, &b}) {
    EXPECT_EQ(world->errors(), "");
    EXPECT_EQ(world->options.host, "a.example");
    EXPECT_EQ(world->options.http_port, 2);
    EXPECT_EQ(world->options.max_connections, 3);
    EXPECT_EQ(world->options.max_subscriptions, 4);
    EXPECT_EQ(world->options.log_file, "l");
    EXPECT_EQ(world->options.pid_file, "p");
  }
  EXPECT_EQ(OptionsWorld("PORT: 5").options.port, 5) << "names of fields have no case";
}

TEST(ServerOptions, limits_and_times_are_read_with_their_units) {
  OptionsWorld world(R"(
    server_name: n1
    server_tags: ["az:1", disk:ssd]
    max_payload: 2MB
    max_control_line: 8k
    max_pending: 128MB
    max_sub_tokens: 16
    ping_interval: "300ms"
    ping_max: 5
    write_deadline: 1m
    lame_duck_duration: "45s"
    lame_duck_grace_period: "5s"
    no_header_support: yes
    debug: true, trace: on, logtime: off
    http: localhost:8222
    ports_file_dir: /tmp/x
  )");
  const ServerOptions& o = world.options;
  ASSERT_EQ(world.errors(), "");
  EXPECT_EQ(o.server_name, "n1");
  EXPECT_EQ(o.server_tags, (std::vector<std::string>{"az:1", "disk:ssd"}));
  EXPECT_EQ(o.max_payload, 2 * 1024 * 1024);
  EXPECT_EQ(o.max_control_line, 8000);
  EXPECT_EQ(o.max_pending, 128 * 1024 * 1024);
  EXPECT_EQ(o.max_subscription_tokens, 16);
  EXPECT_EQ(o.ping_interval_ms, 300);
  EXPECT_EQ(o.ping_max, 5);
  EXPECT_EQ(o.lame_duck_duration_ms, 45'000);
  EXPECT_EQ(o.lame_duck_grace_period_ms, 5'000);
  EXPECT_TRUE(o.no_header_support && o.debug && o.trace);
  EXPECT_FALSE(o.logtime);
  EXPECT_EQ(o.http_host, "localhost");
  EXPECT_EQ(o.http_port, 8222);
  EXPECT_EQ(o.ports_file_dir, "/tmp/x");
  // 1m without quotes is a number with a suffix, a million seconds: nats-server's trap, and so its warning.
  EXPECT_EQ(o.write_deadline_ms, 1'000'000'000);
  EXPECT_EQ(world.warnings(),
            "a.conf:10:5: invalid use of field \"write_deadline\": write_deadline should be converted to a duration\n");
}

TEST(ServerOptions, unknown_fields_are_errors_with_their_place) {
  EXPECT_EQ(errors_of("port: 1\n  foo: 1\nbar {\n x: 1\n}\n"),
            "a.conf:2:3: unknown field \"foo\"\na.conf:3:1: unknown field \"bar\"\n");
}

TEST(ServerOptions, a_definition_of_a_variable_is_no_unknown_field) {
  OptionsWorld world("my_port: 4999\nport: $my_port\n");
  EXPECT_EQ(world.errors(), "");
  EXPECT_EQ(world.options.port, 4999);
}

TEST(ServerOptions, wrong_types_and_values_are_errors_that_say_what_was_expected) {
  EXPECT_EQ(errors_of("port: abc"), "a.conf:1:1: expected \"port\" to be an integer, got a string\n");
  EXPECT_EQ(errors_of("port: 65536"),
            "a.conf:1:1: expected \"port\" to be a port from 0 to 65535, or -1 for any, got 65536\n");
  EXPECT_EQ(errors_of("max_payload: 5GB"), "a.conf:1:1: max_payload value is too big\n");
  EXPECT_EQ(errors_of("max_payload: -1"), "a.conf:1:1: max_payload value must be at least 0\n");
  EXPECT_EQ(errors_of("max_sub_tokens: 256"), "a.conf:1:1: max_sub_tokens value is too big\n");
  EXPECT_EQ(errors_of("server_name: \"a b\""), "a.conf:1:1: server name cannot contain spaces\n");
  EXPECT_EQ(errors_of("debug: 1"), "a.conf:1:1: expected \"debug\" to be a boolean, got an integer\n");
  EXPECT_EQ(errors_of("ping_interval: 5x"),
            "a.conf:1:1: error parsing ping_interval: time: unknown unit \"x\" in duration \"5x\"\n");
  EXPECT_EQ(errors_of("lame_duck_duration: \"1s\""),
            "a.conf:1:1: invalid lame_duck_duration of 1s, minimum is 30 seconds\n");
  EXPECT_EQ(errors_of("server_tags: [a, {}]"), "a.conf:1:18: expected a string in \"server_tags\", got a map\n");
}

TEST(ServerOptions, problems_are_told_up_to_a_bound) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "field" + std::to_string(i) + ": 1\n";
  OptionsWorld world(text);
  EXPECT_FALSE(world.ok);
  EXPECT_EQ(world.problems.errors.size(), 100u);
}

TEST(ServerOptions, no_connections_are_not_the_default_number_of_connections) {
  OptionsWorld world("max_connections: 0");
  apply_default_options(world.options);
  EXPECT_LT(world.options.max_connections, 0);
}

TEST(ServerOptions, what_is_not_served_is_listed_and_does_not_fail) {
  OptionsWorld world(R"(
    jetstream { store_dir: "/data", max_mem: 1G, domain: hub }
    cluster { name: c, listen: 127.0.0.1:-1, routes: [nats://h:1] }
    leafnodes { listen: "127.0.0.1:-1", remotes: [{url: x}] }
    gateway {}
    mqtt { port: 1883 }
    syslog: false
    accounts { A { jetstream: enabled, users: [] }, B { jetstream: disabled } }
  )");
  ASSERT_EQ(world.errors(), "");
  std::string names;
  for (const UnservedDirective& d : world.options.unserved) names += d.name + "@" + d.where + " ";
  EXPECT_EQ(names,
            "jetstream@a.conf:2:5 cluster@a.conf:3:5 leafnodes@a.conf:4:5 gateway@a.conf:5:5 mqtt@a.conf:6:5 "
            "accounts.A.jetstream@a.conf:8:20 ");
  EXPECT_TRUE(world.options.jetstream);
  EXPECT_EQ(world.options.store_dir, "/data");
}

TEST(ServerOptions, jetstream_that_is_off_is_no_wish) {
  for (const char* text : {"jetstream: false", "jetstream: disabled", "jetstream { enabled: false, store_dir: x }"}) {
    OptionsWorld world(text);
    EXPECT_FALSE(world.options.jetstream) << text;
    EXPECT_TRUE(world.options.unserved.empty()) << text;
  }
}

TEST(ServerOptions, what_keeps_clients_out_is_refused_rather_than_ignored) {
  EXPECT_FALSE(OptionsWorld("proxies { trusted: [] }").ok);
  EXPECT_FALSE(OptionsWorld("authorization { auth_callout { issuer: x } }").ok);
  EXPECT_FALSE(OptionsWorld("authorization { proxy_required: true }").ok);
  EXPECT_TRUE(OptionsWorld("authorization { proxy_required: false }").ok);
  EXPECT_FALSE(OptionsWorld("tls { ocsp_peer: true }").ok);
}

TEST(ServerOptions, defaults_are_those_of_nats_server) {
  ServerOptions o;
  apply_default_options(o);
  EXPECT_EQ(o.host, "0.0.0.0");
  EXPECT_EQ(o.port, 4222);
  EXPECT_EQ(o.max_connections, 65536);
  EXPECT_EQ(o.max_payload, 1048576);
  EXPECT_EQ(o.max_control_line, 4096);
  EXPECT_EQ(o.max_pending, 67108864);
  EXPECT_EQ(o.ping_interval_ms, 120'000);
  EXPECT_EQ(o.ping_max, 2);
  EXPECT_EQ(o.write_deadline_ms, 10'000);
  EXPECT_EQ(o.auth_timeout_ms, 2'000);
  EXPECT_EQ(o.lame_duck_duration_ms, 120'000);
  EXPECT_EQ(o.lame_duck_grace_period_ms, 10'000);
  EXPECT_EQ(o.max_subscriptions, 0);
  EXPECT_FALSE(o.authorization) << "nobody asked for a login";
}

TEST(ServerOptions, the_time_to_log_in_starts_after_the_time_for_tls) {
  OptionsWorld world("tls { cert_file: c, key_file: k, timeout: 5 }");
  apply_default_options(world.options);
  EXPECT_EQ(world.options.auth_timeout_ms, 6'000);
  OptionsWorld given("tls { cert_file: c, key_file: k, timeout: 5 }\nauthorization { timeout: 0.5 }");
  apply_default_options(given.options);
  EXPECT_EQ(given.options.auth_timeout_ms, 500);
}

TEST(ServerOptions, the_monitoring_host_is_the_clients_host_and_a_base_path_has_one_slash_in_front) {
  OptionsWorld world("host: 127.0.0.1, http_port: -1, http_base_path: mon/");
  apply_default_options(world.options);
  EXPECT_EQ(world.options.http_host, "127.0.0.1");
  EXPECT_EQ(world.options.http_port, kAnyPort);
  EXPECT_EQ(world.options.http_base_path, "/mon");
}

std::string check(const std::string& text) {
  OptionsWorld world(text);
  EXPECT_EQ(world.errors(), "") << text;
  return check_server_options(world.options);
}

TEST(ServerOptions, what_only_shows_together_is_checked) {
  EXPECT_EQ(check("port: 1"), "");
  EXPECT_EQ(check("max_payload: 10k, max_pending: 5k"), "max_payload (10000) cannot be higher than max_pending (5000)");
  EXPECT_EQ(check("max_payload: 100MB"), "max_payload (104857600) cannot be higher than max_pending (67108864)");
  EXPECT_EQ(check("lame_duck_duration: \"30s\", lame_duck_grace_period: \"30s\""),
            "lame duck grace period (30000ms) should be strictly lower than lame duck duration (30000ms)");
  EXPECT_EQ(check("no_auth_user: x"), "no_auth_user: \"x\" present, but users/nkeys are not defined");
  EXPECT_EQ(check("no_auth_user: x, authorization { users [ {user: y} ] }"),
            "no_auth_user: \"x\" not present as user or nkey in authorization block or account configuration");
  EXPECT_EQ(check("no_auth_user: y, accounts { A { users [ {user: y} ] } }"), "");
  EXPECT_EQ(check("system_account: SYS, accounts { SYS {} }"), "");
  EXPECT_EQ(check("system_account: X"), "error resolving system account: \"X\" is not defined in accounts");
  EXPECT_EQ(check("http: 8222, https: 8443"), "can't specify both HTTP (8222) and HTTPs (8443) ports");
  EXPECT_EQ(check("https: 8443"), "TLS cert and key required for HTTPS");
}

TEST(ServerOptions, a_websocket_listener_needs_tls_or_a_word_that_it_does_not) {
  EXPECT_EQ(check("websocket { port: -1 }"), "websocket requires TLS configuration");
  EXPECT_EQ(check("websocket { port: -1, no_tls: true }"), "");
  EXPECT_EQ(check("websocket { no_tls: false }"), "") << "no port, no listener";
  EXPECT_EQ(
      check("websocket { port: 1, no_tls: true, allowed_origins: [\"ftp://x\"] }"),
      "unable to parse allowed origin \"ftp://x\": allowed origins must be absolute URLs with http or https scheme");
  EXPECT_EQ(check("websocket { port: 1, no_tls: true, no_auth_user: u }"),
            "no_auth_user: \"u\" present, but users/nkeys are not defined");
  EXPECT_EQ(
      check("websocket { port: 1, no_tls: true, authorization { token: t } }, authorization { users: [{user: a}] }"),
      "websocket authentication token not compatible with presence of users/nkeys");
}

TEST(ServerOptions, the_websocket_block_is_read_whole) {
  OptionsWorld world(R"(websocket {
    listen: "localhost:8080", advertise: "ws.example:80", no_tls: true, same_origin: true, compression: true
    allowed_origins: ["https://a.example", "http://b.example"]
    handshake_timeout: "3s", ping_interval: "20s"
    jwt_cookie: j, user_cookie: u, pass_cookie: p, token_cookie: t
    authorization { user: a, password: b, timeout: 2 }
    headers { X-Frame: "deny" }
  })");
  const WebsocketOptions& ws = world.options.websocket;
  ASSERT_EQ(world.errors(), "");
  EXPECT_EQ(ws.host, "localhost");
  EXPECT_EQ(ws.port, 8080);
  EXPECT_TRUE(ws.no_tls && ws.same_origin && ws.compression);
  EXPECT_EQ(ws.allowed_origins.size(), 2u);
  EXPECT_EQ(ws.handshake_timeout_ms, 3'000);
  EXPECT_EQ(ws.ping_interval_ms, 20'000);
  EXPECT_EQ(ws.jwt_cookie + ws.user_cookie + ws.pass_cookie + ws.token_cookie, "jupt");
  EXPECT_EQ(ws.username + ws.password, "ab");
  EXPECT_EQ(ws.auth_timeout_ms, 2'000);
  EXPECT_EQ(ws.headers.at("X-Frame"), "deny");
  EXPECT_EQ(errors_of("websocket { port: 1, foo: 2 }"), "a.conf:1:22: unknown field \"foo\"\n");
}

TEST(ServerOptions, a_websocket_header_cannot_break_the_answer) {
  EXPECT_FALSE(OptionsWorld("websocket { headers { \"a\": \"x\\r\\nSet-Cookie: y\" } }").ok);
  EXPECT_FALSE(OptionsWorld("websocket { headers { \"a b\": \"x\" } }").ok);
  EXPECT_FALSE(OptionsWorld("websocket { headers { Sec-WebSocket-Accept: \"x\" } }").ok);
}

}  // namespace
}  // namespace switchyard::nats
