#include "kernel/base/units.h"

#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace switchyard {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit kSizeUnits[] = {
    {"TiB", 1ull << 40},   {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000}, {"MB", 1'000'000},   {"KB", 1'000},       {"kB", 1'000},       {"B", 1},
};
constexpr Unit kDurationUnits[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

constexpr std::string_view kSizeForm =
    "a whole number with an optional unit B, KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 10MiB";
constexpr std::string_view kDurationForm = "a whole number with a unit ms, s, m, h or d, such as 30s";

Error wrong_form(std::string_view key, std::string_view text, std::string_view form) {
  // The value comes from a file; a whole file pasted into one value must not fill the terminal.
  std::string shown(text.substr(0, 80));
  if (shown.size() < text.size()) shown += "...";
  return Error{Code::invalid, std::string(key) + ": '" + shown + "' is not " + std::string(form)};
}

struct Number {
  std::uint64_t value;
  std::string_view unit;
};

std::optional<Number> split(std::string_view text) {
  Number out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.value);
  if (error != std::errc{}) return std::nullopt;
  out.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  // "10 MiB" is what people write in YAML, too.
  while (!out.unit.empty() && out.unit.front() == ' ') out.unit.remove_prefix(1);
  return out;
}

std::optional<std::uint64_t> scaled(const Number& number, std::span<const Unit> units, std::uint64_t limit) {
  for (const auto& unit : units) {
    if (unit.name != number.unit) continue;
    if (number.value > limit / unit.factor) return std::nullopt;
    return number.value * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view key, std::string_view text) {
  auto number = split(text);
  if (number && number->unit.empty()) number->unit = "B";
  const auto bytes =
      number ? scaled(*number, kSizeUnits, std::numeric_limits<std::int64_t>::max()) : std::optional<std::uint64_t>();
  if (!bytes) return wrong_form(key, text, kSizeForm);
  return *bytes;
}

Result<std::int64_t> parse_duration_ms(std::string_view key, std::string_view text) {
  auto number = split(text);
  if (number && number->unit.empty() && number->value == 0) number->unit = "ms";
  const auto ms = number ? scaled(*number, kDurationUnits, std::numeric_limits<std::int64_t>::max())
                         : std::optional<std::uint64_t>();
  if (!ms) return wrong_form(key, text, kDurationForm);
  return static_cast<std::int64_t>(*ms);
}

Result<std::int64_t> parse_integer(std::string_view key, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return wrong_form(key, text, "a whole number");
  return value;
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& unit : std::span(kSizeUnits).first(4)) {
    if (bytes != 0 && bytes % unit.factor == 0) return std::to_string(bytes / unit.factor) + std::string(unit.name);
  }
  return std::to_string(bytes);
}

std::string format_duration_ms(std::int64_t ms) {
  if (ms == 0) return "0s";
  for (const auto& unit : kDurationUnits) {
    if (ms % static_cast<std::int64_t>(unit.factor) == 0) {
      return std::to_string(ms / static_cast<std::int64_t>(unit.factor)) + std::string(unit.name);
    }
  }
  return std::to_string(ms) + "ms";
}

}  // namespace switchyard
