// Date texts of signed requests: ISO 8601 basic ("20260102T030405Z") and the HTTP date.
//
// Failure: parsing answers nothing for anything but a valid date of these two forms.
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::aws {

std::optional<std::int64_t> parse_iso_basic(std::string_view text);  // Unix seconds.
std::optional<std::int64_t> parse_http_date(std::string_view text);
std::string iso_basic(std::int64_t unix_seconds);

}  // namespace switchyard::aws
