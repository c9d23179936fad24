"""The same pass over the API with every client that people bring, against one lane and four."""
import json
import os
import pathlib
import subprocess

import pytest
from clients import boto_scenario
from conftest import client_environment

HERE = pathlib.Path(__file__).parent
BUILD = HERE.parents[1] / "build"
AWS = BUILD / "venv-clients/bin/aws"
OLD_PYTHON = BUILD / "venv-botocore-query/bin/python"


def require(path, what):
    # tests/run.sh installs these; SWITCHYARD_MISSING_CLIENTS says that a package registry was out of reach.
    if not path.exists() and "SWITCHYARD_MISSING_CLIENTS" in os.environ:
        pytest.skip(f"{what} could not be installed")
    assert path.exists(), f"{path} is missing; `bash tests/run.sh integration` installs {what}"


def differences(seen):
    expected = boto_scenario.EXPECTED
    return {key: (seen.get(key), expected[key]) for key in expected if seen.get(key) != expected[key]}


def test_current_boto3_over_the_json_wire(sqs, name):
    assert sqs.meta.service_model.metadata["protocol"] == "json"
    assert differences(boto_scenario.run(sqs, name)) == {}


def test_old_botocore_over_the_query_wire(broker, name):
    require(OLD_PYTHON, "botocore below 1.31.81")
    done = subprocess.run([OLD_PYTHON, HERE / "clients/boto_scenario.py", broker.url, name],
                          env=client_environment(broker), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["protocol"] == "query", f"botocore {seen['botocore']} is too new for the Query wire"
    assert differences(seen) == {}


class Cli:
    def __init__(self, broker):
        self.environment = client_environment(broker)
        # Version 1 of the CLI reads AWS_ENDPOINT_URL for every service but SQS.
        self.endpoint = ["--endpoint-url", broker.url]

    def __call__(self, *arguments, fails=False):
        done = subprocess.run([AWS, *self.endpoint, "--output", "json", "sqs", *arguments], env=self.environment, capture_output=True,
                              text=True, timeout=60)
        assert (done.returncode != 0) == fails, done.stderr
        if fails:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}


def test_aws_command_line(broker, name, tmp_path):
    require(AWS, "the AWS CLI")
    aws = Cli(broker)
    url = aws("create-queue", "--queue-name", name)["QueueUrl"]
    assert aws("get-queue-url", "--queue-name", name)["QueueUrl"] == url
    assert aws("list-queues", "--queue-name-prefix", name)["QueueUrls"] == [url]
    sent = aws("send-message", "--queue-url", url, "--message-body", "from the shell \u2603", "--message-attributes",
               '{"city": {"DataType": "String", "StringValue": "K\u00f6ln"}}')
    got = aws("receive-message", "--queue-url", url, "--message-attribute-names", "All", "--wait-time-seconds",
              "2")["Messages"][0]
    assert (got["MessageId"], got["Body"]) == (sent["MessageId"], "from the shell \u2603")
    assert got["MessageAttributes"]["city"]["StringValue"] == "K\u00f6ln"
    aws("delete-message", "--queue-url", url, "--receipt-handle", got["ReceiptHandle"])
    batch = aws("send-message-batch", "--queue-url", url, "--entries",
                json.dumps([{"Id": str(i), "MessageBody": f"b{i}"} for i in range(3)]))
    assert len(batch["Successful"]) == 3
    attributes = aws("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "3"
    aws("purge-queue", "--queue-url", url)
    aws("delete-queue", "--queue-url", url)
    assert "NonExistentQueue" in aws("get-queue-url", "--queue-name", name, fails=True)
