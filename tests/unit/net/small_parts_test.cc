// Arena, DeadlineQueue and the writer of answers: the parts without a socket.
#include <gtest/gtest.h>

#include "kernel/base/executor.h"
#include "kernel/net/arena.h"
#include "kernel/net/deadline_queue.h"
#include "kernel/net/http_writer.h"

namespace switchyard::net {
namespace {

using namespace std::string_view_literals;

TEST(Arena, allocations_are_aligned_and_do_not_overlap) {
  Arena arena;
  std::vector<std::pair<char*, std::size_t>> blocks;
  for (std::size_t size = 1; size < 3'000; size += 37) {
    auto* block = static_cast<char*>(arena.alloc(size));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0u);
    std::memset(block, static_cast<int>(blocks.size()), size);
    blocks.emplace_back(block, size);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (std::size_t at = 0; at < blocks[i].second; ++at) {
      ASSERT_EQ(static_cast<unsigned char>(blocks[i].first[at]), static_cast<unsigned char>(i));
    }
  }
}

TEST(Arena, reset_keeps_one_small_block_and_returns_the_rest) {
  Arena arena;
  arena.alloc(100);
  EXPECT_EQ(arena.held(), Arena::kFirstBlock);
  arena.alloc(1024 * 1024);
  arena.alloc(8'000);
  arena.reset();
  EXPECT_EQ(arena.held(), Arena::kFirstBlock);
  auto* first = arena.alloc(1);
  arena.reset();
  EXPECT_EQ(arena.alloc(1), first);
}

TEST(Arena, a_large_first_request_is_not_kept) {
  Arena arena;
  arena.alloc(1024 * 1024);
  arena.reset();
  EXPECT_EQ(arena.held(), 0u);
  EXPECT_NE(arena.alloc(10), nullptr);
}

TEST(Arena, serves_standard_containers_and_copies_text) {
  Arena arena;
  std::pmr::vector<int> numbers(&arena);
  for (int i = 0; i < 10'000; ++i) numbers.push_back(i);
  EXPECT_EQ(numbers[9'999], 9'999);
  const std::string text = "kept";
  const auto copy = arena.copy(text);
  EXPECT_EQ(copy, "kept");
  EXPECT_NE(copy.data(), text.data());
  EXPECT_EQ(arena.copy(""), "");
}

struct Watched : DeadlineNode {
  explicit Watched(std::string n) : name(std::move(n)) {}
  std::string name;
};

class DeadlineQueueTest : public testing::Test {
 protected:
  void advance_ms(std::int64_t ms) {
    clock.advance_ms(ms);
    lane.run();
  }
  ManualClock clock;
  ManualExecutor lane{clock};
  std::string expired;
  DeadlineQueue queue{lane, 100, [this](DeadlineNode& node) { expired += static_cast<Watched&>(node).name; }};
};

TEST_F(DeadlineQueueTest, nodes_expire_at_their_own_time_in_order) {
  Watched a("a"), b("b");
  queue.arm(a);
  advance_ms(40);
  queue.arm(b);
  advance_ms(59);
  EXPECT_EQ(expired, "");
  advance_ms(1);
  EXPECT_EQ(expired, "a");
  EXPECT_FALSE(a.armed());
  advance_ms(40);
  EXPECT_EQ(expired, "ab");
}

TEST_F(DeadlineQueueTest, arming_again_starts_the_time_anew) {
  Watched a("a");
  queue.arm(a);
  advance_ms(90);
  queue.arm(a);
  advance_ms(99);
  EXPECT_EQ(expired, "");
  advance_ms(1);
  EXPECT_EQ(expired, "a");
}

TEST_F(DeadlineQueueTest, a_node_that_is_destroyed_or_disarmed_does_not_expire) {
  Watched a("a");
  {
    Watched b("b");
    queue.arm(b);
    queue.arm(a);
  }
  Watched c("c");
  queue.arm(c);
  a.disarm();
  advance_ms(1000);
  EXPECT_EQ(expired, "c");
}

TEST_F(DeadlineQueueTest, arming_in_another_queue_leaves_the_first) {
  DeadlineQueue other(lane, 500, [this](DeadlineNode&) { expired += "other"; });
  Watched a("a");
  queue.arm(a);
  other.arm(a);
  EXPECT_TRUE(a.in(other));
  advance_ms(100);
  EXPECT_EQ(expired, "");
  advance_ms(400);
  EXPECT_EQ(expired, "other");
}

std::string written(const ResponseFrame& frame, int status, std::vector<HttpHeader> headers, std::string_view body) {
  std::string out;
  if (append_response_head(out, frame, status, headers, body.size())) out += body;
  return out;
}

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

TEST(HttpWriter, an_answer_has_length_date_and_server) {
  EXPECT_EQ(written({false, false, false, kDate}, 200, {{"X-A", "1"}}, "hi"),
            "HTTP/1.1 200 OK\r\nServer: switchyard\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-A: 1\r\n"
            "Content-Length: 2\r\n\r\nhi");
}

TEST(HttpWriter, a_head_request_gets_the_length_without_the_body) {
  const auto out = written({false, false, true, kDate}, 200, {}, "hello");
  EXPECT_NE(out.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

TEST(HttpWriter, statuses_without_a_body_have_neither_body_nor_length) {
  for (const int status : {204, 304}) {
    const auto out = written({false, false, false, kDate}, status, {}, "must not appear");
    EXPECT_EQ(out.find("Content-Length"), std::string::npos) << status;
    EXPECT_TRUE(out.ends_with("\r\n\r\n")) << status;
  }
}

TEST(HttpWriter, the_servers_own_headers_cannot_be_overridden) {
  const auto out = written({true, false, false, kDate}, 404,
                           {{"content-length", "999"},
                            {"TRANSFER-ENCODING", "chunked"},
                            {"Connection", "upgrade"},
                            {"Server", "other/1.0"},
                            {"Date", "never"},
                            {"Etag", "kept"}},
                           "x");
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Found\r\nServer: switchyard\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nEtag: kept\r\n"
            "Content-Length: 1\r\nConnection: close\r\n\r\nx");
}

TEST(HttpWriter, line_breaks_in_a_header_cannot_forge_another_header) {
  const auto out = written({false, false, false, kDate}, 200, {{"X-Name", "a\r\nSet-Cookie: b\0c"sv}}, "");
  EXPECT_NE(out.find("X-Name: a  Set-Cookie: b c\r\n"), std::string::npos) << out;
}

TEST(HttpWriter, a_status_that_is_none_goes_out_as_500) {
  EXPECT_TRUE(written({false, false, false, kDate}, 42, {}, "").starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
}

TEST(HttpWriter, dates_have_the_form_of_the_standard) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace switchyard::net
