#include "plugins/aws/authenticate.h"

#include <utility>

#include "plugins/aws/text.h"

namespace switchyard::aws {
namespace {

Refusal throttled() { return {kThrottling, "Rate exceeded"}; }

Refusal verify(const Host& host, Digests& digests, AuthScratch& scratch, const sw_http_request& request,
               const SigV4& signature, Caller& caller) {
  scratch.string_to_sign.clear();
  append_string_to_sign(scratch.string_to_sign, scratch.canonical, request, signature, digests);
  sw_mac_check check{};
  check.size = sizeof check;
  check.access_key = to_str(signature.access_key);
  check.date = to_str(signature.date);
  check.region = to_str(signature.region);
  check.service = to_str(signature.service);
  check.string_to_sign = to_str(scratch.string_to_sign);
  check.signature = to_str(signature.signature);
  switch (host.auth->verify_mac(host.host, &check, &caller.principal)) {
    case SW_OK:
      return {};
    case SW_NOT_FOUND:
      return {kInvalidClientTokenId, "The security token included in the request is invalid."};
    case SW_UNAUTHENTICATED:
      return {kSignatureDoesNotMatch,
              "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
              "Access Key and signing method. Consult the service documentation for details."};
    case SW_QUOTA:
      return throttled();
    case SW_DENIED:
      return {kExpiredToken, "The security token included in the request is expired"};
    default:
      return {kServiceUnavailable, "The credential could not be checked now; try again."};
  }
}

// Takes a caller who cannot say who he is, or answers with `otherwise`.
Refusal anonymous(const Host& host, Caller& caller, Refusal otherwise) {
  const auto status = host.auth->anonymous(host.host, &caller.principal);
  if (status == SW_QUOTA) return throttled();
  if (status != SW_OK) return otherwise;
  caller.anonymous = true;
  return {};
}

Refusal identify(const Host& host, Digests& digests, AuthScratch& scratch, const sw_http_request& request,
                 std::string_view service, SigV4& signature, Caller& caller) {
  if (Refusal refusal = parse_sigv4(request, signature)) {
    return anonymous(host, caller, std::move(refusal));
  }
  if (!signature.present) {
    return anonymous(host, caller, {kMissingAuthenticationToken, "Request is missing Authentication Token"});
  }
  const std::int64_t now_s = host.clock->wall_ms(host.host) / 1000;
  if (Refusal refusal = check_scope_and_time(signature, service, now_s)) return refusal;
  Refusal refusal = verify(host, digests, scratch, request, signature, caller);
  if (refusal.kind != &kInvalidClientTokenId) return refusal;
  return anonymous(host, caller, std::move(refusal));
}

}  // namespace

Refusal authenticate(const Host& host, Digests& digests, AuthScratch& scratch, const sw_http_request& request,
                     std::string_view service, SigV4& signature, Caller& caller) {
  if (Refusal refusal = identify(host, digests, scratch, request, service, signature, caller)) return refusal;
  if (host.auth->describe(host.host, caller.principal->ns, &caller.ns) != SW_OK) {
    return {kInvalidClientTokenId, "The security token included in the request is invalid."};
  }
  return {};
}

}  // namespace switchyard::aws
