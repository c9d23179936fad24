// Byte streams: what comes, what leaves, and how a connection ends.
#include "kernel/net/byte_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <deque>

#include "harness.h"

namespace switchyard::net {
namespace {

using namespace test;

// What the test decides about each connection; everything of it runs on the lane.
struct Script {
  // As ByteHandler::on_bytes; the default takes and echoes everything.
  std::function<std::size_t(ByteConnection&, std::string_view, std::size_t&)> bytes;
  std::function<void(ByteConnection&)> opened, writable;
};

class Room {
 public:
  explicit Room(Script script, ByteOptions options = {}, std::size_t lanes = 1)
      : lanes_(clock, lanes), script_(std::move(script)), server(lanes_) {
    lanes_.start();
    auto bound = server.listen("127.0.0.1:0", options, [this](Lane&, ByteConnection connection, const Peer& peer) {
      if (refuse) return std::unique_ptr<ByteHandler>();
      EXPECT_TRUE(peer.loopback);
      auto handler = std::make_unique<Handler>(*this, connection);
      if (script_.opened) script_.opened(handler->connection);
      connections.put(connection);
      return std::unique_ptr<ByteHandler>(std::move(handler));
    });
    EXPECT_TRUE(bound.ok());
    address = *bound;
    server.accept();
  }

  // Runs `task` on the first lane and waits for it.
  void on_lane(const std::function<void()>& task) {
    lanes_.run_on_all([&](Lane& lane) {
      if (lane.lane_index() == 0) task();
    });
  }
  void advance_ms(std::int64_t ms) {
    clock.advance_ms(ms);
    for (std::size_t i = 0; i < lanes_.size(); ++i) lanes_[i].kick();
    lanes_.run_on_all([](Lane&) {});
  }
  bool eventually(const std::function<bool()>& reached) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kWaitMs);
    while (!reached()) {
      if (std::chrono::steady_clock::now() > end) return false;
      lanes_.run_on_all([](Lane&) {});
    }
    return true;
  }

  ManualClock clock;

 private:
  struct Handler final : ByteHandler {
    Handler(Room& r, ByteConnection c) : room(r), connection(c) {}
    std::size_t on_bytes(std::string_view bytes, std::size_t& wanted) override {
      if (room.script_.bytes) return room.script_.bytes(connection, bytes, wanted);
      connection.write(std::array{bytes});
      return bytes.size();
    }
    void on_writable() override {
      if (room.script_.writable) room.script_.writable(connection);
    }
    void on_closed(CloseReason reason) override {
      EXPECT_FALSE(connection.alive());
      EXPECT_EQ(connection.write(std::array{std::string_view("late")}), Wrote::closed);
      room.ends.put(static_cast<int>(reason) + 1);
    }
    Room& room;
    ByteConnection connection;
  };

  LaneGroup lanes_;
  Script script_;

 public:
  std::atomic<bool> refuse{false};
  Box<ByteConnection> connections;
  Box<int> ends;  // 1 + CloseReason.
  std::string address;
  ByteServer server;
};

constexpr int end_by(CloseReason reason) { return static_cast<int>(reason) + 1; }

std::string read_exactly(Client& client, std::size_t bytes) {
  std::string got(bytes, '\0');
  std::size_t at = 0;
  timeval limit{20, 0};
  setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  while (at < bytes) {
    const auto n = ::recv(client.fd(), got.data() + at, bytes - at, 0);
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  got.resize(at);
  return got;
}

TEST(ByteStream, echoes_on_every_lane) {
  Room room({}, {}, 4);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<Client>(room.address));
  for (std::size_t i = 0; i < clients.size(); ++i) clients[i]->send("hello " + std::to_string(i));
  for (std::size_t i = 0; i < clients.size(); ++i)
    EXPECT_EQ(read_exactly(*clients[i], 7), "hello " + std::to_string(i));
  const auto stats = room.server.stats();
  EXPECT_EQ(stats.connections, 8u);
  EXPECT_EQ(stats.bytes_in, 56u);
  EXPECT_EQ(stats.bytes_out, 56u);
}

