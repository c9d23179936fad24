#include "plugins/control/sns_absent.h"

#include "plugins/aws/encoding.h"
#include "plugins/aws/http_request.h"
#include "plugins/aws/sigv4.h"
#include "plugins/aws/text_rules.h"
#include "plugins/aws/xml_writer.h"

namespace switchyard::control {
namespace {

using aws::view;

constexpr std::size_t kMaxAction = 64;

std::string action_of(const sw_http_request& request) {
  auto raw = aws::raw_parameter(view(request.query), "Action");
  if (raw.empty()) raw = aws::raw_parameter(view(request.body), "Action");
  std::string action;
  aws::append_percent_decoded(action, raw.substr(0, kMaxAction), true);
  return aws::is_message_text(action) ? action : std::string();
}

}  // namespace

bool asks_sns(const sw_http_request& request) { return aws::scope_service(request) == "sns"; }

void refuse_sns(const Tables& tables, sw_http_exchange* exchange, const sw_http_request& request) {
  std::string body;
  aws::XmlWriter xml(body);
  body += R"(<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>)";
  xml.text("Type", "Sender");
  xml.text("Code", "InvalidAction");
  xml.text("Message", "The action " + action_of(request) + " is not valid for this endpoint.");
  body += "</Error>";
  const auto id = random_uuid(tables);
  xml.text("RequestId", id);
  body += "</ErrorResponse>";
  const sw_pair headers[] = {{sdk::str("Content-Type"), sdk::str("text/xml")},
                             {sdk::str("x-amzn-RequestId"), sdk::str(id)}};
  tables.http->respond(exchange, 400, headers, std::size(headers), sdk::bytes(body));
}

}  // namespace switchyard::control
