#include "plugins/nats/wire_writer.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <limits>
#include <vector>

#include "plugins/nats/wire_parser.h"

namespace switchyard::nats {
namespace {

std::string head(std::string_view subject, std::string_view sid, std::string_view reply, const SizeText& sizes) {
  std::string out;
  append_head(out, subject, sid, reply, sizes);
  return out;
}

template <class Append>
std::string written(Append append) {
  std::string out;
  append(out);
  return out;
}

TEST(WireWriter, heads_have_the_form_of_msg_and_hmsg) {
  EXPECT_EQ(head("a.b", "7", "", SizeText(0)), "MSG a.b 7 0\r\n");
  EXPECT_EQ(head("a.b", "7", "_INBOX.x", SizeText(16)), "MSG a.b 7 _INBOX.x 16\r\n");
  EXPECT_EQ(head("a.b", "sid", "", SizeText(12, 1048576)), "HMSG a.b sid 12 1048576\r\n");
  EXPECT_EQ(head("a", "1", "r", SizeText(0, 9)), "HMSG a 1 r 0 9\r\n");
}

TEST(WireWriter, head_never_exceeds_its_bound) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  const std::string longest = head("subject", "sid", "reply", SizeText(kMost, kMost));
  EXPECT_EQ(longest, "HMSG subject sid reply 4294967295 4294967295\r\n");
  EXPECT_EQ(longest.size(), max_head_size(7, 3, 5));
  EXPECT_LT(head("subject", "sid", "", SizeText(1)).size(), max_head_size(7, 3, 0));
}

TEST(WireWriter, head_is_appended_behind_what_is_there) {
  std::string out = "x";
  append_head(out, "a", "1", "", SizeText(2));
  append_head(out, "b", "2", "", SizeText(3));
  EXPECT_EQ(out, "xMSG a 1 2\r\nMSG b 2 3\r\n");
}

TEST(WireWriter, nobody_listening_is_a_message_that_names_the_subject) {
  const std::string out = written([](std::string& to) { append_no_responders(to, "_INBOX.1", "5", "svc.echo"); });
  EXPECT_EQ(out, "HMSG _INBOX.1 5 40 40\r\nNATS/1.0 503\r\nNats-Subject: svc.echo\r\n\r\n\r\n");

  // Read as a message it ends where it says.
  const std::string as_published = "HPUB x 40 40\r\n" + out.substr(out.find('\n') + 1);
  Op op;
  ASSERT_EQ(next(as_published, {}, op), Step::op);
  EXPECT_EQ(op.payload, "NATS/1.0 503\r\nNats-Subject: svc.echo\r\n\r\n");
  EXPECT_EQ(op.size, as_published.size());
}

TEST(WireWriter, errors_have_the_texts_that_clients_search) {
  const auto line = [](ErrorKind kind) { return written([kind](std::string& to) { append_error(to, kind); }); };
  EXPECT_EQ(line(ErrorKind::unknown_operation), "-ERR 'Unknown Protocol Operation'\r\n");
  EXPECT_EQ(line(ErrorKind::max_control_line), "-ERR 'maximum control line exceeded'\r\n");
  EXPECT_EQ(line(ErrorKind::max_payload), "-ERR 'Maximum Payload Violation'\r\n");
  EXPECT_EQ(line(ErrorKind::authorization_violation), "-ERR 'Authorization Violation'\r\n");
  EXPECT_EQ(line(ErrorKind::stale_connection), "-ERR 'Stale Connection'\r\n");
  EXPECT_EQ(line(ErrorKind::throttled), "-ERR 'Connection throttling is active. Please try again later.'\r\n");
  EXPECT_EQ(line(ErrorKind::bad_arguments), "") << "closed without a word";
}

TEST(WireWriter, violations_quote_what_they_name) {
  EXPECT_EQ(written([](std::string& to) { append_publish_violation(to, "a.b"); }),
            "-ERR 'Permissions Violation for Publish to \"a.b\"'\r\n");
  EXPECT_EQ(written([](std::string& to) { append_reply_violation(to, "$JS.ACK.x"); }),
            "-ERR 'Permissions Violation for Publish with Reply of \"$JS.ACK.x\"'\r\n");
  EXPECT_EQ(written([](std::string& to) { append_subscription_violation(to, "a.>", ""); }),
            "-ERR 'Permissions Violation for Subscription to \"a.>\"'\r\n");
  EXPECT_EQ(written([](std::string& to) { append_subscription_violation(to, "a", "q"); }),
            "-ERR 'Permissions Violation for Subscription to \"a\" using queue \"q\"'\r\n");
  EXPECT_EQ(written([](std::string& to) { append_subscription_violation(to, "a", "", "4"); }),
            "-ERR 'Permissions Violation for Subscription to \"a\" (sid \"4\")'\r\n");
  EXPECT_EQ(written([](std::string& to) { append_too_many_tokens(to, "a.b.c"); }),
            "-ERR 'Permissions Violation for Subscription to \"a.b.c\", too many tokens'\r\n");
}

TEST(WireWriter, quoted_subject_can_neither_end_its_quotes_nor_the_line) {
  EXPECT_EQ(written([](std::string& to) {
              append_publish_violation(to, std::string_view("\"\\\r\n\t\0\x7f\xff\xc3\xa9", 10));
            }),
            "-ERR 'Permissions Violation for Publish to \"\\\"\\\\\\r\\n\\t\\x00\\x7f\\xff\xc3\xa9\"'\r\n");
}

TEST(ErrorTable, rows_stand_at_their_kind_and_close_with_a_reason) {
  for (std::size_t i = 0; i < kErrors.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kErrors[i].kind), i);
    EXPECT_EQ(kErrors[i].closes, kErrors[i].reason != CloseReason::none) << i;
  }
  EXPECT_EQ(reason_text(error_row(ErrorKind::max_payload).reason), "Maximum Message Payload Exceeded");
  EXPECT_EQ(reason_text(error_row(ErrorKind::authorization_violation).reason), "Authentication Failure");
  EXPECT_EQ(reason_text(error_row(ErrorKind::unknown_operation).reason), "Protocol Violation");
  EXPECT_EQ(reason_text(error_row(ErrorKind::client_error).reason), "Parse Error");
  EXPECT_EQ(reason_text(CloseReason::slow_consumer_pending_bytes), "Slow Consumer (Pending Bytes)");
  EXPECT_EQ(reason_text(CloseReason::kicked), "Kicked");
}

