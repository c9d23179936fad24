"""FIFO queues by boto3 against the real broker, with one lane and four."""
import json
import signal
import time
import uuid

import botocore.exceptions
import pytest
from broker import wait_until
from conftest import client_for


def make_fifo(sqs, **attributes):
    name = "q-" + uuid.uuid4().hex[:16] + ".fifo"
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true", **attributes}
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def send(sqs, url, body, group, **more):
    return sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, **more)


def receive(sqs, url, n=10, **more):
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=n, MessageSystemAttributeNames=["All"],
                               **more).get("Messages", [])


def bodies(messages):
    return [message["Body"] for message in messages]


def delete(sqs, url, *messages):
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]


def test_one_call_gives_several_of_a_group_in_order_then_other_groups(sqs):
    url = make_fifo(sqs)
    sent = [send(sqs, url, f"a{i}", "a") for i in range(4)] + [send(sqs, url, f"b{i}", "b") for i in range(3)]
    got = receive(sqs, url)
    assert bodies(got) == ["a0", "a1", "a2", "a3", "b0", "b1", "b2"]
    assert [m["Attributes"]["SequenceNumber"] for m in got] == [s["SequenceNumber"] for s in sent]
    assert {m["Attributes"]["MessageGroupId"] for m in got} == {"a", "b"}
    assert all(len(m["Attributes"]["MessageDeduplicationId"]) == 64 for m in got)


def test_group_is_blocked_by_what_is_out_of_it_and_freed_by_its_deletion(sqs):
    url = make_fifo(sqs)
    for i in range(4):
        send(sqs, url, f"a{i}", "a")
    first = receive(sqs, url, 2)
    assert bodies(first) == ["a0", "a1"]
    send(sqs, url, "a4", "a")
    assert receive(sqs, url) == []
    delete(sqs, url, first[1])
    assert receive(sqs, url) == [], "a0 is still out"
    delete(sqs, url, first[0])
    assert bodies(receive(sqs, url)) == ["a2", "a3", "a4"]


def test_group_comes_back_up_to_the_first_message_that_is_still_out(sqs):
    url = make_fifo(sqs)
    for i in range(4):
        send(sqs, url, f"a{i}", "a")
    got = receive(sqs, url, 3)
    for i in (0, 2):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got[i]["ReceiptHandle"], VisibilityTimeout=0)
    again = receive(sqs, url)
    assert bodies(again) == ["a0"], "a1 is out: nothing behind it comes"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again[0]["ReceiptHandle"], VisibilityTimeout=0)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got[1]["ReceiptHandle"], VisibilityTimeout=0)
    assert bodies(receive(sqs, url)) == ["a0", "a1", "a2", "a3"]


def test_empty_group_comes_back_with_its_next_message(sqs):
    url = make_fifo(sqs)
    send(sqs, url, "1", "g")
    delete(sqs, url, *receive(sqs, url))
    assert receive(sqs, url) == []
    send(sqs, url, "2", "g")
    assert bodies(receive(sqs, url)) == ["2"]


