// Addresses, listeners and the taking of connections.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "harness.h"
#include "kernel/net/address.h"

namespace switchyard::net {
namespace {

using namespace test;

TEST(Listen, a_unix_socket_serves_and_its_file_is_removed_at_the_end) {
  const std::string path = testing::TempDir() + "switchyard-net-test-" + std::to_string(getpid()) + ".sock";
  {
    ServerSettings settings;
    settings.address = "unix:" + path;
    TestServer server(std::move(settings));
    EXPECT_EQ(server.listening.address, "unix:" + path);
    EXPECT_EQ(std::filesystem::status(path).permissions(), static_cast<std::filesystem::perms>(0660));
    Client client(server);
    EXPECT_EQ(client.ask(get("/")).status, 200);
    auto second = server.server->listen({"unix:" + path, nullptr});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another program serves this socket"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Listen, a_unix_socket_left_by_a_dead_server_is_replaced_but_a_file_is_not) {
  const std::string path = testing::TempDir() + "switchyard-net-stale-" + std::to_string(getpid()) + ".sock";
  TestServer server;
  {
    auto bound = bind_listener("unix:" + path, 0600);
    ASSERT_TRUE(bound);
    ::close(bound->fd);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  ASSERT_TRUE(server.server->listen({"unix:" + path, nullptr}));
  Client client("unix:" + path);
  EXPECT_EQ(client.ask(get("/")).status, 200);

  const std::string file = path + ".txt";
  { std::ofstream(file) << "precious"; }
  auto refused = server.server->listen({"unix:" + file, nullptr});
  EXPECT_FALSE(refused);
  EXPECT_TRUE(std::filesystem::exists(file));
  std::filesystem::remove(file);
}

TEST(Listen, ipv6_loopback_serves_where_the_machine_has_it) {
  TestServer server;
  auto listening = server.server->listen({"[::1]:0", nullptr});
  if (!listening) GTEST_SKIP() << listening.error().message;
  EXPECT_EQ(listening->address, "[::1]:" + std::to_string(listening->port));
  Client client(listening->address);
  EXPECT_EQ(client.ask(get("/")).status, 200);
}

TEST(Listen, addresses_that_cannot_be_served_are_refused_with_a_reason) {
  TestServer server;
  const struct {
    std::string address;
    std::string text;
  } kCases[] = {
      {"", "HOST:PORT"},
      {"9324", "HOST:PORT"},
      {":9324", "HOST:PORT"},
      {"127.0.0.1:", "HOST:PORT"},
      {"127.0.0.1:x", "HOST:PORT"},
      {"127.0.0.1:70000", "HOST:PORT"},
      {"::1:80", "HOST:PORT"},
      {"[::1]80", "HOST:PORT"},
      {"unix:", "1 to 107"},
      {"unix:/" + std::string(200, 'x'), "1 to 107"},
      {"unix:/does/not/exist/x.sock", "No such file"},
      {"203.0.113.7:0", "no such address"},
      {server.listening.address, "another program has it"},
  };
  for (const auto& c : kCases) {
    const auto result = server.server->listen({c.address, nullptr});
    ASSERT_FALSE(result) << c.address;
    EXPECT_NE(result.error().message.find(c.text), std::string::npos) << result.error().message;
    EXPECT_NE(result.error().message.find("'" + c.address + "'"), std::string::npos) << result.error().message;
  }
}

// Lowers the number of descriptors that this process may open, for a while.
class DescriptorLimit {
 public:
  DescriptorLimit() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~DescriptorLimit() { lift(); }
  void no_more() {
    const int next = ::dup(0);
    ::close(next);
    const rlimit now{static_cast<rlim_t>(next), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &now);
  }
  void lift() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Listen, a_connection_waits_while_the_process_has_no_descriptor_left) {
  TestServer server;
  DescriptorLimit limit;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  limit.no_more();
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(server.listening.port);
  ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  server.turn();
  EXPECT_EQ(server.server->stats().accepted, 0u);
  limit.lift();
  EXPECT_TRUE(server.eventually([&] {
    server.advance_ms(100);
    return server.server->stats().accepted == 1;
  }));
  ::close(fd);
}

TEST(Listen, more_connections_than_one_turn_takes_are_all_taken) {
  TestServer server;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(std::make_unique<Client>(server));
  EXPECT_TRUE(server.eventually([&] { return server.server->stats().connections == 300; }));
}

TEST(Listen, a_server_may_outlive_the_running_of_its_lanes) {
  int aborted = 0;
  ServerSettings settings;
  settings.script = [&](const HttpRequest&, HttpExchange exchange) { exchange.park([&](ParkEvent) { ++aborted; }); };
  TestServer server(std::move(settings));
  Client waiting(server), idle(server);
  waiting.send(get("/"));
  ASSERT_TRUE(server.eventually([&] { return server.server->stats().parked == 1; }));
  server.lanes.stop();
  server.server.reset();
  EXPECT_EQ(aborted, 1);
  EXPECT_TRUE(waiting.closed_by_peer());
  EXPECT_TRUE(idle.closed_by_peer());
}

}  // namespace
}  // namespace switchyard::net
