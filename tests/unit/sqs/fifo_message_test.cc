// Messages of FIFO queues: groups, deduplication, sequence numbers, handles.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

std::string queue(World& world, boost::json::object more = {}) {
  more["FifoQueue"] = "true";
  return world.create("q.fifo", std::move(more));
}

Answer send(World& world, const std::string& url, const char* body, const char* group, const char* id = nullptr) {
  boost::json::object input{{"QueueUrl", url}, {"MessageBody", body}, {"MessageGroupId", group}};
  if (id != nullptr) input["MessageDeduplicationId"] = id;
  return world.json("SendMessage", input);
}

std::string bodies(const boost::json::array& messages) {
  std::string out;
  for (const auto& message : messages) out += message.at("Body").as_string();
  return out;
}

std::string handle(const boost::json::value& message) { return std::string(message.at("ReceiptHandle").as_string()); }

TEST(FifoSend, needs_a_group_and_an_id_to_know_it_by) {
  World world;
  const std::string url = queue(world);
  const Answer group = world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}});
  EXPECT_EQ(group.query_error(), "MissingParameter;Sender");
  EXPECT_EQ(group.error_message(), "The request must contain the parameter MessageGroupId.");
  const Answer id = world.query("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}, {"MessageGroupId", "g"}});
  EXPECT_EQ(id.code(), "InvalidParameterValue");
  EXPECT_EQ(id.error_message(),
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly");
  EXPECT_EQ(send(world, url, "m", "a b", "d").error_message(),
            "Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric "
            "and punctuation characters. 1 to 128 in length.");
  EXPECT_EQ(send(world, url, "m", "g", "\xc3\xa9").error_message(),
            "Value \xc3\xa9 for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only "
            "include alphanumeric and punctuation characters. 1 to 128 in length.");
  EXPECT_TRUE(world.host.stream("sqs/us-east-1/q.fifo")->messages.empty());
}

TEST(FifoSend, batch_without_group_or_id_is_refused_as_a_whole) {
  World world;
  const std::string url = queue(world);
  const auto batch = [&](boost::json::object second) {
    second["Id"] = "2";
    second["MessageBody"] = "m2";
    const boost::json::value first{
        {"Id", "1"}, {"MessageBody", "m1"}, {"MessageGroupId", "g"}, {"MessageDeduplicationId", "d1"}};
    return world.json("SendMessageBatch", {{"QueueUrl", url}, {"Entries", boost::json::array{first, second}}});
  };
  const Answer group = batch({{"MessageDeduplicationId", "d2"}});
  EXPECT_EQ(group.query_error(), "InvalidParameterValue;Sender") << "another code than for one message";
  EXPECT_EQ(group.error_message(), "The request must contain the parameter MessageGroupId.");
  EXPECT_EQ(batch({{"MessageGroupId", "g"}}).error_message(),
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly");
  EXPECT_TRUE(world.host.stream("sqs/us-east-1/q.fifo")->messages.empty());
  const Answer partly = batch({{"MessageGroupId", "a b"}, {"MessageDeduplicationId", "d2"}});
  EXPECT_EQ(partly.json.at("Successful").as_array().size(), 1u) << partly.body;
  EXPECT_EQ(partly.json.at("Failed").at(0).at("Code"), "InvalidParameterValue");
}

TEST(FifoSend, delay_is_the_queues_alone) {
  World world;
  const std::string url = queue(world, {{"DelaySeconds", "5"}, {"ContentBasedDeduplication", "true"}});
  const auto delayed = [&](int seconds) {
    return world.json("SendMessage",
                      {{"QueueUrl", url}, {"MessageBody", "m"}, {"MessageGroupId", "g"}, {"DelaySeconds", seconds}});
  };
  EXPECT_EQ(delayed(2).error_message(),
            "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid "
            "for this queue type.");
  EXPECT_EQ(delayed(0).status, 200u) << "what some clients always write";
  EXPECT_TRUE(world.receive(url).empty());
  world.host.advance(5'000);
  EXPECT_EQ(bodies(world.receive(url)), "m");
}

TEST(FifoSend, numbers_grow_and_have_twenty_digits_on_both_wires) {
  World world;
  const std::string url = queue(world, {{"ContentBasedDeduplication", "true"}});
  const std::string first(send(world, url, "a", "g").json.at("SequenceNumber").as_string());
  const std::string second =
      xml_text(world.query("SendMessage", {{"QueueUrl", url}, {"MessageBody", "b"}, {"MessageGroupId", "g"}}).body,
               "SequenceNumber");
  EXPECT_EQ(first.size(), 20u);
  EXPECT_EQ(second.size(), 20u);
  EXPECT_LT(first, second);
  const Answer batch =
      world.json("SendMessageBatch",
                 {{"QueueUrl", url}, {"Entries", {{{"Id", "1"}, {"MessageBody", "c"}, {"MessageGroupId", "g"}}}}});
  const std::string third(batch.json.at("Successful").at(0).at("SequenceNumber").as_string());
  EXPECT_LT(second, third);
  EXPECT_FALSE(world.json("SendMessage", {{"QueueUrl", world.create("std")}, {"MessageBody", "m"}})
                   .json.as_object()
                   .contains("SequenceNumber"));
}

TEST(FifoSend, duplicate_answers_with_the_first_ones_id_and_its_own_md5) {
  World world;
  const std::string url = queue(world);
  const Answer first = send(world, url, "one", "g", "d");
  const auto received = world.receive(url);
  world.json("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", handle(received[0])}});
  world.host.advance(299'000);
  const Answer second = send(world, url, "two", "g2", "d");
  EXPECT_EQ(second.json.at("MessageId"), first.json.at("MessageId"));
  EXPECT_EQ(second.json.at("SequenceNumber"), first.json.at("SequenceNumber"));
  EXPECT_NE(second.json.at("MD5OfMessageBody"), first.json.at("MD5OfMessageBody"));
  EXPECT_TRUE(world.receive(url).empty());
  world.host.advance(1'000);
  EXPECT_EQ(send(world, url, "three", "g", "d").status, 200u);
  EXPECT_EQ(bodies(world.receive(url)), "three") << "five minutes after the first";
}

TEST(FifoSend, id_by_content_is_the_sha256_of_the_body_and_an_explicit_one_wins) {
  World world;
  const std::string url = queue(world, {{"ContentBasedDeduplication", "true"}});
  // sha256("abc"), as published with the algorithm.
  const char* const hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  send(world, url, "abc", "g");
  send(world, url, "abc", "other");
  send(world, url, "else", "g", hash);
  send(world, url, "abc", "g", "mine");
  const auto messages = world.receive(url, {{"MaxNumberOfMessages", 10}, {"AttributeNames", {"All"}}});
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].at("Attributes").at("MessageDeduplicationId"), hash);
  EXPECT_EQ(messages[1].at("Attributes").at("MessageDeduplicationId"), "mine");
}

TEST(FifoSend, ids_of_a_batch_by_content_are_each_their_own) {
  World world;
  const std::string url = queue(world, {{"ContentBasedDeduplication", "true"}});
  boost::json::array entries;
  for (const char* body : {"a", "b", "a", "c"}) {
    entries.push_back({{"Id", std::to_string(entries.size())}, {"MessageBody", body}, {"MessageGroupId", "g"}});
  }
  const Answer answer = world.json("SendMessageBatch", {{"QueueUrl", url}, {"Entries", entries}});
  const auto& sent = answer.json.at("Successful").as_array();
  ASSERT_EQ(sent.size(), 4u);
  EXPECT_EQ(sent[2].at("MessageId"), sent[0].at("MessageId"));
  EXPECT_EQ(bodies(world.receive(url, {{"MaxNumberOfMessages", 10}})), "abc");
}

TEST(FifoSend, scope_per_group_lets_an_id_stand_in_two_groups) {
  World world;
  const std::string url = queue(world, {{"DeduplicationScope", "messageGroup"}});
  send(world, url, "a", "g1", "d");
  send(world, url, "b", "g2", "d");
  send(world, url, "c", "g1", "d");
  EXPECT_EQ(bodies(world.receive(url, {{"MaxNumberOfMessages", 10}})), "ab");
}

TEST(FifoReceive, shows_group_id_number_and_time) {
  World world;
  const std::string url = queue(world);
  const Answer sent = send(world, url, "m", "g", "d");
  const auto messages = world.receive(url, {{"MessageSystemAttributeNames", {"All"}}});
  const auto& attributes = messages[0].at("Attributes").as_object();
  EXPECT_EQ(attributes.at("MessageGroupId"), "g");
  EXPECT_EQ(attributes.at("MessageDeduplicationId"), "d");
  EXPECT_EQ(attributes.at("SequenceNumber"), sent.json.at("SequenceNumber"));
  EXPECT_EQ(attributes.size(), 7u);
}

TEST(FifoReceive, group_comes_in_order_and_its_rest_waits_for_what_is_out) {
  World world;
  const std::string url = queue(world, {{"ContentBasedDeduplication", "true"}});
  for (const char* body : {"1", "2", "3"}) send(world, url, body, "g");
  send(world, url, "x", "other");
  EXPECT_EQ(bodies(world.receive(url, {{"MaxNumberOfMessages", 2}})), "12");
  EXPECT_EQ(bodies(world.receive(url, {{"MaxNumberOfMessages", 10}})), "x");
}

TEST(FifoDelete, handle_ends_with_its_visibility) {
  World world;
  const std::string url = queue(world);
  send(world, url, "m", "g", "d");
  const std::string old = handle(world.receive(url, {{"VisibilityTimeout", 1}})[0]);
  world.host.advance(1'000);
  const Answer late = world.json("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", old}});
  EXPECT_EQ(late.query_error(), "InvalidParameterValue;Sender");
  EXPECT_EQ(late.error_message(),
            "Value " + old + " for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.");
  const Answer batch =
      world.json("DeleteMessageBatch", {{"QueueUrl", url}, {"Entries", {{{"Id", "1"}, {"ReceiptHandle", old}}}}});
  EXPECT_EQ(batch.json.at("Failed").at(0).at("Code"), "InvalidParameterValue");
  EXPECT_EQ(batch.json.at("Failed").at(0).at("Message"), boost::json::value(late.error_message()));
  const std::string current = handle(world.receive(url, {{"VisibilityTimeout", 30}})[0]);
  EXPECT_EQ(world.json("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", current}}).status, 200u);
  EXPECT_EQ(world.json("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", current}}).status, 200u)
      << "deleted already";
}

