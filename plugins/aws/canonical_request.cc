#include "plugins/aws/canonical_request.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "plugins/aws/encoding.h"
#include "plugins/aws/text.h"

namespace switchyard::aws {
namespace {

bool plain_path(std::string_view path) {
  char before = 0;
  for (const char c : path) {
    if (c == '/' ? before == '/' : c == '.' ? before == '/' : !(is_alnum(c) || c == '-' || c == '_' || c == '~')) {
      return false;
    }
    before = c;
  }
  return !path.empty() && path.front() == '/';
}

// Spaces at both ends go, runs of them become one, as the signature's rules ask for unquoted values.
void append_folded(std::string& out, std::string_view value) {
  bool pending = false;
  for (const char c : trim(value)) {
    if (c == ' ' || c == '\t') {
      pending = true;
      continue;
    }
    if (pending) out += ' ';
    pending = false;
    out += c;
  }
}

bool needs_folding(std::string_view value) {
  return value.find("  ") != std::string_view::npos || value.find('\t') != std::string_view::npos;
}

}  // namespace

void append_canonical_path(std::string& out, std::string_view path) {
  if (plain_path(path)) {
    out += path;
    return;
  }
  std::vector<std::string_view> segments;
  std::string_view rest = path;
  const bool trailing = path.size() > 1 && (path.back() == '/' || path.ends_with("/.") || path.ends_with("/.."));
  while (!rest.empty()) {
    const std::string_view segment = take_until(rest, '/');
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
      continue;
    }
    segments.push_back(segment);
  }
  if (segments.empty()) {
    out += '/';
    return;
  }
  for (const std::string_view segment : segments) {
    out += '/';
    append_percent_encoded(out, segment, false);
  }
  if (trailing) out += '/';
}

void append_canonical_query(std::string& out, std::string_view query, bool presigned) {
  if (query.empty()) return;
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    std::string plain_name, plain_value;
    append_percent_decoded(plain_name, name, true);
    if (presigned && plain_name == "X-Amz-Signature") continue;
    append_percent_decoded(plain_value, value, true);
    auto& [encoded_name, encoded_value] = parameters.emplace_back();
    append_percent_encoded(encoded_name, plain_name, false);
    append_percent_encoded(encoded_value, plain_value, false);
  }
  std::sort(parameters.begin(), parameters.end());
  bool first = true;
  for (const auto& [name, value] : parameters) {
    if (!first) out += '&';
    first = false;
    out += name;
    out += '=';
    out += value;
  }
}

void append_canonical_headers(std::string& out, const sw_http_request& request, std::string_view signed_headers) {
  while (!signed_headers.empty()) {
    const std::string_view wanted = take_until(signed_headers, ';');
    out += wanted;
    out += ':';
    bool first = true;
    for (std::size_t i = 0; i < request.header_count; ++i) {
      if (!equals_ignoring_case(view(request.headers[i].name), wanted)) continue;
      if (!first) out += ',';
      first = false;
      const std::string_view value = view(request.headers[i].value);
      if (needs_folding(value)) {
        append_folded(out, value);
      } else {
        out += trim(value);
      }
    }
    out += '\n';
  }
}

std::string sorted_signed_headers(std::string_view signed_headers) {
  std::vector<std::string> names;
  while (!signed_headers.empty()) {
    std::string& name = names.emplace_back(take_until(signed_headers, ';'));
    for (char& c : name) c = lower(c);
  }
  std::sort(names.begin(), names.end());
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

void append_canonical_request(std::string& out, const sw_http_request& request, std::string_view signed_headers,
                              bool presigned, std::string_view payload_hash) {
  out += view(request.method);
  out += '\n';
  append_canonical_path(out, view(request.path));
  out += '\n';
  append_canonical_query(out, view(request.query), presigned);
  out += '\n';
  append_canonical_headers(out, request, signed_headers);
  out += '\n';
  out += signed_headers;
  out += '\n';
  out += payload_hash;
}

}  // namespace switchyard::aws
