#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

constexpr char kHelloMd5[] = "5d41402abc4b2a76b9719d911017c592";

boost::json::object text_attribute(std::string_view value, std::string_view type = "String") {
  return {{"DataType", type}, {"StringValue", value}};
}

Answer send_with(World& world, const std::string& url, boost::json::object attributes) {
  return world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "b"}, {"MessageAttributes", attributes}});
}

TEST(SendMessage, answers_id_and_md5_on_the_json_wire) {
  World world;
  const std::string url = world.create("q");
  const Answer answer = world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "hello"}});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.response.header("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(answer.response.header("x-amzn-RequestId").size(), 36u);
  EXPECT_EQ(answer.json.at("MD5OfMessageBody"), kHelloMd5);
  EXPECT_EQ(answer.json.at("MessageId").as_string().size(), 36u);
  EXPECT_EQ(answer.json.as_object().size(), 2u) << answer.body;
}

TEST(SendMessage, answers_the_same_on_the_query_wire) {
  World world;
  const std::string url = world.create("q");
  const Answer answer = world.query("SendMessage", {{"QueueUrl", url}, {"MessageBody", "hello"}});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.response.header("Content-Type"), "text/xml");
  EXPECT_EQ(xml_text(answer.body, "MD5OfMessageBody"), kHelloMd5);
  EXPECT_EQ(xml_text(answer.body, "MessageId").size(), 36u);
  EXPECT_EQ(xml_text(answer.body, "RequestId"), answer.response.header("x-amzn-RequestId"));
}

TEST(SendMessage, refuses_a_missing_or_empty_body) {
  World world;
  const std::string url = world.create("q");
  for (const Answer& answer : {world.json("SendMessage", {{"QueueUrl", url}}),
                               world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", ""}})}) {
    EXPECT_EQ(answer.status, 400u);
    EXPECT_EQ(answer.error_type(), "MissingRequiredParameterException");
    EXPECT_EQ(answer.query_error(), "MissingParameter;Sender");
    EXPECT_EQ(answer.error_message(), "The request must contain the parameter MessageBody.");
  }
  EXPECT_EQ(world.query("SendMessage", {{"QueueUrl", url}}).code(), "MissingParameter");
}

TEST(SendMessage, refuses_characters_that_xml_cannot_carry) {
  World world;
  const std::string url = world.create("q");
  for (const char* body : {R"(a\u0000b)", R"(\u0008)", R"(\ufffe)", R"(\u001f)"}) {
    const Answer answer =
        world.json_text("SendMessage", R"({"QueueUrl":")" + url + R"(","MessageBody":")" + body + "\"}");
    EXPECT_EQ(answer.error_type(), "InvalidMessageContents") << body;
    EXPECT_EQ(answer.query_error(), "InvalidMessageContents;Sender");
  }
  EXPECT_EQ(world.query("SendMessage", {{"QueueUrl", url}, {"MessageBody", std::string("\xff\xfe")}}).code(),
            "InvalidMessageContents");
  for (const char* body : {"\t\n\r ", "caf\xc3\xa9", "\xf0\x9f\x98\x80", "\xee\x80\x80"}) {
    EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", body}}).status, 200u) << body;
  }
}

TEST(SendMessage, largest_message_is_exactly_the_limit) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", std::string(1'048'576, 'x')}}).status, 200u);
  const Answer answer = world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", std::string(1'048'577, 'x')}});
  EXPECT_EQ(answer.query_error(), "InvalidParameterValue;Sender");
  EXPECT_EQ(answer.error_message(),
            "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.");
}

TEST(SendMessage, limit_and_text_follow_the_queue_and_the_namespace) {
  World world;
  const std::string small = world.create("small", {{"MaximumMessageSize", "1024"}});
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", small}, {"MessageBody", std::string(1025, 'x')}}).error_message(),
            "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.");
  const std::string url = world.create("q");
  world.ns->max_message_bytes = 262'144;
  EXPECT_EQ(world.attribute(url, "MaximumMessageSize"), "262144");
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", std::string(262'145, 'x')}}).error_message(),
            "One or more parameters are invalid. Reason: Message must be shorter than 262144 bytes.");
}

