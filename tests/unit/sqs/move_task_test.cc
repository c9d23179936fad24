// Message move tasks: what they move, how fast, how they end, and what is refused.
#include "plugins/sqs/move_task.h"

#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

std::string arn(const std::string& queue) { return "arn:aws:sqs:us-east-1:000000000000:" + queue; }

// A queue with its dead-letter queue.
struct Moving {
  explicit Moving(std::size_t dead_messages = 0) {
    dead = world.create("dead");
    source = world.create(
        "source", {{"RedrivePolicy", R"({"deadLetterTargetArn":")" + arn("dead") + R"(","maxReceiveCount":1})"}});
    for (std::size_t i = 0; i < dead_messages; ++i) world.send(source, "m" + std::to_string(i));
    for (std::size_t got = 0; got < dead_messages;) {
      got += world.receive(source, {{"VisibilityTimeout", 0}, {"MaxNumberOfMessages", 10}}).size();
    }
    for (std::size_t i = 0; i <= dead_messages / 10; ++i) world.receive(source, {{"MaxNumberOfMessages", 10}});
    EXPECT_EQ(count(dead), dead_messages);
  }
  std::size_t count(const std::string& url) { return std::stoul(world.attribute(url, "ApproximateNumberOfMessages")); }
  Answer start(boost::json::object more = {}) {
    more["SourceArn"] = arn("dead");
    return world.json("StartMessageMoveTask", more, true);
  }
  boost::json::array list(std::int64_t max = 10) {
    const Answer answer = world.json("ListMessageMoveTasks", {{"SourceArn", arn("dead")}, {"MaxResults", max}});
    EXPECT_EQ(answer.status, 200u) << answer.body;
    return answer.json.at("Results").as_array();
  }
  std::string status() { return std::string(list().at(0).at("Status").as_string()); }

  World world;
  std::string dead, source;
};

