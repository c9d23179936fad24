#include "plugins/control/settings.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace switchyard::control {
namespace {

constexpr const char* kSecret = "11111111-2222-4333-8444-555555555555";

std::string admin(const std::string& more = "", const std::string& secret = kSecret) {
  return R"({"name":"a","access_key":"SCW00000000000000000","secret_key":")" + secret + "\"" + more + "}";
}

std::string judge(const std::string& json) {
  Settings settings;
  return parse_settings(json, settings);
}

TEST(ControlSettings, nothing_given_lets_nobody_in) {
  Settings settings;
  for (const char* section : {"", "{}", "null"}) {
    EXPECT_EQ(parse_settings(section, settings), "");
    EXPECT_EQ(settings.find(kSecret), nullptr);
    EXPECT_EQ(settings.find(""), nullptr);
  }
}

TEST(ControlSettings, an_administrator_is_found_by_the_whole_secret_alone) {
  Settings settings;
  ASSERT_EQ(parse_settings(R"({"admins":[)" + admin() + "]}", settings), "");
  ASSERT_NE(settings.find(kSecret), nullptr);
  EXPECT_EQ(settings.find("11111111-2222-4333-8444-555555555556"), nullptr);
  EXPECT_EQ(settings.find("11111111-2222-4333-8444-55555555555"), nullptr);
}

TEST(ControlSettings, an_administrator_without_projects_has_all) {
  Settings settings;
  ASSERT_EQ(parse_settings(R"({"admins":[)" + admin() + "]}", settings), "");
  EXPECT_TRUE(settings.admins.front().may_use("anything"));
  ASSERT_EQ(parse_settings(R"({"admins":[)" + admin(R"(,"projects":["AAAAAAAA-2222-4333-8444-555555555555"])") + "]}",
                           settings),
            "");
  EXPECT_TRUE(settings.admins.front().may_use("aaaaaaaa-2222-4333-8444-555555555555"))
      << "in lower case, as requests are";
  EXPECT_FALSE(settings.admins.front().may_use(kSecret));
}

TEST(ControlSettings, a_secret_may_stand_in_a_file) {
  const std::string path = testing::TempDir() + "control-secret";
  std::ofstream(path) << kSecret << "\n";
  Settings settings;
  ASSERT_EQ(parse_settings(R"({"admins":[)" + admin("", "file:" + path) + "]}", settings), "");
  EXPECT_NE(settings.find(kSecret), nullptr);
  std::remove(path.c_str());
  EXPECT_EQ(judge(R"({"admins":[)" + admin("", "file:" + path) + "]}"),
            "plugins.control.admins[0].secret_key: " + path + " cannot be read");
}

TEST(ControlSettings, what_clients_would_refuse_is_refused_here) {
  EXPECT_EQ(judge(R"({"admins":[{"access_key":"AKIA","secret_key":"x"}]})"),
            "plugins.control.admins[0].access_key must be SCW and 17 capital letters or digits: clients refuse others");
  EXPECT_EQ(judge(R"({"admins":[)" + admin("", "short") + "]}"),
            "plugins.control.admins[0].secret_key must be a UUID: clients refuse others");
  EXPECT_EQ(judge(R"({"admins":[)" + admin() + "," + admin() + "]}"),
            "plugins.control.admins[1].secret_key must be another one than that before it");
}

TEST(ControlSettings, a_mistake_is_named) {
  for (const char* section : {"[", "5", R"({"admin":[]})", R"({"admins":{}})", R"({"admins":[5]})", R"({"regions":[]})",
                              R"({"regions":["Paris"]})", R"({"namespaces_per_project":-1})",
                              R"({"admins":[{"name":5}]})", R"({"admins":[{"color":"red"}]})"}) {
    EXPECT_TRUE(judge(section).starts_with("plugins.control")) << section << ": " << judge(section);
  }
}

}  // namespace
}  // namespace switchyard::control
