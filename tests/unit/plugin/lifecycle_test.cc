#include <stdexcept>

#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {
namespace {

sw_status refuse(sw_error* error, const char* why) {
  std::snprintf(error->message, sizeof error->message, "%s", why);
  return error->code = SW_INVALID;
}

TEST(Lifecycle, calls_come_in_the_order_of_the_header) {
  LinkedPlugin plugin("order");
  HostRig rig(2);
  std::mutex mutex;
  std::vector<std::string> calls;
  const auto note = [&](const std::string& what) {
    const std::lock_guard lock(mutex);
    calls.push_back(what);
  };
  plugin.on_create = [&](sw_error*) { return note("create"), SW_OK; };
  plugin.on_configure = [&](std::string_view, bool dry, sw_error*) { return note(dry ? "judge" : "configure"), SW_OK; };
  plugin.on_start = [&](sw_error*) { return note("start"), SW_OK; };
  plugin.on_lane_start = [&](std::uint32_t, void**, sw_error*) { return note("lane_start"), SW_OK; };
  plugin.on_lane_drain = [&](std::uint32_t, void*) { note("lane_drain"); };
  plugin.on_lane_stop = [&](std::uint32_t, void*) { note("lane_stop"); };
  plugin.on_stop = [&] { note("stop"); };
  plugin.on_destroy = [&] { note("destroy"); };
  rig.run({&plugin});
  rig.host->drain();
  rig.stop();
  EXPECT_EQ(calls, (std::vector<std::string>{"create", "judge", "configure", "start", "lane_start", "lane_start",
                                             "lane_drain", "lane_drain", "lane_stop", "lane_stop", "stop", "destroy"}));
  EXPECT_EQ(rig.host->plugins().at(0).state, PluginState::stopped);
}

TEST(Lifecycle, a_plugin_that_was_only_judged_is_destroyed_and_never_stopped) {
  LinkedPlugin plugin("judged");
  HostRig rig;
  int destroyed = 0, stopped = 0;
  plugin.on_destroy = [&] { ++destroyed; };
  plugin.on_stop = [&] { ++stopped; };
  ASSERT_TRUE(rig.load({plugin.spec()}).ok());
  rig.host.reset();
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(stopped, 0);
}

TEST(Lifecycle, every_lane_gets_back_the_state_that_it_made) {
  LinkedPlugin plugin("states");
  HostRig rig(3);
  int states[3] = {};
  plugin.on_lane_start = [&](std::uint32_t lane, void** state, sw_error*) { return *state = &states[lane], SW_OK; };
  rig.run({&plugin});
  for (std::uint32_t lane = 0; lane < 3; ++lane) {
    rig.on_lane(
        plugin, [&](void* state) { EXPECT_EQ(state, &states[lane]); }, lane);
  }
}

TEST(Lifecycle, the_section_arrives_as_it_was_given) {
  LinkedPlugin plugin("config");
  HostRig rig;
  std::vector<std::string> sections;
  plugin.on_configure = [&](std::string_view json, bool, sw_error*) { return sections.emplace_back(json), SW_OK; };
  rig.run({&plugin}, [](PluginSpec& spec) { spec.section = R"({"url_style":"yandex"})"; });
  EXPECT_EQ(sections, (std::vector<std::string>{R"({"url_style":"yandex"})", R"({"url_style":"yandex"})"}));
}

TEST(Lifecycle, a_plugin_that_throws_in_create_is_named_and_the_others_run) {
  LinkedPlugin bad("bad"), good("good");
  HostRig rig;
  bad.on_create = [](sw_error*) -> sw_status { throw std::runtime_error("no luck"); };
  rig.run({&bad, &good});
  const auto reports = rig.host->plugins();
  EXPECT_EQ(reports.at(0).state, PluginState::failed);
  EXPECT_EQ(reports.at(0).why, "the plugin 'bad' threw in create: no luck");
  EXPECT_EQ(reports.at(1).state, PluginState::running);
}

TEST(Lifecycle, a_refused_configuration_carries_the_sentence_of_the_plugin) {
  LinkedPlugin plugin("picky");
  HostRig rig;
  plugin.on_configure = [](std::string_view, bool, sw_error* e) {
    return refuse(e, "url_style must be aws or yandex");
  };
  const auto status = rig.load({plugin.spec()});
  EXPECT_TRUE(status.ok()) << "only a required plugin is an error of load()";
  EXPECT_EQ(rig.host->plugins().at(0).why,
            "the plugin 'picky' refused its configuration: url_style must be aws or yandex");
}

TEST(Lifecycle, a_required_plugin_that_fails_is_the_error_of_load) {
  LinkedPlugin plugin("needed");
  HostRig rig;
  plugin.on_create = [](sw_error* e) { return refuse(e, "no room"); };
  auto spec = plugin.spec();
  spec.required = true;
  const auto status = rig.load({spec});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::invalid);
  EXPECT_EQ(status.error().message, "the plugin 'needed' refused create: no room");
}

