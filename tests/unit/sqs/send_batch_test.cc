#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

constexpr char kHelloMd5[] = "5d41402abc4b2a76b9719d911017c592";

boost::json::object text_attribute(std::string_view value, std::string_view type = "String") {
  return {{"DataType", type}, {"StringValue", value}};
}

TEST(SendMessageBatch, each_entry_has_its_own_answer) {
  World world;
  const std::string url = world.create("q", {{"MaximumMessageSize", "1024"}});
  const Answer answer = world.json(
      "SendMessageBatch",
      {{"QueueUrl", url},
       {"Entries",
        {{{"Id", "good"}, {"MessageBody", "hello"}},
         {{"Id", "empty"}, {"MessageBody", ""}},
         {{"Id", "big"}, {"MessageBody", std::string(1025, 'x')}},
         {{"Id", "bad-group"}, {"MessageBody", "m"}, {"MessageGroupId", "a b"}},
         {{"Id", "with"}, {"MessageBody", "msg"}, {"MessageAttributes", {{"Foo", text_attribute("Bar")}}}}}}});
  ASSERT_EQ(answer.status, 200u) << answer.body;
  const auto& good = answer.json.at("Successful").as_array();
  ASSERT_EQ(good.size(), 2u);
  EXPECT_EQ(good[0].at("Id"), "good");
  EXPECT_EQ(good[0].at("MD5OfMessageBody"), kHelloMd5);
  EXPECT_EQ(good[1].at("Id"), "with");
  EXPECT_EQ(good[1].at("MD5OfMessageAttributes"), "ae7155c6026991b6d54b11589678bf9c");
  const auto& failed = answer.json.at("Failed").as_array();
  ASSERT_EQ(failed.size(), 3u);
  EXPECT_EQ(failed[0].at("Code"), "MissingParameter");
  EXPECT_EQ(failed[1].at("Message"),
            "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.");
  EXPECT_EQ(failed[2].at("SenderFault"), true);
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->messages.size(), 2u);
}

TEST(SendMessageBatch, lists_are_left_out_when_they_are_empty) {
  World world;
  const std::string url = world.create("q");
  const Answer good =
      world.json("SendMessageBatch", {{"QueueUrl", url}, {"Entries", {{{"Id", "a"}, {"MessageBody", "m"}}}}});
  EXPECT_FALSE(good.json.as_object().contains("Failed"));
  const Answer bad = world.json("SendMessageBatch", {{"QueueUrl", url}, {"Entries", {{{"Id", "a"}}}}});
  EXPECT_FALSE(bad.json.as_object().contains("Successful"));
  EXPECT_EQ(bad.json.at("Failed").as_array().size(), 1u);
}

TEST(SendMessageBatch, on_the_query_wire) {
  World world;
  const std::string url = world.create("q");
  const Answer answer = world.query("SendMessageBatch", {{"QueueUrl", url},
                                                         {"SendMessageBatchRequestEntry.2.Id", "two"},
                                                         {"SendMessageBatchRequestEntry.2.MessageBody", "hello"},
                                                         {"SendMessageBatchRequestEntry.1.Id", "one"},
                                                         {"SendMessageBatchRequestEntry.1.MessageBody", "hello"},
                                                         {"SendMessageBatchRequestEntry.10.Id", "ten"}});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(count_of(answer.body, "<SendMessageBatchResultEntry>"), 2u);
  EXPECT_EQ(count_of(answer.body,
                     "<BatchResultErrorEntry><Id>ten</Id><SenderFault>true</SenderFault>"
                     "<Code>MissingParameter</Code>"),
            1u);
  EXPECT_LT(answer.body.find("<Id>one</Id>"), answer.body.find("<Id>two</Id>"));
}

TEST(SendMessageBatch, as_a_whole_is_bounded) {
  World world;
  const std::string url = world.create("q");
  const auto entries = [](std::size_t n, std::size_t bytes) {
    boost::json::array out;
    for (std::size_t i = 0; i < n; ++i) {
      out.push_back({{"Id", std::to_string(i)}, {"MessageBody", std::string(bytes, 'x')}});
    }
    return out;
  };
  EXPECT_EQ(world.json("SendMessageBatch", {{"QueueUrl", url}, {"Entries", entries(8, 131'072)}}).status, 200u);
  boost::json::array more = entries(8, 131'072);
  more.push_back({{"Id", "last"}, {"MessageBody", "x"}});
  const Answer answer = world.json("SendMessageBatch", {{"QueueUrl", url}, {"Entries", more}});
  EXPECT_EQ(answer.error_type(), "BatchRequestTooLong");
  EXPECT_EQ(answer.query_error(), "AWS.SimpleQueueService.BatchRequestTooLong;Sender");
  EXPECT_EQ(answer.error_message(), "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.");
}

TEST(SendMessageBatch, rules_on_entries_hold_for_every_batch_action) {
  World world;
  const std::string url = world.create("q");
  struct Kind {
    const char *action, *element;
  };
  for (const Kind& kind : {Kind{"SendMessageBatch", "SendMessageBatchRequestEntry"},
                           Kind{"DeleteMessageBatch", "DeleteMessageBatchRequestEntry"},
                           Kind{"ChangeMessageVisibilityBatch", "ChangeMessageVisibilityBatchRequestEntry"}}) {
    const auto call = [&](boost::json::array entries) {
      return world.json(kind.action, {{"QueueUrl", url}, {"Entries", std::move(entries)}});
    };
    const Answer empty = call({});
    EXPECT_EQ(empty.query_error(), "AWS.SimpleQueueService.EmptyBatchRequest;Sender");
    EXPECT_EQ(empty.error_message(), "There should be at least one " + std::string(kind.element) + " in the request.");
    boost::json::array many;
    for (int i = 0; i < 20; ++i) many.push_back(boost::json::object{{"Id", std::to_string(i)}});
    const Answer too_many = call(many);
    EXPECT_EQ(too_many.query_error(), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest;Sender");
    EXPECT_EQ(too_many.error_message(), "Maximum number of entries per request are 10. You have sent 20.");
    for (const std::string& id : {std::string(), std::string("invalid:id"), std::string(81, 'x')}) {
      const Answer bad = call({{{"Id", id}}});
      EXPECT_EQ(bad.query_error(), "AWS.SimpleQueueService.InvalidBatchEntryId;Sender");
      EXPECT_EQ(bad.error_message(),
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most "
                "80 letters long.");
    }
    const Answer twice = call({{{"Id", "a"}}, {{"Id", "a"}}});
    EXPECT_EQ(twice.error_type(), "BatchEntryIdsNotDistinct");
    EXPECT_EQ(twice.query_error(), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct;Sender");
    EXPECT_EQ(twice.error_message(), "Id a repeated.");
  }
}

TEST(SendMessageBatch, a_message_that_the_server_refuses_fails_the_request) {
  World world;
  const std::string url = world.create("q");
  world.host.fail_next(SW_QUOTA, true);
  const Answer answer =
      world.json("SendMessageBatch", {{"QueueUrl", url}, {"Entries", {{{"Id", "a"}, {"MessageBody", "m"}}}}});
  EXPECT_EQ(answer.query_error(), "OverLimit;Sender");
}

}  // namespace
}  // namespace switchyard::sqs::testing
