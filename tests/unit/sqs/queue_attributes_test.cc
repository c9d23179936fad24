#include "plugins/sqs/queue_attributes.h"

#include <gtest/gtest.h>

#include "tests/unit/sqs/world.h"

namespace switchyard::sqs::testing {
namespace {

Answer set(World& world, const std::string& url, boost::json::object attributes) {
  return world.json("SetQueueAttributes", {{"QueueUrl", url}, {"Attributes", std::move(attributes)}});
}

boost::json::object all(World& world, const std::string& url) {
  const Answer answer = world.json("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", {"All"}}});
  return answer.json.at("Attributes").as_object();
}

TEST(QueueAttributes, defaults_of_a_fresh_queue) {
  World world;
  const std::string url = world.create("q");
  const std::string now = std::to_string(world.host.wall_ms() / 1000);
  const boost::json::object expected{{"QueueArn", "arn:aws:sqs:us-east-1:000000000000:q"},
                                     {"ApproximateNumberOfMessages", "0"},
                                     {"ApproximateNumberOfMessagesNotVisible", "0"},
                                     {"ApproximateNumberOfMessagesDelayed", "0"},
                                     {"CreatedTimestamp", now},
                                     {"LastModifiedTimestamp", now},
                                     {"VisibilityTimeout", "30"},
                                     {"MaximumMessageSize", "1048576"},
                                     {"MessageRetentionPeriod", "345600"},
                                     {"DelaySeconds", "0"},
                                     {"ReceiveMessageWaitTimeSeconds", "0"},
                                     {"SqsManagedSseEnabled", "true"}};
  EXPECT_EQ(all(world, url), expected);
}

TEST(QueueAttributes, none_are_shown_unless_named) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world.json("GetQueueAttributes", {{"QueueUrl", url}}).body, "{}");
  const Answer xml = world.query("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeName.1", "VisibilityTimeout"}});
  EXPECT_NE(xml.body.find("<GetQueueAttributesResult><Attribute><Name>VisibilityTimeout</Name><Value>30</Value>"
                          "</Attribute></GetQueueAttributesResult>"),
            std::string::npos)
      << xml.body;
}

TEST(QueueAttributes, unknown_name_is_refused_and_fifo_names_show_nothing) {
  World world;
  const std::string url = world.create("q");
  const Answer answer = world.json("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeNames", {"Colour"}}});
  EXPECT_EQ(answer.error_type(), "InvalidAttributeName");
  EXPECT_EQ(answer.error_message(), "Unknown Attribute Colour.");
  EXPECT_EQ(world
                .json("GetQueueAttributes",
                      {{"QueueUrl", url}, {"AttributeNames", {"FifoQueue", "ContentBasedDeduplication"}}})
                .body,
            "{}");
}

