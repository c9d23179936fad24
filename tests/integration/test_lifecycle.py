"""Start, stop, restart, reload: what an operator does."""
import json
import os
import pathlib
import re
import signal
import ssl
import socket
import subprocess
import threading
import time
import urllib.request

import botocore.exceptions
import pytest
from broker import BINARY, Broker, NotReady, run, wait_until
from conftest import client_for
from control import Control
from raw import Socket, elapsed, exchange, json_call


def bodies(sqs, url, count, seconds=10):
    found = {}
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in reply.get("Messages", []):
            found[message["Body"]] = message
    return found


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["sigterm", "sigkill"])
@pytest.mark.parametrize("lanes", [1, 4])
def test_messages_and_queues_survive_a_restart(own_broker, name, how, lanes):
    broker = own_broker(sets=[f"lanes={lanes}"])
    sqs = client_for(broker)
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1", "DelaySeconds": "0"})["QueueUrl"]
    attributes = {"k": {"DataType": "String", "StringValue": "v"}}
    for i in range(30):
        sqs.send_message(QueueUrl=url, MessageBody=f"m{i}", MessageAttributes=attributes)
    first = bodies(sqs, url, 10)
    for message in list(first.values())[:10]:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    deleted = set(list(first)[:10])
    kept = sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"][0]

    # Streams find their lane again when the number of lanes changes.
    broker.sets[-1] = f"lanes={5 - lanes}"
    broker.restart(how)
    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    got = bodies(sqs, url, 19)
    assert set(got) == {f"m{i}" for i in range(30)} - deleted - {kept["Body"]}, "a lease outlives a restart"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=kept["ReceiptHandle"])  # So does a handle.
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"] == {"VisibilityTimeout": "1"}
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert int(left["ApproximateNumberOfMessages"]) + int(left["ApproximateNumberOfMessagesNotVisible"]) == 19


def test_delayed_and_dead_letters_survive_a_kill(own_broker, name):
    broker = own_broker()
    sqs = client_for(broker)
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
    sqs.send_message(QueueUrl=dead, MessageBody="later", DelaySeconds=2)
    sent_at = time.monotonic()
    broker.restart(signal.SIGKILL)
    sqs = client_for(broker)
    url, dead = (sqs.get_queue_url(QueueName=one)["QueueUrl"] for one in (name, name + "-dead"))
    assert "Messages" not in sqs.receive_message(QueueUrl=url), "the count of receives outlives a kill"
    assert set(bodies(sqs, dead, 2)) == {"poison", "later"}
    assert time.monotonic() - sent_at > 1.9


def test_purge_and_delete_survive_a_kill(own_broker, name):
    broker = own_broker()
    sqs = client_for(broker)
    purged = sqs.create_queue(QueueName=name + "-purged")["QueueUrl"]
    gone = sqs.create_queue(QueueName=name + "-gone")["QueueUrl"]
    for i in range(25):
        sqs.send_message(QueueUrl=purged, MessageBody=f"old {i}")
    sqs.purge_queue(QueueUrl=purged)
    sqs.send_message(QueueUrl=purged, MessageBody="new")
    sqs.delete_queue(QueueUrl=gone)
    broker.restart(signal.SIGKILL)
    sqs = client_for(broker)
    purged = sqs.get_queue_url(QueueName=name + "-purged")["QueueUrl"]
    assert list(bodies(sqs, purged, 1)) == ["new"]
    assert "Messages" not in sqs.receive_message(QueueUrl=purged)
    assert [url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]] == [name + "-purged"]


def test_sigterm_answers_who_waits_and_loses_nothing(own_broker, name):
    broker = own_broker()
    sqs = client_for(broker)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    answers = []

    def wait_for_message():
        answers.append(elapsed(lambda: client_for(broker).receive_message(QueueUrl=url, WaitTimeSeconds=20)))

    waiter = threading.Thread(target=wait_for_message)
    waiter.start()
    wait_until(lambda: metric(broker, "switchyard_http_parked_requests") == 1, what="a parked request")
    seconds, status = elapsed(broker.stop)
    waiter.join(5)
    assert status == 0 and seconds < 10
    assert len(answers) == 1 and "Messages" not in answers[0][1], "an empty answer, not a broken connection"


