"""One pass over the SQS API with botocore of any age: prints what it saw as JSON.

Runs inside the tests with the current boto3 (JSON wire) and, as a program, in an environment with
an old one (Query wire), which is why it needs nothing but boto3.
"""
import json
import sys
import threading
import time

import boto3
import botocore
import botocore.config
import botocore.exceptions

BODY = "caf\u00e9 \u2603 \U0001f680 \"quoted\" <tag> & CR\rLF\nTAB\tend"
ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": "v\u00e4lue"},
    "number.total": {"DataType": "Number", "StringValue": "-12.50"},
    "blob": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff\r\n"},
    "custom": {"DataType": "String.uuid", "StringValue": "x"},
}


def error_of(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
    return None


def receive_all(sqs, url, count, **options):
    """Collects `count` messages; each call may give fewer than asked for."""
    messages = []
    end = time.monotonic() + 10
    while len(messages) < count and time.monotonic() < end:
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, **options)
        messages += reply.get("Messages", [])
    return messages


def lifecycle(sqs, name, seen):
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "20"})["QueueUrl"]
    seen["url_ends"] = url.endswith("/000000000000/" + name)
    seen["again_same_url"] = sqs.create_queue(QueueName=name)["QueueUrl"] == url
    seen["get_url_same"] = sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    seen["listed"] = sqs.list_queues(QueueNamePrefix=name).get("QueueUrls") == [url]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    seen["visibility"] = attributes["VisibilityTimeout"]
    seen["arn"] = attributes["QueueArn"] == "arn:aws:sqs:us-east-1:000000000000:" + name
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "25"})
    only = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    seen["set_attributes"] = only
    return url


def single_message(sqs, url, seen):
    sent = sqs.send_message(QueueUrl=url, MessageBody=BODY, MessageAttributes=ATTRIBUTES)
    got = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"][0]
    seen["same_id"] = got["MessageId"] == sent["MessageId"]
    seen["body"] = got["Body"] == BODY
    seen["md5_body"] = got["MD5OfBody"] == sent["MD5OfMessageBody"]
    seen["md5_attributes"] = got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    seen["attributes"] = got["MessageAttributes"] == ATTRIBUTES
    seen["first_count"] = got["Attributes"]["ApproximateReceiveCount"]
    seen["system_names"] = sorted(set(got["Attributes"]) & {"SenderId", "SentTimestamp", "ApproximateReceiveCount",
                                                            "ApproximateFirstReceiveTimestamp"})
    seen["hidden_while_leased"] = sqs.receive_message(QueueUrl=url).get("Messages", [])
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    again = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"],
                                MessageAttributeNames=["text"])["Messages"][0]
    seen["second_count"] = again["Attributes"]
    seen["filtered"] = sorted(again["MessageAttributes"])
    seen["new_handle"] = again["ReceiptHandle"] != got["ReceiptHandle"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    seen["gone"] = sqs.receive_message(QueueUrl=url).get("Messages", [])


def batches(sqs, url, seen):
    entries = [{"Id": f"id-{i}", "MessageBody": f"body {i}", "MessageAttributes": {
        "n": {"DataType": "Number", "StringValue": str(i)}}} for i in range(10)]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    seen["batch_ids"] = sorted(entry["Id"] for entry in sent["Successful"])
    seen["batch_failed"] = sent.get("Failed", [])
    got = receive_all(sqs, url, 10, MessageAttributeNames=["All"])
    seen["batch_bodies"] = sorted(message["Body"] for message in got)
    seen["batch_attributes"] = all(
        message["Body"] == "body " + message["MessageAttributes"]["n"]["StringValue"] for message in got)
    later = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[
        {"Id": "good", "ReceiptHandle": got[0]["ReceiptHandle"], "VisibilityTimeout": 40},
        {"Id": "bad", "ReceiptHandle": "not-a-handle", "VisibilityTimeout": 40}])
    seen["visibility_batch"] = [[e["Id"] for e in later["Successful"]],
                                [[e["Id"], e["Code"], e["SenderFault"]] for e in later["Failed"]]]
    gone = sqs.delete_message_batch(QueueUrl=url, Entries=[
        {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]} for i, message in enumerate(got)])
    seen["deleted"] = len(gone["Successful"])


