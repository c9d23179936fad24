#include "plugins/nats/run_files.h"

#include <gtest/gtest.h>

namespace switchyard::nats {
namespace {

TEST(PortsFile, its_name_has_the_program_and_the_pid) {
  EXPECT_EQ(ports_file_path("/tmp/x", 77), "/tmp/x/nats-server_77.ports");
  EXPECT_EQ(ports_file_path("/tmp/x/", 77), "/tmp/x/nats-server_77.ports");
  EXPECT_EQ(ports_file_path("/", 77), "/nats-server_77.ports");
  EXPECT_EQ(ports_file_path(".", 77), "./nats-server_77.ports");
}

TEST(PortsFile, it_is_json_without_what_does_not_listen) {
  ListeningUrls urls;
  EXPECT_EQ(ports_file_text(urls), "{}");
  urls.nats = listening_urls("nats", "127.0.0.1", 4222, {});
  EXPECT_EQ(ports_file_text(urls), R"({"nats":["nats://127.0.0.1:4222"]})");
  urls.monitoring = listening_urls("http", "127.0.0.1", 8222, {});
  urls.websocket = listening_urls("ws", "0.0.0.0", 80, {"127.0.0.1", "::1"});
  EXPECT_EQ(ports_file_text(urls), R"({"nats":["nats://127.0.0.1:4222"],"monitoring":["http://127.0.0.1:8222"],)"
                                   R"("websocket":["ws://127.0.0.1:80","ws://[::1]:80"]})");
}

TEST(PortsFile, a_listener_on_every_address_has_an_url_for_each) {
  const std::vector<std::string> addresses = {"127.0.0.1", "10.0.0.2"};
  for (const char* any : {"0.0.0.0", "::", ""}) EXPECT_EQ(listening_urls("tls", any, 1, addresses).size(), 2u) << any;
  EXPECT_EQ(listening_urls("tls", "::1", 1, addresses), std::vector<std::string>{"tls://[::1]:1"});
}

TEST(PortsFile, a_strange_host_cannot_break_the_json) {
  ListeningUrls urls;
  urls.nats = {"nats://a\"b\\c\n:1"};
  EXPECT_EQ(ports_file_text(urls), "{\"nats\":[\"nats://a\\\"b\\\\c\\u000a:1\"]}");
}

TEST(PidFile, it_is_the_number_alone) { EXPECT_EQ(pid_file_text(77), "77"); }

}  // namespace
}  // namespace switchyard::nats
