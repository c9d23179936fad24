#include "plugins/sqs/service.h"

#include "plugins/aws/http_request.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/call.h"
#include "plugins/sqs/caller_identity.h"
#include "plugins/sqs/request_fields.h"
#include "plugins/sqs/routing.h"

namespace switchyard::sqs {
namespace {

// Every other route is more special than "whatever looks like SQS".
constexpr std::int32_t kPriority = -100;

Refusal check_permission(const Call& call, const aws::Caller& caller) {
  if ((caller.principal->permissions & call.action->permissions) != 0) return {};
  std::string wanted;
  const auto add = [&](std::uint32_t flag, std::string_view name) {
    if ((call.action->permissions & flag) == 0) return;
    if (!wanted.empty()) wanted += " or ";
    wanted += name;
  };
  add(SW_PERM_PUBLISH, "can_publish");
  add(SW_PERM_RECEIVE, "can_receive");
  add(SW_PERM_MANAGE, "can_manage");
  std::string action;
  for (const char c : call.action->name) action += aws::lower(c);
  return {kAccessDenied, "User: " + std::string(aws::view(caller.principal->credential_name)) +
                             " is not authorized to perform: sqs:" + action +
                             " because the credential has no permission " + wanted};
}

Refusal identify(Call& call, const sw_http_request& request, std::string_view service, aws::Caller& caller) {
  Lane& lane = call.lane;
  aws::SigV4 signature;
  if (Refusal refusal = aws::authenticate(lane.host, lane.digests, lane.auth, request, service, signature, caller)) {
    return refusal;
  }
  if (is_region(signature.region)) {
    call.set_region(signature.region);
  } else if (signature.present && !caller.anonymous) {
    return {aws::kSignatureDoesNotMatch, "Credential should be scoped to a valid region."};
  }
  call.ns = caller.principal->ns;
  call.sender_id = aws::view(caller.principal->credential_id);
  call.expires_ms = SW_HAS(caller.principal, expires_ms) ? caller.principal->expires_ms : 0;
  return {};
}

// What the action throws before its operation was started is the caller's to answer.
void run_action(Call& call, const aws::Caller& caller) {
  RequestFields request;
  if (Refusal refusal = read_request(call, request)) return call.refuse(refusal);
  call.action = find_action(request.action);
  if (call.action == nullptr) return call.refuse(unknown_action(call.wire, request.action));
  if (Refusal refusal = check_permission(call, caller)) return call.refuse(refusal);
  call.action->run(call, request.fields);
}

void run_token_service(Call& call, const aws::Caller& caller, const sw_http_request& request) {
  aws::QueryForm& form = call.lane.form;
  const std::string_view body = has_form_body(request) ? aws::view(request.body) : std::string_view();
  std::string_view action;
  if (form.parse(aws::view(request.query), body)) action = form.find("", "Action").value_or("");
  if (action != kCallerIdentity) return call.refuse(unknown_action(Wire::query, action));
  std::string answer;
  write_caller_identity(answer, caller, call.request_id());
  call.answer(answer);
}

void run_peek(Call& call, const aws::Caller& caller, const sw_http_request& request) {
  if (aws::view(request.method) != "GET") {
    return call.refuse({aws::kMalformedQueryString, "Looking at messages needs the method GET."});
  }
  aws::QueryForm& form = call.lane.form;
  if (!form.parse(aws::view(request.query), "")) {
    return call.refuse(
        {aws::kMalformedQueryString,
         "The request has more than " + std::to_string(aws::QueryForm::kMaxParameters) + " parameters."});
  }
  call.action = &kPeek;
  if (Refusal refusal = check_permission(call, caller)) return call.refuse(refusal);
  peek_messages(call, Fields(&form, ""));
}

void handle_call(Call& call, const sw_http_request& request) {
  const Addressee addressee = addressee_of(request);
  const bool tokens = addressee == Addressee::tokens;
  if (addressee == Addressee::peek) {
    const bool json = aws::header(request, "accept").find("json") != std::string_view::npos;
    call.wire = json ? Wire::json : Wire::query;
  }
  if (tokens) call.wire = Wire::query;
  aws::Caller caller;
  if (Refusal refusal = identify(call, request, tokens ? kTokenService : "sqs", caller)) return call.refuse(refusal);
  if (tokens) return run_token_service(call, caller, request);
  if (addressee == Addressee::peek) return run_peek(call, caller, request);
  run_action(call, caller);
}

}  // namespace

Service::Service(const sw_host* host) : host_(host) {
  if (host_.complete()) aws::RandomIds(host_).append_uuid(process_);
}

std::string Service::configure(std::string_view json, bool dry_run) {
  Settings settings;
  std::string error;
  if (!parse_settings(json, settings, error)) return error.empty() ? "plugins.sqs is not valid" : error;
  if (!dry_run) settings_.store(settings);
  return {};
}

sw_status Service::start(sw_error* error) {
  handler_.size = sizeof handler_;
  handler_.match = &Service::match;
  handler_.handle = &Service::handle;
  // A host older than this lets a poll that began before a revocation end by itself.
  if (SW_HAS(host_.auth, watch)) {
    const sw_status status = host_.auth->watch(host_.host, &Service::credential_changed, this);
    if (status != SW_OK) return status;
  }
  return host_.http->route(host_.host, aws::to_str(""), aws::to_str("/*"), kPriority, &handler_, error);
}

void Service::credential_changed(void*, void* lane_state, sw_str id, std::uint32_t permissions) {
  static_cast<Lane*>(lane_state)->credential_changed(aws::view(id), permissions);
}

std::int32_t Service::match(void*, void*, const sw_http_request* request) {
  return addressee_of(*request) == Addressee::nobody_here ? 0 : 1;
}

void Service::handle(void*, void* lane_state, sw_http_exchange* exchange, const sw_http_request* request) {
  Lane& lane = *static_cast<Lane*>(lane_state);
  Call& call = lane.acquire(exchange, *request);
  guarded(call, [&] { handle_call(call, *request); });
  lane.reset_scratch();
}

}  // namespace switchyard::sqs
