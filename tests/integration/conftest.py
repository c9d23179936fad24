import os
import pathlib
import subprocess
import sys
import uuid

import boto3
import botocore.config
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from broker import BINARY, Broker  # noqa: E402
from observed import OBSERVED, watch  # noqa: E402

# run.sh says and counts that these are skipped.
collect_ignore = [] if "SWITCHYARD_FLOCI_TESTS" in os.environ else ["test_floci.py"]

CONFIG = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)


def client_for(broker, environment=None, **overrides):
    environment = environment or broker.environment
    options = dict(
        endpoint_url=broker.url,
        region_name=environment.get("AWS_DEFAULT_REGION", "us-east-1"),
        aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
        config=CONFIG,
    )
    options.update(overrides)
    return watch(boto3.session.Session().client("sqs", **options))


def client_environment(broker):
    """What a user's shell has after `. dev.env`, and nothing of this machine's own AWS set-up."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment.update(broker.environment)
    environment.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE="/dev/null",
                       AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_ENDPOINT_URL=broker.url)
    return environment


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} does not exist: build it with `cmake --preset release && cmake --build --preset release`", 3)


def pytest_collection_modifyitems(items):
    # The compatibility table is about what all the others have seen.
    items.sort(key=lambda item: item.module.__name__ == "test_zz_compatibility_table")


def pytest_runtest_logreport(report):
    if report.when == "call":
        OBSERVED.test_ended(report.nodeid.split("::", 1)[0].rsplit("/", 1)[-1] + "::" + report.nodeid.split("::", 1)[1],
                            report.passed)


@pytest.fixture(scope="session", params=[1, 4], ids=["lanes1", "lanes4"])
def broker(request, tmp_path_factory):
    """One broker for all tests that only need queues of their own."""
    folder = tmp_path_factory.mktemp(f"lanes{request.param}") / "data"
    with Broker(folder, sets=[f"lanes={request.param}"]) as running:
        yield running
        assert running.process.poll() is None, f"the broker died during the tests\n{running.log()[-4000:]}"
        assert running.stop() == 0, running.log()[-4000:]
        assert running.stdout_lines == [running.ready_line + "\n"], "only the ready line goes to stdout"


@pytest.fixture(scope="session")
def sqs(broker):
    return client_for(broker)


@pytest.fixture
def name():
    return "q-" + uuid.uuid4().hex[:16]


@pytest.fixture
def make_queue(sqs):
    def make(**attributes):
        return sqs.create_queue(QueueName="q-" + uuid.uuid4().hex[:16], Attributes=attributes)["QueueUrl"]

    return make


@pytest.fixture
def own_broker(tmp_path):
    """Starts brokers of the test's own; all are killed at its end."""
    started = []

    def start(*arguments, folder="data", **options):
        one = Broker(tmp_path / folder, *arguments, **options)
        started.append(one)
        return one.start()

    yield start
    for one in started:
        one.kill()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Makes self-signed certificates: certificate(name) -> (certificate file, key file)."""
    folder = tmp_path_factory.mktemp("tls")

    def make(common_name):
        pair = folder / f"{common_name}.crt", folder / f"{common_name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "30", "-subj", f"/CN={common_name}", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", pair[0], "-keyout", pair[1]],
                       check=True, capture_output=True)
        return pair

    return make
