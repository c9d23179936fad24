// What the control API does with accounts: keys made here, services of a project, deletion of everything.
#include <gtest/gtest.h>

#include "kernel/account/accounts.h"
#include "kernel/account/nkeys.h"
#include "kernel/account/records.h"
#include "kernel/account/user_jwt.h"
#include "kernel/base/ids.h"
#include "tests/unit/account/account_rig.h"

namespace switchyard::account {
namespace {

constexpr const char* kProject = "11111111-2222-4333-8444-555555555555";

class ControlAccounts : public testing::Test {
 protected:
  template <class T, class Call>
  Result<T> answer(Call&& call) {
    std::optional<Result<T>> answer;
    call([&answer](Result<T> result) { answer = std::move(result); });
    rig.run();
    return answer ? std::move(*answer) : Result<T>(Error{Code::internal, "no answer"});
  }
  Result<Namespace> make(Protocol protocol, std::string name = "orders") {
    NewNamespace wanted;
    wanted.name = std::move(name);
    wanted.protocol = protocol;
    wanted.project_id = kProject;
    return rig.make_namespace(wanted);
  }
  Result<IssuedCredential> issue(const std::string& ns, std::uint8_t services = 0, std::int64_t expires_ms = 0,
                                 std::size_t lane = 1) {
    return answer<IssuedCredential>([&](auto done) {
      rig.accounts().issue_credential(lane, {ns, "worker", kMayAll, services, expires_ms}, done);
    });
  }
  Result<Namespace> activate(std::uint8_t service, const std::string& region = "fr-par", std::size_t lane = 0) {
    return answer<Namespace>(
        [&](auto done) { rig.accounts().activate_service(lane, kProject, region, service, done); });
  }
  Status deactivate(std::uint8_t service, bool force = false) {
    Status status = Error{Code::internal, "no answer"};
    rig.accounts().deactivate_service(1, kProject, "fr-par", service, force, [&](Status s) { status = std::move(s); });
    rig.run();
    return status;
  }
  Status remove(const std::string& id) {
    Status status = Error{Code::internal, "no answer"};
    rig.accounts().delete_namespace(1, id, [&](Status s) { status = std::move(s); });
    rig.run();
    return status;
  }
  void put(const std::string& key) {
    rig.accounts().kv().commit(0, {{key, "x"}}, [](const Result<std::uint64_t>& result) { ASSERT_TRUE(result); });
    rig.run();
  }
  bool there(const std::string& key) { return rig.accounts().kv().get(1, key) != nullptr; }

