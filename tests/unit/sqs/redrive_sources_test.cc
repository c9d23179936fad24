// A dead-letter queue that is deleted and made again under its name.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

constexpr const char* kArn = "arn:aws:sqs:us-east-1:000000000000:";

std::string redrive(const std::string& target) {
  return R"({"deadLetterTargetArn":")" + (kArn + target) + R"(","maxReceiveCount":1})";
}

sw_stream_id dead_letters_of(World& world, const std::string& queue) {
  return world.host.stream("sqs/us-east-1/" + queue)->consumer.dead_letter;
}

sw_stream_id id_of(World& world, const std::string& queue) { return world.host.stream("sqs/us-east-1/" + queue)->id; }

void remove(World& world, const std::string& url) {
  ASSERT_EQ(world.json("DeleteQueue", {{"QueueUrl", url}}).status, 200u);
}

// Receives until the message is one time too often received.
void poison(World& world, const std::string& url) {
  for (int i = 0; i < 3; ++i) {
    world.receive(url, {{"VisibilityTimeout", 1}});
    world.host.advance(2'000);
  }
}

TEST(RedriveSources, dead_letters_go_to_the_queue_that_bears_the_name_now) {
  World world;
  std::string dead = world.create("dead");
  const std::string url = world.create("q", {{"RedrivePolicy", redrive("dead")}, {"DelaySeconds", "0"}});
  remove(world, dead);
  world.send(url, "poison");
  poison(world, url);
  dead = world.create("dead");
  EXPECT_EQ(dead_letters_of(world, "q"), id_of(world, "dead"));
  EXPECT_EQ(world.receive(url).size(), 0u);
  const auto got = world.receive(dead);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].at("Body"), "poison");
}

TEST(RedriveSources, are_known_to_the_new_queue_and_its_move_tasks) {
  World world;
  std::string dead = world.create("dead");
  const std::string a = world.create("a", {{"RedrivePolicy", redrive("dead")}, {"VisibilityTimeout", "7"}}),
                    b = world.create("b", {{"RedrivePolicy", redrive("dead")}});
  world.json("TagQueue", {{"QueueUrl", a}, {"Tags", {{"team", "x"}}}});
  remove(world, dead);
  dead = world.create("dead");
  EXPECT_EQ(world.json("ListDeadLetterSourceQueues", {{"QueueUrl", dead}}).json.at("queueUrls").as_array(),
            (boost::json::array{boost::json::string(a), boost::json::string(b)}));
  EXPECT_EQ(world.json("StartMessageMoveTask", {{"SourceArn", kArn + std::string("dead")}}).status, 200u);
  EXPECT_EQ(world.attribute(a, "VisibilityTimeout"), "7");
  EXPECT_EQ(world.attribute(a, "RedrivePolicy"), redrive("dead"));
  EXPECT_EQ(world.json("ListQueueTags", {{"QueueUrl", a}}).json, (boost::json::value{{"Tags", {{"team", "x"}}}}));
}

TEST(RedriveSources, of_other_queues_and_other_regions_stay) {
  World world;
  const std::string dead = world.create("dead"), gone = world.create("gone");
  world.create("other");
  world.create("of-other", {{"RedrivePolicy", redrive("other")}});
  world.create("of-gone", {{"RedrivePolicy", redrive("gone")}});
  const sw_stream_id old = id_of(world, "gone");
  world.who.region = "eu-west-1";
  const std::string far_dead = world.create("dead");
  world.create("far", {{"RedrivePolicy",
                        R"({"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:dead","maxReceiveCount":1})"}});
  remove(world, far_dead);
  world.who.region = "us-east-1";
  remove(world, dead);
  remove(world, gone);
  world.create("dead");
  EXPECT_EQ(dead_letters_of(world, "of-other"), id_of(world, "other"));
  EXPECT_EQ(dead_letters_of(world, "of-gone"), old);
  EXPECT_NE(world.host.stream("sqs/eu-west-1/far")->consumer.dead_letter, id_of(world, "dead"));
}

