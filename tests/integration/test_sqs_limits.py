"""What happens at a limit, and that it ends: messages in flight, stored bytes, requests a second."""
import concurrent.futures
import signal

import botocore.exceptions
import pytest
from broker import wait_until
from conftest import client_for
from raw import Keepalive
from test_control_data_plane import FLAGS, credential, project, sqs_for

IN_FLIGHT = 120_000


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def counts(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [int(found[one]) for one in names]


def on_eight_connections(broker, work, tens):
    """work(connection, n) for every n: eight at a time share a sync of the disk."""
    def part(first):
        with Keepalive(broker) as connection:
            return [work(connection, n) for n in range(first, tens, 8)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return [one for some in pool.map(part, range(8)) for one in some]


def fill(broker, url, messages, fifo=False):
    """In batches of ten; in a FIFO queue every message has a group of its own."""
    def send(connection, n):
        more = lambda i: {"MessageGroupId": f"g{n}-{i}", "MessageDeduplicationId": f"d{n}-{i}"} if fifo else {}
        reply = connection.call("SendMessageBatch", QueueUrl=url, Entries=[
            {"Id": str(i), "MessageBody": "x", **more(i)} for i in range(10)])
        assert reply.status == 200 and "Failed" not in reply.json, reply

    on_eight_connections(broker, send, messages // 10)


def take_out(broker, url, messages):
    """Receives without deleting; returns some of the messages."""
    def receive(connection, n):
        reply = connection.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)
        assert reply.status == 200 and len(reply.json["Messages"]) == 10, reply
        return reply.json["Messages"]

    return on_eight_connections(broker, receive, messages // 10)[-1]


def received(sqs, url):
    try:
        return sqs.receive_message(QueueUrl=url)["Messages"]
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "OverLimit"
        return None


def test_a_standard_queue_refuses_what_would_be_more_than_120000_in_flight(own_broker):
    broker = own_broker(sets=["lanes=2"])
    sqs = client_for(broker)
    url = sqs.create_queue(QueueName="out", Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]
    fill(broker, url, IN_FLIGHT + 100)
    out = take_out(broker, url, IN_FLIGHT)
    assert counts(sqs, url) == [100, IN_FLIGHT]
    assert refusal(sqs.receive_message, QueueUrl=url) == ("OverLimit", 403)
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1), "a long poll is not refused"
    sqs.send_message(QueueUrl=url, MessageBody="a send is not, either")

    sqs.delete_message(QueueUrl=url, ReceiptHandle=out[0]["ReceiptHandle"])
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=out[1]["ReceiptHandle"], VisibilityTimeout=0)
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 2, "as many as there is room for"
    assert refusal(sqs.receive_message, QueueUrl=url) == ("OverLimit", 403)

    broker.restart(signal.SIGKILL)
    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName="out")["QueueUrl"]
    assert refusal(sqs.receive_message, QueueUrl=url) == ("OverLimit", 403), "a kill ends no lease"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=out[2]["ReceiptHandle"], VisibilityTimeout=2)
    assert refusal(sqs.receive_message, QueueUrl=url) == ("OverLimit", 403), "it is in flight for two seconds more"
    wait_until(lambda: received(sqs, url), 10, "what is visible again is not in flight")
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    sqs.send_message(QueueUrl=other, MessageBody="x")
    assert len(sqs.receive_message(QueueUrl=other)["Messages"]) == 1, "it is this queue's own limit"


def test_a_fifo_queue_gives_nothing_more_at_120000_in_flight_and_refuses_nothing(own_broker):
    broker = own_broker(sets=["lanes=2"])
    sqs = client_for(broker)
    url = sqs.create_queue(QueueName="out.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "3600"})["QueueUrl"]
    fill(broker, url, IN_FLIGHT + 10, fifo=True)
    out = take_out(broker, url, IN_FLIGHT)
    assert counts(sqs, url) == [10, IN_FLIGHT]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=out[0]["ReceiptHandle"])
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 1


