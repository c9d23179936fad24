// MessageInput is one message as a client sends it, alone or as an entry of a batch: read, judged, measured.
//
// Failure: a Refusal with AWS's sentence.
// Thread: one lane; views hold as long as the parsed request.
#pragma once
#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/aws/message_attributes.h"
#include "plugins/sqs/errors.h"
#include "plugins/sqs/fields.h"
#include "plugins/sqs/queue_attributes.h"

namespace switchyard::sqs {

struct MessageInput {
  std::string_view body, group, trace_header;
  std::string_view deduplication;  // As given; empty on a FIFO queue: the body's digest takes its place.
  std::uint32_t delay_ms = 0;
  std::vector<aws::MessageAttribute> attributes;  // Sorted by name.
  std::forward_list<std::string> decoded;         // Binary values; the views point into them.

  std::size_t bytes() const { return body.size() + aws::attribute_bytes(attributes); }
};

// Everything but the size, which a batch judges differently.
Refusal read_message(const Fields& fields, const QueueNumbers& queue, MessageInput& out);
// What a FIFO queue needs of every entry of a batch, or the batch as a whole is refused.
Refusal check_fifo_entry(const Fields& fields, const QueueNumbers& queue);
Refusal check_size(const MessageInput& message, std::uint32_t max_bytes);

// The MD5 of the trace header as a system attribute.
aws::Md5 system_attributes_md5(aws::Digests& digests, std::string_view trace_header);

// A group or deduplication id: 1 to 128 letters, digits and punctuation.
bool is_message_id_text(std::string_view text);

}  // namespace switchyard::sqs
