// The host in memory keeps the ABI's promises and sees who breaks them.
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/sdk/probe.h"

namespace switchyard::testing::test {
namespace {

using sdk::str;

class HostInMemory : public ::testing::Test {
 protected:
  HostInMemory() {
    Probe::reset();
    host.start(Probe::entry());
    ns = host.add_namespace("acc");
    host.set_anonymous(ns);
  }
  void TearDown() override { host.stop(); }
  // Runs `task` as a lane callback.
  void on_lane(const std::function<void()>& task, std::uint32_t lane = 0) {
    Probe::on_request = [&](sw_http_exchange* e, const sw_http_request*) {
      task();
      Probe::answer(e);
    };
    host.send("GET", "/probe/x", "", {}, lane);
  }
  std::string only_misuse() {
    const auto all = host.take_misuses();
    return all.size() == 1 ? all.front() : std::to_string(all.size()) + " misuses";
  }
  Host host{2};
  sw_namespace* ns;
};

TEST_F(HostInMemory, a_completion_runs_later_and_never_from_inside_the_call) {
  std::string order;
  on_lane([&] {
    sdk::submit<sw_kv_done>([&order](sw_status, std::uint64_t, const sw_error*) { order += "done "; },
                            [&](sw_kv_done done, void* user) {
                              return Probe::table<sw_kv_api>()->put(Probe::host, ns, str("k"), sdk::bytes("v"), 0, done,
                                                                    user);
                            });
    order += "returned ";
  });
  order += "left ";
  EXPECT_EQ(host.outstanding(), 1u);
  host.settle();
  EXPECT_EQ(order, "returned left done ");
  EXPECT_EQ(host.records(), 1u);
}

TEST_F(HostInMemory, a_refused_call_never_completes_and_a_failed_one_does_once) {
  host.refuse_next("kv.put", SW_BUSY);
  host.fail_next("kv.put", SW_IO);
  std::vector<sw_status> returned, told;
  on_lane([&] {
    for (int i = 0; i < 3; ++i) {
      returned.push_back(sdk::submit<sw_kv_done>(
          [&told](sw_status status, std::uint64_t, const sw_error*) { told.push_back(status); },
          [&](sw_kv_done done, void* user) {
            return Probe::table<sw_kv_api>()->put(Probe::host, ns, str("k"), sdk::bytes("v"), SW_KV_ANY, done, user);
          }));
    }
  });
  host.settle();
  EXPECT_EQ(returned, (std::vector<sw_status>{SW_BUSY, SW_OK, SW_OK}));
  EXPECT_EQ(told, (std::vector<sw_status>{SW_IO, SW_OK}));
}

TEST_F(HostInMemory, a_lane_call_from_outside_of_a_callback_is_a_misuse) {
  const sw_stream_info* info = nullptr;
  EXPECT_EQ(Probe::table<sw_stream_api>()->find(Probe::host, ns, str("x"), &info), SW_INVALID);
  EXPECT_EQ(only_misuse(), "stream.find was called outside of a lane callback");
}

TEST_F(HostInMemory, a_lane_call_from_another_thread_is_a_misuse) {
  on_lane([&] {
    std::thread([&] {
      sw_bytes value;
      EXPECT_EQ(Probe::table<sw_kv_api>()->get(Probe::host, ns, str("x"), &value, nullptr), SW_INVALID);
    }).join();
  });
  EXPECT_EQ(only_misuse(), "kv.get was called on a thread that is not the host's");
}

TEST_F(HostInMemory, a_second_answer_and_one_after_an_abort_are_misuses) {
  sw_http_exchange* kept = nullptr;
  Probe::on_request = [&](sw_http_exchange* e, const sw_http_request*) {
    Probe::answer(e, "first");
    Probe::answer(e, "second");
  };
  EXPECT_EQ(host.ask("GET", "/probe/a").body, "first");
  EXPECT_EQ(only_misuse(), "http.respond was called for the request GET /probe/a, which had been answered");

  bool told = false;
  Probe::on_request = [&](sw_http_exchange* e, const sw_http_request*) {
    kept = e;
    Probe::table<sw_http_api>()->on_abort(
        e, [](void* flag) { *static_cast<bool*>(flag) = true; }, &told);
  };
  host.abort(host.send("GET", "/probe/b"));
  EXPECT_TRUE(told);
  on_lane([&] { Probe::answer(kept); });
  EXPECT_EQ(only_misuse(), "http.respond was called for the request GET /probe/b, which the peer had left");
}

TEST_F(HostInMemory, a_request_that_nobody_answers_is_a_misuse_at_the_end) {
  Probe::on_request = [](sw_http_exchange*, const sw_http_request*) {};
  const auto id = host.send("GET", "/probe/lost");
  EXPECT_THROW(host.answer(id), std::logic_error);
  EXPECT_EQ(host.unanswered(), 1u);
  host.stop();
  EXPECT_EQ(only_misuse(),
            "the request GET /probe/lost was not answered before its lane stopped; lane_drain is the time to answer "
            "what is parked");
}

TEST_F(HostInMemory, a_throw_through_a_callback_is_a_misuse) {
  Probe::on_request = [](sw_http_exchange* e, const sw_http_request*) {
    Probe::answer(e);
    throw std::runtime_error("oops");
  };
  host.ask("GET", "/probe/x");
  EXPECT_EQ(only_misuse(), "the plugin threw through handle: oops");
}

TEST_F(HostInMemory, misuses_that_nobody_takes_end_the_process) {
  EXPECT_DEATH(
      {
        Host other;
        other.start(Probe::entry());
        sw_bytes value;
        Probe::table<sw_kv_api>()->get(Probe::host, nullptr, str("x"), &value, nullptr);
      },
      "plugin misuse: kv.get was called outside of a lane callback");
}

TEST_F(HostInMemory, timers_fire_in_their_order_when_the_test_moves_the_clock) {
  static std::vector<int> fired;
  fired.clear();
  sw_timer second = 0;
  on_lane([&] {
    const auto* clock = Probe::table<sw_clock_api>();
    clock->start(
        Probe::host, 20, [](void*) { fired.push_back(20); }, nullptr);
    second = clock->start(
        Probe::host, 15, [](void*) { fired.push_back(15); }, nullptr);
    clock->start(
        Probe::host, 10, [](void*) { fired.push_back(10); }, nullptr);
  });
  host.advance(9);
  EXPECT_TRUE(fired.empty());
  on_lane([&] { Probe::table<sw_clock_api>()->cancel(Probe::host, second); });
  const auto before = host.wall_ms();
  host.advance(11);
  EXPECT_EQ(fired, (std::vector<int>{10, 20}));
  EXPECT_EQ(host.wall_ms(), before + 11);
  EXPECT_EQ(host.timers(), 0u);
}

TEST_F(HostInMemory, a_posted_task_gets_the_lane_that_it_was_posted_to) {
  static int ran = 0;
  ran = 0;
  Probe::table<sw_clock_api>()->post(
      Probe::host, 1, [](void* user, void*) { *static_cast<int*>(user) += 1; }, &ran);
  EXPECT_EQ(ran, 0);
  host.settle();
  EXPECT_EQ(ran, 1);
}

TEST_F(HostInMemory, what_it_cannot_do_is_unsupported_and_said_in_the_log) {
  on_lane([&] {
    sw_stream_config config{};
    config.size = sizeof config;
    config.max_messages = 10;
    const auto* streams = Probe::table<sw_stream_api>();
    const auto done = [](void*, sw_status, const sw_stream_info*, const sw_error*) { FAIL(); };
    EXPECT_EQ(streams->create(Probe::host, ns, str("s"), &config, nullptr, 0, {nullptr, 0}, done, nullptr),
              SW_UNSUPPORTED);
    EXPECT_EQ(streams->move(Probe::host, ns, 1, str("c"), nullptr, nullptr, nullptr), SW_UNSUPPORTED);
  });
  EXPECT_EQ(host.log().at(0),
            "warn host.unsupported what=a stream with max_age_ms, max_messages, max_bytes or max_per_key");
  EXPECT_EQ(host.log().at(1), "warn host.unsupported what=stream.move");
  EXPECT_EQ(Probe::host->extension(Probe::host, SW_EXT_ACCOUNTS), nullptr);
}

TEST_F(HostInMemory, records_are_compared_and_set_and_scanned_in_order) {
  std::vector<sw_status> told;
  const auto put = [&](const char* key, std::uint64_t expect) {
    sdk::submit<sw_kv_done>([&told](sw_status status, std::uint64_t, const sw_error*) { told.push_back(status); },
                            [&](sw_kv_done done, void* user) {
                              return Probe::table<sw_kv_api>()->put(Probe::host, ns, str(key), sdk::bytes(key), expect,
                                                                    done, user);
                            });
  };
  on_lane([&] {
    put("b", 0);
    put("a", 0);
    put("b", 0);
    put("b", SW_KV_ANY);
    put("z", 77);
  });
  host.settle();
  EXPECT_EQ(told, (std::vector<sw_status>{SW_OK, SW_OK, SW_CONFLICT, SW_OK, SW_CONFLICT}));
  std::string seen;
  on_lane([&] {
    Probe::table<sw_kv_api>()->scan(
        Probe::host, ns, str(""), str(""),
        [](void* user, sw_str key, sw_bytes, std::uint64_t) {
          *static_cast<std::string*>(user) += sdk::view(key);
          return 1;
        },
        &seen);
  });
  EXPECT_EQ(seen, "ab");
}

TEST_F(HostInMemory, a_bad_configuration_is_told_and_changes_nothing) {
  std::string calls;
  Probe::on_configure = [&](std::string_view json, bool dry_run, sw_error* error) {
    calls += dry_run ? "judge " : "apply ";
    return json == "bad" ? sdk::fail(error, SW_INVALID, "bad is bad") : SW_OK;
  };
  std::string why;
  EXPECT_FALSE(host.reconfigure("bad", &why));
  EXPECT_EQ(why, "the plugin refused configure with status 1: bad is bad");
  EXPECT_TRUE(host.reconfigure("good"));
  EXPECT_EQ(calls, "judge judge apply ");
}

TEST_F(HostInMemory, a_plugin_that_does_not_start_is_an_exception_with_its_sentence) {
  Probe::on_configure = [](std::string_view, bool, sw_error* error) { return sdk::fail(error, SW_INVALID, "no port"); };
  Host other;
  EXPECT_THROW(
      try { other.start(Probe::entry()); } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "the plugin refused configure with status 1: no port");
        throw;
      },
      std::runtime_error);
}

}  // namespace
}  // namespace switchyard::testing::test