TEST(RedriveSources, must_be_allowed_by_the_new_queue) {
  World world;
  remove(world, [&] {
    const std::string dead = world.create("dead");
    for (const char* name : {"a", "b"}) world.create(name, {{"RedrivePolicy", redrive("dead")}});
    return dead;
  }());
  world.create("dead", {{"RedriveAllowPolicy", R"({"redrivePermission":"byQueue","sourceQueueArns":[")" +
                                                   (kArn + std::string("b")) + R"("]})"}});
  EXPECT_NE(dead_letters_of(world, "a"), id_of(world, "dead"));
  EXPECT_EQ(dead_letters_of(world, "b"), id_of(world, "dead"));
}

TEST(RedriveSources, left_by_a_stopped_server_are_taken_up_by_the_same_request) {
  World world;
  const std::string dead = world.create("dead");
  world.create("q", {{"RedrivePolicy", redrive("dead")}});
  remove(world, dead);
  HttpRequest request = world.json_request("CreateQueue", R"({"QueueName":"dead"})");
  sign(request, world.who, world.host.wall_ms());
  world.host.hold_completions(true);
  const auto* first = world.start(request);
  world.host.fail_next(SW_STOPPING);
  world.host.settle();
  world.host.hold_completions(false);
  EXPECT_EQ(World::answer_of(first).status, 503u);
  ASSERT_NE(world.host.stream("sqs/us-east-1/dead"), nullptr);
  EXPECT_NE(dead_letters_of(world, "q"), id_of(world, "dead"));
  world.restart();
  world.create("dead");
  EXPECT_EQ(dead_letters_of(world, "q"), id_of(world, "dead"));
}

// CreateQueue of the dead-letter queue, and another request that is stored between it and the first source.
void create_with(World& world, const char* action, const std::string& body) {
  std::vector<const sw_http_exchange*> started;
  const auto start = [&](const char* name, const std::string& text) {
    HttpRequest request = world.json_request(name, text);
    sign(request, world.who, world.host.wall_ms());
    started.push_back(world.start(request));
  };
  world.host.hold_completions(true);
  start("CreateQueue", R"({"QueueName":"dead"})");
  start(action, body);
  world.host.settle();
  world.host.hold_completions(false);
  for (const auto* exchange : started) {
    EXPECT_EQ(World::answer_of(exchange).status, 200u) << World::answer_of(exchange).body;
  }
}

TEST(RedriveSources, changed_meanwhile_keep_the_change) {
  World world;
  const std::string dead = world.create("dead");
  const std::string a = world.create("a", {{"RedrivePolicy", redrive("dead")}});
  world.create("b", {{"RedrivePolicy", redrive("dead")}});
  remove(world, dead);
  create_with(world, "TagQueue", R"({"QueueUrl":")" + a + R"(","Tags":{"k":"v"}})");
  EXPECT_EQ(dead_letters_of(world, "a"), id_of(world, "dead"));
  EXPECT_EQ(dead_letters_of(world, "b"), id_of(world, "dead"));
  EXPECT_EQ(world.json("ListQueueTags", {{"QueueUrl", a}}).json, (boost::json::value{{"Tags", {{"k", "v"}}}}));
}

TEST(RedriveSources, are_looked_for_only_where_a_name_was_a_dead_letter_queue) {
  World world;
  for (int i = 0; i < 20; ++i) world.create("q" + std::to_string(i));
  world.create("dead");
  const auto before = world.host.looked_at();
  world.create("more");
  EXPECT_EQ(world.host.looked_at(), before) << "a new queue costs no look at the others";
  world.create("source", {{"RedrivePolicy", redrive("dead")}});
  const auto records = world.host.kv_size();
  world.create("another", {{"RedrivePolicy", redrive("dead")}});
  EXPECT_EQ(world.host.kv_size(), records) << "one record for each name";
  EXPECT_EQ(world.host.looked_at(), before);
}

TEST(RedriveSources, deleted_meanwhile_do_not_stop_the_others) {
  World world;
  const std::string dead = world.create("dead");
  const std::string a = world.create("a", {{"RedrivePolicy", redrive("dead")}});
  world.create("b", {{"RedrivePolicy", redrive("dead")}});
  remove(world, dead);
  create_with(world, "DeleteQueue", R"({"QueueUrl":")" + a + R"("})");
  EXPECT_EQ(dead_letters_of(world, "b"), id_of(world, "dead"));
}

}  // namespace
}  // namespace switchyard::sqs::testing
