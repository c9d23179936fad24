#include "plugins/nats/signal_request.h"

#include <gtest/gtest.h>

#include <csignal>

#include "tests/unit/nats/fake_surroundings.h"

namespace switchyard::nats {
namespace {

struct Parsed {
  explicit Parsed(const std::string& text, FakeSurroundings files = {}) {
    ok = parse_signal_request(text, files, request, error);
  }
  SignalRequest request;
  std::string error;
  bool ok = false;
};

TEST(SignalRequest, commands_are_signals) {
  const std::pair<const char*, int> cases[] = {{"stop", SIGKILL},   {"quit", SIGINT},   {"term", SIGTERM},
                                               {"reopen", SIGUSR1}, {"reload", SIGHUP}, {"ldm", SIGUSR2}};
  for (const auto& [name, number] : cases) {
    const Parsed parsed(name);
    EXPECT_TRUE(parsed.ok) << name;
    EXPECT_EQ(parsed.request.signal_number(), number) << name;
    EXPECT_EQ(parsed.request.pid, "");
  }
}

TEST(SignalRequest, a_server_is_named_by_pid_prefix_or_pid_file) {
  EXPECT_EQ(Parsed("quit=123").request.pid, "123");
  EXPECT_FALSE(Parsed("quit=123").request.any_with_prefix);
  EXPECT_EQ(Parsed("quit=12*").request.pid, "12");
  EXPECT_TRUE(Parsed("quit=12*").request.any_with_prefix);
  EXPECT_TRUE(Parsed("quit=*").ok);
  FakeSurroundings files;
  files.files["n.pid"] = "456\n";
  EXPECT_EQ(Parsed("quit=n.pid", files).request.pid, "456");
}

TEST(SignalRequest, what_names_no_process_is_refused) {
  EXPECT_EQ(Parsed("quit=abc").error, "invalid pid: abc");
  EXPECT_EQ(Parsed("quit=-1").error, "invalid pid: -1") << "kill(-1) is everyone";
  EXPECT_EQ(Parsed("quit=0").error, "invalid pid: 0") << "kill(0) is the caller's group";
  EXPECT_EQ(Parsed("quit=00*").error, "invalid pid: 00");
  EXPECT_EQ(Parsed("quit=99999999999").error, "invalid pid: 99999999999");
  EXPECT_EQ(Parsed("a=b=c").error, "invalid signal parameters: [c]");
  EXPECT_EQ(Parsed("STOP=1").error, "unknown signal \"STOP\"");
  EXPECT_EQ(Parsed("").error, "unknown signal \"\"");
}

TEST(SignalRequest, an_empty_pid_file_does_not_mean_the_only_server) {
  FakeSurroundings files;
  files.files["n.pid"] = "\n";
  EXPECT_FALSE(Parsed("stop=n.pid", files).ok);
}

std::string select(const std::string& text, const std::vector<int>& running) {
  const Parsed parsed(text);
  std::vector<int> pids;
  std::string out, error;
  if (!select_pids(parsed.request, running, pids, error)) return error;
  for (const int pid : pids) out += std::to_string(pid) + " ";
  return out;
}

TEST(SignalRequest, several_servers_are_told_only_when_asked_for) {
  EXPECT_EQ(select("quit", {10}), "10 ");
  EXPECT_EQ(select("quit", {}), "no nats-server processes running");
  EXPECT_EQ(select("quit", {10, 11}), "multiple nats-server processes running:\n10\n11");
  EXPECT_EQ(select("quit=*", {10, 11}), "10 11 ");
  EXPECT_EQ(select("quit=1*", {10, 21, 100}), "10 100 ");
  EXPECT_EQ(select("quit=10", {10, 100}), "10 ");
  EXPECT_EQ(select("quit=10", {}), "10 ") << "a renamed server has a pid, too";
}

}  // namespace
}  // namespace switchyard::nats
