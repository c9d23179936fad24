// A plugin in a file on the host in memory.
#include <gtest/gtest.h>

#include "switchyard/testing/host.hpp"

namespace switchyard::testing::test {
namespace {

TEST(LoadPlugin, a_plugin_in_a_file_serves_as_one_that_is_linked) {
  Host host;
  host.start(load_plugin(SWITCHYARD_TEST_PLUGINS "/lines_c.so"));
  host.set_anonymous(host.add_namespace("acc"));
  const auto say = [&](const std::string& line) { return host.ask("POST", "/lines/a", line).body; };
  EXPECT_EQ(say("put one"), "put 1\n");
  const auto taken = say("take");
  ASSERT_EQ(taken.size(), std::string("line  one\n").size() + 64) << taken;
  EXPECT_EQ(say("done " + taken.substr(5, 64)), "done\n");
  host.refuse_next("http.alloc", SW_QUOTA);
  EXPECT_EQ(host.ask("POST", "/lines/a", "take").status, 403u);
  host.stop();
  EXPECT_EQ(host.take_misuses(), std::vector<std::string>());
}

TEST(LoadPlugin, a_file_that_is_none_is_an_exception) {
  EXPECT_THROW(load_plugin("/nowhere/x.so"), std::runtime_error);
}

}  // namespace
}  // namespace switchyard::testing::test
