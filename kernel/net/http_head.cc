#include "kernel/net/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <system_error>

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

// tchar of RFC 9110, section 5.6.2.
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

bool is_token_char(char c) { return kToken[static_cast<unsigned char>(c)]; }

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

// What a field value may hold: visible characters, space, tab, and bytes above ASCII.
bool is_field_value(std::string_view text) {
  if (!has_control(text, ' ')) return true;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= ' ' && u != 0x7f) || u == '\t';
  });
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

HeadScan::Found HeadScan::advance(std::string_view bytes) {
  while (looked_ < bytes.size()) {
    if (line_ == 0 && looked_ == 0 && bytes[0] != '\r' && !is_token_char(bytes[0])) {
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

int HeadFacts::read(std::string_view head, std::size_t max_headers) {
  headers.clear();
  host = content_length = transfer_encoding = expect = {};
  asks_close = asks_keep_alive = false;
  body_bytes = 0;
  bool first = true;
  while (true) {
    const std::string_view line = head.substr(0, head.find('\n') - 1);
    head.remove_prefix(line.size() + 2);
    if (line.empty()) return 0;
    if (!first && headers.size() >= max_headers) return 431;
    if (const int bad = first ? read_request_line(line) : read_field(line); bad != 0) return bad;
    first = false;
  }
}

int HeadFacts::read_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return 400;
  method = line.substr(0, first);
  target = line.substr(first + 1, second - first - 1);
  if (!is_token(method) || target.empty() || has_control(target, '!')) return 400;
  const std::string_view name = line.substr(second + 1);
  const bool well_formed =
      name.size() == 8 && name.starts_with("HTTP/") && is_digit(name[5]) && name[6] == '.' && is_digit(name[7]);
  if (!well_formed) return 400;
  version = 10 * (name[5] - '0') + (name[7] - '0');
  return version == 10 || version == 11 ? 0 : 505;
}

int HeadFacts::read_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return 400;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  // White space before the colon is no token either.
  if (!is_token(name) || !is_field_value(value)) return 400;
  headers.push_back({name, value});
  return note(name, value);
}

// Keeps what the server itself acts upon.
int HeadFacts::note(std::string_view name, std::string_view value) {
  const auto keep = [value](Field& field) {
    ++field.count;
    field.value = value;
  };
  switch (name.size()) {
    case 4:
      if (equals_ignoring_case(name, "host")) keep(host);
      return 0;
    case 6:
      if (equals_ignoring_case(name, "expect")) keep(expect);
      return 0;
    case 10:
      return equals_ignoring_case(name, "connection") ? note_connection(value) : 0;
    case 14: {
      if (!equals_ignoring_case(name, "content-length")) return 0;
      keep(content_length);
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), body_bytes);
      return error == std::errc() && end == value.data() + value.size() ? 0 : 400;
    }
    case 17:
      if (equals_ignoring_case(name, "transfer-encoding")) keep(transfer_encoding);
      return 0;
    default:
      return 0;
  }
}

int HeadFacts::note_connection(std::string_view value) {
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view option = trim(value.substr(0, comma));
    if (!option.empty() && !is_token(option)) return 400;
    if (equals_ignoring_case(option, "close")) asks_close = true;
    if (equals_ignoring_case(option, "keep-alive")) asks_keep_alive = true;
    if (comma == std::string_view::npos) return 0;
    value.remove_prefix(comma + 1);
  }
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

}  // namespace switchyard::net