def metric(broker, name):
    text = exchange(broker, "GET", "/metrics", {}).body.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(re.escape(name) + r"[ {]", line))


def test_second_server_on_the_same_folder_is_refused(own_broker):
    broker = own_broker()
    with pytest.raises(NotReady) as refused:
        Broker(broker.data_dir).start()
    assert str(broker.data_dir) in str(refused.value) and str(broker.pid) in str(refused.value)
    assert "in use" in str(refused.value)
    assert json_call(broker, "ListQueues").status == 200
    done = run("fsck", "--data-dir", broker.data_dir)
    assert done.returncode != 0 and "in use" in done.stderr + done.stdout


def test_newer_format_is_refused(own_broker):
    broker = own_broker()
    broker.stop()
    (broker.data_dir / "FORMAT").write_text("999\n")
    before = sorted((path, path.stat().st_mtime_ns) for path in (broker.data_dir / "journal").iterdir())
    with pytest.raises(NotReady) as refused:
        broker.start()
    assert "999" in str(refused.value) and "newer" in str(refused.value)
    assert sorted((path, path.stat().st_mtime_ns) for path in (broker.data_dir / "journal").iterdir()) == before


def config_error(tmp_path, text, *arguments):
    config = tmp_path / "switchyard.yaml"
    config.write_text(text)
    done = run("check", "--config", config, *arguments)
    assert done.returncode != 0
    return done.stderr + done.stdout


@pytest.mark.parametrize("text, line, words", [
    ("data_dir: /tmp/x\nhtpp:\n  listen: 127.0.0.1:0\n", 2, ["htpp", "http"]),
    ("http:\n  listen: 127.0.0.1:0\n  lissten: x\n", 3, ["lissten", "listen"]),
    ("lanes: many\n", 1, ["lanes", "many"]),
    ("\n\nlanes: -3\n", 3, ["lanes", "-3"]),
    ("storage:\n  segment_size: 64 apples\n", 2, ["segment_size", "64 apples"]),
    ("http:\n  limits:\n    header_timeout: 10\n", 3, ["header_timeout"]),
    ("http: [1, 2]\n", 1, ["http"]),
    ("http:\n  listen: nonsense\n", 2, ["listen", "nonsense"]),
    ("lanes: 1\nlanes: 2\n", 2, ["lanes"]),
    ("http:\n\tlisten: x\n", 2, []),
    ("plugins:\n  sqs:\n    enabled: maybe\n", 3, ["enabled", "maybe"]),
    ("bootstrap:\n  namespaces:\n    - name: a\n      protocol: smtp\n", 4, ["smtp"]),
])
def test_configuration_error_names_file_line_and_what(tmp_path, text, line, words):
    said = config_error(tmp_path, text)
    assert re.search(rf"switchyard\.yaml:{line}\b", said), said
    for word in words:
        assert word in said, said


