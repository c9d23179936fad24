// Another sealing key while the server works: nothing is left behind, and nobody who authenticates notices.
#include "kernel/account/reseal.h"

#include <gtest/gtest.h>

#include "kernel/account/records.h"
#include "tests/unit/account/account_rig.h"

namespace switchyard::account {
namespace {

class Reseal : public testing::Test {
 protected:
  std::string make(Protocol protocol) {
    NewNamespace wanted;
    wanted.name = "orders";
    wanted.protocol = protocol;
    return rig.make_namespace(wanted)->id;
  }
  void add(const std::string& ns, int first, int count) {
    for (int i = first; i < first + count; ++i) {
      ASSERT_TRUE(rig.make_credential(new_credential(ns, key(i), "secret " + std::to_string(i))));
    }
  }
  static std::string key(int i) { return "KEY" + std::to_string(i); }
  Result<std::uint64_t> rotate() {
    rig.sealer().begin_rotation(next);
    return finish();
  }
  Result<std::uint64_t> finish(const Status& disk = {}) {
    std::optional<Result<std::uint64_t>> answer;
    reseal(rig.accounts(), [&](Result<std::uint64_t> result) { answer = std::move(result); });
    rig.run(disk);
    return answer ? std::move(*answer) : Result<std::uint64_t>(Error{Code::internal, "no answer"});
  }
  std::size_t stale() {
    std::size_t count = 0;
    const auto& kv = rig.accounts().kv();
    kv.scan(1, kCredentialPrefix, kCredentialPrefix, [&](auto key, const auto& entry) {
      count += rig.sealer().is_stale(decode_credential(key, *entry.value)->sealed_secret) ? 1 : 0;
      return true;
    });
    kv.scan(1, kNamespacePrefix, kNamespacePrefix, [&](auto key, const auto& entry) {
      count += rig.sealer().is_stale(decode_namespace(key, *entry.value)->sealed_signing_seed) ? 1 : 0;
      return true;
    });
    return count;
  }

  AccountRig rig{2};
  const SealingKey next = SealingKey::random();
};

TEST_F(Reseal, every_secret_and_signing_key_goes_over_and_stays_what_it_was) {
  constexpr int kMany = 300;  // More than one batch.
  const auto ns = make(Protocol::sqs_sns), nats = make(Protocol::nats);
  const std::string seed(rig.view().reveal_signing_seed(*rig.view().find_namespace(nats))->view());
  add(ns, 0, kMany);
  const auto updated = rig.view().find_credential(key(7))->updated_ns;
  rig.clock.advance_ms(1000);
  const auto sealed = rotate();
  ASSERT_TRUE(sealed) << sealed.error().message;
  EXPECT_EQ(*sealed, kMany + 1u) << "and the signing key; namespaces of SQS have none";
  rig.sealer().end_rotation();
  rig.restart();
  ASSERT_TRUE(rig.view().check_sealing()) << "the key before is not needed";
  for (int i = 0; i < kMany; i += 37) {
    EXPECT_EQ(verify(rig.view(1), key(i), "secret " + std::to_string(i)), Code::ok) << i;
  }
  EXPECT_EQ(rig.view().reveal_signing_seed(*rig.view().find_namespace(nats))->view(), seed);
  EXPECT_EQ(rig.view().find_credential(key(7))->updated_ns, updated) << "for its owner nothing has changed";
  EXPECT_EQ(*finish(), 0u);
}

TEST_F(Reseal, what_was_on_its_way_when_the_rotation_began_goes_over_too) {
  const auto ns = make(Protocol::sqs_sns);
  add(ns, 0, 3);
  const auto tell = [](const auto& result) { EXPECT_TRUE(result); };
  rig.accounts().create_credential(1, new_credential(ns, "LATE", "late"), tell);
  CredentialChange rename;
  rename.name = "renamed";
  rig.accounts().update_credential(1, rig.view(1).find_credential(key(1))->id, rename, tell);
  ASSERT_TRUE(rotate());
  EXPECT_EQ(stale(), 0u);
  EXPECT_EQ(rig.view().find_credential(key(1))->name, "renamed");
  EXPECT_EQ(verify(rig.view(), "LATE", "late"), Code::ok);
}

TEST_F(Reseal, a_change_in_the_middle_is_kept) {
  const auto ns = make(Protocol::sqs_sns);
  add(ns, 0, 3);
  rig.sealer().begin_rotation(next);
  std::optional<Result<std::uint64_t>> answer;
  reseal(rig.accounts(), [&](Result<std::uint64_t> result) { answer = std::move(result); });
  CredentialChange narrow;
  narrow.permissions = kMayPublish;
  // It meets the records that are sealed again, whichever of the two is first.
  int changed = 0;
  for (int i = 0; i < 3; ++i) {
    rig.accounts().update_credential(1, rig.view(1).find_credential(key(i))->id, narrow,
                                     [&](const auto& result) { changed += result ? 1 : 0; });
  }
  rig.run();
  ASSERT_TRUE(answer && answer->ok());
  EXPECT_EQ(changed, 3);
  EXPECT_EQ(stale(), 0u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rig.view().find_credential(key(i))->permissions, kMayPublish);
}

TEST_F(Reseal, a_failing_disk_leaves_every_secret_readable_and_the_next_try_goes_on) {
  const auto ns = make(Protocol::sqs_sns);
  add(ns, 0, 200);
  rig.sealer().begin_rotation(next);
  EXPECT_EQ(finish(Error{Code::io, "the disk is full"}).code(), Code::io);
  EXPECT_TRUE(rig.view().check_sealing());
  EXPECT_EQ(stale(), 200u);
  EXPECT_EQ(*finish(), 200u);
  EXPECT_EQ(stale(), 0u);
}

}  // namespace
}  // namespace switchyard::account
