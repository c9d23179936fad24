// What the request bodies of a whole server may hold, and that every way out of a request gives it back.
#include <gtest/gtest.h>

#include "harness.h"

namespace switchyard::net {
namespace {

using namespace test;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kBudget = 256 * kKiB;

ServerSettings small_budget() {
  ServerSettings settings;
  settings.options.limits.max_buffered_bytes = kBudget;
  return settings;
}

std::string head_of(std::size_t length, std::string_view extra = "") {
  return "POST /big HTTP/1.1\r\nHost: test\r\n" + std::string(extra) + "Content-Length: " + std::to_string(length) +
         "\r\n\r\n";
}

// Chunks of 8 KiB, without the last one.
std::string chunks_of(std::size_t bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes; at += 8 * kKiB) text += "2000\r\n" + std::string(8 * kKiB, 'c') + "\r\n";
  return text;
}

const std::string kChunkedHead = "POST /big HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";

bool holds(TestServer& server, std::uint64_t bytes) {
  return server.eventually([&] { return server.server->stats().buffered_bytes == bytes; });
}

TEST(HttpBodyBudget, bodies_that_arrive_together_are_bounded_by_one_sum_over_all_lanes) {
  auto settings = small_budget();
  settings.lanes = 2;
  TestServer server(std::move(settings));
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<Client>(server));
    slow.back()->send(head_of(100 * kKiB) + std::string(60 * kKiB, 'x'));
  }
  ASSERT_TRUE(holds(server, kBudget));
  Client fifth(server);
  fifth.send(head_of(100 * kKiB) + std::string(60 * kKiB, 'x'));
  const auto refused = fifth.read_answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("connection"), "close");
  EXPECT_EQ(server.rejected(Reject::body_budget), 1u);
  EXPECT_EQ(server.server->stats().buffered_bytes, kBudget) << "the refused one holds nothing";

  Client small(server);
  const std::string body(16 * kKiB, 's');
  EXPECT_TRUE(small.ask(post("/", body)).body.ends_with("body=" + body)) << "small bodies are never refused";

  // One more step is too much for the first; what it held is there for the others.
  slow[0]->send(std::string(40 * kKiB, 'x'));
  EXPECT_EQ(slow[0]->read_answer().status, 503);
  ASSERT_TRUE(holds(server, kBudget - 64 * kKiB));
  slow[1]->send(std::string(40 * kKiB, 'x'));
  EXPECT_EQ(slow[1]->read_answer().status, 200);
  EXPECT_TRUE(holds(server, kBudget - 128 * kKiB));
}

TEST(HttpBodyBudget, a_chunked_body_counts_like_a_plain_one) {
  TestServer server(small_budget());
  Client first(server), second(server);
  first.send(kChunkedHead + chunks_of(192 * kKiB));
  ASSERT_TRUE(holds(server, 192 * kKiB));
  second.send(kChunkedHead + chunks_of(80 * kKiB));
  EXPECT_EQ(second.read_answer().status, 503);
  EXPECT_EQ(server.rejected(Reject::body_budget), 1u);
  first.send("0\r\n\r\n");
  EXPECT_EQ(first.read_answer().status, 200);
  EXPECT_TRUE(holds(server, 0));
}

TEST(HttpBodyBudget, one_body_above_the_budget_is_refused_while_it_comes) {
  TestServer server(small_budget());
  Client client(server);
  client.send(head_of(1024 * kKiB) + std::string(300 * kKiB, 'x'));
  EXPECT_EQ(client.read_answer().status, 503);
  EXPECT_TRUE(holds(server, 0));
}

TEST(HttpBodyBudget, a_body_is_held_until_its_request_is_answered) {
  Box<HttpExchange> waiting;
  auto settings = small_budget();
  settings.script = [&](const HttpRequest&, HttpExchange exchange) { waiting.put(exchange); };
  TestServer server(std::move(settings));
  Client client(server);
  client.send(post("/", std::string(200 * kKiB, 'x')));
  auto exchange = waiting.take();
  EXPECT_TRUE(holds(server, kBudget)) << "200 KiB are four steps of 64";
  Client other(server);
  other.send(head_of(100 * kKiB) + std::string(60 * kKiB, 'x'));
  EXPECT_EQ(other.read_answer().status, 503);
  server.lanes[0].post([&] { exchange.respond(200, {}, "done"); });
  EXPECT_EQ(client.read_answer().body, "done");
  EXPECT_TRUE(holds(server, 0));
}

