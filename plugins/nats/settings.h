// Settings is the plugin's section of the configuration.
//
// Failure: parse_settings() says which key is wrong, what it was and what it must be.
// Thread: parsed on the control thread before the lanes start; constant afterwards.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::nats {

// The defaults are nats-server's.
struct Settings {
  std::string listen = "127.0.0.1:4222";
  std::string server_name;  // Empty: the server's id.
  std::uint32_t max_connections = 65'536;
  std::uint32_t max_control_line = 4096;
  std::uint32_t max_payload = 1u << 20;
  std::uint64_t max_pending = 64u << 20;
  std::uint32_t max_subscriptions = 0;  // Of one connection; 0 = no limit.
  std::uint32_t ping_interval_ms = 120'000;
  std::uint32_t ping_max = 2;
  std::uint32_t auth_timeout_ms = 2'000;
  std::uint32_t write_deadline_ms = 10'000;
};

// Schema of the section, for the server.
extern const char* const kConfigKeys;

// False and a sentence in `error` when the section is wrong; `out` is then unspecified.
bool parse_settings(std::string_view json, Settings& out, std::string& error);

}  // namespace switchyard::nats
