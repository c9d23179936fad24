// Tables listen/1 and bus/1, by a plugin that is a chat: each line of a connection goes to the others.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {
namespace {

using net::test::Client;

class Chat {
 public:
  explicit Chat(std::size_t lanes = 1) : rig(lanes) {
    rig.make_namespace("a", "000000000001");
    plugin.on_start = [this](sw_error* error) {
      listen = plugin.table<sw_listen_api>(SW_EXT_LISTEN);
      bus = plugin.table<sw_bus_api>(SW_EXT_BUS);
      sw_listener wish{};
      wish.size = sizeof wish;
      wish.name = str("chat");
      wish.address = str("127.0.0.1:0");
      wish.max_read_bytes = 1000;
      sw_str bound{};
      const auto status = listen->listen(plugin.host, &wish, &kEvents, this, &bound, error);
      address = text(bound);
      return status;
    };
    plugin.on_lane_start = [this](std::uint32_t lane, void** state, sw_error*) {
      *state = &lane_numbers[lane];
      return SW_OK;
    };
    rig.run({&plugin}, [](PluginSpec& spec) { spec.anonymous_namespace = "a"; });
  }

  struct Member {
    Chat* chat;
    sw_conn* connection;
    sw_publisher* publisher = nullptr;
    sw_subscription* subscription = nullptr;
    std::uint64_t party = 0;

    void leave() {
      const auto last = bytes("bye\n");
      EXPECT_EQ(chat->listen->write(connection, &last, 1), SW_OK);
      chat->listen->close(connection, 0);
      EXPECT_EQ(chat->listen->write(connection, &last, 1), SW_NOT_FOUND);
    }
    void say(const std::string& line) {
      sw_bus_message message{};
      message.size = sizeof message;
      message.subject = str("chat.room");
      message.body = bytes(line);
      std::uint32_t receivers = 0;
      EXPECT_EQ(chat->bus->publish(chat->plugin.host, publisher, &message, party, &receivers), SW_OK);
      chat->note("receivers " + std::to_string(std::min(receivers, 2u)));
    }
  };

  // Kept to the end: a plugin that failed is not told of its connections' ends.
  Member* add(sw_conn* connection) {
    const std::lock_guard lock(mutex);
    members.push_back(std::make_unique<Member>(Member{this, connection}));
    return members.back().get();
  }
  void note(const std::string& what) {
    const std::lock_guard lock(mutex);
    notes.push_back(what);
  }
  std::size_t count(const std::string& what) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count(notes.begin(), notes.end(), what));
  }

  LinkedPlugin plugin{"chat"};
  const sw_listen_api* listen = nullptr;
  const sw_bus_api* bus = nullptr;
  std::string address;
  std::array<int, 4> lane_numbers{0, 1, 2, 3};
  std::atomic<std::uint64_t> parties{0};
  std::atomic<std::size_t> settled{0};
  std::mutex mutex;
  std::vector<std::string> notes;
  std::vector<std::unique_ptr<Member>> members;
  HostRig rig;  // Ends first.

 private:
  static std::int32_t deliver(void* user, const sw_bus_message* message) {
    auto& me = *static_cast<Member*>(user);
    const std::array parts{message->body, bytes("\n")};
    return me.chat->listen->write(me.connection, parts.data(), parts.size()) == SW_OK ? 1 : 0;
  }
  static void* open(void* user, void* lane_state, sw_conn* connection, sw_str peer) {
    auto& chat = *static_cast<Chat*>(user);
    EXPECT_EQ(text(peer).substr(0, 10), "127.0.0.1:");
    chat.note("lane " + std::to_string(*static_cast<int*>(lane_state)));
    auto* const me = chat.add(connection);
    me->party = ++chat.parties;
    auto* const ns = anonymous_handle(chat.plugin);
    const auto* host = chat.plugin.host;
    EXPECT_EQ(chat.bus->publisher(host, ns, &me->publisher), SW_OK);
    EXPECT_EQ(chat.bus->subscribe(host, ns, str("chat.>"), {}, me->party, deliver, me, &me->subscription), SW_OK);
    chat.bus->settled(
        host, [](void* all) { ++static_cast<Chat*>(all)->settled; }, &chat);
    return me;
  }
  static std::size_t data(void* user, sw_bytes all, std::size_t* wanted) {
    auto& me = *static_cast<Member*>(user);
    const auto seen = text(all);
    std::size_t taken = 0;
    for (auto end = seen.find('\n'); end != std::string::npos; end = seen.find('\n', taken)) {
      const auto line = seen.substr(taken, end - taken);
      taken = end + 1;
      if (line == "throw") throw std::runtime_error("as it was told");
      if (line == "much") *wanted = 5'000;
      if (line == "bye") me.leave();
      if (line != "bye" && line != "much") me.say(line);
    }
    return taken;
  }
  static void closed(void* user, sw_status why) {
    auto* const me = static_cast<Member*>(user);
    me->chat->bus->unsubscribe(me->chat->plugin.host, me->subscription);
    me->chat->bus->release(me->chat->plugin.host, me->publisher);
    me->chat->note("closed " + std::to_string(why));
  }
  static constexpr sw_conn_events kEvents{sizeof(sw_conn_events), 0, open, data, nullptr, closed};
};

