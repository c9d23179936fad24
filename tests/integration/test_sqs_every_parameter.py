"""What no other test needed: every action on the Query wire, and the parameters, attributes and errors that the
rest leaves out.  With the others this is the ground of plugins/sqs/COMPATIBILITY.md."""
import json
import time

import botocore.exceptions
import pytest
from broker import wait_until
from conftest import client_for
from raw import json_call, query_call


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def attributes(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names or ["All"])).get("Attributes", {})


def arn_of(sqs, url):
    return attributes(sqs, url, "QueueArn")["QueueArn"]


def test_every_action_on_the_query_wire(broker, name):
    def call(action, url=None, **fields):
        reply = query_call(broker, action, **({"QueueUrl": url} if url else {}), **fields)
        assert reply.status == 200, reply
        return reply.xml

    dead = call("CreateQueue", QueueName=name + "-dead").findtext("CreateQueueResult/QueueUrl")
    arn = call("GetQueueAttributes", dead, **{"AttributeName.1": "QueueArn"}).findtext(
        "GetQueueAttributesResult/Attribute/Value")
    url = call("CreateQueue", QueueName=name, **{"Attribute.1.Name": "RedrivePolicy", "Attribute.1.Value": json.dumps(
        {"deadLetterTargetArn": arn, "maxReceiveCount": 5}), "Tag.1.Key": "team", "Tag.1.Value": "a"}).findtext(
            "CreateQueueResult/QueueUrl")
    assert call("GetQueueUrl", QueueName=name).findtext("GetQueueUrlResult/QueueUrl") == url
    assert [one.text for one in call("ListQueues", QueueNamePrefix=name).findall("ListQueuesResult/QueueUrl")] == [url, dead]
    assert call("ListDeadLetterSourceQueues", dead).findtext("ListDeadLetterSourceQueuesResult/QueueUrl") == url
    call("SetQueueAttributes", url, **{"Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "77"})

    call("TagQueue", url, **{"Tag.1.Key": "stage", "Tag.1.Value": "b"})
    call("UntagQueue", url, **{"TagKey.1": "team"})
    tags = call("ListQueueTags", url).findall("ListQueueTagsResult/Tag")
    assert [(one.findtext("Key"), one.findtext("Value")) for one in tags] == [("stage", "b")]

    call("AddPermission", url, Label="l", **{"AWSAccountId.1": "111122223333", "ActionName.1": "SendMessage"})
    call("RemovePermission", url, Label="l")

    call("SendMessage", url, MessageBody="one")
    batch = call("SendMessageBatch", url, **{"SendMessageBatchRequestEntry.1.Id": "a",
                                             "SendMessageBatchRequestEntry.1.MessageBody": "two"})
    assert batch.findtext("SendMessageBatchResult/SendMessageBatchResultEntry/Id") == "a"
    got = call("ReceiveMessage", url, MaxNumberOfMessages=2).findall("ReceiveMessageResult/Message")
    assert sorted(one.findtext("Body") for one in got) == ["one", "two"]
    one, two = (message.findtext("ReceiptHandle") for message in got)
    call("ChangeMessageVisibility", url, ReceiptHandle=one, VisibilityTimeout=30)
    call("ChangeMessageVisibilityBatch", url, **{
        f"ChangeMessageVisibilityBatchRequestEntry.1.{key}": value
        for key, value in (("Id", "a"), ("ReceiptHandle", two), ("VisibilityTimeout", "30"))})
    call("DeleteMessage", url, ReceiptHandle=one)
    call("DeleteMessageBatch", url, **{"DeleteMessageBatchRequestEntry.1.Id": "a",
                                       "DeleteMessageBatchRequestEntry.1.ReceiptHandle": two})

    for i in range(20):
        call("SendMessage", dead, MessageBody=str(i))
    handle = call("StartMessageMoveTask", SourceArn=arn, DestinationArn=arn.removesuffix("-dead"),
                  MaxNumberOfMessagesPerSecond=1).findtext("StartMessageMoveTaskResult/TaskHandle")
    task = call("ListMessageMoveTasks", SourceArn=arn).find("ListMessageMoveTasksResult/ListMessageMoveTasksResultEntry")
    assert task.findtext("Status") == "RUNNING" and task.findtext("TaskHandle") == handle
    call("CancelMessageMoveTask", TaskHandle=handle)
    call("PurgeQueue", url)
    call("DeleteQueue", url)
    call("DeleteQueue", dead)


def test_every_queue_attribute_is_set_and_shown(sqs, make_queue, name):
    allow = {"redrivePermission": "allowAll"}
    dead = make_queue(RedriveAllowPolicy=json.dumps(allow))
    assert json.loads(attributes(sqs, dead)["RedriveAllowPolicy"]) == allow
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]})
    wanted = {"DelaySeconds": "3", "MaximumMessageSize": "2048", "MessageRetentionPeriod": "600",
              "ReceiveMessageWaitTimeSeconds": "2", "VisibilityTimeout": "7", "Policy": policy,
              "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 3}),
              "KmsMasterKeyId": "alias/aws/sqs", "KmsDataKeyReusePeriodSeconds": "600"}
    made = sqs.create_queue(QueueName=name, Attributes=wanted)["QueueUrl"]
    later = make_queue()
    sqs.set_queue_attributes(QueueUrl=later, Attributes=wanted)
    for url in (made, later):
        shown = attributes(sqs, url)
        assert {key: shown[key] for key in wanted if key not in ("Policy", "RedrivePolicy")} == {
            key: value for key, value in wanted.items() if key not in ("Policy", "RedrivePolicy")}
        assert json.loads(shown["Policy"]) == json.loads(policy)
        assert json.loads(shown["RedrivePolicy"]) == json.loads(wanted["RedrivePolicy"])
        assert abs(int(shown["CreatedTimestamp"]) - time.time()) < 60
        assert abs(int(shown["LastModifiedTimestamp"]) - time.time()) < 60
        assert {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed"} <= set(shown)
    sse = make_queue(SqsManagedSseEnabled="false")
    assert attributes(sqs, sse, "SqsManagedSseEnabled") == {"SqsManagedSseEnabled": "false"}
    sqs.set_queue_attributes(QueueUrl=later, Attributes={"KmsMasterKeyId": "", "KmsDataKeyReusePeriodSeconds": "300"})
    assert not {"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"} & set(attributes(sqs, later))
    sqs.send_message(QueueUrl=make_queue(DelaySeconds="0"), MessageBody="x")
    sqs.send_message(QueueUrl=later, MessageBody="delayed")
    assert attributes(sqs, later, "ApproximateNumberOfMessagesDelayed") == {"ApproximateNumberOfMessagesDelayed": "1"}


def test_what_the_broker_counts_cannot_be_set(sqs, make_queue):
    url = make_queue()
    for name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
                 "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"):
        assert refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes={name: "1"}) == "InvalidAttributeName"


