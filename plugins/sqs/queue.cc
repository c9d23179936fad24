#include "plugins/sqs/queue.h"

#include "plugins/aws/text.h"

namespace switchyard::sqs {

const sw_stream_info* find_stream(Call& call, const Realm& realm, std::string_view queue) {
  const aws::Host& host = call.lane.host;
  std::string& name = call.lane.name;
  name.clear();
  realm.append_stream_name(name, queue);
  const sw_stream_info* info = nullptr;
  return host.stream->find(host.host, call.ns, aws::to_str(name), &info) == SW_OK ? info : nullptr;
}

Refusal find_queue(Call& call, const Fields& fields, Queue& out) {
  std::optional<std::string_view> url;
  if (Refusal refusal = fields.text("QueueUrl", url)) return refusal;
  std::string_view address = url.value_or(std::string_view());
  if (address.empty()) {
    address = aws::view(call.request().path);
    if (call.wire == Wire::json || address.size() <= 1) return missing_parameter("QueueUrl");
  }
  out.realm = call.realm();
  const auto parsed = out.realm.parse_url(address);
  if (!parsed || !is_queue_name(parsed->queue)) return queue_does_not_exist();
  out.info = find_stream(call, out.realm, parsed->queue);
  if (out.info == nullptr) return queue_does_not_exist();
  // A URL of that style names one incarnation of the queue.
  if (!parsed->resource.empty() && parsed->resource != Realm::resource_id(out.info->id)) return queue_does_not_exist();
  if (!decode_numbers(aws::view(out.info->blob), out.numbers)) {
    return {aws::kInternalError, "The stored attributes of the queue are of a form that this version cannot read."};
  }
  out.name = parsed->queue;
  call.stream = out.info->id;
  return {};
}

sw_stream_config stream_config(const QueueAttributes& attributes, bool keyed) {
  sw_stream_config config{};
  config.size = sizeof config;
  config.storage = SW_STORAGE_FILE;
  config.retention = SW_RETAIN_WORKQUEUE;
  config.max_age_ms = std::uint64_t{attributes.retention_s} * 1000;
  if (keyed) config.flags = SW_STREAM_KEYED;
  if (attributes.fifo) {
    if (attributes.group_deduplication) config.flags |= SW_STREAM_DEDUP_PER_KEY;
    config.dedup_window_ms = kDeduplicationMs;
  }
  return config;
}

sw_consumer_config consumer_config(const QueueAttributes& attributes, bool keyed) {
  sw_consumer_config config{};
  config.size = sizeof config;
  config.name = aws::to_str(kConsumer);
  if (keyed) config.flags = attributes.fifo ? SW_CONSUMER_ORDERED : SW_CONSUMER_FAIR;
  config.ack_wait_ms = attributes.visibility_s * 1000;
  config.max_leased = kMaxLeased;
  if (attributes.dead_letter != 0) {
    config.max_attempts = attributes.max_receive_count;
    config.dead_letter = attributes.dead_letter;
  }
  return config;
}

}  // namespace switchyard::sqs
