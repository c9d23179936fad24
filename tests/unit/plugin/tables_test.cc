// log/1, clock/1, auth/1, metrics/1 as a plugin sees them.
#include <algorithm>
#include <thread>

#include "kernel/account/signing.h"
#include "kernel/base/ids.h"
#include "tests/unit/plugin/two_tenants.h"

namespace switchyard::plugin::test {
namespace {

TEST(Extensions, those_of_the_header_are_offered_and_nothing_else) {
  LinkedPlugin plugin("p");
  HostRig rig;
  rig.run({&plugin});
  for (const char* id :
       {SW_EXT_LOG, SW_EXT_CLOCK, SW_EXT_AUTH, SW_EXT_HTTP, SW_EXT_STREAM, SW_EXT_KV, SW_EXT_METRICS}) {
    const auto* size = plugin.table<std::uint32_t>(id);
    ASSERT_NE(size, nullptr) << id;
    EXPECT_GT(*size, 8u) << id;
  }
  EXPECT_EQ(plugin.table<void>("switchyard.stream/2"), nullptr);
  EXPECT_EQ(plugin.table<void>(""), nullptr);
  EXPECT_EQ(plugin.host->extension(plugin.host, nullptr), nullptr);
  EXPECT_EQ(plugin.host->lanes, 1u);
  EXPECT_EQ(text(plugin.host->version), "9.9");
}

TEST(Log, a_newline_in_a_value_does_not_forge_a_line) {
  LinkedPlugin plugin("p");
  HostRig rig;
  rig.run({&plugin});
  const sw_pair field{str("peer"), str("x\n2026-01-01T00:00:00Z error forged")};
  ::testing::internal::CaptureStderr();
  plugin.table<sw_log_api>(SW_EXT_LOG)->write(plugin.host, SW_LOG_WARN, str("probe.event"), &field, 1);
  const auto line = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  EXPECT_NE(line.find("probe.event plugin=p peer=\"x\\x0a"), std::string::npos) << line;
}

TEST(Clock, follows_the_injected_time) {
  LinkedPlugin plugin("p");
  HostRig rig;
  rig.run({&plugin});
  const auto* clock = plugin.table<sw_clock_api>(SW_EXT_CLOCK);
  const auto wall = clock->wall_ms(plugin.host), mono = clock->mono_ms(plugin.host);
  rig.clock.advance_ms(1234);
  EXPECT_EQ(clock->wall_ms(plugin.host), wall + 1234);
  EXPECT_EQ(clock->mono_ms(plugin.host), mono + 1234);
}

struct TimerProbe {
  LinkedPlugin plugin{"p"};
  HostRig rig;
  const sw_clock_api* clock = nullptr;
  std::atomic<int> fired{0};
  sw_timer timer = 0;

