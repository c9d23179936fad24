// Logins by what the configuration says: users, tokens, nkeys, certificates, nobody in particular.
#include <gtest/gtest.h>

#include "plugins/nats/authenticator.h"
#include "plugins/nats/password.h"
#include "tests/unit/nats/jwt_maker.h"

namespace switchyard::nats {
namespace {

constexpr std::string_view kNonce = "PXoWU7zWAMt75FY";
// "s3cret".
constexpr const char* kHash = "$2a$04$Yv4fdMV8YD/cEN96G3k9Mug97Jko/AHXZVJmTh/.EiAvgEOlFl.eC";

struct AuthByConfig : testing::Test {
  AuthOutcome log_in() const { return Authenticator(rules, nullptr, nullptr).authenticate(sent); }
  // The user of a login, or why there is none.
  std::string result() const {
    const auto outcome = log_in();
    if (const auto* login = std::get_if<Login>(&outcome)) return login->tenant.name + "/" + login->user;
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return std::string(describe(refusal->reason));
    return "password check";
  }
  static std::string why(RefusalReason reason) { return std::string(describe(reason)); }
  void add_user(std::string name, std::string password, std::string account = "") {
    ASSERT_EQ(rules.add_user({std::move(name), std::move(password), std::move(account), {}, {}}), "");
  }

