// Logins by JWT of accounts that an operator signed.
#include "tests/unit/nats/jwt_vectors.h"
#include "tests/unit/nats/jwt_world.h"

namespace switchyard::nats {
namespace {

using AuthByJwt = JwtWorld;

TEST_F(AuthByJwt, the_tokens_of_the_reference_implementation_log_in) {
  ASSERT_EQ(rules.trust_operator(vectors::kOperatorJwt, kNow), "");
  ASSERT_EQ(rules.add_account(vectors::kAccountKey, vectors::kAccountJwt), "");
  EXPECT_EQ(rules.system_account, vectors::kAccountKey);
  zones = &some_zones;
  sent.jwt = vectors::kUserJwt;
  expect(RefusalReason::connection_type);
  sent.connection_type = ConnectionType::websocket;
  expect(RefusalReason::source_address);
  sent.client_address = "10.1.2.3";
  const auto in = login();  // 09:00 in Berlin, until 18:30:15.
  EXPECT_EQ(in.expires_s, kNow + 9 * 3600 + 30 * 60 + 15);
  EXPECT_EQ(in.method, LoginMethod::account_jwt);
  EXPECT_EQ(in.tenant, (Tenant{Tenant::Kind::account, std::string(vectors::kAccountKey)}));
  EXPECT_EQ(in.user, vectors::kUserKey);
  EXPECT_EQ(in.display_name, "u");
  EXPECT_EQ(in.limits.payload, 1024);
  EXPECT_EQ(in.limits.subscriptions, 20);
  EXPECT_EQ(in.limits.account_connections, 7);
  EXPECT_EQ(in.permissions.publish.allow, std::vector<std::string>{"p.>"});
}

TEST_F(AuthByJwt, a_scoped_user_of_the_reference_implementation_gets_its_template) {
  ASSERT_EQ(rules.trust_operator(vectors::kOperatorJwt, kNow), "");
  ASSERT_EQ(rules.add_account(vectors::kAccountKey, vectors::kAccountJwt), "");
  sent.jwt = vectors::kScopedUserJwt;
  const auto in = login();
  EXPECT_EQ(in.permissions.publish.allow, (std::vector<std::string>{"jobs.u.>", "kv_b1", "kv_b2"}));
  EXPECT_EQ(in.permissions.subscribe.allow, std::vector<std::string>{"in.A.prod workers"});
  EXPECT_EQ(in.permissions.response, (ResponseClaim{3, 1'000'000'000}));
  EXPECT_EQ(in.limits.payload, 512);
}

TEST_F(AuthByJwt, under_an_operator_nobody_comes_in_without_a_jwt) {
  trust();
  ASSERT_EQ(rules.add_user({"a", "p", "", {}, {}}), "");
  sent.user = "a";
  sent.password = "p";
  expect(RefusalReason::no_credentials);
  EXPECT_TRUE(authenticator().nonce_required());
}

TEST_F(AuthByJwt, the_nonce_must_be_signed_by_the_user) {
  trust();
  add_account("");
  send_user();
  EXPECT_EQ(login().user, user.text);
  const auto other = TestKey(NkeyRole::user, 7).sign_url(kNonce), old = user.sign_url("old nonce");
  for (const std::string_view wrong : {std::string_view(other), std::string_view(old), std::string_view()}) {
    sent.signature = wrong;
    expect(RefusalReason::bad_signature);
  }
  const auto over_nothing = user.sign_url("");
  sent.signature = over_nothing;
  sent.nonce = {};
  expect(RefusalReason::bad_signature);
}

TEST_F(AuthByJwt, a_bearer_token_needs_no_signature_unless_the_account_forbids_it) {
  trust();
  add_account("");
  send_user(R"("bearer_token":true)");
  sent.signature = {};
  EXPECT_EQ(login().user, user.text);
  ASSERT_EQ(
      rules.add_account(account.text, make_jwt(op, account.text, "account", R"("limits":{"disallow_bearer":true})")),
      "");
  expect(RefusalReason::bearer_token);
}

TEST_F(AuthByJwt, the_chain_of_issuers_must_hold) {
  trust();
  send_user();
  expect(RefusalReason::unknown_account);
  add_account("\"signing_keys\":[\"" + signer.text + "\"]");
  EXPECT_EQ(login().issuer_key, account.text);
  send_signed_by(signer, kFree);
  EXPECT_EQ(login().issuer_key, signer.text);
  send_signed_by(stranger, kFree);
  expect(RefusalReason::unknown_issuer);
  // A signing key is no account of its own.
  token = make_jwt(signer, user.text, "user", kFree);
  sent.jwt = token;
  expect(RefusalReason::unknown_account);
}

TEST_F(AuthByJwt, an_account_of_another_operator_is_unknown) {
  trust();
  const TestKey other_op(NkeyRole::operator_, 50);
  ASSERT_EQ(rules.add_account(account.text, make_jwt(other_op, account.text, "account", kFreeAccount)), "");
  send_user();
  expect(RefusalReason::unknown_account);
  // Self-signed.
  ASSERT_EQ(rules.add_account(account.text, make_jwt(account, account.text, "account", kFreeAccount)), "");
  expect(RefusalReason::unknown_account);
}

TEST_F(AuthByJwt, a_strict_operator_trusts_signing_keys_alone) {
  const TestKey op_signer(NkeyRole::operator_, 2);
  ASSERT_EQ(
      rules.trust_operator(make_jwt(op, op.text, "operator",
                                    "\"strict_signing_key_usage\":true,\"signing_keys\":[\"" + op_signer.text + "\"]"),
                           kNow),
      "");
  add_account("");
  send_user();
  expect(RefusalReason::unknown_account);
  const auto body = std::string(kFreeAccount) + ",\"signing_keys\":[\"" + signer.text + "\"]";
  ASSERT_EQ(rules.add_account(account.text, make_jwt(op_signer, account.text, "account", body)), "");
  expect(RefusalReason::unknown_issuer);
  send_signed_by(signer, kFree);
  EXPECT_EQ(login().user, user.text);
}

TEST_F(AuthByJwt, operators_must_have_issued_their_own_jwt) {
  const TestKey impostor(NkeyRole::operator_, 66);
  EXPECT_NE(rules.trust_operator(make_jwt(impostor, op.text, "operator", ""), kNow), "");
  EXPECT_NE(rules.trust_operator(make_jwt(op, op.text, "operator", "", R"("exp":1)"), kNow), "");
  EXPECT_NE(rules.trust_operator(make_jwt(op, op.text, "operator", R"("strict_signing_key_usage":true)"), kNow), "");
  EXPECT_NE(rules.trust_operator("junk", kNow), "");
  EXPECT_FALSE(rules.operator_mode());
  EXPECT_NE(rules.add_account(stranger.text, make_jwt(op, account.text, "account", "")), "");
}

TEST_F(AuthByJwt, a_scoped_user_has_no_rights_of_its_own) {
  trust();
  add_account("\"signing_keys\":[{\"kind\":\"user_scope\",\"key\":\"" + scoped.text +
              "\",\"template\":{\"pub\":{\"allow\":[\"own.{{name()}}\"]},\"bearer_token\":true}}]");
  send_signed_by(scoped, "", R"("name":"n")");
  sent.signature = {};  // The scope says bearer.
  EXPECT_EQ(login().permissions.publish.allow, std::vector<std::string>{"own.n"});
  for (const auto* body : {R"("pub":{"allow":[">"]})", R"("payload":-1)", R"("bearer_token":true)", R"("resp":{})"}) {
    send_signed_by(scoped, body);
    expect(RefusalReason::scope);
  }
}

TEST_F(AuthByJwt, users_without_permissions_get_the_accounts_defaults) {
  trust();
  add_account(R"("default_permissions":{"pub":{"deny":["no.>"]},"resp":{"max":2,"ttl":0}})");
  send_user();
  const auto in = login();
  EXPECT_EQ(in.permissions.publish.deny, std::vector<std::string>{"no.>"});
  EXPECT_TRUE(in.permissions.publish.allow_nothing);
  EXPECT_EQ(in.permissions.response, (ResponseClaim{2, kDefaultResponseTtlNs}));
  send_user(R"("sub":{"allow":["x"]})");
  EXPECT_TRUE(login().permissions.publish.empty());
}

TEST_F(AuthByJwt, the_stricter_limit_counts) {
  trust();
  ASSERT_EQ(rules.add_account(account.text, make_jwt(op, account.text, "account",
                                                     R"("limits":{"subs":10,"data":-1,"payload":100,"conn":3})")),
            "");
  token = make_jwt(account, user.text, "user", R"("subs":20,"data":5,"payload":-1)");
  sent.jwt = token;
  const auto in = login();
  EXPECT_EQ(in.limits.subscriptions, 10);
  EXPECT_EQ(in.limits.data, 5);
  EXPECT_EQ(in.limits.payload, 100);
  EXPECT_EQ(in.limits.account_connections, 3);
}

TEST_F(AuthByJwt, time_bounds_are_kept_and_handed_out) {
  trust();
  add_account("", "\"exp\":" + std::to_string(kNow + 500));
  send_user("", "\"exp\":" + std::to_string(kNow + 100) + ",\"nbf\":" + std::to_string(kNow));
  const auto in = login();
  EXPECT_EQ(in.expires_s, kNow + 100);
  EXPECT_EQ(in.account_expires_s, kNow + 500);
  EXPECT_EQ(Authenticator::ends_by_itself_s(in), kNow + 100);
  EXPECT_FALSE(authenticator().ended(in, kNow + 99));
  ASSERT_TRUE(authenticator().ended(in, kNow + 100));
  EXPECT_EQ(authenticator().ended(in, kNow + 100)->error_text, "User Authentication Expired");
  sent.now_s = kNow + 100;
  expect(RefusalReason::user_expired);
  sent.now_s = kNow - 1;
  expect(RefusalReason::not_yet_valid);
}

TEST_F(AuthByJwt, an_expired_account_ends_its_logins) {
  trust();
  add_account("", "\"exp\":" + std::to_string(kNow + 500));
  send_user();
  const auto in = login();
  EXPECT_EQ(Authenticator::ends_by_itself_s(in), kNow + 500);
  EXPECT_FALSE(authenticator().ended(in, kNow + 499));
  ASSERT_TRUE(authenticator().ended(in, kNow + 500));
  EXPECT_EQ(authenticator().ended(in, kNow + 500)->error_text, "Account Authentication Expired");
  sent.now_s = kNow + 500;
  expect(RefusalReason::account_expired);
}

TEST_F(AuthByJwt, a_revoked_user_is_refused_and_cut) {
  trust();
  add_account("");
  send_user("", R"("iat":100)");
  const auto in = login();
  EXPECT_FALSE(authenticator().ended(in, kNow));
  add_account("\"revocations\":{\"" + user.text + "\":99}");
  EXPECT_EQ(login().user, user.text);
  for (const auto& key : {user.text, std::string("*")}) {
    add_account("\"revocations\":{\"" + key + "\":100}");
    expect(RefusalReason::user_revoked);
    ASSERT_TRUE(authenticator().ended(in, kNow));
    EXPECT_EQ(authenticator().ended(in, kNow)->error_text, "User Authentication Revoked");
  }
}

TEST_F(AuthByJwt, a_login_ends_with_its_signing_key) {
  trust();
  add_account("\"signing_keys\":[\"" + signer.text + "\"]");
  send_signed_by(signer, kFree);
  const auto in = login();
  EXPECT_FALSE(authenticator().ended(in, kNow));
  add_account("");
  ASSERT_TRUE(authenticator().ended(in, kNow));
  EXPECT_EQ(authenticator().ended(in, kNow)->error_text, "Authorization Violation");
}

TEST_F(AuthByJwt, a_login_ends_when_its_rights_change) {
  const auto account_with = [&](std::string_view allowed, std::string_view denied_to_all) {
    add_account("\"signing_keys\":[{\"kind\":\"user_scope\",\"key\":\"" + scoped.text +
                "\",\"template\":{\"pub\":{\"allow\":[\"" + std::string(allowed) +
                "\"]}}}],\"default_permissions\":{\"sub\":{\"deny\":[\"" + std::string(denied_to_all) + "\"]}}");
  };
  trust();
  account_with("a", "x");
  send_signed_by(scoped);
  const auto in = login();
  account_with("a", "x");
  EXPECT_FALSE(authenticator().ended(in, kNow));
  account_with("b", "x");
  ASSERT_TRUE(authenticator().ended(in, kNow));
  EXPECT_EQ(authenticator().ended(in, kNow)->error_text, "Authorization Violation");
  account_with("a", "y");
  EXPECT_TRUE(authenticator().ended(in, kNow));
  add_account("\"signing_keys\":[\"" + scoped.text + "\"],\"default_permissions\":{\"sub\":{\"deny\":[\"x\"]}}");
  EXPECT_TRUE(authenticator().ended(in, kNow));
}

TEST_F(AuthByJwt, times_of_the_day_may_cross_midnight) {
  trust();
  add_account("");
  send_user(R"("times":[{"start":"22:00:00","end":"09:00:00"},{"start":"07:00:00","end":"08:30:00"}])");
  EXPECT_EQ(login().expires_s, kNow + 3600);
  send_user(R"("times":[{"start":"08:00:01","end":"07:59:59"}])");
  expect(RefusalReason::time_of_day);
  send_user(R"("times":[{"start":"08:00:00","end":"08:00:00"}])");
  expect(RefusalReason::time_of_day);
  send_user(R"("times":[{"start":"07:00:00","end":"09:00:00"}],"times_location":"Europe/Berlin")");
  expect(RefusalReason::time_of_day);
  zones = &some_zones;
  expect(RefusalReason::time_of_day);  // 09:00 there.
  sent.now_s = kNow - 60;
  EXPECT_EQ(login().expires_s, kNow);
  send_user(R"("times":[{"start":"05:00:00","end":"07:00:00"}])");  // 05:59 where the server is.
  EXPECT_EQ(login().expires_s, kNow + 3600);
  send_user(R"("times":[{"start":"00:00:00","end":"23:59:59"}],"times_location":"Mars/Base")");
  expect(RefusalReason::time_of_day);
}

TEST_F(AuthByJwt, what_is_not_supported_is_refused) {
  trust();
  add_account("\"authorization\":{\"auth_users\":[\"" + TestKey(NkeyRole::user, 77).text + "\"]}");
  send_user();
  expect(RefusalReason::unsupported);
  add_account("\"authorization\":{\"auth_users\":[\"" + user.text + "\"]}");
  EXPECT_EQ(login().user, user.text);
  send_user(R"("proxy_required":true)");
  expect(RefusalReason::unsupported);
}

}  // namespace
}  // namespace switchyard::nats
