// GetCallerIdentity of the token service: "who am I?", which tools of AWS ask before they do anything else.
//
// It is the one action of another service that stands here, because it needs nothing but the signature.
//
// Thread: one lane.
#pragma once
#include <string>
#include <string_view>

#include "plugins/aws/authenticate.h"

namespace switchyard::sqs {

inline constexpr std::string_view kTokenService = "sts";
inline constexpr std::string_view kTokenServiceVersion = "2011-06-15";
inline constexpr std::string_view kCallerIdentity = "GetCallerIdentity";

void write_caller_identity(std::string& out, const aws::Caller& caller, std::string_view request_id);

}  // namespace switchyard::sqs
