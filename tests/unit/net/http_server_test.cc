// The server over real loopback sockets: answers, framing, limits of connections.
#include <gtest/gtest.h>

#include <atomic>

#include "harness.h"

namespace switchyard::net {
namespace {

using namespace test;

TEST(HttpServer, a_request_is_answered_and_the_connection_stays_for_the_next) {
  TestServer server;
  Client client(server);
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.ask(post("/q?n=" + std::to_string(i), "body " + std::to_string(i)));
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.body.find("target=/q?n=" + std::to_string(i) + "\n"), std::string::npos);
    EXPECT_TRUE(answer.body.ends_with("body=body " + std::to_string(i)));
    EXPECT_EQ(answer.header("connection"), "");
    EXPECT_EQ(answer.header("server"), "switchyard");
    EXPECT_EQ(answer.header("date"), "Tue, 14 Nov 2023 22:13:20 GMT");
  }
  EXPECT_EQ(server.server->stats().accepted, 1u);
  EXPECT_EQ(server.server->stats().requests, 3u);
}

TEST(HttpServer, the_handler_learns_who_calls_and_where) {
  Box<std::string> seen;
  ServerSettings settings;
  settings.script = [&](const HttpRequest& request, HttpExchange exchange) {
    seen.put(std::string(request.peer) + (request.peer_is_loopback ? " loopback" : " far") +
             (request.is_tls ? " tls " : " plain ") + std::to_string(request.listener));
    exchange.respond(200, {}, "");
  };
  TestServer server(std::move(settings));
  auto second = server.server->listen({"127.0.0.1:0", nullptr});
  ASSERT_TRUE(second);
  EXPECT_NE(second->port, server.listening.port);
  Client client(second->address);
  EXPECT_EQ(client.ask(get("/")).status, 200);
  EXPECT_TRUE(seen.take().starts_with("127.0.0.1:"));
  EXPECT_TRUE(seen.take().ends_with(" loopback plain 1")) << seen.take();
}

TEST(HttpServer, pipelined_requests_are_answered_in_order) {
  TestServer server;
  Client client(server);
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += post("/" + std::to_string(i), std::to_string(i * 7));
  client.send(many);
  for (int i = 0; i < 2'000; ++i) {
    const auto answer = client.read_answer();
    ASSERT_EQ(answer.status, 200) << i;
    ASSERT_TRUE(answer.body.ends_with("\nbody=" + std::to_string(i * 7))) << i;
  }
}

TEST(HttpServer, a_pipelined_request_waits_for_the_late_answer_before_it) {
  Box<HttpExchange> late;
  Box<std::string> handled;
  ServerSettings settings;
  settings.script = [&](const HttpRequest& request, HttpExchange exchange) {
    handled.put(std::string(request.path));
    if (request.path == "/late") return late.put(exchange);
    exchange.respond(200, {}, request.path);
  };
  TestServer server(std::move(settings));
  Client client(server);
  client.send(get("/first") + get("/late") + get("/last"));
  EXPECT_EQ(client.read_answer().body, "/first") << "an answer that is ready does not wait for a later one";
  auto exchange = late.take();
  server.turn();
  EXPECT_EQ(handled.size(), 2u) << "the next request is handled only after the answer before it";
  server.lanes[0].post([&] { exchange.respond(200, {}, "late"); });
  EXPECT_EQ(client.read_answer().body, "late");
  EXPECT_EQ(client.read_answer().body, "/last");
}

TEST(HttpServer, a_handler_is_never_called_inside_respond) {
  Box<HttpExchange> late;
  bool inside = false, reentered = false;
  ServerSettings settings;
  settings.script = [&](const HttpRequest& request, HttpExchange exchange) {
    reentered |= inside;
    if (request.path == "/late") return late.put(exchange);
    exchange.respond(200, {}, "");
  };
  TestServer server(std::move(settings));
  Client client(server);
  client.send(get("/late") + get("/next"));
  auto exchange = late.take();
  server.lanes[0].post([&] {
    inside = true;
    exchange.respond(200, {}, "");
    inside = false;
  });
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_FALSE(reentered);
}