std::string read_line(Client& client) {
  std::string line;
  timeval limit{20, 0};
  setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  for (char c = 0; ::recv(client.fd(), &c, 1, 0) == 1 && c != '\n';) line += c;
  return line;
}

TEST(Streams, a_plugin_speaks_its_own_protocol_over_every_lane) {
  Chat chat(4);
  EXPECT_EQ(chat.rig.host->listening(), (std::deque<std::pair<std::string, std::string>>{{"chat", chat.address}}));
  std::vector<std::unique_ptr<Client>> all;
  for (int i = 0; i < 8; ++i) all.push_back(std::make_unique<Client>(chat.address));
  ASSERT_TRUE(chat.rig.eventually([&] { return chat.settled == 8; }));
  for (int lane = 0; lane < 4; ++lane) EXPECT_EQ(chat.count("lane " + std::to_string(lane)), 2u);
  all[3]->send("hel");
  all[3]->send("lo\nagain\n");
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i == 3) continue;
    EXPECT_EQ(read_line(*all[i]), "hello");
    EXPECT_EQ(read_line(*all[i]), "again");
  }
  all[0]->send("you\n");
  EXPECT_EQ(read_line(*all[3]), "you") << "and not its own";
}

TEST(Streams, the_end_of_a_connection_says_whose_it_was) {
  Chat chat;
  Client leaves(chat.address), bye(chat.address), much(chat.address), stays(chat.address);
  ASSERT_TRUE(chat.rig.eventually([&] { return chat.settled == 4; }));
  leaves.close();
  ASSERT_TRUE(chat.rig.eventually([&] { return chat.count("closed " + std::to_string(SW_CANCELLED)) == 1; }));
  bye.send("bye\n");
  EXPECT_EQ(read_line(bye), "bye");
  bye.close();
  ASSERT_TRUE(chat.rig.eventually([&] { return chat.count("closed " + std::to_string(SW_OK)) == 1; }));
  much.send("much\n");
  ASSERT_TRUE(chat.rig.eventually([&] { return chat.count("closed " + std::to_string(SW_QUOTA)) == 1; }));
  stays.send("alone\n");
  ASSERT_TRUE(chat.rig.eventually([&] { return chat.count("receivers 0") == 1; }));
  chat.rig.stop();
  EXPECT_EQ(chat.count("closed " + std::to_string(SW_STOPPING)), 1u);
}

TEST(Streams, a_plugin_that_throws_loses_its_connections_and_takes_no_other_along) {
  Chat chat;
  Client first(chat.address), second(chat.address);
  ASSERT_TRUE(chat.rig.eventually([&] { return chat.settled == 2; }));
  first.send("throw\n");
  EXPECT_TRUE(first.closed_by_peer());
  EXPECT_EQ(chat.rig.host->plugins()[0].state, PluginState::failed);
  second.send("hello\n");
  EXPECT_TRUE(second.closed_by_peer());
}

