// Times of the control API: RFC 3339 in UTC.
//
// A creation is answered with nanoseconds, every later read with microseconds: that is what recorded
// clients saw.
//
// Failure: parse_time() answers nothing for text that is not a date and time with a zone.
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::control {

enum class Precision : std::uint8_t { nanoseconds, microseconds };

std::string format_time(std::int64_t unix_ns, Precision precision);
// Unix milliseconds.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace switchyard::control
