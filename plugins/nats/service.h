// Service is the plugin in one server process: its settings, its name to clients, and the listener.
//
// Thread: [control]; what lanes read is constant once start() has returned.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/nats/host.h"
#include "plugins/nats/settings.h"
#include "plugins/nats/wire_parser.h"

namespace switchyard::nats {

// The protocol of the servers that this one can stand in for: clients judge features by it.
inline constexpr std::string_view kReportedVersion = "2.10.26";

struct Counters {  // Null: the server keeps none.
  sw_counter *in_messages = nullptr, *in_bytes = nullptr, *out_messages = nullptr, *out_bytes = nullptr,
             *slow_consumers = nullptr, *connections = nullptr;
};

class Service {
 public:
  explicit Service(const sw_host* host);

  const Host& host() const { return host_; }
  // Empty, or what is wrong.
  std::string configure(std::string_view json, bool dry_run);
  sw_status start(sw_error* error);

  const Settings& settings() const { return settings_; }
  const std::string& server_id() const { return server_id_; }
  const std::string& server_name() const { return settings_.server_name.empty() ? server_id_ : settings_.server_name; }
  const std::string& listen_host() const { return listen_host_; }
  std::uint16_t listen_port() const { return listen_port_; }
  const Counters& counters() const { return counters_; }
  WireLimits wire_limits() const { return {settings_.max_control_line, settings_.max_payload, true}; }

  // Open connections of all lanes.
  std::atomic<std::uint32_t> connections{0};

 private:
  void make_counters();

  const Host host_;
  Settings settings_;
  bool started_ = false;
  std::string server_id_;
  std::string listen_host_;
  std::uint16_t listen_port_ = 0;
  Counters counters_;
};

const sw_plugin* plugin_table();

}  // namespace switchyard::nats