def test_duplicate_has_the_first_ones_id_also_after_its_deletion_and_a_kill(own_broker):
    broker = own_broker()
    sqs = client_for(broker)
    url = make_fifo(sqs)
    first = send(sqs, url, "one", "g", MessageDeduplicationId="d")
    delete(sqs, url, *receive(sqs, url))
    broker.restart(signal.SIGKILL)
    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName=url.rsplit("/", 1)[1])["QueueUrl"]
    second = send(sqs, url, "two", "g", MessageDeduplicationId="d")
    assert (second["MessageId"], second["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert second["MD5OfMessageBody"] != first["MD5OfMessageBody"]
    assert receive(sqs, url) == []


def test_scope_of_deduplication_per_group(sqs):
    url = make_fifo(sqs, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    send(sqs, url, "same", "a")
    send(sqs, url, "same", "b")
    send(sqs, url, "same", "a")
    assert bodies(receive(sqs, url)) == ["same", "same"]


def test_batch_keeps_its_order_and_is_refused_without_a_group(sqs):
    url = make_fifo(sqs)
    entries = [{"Id": str(i), "MessageBody": f"m{i}", "MessageGroupId": "g"} for i in range(10)]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
    numbers = [entry["SequenceNumber"] for entry in sent]
    assert numbers == sorted(numbers) and len(set(numbers)) == 10
    del entries[3]["MessageGroupId"]
    error = refusal(sqs.send_message_batch, QueueUrl=url, Entries=entries)
    assert (error["Code"], error["Message"]) == ("InvalidParameterValue",
                                                "The request must contain the parameter MessageGroupId.")
    assert bodies(receive(sqs, url)) == [f"m{i}" for i in range(10)]


def test_expired_handle_does_not_delete(sqs):
    url = make_fifo(sqs)
    send(sqs, url, "m", "g")
    old = receive(sqs, url, VisibilityTimeout=1)[0]
    current = wait_until(lambda: receive(sqs, url), what="the message is visible again")[0]
    error = refusal(sqs.delete_message, QueueUrl=url, ReceiptHandle=old["ReceiptHandle"])
    assert error["Code"] == "InvalidParameterValue" and "The receipt handle has expired." in error["Message"]
    delete(sqs, url, current)


def test_dead_letters_keep_group_and_id_and_free_the_group(sqs):
    dead = make_fifo(sqs)
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = make_fifo(sqs, RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1}))
    send(sqs, url, "bad", "g", MessageDeduplicationId="id-of-bad")
    send(sqs, url, "good", "g")
    assert bodies(receive(sqs, url, 1, VisibilityTimeout=0)) == ["bad"]
    assert wait_until(lambda: bodies(receive(sqs, url)), what="the group is free") == ["good"]
    moved, = wait_until(lambda: receive(sqs, dead), what="the dead letter")
    assert moved["Body"] == "bad"
    assert moved["Attributes"]["MessageGroupId"] == "g"
    assert moved["Attributes"]["MessageDeduplicationId"] == "id-of-bad"
    assert moved["Attributes"]["DeadLetterQueueSourceArn"].endswith(".fifo")


def test_delay_of_the_queue_does_not_block_what_is_visible(sqs):
    url = make_fifo(sqs)
    send(sqs, url, "now", "g")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "900"})
    send(sqs, url, "later", "g")
    assert bodies(receive(sqs, url)) == ["now"]
    error = refusal(send, sqs=sqs, url=url, body="m", group="g", DelaySeconds=2)
    assert error["Message"] == ("Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter "
                                "that is not valid for this queue type.")


def test_attempt_id_is_judged(sqs):
    url = make_fifo(sqs)
    send(sqs, url, "m", "g")
    error = refusal(sqs.receive_message, QueueUrl=url, ReceiveRequestAttemptId="a b")
    assert error["Code"] == "InvalidParameterValue"
    assert bodies(receive(sqs, url, ReceiveRequestAttemptId="attempt-1")) == ["m"]


def test_repeated_attempt_gets_the_same_messages_and_handles(sqs):
    url = make_fifo(sqs)
    for i in range(5):
        send(sqs, url, f"a{i}", "a")
    first = receive(sqs, url, 3, ReceiveRequestAttemptId="attempt-1", VisibilityTimeout=30)
    time.sleep(1.1)  # Another second: a handle made anew would differ.
    again = receive(sqs, url, 3, ReceiveRequestAttemptId="attempt-1", VisibilityTimeout=30)
    assert bodies(first) == bodies(again) == ["a0", "a1", "a2"]
    assert [m["ReceiptHandle"] for m in first] == [m["ReceiptHandle"] for m in again]
    assert [m["Attributes"]["ApproximateReceiveCount"] for m in again] == ["1"] * 3
    assert receive(sqs, url, 3, ReceiveRequestAttemptId="attempt-2") == [], "the group is out"
    delete(sqs, url, again[0])
    assert receive(sqs, url, 3, ReceiveRequestAttemptId="attempt-1") == [], "one is deleted: a new receive"
    delete(sqs, url, *again[1:])
    assert bodies(receive(sqs, url, 3, ReceiveRequestAttemptId="attempt-1")) == ["a3", "a4"]


def test_repeated_attempt_begins_the_visibility_again(sqs):
    url = make_fifo(sqs)
    send(sqs, url, "m", "g")
    receive(sqs, url, ReceiveRequestAttemptId="a", VisibilityTimeout=2)
    (again,) = receive(sqs, url, ReceiveRequestAttemptId="a", VisibilityTimeout=30)
    time.sleep(2.1)
    assert receive(sqs, url) == []
    delete(sqs, url, again)



def test_group_on_a_standard_queue_is_kept_and_orders_nothing(sqs, make_queue):
    url = make_queue()
    for body in ("1", "2"):
        send(sqs, url, body, "tenant")
    first = receive(sqs, url, 1)
    second = receive(sqs, url, 1)
    assert len(first) == len(second) == 1, "what is out blocks nothing"
    attributes = first[0]["Attributes"]
    assert attributes["MessageGroupId"] == "tenant"
    assert "SequenceNumber" not in attributes and "MessageDeduplicationId" not in attributes
