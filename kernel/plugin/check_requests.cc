#include "kernel/plugin/check_requests.h"

namespace switchyard::plugin {
namespace {

bool is_token(std::string_view text) {
  return !text.empty() && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

}  // namespace

Result<std::vector<CheckRequest>> parse_requests(std::string_view text, const std::string& path) {
  std::vector<CheckRequest> list;
  bool inside = false, has_body = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto wrong = [&](const char* why) {
      return Error{Code::invalid, path + ":" + std::to_string(number) + ": " + why};
    };
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      inside = has_body = false;
    } else if (!inside) {
      const auto space = line.find(' ');
      if (space == std::string_view::npos || !is_token(line.substr(0, space)) || line.substr(space + 1, 1) != "/")
        return wrong("a request starts with METHOD /TARGET");
      list.push_back({std::string(line.substr(0, space)), std::string(line.substr(space + 1)), {}, {}});
      inside = true;
    } else if (line.starts_with('>')) {
      if (has_body) list.back().body += '\n';
      list.back().body += line.substr(line.starts_with("> ") ? 2 : 1);
      has_body = true;
    } else {
      const auto colon = line.find(": ");
      if (colon == std::string_view::npos || colon == 0 || has_body)
        return wrong("neither 'Name: value' before the body nor '> body'");
      list.back().headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
  }
  return list;
}

std::vector<CheckRequest> made_up_requests(const std::string& method, const std::string& pattern) {
  std::string target = pattern;
  if (target.ends_with('*')) target.replace(target.size() - 1, 1, "check");
  std::vector<CheckRequest> list;
  const std::string bodies[] = {
      "", "x", "{}", "{\"a\":[1,2", std::string(64 * 1024, 'y'), std::string("\0\xff\r\n\r\n", 6), "a=b&c=%zz"};
  for (const auto& body : bodies) {
    for (const char* each : {"POST", "GET"}) {
      if (method.empty() || method == each) list.push_back({each, target, body, {}});
    }
    if (!method.empty() && method != "POST" && method != "GET") list.push_back({method, target, body, {}});
  }
  list.push_back({method.empty() ? "POST" : method, target + "?a=%&b", "x", {{"Content-Type", "application/json"}}});
  return list;
}

}  // namespace switchyard::plugin
