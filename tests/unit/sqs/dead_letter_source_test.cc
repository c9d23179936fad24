// ListDeadLetterSourceQueues.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

std::string redrive(const std::string& target) {
  return R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:)" + target + R"(","maxReceiveCount":3})";
}

boost::json::array sources(World& world, boost::json::object input) {
  const Answer answer = world.json("ListDeadLetterSourceQueues", input);
  EXPECT_EQ(answer.status, 200u) << answer.body;
  return answer.json.at("queueUrls").as_array();
}

TEST(ListDeadLetterSourceQueues, names_the_queues_whose_redrive_policy_points_here) {
  World world;
  const std::string dead = world.create("dead"), other = world.create("other");
  EXPECT_EQ(sources(world, {{"QueueUrl", dead}}), boost::json::array()) << "the list is there, and empty";
  const std::string b = world.create("b", {{"RedrivePolicy", redrive("dead")}});
  const std::string a = world.create("a", {{"RedrivePolicy", redrive("dead")}});
  world.create("c", {{"RedrivePolicy", redrive("other")}});
  EXPECT_EQ(sources(world, {{"QueueUrl", dead}}), (boost::json::array{boost::json::string(a), boost::json::string(b)}));
  world.json("SetQueueAttributes", {{"QueueUrl", a}, {"Attributes", {{"RedrivePolicy", ""}}}});
  EXPECT_EQ(sources(world, {{"QueueUrl", dead}}), (boost::json::array{boost::json::string(b)}));
}

TEST(ListDeadLetterSourceQueues, comes_in_pages_that_are_asked_for) {
  World world;
  const std::string dead = world.create("dead");
  for (const char* name : {"e", "a", "c", "b", "d"}) world.create(name, {{"RedrivePolicy", redrive("dead")}});
  std::string token, names;
  int pages = 0;
  do {
    boost::json::object input{{"QueueUrl", dead}, {"MaxResults", 2}};
    if (!token.empty()) input["NextToken"] = token;
    const Answer answer = world.json("ListDeadLetterSourceQueues", input);
    for (const auto& url : answer.json.at("queueUrls").as_array()) names += url.as_string().back();
    const auto* next = answer.json.as_object().if_contains("NextToken");
    token = next == nullptr ? "" : std::string(next->as_string());
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(names, "abcde");
  EXPECT_EQ(pages, 3);
  EXPECT_FALSE(world.json("ListDeadLetterSourceQueues", {{"QueueUrl", dead}}).json.as_object().contains("NextToken"));
}

TEST(ListDeadLetterSourceQueues, on_the_query_wire_and_with_wrong_parameters) {
  World world;
  const std::string dead = world.create("dead");
  const std::string a = world.create("a", {{"RedrivePolicy", redrive("dead")}});
  EXPECT_NE(world.query("ListDeadLetterSourceQueues", {{"QueueUrl", dead}})
                .body.find("<ListDeadLetterSourceQueuesResult><QueueUrl>" + a + "</QueueUrl>"),
            std::string::npos);
  EXPECT_EQ(world.json("ListDeadLetterSourceQueues", {{"QueueUrl", dead + "x"}}).error_type(), "QueueDoesNotExist");
  EXPECT_EQ(world.json("ListDeadLetterSourceQueues", {{"QueueUrl", dead}, {"MaxResults", 0}}).error_message(),
            "Value 0 for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided.");
  EXPECT_EQ(world.json("ListDeadLetterSourceQueues", {{"QueueUrl", dead}, {"NextToken", "!"}}).error_message(),
            "Value ! for parameter NextToken is invalid. Reason: It was not given by an earlier "
            "ListDeadLetterSourceQueues.");
}

}  // namespace
}  // namespace switchyard::sqs::testing
