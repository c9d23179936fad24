// RedrivePolicy and RedriveAllowPolicy.
#include <boost/json.hpp>

#include "plugins/aws/text.h"
#include "plugins/sqs/queue_attributes.h"

namespace switchyard::sqs {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxSources = 10;

// Parses an object; null when the text is not one.
const json::object* parse_object(std::string_view text, json::value& storage) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 16;
  storage = json::parse({text.data(), text.size()}, error, {}, options);
  return error ? nullptr : storage.if_object();
}

Refusal redrive_refusal(std::string_view text, std::string reason) {
  return invalid_value(text, "RedrivePolicy", reason);
}

// A number, or a text that is one.
std::optional<std::int64_t> integer_of(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_string()) return aws::parse_integer({value.get_string().data(), value.get_string().size()});
  return std::nullopt;
}

std::string shown(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

}  // namespace

Refusal parse_redrive_policy(std::string_view text, RedrivePolicy& out) {
  json::value storage;
  const json::object* policy = parse_object(text, storage);
  if (policy == nullptr) return redrive_refusal(text, "Redrive policy is not a valid JSON map.");
  const json::value* target = policy->if_contains("deadLetterTargetArn");
  const json::value* count = policy->if_contains("maxReceiveCount");
  if (target == nullptr) {
    return redrive_refusal(text, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  }
  if (count == nullptr) {
    return redrive_refusal(text, "Redrive policy does not contain mandatory attribute: maxReceiveCount.");
  }
  const auto number = integer_of(*count);
  if (!number || *number < 1 || *number > 1000) {
    return redrive_refusal(text, "Invalid value for maxReceiveCount: " + shown(*count).substr(0, 64) +
                                     ", valid values are from 1 to 1000 both inclusive.");
  }
  if (!target->is_string() || !target->get_string().starts_with("arn:")) {
    return redrive_refusal(text, "Invalid value for deadLetterTargetArn.");
  }
  out.target_arn = std::string(target->get_string());
  out.max_receive_count = static_cast<std::uint16_t>(*number);
  return {};
}

Refusal check_redrive_allow_policy(std::string_view text) {
  const auto refuse = [&](std::string_view reason) { return invalid_value(text, "RedriveAllowPolicy", reason); };
  json::value storage;
  const json::object* policy = parse_object(text, storage);
  if (policy == nullptr) return refuse("Amazon SQS can't create the redrive allow policy, as it is not a JSON map.");
  const json::value* permission = policy->if_contains("redrivePermission");
  const json::value* sources = policy->if_contains("sourceQueueArns");
  if (permission == nullptr || !permission->is_string()) {
    return refuse("Redrive allow policy does not contain mandatory attribute: redrivePermission.");
  }
  const json::string& kind = permission->get_string();
  if (kind != "allowAll" && kind != "denyAll" && kind != "byQueue") {
    return refuse("redrivePermission must be allowAll, denyAll or byQueue.");
  }
  if ((kind == "byQueue") != (sources != nullptr)) {
    return refuse("sourceQueueArns must be given with redrivePermission byQueue, and only with it.");
  }
  if (sources == nullptr) return {};
  if (!sources->is_array() || sources->get_array().empty() || sources->get_array().size() > kMaxSources) {
    return refuse("sourceQueueArns must be a list of 1 to 10 queue ARNs.");
  }
  for (const json::value& arn : sources->get_array()) {
    if (!arn.is_string() || !arn.get_string().starts_with("arn:")) {
      return refuse("sourceQueueArns must be a list of 1 to 10 queue ARNs.");
    }
  }
  return {};
}

bool same_document(std::string_view a, std::string_view b) {
  if (a == b) return true;
  json::value first, second;
  if (parse_object(a, first) == nullptr || parse_object(b, second) == nullptr) return false;
  return first == second;
}

}  // namespace switchyard::sqs
