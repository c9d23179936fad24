// The files by which others find a running server: the pid file and the ports file.
//
// Only their names and texts are made here; the caller writes them, the ports file once every listener accepts.
// Failure: none.
// Thread: pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::nats {

// URLs; an empty list is left out of the file.
struct ListeningUrls {
  std::vector<std::string> nats, monitoring, websocket;
};

// `scheme` is nats, tls, http, https, ws or wss.  A listener on every address (0.0.0.0 or ::) has one URL for each of
// `interface_addresses`; those are IP texts without brackets.
std::vector<std::string> listening_urls(std::string_view scheme, const std::string& host, int port,
                                        const std::vector<std::string>& interface_addresses);

// "DIR/nats-server_<pid>.ports".
std::string ports_file_path(const std::string& dir, int pid);
std::string ports_file_text(const ListeningUrls& urls);

std::string pid_file_text(int pid);

}  // namespace switchyard::nats
