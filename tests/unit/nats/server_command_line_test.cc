// The command line as people, service files and test suites write it.
#include "plugins/nats/server_command_line.h"

#include <gtest/gtest.h>

#include "tests/unit/nats/fake_surroundings.h"

namespace switchyard::nats {
namespace {

using Kind = StartPlan::Kind;
using Arguments = std::vector<std::string>;

struct World : FakeSurroundings {
  StartPlan plan(const Arguments& arguments) { return plan_start(arguments, *this); }
};

StartPlan plan(const Arguments& arguments) { return World().plan(arguments); }

ServerOptions options(const Arguments& arguments) {
  const StartPlan p = plan(arguments);
  EXPECT_EQ(p.kind, Kind::serve) << p.message;
  return p.options;
}

TEST(CommandLine, nothing_is_a_server_with_defaults) {
  World world;
  const StartPlan p = world.plan({});
  EXPECT_EQ(p.kind, Kind::serve);
  EXPECT_EQ(p.message, "");
  EXPECT_EQ(p.options.port, 4222);
  EXPECT_EQ(world.reads, 0) << "no file is opened that nobody named";
}

TEST(CommandLine, one_dash_and_two_and_both_ways_to_give_a_value_are_the_same) {
  for (const Arguments& a :
       {Arguments{"-p", "4333"}, {"--p", "4333"}, {"-p=4333"}, {"--port=4333"}, {"-port", "4333"}}) {
    EXPECT_EQ(options(a).port, 4333) << a[0];
  }
  EXPECT_EQ(options({"-p", "-1"}).port, kAnyPort);
  EXPECT_EQ(options({"-p", "0x10"}).port, 16);
  EXPECT_EQ(options({"-p", "1", "-p", "2"}).port, 2) << "the last wins";
}

TEST(CommandLine, every_name_of_a_flag_works) {
  for (const char* name : {"-a", "--addr", "--net"}) EXPECT_EQ(options({name, "h"}).host, "h");
  for (const char* name : {"-n", "--name", "--server_name"}) EXPECT_EQ(options({name, "s"}).server_name, "s");
  for (const char* name : {"-m", "--http_port"}) EXPECT_EQ(options({name, "8222"}).http_port, 8222);
  for (const char* name : {"-P", "--pid"}) EXPECT_EQ(options({name, "f"}).pid_file, "f");
  for (const char* name : {"-l", "--log"}) EXPECT_EQ(options({name, "f"}).log_file, "f");
  for (const char* name : {"-D", "--debug"}) EXPECT_TRUE(options({name}).debug);
  for (const char* name : {"-V", "--trace"}) EXPECT_TRUE(options({name}).trace);
  for (const char* name : {"-T=false", "--logtime=false"}) EXPECT_FALSE(options({name}).logtime);
  EXPECT_EQ(options({"--ports_file_dir", "d"}).ports_file_dir, "d");
  EXPECT_EQ(options({"--client_advertise", "x:1"}).client_advertise, "x:1");
  EXPECT_EQ(options({"--max_traced_msg_len", "5"}).max_traced_msg_len, 5);
}

TEST(CommandLine, trace_flags_combine) {
  const auto levels = [](const Arguments& a) {
    const ServerOptions o = options(a);
    return std::string(o.debug ? "D" : "") + (o.trace ? "V" : "") + (o.trace_verbose ? "V" : "");
  };
  EXPECT_EQ(levels({"-DV"}), "DV");
  EXPECT_EQ(levels({"-DVV"}), "DVV");
  EXPECT_EQ(levels({"-VV"}), "VV");
  EXPECT_EQ(levels({"-D", "-V"}), "DV");
  EXPECT_EQ(levels({"-DV=false"}), "");
}

TEST(CommandLine, logins_and_tls_come_from_flags) {
  const ServerOptions o =
      options({"--user", "u", "--pass", "p", "--tls", "--tlscert=c", "--tlskey=k", "--tlscacert=a", "--tlsverify"});
  EXPECT_EQ(o.authorization->username + o.authorization->password, "up");
  EXPECT_EQ(o.tls->cert_file + o.tls->key_file + o.tls->ca_file, "cka");
  EXPECT_TRUE(o.tls->verify);
  EXPECT_EQ(options({"-auth", "tok"}).authorization->token, "tok");
  EXPECT_EQ(plan({"-tls"}).message, "nats-server: TLS Server certificate must be present and valid\n");
  EXPECT_EQ(plan({"-tls", "-tlscert", "c"}).message, "nats-server: TLS Server private key must be present and valid\n");
}

TEST(CommandLine, flags_win_over_the_file) {
  World world;
  world.files["c.conf"] =
      "port: 1\nhost: filehost\ndebug: true\ntls { cert_file: c, key_file: k }\nauthorization { user: a, password: b }";
  const StartPlan p = world.plan({"-p", "2", "-c", "c.conf", "-D=false", "--pass", "flag", "-tls=false"});
  ASSERT_EQ(p.kind, Kind::serve) << p.message;
  EXPECT_EQ(p.options.port, 2);
  EXPECT_EQ(p.options.host, "filehost");
  EXPECT_FALSE(p.options.debug);
  EXPECT_FALSE(p.options.tls);
  EXPECT_EQ(p.options.authorization->username + p.options.authorization->password, "aflag");
  EXPECT_EQ(p.config_file, "c.conf");
}

TEST(CommandLine, version_and_help_are_wishes_before_all_else) {
  EXPECT_EQ(plan({"-v"}).kind, Kind::version);
  EXPECT_EQ(plan({"--version", "-c", "none.conf"}).kind, Kind::version);
  EXPECT_EQ(plan({"version"}).kind, Kind::version);
  EXPECT_EQ(plan({"-h"}).kind, Kind::help);
  EXPECT_EQ(plan({"--help"}).kind, Kind::help);
  EXPECT_EQ(plan({"help"}).kind, Kind::help);
  EXPECT_EQ(plan({"--help_tls"}).kind, Kind::tls_help);
  EXPECT_EQ(plan({"-v=false"}).kind, Kind::serve);
  for (const char* flag : {"--ports_file_dir", "-DVV", "--signal", "--tlscacert"}) {
    EXPECT_NE(std::string(server_help_text()).find(flag), std::string::npos);
  }
}

TEST(CommandLine, what_is_no_flag_is_refused_in_the_words_of_gos_package) {
  const std::pair<Arguments, std::string> cases[] = {
      {{"-foo"}, "flag provided but not defined: -foo\n"},
      {{"--foo=1"}, "flag provided but not defined: -foo\n"},
      {{"-p"}, "flag needs an argument: -p\n"},
      {{"-p", "abc"}, "invalid value \"abc\" for flag -p: parse error\n"},
      {{"-p", ""}, "invalid value \"\" for flag -p: parse error\n"},
      {{"-p", "+-1"}, "invalid value \"+-1\" for flag -p: parse error\n"},
      {{"-p", "--1"}, "invalid value \"--1\" for flag -p: parse error\n"},
      {{"-p", "99999999999999999999"}, "invalid value \"99999999999999999999\" for flag -p: value out of range\n"},
      {{"-D=zzz"}, "invalid boolean value \"zzz\" for -D: parse error\n"},
      {{"---p"}, "bad flag syntax: ---p\n"},
      {{"-=1"}, "bad flag syntax: -=1\n"}};
  for (const auto& [arguments, message] : cases) {
    const StartPlan p = plan(arguments);
    EXPECT_EQ(p.kind, Kind::refused);
    EXPECT_EQ(p.message, message);
    EXPECT_TRUE(p.show_help);
    EXPECT_EQ(p.exit_status, 2);
  }
}

TEST(CommandLine, words_that_are_no_command_are_refused) {
  for (const Arguments& a : {Arguments{"foo"}, {"-D", "foo", "-p", "1"}, {"--", "foo"}}) {
    EXPECT_EQ(plan(a).message, "nats-server: unrecognized command: \"foo\"\n");
    EXPECT_EQ(plan(a).exit_status, 1);
  }
  EXPECT_EQ(plan({"-"}).message, "nats-server: unrecognized command: \"-\"\n");
  EXPECT_EQ(plan({"-p", "70000"}).kind, Kind::refused);
}

TEST(CommandLine, a_configuration_is_tested_without_a_start) {
  World world;
  world.files["good.conf"] = "port: 1";
  world.files["warn.conf"] = "ping_interval: 5";
  world.files["bad.conf"] = "foo: 1\nbar: 2";
  EXPECT_EQ(world.plan({"-t", "-c", "good.conf"}).kind, Kind::configuration_valid);
  EXPECT_EQ(world.plan({"-t", "-c", "good.conf"}).message, "nats-server: configuration file good.conf is valid\n");
  EXPECT_EQ(world.plan({"-t", "-c", "bad.conf"}).message,
            "nats-server: bad.conf:1:1: unknown field \"foo\"\nbad.conf:2:1: unknown field \"bar\"\n");
  EXPECT_EQ(world.plan({"-t", "-c", "warn.conf"}).kind, Kind::refused) << "a test is strict";
  EXPECT_EQ(world.plan({"-t"}).message,
            "nats-server: must specify [-c, --config] option to check configuration file syntax\n");
  EXPECT_EQ(world.plan({"-t", "-c", "none.conf"}).message, "nats-server: open none.conf: no such file or directory\n");
}

TEST(CommandLine, a_warning_does_not_keep_the_server_from_starting) {
  World world;
  world.files["warn.conf"] = "ping_interval: 5";
  const StartPlan p = world.plan({"-c", "warn.conf"});
  EXPECT_EQ(p.kind, Kind::serve);
  EXPECT_EQ(p.options.ping_interval_ms, 5'000);
  EXPECT_EQ(p.message,
            "warn.conf:1:1: invalid use of field \"ping_interval\": ping_interval should be converted to a duration\n");
}

TEST(CommandLine, a_file_that_cannot_be_used_is_refused) {
  World world;
  world.files["bad.conf"] = "port: [";
  const StartPlan p = world.plan({"-c", "bad.conf"});
  EXPECT_EQ(p.kind, Kind::refused);
  EXPECT_EQ(p.message, "nats-server: bad.conf:1:8: expected a value or ']', found the end of the file\n");
  EXPECT_EQ(p.exit_status, 1);
  EXPECT_FALSE(p.show_help);
}

TEST(CommandLine, clusters_and_jetstream_are_taken_and_named_as_not_served) {
  const ServerOptions o = options({"-cluster", "nats://127.0.0.1:6222", "-cluster_name", "abc", "-routes",
                                   "nats://127.0.0.1:6223", "-js", "-sd", "/data", "-s=false"});
  std::string names;
  for (const UnservedDirective& d : o.unserved) names += d.name + d.where + " ";
  EXPECT_EQ(names, "--cluster --routes --js ");
  EXPECT_TRUE(o.jetstream);
  EXPECT_EQ(o.store_dir, "/data");
  EXPECT_EQ(plan({"-routes", "nats://x:1"}).message,
            "nats-server: solicited routes require cluster capabilities, e.g. --cluster\n");
  World world;
  world.files["c.conf"] = "cluster { listen: 127.0.0.1:-1 }";
  EXPECT_EQ(world.plan({"-c", "c.conf", "-routes", "nats://x:1"}).kind, Kind::serve);
}

TEST(CommandLine, a_signal_is_a_plan_of_its_own) {
  World world;
  world.files["/run/n.pid"] = "77\n";
  StartPlan p = world.plan({"--signal", "ldm=/run/n.pid"});
  EXPECT_EQ(p.kind, Kind::signal);
  EXPECT_EQ(p.signal.command, SignalRequest::Command::lame_duck);
  EXPECT_EQ(p.signal.pid, "77");
  EXPECT_EQ(world.plan({"-sl", "reload=5"}).signal.pid, "5");
  EXPECT_EQ(world.plan({"-sl=stop=5"}).signal.pid, "5");
  EXPECT_EQ(world.plan({"--signal", "zzz=1"}).message, "nats-server: unknown signal \"zzz\"\n");
}

}  // namespace
}  // namespace switchyard::nats
