#include "plugins/nats/scope_template.h"

#include <gtest/gtest.h>

namespace switchyard::nats {
namespace {

using Lists = std::vector<std::string>;

struct ScopeTemplate : testing::Test {
  ScopeTemplate() {
    user.head.name = "myname";
    user.head.subject = "UKEY";
    user.head.tags = {"foo:foo1", "foo:foo2", "bar:b1", "bar:b2", "bar:b3", "wild:*", "empty:", "space:a b"};
    account.name = "accname";
    account.subject = "AKEY";
    account.tags = {"acc:acc1", "acc:acc2"};
  }

  std::optional<PermissionClaims> fill() const { return fill_scope(scope, user, account); }
  Lists allowed(Lists list) {
    scope.publish.allow = std::move(list);
    const auto out = fill();
    return out ? out->publish.allow : Lists{"(none)"};
  }

  PermissionClaims scope;
  UserClaims user;
  ClaimsHead account;
};

TEST_F(ScopeTemplate, names_and_keys_stand_in_their_places) {
  EXPECT_EQ(allowed({"a.{{name()}}.{{subject()}}.{{account-name()}}.{{account-subject()}}.>"}),
            (Lists{"a.myname.UKEY.accname.AKEY.>"}));
  EXPECT_EQ(allowed({"plain.*", "KV_{{ Name() }}_x"}), (Lists{"plain.*", "KV_myname_x"}));
}

TEST_F(ScopeTemplate, tags_become_every_combination) {
  EXPECT_EQ(allowed({"{{tag(foo)}}.none.{{tag(bar)}}"}),
            (Lists{"foo1.none.b1", "foo2.none.b1", "foo1.none.b2", "foo2.none.b2", "foo1.none.b3", "foo2.none.b3"}));
  EXPECT_EQ(allowed({"{{account-tag(ACC)}}"}), (Lists{"acc1", "acc2"}));
}

TEST_F(ScopeTemplate, a_variable_has_one_value_in_all_its_places) {
  EXPECT_EQ(allowed({"{{tag(foo)}}.{{tag(foo)}}"}), (Lists{"foo1.foo1", "foo2.foo2"}));
}

TEST_F(ScopeTemplate, an_allow_list_that_empties_allows_nothing) {
  scope.subscribe.allow = {"{{tag(nobody)}}"};
  scope.publish.allow = {"{{tag(nobody)}}.x"};
  const auto out = fill();
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->subscribe.allow_nothing);
  EXPECT_EQ(out->subscribe.deny, Lists{">"});
  EXPECT_TRUE(out->publish.allow_nothing);
  EXPECT_FALSE(out->empty());
}

TEST_F(ScopeTemplate, a_deny_that_cannot_be_made_refuses_the_user) {
  scope.publish.deny = {"{{tag(nobody)}}"};
  EXPECT_FALSE(fill());
  scope.publish.deny = {"{{tag(space)}}"};
  EXPECT_FALSE(fill());
  scope.publish.deny = {"x.{{tag(foo)}}"};
  ASSERT_TRUE(fill());
  EXPECT_EQ(fill()->publish.deny, (Lists{"x.foo1", "x.foo2"}));
}

TEST_F(ScopeTemplate, an_unknown_variable_refuses_the_user) {
  scope.publish.allow = {"{{password()}}"};
  EXPECT_FALSE(fill());
  scope.publish.allow = {"{{}}"};
  EXPECT_FALSE(fill());
}

TEST_F(ScopeTemplate, a_value_never_widens_the_scope) {
  EXPECT_EQ(allowed({"a.{{tag(wild)}}", "b"}), (Lists{"b"}));
  user.head.name = ">";
  EXPECT_EQ(allowed({"a.{{name()}}", "b"}), (Lists{"b"}));
  user.head.name = "x.>";
  EXPECT_EQ(allowed({"a.{{name()}}", "b"}), (Lists{"b"}));
  user.head.name = "x queue";
  EXPECT_EQ(allowed({"a.{{name()}}", "b"}), (Lists{"b"}));
  user.head.name = "{{subject()}}";
  EXPECT_EQ(allowed({"a.{{name()}}"}), (Lists{"a.{{subject()}}"}));
  user.head.name = "";
  EXPECT_EQ(allowed({"a.{{name()}}", "b"}), (Lists{"b"}));
}

TEST_F(ScopeTemplate, queues_of_subscriptions_stay) {
  scope.subscribe.allow = {"in.{{account-tag(acc)}} workers"};
  ASSERT_TRUE(fill());
  EXPECT_EQ(fill()->subscribe.allow, (Lists{"in.acc1 workers", "in.acc2 workers"}));
}

TEST_F(ScopeTemplate, combinations_are_bounded) {
  user.head.tags.clear();
  for (int i = 0; i < 17; ++i) user.head.tags.push_back("t:" + std::to_string(i));
  account.tags.clear();
  for (int i = 0; i < 17; ++i) account.tags.push_back("t:" + std::to_string(i));
  scope.publish.allow = {"{{tag(t)}}.{{account-tag(t)}}"};
  ASSERT_TRUE(fill());
  EXPECT_EQ(fill()->publish.allow.size(), 289u);
  scope.publish.allow.assign(15, "{{tag(t)}}.{{account-tag(t)}}");
  EXPECT_FALSE(fill());
}

}  // namespace
}  // namespace switchyard::nats
