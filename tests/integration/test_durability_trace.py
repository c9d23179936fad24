"""No reply leaves before the fdatasync of what it acknowledges: read off a system-call trace."""
import re
import shutil

import pytest
from broker import Broker
from conftest import client_for

CALLS = "openat,pwrite64,pwritev,pwritev2,write,writev,fdatasync,fsync,sync_file_range,sendto,sendmsg,io_uring_enter"
# 1234 12:00:00 name(args) = 0     |  1234 12:00:00 name(args <unfinished ...>  |  1234 12:00:00 <... name resumed>...) = 0
LINE = re.compile(r"^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$")


class Call:
    def __init__(self, name, arguments, begin):
        self.name, self.arguments, self.begin, self.end = name, arguments, begin, None


def read_trace(path):
    """System calls with the numbers of the lines on which they began and ended."""
    calls, open_calls = [], {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines()):
        match = LINE.match(line)
        if not match:
            continue
        thread, resumed, name, rest = match.groups()
        if resumed:
            call = open_calls.pop(thread, None)
            if call:
                call.arguments += rest
                call.end = number
            continue
        call = Call(name, rest, number)
        calls.append(call)
        if rest.endswith("<unfinished ...>"):
            open_calls[thread] = call
        else:
            call.end = number
    return calls


@pytest.mark.parametrize("lanes", [1, 4])
def test_every_reply_follows_its_sync(tmp_path, lanes):
    assert shutil.which("strace"), "strace is missing; tests/run.sh installs it"
    trace = tmp_path / "trace"
    wrapper = ["strace", "-f", "-qq", "-s", "4096", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(trace)]
    messages = 40
    with Broker(tmp_path / "data", sets=[f"lanes={lanes}"], wrapper=wrapper) as broker:
        sqs = client_for(broker)
        url = sqs.create_queue(QueueName="traced")["QueueUrl"]
        ids = {}
        for i in range(messages):
            ids[i] = sqs.send_message(QueueUrl=url, MessageBody=f"marker-{i:04}-end")["MessageId"]
        assert broker.stop() == 0, broker.log()
    calls = read_trace(trace)
    assert not any(call.name == "io_uring_enter" for call in calls), "this test does not understand io_uring"
    syncs = [call for call in calls if call.name in ("fdatasync", "fsync") and " = 0" in call.arguments]
    assert len(syncs) >= messages
    for i in range(messages):
        marker = f"marker-{i:04}-end"
        stored = [call for call in calls if call.name.startswith("pwrite") and marker in call.arguments]
        assert stored, f"{marker} was never written"
        replies = [call for call in calls if call.name in ("sendto", "sendmsg", "write", "writev") and ids[i] in call.arguments]
        assert replies, f"the reply of {marker} is not in the trace"
        first_reply = min(reply.begin for reply in replies)
        assert any(sync.begin > stored[0].end and sync.end < first_reply for sync in syncs if sync.end is not None), (
            f"the reply of {marker} left at line {first_reply} of the trace, its write ended at line {stored[0].end}, "
            "and no sync began and ended between them")


def test_every_folder_of_a_first_start_is_synced_into_its_parent_before_ready(tmp_path):
    assert shutil.which("strace"), "strace is missing; tests/run.sh installs it"
    trace = tmp_path / "trace"
    wrapper = ["strace", "-f", "-y", "-qq", "-e", "trace=mkdir,mkdirat,fsync,write", "-e", "signal=none", "-o", str(trace)]
    data = tmp_path / "new" / "below" / "data"
    with Broker(data, wrapper=wrapper, log_dir=tmp_path) as broker:
        assert broker.stop() == 0, broker.log()
    calls = read_trace(trace)
    ready = next(call.begin for call in calls if call.name == "write" and "switchyard ready" in call.arguments)
    made = {}
    for call in calls:
        path = re.search(r'"([^"]+)"', call.arguments)
        if call.name.startswith("mkdir") and " = 0" in call.arguments and path.group(1).startswith(str(tmp_path)):
            made[path.group(1)] = call
    expected = [data.parent.parent, data.parent, data, data / "journal", data / "store"]
    assert set(made) >= {str(path) for path in expected}, made.keys()
    for path, call in made.items():
        parent = path.rpartition("/")[0]
        assert any(sync.name == "fsync" and f"<{parent}>" in sync.arguments and " = 0" in sync.arguments
                   and call.end < sync.begin < ready for sync in calls), f"{parent} was not synced after {path} was made"


def test_the_trace_reader_sees_a_reply_that_comes_too_early(tmp_path):
    trace = tmp_path / "trace"
    trace.write_text(
        '11 pwritev(5, [{iov_base="marker-0000-end"}], 1, 0) = 100\n'
        '11 fdatasync(5 <unfinished ...>\n'
        '12 sendto(9, "HTTP/1.1 200 OK id-0", 20, 0, NULL, 0) = 20\n'
        '11 <... fdatasync resumed>)       = 0\n')
    calls = read_trace(trace)
    sync = next(call for call in calls if call.name == "fdatasync")
    reply = next(call for call in calls if call.name == "sendto")
    assert " = 0" in sync.arguments
    assert not sync.end < reply.begin
