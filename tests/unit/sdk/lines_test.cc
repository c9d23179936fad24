// The C++ example, and with it the wrapper's Reply, Stream and WaitingRequests, on the host in memory.
#include <gtest/gtest.h>

#include "switchyard/testing/host.hpp"

namespace switchyard::testing::test {
namespace {

class Lines : public ::testing::Test {
 protected:
  Lines() {
    host.start(switchyard_plugin_v1());
    ns = host.add_namespace("acc");
    host.set_anonymous(ns);
  }
  void TearDown() override {
    host.stop();
    EXPECT_EQ(host.take_misuses(), std::vector<std::string>());
  }
  Answer say(const std::string& line) { return host.ask("POST", "/lines/a", line); }
  Host::RequestId ask_to_wait(const std::string& line) {
    const auto id = host.send("POST", "/lines/a", line);
    host.settle();
    return id;
  }
  std::string take() {
    const auto body = say("take").body;
    EXPECT_TRUE(body.starts_with("line ")) << body;
    return body.substr(5, 64);
  }
  Host host;
  sw_namespace* ns;
};

TEST_F(Lines, a_line_is_put_taken_and_done) {
  EXPECT_EQ(say("take").body, "empty\n");
  EXPECT_EQ(say("put one").body, "put 1\n");
  const auto token = take();
  EXPECT_EQ(say("take").body, "empty\n");
  EXPECT_EQ(say("done " + token).body, "done\n");
  EXPECT_EQ(say("done " + token).body, "gone\n");
  EXPECT_EQ(host.messages(ns, "lines/a"), 0u);
}

TEST_F(Lines, a_lease_that_ends_brings_the_line_back_and_makes_the_token_stale) {
  say("put one");
  const auto token = take();
  host.advance(29'999);
  EXPECT_EQ(say("take").body, "empty\n");
  host.advance(1);
  take();
  EXPECT_EQ(say("done " + token).body, "gone\n");
}

TEST_F(Lines, a_forged_token_is_refused) {
  say("put one");
  auto token = take();
  token.back() = token.back() == '0' ? '1' : '0';
  EXPECT_EQ(say("done " + token).status, 400u);
  EXPECT_EQ(say("done x").status, 400u);
}

TEST_F(Lines, a_take_waits_for_the_next_line) {
  const auto waiter = ask_to_wait("take 5000");
  EXPECT_FALSE(host.answered(waiter));
  say("put late");
  EXPECT_TRUE(host.answer(waiter).body.ends_with(" late\n"));
}

TEST_F(Lines, a_take_gives_up_when_its_time_is_over) {
  const auto waiter = ask_to_wait("take 5000");
  host.advance(4'999);
  EXPECT_FALSE(host.answered(waiter));
  host.advance(1);
  EXPECT_EQ(host.answer(waiter).body, "empty\n");
}

TEST_F(Lines, a_peer_that_leaves_takes_no_line_with_it) {
  host.abort(ask_to_wait("take 5000"));
  host.settle();
  EXPECT_EQ(host.outstanding(), 0u);
  say("put one");
  take();
}

TEST_F(Lines, a_line_that_came_for_a_peer_that_had_left_goes_back) {
  const auto waiter = ask_to_wait("take 5000");
  host.lose_next_cancel();
  host.abort(waiter);
  say("put one");
  EXPECT_EQ(host.outstanding(), 0u) << "the fetch of the peer that left got the line";
  take();
}

TEST_F(Lines, draining_answers_every_waiting_take) {
  const auto one = ask_to_wait("take 5000"), two = ask_to_wait("take 60000");
  host.drain();
  EXPECT_EQ(host.answer(one).status, 503u);
  EXPECT_EQ(host.answer(two).status, 503u);
}

TEST_F(Lines, back_pressure_and_failures_are_answers_at_every_call) {
  for (const char* call : {"stream.create", "stream.append"}) {
    host.refuse_next(call, SW_BUSY);
    EXPECT_EQ(say("put x").status, 503u) << call;
    host.fail_next(call, SW_IO);
    EXPECT_EQ(say("put x").status, 500u) << call;
    EXPECT_EQ(say("put x").status, 200u) << call;
  }
  const auto token = take();
  host.refuse_next("stream.ack", SW_QUOTA);
  EXPECT_EQ(say("done " + token).status, 429u);
  host.refuse_next("stream.fetch", SW_BUSY);
  EXPECT_EQ(say("take 100").status, 503u) << "before it was parked";
  host.fail_next("stream.fetch", SW_CANCELLED);
  EXPECT_EQ(say("take 100").status, 503u);
}

TEST_F(Lines, lines_survive_a_restart) {
  say("put one");
  host.restart();
  take();
}

TEST_F(Lines, nobody_comes_in_without_a_namespace) {
  host.set_anonymous(nullptr);
  EXPECT_EQ(say("put x").status, 403u);
}

}  // namespace
}  // namespace switchyard::testing::test
