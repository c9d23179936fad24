#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kernel/account/key_file.h"
#include "kernel/base/ids.h"
#include "kernel/base/log.h"

namespace switchyard::account {
namespace {

struct Sealing : testing::Test {
  void SetUp() override {
    log::set_level(log::Level::off);
    std::string pattern = testing::TempDir() + "sealing-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override {
    log::set_level(log::Level::info);
    std::filesystem::remove_all(folder);
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder + "/" + name) << text; }
  std::string folder;
};

TEST_F(Sealing, a_secret_comes_back_and_is_not_in_the_sealed_bytes) {
  const Sealer sealer(SealingKey::random());
  const auto sealed = sealer.seal("correct horse", "cred/KEY");
  EXPECT_EQ(sealed.find("correct"), std::string::npos);
  const auto secret = sealer.unseal(sealed, "cred/KEY");
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->view(), "correct horse");
  EXPECT_NE(sealer.seal("correct horse", "cred/KEY"), sealed) << "a nonce is never used twice";
}

TEST_F(Sealing, a_sealed_secret_of_another_record_is_refused) {
  const Sealer sealer(SealingKey::random());
  const auto secret = sealer.unseal(sealer.seal("s", "cred/A"), "cred/B");
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.code(), Code::corrupt);
  EXPECT_NE(secret.error().message.find("cred/B"), std::string::npos);
}

TEST_F(Sealing, every_changed_bit_is_noticed) {
  const Sealer sealer(SealingKey::random());
  const auto sealed = sealer.seal("secret", "cred/A");
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    auto bad = sealed;
    bad[i / 8] = static_cast<char>(bad[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(sealer.unseal(bad, "cred/A")) << "bit " << i;
  }
  for (std::size_t n = 0; n < sealed.size(); ++n) EXPECT_FALSE(sealer.unseal(sealed.substr(0, n), "cred/A")) << n;
}

TEST_F(Sealing, another_key_is_named_in_the_refusal) {
  const Sealer old(SealingKey::random()), now(SealingKey::random());
  const auto secret = now.unseal(old.seal("s", "cred/A"), "cred/A");
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.code(), Code::denied);
  EXPECT_NE(secret.error().message.find(old.key().id_text()), std::string::npos);
  EXPECT_NE(secret.error().message.find(now.key().id_text()), std::string::npos);
}