  TimerProbe() {
    rig.run({&plugin});
    clock = plugin.table<sw_clock_api>(SW_EXT_CLOCK);
    rig.on_lane(plugin, [this](void*) { timer = clock->start(plugin.host, 100, fire, this); });
  }
  static void fire(void* user) { ++static_cast<TimerProbe*>(user)->fired; }
  void settle() {
    rig.on_lane(plugin, [](void*) {});
  }
};

TEST(Clock, a_timer_fires_once_and_not_early) {
  TimerProbe probe;
  EXPECT_NE(probe.timer, 0u);
  probe.rig.advance_ms(99);
  probe.settle();
  EXPECT_EQ(probe.fired, 0);
  probe.rig.advance_ms(1);
  ASSERT_TRUE(probe.rig.eventually([&] { return probe.fired == 1; }));
  probe.rig.advance_ms(1000);
  probe.settle();
  EXPECT_EQ(probe.fired, 1);
}

TEST(Clock, a_cancelled_timer_does_not_fire_and_its_handle_is_dead) {
  TimerProbe probe;
  probe.rig.on_lane(probe.plugin, [&](void*) {
    probe.clock->cancel(probe.plugin.host, probe.timer);
    const auto next = probe.clock->start(probe.plugin.host, 100, TimerProbe::fire, &probe);
    EXPECT_NE(next, probe.timer) << "the slot is used again under another handle";
    probe.clock->cancel(probe.plugin.host, probe.timer);
  });
  probe.rig.advance_ms(100);
  ASSERT_TRUE(probe.rig.eventually([&] { return probe.fired == 1; })) << "only the second timer is left";
  probe.settle();
  EXPECT_EQ(probe.fired, 1);
}

TEST(Clock, timers_end_with_the_plugin) {
  TimerProbe probe;
  probe.rig.stop();
  probe.rig.advance_ms(1000);
  probe.rig.lanes->run_on_all([](net::Lane&) {});
  EXPECT_EQ(probe.fired, 0);
}

TEST(Clock, random_bytes_differ) {
  LinkedPlugin plugin("p");
  HostRig rig;
  rig.run({&plugin});
  std::array<std::uint8_t, 16> first{}, second{};
  const auto* clock = plugin.table<sw_clock_api>(SW_EXT_CLOCK);
  clock->random(plugin.host, first.data(), first.size());
  clock->random(plugin.host, second.data(), second.size());
  EXPECT_NE(first, second);
}

TEST(Misuse, a_lane_call_from_a_foreign_thread_is_refused_and_named) {
  TwoTenants t;
  ::testing::internal::CaptureStderr();
  const sw_principal* who = nullptr;
  sw_status status = SW_OK;
  std::thread([&] { status = t.plugin.table<sw_auth_api>(SW_EXT_AUTH)->anonymous(t.plugin.host, &who); }).join();
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(status, SW_INVALID);
  EXPECT_EQ(who, nullptr);
  EXPECT_NE(log.find("plugin.misuse plugin=one call=auth.anonymous"), std::string::npos) << log;
}

TEST(Misuse, a_plugin_cannot_call_as_another_plugin) {
  TwoTenants t;
  sw_status status = SW_OK;
  t.rig.on_lane(t.plugin, [&](void*) {
    const sw_principal* who = nullptr;
    status = t.other.table<sw_auth_api>(SW_EXT_AUTH)->anonymous(t.other.host, &who);
  });
  EXPECT_EQ(status, SW_INVALID);
}

TEST(Slow, a_callback_that_takes_long_is_named_once_per_second) {
  LinkedPlugin plugin("lazy");
  HostRig rig;
  rig.run({&plugin});
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) rig.on_lane(plugin, [&](void*) { rig.clock.advance_ms(101); });
  rig.on_lane(plugin, [&](void*) { rig.clock.advance_ms(100); });
  rig.on_lane(plugin, [&](void*) { rig.clock.advance_ms(1500); });
  rig.on_lane(plugin, [](void*) {});
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("plugin.slow plugin=lazy callback=task lane=0 took_ms=101 more=0"), std::string::npos) << log;
  EXPECT_NE(log.find("took_ms=1500 more=2"), std::string::npos) << log << "100 ms is not slow yet";
}

// ---- auth ------------------------------------------------------------------------------------------

sw_status sign(TwoTenants& t, const char* access_key, const char* secret, sw_principal* out) {
  const account::SigningScope scope{"20260101", "us-east-1", "sqs"};
  const auto digest = account::derive_signing_key(secret, scope).sign("what was signed");
  const auto signature = hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  const sw_mac_check check{
      sizeof check,  0, str(access_key), str(scope.date), str(scope.region), str(scope.service), str("what was signed"),
      str(signature)};
  sw_status status = SW_INTERNAL;
  t.rig.on_lane(t.plugin, [&](void*) {
    const sw_principal* who = nullptr;
    status = t.plugin.table<sw_auth_api>(SW_EXT_AUTH)->verify_mac(t.plugin.host, &check, &who);
    if (who != nullptr) *out = *who;
  });
  return status;
}

TEST(Auth, tells_a_right_signature_from_a_wrong_one_and_an_unknown_key) {
  TwoTenants t;
  t.rig.make_credential(t.a, "AKIDEXAMPLE", "secret");
  sw_principal who{};
  EXPECT_EQ(sign(t, "AKIDEXAMPLE", "secret", &who), SW_OK);
  EXPECT_EQ(who.permissions, SW_PERM_PUBLISH);
  sw_principal nobody{};
  EXPECT_EQ(sign(t, "AKIDEXAMPLE", "other", &nobody), SW_UNAUTHENTICATED);
  EXPECT_EQ(sign(t, "AKIDOTHER", "secret", &nobody), SW_NOT_FOUND);
  EXPECT_EQ(nobody.ns, nullptr);
}

