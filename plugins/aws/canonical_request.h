// Builds the canonical request of AWS Signature Version 4: the one text that client and server must agree on.
//
// The path is taken as it came over the wire, normalized and encoded once more (every service but S3
// does so); query parameters are decoded, encoded by AWS's rules and sorted; header values are
// trimmed and inner runs of spaces folded.
//
// Failure: none; a header that was promised but not sent counts as empty, so the signature will differ.
// Thread: pure functions.
#pragma once
#include <string>
#include <string_view>

#include "switchyard/plugin.h"

namespace switchyard::aws {

void append_canonical_path(std::string& out, std::string_view path);

// Leaves X-Amz-Signature out when `presigned`.
void append_canonical_query(std::string& out, std::string_view query, bool presigned);

// "name:value\n" for each name of `signed_headers`, which is lower-case, sorted and joined by ';'.
void append_canonical_headers(std::string& out, const sw_http_request& request, std::string_view signed_headers);

// The client's SignedHeaders in the order that the canonical request needs.
std::string sorted_signed_headers(std::string_view signed_headers);

void append_canonical_request(std::string& out, const sw_http_request& request, std::string_view signed_headers,
                              bool presigned, std::string_view payload_hash);

}  // namespace switchyard::aws