TEST(HttpServer, views_and_arena_of_a_request_hold_until_its_late_answer) {
  struct Held {
    const HttpRequest* request;
    std::string_view body, copied;
    HttpExchange exchange;
  };
  Box<Held> held;
  ServerSettings settings;
  settings.script = [&](const HttpRequest& request, HttpExchange exchange) {
    held.put({&request, request.body, exchange.arena().copy(request.path), exchange});
  };
  TestServer server(std::move(settings));
  Client client(server);
  const std::string body(100'000, 'v');
  client.send(post("/held", body));
  auto kept = held.take();
  // Other traffic on the lane must not disturb them.
  Client other(server);
  other.send(post("/other", std::string(100'000, 'w')));
  held.take(2);
  server.lanes[0].post([&] { kept.exchange.respond(200, {}, std::string(kept.copied) + std::string(kept.body)); });
  EXPECT_EQ(client.read_answer().body, "/held" + body);
}

TEST(HttpServer, only_the_first_answer_counts) {
  Box<bool> results;
  ServerSettings settings;
  settings.script = [&](const HttpRequest&, HttpExchange exchange) {
    EXPECT_TRUE(exchange.alive());
    results.put(exchange.respond(200, {}, "first"));
    EXPECT_FALSE(exchange.alive());
    results.put(exchange.respond(200, {}, "second"));
    results.put(exchange.fail(500));
    results.put(exchange.park([](ParkEvent) {}));
  };
  TestServer server(std::move(settings));
  Client client(server);
  EXPECT_EQ(client.ask(get("/")).body, "first");
  EXPECT_TRUE(results.take(1));
  EXPECT_FALSE(results.take(2));
  EXPECT_FALSE(results.take(3));
  EXPECT_FALSE(results.take(4));
  EXPECT_EQ(client.ask(get("/")).body, "first") << "nothing stray was sent";
}

TEST(HttpServer, an_old_exchange_has_no_power_over_a_later_request_of_its_connection) {
  Box<HttpExchange> exchanges;
  ServerSettings settings;
  settings.script = [&](const HttpRequest& request, HttpExchange exchange) {
    exchanges.put(exchange);
    if (request.path == "/now") exchange.respond(200, {}, "now");
  };
  TestServer server(std::move(settings));
  Client client(server);
  EXPECT_EQ(client.ask(get("/now")).body, "now");
  client.send(get("/late"));
  auto old = exchanges.take(1);
  auto current = exchanges.take(2);
  Box<bool> answered;
  server.lanes[0].post([&] {
    answered.put(old.respond(200, {}, "stale"));
    answered.put(current.respond(200, {}, "right"));
  });
  EXPECT_EQ(client.read_answer().body, "right");
  EXPECT_FALSE(answered.take(1));
  EXPECT_TRUE(answered.take(2));
  HttpExchange nobody;
  EXPECT_FALSE(nobody.alive());
  EXPECT_FALSE(nobody.respond(200, {}, ""));
}

TEST(HttpServer, a_client_that_expects_continue_is_told_to_go_on) {
  TestServer server;
  Client client(server);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  const auto answer = client.ask("body");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.body.ends_with("body=body"));
}

TEST(HttpServer, a_client_that_expects_continue_for_too_large_a_body_is_refused_before_it_sends) {
  TestServer server;
  Client client(server);
  const auto answer =
      client.ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 999999999\r\n\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(client.read_all(), "");
}

TEST(HttpServer, chunked_bodies_are_joined) {
  TestServer server;
  Client client(server);
  const auto answer = client.ask(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=\"q\"\r\n "
      "world\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.body.ends_with("body=hello world"));
  EXPECT_EQ(client.ask(get("/after")).status, 200);
}

TEST(HttpServer, a_body_of_megabytes_comes_and_goes_whole) {
  ServerSettings settings;
  settings.options.limits.max_body_bytes = 16 * 1024 * 1024;
  settings.script = [](const HttpRequest& request, HttpExchange exchange) { exchange.respond(200, {}, request.body); };
  TestServer server(std::move(settings));
  Client client(server);
  std::string body(16 * 1024 * 1024, ' ');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + (i * 31 + i / 977) % 26);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.ask(post("/", body)).body, body);
}

TEST(HttpServer, head_204_and_304_have_no_body_on_the_wire) {
  ServerSettings settings;
  settings.script = [](const HttpRequest& request, HttpExchange exchange) {
    exchange.respond(std::stoi(std::string(request.path.substr(1))), {}, "some text");
  };
  TestServer server(std::move(settings));
  Client client(server);
  client.send("HEAD /200 HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = client.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "9");
  EXPECT_EQ(client.ask(get("/204")).status, 204);
  EXPECT_EQ(client.ask(get("/304")).status, 304);
  EXPECT_EQ(client.ask(get("/201")).body, "some text") << "the stream is still in step";
}

TEST(HttpServer, old_clients_are_closed_after_the_answer_unless_they_asked_to_stay) {
  TestServer server;
  Client leaves(server);
  const auto answer = leaves.ask("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(leaves.closed_by_peer());
  Client stays(server);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(stays.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("connection"), "keep-alive");
  }
}

TEST(HttpServer, connection_close_is_obeyed_from_either_side) {
  ServerSettings settings;
  settings.script = [](const HttpRequest& request, HttpExchange exchange) {
    exchange.respond(200, {}, "x", request.path == "/close");
  };
  TestServer server(std::move(settings));
  Client asks(server);
  EXPECT_EQ(asks.ask(get("/", "Connection: close\r\n")).header("connection"), "close");
  EXPECT_TRUE(asks.closed_by_peer());
  Client told(server);
  EXPECT_EQ(told.ask(get("/close")).header("connection"), "close");
  EXPECT_TRUE(told.closed_by_peer());
}

TEST(HttpServer, a_bad_request_is_answered_counted_and_the_connection_closed) {
  TestServer server;
  Client client(server);
  client.send(get("/good") + "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + get("/never"));
  EXPECT_EQ(client.read_answer().status, 200);
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(answer.header("content-type"), "text/plain");
  EXPECT_EQ(answer.body, "400 Bad Request\n");
  EXPECT_EQ(client.read_all(), "");
  EXPECT_EQ(server.rejected(Reject::bad_request), 1u);
  EXPECT_EQ(server.server->stats().requests, 1u);
}

TEST(HttpServer, a_refused_client_reads_the_answer_although_it_was_still_sending) {
  ServerSettings settings;
  settings.options.limits.max_body_bytes = 2'000'000;
  TestServer server(std::move(settings));
  Client client(server);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
  const std::string part(10'000, 'x');
  for (int i = 0; i < 50; ++i) client.send(part);
  EXPECT_EQ(client.read_answer().status, 413);
  EXPECT_EQ(server.rejected(Reject::body_too_large), 1u);
}

TEST(HttpServer, a_head_that_is_too_large_is_answered_with_431) {
  TestServer server;
  Client client(server);
  EXPECT_EQ(client.ask(get("/", "X: " + std::string(20'000, 'x') + "\r\n")).status, 431);
  EXPECT_EQ(server.rejected(Reject::head_too_large), 1u);
}

TEST(HttpServer, the_texts_of_the_server_can_be_formatted_by_its_owner) {
  ServerSettings settings;
  settings.options.error_formatter = [](int status, const HttpRequest* head, HttpReply& reply) {
    reply.headers = {{"Content-Type", "application/json"}};
    reply.body =
        "{\"status\":" + std::to_string(status) + ",\"path\":\"" + (head ? std::string(head->path) : "?") + "\"}";
  };
  settings.script = [](const HttpRequest&, HttpExchange exchange) { exchange.fail(404); };
  TestServer server(std::move(settings));
  Client client(server);
  const auto missing = client.ask(get("/nowhere"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, R"({"status":404,"path":"/nowhere"})");
  EXPECT_EQ(client.ask("POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n").body,
            R"({"status":413,"path":"/big"})");
  Client other(server);
  EXPECT_EQ(other.ask("nonsense\r\n\r\n").body, R"({"status":400,"path":"?"})");
}

TEST(HttpServer, connections_beyond_the_limit_get_503_and_the_others_go_on) {
  ServerSettings settings;
  settings.options.limits.max_connections = 2;
  TestServer server(std::move(settings));
  Client first(server);
  auto second = std::make_unique<Client>(server);
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_EQ(second->ask(get("/")).status, 200);
  Client third(server);
  EXPECT_EQ(third.read_answer().status, 503);
  EXPECT_EQ(third.read_all(), "");
  EXPECT_EQ(server.rejected(Reject::too_many_connections), 1u);
  EXPECT_EQ(first.ask(get("/")).status, 200);
  third.close();
  second.reset();
  ASSERT_TRUE(server.eventually([&] { return server.server->stats().connections == 1; }));
  Client fourth(server);
  EXPECT_EQ(fourth.ask(get("/")).status, 200) << "a place that was given up can be taken";
}

TEST(HttpServer, limits_can_be_changed_while_it_runs) {
  TestServer server;
  Client before(server);
  EXPECT_EQ(before.ask(post("/", "0123456789")).status, 200);
  HttpLimits limits;
  limits.max_body_bytes = 5;
  server.server->set_limits(limits);
  server.turn();
  EXPECT_EQ(before.ask(post("/", "01234")).status, 200);
  EXPECT_EQ(before.ask(post("/", "0123456789")).status, 413);
}

TEST(HttpServer, bytes_and_connections_are_counted) {
  TestServer server;
  std::string request = get("/");
  {
    Client client(server);
    const auto answer = client.ask(request);
    server.turn();
    EXPECT_EQ(server.server->stats().connections, 1u);
    EXPECT_EQ(server.server->stats().bytes_in, request.size());
    EXPECT_EQ(server.server->stats().bytes_out, answer.head.size() + 2 + answer.body.size());
  }
  EXPECT_TRUE(server.eventually([&] { return server.server->stats().connections == 0; }));
}

TEST(HttpServer, several_lanes_share_the_connections_evenly) {
  std::array<std::atomic<int>, 4> handled{};
  ServerSettings settings;
  settings.lanes = 4;
  settings.script = [&](const HttpRequest&, HttpExchange exchange) {
    EXPECT_TRUE(exchange.lane().on_lane());
    ++handled[exchange.lane().lane_index()];
    exchange.respond(200, {}, "");
  };
  TestServer server(std::move(settings));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 16; ++i) clients.push_back(std::make_unique<Client>(server));
  for (auto& client : clients) EXPECT_EQ(client->ask(get("/")).status, 200);
  for (auto& count : handled) EXPECT_EQ(count.load(), 4);
}

}  // namespace
}  // namespace switchyard::net
