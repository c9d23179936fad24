// Parked requests and drain.
#include <gtest/gtest.h>

#include "harness.h"

namespace switchyard::net {
namespace {

using namespace test;

// A handler that parks everything under /park and remembers what happened.
struct Parking {
  Box<HttpExchange> exchanges;
  Box<ParkEvent> events;
  ScriptedHandler::Script script() {
    return [this](const HttpRequest& request, HttpExchange exchange) {
      if (!request.path.starts_with("/park")) {
        exchange.respond(200, {}, request.path);
        return;
      }
      exchange.park([this](ParkEvent event) { events.put(event); });
      exchanges.put(exchange);
    };
  }
};

class ParkTest : public testing::Test {
 protected:
  static ServerSettings settings(Parking& parking) {
    ServerSettings made;
    made.script = parking.script();
    return made;
  }
  bool parked(std::uint64_t count) {
    return server.eventually([&] { return server.server->stats().parked == count; });
  }
  void answer(HttpExchange exchange, const std::string& body) {
    server.lanes[0].post([exchange, body]() mutable { exchange.respond(200, {}, body); });
  }
  Parking parking;
  TestServer server{settings(parking)};
};

TEST_F(ParkTest, a_parked_request_is_answered_later_and_the_connection_goes_on) {
  Client client(server);
  for (int i = 0; i < 3; ++i) {
    client.send(post("/park", "x"));
    auto exchange = parking.exchanges.take(static_cast<std::size_t>(i) + 1);
    EXPECT_TRUE(parked(1));
    answer(exchange, "woken");
    EXPECT_EQ(client.read_answer().body, "woken");
    EXPECT_TRUE(parked(0));
  }
  EXPECT_EQ(client.ask(get("/now")).body, "/now");
  EXPECT_EQ(parking.events.size(), 0u);
}

TEST_F(ParkTest, the_owner_is_told_once_when_the_peer_of_a_parked_request_leaves) {
  for (const bool hard : {false, true}) {
    const auto before = parking.events.size();
    Client client(server);
    client.send(get("/park"));
    auto exchange = parking.exchanges.take(before + 1);
    ASSERT_TRUE(parked(1));
    hard ? client.reset() : client.close();
    EXPECT_EQ(parking.events.take(before + 1), ParkEvent::aborted);
    EXPECT_TRUE(parked(0));
    Box<bool> answered;
    server.lanes[0].post([&] {
      EXPECT_FALSE(exchange.alive());
      answered.put(exchange.respond(200, {}, "to nobody"));
    });
    EXPECT_FALSE(answered.take());
    EXPECT_EQ(parking.events.size(), before + 1);
  }
  EXPECT_EQ(server.server->stats().aborted, 2u);
}

TEST_F(ParkTest, the_peers_leaving_may_be_answered_into_the_void_from_the_callback) {
  Box<bool> answered;
  server.handler.script = [&](const HttpRequest&, HttpExchange exchange) {
    exchange.park([&answered, exchange](ParkEvent) mutable { answered.put(exchange.respond(200, {}, "")); });
  };
  {
    Client client(server);
    client.send(get("/park"));
    ASSERT_TRUE(parked(1));
  }
  EXPECT_FALSE(answered.take());
}

TEST_F(ParkTest, a_client_that_sends_ahead_while_parked_keeps_its_place_and_its_next_request) {
  Client client(server);
  client.send(get("/park"));
  ASSERT_TRUE(parked(1));
  client.send(get("/ahead"));
  server.turn();
  answer(parking.exchanges.take(), "woken");
  EXPECT_EQ(client.read_answer().body, "woken");
  EXPECT_EQ(client.read_answer().body, "/ahead");
}

TEST_F(ParkTest, the_leaving_of_a_peer_is_noticed_although_it_had_sent_ahead) {
  Client client(server);
  client.send(get("/park"));
  ASSERT_TRUE(parked(1));
  client.send(get("/ahead"));
  server.turn();
  client.close();
  EXPECT_EQ(parking.events.take(), ParkEvent::aborted);
}

TEST_F(ParkTest, a_peer_that_was_gone_before_the_request_was_parked_is_noticed) {
  Client client(server);
  client.send(get("/park"));
  client.close_write();
  EXPECT_EQ(parking.events.take(), ParkEvent::aborted);
}

TEST_F(ParkTest, a_request_that_came_in_the_same_packet_as_a_parked_one_is_not_lost) {
  Client client(server);
  client.send(get("/park") + post("/second", "with a body") + "GET /th");
  answer(parking.exchanges.take(), "woken");
  EXPECT_EQ(client.read_answer().body, "woken");
  EXPECT_EQ(client.read_answer().body, "/second");
  client.send("ird HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "/third");
}

TEST_F(ParkTest, a_handler_may_park_and_answer_in_one_call) {
  server.handler.script = [&](const HttpRequest& request, HttpExchange exchange) {
    exchange.park([](ParkEvent) {});
    exchange.respond(200, {}, request.body);
  };
  Client client(server);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.ask(post("/park", "quick")).body, "quick");
  EXPECT_EQ(server.server->stats().parked, 0u);
}

TEST_F(ParkTest, a_request_can_be_parked_after_the_handler_returned) {
  Box<HttpExchange> late;
  server.handler.script = [&](const HttpRequest&, HttpExchange exchange) { late.put(exchange); };
  Client client(server);
  client.send(get("/"));
  auto exchange = late.take();
  server.lanes[0].post([&] { exchange.park([&](ParkEvent event) { parking.events.put(event); }); });
  ASSERT_TRUE(parked(1));
  client.close();
  EXPECT_EQ(parking.events.take(), ParkEvent::aborted);
}

TEST_F(ParkTest, a_parked_request_has_no_time_limit) {
  Client client(server);
  client.send(get("/park"));
  ASSERT_TRUE(parked(1));
  server.advance_ms(3'600'000);
  answer(parking.exchanges.take(), "after an hour");
  EXPECT_EQ(client.read_answer().body, "after an hour");
}

TEST_F(ParkTest, the_state_of_a_parked_request_dies_with_its_answer) {
  auto witness = std::make_shared<int>(1);
  server.handler.script = [&](const HttpRequest&, HttpExchange exchange) {
    exchange.park([witness](ParkEvent) {});
    parking.exchanges.put(exchange);
  };
  Client client(server);
  client.send(get("/"));
  answer(parking.exchanges.take(), "done");
  EXPECT_EQ(client.read_answer().body, "done");
  server.turn();
  server.handler.script = nullptr;
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(ParkTest, destroying_the_server_aborts_what_is_parked) {
  Client client(server);
  client.send(get("/park"));
  ASSERT_TRUE(parked(1));
  server.server.reset();
  EXPECT_EQ(parking.events.take(), ParkEvent::aborted);
  EXPECT_TRUE(client.closed_by_peer());
  server.server = std::make_unique<HttpServer>(server.lanes, server.handler);
}

// --- Drain ---------------------------------------------------------------------------------------

class DrainTest : public ParkTest {
 protected:
  void drain(std::int64_t within_ms) {
    server.server->drain(server.clock.mono_ms() + within_ms, [this] { drained.put(true); });
    server.turn();
  }
  Box<bool> drained;
};

TEST_F(DrainTest, a_server_without_connections_is_drained_at_once) {
  drain(60'000);
  EXPECT_TRUE(drained.take());
  EXPECT_THROW(Client client(server), std::runtime_error) << "it accepts no more";
}

TEST_F(DrainTest, idle_connections_are_closed_and_parked_requests_are_told_and_answered) {
  Client idle(server), parked_client(server);
  EXPECT_EQ(idle.ask(get("/")).status, 200);
  parked_client.send(get("/park"));
  ASSERT_TRUE(parked(1));
  drain(60'000);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(parking.events.take(), ParkEvent::draining);
  EXPECT_EQ(drained.size(), 0u);
  answer(parking.exchanges.take(), "early");
  const auto last = parked_client.read_answer();
  EXPECT_EQ(last.body, "early");
  EXPECT_EQ(last.header("connection"), "close");
  parked_client.close();
  EXPECT_TRUE(drained.take());
  EXPECT_EQ(parking.events.size(), 1u);
}

TEST_F(DrainTest, a_parked_request_may_be_answered_inside_the_callback) {
  server.handler.script = [&](const HttpRequest&, HttpExchange exchange) {
    exchange.park([exchange](ParkEvent event) mutable {
      if (event == ParkEvent::draining) exchange.respond(200, {}, "empty");
    });
  };
  Client client(server);
  client.send(get("/park"));
  ASSERT_TRUE(parked(1));
  drain(60'000);
  EXPECT_EQ(client.read_answer().body, "empty");
  client.close();
  EXPECT_TRUE(drained.take());
}

TEST_F(DrainTest, requests_in_flight_and_half_sent_ones_are_finished) {
  Box<HttpExchange> late;
  server.handler.script = [&](const HttpRequest& request, HttpExchange exchange) {
    if (request.path == "/late") return late.put(exchange);
    exchange.respond(200, {}, request.body);
  };
  Client waiting(server), sending(server);
  waiting.send(get("/late"));
  auto exchange = late.take();
  const auto before = server.server->stats().bytes_in;
  sending.send("POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  ASSERT_TRUE(server.eventually([&] { return server.server->stats().bytes_in > before; }));
  drain(60'000);
  const auto half = sending.ask("dy");
  EXPECT_EQ(half.body, "body");
  EXPECT_EQ(half.header("connection"), "close");
  EXPECT_EQ(drained.size(), 0u);
  answer(exchange, "in flight");
  EXPECT_EQ(waiting.read_answer().body, "in flight");
  waiting.close();
  sending.close();
  EXPECT_TRUE(drained.take());
}

TEST_F(DrainTest, the_deadline_cuts_what_is_left_and_aborts_what_is_parked) {
  Client client(server);
  client.send(get("/park"));
  ASSERT_TRUE(parked(1));
  drain(5'000);
  EXPECT_EQ(parking.events.take(1), ParkEvent::draining);
  server.advance_ms(4'999);
  EXPECT_EQ(drained.size(), 0u);
  server.advance_ms(1);
  EXPECT_EQ(parking.events.take(2), ParkEvent::aborted);
  EXPECT_TRUE(drained.take());
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(DrainTest, a_second_drain_brings_the_deadline_forward_and_both_are_told) {
  Client client(server);
  client.send(get("/park"));
  ASSERT_TRUE(parked(1));
  drain(60'000);
  drain(1'000);
  server.advance_ms(1'000);
  EXPECT_TRUE(drained.take(2));
}

TEST(Drain, every_lane_is_drained_before_it_is_said) {
  Parking parking;
  ServerSettings settings;
  settings.lanes = 4;
  settings.script = parking.script();
  TestServer server(std::move(settings));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(get("/park"));
  }
  ASSERT_TRUE(server.eventually([&] { return server.server->stats().parked == 8; }));
  Box<std::uint64_t> left;
  server.server->drain(server.clock.mono_ms() + 1'000, [&] { left.put(server.server->stats().connections + 1); });
  server.turn();
  EXPECT_EQ(parking.events.size(), 8u);
  EXPECT_EQ(left.size(), 0u);
  server.advance_ms(1'000);
  EXPECT_EQ(left.take(), 1u);
}

TEST(Park, thousands_of_parked_requests_wait_and_wake) {
  constexpr std::size_t kCount = 2'000;  // Descriptors of both sides count against one limit here.
  Parking parking;
  ServerSettings settings;
  settings.script = parking.script();
  TestServer server(std::move(settings));
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < kCount; ++i) {
    clients.push_back(std::make_unique<Client>(server));
    clients.back()->send(get("/park"));
  }
  ASSERT_TRUE(server.eventually([&] { return server.server->stats().parked == kCount; }));
  server.lanes[0].post([&] {
    for (std::size_t i = 1; i <= kCount; ++i) parking.exchanges.take(i).respond(200, {}, "all");
  });
  for (auto& client : clients) ASSERT_EQ(client->read_answer().body, "all");
  EXPECT_EQ(server.server->stats().parked, 0u);
}

}  // namespace
}  // namespace switchyard::net