TEST(Lifecycle, a_status_of_the_future_is_an_internal_error) {
  LinkedPlugin plugin("newer");
  HostRig rig;
  plugin.on_create = [](sw_error*) { return 4711; };
  auto spec = plugin.spec();
  spec.required = true;
  EXPECT_EQ(rig.load({spec}).code(), Code::internal);
}

TEST(Lifecycle, a_plugin_whose_third_lane_fails_is_stopped_on_the_first_two) {
  LinkedPlugin plugin("uneven");
  HostRig rig(3);
  std::atomic<int> stopped{0};
  plugin.on_lane_start = [](std::uint32_t lane, void**, sw_error* e) {
    return lane == 2 ? refuse(e, "not here") : SW_OK;
  };
  plugin.on_lane_stop = [&](std::uint32_t, void*) { ++stopped; };
  ASSERT_TRUE(rig.load({plugin.spec()}).ok());
  ASSERT_TRUE(rig.start().ok());
  EXPECT_EQ(stopped, 2);
  EXPECT_EQ(rig.host->plugins().at(0).why, "the plugin 'uneven' refused lane_start: not here");
}

TEST(Lifecycle, a_throw_in_a_lane_callback_fails_that_plugin_alone) {
  LinkedPlugin bad("bad"), good("good");
  HostRig rig(2);
  rig.run({&bad, &good});
  rig.on_lane(bad, [](void*) { throw std::runtime_error("surprise"); });
  ASSERT_TRUE(rig.eventually([&] { return rig.host->plugins().at(0).state == PluginState::failed; }));
  EXPECT_EQ(rig.host->plugins().at(0).why, "the plugin 'bad' threw in task: surprise");
  int ran = 0;
  rig.on_lane(
      good, [&](void*) { ++ran; }, 1);
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(rig.fatal, "") << "it was not required";
}

TEST(Lifecycle, something_thrown_that_is_no_exception_is_caught_too) {
  LinkedPlugin plugin("odd");
  HostRig rig;
  rig.run({&plugin});
  rig.on_lane(plugin, [](void*) { throw 42; });
  ASSERT_TRUE(rig.eventually([&] { return rig.host->plugins().at(0).state == PluginState::failed; }));
  EXPECT_EQ(rig.host->plugins().at(0).why, "the plugin 'odd' threw in task: something that is not a std::exception");
}

TEST(Lifecycle, a_required_plugin_that_fails_while_running_asks_for_the_end) {
  LinkedPlugin plugin("needed");
  HostRig rig;
  rig.run({&plugin}, [](PluginSpec& spec) { spec.required = true; });
  rig.on_lane(plugin, [](void*) { throw std::runtime_error("gone"); });
  ASSERT_TRUE(rig.eventually([&] { return rig.host->plugins().at(0).state == PluginState::failed; }));
  rig.stop();
  EXPECT_EQ(rig.fatal, "needed: the plugin 'needed' threw in task: gone");
}

TEST(Lifecycle, a_failed_plugin_gets_no_further_call) {
  LinkedPlugin plugin("dead");
  HostRig rig;
  bool called = false;
  plugin.on_lane_drain = plugin.on_lane_stop = [&](std::uint32_t, void*) { called = true; };
  plugin.on_stop = plugin.on_destroy = [&] { called = true; };
  rig.run({&plugin});
  rig.on_lane(plugin, [](void*) { throw std::runtime_error("dead"); });
  ASSERT_TRUE(rig.eventually([&] { return rig.host->plugins().at(0).state == PluginState::failed; }));
  rig.host->drain();
  rig.stop();
  EXPECT_FALSE(called);
}