TEST(SendMessage, attributes_count_towards_the_size_and_system_attributes_do_not) {
  World world;
  const std::string url = world.create("q", {{"MaximumMessageSize", "1024"}});
  boost::json::object input{{"QueueUrl", url},
                            {"MessageBody", std::string(1024 - 1 - 6 - 3, 'x')},
                            {"MessageAttributes", {{"n", text_attribute("abc")}}},
                            {"MessageSystemAttributes", {{"AWSTraceHeader", text_attribute("Root=1")}}}};
  EXPECT_EQ(world.json("SendMessage", input).status, 200u);
  input["MessageBody"] = std::string(1024 - 1 - 6 - 2, 'x');
  EXPECT_EQ(world.json("SendMessage", input).query_error(), "InvalidParameterValue;Sender");
}

TEST(SendMessage, md5_of_attributes_is_the_published_one) {
  World world;
  const std::string url = world.create("q");
  // Recorded from the real service.
  EXPECT_EQ(send_with(world, url,
                      {{"Hello", text_attribute("There")},
                       {"General", text_attribute("Kenobi")},
                       {"Help.Me", text_attribute("Me")}})
                .json.at("MD5OfMessageAttributes"),
            "4c360f3fdafd970e05fae2f149d997f5");
  EXPECT_EQ(send_with(world, url, {{"Foo", text_attribute("Bar")}}).json.at("MD5OfMessageAttributes"),
            "ae7155c6026991b6d54b11589678bf9c");
  const Answer binary =
      send_with(world, url,
                {{"attr1",
                  {{"DataType", "Binary"},
                   {"BinaryValue",
                    "dHJhY2VwYXJlbnQeMDAtNzc0MDYyZDZjMzcwODFhNWEwYjliNWI4OGUzMDYyN2MtMmQyNDgyMjExZjY0ODlkYS0wMQ=="}}}});
  EXPECT_EQ(binary.json.at("MD5OfMessageAttributes"), "8cbe4db156db8a94db8b801b7addb984");
}

TEST(SendMessage, md5_of_attributes_is_the_same_on_the_query_wire) {
  World world;
  const std::string url = world.create("q");
  const Answer answer = world.query("SendMessage", {{"QueueUrl", url},
                                                    {"MessageBody", "msg"},
                                                    {"MessageAttribute.1.Name", "Hello"},
                                                    {"MessageAttribute.1.Value.DataType", "String"},
                                                    {"MessageAttribute.1.Value.StringValue", "There"},
                                                    {"MessageAttribute.2.Name", "General"},
                                                    {"MessageAttribute.2.Value.DataType", "String"},
                                                    {"MessageAttribute.2.Value.StringValue", "Kenobi"},
                                                    {"MessageAttribute.3.Name", "Help.Me"},
                                                    {"MessageAttribute.3.Value.DataType", "String"},
                                                    {"MessageAttribute.3.Value.StringValue", "Me"}});
  EXPECT_EQ(xml_text(answer.body, "MD5OfMessageAttributes"), "4c360f3fdafd970e05fae2f149d997f5");
}

TEST(SendMessage, trace_header_has_its_own_md5) {
  World world;
  const std::string url = world.create("q");
  const Answer answer =
      world.json("SendMessage", {{"QueueUrl", url},
                                 {"MessageBody", "b"},
                                 {"MessageSystemAttributes", {{"AWSTraceHeader", text_attribute("Root=1-5759e988")}}}});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.json.at("MD5OfMessageSystemAttributes").as_string().size(), 32u);
  EXPECT_FALSE(answer.json.as_object().contains("MD5OfMessageAttributes"));
}

