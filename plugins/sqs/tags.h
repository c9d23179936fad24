// Tags: a queue's labels for people and bills; up to 50, stored with the queue's attributes.
//
// Failure: a Refusal for a key or value of the wrong length, or too many of them.
// Thread: one lane.
#pragma once
#include <string_view>
#include <vector>

#include "plugins/sqs/errors.h"
#include "plugins/sqs/fields.h"
#include "plugins/sqs/queue_attributes.h"

namespace switchyard::sqs {

// CreateQueue spells the JSON member "tags", TagQueue "Tags".
Refusal read_tags(const Fields& fields, std::string_view json_name, std::vector<TextPair>& out);
Refusal add_tags(QueueAttributes& attributes, std::string_view queue, const std::vector<TextPair>& tags);

}  // namespace switchyard::sqs
