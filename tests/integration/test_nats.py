"""The NATS protocol: an official client, unchanged, and what it never sends."""
import asyncio
import contextlib
import json
import re
import socket
import uuid

import nats
import nats.errors
import pytest

from broker import wait_until
from control import Control


@pytest.fixture(params=[1, 4], ids=["lanes1", "lanes4"])
def server(request, own_broker, tmp_path):
    """Everybody may come in, into a namespace that the file declares."""
    config = tmp_path / "nats.yaml"
    config.write_text(f"""
data_dir: {tmp_path}/data
lanes: {request.param}
plugins:
  nats: {{listen: "127.0.0.1:0", anonymous_namespace: open, max_payload: 64KiB, max_pending: 1MiB}}
bootstrap:
  namespaces:
    - {{name: open, protocol: nats}}
""")
    return own_broker("--config", config, dev=False)


@pytest.fixture(params=[1, 4], ids=["lanes1", "lanes4"])
def guarded(request, own_broker):
    """With the control API, and nobody without credentials."""
    return own_broker(sets=[f"lanes={request.param}", "plugins.nats.listen=127.0.0.1:0"])


async def connect(server, **options):
    options = {"allow_reconnect": False, "connect_timeout": 10, **options}
    return await nats.connect("nats://" + server.listeners["nats"], **options)


class Wire:
    """A client that says what it likes."""

    def __init__(self, server, hello=b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n'):
        host, port = server.listeners["nats"].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=15)
        self.reader = self.socket.makefile("rb")
        self.info = json.loads(self.line()[len("INFO "):])
        self.send(hello)

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        return self.reader.readline().decode().rstrip("\r\n")

    def ask(self, data):
        """The lines up to the PONG of a PING behind `data`; the last is "closed" when the server closed."""
        self.send(data + b"PING\r\n")
        lines = []
        with contextlib.suppress(ConnectionResetError):
            while (line := self.line()) not in ("PONG", ""):
                lines.append(line)
            if line == "PONG":
                return lines
        return lines + ["closed"]

    def close(self):
        self.reader.close()
        self.socket.close()


@pytest.fixture
def wire(server):
    one = Wire(server)
    yield one
    one.close()


def metric(server, sample):
    from test_http import metric as read
    return read(server, sample)


# ---- an official client ----------------------------------------------------------------------------


def test_messages_reach_those_who_asked_for_their_subject(server):
    async def scenario():
        clients = [await connect(server) for _ in range(8)]
        heard = {pattern: [] for pattern in ("a.b", "a.*", "a.>", ">", "b.>", "*.b")}
        for i, pattern in enumerate(heard):
            async def note(message, to=heard[pattern]):
                to.append((message.subject, message.data, message.headers))
            await clients[i].subscribe(pattern, cb=note)
            await clients[i].flush()
        await clients[7].publish("a.b", b"one")
        await clients[7].publish("a.b.c", b"x" * 60_000, headers={"Key": "value"})
        await clients[7].flush()
        for client in clients[:7]:
            await client.flush()
        while sum(map(len, heard.values())) < 6:
            await asyncio.sleep(0.01)
        for client in clients:
            await client.drain()
        return heard

    heard = asyncio.run(asyncio.wait_for(scenario(), 20))
    one, two = ("a.b", b"one", None), ("a.b.c", b"x" * 60_000, {"Key": "value"})
    assert heard == {"a.b": [one], "a.*": [one], "a.>": [one, two], ">": [one, two], "b.>": [], "*.b": [one]}


def test_a_request_is_answered_by_one_of_a_group_or_by_nobody(server):
    async def scenario():
        asker, workers, counts = await connect(server), [await connect(server) for _ in range(4)], [0] * 4
        for i, worker in enumerate(workers):
            async def answer(message, mine=i):
                counts[mine] += 1
                await message.respond(message.data * 2)
            await worker.subscribe("double", "group", cb=answer)
            await worker.flush()
        answers = [(await asker.request("double", str(i).encode(), timeout=10)).data for i in range(200)]
        with pytest.raises(nats.errors.NoRespondersError):
            await asker.request("nobody", b"", timeout=10)
        await workers[0].close()
        for worker in workers[1:]:
            await worker.drain()
        with pytest.raises(nats.errors.NoRespondersError):
            await asker.request("double", b"", timeout=10)
        await asker.close()
        return answers, counts

    answers, counts = asyncio.run(scenario())
    assert answers == [str(i).encode() * 2 for i in range(200)]
    assert sum(counts) == 200 and min(counts) > 10, f"each gets its share: {counts}"


