// ControlPlugin serves /mnq/: accounts and credentials over the control API.
//
// Failure: a section that is wrong is refused with a sentence; requests get the API's error bodies.
// Thread: life cycle on the control thread; ControlLane on its lane.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "plugins/control/call.h"

namespace switchyard::control {

class ControlLane final : public sdk::Lane {
 public:
  ControlLane(const sw_host& host, std::uint32_t lane, const LiveSettings& settings, Turns& turns)
      : tables_(host, lane, turns), settings_(settings) {}
  void handle(sw_http_exchange* exchange, const sw_http_request& request);
  bool is_for_sns(const sw_http_request& request) const;
  void handle_sns(sw_http_exchange* exchange, const sw_http_request& request);

 private:
  const Tables tables_;
  const LiveSettings& settings_;
};

class ControlPlugin final : public sdk::Plugin {
 public:
  explicit ControlPlugin(const sw_host& host) : Plugin(host) {}
  void configure(std::string_view json, bool dry_run) override;
  void start() override;
  std::unique_ptr<sdk::Lane> lane_start(std::uint32_t lane) override;

 private:
  LiveSettings settings_;
  const std::shared_ptr<Turns> turns_ = std::make_shared<Turns>();
};

}  // namespace switchyard::control
