#include "plugins/nats/jwt.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/nats/jwt_maker.h"
#include "tests/unit/nats/jwt_vectors.h"

namespace switchyard::nats {
namespace {

using Texts = std::vector<std::string>;

const TestKey kOperator(NkeyRole::operator_, 1), kOperatorSigner(NkeyRole::operator_, 2);
const TestKey kAccount(NkeyRole::account, 3), kSigner(NkeyRole::account, 4), kScoped(NkeyRole::account, 5);
const TestKey kUser(NkeyRole::user, 6);

template <class Claims>
std::string fault_of(const Decoded<Claims>& decoded) {
  const auto* fault = std::get_if<JwtFault>(&decoded);
  return fault == nullptr ? "none" : std::string(describe(*fault));
}

#define EXPECT_FAULT(decoded, fault) EXPECT_EQ(fault_of(decoded), describe(fault))

// Users whose "nats" holds this, besides its type and version.
Decoded<UserClaims> user_with(std::string_view body, std::string_view standard = "") {
  return decode_user_jwt(make_jwt(kAccount, kUser.text, "user", body, standard));
}
Decoded<AccountClaims> account_with(std::string_view body) {
  return decode_account_jwt(make_jwt(kOperator, kAccount.text, "account", body));
}

TEST(Jwt, reads_the_user_of_the_reference_implementation) {
  const auto decoded = decode_user_jwt(vectors::kUserJwt);
  ASSERT_EQ(fault_of(decoded), "none");
  const auto& claims = std::get<UserClaims>(decoded);
  EXPECT_EQ(claims.head.subject, kUser.text);
  EXPECT_EQ(claims.head.issuer, kSigner.text);
  EXPECT_EQ(claims.account(), kAccount.text);
  EXPECT_EQ(claims.head.name, "u");
  EXPECT_EQ(claims.head.version, 2);
  EXPECT_EQ(claims.head.expires_s, 4102444800);
  EXPECT_GT(claims.head.issued_s, 1'700'000'000);
  EXPECT_EQ(claims.head.id.size(), 52u);
  EXPECT_EQ(claims.head.tags, (Texts{"bucket:b1", "bucket:b2"}));
  EXPECT_EQ(claims.grants.permissions.publish.allow, Texts{"p.>"});
  EXPECT_EQ(claims.grants.permissions.subscribe.deny, Texts{"q.*"});
  EXPECT_FALSE(claims.grants.permissions.response);
  EXPECT_EQ(claims.grants.src, (std::vector<Cidr>{*parse_cidr("10.0.0.0/8"), *parse_cidr("::1/128")}));
  EXPECT_EQ(claims.grants.times, (std::vector<TimeRange>{{8 * 3600, 18 * 3600 + 30 * 60 + 15}}));
  EXPECT_EQ(claims.grants.times_location, "Europe/Berlin");
  EXPECT_EQ(claims.grants.payload, 1024);
  EXPECT_EQ(claims.grants.subscriptions, kNoLimit);
  EXPECT_TRUE(claims.grants.connection_types.allows(ConnectionType::websocket));
  EXPECT_FALSE(claims.grants.connection_types.allows(ConnectionType::standard));
  EXPECT_FALSE(claims.grants.bearer_token);
}

TEST(Jwt, reads_the_account_of_the_reference_implementation) {
  const auto decoded = decode_account_jwt(vectors::kAccountJwt);
  ASSERT_EQ(fault_of(decoded), "none");
  const auto& claims = std::get<AccountClaims>(decoded);
  EXPECT_EQ(claims.head.subject, kAccount.text);
  EXPECT_EQ(claims.head.issuer, kOperatorSigner.text);
  EXPECT_EQ(claims.head.tags, Texts{"env:prod"});
  EXPECT_EQ(claims.limits.connections, 7);
  EXPECT_EQ(claims.limits.subscriptions, 20);
  EXPECT_EQ(claims.limits.payload, kNoLimit);
  EXPECT_TRUE(claims.limits.wildcard_exports);
  EXPECT_EQ(claims.limits.tiers.at("R3").disk_bytes, 1000);
  EXPECT_EQ(claims.default_permissions.publish.deny, Texts{"secret.>"});
  EXPECT_TRUE(claims.revocations.revoked(vectors::kRevokedUserKey, 1000));

  ASSERT_EQ(claims.signing_keys.size(), 2u);
  EXPECT_FALSE(claims.signing_keys.at(kSigner.text));
  const auto& scope = claims.signing_keys.at(kScoped.text);
  ASSERT_TRUE(scope);
  EXPECT_EQ(scope->role, "worker");
  EXPECT_EQ(scope->grants.permissions.publish.allow, (Texts{"jobs.{{name()}}.>", "kv_{{tag(bucket)}}"}));
  EXPECT_EQ(scope->grants.permissions.response, (ResponseClaim{3, 1'000'000'000}));
  EXPECT_EQ(scope->grants.payload, 512);
  EXPECT_EQ(scope->grants.subscriptions, kNoLimit);

  const auto& mapping = claims.mappings.at("from.*");
  ASSERT_EQ(mapping.size(), 2u);
  EXPECT_EQ(mapping[0].subject, "to.$1");
  EXPECT_EQ(mapping[0].weight, 40);
  EXPECT_EQ(mapping[1].weight, 60);
}

TEST(Jwt, reads_imports_and_exports_of_the_reference_implementation) {
  const auto claims = std::get<AccountClaims>(decode_account_jwt(vectors::kAccountJwt));
  ASSERT_EQ(claims.exports.size(), 1u);
  const auto& offer = claims.exports[0];
  EXPECT_EQ(offer.subject, "svc.*");
  EXPECT_EQ(offer.kind, ShareKind::service);
  EXPECT_EQ(offer.response_type, ResponseType::stream);
  EXPECT_EQ(offer.account_token_position, 2u);
  ASSERT_TRUE(offer.latency);
  EXPECT_EQ(offer.latency->sampling_percent, 50);
  EXPECT_EQ(offer.latency->results, "lat");
  ASSERT_EQ(claims.imports.size(), 1u);
  EXPECT_EQ(claims.imports[0].subject, "a.*");
  EXPECT_EQ(claims.imports[0].local_subject, "b.$1");
  EXPECT_EQ(claims.imports[0].account, kSigner.text);
  EXPECT_EQ(claims.imports[0].kind, ShareKind::stream);
}

TEST(Jwt, reads_the_operator_of_the_reference_implementation) {
  const auto decoded = decode_operator_jwt(vectors::kOperatorJwt);
  ASSERT_EQ(fault_of(decoded), "none");
  const auto& claims = std::get<OperatorClaims>(decoded);
  EXPECT_EQ(claims.head.subject, kOperator.text);
  EXPECT_EQ(claims.signing_keys, Texts{kOperatorSigner.text});
  EXPECT_EQ(claims.system_account, kAccount.text);
  EXPECT_FALSE(claims.strict_signing_keys);
}

TEST(Jwt, claims_of_one_kind_are_none_of_another) {
  EXPECT_FAULT(decode_account_jwt(vectors::kUserJwt), JwtFault::wrong_type);
  EXPECT_FAULT(decode_user_jwt(vectors::kAccountJwt), JwtFault::wrong_type);
  EXPECT_FAULT(decode_operator_jwt(vectors::kAccountJwt), JwtFault::wrong_type);
}

TEST(Jwt, only_the_right_role_issues) {
  EXPECT_FAULT(decode_user_jwt(make_jwt(kOperator, kUser.text, "user", "")), JwtFault::bad_issuer);
  EXPECT_FAULT(decode_user_jwt(make_jwt(kUser, kUser.text, "user", "")), JwtFault::bad_issuer);
  EXPECT_FAULT(decode_account_jwt(make_jwt(kUser, kAccount.text, "account", "")), JwtFault::bad_issuer);
  EXPECT_FAULT(decode_operator_jwt(make_jwt(kAccount, kOperator.text, "operator", "")), JwtFault::bad_issuer);
}

TEST(Jwt, the_subject_has_the_role_of_the_claims) {
  EXPECT_FAULT(decode_user_jwt(make_jwt(kAccount, kAccount.text, "user", "")), JwtFault::bad_claims);
  EXPECT_FAULT(decode_user_jwt(make_jwt(kAccount, "", "user", "")), JwtFault::bad_claims);
  EXPECT_FAULT(decode_account_jwt(make_jwt(kOperator, kUser.text, "account", "")), JwtFault::bad_claims);
}

TEST(Jwt, any_single_changed_character_is_refused) {
  const std::string token(vectors::kUserJwt);
  for (std::size_t i = 0; i < token.size(); i += 3) {
    auto bent = token;
    bent[i] = bent[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(fault_of(decode_user_jwt(bent)), "none") << i;
  }
}

TEST(Jwt, a_signature_of_somebody_else_is_refused) {
  const std::string claims =
      "{\"iss\":\"" + kAccount.text + "\",\"sub\":\"" + kUser.text + "\",\"nats\":{\"type\":\"user\",\"version\":2}}";
  EXPECT_EQ(fault_of(decode_user_jwt(sign_jwt(kJwtHeader, claims, kAccount))), "none");
  EXPECT_FAULT(decode_user_jwt(sign_jwt(kJwtHeader, claims, kSigner)), JwtFault::bad_signature);
  const auto unsigned_text = encode_base64url(kJwtHeader) + '.' + encode_base64url(claims) + '.';
  EXPECT_FAULT(decode_user_jwt(unsigned_text), JwtFault::bad_signature);
}

TEST(Jwt, other_algorithms_are_refused) {
  const std::string claims =
      "{\"iss\":\"" + kAccount.text + "\",\"sub\":\"" + kUser.text + "\",\"nats\":{\"type\":\"user\",\"version\":2}}";
  for (const auto* header :
       {R"({"typ":"JWT","alg":"none"})", R"({"typ":"JWT","alg":"HS256"})", R"({"typ":"JWT"})",
        R"({"alg":"ed25519-nkey"})", R"({"typ":"JWE","alg":"ed25519-nkey"})", R"({})", R"({"typ":"JWT","alg":7})"}) {
    EXPECT_FAULT(decode_user_jwt(sign_jwt(header, claims, kAccount)), JwtFault::bad_header) << header;
  }
  EXPECT_EQ(fault_of(decode_user_jwt(sign_jwt(R"({"typ":"jwt","alg":"ED25519-NKEY"})", claims, kAccount))), "none");
}

TEST(Jwt, version1_keeps_its_type_beside_the_standard_claims) {
  const auto decoded =
      decode_user_jwt(make_v1_jwt(kSigner, kUser.text, "user", R"("pub":{"allow":["a"]},"src":"10.0.0.0/8, ::1/128")",
                                  "\"issuer_account\":\"" + kAccount.text + "\",\"tags\":[\"t\"]"));
  ASSERT_EQ(fault_of(decoded), "none");
  const auto& claims = std::get<UserClaims>(decoded);
  EXPECT_EQ(claims.head.version, 1);
  EXPECT_EQ(claims.account(), kAccount.text);
  EXPECT_EQ(claims.head.tags, Texts{"t"});
  EXPECT_EQ(claims.grants.permissions.publish.allow, Texts{"a"});
  EXPECT_EQ(claims.grants.src.size(), 2u);
  EXPECT_EQ(claims.grants.payload, kNoLimit);
}

TEST(Jwt, a_signature_of_one_version_is_not_good_for_the_other) {
  // Version 2 claims over which only the claims were signed.
  const auto payload = encode_base64url("{\"iss\":\"" + kAccount.text + "\",\"sub\":\"" + kUser.text +
                                        "\",\"nats\":{\"type\":\"user\",\"version\":2}}");
  EXPECT_FAULT(decode_user_jwt(encode_base64url(kJwtHeader) + '.' + payload + '.' + kAccount.sign_url(payload)),
               JwtFault::bad_signature);
}

TEST(Jwt, other_versions_are_refused) {
  const auto with_version = [](std::string_view version) {
    return decode_user_jwt(sign_jwt(kJwtHeader,
                                    "{\"iss\":\"" + kAccount.text + "\",\"sub\":\"" + kUser.text +
                                        "\",\"nats\":{\"type\":\"user\"" + std::string(version) + "}}",
                                    kAccount));
  };
  EXPECT_FAULT(with_version(",\"version\":3"), JwtFault::newer_version);
  EXPECT_FAULT(with_version(",\"version\":9223372036854775807"), JwtFault::newer_version);
  EXPECT_FAULT(with_version(",\"version\":0"), JwtFault::bad_claims);
  EXPECT_FAULT(with_version(",\"version\":-1"), JwtFault::bad_claims);
  EXPECT_FAULT(with_version(""), JwtFault::bad_claims);
}

TEST(Jwt, a_field_of_the_wrong_type_is_never_a_weaker_claim) {
  for (const auto* body : {R"("pub":[])",
                           R"("pub":{"deny":"a"})",
                           R"("pub":{"deny":[1]})",
                           R"("sub":7)",
                           R"("resp":true)",
                           R"("resp":{"max":"1"})",
                           R"("payload":"1")",
                           R"("payload":1.5)",
                           R"("payload":9223372036854775808)",
                           R"("bearer_token":1)",
                           R"("src":7)",
                           R"("src":["10.0.0.0"])",
                           R"("src":"x")",
                           R"("times":{})",
                           R"("times":["08:00:00"])",
                           R"("times":[{"start":"08:00:00"}])",
                           R"("times_location":1)",
                           R"("allowed_connection_types":"STANDARD")",
                           R"("issuer_account":"A")",
                           R"("issuer_account":1)",
                           R"("tags":"a")",
                           R"("tags":[null])"}) {
    EXPECT_FAULT(user_with(body), JwtFault::bad_claims) << body;
  }
  for (const auto* standard : {R"("exp":"1")", R"("exp":1e300)", R"("nbf":true)", R"("iat":[])", R"("name":1)"}) {
    EXPECT_FAULT(user_with("", standard), JwtFault::bad_claims) << standard;
  }
}

TEST(Jwt, nulls_and_unknown_fields_count_as_absent) {
  const auto decoded = user_with(R"("pub":null,"src":null,"times":null,"resp":null,"payload":null,"novelty":{"a":[1]})",
                                 R"("exp":null,"other":1)");
  ASSERT_EQ(fault_of(decoded), "none");
  EXPECT_TRUE(std::get<UserClaims>(decoded).grants.empty());
}

TEST(Jwt, subjects_of_permissions_are_well_formed) {
  for (const auto* subject : {"", ".", "a.", ".a", "a..b", "a b", " ", "a\\tb", "a\\u0000b"}) {
    EXPECT_FAULT(user_with(R"("pub":{"deny":[")" + std::string(subject) + "\"]}"), JwtFault::bad_claims) << subject;
  }
  EXPECT_EQ(fault_of(user_with(R"("sub":{"allow":["a.* queue.*"]})")), "none");
  EXPECT_FAULT(user_with(R"("sub":{"allow":["a.* queue more"]})"), JwtFault::bad_claims);
  EXPECT_FAULT(user_with(R"("sub":{"allow":["a "]})"), JwtFault::bad_claims);
}

TEST(Jwt, a_scope_that_is_not_understood_refuses_the_account) {
  const auto key = "\"key\":\"" + kScoped.text + "\"";
  EXPECT_EQ(fault_of(account_with("\"signing_keys\":[{\"kind\":\"user_scope\"," + key + "}]")), "none");
  EXPECT_FAULT(account_with("\"signing_keys\":[{\"kind\":\"other\"," + key + "}]"), JwtFault::bad_claims);
  EXPECT_FAULT(account_with("\"signing_keys\":[{" + key + "}]"), JwtFault::bad_claims);
  EXPECT_FAULT(account_with("\"signing_keys\":[{\"kind\":\"user_scope\"}]"), JwtFault::bad_claims);
  EXPECT_FAULT(account_with("\"signing_keys\":[7]"), JwtFault::bad_claims);
  EXPECT_FAULT(account_with("\"signing_keys\":[\"" + kUser.text + "\"]"), JwtFault::bad_claims);
  EXPECT_FAULT(account_with("\"signing_keys\":{}"), JwtFault::bad_claims);
}

TEST(Jwt, the_subjects_of_a_template_are_judged_when_it_is_filled) {
  const auto template_of = [](std::string_view body) {
    return account_with("\"signing_keys\":[{\"kind\":\"user_scope\",\"key\":\"" + kScoped.text + "\",\"template\":{" +
                        std::string(body) + "}}]");
  };
  EXPECT_EQ(fault_of(template_of(R"("pub":{"allow":["a.{{ name() }}"]})")), "none");
  EXPECT_FAULT(template_of(R"("pub":{"allow":[1]})"), JwtFault::bad_claims);
}

TEST(Jwt, broken_account_claims_are_refused) {
  const std::string import = "\"imports\":[{\"subject\":\"a\",\"account\":\"" + kSigner.text + "\"";
  EXPECT_EQ(fault_of(account_with("\"limits\":{\"imports\":1}," + import + ",\"type\":\"stream\"}]")), "none");
  EXPECT_FAULT(account_with("\"limits\":{\"imports\":0}," + import + ",\"type\":\"stream\"}]"), JwtFault::bad_claims);
  EXPECT_FAULT(account_with("\"limits\":{\"imports\":1}," + import + ",\"type\":\"queue\"}]"), JwtFault::bad_claims);
  EXPECT_FAULT(account_with("\"limits\":{\"imports\":1}," + import + "}]"), JwtFault::bad_claims);
  const std::string limits = R"("limits":{"exports":-1},)";
  EXPECT_EQ(
      fault_of(account_with(limits + R"("exports":[{"subject":"a.*","type":"service","account_token_position":2}])")),
      "none");
  for (const auto* body :
       {R"("exports":[{"subject":"a.*","type":"service","account_token_position":1}])",
        R"("exports":[{"subject":"a.*","type":"service","account_token_position":3}])",
        R"("exports":[{"subject":"a.*","type":"service","account_token_position":-1}])",
        R"("exports":[{"subject":"a","type":"service","response_type":"Many"}])",
        R"("exports":[{"subject":"a","type":"service","response_threshold":-1}])",
        R"("exports":[{"subject":"a","type":"service","service_latency":{"sampling":101,"results":"r"}}])",
        R"("exports":[{"subject":"a","type":"service","service_latency":{"sampling":"x","results":"r"}}])",
        R"("exports":[{"subject":"a","type":"service","service_latency":{"sampling":1}}])", R"("exports":["a"])",
        R"("revocations":{"*":"1"})", R"("revocations":[])", R"("mappings":{"a":[{"subject":"b","weight":101}]})",
        R"("mappings":{"a":[{"subject":"b","weight":60},{"subject":"c","weight":60}]})",
        R"("mappings":{"a":[{"weight":1}]})", R"("mappings":{"":[]})", R"("mappings":{"a":{}})",
        R"("default_permissions":{"pub":{"deny":[".."]}})"}) {
    EXPECT_FAULT(account_with(limits + body), JwtFault::bad_claims) << body;
  }
  EXPECT_FAULT(account_with(R"("limits":{"exports":1},"exports":[{"subject":"a.*","type":"stream"}])"),
               JwtFault::bad_claims);
  EXPECT_EQ(fault_of(account_with(R"("limits":{"exports":1},"exports":[{"subject":"a*","type":"stream"}])")), "none");
}

TEST(Jwt, activations_name_what_may_be_imported) {
  const auto token = make_jwt(kSigner, kAccount.text, "activation",
                              R"("subject":"a.>","kind":"service","issuer_account":")" + kScoped.text + "\"");
  const auto decoded = decode_activation_jwt(token);
  ASSERT_EQ(fault_of(decoded), "none");
  const auto& claims = std::get<ActivationClaims>(decoded);
  EXPECT_EQ(claims.import_subject, "a.>");
  EXPECT_EQ(claims.kind, ShareKind::service);
  EXPECT_EQ(claims.issuer_account, kScoped.text);
  EXPECT_FAULT(decode_activation_jwt(make_jwt(kSigner, kAccount.text, "activation", R"("subject":"a.>")")),
               JwtFault::bad_claims);
  EXPECT_FAULT(decode_activation_jwt(make_jwt(kSigner, kUser.text, "activation", R"("subject":"a","kind":"stream")")),
               JwtFault::bad_claims);
}

TEST(Jwt, what_is_no_token_is_refused) {
  for (const auto* text :
       {"", ".", "..", "...", "a.b", "a.b.c.d", "e30.e30.e30", "e30.e30.", "!.e30.e30", "bnVsbA.e30."}) {
    EXPECT_NE(fault_of(decode_user_jwt(text)), "none") << text;
  }
  EXPECT_FAULT(decode_user_jwt(std::string(vectors::kUserJwt) + "."), JwtFault::not_a_jwt);
  EXPECT_FAULT(decode_user_jwt(std::string(vectors::kUserJwt) + "="), JwtFault::not_a_jwt);
  EXPECT_FAULT(decode_user_jwt(" " + std::string(vectors::kUserJwt)), JwtFault::not_a_jwt);
}

TEST(Jwt, size_and_depth_are_bounded) {
  EXPECT_FAULT(decode_user_jwt(std::string(kMaxUserJwtBytes + 1, 'A')), JwtFault::too_large);
  EXPECT_FAULT(decode_account_jwt(std::string(kMaxJwtBytes + 1, 'A')), JwtFault::too_large);
  const std::string deep = "{\"a\":" + std::string(10000, '[') + std::string(10000, ']') + "}";
  EXPECT_FAULT(decode_user_jwt(sign_jwt(kJwtHeader, deep, kAccount)), JwtFault::not_a_jwt);
}

TEST(Jwt, random_damage_never_yields_claims) {
  std::mt19937 random(1);
  const std::string token(vectors::kAccountJwt);
  for (int round = 0; round < 300; ++round) {
    auto bent = token;
    for (unsigned change = 0; change < 1 + random() % 4; ++change) {
      bent[random() % bent.size()] = static_cast<char>(random() % 256);
    }
    if (bent == token) continue;
    EXPECT_NE(fault_of(decode_account_jwt(bent)), "none");
  }
}

}  // namespace
}  // namespace switchyard::nats
