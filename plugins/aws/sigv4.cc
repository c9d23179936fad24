#include "plugins/aws/sigv4.h"

#include "plugins/aws/canonical_request.h"
#include "plugins/aws/encoding.h"
#include "plugins/aws/http_request.h"
#include "plugins/aws/text.h"
#include "plugins/aws/timestamp.h"

namespace switchyard::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

Refusal mismatch(std::string text) { return {kSignatureDoesNotMatch, std::move(text)}; }
Refusal incomplete(std::string text) { return {kIncompleteSignature, std::move(text)}; }

// Access keys may hold slashes, the scope may not: split from the right.
bool split_credential(std::string_view credential, SigV4& out) {
  std::string_view* const parts[4] = {&out.terminator, &out.service, &out.region, &out.date};
  for (std::string_view* part : parts) {
    const std::size_t slash = credential.rfind('/');
    if (slash == std::string_view::npos) return false;
    *part = credential.substr(slash + 1);
    credential = credential.substr(0, slash);
  }
  out.access_key = credential;
  return !credential.empty();
}

Refusal bad_credential(std::string_view credential) {
  return incomplete(
      "Credential must have at least 5 slash-delimited elements, KEY/DATE/REGION/SERVICE/aws4_request, "
      "but is '" +
      std::string(credential.substr(0, 128)) + "'.");
}

Refusal read_timestamp(const sw_http_request& request, SigV4& out) {
  out.timestamp = header(request, "x-amz-date");
  if (!out.timestamp.empty()) {
    const auto time = parse_iso_basic(out.timestamp);
    if (!time) {
      return incomplete("Date must be in ISO-8601 'basic format'. Got '" + std::string(out.timestamp.substr(0, 64)) +
                        "'. See http://en.wikipedia.org/wiki/ISO_8601");
    }
    out.time_s = *time;
    return {};
  }
  const std::string_view date = header(request, "date");
  if (const auto time = parse_iso_basic(date)) {
    out.timestamp = date;
    out.time_s = *time;
    return {};
  }
  if (const auto time = parse_http_date(date)) {
    out.storage = iso_basic(*time);
    out.timestamp = out.storage;
    out.time_s = *time;
    return {};
  }
  return incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
}

Refusal parse_authorization(const sw_http_request& request, std::string_view authorization, SigV4& out) {
  std::string_view rest = authorization;
  const std::string_view algorithm = take_until(rest, ' ');
  if (algorithm != kAlgorithm) {
    return incomplete("Unsupported AWS 'algorithm': '" + std::string(algorithm.substr(0, 64)) + "'; use " +
                      std::string(kAlgorithm) + ".");
  }
  std::string_view credential;
  while (!rest.empty()) {
    std::string_view value = trim(take_until(rest, ','));
    const std::string_view name = take_until(value, '=');
    if (name == "Credential") credential = value;
    if (name == "SignedHeaders") out.signed_headers = value;
    if (name == "Signature") out.signature = value;
  }
  std::string missing;
  const auto need = [&](bool there, std::string_view name) {
    if (!there) missing += "Authorization header requires '" + std::string(name) + "' parameter. ";
  };
  need(!credential.empty(), "Credential");
  need(!out.signature.empty(), "Signature");
  need(!out.signed_headers.empty(), "SignedHeaders");
  if (!missing.empty()) return incomplete(missing + "Authorization=" + std::string(algorithm));
  if (!split_credential(credential, out)) return bad_credential(credential);
  return read_timestamp(request, out);
}

