// What the C++ wrapper promises where the example does not go.
#include <gtest/gtest.h>

#include "tests/unit/sdk/probe.h"

namespace switchyard::testing::test {
namespace {

using sdk::Outcome;
using sdk::Reply;
using sdk::Stream;

class Wrapper : public ::testing::Test {
 protected:
  Wrapper() {
    Probe::reset();
    host.start(Probe::entry());
    ns = host.add_namespace("acc");
    host.set_anonymous(ns);
  }
  void TearDown() override {
    host.stop();
    EXPECT_EQ(host.take_misuses(), std::vector<std::string>());
  }
  // Answers a request with what `task` does to its Reply, and settles.
  Answer with_reply(const std::function<void(Reply)>& task) {
    Probe::on_request = [&](sw_http_exchange* e, const sw_http_request*) { task(Reply(*Probe::host, e)); };
    return host.ask("GET", "/probe/x");
  }
  // Runs `task` with a stream.
  void with_stream(const std::function<void(Stream)>& task) {
    with_reply([&](Reply reply) {
      Stream::open_or_create(*Probe::host, ns, "s", sdk::WorkQueue("c"),
                             [task, reply = std::move(reply)](const Outcome& opened, Stream stream) mutable {
                               EXPECT_TRUE(opened);
                               task(stream);
                               reply.text(200, "");
                             });
    });
    host.settle();
  }
  Host host;
  sw_namespace* ns;
};

TEST_F(Wrapper, a_reply_that_is_dropped_answers_500_and_one_that_was_sent_answers_once) {
  EXPECT_EQ(with_reply([](Reply) {}).status, 500u);
  const auto answer = with_reply([](Reply reply) {
    reply.text(201, "first");
    reply.text(200, "second");
  });
  EXPECT_EQ(answer.status, 201u);
  EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(with_reply([](Reply reply) {
              Reply other = std::move(reply);
              other.text(202, "moved");
            }).status,
            202u);
}

TEST_F(Wrapper, what_a_completion_throws_is_caught_and_its_request_answered) {
  const auto answer = with_reply([&](Reply reply) {
    Stream::open_or_create(*Probe::host, ns, "s", sdk::WorkQueue("c"),
                           [reply = std::move(reply)](const Outcome&, Stream) { throw std::runtime_error("oops"); });
  });
  EXPECT_EQ(answer.status, 500u);
}

TEST_F(Wrapper, a_refused_call_tells_its_completion_before_it_returns) {
  host.refuse_next("stream.create", SW_BUSY);
  std::string order;
  with_reply([&](Reply reply) {
    Stream::open_or_create(*Probe::host, ns, "s", sdk::WorkQueue("c"), [&order](const Outcome& opened, Stream) {
      order += opened.status == SW_BUSY ? "busy " : "?";
    });
    order += "returned";
    reply.text(200, "");
  });
  EXPECT_EQ(order, "busy returned");
}

TEST_F(Wrapper, streams_append_many_read_extend_count_purge_and_go) {
  std::string seen;
  with_stream([&](Stream s) {
    const sdk::Message two[] = {{.body = "a"}, {.body = "b", .key = "k"}};
    s.append_all(two, [&](const Outcome& outcome, auto each) {
      EXPECT_TRUE(outcome);
      seen += std::to_string(each.size());
    });
  });
  with_stream([&](Stream s) {
    s.read(2, 10, [&](const Outcome&, sdk::Deliveries got) { seen += sdk::view(got[0]->body); });
    s.fetch("c", 1, [&, s](const Outcome&, sdk::Deliveries got) {
      s.extend("c", got[0]->token, 500, [&](const Outcome& extended) { seen += extended ? " extended" : " not"; });
    });
  });
  host.advance(499);
  const auto leased = [&] {
    std::uint64_t count = 99;
    with_stream(
        [&](Stream s) { s.state("c", [&](const Outcome&, const sw_stream_state* state) { count = state->leased; }); });
    return count;
  };
  EXPECT_EQ(leased(), 1u);
  host.advance(1);
  EXPECT_EQ(leased(), 0u);
  with_stream([&](Stream s) {
    s.fetch("c", 2, [&, s](const Outcome&, sdk::Deliveries got) {
      EXPECT_EQ(got.size(), 2u);
      EXPECT_EQ(got[0]->token.attempt, 2u);
      s.nack("c", got[1]->token, [&](const Outcome& nacked) { seen += nacked ? " nacked" : " not"; });
    });
  });
  EXPECT_EQ(leased(), 1u);
  with_stream([&](Stream s) { s.purge([&](const Outcome& purged) { seen += purged ? " purged" : " not"; }); });
  EXPECT_EQ(host.messages(ns, "s"), 0u);
  with_stream([&](Stream s) { s.remove([&](const Outcome& removed) { seen += removed ? " removed" : " not"; }); });
  EXPECT_EQ(host.streams(), 0u);
  EXPECT_EQ(seen, "2b extended nacked purged removed");
}

TEST_F(Wrapper, a_waiting_request_that_got_its_message_may_be_answered_later_and_is_not_aborted_any_more) {
  sdk::WaitingRequests waiting;
  std::unique_ptr<Reply> kept;
  with_stream([](Stream) {});
  Probe::on_request = [&](sw_http_exchange* e, const sw_http_request*) {
    waiting.fetch(
        *Stream::find(*Probe::host, ns, "s"), "c", 1, 5000, Reply(*Probe::host, e),
        [&](Reply reply, const Outcome&, sdk::Deliveries) { kept = std::make_unique<Reply>(std::move(reply)); });
  };
  const auto id = host.send("GET", "/probe/wait");
  host.settle();
  EXPECT_EQ(kept, nullptr);
  with_stream([](Stream s) { s.append({.body = "x"}, [](const Outcome&, auto*) {}); });
  ASSERT_NE(kept, nullptr);
  host.abort(id);
  with_reply([&](Reply reply) {
    kept->text(200, "late");
    reply.text(200, "");
  });
  EXPECT_EQ(host.answer(id).body, "late");
}

TEST_F(Wrapper, a_message_that_was_tried_too_often_goes_to_the_dead_letters) {
  sw_stream_id dead = 0;
  with_reply([&](Reply reply) {
    reply.text(200, "");
    Stream::open_or_create(*Probe::host, ns, "dead", sdk::WorkQueue("c"),
                           [&](const Outcome&, Stream made) { dead = made.id(); });
  });
  with_reply([&](Reply reply) {
    reply.text(200, "");
    sdk::WorkQueue queue("c");
    queue.consumer.max_attempts = 1;
    queue.consumer.dead_letter = dead;
    Stream::open_or_create(*Probe::host, ns, "s", queue,
                           [](const Outcome&, Stream s) { s.append({.body = "x"}, [](const auto&, auto*) {}); });
  });
  for (int i = 0; i < 2; ++i) {
    with_stream([](Stream s) {
      s.fetch(
          "c", 1, [](const Outcome&, sdk::Deliveries) {}, 1000);
    });
    host.advance(1000);
  }
  EXPECT_EQ(host.messages(ns, "s"), 0u);
  EXPECT_EQ(host.messages(ns, "dead"), 1u);
}

}  // namespace
}  // namespace switchyard::testing::test
