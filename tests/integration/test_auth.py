"""Every request is signed by somebody who is known and may do it."""
import datetime

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from broker import Broker
from conftest import client_for
from raw import FORM, JSON, exchange, json_call, query_call, signed
from test_errors import refusal


# What AWS calls a signature that does not fit, by wire.
BAD_SIGNATURE = ("InvalidSignatureException", "SignatureDoesNotMatch")


def error_name(reply):
    return reply.error[0].rsplit("#", 1)[-1]


def test_wrong_secret(broker):
    environment = {**broker.environment, "AWS_SECRET_ACCESS_KEY": "not-the-secret"}
    reply = json_call(broker, "ListQueues", environment=environment)
    assert reply.status == 403 and error_name(reply) in BAD_SIGNATURE, reply


def test_unknown_key(broker):
    environment = {**broker.environment, "AWS_ACCESS_KEY_ID": "AKIANOBODYKNOWSTHIS0"}
    reply = json_call(broker, "ListQueues", environment=environment)
    assert reply.status == 403
    assert error_name(reply) in ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"), reply


@pytest.mark.parametrize("wire", ["json", "query"])
def test_no_signature(broker, wire):
    if wire == "json":
        reply = exchange(broker, "POST", "/", {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS.ListQueues"}, b"{}")
    else:
        reply = exchange(broker, "POST", "/", {"Content-Type": FORM}, b"Action=ListQueues&Version=2012-11-05")
    assert reply.status in (400, 403)
    assert error_name(reply) in ("MissingAuthenticationToken", "MissingAuthenticationTokenException"), reply


@pytest.mark.parametrize("call", [json_call, query_call])
def test_changed_body_is_noticed(broker, call):
    def add_header(headers):
        headers["Authorization"] = headers["Authorization"].replace("Signature=", "Signature=0")[:-1]

    reply = call(broker, "ListQueues", change=add_header)
    assert reply.status == 403 and error_name(reply) in BAD_SIGNATURE, reply


def test_changed_target_is_noticed(broker, make_queue):
    url = make_queue()

    def other_action(headers):
        headers["X-Amz-Target"] = "AmazonSQS.DeleteQueue"

    reply = json_call(broker, "PurgeQueue", change=other_action, QueueUrl=url)
    assert reply.status == 403, "an action that was not signed must not be carried out"


@pytest.mark.parametrize("minutes", [-16, -60 * 24 * 8, 16, 60 * 24 * 8])
def test_date_outside_of_the_window(broker, monkeypatch, minutes):
    import botocore.auth

    shifted = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    date = shifted.strftime("%Y%m%dT%H%M%SZ")
    for module in (botocore.auth,):
        if hasattr(module, "get_current_datetime"):
            monkeypatch.setattr(module, "get_current_datetime", lambda *a, **k: shifted.replace(tzinfo=None))
    reply = json_call(broker, "ListQueues")
    assert reply.status == 403, f"a signature of {date} was taken: {reply}"
    assert error_name(reply) in (*BAD_SIGNATURE, "RequestExpired"), reply


@pytest.mark.parametrize("minutes", [-14, 14])
def test_clock_skew_within_the_window_is_forgiven(broker, monkeypatch, minutes):
    import botocore.auth

    shifted = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: shifted.replace(tzinfo=None))
    assert json_call(broker, "ListQueues").status == 200


@pytest.mark.parametrize("authorization", [
    "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=", "Basic dXNlcjpwYXNz", "AWS4-HMAC-SHA256 Credential=a/b/c, "
    "SignedHeaders=host, Signature=00", "AWS4-HMAC-SHA256 " + "Credential=x," * 200, "AWS4-HMAC-SHA256 Credential=a/20200101/"
    "us-east-1/sqs/aws4_request, SignedHeaders=, Signature=", "\x7f" * 50])
@pytest.mark.hostile
def test_broken_authorization_header(broker, authorization):
    reply = exchange(broker, "POST", "/", {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS.ListQueues",
                                           "X-Amz-Date": "20260101T000000Z", "Authorization": authorization}, b"{}")
    assert 400 <= reply.status < 500, reply


def test_scope_of_another_service_is_not_sqs(broker):
    reply = signed(broker, b"{}", {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS.ListQueues"}, service="dynamodb")
    assert 400 <= reply.status < 500, reply


BOOTSTRAP = """
bootstrap:
  namespaces:
    - name: orders
      protocol: sqs_sns
      account_id: "111122223333"
      credentials:
        - {name: boss, access_key: orders-boss, secret_key: boss-secret-1234, permissions: [publish, receive, manage]}
        - {name: sender, access_key: orders-sender, secret_key: sender-secret-1234, permissions: [publish]}
        - {name: worker, access_key: orders-worker, secret_key: worker-secret-1234, permissions: [receive]}
    - name: other
      protocol: sqs_sns
      account_id: "444455556666"
      credentials:
        - {name: boss, access_key: other-boss, secret_key: other-secret-1234, permissions: [publish, receive, manage]}
"""


def test_permissions_and_tenants_of_bootstrap(own_broker, tmp_path, name):
    config = tmp_path / "switchyard.yaml"
    config.write_text(BOOTSTRAP)
    broker = own_broker("--config", config)

    def client(key, secret):
        return client_for(broker, aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1")

    boss = client("orders-boss", "boss-secret-1234")
    sender = client("orders-sender", "sender-secret-1234")
    worker = client("orders-worker", "worker-secret-1234")
    stranger = client("other-boss", "other-secret-1234")

    url = boss.create_queue(QueueName=name)["QueueUrl"]
    assert url.endswith(f"/111122223333/{name}")
    sender.send_message(QueueUrl=url, MessageBody="x")
    for call, arguments in [(sender.receive_message, {}), (sender.purge_queue, {}), (worker.delete_queue, {}),
                            (worker.send_message, {"MessageBody": "x"})]:
        code, _, status = refusal(call, QueueUrl=url, **arguments)
        assert (code, status) in [("AccessDenied", 403), ("AccessDeniedException", 403), ("AccessDenied", 400)], call
    assert refusal(sender.create_queue, QueueName=name + "-2")[0].startswith("AccessDenied")
    got = worker.receive_message(QueueUrl=url)["Messages"][0]
    worker.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])

    assert stranger.list_queues().get("QueueUrls", []) == []
    code, _, _ = refusal(stranger.send_message, QueueUrl=url, MessageBody="x")
    assert code.startswith("AccessDenied") or "NonExistentQueue" in code


def test_credentials_survive_a_restart_and_are_not_readable_by_others(own_broker):
    broker = own_broker()
    before = {key: value for key, value in broker.environment.items() if "KEY" in key}
    assert (broker.data_dir / "dev.env").stat().st_mode & 0o777 == 0o600
    secret = broker.environment["AWS_SECRET_ACCESS_KEY"].encode()
    broker.restart()
    assert {key: value for key, value in broker.environment.items() if "KEY" in key} == before
    broker.stop()
    assert secret not in broker.log().encode(), "no secret in a log"
    for path in broker.data_dir.rglob("*"):
        if path.is_file() and path.name != "dev.env":
            assert secret not in path.read_bytes(), f"the secret stands in the open in {path}"


def test_dev_env_is_what_the_shell_needs(broker):
    environment = broker.environment
    assert environment["AWS_ENDPOINT_URL"] == broker.url
    assert environment["AWS_DEFAULT_REGION"] == "us-east-1"
    assert environment["SWITCHYARD_PID"] == str(broker.pid)
    assert "NATS_URL" not in environment, "variables of a plugin that is not in the build are absent"
    assert isinstance(broker, Broker)


@pytest.mark.parametrize("age, taken", [(10, True), (40, False)])
def test_a_presigned_address_ends_when_it_says(broker, monkeypatch, age, taken):
    signed_at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: signed_at.replace(tzinfo=None))
    keys = botocore.credentials.Credentials(broker.environment["AWS_ACCESS_KEY_ID"], broker.environment["AWS_SECRET_ACCESS_KEY"])
    request = botocore.awsrequest.AWSRequest("GET", f"{broker.url}/?Action=ListQueues&Version=2012-11-05")
    botocore.auth.SigV4QueryAuth(keys, "sqs", broker.environment["AWS_DEFAULT_REGION"], expires=30).add_auth(request)
    reply = exchange(broker, "GET", request.url.removeprefix(broker.url), {})
    assert (reply.status == 200) == taken, reply
    assert taken or error_name(reply) == "RequestExpired"