def test_a_subscription_ends_by_itself_after_so_many_messages(server):
    async def scenario():
        client, other = await connect(server), await connect(server)
        subscription = await client.subscribe("few")
        await subscription.unsubscribe(limit=3)
        await client.flush()
        for i in range(5):
            await other.publish("few", str(i).encode())
        await other.flush()
        got = [(await subscription.next_msg(timeout=10)).data for _ in range(3)]
        with pytest.raises((nats.errors.TimeoutError, nats.errors.Error)):
            await subscription.next_msg(timeout=0.2)
        with pytest.raises(nats.errors.NoRespondersError):
            await other.request("few", b"", timeout=10)
        await client.close()
        await other.close()
        return got

    assert asyncio.run(scenario()) == [b"0", b"1", b"2"]


def test_one_does_not_hear_oneself_without_echo(server):
    async def scenario():
        quiet, other = await connect(server, no_echo=True), await connect(server)
        mine, theirs = await quiet.subscribe("s"), await other.subscribe("s")
        await quiet.flush()
        await other.flush()
        await quiet.publish("s", b"from quiet")
        await quiet.flush()
        await other.publish("s", b"from other")
        await other.flush()
        got = (await mine.next_msg(timeout=10)).data, [(await theirs.next_msg(timeout=10)).data for _ in range(2)]
        await quiet.close()
        await other.close()
        return got

    assert asyncio.run(scenario()) == (b"from other", [b"from quiet", b"from other"])


# ---- credentials of the control API -----------------------------------------------------------------


def make_account(server, name):
    control = Control(server)
    control.project = str(uuid.uuid4())
    account = control.ok("POST", "nats-accounts", {"name": name, "project_id": control.project})
    return control, account


def make_credentials(control, account, tmp_path, name="worker"):
    made = control.ok("POST", "nats-credentials", {"nats_account_id": account["id"], "name": name})
    file = tmp_path / (made["id"] + ".creds")
    file.write_text(made["credentials"]["content"])
    return made, str(file)


def test_credentials_of_the_control_api_let_in_and_keep_accounts_apart(guarded, tmp_path):
    control, first = make_account(guarded, "first")
    other_control, second = make_account(guarded, "second")
    _, one = make_credentials(control, first, tmp_path)
    _, two = make_credentials(control, first, tmp_path, "other")
    _, foreign = make_credentials(other_control, second, tmp_path)

    async def scenario():
        clients = [await connect(guarded, user_credentials=file) for file in (one, two, foreign)]
        subscriptions = [await client.subscribe("s") for client in clients]
        for client in clients:
            await client.flush()
        await clients[0].publish("s", b"hello")
        await clients[0].flush()
        assert (await subscriptions[1].next_msg(timeout=10)).data == b"hello"
        with pytest.raises(nats.errors.TimeoutError):
            await subscriptions[2].next_msg(timeout=0.2)
        for client in clients:
            await client.close()

    asyncio.run(scenario())


def test_a_deleted_credential_ends_its_connections_at_once(guarded, tmp_path):
    control, account = make_account(guarded, "a")
    made, file = make_credentials(control, account, tmp_path)
    _, kept = make_credentials(control, account, tmp_path, "kept")

    async def scenario():
        errors, closed = [], asyncio.Event()

        async def on_error(error):
            errors.append(str(error))

        async def on_closed():
            closed.set()

        async def on_disconnected():
            closed.set()

        client = await connect(guarded, user_credentials=file, error_cb=on_error, closed_cb=on_closed,
                               disconnected_cb=on_disconnected)
        stays = await connect(guarded, user_credentials=kept)
        assert control("DELETE", f"nats-credentials/{made['id']}").status == 204
        await asyncio.wait_for(closed.wait(), 10)
        await stays.flush()
        await stays.close()
        with contextlib.suppress(nats.errors.Error):
            await client.close()
        with pytest.raises(Exception, match="(?i)authorization violation"):
            await connect(guarded, user_credentials=file)
        return [*errors, str(client.last_error)]

    assert "user authentication revoked" in " ".join(asyncio.run(scenario())).lower()


def test_without_credentials_nobody_comes_in(guarded, tmp_path):
    async def refused(**options):
        with pytest.raises(Exception, match="(?i)authorization violation"):
            await connect(guarded, **options)

    asyncio.run(refused())
    asyncio.run(refused(user="a", password="b"))
    asyncio.run(refused(token="t"))
    bare = Wire(guarded, hello=b"")
    assert bare.info["auth_required"] is True and re.fullmatch(r"[A-Za-z0-9_-]{15}", bare.info["nonce"])
    assert bare.ask(b"PUB a 1\r\nx\r\n") == ["-ERR 'Authorization Violation'", "closed"]
    forged = json.dumps({"jwt": "a.b.c", "sig": "AAAA", "protocol": 1}).encode()
    assert Wire(guarded, b"CONNECT " + forged + b"\r\n").ask(b"") == ["-ERR 'Authorization Violation'", "closed"]


# ---- below the clients ------------------------------------------------------------------------------


