// kv/1 as a plugin sees it.
#include <thread>

#include "tests/unit/plugin/two_tenants.h"

namespace switchyard::plugin::test {
namespace {

struct KvAnswer {
  std::atomic<int> calls{0};
  sw_status status = SW_INTERNAL;
  std::uint64_t revision = 0;
  std::string message;
  std::thread::id thread;
};

void kv_done(void* user, sw_status status, std::uint64_t revision, const sw_error* error) {
  auto& answer = *static_cast<KvAnswer*>(user);
  answer.status = status;
  answer.revision = revision;
  answer.message = error == nullptr ? "" : error->message;
  answer.thread = std::this_thread::get_id();
  ++answer.calls;
}

// Changes one record on `lane` and waits.
void change(HostRig& rig, LinkedPlugin& plugin, KvAnswer& answer, const std::string& key,
            std::optional<std::string> value, std::uint64_t expect = SW_KV_ANY, std::uint32_t lane = 0) {
  const int before = answer.calls;
  std::thread::id lane_thread;
  rig.on_lane(
      plugin,
      [&](void*) {
        lane_thread = std::this_thread::get_id();
        const auto* kv = plugin.table<sw_kv_api>(SW_EXT_KV);
        auto* ns = anonymous_handle(plugin);
        const auto status = value ? kv->put(plugin.host, ns, str(key), bytes(*value), expect, kv_done, &answer)
                                  : kv->erase(plugin.host, ns, str(key), expect, kv_done, &answer);
        ASSERT_EQ(status, SW_OK);
        EXPECT_EQ(answer.calls, before) << "never from inside the call";
      },
      lane);
  ASSERT_TRUE(rig.eventually([&] { return answer.calls == before + 1; }));
  EXPECT_EQ(answer.thread, lane_thread) << "on the lane of the caller";
}

std::vector<std::string> keys(HostRig& rig, LinkedPlugin& plugin, const std::string& prefix, const std::string& after,
                              std::size_t most = 100) {
  struct Seen {
    std::vector<std::string> keys;
    std::size_t most;
  } seen{{}, most};
  rig.on_lane(plugin, [&](void*) {
    plugin.table<sw_kv_api>(SW_EXT_KV)->scan(
        plugin.host, anonymous_handle(plugin), str(prefix), str(after),
        [](void* user, sw_str key, sw_bytes value, std::uint64_t) {
          auto& s = *static_cast<Seen*>(user);
          s.keys.push_back(text(key) + "=" + text(value));
          return s.keys.size() < s.most ? 1 : 0;
        },
        &seen);
  });
  return seen.keys;
}

TEST(KeyValue, a_record_is_visible_on_every_lane_when_done_runs) {
  TwoTenants t(3);
  KvAnswer answer;
  change(t.rig, t.plugin, answer, "color", "red", 0, 2);
  ASSERT_EQ(answer.status, SW_OK);
  for (std::uint32_t lane = 0; lane < 3; ++lane) {
    t.rig.on_lane(
        t.plugin,
        [&](void*) {
          sw_bytes value{};
          std::uint64_t revision = 0;
          const auto* kv = t.plugin.table<sw_kv_api>(SW_EXT_KV);
          ASSERT_EQ(kv->get(t.plugin.host, anonymous_handle(t.plugin), str("color"), &value, &revision), SW_OK);
          EXPECT_EQ(text(value), "red");
          EXPECT_EQ(revision, answer.revision);
        },
        lane);
  }
}

TEST(KeyValue, conditions_are_checked_against_the_revision) {
  TwoTenants t;
  KvAnswer answer;
  change(t.rig, t.plugin, answer, "k", "1", 0);
  ASSERT_EQ(answer.status, SW_OK);
  const auto first = answer.revision;
  change(t.rig, t.plugin, answer, "k", "2", 0);
  EXPECT_EQ(answer.status, SW_CONFLICT) << "0 = must not exist";
  EXPECT_NE(answer.message, "");
  change(t.rig, t.plugin, answer, "k", "2", first);
  EXPECT_EQ(answer.status, SW_OK);
  change(t.rig, t.plugin, answer, "k", std::nullopt, first);
  EXPECT_EQ(answer.status, SW_CONFLICT);
  change(t.rig, t.plugin, answer, "k", std::nullopt);
  EXPECT_EQ(answer.status, SW_OK);
  EXPECT_TRUE(keys(t.rig, t.plugin, "", "").empty());
}

TEST(KeyValue, scan_keeps_to_prefix_order_and_the_visitor) {
  TwoTenants t;
  KvAnswer answer;
  for (const char* key : {"q/b", "q/a", "q/ab", "p/x", "r"}) change(t.rig, t.plugin, answer, key, "v");
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys(t.rig, t.plugin, "q/", ""), (Keys{"q/a=v", "q/ab=v", "q/b=v"}));
  EXPECT_EQ(keys(t.rig, t.plugin, "q/", "q/a"), (Keys{"q/ab=v", "q/b=v"}));
  EXPECT_EQ(keys(t.rig, t.plugin, "", "", 2), (Keys{"p/x=v", "q/a=v"}));
  EXPECT_EQ(keys(t.rig, t.plugin, "", "q/zz"), (Keys{"r=v"}));
}

TEST(KeyValue, plugins_and_namespaces_do_not_see_each_other) {
  TwoTenants t;
  KvAnswer answer;
  change(t.rig, t.plugin, answer, "k", "of one in a");
  change(t.rig, t.other, answer, "k", "of two in b");
  EXPECT_EQ(keys(t.rig, t.plugin, "", ""), (std::vector<std::string>{"k=of one in a"}));
  EXPECT_EQ(keys(t.rig, t.other, "", ""), (std::vector<std::string>{"k=of two in b"}));
}

TEST(KeyValue, sizes_beyond_the_header_are_refused) {
  TwoTenants t;
  KvAnswer answer;
  t.rig.on_lane(t.plugin, [&](void*) {
    const auto* kv = t.plugin.table<sw_kv_api>(SW_EXT_KV);
    auto* ns = anonymous_handle(t.plugin);
    const auto put = [&](const std::string& key, const std::string& value) {
      return kv->put(t.plugin.host, ns, str(key), bytes(value), SW_KV_ANY, kv_done, &answer);
    };
    EXPECT_EQ(put("", "v"), SW_INVALID);
    EXPECT_EQ(put(std::string(513, 'k'), "v"), SW_INVALID);
    EXPECT_EQ(put("k", std::string(64 * 1024 + 1, 'v')), SW_INVALID);
    EXPECT_EQ(kv->put(t.plugin.host, nullptr, str("k"), bytes("v"), SW_KV_ANY, kv_done, &answer), SW_INVALID);
    EXPECT_EQ(put(std::string(512, 'k'), std::string(64 * 1024, 'v')), SW_OK);
  });
  ASSERT_TRUE(t.rig.eventually([&] { return answer.calls == 1; }));
  EXPECT_EQ(answer.status, SW_OK);
}

TEST(KeyValue, records_survive_a_restart) {
  LinkedPlugin before("one"), after("one");
  HostRig rig;
  rig.make_namespace("a", "000000000001");
  const auto anonymous = [](PluginSpec& spec) { spec.anonymous_namespace = "a"; };
  rig.run({&before}, anonymous);
  KvAnswer answer;
  change(rig, before, answer, "k", "kept");
  rig.restart();
  rig.run({&after}, anonymous);
  EXPECT_EQ(keys(rig, after, "", ""), (std::vector<std::string>{"k=kept"}));
}

}  // namespace
}  // namespace switchyard::plugin::test
