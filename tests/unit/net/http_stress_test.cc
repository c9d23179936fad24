// Many clients that behave as badly as clients do, on several lanes: nothing is lost, nothing is left.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "harness.h"

namespace switchyard::net {
namespace {

using namespace test;

// /park waits for the next /wake on the same lane; /late is answered at the end of the turn.
class Mixed {
 public:
  explicit Mixed(std::size_t lanes) : parked_(lanes) {}
  ScriptedHandler::Script script() {
    return [this](const HttpRequest& request, HttpExchange exchange) { handle(request, exchange); };
  }
  std::atomic<std::uint64_t> aborted{0};

 private:
  void handle(const HttpRequest& request, HttpExchange exchange) {
    auto& waiting = parked_[exchange.lane().lane_index()];
    if (request.path == "/park") {
      exchange.park([this, exchange](ParkEvent event) mutable {
        if (event == ParkEvent::draining) exchange.respond(200, {}, "drained");
        if (event == ParkEvent::aborted) ++aborted;
      });
      waiting.push_back(exchange);
    } else if (request.path == "/late") {
      exchange.lane().at_turn_end(
          [exchange, body = std::string(request.body)]() mutable { exchange.respond(200, {}, body); });
    } else {
      if (request.path == "/wake") {
        for (auto& other : std::exchange(waiting, {})) other.respond(200, {}, "woken");
      }
      exchange.respond(200, {}, request.body);
    }
  }
  std::vector<std::vector<HttpExchange>> parked_;  // By lane.
};

void behave(const TestServer& server, unsigned seed, std::atomic<int>& wrong) {
  std::mt19937 random(seed);
  for (int round = 0; round < 60; ++round) {
    Client client(server);
    for (int i = 0; i < 6; ++i) {
      const std::string body(random() % 3 == 0 ? random() % 100'000 : random() % 200, static_cast<char>('a' + i));
      switch (random() % 9) {
        case 0:
          client.send(post("/park", body));
          break;  // Leaves with it, or sends more behind it.
        case 1:
          client.send(get("/wake"));
          client.send("GET / HTTP/1.1\r\nHo");
          i = 6;
          break;
        case 2:
          client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\nshort");
          i = 6;
          break;
        case 3:
          client.send("garbage\n\n");
          i = 6;
          break;
        case 4:
          client.reset();
          i = 6;
          break;
        default: {
          // On a connection of its own, so that no parked request stands before the answer.
          Client clean(server);
          for (const char* path : {"/late", "/wake", "/"}) {
            if (clean.ask(post(path, body)).body != body) ++wrong;
          }
        }
      }
    }
  }
}

TEST(HttpStress, badly_behaved_clients_on_four_lanes_leave_nothing_behind) {
  Mixed mixed(4);
  ServerSettings settings;
  settings.lanes = 4;
  settings.script = mixed.script();
  TestServer server(std::move(settings));
  std::atomic<int> wrong{0};
  std::vector<std::thread> clients;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    clients.emplace_back([&server, &wrong, seed] { behave(server, seed, wrong); });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong.load(), 0);
  Box<bool> drained;
  server.server->drain(server.clock.mono_ms() + 10'000, [&] { drained.put(true); });
  EXPECT_TRUE(drained.take()) << "every client has left";
  const auto stats = server.server->stats();
  EXPECT_EQ(stats.connections, 0u);
  EXPECT_EQ(stats.parked, 0u);
  EXPECT_EQ(stats.aborted, mixed.aborted.load());
  EXPECT_GT(stats.aborted, 0u);
}

TEST(HttpStress, a_drain_in_the_middle_of_traffic_ends_and_every_answer_that_came_was_whole) {
  Mixed mixed(4);
  ServerSettings settings;
  settings.lanes = 4;
  settings.script = mixed.script();
  TestServer server(std::move(settings));
  std::atomic<int> wrong{0}, answered{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&] {
      try {
        for (;;) {
          Client client(server);
          for (bool open = true; open;) {
            const auto answer = client.ask(post("/late", "whole"));
            if (answer.status == 0) break;  // Closed between two requests.
            if (answer.body != "whole") ++wrong;
            ++answered;
            open = answer.header("connection") != "close";
          }
        }
      } catch (const std::runtime_error&) {
        // Nobody listens any more.
      }
    });
  }
  EXPECT_TRUE(server.eventually([&] { return answered > 200; }));
  Box<bool> drained;
  server.server->drain(server.clock.mono_ms() + 10'000, [&] { drained.put(true); });
  EXPECT_TRUE(drained.take());
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(server.server->stats().connections, 0u);
}

}  // namespace
}  // namespace switchyard::net