TEST(QueueAttributes, changes_are_seen_and_dated) {
  World world;
  const std::string url = world.create("q");
  const std::string created = world.attribute(url, "CreatedTimestamp");
  world.host.advance(5'000);
  EXPECT_EQ(
      set(world, url, {{"VisibilityTimeout", "69"}, {"MaximumMessageSize", "2048"}, {"DelaySeconds", "420"}}).body, "");
  const boost::json::object shown = all(world, url);
  EXPECT_EQ(shown.at("VisibilityTimeout"), "69");
  EXPECT_EQ(shown.at("MaximumMessageSize"), "2048");
  EXPECT_EQ(shown.at("DelaySeconds"), "420");
  EXPECT_EQ(shown.at("CreatedTimestamp"), boost::json::value(created));
  EXPECT_EQ(shown.at("LastModifiedTimestamp"), boost::json::value(std::to_string(std::stoll(created) + 5)));
  EXPECT_EQ(world.host.stream("sqs/us-east-1/q")->consumer.ack_wait_ms, 69'000u);
}

struct Range {
  const char *name, *min, *max, *below, *above;
};

TEST(QueueAttributes, numbers_have_their_ranges) {
  World world;
  const std::string url = world.create("q");
  for (const Range& r :
       {Range{"VisibilityTimeout", "0", "43200", "-1", "43201"}, Range{"DelaySeconds", "0", "900", "-1", "901"},
        Range{"MaximumMessageSize", "1024", "1048576", "1023", "1048577"},
        Range{"MessageRetentionPeriod", "60", "1209600", "59", "1209601"},
        Range{"ReceiveMessageWaitTimeSeconds", "0", "20", "-1", "21"},
        Range{"KmsDataKeyReusePeriodSeconds", "60", "86400", "59", "86401"}}) {
    for (const char* good : {r.min, r.max}) {
      EXPECT_EQ(set(world, url, {{r.name, good}}).status, 200u) << r.name;
      EXPECT_EQ(world.attribute(url, r.name), good) << r.name;
    }
    for (const char* bad : {r.below, r.above, "", "ten", "1.5", "99999999999999999999"}) {
      const Answer answer = set(world, url, {{r.name, bad}});
      EXPECT_EQ(answer.error_type(), "InvalidAttributeValue") << r.name << " " << bad;
      EXPECT_EQ(answer.error_message(), "Invalid value for the parameter " + std::string(r.name) + ".");
    }
    EXPECT_EQ(world.attribute(url, r.name), r.max) << "a refused change changes nothing";
  }
}

TEST(QueueAttributes, a_refused_one_refuses_them_all) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(set(world, url, {{"DelaySeconds", "5"}, {"VisibilityTimeout", "x"}}).status, 400u);
  EXPECT_EQ(world.attribute(url, "DelaySeconds"), "0");
}

TEST(QueueAttributes, unknown_and_read_only_names_are_refused) {
  World world;
  const std::string url = world.create("q");
  for (const char* name :
       {"Colour", "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "ApproximateNumberOfMessages", "All"}) {
    const Answer answer = set(world, url, {{name, "1"}});
    EXPECT_EQ(answer.query_error(), "InvalidAttributeName;Sender") << name;
    EXPECT_EQ(answer.error_message(), "Unknown Attribute " + std::string(name) + ".");
    EXPECT_EQ(world.json("CreateQueue", {{"QueueName", "new"}, {"Attributes", {{name, "1"}}}}).error_type(),
              "InvalidAttributeName");
  }
  EXPECT_EQ(set(world, url, {}).query_error(), "MissingParameter;Sender");
}

TEST(QueueAttributes, fifo_attributes_do_not_fit_a_standard_queue) {
  World world;
  const std::string url = world.create("q");
  const Answer type = set(world, url, {{"FifoQueue", "true"}});
  EXPECT_EQ(type.error_type(), "InvalidAttributeValue");
  EXPECT_EQ(type.error_message(),
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.");
  EXPECT_EQ(set(world, url, {{"ContentBasedDeduplication", "true"}}).error_message(),
            "Unknown Attribute ContentBasedDeduplication.");
  EXPECT_EQ(set(world, url, {{"DeduplicationScope", "queue"}}).error_message(),
            "You can specify the DeduplicationScope only when FifoQueue is set to true.");
  EXPECT_EQ(world.json("CreateQueue", {{"QueueName", "n"}, {"Attributes", {{"FifoThroughputLimit", "perQueue"}}}})
                .error_message(),
            "You can specify the FifoThroughputLimit only when FifoQueue is set to true.");
}

TEST(QueueAttributes, keys_of_encryption_exclude_each_other) {
  World world;
  const std::string url =
      world.create("q", {{"KmsMasterKeyId", "testKeyId"}, {"KmsDataKeyReusePeriodSeconds", "6000"}});
  EXPECT_EQ(world.attribute(url, "KmsMasterKeyId"), "testKeyId");
  EXPECT_EQ(world.attribute(url, "KmsDataKeyReusePeriodSeconds"), "6000");
  EXPECT_EQ(world.attribute(url, "SqsManagedSseEnabled"), "false");
  const Answer both = set(world, url, {{"SqsManagedSseEnabled", "true"}});
  EXPECT_EQ(both.error_type(), "InvalidAttributeName");
  EXPECT_EQ(both.error_message(),
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
            "SSE.");
  EXPECT_EQ(set(world, url, {{"KmsMasterKeyId", ""}, {"KmsDataKeyReusePeriodSeconds", "300"}}).status, 200u);
  const boost::json::object shown = all(world, url);
  EXPECT_FALSE(shown.contains("KmsMasterKeyId")) << "emptied";
  EXPECT_FALSE(shown.contains("KmsDataKeyReusePeriodSeconds")) << "the default";
  EXPECT_EQ(set(world, url, {{"SqsManagedSseEnabled", "True"}}).status, 200u);
  EXPECT_EQ(set(world, url, {{"SqsManagedSseEnabled", "yes"}}).error_type(), "InvalidAttributeValue");
}

TEST(QueueAttributes, order_of_contradicting_keys_does_not_matter) {
  World world;
  for (const char* attributes : {R"({"KmsMasterKeyId":"k","SqsManagedSseEnabled":"true"})",
                                 R"({"SqsManagedSseEnabled":"true","KmsMasterKeyId":"k"})"}) {
    EXPECT_EQ(world.json_text("CreateQueue", R"({"QueueName":"q","Attributes":)" + std::string(attributes) + "}")
                  .error_type(),
              "InvalidAttributeName")
        << attributes;
  }
}

TEST(QueueAttributes, policy_must_be_a_policy) {
  World world;
  const std::string url = world.create("q");
  const std::string policy =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]})";
  EXPECT_EQ(set(world, url, {{"Policy", policy}}).status, 200u);
  EXPECT_EQ(world.attribute(url, "Policy"), policy);
  for (const std::string& bad : {std::string("{"), std::string("[]"), std::string(R"({"Version":"x"})"),
                                 R"({"Statement":[],"Id":")" + std::string(8192, 'x') + "\"}"}) {
    EXPECT_EQ(set(world, url, {{"Policy", bad}}).error_message(), "Invalid value for the parameter Policy.");
  }
  EXPECT_EQ(set(world, url, {{"Policy", ""}}).status, 200u);
  EXPECT_FALSE(all(world, url).contains("Policy"));
}

