"""A Celery application as people write one for SQS: the worker and the sender of test_consumer_libraries.py.

What a task did is a line in the file TASK_LOG, because SQS gives Celery no results.
"""
import os
import pathlib
import time
import urllib.parse

import celery

endpoint = urllib.parse.urlsplit(os.environ["AWS_ENDPOINT_URL"])
keys = [urllib.parse.quote(os.environ[name], safe="") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
log = pathlib.Path(os.environ["TASK_LOG"])

app = celery.Celery("tasks", broker=f"sqs://{keys[0]}:{keys[1]}@{endpoint.netloc}//")
app.conf.update(
    task_default_queue=os.environ["TASK_QUEUE"], task_acks_late=True, task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1, worker_enable_remote_control=False, task_ignore_result=True,
    broker_transport_options={"region": os.environ["AWS_DEFAULT_REGION"], "is_secure": False, "visibility_timeout": 4,
                              "wait_time_seconds": 2, "polling_interval": 0.1})


def say(line):
    with open(log, "a") as out:
        out.write(f"{line}\n")


@app.task
def add(first, second):
    say(f"add {first + second}")


@app.task(bind=True, max_retries=3)
def flaky(self):
    say(f"flaky {self.request.retries}")
    if self.request.retries < 2:
        raise self.retry(countdown=1)


@app.task(bind=True)
def hold(self, gate):
    """Ends once the file `gate` is there; the worker is killed before that."""
    say(f"hold {os.getpid()} redelivered={bool(self.request.delivery_info.get('redelivered'))}")
    while not os.path.exists(gate):
        time.sleep(0.02)
    say("held")


def send(gate):
    for i in range(30):
        add.delay(i, 1000)
    add.apply_async((1, 5000), countdown=1)
    flaky.delay()
    hold.delay(gate)