  AccountRig rig{2};
};

TEST_F(ControlAccounts, namespaces_of_the_control_api_have_the_public_key_of_an_account_as_id) {
  for (const auto protocol : {Protocol::nats, Protocol::sqs_sns}) {
    const auto ns = make(protocol);
    ASSERT_TRUE(ns) << ns.error().message;
    EXPECT_TRUE(decode_public_nkey(NkeyKind::account, ns->id)) << ns->id;
    EXPECT_EQ(ns->owner, ns->id);
  }
}

TEST_F(ControlAccounts, a_nats_user_gets_a_file_whose_token_the_accounts_signing_key_signed) {
  const auto ns = make(Protocol::nats);
  const auto issued = issue(ns->id);
  ASSERT_TRUE(issued) << issued.error().message;
  std::string file(issued->shown.view());
  const auto line = [&file](const std::string& behind) {
    const auto at = file.find(behind + "\n") + behind.size() + 1;
    return file.substr(at, file.find('\n', at) - at);
  };
  const auto token = line("-----BEGIN NATS USER JWT-----");
  const auto parts = split_jwt(token);
  ASSERT_TRUE(parts) << file;
  EXPECT_NE(ns->signing_key, ns->id) << "the account's own key signs nothing";
  EXPECT_TRUE(jwt_signed_by(*parts, rig.view(0).find_namespace(ns->id)->signing_key));
  EXPECT_NE(parts->claims.find("\"issuer_account\":\"" + ns->id + "\""), std::string::npos);
  const auto user = NkeyPair::from_seed(NkeyKind::user, line("-----BEGIN USER NKEY SEED-----"));
  ASSERT_TRUE(user);
  EXPECT_EQ(user->public_text(), issued->credential.access_key);
  EXPECT_EQ(rig.view(0).find_credential(user->public_text())->id, issued->credential.id);
}

TEST_F(ControlAccounts, neither_the_seed_nor_the_signing_key_reaches_the_disk) {
  const auto ns = make(Protocol::nats);
  const auto issued = issue(ns->id);
  const auto file = std::string(issued->shown.view());
  const auto seed = file.substr(file.find("\nSU") + 1, kSeedLength);
  ASSERT_TRUE(NkeyPair::from_seed(NkeyKind::user, seed));
  EXPECT_EQ(rig.disk().find(seed), std::string::npos);
  const auto signing = rig.view().reveal_signing_seed(*rig.view().find_namespace(ns->id));
  ASSERT_TRUE(signing);
  EXPECT_EQ(rig.disk().find(signing->view()), std::string::npos);
}

TEST_F(ControlAccounts, a_nats_user_cannot_sign_requests_of_aws) {
  const auto ns = make(Protocol::nats);
  const auto issued = issue(ns->id);
  EXPECT_EQ(verify(rig.view(), issued->credential.access_key, ""), Code::not_found);
}

TEST_F(ControlAccounts, an_issued_secret_authenticates_and_has_its_checksum) {
  const auto ns = make(Protocol::sqs_sns);
  const auto issued = issue(ns->id);
  ASSERT_TRUE(issued);
  EXPECT_EQ(issued->credential.access_key.size(), 20u);
  EXPECT_EQ(issued->shown.view().size(), 64u);
  EXPECT_EQ(issued->credential.checksum.size(), 40u);
  for (std::size_t lane = 0; lane < 2; ++lane) {
    EXPECT_EQ(verify(rig.view(lane), issued->credential.access_key, issued->shown.view()), Code::ok);
  }
  rig.restart();
  EXPECT_EQ(verify(rig.view(), issued->credential.access_key, issued->shown.view()), Code::ok);
  EXPECT_EQ(rig.view().find_credential(issued->credential.access_key)->checksum, issued->credential.checksum);
  EXPECT_TRUE(rig.view().check_sealing());
}

TEST_F(ControlAccounts, a_credential_of_one_service_is_unknown_to_the_other) {
  const auto ns = activate(kServiceSqs);
  const auto issued = issue(ns->id, kServiceSqs);
  const auto& key = issued->credential.access_key;
  EXPECT_EQ(verify(rig.view(), key, issued->shown.view(), nullptr, {"20260101", "fr-par", "sqs"}), Code::ok);
  EXPECT_EQ(verify(rig.view(), key, issued->shown.view(), nullptr, {"20260101", "fr-par", "sns"}), Code::not_found);
  EXPECT_EQ(verify(rig.view(), key, issued->shown.view(), nullptr, {"20260101", "fr-par", "sts"}), Code::ok);
}

TEST_F(ControlAccounts, an_expired_credential_is_told_so_and_a_nats_token_carries_the_end) {
  const auto ns = make(Protocol::sqs_sns);
  const auto issued = issue(ns->id, 0, rig.clock.wall_ms() + 1000);
  rig.clock.advance_ms(1000);
  EXPECT_EQ(verify(rig.view(), issued->credential.access_key, issued->shown.view()), Code::denied);
  const auto nats = make(Protocol::nats, "events");
  const auto user = issue(nats->id, 0, 1'800'000'000'999);
  const auto file = std::string(user->shown.view());
  const auto token = file.substr(file.find("\neyJ") + 1, file.find("\n------END") - file.find("\neyJ") - 1);
  EXPECT_NE(split_jwt(token)->claims.find("\"exp\":1800000000,"), std::string::npos);
}

TEST_F(ControlAccounts, deleting_a_namespace_takes_everything_it_owns_and_nothing_else) {
  const auto ns = make(Protocol::sqs_sns), other = make(Protocol::sqs_sns, "other");
  const auto issued = issue(ns->id), kept = issue(other->id);
  for (const auto table : kOwnedTables) {
    put(owned_prefix(table, ns->number, "sqs/a"));
    put(owned_prefix(table, ns->number, "sns/b"));
    put(owned_prefix(table, other->number, "sqs/a"));
  }
  const auto before = rig.durable_batches();
  ASSERT_TRUE(remove(ns->id));
  EXPECT_EQ(rig.durable_batches(), before + 1) << "one batch, so a crash leaves all or nothing";
  for (int start = 0; start < 2; ++start) {
    for (const auto table : kOwnedTables) {
      EXPECT_FALSE(there(owned_prefix(table, ns->number, "sqs/a")));
      EXPECT_FALSE(there(owned_prefix(table, ns->number, "sns/b")));
      EXPECT_TRUE(there(owned_prefix(table, other->number, "sqs/a")));
    }
    EXPECT_EQ(rig.view(1).find_credential_by_id(issued->credential.id), nullptr);
    EXPECT_EQ(verify(rig.view(1), issued->credential.access_key, issued->shown.view()), Code::not_found);
    EXPECT_EQ(verify(rig.view(1), kept->credential.access_key, kept->shown.view()), Code::ok);
    rig.restart();
  }
  EXPECT_EQ(remove(ns->id).code(), Code::not_found);
}

TEST_F(ControlAccounts, a_credential_that_is_made_while_its_namespace_goes_does_not_stay) {
  const auto ns = make(Protocol::sqs_sns);
  std::optional<Result<IssuedCredential>> made;
  std::optional<Status> gone;
  // Decided in this order: the creation, then a deletion by a lane that has not seen it.
  rig.accounts().issue_credential(0, {ns->id, "late"}, [&](Result<IssuedCredential> r) { made = std::move(r); });
  rig.accounts().delete_namespace(0, ns->id, [&](Status s) { gone = std::move(s); });
  rig.run();
  ASSERT_TRUE(gone && gone->ok());
  ASSERT_TRUE(made);
  EXPECT_EQ(rig.view(0).credentials(), 0u);
  EXPECT_EQ(rig.view(1).credentials(), 0u);
}

TEST_F(ControlAccounts, a_service_is_active_once_per_project_and_region) {
  const auto first = activate(kServiceSqs);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->owner, std::string("project-") + kProject);
  const auto again = activate(kServiceSqs, "fr-par", 1);
  EXPECT_EQ(again.code(), Code::exists);
  EXPECT_EQ(again.error().message, "SQS is already enabled on this project");
  const auto elsewhere = activate(kServiceSqs, "nl-ams", 1);
  ASSERT_TRUE(elsewhere);
  EXPECT_NE(elsewhere->id, first->id);
  EXPECT_EQ(elsewhere->owner, first->owner);
  EXPECT_EQ(elsewhere->region, "nl-ams");
}

TEST_F(ControlAccounts, of_two_activations_at_once_one_wins) {
  std::vector<Result<Namespace>> answers;
  for (std::size_t lane = 0; lane < 2; ++lane) {
    rig.accounts().activate_service(lane, kProject, "fr-par", kServiceSqs,
                                    [&](Result<Namespace> r) { answers.push_back(std::move(r)); });
  }
  rig.run();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_NE(answers[0].ok(), answers[1].ok());
  EXPECT_EQ((answers[0].ok() ? answers[1] : answers[0]).code(), Code::exists);
}

TEST_F(ControlAccounts, both_services_of_a_project_share_a_namespace_also_when_they_start_together) {
  std::vector<Result<Namespace>> answers;
  rig.accounts().activate_service(0, kProject, "fr-par", kServiceSqs,
                                  [&](Result<Namespace> r) { answers.push_back(std::move(r)); });
  rig.accounts().activate_service(1, kProject, "fr-par", kServiceSns,
                                  [&](Result<Namespace> r) { answers.push_back(std::move(r)); });
  rig.run();
  ASSERT_EQ(answers.size(), 2u);
  ASSERT_TRUE(answers[0].ok() && answers[1].ok());
  EXPECT_EQ(answers[0]->id, answers[1]->id);
  EXPECT_EQ(rig.view().find_namespace(answers[0]->id)->services, kServiceSqs | kServiceSns);
}

TEST_F(ControlAccounts, a_service_in_use_stays_unless_forced) {
  const auto ns = activate(kServiceSqs);
  put(owned_prefix("stream/", ns->number, "sqs/fr-par/q"));
  EXPECT_EQ(deactivate(kServiceSqs).code(), Code::conflict);
  ASSERT_TRUE(deactivate(kServiceSqs, true));
  EXPECT_EQ(rig.view().find_namespace(ns->id), nullptr) << "the last service takes the namespace along";
  EXPECT_FALSE(there(owned_prefix("stream/", ns->number, "sqs/fr-par/q")));
  EXPECT_EQ(deactivate(kServiceSqs).code(), Code::not_found);
}

TEST_F(ControlAccounts, one_service_goes_and_the_other_keeps_what_it_has) {
  const auto ns = activate(kServiceSqs);
  ASSERT_TRUE(activate(kServiceSns));
  const auto sqs = issue(ns->id, kServiceSqs), sns = issue(ns->id, kServiceSns);
  put(owned_prefix("stream/", ns->number, "sqs/fr-par/q"));
  put(owned_prefix("stream/", ns->number, "sns/fr-par/t"));
  EXPECT_EQ(deactivate(kServiceSqs).code(), Code::conflict);
  ASSERT_TRUE(deactivate(kServiceSqs, true));
  for (int start = 0; start < 2; ++start) {
    const auto* now = rig.view(1).find_namespace(ns->id);
    ASSERT_NE(now, nullptr);
    EXPECT_EQ(now->services, kServiceSns);
    EXPECT_EQ(rig.view(1).find_credential_by_id(sqs->credential.id), nullptr);
    EXPECT_NE(rig.view(1).find_credential_by_id(sns->credential.id), nullptr);
    EXPECT_FALSE(there(owned_prefix("stream/", ns->number, "sqs/fr-par/q")));
    EXPECT_TRUE(there(owned_prefix("stream/", ns->number, "sns/fr-par/t")));
    rig.restart();
  }
}

TEST_F(ControlAccounts, a_credential_that_is_made_while_its_service_goes_does_not_stay) {
  const auto ns = activate(kServiceSqs);
  ASSERT_TRUE(activate(kServiceSns));
  std::optional<Result<IssuedCredential>> made, later;
  std::optional<Status> gone;
  rig.accounts().issue_credential(0, {ns->id, "early", kMayAll, kServiceSqs}, [&](auto r) { made = std::move(r); });
  rig.accounts().deactivate_service(0, kProject, "fr-par", kServiceSqs, true, [&](Status s) { gone = std::move(s); });
  rig.accounts().issue_credential(0, {ns->id, "late", kMayAll, kServiceSqs}, [&](auto r) { later = std::move(r); });
  rig.run();
  ASSERT_TRUE(gone && gone->ok());
  ASSERT_TRUE(made && later);
  EXPECT_EQ(later->code(), Code::not_found);
  ASSERT_TRUE(activate(kServiceSqs));
  for (std::size_t lane = 0; lane < 2; ++lane) EXPECT_EQ(rig.view(lane).credentials(), 0u) << "none comes back to life";
}

TEST_F(ControlAccounts, a_credential_opens_nothing_while_its_service_is_off) {
  const auto ns = activate(kServiceSns);
  const auto issued = issue(ns->id);
  ASSERT_TRUE(issued);
  const auto code = [&](std::string_view service) {
    return verify(rig.view(1), issued->credential.access_key, issued->shown.view(), nullptr,
                  {"20260101", "fr-par", service});
  };
  EXPECT_EQ(code("sns"), Code::ok);
  EXPECT_EQ(code("sqs"), Code::not_found);
  ASSERT_TRUE(activate(kServiceSqs));
  EXPECT_EQ(code("sqs"), Code::ok);
}

TEST_F(ControlAccounts, a_queue_that_is_made_while_its_service_goes_keeps_the_service) {
  const auto ns = activate(kServiceSqs);
  const auto queue = owned_prefix("stream/", ns->number, "sqs/fr-par/q");
  std::optional<Status> status;
  // The lane that decides has not seen the queue yet.
  rig.accounts().kv().commit(0, {{queue, "x"}}, [](const Result<std::uint64_t>& result) { ASSERT_TRUE(result); });
  rig.accounts().deactivate_service(0, kProject, "fr-par", kServiceSqs, false,
                                    [&](Status s) { status = std::move(s); });
  rig.run();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code(), Code::conflict);
  EXPECT_NE(status->error().message.find("force_delete"), std::string::npos);
  EXPECT_TRUE(there(queue));
}