std::string statement(const std::string& principal = R"("Principal":"*")", const std::string& more = "") {
  return R"({"Effect":"Allow","Action":"sqs:*",)" + principal + more + "}";
}

std::string repeated(const std::string& part, int n) {
  std::string out = part;
  for (int i = 1; i < n; ++i) out += "," + part;
  return out;
}

// An object of n members.
std::string keys(int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + R"(":"v")";
  return "{" + out + "}";
}

TEST(QueueAttributes, statements_of_a_policy_must_be_statements) {
  World world;
  const std::string url = world.create("q");
  const auto status_of = [&](const std::string& statements) {
    const Answer answer = set(world, url, {{"Policy", R"({"Version":"2012-10-17","Statement":[)" + statements + "]}"}});
    if (answer.status != 200) {
      EXPECT_EQ(answer.error_type(), "InvalidAttributeValue");
      EXPECT_EQ(answer.error_message(), "Invalid value for the parameter Policy.");
    }
    return answer.status;
  };
  const std::string fifty = R"("Principal":{"AWS":[)" + repeated(R"("arn:aws:iam::111122223333:root")", 50) + "]}";
  for (const std::string& good :
       {statement(), repeated(statement(), 20), statement(fifty), statement(R"("NotPrincipal":{"AWS":"1"})"),
        statement(R"("Principal":{"Service":"sns.amazonaws.com"})"),
        statement(R"("Principal":"*")", R"(,"Condition":{"StringEquals":)" + keys(10) + "}"),
        std::string(R"({"Effect":"Deny","Principal":"*","NotAction":["sqs:SendMessage","sqs:ReceiveMessage"]})")}) {
    EXPECT_EQ(status_of(good), 200u) << good;
  }
  const std::string kept = world.attribute(url, "Policy");
  for (const std::string& bad :
       {std::string("1"),
        std::string("{}"),
        std::string("[]"),
        std::string(R"({"Effect":"allow","Principal":"*","Action":"*"})"),
        std::string(R"({"Principal":"*","Action":"*"})"),
        std::string(R"({"Effect":"Allow","Action":"*"})"),
        std::string(R"({"Effect":"Allow","Principal":"*"})"),
        std::string(R"({"Effect":"Allow","Principal":"*","Action":[]})"),
        std::string(R"({"Effect":"Allow","Principal":"*","Action":[1]})"),
        std::string(R"({"Effect":"Allow","Principal":"*","Action":"*","NotAction":"*"})"),
        statement(R"("Principal":"me")"),
        statement(R"("Principal":{})"),
        statement(R"("Principal":{"AWS":[]})"),
        statement(R"("Principal":{"Aws":"1"})"),
        statement(R"("Principal":"*","NotPrincipal":"*")"),
        statement(R"("Principal":"*","Sid":1)"),
        statement(R"("Principal":"*")", R"(,"Condition":"x")"),
        statement(R"("Principal":"*")", R"(,"Condition":{"x":1})"),
        statement(R"("Principal":"*")", R"(,"Condition":{"StringEquals":)" + keys(6) + R"(,"Bool":)" + keys(5) + "}"),
        repeated(statement(), 21),
        statement() + "," + statement(fifty)}) {
    EXPECT_EQ(status_of(bad), 400u) << bad;
  }
  EXPECT_EQ(set(world, url, {{"Policy", R"({"Version":"2013-01-01","Statement":[]})"}}).status, 400u);
  EXPECT_EQ(world.attribute(url, "Policy"), kept);
}