TEST(FifoDelete, handle_lives_as_long_as_its_visibility_is_extended) {
  World world;
  const std::string url = queue(world);
  send(world, url, "m", "g", "d");
  const std::string kept = handle(world.receive(url, {{"VisibilityTimeout", 1}})[0]);
  EXPECT_EQ(
      world.json("ChangeMessageVisibility", {{"QueueUrl", url}, {"ReceiptHandle", kept}, {"VisibilityTimeout", 30}})
          .status,
      200u);
  world.host.advance(2'000);
  EXPECT_EQ(world.json("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", kept}}).status, 200u);
  EXPECT_TRUE(world.host.stream("sqs/us-east-1/q.fifo")->messages.empty());
}

TEST(FifoDelete, visibility_of_an_ended_handle_cannot_be_changed) {
  World world;
  const std::string url = queue(world);
  send(world, url, "m", "g", "d");
  const std::string old = handle(world.receive(url, {{"VisibilityTimeout", 1}})[0]);
  world.host.advance(1'000);
  EXPECT_EQ(
      world.json("ChangeMessageVisibility", {{"QueueUrl", url}, {"ReceiptHandle", old}, {"VisibilityTimeout", 30}})
          .error_message(),
      "Value " + old +
          " for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for "
          "visibility timeout change.");
}

}  // namespace
}  // namespace switchyard::sqs::testing
