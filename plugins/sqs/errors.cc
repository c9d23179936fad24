#include "plugins/sqs/errors.h"

namespace switchyard::sqs {

std::string_view shortened(std::string_view value) { return value.substr(0, 1024); }

Refusal invalid_value(std::string_view value, std::string_view parameter, std::string_view reason) {
  std::string text = "Value ";
  text += shortened(value);
  text += " for parameter ";
  text += parameter;
  text += " is invalid. Reason: ";
  text += reason;
  return {kInvalidParameterValue, std::move(text)};
}

Refusal invalid_value(std::int64_t value, std::string_view parameter, std::string_view reason) {
  return invalid_value(std::to_string(value), parameter, reason);
}

Refusal missing_parameter(std::string_view parameter) {
  return {kMissingParameter, "The request must contain the parameter " + std::string(parameter) + "."};
}

Refusal queue_does_not_exist() { return {kQueueDoesNotExist, "The specified queue does not exist."}; }

Refusal receipt_handle_is_invalid(std::string_view handle) {
  return {kReceiptHandleIsInvalid,
          "The input receipt handle \"" + std::string(shortened(handle)) + "\" is not a valid receipt handle."};
}

Refusal unknown_attribute(std::string_view name) {
  return {kInvalidAttributeName, "Unknown Attribute " + std::string(shortened(name)) + "."};
}

Refusal invalid_attribute_value(std::string_view name) {
  return {kInvalidAttributeValue, "Invalid value for the parameter " + std::string(shortened(name)) + "."};
}

Refusal from_status(sw_status status, const sw_error* error) {
  const auto sentence = [error](const char* fallback) {
    return std::string(error != nullptr && error->message[0] != '\0' ? error->message : fallback);
  };
  switch (status) {
    case SW_NOT_FOUND:
      return queue_does_not_exist();
    case SW_QUOTA:
      // A rate recovers by itself, a full store does not.
      if (error != nullptr && error->retry_after_ms > 0) return {kRequestThrottled, sentence("Rate exceeded.")};
      return {kOverLimit, sentence("A limit of this account is reached.")};
    case SW_INVALID:
      return {kInvalidParameterValue, sentence("The request is not valid.")};
    case SW_DENIED:
      return {kAccessDenied, sentence("Access to the resource is denied.")};
    case SW_BUSY:
    case SW_STOPPING:
    case SW_TIMEOUT:
    case SW_CANCELLED:
    case SW_CONFLICT:
      return {aws::kServiceUnavailable, sentence("The server is busy or stopping; try again.")};
    case SW_UNSUPPORTED:
      return {kUnsupportedOperation, sentence("This server does not support the operation.")};
    case SW_UNKNOWN_OUTCOME:
      return {aws::kInternalError, sentence("The disk failed while the request was written: it may or may not have "
                                            "taken effect.")};
    default:
      return {aws::kInternalError, sentence("The server failed to do this; its log says why.")};
  }
}

}  // namespace switchyard::sqs
