// Feeds a request to everything that reads a signature: the scope, the Authorization header, the presigned
// query, the dates and the canonical request.
//
// Checked: texts of refusals stay short, a canonical path or query is its own canonical form where encoding
// has nothing left to do, and the string to sign always has its four lines.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/aws/canonical_request.h"
#include "plugins/aws/sigv4.h"
#include "plugins/aws/text.h"

namespace switchyard::aws {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void check_canonical_forms(const sw_http_request& request) {
  std::string path, query, again;
  append_canonical_path(path, view(request.path));
  check(!path.empty() && path.front() == '/');
  check(path.find("//") == std::string::npos);
  check(path.find("/./") == std::string::npos && path.find("/../") == std::string::npos);
  append_canonical_query(query, view(request.query), false);
  append_canonical_query(again, query, false);
  check(query == again);
  const auto plain = [](char c) {
    return is_alnum(c) || std::string_view("-_.~%=&/").find(c) != std::string_view::npos;
  };
  check(std::all_of(query.begin(), query.end(), plain));
  check(std::all_of(path.begin(), path.end(), plain));
}

void check_request(const sw_http_request& request) {
  static Digests digests;
  check(scope_service(request).size() <= request.query.len + 8192);
  check_canonical_forms(request);
  SigV4 signature;
  if (Refusal refusal = parse_sigv4(request, signature)) {
    check(refusal.text.size() < 1024);
    return;
  }
  if (!signature.present) return;
  check(!signature.access_key.empty() && !signature.signature.empty());
  for (const std::int64_t now_s : {std::int64_t{0}, signature.time_s, INT64_MAX / 4'000}) {
    const Refusal refusal = check_scope_and_time(signature, "sqs", now_s);
    check(refusal.text.size() < 1024);
  }
  std::string to_sign, scratch;
  append_string_to_sign(to_sign, scratch, request, signature, digests);
  check(std::count(to_sign.begin(), to_sign.end(), '\n') >= 3);
  check(to_sign.size() > 64 && to_sign[to_sign.size() - 65] == '\n');
}

}  // namespace
}  // namespace switchyard::aws

// Lines: method, target, then "Name: value" until an empty line, then the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using switchyard::aws::take_until;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  sw_http_request request{};
  request.size = sizeof request;
  request.method = switchyard::aws::to_str(take_until(rest, '\n'));
  std::string_view target = take_until(rest, '\n');
  request.target = switchyard::aws::to_str(target);
  request.path = switchyard::aws::to_str(take_until(target, '?'));
  request.query = switchyard::aws::to_str(target);
  std::vector<sw_pair> headers;
  while (!rest.empty()) {
    std::string_view value = take_until(rest, '\n');
    if (value.empty()) break;
    const std::string_view name = take_until(value, ':');
    headers.push_back({switchyard::aws::to_str(name), switchyard::aws::to_str(value)});
  }
  request.headers = headers.data();
  request.header_count = headers.size();
  request.body = switchyard::aws::to_bytes(rest);
  switchyard::aws::check_request(request);
  return 0;
}
