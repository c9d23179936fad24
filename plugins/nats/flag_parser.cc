#include "plugins/nats/flag_parser.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>

namespace switchyard::nats {
namespace {

bool parse_boolean(std::string_view text, bool& out) {
  static constexpr std::string_view kTrue[] = {"1", "t", "T", "TRUE", "true", "True"};
  static constexpr std::string_view kFalse[] = {"0", "f", "F", "FALSE", "false", "False"};
  out = std::find(std::begin(kTrue), std::end(kTrue), text) != std::end(kTrue);
  return out || std::find(std::begin(kFalse), std::end(kFalse), text) != std::end(kFalse);
}

// Decimal, 0x, 0o, 0b, and a leading zero for octal.  Null on success, else Go's word for what is wrong.
const char* parse_integer(std::string_view text, std::int64_t& out) {
  std::string digits(text);
  const bool negative = !digits.empty() && digits.front() == '-';
  if (!digits.empty() && (digits.front() == '-' || digits.front() == '+')) digits.erase(0, 1);
  int base = 10;
  if (digits.size() > 1 && digits.front() == '0') {
    const char mark = static_cast<char>(digits[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    digits.erase(0, mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  // from_chars would take a second sign.
  if (digits.empty() || digits.front() == '-') return "parse error";
  if (negative) digits.insert(digits.begin(), '-');
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  if (code == std::errc::result_out_of_range) return "value out of range";
  return code != std::errc() || end != digits.data() + digits.size() ? "parse error" : nullptr;
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

ParsedFlags parse_flags(const std::vector<std::string>& arguments, const std::vector<FlagName>& names) {
  ParsedFlags out;
  std::size_t at = 0;
  const auto fail = [&](std::string why) {
    out.error = std::move(why);
    return out;
  };
  while (at < arguments.size()) {
    const std::string& argument = arguments[at];
    if (argument.size() < 2 || argument.front() != '-') break;
    ++at;
    std::string_view rest(argument);
    rest.remove_prefix(rest[1] == '-' ? 2 : 1);
    if (rest.empty()) break;
    if (rest.front() == '-' || rest.front() == '=') return fail("bad flag syntax: " + argument);
    const std::size_t equals = rest.find('=');
    const bool has_value = equals != std::string_view::npos;
    FlagSetting setting;
    setting.name.assign(rest.substr(0, equals));
    if (has_value) setting.text.assign(rest.substr(equals + 1));

    const auto known =
        std::find_if(names.begin(), names.end(), [&](const FlagName& n) { return n.name == setting.name; });
    if (known == names.end()) return fail("flag provided but not defined: -" + setting.name);
    setting.id = known->id;
    if (known->kind == FlagKind::boolean) {
      if (!has_value) setting.text = "true";
      if (!parse_boolean(setting.text, setting.flag)) {
        return fail("invalid boolean value " + quoted(setting.text) + " for -" + setting.name + ": parse error");
      }
    } else {
      if (!has_value && at == arguments.size()) return fail("flag needs an argument: -" + setting.name);
      if (!has_value) setting.text = arguments[at++];
      if (known->kind == FlagKind::integer) {
        if (const char* why = parse_integer(setting.text, setting.integer)) {
          return fail("invalid value " + quoted(setting.text) + " for flag -" + setting.name + ": " + why);
        }
      }
    }
    out.settings.push_back(std::move(setting));
  }
  out.words.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
  return out;
}

}  // namespace switchyard::nats
