"""`switchyard rotate-key`: another sealing key while clients work, across kills, with the key where the configuration says."""
import concurrent.futures
import secrets
import signal
import subprocess
import threading
import uuid

import pytest

from broker import BINARY, run
from conftest import client_for
from control import Control

ALL = {"can_publish": True, "can_receive": True, "can_manage": True}


def make_credentials(broker, count):
    control = Control(broker)
    control.project = str(uuid.uuid4())
    control.ok("POST", "activate-sqs", {"project_id": control.project})
    account = control.ok("POST", "nats-accounts", {"name": "n", "project_id": control.project})["id"]

    def one(_):
        return control.ok("POST", "sqs-credentials", {"project_id": control.project, "permissions": ALL})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(count))), account


def sqs_for(broker, keys):
    return client_for(broker, aws_access_key_id=keys["access_key"], aws_secret_access_key=keys["secret_key"],
                      region_name="fr-par")


def all_work(broker, credentials, account):
    for keys in credentials:
        sqs_for(broker, keys).list_queues()
    # The account's signing key is sealed, too.
    assert Control(broker).ok("POST", "nats-credentials", {"nats_account_id": account, "name": "u"})["credentials"]


@pytest.mark.parametrize("lanes", [1, 4])
def test_a_rotation_is_not_noticed_by_clients_and_the_key_before_is_not_needed(own_broker, lanes):
    broker = own_broker(sets=[f"lanes={lanes}"])
    credentials, account = make_credentials(broker, 12)
    key = broker.data_dir / "sealing.key"
    before = key.read_text()
    stop, working, failures = threading.Event(), threading.Barrier(5, timeout=30), []

    def work(keys):
        sqs = sqs_for(broker, keys)
        sqs.list_queues()
        working.wait()
        while not stop.is_set():
            try:
                sqs.list_queues()
            except Exception as error:  # Any at all is what must not happen.
                failures.append(error)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for keys in credentials[:4]:
            pool.submit(work, keys)
        working.wait()
        for _ in range(3):
            done = run("rotate-key", "--data-dir", broker.data_dir)
            assert done.returncode == 0, done.stderr
            assert "is in use" in done.stdout
            credentials += make_credentials(broker, 3)[0]
        stop.set()
    assert failures == []
    assert key.read_text() != before and key.stat().st_mode & 0o777 == 0o600
    assert not (broker.data_dir / "sealing.key.next").exists()
    all_work(broker, credentials, account)
    broker.restart(signal.SIGKILL)
    all_work(broker, credentials, account)
    broker.stop()
    key.write_text(before)
    refused = subprocess.run(broker.command(), capture_output=True, text=True, timeout=20)
    assert refused.returncode == 1 and "sealed with key" in refused.stderr, "the first key opens nothing any more"


def test_a_stopped_server_goes_over_when_it_starts(own_broker):
    broker = own_broker()
    credentials, account = make_credentials(broker, 3)
    broker.stop()
    key, following = broker.data_dir / "sealing.key", broker.data_dir / "sealing.key.next"
    before = key.read_text()
    for _ in range(2):
        done = run("rotate-key", "--data-dir", broker.data_dir)
        assert done.returncode == 0 and "waits for the next start" in done.stdout, done.stderr
    wanted = following.read_text()
    assert key.read_text() == before
    broker.start()
    assert key.read_text() == wanted and not following.exists()
    all_work(broker, credentials, account)


def test_a_kill_in_the_middle_of_a_rotation_loses_no_secret(own_broker):
    broker = own_broker()
    credentials, account = make_credentials(broker, 300)
    for _ in range(4):
        with subprocess.Popen([BINARY, "rotate-key", "--data-dir", broker.data_dir], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as asking:
            # From no work done to all of it: whenever the file is seen, and then at once.
            while not (broker.data_dir / "sealing.key.next").exists() and asking.poll() is None:
                pass
            broker.restart(signal.SIGKILL)
        assert not (broker.data_dir / "sealing.key.next").exists(), "the start went on"
        all_work(broker, credentials[::97], account)
    # A start opens every secret, and is refused when one of them needs another key.
    broker.restart()
    all_work(broker, credentials[::31], account)


def test_the_key_is_where_the_configuration_says(own_broker, tmp_path):
    key = tmp_path / "seal.hex"
    key.write_text(secrets.token_hex(32))
    key.chmod(0o600)
    config = tmp_path / "switchyard.yaml"
    config.write_text(f"sealing_key: file:{key}\n")
    broker = own_broker("--config", config)
    credentials, account = make_credentials(broker, 3)
    before = key.read_text()
    arguments = ("--config", config, "--data-dir", broker.data_dir)
    done = run("rotate-key", *arguments)
    assert done.returncode == 0, done.stderr
    assert key.read_text() != before and not (tmp_path / "seal.hex.next").exists()
    all_work(broker, credentials, account)
    # A configuration that is broken in the meantime does not stand in the way.
    config.write_text(f"sealing_key: file:{key}\nnonsense: 1\n")
    before = key.read_text()
    (tmp_path / "seal.hex.next").write_text(secrets.token_hex(32))
    broker.send_signal(signal.SIGHUP)
    while key.read_text() == before:
        assert broker.process.poll() is None
    all_work(broker, credentials, account)


def test_a_folder_without_a_key_is_told_so(tmp_path):
    refused = run("rotate-key", "--data-dir", tmp_path)
    assert refused.returncode == 1 and "no sealing key" in refused.stderr
