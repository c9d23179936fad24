// Queue is the queue that a request names: found, and its numbers read.
//
// Failure: a Refusal for a missing, foreign or unknown queue.
// Thread: one lane; borrowed until the callback returns.
#pragma once
#include <cstdint>
#include <string_view>

#include "plugins/sqs/call.h"
#include "plugins/sqs/queue_attributes.h"

namespace switchyard::sqs {

struct Queue {
  Realm realm;
  const sw_stream_info* info = nullptr;
  std::string_view name;
  QueueNumbers numbers;

  std::uint32_t max_bytes() const { return numbers.effective_max_bytes(realm.ns->max_message_bytes); }
};

// By the parameter QueueUrl, or by the path of a Query request.  Sets call.stream.
Refusal find_queue(Call& call, const Fields& fields, Queue& out);

// By name; null when there is none.
const sw_stream_info* find_stream(Call& call, const Realm& realm, std::string_view queue);

// Stream and consumer configuration of a queue with these attributes.  `keyed`: its stream knows groups, which
// is decided when it is made; a standard queue is then fair between them.
sw_stream_config stream_config(const QueueAttributes& attributes, bool keyed);
sw_consumer_config consumer_config(const QueueAttributes& attributes, bool keyed);
inline bool is_keyed(const sw_stream_info& info) { return (info.config->flags & SW_STREAM_KEYED) != 0; }

}  // namespace switchyard::sqs