TEST(SendMessage, refuses_system_attributes_that_cannot_be_sent) {
  World world;
  const std::string url = world.create("q");
  for (const boost::json::object& attributes : {boost::json::object{{"SenderId", text_attribute("x")}},
                                                boost::json::object{{"AWSTraceHeader", text_attribute("5", "Number")}},
                                                boost::json::object{{"AWSTraceHeader", text_attribute("")}}}) {
    const Answer answer =
        world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "b"}, {"MessageSystemAttributes", attributes}});
    EXPECT_EQ(answer.query_error(), "InvalidParameterValue;Sender") << boost::json::serialize(attributes);
  }
}

struct BadAttribute {
  const char* name;
  boost::json::object value;
  const char* text;  // Part of the sentence.
};

TEST(SendMessage, refuses_wrong_attributes_and_names_them) {
  World world;
  const std::string url = world.create("q");
  const BadAttribute cases[] = {
      {"a b", text_attribute("v"), "'a b'"},
      {".a", text_attribute("v"), "'.a'"},
      {"a.", text_attribute("v"), "'a.'"},
      {"a..b", text_attribute("v"), "'a..b'"},
      {"AWS.x", text_attribute("v"), "'AWS.x'"},
      {"amazon.x", text_attribute("v"), "'amazon.x'"},
      {"X", text_attribute(""), "Message (user) attribute 'X' must contain a non-empty value of type 'String'."},
      {"X", text_attribute("v", "Strange"), "has an invalid message attribute type"},
      {"X", text_attribute("v", ""), "must contain non-empty message attribute type"},
      {"X", text_attribute("seven", "Number"), "Can't cast the value"},
      {"X", {{"DataType", "Binary"}, {"BinaryValue", "***"}}, "base64"},
      {"X", {{"DataType", "Binary"}, {"StringValue", "x"}}, "non-empty value of type 'Binary'"},
      {"X", {{"StringValue", "x"}}, "must contain non-empty message attribute type"},
  };
  for (const BadAttribute& bad : cases) {
    const Answer answer = send_with(world, url, {{bad.name, bad.value}});
    EXPECT_EQ(answer.status, 400u) << bad.name;
    EXPECT_EQ(answer.query_error(), "InvalidParameterValue;Sender") << bad.name;
    EXPECT_NE(answer.error_message().find(bad.text), std::string::npos) << answer.body;
  }
}

TEST(SendMessage, refuses_list_values_and_more_than_ten_attributes) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(send_with(world, url, {{"X", {{"DataType", "String"}, {"StringListValues", {"a", "b"}}}}}).error_type(),
            "UnsupportedOperation");
  boost::json::object many;
  for (int i = 0; i < 10; ++i) many["a" + std::to_string(i)] = text_attribute("v");
  EXPECT_EQ(send_with(world, url, many).status, 200u);
  many["b"] = text_attribute("v");
  EXPECT_EQ(send_with(world, url, many).error_message(),
            "Number of message attributes [11] exceeds the allowed maximum [10].");
}

TEST(SendMessage, takes_empty_lists_beside_a_value_and_labelled_types) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(send_with(world, url,
                      {{"X",
                        {{"DataType", "String.json"},
                         {"StringValue", "v"},
                         {"StringListValues", boost::json::array()},
                         {"BinaryListValues", boost::json::array()}}}})
                .status,
            200u);
  EXPECT_EQ(send_with(world, url, {{"N", text_attribute("-1.5e10", "Number.int")}}).status, 200u);
}

TEST(SendMessage, refuses_an_attribute_that_is_given_twice) {
  World world;
  const std::string url = world.create("q");
  const Answer answer = world.query("SendMessage", {{"QueueUrl", url},
                                                    {"MessageBody", "m"},
                                                    {"MessageAttribute.1.Name", "A"},
                                                    {"MessageAttribute.1.Value.DataType", "String"},
                                                    {"MessageAttribute.1.Value.StringValue", "x"},
                                                    {"MessageAttribute.2.Name", "A"},
                                                    {"MessageAttribute.2.Value.DataType", "String"},
                                                    {"MessageAttribute.2.Value.StringValue", "y"}});
  EXPECT_EQ(answer.code(), "InvalidParameterValue");
}

