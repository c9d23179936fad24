// accounts/1 as a plugin sees it.
#include <atomic>

#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {
namespace {

struct Answer {
  std::atomic<int> calls{0};
  sw_status status = SW_INTERNAL;
  std::string id, name, message, secret, access_key;
};

void account_done(void* user, sw_status status, const sw_account* account, const sw_error* error) {
  auto& answer = *static_cast<Answer*>(user);
  answer.status = status;
  if (account != nullptr) answer.id = text(account->id), answer.name = text(account->name);
  answer.message = error == nullptr ? "" : error->message;
  ++answer.calls;
}

void credential_done(void* user, sw_status status, const sw_credential* credential, sw_str secret,
                     const sw_error* error) {
  auto& answer = *static_cast<Answer*>(user);
  answer.status = status;
  if (credential != nullptr) answer.id = text(credential->id), answer.access_key = text(credential->access_key);
  answer.secret = text(secret);
  answer.message = error == nullptr ? "" : error->message;
  ++answer.calls;
}

void void_done(void* user, sw_status status, const sw_error* error) {
  auto& answer = *static_cast<Answer*>(user);
  answer.status = status;
  answer.message = error == nullptr ? "" : error->message;
  ++answer.calls;
}

class AccountsTable : public testing::Test {
 protected:
  AccountsTable() { rig.run({&plugin}); }

  // Makes one call on a lane and waits for its answer.
  void run(const std::function<sw_status(const sw_accounts_api&, Answer*)>& call, std::uint32_t lane = 0) {
    const int before = answer.calls;
    rig.on_lane(
        plugin,
        [&](void*) {
          ASSERT_EQ(call(*plugin.table<sw_accounts_api>(SW_EXT_ACCOUNTS), &answer), SW_OK);
          EXPECT_EQ(answer.calls, before) << "never from inside the call";
        },
        lane);
    ASSERT_TRUE(rig.eventually([&] { return answer.calls == before + 1; }));
  }
  std::string create(const char* protocol) {
    run([&](const sw_accounts_api& api, Answer* a) {
      const sw_account_wish wish = {sizeof wish, 0, str("orders"), str(protocol), str(kProject), str("fr-par")};
      return api.create(plugin.host, &wish, account_done, a);
    });
    EXPECT_EQ(answer.status, SW_OK) << answer.message;
    return answer.id;
  }
  void create_credential(const std::string& account) {
    run([&](const sw_accounts_api& api, Answer* a) {
      const sw_credential_wish wish = {sizeof wish, SW_PERM_PUBLISH, 0, 0, str(account), str("worker"), 0};
      return api.create_credential(plugin.host, &wish, credential_done, a);
    });
  }
  sw_status find(const std::string& id, std::uint32_t lane) {
    sw_status status = SW_INTERNAL;
    rig.on_lane(
        plugin,
        [&](void*) {
          const sw_account* found = nullptr;
          status = plugin.table<sw_accounts_api>(SW_EXT_ACCOUNTS)->find(plugin.host, str(id), &found);
        },
        lane);
    return status;
  }