struct BadRedrive {
  const char *policy, *reason;
};

TEST(QueueAttributes, redrive_policy_is_judged_in_the_recorded_words) {
  World world;
  const std::string url = world.create("q");
  world.create("dead");
  for (const BadRedrive& bad : {
           BadRedrive{R"({"deadLetterTargetArn": "dummy", "maxReceiveCount": 42})",
                      "Invalid value for deadLetterTargetArn."},
           BadRedrive{R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":0})",
                      "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive."},
           BadRedrive{R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"1001"})",
                      "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive."},
           BadRedrive{R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"})",
                      "Redrive policy does not contain mandatory attribute: maxReceiveCount."},
           BadRedrive{R"({"maxReceiveCount":1})",
                      "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."},
           BadRedrive{"not json", "Redrive policy is not a valid JSON map."},
           BadRedrive{R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":1})",
                      "Dead letter target does not exist."},
       }) {
    const Answer answer = set(world, url, {{"RedrivePolicy", bad.policy}});
    EXPECT_EQ(answer.query_error(), "InvalidParameterValue;Sender") << bad.policy;
    EXPECT_EQ(answer.error_message(),
              "Value " + std::string(bad.policy) + " for parameter RedrivePolicy is invalid. Reason: " + bad.reason);
  }
}

TEST(QueueAttributes, dead_letter_queue_must_be_of_the_same_account_and_region) {
  World world;
  const std::string url = world.create("q");
  world.create("dead");
  for (const char* arn : {"arn:aws:sqs:eu-west-1:000000000000:dead", "arn:aws:sqs:us-east-1:111111111111:dead",
                          "arn:scw:sqs:us-east-1:000000000000:dead", "arn:aws:sns:us-east-1:000000000000:dead",
                          "arn:aws:sqs:us-east-1:000000000000:q"}) {
    const Answer answer =
        set(world, url,
            {{"RedrivePolicy", R"({"deadLetterTargetArn":")" + std::string(arn) + R"(","maxReceiveCount":1})"}});
    EXPECT_EQ(answer.query_error(), "InvalidParameterValue;Sender") << arn;
    EXPECT_NE(answer.error_message().find("Dead letter target"), std::string::npos) << arn;
  }
}