TEST(SendMessage, delay_is_the_messages_own_or_the_queues) {
  World world;
  const std::string url = world.create("q", {{"DelaySeconds", "5"}});
  world.send(url, "queue's delay");
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "none"}, {"DelaySeconds", 0}}).status, 200u);
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "long"}, {"DelaySeconds", 900}}).status,
            200u);
  EXPECT_EQ(world.receive(url, {{"MaxNumberOfMessages", 10}}).size(), 1u);
  EXPECT_EQ(world.attribute(url, "ApproximateNumberOfMessagesDelayed"), "2");
  world.host.advance(5'000);
  EXPECT_EQ(world.receive(url, {{"MaxNumberOfMessages", 10}}).size(), 1u);
}

TEST(SendMessage, refuses_a_delay_out_of_range) {
  World world;
  const std::string url = world.create("q");
  for (const int delay : {-1, 901}) {
    const Answer answer = world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}, {"DelaySeconds", delay}});
    EXPECT_EQ(answer.query_error(), "InvalidParameterValue;Sender");
    EXPECT_EQ(answer.error_message(), "Value " + std::to_string(delay) +
                                          " for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 "
                                          "and <= 900.");
  }
  EXPECT_EQ(world.query("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}, {"DelaySeconds", "soon"}}).code(),
            "InvalidParameterValue");
}

TEST(SendMessage, group_id_is_kept_on_a_standard_queue_and_its_characters_are_judged) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(
      world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}, {"MessageGroupId", "tenant-1!"}}).status,
      200u);
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->messages.begin()->second.key, "tenant-1!");
  for (const std::string& group : {std::string("a b"), std::string(), std::string(129, 'g'), std::string("\xc3\xa9")}) {
    const Answer answer =
        world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}, {"MessageGroupId", group}});
    EXPECT_EQ(answer.query_error(), "InvalidParameterValue;Sender") << group;
    EXPECT_EQ(answer.error_message(), "Value " + group +
                                          " for parameter MessageGroupId is invalid. Reason: MessageGroupId can only "
                                          "include alphanumeric and punctuation characters. 1 to 128 in length.");
  }
}

TEST(SendMessage, deduplication_id_is_for_fifo_queues) {
  World world;
  const std::string url = world.create("q");
  const Answer answer =
      world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}, {"MessageDeduplicationId", "d1"}});
  EXPECT_EQ(answer.error_message(),
            "Value d1 for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is "
            "not valid for this queue type.");
}

TEST(SendMessage, statuses_of_the_server_become_errors_of_the_protocol) {
  struct Case {
    sw_status status;
    bool later;
    std::uint32_t http;
    const char* error;
  };
  const Case cases[] = {{SW_BUSY, false, 503, "ServiceUnavailable;Receiver"},
                        {SW_STOPPING, false, 503, "ServiceUnavailable;Receiver"},
                        {SW_QUOTA, true, 403, "OverLimit;Sender"},
                        {SW_NOT_FOUND, true, 400, "AWS.SimpleQueueService.NonExistentQueue;Sender"},
                        {SW_IO, true, 500, "InternalError;Receiver"},
                        {SW_UNKNOWN_OUTCOME, true, 500, "InternalError;Receiver"},
                        {99, true, 500, "InternalError;Receiver"}};
  World world;
  const std::string url = world.create("q");
  for (const Case& c : cases) {
    world.host.fail_next(c.status, c.later);
    const Answer answer = world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}}, true);
    EXPECT_EQ(answer.status, c.http) << c.status;
    EXPECT_EQ(answer.query_error(), c.error) << c.status;
  }
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->messages.size(), 0u);
}

}  // namespace
}  // namespace switchyard::sqs::testing
