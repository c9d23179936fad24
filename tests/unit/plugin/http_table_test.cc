// http/1 over real loopback connections.
#include <stdexcept>

#include "kernel/plugin/http_exchange.h"
#include "tests/unit/plugin/host_rig.h"

namespace switchyard::plugin::test {
namespace {

using net::test::Box;
using net::test::Client;
using net::test::get;
using net::test::post;

struct Web {
  LinkedPlugin plugin{"web"};
  HostRig rig;
  explicit Web(std::size_t lanes = 1) : rig(lanes) {}
  const sw_http_api* http() { return plugin.table<sw_http_api>(SW_EXT_HTTP); }
  // Routes everything to `handler`.
  void serve(std::function<void(sw_http_exchange*, const sw_http_request*)> handler,
             const std::string& pattern = "/*") {
    plugin.on_start = [this, pattern](sw_error*) { return plugin.route("", pattern); };
    plugin.on_request = [handler = std::move(handler)](void*, sw_http_exchange* x, const sw_http_request* r) {
      handler(x, r);
    };
    rig.run({&plugin});
  }
  net::test::Answer ask(const std::string& request) { return Client(rig.address()).ask(request); }
};

TEST(HttpTable, the_request_arrives_whole_and_as_sent) {
  Web web;
  Box<std::string> seen;
  web.serve([&](sw_http_exchange* x, const sw_http_request* r) {
    std::string all = text(r->method) + "|" + text(r->target) + "|" + text(r->path) + "|" + text(r->query) + "|" +
                      text(r->peer) + "|" + std::to_string(r->flags) + "|" + text(r->body);
    for (std::size_t i = 0; i < r->header_count; ++i) {
      all += "|" + text(r->headers[i].name) + "=" + text(r->headers[i].value);
    }
    seen.put(all);
    web.plugin.answer(x, 200, "ok");
  });
  EXPECT_EQ(
      web.ask("PUT /a%20b/c?x=1&y=%2f HTTP/1.1\r\nHost: h\r\nX-Twice: 1\r\nx-twice: 2\r\nContent-Length: 4\r\n\r\nbody")
          .body,
      "ok");
  EXPECT_EQ(seen.take(),
            "PUT|/a%20b/c?x=1&y=%2f|/a%20b/c|x=1&y=%2f|127.0.0.1|0|body|Host=h|X-Twice=1|x-twice=2|Content-Length=4");
}

TEST(HttpTable, status_headers_and_body_of_the_answer_are_the_plugins) {
  Web web;
  web.serve([&](sw_http_exchange* x, const sw_http_request*) {
    const sw_pair headers[] = {{str("X-One"), str("1")}, {str("Content-Type"), str("text/xml")}};
    web.http()->respond(x, 418, headers, 2, bytes("<teapot/>"));
  });
  const auto answer = web.ask(get("/"));
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.header("x-one"), "1");
  EXPECT_EQ(answer.header("content-type"), "text/xml");
  EXPECT_EQ(answer.body, "<teapot/>");
}

TEST(HttpTable, an_answer_may_come_later_and_the_request_lives_until_then) {
  Web web;
  struct Waiting {
    Web& web;
    sw_http_exchange* exchange = nullptr;
    const sw_http_request* request = nullptr;
  } waiting{web};
  Box<int> arrived;
  web.serve([&](sw_http_exchange* x, const sw_http_request* r) {
    waiting.exchange = x;
    waiting.request = r;
    web.plugin.table<sw_clock_api>(SW_EXT_CLOCK)
        ->start(
            web.plugin.host, 500,
            [](void* user) {
              auto& w = *static_cast<Waiting*>(user);
              w.web.plugin.answer(w.exchange, 200,
                                  text(w.request->path) + text(w.request->body) + text(w.request->headers[0].value));
            },
            &waiting);
    arrived.put(1);
  });
  Client client(web.rig.address());
  client.send(post("/later/", "abc"));
  ASSERT_EQ(arrived.take(), 1);
  web.rig.advance_ms(500);
  EXPECT_EQ(client.read_answer().body, "/later/abctest");
}

TEST(HttpTable, a_parked_request_keeps_its_views_and_its_memory) {
  Web web;
  std::string* copy = nullptr;
  const sw_http_request* request = nullptr;
  sw_http_exchange* exchange = nullptr;
  char* memory = nullptr;
  Box<int> arrived;
  web.serve([&](sw_http_exchange* x, const sw_http_request* r) {
    if (text(r->path) == "/other") return web.plugin.answer(x, 200, "other");
    exchange = x;
    request = r;
    memory = static_cast<char*>(web.http()->alloc(x, 6));
    std::memcpy(memory, "memory", 6);
    web.http()->on_abort(
        x, [](void*) {}, &copy);
    EXPECT_EQ(text(request->body), "before") << "also right after on_abort";
    arrived.put(1);
  });
  Client client(web.rig.address());
  client.send(post("/parked?q=1", "before"));
  ASSERT_EQ(arrived.take(), 1);
  // Other requests use the buffers that the parked one gave back.
  for (int i = 0; i < 50; ++i) EXPECT_EQ(web.ask(post("/other", std::string(4000, 'x'))).body, "other");
  web.rig.on_lane(web.plugin, [&](void*) {
    web.plugin.answer(exchange, 200, text(request->target) + text(request->body) + std::string(memory, 6));
  });
  EXPECT_EQ(client.read_answer().body, "/parked?q=1beforememory");
}

TEST(HttpTable, an_abort_is_told_once_and_the_exchange_is_dead) {
  Web web;
  struct Told {
    Box<int> box;
    sw_http_exchange* exchange = nullptr;
  } told;
  Box<int> arrived;
  web.serve([&](sw_http_exchange* x, const sw_http_request* r) {
    if (text(r->path) == "/ping") return web.plugin.answer(x, 200, "pong");
    told.exchange = x;
    web.http()->on_abort(
        x, [](void* user) { static_cast<Told*>(user)->box.put(1); }, &told);
    arrived.put(1);
  });
  Client client(web.rig.address());
  client.send(get("/wait"));
  ASSERT_EQ(arrived.take(), 1);
  client.close();
  ASSERT_EQ(told.box.take(), 1);
  web.rig.on_lane(web.plugin, [&](void*) {
    web.plugin.answer(told.exchange, 200, "to nobody");
    EXPECT_EQ(web.http()->alloc(told.exchange, 8), nullptr);
    web.http()->on_abort(
        told.exchange, [](void*) {}, nullptr);
  });
  EXPECT_EQ(web.ask(get("/ping")).body, "pong") << "the slot is used again, the old handle did not answer for it";
  EXPECT_EQ(told.box.size(), 1u);
}

TEST(HttpTable, a_second_answer_does_nothing_and_reaches_nobody_else) {
  Web web;
  sw_http_exchange* first = nullptr;
  web.serve([&](sw_http_exchange* x, const sw_http_request* r) {
    if (text(r->path) == "/first") {
      first = x;
      web.plugin.answer(x, 200, "first");
      web.plugin.answer(x, 200, "first again");
    } else {
      web.plugin.answer(first, 200, "stolen");
      web.plugin.answer(x, 200, "second");
    }
  });
  Client client(web.rig.address());
  EXPECT_EQ(client.ask(get("/first")).body, "first");
  EXPECT_EQ(client.ask(get("/second")).body, "second");
}

TEST(HttpTable, a_plugin_cannot_answer_the_request_of_another_plugin) {
  LinkedPlugin owner("owner"), thief("thief");
  HostRig rig;
  sw_http_exchange* exchange = nullptr;
  Box<int> arrived;
  owner.on_start = [&](sw_error*) { return owner.route("", "/*"); };
  owner.on_request = [&](void*, sw_http_exchange* x, const sw_http_request*) {
    exchange = x;
    arrived.put(1);
  };
  rig.run({&owner, &thief});
  Client client(rig.address());
  client.send(get("/"));
  ASSERT_EQ(arrived.take(), 1);
  rig.on_lane(thief, [&](void*) { thief.answer(exchange, 200, "stolen"); });
  rig.on_lane(owner, [&](void*) { owner.answer(exchange, 200, "owned"); });
  EXPECT_EQ(client.read_answer().body, "owned");
}

TEST(HttpTable, a_handler_that_throws_is_answered_for_with_503_and_its_routes_end) {
  Web web;
  web.serve([&](sw_http_exchange*, const sw_http_request*) { throw std::runtime_error("oops"); });
  EXPECT_EQ(web.ask(get("/")).status, 503);
  EXPECT_EQ(web.ask(get("/")).status, 404) << "a failed plugin takes no requests";
  EXPECT_EQ(web.rig.host->plugins().at(0).why, "the plugin 'web' threw in http handle: oops");
}

TEST(HttpTable, requests_that_a_failing_plugin_still_held_are_answered) {
  Web web;
  Box<int> arrived;
  web.serve([&](sw_http_exchange* x, const sw_http_request* r) {
    if (text(r->path) == "/fail") throw std::runtime_error("oops");
    web.http()->on_abort(
        x, [](void*) {}, nullptr);
    arrived.put(1);
  });
  Client waiting(web.rig.address());
  waiting.send(get("/wait"));
  ASSERT_EQ(arrived.take(), 1);
  EXPECT_EQ(web.ask(get("/fail")).status, 503);
  EXPECT_EQ(waiting.read_answer().status, 503);
}

TEST(HttpTable, a_status_that_is_none_becomes_500) {
  Web web;
  web.serve([&](sw_http_exchange* x, const sw_http_request*) { web.plugin.answer(x, 99, "?"); });
  EXPECT_EQ(web.ask(get("/")).status, 500);
}

TEST(HttpTable, memory_of_a_request_is_aligned_and_bounded) {
  Web web;
  web.rig.services.request_memory_bytes = 100'000;
  Box<int> granted;
  web.serve([&](sw_http_exchange* x, const sw_http_request*) {
    int n = 0;
    for (const std::size_t size : {1u, 7u, 100u, 3000u}) {
      auto* p = web.http()->alloc(x, size);
      EXPECT_NE(p, nullptr);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(p) % 8, 0u);
      std::memset(p, 0xab, size);
    }
    while (n < 1000 && web.http()->alloc(x, 1000) != nullptr) ++n;
    EXPECT_EQ(web.http()->alloc(x, 200'000), nullptr);
    granted.put(n);
    web.plugin.answer(x, 200, "");
  });
  EXPECT_EQ(web.ask(get("/")).status, 200);
  const int n = granted.take();
  EXPECT_GT(n, 50);
  EXPECT_LT(n, 100);
}

TEST(HttpTable, a_body_above_the_copying_limit_arrives_whole_but_is_not_parked) {
  Web web;
  const std::string big(Exchange::kMaxParkedBody + 1, 'b');
  web.serve([&](sw_http_exchange* x, const sw_http_request* r) {
    web.http()->on_abort(
        x, [](void*) {}, nullptr);
    web.plugin.answer(x, 200, text(r->body) == big ? "same" : "different");
  });
  EXPECT_EQ(web.ask(post("/", big)).body, "same");
}

TEST(HttpTable, routes_are_asked_by_priority_and_the_match_function_decides) {
  LinkedPlugin low("low"), high("high");
  HostRig rig;
  low.on_start = [&](sw_error*) { return low.route("", "/*", 1); };
  low.on_request = [&](void*, sw_http_exchange* x, const sw_http_request*) { low.answer(x, 200, "low"); };
  high.on_start = [&](sw_error*) { return high.route("", "/*", 2, true); };
  high.on_match = [](const sw_http_request* r) { return text(r->body) == "for high"; };
  high.on_request = [&](void*, sw_http_exchange* x, const sw_http_request*) { high.answer(x, 200, "high"); };
  rig.run({&low, &high});
  Client client(rig.address());
  EXPECT_EQ(client.ask(post("/", "for high")).body, "high");
  EXPECT_EQ(client.ask(post("/", "for low")).body, "low");
}

TEST(HttpTable, a_match_function_that_throws_fails_its_plugin_and_the_next_route_answers) {
  LinkedPlugin low("low"), high("high");
  HostRig rig;
  low.on_start = [&](sw_error*) { return low.route("", "/*", 1); };
  low.on_request = [&](void*, sw_http_exchange* x, const sw_http_request*) { low.answer(x, 200, "low"); };
  high.on_start = [&](sw_error*) { return high.route("", "/*", 2, true); };
  high.on_match = [](const sw_http_request*) -> bool { throw 1; };
  high.on_request = [](void*, sw_http_exchange*, const sw_http_request*) {};
  rig.run({&low, &high});
  EXPECT_EQ(Client(rig.address()).ask(get("/")).body, "low");
}

TEST(HttpTable, patterns_are_exact_or_prefixes_and_methods_count) {
  LinkedPlugin plugin("p");
  HostRig rig;
  plugin.on_start = [&](sw_error*) {
    EXPECT_EQ(plugin.route("GET", "/exact"), SW_OK);
    EXPECT_EQ(plugin.route("", "/mnq/*"), SW_OK);
    return plugin.route("POST", "/v*", 5);
  };
  plugin.on_request = [&](void*, sw_http_exchange* x, const sw_http_request* r) {
    plugin.answer(x, 200, text(r->path));
  };
  rig.run({&plugin});
  Client client(rig.address());
  const auto status = [&](const std::string& request) { return client.ask(request).status; };
  EXPECT_EQ(status(get("/exact")), 200);
  EXPECT_EQ(status(get("/exact?x")), 200);
  EXPECT_EQ(status(post("/exact", "")), 404);
  EXPECT_EQ(status(get("/exact/more")), 404);
  EXPECT_EQ(status(get("/mnq")), 200);
  EXPECT_EQ(status(get("/mnq/")), 200);
  EXPECT_EQ(status(get("/mnq/v1beta1/x")), 200);
  EXPECT_EQ(status(get("/mnqx")), 404);
  EXPECT_EQ(status(post("/v1/queues", "")), 200);
  EXPECT_EQ(status(get("/v1/queues")), 404);
  EXPECT_EQ(status(get("/")), 404);
}

TEST(HttpTable, routes_are_refused_with_a_sentence) {
  LinkedPlugin plugin("p");
  HostRig rig;
  std::vector<std::string> refusals;
  plugin.on_start = [&](sw_error*) {
    const auto refused = [&](const std::string& pattern, std::int32_t priority) {
      sw_error error{};
      error.size = sizeof error;
      EXPECT_EQ(plugin.route("", pattern, priority, false, &error), SW_INVALID) << pattern;
      refusals.emplace_back(error.message);
    };
    refused("", 0);
    refused("no-slash", 0);
    refused("/a*b", 0);
    refused("/livez", Router::kKernelPriority);
    return SW_OK;
  };
  rig.run({&plugin});
  EXPECT_EQ(plugin.route("", "/late"), SW_INVALID) << "only in start()";
  EXPECT_EQ(refusals.at(1), "the route pattern 'no-slash' is not a path; it begins with '/' and may end in one '*'");
  EXPECT_EQ(refusals.at(3), "the priority must be below 1000000");
}

TEST(HttpTable, the_kernels_endpoints_come_before_every_plugin) {
  LinkedPlugin plugin("p");
  HostRig rig;
  plugin.on_start = [&](sw_error*) { return plugin.route("", "/*", Router::kKernelPriority - 1); };
  plugin.on_request = [&](void*, sw_http_exchange* x, const sw_http_request*) { plugin.answer(x, 200, "plugin"); };
  ASSERT_TRUE(rig.router
                  ->add("GET", "/livez", Router::kKernelPriority,
                        [](const net::HttpRequest&, net::HttpExchange x) { x.respond(200, {}, "alive"); })
                  .ok());
  rig.run({&plugin});
  Client client(rig.address());
  EXPECT_EQ(client.ask(get("/livez")).body, "alive");
  EXPECT_EQ(client.ask(get("/x")).body, "plugin");
}

TEST(HttpTable, a_reserved_path_is_answered_on_its_listener_alone_and_nothing_else_there) {
  LinkedPlugin plugin("p");
  HostRig rig;
  plugin.on_start = [&](sw_error*) {
    plugin.route("", "/mnq/*", 1);
    return plugin.route("", "/*");
  };
  plugin.on_request = [&](void*, sw_http_exchange* x, const sw_http_request*) { plugin.answer(x, 200, "plugin"); };
  ASSERT_TRUE(rig.router
                  ->add("GET", "/livez", Router::kKernelPriority,
                        [](const net::HttpRequest&, net::HttpExchange x) { x.respond(200, {}, "alive"); })
                  .ok());
  rig.router->reserve("/mnq", 1);
  rig.run({&plugin});
  const auto second = rig.http->listen({"127.0.0.1:0", nullptr});
  ASSERT_TRUE(second.ok());
  const auto asked = [](const std::string& address) {
    std::string statuses;
    for (const char* path : {"/livez", "/mnq", "/mnq/v1", "/mnqx", "/"}) {
      statuses += std::to_string(Client(address).ask(get(path)).status) + " ";
    }
    return statuses;
  };
  EXPECT_EQ(asked(rig.address()), "200 404 404 200 200 ");
  EXPECT_EQ(asked(second->address), "200 200 200 404 404 ");
}

TEST(HttpTable, drain_reaches_the_plugin_on_the_lane_of_its_parked_requests) {
  Web web(2);
  std::mutex mutex;
  std::vector<std::pair<std::uint32_t, sw_http_exchange*>> parked;
  Box<int> arrived;
  std::vector<std::uint32_t> indexes{0, 1};
  web.plugin.on_lane_start = [&](std::uint32_t lane, void** state, sw_error*) {
    return *state = &indexes[lane], SW_OK;
  };
  web.plugin.on_lane_drain = [&](std::uint32_t lane, void*) {
    const std::lock_guard lock(mutex);
    for (auto& [index, exchange] : parked) {
      if (index == lane) web.plugin.answer(exchange, 200, "draining");
    }
  };
  web.plugin.on_start = [&](sw_error*) { return web.plugin.route("", "/*"); };
  web.plugin.on_request = [&](void* state, sw_http_exchange* x, const sw_http_request*) {
    const std::lock_guard lock(mutex);
    parked.emplace_back(*static_cast<std::uint32_t*>(state), x);
    web.http()->on_abort(
        x, [](void*) {}, nullptr);
    arrived.put(1);
  };
  web.rig.run({&web.plugin});
  Client one(web.rig.address()), two(web.rig.address());
  one.send(get("/"));
  two.send(get("/"));
  ASSERT_EQ(arrived.take(2), 1);
  web.rig.host->drain();
  EXPECT_EQ(one.read_answer().body, "draining");
  EXPECT_EQ(two.read_answer().body, "draining");
}

TEST(HttpTable, the_address_of_a_peer_is_without_port) {
  EXPECT_EQ(address_of_peer("127.0.0.1:4711"), "127.0.0.1");
  EXPECT_EQ(address_of_peer("[::1]:4711"), "::1");
  EXPECT_EQ(address_of_peer("unix"), "unix");
  EXPECT_EQ(address_of_peer(""), "");
}

}  // namespace
}  // namespace switchyard::plugin::test
