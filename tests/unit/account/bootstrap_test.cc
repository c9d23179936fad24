#include "kernel/account/bootstrap.h"

#include <gtest/gtest.h>

#include <regex>

#include "tests/unit/account/account_rig.h"

namespace switchyard::account {
namespace {

DeclaredNamespace declared(std::string name, std::string account_id, std::vector<DeclaredCredential> credentials = {}) {
  DeclaredNamespace out;
  out.name = std::move(name);
  out.account_id = std::move(account_id);
  out.credentials = std::move(credentials);
  return out;
}

DeclaredCredential key(std::string name, std::string access_key, std::string secret,
                       std::uint32_t permissions = kMayAll) {
  return {std::move(name), std::move(access_key), Secret(std::move(secret)), permissions};
}

using Names = std::vector<std::string>;

TEST(Bootstrap, declared_accounts_are_there_and_a_second_run_changes_nothing) {
  AccountRig rig;
  const std::vector<DeclaredNamespace> wanted = {declared("orders", "1", {key("worker", "test", "test")}),
                                                 declared("mail", "2", {key("worker", "mail", "x", kMayReceive)})};
  const auto first = rig.apply(wanted);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->created,
            (Names{"namespace orders", "credential orders/worker", "namespace mail", "credential mail/worker"}));
  EXPECT_EQ(verify(rig.view(1), "test", "test"), Code::ok);
  EXPECT_EQ(rig.view().find_credential("mail")->permissions, kMayReceive);
  EXPECT_NE(rig.view().find_by_owner(Protocol::sqs_sns, "1")->number,
            rig.view().find_by_owner(Protocol::sqs_sns, "2")->number);

  const auto batches = rig.durable_batches();
  rig.restart();
  const auto second = rig.apply(wanted, 1);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->created.empty() && second->updated.empty() && second->kept.empty());
  EXPECT_EQ(rig.durable_batches(), batches) << "nothing was written";
}

TEST(Bootstrap, changed_secrets_permissions_limits_and_keys_are_updated_in_place) {
  AccountRig rig;
  ASSERT_TRUE(rig.apply({declared("orders", "1", {key("a", "A", "1"), key("b", "B", "2")})}));
  const auto number = rig.view().find_by_owner(Protocol::sqs_sns, "1")->number;
  const auto id = rig.view().find_credential("A")->id;
  auto next = declared("orders", "1", {key("a", "A2", "1"), key("b", "B", "22", kMayPublish)});
  next.limits.max_stored_bytes = 1000;
  const auto report = rig.apply({next});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->updated, (Names{"namespace orders", "credential orders/a", "credential orders/b"}));
  EXPECT_EQ(verify(rig.view(), "A", "1"), Code::not_found);
  EXPECT_EQ(verify(rig.view(), "A2", "1"), Code::ok);
  EXPECT_EQ(rig.view().find_credential("A2")->id, id);
  EXPECT_EQ(verify(rig.view(), "B", "22"), Code::ok);
  EXPECT_EQ(rig.view().find_credential("B")->permissions, kMayPublish);
  EXPECT_EQ(rig.view().find_by_owner(Protocol::sqs_sns, "1")->number, number);
}

TEST(Bootstrap, two_credentials_may_swap_their_access_keys) {
  AccountRig rig;
  ASSERT_TRUE(rig.apply({declared("orders", "1", {key("a", "A", "1"), key("b", "B", "2")})}));
  const auto report = rig.apply({declared("orders", "1", {key("a", "B", "1"), key("b", "A", "2")})});
  ASSERT_TRUE(report) << report.error().message;
  for (std::size_t lane = 0; lane < rig.lanes(); ++lane) {
    EXPECT_EQ(verify(rig.view(lane), "B", "1"), Code::ok);
    EXPECT_EQ(verify(rig.view(lane), "A", "2"), Code::ok);
    EXPECT_EQ(rig.view(lane).credentials(), 2u);
    const auto* a = rig.view(lane).find_credential("A");
    EXPECT_EQ(rig.view(lane).find_credential_by_id(a->id), a);
  }
}

