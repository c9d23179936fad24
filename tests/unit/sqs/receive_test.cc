#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

boost::json::object text_attribute(std::string_view value) { return {{"DataType", "String"}, {"StringValue", value}}; }

HttpRequest poll(World& world, const std::string& url, int wait_s) {
  HttpRequest request = world.json_request(
      "ReceiveMessage", boost::json::serialize(boost::json::object{{"QueueUrl", url}, {"WaitTimeSeconds", wait_s}}));
  sign(request, world.who, world.host.wall_ms());
  return request;
}

TEST(ReceiveMessage, empty_answer_has_no_messages_member) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world.json("ReceiveMessage", {{"QueueUrl", url}}).body, "{}");
  const Answer xml = world.query("ReceiveMessage", {{"QueueUrl", url}});
  EXPECT_NE(xml.body.find("<ReceiveMessageResult></ReceiveMessageResult><ResponseMetadata>"), std::string::npos);
}

TEST(ReceiveMessage, without_names_shows_body_handle_and_id_only) {
  World world;
  const std::string url = world.create("q");
  const std::string id = world.send(url, "hello");
  const auto messages = world.receive(url);
  ASSERT_EQ(messages.size(), 1u);
  const auto& message = messages[0].as_object();
  EXPECT_EQ(message.at("Body"), "hello");
  EXPECT_EQ(message.at("MessageId"), boost::json::value(id)) << "the id that the sender got";
  EXPECT_EQ(message.at("MD5OfBody"), "5d41402abc4b2a76b9719d911017c592");
  EXPECT_TRUE(message.contains("ReceiptHandle"));
  EXPECT_EQ(message.size(), 4u);
}

