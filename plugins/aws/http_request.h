// Lookups in a request of the ABI: headers without case, query parameters by their encoded name.
//
// Failure: an absent header or parameter is an empty view.
// Thread: pure functions.
#pragma once
#include <string_view>

#include "plugins/aws/text.h"
#include "switchyard/plugin.h"

namespace switchyard::aws {

inline std::string_view header(const sw_http_request& request, std::string_view name) {
  for (std::size_t i = 0; i < request.header_count; ++i) {
    if (request.headers[i].name.len == name.size() && equals_ignoring_case(view(request.headers[i].name), name)) {
      return trim(view(request.headers[i].value));
    }
  }
  return {};
}

// The still encoded value of one parameter of a query string or form body.
inline std::string_view raw_parameter(std::string_view form, std::string_view name) {
  while (!form.empty()) {
    std::string_view value = take_until(form, '&');
    if (take_until(value, '=') == name) return value;
  }
  return {};
}

}  // namespace switchyard::aws
