// stream/1, definitions and who may see them.  What streams do is tests/unit/stream's matter.
#include "tests/unit/plugin/stream_rig.h"

namespace switchyard::plugin::test {
namespace {

TEST(StreamTable, a_name_that_is_taken_gives_the_present_definition) {
  Tenants t;
  const auto first = t.make("queue");
  Answer answer;
  const auto config = work_queue();
  t.ask(answer, [&](auto* host, auto* ns, void* user) {
    return t.api()->create(host, ns, str("queue"), &config, nullptr, 0, bytes(""), on_stream, user);
  });
  EXPECT_EQ(answer.status, SW_EXISTS);
  EXPECT_EQ(answer.stream, first);
}

TEST(StreamTable, a_definition_is_lent_with_all_that_it_was_made_with) {
  Tenants t;
  sw_stream_config config = work_queue();
  config.flags = SW_STREAM_KEYED | SW_STREAM_DEDUP_PER_KEY;
  config.max_age_ms = 5;
  config.max_message_bytes = 77;
  config.dedup_window_ms = 300'000;
  const auto dead = t.make("dead");
  sw_consumer_config q = consumer();
  q.flags = SW_CONSUMER_ORDERED;
  q.max_attempts = 3;
  q.dead_letter = dead;
  const auto* list = &q;
  Answer answer;
  t.ask(answer, [&](auto* host, auto* ns, void* user) {
    return t.api()->create(host, ns, str("queue"), &config, &list, 1, bytes("a\0b"), on_stream, user);
  });
  ASSERT_EQ(answer.status, SW_OK) << answer.error;
  t.rig.on_lane(
      t.a,
      [&](void*) {
        const sw_stream_info* info = nullptr;
        ASSERT_EQ(t.api()->find(t.a.host, anonymous_handle(t.a), str("queue"), &info), SW_OK);
        EXPECT_EQ(info->size, sizeof(sw_stream_info));
        EXPECT_EQ(info->id, answer.stream);
        EXPECT_EQ(info->version, answer.version);
        EXPECT_EQ(text(info->name), "queue");
        EXPECT_EQ(text(info->blob), "a");
        EXPECT_EQ(info->config->retention, SW_RETAIN_WORKQUEUE);
        EXPECT_EQ(info->config->flags, SW_STREAM_KEYED | SW_STREAM_DEDUP_PER_KEY);
        EXPECT_EQ(info->config->max_age_ms, 5u);
        EXPECT_EQ(info->config->max_message_bytes, 77u);
        EXPECT_EQ(info->config->dedup_window_ms, 300'000u);
        ASSERT_EQ(info->consumer_count, 1u);
        EXPECT_EQ(text(info->consumers[0]->name), "q");
        EXPECT_EQ(info->consumers[0]->flags, SW_CONSUMER_ORDERED);
        EXPECT_EQ(info->consumers[0]->max_attempts, 3u);
        EXPECT_EQ(info->consumers[0]->dead_letter, dead);
        EXPECT_EQ(info->consumers[0]->ack_wait_ms, 30'000u);
      },
      1);
}

TEST(StreamTable, a_lent_definition_outlives_its_removal_until_the_callback_returns) {
  Tenants t(1);
  const auto stream = t.make("queue");
  Answer removed;
  t.rig.on_lane(t.a, [&](void*) {
    const sw_stream_info* info = nullptr;
    auto* ns = anonymous_handle(t.a);
    ASSERT_EQ(t.api()->get(t.a.host, ns, stream, &info), SW_OK);
    ASSERT_EQ(t.api()->remove(t.a.host, ns, stream, on_done, &removed), SW_OK);
    EXPECT_EQ(text(info->name), "queue");
  });
  ASSERT_TRUE(t.rig.eventually([&] { return removed.calls == 1; }));
  t.rig.on_lane(t.a, [&](void*) {
    const sw_stream_info* info = nullptr;
    EXPECT_EQ(t.api()->get(t.a.host, anonymous_handle(t.a), stream, &info), SW_NOT_FOUND);
  });
}

TEST(StreamTable, list_visits_names_of_the_prefix_in_order_until_the_visitor_has_enough) {
  Tenants t;
  for (const char* name : {"q/b", "q/a", "q/c", "r", "p"}) t.make(name);
  t.make("q/of b", &t.b);
  struct Seen {
    std::vector<std::string> names;
    std::size_t most;
  };
  const auto list = [&](const char* prefix, const char* after, std::size_t most) {
    Seen seen{{}, most};
    t.rig.on_lane(t.a, [&](void*) {
      t.api()->list(
          t.a.host, anonymous_handle(t.a), str(prefix), str(after),
          [](void* user, const sw_stream_info* info) {
            auto& s = *static_cast<Seen*>(user);
            s.names.push_back(text(info->name));
            return s.names.size() < s.most ? 1 : 0;
          },
          &seen);
    });
    return seen.names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(list("q/", "", 100), (Names{"q/a", "q/b", "q/c"}));
  EXPECT_EQ(list("q/", "q/a", 100), (Names{"q/b", "q/c"}));
  EXPECT_EQ(list("", "", 2), (Names{"p", "q/a"}));
  EXPECT_EQ(list("q/", "q/c", 100), Names{});
}

TEST(StreamTable, no_call_reaches_a_stream_of_another_namespace) {
  Tenants t;
  const auto stream = t.make("private");
  t.put(stream, {"secret"});
  Answer answer;
  const auto refused = [&](const Tenants::Start& call) { return t.start(answer, call, &t.b); };
  const auto* api = t.api();
  const sw_token token{1, 1, 0};
  const std::uint32_t delay = 0;
  const auto config = work_queue();
  sw_message message{};
  message.size = sizeof message;
  const auto* list = &message;
  EXPECT_EQ(
      refused([&](auto* h, auto* ns, void* u) { return api->append(h, ns, stream, &list, 1, 0, on_appended, u); }),
      SW_NOT_FOUND);
  EXPECT_EQ(refused(t.fetch(stream, 1, 0)), SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) { return api->read(h, ns, stream, 0, 1, str(""), on_fetched, u); }),
            SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) {
              return api->ack(h, ns, stream, kConsumer, &token, 1, 0, on_tokens, u);
            }),
            SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) {
              return api->extend(h, ns, stream, kConsumer, &token, &delay, 1, 0, on_tokens, u);
            }),
            SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) { return api->purge(h, ns, stream, on_done, u); }), SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) { return api->remove(h, ns, stream, on_done, u); }), SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) { return api->state(h, ns, stream, str(""), on_state, u); }),
            SW_NOT_FOUND);
  EXPECT_EQ(refused([&](auto* h, auto* ns, void* u) {
              return api->update(h, ns, stream, 0, &config, nullptr, 0, bytes(""), on_stream, u);
            }),
            SW_NOT_FOUND);
  t.rig.on_lane(t.b, [&](void*) {
    const sw_stream_info* info = nullptr;
    auto* ns = anonymous_handle(t.b);
    EXPECT_EQ(api->get(t.b.host, ns, stream, &info), SW_NOT_FOUND);
    EXPECT_EQ(api->find(t.b.host, ns, str("private"), &info), SW_NOT_FOUND);
    EXPECT_EQ(info, nullptr);
  });
  EXPECT_EQ(answer.calls, 0) << "a refused call has no completion";
}

