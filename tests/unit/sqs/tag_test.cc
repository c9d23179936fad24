// Tags of queues.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

boost::json::value tags_of(World& world, const std::string& url) {
  return world.json("ListQueueTags", {{"QueueUrl", url}}).json;
}

TEST(Tags, are_added_overwritten_and_removed) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(tags_of(world, url), boost::json::object()) << "no member when there are none";
  EXPECT_EQ(world.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"team", "a"}, {"cost", ""}}}}).body, "");
  EXPECT_EQ(world.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"team", "b"}}}}).status, 200u);
  EXPECT_EQ(tags_of(world, url), (boost::json::value{{"Tags", {{"cost", ""}, {"team", "b"}}}}));
  EXPECT_EQ(world.json("UntagQueue", {{"QueueUrl", url}, {"TagKeys", {"cost", "never there"}}}).status, 200u);
  EXPECT_EQ(tags_of(world, url), (boost::json::value{{"Tags", {{"team", "b"}}}}));
}

TEST(Tags, change_nothing_else_of_the_queue) {
  World world;
  const std::string url = world.create("q", {{"VisibilityTimeout", "7"}});
  const std::string modified = world.attribute(url, "LastModifiedTimestamp");
  world.host.advance(5'000);
  world.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"team", "a"}}}});
  EXPECT_EQ(world.attribute(url, "LastModifiedTimestamp"), modified);
  EXPECT_EQ(world.attribute(url, "VisibilityTimeout"), "7");
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->consumer.ack_wait_ms, 7'000u);
}

TEST(Tags, come_with_a_new_queue_and_are_not_compared_with_an_old_ones) {
  World world;
  const boost::json::value input{{"QueueName", "q"}, {"tags", {{"team", "a"}}}};
  const Answer made = world.json("CreateQueue", input);
  ASSERT_EQ(made.status, 200u) << made.body;
  const std::string url(made.json.at("QueueUrl").as_string());
  EXPECT_EQ(tags_of(world, url), (boost::json::value{{"Tags", {{"team", "a"}}}}));
  EXPECT_EQ(world.json("CreateQueue", {{"QueueName", "q"}, {"tags", {{"team", "other"}}}}).status, 200u);
  EXPECT_EQ(tags_of(world, url), (boost::json::value{{"Tags", {{"team", "a"}}}}));
}

TEST(Tags, on_the_query_wire_have_keys_and_values) {
  World world;
  const std::string url = xml_text(
      world.query("CreateQueue", {{"QueueName", "q"}, {"Tag.1.Key", "a"}, {"Tag.1.Value", "1"}}).body, "QueueUrl");
  EXPECT_EQ(world.query("TagQueue", {{"QueueUrl", url}, {"Tag.1.Key", "b"}, {"Tag.1.Value", "2"}}).status, 200u);
  EXPECT_NE(world.query("ListQueueTags", {{"QueueUrl", url}})
                .body.find("<ListQueueTagsResult><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key>"
                           "<Value>2</Value></Tag></ListQueueTagsResult>"),
            std::string::npos);
  EXPECT_EQ(world.query("UntagQueue", {{"QueueUrl", url}, {"TagKey.1", "a"}, {"TagKey.2", "b"}}).status, 200u);
  EXPECT_EQ(tags_of(world, url), boost::json::object());
}

TEST(Tags, are_bounded_in_number_and_length) {
  World world;
  const std::string url = world.create("q");
  boost::json::object fifty;
  for (int i = 0; i < 50; ++i) fifty[std::to_string(i)] = std::string(256, 'v');
  EXPECT_EQ(world.json("TagQueue", {{"QueueUrl", url}, {"Tags", fifty}}).status, 200u);
  const Answer more = world.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"one more", ""}}}});
  EXPECT_EQ(more.query_error(), "InvalidParameterValue;Sender");
  EXPECT_EQ(more.error_message(), "Too many tags added for queue q. It would have 51; the most is 50.");
  EXPECT_EQ(world.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"7", "again"}}}}).status, 200u) << "overwrites";

  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\u00e4";
  const std::string other = world.create("other");
  EXPECT_EQ(world.json("TagQueue", {{"QueueUrl", other}, {"Tags", {{umlauts, "characters count, not bytes"}}}}).status,
            200u);
  for (const std::string& key : {std::string(), umlauts + "x"}) {
    EXPECT_EQ(world.json("TagQueue", {{"QueueUrl", other}, {"Tags", {{key, "v"}}}}).error_message(),
              "Tag keys must be between 1 and 128 characters in length.");
  }
  EXPECT_EQ(world.json("CreateQueue", {{"QueueName", "n"}, {"tags", {{"k", std::string(257, 'v')}}}}).error_message(),
            "Tag values must be between 0 and 256 characters in length.");
  EXPECT_EQ(world.host.stream("sqs/us-east-1/n"), nullptr);
}

TEST(Tags, must_be_given_and_their_queue_must_exist) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world.json("TagQueue", {{"QueueUrl", url}}).error_message(),
            "The request must contain the parameter Tags.");
  EXPECT_EQ(world.query("UntagQueue", {{"QueueUrl", url}}).error_message(),
            "The request must contain the parameter TagKeys.");
  for (const char* action : {"TagQueue", "UntagQueue", "ListQueueTags"}) {
    EXPECT_EQ(world.json(action, {{"QueueUrl", url + "x"}}).error_type(), "QueueDoesNotExist") << action;
  }
}

}  // namespace
}  // namespace switchyard::sqs::testing