TEST(ReceiveMessage, gives_up_to_ten_and_hides_them) {
  World world;
  const std::string url = world.create("q");
  for (int i = 0; i < 12; ++i) world.send(url, std::to_string(i));
  EXPECT_EQ(world.receive(url).size(), 1u) << "one unless more are asked for";
  EXPECT_EQ(world.receive(url, {{"MaxNumberOfMessages", 10}}).size(), 10u);
  EXPECT_EQ(world.receive(url, {{"MaxNumberOfMessages", 10}}).size(), 1u);
  EXPECT_EQ(world.attribute(url, "ApproximateNumberOfMessagesNotVisible"), "12");
  world.host.advance(30'000);
  EXPECT_EQ(world.receive(url, {{"MaxNumberOfMessages", 10}}).size(), 10u) << "visible again after the timeout";
}

TEST(ReceiveMessage, visibility_of_the_call_overrides_the_queues) {
  World world;
  const std::string url = world.create("q", {{"VisibilityTimeout", "7"}});
  world.send(url, "m");
  EXPECT_EQ(world.receive(url).size(), 1u);
  EXPECT_EQ(world.host.last_fetch().ack_wait_ms, 7'000u);
  world.host.advance(7'000);
  EXPECT_EQ(world.receive(url, {{"VisibilityTimeout", 0}}).size(), 1u);
  EXPECT_EQ(world.receive(url, {{"VisibilityTimeout", 43'200}}).size(), 1u);
  EXPECT_EQ(world.host.last_fetch().ack_wait_ms, 43'200'000u);
}

TEST(ReceiveMessage, refuses_numbers_out_of_range_in_the_recorded_words) {
  World world;
  const std::string url = world.create("q");
  struct Case {
    const char* name;
    int value;
    const char* reason;
  };
  for (const Case& c : {Case{"MaxNumberOfMessages", 11, "Must be between 1 and 10, if provided."},
                        Case{"MaxNumberOfMessages", 0, "Must be between 1 and 10, if provided."},
                        Case{"WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided."},
                        Case{"WaitTimeSeconds", -1, "Must be >= 0 and <= 20, if provided."},
                        Case{"VisibilityTimeout", 43'201, "Must be >= 0 and <= 43200, if provided."}}) {
    const std::string text =
        "Value " + std::to_string(c.value) + " for parameter " + c.name + " is invalid. Reason: " + c.reason;
    const Answer json = world.json("ReceiveMessage", {{"QueueUrl", url}, {c.name, c.value}});
    EXPECT_EQ(json.status, 400u);
    EXPECT_EQ(json.error_type(), "InvalidParameterValueException");
    EXPECT_EQ(json.error_message(), text);
    const Answer query = world.query("ReceiveMessage", {{"QueueUrl", url}, {c.name, std::to_string(c.value)}});
    EXPECT_EQ(query.code(), "InvalidParameterValue");
    EXPECT_EQ(query.error_message(), c.reason[8] == '>'
                                         ? "Value " + std::to_string(c.value) + " for parameter " + c.name +
                                               " is invalid. Reason: " +
                                               (std::string(c.reason) == "Must be >= 0 and <= 20, if provided."
                                                    ? "Must be &gt;= 0 and &lt;= 20, if provided."
                                                    : "Must be &gt;= 0 and &lt;= 43200, if provided.")
                                         : text);
  }
}

TEST(ReceiveMessage, system_attributes_are_the_named_ones) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world
                .json("SendMessage", {{"QueueUrl", url},
                                      {"MessageBody", "m"},
                                      {"MessageGroupId", "tenant"},
                                      {"MessageSystemAttributes", {{"AWSTraceHeader", text_attribute("Root=1")}}}})
                .status,
            200u);
  const std::string sent = std::to_string(world.host.wall_ms());
  world.host.advance(1'500);
  const std::string received = std::to_string(world.host.wall_ms());
  const auto all = world.receive(url, {{"VisibilityTimeout", 0}, {"AttributeNames", {"All"}}});
  const auto& attributes = all[0].at("Attributes").as_object();
  EXPECT_EQ(attributes.at("SenderId"), "AKDEV");
  EXPECT_EQ(attributes.at("SentTimestamp"), boost::json::value(sent));
  EXPECT_EQ(attributes.at("ApproximateFirstReceiveTimestamp"), boost::json::value(received));
  EXPECT_EQ(attributes.at("ApproximateReceiveCount"), "1");
  EXPECT_EQ(attributes.at("MessageGroupId"), "tenant");
  EXPECT_EQ(attributes.at("AWSTraceHeader"), "Root=1");
  EXPECT_EQ(attributes.size(), 6u) << "no sequence number and no deduplication id on a standard queue";
  world.host.advance(1'000);
  const auto some =
      world.receive(url, {{"AttributeNames", {"ApproximateReceiveCount"}},
                          {"MessageSystemAttributeNames", {"ApproximateFirstReceiveTimestamp", "SequenceNumber"}}});
  const auto& union_of_both = some[0].at("Attributes").as_object();
  EXPECT_EQ(union_of_both.size(), 2u);
  EXPECT_EQ(union_of_both.at("ApproximateReceiveCount"), "2");
  EXPECT_EQ(union_of_both.at("ApproximateFirstReceiveTimestamp"), boost::json::value(received))
      << "of the first receive";
}

TEST(ReceiveMessage, refuses_an_unknown_system_attribute) {
  World world;
  const std::string url = world.create("q");
  const Answer answer = world.json("ReceiveMessage", {{"QueueUrl", url}, {"AttributeNames", {"Colour"}}});
  EXPECT_EQ(answer.error_type(), "InvalidAttributeName");
  EXPECT_EQ(answer.error_message(), "Unknown Attribute Colour.");
}

struct Filter {
  const char* names;  // JSON array
  const char* md5;    // Recorded from the real service; empty = no attributes come.
  std::size_t count;
};

TEST(ReceiveMessage, message_attributes_and_their_md5_follow_the_filter) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world
                .json("SendMessage", {{"QueueUrl", url},
                                      {"MessageBody", "msg"},
                                      {"MessageAttributes",
                                       {{"Hello", text_attribute("There")},
                                        {"General", text_attribute("Kenobi")},
                                        {"Help.Me", text_attribute("Me")}}}})
                .status,
            200u);
  for (const Filter& filter :
       {Filter{R"([])", "", 0}, Filter{R"(["All"])", "4c360f3fdafd970e05fae2f149d997f5", 3},
        Filter{R"([".*"])", "4c360f3fdafd970e05fae2f149d997f5", 3}, Filter{R"(["Foo","Bar"])", "", 0},
        Filter{R"(["Hello","General"])", "fca026605781cb4126a1e9044df24232", 2},
        Filter{R"(["Foo","Hello"])", "a311262e065454b75da111d535b8dacd", 1},
        Filter{R"(["Hel.*"])", "83fee93c1bcd8b9a5a923ffacdc636c7", 2}, Filter{R"(["AWS."])", "", 0},
        Filter{R"(["..foo"])", "", 0}}) {
    const auto messages =
        world.receive(url, {{"VisibilityTimeout", 0}, {"MessageAttributeNames", boost::json::parse(filter.names)}});
    ASSERT_EQ(messages.size(), 1u);
    const auto& message = messages[0].as_object();
    EXPECT_EQ(message.contains("MessageAttributes"), filter.count != 0) << filter.names;
    if (filter.count == 0) continue;
    EXPECT_EQ(message.at("MessageAttributes").as_object().size(), filter.count) << filter.names;
    EXPECT_EQ(message.at("MD5OfMessageAttributes"), filter.md5) << filter.names;
  }
}

TEST(ReceiveMessage, binary_attributes_come_back_as_they_were_sent) {
  World world;
  const std::string url = world.create("q");
  const boost::json::object binary{{"DataType", "Binary.raw"}, {"BinaryValue", "AAEC/w=="}};
  EXPECT_EQ(
      world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}, {"MessageAttributes", {{"blob", binary}}}})
          .status,
      200u);
  const auto messages = world.receive(url, {{"VisibilityTimeout", 0}, {"MessageAttributeNames", {"blob"}}});
  EXPECT_EQ(messages[0].at("MessageAttributes").at("blob"), boost::json::value(binary));
  const Answer xml = world.query("ReceiveMessage", {{"QueueUrl", url}, {"MessageAttributeName.1", "All"}});
  EXPECT_NE(xml.body.find("<MessageAttribute><Name>blob</Name><Value><BinaryValue>AAEC/w==</BinaryValue>"
                          "<DataType>Binary.raw</DataType></Value></MessageAttribute>"),
            std::string::npos)
      << xml.body;
}

TEST(ReceiveMessage, xml_carries_quotes_and_carriage_returns_through) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "a\r\n\"b\" <c> & 'd'");
  const Answer xml = world.query("ReceiveMessage", {{"QueueUrl", url}, {"AttributeName.1", "SenderId"}});
  EXPECT_EQ(xml_text(xml.body, "Body"), "a&#xD;\n&quot;b&quot; &lt;c&gt; &amp; 'd'");
  EXPECT_NE(xml.body.find("<Attribute><Name>SenderId</Name><Value>AKDEV</Value></Attribute>"), std::string::npos);
  EXPECT_NE(xml.body.find("<ReceiveMessageResult><Message><MessageId>"), std::string::npos);
}

TEST(ReceiveMessage, json_body_survives_every_allowed_character) {
  World world;
  const std::string url = world.create("q");
  const std::string body = "\t\n\r \"\\/ caf\xc3\xa9 \xf0\x9f\x98\x80 \x7f" + std::string(40, 'x') + "\"";
  world.send(url, body);
  EXPECT_EQ(world.receive(url)[0].at("Body"), boost::json::value(body));
}

TEST(ReceiveMessage, waits_for_a_message_and_gets_it_at_once) {
  World world;
  const std::string url = world.create("q");
  const auto* parked = world.start(poll(world, url, 20));
  EXPECT_FALSE(parked->response) << "it waits";
  EXPECT_EQ(world.host.waiting(), 1u);
  world.host.advance(3'000);
  world.send(url, "hello");
  ASSERT_TRUE(parked->response);
  EXPECT_EQ(World::answer_of(parked).json.at("Messages").as_array()[0].at("Body"), "hello");
}

TEST(ReceiveMessage, wait_ends_empty_after_its_seconds) {
  World world;
  const std::string url = world.create("q");
  const auto* parked = world.start(poll(world, url, 2));
  world.host.advance(1'999);
  EXPECT_FALSE(parked->response);
  world.host.advance(1);
  ASSERT_TRUE(parked->response);
  EXPECT_EQ(parked->response->body, "{}");
}

TEST(ReceiveMessage, waits_as_the_queue_says_unless_the_call_says_otherwise) {
  World world;
  const std::string url = world.create("q", {{"ReceiveMessageWaitTimeSeconds", "5"}});
  HttpRequest request = world.json_request("ReceiveMessage", R"({"QueueUrl":")" + url + "\"}");
  sign(request, world.who, world.host.wall_ms());
  const auto* parked = world.start(request);
  EXPECT_FALSE(parked->response);
  world.host.advance(5'000);
  EXPECT_TRUE(parked->response);
  EXPECT_TRUE(world.start(poll(world, url, 0))->response) << "an explicit 0 does not wait";
}

TEST(ReceiveMessage, client_that_goes_gives_its_wait_up) {
  World world;
  const std::string url = world.create("q");
  auto* parked = world.start(poll(world, url, 20));
  world.host.abort(parked);
  EXPECT_EQ(world.host.waiting(), 0u);
  world.send(url, "m");
  EXPECT_EQ(world.receive(url).size(), 1u) << "nobody took the message away";
}

TEST(ReceiveMessage, messages_that_come_for_a_client_that_has_gone_are_visible_again) {
  World world;
  const std::string url = world.create("q");
  auto* parked = world.start(poll(world, url, 20));
  world.host.lose_next_cancel();
  world.host.abort(parked);
  world.send(url, "m");
  EXPECT_EQ(world.host.waiting(), 0u) << "the fetch was served for nobody";
  EXPECT_EQ(world.receive(url).size(), 1u);
}

TEST(ReceiveMessage, a_wait_ends_when_its_credential_may_not_receive_any_more) {
  for (const std::uint32_t left : {0u, SW_PERM_PUBLISH | SW_PERM_MANAGE}) {
    World world;
    const std::string url = world.create("q");
    const auto* parked = world.start(poll(world, url, 20));
    world.change_key(SW_PERM_RECEIVE);
    EXPECT_FALSE(parked->response) << "it may still receive";
    world.change_key(left);
    ASSERT_TRUE(parked->response);
    EXPECT_EQ(World::answer_of(parked).query_error(), "AccessDenied;Sender");
    EXPECT_EQ(world.host.waiting(), 0u) << "it takes no message away from others";
  }
}

TEST(ReceiveMessage, messages_that_come_together_with_the_revocation_are_visible_again) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  world.receive(url, {{"VisibilityTimeout", 1}});
  const auto* parked = world.start(poll(world, url, 20));
  world.host.lose_next_cancel();
  world.change_key(SW_PERM_PUBLISH | SW_PERM_MANAGE);
  world.host.advance(1'000);
  ASSERT_TRUE(parked->response);
  EXPECT_EQ(World::answer_of(parked).query_error(), "AccessDenied;Sender");
  world.change_key(SW_PERM_RECEIVE);
  EXPECT_EQ(world.receive(url).size(), 1u);
}

TEST(ReceiveMessage, nobody_waits_longer_than_his_credential_lasts) {
  World world;
  const std::string url = world.create("q");
  world.host.end_key_at(world.who.access_key, world.host.wall_ms() + 2'000);
  const auto* parked = world.start(poll(world, url, 20));
  world.host.advance(1'999);
  EXPECT_FALSE(parked->response);
  world.host.advance(1);
  ASSERT_TRUE(parked->response);
  EXPECT_EQ(parked->response->body, "{}");
}

TEST(ReceiveMessage, drain_answers_every_wait_empty_and_starts_no_new_one) {
  World world;
  const std::string url = world.create("q");
  std::vector<sw_http_exchange*> parked;
  for (int i = 0; i < 5; ++i) parked.push_back(world.start(poll(world, url, 20)));
  world.drain();
  for (const auto* exchange : parked) {
    ASSERT_TRUE(exchange->response);
    EXPECT_EQ(exchange->response->status, 200u);
    EXPECT_EQ(exchange->response->body, "{}");
  }
  EXPECT_TRUE(world.start(poll(world, url, 20))->response) << "a late poll is answered at once";
}

TEST(ReceiveMessage, deletion_of_the_queue_ends_the_wait) {
  World world;
  const std::string url = world.create("q");
  const auto* parked = world.start(poll(world, url, 20));
  EXPECT_EQ(world.json("DeleteQueue", {{"QueueUrl", url}}).status, 200u);
  EXPECT_EQ(World::answer_of(parked).error_type(), "QueueDoesNotExist");
}

TEST(ReceiveMessage, too_many_in_flight_is_over_limit) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  world.host.set_max_leased(0);
  const Answer answer = world.json("ReceiveMessage", {{"QueueUrl", url}}, true);
  EXPECT_EQ(answer.status, 403u);
  EXPECT_EQ(answer.error_type(), "OverLimit");
  EXPECT_EQ(answer.query_error(), "OverLimit;Sender");
  EXPECT_EQ(world.query("ReceiveMessage", {{"QueueUrl", url}}).status, 403u);
  EXPECT_EQ(world.json("ReceiveMessage", {{"QueueUrl", url}}).status, 400u) << "without query mode";
}

TEST(ReceiveMessage, attempt_id_is_judged_and_otherwise_ignored_on_a_standard_queue) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world.json("ReceiveMessage", {{"QueueUrl", url}, {"ReceiveRequestAttemptId", "a-1"}}).status, 200u);
  EXPECT_EQ(world.json("ReceiveMessage", {{"QueueUrl", url}, {"ReceiveRequestAttemptId", std::string(129, 'a')}})
                .query_error(),
            "InvalidParameterValue;Sender");
}

TEST(ReceiveMessage, attempt_of_a_fifo_queue_goes_to_the_server_and_its_messages_stay_out_for_a_client_that_has_gone) {
  World world;
  const std::string url = world.create("q.fifo", {{"FifoQueue", "true"}, {"ContentBasedDeduplication", "true"}});
  const auto receive = [&](const char* attempt) {
    boost::json::object input{{"QueueUrl", url}, {"WaitTimeSeconds", 20}};
    if (*attempt != '\0') input["ReceiveRequestAttemptId"] = attempt;
    HttpRequest request = world.json_request("ReceiveMessage", boost::json::serialize(input));
    sign(request, world.who, world.host.wall_ms());
    return world.start(std::move(request));
  };
  const auto send = [&] {
    world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}, {"MessageGroupId", "g"}});
  };
  for (const char* attempt : {"", "a-1"}) {
    world.json("PurgeQueue", {{"QueueUrl", url}});
    world.host.advance(301'000);
    auto* exchange = receive(attempt);
    EXPECT_EQ(world.host.last_attempt(), attempt);
    world.host.lose_next_cancel();  // It is served although its client has gone.
    world.host.abort(exchange);
    send();
    const auto& messages = world.host.stream("sqs/us-east-1/q.fifo")->messages;
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(world.receive(url).size(), *attempt == '\0' ? 1u : 0u) << attempt;
  }
}

TEST(ReceiveMessage, message_of_another_protocol_has_no_attributes) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  FakeMessage& message = world.host.stream("sqs/us-east-1/q")->messages.begin()->second;
  message.header_format = 0x31535654;
  message.headers = "whatever";
  const auto messages = world.receive(url, {{"AttributeNames", {"All"}}, {"MessageAttributeNames", {"All"}}});
  EXPECT_EQ(messages[0].at("Body"), "m");
  EXPECT_FALSE(messages[0].at("Attributes").as_object().contains("SenderId"));
}

