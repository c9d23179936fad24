"""What may come over the socket, and what must not get through."""
import concurrent.futures
import contextlib
import json
import os
import time

import pytest
from broker import wait_until
from raw import Socket, elapsed, exchange, json_call

pytestmark = pytest.mark.hostile
HEALTH = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


def alive(broker):
    with Socket(broker) as one:
        return one.send(HEALTH).reply()[0] == 200


def test_health_and_metrics(broker):
    assert exchange(broker, "GET", "/livez", {}).status == 200
    assert exchange(broker, "GET", "/readyz", {}).status == 200
    metrics = exchange(broker, "GET", "/metrics", {})
    assert metrics.status == 200
    assert metrics.headers["content-type"].startswith("text/plain")
    samples = [line for line in metrics.body.decode().splitlines() if line and not line.startswith("#")]
    assert any(line.startswith("switchyard_journal_") for line in samples)
    for line in samples:
        float(line.rsplit(" ", 1)[1])


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_head_is_answered_like_get_without_the_body(broker, path):
    request = b" " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    with Socket(broker) as one:
        status, head, body = one.send(b"GET" + request).reply()
        one.send(b"HEAD" + request + HEALTH)
        # Its Content-Length is of the body that does not come: what follows is the next answer.
        only_head = one.bodiless_reply()
        assert (status, only_head.split()[1]) == (200, "200")
        assert one.reply()[0::2] == (200, b"ok\n")
    names = [[line.split(":")[0].lower() for line in text.split("\r\n")[1:]] for text in (head, only_head)]
    assert names[0] == names[1] and "content-length" in names[0]
    if path != "/metrics":
        assert f"Content-Length: {len(body)}" in only_head.split("\r\n")


@pytest.mark.parametrize("request_bytes, statuses", [
    (b"GET / HTTP/1.1\nHost: x\n\n", {400}),
    (b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", {400}),
    (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", {400, 505}),
    (b"GET /\r\n\r\n", {400, 505}),
    (b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n", {400, 501}),
    (b"GET / HTTP/1.1\r\nHo st: x\r\n\r\n", {400}),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", {400}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", {400, 413}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", {400, 501}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n", {400}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n", {400, 413}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX0\r\n\r\n", {400}),
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {400, 414, 431}),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", {431}),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5_000 + b"\r\n", {431}),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n", {413}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
    (b"\x00" * 64 + b"\r\n\r\n", {400, 501}),
])
def test_request_that_is_refused_and_ends_the_connection(broker, request_bytes, statuses):
    with Socket(broker) as one:
        one.send(request_bytes).shut()
        status, head, _ = one.reply()
        assert status in statuses, head
        assert one.closed(), "what follows a broken request cannot be trusted"
    assert alive(broker)


def test_pipelined_requests_are_answered_in_order(broker):
    with Socket(broker) as one:
        one.send(HEALTH + b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /no-such-path HTTP/1.1\r\nHost: x\r\n\r\n" + HEALTH)
        assert [one.reply()[0] for _ in range(2)] == [200, 200]
        assert one.reply()[0] >= 400
        assert one.reply()[0] == 200


def test_keep_alive_and_close(broker):
    with Socket(broker) as one:
        for _ in range(50):
            assert one.send(HEALTH).reply()[0] == 200
        assert one.send(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").reply()[0] == 200
        assert one.closed()
    with Socket(broker) as old:
        assert old.send(b"GET /livez HTTP/1.0\r\n\r\n").reply()[0] == 200
        assert old.closed()


def test_expect_continue(broker):
    with Socket(broker) as one:
        one.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n"
                 b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        status, head, _ = one.reply()
        if status == 100:  # An unsigned request may also be refused without its body.
            status, head, _ = one.send(b"{}").reply()
        assert status in (400, 403), head


def test_chunked_body_is_the_same_as_a_whole_one(broker, make_queue):
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials

    url = make_queue()
    body = json.dumps({"QueueUrl": url, "MessageBody": "in pieces"}).encode()
    credentials = botocore.credentials.Credentials(broker.environment["AWS_ACCESS_KEY_ID"],
                                                   broker.environment["AWS_SECRET_ACCESS_KEY"])
    request = botocore.awsrequest.AWSRequest("POST", broker.url + "/", data=body, headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"})
    botocore.auth.SigV4Auth(credentials, "sqs", "us-east-1").add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items() if name.lower() != "content-length")
    with Socket(broker) as one:
        one.send(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{broker.port}\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for i in range(0, len(body), 7):
            piece = body[i:i + 7]
            one.send(f"{len(piece):x};ext=1\r\n".encode() + piece + b"\r\n")
        status, _, reply = one.send(b"0\r\n\r\n").reply()
    assert status == 200, reply


def test_request_byte_by_byte(broker):
    with Socket(broker) as one:
        for i in range(len(HEALTH)):
            one.send(HEALTH[i:i + 1])
        assert one.reply()[0] == 200


def test_slow_head_is_cut_off_and_others_do_not_wait(own_broker):
    broker = own_broker(sets=["http.limits.header_timeout=1s"])
    with Socket(broker) as slow:
        slow.send(b"GET /livez HTTP/1.1\r\nHo")
        seconds, _ = elapsed(lambda: alive(broker))
        assert seconds < 1
        seconds, reply = elapsed(slow.reply)
        assert reply is None or reply[0] == 408
        assert seconds < 5


def test_clients_that_leave_in_the_middle_cost_nothing(broker, make_queue):
    url = make_queue()
    for i in range(100):
        with Socket(broker) as one:
            one.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * (i * 10))
    assert alive(broker)
    assert json_call(broker, "SendMessage", QueueUrl=url, MessageBody="still here").status == 200


def test_waiting_receive_whose_client_left_takes_no_message(broker, sqs, make_queue):
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials

    url = make_queue(VisibilityTimeout="30")
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}).encode()
    credentials = botocore.credentials.Credentials(broker.environment["AWS_ACCESS_KEY_ID"],
                                                   broker.environment["AWS_SECRET_ACCESS_KEY"])
    request = botocore.awsrequest.AWSRequest("POST", broker.url + "/", data=body, headers={
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"})
    botocore.auth.SigV4Auth(credentials, "sqs", "us-east-1").add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items() if name.lower() != "content-length")
    with Socket(broker) as one:
        one.send(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{broker.port}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.3)  # The broker gives no sign that it has parked the request.
    time.sleep(0.1)
    sqs.send_message(QueueUrl=url, MessageBody="for somebody who is there")
    got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", [])
    assert [message["Body"] for message in got] == ["for somebody who is there"]


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'"x"', b"{}" * 2, b"[" * 100_000, b'{"a":' * 5_000, b'{"QueueUrl":1}', b'{"QueueUrl":{}}',
    b'{"QueueUrl":"x","QueueUrl":"y"}', b'{"MaxNumberOfMessages":1e999}', b"\xff\xfe{}", b'{"QueueUrl":"\xc3\x28"}',
    b'{"QueueUrl":"\\ud800"}', b'{"QueueUrl":"http://x/y"}', b'{"Entries":[[]]}', b'{"MessageAttributes":{"a":null}}'])
