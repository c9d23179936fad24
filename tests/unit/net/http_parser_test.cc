#include "kernel/net/http_parser.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "harness.h"

namespace switchyard::net {
namespace {

using namespace std::string_view_literals;
using test::describe;
using Step = HttpParser::Step;

// Everything the bytes lead to: the requests, then the status of the refusal, or "..." when more
// bytes are wanted.
std::vector<std::string> outcome(std::string_view bytes, std::size_t piece, const HttpLimits& limits = {}) {
  HttpParser parser;
  parser.reset(limits);
  std::vector<std::string> seen;
  for (;;) {
    switch (parser.advance()) {
      case Step::complete:
        seen.push_back(describe(parser.request()));
        parser.next();
        continue;
      case Step::failed:
        seen.push_back("refused " + std::to_string(parser.status()));
        return seen;
      case Step::need_more:
        break;
    }
    if (bytes.empty()) {
      if (!parser.at_rest()) seen.push_back("...");
      return seen;
    }
    const auto room = parser.room();
    EXPECT_FALSE(room.empty());
    const auto size = std::min({piece, room.size(), bytes.size()});
    std::memcpy(room.data(), bytes.data(), size);
    parser.commit(size);
    bytes.remove_prefix(size);
  }
}

// The outcome, after checking that it does not depend on how the bytes are cut.
std::vector<std::string> parse(std::string_view bytes, const HttpLimits& limits = {}) {
  const auto whole = outcome(bytes, std::string::npos, limits);
  for (const std::size_t piece : {1, 2, 3, 7, 64, 1000}) {
    EXPECT_EQ(outcome(bytes, piece, limits), whole) << "in pieces of " << piece;
  }
  return whole;
}

std::string refusal(std::string_view bytes, const HttpLimits& limits = {}) {
  const auto seen = parse(bytes, limits);
  return seen.empty() ? "nothing" : seen.back();
}

TEST(HttpParser, a_request_is_given_as_it_came) {
  const auto seen = parse(
      "POST /a%20b//../c?x=1&y=%2F HTTP/1.1\r\nhOsT: Example:80\r\nX-A:  two  words \r\nx-a:\t2\t\r\nEmpty:\r\n"
      "Content-Length: 5\r\n\r\nhello");
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0],
            "method=POST\ntarget=/a%20b//../c?x=1&y=%2F\npath=/a%20b//../c\nquery=x=1&y=%2F\nversion=11\n"
            "host=Example:80\nheader hOsT=Example:80\nheader X-A=two  words\nheader x-a=2\nheader Empty=\n"
            "header Content-Length=5\nbody=hello");
}

TEST(HttpParser, headers_are_found_in_any_case_and_the_first_one_wins) {
  HttpParser parser;
  const HttpLimits limits;
  parser.reset(limits, "GET / HTTP/1.1\r\nHost: a\r\nX-Thing: 1\r\nx-thing: 2\r\n\r\n");
  ASSERT_EQ(parser.advance(), Step::complete);
  EXPECT_EQ(parser.request().header("X-THING"), "1");
  EXPECT_EQ(parser.request().find("x-other"), nullptr);
  EXPECT_EQ(parser.request().header("x-other"), "");
}

TEST(HttpParser, pipelined_requests_come_one_after_the_other) {
  const auto seen = parse(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\nTrailer: "
      "t\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHost: a\r\n\r\nGET /5");
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_NE(seen[0].find("path=/1\n"), std::string::npos);
  EXPECT_TRUE(seen[1].ends_with("body=abc"));
  EXPECT_TRUE(seen[2].ends_with("body=def"));
  EXPECT_EQ(seen[2].find("Trailer"), std::string::npos) << "a trailer must not pass for a header";
  EXPECT_NE(seen[3].find("path=/4\n"), std::string::npos);
  EXPECT_EQ(seen[4], "...");
}

TEST(HttpParser, bodies_of_every_size_around_the_buffers_come_whole) {
  HttpLimits limits;
  for (const std::size_t size : {0, 1, 3900, 4050, 4096, 5000, 65535, 65536, 65537, 200'000}) {
    std::string body(size, ' ');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 23);
    const std::string next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    const auto plain = head + "Content-Length: " + std::to_string(size) + "\r\n\r\n" + body + next;
    std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < size; at += 9000) {
      const auto part = body.substr(at, 9000);
      char line[16];
      std::snprintf(line, sizeof line, "%zx\r\n", part.size());
      chunked += line + part + "\r\n";
    }
    chunked += "0\r\n\r\n" + next;
    for (const auto& bytes : {plain, chunked}) {
      for (const std::size_t piece : {std::size_t{1000}, std::size_t{4096}, std::string::npos}) {
        const auto seen = outcome(bytes, piece, limits);
        ASSERT_EQ(seen.size(), 2u) << size;
        EXPECT_TRUE(seen[0].ends_with("\nbody=" + body)) << size;
        EXPECT_NE(seen[1].find("path=/next\n"), std::string::npos) << size;
      }
    }
  }
}

