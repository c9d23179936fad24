#include "kernel/account/sealing.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

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

TEST_F(Sealing, secrets_compare_by_content) {
  const Secret secret("abc");
  EXPECT_TRUE(secret.equals("abc"));
  EXPECT_FALSE(secret.equals("abd"));
  EXPECT_FALSE(secret.equals("abcd"));
  EXPECT_FALSE(Secret().equals("a"));
}

}  // namespace
}  // namespace switchyard::account
