"""What one pass over the SQS API shows in every AWS SDK: the programs in other languages print the same JSON.

A value under "errors" is the class that the SDK has for the error, without the word Exception that some languages add;
"unmodelled" stands before the code of an error for which the SDKs have no class.
"""
EXPECTED = {
    "life": {"url": True, "again": True, "listed": True, "arn": True, "visibility": "25",
             "tags": {"stage": "test", "team": "blue"}, "untagged": {"team": "blue"}},
    "pages": {"sizes": [2, 2, 1], "all": True},
    "message": {"same_id": True, "body": True, "md5": True, "text": ["String", "v\u00e4lue"], "number": ["Number", "-12.50"],
                "custom": ["String.uuid", "x"], "blob": "0001ff", "trace": "Root=1-5759e988-bd862e3fe1be46a994272793",
                "count": "1", "hidden": 0, "named": ["text"], "count_again": "2", "gone": 0},
    "batch": {"sent": 10, "bodies": [f"body {i}" for i in range(10)], "good": "good",
              "bad": ["bad", "ReceiptHandleIsInvalid", True], "deleted": 10},
    "time": {"long_poll": ["woken"], "at_once": True, "early": 0, "delayed": ["later"], "kept": True},
    "fifo": {"repeated": True, "content": True, "rising": True, "order": [["a"], ["x"], [], ["b"]], "group": ["g", "1"],
             "no_group": "unmodelled MissingParameter"},
    "dead": {"receives": [1, 1, 0], "same_id": True, "from": True, "sources": True, "task": ["COMPLETED", 1],
             "back": ["poison"]},
    "errors": {"no_queue": "QueueDoesNotExist", "no_queue_code": "AWS.SimpleQueueService.NonExistentQueue",
               "name_taken": "QueueNameExists", "bad_handle": "ReceiptHandleIsInvalid",
               "empty": "EmptyBatchRequest", "twice": "BatchEntryIdsNotDistinct", "bad_id": "InvalidBatchEntryId",
               "too_many": "TooManyEntriesInBatchRequest", "too_long": "BatchRequestTooLong",
               "attribute_name": "InvalidAttributeName", "attribute_value": "InvalidAttributeValue",
               "contents": "InvalidMessageContents", "move": "ResourceNotFound", "purge_again": "PurgeQueueInProgress",
               "wrong_key": "unmodelled InvalidClientTokenId", "wrong_secret": "unmodelled SignatureDoesNotMatch",
               "deleted": "QueueDoesNotExist", "deleted_status": True},
}


def differences(seen, expected=None, path=""):
    """Every place where `seen` is not what the contract says, as {place: (seen, expected)}."""
    expected = EXPECTED if expected is None else expected
    found = {}
    for key in sorted(set(seen) | set(expected)):
        one, other = seen.get(key, "nothing"), expected.get(key, "nothing")
        if path == "/errors" and isinstance(one, str):
            one = one.removesuffix("Exception")
        if isinstance(one, dict) and isinstance(other, dict) and path == "":
            found.update(differences(one, other, f"/{key}"))
        elif one != other:
            found[f"{path}/{key}"] = (one, other)
    return found
