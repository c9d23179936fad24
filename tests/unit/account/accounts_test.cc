#include "kernel/account/accounts.h"

#include <gtest/gtest.h>

#include "kernel/account/records.h"
#include "kernel/base/ids.h"
#include "kernel/base/log.h"
#include "tests/unit/account/account_rig.h"

namespace switchyard::account {
namespace {

TEST(Accounts, a_created_credential_authenticates_on_every_lane) {
  AccountRig rig(4);
  const auto ns = rig.make_namespace(account_namespace("orders", "111111111111"), 3);
  ASSERT_TRUE(ns) << ns.error().message;
  const auto credential = rig.make_credential(new_credential(ns->id, "KEY1", "s3cret"), 2);
  ASSERT_TRUE(credential) << credential.error().message;
  for (std::size_t lane = 0; lane < 4; ++lane) {
    Principal principal;
    ASSERT_EQ(verify(rig.view(lane), "KEY1", "s3cret", &principal), Code::ok) << lane;
    EXPECT_EQ(principal.ns->number, ns->number);
    EXPECT_EQ(principal.credential->id, credential->id);
    EXPECT_EQ(verify(rig.view(lane), "KEY1", "s3cret"), Code::ok) << "the second time from the cache";
  }
}

TEST(Accounts, the_three_failures_are_told_apart) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  auto wanted = new_credential(ns->id, "KEY1", "s3cret");
  wanted.expires_ms = rig.clock.wall_ms() + 1000;
  ASSERT_TRUE(rig.make_credential(wanted));
  EXPECT_EQ(verify(rig.view(), "NOBODY", "s3cret"), Code::not_found);
  EXPECT_EQ(verify(rig.view(), "KEY1", "wrong"), Code::unauthenticated);
  EXPECT_EQ(verify(rig.view(), "KEY1", "s3cret"), Code::ok);
  rig.clock.advance_ms(999);
  EXPECT_EQ(verify(rig.view(), "KEY1", "s3cret"), Code::ok);
  rig.clock.advance_ms(1);
  EXPECT_EQ(verify(rig.view(), "KEY1", "s3cret"), Code::denied);
  EXPECT_EQ(verify(rig.view(), "KEY1", "wrong"), Code::unauthenticated) << "only the holder learns of the expiry";
}

TEST(Accounts, a_wrong_signature_fails_also_when_the_key_is_cached) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  ASSERT_TRUE(rig.make_credential(new_credential(ns->id, "KEY1", "s3cret")));
  ASSERT_EQ(verify(rig.view(), "KEY1", "s3cret"), Code::ok);
  EXPECT_EQ(verify(rig.view(), "KEY1", "wrong"), Code::unauthenticated);
  Principal principal;
  EXPECT_EQ(rig.view().verify_mac({"KEY1", kScope, "string to sign", ""}, principal), Code::unauthenticated);
  EXPECT_EQ(principal.ns, nullptr);
}

TEST(Accounts, a_signature_for_one_scope_is_not_one_for_another) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  ASSERT_TRUE(rig.make_credential(new_credential(ns->id, "KEY1", "s3cret")));
  const auto signature = client_signature("s3cret", kScope, "x");
  Principal principal;
  ASSERT_EQ(rig.view().verify_mac({"KEY1", kScope, "x", signature}, principal), Code::ok);
  EXPECT_EQ(rig.view().verify_mac({"KEY1", {"20260102", "us-east-1", "sqs"}, "x", signature}, principal),
            Code::unauthenticated);
  EXPECT_EQ(rig.view().verify_mac({"KEY1", {"20260101", "us-east-1", "sns"}, "x", signature}, principal),
            Code::unauthenticated);
}

TEST(Accounts, a_rotated_secret_is_in_force_on_every_lane_before_the_writer_is_answered) {
  AccountRig rig(3);
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  const auto credential = rig.make_credential(new_credential(ns->id, "KEY1", "old"));
  for (std::size_t lane = 0; lane < 3; ++lane) ASSERT_EQ(verify(rig.view(lane), "KEY1", "old"), Code::ok);
  CredentialChange change;
  change.secret = Secret("new");
  bool answered = false;
  rig.accounts().update_credential(1, credential->id, change, [&](Result<Credential> result) {
    ASSERT_TRUE(result);
    answered = true;
    for (std::size_t lane = 0; lane < 3; ++lane) {
      EXPECT_EQ(verify(rig.view(lane), "KEY1", "old"), Code::unauthenticated) << lane;
      EXPECT_EQ(verify(rig.view(lane), "KEY1", "new"), Code::ok) << lane;
    }
  });
  EXPECT_FALSE(answered) << "never from inside the call";
  rig.run();
  EXPECT_TRUE(answered);
}