TEST(QueueAttributes, redrive_allow_policy_is_judged_and_obeyed) {
  World world;
  const std::string dead = world.create("dead"), url = world.create("q");
  const std::string redrive =
      R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":1})";
  for (const char* bad :
       {"[]", "{}", R"({"redrivePermission":"some"})",
        R"({"redrivePermission":"allowAll","sourceQueueArns":["arn:aws:sqs:x"]})", R"({"redrivePermission":"byQueue"})",
        R"({"redrivePermission":"byQueue","sourceQueueArns":[]})",
        R"({"redrivePermission":"byQueue","sourceQueueArns":[1]})"}) {
    EXPECT_EQ(set(world, dead, {{"RedriveAllowPolicy", bad}}).query_error(), "InvalidParameterValue;Sender") << bad;
  }
  EXPECT_EQ(set(world, dead, {{"RedriveAllowPolicy", R"({"redrivePermission":"denyAll"})"}}).status, 200u);
  EXPECT_EQ(set(world, url, {{"RedrivePolicy", redrive}}).status, 400u);
  EXPECT_EQ(set(world, dead,
                {{"RedriveAllowPolicy",
                  R"({"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:q"]})"}})
                .status,
            200u);
  EXPECT_EQ(set(world, url, {{"RedrivePolicy", redrive}}).status, 200u);
  EXPECT_EQ(world.attribute(url, "RedrivePolicy"), redrive);
}

TEST(QueueAttributes, on_the_query_wire_also_in_the_old_form_without_numbers) {
  World world;
  const std::string url = world.create("q");
  EXPECT_EQ(world
                .query("SetQueueAttributes",
                       {{"QueueUrl", url}, {"Attribute.Name", "VisibilityTimeout"}, {"Attribute.Value", "35"}})
                .status,
            200u);
  EXPECT_EQ(world.attribute(url, "VisibilityTimeout"), "35");
  EXPECT_EQ(xml_text(world.query("GetQueueAttributes", {{"QueueUrl", url}, {"AttributeName", "All"}}).body, "Value"),
            "arn:aws:sqs:us-east-1:000000000000:q");
}

TEST(QueueAttributes, stored_form_comes_back_and_a_cut_one_is_refused) {
  QueueAttributes written;
  written.managed_encryption = false;
  written.fifo = written.group_deduplication = true;
  written.max_receive_count = 1000;
  written.visibility_s = 1;
  written.delay_s = 2;
  written.max_bytes = 3;
  written.retention_s = 4;
  written.receive_wait_s = 5;
  written.key_reuse_s = 6;
  written.created_s = 1'767'323'045;
  written.modified_s = -7;
  written.dead_letter = 0xfedcba9876543210ull;
  written.policy = "p";
  written.redrive_policy = "rr";
  written.key_id = std::string(2048, 'k');
  written.tags = {{"team", "storage"}, {"empty", ""}};
  std::string blob;
  encode(blob, written);
  QueueAttributes read;
  ASSERT_TRUE(decode(blob, read));
  EXPECT_EQ(read.managed_encryption, false);
  EXPECT_TRUE(read.fifo && read.group_deduplication);
  EXPECT_FALSE(read.content_deduplication || read.group_throughput);
  EXPECT_EQ(read.max_receive_count, 1000);
  EXPECT_EQ(read.key_reuse_s, 6u);
  EXPECT_EQ(read.created_s, 1'767'323'045);
  EXPECT_EQ(read.modified_s, -7);
  EXPECT_EQ(read.dead_letter, 0xfedcba9876543210ull);
  EXPECT_EQ(read.redrive_policy, "rr");
  EXPECT_EQ(read.redrive_allow_policy, "");
  EXPECT_EQ(read.key_id, written.key_id);
  EXPECT_EQ(read.tags, written.tags);
  std::string again;
  encode(again, read);
  EXPECT_EQ(again, blob);
  for (std::size_t n = 0; n < blob.size(); ++n) EXPECT_FALSE(decode(blob.substr(0, n), read)) << n;
  EXPECT_FALSE(decode(blob + "x", read));
  blob[0] = 3;
  EXPECT_FALSE(decode(blob, read)) << "a later form";
}

TEST(QueueAttributes, form_of_the_first_version_is_still_read) {
  QueueAttributes written;
  written.key_id = "k";
  std::string blob;
  encode(blob, written);
  blob[0] = 1;
  blob.resize(blob.size() - 2);  // It ended before the number of tags.
  QueueAttributes read;
  read.tags["old"] = "x";
  ASSERT_TRUE(decode(blob, read));
  EXPECT_EQ(read.key_id, "k");
}

}  // namespace
}  // namespace switchyard::sqs::testing
