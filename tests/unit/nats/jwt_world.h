// What tests of logins by JWT share: keys, an operator, a directory, a client that signs its nonce.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "plugins/nats/authenticator.h"
#include "tests/unit/nats/jwt_maker.h"

namespace switchyard::nats {

inline constexpr std::string_view kNonce = "PXoWU7zWAMt75FY";
inline constexpr std::int64_t kNow = 1'800'000'000;  // 2027-01-15 08:00:00 UTC.
inline constexpr const char* kFree = R"("subs":-1,"data":-1,"payload":-1)";
inline constexpr const char* kFreeAccount =
    R"("limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"conn":-1,"leaf":-1,"wildcards":true})";

struct FakeDirectory : CredentialDirectory {
  bool find_account(std::string_view key, DirectoryAccount& out) const override {
    if (key != account) return false;
    out = found;
    return true;
  }
  DirectoryUser find_user(std::string_view, std::string_view key, std::int64_t) const override {
    const auto user = users.find(std::string(key));
    if (user != users.end()) return user->second;
    DirectoryUser unknown;
    unknown.revoked = true;
    return unknown;
  }
  std::string account;
  DirectoryAccount found;
  std::map<std::string, DirectoryUser> users;
};

struct FakeZones : Zones {
  std::optional<std::int32_t> utc_offset_s(std::string_view zone, std::int64_t) const override {
    if (zone == "Europe/Berlin") return 3600;
    if (zone.empty()) return -7200;
    return std::nullopt;
  }
};

struct JwtWorld : testing::Test {
  JwtWorld() {
    sent.nonce = kNonce;
    sent.signature = signature;
    sent.client_address = "127.0.0.1";
    sent.now_s = kNow;
  }
  void trust() { ASSERT_EQ(rules.trust_key(op.text), ""); }
  void add_account(std::string_view body, std::string_view standard = "") {
    const auto text = std::string(kFreeAccount) + (body.empty() ? "" : ",") + std::string(body);
    ASSERT_EQ(rules.add_account(account.text, make_jwt(op, account.text, "account", text, standard)), "");
  }
  // A user that the account's own key signed.
  void send_user(std::string_view body = "", std::string_view standard = "") {
    token = make_jwt(account, user.text, "user", std::string(kFree) + (body.empty() ? "" : ",") + std::string(body),
                     standard);
    sent.jwt = token;
  }
  // One that a signing key signed, with nothing but this in its claims.
  void send_signed_by(const TestKey& signer, std::string_view body = "", std::string_view standard = "") {
    token = make_jwt(signer, user.text, "user",
                     "\"issuer_account\":\"" + account.text + "\"" + (body.empty() ? "" : ",") + std::string(body),
                     standard);
    sent.jwt = token;
  }
  Authenticator authenticator() const { return {rules, directory, zones}; }
  AuthOutcome log_in() const { return authenticator().authenticate(sent); }
  Login login() const {
    auto outcome = log_in();
    EXPECT_EQ(reason_of(outcome), "in");
    return std::holds_alternative<Login>(outcome) ? std::get<Login>(std::move(outcome)) : Login();
  }
  static std::string reason_of(const AuthOutcome& outcome) {
    const auto* refusal = std::get_if<Refusal>(&outcome);
    return refusal == nullptr ? "in" : std::string(describe(refusal->reason));
  }
  void expect(RefusalReason reason) const { EXPECT_EQ(reason_of(log_in()), describe(reason)); }

  const TestKey op{NkeyRole::operator_, 1}, account{NkeyRole::account, 3}, signer{NkeyRole::account, 4};
  const TestKey scoped{NkeyRole::account, 5}, user{NkeyRole::user, 6}, stranger{NkeyRole::account, 99};
  const std::string signature = user.sign_url(kNonce);
  AuthRules rules;
  FakeDirectory host;
  FakeZones some_zones;
  const CredentialDirectory* directory = nullptr;
  const Zones* zones = nullptr;
  std::string token;
  ConnectCredentials sent;
};

}  // namespace switchyard::nats
