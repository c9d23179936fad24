"""The exact codes, texts and statuses that clients and their users know, on both wires."""
import json

import botocore.exceptions
import pytest
from conftest import CONFIG, client_for
from raw import json_call, query_call

CORAL = "com.amazon.coral.service#"
SQS = "com.amazonaws.sqs#"
GONE = "AWS.SimpleQueueService.NonExistentQueue"


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as raised:
        call(**arguments)
    response = raised.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def url(make_queue):
    return make_queue()


def test_unknown_queue_on_the_json_wire(broker):
    reply = json_call(broker, "GetQueueUrl", QueueName="never-made")
    assert reply.status == 400
    assert reply.headers["content-type"] == "application/x-amz-json-1.0"
    assert reply.headers["x-amzn-query-error"] == GONE + ";Sender"
    assert reply.headers["x-amzn-requestid"]
    assert reply.error == (SQS + "QueueDoesNotExist", "The specified queue does not exist.")


def test_unknown_queue_on_the_query_wire(broker):
    reply = query_call(broker, "GetQueueUrl", QueueName="never-made")
    assert reply.status == 400
    assert reply.headers["content-type"].startswith("text/xml")
    assert reply.error == (GONE, "The specified queue does not exist for this wsdl version.")
    assert reply.xml.findtext("Error/Type") == "Sender"
    assert reply.xml.findtext("RequestId")


@pytest.mark.parametrize("maximum", [0, 11, -1])
def test_number_of_messages_out_of_range(sqs, url, maximum):
    assert refusal(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=maximum) == (
        "InvalidParameterValue", f"Value {maximum} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 "
        "and 10, if provided.", 400)


@pytest.mark.parametrize("seconds", [-1, 21])
def test_wait_time_out_of_range(sqs, url, seconds):
    assert refusal(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=seconds) == (
        "InvalidParameterValue", f"Value {seconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, "
        "if provided.", 400)


def test_message_over_the_limit(sqs, make_queue):
    url = make_queue(MaximumMessageSize="1024")
    sqs.send_message(QueueUrl=url, MessageBody="x" * 1024)
    assert refusal(sqs.send_message, QueueUrl=url, MessageBody="x" * 1025) == (
        "InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.", 400)


def test_message_attributes_count_against_the_limit(sqs, make_queue):
    url = make_queue(MaximumMessageSize="1024")
    attributes = {"name": {"DataType": "String", "StringValue": "v" * 14}}  # 4 + 6 + 14 bytes
    sqs.send_message(QueueUrl=url, MessageBody="x" * 1000, MessageAttributes=attributes)
    code, text, _ = refusal(sqs.send_message, QueueUrl=url, MessageBody="x" * 1001, MessageAttributes=attributes)
    assert (code, text.split(". Reason: ")[1]) == ("InvalidParameterValue", "Message must be shorter than 1024 bytes.")


