// ErrorKind is one row of the error contract; Refusal is one error with its sentence.
//
// Both wires name the same error differently and answer different statuses, so a row carries both
// spellings and nothing else in the plugins knows them.  Rows that SQS and SNS share stand here.
//
// Thread: plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace switchyard::aws {

struct ErrorKind {
  std::string_view type;  // `__type` of the JSON wire, with its namespace.
  std::string_view code;  // `Code` of the Query wire and of x-amzn-query-error.
  // Of the Query wire, and of JSON in query mode.  Plain JSON says 400 for every 4xx of the service, but keeps
  // what is refused before the service is reached.
  std::uint16_t status;
  bool detail = true;  // The Query wire shows an empty <Detail/>.
  bool before_service = false;
  std::string_view query_text = {};  // When not empty: the sentence on the Query wire, whatever the refusal says.
};

struct [[nodiscard]] Refusal {
  const ErrorKind* kind = nullptr;
  std::string text;

  Refusal() = default;
  Refusal(const ErrorKind& error, std::string sentence) : kind(&error), text(std::move(sentence)) {}
  explicit operator bool() const { return kind != nullptr; }
};

#define SWITCHYARD_CORAL "com.amazon.coral.service#"
inline constexpr ErrorKind kMissingAuthenticationToken{SWITCHYARD_CORAL "MissingAuthenticationTokenException",
                                                       "MissingAuthenticationToken", 403, true, true};
inline constexpr ErrorKind kIncompleteSignature{SWITCHYARD_CORAL "IncompleteSignatureException", "IncompleteSignature",
                                                400, true, true};
inline constexpr ErrorKind kInvalidClientTokenId{SWITCHYARD_CORAL "UnrecognizedClientException", "InvalidClientTokenId",
                                                 403, true, true};
inline constexpr ErrorKind kSignatureDoesNotMatch{SWITCHYARD_CORAL "InvalidSignatureException", "SignatureDoesNotMatch",
                                                  403, true, true};
inline constexpr ErrorKind kRequestExpired{SWITCHYARD_CORAL "RequestExpiredException", "RequestExpired", 400, true,
                                           true};
inline constexpr ErrorKind kExpiredToken{SWITCHYARD_CORAL "ExpiredTokenException", "ExpiredToken", 403, true, true};
inline constexpr ErrorKind kThrottling{SWITCHYARD_CORAL "ThrottlingException", "ThrottlingException", 400, true, true};
inline constexpr ErrorKind kAccessDenied{SWITCHYARD_CORAL "AccessDeniedException", "AccessDenied", 403};
inline constexpr ErrorKind kInvalidAction{SWITCHYARD_CORAL "UnknownOperationException", "InvalidAction", 400};
inline constexpr ErrorKind kMissingAction{SWITCHYARD_CORAL "UnknownOperationException", "MissingAction", 400};
inline constexpr ErrorKind kMalformedQueryString{SWITCHYARD_CORAL "MalformedQueryString", "MalformedQueryString", 404};
inline constexpr ErrorKind kSerialization{SWITCHYARD_CORAL "SerializationException", "MalformedInput", 400};
inline constexpr ErrorKind kInvalidParameterValue{SWITCHYARD_CORAL "InvalidParameterValueException",
                                                  "InvalidParameterValue", 400};
inline constexpr ErrorKind kMissingParameter{SWITCHYARD_CORAL "MissingRequiredParameterException", "MissingParameter",
                                             400};
inline constexpr ErrorKind kInternalError{SWITCHYARD_CORAL "InternalFailure", "InternalError", 500};
inline constexpr ErrorKind kServiceUnavailable{SWITCHYARD_CORAL "ServiceUnavailableException", "ServiceUnavailable",
                                               503};
#undef SWITCHYARD_CORAL

}  // namespace switchyard::aws