// Lines of "LENGTH\n" and so many bytes, each answered by its length: what is left comes again with what follows.
TEST(ByteStream, keeps_what_was_not_taken_until_there_is_as_much_as_was_wanted) {
  std::atomic<int> calls{0};
  Script script;
  script.bytes = [&calls](ByteConnection& connection, std::string_view bytes, std::size_t& wanted) {
    ++calls;
    std::size_t taken = 0;
    for (;;) {
      const auto rest = bytes.substr(taken);
      const auto line = rest.find('\n');
      if (line == std::string_view::npos) return taken;
      const std::size_t size = std::stoul(std::string(rest.substr(0, line)));
      if (rest.size() < line + 1 + size) {
        wanted = line + 1 + size;
        return taken;
      }
      for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(rest[line + 1 + i], static_cast<char>('a' + i % 26));
      const std::string answer = std::to_string(size) + ";";
      connection.write(std::array{std::string_view(answer)});
      taken += line + 1 + size;
    }
  };
  Room room(std::move(script));
  Client client(room.address);
  std::string all, answers;
  for (const std::size_t size : {0u, 1u, 5'000u, 63'000u, 66'000u, 3'000'000u, 10u, 70'000u, 1u}) {
    all += std::to_string(size) + "\n";
    for (std::size_t i = 0; i < size; ++i) all += static_cast<char>('a' + i % 26);
    answers += std::to_string(size) + ";";
  }
  for (std::size_t at = 0; at < 20; ++at) client.send(all.substr(at, 1));
  std::thread sender([&] { client.send(std::string_view(all).substr(20)); });
  EXPECT_EQ(read_exactly(client, answers.size()), answers);
  sender.join();
  // A message of 3 MB is no reason to look at it for each of its pieces.
  EXPECT_LT(calls.load(), 150);
}

TEST(ByteStream, asking_for_more_than_the_bound_in_one_piece_ends_the_connection) {
  ByteOptions options;
  options.max_read_bytes = 1000;
  Script script;
  script.bytes = [](ByteConnection&, std::string_view, std::size_t& wanted) {
    wanted = 1001;
    return std::size_t{0};
  };
  Room room(std::move(script), options);
  Client client(room.address);
  client.send("x");
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(room.ends.take(), end_by(CloseReason::too_long));
}

