#include "plugins/sqs/routing.h"

#include "plugins/aws/http_request.h"
#include "plugins/aws/sigv4.h"
#include "plugins/sqs/actions.h"

namespace switchyard::sqs {

bool has_form_body(const sw_http_request& request) {
  return aws::view(request.method) == "POST" &&
         aws::starts_with_ignoring_case(aws::header(request, "content-type"), "application/x-www-form-urlencoded");
}

bool is_sqs_request(const sw_http_request& request) {
  const std::string_view service = aws::scope_service(request);
  if (!service.empty()) return service == "sqs";
  const std::string_view target = aws::header(request, "x-amz-target");
  if (!target.empty()) return target.starts_with(kTargetPrefix);
  const std::string_view query = aws::view(request.query);
  const std::string_view body = has_form_body(request) ? aws::view(request.body) : std::string_view();
  std::string_view version = aws::raw_parameter(query, "Version");
  if (version.empty()) version = aws::raw_parameter(body, "Version");
  if (!version.empty()) return version == kApiVersion;
  std::string_view action = aws::raw_parameter(query, "Action");
  if (action.empty()) action = aws::raw_parameter(body, "Action");
  return find_action(action) != nullptr;
}

}  // namespace switchyard::sqs
