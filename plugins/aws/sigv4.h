// What a client presented as its AWS Signature Version 4, in the Authorization header or in a presigned
// query, and the text that it must have signed.
//
// The plugin only says what was signed; the server holds the secret and compares (sw_auth_api).
//
// Failure: a Refusal with AWS's code; nothing here reveals whether a key exists.
// Thread: one lane.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/aws/digest.h"
#include "plugins/aws/error.h"
#include "switchyard/plugin.h"

namespace switchyard::aws {

inline constexpr std::int64_t kMaxSkewSeconds = 15 * 60;
// Far above what any client signs; keeps the work per unknown caller small.
inline constexpr std::size_t kMaxSignedHeaders = 4096;
inline constexpr std::int64_t kMaxPresignedSeconds = 7 * 24 * 3600;

struct SigV4 {
  bool present = false;
  bool presigned = false;
  std::string_view access_key, date, region, service, terminator;  // Credential scope.
  std::string_view signed_headers, signature;
  std::string_view timestamp;       // As sent.
  std::int64_t time_s = 0;          // The same, Unix seconds.
  std::int64_t expires_s = 0;       // Presigned only.
  std::string_view payload_header;  // x-amz-content-sha256, or empty.
  std::string storage;              // Decoded presigned values; the views above may point into it.

  SigV4() = default;
  SigV4(const SigV4&) = delete;
  SigV4& operator=(const SigV4&) = delete;
};

// The service of the credential scope, without judging the rest; empty when the request is not signed.
std::string_view scope_service(const sw_http_request& request);

// Fills `out`; a request without any signature is not refused but has present == false.
Refusal parse_sigv4(const sw_http_request& request, SigV4& out);

// Is the scope for `service`, does its date belong to the timestamp, is the timestamp near `now_s`?
Refusal check_scope_and_time(const SigV4& signature, std::string_view service, std::int64_t now_s);

// The text that a client with the right secret has signed.  `scratch` is reused memory.
void append_string_to_sign(std::string& out, std::string& scratch, const sw_http_request& request,
                           const SigV4& signature, Digests& digests);

}  // namespace switchyard::aws
