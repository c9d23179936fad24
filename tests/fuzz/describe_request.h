// A request's head as text that differs when the request does.
#pragma once
#include <string>

#include "kernel/net/http_message.h"

namespace switchyard::net {

inline void append_part(std::string& seen, std::string_view part) {
  seen += std::to_string(part.size()) + ":";
  seen += part;
}

inline void append_head(std::string& seen, const HttpRequest& request) {
  for (const auto part : {request.method, request.target, request.path, request.query, request.host}) {
    append_part(seen, part);
  }
  for (const auto& header : request.headers) {
    seen += header.name;
    seen += '=';
    seen += header.value;
    seen += '\n';
  }
  seen += std::to_string(request.version);
}

}  // namespace switchyard::net
