// The peek endpoint: a look at messages that changes nothing.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

Answer peek(World& world, const std::string& url, const std::string& more = "", bool json = true) {
  HttpRequest request;
  request.method = "GET";
  request.target = "/_aws/sqs/messages?QueueUrl=" + form_encoded({{"u", url}}).substr(2) + more;
  request.headers = {{"Host", world.host_name}};
  if (json) request.headers.emplace_back("Accept", "application/json");
  sign(request, world.who, world.host.wall_ms());
  return world.raw(std::move(request));
}

TEST(Peek, shows_messages_that_are_there_and_those_that_are_out_and_changes_neither) {
  World world;
  const std::string url = world.create("q");
  world.json("SendMessage", {{"QueueUrl", url},
                             {"MessageBody", "first"},
                             {"MessageAttributes", {{"a", {{"DataType", "String"}, {"StringValue", "v"}}}}}});
  world.send(url, "second");
  world.receive(url);
  const auto& messages = world.host.stream("sqs/us-east-1/q")->messages;
  const auto before = messages.begin()->second;
  for (int i = 0; i < 2; ++i) {
    const Answer answer = peek(world, url);
    ASSERT_EQ(answer.status, 200u) << answer.body;
    const auto& list = answer.json.at("Messages").as_array();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].at("Body"), "first");
    EXPECT_EQ(list[0].at("MessageAttributes").at("a").at("StringValue"), "v");
    EXPECT_TRUE(list[0].at("Attributes").as_object().contains("SentTimestamp"));
    EXPECT_FALSE(list[0].as_object().contains("ReceiptHandle"));
    EXPECT_FALSE(list[0].at("Attributes").as_object().contains("ApproximateReceiveCount"));
    EXPECT_FALSE(answer.json.as_object().contains("NextToken"));
  }
  EXPECT_EQ(messages.begin()->second.attempt, before.attempt);
  EXPECT_EQ(messages.begin()->second.visible_ms, before.visible_ms);
}

TEST(Peek, comes_in_pages) {
  World world;
  const std::string url = world.create("q");
  for (int i = 0; i < 5; ++i) world.send(url, std::to_string(i));
  std::string seen, token;
  int pages = 0;
  do {
    const Answer answer = peek(world, url, "&MaxNumberOfMessages=2" + (token.empty() ? "" : "&NextToken=" + token));
    const auto* list = answer.json.as_object().if_contains("Messages");
    for (const auto& m : list == nullptr ? boost::json::array() : list->as_array()) seen += m.at("Body").as_string();
    const auto* next = answer.json.as_object().if_contains("NextToken");
    token = next == nullptr ? "" : std::string(next->as_string());
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(seen, "01234");
  EXPECT_EQ(pages, 3);
}

TEST(Peek, speaks_xml_unless_json_is_asked_for) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const Answer answer = peek(world, url, "", false);
  EXPECT_EQ(xml_text(xml_text(answer.body, "ReceiveMessageResult"), "Body"), "m");
}

TEST(Peek, refusals) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(peek(world, url + "x").error_type(), "QueueDoesNotExist");
  EXPECT_EQ(peek(world, url, "&MaxNumberOfMessages=11").query_error(), "InvalidParameterValue;Sender");
  EXPECT_EQ(peek(world, url, "&NextToken=-1").query_error(), "InvalidParameterValue;Sender");
  HttpRequest unsigned_request;
  unsigned_request.method = "GET";
  unsigned_request.target = "/_aws/sqs/messages?QueueUrl=q";
  unsigned_request.headers = {{"Host", world.host_name}};
  EXPECT_EQ(world.raw(std::move(unsigned_request)).status, 403u);
  world.host.add_key("AKREAD", "secret", world.ns, SW_PERM_RECEIVE | SW_PERM_PUBLISH);
  world.who.access_key = "AKREAD";
  world.who.secret = "secret";
  EXPECT_EQ(peek(world, url).query_error(), "AccessDenied;Sender");
  HttpRequest post;
  post.target = "/_aws/sqs/messages";
  post.headers = {{"Host", world.host_name}};
  sign(post, world.who, world.host.wall_ms());
  EXPECT_NE(world.raw(std::move(post)).status, 200u);
}

}  // namespace
}  // namespace switchyard::sqs::testing
