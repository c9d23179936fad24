#include "plugins/control/plugin.h"

#include "plugins/aws/http_request.h"
#include "plugins/control/routes.h"
#include "plugins/control/sns_absent.h"

namespace switchyard::control {
namespace {

using aws::view;

// v1alpha1 was there before there was a second region.
bool region_fits(const Settings& settings, const Match& match) {
  if (match.region.empty()) return true;
  if (match.operation->path.starts_with("/mnq/v1alpha1/")) return match.region == settings.regions.front();
  return settings.has_region(match.region);
}

void run(Call& call, const sw_http_request& request, Match match) {
  if (match.operation == nullptr) {
    if (!match.allowed.empty()) return call.refuse_method(match.allowed);
    return call.refuse_not_found("path", view(request.path));
  }
  if (!call.authenticate(aws::header(request, "x-auth-token"))) return;
  if (!region_fits(call.settings(), match))
    call.arguments.complain("region", "constraint", "value must be a region of this server");
  if (call.arguments.bad()) return call.refuse_arguments();
  call.region = std::move(match.region);
  call.id = std::move(match.id);
  match.operation->run(call);
}

}  // namespace

void ControlLane::handle(sw_http_exchange* exchange, const sw_http_request& request) {
  const auto call = std::make_shared<Call>(tables_, exchange, request, settings_.get());
  call->guarded([&] {
    if (view(request.method) == "GET" && view(request.path) == kDocumentPath)
      return call->reply(200, openapi_document());
    run(*call, request, match_operation(view(request.method), view(request.path)));
  });
}

void ControlPlugin::configure(std::string_view json, bool dry_run) {
  Settings settings;
  const auto wrong = parse_settings(json, settings);
  if (!wrong.empty()) throw sdk::Failure(SW_INVALID, wrong);
  if (!dry_run) settings_.set(std::move(settings));
}

bool ControlLane::is_for_sns(const sw_http_request& request) const { return asks_sns(request); }

void ControlLane::handle_sns(sw_http_exchange* exchange, const sw_http_request& request) {
  refuse_sns(tables_, exchange, request);
}

void ControlPlugin::start() {
  sdk::route<ControlLane, &ControlLane::handle>(*this, "", "/mnq/*");
  sdk::route<ControlLane, &ControlLane::handle_sns, &ControlLane::is_for_sns>(*this, "", "/*", kLastOfAll);
}

std::unique_ptr<sdk::Lane> ControlPlugin::lane_start(std::uint32_t lane) {
  return std::make_unique<ControlLane>(host(), lane, settings_, *turns_);
}

}  // namespace switchyard::control
