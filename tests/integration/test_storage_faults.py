"""A disk that is full, damaged or read-only: one clear sentence, and the rest keeps working."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import botocore.exceptions
import pytest
from broker import Broker, NotReady, run
from conftest import client_for
from raw import exchange


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own; needs root, as a container or CI has it."""
    folder = tmp_path / "disk"
    folder.mkdir()

    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def send_until_refused(sqs, url, size, limit=2000):
    for i in range(limit):
        try:
            sqs.send_message(QueueUrl=url, MessageBody=f"{i} ".ljust(size, "x"))
        except botocore.exceptions.ClientError as error:
            return i, error.response
    raise AssertionError(f"{limit} messages of {size} bytes went to a disk of 64 MB")


def receive_everything(sqs, url, delete, idle_seconds=2):
    seen, quiet_since = set(), time.monotonic()
    while time.monotonic() - quiet_since < idle_seconds:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            seen.add(int(message["Body"].split()[0]))
            if delete:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if messages:
            quiet_since = time.monotonic()
    return seen


def test_full_disk_refuses_sends_and_still_takes_deletes(small_disk):
    with Broker(small_disk / "data", sets=["storage.segment_size=4MiB", "storage.reserve=4MiB"]) as broker:
        sqs = client_for(broker)
        url = sqs.create_queue(QueueName="full")["QueueUrl"]
        stored, response = send_until_refused(sqs, url, 200_000)
        assert stored > 50
        assert response["ResponseMetadata"]["HTTPStatusCode"] >= 400
        assert response["Error"]["Message"], "the refusal says something"
        assert broker.process.poll() is None
        assert re.search(r"(?i)no space|disk.*full|full.*disk", broker.log()), broker.log()[-2000:]
        assert exchange(broker, "GET", "/livez", {}).status == 200

        seen = receive_everything(sqs, url, delete=True)
        assert seen == set(range(stored)), "everything acknowledged is there, and deletes have room"
        # Room comes back without a restart.
        end = time.monotonic() + 15
        while True:
            try:
                sqs.send_message(QueueUrl=url, MessageBody="1000 after")
                break
            except botocore.exceptions.ClientError:
                assert time.monotonic() < end, f"no room came back after everything was deleted\n{broker.log()[-2000:]}"
                time.sleep(0.2)
        broker.kill()
        broker.start()
        sqs = client_for(broker)
        assert receive_everything(sqs, sqs.get_queue_url(QueueName="full")["QueueUrl"], delete=False) == {1000}


def test_start_on_a_full_disk_says_so(small_disk, tmp_path):
    with open(small_disk / "ballast", "wb") as ballast:
        try:
            while True:
                ballast.write(b"x" * 65536)
        except OSError:
            pass
    with pytest.raises(NotReady) as refused:
        Broker(small_disk / "data", log_dir=tmp_path).start()
    assert re.search(r"(?i)no space|full", str(refused.value)), refused.value
    assert "Traceback" not in str(refused.value) and "terminate called" not in str(refused.value)


def segments(broker):
    return sorted(path for path in (broker.data_dir / "journal").iterdir() if path.is_file() and path.stat().st_size)


def filled_broker(own_broker, marker, count=40):
    broker = own_broker(sets=["storage.segment_size=1MiB"])
    sqs = client_for(broker)
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    for i in range(count):
        sqs.send_message(QueueUrl=url, MessageBody=f"{i} {marker}-{i:04}-".ljust(50_000, "y"))
    broker.kill()
    return broker


def place_of(broker, marker):
    for path in segments(broker):
        at = path.read_bytes().find(marker)
        if at >= 0:
            return path, at
    raise AssertionError(f"{marker} is in no segment")


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x20]))


def test_flipped_byte_inside_synced_data_is_named_and_never_served(own_broker):
    broker = filled_broker(own_broker, "flip")
    path, at = place_of(broker, b"flip-0010-")
    flip(path, at + 3)

    done = run("fsck", "--data-dir", broker.data_dir)
    assert done.returncode != 0, "fsck finds damage"
    named = rf"segment {int(path.stem)}\b|{re.escape(path.name)}"
    assert re.search(named, done.stdout + done.stderr), done.stdout + done.stderr
    with pytest.raises(NotReady) as refused:
        broker.start()
    said = str(refused.value)
    assert re.search(named, said), said
    assert "storage.on_damage" in said, f"the sentence says what to change: {said}"

    broker.sets.append("storage.on_damage=quarantine")
    broker.start()
    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    seen = {}
    quiet = 0
    while quiet < 3:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages", [])
        quiet = 0 if messages else quiet + 1
        for message in messages:
            seen[int(message["Body"].split()[0])] = message["Body"]
    assert set(seen) == set(range(40)) - {10}, "nothing outside the damage is lost"
    for i, body in seen.items():
        assert body == f"{i} flip-{i:04}-".ljust(50_000, "y")