def test_only_the_attributes_that_are_asked_for_are_shown(sqs, make_queue):
    url = make_queue()
    assert set(attributes(sqs, url, "VisibilityTimeout", "DelaySeconds")) == {"VisibilityTimeout", "DelaySeconds"}
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)


def test_every_attribute_of_a_fifo_queue_is_set_and_shown(sqs, name):
    wanted = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "DeduplicationScope": "messageGroup",
              "FifoThroughputLimit": "perMessageGroupId"}
    url = sqs.create_queue(QueueName=name + ".fifo", Attributes=wanted)["QueueUrl"]
    assert {key: attributes(sqs, url)[key] for key in wanted} == wanted


@pytest.mark.parametrize("fifo", [False, True])
def test_every_parameter_of_sending_comes_back(sqs, name, fifo):
    url = sqs.create_queue(QueueName=name + (".fifo" if fifo else ""),
                           Attributes={"FifoQueue": "true"} if fifo else {})["QueueUrl"]
    message = {"MessageBody": "b",
               "MessageAttributes": {"t": {"DataType": "String", "StringValue": "v"},
                                     "b": {"DataType": "Binary", "BinaryValue": b"\x00"}},
               "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}},
               "MessageGroupId": "g"}
    message.update({"MessageDeduplicationId": "d1"} if fifo else {"DelaySeconds": 0})
    single = sqs.send_message(QueueUrl=url, **message)
    again = {**message, "Id": "e", **({"MessageDeduplicationId": "d2"} if fifo else {})}
    [batch] = sqs.send_message_batch(QueueUrl=url, Entries=[again])["Successful"]
    for key in ("MD5OfMessageBody", "MD5OfMessageAttributes", "MD5OfMessageSystemAttributes"):
        assert single[key] == batch[key]
    got = []
    while len(got) < 2:
        got += sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=30,
                                   WaitTimeSeconds=1, MessageSystemAttributeNames=["All"], AttributeNames=["All"])["Messages"]
    assert {one["MessageId"] for one in got} == {single["MessageId"], batch["MessageId"]}
    for one in got:
        assert one["MessageAttributes"] == message["MessageAttributes"]
        assert one["MD5OfBody"] == single["MD5OfMessageBody"] and one["MD5OfMessageAttributes"] == single["MD5OfMessageAttributes"]
        system = one["Attributes"]
        assert system["AWSTraceHeader"] == "Root=1-2-3" and system["MessageGroupId"] == "g"
        assert system["ApproximateReceiveCount"] == "1" and system["SenderId"]
        assert int(system["SentTimestamp"]) <= int(system["ApproximateFirstReceiveTimestamp"])
        assert ("SequenceNumber" in system) == ("MessageDeduplicationId" in system) == fifo