class TestStorage:
    @pytest.fixture
    def owner(self, broker):
        control = project(broker)
        sqs = sqs_for(broker, credential(control, *FLAGS))
        [account] = control.ok("GET", f"/mnq/switchyard/v1/accounts?project_id={control.project}")["accounts"]
        control.account = f"/mnq/switchyard/v1/accounts/{account['id']}"
        return control, sqs

    def stored(self, control):
        return control.ok("GET", control.account + "/usage")["stored_bytes"]

    def fill(self, sqs, url, size):
        sent = 0
        while True:
            try:
                sqs.send_message(QueueUrl=url, MessageBody="x" * size)
                sent += 1
            except botocore.exceptions.ClientError as error:
                return sent, error.response["Error"]

    def test_a_project_stores_100_mb_and_the_rest_is_refused(self, owner, name):
        control, sqs = owner
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        size = 250_000
        sent, error = self.fill(sqs, url, size)
        assert 390 <= sent <= 400, "100 MB of 250 kB"
        assert error["Code"] == "OverLimit" and error["Message"]
        assert self.stored(control) <= 100_000_000
        # What is stored is at hand all the same, and another queue of the project shares the limit.
        assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
        more = sqs.create_queue(QueueName=name + "-more")["QueueUrl"]
        assert refusal(sqs.send_message, QueueUrl=more, MessageBody="x" * size)[0] == "OverLimit"
        batch = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x" * size}])
        assert [one["Code"] for one in batch["Failed"]] == ["OverLimit"]

    def test_room_comes_back_with_deletes_purge_and_removal(self, owner, name):
        control, sqs = owner
        control.ok("PATCH", control.account + "/limits", {"max_stored_bytes": 100_000})
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        sent, _ = self.fill(sqs, url, 10_000)
        assert sent == 9
        for _ in range(3):
            [message] = sqs.receive_message(QueueUrl=url)["Messages"]
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert self.fill(sqs, url, 10_000)[0] == 3
        sqs.purge_queue(QueueUrl=url)
        assert self.stored(control) == 0
        assert self.fill(sqs, url, 10_000)[0] == 9
        sqs.delete_queue(QueueUrl=url)
        assert self.stored(control) == 0
        assert self.fill(sqs, sqs.create_queue(QueueName=name + "-next")["QueueUrl"], 10_000)[0] == 9

    def test_the_limit_and_what_is_stored_outlive_a_kill(self, own_broker):
        broker = own_broker()
        control = project(broker)
        keys = credential(control, *FLAGS)
        [account] = control.ok("GET", f"/mnq/switchyard/v1/accounts?project_id={control.project}")["accounts"]
        control.ok("PATCH", f"/mnq/switchyard/v1/accounts/{account['id']}/limits", {"max_stored_bytes": 50_000})
        sqs = sqs_for(broker, keys)
        assert self.fill(sqs, sqs.create_queue(QueueName="q")["QueueUrl"], 10_000)[0] == 4
        broker.restart(signal.SIGKILL)
        sqs = sqs_for(broker, keys)
        url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
        assert self.fill(sqs, url, 10_000)[0] == 0
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert self.fill(sqs, url, 10_000)[0] == 1


def test_a_rate_of_requests_lets_the_rest_through_later(broker):
    control = project(broker)
    sqs = sqs_for(broker, credential(control, *FLAGS))
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    [account] = control.ok("GET", f"/mnq/switchyard/v1/accounts?project_id={control.project}")["accounts"]
    control.ok("PATCH", f"/mnq/switchyard/v1/accounts/{account['id']}/limits", {"requests_per_second": 20})
    sent = refused = 0
    while sent < 60:
        try:
            sqs.send_message(QueueUrl=url, MessageBody=str(sent))
            sent += 1
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ThrottlingException"
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 429)
            refused += 1
    assert refused > 0
    control.ok("PATCH", f"/mnq/switchyard/v1/accounts/{account['id']}/limits", {"requests_per_second": ""})
    assert counts(sqs, url)[0] == 60, "a refused send is not stored"