def test_torn_tail_loses_nothing_that_was_acknowledged(own_broker):
    broker = filled_broker(own_broker, "torn")
    last = max(segments(broker), key=lambda path: path.read_bytes().rfind(b"torn-0039-"))
    end = last.read_bytes().rfind(b"y") + 1
    with open(last, "r+b") as file:  # What a write looks like that was cut off by a power loss.
        file.seek(end + 4096 - end % 4096)
        file.write(os.urandom(3000))
    broker.start()
    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    assert receive_everything(sqs, url, delete=False, idle_seconds=1) == set(range(40))


def test_fsck_of_a_healthy_folder(own_broker):
    broker = filled_broker(own_broker, "fine", count=5)
    before = {path: path.read_bytes() for path in segments(broker)}
    done = run("fsck", "--data-dir", broker.data_dir)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: path.read_bytes() for path in segments(broker)} == before, "fsck changes nothing"
    missing = run("fsck", "--data-dir", broker.data_dir / "nowhere")
    assert missing.returncode != 0 and "nowhere" in missing.stdout + missing.stderr


def test_lost_segment_is_named(own_broker):
    broker = filled_broker(own_broker, "gone", count=100)
    victim, _ = place_of(broker, b"gone-0030-")
    shutil.move(victim, broker.data_dir.parent / "moved-away")
    with pytest.raises(NotReady) as refused:
        broker.start()
    assert re.search(r"segment|" + re.escape(victim.name), str(refused.value)), refused.value


@pytest.mark.parametrize("name", ["secret", "sealing.key"])
def test_lost_key_file_is_not_replaced(own_broker, name):
    broker = filled_broker(own_broker, "keys", count=3)
    key = broker.data_dir / name
    content = key.read_bytes()
    key.unlink()
    with pytest.raises(NotReady) as refused:
        broker.start()
    said = str(refused.value)
    assert str(key) in said and "restore it from a backup" in said, said
    assert not key.exists(), "nothing is written"
    key.write_bytes(content)
    key.chmod(0o600)
    broker.start()
    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    assert receive_everything(sqs, url, delete=False, idle_seconds=1) == set(range(3))


def test_segment_lost_or_cut_after_a_clean_stop_is_named(own_broker):
    broker = own_broker(sets=["storage.segment_size=1MiB"])
    sqs = client_for(broker)
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    for i in range(100):
        sqs.send_message(QueueUrl=url, MessageBody=f"{i} whole-{i:04}-".ljust(50_000, "y"))
    assert broker.stop() == 0
    victim, _ = place_of(broker, b"whole-0030-")
    away = broker.data_dir.parent / "moved-away"
    shutil.copy(victim, away)
    for harm in (victim.unlink, lambda: os.truncate(victim, 300_000)):
        harm()
        with pytest.raises(NotReady) as refused:
            broker.start()
        said = str(refused.value)
        assert re.search(rf"segment {int(victim.stem)}\b", said) and "/kept' of namespace" in said, said
        assert "storage.on_damage" in said, said
        shutil.copy(away, victim)
    broker.start()
    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    assert receive_everything(sqs, url, delete=False, idle_seconds=1) == set(range(100))


def test_fsck_reads_a_read_only_disk(small_disk):
    with Broker(small_disk / "data") as broker:
        client_for(broker).create_queue(QueueName="kept")
        assert broker.stop() == 0
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = run("fsck", "--data-dir", small_disk / "data")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no damage" in done.stdout


def test_read_only_data_folder_says_so(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,ro", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("a read-only file system cannot be mounted here")
    try:
        with pytest.raises(NotReady) as refused:
            Broker(folder / "data", log_dir=tmp_path).start()
        assert re.search(r"(?i)read-only", str(refused.value)), refused.value
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
    assert not pathlib.Path(folder / "data").exists()