TEST(Streams, listeners_are_made_in_start_and_nowhere_else) {
  Chat chat;
  chat.rig.on_lane(chat.plugin, [&](void*) {
    sw_listener wish{};
    wish.size = sizeof wish;
    wish.address = str("127.0.0.1:0");
    sw_conn_events none{};
    none.size = sizeof none;
    EXPECT_EQ(chat.listen->listen(chat.plugin.host, &wish, &none, nullptr, nullptr, nullptr), SW_INVALID);
  });
}

TEST(Streams, a_taken_port_is_the_failure_of_the_plugin_that_wants_it) {
  auto taken = net::bind_listener("127.0.0.1:0", 0600);
  ASSERT_TRUE(taken.ok());
  LinkedPlugin rival("rival");
  HostRig rig;
  rival.on_start = [&](sw_error* error) {
    sw_listener wish{};
    wish.size = sizeof wish;
    wish.address = str(taken->address);
    sw_conn_events events{};
    events.size = sizeof events;
    const auto* listen = rival.table<sw_listen_api>(SW_EXT_LISTEN);
    EXPECT_EQ(listen->listen(rival.host, &wish, &events, nullptr, nullptr, error), SW_INVALID) << "no functions";
    events.open = [](void*, void*, sw_conn*, sw_str) -> void* { return nullptr; };
    events.data = [](void*, sw_bytes, std::size_t*) -> std::size_t { return 0; };
    events.closed = [](void*, sw_status) {};
    return listen->listen(rival.host, &wish, &events, nullptr, nullptr, error);
  };
  ASSERT_TRUE(rig.load({rival.spec()}).ok());
  static_cast<void>(rig.start());
  const auto report = rig.host->plugins()[0];
  EXPECT_EQ(report.state, PluginState::failed);
  EXPECT_NE(report.why.find(taken->address), std::string::npos) << report.why;
  ::close(taken->fd);
}

TEST(Streams, the_bus_judges_patterns_and_takes_back_what_was_forgotten) {
  Chat chat;
  std::atomic<int> heard{0};
  const auto hear = [](void* user, const sw_bus_message*) -> std::int32_t {
    ++*static_cast<std::atomic<int>*>(user);
    return 1;
  };
  chat.rig.on_lane(chat.plugin, [&](void*) {
    auto* const ns = anonymous_handle(chat.plugin);
    const auto* host = chat.plugin.host;
    sw_subscription *one = nullptr, *two = nullptr;
    for (const char* wrong : {"", "a..b", "a.>.b", ".a", "a."}) {
      EXPECT_EQ(chat.bus->subscribe(host, ns, str(wrong), {}, 0, hear, &heard, &one), SW_INVALID) << wrong;
    }
    EXPECT_EQ(chat.bus->subscribe(host, ns, str("q.*"), str("group"), 0, hear, &heard, &one), SW_OK);
    EXPECT_EQ(chat.bus->subscribe(host, ns, str("q.*"), str("group"), 0, hear, &heard, &two), SW_OK);
    sw_publisher* publisher = nullptr;
    EXPECT_EQ(chat.bus->publisher(host, ns, &publisher), SW_OK);
    sw_bus_message message{};
    message.size = sizeof message;
    message.subject = str("q.1");
    std::uint32_t receivers = 9;
    EXPECT_EQ(chat.bus->publish(host, publisher, &message, 0, &receivers), SW_OK);
    EXPECT_EQ(heard, 1) << "one of the group";
    EXPECT_EQ(receivers, 1u);
    chat.bus->unsubscribe(host, one);
    chat.bus->unsubscribe(host, one);
    EXPECT_EQ(chat.bus->publish(host, publisher, &message, 0, &receivers), SW_OK);
    EXPECT_EQ(heard, 2);
    message.subject = str("r.1");
    EXPECT_EQ(chat.bus->publish(host, publisher, &message, 0, &receivers), SW_OK);
    EXPECT_EQ(receivers, 0u);
  });
  chat.rig.stop();  // With `two` and the publisher never given back.
}

}  // namespace
}  // namespace switchyard::plugin::test
