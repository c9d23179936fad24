#include "plugins/nats/wire_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchyard::nats {
namespace {

// The op at the front of `in`, which must be there.
Op read(std::string_view in, const WireLimits& limits = {}) {
  Op op;
  EXPECT_EQ(next(in, limits, op), Step::op) << in;
  return op;
}

ErrorKind refusal(std::string_view in, const WireLimits& limits = {}) {
  Op op;
  return next(in, limits, op) == Step::error ? op.error : ErrorKind::none;
}

// How many bytes the parser asks for; 0 when it has an answer.
std::size_t wanted(std::string_view in, const WireLimits& limits = {}) {
  Op op;
  return next(in, limits, op) == Step::need_more ? op.wanted : 0;
}

TEST(WireParser, pub_is_taken_without_a_copy) {
  const std::string_view in = "PUB foo.bar 5\r\nhello\r\nPING\r\n";
  const Op op = read(in);
  EXPECT_EQ(op.kind, OpKind::pub);
  EXPECT_EQ(op.subject, "foo.bar");
  EXPECT_EQ(op.reply, "");
  EXPECT_EQ(op.payload, "hello");
  EXPECT_EQ(op.header_size, 0u);
  EXPECT_EQ(op.size, in.size() - 6);
  EXPECT_EQ(op.subject.data(), in.data() + 4);
  EXPECT_EQ(op.payload.data(), in.data() + 15);
}

TEST(WireParser, pub_with_a_reply_and_without_a_body) {
  const Op op = read("PUB a _INBOX.1 0\r\n\r\n");
  EXPECT_EQ(op.subject, "a");
  EXPECT_EQ(op.reply, "_INBOX.1");
  EXPECT_EQ(op.payload, "");
  EXPECT_EQ(op.size, 20u);
}

// Lines of every length, with so much behind them that the parser may look at them in blocks.
TEST(WireParser, pub_of_any_length_has_its_arguments) {
  const std::string behind(200, 'z');
  for (std::size_t length = 1; length <= 140; ++length) {
    const std::string subject(length, 's');
    for (const std::string reply : {"", "r", "_INBOX.0123456789abcdef"}) {
      for (const char* blank : {" ", "\t", "  "}) {
        for (const char* end : {"\r\n", "\n", " \r\n"}) {
          const std::string head =
              "PUB " + subject + blank + (reply.empty() ? "" : reply + blank) + "16" + end + std::string(16, 'p');
          EXPECT_EQ(refusal(head + "\rz" + behind), ErrorKind::unknown_operation);
          EXPECT_EQ(refusal(head + "z\n" + behind), ErrorKind::unknown_operation);
          const std::string kept = head + "\r\n" + behind;
          Op views;
          ASSERT_EQ(next(kept, {}, views), Step::op) << head;
          EXPECT_EQ(views.size, head.size() + 2);
          EXPECT_EQ(views.header_size, 0u);
          EXPECT_EQ(views.subject, subject);
          EXPECT_EQ(views.reply, reply);
          EXPECT_EQ(views.payload, std::string(16, 'p'));
        }
      }
    }
  }
}

TEST(WireParser, pub_with_much_behind_it_is_refused_like_any_other) {
  const std::string behind = "\r\n" + std::string(200, ' ');
  for (const char* line : {"PUB a", "PUB ", "PUB  16", "PUB a  ", "PUB a b c 1", "PUB a x", "PUB a b x", "PUB a -1",
                           "PUB a 1234567890", "PUB a\rb 1", "PUB a\r 1", "PUB a 1\r", "PUB a b\r 1"}) {
    EXPECT_EQ(refusal(line + behind), ErrorKind::bad_arguments) << line;
  }
  EXPECT_EQ(refusal("PUB a 1048577" + behind), ErrorKind::max_payload);
  WireLimits limits;
  limits.max_control_line = 9;
  EXPECT_EQ(refusal("PUB abcdefgh 1" + behind, limits), ErrorKind::max_control_line);
}

TEST(WireParser, nothing_is_read_behind_the_input) {
  // Of a line with its CR as the last byte there is; memory of its own lets a sanitizer see the byte after it.
  for (std::size_t size = 20; size < 90; ++size) {
    const std::string line = "PUB a " + std::string(size - 10, 'r') + " 16\r";
    const std::vector<char> own(line.begin(), line.end());
    EXPECT_EQ(wanted({own.data(), own.size()}), size + 1);
  }
}

TEST(WireParser, reply_of_an_earlier_operation_is_not_seen_again) {
  Op op;
  ASSERT_EQ(next("HPUB a r 2 2\r\nhh\r\n", {}, op), Step::op);
  ASSERT_EQ(next("PUB b 1\r\nx\r\n", {}, op), Step::op);
  EXPECT_EQ(op.reply, "");
  EXPECT_EQ(op.header_size, 0u);
  ASSERT_EQ(next("SUB a q 1\r\n", {}, op), Step::op);
  ASSERT_EQ(next("SUB a 2\r\n", {}, op), Step::op);
  EXPECT_EQ(op.queue, "");
}

TEST(WireParser, hpub_tells_how_much_of_the_payload_is_the_header_block) {
  const Op op = read("HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
  EXPECT_EQ(op.kind, OpKind::hpub);
  EXPECT_EQ(op.reply, "r");
  EXPECT_EQ(op.header_size, 12u);
  EXPECT_EQ(op.payload, "NATS/1.0\r\n\r\nhi");
}

TEST(WireParser, verbs_may_be_written_in_any_case) {
  EXPECT_EQ(read("pub a 1\r\nx\r\n").kind, OpKind::pub);
  EXPECT_EQ(read("pUb a 1\r\nx\r\n").kind, OpKind::pub);
  EXPECT_EQ(read("hPuB a 0 1\r\nx\r\n").kind, OpKind::hpub);
  EXPECT_EQ(read("sub a 1\r\n").kind, OpKind::sub);
  EXPECT_EQ(read("unSub 1\r\n").kind, OpKind::unsub);
  EXPECT_EQ(read("ping\r\n").kind, OpKind::ping);
  EXPECT_EQ(read("Pong\r\n").kind, OpKind::pong);
  EXPECT_EQ(read("connect {}\r\n").kind, OpKind::connect);
  EXPECT_EQ(read("Info {}\r\n").kind, OpKind::info);
  EXPECT_EQ(read("+ok\r\n").kind, OpKind::ok);
  EXPECT_EQ(refusal("-err 'x'\r\n"), ErrorKind::client_error);
}

TEST(WireParser, line_may_end_in_lf_alone_but_a_payload_may_not) {
  EXPECT_EQ(read("SUB a 1\n").sid, "1");
  EXPECT_EQ(read("PING\n").size, 5u);
  EXPECT_EQ(read("PUB a 1\nx\r\n").payload, "x");
  EXPECT_EQ(refusal("PUB a 1\r\nx\n\r\n"), ErrorKind::unknown_operation);
}

TEST(WireParser, arguments_are_split_by_any_run_of_blanks) {
  const Op op = read("PUB \t  a\t \tr   2 \t\r\nhi\r\n");
  EXPECT_EQ(op.subject, "a");
  EXPECT_EQ(op.reply, "r");
  EXPECT_EQ(op.payload, "hi");
  EXPECT_EQ(read("PUB\ta\t0\r\n\r\n").subject, "a");
  EXPECT_EQ(read("SUB\t\ta  q\t7\r\n").queue, "q");
}

TEST(WireParser, sub_and_unsub_have_their_arguments) {
  const Op sub = read("SUB a.> workers 12\r\n");
  EXPECT_EQ(sub.subject, "a.>");
  EXPECT_EQ(sub.queue, "workers");
  EXPECT_EQ(sub.sid, "12");
  EXPECT_EQ(sub.size, 20u);
  const Op unsub = read("UNSUB 12 5\r\n");
  EXPECT_EQ(unsub.sid, "12");
  EXPECT_EQ(unsub.max_messages, 5u);
  EXPECT_EQ(read("UNSUB 12\r\n").max_messages, 0u);
}

TEST(WireParser, unsub_with_what_is_no_number_ends_the_subscription_at_once) {
  Op op;
  ASSERT_EQ(next("UNSUB 1 7\r\n", {}, op), Step::op);
  ASSERT_EQ(next("UNSUB 1 abc\r\n", {}, op), Step::op);
  EXPECT_EQ(op.max_messages, 0u);
  EXPECT_EQ(read("UNSUB 1 1234567890\r\n").max_messages, 0u);
}

TEST(WireParser, connect_and_info_hand_over_their_text) {
  EXPECT_EQ(read("CONNECT {\"a\": 1}\r\n").argument, "{\"a\": 1}");
  EXPECT_EQ(read("CONNECT{}\r\n").argument, "{}");
  EXPECT_EQ(read("CONNECT\r\n").argument, "");
  EXPECT_EQ(read("INFO {}\r\n").argument, "{}");
}

TEST(WireParser, ping_pong_and_ok_end_with_their_line) {
  EXPECT_EQ(read("PING and more\r\nPONG\r\n").size, 15u);
  EXPECT_EQ(read("PONGx\n").kind, OpKind::pong);
  EXPECT_EQ(read("+OK sure\r\n").kind, OpKind::ok);
}

TEST(WireParser, error_of_the_client_is_an_error_with_its_text) {
  Op op;
  ASSERT_EQ(next("-ERR 'gone wrong'\r\n", {}, op), Step::error);
  EXPECT_EQ(op.error, ErrorKind::client_error);
  EXPECT_EQ(op.argument, "'gone wrong'");
  EXPECT_EQ(refusal("-ERR\r\n"), ErrorKind::unknown_operation);
}

TEST(WireParser, what_is_no_operation_is_refused_at_its_first_wrong_byte) {
  for (const std::string_view in : {"MSG a 1 1\r\nx\r\n", "\r\n",    "\n",       " PING\r\n",  "GET / HTTP/1.1\r\n",
                                    "PUBS a 1\r\n",       "PUB\r\n", "HPUB\r\n", "SUBa 1\r\n", "SUB\r\n",
                                    "UNSUB\r\n",          "PX",      "P\n",      "HS",         "X",
                                    "\x16\x03\x01",       "+OX",     "-E\r",     "CONNECX",    "INFX"}) {
    EXPECT_EQ(refusal(in), ErrorKind::unknown_operation) << in;
  }
  EXPECT_EQ(refusal(std::string_view("\0\0\0\0", 4)), ErrorKind::unknown_operation);
  // Bytes that differ from a verb's in the bit of case alone.
  EXPECT_EQ(refusal(std::string_view("PUB\0a 1\r\nx\r\n", 11)), ErrorKind::unknown_operation);
  EXPECT_EQ(refusal("\x0bOK\r\n"), ErrorKind::unknown_operation);
  EXPECT_EQ(refusal("\rERR x\r\n"), ErrorKind::unknown_operation);
}

TEST(WireParser, wrong_count_of_arguments_closes_silently) {
  for (const std::string_view in :
       {"PUB a\r\n", "PUB \r\n", "PUB a b c 1\r\n", "PUB a b c d e f 1\r\n", "HPUB a 1\r\n", "HPUB a 1 1 1 1\r\n",
        "SUB a\r\n", "SUB \r\n", "SUB a b c d\r\n", "UNSUB \r\n", "UNSUB 1 2 3\r\n"}) {
    EXPECT_EQ(refusal(in), ErrorKind::bad_arguments) << in;
  }
  EXPECT_EQ(error_row(ErrorKind::bad_arguments).text, "");
  EXPECT_TRUE(error_row(ErrorKind::bad_arguments).closes);
}

TEST(WireParser, bad_sizes_close_silently) {
  for (const std::string_view in : {"PUB x abc\r\n", "PUB x -1\r\n", "PUB x +1\r\n", "PUB x 1.0\r\n", "PUB x 0x1\r\n",
                                    "PUB x 1234567890\r\n", "PUB x 0000000001\r\n", "PUB x 99999999999999999999\r\n",
                                    "HPUB a 5 3\r\n", "HPUB a x 3\r\n", "HPUB a 1 x\r\n"}) {
    EXPECT_EQ(refusal(in), ErrorKind::bad_arguments) << in;
  }
  EXPECT_EQ(read("PUB x 000000001\r\ny\r\n").payload, "y") << "nine digits are a size";
}

TEST(WireParser, cr_inside_a_line_is_refused_where_it_could_reach_another_client) {
  for (const std::string_view in :
       {"PUB a\rb 1\r\n", "PUB a\r 1\r\n", "SUB a\rb 1\r\n", "SUB a 1\r\r\n", "UNSUB 1\r2\r\n"}) {
    EXPECT_EQ(refusal(in), ErrorKind::bad_arguments) << in;
  }
}

TEST(WireParser, payload_over_the_limit_is_refused_by_its_size) {
  WireLimits limits;
  limits.max_payload = 10;
  EXPECT_EQ(wanted("PUB a 10\r\n", limits), 22u);
  EXPECT_EQ(refusal("PUB a 11\r\n", limits), ErrorKind::max_payload);
  EXPECT_EQ(refusal("HPUB a 1 11\r\n", limits), ErrorKind::max_payload);
  EXPECT_EQ(wanted("HPUB a 1 10\r\n", limits), 25u);
}

TEST(WireParser, headers_need_a_client_that_announced_them) {
  WireLimits limits;
  limits.headers = false;
  EXPECT_EQ(refusal("HPUB a 0 0\r\n", limits), ErrorKind::headers_not_supported);
  EXPECT_EQ(read("PUB a 1\r\nx\r\n", limits).payload, "x");
}

TEST(WireParser, payload_under_way_asks_for_its_exact_end) {
  const std::string in = "PUB a 5\r\nhello\r\n";
  for (std::size_t there = 9; there < in.size(); ++there) {
    EXPECT_EQ(wanted(std::string_view(in).substr(0, there)), in.size()) << there;
  }
  EXPECT_EQ(wanted("PUB a 1000000\r\n"), 15u + 1000000 + 2);
}

TEST(WireParser, line_under_way_asks_for_one_byte_more) {
  const std::string in = "CONNECT {\"verbose\":false}\r\n";
  EXPECT_EQ(wanted(""), 1u);
  for (std::size_t there = 1; there < in.size(); ++there) {
    EXPECT_EQ(wanted(std::string_view(in).substr(0, there)), there + 1) << there;
  }
}

TEST(WireParser, payload_that_is_longer_than_its_size_is_refused_at_once) {
  EXPECT_EQ(refusal("PUB a 5\r\nhelloX"), ErrorKind::unknown_operation);
  EXPECT_EQ(refusal("PUB a 5\r\nhello\rX"), ErrorKind::unknown_operation);
  EXPECT_EQ(wanted("PUB a 5\r\nhello\r"), 16u);
}

std::string sub_with_arguments_of(std::size_t size) {
  const std::string sid = " 1";
  return "SUB " + std::string(size - sid.size(), 'a') + sid + "\r\n";
}

TEST(WireParser, control_line_is_limited_without_its_verb_and_end) {
  EXPECT_EQ(read(sub_with_arguments_of(4096)).sid, "1");
  EXPECT_EQ(refusal(sub_with_arguments_of(4097)), ErrorKind::max_control_line);
  WireLimits limits;
  limits.max_control_line = 8;
  EXPECT_EQ(read("SUB abcdef 1\r\n", limits).sid, "1");
  EXPECT_EQ(refusal("SUB abcdefg 1\r\n", limits), ErrorKind::max_control_line);
  EXPECT_EQ(refusal("PUB abcdefg 1\r\nx\r\n", limits), ErrorKind::max_control_line);
  EXPECT_EQ(refusal("CONNECT {\"a\":123}\r\n", limits), ErrorKind::max_control_line);
}

TEST(WireParser, line_without_an_end_is_refused_at_a_bound_however_it_comes) {
  WireLimits limits;
  limits.max_control_line = 100;
  for (const char* verb : {"SUB ", "PUB ", "PING", "+OK", "CONNECT ", "-ERR "}) {
    for (const char filler : {'a', ' '}) {
      std::string in = verb;
      while (wanted(in, limits) != 0) in += filler;
      EXPECT_EQ(in.size(), limits.max_control_line + kVerbRoom) << verb;
      EXPECT_EQ(refusal(in, limits), ErrorKind::max_control_line) << verb;
      EXPECT_EQ(refusal(in + "\r\n", limits), ErrorKind::max_control_line) << verb << ": the same when it came at once";
    }
  }
}

// Feeds `in` byte by byte and lists what is found.
std::vector<std::string> trickle(const std::string& in) {
  std::vector<std::string> found;
  std::size_t from = 0;
  for (std::size_t to = 0; to <= in.size(); ++to) {
    Op op;
    const Step step = next(std::string_view(in).substr(from, to - from), {}, op);
    if (step == Step::need_more) continue;
    if (step == Step::error) {
      found.push_back("error");
      break;
    }
    found.push_back(std::to_string(static_cast<int>(op.kind)) + "/" + std::to_string(op.size));
    from += op.size;
  }
  return found;
}

TEST(WireParser, operations_are_the_same_byte_by_byte) {
  const std::string in =
      "CONNECT {}\r\nPING\r\nSUB a 1\r\nPUB a 3\r\nabc\r\nHPUB a 2 4\r\nhhbb\r\nUNSUB 1\r\nPONG\r\n+OK\r\nMSG\r\n";
  std::vector<std::string> at_once;
  std::string_view rest = in;
  Op op;
  while (next(rest, {}, op) == Step::op) {
    at_once.push_back(std::to_string(static_cast<int>(op.kind)) + "/" + std::to_string(op.size));
    rest.remove_prefix(op.size);
  }
  at_once.push_back("error");
  EXPECT_EQ(at_once.size(), 9u);
  EXPECT_EQ(trickle(in), at_once);
}

}  // namespace
}  // namespace switchyard::nats