TEST(Accounts, a_deleted_credential_stops_on_every_lane_before_the_writer_is_answered) {
  AccountRig rig(3);
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  const auto credential = rig.make_credential(new_credential(ns->id, "KEY1", "s"));
  for (std::size_t lane = 0; lane < 3; ++lane) ASSERT_EQ(verify(rig.view(lane), "KEY1", "s"), Code::ok);
  bool answered = false;
  rig.accounts().delete_credential(2, credential->id, [&](const Status& status) {
    ASSERT_TRUE(status);
    answered = true;
    for (std::size_t lane = 0; lane < 3; ++lane) {
      EXPECT_EQ(verify(rig.view(lane), "KEY1", "s"), Code::not_found) << lane;
    }
  });
  rig.run();
  EXPECT_TRUE(answered);
}

TEST(Accounts, a_deleted_namespace_takes_its_credentials_along_and_frees_its_owner) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  ASSERT_TRUE(rig.make_credential(new_credential(ns->id, "KEY1", "s")));
  std::optional<Status> answer;
  rig.accounts().delete_namespace(1, ns->id, [&](Status status) { answer = std::move(status); });
  rig.run();
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ(verify(rig.view(), "KEY1", "s"), Code::not_found);
  EXPECT_EQ(rig.view().find_namespace(ns->number), nullptr);
  EXPECT_EQ(rig.view(1).credentials(), 0u);
  const auto again = rig.make_namespace(account_namespace("orders", "1"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_NE(again->number, ns->number) << "a number is never reused";
  ASSERT_TRUE(rig.make_credential(new_credential(again->id, "KEY1", "t")));
  EXPECT_EQ(verify(rig.view(), "KEY1", "t"), Code::ok);
}

TEST(Accounts, a_credential_made_while_its_namespace_is_deleted_does_not_stay) {
  AccountRig rig(2);
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  // Both are submitted before either is durable: each sees the namespace.
  std::optional<Result<Credential>> created;
  std::optional<Status> deleted;
  rig.accounts().delete_namespace(0, ns->id, [&](Status status) { deleted = std::move(status); });
  rig.accounts().create_credential(0, new_credential(ns->id, "KEY1", "s"),
                                   [&](Result<Credential> result) { created = std::move(result); });
  rig.run();
  ASSERT_TRUE(deleted && *deleted);
  ASSERT_TRUE(created.has_value());
  EXPECT_EQ(created->code(), Code::not_found);
  EXPECT_EQ(rig.view().credentials(), 0u);
  EXPECT_EQ(rig.view(1).credentials(), 0u);
}

TEST(Accounts, access_keys_and_owners_are_unique_also_in_a_race) {
  AccountRig rig(2);
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  int ok = 0, exists = 0;
  for (std::size_t lane = 0; lane < 2; ++lane) {
    rig.accounts().create_credential(lane, new_credential(ns->id, "KEY1", "s" + std::to_string(lane)),
                                     [&](const Result<Credential>& result) {
                                       ok += result.ok();
                                       exists += result.code() == Code::exists;
                                     });
    rig.accounts().create_namespace(lane, account_namespace("twins", "2"), [&](const Result<Namespace>& result) {
      ok += result.ok();
      exists += result.code() == Code::exists;
    });
  }
  rig.run();
  EXPECT_EQ(ok, 2);
  EXPECT_EQ(exists, 2);
}

TEST(Accounts, nothing_of_a_failed_write_is_kept) {
  AccountRig rig;
  std::optional<Result<Namespace>> answer;
  rig.accounts().create_namespace(1, account_namespace("orders", "1"),
                                  [&](auto result) { answer = std::move(result); });
  rig.run(Error{Code::io, "disk"});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->code(), Code::io);
  EXPECT_EQ(rig.view().namespaces(), 0u);
}

TEST(Accounts, everything_is_the_same_after_a_restart) {
  AccountRig rig;
  auto wanted = account_namespace("orders", "1");
  wanted.region = "eu-west-1";
  wanted.limits.max_message_bytes = 4096;
  wanted.limits.max_stored_bytes = 0;
  const auto ns = rig.make_namespace(wanted);
  ASSERT_TRUE(rig.make_credential(new_credential(ns->id, "KEY1", "s")));
  rig.restart();
  const auto* again = rig.view().find_namespace(ns->id);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->number, ns->number);
  EXPECT_EQ(again->shard, ns->shard);
  EXPECT_EQ(again->region, "eu-west-1");
  EXPECT_EQ(again->limits, wanted.limits);
  EXPECT_EQ(verify(rig.view(1), "KEY1", "s"), Code::ok);
  EXPECT_TRUE(rig.view().check_sealing());
}

