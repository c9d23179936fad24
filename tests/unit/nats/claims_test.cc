#include "plugins/nats/claims.h"

#include <gtest/gtest.h>

namespace switchyard::nats {
namespace {

bool inside(std::string_view range, std::string_view address) {
  const auto parsed = parse_cidr(range);
  return parsed && cidr_contains(*parsed, address);
}

TEST(Cidr, holds_the_addresses_of_its_prefix) {
  EXPECT_TRUE(inside("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(inside("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(inside("192.168.1.130/25", "192.168.1.200"));
  EXPECT_FALSE(inside("192.168.1.130/25", "192.168.1.100"));
  EXPECT_TRUE(inside("1.2.3.4/32", "1.2.3.4"));
  EXPECT_FALSE(inside("1.2.3.4/32", "1.2.3.5"));
  EXPECT_TRUE(inside("0.0.0.0/0", "8.8.8.8"));
  EXPECT_TRUE(inside("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(inside("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(inside("::1/128", "::1"));
  EXPECT_FALSE(inside("::1/128", "::2"));
}

TEST(Cidr, a_mapped_address_is_its_ipv4_address) {
  EXPECT_TRUE(inside("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_FALSE(inside("10.0.0.0/8", "::10.1.2.3"));
  EXPECT_FALSE(inside("0.0.0.0/0", "2001:db8::1"));
}

TEST(Cidr, refuses_what_is_no_range) {
  for (const auto* text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129",
                           "10.0.0.0/8 ", " 10.0.0.0/8", "x/8", "10.0.0.0/8/8", "10.0.0.0/+8", "010.0.0.0/8"}) {
    EXPECT_FALSE(parse_cidr(text)) << text;
  }
  EXPECT_FALSE(parse_cidr(std::string_view("10.0.0.0\0/8", 11)));
  EXPECT_FALSE(inside("0.0.0.0/0", ""));
  EXPECT_FALSE(inside("0.0.0.0/0", "host"));
}

TEST(TimeOfDay, is_read_as_hours_minutes_and_seconds) {
  EXPECT_EQ(parse_time_of_day("00:00:00"), 0);
  EXPECT_EQ(parse_time_of_day("15:04:05"), 15 * 3600 + 4 * 60 + 5);
  EXPECT_EQ(parse_time_of_day("5:04:05"), 5 * 3600 + 4 * 60 + 5);
  EXPECT_EQ(parse_time_of_day("23:59:59"), 86399);
  for (const auto* text : {"", "24:00:00", "12:60:00", "12:00:60", "12:00", "12:0:00", "12:00:00 ", "123:00:00",
                           "-1:00:00", "12:-1:00", "12:00:-1", ":00:00", "aa:bb:cc", "12.00.00"}) {
    EXPECT_FALSE(parse_time_of_day(text)) << text;
  }
}

TEST(ConnectionTypes, unknown_names_restrict_and_allow_nothing) {
  ConnectionTypes types;
  EXPECT_TRUE(types.allows(ConnectionType::standard));
  EXPECT_FALSE(types.add("CARRIER_PIGEON"));
  EXPECT_FALSE(types.allows(ConnectionType::standard));
  EXPECT_TRUE(types.add("websocket"));
  EXPECT_TRUE(types.allows(ConnectionType::websocket));
  EXPECT_FALSE(types.allows(ConnectionType::standard));
}

TEST(Revocations, cover_what_was_issued_until_then) {
  Revocations revocations;
  revocations.until_s["U1"] = 100;
  EXPECT_TRUE(revocations.revoked("U1", 99));
  EXPECT_TRUE(revocations.revoked("U1", 100));
  EXPECT_FALSE(revocations.revoked("U1", 101));
  EXPECT_FALSE(revocations.revoked("U2", 99));
  revocations.until_s["*"] = 50;
  EXPECT_TRUE(revocations.revoked("U2", 50));
  EXPECT_FALSE(revocations.revoked("U2", 51));
}

TEST(ResponseClaim, stands_for_a_responder_without_a_publish_list_of_its_own) {
  PermissionClaims claims;
  complete_response_claim(claims);
  EXPECT_FALSE(claims.publish.allow_nothing);
  claims.response.emplace();
  complete_response_claim(claims);
  EXPECT_TRUE(claims.publish.allow_nothing);
  EXPECT_EQ(claims.response->max_messages, kDefaultResponses);
  EXPECT_EQ(claims.response->ttl_ns, kDefaultResponseTtlNs);

  PermissionClaims with_list;
  with_list.response = ResponseClaim{-1, 5};
  with_list.publish.allow = {"a"};
  complete_response_claim(with_list);
  EXPECT_FALSE(with_list.publish.allow_nothing);
  EXPECT_EQ(with_list.response, (ResponseClaim{-1, 5}));
}

}  // namespace
}  // namespace switchyard::nats
