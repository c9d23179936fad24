#include <gtest/gtest.h>

#include "tests/unit/nats/options_world.h"

namespace switchyard::nats {
namespace {

TEST(TlsOptions, the_block_is_read_whole) {
  const std::string pin(64, 'A');
  OptionsWorld world(
      "tls { cert_file: \"./c.pem\", key_file: k.pem, ca_file: ca.pem, verify: true, timeout: 2.5\n" +
      std::string("connection_rate_limit: 10, min_version: \"1.3\", pinned_certs: [\"") + pin + "\"]\n" +
      "cipher_suites: [\"TLS_AES_128_GCM_SHA256\"], curve_preferences: [\"X25519\"] }\nallow_non_tls: true");
  ASSERT_EQ(world.errors(), "");
  const TlsOptions& tls = *world.options.tls;
  EXPECT_EQ(tls.cert_file, "./c.pem");
  EXPECT_EQ(tls.key_file, "k.pem");
  EXPECT_EQ(tls.ca_file, "ca.pem");
  EXPECT_TRUE(tls.verify);
  EXPECT_FALSE(tls.verify_and_map);
  EXPECT_EQ(tls.timeout_ms, 2'500);
  EXPECT_EQ(tls.connection_rate_limit, 10);
  EXPECT_EQ(tls.min_version, "1.3");
  EXPECT_EQ(tls.pinned_certs, std::vector<std::string>{std::string(64, 'a')});
  EXPECT_EQ(tls.cipher_suites.size(), 1u);
  EXPECT_EQ(tls.curve_preferences.size(), 1u);
  EXPECT_TRUE(world.options.allow_non_tls);
}

TEST(TlsOptions, mapping_a_certificate_to_a_user_verifies_it) {
  EXPECT_TRUE(OptionsWorld("tls { verify_and_map: true }").options.tls->verify);
  EXPECT_TRUE(OptionsWorld("tls { verify_and_map: true, verify: false }").options.tls->verify);
}

TEST(TlsOptions, handshake_first_has_five_shapes) {
  const auto read = [](const std::string& value) {
    OptionsWorld world("tls { handshake_first: " + value + " }");
    if (!world.ok) return world.errors();
    return std::string(world.options.tls->handshake_first ? "first " : "later ") +
           std::to_string(world.options.tls->handshake_first_fallback_ms);
  };
  EXPECT_EQ(read("true"), "first 0");
  EXPECT_EQ(read("\"on\""), "first 0");
  EXPECT_EQ(read("false"), "later 0");
  EXPECT_EQ(read("auto"), "first 50");
  EXPECT_EQ(read("\"300ms\""), "first 300");
  EXPECT_EQ(read("maybe"), "a.conf:1:7: field \"handshake_first\"'s value \"maybe\" is invalid\n");
  EXPECT_EQ(read("5"), "a.conf:1:7: field \"handshake_first\" should be a boolean or a string, got an integer\n");
}

TEST(TlsOptions, what_is_wrong_is_named) {
  EXPECT_EQ(errors_of("tls { cert_file: x, key_file: y, foo: 2 }"),
            "a.conf:1:34: error parsing tls config, unknown field \"foo\"\n");
  EXPECT_EQ(errors_of("tls { timeout: x }"), "a.conf:1:7: error parsing timeout: time: invalid duration \"x\"\n");
  EXPECT_EQ(errors_of("tls { cert_file: x }"), "a.conf:1:1: missing 'key_file' in TLS configuration\n");
  EXPECT_EQ(errors_of("tls { key_file: x }"), "a.conf:1:1: missing 'cert_file' in TLS configuration\n");
  EXPECT_EQ(errors_of("tls { cert_file: x, key_file: y, certs: [{cert_file: a, key_file: b}] }"),
            "a.conf:1:1: error parsing tls config, cannot combine 'cert_file' option with 'certs' option\n");
  EXPECT_EQ(errors_of("tls: true"), "a.conf:1:1: expected \"tls\" to be a map, got a boolean\n");
  EXPECT_FALSE(OptionsWorld("tls { pinned_certs: [\"abc\"] }").ok);
  EXPECT_FALSE(OptionsWorld("tls { min_version: \"1.0\" }").ok);
  EXPECT_FALSE(OptionsWorld("tls { verify_cert_and_check_known_urls: true }").ok);
}

}  // namespace
}  // namespace switchyard::nats
