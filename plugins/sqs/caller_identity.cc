#include "plugins/sqs/caller_identity.h"

#include "plugins/aws/text.h"
#include "plugins/aws/xml_writer.h"

namespace switchyard::sqs {

void write_caller_identity(std::string& out, const aws::Caller& caller, std::string_view request_id) {
  const std::string_view owner = aws::view(caller.ns->owner);
  std::string arn = "arn:aws:iam::";
  arn += owner;
  arn += ":user/";
  arn += aws::view(caller.principal->credential_name);
  aws::XmlWriter xml(out);
  out += "<?xml version=\"1.0\"?><GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">";
  xml.open("GetCallerIdentityResult");
  xml.text("Arn", arn);
  xml.text("UserId", aws::view(caller.principal->credential_id));
  xml.text("Account", owner);
  xml.close("GetCallerIdentityResult");
  xml.open("ResponseMetadata");
  xml.text("RequestId", request_id);
  xml.close("ResponseMetadata");
  xml.close("GetCallerIdentityResponse");
}

}  // namespace switchyard::sqs