TEST(DeadLetters, message_moves_after_its_receives_and_says_where_it_came_from) {
  World world;
  const std::string dead = world.create("dead");
  const std::string url = world.create(
      "q",
      {{"VisibilityTimeout", "0"},
       {"RedrivePolicy", R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":2})"}});
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->consumer.max_attempts, 2u);
  const std::string id = world.send(url, "m");
  EXPECT_EQ(world.receive(url).size(), 1u);
  EXPECT_EQ(world.receive(url).size(), 1u);
  EXPECT_EQ(world.receive(url).size(), 0u) << "the receive that would exceed the count";
  const auto moved = world.receive(dead, {{"AttributeNames", {"DeadLetterQueueSourceArn", "ApproximateReceiveCount"}}});
  ASSERT_EQ(moved.size(), 1u);
  EXPECT_EQ(moved[0].at("MessageId"), boost::json::value(id));
  EXPECT_EQ(moved[0].at("Attributes").at("DeadLetterQueueSourceArn"), "arn:aws:sqs:us-east-1:000000000000:q");
}

TEST(DeadLetters, removing_the_policy_stops_the_moves) {
  World world;
  world.create("dead");
  const std::string url = world.create(
      "q", {{"RedrivePolicy",
             R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"3"})"}});
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->consumer.max_attempts, 3u) << "a count may be a text";
  EXPECT_EQ(world.json("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"RedrivePolicy", ""}}}}).status,
            200u);
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->consumer.max_attempts, 0u);
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->consumer.dead_letter, 0u);
  EXPECT_EQ(world.attribute(url, "RedrivePolicy"), "");
}

TEST(DeadLetters, other_changes_keep_the_policy) {
  World world;
  world.create("dead");
  const std::string url = world.create(
      "q",
      {{"RedrivePolicy", R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":3})"}});
  EXPECT_EQ(world.json("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"DelaySeconds", "1"}}}}).status,
            200u);
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->consumer.max_attempts, 3u);
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->consumer.dead_letter, world.host.stream("sqs/us-east-1/dead")->id);
}

}  // namespace
}  // namespace switchyard::sqs::testing