TEST(ByteStream, tells_a_slow_peer_by_the_queue_and_when_it_is_short_again) {
  ByteOptions options;
  options.busy_bytes = 100'000;
  options.max_write_bytes = 40u << 20;
  Box<int> writable;
  Script script;
  script.writable = [&](ByteConnection&) { writable.put(1); };
  Room room(std::move(script), options);
  Client client(room.address);
  auto connection = room.connections.take();
  const std::string piece(50'000, 'p');
  std::size_t taken = 0;
  Wrote last = Wrote::ok;
  bool busy = false;
  room.on_lane([&] {
    for (int i = 0; i < 5000 && last != Wrote::full; ++i) {
      last = connection.write(std::array{std::string_view(piece), std::string_view("!")});
      busy = busy || last == Wrote::busy;
      if (last != Wrote::full) taken += piece.size() + 1;
    }
    EXPECT_LE(connection.queued(), options.max_write_bytes);
  });
  EXPECT_TRUE(busy);
  EXPECT_EQ(last, Wrote::full) << "the queue has a bound";
  EXPECT_EQ(writable.size(), 0u);
  const auto got = read_exactly(client, taken);
  EXPECT_EQ(got.size(), taken);
  EXPECT_EQ(got.substr(got.size() - 3), "pp!");
  EXPECT_EQ(writable.take(), 1);
}

TEST(ByteStream, a_pause_stops_the_reading_and_what_was_left_comes_first_after_it) {
  std::atomic<bool> pausing{true};
  std::string seen;
  Script script;
  script.bytes = [&](ByteConnection& connection, std::string_view bytes, std::size_t&) {
    if (pausing) {
      connection.pause(true);
      seen += bytes.substr(0, 1);
      return std::size_t{1};
    }
    seen += bytes;
    connection.write(std::array{std::string_view("ok")});
    return bytes.size();
  };
  Room room(std::move(script));
  Client client(room.address);
  client.send("abc");
  auto connection = room.connections.take();
  ASSERT_TRUE(room.eventually([&] { return room.server.stats().bytes_in == 3; }));
  client.send("def");
  room.on_lane([&] {
    EXPECT_EQ(seen, "a");
    pausing = false;
    connection.pause(false);
  });
  EXPECT_EQ(read_exactly(client, 2), "ok");
  ASSERT_TRUE(room.eventually([&] { return room.server.stats().bytes_in == 6; }));
  room.on_lane([&] { EXPECT_EQ(seen, "abcdef"); });
}

TEST(ByteStream, closing_lets_leave_what_is_queued) {
  Script script;
  script.bytes = [](ByteConnection& connection, std::string_view bytes, std::size_t&) {
    connection.write(std::array{std::string_view("bye")});
    connection.close(false);
    EXPECT_EQ(connection.write(std::array{std::string_view("late")}), Wrote::closed);
    return bytes.size();
  };
  Room room(std::move(script));
  Client client(room.address);
  client.send("x");
  EXPECT_EQ(client.read_all(), "bye");
  client.close();
  EXPECT_EQ(room.ends.take(), end_by(CloseReason::local));
}

TEST(ByteStream, the_last_words_reach_a_peer_that_is_still_sending) {
  Script script;
  script.bytes = [](ByteConnection& connection, std::string_view, std::size_t&) {
    connection.write(std::array{std::string_view("wrong")});
    connection.close(false);
    return std::size_t{0};
  };
  Room room(std::move(script));
  for (int i = 0; i < 20; ++i) {
    Client client(room.address);
    client.send(std::string(300'000, 'x'));
    EXPECT_EQ(client.read_all(), "wrong");
    client.close();
    room.ends.take(static_cast<std::size_t>(i) + 1);
  }
}

TEST(ByteStream, a_peer_that_does_not_read_cannot_delay_the_close_for_ever) {
  ByteOptions options;
  options.close_ms = 1000;
  Room room({}, options);
  Client client(room.address);
  auto connection = room.connections.take();
  const std::string much(30u << 20, 'm');
  room.on_lane([&] {
    connection.write(std::array{std::string_view(much)});
    connection.close(false);
  });
  room.advance_ms(999);
  EXPECT_EQ(room.ends.size(), 0u);
  room.advance_ms(1);
  EXPECT_EQ(room.ends.take(), end_by(CloseReason::local));
}

TEST(ByteStream, a_peer_that_leaves_ends_the_connection_and_old_handles_do_nothing) {
  Room room({});
  auto client = std::make_unique<Client>(room.address);
  auto connection = room.connections.take();
  client->reset();
  EXPECT_EQ(room.ends.take(), end_by(CloseReason::peer));
  Client next(room.address);
  room.connections.take(2);
  room.on_lane([&] {
    EXPECT_FALSE(connection.alive());
    EXPECT_EQ(connection.write(std::array{std::string_view("stale")}), Wrote::closed);
    connection.close(true);
    connection.pause(true);
  });
  next.send("still here");
  EXPECT_EQ(read_exactly(next, 10), "still here");
}

TEST(ByteStream, connections_above_the_bound_and_refused_ones_are_closed) {
  ByteOptions options;
  options.max_connections = 2;
  Room room({}, options);
  Client first(room.address), second(room.address);
  room.connections.take(2);
  Client third(room.address);
  EXPECT_TRUE(third.closed_by_peer());
  first.close();
  EXPECT_EQ(room.ends.take(), end_by(CloseReason::peer));
  room.refuse = true;
  Client fourth(room.address);
  EXPECT_TRUE(fourth.closed_by_peer());
  EXPECT_EQ(room.server.stats().refused, 2u);
}

TEST(ByteStream, the_end_of_the_server_tells_every_connection) {
  auto room = std::make_unique<Room>(Script{}, ByteOptions{}, 2);
  Client first(room->address), second(room->address);
  room->connections.take(2);
  room->server.stop_listening();
  room->on_lane([] {});
  EXPECT_ANY_THROW(Client late(room->address));
  room.reset();
  EXPECT_TRUE(first.closed_by_peer());
  EXPECT_TRUE(second.closed_by_peer());
}

}  // namespace
}  // namespace switchyard::net