def test_error_in_conf_d_names_that_file(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/10-good.yaml").write_text("region: eu-north-1\n")
    (tmp_path / "conf.d/20-bad.yaml").write_text("region: eu-north-1\nlames: 2\n")
    said = config_error(tmp_path, "lanes: 1\n")
    assert re.search(r"20-bad\.yaml:2\b", said) and "lanes" in said, said


def test_tls_files_that_cannot_be_read_are_named_before_anything_is_made(tmp_path, certificate):
    crt, key = certificate("localhost")
    nowhere, folder, text = tmp_path / "nowhere", tmp_path / "folder", tmp_path / "text"
    folder.mkdir()
    text.write_text("no certificate\n")
    config, data = tmp_path / "switchyard.yaml", tmp_path / "data"
    cases = ((nowhere, key, nowhere, "No such file or directory"), (crt, nowhere, nowhere, "No such file or directory"),
             (folder, key, folder, "Is a directory"), (crt, key, None, None), (text, key, text, "no start line"))
    for one, other, named, why in cases:
        config.write_text(f"data_dir: {data}\nhttp: {{listen: 127.0.0.1:0}}\ntls: {{certificate: {one}, key: {other}}}\n")
        done = run("check", "--config", config)
        if named is None:
            assert done.returncode == 0, done.stderr
            continue
        assert done.returncode == 1, (one, other)
        said = done.stderr
        assert f"'{named}'" in said and why in said and "OpenSSL error" not in said, said
        started = run("run", "--config", config)
        assert started.returncode == 1 and said.strip() in started.stderr, started.stderr
        assert not data.exists(), "nothing is made for a server that cannot start"


def test_set_wins_over_files_and_later_wins(own_broker, tmp_path):
    config = tmp_path / "switchyard.yaml"
    config.write_text("http:\n  listen: 127.0.0.1:1\n")
    broker = own_broker("--config", config, sets=["lanes=2", "lanes=1"])
    assert broker.listeners["http"].startswith("127.0.0.1:") and broker.port != 1
    assert exchange(broker, "GET", "/readyz", {}).status == 200
    done = run("check", "--config", config, "--set", "htpp.listen=x")
    assert done.returncode != 0 and "htpp" in done.stderr + done.stdout


def test_key_of_a_plugin_that_is_not_in_the_build_is_a_warning(tmp_path):
    config = tmp_path / "switchyard.yaml"
    config.write_text("plugins:\n  webhooks:\n    enabled: false\n")
    done = run("check", "--config", config)
    assert done.returncode == 0, done.stderr
    assert "webhooks" in done.stderr + done.stdout


def test_reload_takes_a_good_file_and_leaves_everything_on_a_bad_one(own_broker, tmp_path, name):
    config = tmp_path / "switchyard.yaml"
    credential = ("bootstrap:\n  namespaces:\n    - name: team\n      protocol: sqs_sns\n      account_id: \"111122223333\"\n"
                  "      credentials:\n        - {name: a, access_key: %s, secret_key: some-secret-1234, permissions: "
                  "[publish, receive, manage]}\n")
    config.write_text(credential % "first-key")
    broker = own_broker("--config", config)

    def works(key):
        environment = {**broker.environment, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "some-secret-1234"}
        return json_call(broker, "ListQueues", environment=environment).status == 200

    assert works("first-key") and not works("second-key")
    config.write_text(credential % "second-key" + "lames: 2\n")
    broker.send_signal(signal.SIGHUP)
    wait_until(lambda: "lames" in broker.log(), what="the refusal in the log")
    assert works("first-key") and not works("second-key")
    config.write_text(credential % "second-key")
    broker.send_signal(signal.SIGHUP)
    wait_until(lambda: works("second-key"), what="the new key")
    assert exchange(broker, "GET", "/readyz", {}).status == 200


def test_tls_listener_and_certificate_reload(own_broker, certificate, tmp_path):
    chain, key = tmp_path / "server.crt", tmp_path / "server.key"

    def install(common_name):
        for source, target in zip(certificate(common_name), (chain, key)):
            target.write_bytes(source.read_bytes())

    def served():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", broker.port), timeout=5) as plain:
            with context.wrap_socket(plain) as one:
                return one.getpeercert(binary_form=True)

    install("first.example")
    broker = own_broker(sets=[f"tls.certificate={chain}", f"tls.key={key}"])
    before = served()
    trusting = ssl.create_default_context(cafile=chain)
    with urllib.request.urlopen(f"https://127.0.0.1:{broker.port}/livez", context=trusting, timeout=5) as reply:
        assert reply.status == 200
    assert broker.environment["AWS_ENDPOINT_URL"] == f"https://127.0.0.1:{broker.port}"
    sqs = client_for(broker, endpoint_url=f"https://127.0.0.1:{broker.port}", verify=str(chain))
    url = sqs.create_queue(QueueName="over-tls")["QueueUrl"]
    assert url.startswith("https://")
    sqs.send_message(QueueUrl=url, MessageBody="x" * 200_000)
    assert len(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]) == 200_000

    with Socket(broker) as plain:
        reply = plain.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").reply()
        assert reply is None or reply[0] == 400, "plain HTTP on a TLS port"

    install("second.example")
    broker.send_signal(signal.SIGHUP)
    wait_until(lambda: served() != before, what="the new certificate")
    chain.write_text("not a certificate")
    current = served()
    broker.send_signal(signal.SIGHUP)
    wait_until(lambda: str(chain) in broker.log(), what="the refusal in the log")
    assert served() == current


