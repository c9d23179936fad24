// Who is calling?  Turns the signature of a request into a principal of the server.
//
// Order: what was presented is judged for form, scope and time, then the server verifies it.  A caller
// without a signature, or with an unknown key, is the anonymous namespace where the operator allows that.
//
// Failure: a Refusal with AWS's code and sentence.
// Thread: one lane; the principal is borrowed until the lane callback returns.
#pragma once
#include <string>
#include <string_view>

#include "plugins/aws/digest.h"
#include "plugins/aws/error.h"
#include "plugins/aws/host.h"
#include "plugins/aws/sigv4.h"

namespace switchyard::aws {

struct Caller {
  const sw_principal* principal = nullptr;
  const sw_namespace_info* ns = nullptr;
  bool anonymous = false;
};

// Memory that one lane reuses from request to request.
struct AuthScratch {
  std::string canonical, string_to_sign;
};

// `signature` is filled as far as it could be read, also when the caller turns out to be anonymous.
Refusal authenticate(const Host& host, Digests& digests, AuthScratch& scratch, const sw_http_request& request,
                     std::string_view service, SigV4& signature, Caller& caller);

}  // namespace switchyard::aws