def refused_as(sqs, url, code, **more):
    """Alone and in a batch, which is refused whole or for that entry."""
    assert refusal(sqs.send_message, QueueUrl=url, MessageBody="x", **more).endswith(code)
    try:
        failed = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x", **more}])["Failed"]
    except botocore.exceptions.ClientError as error:
        failed = [error.response["Error"]]
    assert failed[0]["Code"].endswith(code)


LISTS = [("StringListValues", ["a"]), ("BinaryListValues", [b"a"])]


def test_lists_of_values_are_refused_as_at_aws(sqs, make_queue):
    for name, value in LISTS:
        refused_as(sqs, make_queue(), "UnsupportedOperation", MessageAttributes={"l": {"DataType": "String", name: value}})


def test_the_trace_header_is_a_text(sqs, make_queue):
    for kind, name, value in (("Binary", "BinaryValue", b"a"), *(("String", *one) for one in LISTS)):
        header = {"AWSTraceHeader": {"DataType": kind, name: value}}
        refused_as(sqs, make_queue(), "InvalidParameterValue", MessageSystemAttributes=header)


def test_the_owner_of_a_queue_may_be_named(sqs, make_queue, name):
    sqs.create_queue(QueueName=name)
    owner = arn_of(sqs, sqs.get_queue_url(QueueName=name)["QueueUrl"]).split(":")[4]
    assert sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=owner)["QueueUrl"].endswith("/" + name)
    assert refusal(sqs.get_queue_url, QueueName=name, QueueOwnerAWSAccountId="999988887777") == (
        "AWS.SimpleQueueService.NonExistentQueue")


def test_lists_in_pages(sqs, make_queue, name):
    urls = [sqs.create_queue(QueueName=f"{name}-{i}")["QueueUrl"] for i in range(3)]
    first = sqs.list_queues(QueueNamePrefix=name, MaxResults=2)
    second = sqs.list_queues(QueueNamePrefix=name, MaxResults=2, NextToken=first["NextToken"])
    assert first["QueueUrls"] + second["QueueUrls"] == urls and "NextToken" not in second
    dead = make_queue()
    for url in urls:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 3})})
    first = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2)
    second = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2, NextToken=first["NextToken"])
    assert first["queueUrls"] + second["queueUrls"] == urls


