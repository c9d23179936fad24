"""Libraries that consume queues for their users, as their users run them: a Celery worker and sqs-consumer."""
import os
import pathlib
import signal
import subprocess

import pytest

from broker import wait_until
from conftest import client_environment, client_for
from test_sdk_clients import BUILD, HERE, NODE, installed, printed

CELERY = BUILD / "venv-celery/bin/python"


def test_a_worker_with_sqs_consumer(broker, name):
    installed(NODE / "node_modules/sqs-consumer", "sqs-consumer")
    seen = printed(["node", HERE / "clients/node/consumer.mjs", NODE, broker.url, name], client_environment(broker))
    no = "Unexpected message handler failure: no: "
    assert seen == {"once": True, "fails_once": 2, "slow": 1, "overlap": False, "poison": 3, "dead": ["poison"],
                    "attributes": True, "left": 0, "errors": [no + "fails-once", no + "poison"]}


class Celery:
    """Workers of one application; each is a real `celery worker` process and ends with the test."""

    def __init__(self, broker, name, folder):
        self.log = folder / "tasks"
        self.gate = folder / "gate"
        self.output = folder / "workers.log"
        self.queue = name
        self.environment = {**client_environment(broker), "TASK_LOG": str(self.log), "TASK_QUEUE": name,
                            "PYTHONPATH": str(HERE / "clients")}
        self.workers = []

    def lines(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def send(self):
        subprocess.run([CELERY, "-c", f"import celery_tasks; celery_tasks.send({str(self.gate)!r})"], env=self.environment, check=True, timeout=60)

    def work(self, *options):
        with open(self.output, "ab") as output:
            self.workers.append(subprocess.Popen(
                [CELERY, "-m", "celery", "-A", "celery_tasks", "worker", "--loglevel", "info", "--without-gossip",
                 "--without-mingle", "--without-heartbeat", *options], env=self.environment, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True))
        return self.workers[-1]

    def kill(self):
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture
def workers(broker, name, tmp_path):
    installed(CELERY, "Celery")
    one = Celery(broker, name, tmp_path)
    yield one
    one.kill()


def test_a_celery_worker_that_acknowledges_late_loses_no_task(broker, workers):
    workers.send()
    first = workers.work("--pool", "prefork", "--concurrency", "2")
    wait_until(lambda: any(line.startswith("hold ") for line in workers.lines()), 30, "the task that is held")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    second = workers.work("--pool", "prefork", "--concurrency", "2")
    wait_until(lambda: sum(line.startswith("hold ") for line in workers.lines()) > 1, 30, "its second delivery")
    pathlib.Path(workers.gate).touch()

    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName=workers.queue)["QueueUrl"]
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
              "VisibilityTimeout"]

    def drained():
        seen = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        assert seen.pop("VisibilityTimeout") == "4", "the visibility timeout that Celery was configured with"
        return set(seen.values()) == {"0"} and "held" in workers.lines() and "flaky 2" in workers.lines()

    wait_until(drained, 40, "every task")
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0, workers.output.read_text()[-4000:]
    lines = workers.lines()
    assert {f"add {1000 + i}" for i in range(30)} | {"add 5001", "flaky 0", "flaky 1", "flaky 2"} <= set(lines)
    # At least once: what one receive gave to the worker that was killed may come again, and nothing else.
    assert len(lines) - len(set(lines)) <= 10, lines
