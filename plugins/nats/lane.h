// Lane is what the connections of one lane share.
//
// Thread: its lane.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>

#include "plugins/nats/service.h"

namespace switchyard::nats {

class Client;

struct Lane {
  Lane(Service& s, std::uint32_t i) : service(s), host(s.host()), index(i), limits(s.wire_limits()) {}

  // Never 0, unique on this server.
  std::uint64_t next_client_id() { return ++made * host.host->lanes + index; }

  Service& service;
  const Host& host;
  const std::uint32_t index;
  const WireLimits limits;
  std::unordered_set<Client*> clients;
  std::uint64_t made = 0;
  std::string text;     // Of a line that is being written.
  std::string head;     // Of a message that is being delivered.
  bool slowed = false;  // A delivery since the last publish found its receiver behind.
  std::uint64_t in_messages = 0, in_bytes = 0, out_messages = 0, out_bytes = 0;  // Not in the counters yet.

  void count();
};

}  // namespace switchyard::nats