TEST(Auth, who_watches_hears_of_each_change_of_a_credential_on_every_lane) {
  LinkedPlugin plugin("one");
  HostRig rig(2);
  struct Heard {
    std::mutex mutex;
    std::vector<std::string> lines;
  } heard;
  const auto changed = [](void* user, void* lane_state, sw_str id, std::uint32_t permissions) {
    auto& all = *static_cast<Heard*>(user);
    const std::lock_guard lock(all.mutex);
    all.lines.push_back(std::to_string(*static_cast<std::uint32_t*>(lane_state)) + " " + std::string(id.data, id.len) +
                        " " + std::to_string(permissions));
  };
  std::vector<std::uint32_t> indexes{0, 1};
  plugin.on_lane_start = [&](std::uint32_t lane, void** state, sw_error*) { return *state = &indexes[lane], SW_OK; };
  plugin.on_start = [&](sw_error*) {
    const auto* auth = plugin.table<sw_auth_api>(SW_EXT_AUTH);
    EXPECT_EQ(auth->watch(plugin.host, nullptr, &heard), SW_INVALID);
    EXPECT_EQ(auth->watch(plugin.host, changed, &heard), SW_OK);
    EXPECT_EQ(auth->watch(plugin.host, changed, &heard), SW_INVALID) << "once";
    return SW_OK;
  };
  rig.run({&plugin});
  EXPECT_EQ(plugin.table<sw_auth_api>(SW_EXT_AUTH)->watch(plugin.host, changed, &heard), SW_INVALID) << "in start()";
  const auto ns = rig.make_namespace("a", "000000000001");
  const auto credential = rig.make_credential(ns, "AKIDEXAMPLE", "secret");
  const auto after = [&](const std::function<void(std::function<void()>)>& call) {
    {
      const std::lock_guard lock(heard.mutex);
      heard.lines.clear();
    }
    std::promise<void> done;
    (*rig.lanes)[0].post([&] { call([&] { done.set_value(); }); });
    done.get_future().wait();
    const std::lock_guard lock(heard.mutex);
    std::sort(heard.lines.begin(), heard.lines.end());
    return heard.lines;
  };
  const auto both = [&](std::uint32_t permissions) {
    const auto end = " " + credential.id + " " + std::to_string(permissions);
    return std::vector<std::string>{"0" + end, "1" + end};
  };
  EXPECT_EQ(after([&](auto done) {
              account::CredentialChange change;
              change.permissions = account::kMayReceive;
              rig.accounts->update_credential(0, credential.id, change, [done](const auto&) { done(); });
            }),
            both(SW_PERM_RECEIVE));
  EXPECT_EQ(
      after([&](auto done) { rig.accounts->delete_credential(0, credential.id, [done](const auto&) { done(); }); }),
      both(0));
  const auto other = rig.make_credential(ns, "AKIDOTHER", "secret");
  const auto lines =
      after([&](auto done) { rig.accounts->delete_namespace(0, ns.id, [done](const auto&) { done(); }); });
  EXPECT_TRUE(std::count(lines.begin(), lines.end(), "0 " + other.id + " 0") >= 1) << "its namespace is gone";
  EXPECT_TRUE(std::count(lines.begin(), lines.end(), "1 " + other.id + " 0") >= 1);
}

TEST(Auth, a_namespace_above_its_rate_of_requests_is_told_so_and_no_other_one) {
  TwoTenants t;
  t.rig.make_credential(t.a, "AKIDEXAMPLE", "secret");
  t.rig.make_credential(t.b, "AKIDOTHER", "secret");
  std::atomic<bool> changed = false;
  t.rig.on_lane(t.plugin, [&](void*) {
    account::NamespaceChange change;
    change.limits = account::LimitOverrides{};
    change.limits->requests_per_second = 2;
    t.rig.accounts->update_namespace(0, t.a.id, change, [&](const auto& result) { changed = result.ok(); });
  });
  ASSERT_TRUE(t.rig.eventually([&] { return changed.load(); }));
  sw_principal who{};
  EXPECT_EQ(sign(t, "AKIDEXAMPLE", "wrong", &who), SW_UNAUTHENTICATED) << "it takes nothing from the rate";
  for (const auto expected : {SW_OK, SW_OK, SW_QUOTA, SW_QUOTA}) {
    EXPECT_EQ(sign(t, "AKIDEXAMPLE", "secret", &who), expected);
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign(t, "AKIDOTHER", "secret", &who), SW_OK);
  t.rig.advance_ms(500);
  EXPECT_EQ(sign(t, "AKIDEXAMPLE", "secret", &who), SW_OK);
  EXPECT_EQ(sign(t, "AKIDEXAMPLE", "secret", &who), SW_QUOTA);
}

TEST(Auth, the_handle_of_a_namespace_is_the_same_on_every_lane_and_by_every_way) {
  TwoTenants t(2);
  t.rig.make_credential(t.a, "AKIDEXAMPLE", "secret");
  sw_principal signed_in{};
  ASSERT_EQ(sign(t, "AKIDEXAMPLE", "secret", &signed_in), SW_OK);
  sw_namespace* handles[2] = {};
  for (std::uint32_t lane = 0; lane < 2; ++lane) {
    t.rig.on_lane(
        t.plugin, [&](void*) { handles[lane] = anonymous_handle(t.plugin); }, lane);
  }
  EXPECT_NE(handles[0], nullptr);
  EXPECT_EQ(handles[0], handles[1]);
  EXPECT_EQ(handles[0], signed_in.ns);
}