TEST(Bootstrap, an_access_key_may_move_to_another_declared_namespace) {
  AccountRig rig;
  ASSERT_TRUE(rig.apply({declared("a", "1", {key("w", "K", "s")}), declared("b", "2")}));
  ASSERT_TRUE(rig.apply({declared("a", "1"), declared("b", "2", {key("w", "K", "s")})}));
  Principal principal;
  ASSERT_EQ(verify(rig.view(1), "K", "s", &principal), Code::ok);
  EXPECT_EQ(principal.ns->name, "b");
}

TEST(Bootstrap, what_is_no_longer_declared_is_reported_and_kept) {
  AccountRig rig;
  ASSERT_TRUE(rig.apply({declared("orders", "1", {key("a", "A", "1"), key("b", "B", "2")}), declared("mail", "2")}));
  const auto report = rig.apply({declared("orders", "1", {key("a", "A", "1")})});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->kept, (Names{"credential orders/b", "namespace mail"}));
  EXPECT_EQ(verify(rig.view(), "B", "2"), Code::ok);
}

TEST(Bootstrap, a_renamed_namespace_keeps_its_number_by_its_owner) {
  AccountRig rig;
  ASSERT_TRUE(rig.apply({declared("orders", "1")}));
  const auto number = rig.view().find_by_owner(Protocol::sqs_sns, "1")->number;
  ASSERT_TRUE(rig.apply({declared("shop", "1")}));
  const auto* ns = rig.view().find_by_name(Protocol::sqs_sns, "shop");
  ASSERT_NE(ns, nullptr);
  EXPECT_EQ(ns->number, number);
  EXPECT_EQ(rig.view().find_by_name(Protocol::sqs_sns, "orders"), nullptr);
}

TEST(Bootstrap, another_account_id_moves_the_namespace_with_its_name) {
  AccountRig rig;
  ASSERT_TRUE(rig.apply({declared("orders", "1")}));
  const auto number = rig.view().find_by_owner(Protocol::sqs_sns, "1")->number;
  ASSERT_TRUE(rig.apply({declared("orders", "9")}));
  EXPECT_EQ(rig.view(1).find_by_owner(Protocol::sqs_sns, "1"), nullptr);
  EXPECT_EQ(rig.view(1).find_by_owner(Protocol::sqs_sns, "9")->number, number);
  ASSERT_TRUE(rig.apply({declared("orders", "9"), declared("new", "1")})) << "the old owner is free";
}

TEST(Bootstrap, contradictions_are_refused_before_anything_is_written) {
  AccountRig rig;
  const auto expect_refused = [&](std::vector<DeclaredNamespace> wanted, const std::string& part) {
    const auto report = rig.apply(std::move(wanted));
    ASSERT_FALSE(report) << part;
    EXPECT_NE(report.error().message.find(part), std::string::npos) << report.error().message;
    EXPECT_EQ(rig.durable_batches(), 0u);
  };
  expect_refused({declared("a", "1"), declared("a", "2")}, "'a' is declared twice");
  expect_refused({declared("a", "1"), declared("b", "1")}, "both own '1'");
  expect_refused({declared("a", ""), declared("b", "")}, "both own '000000000000'");
  expect_refused({declared("a", "1", {key("w", "K", "s")}), declared("b", "2", {key("v", "K", "s")})}, "'a/w'");
  expect_refused({declared("a", "1", {key("w", "K", "s"), key("w", "L", "s")})}, "'a/w' is declared twice");
  expect_refused({declared("a", "1", {key("w", "K K", "s")})}, "access key");
  expect_refused({declared("a", "1", {key("w", "K", "")})}, "secret");
  expect_refused({declared("", "1")}, "name");
}

