"""What is not as at AWS, by hand: key -> (word, reason).  The words: differs, refused, never.

A note does not make an entry: `differs` and `refused` need a test that shows it, or the entry is `untested`; a
test that gets what is noted as refused or never fails the table.
"""

POLICY = "the policy is kept, judged in form and shown; it neither grants nor denies"
KMS = "kept and shown; there is no key service, and messages are not encrypted by the broker"
LISTS = "refused with UnsupportedOperation; AWS has not implemented it, either"
NO_KMS = "there is no key service"

NOTES = {
    "action AddPermission": ("differs", POLICY),
    "action RemovePermission": ("differs", POLICY),
    "action StartMessageMoveTask": (
        "differs", "a task moves at most as many messages as could be received when it started"),
    "parameter ReceiveMessage ReceiveRequestAttemptId": (
        "differs", "a restart of the server forgets attempts, and so do more than 4,096 within five minutes"),
    "parameter CreateQueue tags": ("differs", "not compared when the queue exists"),
    "parameter SendMessage MessageAttributes.StringListValues": ("refused", LISTS),
    "parameter SendMessage MessageAttributes.BinaryListValues": ("refused", LISTS),
    "parameter SendMessageBatch Entries.MessageAttributes.StringListValues": ("refused", LISTS),
    "parameter SendMessageBatch Entries.MessageAttributes.BinaryListValues": ("refused", LISTS),
    "set Policy": ("differs", POLICY),
    "set DelaySeconds": ("differs", "of a FIFO queue: holds for messages sent from then on, not for those that wait"),
    "set DeduplicationScope": ("differs", "a change forgets the deduplication ids of the old scope"),
    "set FifoThroughputLimit": ("differs", "kept and shown; there is no limit of FIFO throughput"),
    "set KmsMasterKeyId": ("differs", KMS),
    "set KmsDataKeyReusePeriodSeconds": ("differs", KMS),
    "set SqsManagedSseEnabled": ("differs", KMS),
    "error KmsAccessDenied": ("never", NO_KMS),
    "error KmsDisabled": ("never", NO_KMS),
    "error KmsInvalidKeyUsage": ("never", NO_KMS),
    "error KmsInvalidState": ("never", NO_KMS),
    "error KmsNotFound": ("never", NO_KMS),
    "error KmsOptInRequired": ("never", NO_KMS),
    "error KmsThrottled": ("never", NO_KMS),
    **{f"parameter {action}MessageSystemAttributes.{member}": ("refused", "AWSTraceHeader is a text")
       for action in ("SendMessage ", "SendMessageBatch Entries.")
       for member in ("BinaryValue", "StringListValues", "BinaryListValues")},
    **{f"member ReceiveMessage Messages.MessageAttributes.{member}": ("never", "it cannot be sent")
       for member in ("StringListValues", "BinaryListValues")},
    **{f"set {name}": ("refused", "read-only") for name in (
        "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
        "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn")},
    "error InvalidAddress": ("never", "an address that names no queue of the caller is QueueDoesNotExist"),
    "error InvalidSecurity": ("never", "requests without TLS are not refused; see `tls` for listeners that have it"),
    "error RequestThrottled": ("never", "a namespace's rate of requests answers ThrottlingException"),
    "error InvalidIdFormat": ("never", "a handle that is none is ReceiptHandleIsInvalid"),
    "error MessageNotInflight": ("never", "InvalidParameterValue with the text that AWS answers"),
}
