// AddPermission and RemovePermission, and the policy that they write.
#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

constexpr const char* kArn = "arn:aws:sqs:us-east-1:000000000000:q";

Answer add(World& world, const std::string& url, const char* label, boost::json::array actions,
           boost::json::array accounts = {"111122223333"}) {
  return world.json(
      "AddPermission",
      {{"QueueUrl", url}, {"Label", label}, {"AWSAccountIds", std::move(accounts)}, {"Actions", std::move(actions)}});
}

boost::json::value policy_of(World& world, const std::string& url) {
  const std::string text = world.attribute(url, "Policy");
  return text.empty() ? boost::json::value() : boost::json::parse(text);
}

TEST(AddPermission, writes_the_statement_as_aws_does) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(add(world, url, "one", {"SendMessage"}).body, "");
  const boost::json::value expected{
      {"Version", "2008-10-17"},
      {"Id", std::string(kArn) + "/SQSDefaultPolicy"},
      {"Statement", boost::json::array{{{"Sid", "one"},
                                        {"Effect", "Allow"},
                                        {"Principal", {{"AWS", "arn:aws:iam::111122223333:root"}}},
                                        {"Action", "SQS:SendMessage"},
                                        {"Resource", kArn}}}}};
  EXPECT_EQ(policy_of(world, url), expected);
}

TEST(AddPermission, several_accounts_and_actions_are_lists) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world
                .query("AddPermission", {{"QueueUrl", url},
                                         {"Label", "two"},
                                         {"AWSAccountId.1", "111122223333"},
                                         {"AWSAccountId.2", "444455556666"},
                                         {"ActionName.1", "SendMessage"},
                                         {"ActionName.2", "*"}})
                .status,
            200u);
  const boost::json::value statement = policy_of(world, url).at("Statement").at(0);
  EXPECT_EQ(statement.at("Action"), (boost::json::array{"SQS:SendMessage", "SQS:*"}));
  EXPECT_EQ(statement.at("Principal").at("AWS"),
            (boost::json::array{"arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"}));
}

TEST(AddPermission, a_label_is_taken_once) {
  World world;
  const std::string url = world.create("q");
  add(world, url, "L", {"SendMessage"});
  const Answer again = add(world, url, "L", {"ReceiveMessage"});
  EXPECT_EQ(again.query_error(), "InvalidParameterValue;Sender");
  EXPECT_EQ(again.error_message(), "Value L for parameter Label is invalid. Reason: Already exists.");
  EXPECT_EQ(add(world, url, "M", {"ReceiveMessage"}).status, 200u);
  EXPECT_EQ(policy_of(world, url).at("Statement").as_array().size(), 2u);
}

TEST(AddPermission, joins_a_policy_that_was_set) {
  World world;
  const std::string url = world.create(
      "q", {{"Policy",
             R"({"Version":"2012-10-17","Statement":{"Sid":"mine","Effect":"Deny","Principal":"*","Action":"*"}})"}});
  EXPECT_EQ(add(world, url, "mine", {"SendMessage"}).status, 400u) << "its labels count";
  EXPECT_EQ(add(world, url, "other", {"SendMessage"}).status, 200u);
  const boost::json::value policy = policy_of(world, url);
  EXPECT_EQ(policy.at("Version"), "2012-10-17");
  EXPECT_EQ(policy.at("Statement").at(0).at("Effect"), "Deny");
  EXPECT_EQ(policy.at("Statement").at(1).at("Sid"), "other");
}

TEST(AddPermission, refuses_what_cannot_be_shared) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(add(world, url, "L", {"SendMessage", "CreateQueue"}).error_message(),
            "Value SQS:CreateQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to "
            "invoke this action.");
  EXPECT_EQ(add(world, url, "L", {"SendMessageBatch"}).error_message(),
            "Value SQS:SendMessageBatch for parameter ActionName is invalid. Reason: Please refer to the appropriate "
            "WSDL for a list of valid actions.");
  EXPECT_EQ(add(world, url, "L", {}).error_message(), "The request must contain the parameter Actions.");
  EXPECT_EQ(add(world, url, "L", {"SendMessage"}, {}).error_message(),
            "The request must contain the parameter AWSAccountIds.");
  for (const char* account : {"me;you", "1", "11112222333", "1111222233334", "11112222333a", "1111-2222-33"}) {
    EXPECT_EQ(add(world, url, "L", {"SendMessage"}, {account}).error_message(),
              "Value " + std::string(account) + " for parameter PrincipalId is invalid. Reason: Unable to verify.");
  }
  EXPECT_EQ(add(world, url, "", {"SendMessage"}).error_message(), "The request must contain the parameter Label.");
  EXPECT_EQ(add(world, url, "a label", {"SendMessage"}).error_message(),
            "Value a label for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, "
            "or underscores. 1 to 80 in length");
  EXPECT_EQ(world.attribute(url, "Policy"), "");
}

TEST(AddPermission, is_bounded) {
  World world;
  const std::string url = world.create("q");
  const Answer eight = add(world, url, "L", {"*", "*", "*", "*", "*", "*", "*", "*"});
  EXPECT_EQ(eight.error_type(), "OverLimit");
  EXPECT_EQ(eight.error_message(), "8 Actions were found, maximum allowed is 7.");
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(add(world, url, ("L" + std::to_string(i)).c_str(), {"SendMessage"}).status, 200u) << i;
  }
  EXPECT_EQ(add(world, url, "L20", {"SendMessage"}).error_type(), "OverLimit");
  EXPECT_EQ(policy_of(world, url).at("Statement").as_array().size(), 20u);
}

TEST(AddPermission, counts_the_principals_of_the_whole_policy) {
  World world;
  const std::string url = world.create("q");
  boost::json::array accounts;
  for (int i = 0; i < 30; ++i) accounts.emplace_back(std::to_string(100'000'000'000 + i));
  ASSERT_EQ(add(world, url, "a", {"SendMessage"}, accounts).status, 200u);
  const Answer answer = add(world, url, "b", {"SendMessage"}, accounts);
  EXPECT_EQ(answer.error_type(), "OverLimit");
  EXPECT_NE(answer.error_message().find("2 statements, 60 principals"), std::string::npos) << answer.error_message();
  const std::string shown = world.attribute(url, "Policy");
  EXPECT_EQ(world.json("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"Policy", shown}}}}).status, 200u)
      << "what it writes can be set";
}

TEST(RemovePermission, takes_the_labelled_statement_out_and_the_policy_with_the_last) {
  World world;
  const std::string url = world.create("q");
  add(world, url, "a", {"SendMessage"});
  add(world, url, "b", {"SendMessage"});
  EXPECT_EQ(world.json("RemovePermission", {{"QueueUrl", url}, {"Label", "a"}}).body, "");
  EXPECT_EQ(policy_of(world, url).at("Statement").at(0).at("Sid"), "b");
  EXPECT_EQ(world.query("RemovePermission", {{"QueueUrl", url}, {"Label", "b"}}).status, 200u);
  EXPECT_EQ(world.attribute(url, "Policy"), "");
}

TEST(RemovePermission, refuses_a_label_that_is_not_there) {
  World world;
  const std::string url = world.create("q");
  const Answer answer = world.query("RemovePermission", {{"QueueUrl", url}, {"Label", "L"}});
  EXPECT_EQ(answer.code(), "InvalidParameterValue");
  EXPECT_EQ(answer.error_message(), "Value L for parameter Label is invalid. Reason: can't find label.");
}

}  // namespace
}  // namespace switchyard::sqs::testing
