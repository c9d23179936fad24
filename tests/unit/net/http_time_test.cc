// Time limits of connections, with the clock in the test's hand.
#include <gtest/gtest.h>

#include "harness.h"

namespace switchyard::net {
namespace {

using namespace test;

class TimeTest : public testing::Test {
 protected:
  bool received(std::uint64_t bytes) {
    return server.eventually([&] { return server.server->stats().bytes_in >= bytes; });
  }
  bool connected(std::uint64_t count) {
    return server.eventually([&] { return server.server->stats().connections == count; });
  }
  TestServer server;
};

TEST_F(TimeTest, a_head_that_does_not_end_in_time_is_answered_with_408) {
  Client client(server);
  client.send("GET / HT");
  ASSERT_TRUE(received(8));
  server.advance_ms(9'999);
  // A slow client that sends a byte now and then gains no time.
  client.send("T");
  ASSERT_TRUE(received(9));
  EXPECT_EQ(server.rejected(Reject::header_timeout), 0u);
  server.advance_ms(1);
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(server.rejected(Reject::header_timeout), 1u);
}

TEST_F(TimeTest, the_time_for_the_head_of_a_later_request_begins_with_its_first_byte) {
  Client client(server);
  EXPECT_EQ(client.ask(get("/")).status, 200);
  server.advance_ms(60'000);
  const auto before = server.server->stats().bytes_in;
  client.send("GET");
  ASSERT_TRUE(received(before + 3));
  server.advance_ms(9'999);
  EXPECT_EQ(client.ask(" / HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
}

TEST_F(TimeTest, a_body_that_does_not_come_in_time_is_answered_with_408) {
  Client client(server);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc";
  client.send(head);
  ASSERT_TRUE(received(head.size()));
  server.advance_ms(59'999);
  client.send("d");
  ASSERT_TRUE(received(head.size() + 1));
  EXPECT_EQ(server.rejected(Reject::body_timeout), 0u);
  server.advance_ms(1);
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_EQ(server.rejected(Reject::body_timeout), 1u);
}

TEST_F(TimeTest, an_idle_connection_is_closed_without_a_word) {
  Client client(server);
  EXPECT_EQ(client.ask(get("/")).status, 200);
  server.advance_ms(74'999);
  EXPECT_EQ(server.server->stats().connections, 1u);
  server.advance_ms(1);
  EXPECT_EQ(client.read_all(), "");
  EXPECT_TRUE(connected(0));
}

TEST_F(TimeTest, a_connection_that_never_sends_is_closed_without_a_word) {
  Client client(server);
  ASSERT_TRUE(connected(1));
  server.advance_ms(10'000);
  EXPECT_EQ(client.read_all(), "");
  EXPECT_TRUE(connected(0));
}

TEST_F(TimeTest, each_request_starts_the_idle_time_anew) {
  Client client(server);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(client.ask(get("/")).status, 200);
    server.advance_ms(70'000);
  }
  EXPECT_EQ(client.ask(get("/")).status, 200);
}

TEST_F(TimeTest, a_peer_that_does_not_read_its_answer_is_cut_off) {
  const std::string large(8 * 1024 * 1024, 'x');
  server.handler.script = [&](const HttpRequest&, HttpExchange exchange) { exchange.respond(200, {}, large); };
  Client client(server);
  client.send(get("/"));
  ASSERT_TRUE(server.eventually([&] { return server.server->stats().bytes_out > 0; }));
  server.advance_ms(60'000);
  EXPECT_TRUE(connected(0));
  EXPECT_EQ(server.rejected(Reject::write_timeout), 1u);
  EXPECT_LT(client.read_all().size(), large.size());
}

TEST_F(TimeTest, a_refused_peer_that_stays_is_cut_off) {
  Client client(server);
  EXPECT_EQ(client.ask("nonsense\r\n\r\n").status, 400);
  EXPECT_EQ(server.server->stats().connections, 1u) << "it may still be sending";
  server.advance_ms(2'000);
  EXPECT_TRUE(connected(0));
}

}  // namespace
}  // namespace switchyard::net
