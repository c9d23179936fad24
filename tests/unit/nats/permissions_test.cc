#include "plugins/nats/permissions.h"

#include <gtest/gtest.h>

namespace switchyard::nats {
namespace {

std::shared_ptr<const PermissionRules> rules(const PermissionSpec& spec) {
  std::string why;
  auto made = PermissionRules::make(spec, why);
  EXPECT_NE(made, nullptr) << why;
  return made;
}

PermissionSpec publish(std::vector<std::string> allow, std::vector<std::string> deny = {}) {
  PermissionSpec spec;
  spec.publish_allow = std::move(allow);
  spec.publish_deny = std::move(deny);
  return spec;
}

PermissionSpec subscribe(std::vector<std::string> allow, std::vector<std::string> deny = {}) {
  PermissionSpec spec;
  spec.subscribe_allow = std::move(allow);
  spec.subscribe_deny = std::move(deny);
  return spec;
}

TEST(Permissions, user_without_lists_may_do_everything) {
  const auto all = rules({});
  EXPECT_TRUE(all->may_publish("a.b"));
  EXPECT_TRUE(all->may_subscribe(">", ""));
  EXPECT_TRUE(all->may_subscribe("a", "q"));
  EXPECT_FALSE(all->needs_filter(">", ""));
}

TEST(Permissions, publish_lists_allow_and_then_deny) {
  const auto some = rules(publish({"a.*", "b.>"}, {"b.secret.>", "a.x"}));
  EXPECT_TRUE(some->may_publish("a.b"));
  EXPECT_TRUE(some->may_publish("b.c.d"));
  EXPECT_FALSE(some->may_publish("a.b.c"));
  EXPECT_FALSE(some->may_publish("c"));
  EXPECT_FALSE(some->may_publish("b.secret.key"));
  EXPECT_FALSE(some->may_publish("a.x"));
  EXPECT_FALSE(some->may_publish("a."));
}

TEST(Permissions, deny_alone_leaves_the_rest_allowed) {
  PermissionSpec spec;
  spec.publish_deny = {"secret.>"};
  EXPECT_TRUE(rules(spec)->may_publish("a"));
  EXPECT_FALSE(rules(spec)->may_publish("secret.a"));
}

TEST(Permissions, empty_publish_list_allows_nothing) { EXPECT_FALSE(rules(publish({}))->may_publish("a")); }

TEST(Permissions, subscription_needs_a_rule_that_covers_all_of_it) {
  const auto some = rules(subscribe({"a.*", "b.>", "c"}));
  EXPECT_TRUE(some->may_subscribe("a.b", ""));
  EXPECT_TRUE(some->may_subscribe("a.*", ""));
  EXPECT_TRUE(some->may_subscribe("b.*.c", ""));
  EXPECT_TRUE(some->may_subscribe("b.>", "any"));
  EXPECT_FALSE(some->may_subscribe("a.>", "")) << "wider than the rule";
  EXPECT_FALSE(some->may_subscribe(">", ""));
  EXPECT_FALSE(some->may_subscribe("*", "")) << "c is only a part of it";
}

TEST(Permissions, rules_with_a_queue_speak_only_of_that_queue) {
  const auto queue_only = rules(subscribe({"foo v1"}));
  EXPECT_FALSE(queue_only->may_subscribe("foo", ""));
  EXPECT_TRUE(queue_only->may_subscribe("foo", "v1"));
  EXPECT_FALSE(queue_only->may_subscribe("foo", "v2"));

  const auto both = rules(subscribe({"foo", "foo v1", "bar"}));
  EXPECT_TRUE(both->may_subscribe("foo", ""));
  EXPECT_TRUE(both->may_subscribe("foo", "v1"));
  EXPECT_FALSE(both->may_subscribe("foo", "v2")) << "the rule with a queue decides about queues";
  EXPECT_TRUE(both->may_subscribe("bar", "v2"));
}

TEST(Permissions, queue_of_a_rule_may_have_wildcards) {
  const auto some = rules(subscribe({"foo v1.*", "foo v2.>"}));
  EXPECT_TRUE(some->may_subscribe("foo", "v1.dev"));
  EXPECT_TRUE(some->may_subscribe("foo", "v2.dev.eu"));
  EXPECT_TRUE(some->may_subscribe("foo", "v1.*")) << "a queue of that name";
  EXPECT_FALSE(some->may_subscribe("foo", "v1.dev.eu"));
  EXPECT_FALSE(some->may_subscribe("foo", "v3"));
}

TEST(Permissions, denied_queues_leave_plain_subscriptions_alone) {
  const auto some = rules(subscribe({}, {"foo v1", "bar"}));
  EXPECT_TRUE(some->may_subscribe("foo", ""));
  EXPECT_TRUE(some->may_subscribe("foo", "v2"));
  EXPECT_FALSE(some->may_subscribe("foo", "v1"));
  EXPECT_FALSE(some->may_subscribe("bar", ""));
  EXPECT_FALSE(some->may_subscribe("bar", "any"));
}

TEST(Permissions, wildcard_over_a_denied_subject_is_granted_and_filtered) {
  Permissions some(rules(subscribe({}, {"a.secret", "x.*"})));
  EXPECT_TRUE(some.may_subscribe("a.*", ""));
  EXPECT_TRUE(some.needs_filter("a.*", ""));
  EXPECT_TRUE(some.needs_filter(">", ""));
  EXPECT_FALSE(some.needs_filter("b.*", ""));
  EXPECT_FALSE(some.needs_filter("a.b", ""));
  EXPECT_FALSE(some.may_subscribe("x.*", "")) << "denied as a whole";
  EXPECT_FALSE(some.may_subscribe("x.>", ""));
  for (int again = 0; again < 2; ++again) {
    EXPECT_FALSE(some.may_deliver("a.secret", ""));
    EXPECT_TRUE(some.may_deliver("a.open", ""));
  }
}

TEST(Permissions, filter_of_a_denied_queue_is_for_its_members) {
  Permissions some(rules(subscribe({}, {"a.b q"})));
  EXPECT_FALSE(some.needs_filter("a.*", ""));
  EXPECT_FALSE(some.needs_filter("a.*", "other"));
  EXPECT_TRUE(some.needs_filter("a.*", "q"));
  for (int again = 0; again < 2; ++again) {
    EXPECT_TRUE(some.may_deliver("a.b", ""));
    EXPECT_TRUE(some.may_deliver("a.b", "other"));
    EXPECT_FALSE(some.may_deliver("a.b", "q"));
  }
}

TEST(Permissions, entries_that_are_no_subjects_are_named) {
  const auto refusal = [](const PermissionSpec& spec) {
    std::string why;
    EXPECT_EQ(PermissionRules::make(spec, why), nullptr);
    return why;
  };
  EXPECT_NE(refusal(publish({"ok", "a..b"})).find("publish allow list has \"a..b\""), std::string::npos);
  EXPECT_NE(refusal(publish({}, {"a queue"})).find("publish deny"), std::string::npos);
  EXPECT_NE(refusal(subscribe({"a b c"})).find("subscribe allow"), std::string::npos);
  EXPECT_NE(refusal(subscribe({}, {""})).find("subscribe deny"), std::string::npos);
  EXPECT_NE(refusal(subscribe({"a b..c"})).find("a b..c"), std::string::npos);
}

TEST(Permissions, responder_may_answer_only_what_it_was_asked) {
  PermissionSpec spec;
  spec.responses = ResponseRule{1, 1000};
  Permissions responder(rules(spec));
  EXPECT_TRUE(responder.tracks_requests());
  EXPECT_FALSE(responder.may_publish("_INBOX.1", 0));
  responder.note_request("_INBOX.1", 0);
  EXPECT_TRUE(responder.may_publish("_INBOX.1", 1));
  EXPECT_FALSE(responder.may_publish("_INBOX.1", 2)) << "one message was granted";
  responder.note_request("_INBOX.2", 0);
  EXPECT_FALSE(responder.may_publish("_INBOX.2", 1001));
}

TEST(Permissions, listed_subjects_use_up_no_grant) {
  PermissionSpec spec = publish({"log.>"}, {"log.deny"});
  spec.responses = ResponseRule{1, 1000};
  Permissions responder(rules(spec));
  responder.note_request("log.a", 0);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(responder.may_publish("log.a", i));
  EXPECT_FALSE(responder.may_publish("log.deny", 0));
  responder.note_request("log.deny", 0);
  EXPECT_TRUE(responder.may_publish("log.deny", 0)) << "a request outweighs the deny list";
  EXPECT_FALSE(responder.may_publish("log.deny", 0));
}

TEST(Permissions, remembered_decisions_are_the_decisions_of_the_lists) {
  const auto some = rules(publish({"a.*"}, {"a.7"}));
  Permissions connection(some);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1000; ++i) {
      for (const char* prefix : {"a.", "b."}) {
        const std::string subject = prefix + std::to_string(i);
        EXPECT_EQ(connection.may_publish(subject, 0), some->may_publish(subject)) << subject;
      }
    }
  }
}

TEST(DecisionCache, answers_belong_to_subject_and_queue) {
  DecisionCache cache;
  EXPECT_EQ(cache.find("a", ""), std::nullopt);
  EXPECT_EQ(cache.find("", ""), std::nullopt);
  cache.keep("ab", "", true);
  cache.keep("a", "b", false);
  cache.keep("", "", true);
  EXPECT_EQ(cache.find("ab", ""), true);
  EXPECT_EQ(cache.find("a", "b"), false);
  EXPECT_EQ(cache.find("", "ab"), std::nullopt);
  EXPECT_EQ(cache.find("", ""), std::nullopt);
  const std::string too_long(DecisionCache::kMaxKeyBytes + 1, 'x');
  cache.keep(too_long, "", true);
  EXPECT_EQ(cache.find(too_long, ""), std::nullopt);
}

}  // namespace
}  // namespace switchyard::nats