def test_a_queue_is_made_with_tags(sqs, name):
    url = sqs.create_queue(QueueName=name, tags={"team": "a"})["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "a"}


def test_every_member_of_a_move_task(sqs, make_queue):
    dead, target = make_queue(), make_queue()
    make_queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 1}))
    for i in range(10):
        sqs.send_message(QueueUrl=dead, MessageBody=str(i))
    task = {"SourceArn": arn_of(sqs, dead), "DestinationArn": arn_of(sqs, target)}
    handle = sqs.start_message_move_task(**task, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    [seen] = sqs.list_message_move_tasks(SourceArn=task["SourceArn"], MaxResults=1)["Results"]
    assert seen["TaskHandle"] == handle and seen["Status"] == "RUNNING"
    assert (seen["SourceArn"], seen["DestinationArn"]) == (task["SourceArn"], task["DestinationArn"])
    assert seen["MaxNumberOfMessagesPerSecond"] == 1 and seen["ApproximateNumberOfMessagesToMove"] == 10
    assert abs(seen["StartedTimestamp"] / 1000 - time.time()) < 60
    moved = sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    assert 0 <= moved <= 10
    ended = lambda: sqs.list_message_move_tasks(SourceArn=task["SourceArn"])["Results"][0]["Status"] == "CANCELLED"
    wait_until(ended, 10, "the task is cancelled")


def test_a_task_whose_destination_goes_says_why_it_failed(sqs, make_queue):
    dead, target = make_queue(), make_queue()
    make_queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 1}))
    for i in range(10):
        sqs.send_message(QueueUrl=dead, MessageBody=str(i))
    sqs.start_message_move_task(SourceArn=arn_of(sqs, dead), DestinationArn=arn_of(sqs, target), MaxNumberOfMessagesPerSecond=1)
    sqs.delete_queue(QueueUrl=target)
    failed = lambda: [one for one in sqs.list_message_move_tasks(SourceArn=arn_of(sqs, dead))["Results"] if one["Status"] == "FAILED"]
    assert wait_until(failed, 10, "the task has failed")[0]["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_both_failures_of_a_batch_have_all_their_members(sqs, make_queue):
    url = make_queue()
    handle = {"Id": "a", "ReceiptHandle": "none"}
    for call, entry in ((sqs.delete_message_batch, handle), (sqs.change_message_visibility_batch, {**handle, "VisibilityTimeout": 1}),
                        (sqs.send_message_batch, {"Id": "a", "MessageBody": "\x01"})):
        [failed] = call(QueueUrl=url, Entries=[entry])["Failed"]
        assert failed["Id"] == "a" and failed["SenderFault"] is True and failed["Code"] and failed["Message"]


def test_batches_that_are_refused_whole(sqs, make_queue):
    url = make_queue()
    entry = lambda number: {"Id": str(number), "MessageBody": "x"}
    for entries, code in (([], "EmptyBatchRequest"), ([entry(i) for i in range(11)], "TooManyEntriesInBatchRequest"),
                          ([entry(1), entry(1)], "BatchEntryIdsNotDistinct"), ([{**entry(1), "Id": "a b"}], "InvalidBatchEntryId")):
        assert refusal(sqs.send_message_batch, QueueUrl=url, Entries=entries) == "AWS.SimpleQueueService." + code


def test_the_name_of_a_deleted_queue_rests_when_the_configuration_says_so(own_broker, name):
    broker = own_broker(sets=["plugins.sqs.recreate_wait=60s"])
    sqs = client_for(broker)
    sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName=name)["QueueUrl"])
    assert refusal(sqs.create_queue, QueueName=name) == "AWS.SimpleQueueService.QueueDeletedRecently"


def test_address_that_is_no_queue_url(broker):
    for url in ("not an address", broker.url, broker.url + "/a/b/c/d"):
        reply = json_call(broker, "SendMessage", QueueUrl=url, MessageBody="x")
        assert (reply.status, reply.error[0]) == (400, "com.amazonaws.sqs#QueueDoesNotExist")
