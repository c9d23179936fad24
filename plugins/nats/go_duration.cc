#include "plugins/nats/go_duration.h"

namespace switchyard::nats {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},
                           {"us", 1'000},
                           {"\xc2\xb5s", 1'000},  // micro sign
                           {"\xce\xbcs", 1'000},  // Greek mu
                           {"ms", 1'000'000},
                           {"s", 1'000'000'000},
                           {"m", 60'000'000'000},
                           {"h", 3'600'000'000'000}};

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

// One number with its unit off the front of `rest`.  Go reads fractions digit by digit, too.
bool take_part(std::string_view& rest, std::string_view whole, std::int64_t& out, std::string& error) {
  const auto invalid = [&] {
    error = "time: invalid duration " + quoted(whole);
    return false;
  };
  std::int64_t number = 0, fraction = 0, scale = 1;
  std::size_t digits = 0;
  for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), ++digits) {
    if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, rest.front() - '0', &number)) {
      return invalid();
    }
  }
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), ++digits) {
      if (scale >= 1'000'000'000'000'000) continue;  // Below a nanosecond of any unit that is in use.
      fraction = fraction * 10 + (rest.front() - '0');
      scale *= 10;
    }
  }
  if (digits == 0) return invalid();
  std::size_t length = 0;
  while (length < rest.size() && rest[length] != '.' && !is_digit(rest[length])) ++length;
  if (length == 0) {
    error = "time: missing unit in duration " + quoted(whole);
    return false;
  }
  const std::string_view name = rest.substr(0, length);
  rest.remove_prefix(length);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const auto part = static_cast<std::int64_t>(static_cast<double>(fraction) *
                                                (static_cast<double>(unit.nanoseconds) / static_cast<double>(scale)));
    if (__builtin_mul_overflow(number, unit.nanoseconds, &number) || __builtin_add_overflow(number, part, &number) ||
        __builtin_add_overflow(out, number, &out)) {
      return invalid();
    }
    return true;
  }
  error = "time: unknown unit " + quoted(name) + " in duration " + quoted(whole);
  return false;
}

}  // namespace

bool parse_go_duration(std::string_view text, std::int64_t& nanoseconds, std::string& error) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  nanoseconds = 0;
  if (rest == "0") return true;
  if (rest.empty()) {
    error = "time: invalid duration " + quoted(text);
    return false;
  }
  while (!rest.empty()) {
    if (!take_part(rest, text, nanoseconds, error)) return false;
  }
  if (negative) nanoseconds = -nanoseconds;
  return true;
}

bool parse_go_duration_ms(std::string_view text, std::int64_t& milliseconds, std::string& error) {
  std::int64_t nanoseconds = 0;
  if (!parse_go_duration(text, nanoseconds, error)) return false;
  milliseconds = nanoseconds / 1'000'000;
  if (milliseconds == 0 && nanoseconds != 0) milliseconds = nanoseconds > 0 ? 1 : -1;
  return true;
}

}  // namespace switchyard::nats