def test_info_says_what_clients_read(server, wire):
    info = wire.info
    assert re.fullmatch(r"N[A-Z2-7]{55}", info["server_id"])
    assert info["proto"] == 1 and info["headers"] is True and info["max_payload"] == 65536
    assert info["port"] == int(server.listeners["nats"].rsplit(":", 1)[1]) and info["client_ip"] == "127.0.0.1"
    assert not info.get("auth_required") and "jetstream" not in info
    assert Wire(server).info["client_id"] != info["client_id"]


@pytest.mark.parametrize("sent, answer", [
    (b"NONSENSE\r\n", ["-ERR 'Unknown Protocol Operation'", "closed"]),
    (b"PUB a 3\r\nabcX\r\n", ["-ERR 'Unknown Protocol Operation'", "closed"]),
    (b"PUB a 70000\r\n", ["-ERR 'Maximum Payload Violation'", "closed"]),
    (b"PUB " + b"a" * 5000 + b" 1\r\nx\r\n", ["-ERR 'maximum control line exceeded'", "closed"]),
    (b"PUB a x\r\n", ["closed"]),
    (b"SUB a b c d\r\n", ["closed"]),
    (b"HPUB a 5 3\r\nabc\r\n", ["closed"]),
    (b"CONNECT {bad\r\n", ["closed"]),
    (b'CONNECT {"protocol":9}\r\n', ["-ERR 'invalid client protocol'", "closed"]),
    (b'CONNECT {"no_responders":true,"headers":false}\r\n', ["-ERR 'no responders requires headers support'", "closed"]),
    (b"-ERR 'x'\r\n", ["closed"]),
    (b"SUB a..b 1\r\n", ["-ERR 'Invalid Subject'"]),
    (b"SUB > 1\r\nPUB a.b _R_.x 1\r\nx\r\n", ["-ERR 'Permissions Violation for Publish with Reply of \"_R_.x\"'"]),
    (b"+OK\r\nINFO {}\r\nUNSUB 9\r\n", []),
    (b"sub a 1\nPub a 2\r\nhi\r\n", ["MSG a 1 2", "hi"]),
    (b"SUB a 1\r\nSUB b 1\r\nPUB b 1\r\nx\r\nPUB a 0\r\n\r\n", ["MSG a 1 0", ""]),
    (b"SUB q 1\r\nPUB nobody q 0\r\n\r\n",
     ["HMSG q 1 38 38", "NATS/1.0 503", "Nats-Subject: nobody", "", ""]),
], ids=lambda value: None)
def test_what_no_client_sends_gets_the_protocols_own_answer(wire, sent, answer):
    wire.send(sent + b"PING\r\n")
    lines = []
    with contextlib.suppress(ConnectionResetError):
        while (line := wire.reader.readline()) not in (b"", b"PONG\r\n"):
            lines.append(line.decode().rstrip("\r\n"))
        lines += ["closed"] if line == b"" else []
    assert lines == answer


def test_a_client_that_says_nothing_is_served_and_hears_ok(server):
    silent = Wire(server, hello=b"")
    assert silent.ask(b"SUB a 1\r\nPUB a 1\r\nx\r\n") == ["+OK", "MSG a 1 1", "x", "+OK"]


def test_what_was_published_before_an_unsubscribe_comes_before_its_end(server):
    clients = [Wire(server) for _ in range(6)]
    for sid in range(50):
        for one in clients[:5]:
            one.ask(b"SUB a.b %d\r\n" % sid)
        clients[5].ask(b"PUB a.b 1\r\nx\r\nPUB other 50000\r\n" + b"y" * 50000 + b"\r\n")
        for one in clients[:5]:
            assert one.ask(b"UNSUB %d\r\n" % sid) == [f"MSG a.b {sid} 1", "x"]


def test_who_does_not_read_is_closed_and_holds_up_nobody_else(server):
    slow, publisher, other = Wire(server), Wire(server), Wire(server)
    slow.ask(b"SUB big 1\r\n")
    other.ask(b"SUB small 1\r\n")
    before = metric(server, "switchyard_nats_slow_consumers_total")
    message = b"PUB big 60000\r\n" + b"x" * 60000 + b"\r\n"

    def overflowed():
        publisher.ask(message * 20)
        return metric(server, "switchyard_nats_slow_consumers_total") == before + 1

    wait_until(overflowed, 60, "the slow consumer's end")
    assert publisher.ask(b"PUB small 2\r\nok\r\n") == []
    assert [other.line(), other.line()] == ["MSG small 1 2", "ok"]


def test_a_stop_tells_clients_and_ends(server):
    one = Wire(server, b'CONNECT {"verbose":false,"protocol":1}\r\n')
    one.ask(b"SUB a 1\r\n")
    assert server.stop() == 0
    lines = one.reader.read().decode()
    assert '"ldm":true' in lines
