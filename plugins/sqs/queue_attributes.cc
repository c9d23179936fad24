#include "plugins/sqs/queue_attributes.h"

#include <array>
#include <cstring>

#include "plugins/aws/text.h"
#include "plugins/sqs/access_policy.h"

namespace switchyard::sqs {
namespace {

constexpr std::uint8_t kVersion = 2, kVersionWithoutTags = 1;
// Bits of the stored flags.
struct FlagRule {
  std::uint8_t bit;
  bool QueueNumbers::*member;
};
constexpr std::array<FlagRule, 5> kFlagRules = {{
    {1, &QueueNumbers::managed_encryption},
    {2, &QueueNumbers::fifo},
    {4, &QueueNumbers::content_deduplication},
    {8, &QueueNumbers::group_deduplication},
    {16, &QueueNumbers::group_throughput},
}};
constexpr std::size_t kNumbersBytes = 4 + 6 * 4 + 2 * 8 + 8;
constexpr std::size_t kMaxKeyIdBytes = 2048;
constexpr std::uint32_t kDefaultKeyReuse = 300;

// Attributes that are a whole number within bounds.
struct NumberRule {
  std::string_view name;
  std::uint32_t min, max;
  std::uint32_t QueueNumbers::*member;
};
constexpr std::array<NumberRule, 6> kNumberRules = {{
    {"VisibilityTimeout", 0, kMaxVisibilitySeconds, &QueueNumbers::visibility_s},
    {"DelaySeconds", 0, 900, &QueueNumbers::delay_s},
    {"MaximumMessageSize", 1024, 0, &QueueNumbers::max_bytes},  // The namespace gives the upper bound.
    {"MessageRetentionPeriod", 60, 1'209'600, &QueueNumbers::retention_s},
    {"ReceiveMessageWaitTimeSeconds", 0, 20, &QueueNumbers::receive_wait_s},
    {"KmsDataKeyReusePeriodSeconds", 60, 86'400, &QueueNumbers::key_reuse_s},
}};

const NumberRule* number_rule(std::string_view name) {
  for (const NumberRule& rule : kNumberRules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

template <class Number>
void put(std::string& out, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff);
  }
}

template <class Number>
Number take(std::string_view& rest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest[i])) << (8 * i);
  }
  rest.remove_prefix(sizeof(Number));
  return static_cast<Number>(value);
}