TEST(Accounts, no_secret_reaches_the_disk_in_the_clear) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  ASSERT_TRUE(rig.make_credential(new_credential(ns->id, "KEY1", "very-secret-text")));
  EXPECT_NE(rig.disk().find("KEY1"), std::string::npos) << "the check sees the record";
  EXPECT_EQ(rig.disk().find("very-secret"), std::string::npos);
}

TEST(Accounts, namespaces_of_one_project_share_a_shard) {
  AccountRig rig;
  NewNamespace queues, topics;
  queues.name = topics.name = "shop";
  queues.style = topics.style = Style::project;
  topics.protocol = Protocol::nats;
  queues.project_id = topics.project_id = random_uuid_text();
  const auto a = rig.make_namespace(queues), b = rig.make_namespace(topics);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->shard, b->shard);
  EXPECT_LT(a->shard, 64);
  EXPECT_EQ(a->owner, "project-" + queues.project_id);
  EXPECT_EQ(rig.view().find_by_name_or_id("shop"), nullptr) << "two have the name";
  EXPECT_EQ(rig.view().find_by_name_or_id("nats/shop")->id, b->id);
  EXPECT_EQ(rig.view().find_by_name_or_id("sqs_sns/" + a->id)->id, a->id);
  EXPECT_EQ(rig.view().find_by_name_or_id("nats/" + a->id), nullptr);
  EXPECT_EQ(rig.view().find_by_name_or_id("topics/shop"), nullptr);
  EXPECT_EQ(rig.view().find_by_name_or_id("smtp/shop"), nullptr);
  EXPECT_EQ(rig.view().find_by_name_or_id(a->id)->id, a->id);
}

TEST(Accounts, shards_are_used_evenly) {
  std::array<int, 64> count{};
  for (int i = 0; i < 6400; ++i) ++count[shard_of(random_uuid_text())];
  for (const int n : count) EXPECT_NEAR(n, 100, 70);
}

TEST(Accounts, what_cannot_be_is_refused_with_a_sentence) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  EXPECT_EQ(rig.make_namespace(account_namespace("", "2")).code(), Code::invalid);
  EXPECT_EQ(rig.make_namespace(account_namespace(std::string(129, 'x'), "2")).code(), Code::invalid);
  EXPECT_EQ(rig.make_namespace(account_namespace("a\nb", "2")).code(), Code::invalid);
  EXPECT_EQ(rig.make_namespace(account_namespace("a", "2/3")).code(), Code::invalid);
  NewNamespace project;
  project.name = "p";
  project.style = Style::project;
  project.project_id = "not-a-uuid";
  EXPECT_EQ(rig.make_namespace(project).code(), Code::invalid);
  EXPECT_EQ(rig.make_credential(new_credential(ns->id, "a/b", "s")).code(), Code::invalid);
  EXPECT_EQ(rig.make_credential(new_credential(ns->id, "", "s")).code(), Code::invalid);
  EXPECT_EQ(rig.make_credential(new_credential(ns->id, "KEY", "")).code(), Code::invalid);
  EXPECT_EQ(rig.make_credential(new_credential("nowhere", "KEY", "s")).code(), Code::not_found);
  const auto taken = rig.make_namespace(account_namespace("other", "1"));
  EXPECT_EQ(taken.code(), Code::exists);
  EXPECT_NE(taken.error().message.find("'1'"), std::string::npos);
}

TEST(Accounts, updates_change_only_what_they_name) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  auto wanted = new_credential(ns->id, "KEY1", "s");
  wanted.permissions = kMayReceive;
  const auto credential = rig.make_credential(wanted);
  rig.clock.advance_ms(5000);
  CredentialChange rename;
  rename.name = "renamed";
  rig.accounts().update_credential(0, credential->id, rename, [](const Result<Credential>& r) { EXPECT_TRUE(r); });
  NamespaceChange limit;
  limit.limits = LimitOverrides{};
  limit.limits->max_stored_bytes = 5;
  rig.accounts().update_namespace(0, ns->id, limit, [](const Result<Namespace>& r) { EXPECT_TRUE(r); });
  rig.run();
  const auto* now = rig.view(1).find_credential("KEY1");
  EXPECT_EQ(now->name, "renamed");
  EXPECT_EQ(now->permissions, kMayReceive);
  EXPECT_EQ(now->created_ns, credential->created_ns);
  EXPECT_EQ(now->updated_ns, credential->created_ns + 5000LL * 1000 * 1000);
  EXPECT_EQ(verify(rig.view(1), "KEY1", "s"), Code::ok);
  EXPECT_EQ(rig.view(1).find_namespace(ns->id)->name, "orders");
  EXPECT_EQ(rig.view(1).find_namespace(ns->id)->number, ns->number) << "an update keeps the number";
  EXPECT_EQ(effective_limits(*rig.view(1).find_namespace(ns->id), {}).max_stored_bytes, 5u);
}

