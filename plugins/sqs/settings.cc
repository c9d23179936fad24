#include "plugins/sqs/settings.h"

#include <boost/json.hpp>
#include <optional>

#include "plugins/aws/text.h"

namespace switchyard::sqs {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMaxWaitMs = 24 * 3600 * 1000;

// "500ms", "60s", "5m", "1h", "1d", and "0", as everywhere in the configuration.
std::optional<std::int64_t> duration_ms(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && aws::is_digit(text[digits])) ++digits;
  const auto number = aws::parse_integer(text.substr(0, digits));
  if (!number || *number > kMaxWaitMs) return std::nullopt;
  const std::string_view unit = aws::trim(text.substr(digits));
  if (unit.empty() && *number == 0) return 0;
  if (unit == "ms") return *number;
  if (unit == "s") return *number * 1000;
  if (unit == "m") return *number * 60'000;
  if (unit == "h") return *number * 3'600'000;
  if (unit == "d") return *number * 86'400'000;
  return std::nullopt;
}

bool read_duration(std::string_view key, const json::value& value, std::int64_t& out, std::string& error) {
  std::optional<std::int64_t> parsed;
  if (value.is_string()) parsed = duration_ms({value.get_string().data(), value.get_string().size()});
  if (!parsed || *parsed > kMaxWaitMs) {
    error = "plugins.sqs." + std::string(key) + " is " + json::serialize(value) +
            "; it must be a duration with a unit, from 0s to 24h, such as 60s";
    return false;
  }
  out = *parsed;
  return true;
}

bool read_url_style(const json::value& value, UrlStyle& out, std::string& error) {
  const bool text = value.is_string();
  if (text && value.get_string() == "auto") {
    out = UrlStyle::by_namespace;
  } else if (text && value.get_string() == "yandex") {
    out = UrlStyle::yandex;
  } else {
    error = "plugins.sqs.url_style is " + json::serialize(value) + "; it must be auto or yandex";
    return false;
  }
  return true;
}

// Keys of every plugin's section that the server reads itself.
bool is_servers_key(std::string_view key) {
  return key == "enabled" || key == "path" || key == "anonymous_namespace" || key == "required" || key == "sha256";
}

}  // namespace

bool parse_settings(std::string_view text, Settings& out, std::string& error) {
  out = Settings{};
  if (text.empty()) return true;
  boost::system::error_code failure;
  const json::value section = json::parse({text.data(), text.size()}, failure);
  if (failure || (!section.is_object() && !section.is_null())) {
    error = "plugins.sqs must be a map of settings";
    return false;
  }
  if (section.is_null()) return true;
  for (const auto& [name, value] : section.get_object()) {
    const std::string_view key(name.data(), name.size());
    bool ok = true;
    if (key == "recreate_wait") {
      ok = read_duration(key, value, out.recreate_wait_ms, error);
    } else if (key == "purge_wait") {
      ok = read_duration(key, value, out.purge_wait_ms, error);
    } else if (key == "url_style") {
      ok = read_url_style(value, out.url_style, error);
    } else if (!is_servers_key(key)) {
      error =
          "plugins.sqs." + std::string(key) + " is not a setting; there are recreate_wait, purge_wait and url_style";
      ok = false;
    }
    if (!ok) return false;
  }
  return true;
}

}  // namespace switchyard::sqs
