// Feeds bytes to the HTTP parser whole and cut in pieces: both must lead to the same requests and
// the same refusal.  The first bytes of the input choose the cuts and the limits.
//
// A refusal of ours that differs from what was parsed is caught by the checks on each request: no
// request may carry two lengths, a control character in its head, or a body beyond the limit.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "kernel/net/http_parser.h"
#include "tests/fuzz/describe_request.h"

namespace switchyard::net {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

bool is_clean(std::string_view part) {
  return part.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void check_request(const HttpRequest& request, const HttpLimits& limits) {
  check(is_clean(request.method) && !request.method.empty());
  check(is_clean(request.target) && !request.target.empty());
  check(!request.path.empty());
  check(request.version == 10 || request.version == 11);
  check(request.headers.size() <= limits.max_headers);
  check(request.body.size() <= limits.max_body_bytes);
  int lengths = 0, hosts = 0;
  for (const auto& header : request.headers) {
    check(is_clean(header.name) && !header.name.empty());
    check(is_clean(header.value));
    check(header.value.empty() || (header.value.front() != ' ' && header.value.back() != ' '));
    lengths +=
        equals_ignoring_case(header.name, "content-length") || equals_ignoring_case(header.name, "transfer-encoding");
    hosts += equals_ignoring_case(header.name, "host");
  }
  check(lengths <= 1);
  check(hosts <= 1 && (hosts == 1 || request.version == 10));
  if (const auto* length = request.find("content-length")) {
    check(length->value == std::to_string(request.body.size()) || length->value.front() == '0');
  }
}

void append_request(std::string& seen, const HttpParser& parser, const HttpRequest& request) {
  append_head(seen, request);
  append_part(seen, request.body);
  seen += parser.keep_alive() ? "+" : "-";
}

// Everything that the bytes led to.  `cuts` is read over and over as sizes of pieces.
std::string run(std::string_view bytes, std::string_view cuts, const HttpLimits& limits) {
  HttpParser parser;
  parser.reset(limits);
  std::string seen;
  for (std::size_t piece = 0;; ++piece) {
    auto step = parser.advance();
    while (step == HttpParser::Step::complete) {
      check_request(parser.request(), limits);
      append_request(seen, parser, parser.request());
      parser.next();
      step = parser.advance();
    }
    if (step == HttpParser::Step::failed) return seen + "refused " + std::to_string(parser.status());
    if (bytes.empty()) return seen + (parser.at_rest() ? "rest" : parser.head_done() ? "body" : "head");
    const auto room = parser.room();
    check(!room.empty());
    std::size_t size = std::min(room.size(), bytes.size());
    if (!cuts.empty())
      size = std::min<std::size_t>(size, 1 + static_cast<std::uint8_t>(cuts[piece % cuts.size()]) % 40);
    std::memcpy(room.data(), bytes.data(), size);
    parser.commit(size);
    bytes.remove_prefix(size);
  }
}

}  // namespace
}  // namespace switchyard::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchyard::net;
  constexpr std::size_t kCuts = 8;
  if (size < kCuts) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  HttpLimits limits;
  if (input[0] & 1) {
    limits.max_head_bytes = 128;
    limits.max_headers = 4;
    limits.max_body_bytes = 64;
  }
  const std::string whole = run(input.substr(kCuts), "", limits);
  check(run(input.substr(kCuts), input.substr(0, kCuts), limits) == whole);
  check(run(input.substr(kCuts), std::string_view("\0", 1), limits) == whole);
  return 0;
}
