// zones.h: the one-line rules of POSIX, as zone files end with.
#include <chrono>

#include "plugins/nats/zones.h"

namespace switchyard::nats {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;
// Of the years 1 to 9999, nearly: far within what the calendar can count.
constexpr std::int64_t kFirstTime = -62'000'000'000, kLastTime = 253'000'000'000;

struct Change {
  enum class Kind { julian, day, weekday } kind = Kind::day;
  int month = 0, week = 0, day = 0;
  std::int64_t time_s = 2 * 60 * 60;
};

struct Rule {
  std::int64_t standard_s = 0, summer_s = 0;
  bool has_summer = false;
  Change start, end;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool rule(Rule& out);

 private:
  bool at(char c) const { return !text_.empty() && text_.front() == c; }
  bool take(char c) {
    if (!at(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool name();
  bool number(int max, int& out);
  bool time(int max_hours, std::int64_t& out);
  bool change(Change& out);

  std::string_view text_;
};

bool Parser::name() {
  if (take('<')) {
    const auto end = text_.find('>');
    if (end == std::string_view::npos) return false;
    text_.remove_prefix(end + 1);
    return true;
  }
  std::size_t size = 0;
  while (size < text_.size() &&
         ((text_[size] >= 'A' && text_[size] <= 'Z') || (text_[size] >= 'a' && text_[size] <= 'z'))) {
    ++size;
  }
  text_.remove_prefix(size);
  return size >= 3;
}

bool Parser::number(int max, int& out) {
  int value = 0;
  std::size_t size = 0;
  for (; size < text_.size() && text_[size] >= '0' && text_[size] <= '9'; ++size) {
    value = value * 10 + (text_[size] - '0');
    if (value > max) return false;
  }
  text_.remove_prefix(size);
  out = value;
  return size > 0;
}

bool Parser::time(int max_hours, std::int64_t& out) {
  const bool negative = take('-');
  if (!negative) take('+');
  int hours = 0, minutes = 0, seconds = 0;
  if (!number(max_hours, hours)) return false;
  if (take(':') && !number(59, minutes)) return false;
  if (take(':') && !number(59, seconds)) return false;
  out = (hours * 60 + minutes) * 60 + seconds;
  if (negative) out = -out;
  return true;
}

bool Parser::change(Change& out) {
  if (take('M')) {
    out.kind = Change::Kind::weekday;
    if (!number(12, out.month) || !take('.') || !number(5, out.week) || !take('.') || !number(6, out.day)) return false;
    if (out.month == 0 || out.week == 0) return false;
  } else if (take('J')) {
    out.kind = Change::Kind::julian;
    if (!number(365, out.day) || out.day == 0) return false;
  } else if (!number(365, out.day)) {
    return false;
  }
  constexpr int kWeekOfHours = 167;
  return !take('/') || time(kWeekOfHours, out.time_s);
}

// Offsets are written west of Greenwich.
bool Parser::rule(Rule& out) {
  constexpr int kMaxOffsetHours = 24;
  if (!name() || !time(kMaxOffsetHours, out.standard_s)) return false;
  out.standard_s = -out.standard_s;
  if (text_.empty()) return true;
  out.has_summer = true;
  out.summer_s = out.standard_s + 60 * 60;
  if (!name()) return false;
  if (!at(',')) {
    if (!time(kMaxOffsetHours, out.summer_s)) return false;
    out.summer_s = -out.summer_s;
  }
  // Without dates nobody can tell when summer is.
  return take(',') && change(out.start) && take(',') && change(out.end) && text_.empty();
}

std::int64_t days(std::chrono::sys_days day) { return day.time_since_epoch().count(); }

// Local seconds since 1970.
std::int64_t change_s(const Change& change, std::chrono::year year) {
  using namespace std::chrono;
  std::int64_t day = days(year / January / 1);
  switch (change.kind) {
    case Change::Kind::day:
      day += change.day;
      break;
    case Change::Kind::julian:  // February 29 is never counted.
      day += change.day - 1 + (year.is_leap() && change.day >= 60 ? 1 : 0);
      break;
    case Change::Kind::weekday: {
      const auto in_month = year / month(static_cast<unsigned>(change.month));
      const weekday on(static_cast<unsigned>(change.day));
      constexpr int kLast = 5;
      day = change.week == kLast ? days(sys_days(in_month / on[last]))
                                 : days(sys_days(in_month / on[static_cast<unsigned>(change.week)]));
      break;
    }
  }
  return day * kDay + change.time_s;
}

}  // namespace

std::optional<std::int32_t> posix_zone_offset_s(std::string_view text, std::int64_t unix_s) {
  using namespace std::chrono;
  Rule rule;
  if (!Parser(text).rule(rule)) return std::nullopt;
  if (!rule.has_summer) return static_cast<std::int32_t>(rule.standard_s);
  if (unix_s < kFirstTime || unix_s > kLastTime) return std::nullopt;
  const auto year = year_month_day(floor<std::chrono::days>(sys_seconds(seconds(unix_s + rule.standard_s)))).year();
  const auto start = change_s(rule.start, year) - rule.standard_s, end = change_s(rule.end, year) - rule.summer_s;
  const bool summer = start < end ? unix_s >= start && unix_s < end : unix_s >= start || unix_s < end;
  return static_cast<std::int32_t>(summer ? rule.summer_s : rule.standard_s);
}

}  // namespace switchyard::nats
