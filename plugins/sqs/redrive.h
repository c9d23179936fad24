// What a RedrivePolicy names: the dead-letter queue must exist, be of this caller's realm, and
// allow this source.
//
// Failure: a Refusal with AWS's sentence.
// Thread: one lane.
#pragma once
#include <string_view>

#include "plugins/sqs/call.h"
#include "plugins/sqs/queue_attributes.h"

namespace switchyard::sqs {

// Fills attributes.dead_letter, and remembers for good that the target is one, from attributes.redrive_policy; `queue`
// is the source.
Refusal resolve_redrive(Call& call, const Realm& realm, std::string_view queue, QueueAttributes& attributes);

// Was a queue of this stream name ever a dead-letter queue?  One look-up, where a look at every queue would
// make the creation of ten thousand queues take a minute.
bool was_dead_letter_queue(const Call& call, std::string_view stream_name);

// Does the RedriveAllowPolicy of a dead-letter queue let the queue with the ARN `source` use it?
bool allows_source(std::string_view allow_policy, std::string_view source);

}  // namespace switchyard::sqs
