#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

std::string handle_of(const boost::json::array& messages) {
  return messages.empty() ? "" : std::string(messages[0].at("ReceiptHandle").as_string());
}

Answer remove(World& world, const std::string& url, const std::string& handle) {
  return world.json("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", handle}});
}

Answer change(World& world, const std::string& url, const std::string& handle, int seconds, bool query_mode = false) {
  return world.json("ChangeMessageVisibility",
                    {{"QueueUrl", url}, {"ReceiptHandle", handle}, {"VisibilityTimeout", seconds}}, query_mode);
}

TEST(DeleteMessage, removes_the_message_for_good) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const Answer answer = remove(world, url, handle_of(world.receive(url)));
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, "");
  world.host.advance(60'000);
  EXPECT_TRUE(world.receive(url).empty());
}

TEST(DeleteMessage, succeeds_twice_after_expiry_and_with_an_old_handle) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const std::string old_handle = handle_of(world.receive(url));
  world.host.advance(31'000);
  const std::string new_handle = handle_of(world.receive(url));
  EXPECT_NE(old_handle, new_handle) << "every receive has its own";
  EXPECT_EQ(remove(world, url, old_handle).status, 200u);
  EXPECT_EQ(remove(world, url, old_handle).status, 200u);
  EXPECT_EQ(remove(world, url, new_handle).status, 200u);
  EXPECT_TRUE(world.host.stream("sqs/us-east-1/q")->messages.empty());
}

TEST(DeleteMessage, refuses_what_is_not_a_handle) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  std::string good = handle_of(world.receive(url));
  std::string flipped = good;
  flipped[5] = flipped[5] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {std::string("garbage"), good + "A", good.substr(1), flipped, std::string("\"<&>")}) {
    const Answer answer = remove(world, url, bad);
    EXPECT_EQ(answer.status, 400u) << bad;
    EXPECT_EQ(answer.error_type(), "ReceiptHandleIsInvalid") << bad;
    EXPECT_EQ(answer.error_message(), "The input receipt handle \"" + bad + "\" is not a valid receipt handle.");
  }
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->messages.size(), 1u);
  const Answer query = world.query("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", "garbage"}});
  EXPECT_EQ(query.status, 404u);
  EXPECT_EQ(query.code(), "ReceiptHandleIsInvalid");
  EXPECT_EQ(query.error_message(), "The input receipt handle &quot;garbage&quot; is not a valid receipt handle.");
  EXPECT_EQ(world.json("DeleteMessage", {{"QueueUrl", url}, {"ReceiptHandle", "garbage"}}, true).status, 404u)
      << "query mode keeps the old status";
}

TEST(DeleteMessage, refuses_the_handle_of_another_queue) {
  World world;
  const std::string url = world.create("q"), other = world.create("other");
  world.send(other, "m");
  const Answer answer = remove(world, url, handle_of(world.receive(other)));
  EXPECT_EQ(answer.error_type(), "ReceiptHandleIsInvalid");
  EXPECT_EQ(world.host.stream("sqs/us-east-1/other")->messages.size(), 1u);
}

TEST(DeleteMessage, needs_a_handle) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world.json("DeleteMessage", {{"QueueUrl", url}}).error_message(),
            "The request must contain the parameter ReceiptHandle.");
  EXPECT_EQ(world.query("DeleteMessage", {{"QueueUrl", url}}).code(), "MissingParameter");
}

TEST(DeleteMessage, failure_of_the_disk_is_not_a_success) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const std::string handle = handle_of(world.receive(url));
  world.host.fail_next(SW_IO, true);
  EXPECT_EQ(remove(world, url, handle).status, 500u);
}

TEST(DeleteMessageBatch, answers_each_entry) {
  World world;
  const std::string url = world.create("q");
  for (int i = 0; i < 2; ++i) world.send(url, "m");
  const auto messages = world.receive(url, {{"MaxNumberOfMessages", 10}});
  const Answer answer =
      world.json("DeleteMessageBatch", {{"QueueUrl", url},
                                        {"Entries",
                                         {{{"Id", "a"}, {"ReceiptHandle", messages[0].at("ReceiptHandle")}},
                                          {{"Id", "bad"}, {"ReceiptHandle", "garbage"}},
                                          {{"Id", "none"}, {"Other", "x"}},
                                          {{"Id", "b"}, {"ReceiptHandle", messages[1].at("ReceiptHandle")}}}}});
  ASSERT_EQ(answer.status, 200u) << answer.body;
  EXPECT_EQ(boost::json::serialize(answer.json.at("Successful")), R"([{"Id":"a"},{"Id":"b"}])");
  const auto& failed = answer.json.at("Failed").as_array();
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_EQ(failed[0].at("Code"), "ReceiptHandleIsInvalid");
  EXPECT_EQ(failed[1].at("Code"), "MissingParameter");
  EXPECT_TRUE(world.host.stream("sqs/us-east-1/q")->messages.empty());
}

