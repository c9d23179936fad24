#include "plugins/control/timestamps.h"

#include <cstdio>

#include "plugins/aws/text.h"

namespace switchyard::control {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000, kSecondsPerDay = 86'400;

// Days since 1970 and back, in the proleptic Gregorian calendar; years start in March, so that the leap day is last.
std::int64_t days_of(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = year / 400, of_era = year % 400;
  const std::int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

void date_of(std::int64_t days, std::int64_t& year, int& month, int& day) {
  days += 719'468;
  const std::int64_t era = days / 146'097, of_era = days % 146'097;
  const std::int64_t years = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  day = static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1);
  month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  year = years + era * 400 + (month <= 2 ? 1 : 0);
}

// Takes `digits` digits and, when it is not 0, `separator` off the front.
bool take(std::string_view& text, std::size_t digits, char separator, int low, int high, int& out) {
  if (text.size() < digits + (separator != 0 ? 1 : 0)) return false;
  const auto value = aws::parse_integer(text.substr(0, digits));
  if (!value || *value < low || *value > high || !aws::is_digit(text.front())) return false;
  text.remove_prefix(digits);
  if (separator != 0) {
    if (aws::lower(text.front()) != separator) return false;
    text.remove_prefix(1);
  }
  out = static_cast<int>(*value);
  return true;
}

int days_in(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

}  // namespace

std::string format_time(std::int64_t unix_ns, Precision precision) {
  if (unix_ns < 0) unix_ns = 0;
  const std::int64_t seconds = unix_ns / kNsPerSecond, rest = unix_ns % kNsPerSecond;
  std::int64_t year = 0;
  int month = 0, day = 0;
  date_of(seconds / kSecondsPerDay, year, month, day);
  const int of_day = static_cast<int>(seconds % kSecondsPerDay);
  char text[64];
  const bool fine = precision == Precision::nanoseconds;
  std::snprintf(text, sizeof text,
                fine ? "%04lld-%02d-%02dT%02d:%02d:%02d.%09lldZ" : "%04lld-%02d-%02dT%02d:%02d:%02d.%06lldZ",
                static_cast<long long>(year), month, day, of_day / 3600, of_day / 60 % 60, of_day % 60,
                static_cast<long long>(fine ? rest : rest / 1000));
  return text;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take(text, 4, '-', 1970, 9999, year) || !take(text, 2, '-', 1, 12, month) || !take(text, 2, 't', 1, 31, day) ||
      !take(text, 2, ':', 0, 23, hour) || !take(text, 2, ':', 0, 59, minute) || !take(text, 2, 0, 0, 59, second) ||
      day > days_in(year, month)) {
    return std::nullopt;
  }
  std::int64_t ms = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    std::size_t digits = 0;
    std::int64_t unit = 100;
    for (; digits < text.size() && aws::is_digit(text[digits]); ++digits, unit /= 10) ms += (text[digits] - '0') * unit;
    if (digits == 0 || digits > 9) return std::nullopt;
    text.remove_prefix(digits);
  }
  std::int64_t seconds = days_of(year, month, day) * kSecondsPerDay + hour * 3600 + minute * 60 + second;
  if (text == "Z" || text == "z") return seconds * 1000 + ms;
  if (text.size() != 6 || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '+' ? 1 : -1;
  text.remove_prefix(1);
  if (!take(text, 2, ':', 0, 23, hour) || !take(text, 2, 0, 0, 59, minute)) return std::nullopt;
  seconds -= sign * (hour * 3600 + minute * 60);
  return seconds * 1000 + ms;
}

}  // namespace switchyard::control
