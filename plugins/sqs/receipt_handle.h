// A receipt handle is the text by which a client names one delivery of one message.
//
// It is base64url of the server's sealed token and four bytes of the delivery's time (Unix seconds, little-
// endian).  The seal binds queue, message and attempt and survives a restart.  The time only serves the
// 12-hour bound on visibility; a client that forges it cheats nobody but itself.
//
// Failure: open() answers SW_INVALID for text that this server never wrote, SW_CONFLICT for another queue's.
// Thread: one lane.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/aws/host.h"

namespace switchyard::sqs {

struct ReceiptHandle {
  sw_token token;
  std::int64_t delivered_s = 0;
};

void append_receipt_handle(std::string& out, const aws::Host& host, sw_stream_id queue, const sw_token& token,
                           std::int64_t delivered_s);
sw_status open_receipt_handle(const aws::Host& host, sw_stream_id queue, std::string_view text, ReceiptHandle& out);

}  // namespace switchyard::sqs
