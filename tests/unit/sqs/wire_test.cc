// Shapes that every action shares: both wires, their errors, their statuses.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

constexpr char kMissing[] = "http://localhost:9324/000000000000/missing";

TEST(JsonWire, error_has_type_message_header_and_request_id) {
  World world;
  const Answer answer = world.json("SendMessage", {{"QueueUrl", kMissing}, {"MessageBody", "m"}});
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(answer.body,
            R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."})");
  EXPECT_EQ(answer.query_error(), "AWS.SimpleQueueService.NonExistentQueue;Sender");
  EXPECT_EQ(answer.response.header("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(answer.response.header("x-amzn-RequestId").size(), 36u);
}

TEST(QueryWire, error_has_its_own_words_and_shape) {
  World world;
  const Answer answer = world.query("SendMessage", {{"QueueUrl", kMissing}, {"MessageBody", "m"}});
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(answer.response.header("Content-Type"), "text/xml");
  EXPECT_EQ(answer.query_error(), "");
  EXPECT_EQ(answer.body,
            "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error>"
            "<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does "
            "not exist for this wsdl version.</Message><Detail/></Error><RequestId>" +
                answer.response.header("x-amzn-RequestId") + "</RequestId></ErrorResponse>");
}

TEST(QueryWire, batch_errors_have_no_detail) {
  World world;
  const std::string url = world.create("q");
  const Answer batch = world.query("SendMessageBatch", {{"QueueUrl", url}});
  EXPECT_EQ(batch.code(), "AWS.SimpleQueueService.EmptyBatchRequest");
  EXPECT_EQ(batch.body.find("<Detail/>"), std::string::npos);
}

TEST(JsonWire, request_ids_differ) {
  World world;
  const Answer a = world.json("ListQueues", boost::json::object()), b = world.json("ListQueues", boost::json::object());
  EXPECT_NE(a.response.header("x-amzn-RequestId"), b.response.header("x-amzn-RequestId"));
}

TEST(JsonWire, generic_errors_carry_the_coral_type) {
  World world;
  const std::string url = world.create("q");
  EXPECT_NE(world.json("SendMessage", {{"QueueUrl", url}})
                .body.find(R"("__type":"com.amazon.coral.service#MissingRequiredParameterException")"),
            std::string::npos);
  EXPECT_NE(world.json("ReceiveMessage", {{"QueueUrl", url}, {"MaxNumberOfMessages", 11}})
                .body.find(R"("__type":"com.amazon.coral.service#InvalidParameterValueException")"),
            std::string::npos);
}

TEST(JsonWire, body_that_is_not_json_is_a_serialization_error) {
  World world;
  for (const char* body : {"{", "[]", "\"x\"", "{\"QueueUrl\":}", "{} {}", "\xff"}) {
    const Answer answer = world.json_text("SendMessage", body);
    EXPECT_EQ(answer.status, 400u) << body;
    EXPECT_EQ(answer.error_type(), "SerializationException") << body;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  EXPECT_EQ(world.json_text("SendMessage", deep).error_type(), "SerializationException");
}

TEST(JsonWire, values_of_the_wrong_type_are_a_serialization_error) {
  World world;
  const std::string url = world.create("q");
  const auto head = R"({"QueueUrl":")" + url + "\",";
  for (const char* rest :
       {R"("MessageBody":5})", R"("MessageBody":"m","DelaySeconds":"5"})", R"("MessageBody":"m","DelaySeconds":1.5})",
        R"("MessageBody":"m","MessageAttributes":[]})", R"("MessageBody":"m","MessageAttributes":{"a":"b"}})",
        R"("MessageBody":["m"]})", R"("MessageBody":"m","MessageGroupId":true})"}) {
    EXPECT_EQ(world.json_text("SendMessage", head + rest).error_type(), "SerializationException") << rest;
  }
  EXPECT_EQ(world.json_text("SendMessageBatch", head + R"("Entries":{}})").error_type(), "SerializationException");
  EXPECT_EQ(world.json_text("SendMessageBatch", head + R"("Entries":["a"]})").error_type(), "SerializationException");
  EXPECT_EQ(world.json_text("ReceiveMessage", head + R"("AttributeNames":"All"})").error_type(),
            "SerializationException");
  EXPECT_EQ(world.json_text("SetQueueAttributes", head + R"("Attributes":{"DelaySeconds":5}})").error_type(),
            "SerializationException")
      << "attribute values are texts";
  EXPECT_EQ(world.json_text("ReceiveMessage", head + R"("WaitTimeSeconds":18446744073709551615})").query_error(),
            "InvalidParameterValue;Sender");
}

TEST(JsonWire, null_is_as_good_as_absent_and_unknown_members_are_ignored) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(
      world
          .json_text("SendMessage", R"({"QueueUrl":")" + url +
                                        R"(","MessageBody":"m","DelaySeconds":null,"MessageAttributes":null,"New":{}})")
          .status,
      200u);
}

TEST(JsonWire, needs_the_method_post_and_a_queue_url) {
  World world;
  EXPECT_EQ(world.json_text("SendMessage", "").query_error(), "MissingParameter;Sender") << "an empty body is {}";
  HttpRequest get = world.json_request("ListQueues", "");
  get.method = "GET";
  sign(get, world.who, world.host.wall_ms());
  EXPECT_EQ(world.raw(get).query_error(), "MalformedQueryString;Sender");
}

TEST(BothWires, unknown_action) {
  World world;
  const Answer json = world.json("Sing", boost::json::object());
  EXPECT_EQ(json.error_type(), "UnknownOperationException");
  EXPECT_EQ(json.query_error(), "InvalidAction;Sender");
  const Answer query = world.query("Sing", {});
  EXPECT_EQ(query.status, 400u);
  EXPECT_EQ(query.code(), "InvalidAction");
  EXPECT_EQ(query.error_message(), "The action Sing is not valid for this endpoint.");
}

TEST(QueryWire, action_may_stand_in_the_query_of_a_get) {
  World world;
  const std::string url = world.create("q");
  HttpRequest get;
  get.method = "GET";
  get.target = "/000000000000/q?Action=SendMessage&MessageBody=hello%20world&Version=2012-11-05";
  get.headers = {{"Host", world.host_name}};
  sign(get, world.who, world.host.wall_ms());
  const Answer answer = world.raw(get);
  EXPECT_EQ(answer.status, 200u) << answer.body;
  EXPECT_EQ(world.receive(url)[0].at("Body"), "hello world");
}

TEST(QueryWire, other_methods_and_a_missing_action_are_refused) {
  World world;
  for (const char* method : {"PUT", "DELETE", "HEAD", "OPTIONS"}) {
    HttpRequest request;
    request.method = method;
    request.headers = {{"Host", world.host_name}};
    sign(request, world.who, world.host.wall_ms());
    const Answer answer = world.raw(request);
    EXPECT_EQ(answer.status, 404u) << method;
    EXPECT_EQ(answer.code(), "MalformedQueryString");
  }
  HttpRequest request;
  request.body = "Version=2012-11-05";
  request.headers = {{"Host", world.host_name}, {"Content-Type", "application/x-www-form-urlencoded"}};
  sign(request, world.who, world.host.wall_ms());
  EXPECT_EQ(world.raw(request).code(), "MissingAction");
}

TEST(QueryWire, number_of_parameters_is_bounded) {
  World world;
  Form form;
  for (int i = 0; i < 5'000; ++i) form.emplace_back("P" + std::to_string(i), "v");
  EXPECT_EQ(world.query("ListQueues", form).code(), "MalformedQueryString");
}

TEST(QueryWire, plus_is_a_space_and_escapes_are_undone) {
  World world;
  const std::string url = world.create("q");
  HttpRequest request;
  request.body =
      "Action=SendMessage&Version=2012-11-05&QueueUrl=" + percent_encoded(url) + "&MessageBody=a+b%2Bc%C3%A9%0D%0A%zz%";
  request.headers = {{"Host", world.host_name}, {"Content-Type", "application/x-www-form-urlencoded"}};
  sign(request, world.who, world.host.wall_ms());
  EXPECT_EQ(world.raw(request).status, 200u);
  EXPECT_EQ(world.receive(url)[0].at("Body"), "a b+c\xc3\xa9\r\n%zz%");
}

TEST(QueueAddress, every_style_of_url_is_accepted_and_only_the_callers_own_owner) {
  World world;
  world.create("q");
  for (const char* good : {"http://localhost:9324/000000000000/q", "https://elsewhere.example/000000000000/q",
                           "/000000000000/q", "000000000000/q", "q", "http://localhost:9324/000000000000/q/"}) {
    EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", good}, {"MessageBody", "m"}}).status, 200u) << good;
  }
  for (const char* bad :
       {"http://localhost:9324/111111111111/q", "http://localhost:9324/q", "http://localhost:9324/", "http://localhost",
        "http://localhost:9324/a/b/q", "http://localhost:9324/1/2/3/4/q", "http://localhost:9324/000000000000/q%20",
        "http://localhost:9324/000000000000/../q", "nothing"}) {
    EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", bad}, {"MessageBody", "m"}}).error_type(), "QueueDoesNotExist")
        << bad;
  }
}

TEST(QueueAddress, project_and_namespace_styles_name_their_owner_and_region) {
  World world;
  const std::string project = "project-1de5b1a2-0000-4000-8000-4f0b7e2a9c33";
  world.host.add_key("SCW", "s", world.host.add_namespace("project", project, "fr-par"));
  world.host.add_key("V1A1", "s", world.host.add_namespace("namespace", "AB7ZPXZOZ4XQ", "fr-par"));
  world.who = {"SCW", "s", "fr-par"};
  std::string url = world.create("q");
  EXPECT_EQ(url, "http://localhost:9324/" + project + "/q");
  EXPECT_EQ(world.attribute(url, "QueueArn"), "arn:scw:sqs:fr-par:" + project + ":q");
  world.who.region = "us-east-1";
  EXPECT_EQ(world.attribute(url, "QueueArn"), "arn:scw:sqs:fr-par:" + project + ":q") << "the namespace's region";
  world.who = {"V1A1", "s", "fr-par"};
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}}).error_type(), "QueueDoesNotExist");
  url = world.create("q");
  EXPECT_EQ(url, "http://localhost:9324/AB7ZPXZOZ4XQ/q");
}

