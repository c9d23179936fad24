// A plugin written on plugin.hpp and loaded from its file.
#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {
namespace {

using net::test::Client;
using net::test::get;
using net::test::post;

TEST(WrappedPlugin, the_cxx_wrapper_keeps_its_promises) {
  HostRig rig;
  PluginSpec spec;
  spec.name = "wrapped";
  rig.loader.folders = {SWITCHYARD_TEST_PLUGINS};
  ASSERT_TRUE(rig.load({spec}).ok());
  ASSERT_TRUE(rig.start().ok());
  ASSERT_EQ(rig.host->plugins().at(0).state, PluginState::running) << rig.host->plugins().at(0).why;
  rig.listen();
  Client client(rig.address());
  EXPECT_EQ(client.ask(post("/wrapped/echo", "hello")).body, "hello");
  EXPECT_EQ(client.ask(get("/wrapped/echo")).status, 404) << "its match function wants POST";
  EXPECT_EQ(client.ask(get("/wrapped/throws")).status, 500);
  EXPECT_EQ(client.ask(post("/wrapped/echo", "still")).body, "still") << "a throw was caught inside the plugin";
  EXPECT_EQ(client.ask(get("/wrapped/refused")).body, "1 1") << "SW_INVALID, and the lambda is destroyed";
  client.send(get("/wrapped/later"));
  ASSERT_TRUE(rig.eventually([&] { return rig.http->stats().requests == 6; }));
  rig.lanes->run_on_all([](net::Lane&) {});  // The turn that took the request has ended.
  rig.advance_ms(1);
  EXPECT_EQ(client.read_answer().body, "later");

  const auto refusal = [&](const char* section) {
    auto changed = spec;
    changed.section = section;
    const auto status = rig.host->reconfigure({changed});
    return std::pair{status.code(), status.ok() ? "" : status.error().message};
  };
  EXPECT_EQ(refusal(R"({"refuse":1})"),
            (std::pair<Code, std::string>{
                Code::invalid, "the plugin 'wrapped' refused its configuration: refuse is no key of wrapped"}));
  EXPECT_EQ(refusal(R"({"busy":1})").first, Code::busy);
  EXPECT_EQ(refusal(R"({"odd":1})").first, Code::internal);
}

}  // namespace
}  // namespace switchyard::plugin::test
