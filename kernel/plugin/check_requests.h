// The requests that `plugin check --requests FILE` asks a plugin, and those that it makes up by itself.
//
//   # a comment
//   POST /box?x=1
//   Content-Type: text/plain
//   > the body
//   > of two lines
//
// An empty line ends a request.
//
// Failure: a line that is none of these is Code::invalid with its number.
//
// Thread: any.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/base/result.h"

namespace switchyard::plugin {

struct CheckRequest {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> headers;

  std::string name() const { return method + " " + target; }
};

Result<std::vector<CheckRequest>> parse_requests(std::string_view text, const std::string& path);
// For a route ("" = any method, a star at the end of the pattern): bodies that no client sends on purpose.
std::vector<CheckRequest> made_up_requests(const std::string& method, const std::string& pattern);

}  // namespace switchyard::plugin