Refusal parse_presigned(std::string_view query, SigV4& out) {
  static constexpr std::string_view kNames[] = {"X-Amz-Algorithm",     "X-Amz-Credential", "X-Amz-Date",
                                                "X-Amz-SignedHeaders", "X-Amz-Expires",    "X-Amz-Signature"};
  std::size_t begin[7] = {};
  for (int i = 0; i < 6; ++i) {
    begin[i] = out.storage.size();
    append_percent_decoded(out.storage, raw_parameter(query, kNames[i]), true);
  }
  begin[6] = out.storage.size();
  // `storage` does not grow any more: views into it hold.
  const auto value = [&](int i) { return std::string_view(out.storage).substr(begin[i], begin[i + 1] - begin[i]); };
  for (const int i : {1, 2, 3, 5}) {
    if (value(i).empty()) {
      return incomplete("AWS query-string parameters must include '" + std::string(kNames[i]) + "'.");
    }
  }
  if (value(0) != kAlgorithm) {
    return incomplete("Unsupported AWS 'algorithm': '" + std::string(value(0).substr(0, 64)) + "'; use " +
                      std::string(kAlgorithm) + ".");
  }
  if (!split_credential(value(1), out)) return bad_credential(value(1));
  out.timestamp = value(2);
  const auto time = parse_iso_basic(out.timestamp);
  if (!time) return incomplete("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  out.time_s = *time;
  out.signed_headers = value(3);
  out.signature = value(5);
  out.expires_s = kMaxSkewSeconds;
  if (!value(4).empty()) {
    const auto expires = parse_integer(value(4));
    if (!expires || *expires < 1 || *expires > kMaxPresignedSeconds) {
      return incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800.");
    }
    out.expires_s = *expires;
  }
  return {};
}

bool lists(std::string_view signed_headers, std::string_view name) {
  while (signed_headers.size() >= name.size()) {
    const bool ends = signed_headers.size() == name.size() || signed_headers[name.size()] == ';';
    if (ends && equals_ignoring_case(signed_headers.substr(0, name.size()), name)) return true;
    const std::size_t next = signed_headers.find(';');
    if (next == std::string_view::npos) return false;
    signed_headers.remove_prefix(next + 1);
  }
  return false;
}

// Every usual client sends the list as the canonical request needs it, and no name twice.
bool in_canonical_order(std::string_view signed_headers) {
  std::string_view before;
  while (!signed_headers.empty()) {
    const std::string_view name = take_until(signed_headers, ';');
    if (name <= before) return false;
    for (const char c : name) {
      if (c >= 'A' && c <= 'Z') return false;
    }
    before = name;
  }
  return true;
}

// Each name copies its header's value into what is hashed: one that is listed a thousand times would make
// megabytes of a small request, before anybody knows who sent it.
bool repeats_a_name(std::string_view signed_headers) {
  if (in_canonical_order(signed_headers)) return false;
  std::string sorted = sorted_signed_headers(signed_headers);
  std::string_view rest = sorted, before = take_until(rest, ';');
  while (!rest.empty()) {
    const std::string_view name = take_until(rest, ';');
    if (name == before) return true;
    before = name;
  }
  return false;
}

// An unsigned Host or X-Amz-Target would let somebody in the middle send the request elsewhere or turn it
// into another action.
Refusal check_signed_headers(const sw_http_request& request, const SigV4& signature) {
  if (signature.signed_headers.size() > kMaxSignedHeaders) {
    return incomplete("SignedHeaders has " + std::to_string(signature.signed_headers.size()) + " bytes; the most is " +
                      std::to_string(kMaxSignedHeaders) + ". Sign fewer headers.");
  }
  if (repeats_a_name(signature.signed_headers)) return mismatch("SignedHeaders lists a header more than once.");
  if (!lists(signature.signed_headers, "host")) {
    return mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (std::size_t i = 0; i < request.header_count; ++i) {
    const std::string_view name = view(request.headers[i].name);
    if (starts_with_ignoring_case(name, "x-amz-") && !lists(signature.signed_headers, name)) {
      return mismatch("'" + std::string(name.substr(0, 64)) + "' must be a 'SignedHeader' in the AWS Authorization.");
    }
  }
  return {};
}

}  // namespace

std::string_view scope_service(const sw_http_request& request) {
  std::string_view credential;
  const std::string_view authorization = header(request, "authorization");
  char separator = '/';
  if (authorization.starts_with(kAlgorithm)) {
    const std::size_t at = authorization.find("Credential=");
    if (at == std::string_view::npos) return {};
    credential = authorization.substr(at + 11);
    credential = credential.substr(0, credential.find(','));
    credential = credential.substr(0, credential.find(' '));
  } else if (authorization.empty()) {
    credential = raw_parameter(view(request.query), "X-Amz-Credential");
    if (credential.find('/') == std::string_view::npos) separator = '%';
  }
  const std::size_t end = credential.rfind(separator);
  if (end == std::string_view::npos || end == 0) return {};
  const std::size_t begin = credential.rfind(separator, end - 1);
  if (begin == std::string_view::npos) return {};
  // An encoded slash is "%2F": two more characters after the percent sign.
  const std::size_t skip = separator == '%' ? 3 : 1;
  if (begin + skip > end) return {};
  return credential.substr(begin + skip, end - begin - skip);
}

Refusal parse_sigv4(const sw_http_request& request, SigV4& out) {
  const std::string_view authorization = header(request, "authorization");
  const std::string_view query = view(request.query);
  Refusal refusal;
  const bool in_query = query.find("X-Amz-Signature=") != std::string_view::npos ||
                        query.find("X-Amz-Credential=") != std::string_view::npos;
  if (!authorization.empty() && in_query) {
    out.present = true;
    return mismatch("The request is signed twice, by the Authorization header and by query-string parameters.");
  }
  if (!authorization.empty()) {
    out.present = true;
    refusal = parse_authorization(request, authorization, out);
  } else if (in_query) {
    out.present = out.presigned = true;
    refusal = parse_presigned(query, out);
  } else {
    return {};
  }
  if (refusal) return refusal;
  out.payload_header = header(request, "x-amz-content-sha256");
  return check_signed_headers(request, out);
}

Refusal check_scope_and_time(const SigV4& signature, std::string_view service, std::int64_t now_s) {
  if (signature.terminator != kTerminator) {
    return mismatch("Credential should be scoped with a valid terminator: 'aws4_request', not '" +
                    std::string(signature.terminator.substr(0, 64)) + "'.");
  }
  if (signature.service != service) {
    return mismatch("Credential should be scoped to correct service: '" + std::string(service) + "'.");
  }
  if (signature.date != signature.timestamp.substr(0, 8)) {
    return mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
                    std::string(signature.date.substr(0, 64)) + "' != '" +
                    std::string(signature.timestamp.substr(0, 8)) + "', from '" + std::string(signature.timestamp) +
                    "'.");
  }
  const std::int64_t earliest = signature.time_s - kMaxSkewSeconds;
  if (now_s < earliest) {
    return mismatch("Signature not yet current: " + std::string(signature.timestamp) + " is still later than " +
                    iso_basic(now_s + kMaxSkewSeconds) + " (" + iso_basic(now_s) + " + 15 min.)");
  }
  if (signature.presigned) {
    if (now_s <= signature.time_s + signature.expires_s) return {};
    return {kRequestExpired, "Request has expired: it was signed at " + std::string(signature.timestamp) + " for " +
                                 std::to_string(signature.expires_s) + " seconds, and it is " + iso_basic(now_s) +
                                 " now."};
  }
  if (now_s > signature.time_s + kMaxSkewSeconds) {
    return mismatch("Signature expired: " + std::string(signature.timestamp) + " is now earlier than " +
                    iso_basic(now_s - kMaxSkewSeconds) + " (" + iso_basic(now_s) + " - 15 min.)");
  }
  return {};
}

void append_string_to_sign(std::string& out, std::string& scratch, const sw_http_request& request,
                           const SigV4& signature, Digests& digests) {
  char hex[64];
  std::string_view payload_hash = kUnsignedPayload;
  if (signature.payload_header != kUnsignedPayload) {
    const Sha256 hash = digests.sha256(view(request.body));
    write_hex(hex, hash.data(), hash.size());
    payload_hash = {hex, sizeof hex};
  }
  scratch.clear();
  if (in_canonical_order(signature.signed_headers)) {
    append_canonical_request(scratch, request, signature.signed_headers, signature.presigned, payload_hash);
  } else {
    append_canonical_request(scratch, request, sorted_signed_headers(signature.signed_headers), signature.presigned,
                             payload_hash);
  }
  const Sha256 hash = digests.sha256(scratch);
  out += kAlgorithm;
  out += '\n';
  out += signature.timestamp;
  out += '\n';
  out += signature.date;
  out += '/';
  out += signature.region;
  out += '/';
  out += signature.service;
  out += '/';
  out += signature.terminator;
  out += '\n';
  write_hex(hex, hash.data(), hash.size());
  out.append(hex, sizeof hex);
}

}  // namespace switchyard::aws
