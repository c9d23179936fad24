#include "plugins/control/arguments.h"

#include <boost/json.hpp>

#include "plugins/aws/encoding.h"
#include "plugins/aws/json_writer.h"
#include "plugins/aws/text.h"
#include "plugins/control/settings.h"
#include "plugins/control/timestamps.h"
#include "switchyard/plugin.h"

namespace switchyard::control {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxParameters = 32;

}  // namespace

Arguments::Arguments(std::string_view query, std::string_view body) {
  while (!query.empty() && query_.size() < kMaxParameters) {
    std::string_view value = aws::take_until(query, '&');
    const std::string_view name = aws::take_until(value, '=');
    auto& pair = query_.emplace_back();
    aws::append_percent_decoded(pair.first, name, true);
    aws::append_percent_decoded(pair.second, value, true);
  }
  if (body.empty()) return;
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 8;
  auto value = json::parse({body.data(), body.size()}, error, {}, options);
  if (error || !value.is_object()) {
    complain("body", "format", "the body must be a JSON object");
    readable_ = false;
    return;
  }
  body_ = std::move(value.get_object());
}

const json::value* Arguments::find(std::string_view key) const {
  const auto* value = body_.if_contains({key.data(), key.size()});
  return value != nullptr && !value->is_null() ? value : nullptr;
}

bool Arguments::has(std::string_view key) const { return find(key) != nullptr; }

std::optional<std::string> Arguments::text(std::string_view key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->if_string()) return std::string(text->data(), text->size());
  complain(key, "format", "value must be a string");
  return std::nullopt;
}

std::optional<std::string> Arguments::optional_text(std::string_view key) const {
  const auto* value = find(key);
  const auto* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::optional(std::string(text->data(), text->size())) : std::nullopt;
}

std::optional<bool> Arguments::flag(std::string_view key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = value->if_bool()) return *flag;
  complain(key, "format", "value must be true or false");
  return std::nullopt;
}

std::optional<std::uint64_t> Arguments::number(std::string_view key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64(); number != nullptr && *number >= 0)
    return static_cast<std::uint64_t>(*number);
  complain(key, "format", "value must be a whole number that is not negative");
  return std::nullopt;
}

std::optional<std::int64_t> Arguments::time(std::string_view key) {
  const auto given = text(key);
  if (!given) return std::nullopt;
  if (given->empty()) return 0;
  const auto parsed = parse_time(*given);
  if (!parsed) complain(key, "format", "value must be a time such as 2030-01-31T12:00:00Z, or empty for never");
  return parsed;
}

std::optional<std::uint32_t> Arguments::permissions(std::uint32_t now, bool all_required) {
  const auto* value = find("permissions");
  if (value == nullptr) return std::nullopt;
  const auto* object = value->if_object();
  if (object == nullptr) {
    complain("permissions", "format", "value must be an object");
    return std::nullopt;
  }
  const auto take = [&](const char* key, std::uint32_t bit) {
    const auto* one = object->if_contains(key);
    const std::string path = std::string("permissions.") + key;
    if (one == nullptr || one->is_null()) {
      if (all_required) complain(path, "required", "value is required");
    } else if (const auto* flag = one->if_bool()) {
      now = *flag ? now | bit : now & ~bit;
    } else {
      complain(path, "format", "value must be true or false");
    }
  };
  take("can_publish", SW_PERM_PUBLISH);
  take("can_receive", SW_PERM_RECEIVE);
  take("can_manage", SW_PERM_MANAGE);
  return now;
}

std::string Arguments::account_id(std::string_view key) {
  auto id = text(key);
  if (!id && (has(key) || !readable_)) return {};
  if (!id || id->empty()) {
    complain(key, "required", "value is required");
    return {};
  }
  check_account_id(key, *id);
  return std::move(*id);
}

void Arguments::check_account_id(std::string_view argument, std::string_view id) {
  if (id.size() != kAccountIdLength) complain(argument, "constraint", "value length must be 56 runes");
}

std::string Arguments::checked_uuid(std::string_view key, std::optional<std::string> given, bool required) {
  if (!given || given->empty()) {
    if (required) complain(key, "required", "value is required");
    return {};
  }
  if (!is_uuid(*given)) complain(key, "constraint", "value must be a valid UUID");
  for (auto& c : *given) c = aws::lower(c);
  return std::move(*given);
}

std::string Arguments::uuid(std::string_view key, bool required) {
  auto given = text(key);
  if (!given && (has(key) || !readable_)) return {};
  return checked_uuid(key, std::move(given), required);
}

std::string Arguments::uuid_parameter(std::string_view key, bool required) {
  return checked_uuid(key, parameter(key), required);
}

std::optional<std::string> Arguments::parameter(std::string_view key) const {
  for (const auto& [name, value] : query_) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::uint32_t Arguments::page_number(std::string_view key, std::uint32_t otherwise, std::uint32_t most) {
  const auto given = parameter(key);
  if (!given || given->empty()) return otherwise;
  const auto value = aws::parse_integer(*given);
  if (!value) {
    complain(key, "format", "value must be a whole number");
    return otherwise;
  }
  if (*value < 1) complain(key, "constraint", "value must be at least 1");
  return static_cast<std::uint32_t>(std::min<std::int64_t>(std::max<std::int64_t>(*value, 1), most));
}

void Arguments::complain(std::string_view argument, std::string_view reason, std::string_view help) {
  if (!details_.empty()) details_ += ',';
  aws::JsonWriter w(details_);
  details_ += "{\"argument_name\":";
  w.text(argument);
  w.key("help_message");
  w.text(help);
  w.key("reason");
  w.text(reason);
  w.close('}');
}

}  // namespace switchyard::control
