// A RedrivePolicy names its dead-letter queue by ARN, but dead letters go to a stream, by its id.  When a
// dead-letter queue was deleted and is made again, the queues that name it get the id of the new stream.
//
// It costs a look at every queue of the realm, so it is done where a queue is made whose name was a dead-letter
// queue's before, and nowhere else; also where CreateQueue finds the queue there, because the server may have stopped
// between the two.
//
// Failure: the call is refused; the same CreateQueue goes on with the sources that are left.
// Thread: one lane.
#pragma once
#include <string_view>

#include "plugins/sqs/queue.h"

namespace switchyard::sqs {

// Runs `then` when every source is stored; at once when there is none.  Takes call.state.  A source that the
// new queue's RedriveAllowPolicy does not allow stays as it is: without a dead-letter queue.
using AfterSources = void (*)(Call& call, sw_stream_id dead_letters, std::string_view queue);
void repoint_sources(Call& call, const sw_stream_info& dead_letters, std::string_view queue, AfterSources then);

}  // namespace switchyard::sqs