TEST(DeleteMessageBatch, on_the_query_wire) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const Answer answer = world.query("DeleteMessageBatch",
                                    {{"DeleteMessageBatchRequestEntry.1.Id", "a"},
                                     {"DeleteMessageBatchRequestEntry.1.ReceiptHandle", handle_of(world.receive(url))}},
                                    "/000000000000/q");
  EXPECT_NE(answer.body.find("<DeleteMessageBatchResult><DeleteMessageBatchResultEntry><Id>a</Id>"
                             "</DeleteMessageBatchResultEntry></DeleteMessageBatchResult>"),
            std::string::npos)
      << answer.body;
}

TEST(ChangeMessageVisibility, hides_longer_or_shows_at_once) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const std::string handle = handle_of(world.receive(url));
  EXPECT_EQ(change(world, url, handle, 100).status, 200u);
  world.host.advance(99'000);
  EXPECT_TRUE(world.receive(url).empty());
  EXPECT_EQ(change(world, url, handle, 0).body, "");
  EXPECT_EQ(world.receive(url).size(), 1u);
}

TEST(ChangeMessageVisibility, succeeds_after_expiry_on_a_standard_queue) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const std::string handle = handle_of(world.receive(url));
  world.host.advance(31'000);
  EXPECT_EQ(change(world, url, handle, 60).status, 200u);
  EXPECT_TRUE(world.receive(url).empty()) << "it is hidden again";
}

TEST(ChangeMessageVisibility, message_that_is_gone_or_belongs_to_a_newer_receive) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const std::string handle = handle_of(world.receive(url));
  world.host.advance(31'000);
  const std::string newer = handle_of(world.receive(url));
  const std::string text = "Value " + handle +
                           " for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "
                           "available for visibility timeout change.";
  const Answer stale = change(world, url, handle, 10);
  EXPECT_EQ(stale.query_error(), "InvalidParameterValue;Sender");
  EXPECT_EQ(stale.error_message(), text);
  EXPECT_EQ(remove(world, url, newer).status, 200u);
  EXPECT_EQ(change(world, url, handle, 10).error_message(), text);
}

TEST(ChangeMessageVisibility, is_bounded_by_twelve_hours_from_the_receive) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const std::string handle = handle_of(world.receive(url));
  world.host.advance(10'000);
  const Answer answer = change(world, url, handle, 43'191);
  EXPECT_EQ(answer.error_message(),
            "Value 43191 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message "
            "is beyond the limit [43200 seconds].");
  EXPECT_EQ(change(world, url, handle, 43'190).status, 200u);
}

TEST(ChangeMessageVisibility, refuses_bad_seconds_and_handles) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const std::string handle = handle_of(world.receive(url));
  for (const int seconds : {-1, 43'201}) {
    EXPECT_EQ(change(world, url, handle, seconds).query_error(), "InvalidParameterValue;Sender") << seconds;
  }
  EXPECT_EQ(change(world, url, "garbage", 1, true).status, 404u);
  EXPECT_EQ(world.json("ChangeMessageVisibility", {{"QueueUrl", url}, {"ReceiptHandle", handle}}).error_message(),
            "The request must contain the parameter VisibilityTimeout.");
}

TEST(ChangeMessageVisibilityBatch, answers_each_entry_on_both_wires) {
  World world;
  const std::string url = world.create("q");
  world.send(url, "m");
  const std::string handle = handle_of(world.receive(url));
  world.send(url, "gone");
  const std::string gone = handle_of(world.receive(url));
  EXPECT_EQ(remove(world, url, gone).status, 200u);
  const Answer json = world.json("ChangeMessageVisibilityBatch",
                                 {{"QueueUrl", url},
                                  {"Entries",
                                   {{{"Id", "a"}, {"ReceiptHandle", handle}, {"VisibilityTimeout", 60}},
                                    {{"Id", "far"}, {"ReceiptHandle", handle}, {"VisibilityTimeout", 99'999}},
                                    {{"Id", "gone"}, {"ReceiptHandle", gone}, {"VisibilityTimeout", 60}}}}});
  EXPECT_EQ(boost::json::serialize(json.json.at("Successful")), R"([{"Id":"a"}])");
  ASSERT_EQ(json.json.at("Failed").as_array().size(), 2u);
  EXPECT_NE(json.body.find("Message does not exist or is not available"), std::string::npos);
  const Answer query = world.query("ChangeMessageVisibilityBatch",
                                   {{"QueueUrl", url},
                                    {"ChangeMessageVisibilityBatchRequestEntry.1.Id", "a"},
                                    {"ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle", handle},
                                    {"ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout", "0"}});
  EXPECT_NE(query.body.find("<ChangeMessageVisibilityBatchResultEntry><Id>a</Id>"), std::string::npos) << query.body;
  EXPECT_EQ(world.receive(url).size(), 1u);
}

}  // namespace
}  // namespace switchyard::sqs::testing
