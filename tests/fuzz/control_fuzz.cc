// Feeds a request line, a query and a body to the readers of the control plugin, and its section of the
// configuration.
//
// Checked: what is wrong with a request is told as JSON that parses; a path has at most one operation.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "plugins/control/arguments.h"
#include "plugins/control/routes.h"
#include "plugins/control/settings.h"
#include "plugins/control/timestamps.h"

using namespace switchyard::control;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

std::string_view line(std::string_view& rest) {
  const auto at = rest.find('\n');
  const auto head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return head;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto method = line(rest), path = line(rest), query = line(rest);
  const auto match = match_operation(method, path);
  check(match.operation == nullptr || match.operation->method == method);

  Arguments arguments(query, rest);
  for (const char* key : {"name", "project_id", "namespace_id", "protocol", "expires_at", "max_stored_bytes"}) {
    arguments.text(key);
    arguments.flag(key);
    arguments.number(key);
    arguments.time(key);
    arguments.uuid(key, true);
    arguments.account_id(key);
    arguments.uuid_parameter(key, false);
  }
  for (const bool all : {false, true}) {
    if (const auto bits = arguments.permissions(5, all)) check(*bits <= 7);
  }
  const auto page = arguments.page_number("page", 1, 100);
  check(page >= 1 && page <= 100);
  boost::system::error_code error;
  boost::json::parse("[" + arguments.details() + "]", error);
  check(!error);

  if (const auto ms = parse_time(rest)) {
    const auto text = format_time(std::max<std::int64_t>(*ms, 0) * 1'000'000, Precision::microseconds);
    check(*ms < 0 || *ms > 9'000'000'000'000 || parse_time(text) == *ms);
  }
  Settings settings;
  const auto wrong = parse_settings(rest.starts_with("{\"admins\":[{\"secret_key\":\"file:") ? "" : rest, settings);
  check(wrong.empty() || wrong.starts_with("plugins.control"));
  return 0;
}
