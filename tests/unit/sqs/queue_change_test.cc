// Changes of one queue at the same time.
#include <gtest/gtest.h>

#include "plugins/sqs/request_fields.h"
#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

// Requests that have all read the queue before the first of their changes is stored.
class AtOnce {
 public:
  explicit AtOnce(World& world) : world_(world) { world.host.hold_completions(true); }

  void json(const char* action, const boost::json::object& input) {
    send(world_.json_request(action, boost::json::serialize(input)));
  }
  void query(const Form& form) {
    HttpRequest request;
    request.body = form_encoded(form);
    request.headers = {{"Host", world_.host_name}, {"Content-Type", "application/x-www-form-urlencoded"}};
    send(std::move(request));
  }
  std::vector<Answer> answers() {
    world_.host.settle();
    world_.host.hold_completions(false);
    std::vector<Answer> out;
    for (const auto* exchange : exchanges_) out.push_back(World::answer_of(exchange));
    return out;
  }

 private:
  void send(HttpRequest request) {
    sign(request, world_.who, world_.host.wall_ms());
    exchanges_.push_back(world_.start(std::move(request)));
  }

  World& world_;
  std::vector<sw_http_exchange*> exchanges_;
};

std::size_t tags(World& world, const std::string& url) {
  const Answer answer = world.json("ListQueueTags", {{"QueueUrl", url}});
  const auto* all = answer.json.as_object().if_contains("Tags");
  return all == nullptr ? 0 : all->as_object().size();
}

TEST(QueueChange, changes_of_every_kind_at_once_all_succeed_and_all_last) {
  World world;
  const std::string url = world.create("q");
  world.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"old", ""}}}});
  world.json("AddPermission",
             {{"QueueUrl", url}, {"Label", "old"}, {"AWSAccountIds", {"111122223333"}}, {"Actions", {"*"}}});
  AtOnce at_once(world);
  at_once.json("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"DelaySeconds", "7"}}}});
  at_once.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"a", "1"}}}});
  at_once.query(
      {{"Action", "TagQueue"}, {"QueueUrl", url}, {"Tag.1.Key", "b"}, {"Tag.1.Value", "2"}, {"Version", "2012-11-05"}});
  at_once.json("UntagQueue", {{"QueueUrl", url}, {"TagKeys", {"old"}}});
  at_once.json("AddPermission",
               {{"QueueUrl", url}, {"Label", "new"}, {"AWSAccountIds", {"111122223333"}}, {"Actions", {"*"}}});
  at_once.json("RemovePermission", {{"QueueUrl", url}, {"Label", "old"}});
  at_once.json("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", {{"VisibilityTimeout", "9"}}}});
  for (const Answer& answer : at_once.answers()) EXPECT_EQ(answer.status, 200u) << answer.body;
  EXPECT_EQ(world.attribute(url, "DelaySeconds"), "7");
  EXPECT_EQ(world.attribute(url, "VisibilityTimeout"), "9");
  EXPECT_EQ(world.json("ListQueueTags", {{"QueueUrl", url}}).json,
            (boost::json::value{{"Tags", {{"a", "1"}, {"b", "2"}}}}));
  const auto policy = boost::json::parse(world.attribute(url, "Policy"));
  ASSERT_EQ(policy.at("Statement").as_array().size(), 1u);
  EXPECT_EQ(policy.at("Statement").at(0).at("Sid"), "new");
}

TEST(QueueChange, is_judged_again_by_what_the_other_change_left) {
  World world;
  const std::string url = world.create("q");
  AtOnce at_once(world);
  for (int i = 0; i < 2; ++i) {
    at_once.json("AddPermission",
                 {{"QueueUrl", url}, {"Label", "L"}, {"AWSAccountIds", {"111122223333"}}, {"Actions", {"*"}}});
  }
  const auto answers = at_once.answers();
  EXPECT_EQ(answers[0].status, 200u) << answers[0].body;
  EXPECT_EQ(answers[1].error_message(), "Value L for parameter Label is invalid. Reason: Already exists.");
}

TEST(QueueChange, tries_are_bounded) {
  World world;
  const std::string url = world.create("q");
  AtOnce at_once(world);
  for (std::uint32_t i = 0; i <= kMaxTries; ++i) {
    at_once.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"k" + std::to_string(i % 50), std::to_string(i)}}}});
  }
  const auto answers = at_once.answers();
  for (std::uint32_t i = 0; i < kMaxTries; ++i) EXPECT_EQ(answers[i].status, 200u) << i << answers[i].body;
  EXPECT_EQ(answers[kMaxTries].status, 503u);
  EXPECT_EQ(answers[kMaxTries].error_message(),
            "The queue was changed by other requests at each of 64 tries; send fewer changes of it at the same time.");
  EXPECT_EQ(tags(world, url), 50u);
}

TEST(QueueChange, of_a_queue_that_is_gone_by_then_says_so) {
  World world;
  const std::string url = world.create("q");
  AtOnce at_once(world);
  at_once.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"a", "1"}}}});
  at_once.json("TagQueue", {{"QueueUrl", url}, {"Tags", {{"b", "1"}}}});
  at_once.json("DeleteQueue", {{"QueueUrl", url}});
  const auto answers = at_once.answers();
  EXPECT_EQ(answers[0].status, 200u);
  EXPECT_EQ(answers[1].error_type(), "QueueDoesNotExist") << answers[1].body;
  EXPECT_EQ(answers[2].status, 200u);
}

}  // namespace
}  // namespace switchyard::sqs::testing