void put_text(std::string& out, std::string_view text) {
  put<std::uint32_t>(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

bool take_text(std::string_view& rest, std::string& out) {
  if (rest.size() < 4) return false;
  const auto length = take<std::uint32_t>(rest);
  if (rest.size() < length) return false;
  out = rest.substr(0, length);
  rest.remove_prefix(length);
  return true;
}

bool take_tags(std::string_view& rest, QueueAttributes& out) {
  if (rest.size() < 2) return false;
  out.tags.clear();
  for (auto n = take<std::uint16_t>(rest); n > 0; --n) {
    std::string key;
    if (!take_text(rest, key) || !take_text(rest, out.tags[key])) return false;
  }
  return true;
}

Refusal set_boolean(std::string_view name, std::string_view value, bool& out) {
  if (!aws::equals_ignoring_case(value, "true") && !aws::equals_ignoring_case(value, "false")) {
    return invalid_attribute_value(name);
  }
  out = aws::equals_ignoring_case(value, "true");
  return {};
}

Refusal set_encryption(QueueAttributes& attributes, std::string_view name, std::string_view value) {
  if (name == "KmsMasterKeyId") {
    if (value.size() > kMaxKeyIdBytes) return invalid_attribute_value(name);
    attributes.key_id = value;
    if (!value.empty()) attributes.managed_encryption = false;
    return {};
  }
  return set_boolean(name, value, attributes.managed_encryption);
}

Refusal set_document(QueueAttributes& attributes, std::string_view name, std::string_view value) {
  if (name == "Policy") {
    if (!value.empty() && !is_access_policy(value)) return invalid_attribute_value(name);
    attributes.policy = value;
    return {};
  }
  if (name == "RedriveAllowPolicy") {
    if (!value.empty()) {
      if (Refusal refusal = check_redrive_allow_policy(value)) return refusal;
    }
    attributes.redrive_allow_policy = value;
    return {};
  }
  RedrivePolicy policy;
  if (!value.empty()) {
    if (Refusal refusal = parse_redrive_policy(value, policy)) return refusal;
  }
  attributes.redrive_policy = value;
  attributes.max_receive_count = policy.max_receive_count;
  attributes.dead_letter = 0;
  return {};
}

bool is_fifo_attribute(std::string_view name) {
  return name == "FifoQueue" || name == "ContentBasedDeduplication" || name == "DeduplicationScope" ||
         name == "FifoThroughputLimit";
}

Refusal set_fifo_queue(const QueueNumbers& numbers, std::string_view value) {
  bool wanted = false;
  if (Refusal refusal = read_fifo(value, wanted)) return refusal;
  if (wanted && numbers.fifo) return {};
  if (!wanted && !numbers.fifo) return unknown_attribute("FifoQueue");
  return {kInvalidAttributeValue,
          "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."};
}

// One of two words.
Refusal set_choice(std::string_view name, std::string_view value, std::string_view no, std::string_view yes,
                   bool& out) {
  if (value != no && value != yes) return invalid_attribute_value(name);
  out = value == yes;
  return {};
}

Refusal set_fifo_attribute(QueueNumbers& numbers, std::string_view name, std::string_view value) {
  if (name == "FifoQueue") return set_fifo_queue(numbers, value);
  if (name == "ContentBasedDeduplication") {
    return numbers.fifo ? set_boolean(name, value, numbers.content_deduplication) : unknown_attribute(name);
  }
  if (!numbers.fifo) {
    return {kInvalidAttributeName, "You can specify the " + std::string(name) + " only when FifoQueue is set to true."};
  }
  if (name == "DeduplicationScope") {
    return set_choice(name, value, "queue", "messageGroup", numbers.group_deduplication);
  }
  return set_choice(name, value, "perQueue", "perMessageGroupId", numbers.group_throughput);
}

std::optional<std::string> get_fifo_attribute(const QueueNumbers& numbers, std::string_view name) {
  if (!numbers.fifo) return std::nullopt;
  if (name == "FifoQueue") return "true";
  if (name == "ContentBasedDeduplication") return numbers.content_deduplication ? "true" : "false";
  if (name == "DeduplicationScope") return numbers.group_deduplication ? "messageGroup" : "queue";
  return numbers.group_throughput ? "perMessageGroupId" : "perQueue";
}

std::optional<std::string> if_set(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

}  // namespace

void encode(std::string& out, const QueueAttributes& a) {
  put<std::uint8_t>(out, kVersion);
  unsigned flags = 0;
  for (const FlagRule& rule : kFlagRules) flags |= a.*rule.member ? rule.bit : 0u;
  put<std::uint8_t>(out, static_cast<std::uint8_t>(flags));
  put<std::uint16_t>(out, a.max_receive_count);
  for (const std::uint32_t number :
       {a.visibility_s, a.delay_s, a.max_bytes, a.retention_s, a.receive_wait_s, a.key_reuse_s}) {
    put<std::uint32_t>(out, number);
  }
  put<std::int64_t>(out, a.created_s);
  put<std::int64_t>(out, a.modified_s);
  put<std::uint64_t>(out, a.dead_letter);
  for (const std::string* text : {&a.policy, &a.redrive_policy, &a.redrive_allow_policy, &a.key_id}) {
    put_text(out, *text);
  }
  put<std::uint16_t>(out, static_cast<std::uint16_t>(a.tags.size()));
  for (const auto& [key, value] : a.tags) {
    put_text(out, key);
    put_text(out, value);
  }
}

bool decode_numbers(std::string_view blob, QueueNumbers& out) {
  if (blob.size() < kNumbersBytes) return false;
  const auto version = take<std::uint8_t>(blob);
  if (version != kVersion && version != kVersionWithoutTags) return false;
  const auto flags = take<std::uint8_t>(blob);
  for (const FlagRule& rule : kFlagRules) out.*rule.member = (flags & rule.bit) != 0;
  out.max_receive_count = take<std::uint16_t>(blob);
  for (std::uint32_t* number :
       {&out.visibility_s, &out.delay_s, &out.max_bytes, &out.retention_s, &out.receive_wait_s, &out.key_reuse_s}) {
    *number = take<std::uint32_t>(blob);
  }
  out.created_s = take<std::int64_t>(blob);
  out.modified_s = take<std::int64_t>(blob);
  out.dead_letter = take<std::uint64_t>(blob);
  return true;
}

bool decode(std::string_view blob, QueueAttributes& out) {
  if (!decode_numbers(blob, out)) return false;
  const bool has_tags = static_cast<std::uint8_t>(blob[0]) != kVersionWithoutTags;
  blob.remove_prefix(kNumbersBytes);
  for (std::string* text : {&out.policy, &out.redrive_policy, &out.redrive_allow_policy, &out.key_id}) {
    if (!take_text(blob, *text)) return false;
  }
  return (!has_tags || take_tags(blob, out)) && blob.empty();
}

Refusal set_attribute(QueueAttributes& attributes, std::string_view name, std::string_view value,
                      std::uint32_t namespace_max_bytes) {
  if (const NumberRule* rule = number_rule(name)) {
    const auto number = aws::parse_integer(value);
    const std::uint32_t max = rule->max != 0 ? rule->max : namespace_max_bytes;
    if (!number || *number < rule->min || *number > max) return invalid_attribute_value(name);
    attributes.*rule->member = static_cast<std::uint32_t>(*number);
    return {};
  }
  if (name == "KmsMasterKeyId" || name == "SqsManagedSseEnabled") return set_encryption(attributes, name, value);
  if (name == "Policy" || name == "RedrivePolicy" || name == "RedriveAllowPolicy") {
    return set_document(attributes, name, value);
  }
  return is_fifo_attribute(name) ? set_fifo_attribute(attributes, name, value) : unknown_attribute(name);
}

Refusal check_encryption(const QueueAttributes& attributes, bool asked_managed) {
  if (attributes.key_id.empty() || (!asked_managed && !attributes.managed_encryption)) return {};
  return {kInvalidAttributeName,
          "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
          "SSE."};
}

Refusal read_fifo(std::string_view value, bool& out) { return set_boolean("FifoQueue", value, out); }

Refusal check_fifo(const QueueNumbers& numbers) {
  if (!numbers.group_throughput || numbers.group_deduplication) return {};
  return {kInvalidAttributeValue,
          "The perMessageGroupId value for FifoThroughputLimit is allowed only when the value for DeduplicationScope "
          "is messageGroup."};
}

std::optional<std::string> get_attribute(const QueueAttributes& attributes, std::string_view name,
                                         std::uint32_t namespace_max_bytes) {
  if (name == "MaximumMessageSize") return std::to_string(attributes.effective_max_bytes(namespace_max_bytes));
  if (name == "KmsDataKeyReusePeriodSeconds" && attributes.key_reuse_s == kDefaultKeyReuse) return std::nullopt;
  if (const NumberRule* rule = number_rule(name)) return std::to_string(attributes.*rule->member);
  if (name == "SqsManagedSseEnabled") return attributes.managed_encryption ? "true" : "false";
  if (name == "Policy") return if_set(attributes.policy);
  if (name == "RedrivePolicy") return if_set(attributes.redrive_policy);
  if (name == "RedriveAllowPolicy") return if_set(attributes.redrive_allow_policy);
  if (name == "KmsMasterKeyId") return if_set(attributes.key_id);
  return is_fifo_attribute(name) ? get_fifo_attribute(attributes, name) : std::nullopt;
}

}  // namespace switchyard::sqs