TEST_F(ControlAccounts, a_service_that_goes_while_the_other_one_starts_leaves_that_one) {
  const auto ns = activate(kServiceSqs);
  std::optional<Result<Namespace>> on;
  std::optional<Status> off;
  rig.accounts().activate_service(0, kProject, "fr-par", kServiceSns, [&](auto r) { on = std::move(r); });
  rig.accounts().deactivate_service(0, kProject, "fr-par", kServiceSqs, false, [&](Status s) { off = std::move(s); });
  rig.run();
  ASSERT_TRUE(on && on->ok());
  ASSERT_TRUE(off && off->ok()) << off->error().message;
  ASSERT_NE(rig.view(1).find_namespace(ns->id), nullptr);
  EXPECT_EQ(rig.view(1).find_namespace(ns->id)->services, kServiceSns);
}

TEST_F(ControlAccounts, changes_at_the_same_time_are_both_kept_and_a_deletion_wins) {
  const auto ns = make(Protocol::sqs_sns);
  const auto issued = issue(ns->id);
  const auto& id = issued->credential.id;
  NamespaceChange name, limits;
  name.name = "renamed";
  limits.limits = LimitOverrides{};
  limits.limits->max_connections = 7;
  CredentialChange first, second;
  first.name = "first";
  second.permissions = kMayPublish;
  int done = 0;
  const auto well = [&done](const auto& result) { done += result ? 1 : 0; };
  for (std::size_t lane = 0; lane < 2; ++lane) {
    rig.accounts().update_namespace(lane, ns->id, lane == 0 ? name : limits, well);
    rig.accounts().update_credential(lane, id, lane == 0 ? first : second, well);
  }
  rig.run();
  EXPECT_EQ(done, 4);
  EXPECT_EQ(rig.view().find_namespace(ns->id)->name, "renamed");
  EXPECT_EQ(rig.view().find_namespace(ns->id)->limits.max_connections, 7u);
  EXPECT_EQ(rig.view().find_credential_by_id(id)->name, "first");
  EXPECT_EQ(rig.view().find_credential_by_id(id)->permissions, kMayPublish);
  rig.accounts().update_credential(0, id, second, [](const auto&) {});
  rig.accounts().delete_credential(0, id, well);
  rig.accounts().update_namespace(0, ns->id, name, [](const auto&) {});
  rig.accounts().delete_namespace(0, ns->id, well);
  rig.run();
  EXPECT_EQ(done, 6);
  EXPECT_EQ(rig.view().find_namespace(ns->id), nullptr);
  EXPECT_EQ(rig.view().find_credential_by_id(id), nullptr);
}

