// The bytes of an answer: append_response() writes one into a buffer, front to back.
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

// A status outside 200..999 is a bug of the handler and goes out as 500.
void append_response(std::string& out, const ResponseFrame& frame, int status, std::span<const HttpHeader> headers,
                     std::string_view body);

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t wall_s);

}  // namespace switchyard::net
