#include "kernel/server/dev_admin.h"

#include <gtest/gtest.h>

#include "kernel/base/ids.h"

namespace switchyard::server {
namespace {

TEST(DevAdmin, keys_have_the_shapes_that_clients_check_and_depend_on_the_folder_alone) {
  const auto admin = derive_dev_admin({1, 2});
  EXPECT_EQ(admin.access_key.size(), 20u);
  EXPECT_TRUE(admin.access_key.starts_with("SCW"));
  for (const auto* uuid : {&admin.secret_key, &admin.project_id, &admin.organization_id}) EXPECT_TRUE(is_uuid(*uuid));
  EXPECT_NE(admin.secret_key, admin.project_id);
  EXPECT_EQ(derive_dev_admin({1, 2}).secret_key, admin.secret_key);
  EXPECT_NE(derive_dev_admin({1, 3}).secret_key, admin.secret_key);
}

TEST(DevAdmin, a_section_gets_one_unless_it_declares_its_own) {
  const auto admin = derive_dev_admin({1, 2});
  plugin::PluginSpec spec;
  const auto made = "\"admins\":[{\"name\":\"dev\",\"access_key\":\"" + admin.access_key + "\"";
  for (const char* section : {"{}", "{ }", R"({"regions":["fr-par"]})"}) {
    spec.section = section;
    EXPECT_TRUE(give_dev_admin(spec, admin));
    EXPECT_TRUE(spec.section.starts_with("{" + made)) << spec.section;
    EXPECT_FALSE(give_dev_admin(spec, admin)) << "once is enough: " << spec.section;
  }
  spec.section = R"({"admins":[]})";
  EXPECT_FALSE(give_dev_admin(spec, admin));
  EXPECT_EQ(spec.section, R"({"admins":[]})");
}

}  // namespace
}  // namespace switchyard::server
