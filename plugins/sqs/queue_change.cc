#include "plugins/sqs/queue_change.h"

#include "plugins/aws/text.h"
#include "plugins/sqs/request_fields.h"

namespace switchyard::sqs {
namespace {

void on_changed(void* user, sw_status status, const sw_stream_info*, const sw_error* error) {
  Call& call = *static_cast<Call*>(user);
  guarded(call, [&] {
    if (status == SW_OK) return call.succeed();
    if (status == SW_CONFLICT) return try_again(call, "The queue");
    call.refuse(from_status(status, error));
  });
}

}  // namespace

Refusal read_attributes(const sw_stream_info& info, QueueAttributes& out) {
  if (decode(aws::view(info.blob), out)) return {};
  return {aws::kInternalError, "The stored attributes of the queue cannot be read."};
}

Refusal read_attributes(const Queue& queue, QueueAttributes& out) { return read_attributes(*queue.info, out); }

void store_attributes(Call& call, const sw_stream_info& info, const QueueAttributes& attributes, sw_stream_done done) {
  std::string blob;
  encode(blob, attributes);
  const sw_stream_config config = stream_config(attributes, is_keyed(info));
  const sw_consumer_config consumer = consumer_config(attributes, is_keyed(info));
  const sw_consumer_config* const consumers[] = {&consumer};
  const aws::Host& host = call.lane.host;
  const sw_status status = host.stream->update(host.host, call.ns, info.id, info.version, &config, consumers, 1,
                                               aws::to_bytes(blob), done, &call);
  if (status != SW_OK) call.refuse(from_status(status, nullptr));
}

void change_queue(Call& call, const Queue& queue, const QueueAttributes& attributes) {
  store_attributes(call, *queue.info, attributes, on_changed);
}

}  // namespace switchyard::sqs