def waiting(sqs, url, seen):
    def send_soon():
        time.sleep(0.3)
        sqs.send_message(QueueUrl=url, MessageBody="woken")

    sender = threading.Thread(target=send_soon)
    started = time.monotonic()
    sender.start()
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10).get("Messages", [])
    seen["long_poll"] = [message["Body"] for message in got]
    seen["woken_at_once"] = 0.25 < time.monotonic() - started < 2
    sender.join()
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])

    started = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
    seen["delayed_hidden"] = sqs.receive_message(QueueUrl=url).get("Messages", [])
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", [])
    seen["delayed"] = [message["Body"] for message in got]
    seen["delay_kept"] = 0.9 < time.monotonic() - started < 3


def dead_letters(sqs, name, seen):
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    source = sqs.create_queue(QueueName=name + "-source",
                              Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})["QueueUrl"]
    sent = sqs.send_message(QueueUrl=source, MessageBody="poison")
    receives = [len(sqs.receive_message(QueueUrl=source).get("Messages", [])) for _ in range(3)]
    seen["dead_receives"] = receives
    got = receive_all(sqs, dead, 1, AttributeNames=["All"])
    seen["dead"] = [[message["Body"], message["MessageId"] == sent["MessageId"]] for message in got]
    seen["dead_source"] = got[0]["Attributes"].get("DeadLetterQueueSourceArn", "").endswith(name + "-source")
    sqs.delete_queue(QueueUrl=source)
    sqs.delete_queue(QueueUrl=dead)


def endings(sqs, url, name, seen):
    for i in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=f"purged {i}")
    sqs.purge_queue(QueueUrl=url)
    seen["purged"] = sqs.receive_message(QueueUrl=url).get("Messages", [])
    seen["no_queue"] = error_of(sqs.get_queue_url, QueueName=name + "-never")
    sqs.delete_queue(QueueUrl=url)
    seen["deleted_queue"] = error_of(sqs.send_message, QueueUrl=url, MessageBody="x")
    seen["unlisted"] = sqs.list_queues(QueueNamePrefix=name).get("QueueUrls", [])


EXPECTED = {
    "url_ends": True, "again_same_url": True, "get_url_same": True, "listed": True, "visibility": "20", "arn": True,
    "set_attributes": {"VisibilityTimeout": "25"},
    "same_id": True, "body": True, "md5_body": True, "md5_attributes": True, "attributes": True, "first_count": "1",
    "system_names": ["ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "SenderId", "SentTimestamp"],
    "hidden_while_leased": [], "second_count": {"ApproximateReceiveCount": "2"}, "filtered": ["text"],
    "new_handle": True, "gone": [],
    "batch_ids": [f"id-{i}" for i in range(10)], "batch_failed": [],
    "batch_bodies": [f"body {i}" for i in range(10)], "batch_attributes": True,
    "visibility_batch": [["good"], [["bad", "ReceiptHandleIsInvalid", True]]], "deleted": 10,
    "long_poll": ["woken"], "woken_at_once": True, "delayed_hidden": [], "delayed": ["later"], "delay_kept": True,
    "dead_receives": [1, 1, 0], "dead": [["poison", True]], "dead_source": True,
    "purged": [], "no_queue": ["AWS.SimpleQueueService.NonExistentQueue", 400],
    "deleted_queue": ["AWS.SimpleQueueService.NonExistentQueue", 400], "unlisted": [],
}


def run(sqs, name):
    seen = {}
    url = lifecycle(sqs, name, seen)
    single_message(sqs, url, seen)
    batches(sqs, url, seen)
    waiting(sqs, url, seen)
    dead_letters(sqs, name, seen)
    endings(sqs, url, name, seen)
    return seen


def main():
    endpoint, name = sys.argv[1:3]
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    sqs = boto3.client("sqs", endpoint_url=endpoint, config=config)
    seen = run(sqs, name)
    seen["botocore"] = botocore.__version__
    seen["protocol"] = sqs.meta.service_model.metadata["protocol"]
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
