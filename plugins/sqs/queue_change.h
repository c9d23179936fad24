// The read-modify-write that every change of a queue's attributes, tags and policy is: read the stored
// form, change the value, store it under the version that was read, answer.
//
// Failure: when the queue changed meanwhile the action runs again on its new form, a bounded number of times
// (request_fields.h); then ServiceUnavailable.
// Thread: one lane.
#pragma once
#include "plugins/sqs/queue.h"
#include "plugins/sqs/queue_attributes.h"

namespace switchyard::sqs {

Refusal read_attributes(const Queue& queue, QueueAttributes& out);
Refusal read_attributes(const sw_stream_info& info, QueueAttributes& out);

// Stores under the version of `info`; `done` gets the call.  Refuses when it cannot be started.
void store_attributes(Call& call, const sw_stream_info& info, const QueueAttributes& attributes, sw_stream_done done);

// Stores and answers an empty result when that is durable.
// REQUIRES: the call's action has done nothing but read.
void change_queue(Call& call, const Queue& queue, const QueueAttributes& attributes);

}  // namespace switchyard::sqs
