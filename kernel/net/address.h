// Addresses to listen on, and the sockets bound to them.
//
// "127.0.0.1:9324", "[::1]:0", "localhost:80", "0.0.0.0:80", "unix:/run/x.sock".  Port 0 = any free
// port.  The file of a Unix socket that nobody serves any more is replaced; one that is served, or a
// file that is no socket, is left alone and refused.
//
// Thread: [control]; name lookup may block shortly.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/base/result.h"

struct sockaddr_storage;

namespace switchyard::net {

struct BoundSocket {
  int fd = -1;          // Listening, non-blocking, close-on-exec; the caller closes it.
  std::string address;  // As bound: "127.0.0.1:43127", "unix:/run/x.sock".
  std::string path;     // Of a Unix socket: to unlink at the end.
  std::uint16_t port = 0;
};

Result<BoundSocket> bind_listener(const std::string& address, unsigned unix_mode);

struct Peer {
  std::string text;  // "127.0.0.1:41234", "[::1]:41234", "unix"
  bool loopback = false;
};
Peer describe_peer(const sockaddr_storage& address);

}  // namespace switchyard::net
