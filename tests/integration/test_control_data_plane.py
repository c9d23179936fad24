"""What an account that was made over the control API may do as a client of SQS: at once, on every lane, after a kill."""
import concurrent.futures
import datetime
import itertools
import signal
import uuid

import botocore.exceptions
import pytest

from conftest import client_for
from control import Control

PUBLISH, RECEIVE, MANAGE = "can_publish", "can_receive", "can_manage"
FLAGS = (PUBLISH, RECEIVE, MANAGE)

# Which of the flags each action needs, any of them.
NEEDED = {
    "create_queue": (MANAGE,), "delete_queue": (MANAGE,), "list_queues": (MANAGE,), "purge_queue": (MANAGE,),
    "set_queue_attributes": (MANAGE,), "get_queue_url": FLAGS, "get_queue_attributes": FLAGS,
    "send_message": (PUBLISH,), "send_message_batch": (PUBLISH,), "receive_message": (RECEIVE,),
    "delete_message": (RECEIVE,), "delete_message_batch": (RECEIVE,),
    "change_message_visibility": (RECEIVE, MANAGE), "change_message_visibility_batch": (RECEIVE, MANAGE),
}


def arguments_of(action, url, name):
    handle = {"ReceiptHandle": "no receipt"}
    return {
        "create_queue": {"QueueName": name}, "list_queues": {}, "get_queue_url": {"QueueName": name},
        "set_queue_attributes": {"QueueUrl": url, "Attributes": {"VisibilityTimeout": "30"}},
        "send_message": {"QueueUrl": url, "MessageBody": "x"},
        "send_message_batch": {"QueueUrl": url, "Entries": [{"Id": "1", "MessageBody": "x"}]},
        "delete_message": {"QueueUrl": url, **handle},
        "delete_message_batch": {"QueueUrl": url, "Entries": [{"Id": "1", **handle}]},
        "change_message_visibility": {"QueueUrl": url, "VisibilityTimeout": 0, **handle},
        "change_message_visibility_batch": {"QueueUrl": url, "Entries": [{"Id": "1", "VisibilityTimeout": 0, **handle}]},
    }.get(action, {"QueueUrl": url})


