#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "kernel/quota/quotas.h"
#include "kernel/quota/token_bucket.h"
#include "tests/unit/account/account_rig.h"

namespace switchyard::quota {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(TokenBucket, without_a_rate_everything_passes) {
  TokenBucket bucket;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(bucket.take(1'000'000, 0), 0u);
}

TEST(TokenBucket, a_full_bucket_holds_one_second_and_refills_at_the_rate) {
  TokenBucket bucket;
  bucket.set_rate(10);
  std::int64_t now = 5'000 * kMs;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.take(1, now), 0u) << i;
  EXPECT_EQ(bucket.take(1, now), 100u);
  EXPECT_EQ(bucket.take(1, now + 99 * kMs), 1u);
  EXPECT_EQ(bucket.take(1, now + 100 * kMs), 0u);
  EXPECT_EQ(bucket.take(1, now + 100 * kMs), 100u);
  now += 3'600'000 * kMs;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.take(1, now), 0u) << "an hour of silence saves up one second, no more";
  EXPECT_NE(bucket.take(1, now), 0u);
}

TEST(TokenBucket, a_refused_request_costs_nothing) {
  TokenBucket bucket;
  bucket.set_rate(10);
  EXPECT_EQ(bucket.take(10, 0), 0u);
  for (int i = 0; i < 100; ++i) EXPECT_NE(bucket.take(5, 0), 0u);
  EXPECT_EQ(bucket.take(5, 500 * kMs), 0u);
}

TEST(TokenBucket, a_batch_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_for) {
  TokenBucket bucket;
  bucket.set_rate(10);
  EXPECT_EQ(bucket.take(30, 10'000 * kMs), 0u);
  EXPECT_EQ(bucket.take(1, 12'000 * kMs), 100u);
  EXPECT_EQ(bucket.take(30, 12'500 * kMs), 500u);
  EXPECT_EQ(bucket.take(30, 13'000 * kMs), 0u);
}

TEST(TokenBucket, a_new_rate_is_in_force_at_once) {
  TokenBucket bucket;
  bucket.set_rate(1);
  EXPECT_EQ(bucket.take(1, 0), 0u);
  EXPECT_NE(bucket.take(1, 0), 0u);
  bucket.set_rate(0);
  EXPECT_EQ(bucket.take(1, 0), 0u);
}

TEST(TokenBucket, threads_together_get_the_rate_and_not_more) {
  TokenBucket bucket;
  bucket.set_rate(1000);
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) passed += bucket.take(1, 0) == 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(passed, 1000);
}

struct QuotasTest : testing::Test {
  QuotasTest() : quotas({}, [this](auto number, auto bytes) { follow(number, bytes); }) { quotas.attach(rig.view(0)); }
  void follow(account::NamespaceNumber number, std::optional<std::uint64_t> bytes) {
    if (bytes) {
      stored[number] = *bytes;
    } else {
      stored.erase(number);
    }
  }
  account::AccountRig rig;
  std::map<account::NamespaceNumber, std::uint64_t> stored;
  Quotas quotas;
};

TEST_F(QuotasTest, limits_come_with_the_namespace_and_follow_its_changes) {
  auto wanted = account::account_namespace("orders", "1");
  wanted.limits.max_stored_bytes = 1000;
  const auto ns = rig.make_namespace(wanted);
  const auto quota = quotas.find(ns->number);
  ASSERT_NE(quota, nullptr);
  EXPECT_EQ(quota->max_message_bytes(), 1u << 20);
  EXPECT_EQ(stored.at(ns->number), 1000u);
  account::NamespaceChange change;
  change.limits = account::LimitOverrides{};
  change.limits->max_message_bytes = 4096;
  change.limits->requests_per_second = 1;
  rig.accounts().update_namespace(1, ns->id, change, [](const auto&) {});
  rig.run();
  EXPECT_EQ(quotas.find(ns->number), quota) << "whoever holds it sees the change";
  EXPECT_TRUE(quota->check_message(4096));
  const auto refused = quota->check_message(4097);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.code(), Code::quota);
  for (const char* part : {"4097", "4096", ns->id.c_str()}) {
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(quota->admit(1, 0), 0u);
  EXPECT_EQ(quota->admit(1, 0), 1000u);
  EXPECT_NE(quota->too_many_requests().message.find("1 requests per second"), std::string::npos);
}

TEST_F(QuotasTest, new_defaults_reach_namespaces_without_a_limit_of_their_own) {
  const auto plain = rig.make_namespace(account::account_namespace("a", "1"));
  auto wanted = account::account_namespace("b", "2");
  wanted.limits.max_message_bytes = 7;
  const auto own = rig.make_namespace(wanted);
  account::LimitDefaults defaults;
  defaults.account_message_bytes = 2048;
  quotas.set_defaults(defaults);
  EXPECT_EQ(quotas.find(plain->number)->max_message_bytes(), 2048u);
  EXPECT_EQ(quotas.find(own->number)->max_message_bytes(), 7u);
}

TEST_F(QuotasTest, connections_are_bounded_also_between_threads) {
  auto wanted = account::account_namespace("orders", "1");
  wanted.limits.max_connections = 100;
  const auto ns = rig.make_namespace(wanted);
  const auto quota = quotas.find(ns->number);
  std::atomic<int> opened{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) opened += quota->open_connection().ok();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(opened, 100);
  const auto refused = quota->open_connection();
  EXPECT_EQ(refused.code(), Code::quota);
  quota->close_connection();
  EXPECT_TRUE(quota->open_connection());
}

TEST_F(QuotasTest, a_deleted_namespace_is_not_found_and_leaves_nothing_but_what_is_still_held) {
  const auto ns = rig.make_namespace(account::account_namespace("orders", "1"));
  const auto number = ns->number;
  const auto quota = quotas.find(number);
  ASSERT_TRUE(stored.contains(number));
  rig.accounts().delete_namespace(0, ns->id, [](const auto&) {});
  rig.run();
  EXPECT_EQ(quotas.find(number), nullptr);
  EXPECT_EQ(quota->open_connection().code(), Code::not_found);
  EXPECT_FALSE(stored.contains(number));
  EXPECT_EQ(quota.use_count(), 1) << "the holder's is the last";
}

}  // namespace
}  // namespace switchyard::quota