  static constexpr const char* kProject = "11111111-2222-4333-8444-555555555555";
  HostRig rig{2};
  LinkedPlugin plugin{"one"};
  Answer answer;
};

TEST_F(AccountsTable, what_one_lane_makes_or_deletes_every_lane_knows_when_it_is_answered) {
  const auto id = create("sqs_sns");
  EXPECT_EQ(id.size(), 56u);
  EXPECT_EQ(find(id, 1), SW_OK);
  run([&](const sw_accounts_api& api, Answer* a) { return api.remove(plugin.host, str(id), void_done, a); }, 1);
  EXPECT_EQ(answer.status, SW_OK);
  EXPECT_EQ(find(id, 0), SW_NOT_FOUND);
  EXPECT_EQ(find(id, 1), SW_NOT_FOUND);
}

TEST_F(AccountsTable, a_secret_is_told_once_and_a_change_keeps_what_it_does_not_name) {
  const auto account = create("sqs_sns");
  create_credential(account);
  ASSERT_EQ(answer.status, SW_OK) << answer.message;
  EXPECT_EQ(answer.secret.size(), 64u);
  const auto id = answer.id;
  run([&](const sw_accounts_api& api, Answer* a) {
    const sw_credential_change change = {sizeof change, SW_CHANGE_PERMISSIONS, str("ignored"), SW_PERM_MANAGE, 0, 0};
    return api.update_credential(plugin.host, str(id), &change, credential_done, a);
  });
  EXPECT_EQ(answer.status, SW_OK);
  EXPECT_EQ(answer.secret, "");
  rig.on_lane(plugin, [&](void*) {
    const sw_credential* found = nullptr;
    ASSERT_EQ(plugin.table<sw_accounts_api>(SW_EXT_ACCOUNTS)->find_credential(plugin.host, str(id), &found), SW_OK);
    EXPECT_EQ(text(found->name), "worker");
    EXPECT_EQ(found->permissions, SW_PERM_MANAGE);
    EXPECT_EQ(found->checksum.len, 40u);
  });
}

TEST_F(AccountsTable, limits_that_are_set_are_in_force_and_usage_is_counted) {
  const auto id = create("nats");
  create_credential(id);
  EXPECT_NE(answer.secret.find("BEGIN NATS USER JWT"), std::string::npos);
  EXPECT_EQ(answer.access_key.front(), 'U');
  run([&](const sw_accounts_api& api, Answer* a) {
    const sw_limits limits = {sizeof limits, SW_LIMIT_STORED_BYTES, 0, 12345, 0, 0};
    const sw_account_change change = {sizeof change, SW_CHANGE_LIMITS, str(""), &limits};
    return api.update(plugin.host, str(id), &change, account_done, a);
  });
  EXPECT_EQ(answer.name, "orders");
  rig.on_lane(plugin, [&](void*) {
    const auto* api = plugin.table<sw_accounts_api>(SW_EXT_ACCOUNTS);
    const sw_account* found = nullptr;
    ASSERT_EQ(api->find(plugin.host, str(id), &found), SW_OK);
    EXPECT_EQ(found->limits->set, SW_LIMIT_STORED_BYTES);
    EXPECT_EQ(found->limits->max_stored_bytes, 12345u);
    EXPECT_EQ(found->limits->max_message_bytes, 256u * 1024) << "the server's default";
    sw_account_usage usage = {sizeof usage, 0, 9, 9, 9};
    ASSERT_EQ(api->usage(plugin.host, str(id), &usage), SW_OK);
    EXPECT_EQ(usage.stored_bytes, 0u);
    EXPECT_EQ(usage.streams, 0u);
    EXPECT_EQ(usage.credentials, 1u);
  });
}

TEST_F(AccountsTable, refusals_carry_the_sentence) {
  create_credential("ANOBODY");
  EXPECT_EQ(answer.status, SW_NOT_FOUND);
  EXPECT_EQ(answer.message, "namespace 'ANOBODY' does not exist");
  run([&](const sw_accounts_api& api, Answer* a) {
    const sw_account_wish wish = {sizeof wish, 0, str("x"), str("amqp"), str(kProject), str("")};
    return api.create(plugin.host, &wish, account_done, a);
  });
  EXPECT_EQ(answer.status, SW_INVALID);
  EXPECT_EQ(answer.message, "there is no protocol 'amqp'");
}

TEST_F(AccountsTable, a_service_is_switched_on_once_and_off_again) {
  const auto activate = [&](const sw_accounts_api& api, Answer* a) {
    return api.activate(plugin.host, str(kProject), str("fr-par"), SW_SERVICE_SNS, account_done, a);
  };
  run(activate);
  EXPECT_EQ(answer.status, SW_OK);
  run(activate, 1);
  EXPECT_EQ(answer.status, SW_EXISTS);
  run([&](const sw_accounts_api& api, Answer* a) {
    return api.deactivate(plugin.host, str(kProject), str("fr-par"), SW_SERVICE_SNS, 0, void_done, a);
  });
  EXPECT_EQ(answer.status, SW_OK);
  rig.on_lane(plugin, [&](void*) {
    const sw_account* found = nullptr;
    EXPECT_EQ(
        plugin.table<sw_accounts_api>(SW_EXT_ACCOUNTS)->find_project(plugin.host, str(kProject), str("fr-par"), &found),
        SW_NOT_FOUND);
  });
}

}  // namespace
}  // namespace switchyard::plugin::test