TEST(HttpBodyBudget, a_parked_request_holds_no_body) {
  Box<HttpExchange> waiting;
  auto settings = small_budget();
  settings.script = [&](const HttpRequest&, HttpExchange exchange) {
    exchange.park([](ParkEvent) {});
    waiting.put(exchange);
  };
  TestServer server(std::move(settings));
  Client client(server);
  client.send(post("/", std::string(200 * kKiB, 'x')));
  auto exchange = waiting.take();
  EXPECT_TRUE(holds(server, 0));
  server.lanes[0].post([&] { exchange.respond(200, {}, "done"); });
  EXPECT_EQ(client.read_answer().body, "done");
}

TEST(HttpBodyBudget, a_client_that_leaves_gives_its_share_back) {
  TestServer server(small_budget());
  for (const bool chunked : {false, true}) {
    Client client(server);
    client.send(chunked ? kChunkedHead + chunks_of(128 * kKiB) : head_of(200 * kKiB) + std::string(128 * kKiB, 'x'));
    ASSERT_TRUE(holds(server, 128 * kKiB));
    client.reset();
    ASSERT_TRUE(holds(server, 0));
  }
}

TEST(HttpBodyBudget, a_body_that_is_too_slow_or_broken_gives_its_share_back) {
  TestServer server(small_budget());
  Client slow(server), broken(server), large(server);
  slow.send(head_of(200 * kKiB) + std::string(100 * kKiB, 'x'));
  ASSERT_TRUE(holds(server, 128 * kKiB));
  broken.send(kChunkedHead + chunks_of(64 * kKiB));
  ASSERT_TRUE(holds(server, 192 * kKiB));
  broken.send("zz\r\n");
  EXPECT_EQ(broken.read_answer().status, 400);
  ASSERT_TRUE(holds(server, 128 * kKiB));
  large.send(kChunkedHead + chunks_of(64 * kKiB));
  ASSERT_TRUE(holds(server, 192 * kKiB));
  large.send("fffffff\r\n");
  EXPECT_EQ(large.read_answer().status, 413);
  ASSERT_TRUE(holds(server, 128 * kKiB));
  server.advance_ms(60'001);
  EXPECT_EQ(slow.read_answer().status, 408);
  EXPECT_TRUE(holds(server, 0));
}

TEST(HttpBodyBudget, a_drain_that_cuts_a_body_gives_its_share_back) {
  TestServer server(small_budget());
  Client client(server);
  client.send(head_of(200 * kKiB) + std::string(100 * kKiB, 'x'));
  ASSERT_TRUE(holds(server, 128 * kKiB));
  Box<bool> drained;
  server.server->drain(server.clock.mono_ms() + 1'000, [&] { drained.put(true); });
  server.advance_ms(1'001);
  EXPECT_TRUE(drained.take());
  EXPECT_TRUE(holds(server, 0));
}

TEST(HttpBodyBudget, an_answer_the_client_does_not_read_holds_no_body) {
  auto settings = small_budget();
  const std::string huge(32 * 1024 * kKiB, 'a');
  settings.script = [&](const HttpRequest&, HttpExchange exchange) { exchange.respond(200, {}, huge, true); };
  TestServer server(std::move(settings));
  Client client(server);
  client.send(post("/", std::string(200 * kKiB, 'x')));
  ASSERT_TRUE(server.eventually([&] { return server.server->stats().bytes_out > 0; }));
  EXPECT_TRUE(holds(server, 0));
  EXPECT_EQ(server.server->stats().connections, 1u) << "the answer is still under way";
}

TEST(HttpBodyBudget, the_budget_can_be_changed_while_it_runs) {
  TestServer server;
  Client before(server);
  EXPECT_EQ(before.ask(post("/", std::string(100 * kKiB, 'x'))).status, 200);
  HttpLimits limits;
  limits.max_buffered_bytes = 64 * kKiB;
  server.server->set_limits(limits);
  server.turn();
  EXPECT_EQ(before.ask(post("/", std::string(60 * kKiB, 'x'))).status, 200);
  EXPECT_EQ(before.ask(post("/", std::string(100 * kKiB, 'x'))).status, 503);
}

}  // namespace
}  // namespace switchyard::net