TEST(StreamTable, a_dead_letter_stream_must_be_in_the_same_namespace) {
  Tenants t;
  const auto foreign = t.make("dead", &t.b);
  const auto config = work_queue();
  auto q = consumer();
  q.dead_letter = foreign;
  const auto* list = &q;
  Answer answer;
  EXPECT_EQ(t.start(answer,
                    [&](auto* h, auto* ns, void* u) {
                      return t.api()->create(h, ns, str("queue"), &config, &list, 1, bytes(""), on_stream, u);
                    }),
            SW_INVALID);
}

TEST(StreamTable, malformed_arguments_are_refused_before_anything_happens) {
  Tenants t;
  const auto stream = t.make("queue");
  const auto* api = t.api();
  Answer answer;
  const auto create = [&](const std::string& name, const sw_stream_config& config, const sw_consumer_config& q) {
    const auto* list = &q;
    return t.start(answer, [&](auto* h, auto* ns, void* u) {
      return api->create(h, ns, str(name), &config, &list, 1, bytes(""), on_stream, u);
    });
  };
  auto small = work_queue();
  small.size = 8;
  EXPECT_EQ(create("x", small, consumer()), SW_INVALID);
  auto odd = work_queue();
  odd.retention = 7;
  EXPECT_EQ(create("x", odd, consumer()), SW_INVALID);
  auto nameless = consumer();
  nameless.name = str("no spaces");
  EXPECT_EQ(create("x", work_queue(), nameless), SW_INVALID);
  EXPECT_EQ(create("", work_queue(), consumer()), SW_INVALID);
  EXPECT_EQ(create(std::string(256, 'x'), work_queue(), consumer()), SW_INVALID);

  sw_message tiny{};
  tiny.size = 4;
  const sw_message* list[] = {&tiny, nullptr};
  EXPECT_EQ(t.start(answer,
                    [&](auto* h, auto* ns, void* u) { return api->append(h, ns, stream, list, 1, 0, on_appended, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer, [&](auto* h, auto* ns,
                                void* u) { return api->append(h, ns, stream, list + 1, 1, 0, on_appended, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer,
                    [&](auto* h, auto* ns, void* u) { return api->append(h, ns, stream, list, 0, 0, on_appended, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer, [&](auto* h, auto* ns, void* u) { return api->purge(h, ns, stream, nullptr, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer, [&](auto* h, auto*, void* u) { return api->purge(h, nullptr, stream, on_done, u); }),
            SW_INVALID);
  EXPECT_EQ(t.start(answer, t.fetch(stream, 0, 0)), SW_INVALID);
  EXPECT_EQ(t.start(answer, t.fetch(stream, 257, 0)), SW_INVALID);
  EXPECT_EQ(t.start(answer, t.fetch(stream + 1, 1, 0)), SW_NOT_FOUND);
  EXPECT_EQ(answer.calls, 0);
}

}  // namespace
}  // namespace switchyard::plugin::test
