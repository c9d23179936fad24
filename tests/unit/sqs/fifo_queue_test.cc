// FIFO queues: their attributes, and what they ask of the server.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

Answer create(World& world, const char* name, boost::json::object attributes) {
  return world.json("CreateQueue", {{"QueueName", name}, {"Attributes", std::move(attributes)}});
}

Answer set(World& world, const std::string& url, boost::json::object attributes) {
  return world.json("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", std::move(attributes)}});
}

boost::json::object fifo_attributes(World& world, const std::string& url) {
  const Answer answer = world.json(
      "GetQueueAttributes",
      {{"QueueUrl", url},
       {"AttributeNames", {"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"}}});
  return answer.json.at("Attributes").as_object();
}

TEST(FifoQueue, is_an_ordered_stream_with_a_window_of_five_minutes) {
  World world;
  world.create("q.fifo", {{"FifoQueue", "true"}});
  const FakeStream* stream = world.host.stream("sqs/us-east-1/q.fifo");
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->config.flags, SW_STREAM_KEYED);
  EXPECT_EQ(stream->config.dedup_window_ms, 300'000u);
  EXPECT_EQ(stream->consumer.flags, SW_CONSUMER_ORDERED);
}

TEST(FifoQueue, standard_queue_is_fair_between_groups_and_asks_for_none_of_that) {
  World world;
  world.create("q");
  const FakeStream* stream = world.host.stream("sqs/us-east-1/q");
  EXPECT_EQ(stream->config.flags, SW_STREAM_KEYED);
  EXPECT_EQ(stream->config.dedup_window_ms, 0u);
  EXPECT_EQ(stream->consumer.flags, SW_CONSUMER_FAIR);
}

TEST(FifoQueue, standard_queue_whose_stream_knows_no_groups_stays_one_when_its_attributes_change) {
  World world;
  const std::string url = world.create("q");
  FakeStream* stream = world.host.stream("sqs/us-east-1/q");
  stream->config.flags = stream->consumer.flags = 0;  // Made before queues were fair.
  EXPECT_EQ(set(world, url, {{"VisibilityTimeout", "7"}}).status, 200u);
  EXPECT_EQ(stream->config.flags, 0u);
  EXPECT_EQ(stream->consumer.flags, 0u);
}

TEST(FifoQueue, shows_its_attributes_with_their_defaults) {
  World world;
  const std::string url = world.create("q.fifo", {{"FifoQueue", "true"}});
  EXPECT_EQ(fifo_attributes(world, url), (boost::json::object{{"FifoQueue", "true"},
                                                              {"ContentBasedDeduplication", "false"},
                                                              {"DeduplicationScope", "queue"},
                                                              {"FifoThroughputLimit", "perQueue"}}));
}

TEST(FifoQueue, changes_scope_and_limit_and_says_so_to_the_server) {
  World world;
  const std::string url = world.create("q.fifo", {{"FifoQueue", "true"}});
  EXPECT_EQ(set(world, url,
                {{"ContentBasedDeduplication", "true"},
                 {"FifoThroughputLimit", "perMessageGroupId"},
                 {"DeduplicationScope", "messageGroup"}})
                .status,
            200u)
      << "in any order";
  EXPECT_EQ(fifo_attributes(world, url), (boost::json::object{{"FifoQueue", "true"},
                                                              {"ContentBasedDeduplication", "true"},
                                                              {"DeduplicationScope", "messageGroup"},
                                                              {"FifoThroughputLimit", "perMessageGroupId"}}));
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q.fifo")->config.flags, SW_STREAM_KEYED | SW_STREAM_DEDUP_PER_KEY);
}

TEST(FifoQueue, limit_per_group_needs_the_scope_per_group) {
  World world;
  const Answer refused = create(world, "q.fifo", {{"FifoQueue", "true"}, {"FifoThroughputLimit", "perMessageGroupId"}});
  EXPECT_EQ(refused.error_type(), "InvalidAttributeValue");
  EXPECT_EQ(refused.error_message(),
            "The perMessageGroupId value for FifoThroughputLimit is allowed only when the value for DeduplicationScope "
            "is messageGroup.");
  EXPECT_EQ(world.host.streams(), 0u);
  const std::string url = world.create(
      "q.fifo",
      {{"FifoQueue", "true"}, {"DeduplicationScope", "messageGroup"}, {"FifoThroughputLimit", "perMessageGroupId"}});
  EXPECT_EQ(set(world, url, {{"DeduplicationScope", "queue"}}).error_type(), "InvalidAttributeValue");
  EXPECT_EQ(fifo_attributes(world, url).at("DeduplicationScope"), "messageGroup");
}

TEST(FifoQueue, wrong_values_and_a_change_of_type_are_refused) {
  World world;
  for (const auto& [name, value] : {std::pair{"DeduplicationScope", "account"},
                                    {"FifoThroughputLimit", "fast"},
                                    {"ContentBasedDeduplication", "maybe"}}) {
    const Answer answer = create(world, "q.fifo", {{"FifoQueue", "true"}, {name, value}});
    EXPECT_EQ(answer.error_type(), "InvalidAttributeValue") << name;
    EXPECT_EQ(answer.error_message(), "Invalid value for the parameter " + std::string(name) + ".");
  }
  const std::string url = world.create("q.fifo", {{"FifoQueue", "true"}});
  EXPECT_EQ(set(world, url, {{"FifoQueue", "true"}}).status, 200u);
  EXPECT_EQ(set(world, url, {{"FifoQueue", "false"}}).error_message(),
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.");
}

TEST(FifoQueue, made_again_with_another_value_is_refused) {
  World world;
  const std::string url = world.create("q.fifo", {{"FifoQueue", "true"}});
  EXPECT_EQ(world.create("q.fifo", {{"FifoQueue", "true"}}), url);
  EXPECT_EQ(create(world, "q.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}}).error_message(),
            "A queue already exists with the same name and a different value for attribute ContentBasedDeduplication");
}

TEST(FifoQueue, its_dead_letter_queue_is_fifo_too) {
  World world;
  world.create("dead");
  world.create("dead.fifo", {{"FifoQueue", "true"}});
  const auto redrive = [](const std::string& target) {
    return R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:)" + target + R"(","maxReceiveCount":3})";
  };
  const Answer mixed = create(world, "a.fifo", {{"FifoQueue", "true"}, {"RedrivePolicy", redrive("dead")}});
  EXPECT_EQ(mixed.query_error(), "InvalidParameterValue;Sender");
  EXPECT_EQ(mixed.error_message(), "Value " + redrive("dead") +
                                       " for parameter RedrivePolicy is invalid. Reason: The dead letter target of a "
                                       "FIFO queue must be a FIFO queue.");
  EXPECT_EQ(create(world, "b", {{"RedrivePolicy", redrive("dead.fifo")}}).status, 400u);
  EXPECT_EQ(create(world, "a.fifo", {{"FifoQueue", "true"}, {"RedrivePolicy", redrive("dead.fifo")}}).status, 200u);
}

}  // namespace
}  // namespace switchyard::sqs::testing