TEST(QueueAddress, yandex_style_urls_change_with_every_new_queue) {
  World world(R"({"url_style":"yandex"})");
  const std::string url = world.create("q");
  EXPECT_EQ(url.substr(0, 25), "http://localhost:9324/b1g");
  EXPECT_EQ(url.size(), std::string("http://localhost:9324/").size() + 20 + 1 + 20 + 1 + 1);
  world.send(url, "m");
  EXPECT_EQ(world.json("GetQueueUrl", {{"QueueName", "q"}}).json.at("QueueUrl"), boost::json::value(url));
  EXPECT_EQ(world.json("DeleteQueue", {{"QueueUrl", url}}).status, 200u);
  const std::string again = world.create("q");
  EXPECT_NE(again, url);
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}}).error_type(), "QueueDoesNotExist")
      << "the old URL names the old queue";
  world.configure("{}");
  world.send(again, "accepted whatever the server writes itself");
}

TEST(Memory, request_that_needs_more_than_its_bound_is_refused) {
  World world;
  const std::string url = world.create("q");
  world.host.set_arena_limit(64);
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}}).status, 503u);
  world.host.set_arena_limit(1 << 20);
  world.send(url, "m");
}

struct BadSettings {
  const char *json, *part;
};

TEST(Settings, wrong_ones_are_refused_with_their_name_and_change_nothing) {
  World world;
  for (const BadSettings& bad :
       {BadSettings{R"({"purge_wait":"60"})", "plugins.sqs.purge_wait is \"60\""},
        BadSettings{R"({"purge_wait":60})", "must be a duration with a unit"},
        BadSettings{R"({"recreate_wait":"25h"})", "from 0s to 24h"},
        BadSettings{R"({"recreate_wait":"2d"})", "from 0s to 24h"},
        BadSettings{R"({"recreate_wait":"-1s"})", "duration"},
        BadSettings{R"({"url_style":"odd"})", "must be auto or yandex"},
        BadSettings{R"({"purge_wiat":"1s"})", "plugins.sqs.purge_wiat is not a setting"}, BadSettings{"[]", "map"}}) {
    EXPECT_NE(world.configure_error(bad.json).find(bad.part), std::string::npos)
        << bad.json << " -> " << world.configure_error(bad.json);
  }
  EXPECT_EQ(world.configure_error(R"({"enabled":true,"anonymous_namespace":"dev","purge_wait":"500ms"})"), "");
  EXPECT_EQ(world.configure_error(R"({"purge_wait":"0","recreate_wait":"1 m"})"), "")
      << "as the server reads durations";
  EXPECT_EQ(world.configure_error(R"({"recreate_wait":"1d"})"), "");
  EXPECT_EQ(world.configure_error(""), "");
  EXPECT_EQ(world.configure_error("null"), "");
}

TEST(Settings, dry_run_changes_nothing) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world.configure_error(R"({"purge_wait":"0s"})"), "");
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).status, 200u);
  EXPECT_EQ(world.json("PurgeQueue", {{"QueueUrl", url}}).error_type(), "PurgeQueueInProgress");
}

}  // namespace
}  // namespace switchyard::sqs::testing
