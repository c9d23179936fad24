#include "kernel/server/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kernel/base/log.h"

namespace switchyard::server {
namespace {

struct ServerTest : testing::Test {
  void SetUp() override {
    log::set_level(log::Level::off);
    std::string pattern = testing::TempDir() + "server-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
  }
  void TearDown() override {
    log::set_level(log::Level::info);
    std::filesystem::remove_all(root);
  }
  // Without plugins: those have tests of their own.
  Settings settings(const std::string& folder = "data") const {
    Settings out;
    out.data_dir = root + "/" + folder;
    out.lanes = 2;
    out.log_level = log::Level::off;
    out.http.listen = "127.0.0.1:0";
    out.storage.segment_bytes = 1u << 20;
    out.plugin_dirs = {root};
    return out;
  }
  std::string root;
};

std::string address_of(const Server& server) { return server.ready_text().substr(std::string("http=").size()); }

// The whole answer to one request on loopback.
std::string get(const std::string& address, const std::string& path, const std::string& method = "GET") {
  const auto colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string reply;
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
    const std::string request = method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    if (write(fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
      char buffer[4096];
      for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;) reply.append(buffer, static_cast<std::size_t>(n));
    }
  }
  close(fd);
  return reply;
}

bool is_status(const std::string& reply, int status) {
  return reply.rfind("HTTP/1.1 " + std::to_string(status), 0) == 0;
}

account::DeclaredNamespace declared(std::string name, std::string account_id, std::string access_key) {
  account::DeclaredNamespace out;
  out.name = std::move(name);
  out.account_id = std::move(account_id);
  out.credentials.push_back({"w", std::move(access_key), account::Secret("secret"), account::kMayAll});
  return out;
}

TEST_F(ServerTest, a_started_server_is_alive_ready_and_measured) {
  Server server(settings());
  const auto status = server.start();
  ASSERT_TRUE(status) << status.error().message;
  const auto address = address_of(server);
  EXPECT_TRUE(is_status(get(address, "/livez"), 200));
  EXPECT_TRUE(is_status(get(address, "/readyz"), 200));
  const auto metrics = get(address, "/metrics");
  EXPECT_TRUE(is_status(metrics, 200));
  EXPECT_NE(metrics.find("switchyard_build_info{version="), std::string::npos);
  for (const std::string page : {"/livez", "/readyz", "/metrics"}) {
    const auto head = get(address, page, "HEAD");
    EXPECT_TRUE(is_status(head, 200)) << page;
    EXPECT_NE(head.find("Content-Length: "), std::string::npos) << page;
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << page << " has a body: " << head;
  }
  EXPECT_TRUE(is_status(get(address, "/livez", "POST"), 404));
  EXPECT_TRUE(is_status(get(address, "/elsewhere"), 404));
  server.stop(1000);
  EXPECT_EQ(get(address, "/livez"), "") << "nobody listens after stop()";
}

TEST_F(ServerTest, a_second_server_on_the_folder_is_refused_and_the_first_goes_on) {
  Server first(settings());
  ASSERT_TRUE(first.start());
  {
    Server second(settings());
    const auto refused = second.start();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.code(), Code::busy);
    EXPECT_NE(refused.error().message.find("pid " + std::to_string(getpid())), std::string::npos);
  }
  EXPECT_TRUE(is_status(get(address_of(first), "/readyz"), 200));
}

TEST_F(ServerTest, every_failed_start_is_one_sentence_and_leaves_the_folder_free) {
  Server holder(settings("other"));
  ASSERT_TRUE(holder.start());
  auto taken = settings();
  taken.http.listen = address_of(holder);
  auto no_key = settings();
  no_key.sealing_key = "file:/nonexistent/key";
  auto no_plugin = settings();
  no_plugin.plugins.push_back({});
  no_plugin.plugins.back().name = "missing";
  no_plugin.plugins.back().required = true;
  auto clash = settings();
  clash.bootstrap = {declared("a", "1", "K"), declared("b", "1", "L")};
  auto no_certificate = settings("never-made");
  no_certificate.tls = {"/nonexistent/crt", "/nonexistent/key", ""};
  for (const auto& bad : {taken, no_key, no_plugin, clash, no_certificate}) {
    Server server(bad);
    const auto status = server.start();
    ASSERT_FALSE(status);
    EXPECT_FALSE(status.error().message.empty());
    EXPECT_EQ(status.error().message.find('\n'), std::string::npos) << status.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists(root + "/never-made")) << "the certificate is looked at first";
  Server server(settings());
  const auto status = server.start();
  EXPECT_TRUE(status) << status.error().message;
}

TEST_F(ServerTest, another_sealing_key_is_refused_at_start_with_both_key_ids) {
  auto wanted = settings();
  wanted.bootstrap = {declared("a", "1", "K")};
  {
    Server server(wanted);
    ASSERT_TRUE(server.start());
    server.stop(1000);
  }
  std::filesystem::remove(root + "/data/sealing.key");
  Server server(wanted);
  const auto status = server.start();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("sealing_key"), std::string::npos) << status.error().message;
}

TEST_F(ServerTest, a_refused_reload_changes_nothing_and_a_good_one_does) {
  auto wanted = settings();
  wanted.bootstrap = {declared("a", "1", "K")};
  Server server(wanted);
  ASSERT_TRUE(server.start());
  auto bad = wanted;
  bad.bootstrap.push_back(declared("b", "1", "L"));
  const auto refused = server.reload(bad);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("both own '1'"), std::string::npos) << refused.error().message;
  auto good = wanted;
  good.bootstrap.push_back(declared("b", "2", "L"));
  const auto status = server.reload(good);
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_TRUE(is_status(get(address_of(server), "/readyz"), 200));
  EXPECT_FALSE(server.failed());
}

TEST_F(ServerTest, stop_may_come_twice_and_before_start) {
  Server never(settings("never"));
  never.stop(1000);
  Server server(settings());
  ASSERT_TRUE(server.start());
  server.stop(1000);
  server.stop(1000);
}

}  // namespace
}  // namespace switchyard::server
