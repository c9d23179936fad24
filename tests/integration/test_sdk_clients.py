"""Programs with the AWS SDKs of other languages: each makes the pass of clients/contract.py."""
import json
import pathlib
import subprocess

from clients import contract
from conftest import client_environment

HERE = pathlib.Path(__file__).parent
BUILD = HERE.parents[1] / "build"
NODE = BUILD / "node-clients"
GO = BUILD / "go-clients"
JAVA = BUILD / "java-clients"


def installed(path, what):
    """Every machine that runs the tests can have these clients: one that is missing is a failure."""
    assert path.exists(), f"{path} is missing: `bash tests/run.sh integration` installs {what}, or says why it could not"
    return path


def printed(command, environment, seconds=90):
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_aws_sdk_for_javascript(broker, name):
    installed(NODE / "node_modules", "the AWS SDK for JavaScript")
    seen = printed(["node", HERE / "clients/node/scenario.mjs", NODE, broker.url, name], client_environment(broker))
    assert contract.differences(seen) == {}


def test_the_aws_sdk_for_go(broker, name):
    program = installed(GO / "sqs", "the program with the AWS SDK for Go")
    assert contract.differences(printed([program, name], client_environment(broker))) == {}


def test_the_aws_sdk_for_java(broker, name):
    installed(JAVA / "Scenario.class", "the program with the AWS SDK for Java")
    environment = {**client_environment(broker), "AWS_REGION": broker.environment["AWS_DEFAULT_REGION"]}
    seen = printed(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JAVA}/jars/*:{JAVA}", "Scenario", name], environment)
    assert contract.differences(seen) == {}
