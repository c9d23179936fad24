#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernel/server/data_folder.h"
#include "kernel/server/dev_env.h"

namespace switchyard::server {
namespace {

struct Folder : testing::Test {
  void SetUp() override {
    std::string pattern = testing::TempDir() + "folder-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
    data = root + "/data";
  }
  void TearDown() override { std::filesystem::remove_all(root); }
  std::string text(const std::string& path) const {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  std::string root, data;
};

unsigned mode_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST_F(Folder, a_new_folder_is_private_and_says_its_format) {
  auto folder = DataFolder::open(data);
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(mode_of(data), 0750u);
  EXPECT_EQ(text(data + "/FORMAT"), "1\n");
  ASSERT_TRUE(folder->secret());
  EXPECT_EQ(mode_of(data + "/secret"), 0600u);
}

TEST_F(Folder, the_secret_is_the_same_after_a_restart_and_another_one_elsewhere) {
  SipKey first{};
  {
    const auto folder = DataFolder::open(data);
    first = *folder->secret();
  }
  EXPECT_EQ(*DataFolder::open(data)->secret(), first);
  EXPECT_NE(*DataFolder::open(root + "/other")->secret(), first);
}

TEST_F(Folder, a_second_server_is_refused_with_the_pid_of_the_first) {
  const auto first = DataFolder::open(data);
  ASSERT_TRUE(first);
  for (const bool read_only : {false, true}) {
    const auto second = DataFolder::open(data, read_only);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.code(), Code::busy);
    EXPECT_NE(second.error().message.find("pid " + std::to_string(getpid())), std::string::npos)
        << second.error().message;
  }
}

TEST_F(Folder, the_lock_goes_with_its_holder) {
  { ASSERT_TRUE(DataFolder::open(data)); }
  EXPECT_TRUE(DataFolder::open(data));
}

TEST_F(Folder, a_newer_or_unreadable_format_is_refused_in_one_sentence) {
  { ASSERT_TRUE(DataFolder::open(data)); }
  std::ofstream(data + "/FORMAT") << "2\n";
  const auto newer = DataFolder::open(data);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.code(), Code::unsupported);
  EXPECT_NE(newer.error().message.find("format 2"), std::string::npos) << newer.error().message;
  std::ofstream(data + "/FORMAT") << "soup\n";
  EXPECT_EQ(DataFolder::open(data).code(), Code::corrupt);
}

TEST_F(Folder, reading_only_makes_nothing) {
  EXPECT_EQ(DataFolder::open(data, true).code(), Code::not_found);
  EXPECT_FALSE(std::filesystem::exists(data));
}

TEST_F(Folder, a_damaged_secret_is_named) {
  const auto folder = DataFolder::open(data);
  std::ofstream(data + "/secret") << "short";
  const auto key = folder->secret();
  ASSERT_FALSE(key);
  EXPECT_EQ(key.code(), Code::corrupt);
  EXPECT_NE(key.error().message.find("/secret"), std::string::npos);
}

TEST_F(Folder, a_lost_secret_is_not_replaced_where_data_is) {
  for (const char* room : {"/journal", "/store"}) {
    const auto folder = DataFolder::open(data);
    std::filesystem::create_directories(data + room + "/lost+found");
    EXPECT_FALSE(folder->has_data()) << "only what an operator made";
    ASSERT_TRUE(folder->secret());
    std::ofstream(data + room + "/0000000001.seg") << "x";
    EXPECT_TRUE(folder->secret());
    std::filesystem::remove(data + "/secret");
    const auto lost = folder->secret();
    ASSERT_FALSE(lost);
    EXPECT_NE(lost.error().message.find("'" + data + "/secret' is missing"), std::string::npos);
    EXPECT_NE(lost.error().message.find("restore it from a backup"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(data + "/secret"));
    std::filesystem::remove_all(data);
  }
}

TEST_F(Folder, a_file_is_replaced_whole_with_its_mode_and_leaves_nothing_beside_it) {
  const auto path = root + "/f";
  ASSERT_TRUE(write_file(path, "one", 0644));
  ASSERT_TRUE(write_file(path, "two", 0600));
  EXPECT_EQ(text(path), "two");
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_FALSE(write_file(root + "/nowhere/f", "x", 0600));
}

account::DevAccount queue_account(std::string access_key, std::string secret) {
  account::DevAccount account;
  account.access_key = std::move(access_key);
  account.secret = account::Secret(std::move(secret));
  return account;
}

TEST_F(Folder, dev_env_has_the_variables_of_running_plugins_alone) {
  DevEnvironment environment{
      "http://127.0.0.1:9324", "http://127.0.0.1:9324", "us-east-1", true, {queue_account("KEY", "s3cret")}};
  EXPECT_EQ(render_dev_env(environment, 42),
            "export AWS_ENDPOINT_URL=http://127.0.0.1:9324\nexport AWS_ACCESS_KEY_ID=KEY\n"
            "export AWS_SECRET_ACCESS_KEY=s3cret\nexport AWS_DEFAULT_REGION=us-east-1\nexport SWITCHYARD_PID=42\n");
  environment.sqs = false;
  EXPECT_EQ(render_dev_env(environment, 42), "export SWITCHYARD_PID=42\n");
}

TEST_F(Folder, dev_env_cannot_be_turned_into_commands) {
  DevEnvironment environment{"http://h", "http://h", "r", true, {queue_account("$(touch x)", "it's; rm")}};
  const auto out = render_dev_env(environment, 1);
  EXPECT_NE(out.find("export AWS_ACCESS_KEY_ID='$(touch x)'\n"), std::string::npos) << out;
  EXPECT_NE(out.find("export AWS_SECRET_ACCESS_KEY='it'\\''s; rm'\n"), std::string::npos) << out;
}

}  // namespace
}  // namespace switchyard::server
