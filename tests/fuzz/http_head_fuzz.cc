// Reads request heads with our reader and with Boost.Beast's strict parser: both must take and refuse
// the same heads and see the same request in them.  Beast is the second opinion that keeps an own
// reader honest; the limits and the body are http_fuzz.cc's.
#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/net/http_head.h"
#include "tests/fuzz/describe_request.h"

namespace switchyard::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kMaxHeaders = 64;

class Beast final : public http::basic_parser<true> {
 public:
  Beast() {
    eager(false);
    body_limit(boost::none);
    header_limit(1u << 20);
  }
  HeadFacts facts;

 private:
  using Text = beast::string_view;
  using Code = beast::error_code;
  static std::string_view view(Text text) { return {text.data(), text.size()}; }
  static void keep(HeadFacts::Field& field, Text value) {
    ++field.count;
    field.value = view(value);
  }
  void on_request_impl(http::verb, Text method, Text target, int version, Code&) override {
    facts.method = view(method);
    facts.target = view(target);
    facts.version = version;
  }
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(http::field field, Text name, Text value, Code&) override {
    facts.headers.push_back({view(name), view(value)});
    if (field == http::field::host) keep(facts.host, value);
    if (field == http::field::content_length) keep(facts.content_length, value);
    if (field == http::field::transfer_encoding) keep(facts.transfer_encoding, value);
    if (field == http::field::expect) keep(facts.expect, value);
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(Text, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}
};

// Beast lets "Proxy-Connection" speak for "Connection", which no standard knows.
bool has_proxy_connection(const HeadFacts& facts) {
  return std::any_of(facts.headers.begin(), facts.headers.end(),
                     [](const HttpHeader& h) { return equals_ignoring_case(h.name, "proxy-connection"); });
}

std::string describe(const HttpRequest& request, bool chunked, std::uint64_t length) {
  std::string seen;
  append_head(seen, request);
  return seen + (chunked ? " chunked " : " ") + std::to_string(length);
}

void compare(std::string_view head) {
  HeadFacts ours;
  HttpRequest our_request, beast_request;
  int refused = ours.read(head, kMaxHeaders);
  if (refused == 431) return;
  if (refused == 0) refused = ours.judge(our_request);

  Beast beast;
  beast::error_code error;
  beast.put({head.data(), head.size()}, error);
  const bool beast_takes = !error && beast.facts.judge(beast_request) == 0;
  if (has_proxy_connection(beast.facts)) return;

  if (beast_takes != (refused == 0)) std::abort();
  if (refused != 0) return;
  const std::string seen = describe(our_request, ours.chunked(), ours.body_bytes);
  if (seen != describe(beast_request, beast.chunked(), beast.content_length().value_or(0))) std::abort();
  // "close" wins over "keep-alive" (RFC 9112, section 9.3); Beast overlooks it in HTTP/1.0.
  const bool closes = ours.version == 10 && ours.asks_close;
  if (ours.keep_alive() != (beast.keep_alive() && !closes)) std::abort();
}

}  // namespace
}  // namespace switchyard::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard::net;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  HeadScan scan;
  if (scan.advance(input) == HeadScan::Found::end) compare(input.substr(0, scan.position()));
  return 0;
}
