#include "plugins/sqs/routing.h"

#include "plugins/aws/http_request.h"
#include "plugins/aws/sigv4.h"
#include "plugins/sqs/actions.h"
#include "plugins/sqs/caller_identity.h"

namespace switchyard::sqs {

bool has_form_body(const sw_http_request& request) {
  return aws::view(request.method) == "POST" &&
         aws::starts_with_ignoring_case(aws::header(request, "content-type"), "application/x-www-form-urlencoded");
}

namespace {

Addressee queues_if(bool ours) { return ours ? Addressee::queues : Addressee::nobody_here; }

}  // namespace

Addressee addressee_of(const sw_http_request& request) {
  if (aws::view(request.path) == kPeekPath) return Addressee::peek;
  const std::string_view service = aws::scope_service(request);
  if (service == kTokenService) return Addressee::tokens;
  if (!service.empty()) return queues_if(service == "sqs");
  const std::string_view target = aws::header(request, "x-amz-target");
  if (!target.empty()) return queues_if(target.starts_with(kTargetPrefix));
  const std::string_view query = aws::view(request.query);
  const std::string_view body = has_form_body(request) ? aws::view(request.body) : std::string_view();
  std::string_view version = aws::raw_parameter(query, "Version");
  if (version.empty()) version = aws::raw_parameter(body, "Version");
  if (version == kTokenServiceVersion) return Addressee::tokens;
  if (!version.empty()) return queues_if(version == kApiVersion);
  std::string_view action = aws::raw_parameter(query, "Action");
  if (action.empty()) action = aws::raw_parameter(body, "Action");
  return queues_if(find_action(action) != nullptr);
}

}  // namespace switchyard::sqs
