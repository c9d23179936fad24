#include "plugins/nats/options_reader.h"

#include <cmath>
#include <utility>

#include "plugins/nats/go_duration.h"

namespace switchyard::nats {
namespace {

using Kind = ConfValue::Kind;

constexpr std::int64_t kMaxSeconds = 100LL * 365 * 86'400;
constexpr int kMaxPort = 65535;

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

bool OptionsReader::error(const ConfPlace& place, std::string text) {
  ++error_count_;
  if (problems_.errors.size() < kMaxProblems) problems_.errors.push_back({document_.where(place), std::move(text)});
  return false;
}

void OptionsReader::warn(const ConfPlace& place, std::string text) {
  if (problems_.warnings.size() < kMaxProblems) problems_.warnings.push_back({document_.where(place), std::move(text)});
}

void OptionsReader::unknown(const ConfMember& field) {
  if (!field.used_as_variable) error(field.value.place, "unknown field \"" + field.key + "\"");
}

void OptionsReader::unserved(std::string name, const ConfPlace& place) {
  if (options.unserved.size() < kMaxProblems) options.unserved.push_back({std::move(name), document_.where(place)});
}

bool OptionsReader::expect(const ConfMember& field, Kind kind) {
  if (field.value.is(kind)) return true;
  return error(field.value.place,
               "expected \"" + field.key + "\" to be " + describe(kind) + ", got " + describe(field.value.kind));
}

bool OptionsReader::text(const ConfMember& field, std::string& out) {
  if (!expect(field, Kind::text)) return false;
  out = field.value.text;
  return true;
}

bool OptionsReader::boolean(const ConfMember& field, bool& out) {
  if (!expect(field, Kind::boolean)) return false;
  out = field.value.flag;
  return true;
}

bool OptionsReader::integer(const ConfMember& field, std::int64_t& out, std::int64_t least, std::int64_t most) {
  if (!expect(field, Kind::integer)) return false;
  const std::int64_t value = field.value.integer;
  if (value > most) return error(field.value.place, field.key + " value is too big");
  if (value < least) return error(field.value.place, field.key + " value must be at least " + std::to_string(least));
  out = value;
  return true;
}

bool OptionsReader::port(const ConfMember& field, int& out) {
  std::int64_t value = 0;
  if (!integer(field, value)) return false;
  if (value < kAnyPort || value > kMaxPort) {
    return error(field.value.place, "expected \"" + field.key + "\" to be a port from 0 to 65535, or -1 for any, got " +
                                        std::to_string(value));
  }
  out = static_cast<int>(value);
  return true;
}

bool OptionsReader::texts(const ConfMember& field, std::vector<std::string>& out) {
  if (field.value.is(Kind::text)) {
    out.assign(1, field.value.text);
    return true;
  }
  if (!field.value.is(Kind::array)) {
    return error(field.value.place, "expected \"" + field.key + "\" to be a string or an array of strings, got " +
                                        describe(field.value.kind));
  }
  std::vector<std::string> all;
  for (const ConfValue& item : field.value.items) {
    if (!item.is(Kind::text)) {
      return error(item.place, "expected a string in \"" + field.key + "\", got " + describe(item.kind));
    }
    all.push_back(item.text);
  }
  out = std::move(all);
  return true;
}

bool OptionsReader::duration_ms(const ConfMember& field, std::int64_t& out) {
  if (field.value.is(Kind::integer)) {
    warn(field.value.place,
         "invalid use of field \"" + field.key + "\": " + field.key + " should be converted to a duration");
  }
  if (!field.value.is(Kind::integer) && !field.value.is(Kind::text)) {
    return error(field.value.place,
                 "expected \"" + field.key + "\" to be a duration such as \"30s\", got " + describe(field.value.kind));
  }
  return timeout_ms(field, out);
}

bool OptionsReader::timeout_ms(const ConfMember& field, std::int64_t& out) {
  const ConfValue& value = field.value;
  if (value.is(Kind::text)) {
    std::string why;
    std::int64_t parsed = 0;
    if (!parse_go_duration_ms(value.text, parsed, why))
      return error(value.place, "error parsing " + field.key + ": " + why);
    out = parsed;
    return true;
  }
  if (!value.is(Kind::integer) && !value.is(Kind::number)) {
    return error(value.place,
                 "expected \"" + field.key + "\" to be seconds or a duration, got " + describe(value.kind));
  }
  const double seconds = value.is(Kind::integer) ? static_cast<double>(value.integer) : value.number;
  if (!(std::fabs(seconds) <= static_cast<double>(kMaxSeconds))) {
    return error(value.place, field.key + " value is too big");
  }
  out = static_cast<std::int64_t>(seconds * 1000);
  if (out == 0 && seconds > 0) out = 1;
  return true;
}

}  // namespace switchyard::nats