def test_version_and_plugins(tmp_path):
    done = run("version")
    assert done.returncode == 0 and re.search(r"\d+\.\d+\.\d+", done.stdout)
    done = run("plugin", "list")
    assert done.returncode == 0 and "sqs" in done.stdout
    sqs = BINARY.parents[1] / "lib/switchyard/plugins/sqs.so"
    assert run("plugin", "check", sqs).returncode == 0
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"\x7fELF" + b"\x00" * 100)
    done = run("plugin", "check", broken)
    assert done.returncode != 0 and str(broken) in done.stderr + done.stdout
    assert run("frobnicate").returncode != 0


def test_foreign_plugin_that_cannot_be_loaded_is_named(own_broker, tmp_path):
    config = tmp_path / "switchyard.yaml"
    config.write_text("plugins:\n  mine:\n    enabled: true\n    path: /nonexistent/mine.so\n")
    try:
        broker = own_broker("--config", config)
    except NotReady as refused:
        assert "/nonexistent/mine.so" in str(refused)
    else:
        assert "/nonexistent/mine.so" in broker.log()
        assert json_call(broker, "ListQueues").status == 200


def test_second_sigterm_stops_at_once(own_broker, name):
    broker = own_broker()
    with Socket(broker) as slow:
        slow.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
        assert slow.reply()[0] == 100, "the broker has begun the request"
        said = len(broker.log())
        broker.send_signal(signal.SIGTERM)
        wait_until(lambda: len(broker.log()) > said, what="a word about the drain")
        assert broker.process.poll() is None, "the half-sent request is waited for"
        broker.send_signal(signal.SIGTERM)
        seconds, _ = elapsed(lambda: broker.wait(10))
    assert seconds < 3
    broker.start()


def test_sigterm_drains_from_the_moment_the_server_says_it_is_ready(tmp_path):
    """Its stdout is full: it serves already, and hangs in the ready line when the signal comes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 65536)
    except BlockingIOError:
        os.set_blocking(writer, True)
    log = tmp_path / "log"
    with open(log, "wb") as errors:
        process = subprocess.Popen([BINARY, "run", "--dev", "--data-dir", tmp_path / "data", "--set",
                                    f"http.listen=127.0.0.1:{port}", "--set", "plugins.nats.listen=127.0.0.1:0"],
                                   stdout=writer, stderr=errors)
    os.close(writer)
    try:
        waits_in = pathlib.Path(f"/proc/{process.pid}/wchan")
        wait_until(lambda: "pipe" in waits_in.read_text(), 20, "the server to hang in its ready line")
        process.send_signal(signal.SIGTERM)
        with open(reader, "rb") as out:
            ready = out.read().rsplit(b"switchyard ready ", 1)[1]
            assert ready.split()[0] == f"http=127.0.0.1:{port}".encode()
        assert process.wait(20) == 0
        assert "server.stopping" in log.read_text(), "it was asked to stop, not cut off"
    finally:
        process.kill()
        process.wait()


def test_the_control_api_has_its_listener_to_itself(own_broker, name):
    broker = own_broker(sets=["http.control_listen=127.0.0.1:0"])
    control = Control(broker)
    assert control.url != broker.url
    assert control.ok("GET", "sqs-credentials")["total_count"] == 0
    assert client_for(broker).create_queue(QueueName=name)["QueueUrl"].startswith(broker.url)
    assert exchange(broker, "GET", "/mnq/v1beta1/regions/fr-par/sqs-credentials", {}).status == 404
    refused = client_for(broker, endpoint_url=control.url)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        refused.list_queues()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_the_control_api_on_a_unix_socket(own_broker, tmp_path):
    path = tmp_path / "control.sock"
    broker = own_broker(sets=[f"http.control_listen=unix:{path}"])
    assert "SCW_API_URL" not in broker.environment, "no SDK takes a Unix socket"
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(path))
        peer.sendall(b"GET /mnq/v1beta1/regions/fr-par/sqs-credentials HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"".join(iter(lambda: peer.recv(65536), b"")).startswith(b"HTTP/1.1 401 "), "it wants a token there too"
