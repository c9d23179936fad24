#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

TEST(CreateQueue, answers_a_url_of_the_host_that_was_called_and_of_the_account) {
  World world;
  EXPECT_EQ(world.create("orders"), "http://localhost:9324/000000000000/orders");
  const FakeStream* stream = world.host.stream("sqs/us-east-1/orders");
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(stream->config.retention, SW_RETAIN_WORKQUEUE);
  EXPECT_EQ(stream->config.max_age_ms, 345'600'000u);
  EXPECT_EQ(stream->consumer_name, "q");
  EXPECT_EQ(stream->consumer.ack_wait_ms, 30'000u);
  EXPECT_EQ(stream->consumer.max_leased, 120'000u);
}

TEST(CreateQueue, url_is_https_over_tls) {
  World world;
  HttpRequest request = world.json_request("CreateQueue", R"({"QueueName":"orders"})");
  request.tls = true;
  sign(request, world.who, world.host.wall_ms());
  EXPECT_EQ(world.raw(request).json.at("QueueUrl"), "https://localhost:9324/000000000000/orders");
}

TEST(CreateQueue, url_takes_the_scheme_of_the_public_url_when_that_host_was_called) {
  World world;
  world.ns->public_url = "https://mq.example.org/";
  EXPECT_EQ(world.create("a"), "http://localhost:9324/000000000000/a") << "another host than the public one";
  world.host_name = "mq.example.org";
  EXPECT_EQ(world.create("b"), "https://mq.example.org/000000000000/b");
}

TEST(CreateQueue, again_with_the_same_or_no_attributes_answers_the_same_url) {
  World world;
  const std::string url = world.create("orders", {{"DelaySeconds", "5"}, {"VisibilityTimeout", "40"}});
  EXPECT_EQ(world.create("orders"), url);
  EXPECT_EQ(world.create("orders", {{"DelaySeconds", "5"}}), url);
  EXPECT_EQ(world.create("orders", {{"DelaySeconds", "05"}}), url) << "the same number";
  EXPECT_EQ(world.host.streams(), 1u);
}

TEST(CreateQueue, again_with_another_value_names_the_attribute) {
  World world;
  world.create("orders", {{"DelaySeconds", "5"}});
  const Answer answer = world.json(
      "CreateQueue", {{"QueueName", "orders"}, {"Attributes", {{"VisibilityTimeout", "30"}, {"DelaySeconds", "6"}}}});
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(answer.error_type(), "QueueNameExists");
  EXPECT_EQ(answer.query_error(), "QueueAlreadyExists;Sender");
  EXPECT_EQ(answer.error_message(),
            "A queue already exists with the same name and a different value for attribute DelaySeconds");
}

TEST(CreateQueue, again_with_the_same_document_written_otherwise_is_the_same_queue) {
  World world;
  const std::string url = world.create("orders", {{"Policy", R"({"Version":"2012-10-17","Statement":[]})"}});
  EXPECT_EQ(world.create("orders", {{"Policy", R"({ "Statement": [], "Version": "2012-10-17" })"}}), url);
  EXPECT_EQ(world.json("CreateQueue", {{"QueueName", "orders"}, {"Attributes", {{"Policy", R"({"Statement":[]})"}}}})
                .error_type(),
            "QueueNameExists");
  EXPECT_EQ(
      world.json("CreateQueue", {{"QueueName", "orders"}, {"Attributes", {{"KmsMasterKeyId", "k"}}}}).error_type(),
      "QueueNameExists");
}

TEST(CreateQueue, two_at_once_are_one_queue) {
  World world;
  world.host.hold_completions(true);
  HttpRequest first = world.json_request("CreateQueue", R"({"QueueName":"orders","Attributes":{"DelaySeconds":"5"}})");
  HttpRequest same = first,
              other = world.json_request("CreateQueue", R"({"QueueName":"orders","Attributes":{"DelaySeconds":"6"}})");
  for (HttpRequest* request : {&first, &same, &other}) sign(*request, world.who, world.host.wall_ms());
  const auto *a = world.start(first), *b = world.start(same), *c = world.start(other);
  world.host.settle();
  EXPECT_EQ(World::answer_of(a).status, 200u);
  EXPECT_EQ(World::answer_of(b).body, World::answer_of(a).body);
  EXPECT_EQ(World::answer_of(c).error_type(), "QueueNameExists") << "the loser judges its attributes too";
  EXPECT_EQ(world.host.streams(), 1u);
}

TEST(CreateQueue, refuses_names_that_sqs_does_not_have) {
  World world;
  for (const std::string& name :
       {std::string("a b"), std::string("a.b"), std::string("a/b"), std::string(81, 'x'), std::string("caf\xc3\xa9")}) {
    const Answer answer = world.json("CreateQueue", {{"QueueName", name}});
    EXPECT_EQ(answer.status, 400u) << name;
    EXPECT_EQ(answer.query_error(), "InvalidParameterValue;Sender") << name;
    EXPECT_EQ(answer.error_message(),
              "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  }
  EXPECT_EQ(world.json("CreateQueue", boost::json::object()).error_message(),
            "The request must contain the parameter QueueName.");
  EXPECT_EQ(world.create(std::string(80, 'x')), "http://localhost:9324/000000000000/" + std::string(80, 'x'));
}

TEST(CreateQueue, refuses_a_fifo_name_and_attribute_that_do_not_belong_together) {
  World world;
  EXPECT_EQ(world.json("CreateQueue", {{"QueueName", "orders.fifo"}}).error_message(),
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  EXPECT_EQ(world.json("CreateQueue", {{"QueueName", "orders"}, {"Attributes", {{"FifoQueue", "true"}}}})
                .error_message()
                .substr(0, 27),
            "The name of a FIFO queue ca");
  const Answer answer = world.json("CreateQueue", {{"QueueName", "orders"}, {"Attributes", {{"FifoQueue", "false"}}}});
  EXPECT_EQ(answer.error_type(), "InvalidAttributeName");
  EXPECT_EQ(answer.error_message(), "Unknown Attribute FifoQueue.");
}

TEST(CreateQueue, on_the_query_wire) {
  World world;
  const Answer answer = world.query("CreateQueue", {{"QueueName", "orders"},
                                                    {"Attribute.1.Name", "VisibilityTimeout"},
                                                    {"Attribute.1.Value", "40"},
                                                    {"Attribute.2.Name", "MessageRetentionPeriod"},
                                                    {"Attribute.2.Value", "1000"}});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(xml_text(answer.body, "QueueUrl"), "http://localhost:9324/000000000000/orders");
  EXPECT_EQ(answer.body.find("<?xml version=\"1.0\"?><CreateQueueResponse "
                             "xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><CreateQueueResult><QueueUrl>"),
            0u);
  EXPECT_EQ(world.host.stream("sqs/us-east-1/orders")->consumer.ack_wait_ms, 40'000u);
  EXPECT_EQ(world.host.stream("sqs/us-east-1/orders")->config.max_age_ms, 1'000'000u);
}

TEST(CreateQueue, is_per_region_of_the_account) {
  World world;
  world.create("orders");
  world.who.region = "eu-west-3";
  world.create("orders");
  EXPECT_NE(world.host.stream("sqs/eu-west-3/orders"), nullptr);
  EXPECT_EQ(world.host.streams(), 2u);
}

TEST(CreateQueue, a_limit_of_the_server_is_over_limit) {
  World world;
  world.host.fail_next(SW_QUOTA, true);
  const Answer answer = world.json("CreateQueue", {{"QueueName", "orders"}}, true);
  EXPECT_EQ(answer.status, 403u);
  EXPECT_EQ(answer.query_error(), "OverLimit;Sender");
}

TEST(QueueName, waits_after_a_deletion_when_that_is_configured) {
  World world(R"({"recreate_wait":"60s"})");
  const std::string url = world.create("orders");
  EXPECT_EQ(world.json("DeleteQueue", {{"QueueUrl", url}}).status, 200u);
  world.host.advance(59'999);
  const Answer answer = world.json("CreateQueue", {{"QueueName", "orders"}});
  EXPECT_EQ(answer.error_type(), "QueueDeletedRecently");
  EXPECT_EQ(answer.query_error(), "AWS.SimpleQueueService.QueueDeletedRecently;Sender");
  EXPECT_EQ(answer.error_message(),
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.");
  world.host.advance(1);
  world.create("orders");
}

TEST(QueueName, is_free_at_once_by_default) {
  World world;
  EXPECT_EQ(world.json("DeleteQueue", {{"QueueUrl", world.create("orders")}}).status, 200u);
  EXPECT_EQ(world.host.streams(), 0u);
  world.create("orders");
}

TEST(QueueName, records_of_deletions_do_not_pile_up) {
  World world(R"({"recreate_wait":"60s"})");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(world.json("DeleteQueue", {{"QueueUrl", world.create("q" + std::to_string(i))}}).status, 200u);
    world.host.advance(30'000);
  }
  EXPECT_LE(world.host.kv_size(), 4u);
}

TEST(DeleteQueue, removes_the_queue_and_answers_nothing) {
  World world;
  const std::string url = world.create("orders");
  const Answer answer = world.json("DeleteQueue", {{"QueueUrl", url}});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(world.json("DeleteQueue", {{"QueueUrl", url}}).error_type(), "QueueDoesNotExist");
}

TEST(DeleteQueue, takes_the_queue_from_the_path_on_the_query_wire) {
  World world;
  world.create("orders");
  const Answer answer = world.query("DeleteQueue", {}, "/000000000000/orders");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body.substr(0, 104 + 18),
            "<?xml version=\"1.0\"?><DeleteQueueResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">"
            "<ResponseMetadata><RequestId>");
  EXPECT_EQ(world.host.streams(), 0u);
}

TEST(GetQueueUrl, finds_by_name_and_refuses_other_owners) {
  World world;
  const std::string url = world.create("orders");
  EXPECT_EQ(world.json("GetQueueUrl", {{"QueueName", "orders"}}).json.at("QueueUrl"), boost::json::value(url));
  EXPECT_EQ(world.json("GetQueueUrl", {{"QueueName", "orders"}, {"QueueOwnerAWSAccountId", "000000000000"}}).status,
            200u);
  const Answer foreign =
      world.json("GetQueueUrl", {{"QueueName", "orders"}, {"QueueOwnerAWSAccountId", "123456789012"}});
  EXPECT_EQ(foreign.error_type(), "QueueDoesNotExist");
  EXPECT_EQ(world.json("GetQueueUrl", {{"QueueName", "nothing"}}).error_message(),
            "The specified queue does not exist.");
  EXPECT_EQ(world.json("GetQueueUrl", boost::json::object()).query_error(), "MissingParameter;Sender");
}

TEST(ListQueues, is_in_byte_order_and_by_prefix) {
  World world;
  for (const char* name : {"b", "a-2", "a-1", "c"}) world.create(name);
  const Answer all = world.json("ListQueues", boost::json::object());
  EXPECT_EQ(boost::json::serialize(all.json),
            R"({"QueueUrls":["http://localhost:9324/000000000000/a-1","http://localhost:9324/000000000000/a-2",)"
            R"("http://localhost:9324/000000000000/b","http://localhost:9324/000000000000/c"]})");
  EXPECT_EQ(world.json("ListQueues", {{"QueueNamePrefix", "a-"}}).json.at("QueueUrls").as_array().size(), 2u);
  EXPECT_EQ(world.json("ListQueues", {{"QueueNamePrefix", "zzz"}}).body, "{}");
  const Answer xml = world.query("ListQueues", {{"QueueNamePrefix", "a-"}});
  EXPECT_EQ(count_of(xml.body, "<QueueUrl>"), 2u);
}

TEST(ListQueues, pages_through_everything_once) {
  World world;
  for (int i = 0; i < 7; ++i) world.create("q" + std::to_string(i));
  boost::json::object input{{"MaxResults", 3}};
  std::string seen;
  int pages = 0;
  for (;; ++pages) {
    const Answer page = world.json("ListQueues", input);
    for (const auto& url : page.json.at("QueueUrls").as_array()) seen += std::string(url.as_string()).back();
    if (!page.json.as_object().contains("NextToken")) break;
    input["NextToken"] = page.json.at("NextToken");
  }
  EXPECT_EQ(seen, "0123456");
  EXPECT_EQ(pages, 2);
}

TEST(ListQueues, gives_no_token_without_max_results_or_on_an_exact_page) {
  World world;
  for (int i = 0; i < 3; ++i) world.create("q" + std::to_string(i));
  EXPECT_FALSE(world.json("ListQueues", boost::json::object()).json.as_object().contains("NextToken"));
  EXPECT_FALSE(world.json("ListQueues", {{"MaxResults", 3}}).json.as_object().contains("NextToken"));
}

TEST(ListQueues, shows_a_thousand_and_no_token_when_no_page_was_asked_for) {
  World world;
  for (int i = 0; i < 1'001; ++i) world.create("q" + std::to_string(i));
  const Answer all = world.json("ListQueues", boost::json::object());
  EXPECT_EQ(all.json.at("QueueUrls").as_array().size(), 1'000u);
  EXPECT_FALSE(all.json.as_object().contains("NextToken"));
  EXPECT_TRUE(world.json("ListQueues", {{"MaxResults", 1'000}}).json.as_object().contains("NextToken"));
}

TEST(ListQueues, refuses_bad_pages) {
  World world;
  for (const int max : {0, 1001, -1}) {
    EXPECT_EQ(world.json("ListQueues", {{"MaxResults", max}}).query_error(), "InvalidParameterValue;Sender") << max;
  }
  EXPECT_EQ(world.json("ListQueues", {{"NextToken", "?"}}).query_error(), "InvalidParameterValue;Sender");
}

TEST(ListQueues, shows_nothing_of_other_namespaces_or_regions) {
  World world;
  world.create("mine");
  sw_namespace* other = world.host.add_namespace("account", "111111111111");
  world.host.add_key("OTHER", "x", other);
  Credentials mine = world.who;
  world.who = {"OTHER", "x"};
  EXPECT_EQ(world.json("ListQueues", boost::json::object()).body, "{}");
  world.who = mine;
  world.who.region = "eu-west-1";
  EXPECT_EQ(world.json("ListQueues", boost::json::object()).body, "{}");
}

TEST(PurgeQueue, removes_every_message) {
  World world;
  const std::string url = world.create("orders");
  for (int i = 0; i < 3; ++i) world.send(url, "m");
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
  EXPECT_EQ(world.attribute(url, "ApproximateNumberOfMessages"), "0");
}

TEST(PurgeQueue, twice_within_sixty_seconds_is_refused_with_403) {
  World world;
  const std::string url = world.create("orders");
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
  world.host.advance(59'999);
  const Answer modern = world.json("PurgeQueue", {{"QueueUrl", url}}, true);
  EXPECT_EQ(modern.status, 403u);
  EXPECT_EQ(modern.error_type(), "PurgeQueueInProgress");
  EXPECT_EQ(modern.query_error(), "AWS.SimpleQueueService.PurgeQueueInProgress;Sender");
  EXPECT_EQ(modern.error_message(), "Only one PurgeQueue operation on orders is allowed every 60 seconds.");
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 400u) << "without query mode";
  const Answer query = world.query("PurgeQueue", {{"QueueUrl", url}});
  EXPECT_EQ(query.status, 403u);
  EXPECT_EQ(query.code(), "AWS.SimpleQueueService.PurgeQueueInProgress");
  world.host.advance(1);
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
}

TEST(PurgeQueue, two_at_once_are_one) {
  World world;
  const std::string url = world.create("orders");
  HttpRequest request = world.json_request("PurgeQueue", R"({"QueueUrl":")" + url + "\"}");
  sign(request, world.who, world.host.wall_ms());
  world.host.hold_completions(true);
  const auto *first = world.start(request), *second = world.start(request);
  world.host.settle();
  EXPECT_EQ(World::answer_of(first).status, 200u);
  EXPECT_EQ(World::answer_of(second).error_type(), "PurgeQueueInProgress");
}

TEST(PurgeQueue, wait_can_be_switched_off_and_does_not_pass_to_a_new_queue) {
  World world;
  std::string url = world.create("orders");
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
  EXPECT_EQ(world.json("DeleteQueue", {{"QueueUrl", url}}).status, 200u);
  EXPECT_EQ(world.host.kv_size(), 0u) << "the record goes with the queue";
  url = world.create("orders");
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
  world.configure(R"({"purge_wait":"0s"})");
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
}

TEST(PurgeQueue, clock_that_steps_back_does_not_block_for_long) {
  World world;
  const std::string url = world.create("orders");
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
  world.host.step_wall(-3'600'000);
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
}

}  // namespace
}  // namespace switchyard::sqs::testing