TEST(HttpParser, absolute_targets_give_path_and_host) {
  const auto seen =
      parse("GET http://other:99/p/q?r HTTP/1.1\r\nHost: a\r\n\r\nGET http://h?q HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_NE(seen[0].find("path=/p/q\nquery=r\nversion=11\nhost=other:99\n"), std::string::npos) << seen[0];
  EXPECT_NE(seen[1].find("path=/\nquery=q\nversion=11\nhost=h\n"), std::string::npos) << seen[1];
}

TEST(HttpParser, one_or_two_empty_lines_before_a_request_are_skipped_but_no_more) {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(parse("\r\n" + request).size(), 1u);
  EXPECT_NE(refusal("\r\n\r\n" + request), "refused 400");
  EXPECT_EQ(refusal("\r\n\r\n\r\n" + request), "refused 400");
}

TEST(HttpParser, an_old_client_needs_no_host) {
  const auto seen = parse("GET / HTTP/1.0\r\n\r\n");
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_NE(seen[0].find("version=10\nhost=\n"), std::string::npos);
}

TEST(HttpParser, keep_alive_follows_version_and_connection_header) {
  const struct {
    std::string_view head;
    bool keep;
  } kCases[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Y, CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nConnection: close\r\n\r\n", false},
  };
  for (const auto& c : kCases) {
    HttpParser parser;
    const HttpLimits limits;
    parser.reset(limits, c.head);
    ASSERT_EQ(parser.advance(), Step::complete);
    EXPECT_EQ(parser.keep_alive(), c.keep) << c.head;
  }
}

TEST(HttpParser, what_two_programs_could_read_differently_is_refused) {
  const struct {
    std::string_view what;
    std::string_view bytes;
    std::string_view wanted = "refused 400";
  } kCases[] = {
      {"length and chunks",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"chunks and length",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
      {"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
      {"two equal lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
      {"a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc"},
      {"a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc"},
      {"a negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc"},
      {"a hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc"},
      {"an empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n"},
      {"a length beyond 64 bits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"},
      {"two transfer encodings",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"an unknown transfer encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "refused 501"},
      {"a hidden chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "refused 501"},
      {"chunked not alone", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
       "refused 501"},
      {"chunked with a control",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0b"
       "chunked\r\n\r\n"},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
      {"bare LF after a header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
      {"bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n"},
      {"LF alone", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"},
      {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n"},
      {"a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"},
      {"a folded empty header", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\tb\r\n\r\n"},
      {"a fold that is the end", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n"},
      {"white space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n"},
      {"a header without a colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"},
      {"a header without a name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n"},
      {"NUL in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\0Y: a\r\n\r\n"sv},
      {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nXY: a\0\r\n\r\n"sv},
      {"a control in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01\r\n\r\n"},
      {"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n"},
      {"a control in the target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a space at the end of the request line", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no version", "GET /\r\nHost: a\r\n\r\n"},
      {"a relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a foreign scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"an absolute target without a host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"a user in the target", "GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no host", "GET / HTTP/1.1\r\n\r\n"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
      {"a path in the host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
      {"a space in the host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
      {"a user in the host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
      {"a bad method", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"lower case HTTP", "GET / http/1.1\r\nHost: a\r\n\r\n"},
      {"a TLS greeting", "\x16\x03\x01\x02"},
      {"a NUL", "\0"sv},
      {"a bad connection header", "GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n"},
      {"a tunnel", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "refused 501"},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "refused 505"},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "refused 505"},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", "refused 505"},
      {"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
      {"an unknown expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\nx",
       "refused 417"},
  };
  for (const auto& c : kCases) EXPECT_EQ(refusal(c.bytes), c.wanted) << c.what;
}

TEST(HttpParser, an_empty_chunked_body_may_come_byte_by_byte) {
  const auto seen = parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_TRUE(seen[0].ends_with("\nbody="));
}

TEST(HttpParser, broken_chunks_are_refused) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const struct {
    std::string_view what;
    std::string_view bytes;
  } kCases[] = {
      {"no size", "\r\n\r\n\r\n"},
      {"not a number", "x\r\nabc"},
      {"0x", "0x3\r\nabc\r\n0\r\n\r\n"},
      {"a sign", "+3\r\nabc\r\n0\r\n\r\n"},
      {"white space before", " 3\r\nabc\r\n0\r\n\r\n"},
      {"white space after", "3 \r\nabc\r\n0\r\n\r\n"},
      {"bare LF after the size", "3\nabc\r\n0\r\n\r\n"},
      {"bare LF after the data", "3\r\nabc\n0\r\n\r\n"},
      {"bare CR after the size", "3\rabc\r\n0\r\n\r\n"},
      {"too much data", "3\r\nabcd\r\n0\r\n\r\n"},
      {"a size beyond 64 bits", "10000000000000000\r\n"},
      {"a bad extension", "3;=\r\nabc\r\n0\r\n\r\n"},
      {"a bad trailer", "0\r\nX : y\r\n\r\n"},
      {"a bare LF in the trailers", "0\r\nX: y\n\r\n\r\n"},
  };
  for (const auto& c : kCases) EXPECT_EQ(refusal(head + std::string(c.bytes)), "refused 400") << c.what;
}

TEST(HttpParser, limits_have_their_own_statuses) {
  HttpLimits limits;
  limits.max_head_bytes = 200;
  limits.max_headers = 3;
  limits.max_body_bytes = 10;
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(refusal(head + "X: " + std::string(300, 'x') + "\r\n\r\n", limits), "refused 431");
  EXPECT_EQ(refusal(std::string(300, 'G'), limits), "refused 431") << "also without any line end";
  EXPECT_EQ(refusal(head + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits), "refused 431");
  EXPECT_EQ(refusal(head + "Content-Length: 11\r\n\r\n", limits), "refused 413");
  EXPECT_EQ(refusal(head + "Transfer-Encoding: chunked\r\n\r\nb\r\nab", limits), "refused 413");
  EXPECT_EQ(refusal(head + "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\n", limits), "refused 413");
  EXPECT_NE(refusal(head + "Content-Length: 10\r\n\r\n0123456789", limits), "refused 413");
  EXPECT_NE(refusal(head + "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n4\r\nghij\r\n0\r\n\r\n", limits),
            "refused 413");
}

TEST(HttpParser, a_head_of_exactly_the_limit_passes_and_one_byte_more_does_not) {
  HttpLimits limits;
  limits.max_head_bytes = 5'000;
  const std::string begin = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::string exact = begin + std::string(5'000 - begin.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(exact.size(), 5'000u);
  EXPECT_TRUE(refusal(exact, limits).starts_with("method=GET"));
  EXPECT_EQ(refusal(begin + std::string(5'001 - begin.size() - 4, 'x') + "\r\n\r\n", limits), "refused 431");
}

TEST(HttpParser, endless_chunk_lines_and_trailers_are_refused_in_bounded_memory) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(refusal(head + "3;x=\"" + std::string(100'000, 'y')), "refused 400");
  std::string trailers = "0\r\n";
  for (int i = 0; i < 20'000; ++i) trailers += "X: y\r\n";
  EXPECT_EQ(refusal(head + trailers), "refused 400");
}

TEST(HttpParser, an_expected_continue_is_due_once_per_request) {
  HttpParser parser;
  const HttpLimits limits;
  const std::string request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n";
  parser.reset(limits, request);
  ASSERT_EQ(parser.advance(), Step::need_more);
  EXPECT_TRUE(parser.take_expect_continue());
  EXPECT_FALSE(parser.take_expect_continue());
  parser.reset(limits, request + "x");
  ASSERT_EQ(parser.advance(), Step::complete);
  parser.next();
  EXPECT_FALSE(parser.take_expect_continue()) << "the body came along unasked";
}

TEST(HttpParser, random_cuts_never_change_the_outcome) {
  std::mt19937 random(11);
  const std::string pieces[] = {"GET / HTTP/1.1\r\n",
                                "Host: a\r\n",
                                "\r\n",
                                "Content-Length: 4\r\n",
                                "abcd",
                                "0\r\n\r\n",
                                "Transfer-Encoding: chunked\r\n",
                                "4\r\n",
                                "X: y\r\n",
                                "\n",
                                "POST /p HTTP/1.0\r\n",
                                "Expect: 100-continue\r\n",
                                "\r",
                                " ",
                                ":"};
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\n";
    for (auto count = random() % 12; count > 0; --count) bytes += pieces[random() % std::size(pieces)];
    const auto whole = outcome(bytes, std::string::npos);
    ASSERT_EQ(outcome(bytes, 1), whole) << bytes;
    ASSERT_EQ(outcome(bytes, 1 + random() % 9), whole) << bytes;
  }
}

}  // namespace
}  // namespace switchyard::net
