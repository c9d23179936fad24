// Logins by JWT of namespaces of the host's directory, as the control API makes them.
#include "tests/unit/nats/jwt_world.h"

namespace switchyard::nats {
namespace {

struct AuthByNamespace : JwtWorld {
  AuthByNamespace() {
    host.account = account.text;
    host.found = {"ns-7", {signer.text}, {}};
    host.users[user.text].credential_id = "cred-1";
    directory = &host;
    // As the control API writes it.
    send_signed_by(signer, std::string(R"("pub":{},"sub":{},)") + kFree, R"("name":"app","iat":5)");
  }
};

TEST_F(AuthByNamespace, a_credential_of_the_control_api_logs_in) {
  const auto in = login();
  EXPECT_EQ(in.method, LoginMethod::namespace_jwt);
  EXPECT_EQ(in.tenant, (Tenant{Tenant::Kind::namespace_, "ns-7"}));
  EXPECT_EQ(in.credential_id, "cred-1");
  EXPECT_EQ(in.display_name, "app");
  EXPECT_TRUE(in.permissions.empty());
  EXPECT_EQ(in.limits.payload, kNoLimit);
  EXPECT_TRUE(authenticator().nonce_required());
}

TEST_F(AuthByNamespace, only_a_signing_key_of_the_namespace_issues) {
  send_signed_by(stranger, kFree);
  expect(RefusalReason::unknown_issuer);
  send_user();  // The account's id is no signing key.
  expect(RefusalReason::unknown_issuer);
  host.account = stranger.text;
  expect(RefusalReason::unknown_account);
}

TEST_F(AuthByNamespace, a_deleted_credential_is_refused_and_cut) {
  const auto in = login();
  EXPECT_FALSE(authenticator().ended(in, kNow));
  host.users.clear();
  expect(RefusalReason::user_revoked);
  ASSERT_TRUE(authenticator().ended(in, kNow));
  EXPECT_EQ(authenticator().ended(in, kNow)->error_text, "User Authentication Revoked");
}

TEST_F(AuthByNamespace, a_changed_credential_cuts_its_connections) {
  const auto in = login();
  host.users[user.text].may_publish = false;
  ASSERT_TRUE(authenticator().ended(in, kNow));
  EXPECT_EQ(authenticator().ended(in, kNow)->error_text, "Authorization Violation");
  host.users[user.text].may_publish = true;
  EXPECT_FALSE(authenticator().ended(in, kNow));
  host.users[user.text].expires_s = kNow;
  ASSERT_TRUE(authenticator().ended(in, kNow));
  EXPECT_EQ(authenticator().ended(in, kNow)->error_text, "User Authentication Expired");
}

TEST_F(AuthByNamespace, a_deleted_namespace_cuts_its_users) {
  const auto in = login();
  host.account.clear();
  ASSERT_TRUE(authenticator().ended(in, kNow));
  EXPECT_EQ(authenticator().ended(in, kNow)->error_text, "User Authentication Revoked");
}

TEST_F(AuthByNamespace, the_rights_of_the_credential_bound_its_jwt) {
  send_signed_by(signer, std::string(R"("pub":{"allow":["a"]},"sub":{"allow":["b"]},"resp":{},)") + kFree);
  host.users[user.text].may_publish = false;
  auto in = login();
  EXPECT_TRUE(in.permissions.publish.allow_nothing);
  EXPECT_EQ(in.permissions.publish.deny, std::vector<std::string>{">"});
  EXPECT_FALSE(in.permissions.response);
  EXPECT_EQ(in.permissions.subscribe.allow, std::vector<std::string>{"b"});
  host.users[user.text].may_publish = true;
  host.users[user.text].may_subscribe = false;
  in = login();
  EXPECT_EQ(in.permissions.publish.allow, std::vector<std::string>{"a"});
  EXPECT_EQ(in.permissions.subscribe.deny, std::vector<std::string>{">"});
}

TEST_F(AuthByNamespace, the_earlier_expiry_counts) {
  host.users[user.text].expires_s = kNow + 10;
  EXPECT_EQ(login().expires_s, kNow + 10);
  send_signed_by(signer, kFree, "\"exp\":" + std::to_string(kNow + 5));
  EXPECT_EQ(login().expires_s, kNow + 5);
  host.users[user.text].expires_s = kNow;
  expect(RefusalReason::user_expired);
}

TEST_F(AuthByNamespace, namespaces_work_beside_an_operator) {
  const TestKey of_operator(NkeyRole::account, 40);
  trust();
  ASSERT_EQ(rules.add_account(of_operator.text, make_jwt(op, of_operator.text, "account", kFreeAccount)), "");
  EXPECT_EQ(login().tenant.name, "ns-7");
  token = make_jwt(of_operator, user.text, "user", kFree);
  sent.jwt = token;
  EXPECT_EQ(login().tenant.name, of_operator.text);
}

TEST_F(AuthByNamespace, anonymous_is_for_strangers_alone) {
  rules.anonymous = Tenant{Tenant::Kind::namespace_, "open"};
  EXPECT_EQ(login().tenant.name, "ns-7");
  sent.signature = {};
  expect(RefusalReason::bad_signature);
  sent.jwt = "junk";
  EXPECT_EQ(login().tenant.name, "open");
  sent.jwt = {};
  EXPECT_EQ(login().tenant.name, "open");
  host.users.clear();
  send_signed_by(signer, kFree);
  expect(RefusalReason::user_revoked);
}

}  // namespace
}  // namespace switchyard::nats