TEST_F(ControlAccounts, a_declared_project_cannot_be_switched_off_over_the_api) {
  DeclaredNamespace declared;
  declared.name = "declared";
  declared.project_id = kProject;
  ASSERT_TRUE(rig.apply({declared}));
  EXPECT_EQ(activate(kServiceSqs).code(), Code::exists) << "it has both services";
  EXPECT_EQ(deactivate(kServiceSqs).code(), Code::denied);
}

TEST_F(ControlAccounts, records_of_the_first_version_are_still_read) {
  std::string value;
  ByteWriter w(value);
  for (const std::uint8_t byte : {1, 1, 1, 2}) w.u8(byte);
  w.u16(7);
  for (const char* text : {"orders", "111111111111", "111111111111", "", ""}) w.string(text);
  w.svarint(1'700'000'000'123);
  w.svarint(1'700'000'000'456);
  for (int i = 0; i < 4; ++i) w.varint(0);
  const auto ns = decode_namespace("ns/x", value);
  ASSERT_TRUE(ns);
  EXPECT_EQ(ns->created_ns, 1'700'000'000'123'000'000);
  EXPECT_EQ(ns->updated_ns, 1'700'000'000'456'000'000);
  EXPECT_EQ(ns->services, 0);
  EXPECT_FALSE(decode_namespace("ns/x", value + "x"));
  EXPECT_FALSE(decode_namespace("ns/x", "\3" + value.substr(1)));
}

}  // namespace
}  // namespace switchyard::account
