"""Many namespaces in one broker: what they cost in memory, at the start, and each request.

Namespaces and credentials are made over the control API, queues over SQS.  The same load, one request
signed after the other, goes to an almost empty broker, to one namespace of the full one and to all of its
queues in turn; they take turns, and the broker's own CPU time per request is compared.
"""
import concurrent.futures
import http.client
import json
import pathlib
import threading
import time

QUEUES_EACH = 10


class Control:
    """The control API on a connection per thread: twenty thousand calls in a row."""

    def __init__(self, broker):
        self.broker = broker
        self.local = threading.local()

    def __call__(self, path, body):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.broker.port, timeout=60)
        self.local.connection.request("POST", f"/mnq/v1alpha1/regions/fr-par/{path}", json.dumps(body), {
            "X-Auth-Token": self.broker.environment["SCW_SECRET_KEY"], "Content-Type": "application/json"})
        reply = self.local.connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"{path}: {reply.status} {text[:500]}")
        return json.loads(text)

    def tenant(self, number):
        """Lines of a targets file: a namespace with a credential, and the queues that it is to have."""
        made = self("namespaces", {"name": f"tenant-{number}", "protocol": "sqs_sns",
                                   "project_id": f"00000000-0000-4000-8000-{number:012x}"})
        keys = self("credentials", {"namespace_id": made["id"], "name": "w", "permissions": {
            "can_publish": True, "can_receive": True, "can_manage": True}})["sqs_sns_credentials"]
        return [f"{keys['access_key']} {keys['secret_key']} fr-par {self.broker.url}/{made['id']}/q{i}"
                for i in range(QUEUES_EACH)]


def populate(bench, broker, namespaces, file):
    control = Control(broker)
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        lines = [line for tenant in pool.map(control.tenant, range(namespaces)) for line in tenant]
    file.write_text("\n".join(lines) + "\n")
    accounts = time.monotonic() - started
    made = bench.load(broker, "create", targets=file, messages=len(lines))
    print(f"  {namespaces:,} namespaces with credentials in {accounts:.1f} s; {len(lines):,} queues in {made['wall_s']:.1f} s "
          f"at {made['cpu_s'] * 1e6 / made['operations']:.0f} us CPU", flush=True)


def move(file, broker):
    """The same queues under the port that the broker has after a start."""
    text = file.read_text()
    file.write_text(text.replace(text.split("http://", 1)[1].split("/", 1)[0], f"127.0.0.1:{broker.port}"))


def rss_mb(pid):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def measure(bench, start_ready):
    namespaces = 1_000 if bench.quick else 10_000
    few, many = bench.folder / "few.targets", bench.folder / "many.targets"
    # The one namespace of the small broker would soon be full.
    unlimited = "limits.control_stored_bytes=0"
    with bench.broker("few", unlimited) as small, bench.broker("many", unlimited) as large:
        populate(bench, small, 1, few)
        populate(bench, large, namespaces, many)
        name = f"{namespaces:,} namespaces with {QUEUES_EACH} queues each"
        before = rss_mb(small.pid)
        made = rss_mb(large.pid)
        start_ready(bench, large, f"start to ready, {name}", 3.0)
        started = rss_mb(large.pid)
        for label, value in (("", made), (", after a start", started)):
            bench.at_most(f"{name}{label}", value, 60 + namespaces * 0.05, "MB RSS", slack=False,
                          note=f", {(value - before) * 1024 / namespaces / QUEUES_EACH:.2f} KB a queue")
        move(many, large)
        one = bench.folder / "one.targets"
        one.write_text("".join(many.read_text().splitlines(keepends=True)[-QUEUES_EACH:]))
        cpu = {"few": [], "one": [], "many": []}
        for _ in range(bench.runs):
            for key, broker, file in (("few", small, few), ("one", large, one), ("many", large, many)):
                got = bench.load(broker, "send", seconds=bench.seconds, targets=file)
                cpu[key].append(got["cpu_s"] * 1e6 / got["operations"])
        for key, label in (("few", "almost empty broker"), ("one", f"one of {namespaces:,} namespaces"),
                           ("many", "all of them in turn")):
            print(f"  us CPU per SendMessage, {label}: " + " ".join(f"{value:.2f}" for value in cpu[key]), flush=True)
        # The least disturbed run of each: what other programs did to the caches is not the broker's cost.
        best = {key: min(values) for key, values in cpu.items()}
        bench.at_most(f"CPU of a SendMessage to one of {name}", best["one"] / best["few"], 1.25,
                      "x that of an almost empty broker", note=f" ({best['one']:.2f} us)")
        # A larger heap is a little slower to allocate from; nothing on the way walks over namespaces or queues.
        # In turn, every request finds its namespace, credential and stream outside the processor's caches; that it is
        # no more than these misses shows in that ten times as many namespaces cost hardly more.
        bench.at_most(f"CPU of a SendMessage to all of {name} in turn", best["many"] / best["few"], 2.5,
                      "x that of an almost empty broker", note=f" ({best['many']:.2f} us)")
        bench.at_most(f"{name}, all of them in use", rss_mb(large.pid), 60 + namespaces * 0.1, "MB RSS", slack=False)
