#include "plugins/sqs/request_fields.h"

#include "plugins/aws/http_request.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/routing.h"

namespace switchyard::sqs {
namespace {

Refusal read_json(Call& call, const sw_http_request& request, RequestFields& out) {
  out.action = aws::header(request, "x-amz-target");
  if (!out.action.starts_with(kTargetPrefix)) return unknown_action(call.wire, out.action);
  out.action.remove_prefix(kTargetPrefix.size());
  if (aws::view(request.method) != "POST") {
    return {aws::kMalformedQueryString, "The JSON protocol needs the method POST."};
  }
  std::string_view body = aws::view(request.body);
  if (body.empty()) body = "{}";
  boost::json::parser& parser = call.lane.json_parser;
  parser.reset(&call.lane.json_memory);
  boost::system::error_code error;
  parser.write(body.data(), body.size(), error);
  if (error) return {aws::kSerialization, "The request body is not valid JSON: " + error.message() + "."};
  out.document.emplace(parser.release());
  if (!out.document->is_object()) return {aws::kSerialization, "The request body must be a JSON object."};
  out.fields = Fields(&out.document->get_object());
  return {};
}

Refusal read_query(Call& call, const sw_http_request& request, RequestFields& out) {
  const std::string_view method = aws::view(request.method);
  if (method != "GET" && method != "POST") {
    return {aws::kMalformedQueryString,
            "The method " + std::string(shortened(method)) + " is not supported; use GET or POST."};
  }
  aws::QueryForm& form = call.lane.form;
  const std::string_view body = has_form_body(request) ? aws::view(request.body) : std::string_view();
  if (!form.parse(aws::view(request.query), body)) {
    return {aws::kMalformedQueryString,
            "The request has more than " + std::to_string(aws::QueryForm::kMaxParameters) + " parameters."};
  }
  out.action = form.find("", "Action").value_or("");
  if (out.action.empty()) return {aws::kMissingAction, "The request must contain the parameter Action."};
  out.fields = Fields(&form, "");
  return {};
}

void run_again(Call& call) {
  RequestFields request;
  if (Refusal refusal = read_request(call, request)) return call.refuse(refusal);
  call.action->run(call, request.fields);
}

}  // namespace

Refusal unknown_action(Wire wire, std::string_view name) {
  if (wire == Wire::json)
    return {aws::kInvalidAction, "The operation " + std::string(shortened(name)) + " is not one of AmazonSQS."};
  return {aws::kInvalidAction, "The action " + std::string(shortened(name)) + " is not valid for this endpoint."};
}

Refusal read_request(Call& call, RequestFields& out) {
  return call.wire == Wire::json ? read_json(call, call.request(), out) : read_query(call, call.request(), out);
}

void try_again(Call& call, std::string_view what) {
  if (call.tries >= kMaxTries) {
    return call.refuse({aws::kServiceUnavailable, std::string(what) + " was changed by other requests at each of " +
                                                      std::to_string(kMaxTries) +
                                                      " tries; send fewer changes of it at the same time."});
  }
  ++call.tries;
  // The answer may give the call back: the lane is what is left of it.
  Lane& lane = call.lane;
  run_again(call);
  lane.reset_scratch();
}

}  // namespace switchyard::sqs
