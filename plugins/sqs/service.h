// Service is the plugin's instance: its settings, its route, and the way of a request to its action.
//
// Failure: configure() and start() say what is wrong; requests are answered with the protocol's errors.
// Thread: life cycle on the control thread; match() and handle() on lanes.
#pragma once
#include <string>
#include <string_view>

#include "plugins/aws/host.h"
#include "plugins/sqs/lane.h"
#include "plugins/sqs/settings.h"

namespace switchyard::sqs {

class Service {
 public:
  explicit Service(const sw_host* host);

  // Empty, or what is wrong.
  std::string configure(std::string_view json, bool dry_run);
  sw_status start(sw_error* error);

  const aws::Host& host() const { return host_; }
  const LiveSettings& settings() const { return settings_; }
  // Random: tells work of this process from what an earlier one left.
  const std::string& process() const { return process_; }

 private:
  static void credential_changed(void* self, void* lane_state, sw_str id, std::uint32_t permissions);
  static std::int32_t match(void* self, void* lane, const sw_http_request* request);
  static void handle(void* self, void* lane, sw_http_exchange* exchange, const sw_http_request* request);

  aws::Host host_;
  LiveSettings settings_;
  std::string process_;
  sw_http_handler handler_{};
};

// Fills the table that the entry exports.
const sw_plugin* plugin_table();

}  // namespace switchyard::sqs
