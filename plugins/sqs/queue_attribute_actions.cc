// GetQueueAttributes and SetQueueAttributes.
#include <algorithm>
#include <array>
#include <vector>

#include "plugins/aws/text.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/queue_change.h"
#include "plugins/sqs/redrive.h"

namespace switchyard::sqs {
namespace {

// Everything that GetQueueAttributes can show, in the order in which it shows it.
constexpr std::array<std::string_view, 22> kShown = {"QueueArn",
                                                     "ApproximateNumberOfMessages",
                                                     "ApproximateNumberOfMessagesNotVisible",
                                                     "ApproximateNumberOfMessagesDelayed",
                                                     "CreatedTimestamp",
                                                     "LastModifiedTimestamp",
                                                     "VisibilityTimeout",
                                                     "MaximumMessageSize",
                                                     "MessageRetentionPeriod",
                                                     "DelaySeconds",
                                                     "ReceiveMessageWaitTimeSeconds",
                                                     "Policy",
                                                     "RedrivePolicy",
                                                     "RedriveAllowPolicy",
                                                     "KmsMasterKeyId",
                                                     "KmsDataKeyReusePeriodSeconds",
                                                     "SqsManagedSseEnabled",
                                                     "FifoQueue",
                                                     "ContentBasedDeduplication",
                                                     "DeduplicationScope",
                                                     "FifoThroughputLimit",
                                                     "All"};
constexpr std::uint32_t kCounts = 0b1110;  // The three that need the stream's state.
constexpr std::uint32_t kAll = (1u << (kShown.size() - 1)) - 1;

Refusal read_names(const Fields& fields, std::uint32_t& mask) {
  std::vector<std::string_view> names;
  if (Refusal refusal = fields.texts({"AttributeNames", "AttributeName"}, names)) return refusal;
  mask = 0;
  for (const std::string_view name : names) {
    const auto at = std::find(kShown.begin(), kShown.end(), name);
    if (at == kShown.end()) return unknown_attribute(name);
    mask |= name == "All" ? kAll : 1u << (at - kShown.begin());
  }
  return {};
}

std::optional<std::string> shown_value(const Call& call, const sw_stream_info& info, const QueueAttributes& attributes,
                                       const sw_stream_state& counts, std::size_t index) {
  const std::string_view name = kShown[index];
  if (name == "QueueArn") {
    std::string_view region, queue;
    split_stream_name(aws::view(info.name), region, queue);
    std::string arn;
    call.realm().append_arn(arn, queue);
    return arn;
  }
  if (name == "ApproximateNumberOfMessages") return std::to_string(counts.available);
  if (name == "ApproximateNumberOfMessagesNotVisible") return std::to_string(counts.leased);
  if (name == "ApproximateNumberOfMessagesDelayed") return std::to_string(counts.delayed);
  if (name == "CreatedTimestamp") return std::to_string(attributes.created_s);
  if (name == "LastModifiedTimestamp") return std::to_string(attributes.modified_s);
  return get_attribute(attributes, name, call.realm().ns->max_message_bytes);
}

void answer_attributes(Call& call, std::uint32_t mask, const sw_stream_state& counts) {
  const aws::Host& host = call.lane.host;
  const sw_stream_info* info = nullptr;
  if (host.stream->get(host.host, call.ns, call.stream, &info) != SW_OK) return call.refuse(queue_does_not_exist());
  QueueAttributes attributes;
  if (Refusal refusal = read_attributes(*info, attributes)) return call.refuse(refusal);
  call.succeed([&](ReplyWriter& out) {
    bool open = false;
    for (std::size_t i = 0; i + 1 < kShown.size(); ++i) {
      if ((mask & 1u << i) == 0) continue;
      const auto value = shown_value(call, *info, attributes, counts, i);
      if (!value) continue;
      if (!open) out.begin_map("Attributes");
      open = true;
      out.entry("Attribute", kShown[i], *value);
    }
    if (open) out.end_map();
  });
}

void on_state(void* user, sw_status status, const sw_stream_state* counts, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (call.gone()) return call.drop();
    if (status != SW_OK) return call.refuse(from_status(status, error));
    answer_attributes(call, *static_cast<const std::uint32_t*>(call.state), *counts);
  });
}

// ---- SetQueueAttributes ----

Refusal apply(Call& call, const Queue& queue, const std::vector<TextPair>& pairs, QueueAttributes& attributes) {
  bool asked_managed = false, asked_redrive = false;
  for (const TextPair& pair : pairs) {
    if (Refusal refusal = set_attribute(attributes, pair.name, pair.value, queue.realm.ns->max_message_bytes)) {
      return refusal;
    }
    if (pair.name == "SqsManagedSseEnabled") asked_managed = attributes.managed_encryption;
    if (pair.name == "RedrivePolicy") asked_redrive = true;
  }
  if (Refusal refusal = check_fifo(attributes)) return refusal;
  if (Refusal refusal = check_encryption(attributes, asked_managed)) return refusal;
  return asked_redrive ? resolve_redrive(call, queue.realm, queue.name, attributes) : Refusal();
}

}  // namespace

void get_queue_attributes(Call& call, const Fields& fields) {
  Queue queue;
  std::uint32_t mask = 0;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = read_names(fields, mask)) return call.refuse(refusal);
  if ((mask & kCounts) == 0) return answer_attributes(call, mask, sw_stream_state{});
  auto* kept = call.make<std::uint32_t>();
  *kept = mask;
  call.state = kept;
  const aws::Host& host = call.lane.host;
  const sw_status status = host.stream->state(host.host, call.ns, call.stream, aws::to_str(kConsumer), on_state, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

void set_queue_attributes(Call& call, const Fields& fields) {
  Queue queue;
  std::vector<TextPair> pairs;
  if (Refusal refusal = find_queue(call, fields, queue)) return call.refuse(refusal);
  if (Refusal refusal = fields.text_map({"Attributes", "Attribute"}, pairs)) return call.refuse(refusal);
  if (pairs.empty()) return call.refuse(missing_parameter("Attributes"));
  QueueAttributes attributes;
  if (Refusal refusal = read_attributes(queue, attributes)) return call.refuse(refusal);
  if (Refusal refusal = apply(call, queue, pairs, attributes)) return call.refuse(refusal);
  attributes.modified_s = call.lane.host.clock->wall_ms(call.lane.host.host) / 1000;
  change_queue(call, queue, attributes);
}

}  // namespace switchyard::sqs