def refusal(call, **arguments):
    """The error's code, or nothing: what is refused for another reason has passed the judgement of permissions."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


def project(broker):
    control = Control(broker)
    control.project = str(uuid.uuid4())
    control.ok("POST", "activate-sqs", {"project_id": control.project})
    return control


def credential(control, *flags, **more):
    return control.ok("POST", "sqs-credentials", {"project_id": control.project, "name": "w", **more,
                                                  "permissions": {flag: flag in flags for flag in FLAGS}})


def sqs_for(broker, keys):
    return client_for(broker, aws_access_key_id=keys["access_key"], aws_secret_access_key=keys["secret_key"],
                      region_name="fr-par")


def test_every_action_asks_for_the_permissions_that_are_documented(broker, name):
    control = project(broker)
    url = sqs_for(broker, credential(control, *FLAGS)).create_queue(QueueName=name)["QueueUrl"]
    wrong = []
    for count in range(4):
        for flags in itertools.combinations(FLAGS, count):
            sqs = sqs_for(broker, credential(control, *flags))
            # Deleting the queue comes last of all, and only with no permission for it.
            for action, needed in NEEDED.items():
                allowed = bool(set(flags) & set(needed))
                if action == "delete_queue" and allowed:
                    continue
                code = refusal(getattr(sqs, action), **arguments_of(action, url, name))
                if (code != "AccessDenied") != allowed:
                    wrong.append((flags, action, code))
    assert wrong == []
    assert refusal(sqs_for(broker, credential(control, MANAGE)).delete_queue, QueueUrl=url) is None


def test_a_change_of_permissions_is_in_force_on_open_connections(broker, name):
    control = project(broker)
    keys = credential(control, *FLAGS)
    sqs = sqs_for(broker, keys)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    for allowed in (False, True, False):
        control.ok("PATCH", f"sqs-credentials/{keys['id']}", {"permissions": {PUBLISH: allowed}})
        assert refusal(sqs.send_message, QueueUrl=url, MessageBody="x") == (None if allowed else "AccessDenied")


def test_credentials_work_at_once_whichever_connection_made_them(broker):
    control = project(broker)

    def make_use_revoke(_):
        keys = credential(control, *FLAGS)
        sqs = sqs_for(broker, keys)
        before = refusal(sqs.list_queues)
        assert control("DELETE", f"sqs-credentials/{keys['id']}").status == 204
        return before, refusal(sqs.list_queues)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(make_use_revoke, range(40))) == {(None, "InvalidClientTokenId")}
    assert control.ok("GET", f"sqs-credentials?project_id={control.project}")["total_count"] == 0


def test_a_rate_of_requests_is_in_force_at_once_and_can_be_given_back(broker):
    control = project(broker)
    sqs, other = (sqs_for(broker, credential(one, *FLAGS)) for one in (control, project(broker)))
    [account] = control.ok("GET", f"/mnq/switchyard/v1/accounts?project_id={control.project}")["accounts"]
    limits = f"/mnq/switchyard/v1/accounts/{account['id']}/limits"
    control.ok("PATCH", limits, {"requests_per_second": 1})
    seen = [refusal(sqs.list_queues) for _ in range(20)]
    assert seen[0] is None and "ThrottlingException" in seen and set(seen) <= {None, "ThrottlingException"}
    assert {refusal(other.list_queues) for _ in range(20)} == {None}, "it is this namespace's own"
    control.ok("PATCH", limits, {"requests_per_second": ""})
    assert {refusal(sqs.list_queues) for _ in range(20)} == {None}


def test_a_credential_ends_when_it_says(broker):
    control = project(broker)
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1.5)
    keys = credential(control, MANAGE, expires_at=end.isoformat())
    sqs = sqs_for(broker, keys)
    seen = []
    while "ExpiredToken" not in seen and len(seen) < 100_000:
        seen.append(refusal(sqs.list_queues))
    assert set(seen[:-1]) == {None} and seen[-1] == "ExpiredToken"
    assert datetime.datetime.now(datetime.timezone.utc) >= end
    control.ok("PATCH", f"sqs-credentials/{keys['id']}", {"expires_at": ""})
    assert refusal(sqs.list_queues) is None


@pytest.mark.parametrize("lanes", [1, 4])
def test_all_of_it_survives_a_kill(own_broker, lanes):
    broker = own_broker(sets=[f"lanes={lanes}"])
    control, off, gone = project(broker), project(broker), project(broker)
    kept, narrowed, revoked = (credential(control, *FLAGS) for _ in range(3))
    url = sqs_for(broker, kept).create_queue(QueueName="orders")["QueueUrl"]
    sqs_for(broker, kept).send_message(QueueUrl=url, MessageBody="x")
    ended = credential(off, *FLAGS)
    sqs_for(broker, ended).create_queue(QueueName="orders")
    account = control.ok("POST", "nats-accounts", {"name": "events", "project_id": control.project})
    user = control.ok("POST", "nats-credentials", {"nats_account_id": account["id"], "name": "u"})
    limits = next(one for one in control.ok("GET", f"/mnq/switchyard/v1/accounts?project_id={control.project}")["accounts"]
                  if one["protocol"] == "sqs_sns")
    control.ok("PATCH", f"/mnq/switchyard/v1/accounts/{limits['id']}/limits", {"max_stored_bytes": 4321})
    control.ok("PATCH", f"sqs-credentials/{narrowed['id']}", {"permissions": {MANAGE: False}, "name": "narrow"})
    control.ok("POST", "deactivate-sqs", {"project_id": off.project, "force_delete": True})
    control.ok("POST", "deactivate-sqs", {"project_id": gone.project})
    assert control("DELETE", f"sqs-credentials/{revoked['id']}").status == 204
    seen = [control.ok("GET", path) for path in (
        f"sqs-credentials?project_id={control.project}", f"nats-accounts/{account['id']}", f"nats-credentials/{user['id']}",
        f"sqs-info?project_id={control.project}", f"sqs-info?project_id={off.project}",
        f"/mnq/switchyard/v1/accounts/{limits['id']}/limits")]
    for _ in range(2):
        broker.restart(signal.SIGKILL)
        again = Control(broker)
        assert [again.ok("GET", path) for path in (
            f"sqs-credentials?project_id={control.project}", f"nats-accounts/{account['id']}",
            f"nats-credentials/{user['id']}", f"sqs-info?project_id={control.project}",
            f"sqs-info?project_id={off.project}", f"/mnq/switchyard/v1/accounts/{limits['id']}/limits")] == [
                {**one, **({"sqs_endpoint_url": broker.url} if "sqs_endpoint_url" in one else {})} for one in seen]
        assert refusal(sqs_for(broker, revoked).list_queues) == "InvalidClientTokenId"
        assert refusal(sqs_for(broker, ended).list_queues) == "InvalidClientTokenId"
        assert refusal(sqs_for(broker, narrowed).list_queues) == "AccessDenied"
        here = broker.url + url[url.index("/project-"):]
        counts = sqs_for(broker, kept).get_queue_attributes(QueueUrl=here, AttributeNames=["All"])["Attributes"]
        assert counts["ApproximateNumberOfMessages"] == "1"
