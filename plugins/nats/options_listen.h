// Addresses of listeners: "host:port", "[::1]:port", ":port", or a port alone.
//
// Failure: problems are reported in the reader.
// Thread: the control thread.
#pragma once
#include <string>
#include <string_view>

#include "plugins/nats/options_reader.h"

namespace switchyard::nats {

struct ListenAddress {
  std::string host;  // Without brackets; may be empty.
  int port = 0;
};

// False and a sentence in `error`.
bool parse_listen_address(std::string_view text, ListenAddress& out, std::string& error);

bool read_listen_address(OptionsReader& reader, const ConfMember& field, ListenAddress& out);

}  // namespace switchyard::nats
