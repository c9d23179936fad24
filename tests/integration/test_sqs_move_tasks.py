"""Message move tasks by boto3 and the Query wire against the real broker, with one lane and four."""
import base64
import json
import signal
import time
import uuid

import botocore.exceptions
import pytest
from broker import wait_until
from conftest import client_for


class Moving:
    """A queue, its dead-letter queue, and messages that died."""

    def __init__(self, sqs, dead_messages, fifo=False):
        self.sqs = sqs
        suffix = ".fifo" if fifo else ""
        attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
        self.dead = sqs.create_queue(QueueName="dead-" + uuid.uuid4().hex[:12] + suffix,
                                     Attributes=attributes)["QueueUrl"]
        self.dead_arn = self.attribute(self.dead, "QueueArn")
        redrive = json.dumps({"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 1})
        self.source = sqs.create_queue(QueueName="source-" + uuid.uuid4().hex[:12] + suffix,
                                       Attributes={**attributes, "RedrivePolicy": redrive})["QueueUrl"]
        for first in range(0, dead_messages, 10):
            group = {"MessageGroupId": "g"} if fifo else {}
            sqs.send_message_batch(QueueUrl=self.source, Entries=[
                {"Id": str(i), "MessageBody": f"m{i}", **group} for i in range(first, min(first + 10, dead_messages))])
        received = 0
        while received < dead_messages:
            got = sqs.receive_message(QueueUrl=self.source, MaxNumberOfMessages=10, VisibilityTimeout=0)
            received += len(got.get("Messages", []))
        wait_until(lambda: not sqs.receive_message(QueueUrl=self.source, MaxNumberOfMessages=10).get("Messages")
                   and self.count(self.dead) == dead_messages, what="all to be dead letters")

    def attribute(self, url, name):
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]

    def count(self, url):
        return int(self.attribute(url, "ApproximateNumberOfMessages"))

    def start(self, **more):
        return self.sqs.start_message_move_task(SourceArn=self.dead_arn, **more)["TaskHandle"]

    def tasks(self):
        return self.sqs.list_message_move_tasks(SourceArn=self.dead_arn, MaxResults=10)["Results"]

    def ended(self):
        return wait_until(lambda: self.tasks()[0]["Status"] not in ("RUNNING", "CANCELLING") and self.tasks()[0],
                          seconds=60, what="the end of the task")

    def receive_all(self, url):
        got = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                                   MessageSystemAttributeNames=["All"]).get("Messages"):
            got += messages
            for message in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return got


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_task_brings_dead_letters_back_as_new_messages(sqs):
    moving = Moving(sqs, 137)
    handle = json.loads(base64.b64decode(moving.start()))
    assert handle["sourceArn"] == moving.dead_arn and uuid.UUID(handle["taskId"])
    task = moving.ended()
    assert task["Status"] == "COMPLETED" and "TaskHandle" not in task
    assert task["ApproximateNumberOfMessagesMoved"] == task["ApproximateNumberOfMessagesToMove"] == 137
    back = moving.receive_all(moving.source)
    assert sorted(m["Body"] for m in back) == sorted(f"m{i}" for i in range(137))
    assert {m["Attributes"]["ApproximateReceiveCount"] for m in back} == {"1"}
    assert all("DeadLetterQueueSourceArn" not in m["Attributes"] for m in back)
    assert moving.count(moving.dead) == 0


def test_fifo_group_comes_back_in_order_although_its_ids_are_in_the_window(sqs):
    moving = Moving(sqs, 25, fifo=True)
    moving.start()
    assert moving.ended()["Status"] == "COMPLETED"
    back = moving.receive_all(moving.source)
    assert [m["Body"] for m in back] == [f"m{i}" for i in range(25)]
    assert all(len(m["Attributes"]["MessageDeduplicationId"]) == 64 for m in back)


def test_destination_rate_and_cancel(sqs, make_queue):
    moving = Moving(sqs, 40)
    other = make_queue()
    other_arn = moving.attribute(other, "QueueArn")
    began = time.monotonic()
    handle = moving.start(DestinationArn=other_arn, MaxNumberOfMessagesPerSecond=10)
    wait_until(lambda: moving.count(other) >= 10, seconds=20, what="ten messages to move")
    assert time.monotonic() - began >= 0.8, "ten messages at ten a second"
    running = moving.tasks()[0]
    assert running["Status"] == "RUNNING" and running["TaskHandle"] == handle
    assert running["DestinationArn"] == other_arn and running["MaxNumberOfMessagesPerSecond"] == 10
    error, status = refusal(sqs.start_message_move_task, SourceArn=moving.dead_arn)
    assert status == 400 and error["Code"] == "InvalidParameterValue"
    assert error["Message"].startswith("There is already a task running.")
    sqs.cancel_message_move_task(TaskHandle=handle)
    task = moving.ended()
    assert task["Status"] == "CANCELLED"
    assert task["ApproximateNumberOfMessagesMoved"] == moving.count(other) < 40
    assert moving.count(other) + moving.count(moving.dead) == 40


def test_refusals(sqs, make_queue):
    plain = sqs.get_queue_attributes(QueueUrl=make_queue(), AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    error, status = refusal(sqs.start_message_move_task, SourceArn=plain)
    assert (status, error["Message"]) == (400, "Source queue must be configured as a Dead Letter Queue.")
    error, status = refusal(sqs.list_message_move_tasks, SourceArn=plain + "x")
    assert (status, error["Code"]) == (404, "ResourceNotFoundException")
    error, status = refusal(sqs.cancel_message_move_task, TaskHandle="junk")
    assert error["Message"] == "Value for parameter TaskHandle is invalid."


def test_task_fails_when_its_destination_is_deleted(sqs, make_queue):
    moving = Moving(sqs, 20)
    other = make_queue()
    moving.start(DestinationArn=moving.attribute(other, "QueueArn"), MaxNumberOfMessagesPerSecond=2)
    sqs.delete_queue(QueueUrl=other)
    task = moving.ended()
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "AWS.SimpleQueueService.NonExistentQueue")
    wait_until(lambda: moving.count(moving.dead) + task["ApproximateNumberOfMessagesMoved"] == 20,
               what="the others to stay")


@pytest.mark.parametrize("lanes", [1, 4])
def test_task_goes_on_after_kill_9_and_moves_each_message_once(own_broker, lanes):
    broker = own_broker(sets=[f"lanes={lanes}"])
    moving = Moving(client_for(broker), 60)
    moving.start(MaxNumberOfMessagesPerSecond=20)
    for _ in range(2):
        before = moving.count(moving.source)
        wait_until(lambda: moving.count(moving.source) >= before + 5, seconds=20, what="some to move")
        broker.restart(signal.SIGKILL)
        moving.sqs = client_for(broker)
    task = moving.ended()
    assert task["Status"] == "COMPLETED"
    bodies = [m["Body"] for m in moving.receive_all(moving.source)]
    assert sorted(bodies) == sorted(f"m{i}" for i in range(60)), "each once"
    assert moving.count(moving.dead) == 0