TEST(Accounts, observers_hear_of_present_new_changed_and_deleted_namespaces) {
  AccountRig rig;
  const auto first = rig.make_namespace(account_namespace("first", "1"));
  std::vector<std::string> heard;
  rig.view(1).observe_namespaces([&](NamespaceNumber number, const Namespace* ns) {
    heard.push_back(std::to_string(number == first->number) + (ns ? ns->name : "gone"));
  });
  ASSERT_TRUE(rig.make_namespace(account_namespace("second", "2")));
  NamespaceChange change;
  change.name = "renamed";
  rig.accounts().update_namespace(0, first->id, change, [](const auto&) {});
  rig.run();
  rig.accounts().delete_namespace(0, first->id, [](const auto&) {});
  rig.run();
  EXPECT_EQ(heard, (std::vector<std::string>{"1first", "0second", "1renamed", "1gone"}));
}

TEST(Accounts, orphans_of_a_crash_are_swept) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  ASSERT_TRUE(rig.make_credential(new_credential(ns->id, "KEY1", "s")));
  rig.accounts().kv().commit(0, {{namespace_key(ns->id), std::nullopt}}, [](const auto&) {});
  rig.run();
  EXPECT_EQ(verify(rig.view(), "KEY1", "s"), Code::not_found) << "an orphan authenticates nobody";
  log::set_level(log::Level::off);
  rig.accounts().sweep_orphans(0, [](const Status& status) { EXPECT_TRUE(status); });
  rig.run();
  log::set_level(log::Level::info);
  EXPECT_EQ(rig.view(1).find_credential("KEY1"), nullptr);
}

TEST(Accounts, another_sealing_key_is_noticed_at_start) {
  AccountRig rig;
  const auto ns = rig.make_namespace(account_namespace("orders", "1"));
  ASSERT_TRUE(rig.make_credential(new_credential(ns->id, "KEY1", "s")));
  const Sealer other(SealingKey::random());
  AccountView view(0, other, rig.clock);
  view.attach(rig.accounts().kv());
  const auto status = view.check_sealing();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find(other.key().id_text()), std::string::npos);
  log::set_level(log::Level::off);
  EXPECT_EQ(verify(view, "KEY1", "s"), Code::unauthenticated);
  log::set_level(log::Level::info);
}

TEST(Accounts, records_that_no_server_wrote_are_refused_whole) {
  Namespace ns;
  ns.id = "n";
  ns.name = "orders";
  ns.owner = "1";
  ns.limits.max_connections = 3;
  const auto good = encode(ns);
  ASSERT_TRUE(decode_namespace("ns/n", good));
  EXPECT_EQ(encode(*decode_namespace("ns/n", good)), good);
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(decode_namespace("ns/n", good.substr(0, n))) << n;
  EXPECT_FALSE(decode_namespace("ns/n", good + "x"));
  EXPECT_FALSE(decode_namespace("cred/n", good));
  auto bad = good;
  bad[1] = 9;
  EXPECT_FALSE(decode_namespace("ns/n", bad)) << "unknown protocol";
  Credential credential;
  credential.id = "c";
  credential.access_key = "K";
  credential.sealed_secret = "xyz";
  credential.expires_ms = -1;
  const auto text = encode(credential);
  ASSERT_TRUE(decode_credential("cred/K", text));
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_FALSE(decode_credential("cred/K", text.substr(0, n))) << n;
}

TEST(Accounts, limits_follow_style_and_origin_unless_overridden) {
  const LimitDefaults defaults;
  Namespace ns;
  ns.style = Style::account;
  ns.origin = Origin::dev;
  EXPECT_EQ(effective_limits(ns, defaults).max_message_bytes, 1u << 20);
  EXPECT_EQ(effective_limits(ns, defaults).max_stored_bytes, 0u);
  ns.style = Style::project;
  ns.origin = Origin::control;
  EXPECT_EQ(effective_limits(ns, defaults).max_message_bytes, 256u << 10);
  EXPECT_EQ(effective_limits(ns, defaults).max_stored_bytes, 100'000'000u);
  ns.limits.max_stored_bytes = 0;
  ns.limits.max_message_bytes = 7;
  EXPECT_EQ(effective_limits(ns, defaults).max_message_bytes, 7u);
  EXPECT_EQ(effective_limits(ns, defaults).max_stored_bytes, 0u);
}

}  // namespace
}  // namespace switchyard::account
