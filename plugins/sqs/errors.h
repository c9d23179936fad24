// The error contract of SQS: one row per error, and the sentences that several actions share.
//
// Rows common to SQS and SNS stand in plugins/aws/error.h.
//
// Thread: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/aws/error.h"
#include "switchyard/plugin.h"

namespace switchyard::sqs {

using aws::ErrorKind;
using aws::kAccessDenied;
using aws::kInvalidParameterValue;
using aws::kMissingParameter;
using aws::Refusal;

#define SWITCHYARD_SQS "com.amazonaws.sqs#"
#define SWITCHYARD_LEGACY "AWS.SimpleQueueService."
inline constexpr ErrorKind kQueueDoesNotExist{SWITCHYARD_SQS "QueueDoesNotExist",
                                              SWITCHYARD_LEGACY "NonExistentQueue",
                                              400,
                                              true,
                                              false,
                                              "The specified queue does not exist for this wsdl version."};
inline constexpr ErrorKind kQueueNameExists{SWITCHYARD_SQS "QueueNameExists", "QueueAlreadyExists", 400};
inline constexpr ErrorKind kQueueDeletedRecently{SWITCHYARD_SQS "QueueDeletedRecently",
                                                 SWITCHYARD_LEGACY "QueueDeletedRecently", 400};
inline constexpr ErrorKind kPurgeQueueInProgress{SWITCHYARD_SQS "PurgeQueueInProgress",
                                                 SWITCHYARD_LEGACY "PurgeQueueInProgress", 403};
inline constexpr ErrorKind kUnsupportedOperation{SWITCHYARD_SQS "UnsupportedOperation",
                                                 SWITCHYARD_LEGACY "UnsupportedOperation", 400};
inline constexpr ErrorKind kOverLimit{SWITCHYARD_SQS "OverLimit", "OverLimit", 403};
inline constexpr ErrorKind kRequestThrottled{SWITCHYARD_SQS "RequestThrottled", "RequestThrottled", 403};
inline constexpr ErrorKind kInvalidAttributeName{SWITCHYARD_SQS "InvalidAttributeName", "InvalidAttributeName", 400};
inline constexpr ErrorKind kInvalidAttributeValue{SWITCHYARD_SQS "InvalidAttributeValue", "InvalidAttributeValue", 400};
inline constexpr ErrorKind kInvalidMessageContents{SWITCHYARD_SQS "InvalidMessageContents", "InvalidMessageContents",
                                                   400};
inline constexpr ErrorKind kReceiptHandleIsInvalid{SWITCHYARD_SQS "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid",
                                                   404};
inline constexpr ErrorKind kInvalidAddress{SWITCHYARD_SQS "InvalidAddress", "InvalidAddress", 404};
inline constexpr ErrorKind kResourceNotFound{SWITCHYARD_SQS "ResourceNotFoundException", "ResourceNotFoundException",
                                             404};
inline constexpr ErrorKind kEmptyBatchRequest{SWITCHYARD_SQS "EmptyBatchRequest", SWITCHYARD_LEGACY "EmptyBatchRequest",
                                              400, false};
inline constexpr ErrorKind kTooManyEntries{SWITCHYARD_SQS "TooManyEntriesInBatchRequest",
                                           SWITCHYARD_LEGACY "TooManyEntriesInBatchRequest", 400};
inline constexpr ErrorKind kInvalidBatchEntryId{SWITCHYARD_SQS "InvalidBatchEntryId",
                                                SWITCHYARD_LEGACY "InvalidBatchEntryId", 400, false};
inline constexpr ErrorKind kBatchEntryIdsNotDistinct{SWITCHYARD_SQS "BatchEntryIdsNotDistinct",
                                                     SWITCHYARD_LEGACY "BatchEntryIdsNotDistinct", 400, false};
inline constexpr ErrorKind kBatchRequestTooLong{SWITCHYARD_SQS "BatchRequestTooLong",
                                                SWITCHYARD_LEGACY "BatchRequestTooLong", 400};
#undef SWITCHYARD_SQS
#undef SWITCHYARD_LEGACY

// `Value V for parameter P is invalid. Reason: R`
Refusal invalid_value(std::string_view value, std::string_view parameter, std::string_view reason);
Refusal invalid_value(std::int64_t value, std::string_view parameter, std::string_view reason);
Refusal missing_parameter(std::string_view parameter);
Refusal queue_does_not_exist();
Refusal receipt_handle_is_invalid(std::string_view handle);
Refusal unknown_attribute(std::string_view name);
Refusal invalid_attribute_value(std::string_view name);

// What a refusal of the server means to an SQS client.  `error` may be null.
Refusal from_status(sw_status status, const sw_error* error);

// Long values of the client are cut, so that an answer never grows with a hostile request.
std::string_view shortened(std::string_view value);

}  // namespace switchyard::sqs