TEST(Lifecycle, a_task_posted_in_start_runs_once_the_lane_has_its_state) {
  LinkedPlugin plugin("early");
  HostRig rig;
  static int marker;
  void* seen = nullptr;
  plugin.on_start = [&](sw_error*) {
    plugin.table<sw_clock_api>(SW_EXT_CLOCK)
        ->post(
            plugin.host, 0, [](void* user, void* state) { *static_cast<void**>(user) = state; }, &seen);
    return SW_OK;
  };
  plugin.on_lane_start = [&](std::uint32_t, void** state, sw_error*) { return *state = &marker, SW_OK; };
  rig.run({&plugin});
  rig.on_lane(plugin, [](void*) {});
  EXPECT_EQ(seen, &marker);
}

struct Reload {
  LinkedPlugin first{"first"}, second{"second"};
  HostRig rig;
  std::vector<std::string> applied;
  bool second_agrees = true;
  bool second_applies = true;

  Reload() {
    first.on_configure = [this](std::string_view json, bool dry, sw_error*) {
      if (!dry) applied.emplace_back(json);
      return SW_OK;
    };
    second.on_configure = [this](std::string_view, bool dry, sw_error* e) {
      if (dry ? second_agrees : second_applies) return static_cast<sw_status>(SW_OK);
      return refuse(e, "max_age is too long");
    };
    rig.run({&first, &second});
    applied.clear();
  }
  std::vector<PluginSpec> specs(const std::string& section) {
    std::vector<PluginSpec> list(2);
    list[0].name = "first";
    list[1].name = "second";
    for (auto& spec : list) spec.section = section;
    return list;
  }
};

TEST(Reconfigure, is_applied_when_all_agree) {
  Reload reload;
  const auto status = reload.rig.host->reconfigure(reload.specs(R"({"a":1})"));
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(reload.applied, (std::vector<std::string>{R"({"a":1})"}));
}

TEST(Reconfigure, changes_nothing_when_one_refuses) {
  Reload reload;
  reload.second_agrees = false;
  const auto status = reload.rig.host->reconfigure(reload.specs(R"({"a":1})"));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "the plugin 'second' refused its configuration: max_age is too long");
  EXPECT_TRUE(reload.applied.empty());
  EXPECT_EQ(reload.rig.host->plugins().at(1).state, PluginState::running) << "a refusal is not a failure";
}

TEST(Reconfigure, a_plugin_that_agreed_and_then_refuses_has_failed) {
  Reload reload;
  reload.second_applies = false;
  const auto status = reload.rig.host->reconfigure(reload.specs("{}"));
  EXPECT_TRUE(status.ok()) << "it is not required";
  EXPECT_EQ(reload.rig.host->plugins().at(1).state, PluginState::failed);
}

TEST(Reconfigure, adding_or_removing_a_plugin_needs_a_restart_and_changes_nothing) {
  Reload reload;
  auto more = reload.specs("{}");
  more.emplace_back().name = "third";
  const auto added = reload.rig.host->reconfigure(more);
  EXPECT_EQ(added.code(), Code::unsupported);
  EXPECT_NE(added.error().message.find("plugins.third was added"), std::string::npos) << added.error().message;
  auto fewer = reload.specs("{}");
  fewer.pop_back();
  EXPECT_EQ(reload.rig.host->reconfigure(fewer).code(), Code::unsupported);
  auto moved = reload.specs("{}");
  moved[0].path = "/elsewhere/first.so";
  EXPECT_EQ(reload.rig.host->reconfigure(moved).code(), Code::unsupported);
  EXPECT_TRUE(reload.applied.empty());
}

TEST(Reconfigure, the_anonymous_namespace_changes_on_every_lane) {
  LinkedPlugin plugin("anon");
  HostRig rig(2);
  rig.make_namespace("acc", "000000000001");
  rig.run({&plugin});
  const auto allowed = [&](std::uint32_t lane) {
    sw_status status = SW_INTERNAL;
    rig.on_lane(
        plugin,
        [&](void*) {
          const sw_principal* who = nullptr;
          status = plugin.table<sw_auth_api>(SW_EXT_AUTH)->anonymous(plugin.host, &who);
        },
        lane);
    return status;
  };
  EXPECT_EQ(allowed(0), SW_NOT_FOUND);
  PluginSpec spec;
  spec.name = "anon";
  spec.anonymous_namespace = "acc";
  ASSERT_TRUE(rig.host->reconfigure({spec}).ok());
  EXPECT_EQ(allowed(0), SW_OK);
  EXPECT_EQ(allowed(1), SW_OK);
}

}  // namespace
}  // namespace switchyard::plugin::test
