// Durations as Go writes them ("1h30m", "1.5s", "300ms"): nats-server's configuration has no others.
//
// Failure: false and Go's own words in `error`, which people search for.
// Thread: pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::nats {

// Nanoseconds.
bool parse_go_duration(std::string_view text, std::int64_t& nanoseconds, std::string& error);

// In milliseconds; what is not zero does not become zero.
bool parse_go_duration_ms(std::string_view text, std::int64_t& milliseconds, std::string& error);

}  // namespace switchyard::nats
