"""Fair queues by boto3 against the real broker, with one lane and four."""
import concurrent.futures
import signal

import pytest
from conftest import client_for


def send(sqs, url, group, n, first=0):
    more = {"MessageGroupId": group} if group else {}
    for start in range(first, first + n, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "MessageBody": f"{group or 'none'} {i}", **more}
            for i in range(start, min(start + 10, first + n))])


def receive(sqs, url, n=10, **more):
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=n, MessageSystemAttributeNames=["All"],
                               **more).get("Messages", [])


def take(sqs, url, n):
    got = []
    while len(got) < n:
        got += receive(sqs, url, min(10, n - len(got)))
    return got


def groups(messages):
    return [m["Attributes"].get("MessageGroupId") for m in messages]


def test_in_order_of_arrival_until_a_group_is_noisy(sqs, make_queue):
    url = make_queue()
    for i, group in enumerate(["a", None, "b", "a", None]):
        send(sqs, url, group, 1, i)
    assert groups(receive(sqs, url)) == ["a", None, "b", "a", None]


def test_quiet_groups_come_before_the_backlog_of_a_noisy_one(sqs, make_queue):
    url = make_queue()
    send(sqs, url, "noisy", 500)
    assert len(take(sqs, url, 30)) == 30
    send(sqs, url, "quiet", 3)
    send(sqs, url, None, 1)
    got = groups(receive(sqs, url))
    assert sorted(map(str, got[:4])) == ["None", "quiet", "quiet", "quiet"] and got[4:] == ["noisy"] * 6


def test_few_messages_out_are_not_noisy(sqs, make_queue):
    url = make_queue()
    send(sqs, url, "busy", 100)
    # Its messages stay out, so that there is no processing time yet.
    assert len(take(sqs, url, 20)) == 20
    send(sqs, url, "other", 1)
    assert groups(receive(sqs, url, 1)) == ["busy"]


def test_group_that_takes_the_processing_time_waits(sqs, make_queue):
    url = make_queue()
    send(sqs, url, "slow", 20)
    for _ in range(3):
        for message in receive(sqs, url, 1):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    send(sqs, url, "quick", 2)
    assert groups(receive(sqs, url, 2)) == ["quick", "quick"]


def test_nothing_is_lost_and_nothing_comes_twice_with_several_consumers(sqs, broker, make_queue):
    url = make_queue()
    for group, n in (("noisy", 600), ("a", 40), (None, 60), ("b", 7)):
        send(sqs, url, group, n)

    def consume(_):
        own, seen = client_for(broker), []
        while messages := receive(own, url):
            seen += [m["Body"] for m in messages]
            own.delete_message_batch(QueueUrl=url, Entries=[
                {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)])
        return seen

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        seen = [body for part in pool.map(consume, range(4)) for body in part]
    assert len(seen) == len(set(seen)) == 707


def test_attributes_change_and_the_queue_stays_fair(sqs, make_queue):
    url = make_queue()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    send(sqs, url, "noisy", 100)
    take(sqs, url, 30)
    send(sqs, url, "quiet", 1)
    assert groups(receive(sqs, url, 1)) == ["quiet"]


@pytest.mark.parametrize("lanes", [1, 4])
def test_noisy_is_noisy_still_after_kill_9(own_broker, lanes):
    broker = own_broker(sets=[f"lanes={lanes}"])
    sqs = client_for(broker)
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    send(sqs, url, "noisy", 300)
    take(sqs, url, 40)
    send(sqs, url, "quiet", 1)
    send(sqs, url, None, 1)
    broker.restart(signal.SIGKILL)
    got = groups(receive(client_for(broker), url))
    assert sorted(map(str, got[:2])) == ["None", "quiet"] and got[2:] == ["noisy"] * 8
