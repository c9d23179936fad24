// Is a request of the shared HTTP listener for SQS, and which action does it name?
//
// Order of judgement: the path of the peek endpoint, the service that the client signed for, X-Amz-Target, Version,
// then Action, in the query or in a form body.
//
// Failure: none; what is not recognised is not ours.
// Thread: pure functions.
#pragma once
#include <string_view>

#include "switchyard/plugin.h"

namespace switchyard::sqs {

inline constexpr std::string_view kTargetPrefix = "AmazonSQS.";
inline constexpr std::string_view kApiVersion = "2012-11-05";

// Looks at the messages of a queue without receiving them.
inline constexpr std::string_view kPeekPath = "/_aws/sqs/messages";

enum class Addressee { nobody_here, queues, tokens, peek };

// The one action of the token service that is answered here needs a signature or its own version.
Addressee addressee_of(const sw_http_request& request);
bool has_form_body(const sw_http_request& request);

}  // namespace switchyard::sqs