TEST(Auth, every_namespace_is_visited_with_the_handle_that_its_callers_get_until_the_visitor_has_enough) {
  TwoTenants t(2);
  for (const std::uint32_t lane : {0u, 1u}) {
    struct Seen {
      std::vector<std::string> names;
      std::vector<sw_namespace*> handles;
      std::size_t enough = 9;
    } all, first;
    first.enough = 1;
    t.rig.on_lane(
        t.plugin,
        [&](void*) {
          const auto visit = [](void* user, sw_namespace* ns, const sw_namespace_info* info) -> std::int32_t {
            auto& seen = *static_cast<Seen*>(user);
            seen.names.push_back(text(info->name));
            seen.handles.push_back(ns);
            return seen.names.size() < seen.enough ? 1 : 0;
          };
          const auto* auth = t.plugin.table<sw_auth_api>(SW_EXT_AUTH);
          auth->namespaces(t.plugin.host, visit, &all);
          auth->namespaces(t.plugin.host, visit, &first);
          EXPECT_NE(std::find(all.handles.begin(), all.handles.end(), anonymous_handle(t.plugin)), all.handles.end());
        },
        lane);
    std::sort(all.names.begin(), all.names.end());
    EXPECT_EQ(all.names, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(first.names.size(), 1u);
  }
}

TEST(Auth, describes_the_namespace_with_the_limits_in_force) {
  TwoTenants t;
  HostSettings settings;
  settings.public_url = "https://queue.example";
  settings.limits.account_message_bytes = 12345;
  t.rig.host->apply(settings);
  t.rig.on_lane(t.plugin, [&](void*) {
    const sw_namespace_info* info = nullptr;
    const auto* auth = t.plugin.table<sw_auth_api>(SW_EXT_AUTH);
    ASSERT_EQ(auth->describe(t.plugin.host, anonymous_handle(t.plugin), &info), SW_OK);
    EXPECT_EQ(text(info->name), "a");
    EXPECT_EQ(text(info->id), t.a.id);
    EXPECT_EQ(text(info->protocol), "sqs_sns");
    EXPECT_EQ(text(info->style), "account");
    EXPECT_EQ(text(info->owner), "000000000001");
    EXPECT_EQ(text(info->region), "");
    EXPECT_EQ(text(info->public_url), "https://queue.example");
    EXPECT_EQ(info->max_message_bytes, 12345u);
  });
}

TEST(Auth, a_deleted_namespace_is_not_found_under_its_old_handle) {
  TwoTenants t;
  sw_namespace* handle = nullptr;
  t.rig.on_lane(t.plugin, [&](void*) { handle = anonymous_handle(t.plugin); });
  std::atomic<bool> gone{false};
  (*t.rig.lanes)[0].post([&] { t.rig.accounts->delete_namespace(0, t.a.id, [&](Status s) { gone = s.ok(); }); });
  ASSERT_TRUE(t.rig.eventually([&] { return gone.load(); }));
  t.rig.on_lane(t.plugin, [&](void*) {
    const sw_namespace_info* info = nullptr;
    EXPECT_EQ(t.plugin.table<sw_auth_api>(SW_EXT_AUTH)->describe(t.plugin.host, handle, &info), SW_NOT_FOUND);
    EXPECT_EQ(t.plugin.table<sw_kv_api>(SW_EXT_KV)->put(
                  t.plugin.host, handle, str("k"), bytes("v"), SW_KV_ANY,
                  [](void*, sw_status, std::uint64_t, const sw_error*) {}, nullptr),
              SW_NOT_FOUND);
  });
}

// ---- metrics ---------------------------------------------------------------------------------------

TEST(MetricsTable, the_same_name_and_labels_are_the_same_counter) {
  LinkedPlugin plugin("p");
  HostRig rig;
  rig.run({&plugin});
  const auto* metrics = plugin.table<sw_metrics_api>(SW_EXT_METRICS);
  const sw_pair get{str("method"), str("GET")}, post{str("method"), str("POST")};
  auto* counter = metrics->counter(plugin.host, str("switchyard_probe_total"), str("probes"), &get, 1);
  EXPECT_EQ(metrics->counter(plugin.host, str("switchyard_probe_total"), str("probes"), &get, 1), counter);
  EXPECT_NE(metrics->counter(plugin.host, str("switchyard_probe_total"), str("probes"), &post, 1), counter);
  metrics->add(counter, 5);
  metrics->add(counter, 2);
  EXPECT_NE(rig.metrics->render().find("switchyard_probe_total{method=\"GET\"} 7\n"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::plugin::test