TEST(MoveTask, brings_everything_back_to_its_source_and_is_listed_as_completed) {
  Moving t(30);
  const Answer started = t.start();
  ASSERT_EQ(started.status, 200u) << started.body;
  EXPECT_FALSE(started.json.at("TaskHandle").as_string().empty());
  t.world.host.advance(1'000);
  EXPECT_EQ(t.count(t.source), 30u);
  EXPECT_EQ(t.count(t.dead), 0u);
  const auto tasks = t.list();
  ASSERT_EQ(tasks.size(), 1u);
  const auto& task = tasks[0].as_object();
  EXPECT_EQ(task.at("Status"), "COMPLETED");
  EXPECT_EQ(task.at("SourceArn").as_string(), arn("dead"));
  EXPECT_EQ(task.at("ApproximateNumberOfMessagesMoved"), 30);
  EXPECT_EQ(task.at("ApproximateNumberOfMessagesToMove"), 30);
  EXPECT_GT(task.at("StartedTimestamp").as_int64(), 1'700'000'000'000);
  for (const char* absent : {"TaskHandle", "DestinationArn", "MaxNumberOfMessagesPerSecond", "FailureReason"}) {
    EXPECT_FALSE(task.contains(absent)) << absent;
  }
}

TEST(MoveTask, moves_to_another_queue_when_asked) {
  Moving t(3);
  const std::string other = t.world.create("other");
  ASSERT_EQ(t.start({{"DestinationArn", arn("other")}}).status, 200u);
  t.world.host.advance(1'000);
  EXPECT_EQ(t.count(other), 3u);
  EXPECT_EQ(t.list().at(0).at("DestinationArn").as_string(), arn("other"));
}

TEST(MoveTask, keeps_to_its_rate) {
  Moving t(30);
  ASSERT_EQ(t.start({{"MaxNumberOfMessagesPerSecond", 5}}).status, 200u);
  for (std::size_t second = 1; second <= 3; ++second) {
    t.world.host.advance(1'000);
    EXPECT_LE(t.count(t.source), 5 * second);
    EXPECT_GE(t.count(t.source), 5 * second - 1);
  }
  const auto task = t.list().at(0).as_object();
  EXPECT_EQ(task.at("Status"), "RUNNING");
  EXPECT_EQ(task.at("MaxNumberOfMessagesPerSecond"), 5);
  EXPECT_GE(task.at("ApproximateNumberOfMessagesMoved").as_int64(), 9);
  EXPECT_EQ(task.at("ApproximateNumberOfMessagesToMove"), 30);
  t.world.host.advance(4'000);
  EXPECT_EQ(t.status(), "COMPLETED");
  EXPECT_EQ(t.count(t.source), 30u);
}

TEST(MoveTask, at_five_hundred_a_second_is_as_fast_as_that) {
  Moving t(200);
  ASSERT_EQ(t.start({{"MaxNumberOfMessagesPerSecond", 500}}).status, 200u);
  t.world.host.advance(250);
  EXPECT_NEAR(static_cast<double>(t.count(t.source)), 100, 30);
  t.world.host.advance(350);
  EXPECT_EQ(t.count(t.source), 200u);
}

TEST(MoveTask, ends_at_its_cancellation_and_undoes_nothing) {
  Moving t(30);
  const Answer started = t.start({{"MaxNumberOfMessagesPerSecond", 2}});
  t.world.host.advance(2'000);
  const Answer cancelled = t.world.json("CancelMessageMoveTask", {{"TaskHandle", started.json.at("TaskHandle")}});
  ASSERT_EQ(cancelled.status, 200u) << cancelled.body;
  EXPECT_GE(cancelled.json.at("ApproximateNumberOfMessagesMoved").as_int64(), 2);
  EXPECT_EQ(t.status(), "CANCELLING");
  EXPECT_FALSE(t.list().at(0).as_object().contains("TaskHandle"));
  t.world.host.advance(1'000);
  EXPECT_EQ(t.status(), "CANCELLED");
  const std::size_t back = t.count(t.source);
  t.world.host.advance(10'000);
  EXPECT_EQ(t.count(t.source), back);
  EXPECT_EQ(t.count(t.dead), 30 - back);
  const Answer again = t.world.json("CancelMessageMoveTask", {{"TaskHandle", started.json.at("TaskHandle")}}, true);
  EXPECT_EQ(again.status, 404u);
  EXPECT_EQ(again.error_message(), "Task does not exist.");
}

TEST(MoveTask, a_cancellation_is_not_lost_to_progress_that_is_stored_at_the_same_moment) {
  Moving t(30);
  const Answer started = t.start({{"MaxNumberOfMessagesPerSecond", 10}});
  t.world.host.advance(950);
  t.world.host.hold_completions(true);
  HttpRequest request =
      t.world.json_request("CancelMessageMoveTask",
                           boost::json::serialize(boost::json::object{{"TaskHandle", started.json.at("TaskHandle")}}));
  sign(request, t.world.who, t.world.host.wall_ms());
  auto* exchange = t.world.start(std::move(request));
  t.world.host.hold_completions(false);
  t.world.host.advance(1'000);
  EXPECT_EQ(World::answer_of(exchange).status, 200u);
  EXPECT_EQ(t.status(), "CANCELLED");
}

TEST(MoveTask, goes_on_in_the_next_process) {
  Moving t(20);
  ASSERT_EQ(t.start({{"MaxNumberOfMessagesPerSecond", 5}}).status, 200u);
  t.world.host.advance(2'000);
  const std::size_t before = t.count(t.source);
  EXPECT_LT(before, 20u);
  t.world.restart();
  EXPECT_EQ(t.status(), "RUNNING");
  t.world.host.advance(20'000);
  EXPECT_EQ(t.status(), "COMPLETED");
  EXPECT_EQ(t.count(t.source), 20u);
}

TEST(MoveTask, ends_in_the_next_process_also_when_everything_had_moved) {
  Moving t(3);
  ASSERT_EQ(t.start().status, 200u);
  t.world.restart();  // Before its first step.
  t.world.json("PurgeQueue", {{"QueueUrl", t.dead}});
  t.world.host.advance(5'000);
  EXPECT_EQ(t.status(), "COMPLETED");
  EXPECT_EQ(t.list().at(0).at("ApproximateNumberOfMessagesMoved"), 0);
}

TEST(MoveTask, is_not_run_twice_when_it_is_started_before_the_lane_looked_for_unfinished_ones) {
  Moving t(10);
  ASSERT_EQ(t.start({{"MaxNumberOfMessagesPerSecond", 2}}).status, 200u);
  t.world.host.advance(2'000);
  EXPECT_LE(t.count(t.source), 4u);
}

TEST(MoveTask, fails_when_its_destination_is_deleted) {
  Moving t(10);
  const std::string other = t.world.create("other");
  ASSERT_EQ(t.start({{"DestinationArn", arn("other")}, {"MaxNumberOfMessagesPerSecond", 2}}).status, 200u);
  t.world.host.advance(1'000);
  t.world.json("DeleteQueue", {{"QueueUrl", other}});
  t.world.host.advance(1'000);
  EXPECT_EQ(t.status(), "FAILED");
  EXPECT_EQ(t.list().at(0).at("FailureReason"), "AWS.SimpleQueueService.NonExistentQueue");
}

TEST(MoveTask, fails_at_a_message_that_was_sent_to_the_dead_letter_queue_itself) {
  Moving t;
  t.world.send(t.dead, "where from?");
  ASSERT_EQ(t.start().status, 200u);
  t.world.host.advance(1'000);
  EXPECT_EQ(t.list().at(0).at("FailureReason"), "CouldNotDetermineMessageSource");
  EXPECT_EQ(t.count(t.dead), 1u);
}

TEST(MoveTask, a_full_server_is_tried_again) {
  Moving t(5);
  ASSERT_EQ(t.start().status, 200u);
  t.world.host.fail_next(SW_BUSY, true);
  t.world.host.advance(500);
  EXPECT_EQ(t.status(), "RUNNING");
  t.world.host.advance(2'000);
  EXPECT_EQ(t.status(), "COMPLETED");
  EXPECT_EQ(t.count(t.source), 5u);
}

TEST(MoveTask, one_at_a_time_per_queue_and_ten_are_remembered) {
  Moving t(1);
  ASSERT_EQ(t.start({{"MaxNumberOfMessagesPerSecond", 1}}).status, 200u);
  const Answer second = t.start();
  EXPECT_EQ(second.status, 400u);
  EXPECT_EQ(second.query_error(), "InvalidParameterValue;Sender");
  EXPECT_EQ(second.error_message(),
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.");
  t.world.host.advance(3'000);
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(t.start().status, 200u);
    t.world.host.advance(1'000);
  }
  const auto tasks = t.list();
  ASSERT_EQ(tasks.size(), 10u);
  for (std::size_t i = 1; i < tasks.size(); ++i) {
    EXPECT_GT(tasks[i - 1].at("StartedTimestamp").as_int64(), tasks[i].at("StartedTimestamp").as_int64());
  }
  EXPECT_EQ(t.world.json("ListMessageMoveTasks", {{"SourceArn", arn("dead")}}).json.at("Results").as_array().size(), 1u)
      << "one is the default";
}

TEST(MoveTask, leaves_nothing_behind_when_its_queue_is_deleted) {
  Moving t(10);
  const auto records = t.world.host.kv_size();
  ASSERT_EQ(t.start({{"MaxNumberOfMessagesPerSecond", 1}}).status, 200u);
  t.world.host.advance(1'500);
  t.world.json("DeleteQueue", {{"QueueUrl", t.dead}});
  t.world.host.advance(5'000);
  EXPECT_EQ(t.world.host.kv_size(), records);
}

TEST(MoveTask, refusals_have_the_words_of_aws) {
  Moving t;
  t.world.create("plain");
  t.world.create("f.fifo", {{"FifoQueue", "true"}});
  const auto refused = [&](boost::json::object input, const char* action = "StartMessageMoveTask") {
    const Answer answer = t.world.json(action, input, true);
    return std::to_string(answer.status) + " " + answer.query_error() + " " + answer.error_message();
  };
  const std::string no_source =
      "404 ResourceNotFoundException;Sender The resource that you specified for the SourceArn parameter doesn't exist.";
  EXPECT_EQ(refused({{"SourceArn", arn("plain")}}),
            "400 InvalidParameterValue;Sender Source queue must be configured as a Dead Letter Queue.");
  EXPECT_EQ(refused({{"SourceArn", arn("missing")}}), no_source);
  EXPECT_EQ(refused({{"SourceArn", "arn:aws:sqs:us-east-1:111111111111:dead"}}), no_source);
  EXPECT_EQ(refused({{"SourceArn", arn("missing")}}, "ListMessageMoveTasks"), no_source);
  EXPECT_EQ(refused({{"SourceArn", arn("dead")}, {"DestinationArn", arn("missing")}}),
            "404 ResourceNotFoundException;Sender The resource that you specified for the DestinationArn parameter "
            "doesn't exist.");
  EXPECT_NE(refused({{"SourceArn", arn("dead")}, {"DestinationArn", arn("dead")}}).find("400 InvalidParameterValue"),
            std::string::npos);
  EXPECT_NE(refused({{"SourceArn", arn("dead")}, {"DestinationArn", arn("f.fifo")}}).find("of the same type"),
            std::string::npos);
  EXPECT_EQ(refused({}), "400 MissingParameter;Sender The request must contain the parameter SourceArn.");
  for (const int rate : {0, 501}) {
    EXPECT_NE(refused({{"SourceArn", arn("dead")}, {"MaxNumberOfMessagesPerSecond", rate}})
                  .find("for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500"),
              std::string::npos);
  }
  EXPECT_NE(refused({{"SourceArn", arn("dead")}, {"MaxResults", 11}}, "ListMessageMoveTasks")
                .find("Value 11 for parameter MaxResults is invalid. Reason: Must be between 1 and 10"),
            std::string::npos);
  EXPECT_EQ(refused({{"TaskHandle", "junk"}}, "CancelMessageMoveTask"),
            "400 InvalidParameterValue;Sender Value for parameter TaskHandle is invalid.");
  EXPECT_EQ(refused({{"TaskHandle", task_handle("0b0b", arn("missing"))}}, "CancelMessageMoveTask"), no_source);
  EXPECT_EQ(refused({{"TaskHandle", task_handle("0b0b", arn("dead"))}}, "CancelMessageMoveTask"),
            "404 ResourceNotFoundException;Sender Task does not exist.");
}

TEST(MoveTask, speaks_the_query_wire) {
  Moving t(4);
  const Answer started =
      t.world.query("StartMessageMoveTask", {{"SourceArn", arn("dead")}, {"MaxNumberOfMessagesPerSecond", "1"}});
  ASSERT_EQ(started.status, 200u) << started.body;
  const std::string handle = xml_text(started.body, "TaskHandle");
  const Answer listed = t.world.query("ListMessageMoveTasks", {{"SourceArn", arn("dead")}});
  const std::string entry = xml_text(listed.body, "ListMessageMoveTasksResultEntry");
  EXPECT_EQ(xml_text(entry, "TaskHandle"), handle);
  EXPECT_EQ(xml_text(entry, "ApproximateNumberOfMessagesToMove"), "4");
  const Answer cancelled = t.world.query("CancelMessageMoveTask", {{"TaskHandle", handle}});
  EXPECT_EQ(xml_text(cancelled.body, "ApproximateNumberOfMessagesMoved"), "0");
  const Answer refused = t.world.query("StartMessageMoveTask", {{"SourceArn", arn("none")}});
  EXPECT_EQ(refused.status, 404u);
  EXPECT_EQ(refused.code(), "ResourceNotFoundException");
}

TEST(MoveTask, record_survives_its_way_into_the_store_and_junk_is_none) {
  MoveTask task;
  task.id = "i";
  task.status = "FAILED";
  task.reason = "r";
  task.destination = "d";
  task.target = 7;
  task.started_ms = 1;
  task.rate = 2;
  task.to_move = 3;
  task.moved = 4;
  task.process = "p";
  const auto back = decode_task(encode_task(task));
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_task(*back), encode_task(task));
  for (const char* junk : {"", "[]", "{}", "{\"id\":1}", "\x01"}) EXPECT_FALSE(decode_task(junk)) << junk;
  EXPECT_EQ(source_of_key(moving_key(255)), 255u);
  EXPECT_EQ(source_of_key("moving/zz"), 0u);
}

}  // namespace
}  // namespace switchyard::sqs::testing