TEST_F(Sealing, the_first_start_makes_a_private_key_file_and_the_second_uses_it) {
  const auto first = load_sealing_key("", folder);
  ASSERT_TRUE(first);
  struct stat info {};
  ASSERT_EQ(stat((folder + "/sealing.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto second = load_sealing_key("", folder);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->bytes(), second->bytes());
}

TEST_F(Sealing, a_lost_key_file_is_not_replaced_where_data_is) {
  const auto lost = load_sealing_key("", folder, false);
  ASSERT_FALSE(lost);
  EXPECT_NE(lost.error().message.find(folder + "/sealing.key is missing"), std::string::npos);
  EXPECT_NE(lost.error().message.find("restore it from a backup"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder + "/sealing.key"));
}

TEST_F(Sealing, a_key_may_be_hex_or_base64_in_a_file) {
  const std::string raw(32, 'k');
  write("hex", hex_encode(raw) + "\n");
  write("base64", base64_encode(raw) + "\r\n");
  for (const char* name : {"hex", "base64"}) {
    const auto key = load_sealing_key("file:" + folder + "/" + name, "/nowhere");
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->bytes(), raw);
  }
}

TEST_F(Sealing, wrong_keys_are_refused_with_a_way_out) {
  write("short", "abcd");
  write("empty", "");
  const auto short_key = load_sealing_key("file:" + folder + "/short", folder);
  ASSERT_FALSE(short_key);
  EXPECT_NE(short_key.error().message.find("openssl rand -hex 32"), std::string::npos);
  EXPECT_EQ(short_key.error().message.find("abcd"), std::string::npos) << "no secret in an error";
  EXPECT_FALSE(load_sealing_key("file:" + folder + "/empty", folder));
  EXPECT_FALSE(load_sealing_key("file:" + folder + "/missing", folder));
  EXPECT_FALSE(load_sealing_key("file:relative", folder));
  EXPECT_FALSE(load_sealing_key("00112233", folder)) << "not in the configuration itself";
  EXPECT_FALSE(std::filesystem::exists(folder + "/sealing.key"));
}

TEST_F(Sealing, a_service_credential_is_read_from_its_folder) {
  write("seal", hex_encode(std::string(32, 'c')));
  setenv("CREDENTIALS_DIRECTORY", folder.c_str(), 1);
  const auto key = load_sealing_key("credential:seal", "/nowhere");
  const auto escape = load_sealing_key("credential:../seal", "/nowhere");
  unsetenv("CREDENTIALS_DIRECTORY");
  const auto outside = load_sealing_key("credential:seal", "/nowhere");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->bytes(), std::string(32, 'c'));
  EXPECT_FALSE(escape);
  ASSERT_FALSE(outside);
  EXPECT_NE(outside.error().message.find("CREDENTIALS_DIRECTORY"), std::string::npos);
}

TEST_F(Sealing, during_a_rotation_the_next_key_seals_and_both_open) {
  const auto first = SealingKey::random(), second = SealingKey::random();
  Sealer sealer(first);
  const auto old = sealer.seal("s", "cred/A");
  EXPECT_FALSE(sealer.is_stale(old));
  EXPECT_FALSE(sealer.is_stale("")) << "where there is no secret";
  for (int again = 0; again < 2; ++again) sealer.begin_rotation(second);
  EXPECT_TRUE(sealer.is_stale(old));
  const auto fresh = sealer.seal("s", "cred/A");
  EXPECT_FALSE(sealer.is_stale(fresh));
  for (const auto& sealed : {old, fresh}) {
    const auto opened = sealer.unseal(sealed, "cred/A");
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->view(), "s");
  }
  sealer.end_rotation();
  EXPECT_EQ(sealer.unseal(old, "cred/A").code(), Code::denied);
  EXPECT_TRUE(sealer.unseal(fresh, "cred/A"));
  EXPECT_TRUE(Sealer(first, second).unseal(old, "cred/A")) << "a start in the middle of a rotation";
}

TEST_F(Sealing, a_next_key_is_made_once_and_takes_the_place_of_the_key) {
  EXPECT_EQ(make_next_key(folder + "/sealing.key").code(), Code::not_found) << "no key, nothing to rotate";
  const auto key = load_sealing_key("", folder);
  const auto path = sealing_key_path("", folder);
  ASSERT_TRUE(key && path);
  const auto none = load_next_key(*path);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  const auto next = make_next_key(*path), same = make_next_key(*path);
  ASSERT_TRUE(next && same);
  EXPECT_NE(next->id(), key->id());
  EXPECT_EQ(next->bytes(), same->bytes()) << "records may be sealed with it";
  struct stat info {};
  ASSERT_EQ(stat(next_key_path(*path).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto loaded = load_next_key(*path);
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ((*loaded)->bytes(), next->bytes());
  ASSERT_TRUE(adopt_next_key(*path));
  EXPECT_EQ(load_sealing_key("", folder)->bytes(), next->bytes());
  EXPECT_FALSE(*load_next_key(*path));
  write("sealing.key.next", "short");
  EXPECT_FALSE(load_next_key(*path)) << "half a key is not taken for none";
}

TEST_F(Sealing, secrets_compare_by_content) {
  const Secret secret("abc");
  EXPECT_TRUE(secret.equals("abc"));
  EXPECT_FALSE(secret.equals("abd"));
  EXPECT_FALSE(secret.equals("abcd"));
  EXPECT_FALSE(Secret().equals("a"));
}

}  // namespace
}  // namespace switchyard::account
