// Sizes and durations as people write them in the configuration: "10MiB", "512", "30s", "4d".
//
// A size may stand without a unit (bytes); a duration may not, except 0, because "30" has been
// milliseconds in one product and seconds in the next.  KB is 1000 bytes, KiB is 1024.
//
// Failure: Code::invalid, one sentence with the key, the value and the allowed form.
//
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

namespace switchyard {

// Bytes.  `key` only names the value in the error.
Result<std::uint64_t> parse_size(std::string_view key, std::string_view text);
// Milliseconds, at most about 292 million years.
Result<std::int64_t> parse_duration_ms(std::string_view key, std::string_view text);
// A whole number in decimal, with an optional minus.
Result<std::int64_t> parse_integer(std::string_view key, std::string_view text);

// The largest unit that says the value exactly: 10485760 -> "10MiB", 1500 -> "1500".
std::string format_size(std::uint64_t bytes);
// 90000 -> "90s", 300000 -> "5m", 0 -> "0s".
std::string format_duration_ms(std::int64_t ms);

}  // namespace switchyard