@pytest.mark.parametrize("action", ["SendMessage", "ReceiveMessage", "SendMessageBatch", "CreateQueue", "SetQueueAttributes"])
def test_json_that_is_not_a_request(broker, action, body):
    from raw import JSON, signed

    reply = signed(broker, body, {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS." + action})
    assert 400 <= reply.status < 500, reply
    assert reply.json["__type"] and alive(broker)


@pytest.mark.parametrize("body", [
    b"", b"&&&&", b"Action", b"Action=", b"=&=", b"Action=SendMessage&" + b"a=b&" * 20_000, b"Action=%", b"Action=%zz",
    b"Action=SendMessage&QueueUrl=%00", b"Action=SendMessage&Action=DeleteQueue",
    b"Action=SendMessageBatch&SendMessageBatchRequestEntry.99999999999.Id=1",
    b"Action=SendMessage&MessageBody=%ff%fe", b"Action=CreateQueue&Attribute.1.Name=a&Attribute.3.Value=b"])
def test_form_that_is_not_a_request(broker, body):
    from raw import FORM, signed

    reply = signed(broker, body, {"Content-Type": FORM})
    assert 400 <= reply.status < 500, reply
    assert alive(broker)


def test_thousand_idle_connections_do_not_stop_work(broker):
    crowd = [Socket(broker) for _ in range(500)]
    try:
        for one in crowd:
            one.send(HEALTH)
        assert all(one.reply()[0] == 200 for one in crowd)
        assert alive(broker)
    finally:
        for one in crowd:
            one.socket.close()
    wait_until(lambda: alive(broker))


def resident_bytes(broker):
    for line in open(f"/proc/{broker.pid}/status", encoding="ascii"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def metric(broker, sample):
    for line in exchange(broker, "GET", "/metrics", {}).body.decode().splitlines():
        if line.startswith(sample + " "):
            return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no sample {sample}")


def test_unsigned_bodies_that_never_end_take_bounded_memory(own_broker, monkeypatch):
    """Every one stays within its own limit; together they would be 480 MB."""
    # A sanitizer keeps what the broker frees, 256 MiB of it by default.
    options = [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=0", "thread_local_quarantine_size_kb=0"]
    monkeypatch.setenv("ASAN_OPTIONS", ":".join(filter(None, options)))
    broker = own_broker(sets=["http.limits.max_buffered_bytes=32MiB"])
    before = resident_bytes(broker)
    body = b"x" * (8 * 1024 * 1024 - 100)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (8 * 1024 * 1024)
    peak, open_ones = before, [Socket(broker) for _ in range(60)]

    def send(one):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            one.send(head + body)

    try:
        with concurrent.futures.ThreadPoolExecutor(len(open_ones)) as senders:
            sent = [senders.submit(send, one) for one in open_ones]
            while not all(one.done() for one in sent):
                peak = max(peak, resident_bytes(broker))
        for one in sent:
            one.result()
        # Four bodies of 8 MiB fit into 32 MiB.
        wait_until(lambda: metric(broker, 'switchyard_http_rejected_total{reason="body_budget"}') >= 56, what="refusals")
        assert peak - before < 96 * 1024 * 1024
        assert exchange(broker, "GET", "/readyz", {}).status == 200
        queue = json_call(broker, "CreateQueue", QueueName="beside").json["QueueUrl"]
        assert json_call(broker, "SendMessage", QueueUrl=queue, MessageBody="small").status == 200
    finally:
        for one in open_ones:
            one.socket.close()
    wait_until(lambda: metric(broker, "switchyard_http_buffered_bytes") == 0, what="every share given back")
    assert resident_bytes(broker) - before < 32 * 1024 * 1024
    assert json_call(broker, "SendMessage", QueueUrl=queue, MessageBody="m" * 1_000_000).status == 200