ServerInfo plain_info() {
  ServerInfo info;
  info.server_id = "NID";
  info.server_name = "name";
  info.version = "2.10.0";
  info.go = "none";
  info.host = "127.0.0.1";
  info.port = 4222;
  return info;
}

TEST(WireWriter, info_leaves_out_what_says_nothing) {
  EXPECT_EQ(written([](std::string& to) { append_info(to, plain_info()); }),
            "INFO {\"server_id\":\"NID\",\"server_name\":\"name\",\"version\":\"2.10.0\",\"proto\":1,\"go\":\"none\","
            "\"host\":\"127.0.0.1\",\"port\":4222,\"headers\":true,\"max_payload\":1048576} \r\n");
}

TEST(WireWriter, info_tells_all_that_is_set) {
  const std::vector<std::string> urls = {"a:1", "b:2"};
  const std::vector<std::string> ws_urls = {"c:3"};
  ServerInfo info = plain_info();
  info.git_commit = "abc";
  info.auth_required = info.tls_required = info.tls_verify = info.tls_available = true;
  info.jetstream = info.lame_duck = info.connect_info = info.account_is_system = true;
  info.client_id = 18;
  info.client_ip = "::1";
  info.nonce = "abcdefghijklmno";
  info.cluster = "c";
  info.domain = "d";
  info.connect_urls = urls;
  info.ws_connect_urls = ws_urls;
  info.remote_account = "$G";
  info.api_level = 1;
  info.xkey = "X";
  const std::string line = written([&info](std::string& to) { append_info(to, info); });
  ASSERT_TRUE(line.starts_with("INFO {"));
  const boost::json::value expected = {{"server_id", "NID"},
                                       {"server_name", "name"},
                                       {"version", "2.10.0"},
                                       {"proto", 1},
                                       {"git_commit", "abc"},
                                       {"go", "none"},
                                       {"host", "127.0.0.1"},
                                       {"port", 4222},
                                       {"headers", true},
                                       {"auth_required", true},
                                       {"tls_required", true},
                                       {"tls_verify", true},
                                       {"tls_available", true},
                                       {"max_payload", 1048576},
                                       {"jetstream", true},
                                       {"client_id", 18},
                                       {"client_ip", "::1"},
                                       {"nonce", "abcdefghijklmno"},
                                       {"cluster", "c"},
                                       {"domain", "d"},
                                       {"connect_urls", {"a:1", "b:2"}},
                                       {"ws_connect_urls", boost::json::array{"c:3"}},
                                       {"ldm", true},
                                       {"connect_info", true},
                                       {"remote_account", "$G"},
                                       {"acc_is_sys", true},
                                       {"api_lvl", 1},
                                       {"xkey", "X"}};
  EXPECT_EQ(boost::json::parse(line.substr(5)), expected) << line;
}

TEST(WireWriter, json_text_is_json_for_any_bytes) {
  const std::string_view text("\"\\\b\f\n\r\t\x01\xff\xc3\xa9\xed\xa0\x80z", 15);
  const std::string out = written([text](std::string& to) { append_json_text(to, text); });
  EXPECT_EQ(boost::json::parse(out).as_string(),
            "\"\\\b\f\n\r\t\x01\xEF\xBF\xBD\xc3\xa9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace switchyard::nats
