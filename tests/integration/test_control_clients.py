"""Official clients of the control API, pointed at the broker by SCW_API_URL and otherwise unchanged."""
import json
import os
import pathlib
import stat
import subprocess
import uuid

import pytest

from conftest import client_for
from test_clients import require
from test_sdk_clients import GO, installed, printed

HERE = pathlib.Path(__file__).parent
PYTHON = HERE.parents[1] / "build/venv-scaleway/bin/python"
SCW = HERE.parents[1] / "build/scw-cli/scw"


def environment(broker):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCW_"))}
    return {**clean, **broker.environment, "SCW_API_URL": broker.url, "SCW_DEFAULT_PROJECT_ID": str(uuid.uuid4()),
            "SCW_CONFIG_PATH": "/dev/null"}


def test_the_python_sdk_of_scaleway(broker):
    require(PYTHON, "the Python SDK of Scaleway")
    done = subprocess.run([PYTHON, HERE / "clients/scaleway_scenario.py"], env=environment(broker), capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "enabled": "enabled", "endpoint": broker.url, "twice": 409, "secret": 64, "all pages": 25, "secret again": "",
        "checksum kept": True, "changed": ["renamed", True, False], "in use": 412, "disabled": "disabled", "missing": 404,
        "sns": 20, "named": True, "file": ["user.creds", True], "file again": None, "renamed": "renamed",
        "accounts": True, "gone": 404}


def test_the_go_sdk_of_scaleway(broker):
    program = installed(GO / "scaleway", "the program with the Go SDK of Scaleway")
    enabled = ["enabled", broker.url]
    assert printed([program], environment(broker)) == {
        "nats": {"id": True, "same": True, "renamed": "later", "moved_on": True, "names": ["after", "later"],
                 "file": "user.creds", "content": True, "once": True, "listed": 1, "gone": "ResourceNotFoundError namespace",
                 "credentials_gone": "ResourceNotFoundError credentials",
                 "short_id": "InvalidArgumentsError nats_account_id"},
        "sqs": {"before": "disabled", "inactive": "ResourceNotFoundError MnqSQSNamespace",
                "unactivated": "ResourceNotFoundError MnqSQSNamespace", "active": enabled, "twice": "ResponseError 409",
                "once": True, "permissions": [True, True, False], "listed": 1,
                "in_use": "PreconditionFailedError resource_still_in_use", "gone": "ResourceNotFoundError credentials",
                "after": "disabled"},
        "sns": {"before": "disabled", "active": enabled, "once": True, "listed": 1, "after": "disabled"},
        "queues": {"arn": True, "url": True, "fifo_named": False, "before": True, "after": True, "size": "262144",
                   "retention": "720", "ordered": ["true", "true"], "unsent": "AccessDenied",
                   "destroyed": ["AWS.SimpleQueueService.NonExistentQueue"] * 3},
        "denied": "DeniedAuthenticationError api_key"}


def test_the_go_sdk_of_scaleway_with_the_first_api(broker):
    program = installed(GO / "alpha", "the program with the older Go SDK of Scaleway")
    assert printed([program], environment(broker)) == {
        "namespaces": {"id": True, "same": True, "renamed": "c", "protocols": ["nats", "sqs_sns"], "names": ["a", "c"],
                       "endpoint": broker.url, "project": True, "protocol": "InvalidArgumentsError protocol",
                       "gone": "ResourceNotFoundError namespace", "short_id": "InvalidArgumentsError namespace_id"},
        "nats": {"content": True, "once": True, "no_other": True, "gone": "ResourceNotFoundError credential"},
        "sqs": {"secret": True, "once": True, "access": True, "permissions": [False, False, True], "listed": True,
                "gone": "ResourceNotFoundError credential"},
        "denied": "DeniedAuthenticationError"}


