// What a caller may do: permissions, tenants, anonymous callers.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

HttpRequest form_request(World& world, const std::string& body) {
  HttpRequest request;
  request.body = body;
  request.headers = {{"Host", world.host_name}, {"Content-Type", "application/x-www-form-urlencoded"}};
  return request;
}

// ---- permissions ----

TEST(Permissions, each_action_needs_one_of_its_own) {
  World world;
  const std::string url = world.create("q");
  world.host.add_key("PUB", "s", world.ns, SW_PERM_PUBLISH);
  world.host.add_key("RECV", "s", world.ns, SW_PERM_RECEIVE);
  world.host.add_key("MAN", "s", world.ns, SW_PERM_MANAGE);
  struct Case {
    const char* action;
    bool publish, receive, manage;
  };
  for (const Case& c : {Case{"CreateQueue", false, false, true},
                        Case{"DeleteQueue", false, false, true},
                        Case{"ListQueues", false, false, true},
                        Case{"GetQueueUrl", true, true, true},
                        Case{"GetQueueAttributes", true, true, true},
                        Case{"SetQueueAttributes", false, false, true},
                        Case{"PurgeQueue", false, false, true},
                        Case{"SendMessage", true, false, false},
                        Case{"SendMessageBatch", true, false, false},
                        Case{"ReceiveMessage", false, true, false},
                        Case{"DeleteMessage", false, true, false},
                        Case{"DeleteMessageBatch", false, true, false},
                        Case{"ChangeMessageVisibility", false, true, true},
                        Case{"ChangeMessageVisibilityBatch", false, true, true},
                        Case{"TagQueue", false, false, true},
                        Case{"UntagQueue", false, false, true},
                        Case{"ListQueueTags", false, false, true},
                        Case{"AddPermission", false, false, true},
                        Case{"RemovePermission", false, false, true},
                        Case{"ListDeadLetterSourceQueues", false, false, true},
                        Case{"StartMessageMoveTask", false, false, true},
                        Case{"CancelMessageMoveTask", false, false, true},
                        Case{"ListMessageMoveTasks", false, false, true}}) {
    const std::pair<const char*, bool> keys[] = {{"PUB", c.publish}, {"RECV", c.receive}, {"MAN", c.manage}};
    for (const auto& [key, allowed] : keys) {
      world.who = {key, "s"};
      // A queue that does not exist, so that nothing happens when the caller is let through.
      const Answer answer = world.json(c.action, {{"QueueUrl", "http://h/000000000000/none"}}, true);
      EXPECT_EQ(answer.error_type() == "AccessDeniedException", !allowed) << c.action << " " << key << answer.body;
      if (!allowed) {
        EXPECT_EQ(answer.status, 403u);
        EXPECT_EQ(answer.query_error(), "AccessDenied;Sender");
      }
    }
  }
}

TEST(Permissions, refusal_names_the_caller_the_action_and_what_is_missing) {
  World world;
  world.host.add_key("PUB", "s", world.ns, SW_PERM_PUBLISH);
  world.who = {"PUB", "s"};
  const Answer answer = world.query("ChangeMessageVisibility", {});
  EXPECT_EQ(answer.status, 403u);
  EXPECT_EQ(answer.code(), "AccessDenied");
  EXPECT_EQ(answer.error_message(),
            "User: PUB is not authorized to perform: sqs:changemessagevisibility because the credential has no "
            "permission can_receive or can_manage");
}

TEST(Permissions, other_namespaces_queues_do_not_exist) {
  World world;
  const std::string url = world.create("q");
  world.host.add_key("OTHER", "s", world.host.add_namespace("account", "111111111111"));
  world.who = {"OTHER", "s"};
  EXPECT_EQ(world.json("SendMessage", {{"QueueUrl", url}, {"MessageBody", "m"}}).error_type(), "QueueDoesNotExist");
  EXPECT_EQ(world.json("DeleteQueue", {{"QueueUrl", "http://h/111111111111/q"}}).error_type(), "QueueDoesNotExist");
}

TEST(CallerIdentity, tells_a_signed_caller_its_account) {
  World world;
  HttpRequest request = form_request(world, "Action=GetCallerIdentity&Version=2011-06-15");
  Credentials who = world.who;
  who.service = "sts";
  sign(request, who, world.host.wall_ms());
  const Answer answer = world.raw(request);
  EXPECT_EQ(answer.status, 200u) << answer.body;
  EXPECT_EQ(xml_text(answer.body, "Account"), "000000000000");
  EXPECT_EQ(xml_text(answer.body, "Arn"), "arn:aws:iam::000000000000:user/AKDEV");
  EXPECT_EQ(xml_text(answer.body, "UserId"), "AKDEV");
}

TEST(CallerIdentity, needs_a_signature_for_its_own_service_and_is_the_only_action) {
  World world;
  HttpRequest request = form_request(world, "Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(world.raw(request).code(), "MissingAuthenticationToken");
  sign(request, world.who, world.host.wall_ms());
  EXPECT_EQ(world.raw(request).code(), "InvalidAction") << "SQS has no such action";
  request = form_request(world, "Action=AssumeRole&Version=2011-06-15");
  Credentials who = world.who;
  who.service = "sts";
  sign(request, who, world.host.wall_ms());
  EXPECT_EQ(world.raw(request).code(), "InvalidAction");
}

// ---- anonymous callers ----

TEST(Anonymous, takes_unsigned_and_unknown_callers_when_it_is_on) {
  World world;
  world.host.set_anonymous(world.ns);
  EXPECT_EQ(world.raw(form_request(world, "Action=CreateQueue&QueueName=q")).status, 200u);
  EXPECT_NE(world.host.stream("sqs/us-east-1/q"), nullptr);
  world.who = {"junk", "junk", "eu-central-1"};
  EXPECT_EQ(world.json("CreateQueue", {{"QueueName", "q"}}).status, 200u);
  EXPECT_NE(world.host.stream("sqs/eu-central-1/q"), nullptr) << "the region that they signed for";
}

TEST(Anonymous, known_key_with_a_wrong_secret_is_still_refused) {
  World world;
  world.host.set_anonymous(world.ns);
  world.who.secret = "wrong";
  EXPECT_EQ(world.json("ListQueues", boost::json::object()).query_error(), "SignatureDoesNotMatch;Sender");
}

}  // namespace
}  // namespace switchyard::sqs::testing