  AuthRules rules;
  ConnectCredentials sent;
};

TEST_F(AuthByConfig, without_rules_nobody_comes_in) {
  EXPECT_EQ(result(), why(RefusalReason::no_credentials));
  sent.user = "a";
  sent.password = "b";
  EXPECT_EQ(result(), why(RefusalReason::no_credentials));
}

TEST_F(AuthByConfig, a_refused_client_is_told_no_more_than_that) {
  const auto outcome = log_in();
  ASSERT_TRUE(std::holds_alternative<Refusal>(outcome));
  EXPECT_EQ(std::get<Refusal>(outcome).error_text(), "Authorization Violation");
}

TEST_F(AuthByConfig, anonymous_takes_everybody_whom_no_rule_knows) {
  rules.anonymous = Tenant{Tenant::Kind::namespace_, "ns1"};
  EXPECT_EQ(result(), "ns1/");
  sent.user = "junk";
  sent.password = "junk";
  sent.jwt = "junk";
  EXPECT_EQ(result(), "ns1/");
  EXPECT_FALSE(Authenticator(rules, nullptr, nullptr).auth_required());
}

TEST_F(AuthByConfig, anonymous_is_no_way_around_a_known_users_password) {
  rules.anonymous = Tenant{Tenant::Kind::account, "$G"};
  add_user("a", "right", "A");
  sent.user = "a";
  sent.password = "wrong";
  EXPECT_EQ(result(), why(RefusalReason::bad_password));
  sent.password = "right";
  EXPECT_EQ(result(), "A/a");
  sent.user = "b";
  EXPECT_EQ(result(), "$G/");
}

TEST_F(AuthByConfig, the_single_user_needs_its_password) {
  rules.single_user = "a";
  rules.single_password = "b";
  sent.user = "a";
  sent.password = "b";
  EXPECT_EQ(result(), "$G/a");
  sent.password = "";
  EXPECT_EQ(result(), why(RefusalReason::bad_password));
  sent.password = "B";
  EXPECT_EQ(result(), why(RefusalReason::bad_password));
  sent.user = "A";
  sent.password = "b";
  EXPECT_EQ(result(), why(RefusalReason::unknown_user));
  sent.user = "";
  EXPECT_EQ(result(), why(RefusalReason::no_credentials));
}

TEST_F(AuthByConfig, the_token_is_no_password) {
  rules.token = "t";
  sent.token = "t";
  EXPECT_EQ(result(), "$G/");
  sent.token = "x";
  EXPECT_EQ(result(), why(RefusalReason::bad_password));
  sent.token = "";
  sent.user = "t";
  sent.password = "t";
  EXPECT_EQ(result(), why(RefusalReason::no_credentials));
}

TEST_F(AuthByConfig, a_hash_is_handed_out_to_be_checked_elsewhere) {
  add_user("a", kHash, "A");
  sent.user = "a";
  sent.password = "s3cret";
  auto outcome = log_in();
  ASSERT_TRUE(std::holds_alternative<PasswordCheck>(outcome));
  auto check = std::move(std::get<PasswordCheck>(outcome));
  EXPECT_TRUE(check.passes());
  const auto login = std::move(check).take_login();
  EXPECT_EQ(login.tenant, (Tenant{Tenant::Kind::account, "A"}));
  EXPECT_EQ(login.user, "a");

  sent.password = "secret";
  outcome = log_in();
  ASSERT_TRUE(std::holds_alternative<PasswordCheck>(outcome));
  EXPECT_FALSE(std::get<PasswordCheck>(outcome).passes());
  EXPECT_EQ(std::get<PasswordCheck>(outcome).refusal().error_text(), "Authorization Violation");
  sent.password = kHash;
  outcome = log_in();
  ASSERT_TRUE(std::holds_alternative<PasswordCheck>(outcome));
  EXPECT_FALSE(std::get<PasswordCheck>(outcome).passes());
}

TEST_F(AuthByConfig, tokens_may_be_hashes_too) {
  rules.token = kHash;
  sent.token = "s3cret";
  const auto outcome = log_in();
  ASSERT_TRUE(std::holds_alternative<PasswordCheck>(outcome));
  EXPECT_TRUE(std::get<PasswordCheck>(outcome).passes());
}

TEST_F(AuthByConfig, users_bring_their_account_and_permissions) {
  PermissionClaims permissions;
  permissions.publish.allow = {"a.>"};
  permissions.response = ResponseClaim{0, 0};
  ASSERT_EQ(rules.add_user({"u", "p", "", permissions, {}}), "");
  sent.user = "u";
  sent.password = "p";
  const auto outcome = log_in();
  ASSERT_TRUE(std::holds_alternative<Login>(outcome));
  const auto& login = std::get<Login>(outcome);
  EXPECT_EQ(login.tenant.name, "$G");
  EXPECT_EQ(login.permissions.publish.allow, std::vector<std::string>{"a.>"});
  EXPECT_EQ(login.permissions.response, (ResponseClaim{1, 120'000'000'000}));
  EXPECT_EQ(login.expires_s, 0);
}

TEST_F(AuthByConfig, connection_types_are_enforced) {
  ConnectionTypes types;
  types.add("WEBSOCKET");
  ASSERT_EQ(rules.add_user({"u", "p", "", {}, types}), "");
  sent.user = "u";
  sent.password = "p";
  EXPECT_EQ(result(), why(RefusalReason::connection_type));
  sent.connection_type = ConnectionType::websocket;
  EXPECT_EQ(result(), "$G/u");
}

TEST_F(AuthByConfig, no_auth_user_is_who_sends_nothing) {
  add_user("guest", kHash, "G");
  add_user("a", "p");
  rules.no_auth_user = "guest";
  EXPECT_EQ(result(), "G/guest");
  sent.user = "guest";  // By name it is a user like others.
  EXPECT_EQ(result(), "password check");
  sent.user = "a";
  EXPECT_EQ(result(), why(RefusalReason::bad_password));
  sent.user = "";
  sent.token = "x";
  EXPECT_EQ(result(), why(RefusalReason::no_credentials));
}

TEST_F(AuthByConfig, an_nkey_user_signs_the_nonce) {
  const TestKey key(NkeyRole::user, 1), other(NkeyRole::user, 2);
  ASSERT_EQ(rules.add_nkey_user({key.text, "A", {}, {}}), "");
  EXPECT_TRUE(Authenticator(rules, nullptr, nullptr).nonce_required());
  sent.nkey = key.text;
  sent.nonce = kNonce;
  EXPECT_EQ(result(), why(RefusalReason::bad_signature));
  const auto good = key.sign_url(kNonce), of_other = other.sign_url(kNonce), of_another_nonce = key.sign_url("x");
  sent.signature = good;
  EXPECT_EQ(result(), "A/" + key.text);
  sent.signature = of_other;
  EXPECT_EQ(result(), why(RefusalReason::bad_signature));
  sent.signature = of_another_nonce;
  EXPECT_EQ(result(), why(RefusalReason::bad_signature));
  sent.nkey = other.text;
  sent.signature = of_other;
  EXPECT_EQ(result(), why(RefusalReason::unknown_user));
}

TEST_F(AuthByConfig, a_signature_over_nothing_proves_nothing) {
  const TestKey key(NkeyRole::user, 1);
  ASSERT_EQ(rules.add_nkey_user({key.text, "", {}, {}}), "");
  const auto signature = key.sign_url("");
  sent.nkey = key.text;
  sent.signature = signature;
  EXPECT_EQ(result(), why(RefusalReason::bad_signature));
}

TEST_F(AuthByConfig, no_auth_user_may_be_an_nkey) {
  const TestKey key(NkeyRole::user, 1);
  ASSERT_EQ(rules.add_nkey_user({key.text, "A", {}, {}}), "");
  rules.no_auth_user = key.text;
  EXPECT_EQ(result(), "A/" + key.text);
  sent.user = "somebody";
  EXPECT_NE(result(), "A/" + key.text);
}

TEST_F(AuthByConfig, certificates_name_users_in_the_order_of_their_names) {
  add_user("mail@example.org", "", "mail");
  add_user("host.example.org", "", "host");
  add_user("spiffe://x/y", "", "uri");
  add_user("CN=client, OU=ops,O=Example", "", "dn");
  rules.map_certificates = true;
  EXPECT_EQ(result(), why(RefusalReason::certificate_required));
  TlsPeer peer;
  peer.subject = "O=Example,OU=ops,CN=client";
  sent.certificate = &peer;
  EXPECT_EQ(result(), "dn/CN=client, OU=ops,O=Example");
  peer.uris = {"spiffe://x/y"};
  EXPECT_EQ(result(), "uri/spiffe://x/y");
  peer.dns_names = {"unknown.example.org", "host.example.org"};
  EXPECT_EQ(result(), "host/host.example.org");
  peer.emails = {"mail@example.org"};
  EXPECT_EQ(result(), "mail/mail@example.org");
  peer = TlsPeer{{}, {}, {}, "CN=client,OU=ops"};
  EXPECT_EQ(result(), why(RefusalReason::certificate_required));
}

TEST_F(AuthByConfig, a_name_in_connect_is_not_the_certificates) {
  add_user("a", "", "A");
  add_user("b", "", "B");
  rules.map_certificates = true;
  TlsPeer peer;
  peer.dns_names = {"a"};
  sent.certificate = &peer;
  sent.user = "b";
  EXPECT_EQ(result(), "A/a");
  sent.certificate = nullptr;
  EXPECT_EQ(result(), why(RefusalReason::certificate_required));
}

TEST_F(AuthByConfig, a_certificate_user_has_no_empty_password_on_other_listeners) {
  add_user("a", "", "A");
  sent.user = "a";
  EXPECT_EQ(result(), "A/a");
  rules.certificates_elsewhere = true;
  EXPECT_EQ(result(), why(RefusalReason::certificate_required));
}

TEST_F(AuthByConfig, rules_refuse_what_cannot_be_meant) {
  add_user("a", "");
  EXPECT_NE(rules.add_user({"a", "x", "", {}, {}}), "");
  EXPECT_NE(rules.add_user({"", "x", "", {}, {}}), "");
  EXPECT_NE(rules.add_nkey_user({TestKey(NkeyRole::account, 1).text, "", {}, {}}), "");
  EXPECT_NE(rules.trust_key(TestKey(NkeyRole::account, 1).text), "");
  EXPECT_FALSE(rules.operator_mode());
}

TEST_F(AuthByConfig, a_login_ends_when_its_rule_changes) {
  add_user("a", "p", "A");
  sent.user = "a";
  sent.password = "p";
  const auto login = std::get<Login>(log_in());
  EXPECT_FALSE(Authenticator(rules, nullptr, nullptr).ended(login, 1));
  AuthRules changed;
  ASSERT_EQ(changed.add_user({"a", "q", "A", {}, {}}), "");
  ASSERT_TRUE(Authenticator(changed, nullptr, nullptr).ended(login, 1));
  EXPECT_EQ(Authenticator(changed, nullptr, nullptr).ended(login, 1)->error_text, "Authorization Violation");
  AuthRules moved;
  ASSERT_EQ(moved.add_user({"a", "p", "B", {}, {}}), "");
  EXPECT_TRUE(Authenticator(moved, nullptr, nullptr).ended(login, 1));
  const AuthRules empty;
  EXPECT_TRUE(Authenticator(empty, nullptr, nullptr).ended(login, 1));
}

TEST_F(AuthByConfig, an_anonymous_login_ends_with_the_anonymous_tenant) {
  rules.anonymous = Tenant{Tenant::Kind::account, "$G"};
  const auto login = std::get<Login>(log_in());
  EXPECT_FALSE(Authenticator(rules, nullptr, nullptr).ended(login, 1));
  rules.anonymous->name = "other";
  EXPECT_TRUE(Authenticator(rules, nullptr, nullptr).ended(login, 1));
}

}  // namespace
}  // namespace switchyard::nats