class Scw:
    """The command line client with a home of its own."""

    def __init__(self, broker, home):
        self.home = home
        self.environment = {**environment(broker), "HOME": str(home), "XDG_CONFIG_HOME": "",
                            "SCW_CONFIG_PATH": str(home / "scw.yaml"), "SCW_CLI_CONFIG_PATH": str(home / "cli.yaml"),
                            "SCW_CACHE_DIR": str(home / "cache"), "SCW_DISABLE_CHECK_VERSION": "true",
                            "SCW_SEND_TELEMETRY": "false"}
        self.project = self.environment["SCW_DEFAULT_PROJECT_ID"]

    def run(self, *words):
        return subprocess.run([SCW, "mnq", *words, "-o", "json"], env=self.environment, capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL)

    def __call__(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture
def scw(broker, tmp_path):
    require(SCW, "the command line client of Scaleway")
    return Scw(broker, tmp_path)


def test_the_scw_command_makes_an_sqs_credential_that_boto3_uses(broker, scw):
    assert scw("sqs", "get-info")["status"] == "disabled"
    info = scw("sqs", "activate")
    assert (info["status"], info["sqs_endpoint_url"], info["project_id"]) == ("enabled", broker.url, scw.project)
    again = scw.run("sqs", "activate")
    assert again.returncode != 0 and "already" in again.stdout + again.stderr
    keys = scw("sqs", "create-credentials", "name=worker", "permissions.can-publish=true", "permissions.can-manage=true")
    sqs = client_for(broker, aws_access_key_id=keys["access_key"], aws_secret_access_key=keys["secret_key"],
                     region_name="fr-par")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert url == f"{broker.url}/project-{scw.project}/orders"
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert [one["name"] for one in scw("sqs", "list-credentials", f"project-id={scw.project}")] == ["worker"]
    renamed = scw("sqs", "update-credentials", keys["id"], "name=renamed", "permissions.can-receive=true")
    assert renamed["name"] == "renamed" and renamed["permissions"]["can_receive"] is True
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"
    assert scw("sqs", "get-credentials", keys["id"])["secret_key"] == ""
    scw("sqs", "delete-credentials", keys["id"])
    with pytest.raises(sqs.exceptions.ClientError, match="InvalidClientTokenId"):
        sqs.list_queues()
    missing = scw.run("sqs", "get-credentials", keys["id"])
    assert missing.returncode != 0 and keys["id"] in missing.stdout + missing.stderr
    busy = scw.run("sqs", "deactivate")
    assert busy.returncode != 0 and "precondition" in (busy.stdout + busy.stderr).lower()


def test_the_scw_command_switches_sns_on_and_off(scw):
    assert scw("sns", "activate")["status"] == "enabled"
    keys = scw("sns", "create-credentials", "name=w")
    assert len(keys["access_key"]) == 20 and len(keys["secret_key"]) == 64
    scw("sns", "delete-credentials", keys["id"])
    assert scw("sns", "deactivate")["status"] == "disabled"


def test_the_scw_command_writes_a_context_for_nats(scw):
    account = scw("nats", "create-account", "name=events")
    mine = ("nats", "list-accounts", f"project-id={scw.project}")
    assert [one["id"] for one in scw(*mine)] == [account["id"]]
    scw("nats", "create-context", f"nats-account-id={account['id']}", "credentials-name=w")
    [context] = (scw.home / ".config/nats/context").glob("*.json")
    written = json.loads(context.read_text())
    assert written["url"] == account["endpoint"]
    creds = pathlib.Path(written["creds"])
    assert creds.read_text().startswith("-----BEGIN NATS USER JWT-----\n")
    assert stat.S_IMODE(creds.stat().st_mode) == 0o600
    [credential] = scw("nats", "list-credentials", f"nats-account-id={account['id']}")
    assert credential["credentials"] is None
    scw("nats", "delete-credentials", credential["id"])
    assert scw("nats", "update-account", account["id"], "name=renamed")["name"] == "renamed"
    scw("nats", "delete-account", account["id"])
    assert scw(*mine) == []
