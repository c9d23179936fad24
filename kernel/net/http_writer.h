// The bytes of an answer, appended to a buffer front to back.
//
// Thread: pure function.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "kernel/net/http_message.h"

namespace switchyard::net {

struct ResponseFrame {
  bool close = false;            // Say that the connection closes.
  bool old_keep_alive = false;   // Say that it stays, to a client of HTTP/1.0 that asked.
  bool to_head_request = false;  // Length of the body, without the body.
  std::string_view date;         // As in the Date header.
};

// Everything before the body.  True when a body of `body_size` bytes has to follow.  A status outside
// 200..999 is a bug of the handler and goes out as 500.
bool append_response_head(std::string& out, const ResponseFrame& frame, int status, std::span<const HttpHeader> headers,
                          std::size_t body_size);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t wall_s);

}  // namespace switchyard::net
