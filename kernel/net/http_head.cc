#include "kernel/net/http_head.h"

#include <algorithm>
#include <cstring>

namespace switchyard::net {
namespace {

// Old clients send CRLF after a body; more than that is noise.
constexpr std::size_t kMaxEmptyLines = 2;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// reg-name, IPv6 literal and port.  Replies build URLs from it, so nothing else may pass.
bool is_host(std::string_view host) {
  static constexpr std::string_view kOther = "-._~!$&'()*+,;=%:[]";
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return is_digit(c) || is_alpha(c) || kOther.find(c) != std::string_view::npos; });
}

bool begins_request(char c) { return is_alpha(c) || is_digit(c) || std::strchr("!#$%&'*+-.^_`|~", c) != nullptr; }

}  // namespace

HeadScan::Found HeadScan::advance(std::string_view bytes) {
  while (looked_ < bytes.size()) {
    if (line_ == 0 && looked_ == 0 && bytes[0] != '\r' && (bytes[0] == '\0' || !begins_request(bytes[0]))) {
      return Found::bad;
    }
    const auto* lf = static_cast<const char*>(std::memchr(bytes.data() + looked_, '\n', bytes.size() - looked_));
    if (!lf) {
      looked_ = bytes.size();
      return Found::nothing;
    }
    const auto at = static_cast<std::size_t>(lf - bytes.data());
    if (at == line_ || bytes[at - 1] != '\r') return Found::bad;
    // A line that begins with white space would continue the one before it.
    if (line_ != 0 && (bytes[line_] == ' ' || bytes[line_] == '\t')) return Found::bad;
    const bool empty = at == line_ + 1;
    const bool first = line_ == 0;
    line_ = looked_ = at + 1;
    if (!empty) continue;
    if (!first) return Found::end;
    return ++skipped_ > kMaxEmptyLines ? Found::bad : Found::empty_lines;
  }
  return Found::nothing;
}

void HeadFacts::clear() {
  method = target = {};
  version = 0;
  headers.clear();
  host = content_length = transfer_encoding = expect = {};
  too_many_headers = false;
}

int HeadFacts::judge(HttpRequest& request) const {
  request.method = method;
  request.target = target;
  request.version = version;
  request.headers = headers;
  if (host.count > 1 || (host.count == 0 && version >= 11) || !is_host(host.value)) return 400;
  request.host = host.value;
  if (const int bad = judge_target(request); bad != 0) return bad;
  return judge_framing();
}

// A message whose length can be read in two ways is refused, also where both ways agree.
int HeadFacts::judge_framing() const {
  if (transfer_encoding.count != 0) {
    if (content_length.count != 0 || transfer_encoding.count > 1 || version < 11) return 400;
    if (!equals_ignoring_case(transfer_encoding.value, "chunked")) return 501;
  }
  if (content_length.count > 1) return 400;
  if (content_length.count == 1 && (content_length.value.empty() ||
                                    !std::all_of(content_length.value.begin(), content_length.value.end(), is_digit))) {
    return 400;
  }
  if (expect.count != 0 && (expect.count > 1 || !equals_ignoring_case(expect.value, "100-continue"))) return 417;
  return 0;
}

int HeadFacts::judge_target(HttpRequest& request) const {
  std::string_view rest = target;
  if (method == "CONNECT") return 501;
  if (rest.front() != '/' && !(rest == "*" && method == "OPTIONS")) {
    const std::size_t scheme = rest.find("://");
    if (scheme == std::string_view::npos) return 400;
    const std::string_view name = rest.substr(0, scheme);
    if (!equals_ignoring_case(name, "http") && !equals_ignoring_case(name, "https")) return 400;
    rest.remove_prefix(scheme + 3);
    const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
    if (path == 0 || !is_host(rest.substr(0, path))) return 400;
    request.host = rest.substr(0, path);
    rest.remove_prefix(path);
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  request.path = rest.substr(0, question);
  if (request.path.empty()) request.path = "/";
  request.query = question < rest.size() ? rest.substr(question + 1) : std::string_view{};
  return 0;
}

bool names_other_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  if (line.size() < 9 || std::count(line.begin(), line.end(), ' ') != 2) return false;
  const std::string_view version = line.substr(line.size() - 8);
  return version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
}

}  // namespace switchyard::net