def test_largest_message_of_an_account(sqs, url):
    sent = "\u00fc" * (1048576 // 2)
    sqs.send_message(QueueUrl=url, MessageBody=sent)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == sent
    assert refusal(sqs.send_message, QueueUrl=url, MessageBody=sent + "x")[1].endswith(
        "Reason: Message must be shorter than 1048576 bytes.")


def test_batch_over_the_limit(sqs, url):
    entries = [{"Id": str(i), "MessageBody": "x" * 524288} for i in range(2)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    entries[1]["MessageBody"] += "x"
    assert refusal(sqs.send_message_batch, QueueUrl=url, Entries=entries) == (
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.", 400)


def test_batch_entries(sqs, url):
    def entries(*ids):
        return [{"Id": one, "MessageBody": "x"} for one in ids]

    prefix = "AWS.SimpleQueueService."
    assert refusal(sqs.send_message_batch, QueueUrl=url, Entries=entries(*map(str, range(20))))[:2] == (
        prefix + "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 20.")
    assert refusal(sqs.send_message_batch, QueueUrl=url, Entries=entries("bad.id"))[:2] == (
        prefix + "InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
        "It can be at most 80 letters long.")
    assert refusal(sqs.send_message_batch, QueueUrl=url, Entries=entries("a", "a"))[0] == prefix + "BatchEntryIdsNotDistinct"
    assert refusal(sqs.send_message_batch, QueueUrl=url, Entries=[])[0] == prefix + "EmptyBatchRequest"
    assert "Messages" not in sqs.receive_message(QueueUrl=url), "a refused batch sends nothing"


def test_empty_body(broker, url):
    assert json_call(broker, "SendMessage", QueueUrl=url, MessageBody="").error[1] == (
        "The request must contain the parameter MessageBody.")
    reply = query_call(broker, "SendMessage", QueueUrl=url)
    assert reply.error == ("MissingParameter", "The request must contain the parameter MessageBody.")


@pytest.mark.parametrize("body", ["\x00", "a\x08b", "\x1f", "\ufffe"])
def test_characters_outside_of_xml(sqs, url, body):
    assert refusal(sqs.send_message, QueueUrl=url, MessageBody=body)[0] == "InvalidMessageContents"


@pytest.mark.parametrize("body", ["\t\n\r", " ", "\ud7ff\ue000\ufffd", "\U0010ffff", "&#xD; &amp; <![CDATA[x]]>"])
def test_every_allowed_character_comes_back(broker, sqs, url, body):
    sqs.send_message(QueueUrl=url, MessageBody=body)
    assert sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"][0]["Body"] == body
    reply = query_call(broker, "ReceiveMessage", QueueUrl=url)
    assert reply.xml.findtext("ReceiveMessageResult/Message/Body") == body


def test_empty_attribute_value(sqs, url):
    code, text, _ = refusal(sqs.send_message, QueueUrl=url, MessageBody="x", MessageAttributes={
        "X": {"DataType": "String", "StringValue": ""}})
    assert (code, text) == ("InvalidParameterValue",
                            "Message (user) attribute 'X' must contain a non-empty value of type 'String'.")


@pytest.mark.parametrize("name", ["", ".a", "a.", "a..b", "AWS.x", "amazon.x", "sp ace", "x" * 257])
def test_bad_attribute_name(broker, url, name):
    reply = json_call(broker, "SendMessage", QueueUrl=url, MessageBody="x", MessageAttributes={
        name: {"DataType": "String", "StringValue": "v"}})
    assert reply.status == 400 and reply.error[0].endswith("InvalidParameterValueException"), reply


def test_create_queue_clash(sqs, name):
    url = sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1"})["QueueUrl"]
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    assert sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1"})["QueueUrl"] == url
    code, text, status = refusal(sqs.create_queue, QueueName=name, Attributes={"DelaySeconds": "2"})
    assert (code, status) == ("QueueAlreadyExists", 400)
    assert text == "A queue already exists with the same name and a different value for attribute DelaySeconds"


@pytest.mark.parametrize("name", ["", "a b", "x" * 81, "a.b", "\u00e9", "a/b"])
def test_bad_queue_name(broker, name):
    reply = json_call(broker, "CreateQueue", QueueName=name)
    assert reply.status == 400, reply
    if name:
        assert reply.error[0].endswith("#InvalidParameterValueException")
        assert "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length" in reply.error[1]


def test_queue_attributes(sqs, name):
    assert refusal(sqs.create_queue, QueueName=name, Attributes={"Colour": "red"}) == (
        "InvalidAttributeName", "Unknown Attribute Colour.", 400)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for attribute, value in [("VisibilityTimeout", "43201"), ("DelaySeconds", "901"), ("MaximumMessageSize", "1023"),
                             ("MaximumMessageSize", "1048577"), ("MessageRetentionPeriod", "59"),
                             ("ReceiveMessageWaitTimeSeconds", "21"), ("VisibilityTimeout", "-1"),
                             ("VisibilityTimeout", "soon")]:
        assert refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes={attribute: value})[:2] == (
            "InvalidAttributeValue", f"Invalid value for the parameter {attribute}."), (attribute, value)
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)
    assert refusal(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Colour"])[0] == "InvalidAttributeName"


def test_fresh_queue_has_the_defaults(sqs, url):
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    created, modified = attributes.pop("CreatedTimestamp"), attributes.pop("LastModifiedTimestamp")
    assert created == modified and len(created) == 10
    assert attributes == {
        "VisibilityTimeout": "30", "DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true", "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
        "QueueArn": "arn:aws:sqs:us-east-1:000000000000:" + url.rsplit("/", 1)[1]}


def test_redrive_policy(sqs, make_queue, url):
    dead = sqs.get_queue_attributes(QueueUrl=make_queue(), AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for count in (0, 1001):
        policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": count})
        code, text, _ = refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes={"RedrivePolicy": policy})
        assert (code, text) == ("InvalidParameterValue", f"Value {policy} for parameter RedrivePolicy is invalid. Reason: "
                                f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive.")
    for broken in ("{", "[]", json.dumps({"maxReceiveCount": 3})):
        assert refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes={"RedrivePolicy": broken})[2] == 400


def test_purge_twice_within_a_minute(broker, sqs, url):
    sqs.purge_queue(QueueUrl=url)
    assert refusal(sqs.purge_queue, QueueUrl=url) == (
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        f"Only one PurgeQueue operation on {url.rsplit('/', 1)[1]} is allowed every 60 seconds.", 403)
    assert json_call(broker, "PurgeQueue", QueueUrl=url).status == 400, "without the query mode header every refusal is 400"


def test_receipt_handles(sqs, url, make_queue):
    assert refusal(sqs.delete_message, QueueUrl=url, ReceiptHandle="garbage") == (
        "ReceiptHandleIsInvalid", 'The input receipt handle "garbage" is not a valid receipt handle.', 404)
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    other = make_queue()
    assert refusal(sqs.delete_message, QueueUrl=other, ReceiptHandle=handle)[0] == "ReceiptHandleIsInvalid"
    middle = len(handle) // 2
    flipped = handle[:middle] + ("A" if handle[middle] != "A" else "B") + handle[middle + 1:]
    assert refusal(sqs.delete_message, QueueUrl=url, ReceiptHandle=flipped)[0] == "ReceiptHandleIsInvalid"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    code, text, _ = refusal(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=5)
    assert code == "InvalidParameterValue"
    assert text.endswith("Reason: Message does not exist or is not available for visibility timeout change.")


def test_list_queues_pages_in_order(sqs, name):
    made = sorted(f"{name}-{i}" for i in range(5))
    for one in reversed(made):
        sqs.create_queue(QueueName=one)
    pages, token = [], {}
    while True:
        page = sqs.list_queues(QueueNamePrefix=name, MaxResults=2, **token)
        pages.append([url.rsplit("/", 1)[1] for url in page["QueueUrls"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == [made[:2], made[2:4], made[4:]]
    assert refusal(sqs.list_queues, MaxResults=1001)[0] == "InvalidParameterValue"


def test_unknown_action_and_broken_bodies(broker):
    assert json_call(broker, "MakeCoffee").status in (400, 404)
    assert json_call(broker, "MakeCoffee").error[0].endswith("UnknownOperationException")
    assert query_call(broker, "MakeCoffee").error[0] == "InvalidAction"


def test_query_queue_named_by_the_path_and_by_get(broker, sqs, url):
    path = "/" + url.split("/", 3)[3]
    assert query_call(broker, "SendMessage", path=path, MessageBody="by path").status == 200
    reply = query_call(broker, "ReceiveMessage", path=path, method="GET", **{"AttributeName.1": "All"})
    message = reply.xml.find("ReceiveMessageResult/Message")
    assert message.findtext("Body") == "by path"
    names = [attribute.findtext("Name") for attribute in message.iter("Attribute")]
    assert {"SenderId", "SentTimestamp", "ApproximateReceiveCount"} <= set(names)


def test_regions_are_separate(broker, sqs, name):
    elsewhere = client_for(broker, region_name="eu-west-3", config=CONFIG)
    here = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert refusal(elsewhere.get_queue_url, QueueName=name)[0] == GONE
    there = elsewhere.create_queue(QueueName=name)["QueueUrl"]
    arn = elsewhere.get_queue_attributes(QueueUrl=there, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert arn == f"arn:aws:sqs:eu-west-3:000000000000:{name}"
    sqs.send_message(QueueUrl=here, MessageBody="here")
    assert "Messages" not in elsewhere.receive_message(QueueUrl=there)


def test_deleted_queue_name_is_reusable_at_once_and_empty(sqs, name):
    for _ in range(3):
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        sqs.send_message(QueueUrl=url, MessageBody="old")
        sqs.delete_queue(QueueUrl=url)
