#include "plugins/sqs/message_input.h"

#include <algorithm>

#include "plugins/aws/encoding.h"
#include "plugins/aws/text.h"
#include "plugins/aws/text_rules.h"

namespace switchyard::sqs {
namespace {

constexpr std::int64_t kMaxDelaySeconds = 900;
constexpr std::string_view kTraceHeader = "AWSTraceHeader";
constexpr std::string_view kNotForThisType = "The request include parameter that is not valid for this queue type.";

Refusal refuse(std::string text) { return {kInvalidParameterValue, std::move(text)}; }

std::string quoted(std::string_view name) { return "'" + std::string(name.substr(0, 300)) + "'"; }

Refusal must_contain(std::string_view name, std::string_view type) {
  return refuse("Message (user) attribute " + quoted(name) + " must contain a non-empty value of type '" +
                std::string(type) + "'.");
}

Refusal invalid_contents() {
  return {kInvalidMessageContents,
          "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD "
          "| #x10000 to #x10FFFF"};
}

Refusal check_type(std::string_view name, std::string_view type) {
  if (!aws::is_attribute_name(name)) {
    return refuse("Message (user) attribute name " + quoted(name) +
                  " is invalid. A name has 1 to 256 letters, digits, underscores, hyphens and dots, no dot at either "
                  "end or beside another, and does not begin with AWS. or Amazon.");
  }
  if (type.empty()) {
    return refuse("The message attribute " + quoted(name) + " must contain non-empty message attribute type.");
  }
  if (aws::is_attribute_type(type)) return {};
  return refuse("The message attribute " + quoted(name) +
                " has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and "
                "String.");
}

Refusal read_binary(std::string_view name, std::string_view base64, MessageInput& out,
                    aws::MessageAttribute& attribute) {
  std::string& value = out.decoded.emplace_front();
  if (!aws::decode_base64(base64, value)) {
    return refuse("Message (user) attribute " + quoted(name) + " must contain a BinaryValue in base64.");
  }
  if (value.empty()) return must_contain(name, "Binary");
  attribute.binary = true;
  attribute.value = value;
  return {};
}

Refusal read_attribute(const NamedFields& named, MessageInput& out) {
  std::optional<std::string_view> type, text, binary;
  const Fields& fields = named.fields;
  if (Refusal refusal = fields.text("DataType", type)) return refusal;
  if (Refusal refusal = fields.text("StringValue", text)) return refusal;
  if (Refusal refusal = fields.text("BinaryValue", binary)) return refusal;
  if (Refusal refusal = check_type(named.name, type.value_or(""))) return refusal;
  aws::MessageAttribute attribute{named.name, *type, {}, false};
  const std::string_view base = aws::base_type(*type);
  if (base == "Binary") {
    if (!binary || binary->empty()) return must_contain(named.name, base);
    if (Refusal refusal = read_binary(named.name, *binary, out, attribute)) return refusal;
  } else {
    if (!text || text->empty()) return must_contain(named.name, base);
    if (!aws::is_message_text(*text)) return invalid_contents();
    if (base == "Number" && !aws::is_attribute_number(*text)) {
      return refuse("Can't cast the value of message (user) attribute " + quoted(named.name) + " to a number.");
    }
    attribute.value = *text;
  }
  out.attributes.push_back(attribute);
  return {};
}

// Serializers of some clients write the two list members as empty lists beside the real value.
Refusal check_lists(const NamedFields& named) {
  std::vector<std::string_view> texts, binaries;
  if (Refusal refusal = named.fields.texts({"StringListValues", "StringListValue"}, texts)) return refusal;
  if (Refusal refusal = named.fields.texts({"BinaryListValues", "BinaryListValue"}, binaries)) return refusal;
  if (texts.empty() && binaries.empty()) return {};
  return {kUnsupportedOperation, "Message attribute list values in SendMessage operation are not supported."};
}

Refusal read_attributes(const Fields& fields, MessageInput& out) {
  std::vector<NamedFields> named;
  if (Refusal refusal = fields.structure_map({"MessageAttributes", "MessageAttribute"}, named)) return refusal;
  if (named.empty()) return {};
  if (named.size() > aws::kMaxAttributes) {
    return refuse("Number of message attributes [" + std::to_string(named.size()) +
                  "] exceeds the allowed maximum [10].");
  }
  for (const NamedFields& one : named) {
    if (Refusal refusal = check_lists(one)) return refusal;
    if (Refusal refusal = read_attribute(one, out)) return refusal;
  }
  const auto by_name = [](const aws::MessageAttribute& a, const aws::MessageAttribute& b) { return a.name < b.name; };
  std::sort(out.attributes.begin(), out.attributes.end(), by_name);
  const auto same = [](const aws::MessageAttribute& a, const aws::MessageAttribute& b) { return a.name == b.name; };
  const auto twice = std::adjacent_find(out.attributes.begin(), out.attributes.end(), same);
  if (twice != out.attributes.end()) {
    return refuse("Message (user) attribute name " + quoted(twice->name) + " is given twice.");
  }
  return {};
}

Refusal read_system_attributes(const Fields& fields, MessageInput& out) {
  std::vector<NamedFields> named;
  if (Refusal refusal = fields.structure_map({"MessageSystemAttributes", "MessageSystemAttribute"}, named)) {
    return refusal;
  }
  for (const NamedFields& one : named) {
    std::optional<std::string_view> type, text;
    if (one.name != kTraceHeader) {
      return refuse("Message system attribute name " + quoted(one.name) +
                    " is invalid; only AWSTraceHeader can be sent.");
    }
    if (Refusal refusal = one.fields.text("DataType", type)) return refusal;
    if (Refusal refusal = one.fields.text("StringValue", text)) return refusal;
    if (type.value_or("") != "String" || !text || text->empty()) {
      return refuse("Message (system) attribute 'AWSTraceHeader' must contain a non-empty value of type 'String'.");
    }
    if (!aws::is_message_text(*text)) return invalid_contents();
    if (text->size() > UINT16_MAX)
      return refuse("Message (system) attribute 'AWSTraceHeader' is longer than 65535 bytes.");
    out.trace_header = *text;
  }
  return {};
}

Refusal check_id(std::string_view value, std::string_view name) {
  if (is_message_id_text(value)) return {};
  return invalid_value(
      value, name,
      std::string(name) + " can only include alphanumeric and punctuation characters. 1 to 128 in length.");
}

Refusal no_deduplication() {
  return refuse(
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
}

Refusal read_ids(const Fields& fields, const QueueNumbers& queue, MessageInput& out) {
  std::optional<std::string_view> group, deduplication;
  if (Refusal refusal = fields.text("MessageGroupId", group)) return refusal;
  if (Refusal refusal = fields.text("MessageDeduplicationId", deduplication)) return refusal;
  if (group) {
    if (Refusal refusal = check_id(*group, "MessageGroupId")) return refusal;
    out.group = *group;
  } else if (queue.fifo) {
    return missing_parameter("MessageGroupId");
  }
  if (!deduplication) return queue.fifo && !queue.content_deduplication ? no_deduplication() : Refusal();
  if (Refusal refusal = check_id(*deduplication, "MessageDeduplicationId")) return refusal;
  if (!queue.fifo) return invalid_value(*deduplication, "MessageDeduplicationId", kNotForThisType);
  out.deduplication = *deduplication;
  return {};
}

Refusal read_delay(const Fields& fields, const QueueNumbers& queue, MessageInput& out) {
  std::optional<std::int64_t> delay;
  if (Refusal refusal = fields.integer("DelaySeconds", delay)) return refusal;
  if (delay && (*delay < 0 || *delay > kMaxDelaySeconds)) {
    return invalid_value(*delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.");
  }
  if (queue.fifo) {
    // A delay of its own would break the order of the group; a zero is what some clients always write.
    if (delay.value_or(0) != 0) return invalid_value(*delay, "DelaySeconds", kNotForThisType);
    delay.reset();
  }
  out.delay_ms = static_cast<std::uint32_t>(delay.value_or(queue.delay_s)) * 1000;
  return {};
}

}  // namespace

bool is_message_id_text(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Refusal read_message(const Fields& fields, const QueueNumbers& queue, MessageInput& out) {
  std::optional<std::string_view> body;
  if (Refusal refusal = fields.text("MessageBody", body)) return refusal;
  if (!body || body->empty()) return missing_parameter("MessageBody");
  out.body = *body;
  if (Refusal refusal = read_delay(fields, queue, out)) return refusal;
  if (Refusal refusal = read_ids(fields, queue, out)) return refusal;
  if (Refusal refusal = read_attributes(fields, out)) return refusal;
  if (Refusal refusal = read_system_attributes(fields, out)) return refusal;
  return aws::is_message_text(out.body) ? Refusal() : invalid_contents();
}

Refusal check_fifo_entry(const Fields& fields, const QueueNumbers& queue) {
  std::optional<std::string_view> group, deduplication;
  if (Refusal refusal = fields.text("MessageGroupId", group)) return refusal;
  if (Refusal refusal = fields.text("MessageDeduplicationId", deduplication)) return refusal;
  if (!group) return refuse("The request must contain the parameter MessageGroupId.");
  return deduplication || queue.content_deduplication ? Refusal() : no_deduplication();
}

Refusal check_size(const MessageInput& message, std::uint32_t max_bytes) {
  if (message.bytes() <= max_bytes) return {};
  return refuse("One or more parameters are invalid. Reason: Message must be shorter than " +
                std::to_string(max_bytes) + " bytes.");
}

aws::Md5 system_attributes_md5(aws::Digests& digests, std::string_view trace_header) {
  const aws::MessageAttribute attribute{kTraceHeader, "String", trace_header, false};
  return aws::attributes_md5(digests, {&attribute, 1});
}

}  // namespace switchyard::sqs