TEST(Bootstrap, accounts_of_the_control_api_are_never_taken_over) {
  AccountRig rig;
  const auto control = rig.make_namespace(account_namespace("orders", "1"));
  ASSERT_TRUE(rig.make_credential(new_credential(control->id, "K", "s")));
  EXPECT_EQ(rig.apply({declared("x", "1")}).code(), Code::exists);
  EXPECT_EQ(rig.apply({declared("x", "2", {key("w", "K", "t")})}).code(), Code::exists);
  ASSERT_TRUE(rig.apply({declared("orders", "3")})) << "names may repeat";
  EXPECT_EQ(verify(rig.view(), "K", "s"), Code::ok);
}

TEST(Bootstrap, dev_accounts_are_made_once_per_protocol_and_stay_the_same) {
  AccountRig rig;
  const auto first = rig.dev({Protocol::sqs_sns, Protocol::nats});
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(first->size(), 2u);
  const auto& queue = first->front();
  EXPECT_TRUE(std::regex_match(queue.access_key, std::regex("[A-Z0-9]{20}")));
  EXPECT_TRUE(std::regex_match(std::string(queue.secret.view()), std::regex("[A-Za-z0-9]{40}")));
  const auto* ns = rig.view().find_namespace(queue.namespace_id);
  EXPECT_EQ(ns->name, "dev");
  EXPECT_EQ(ns->owner, "000000000000");
  EXPECT_EQ(ns->shard, rig.view().find_namespace(first->back().namespace_id)->shard) << "one project";

  const auto batches = rig.durable_batches();
  rig.restart();
  const auto second = rig.dev({Protocol::sqs_sns, Protocol::nats});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->front().access_key, queue.access_key);
  EXPECT_EQ(second->front().secret.view(), queue.secret.view());
  EXPECT_EQ(rig.durable_batches(), batches);
  EXPECT_EQ(verify(rig.view(1), queue.access_key, queue.secret.view()), Code::ok);

  const auto third = rig.dev({Protocol::sqs_sns, Protocol::nats, Protocol::topics});
  ASSERT_TRUE(third);
  EXPECT_EQ(third->size(), 3u) << "a new protocol is added";
}

TEST(Bootstrap, a_declared_account_replaces_the_dev_account) {
  AccountRig rig;
  ASSERT_TRUE(rig.apply({declared("ci", "000000000000", {key("w", "test", "test")})}));
  const auto dev = rig.dev({Protocol::sqs_sns});
  ASSERT_TRUE(dev);
  EXPECT_EQ(dev->front().access_key, "test");
  EXPECT_EQ(rig.view().namespaces(), 1u);
}

TEST(Bootstrap, a_dev_namespace_is_adopted_by_a_later_declaration_of_its_account) {
  AccountRig rig;
  const auto dev = rig.dev({Protocol::sqs_sns});
  ASSERT_TRUE(rig.apply({declared("ci", "", {key("w", "test", "test")})}));
  EXPECT_EQ(rig.view().namespaces(), 1u);
  EXPECT_EQ(rig.view().find_namespace(dev->front().namespace_id)->name, "ci");
  const auto again = rig.dev({Protocol::sqs_sns});
  EXPECT_EQ(again->front().access_key, dev->front().access_key) << "dev.env does not change";
}

TEST(Bootstrap, a_dev_account_without_a_usable_credential_gets_one) {
  AccountRig rig;
  ASSERT_TRUE(rig.apply({declared("ci", "", {key("w", "reader", "x", kMayReceive)})}));
  const auto dev = rig.dev({Protocol::sqs_sns});
  ASSERT_TRUE(dev) << dev.error().message;
  EXPECT_NE(dev->front().access_key, "reader");
  EXPECT_EQ(verify(rig.view(), dev->front().access_key, dev->front().secret.view()), Code::ok);
}

TEST(Bootstrap, a_failing_disk_ends_the_run_with_its_error) {
  AccountRig rig;
  std::optional<Result<BootstrapReport>> answer;
  apply_bootstrap(rig.accounts(), 0, {declared("a", "1")}, [&](auto result) { answer = std::move(result); });
  rig.run(Error{Code::io, "disk"});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->code(), Code::io);
}

}  // namespace
}  // namespace switchyard::account
