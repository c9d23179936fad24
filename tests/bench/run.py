#!/usr/bin/env python3
"""Prints the rows of the performance contract with target and verdict, next to Redis in the same run.

    run.py [--bin DIR] [--quick] [--slack F] [ROW...]

CPU per operation comes from the servers' own accounting (/proc/PID/stat); rates and times are the
machine's of the moment.  Medians of several runs; Redis and the broker take turns.  --slack widens
the targets of CPU, rates and times for machines that do other work too; memory is never widened.

The limits in microseconds were set on a machine on which one durable XADD cost Redis 10.3 us.  On
another machine, or the same one on a slower day, a row says more beside what Redis costs there: each
part starts with a short turn of Redis, and the last column shows its CPU at the contract's machine.
Durable appends stand beside what the disk takes by itself (bench_journal's disk_alone) in the same way.
That column is for reading; the verdict is always about what was measured.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
import broker as broker_module  # noqa: E402
import tenants  # noqa: E402


# CPU of one XADD with appendfsync always, 50 connections, where the limits below were set.
CONTRACT_XADD_US = 10.3
# Records of 1 KiB that its disk took in groups of 64, each group synced, with nothing else to do.
CONTRACT_DISK_RECORDS = 576_000


class Bench:
    def __init__(self, options, folder):
        self.bin = pathlib.Path(options.bin)
        self.quick = options.quick
        self.slack = options.slack
        self.folder = folder
        self.runs = 3 if options.quick else 5
        self.seconds = 2 if options.quick else 4
        self.rows = []
        self.xadd_us = CONTRACT_XADD_US

    def gauge(self):
        """What Redis costs at this moment; the rows that follow are shown beside it."""
        redis = Redis(self.folder / "gauge")
        try:
            self.xadd_us = microseconds_each(redis.load(self.bin, 1), "operations")
        finally:
            redis.stop()
        print(f"  redis XADD at this moment: {self.xadd_us:.2f} us CPU", flush=True)

    def row(self, name, measured, target, good, scaled=""):
        self.rows.append((name, measured, target, good, scaled))
        print(f"  {name}: {measured} (target {target}) {'ok' if good else 'MISSED'}", flush=True)

    def at_most(self, name, value, limit, unit, slack=True, note=""):
        scaled = f"{value * CONTRACT_XADD_US / self.xadd_us:.4g}" if unit.startswith("us CPU") else ""
        self.row(name, f"{value:.4g} {unit}{note}", f"<= {limit:g} {unit}", value <= limit * (self.slack if slack else 1), scaled)

    def at_least(self, name, value, limit, unit, note="", disk_records=None):
        scaled = f"{value * CONTRACT_DISK_RECORDS / disk_records:,.0f} with its disk" if disk_records else ""
        self.row(name, f"{value:,.0f} {unit}{note}", f">= {limit:,.0f} {unit}", value >= limit / self.slack, scaled)

    def broker(self, name, *sets):
        return broker_module.Broker(self.folder / name, sets=sets)

    def load(self, broker, mode, **options):
        command = [self.bin / "sqs_load", mode, "--port", broker.port, "--pid", broker.pid, "--data-dir", broker.data_dir]
        for key, value in options.items():
            command += ["--" + key.replace("_", "-"), value]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=900)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr}{done.stdout}\n{broker.log()[-2000:]}")
        return json.loads(done.stdout)


def rss_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def microseconds_each(result, what="messages"):
    return result["cpu_s"] * 1e6 / result[what]


class Redis:
    """A Redis of our own on a free port, answering only after fdatasync, as the broker does."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        folder.mkdir()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes",
             "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-percentage", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        broker_module.wait_until(self.answers, 10, "redis-server")

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def load(self, programs, seconds):
        command = [programs / "xadd_load", "--port", self.port, "--pid", self.process.pid, "--seconds", seconds]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True, timeout=120)
        return json.loads(done.stdout)

    def stop(self):
        self.process.kill()
        self.process.wait()


def http_layer(bench):
    """The kernel's HTTP server without broker behind it, under wrk."""
    command = [sys.executable, ROOT / "tests/bench/http_bench.py", bench.bin / "bench_http_server", "--floor",
               bench.bin / "socket_floor", "--runs", bench.runs, "--seconds", bench.seconds, "--parked", 10000]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(done.stderr)
    for line in done.stdout.splitlines():
        words = line.split()
        if line.startswith("floor c="):
            print(f"  one recv and one send alone, {words[1]}: {words[2]} us CPU", flush=True)
        elif line.startswith("http c="):
            bench.at_most(f"HTTP request, 300 B in, 200 B out, {words[1]}", float(words[2]), 7.5, "us CPU",
                          note=f", {int(words[-6]):,}/s" if words[-6].isdigit() else "")
        elif line.startswith("parked"):
            bench.at_most("HTTP layer alone, parked request", float(words[6]), 4096, "B", slack=False)


def send(bench):
    """SendMessage and batches beside XADD: one turn each, several times over."""
    samples = {"one": [], "ten": [], "redis": []}
    redis = Redis(bench.folder / "redis")
    with bench.broker("send") as broker:
        try:
            for _ in range(bench.runs):
                samples["one"].append(bench.load(broker, "send", seconds=bench.seconds, queue="one"))
                samples["redis"].append(redis.load(bench.bin, bench.seconds))
                samples["ten"].append(bench.load(broker, "send", seconds=bench.seconds, batch=10, queue="ten"))
        finally:
            redis.stop()
    cpu = {name: statistics.median(microseconds_each(s, "operations") for s in runs) for name, runs in samples.items()}
    rate = {name: statistics.median(s["operations"] / s["wall_s"] for s in runs) for name, runs in samples.items()}
    p99 = statistics.median(s["p99_ms"] for s in samples["one"])
    print(f"  redis XADD, appendfsync always, 64 connections: {cpu['redis']:.2f} us CPU, {rate['redis']:,.0f}/s", flush=True)
    bench.xadd_us = cpu["redis"]
    bench.at_most("SendMessage, signed, durable, 64 connections", cpu["one"], 12, "us CPU", note=f", p99 {p99:.2f} ms")
    bench.at_least("SendMessage rate", rate["one"], 50000, "/s")
    bench.at_most("SendMessage CPU / redis XADD CPU", cpu["one"] / cpu["redis"], 1.2, "x")
    bench.at_most("SendMessageBatch of 10", cpu["ten"] / 10, 4, "us CPU/message", note=f", {rate['ten'] * 10:,.0f} messages/s")


def backlog(bench):
    """Receive and delete in batches of 10: a short queue, then one with a million behind it; then a restart."""
    million = 200_000 if bench.quick else 1_000_000
    drained = million // 5
    short = []
    with bench.broker("backlog") as broker:
        for _ in range(max(5, bench.runs)):
            bench.load(broker, "fill", batch=10, messages=20_000, size=300, queue="short")
            short.append(bench.load(broker, "drain", messages=20_000, queue="short", connections=16))
        short_rate = sum(s["messages"] for s in short) / sum(s["wall_s"] for s in short)
        filled = bench.load(broker, "fill", batch=10, messages=million, size=1024, queue="long")
        memory = rss_mb(broker.pid)
        print(f"  filled {million:,} x 1 KiB at {filled['messages'] / filled['wall_s']:,.0f}/s", flush=True)
        bench.at_most(f"{million:,} x 1 KiB queued", memory, 150, "MB RSS", slack=False)
        start_ready(bench, broker, f"start to ready, {million:,} messages", 3.0)
        bench.at_most(f"the same after the restart", rss_mb(broker.pid), 150, "MB RSS", slack=False)
        large = bench.load(broker, "drain", messages=drained, queue="long", connections=16)
        print(f"  receive + delete of 1 KiB there: {microseconds_each(large):.2f} us CPU/message, "
              f"{large['messages'] / large['wall_s']:,.0f}/s", flush=True)
        # The same size as on the short queue: the ratio is about the backlog alone.
        bench.load(broker, "fill", batch=10, messages=million, size=300, queue="even")
        long = bench.load(broker, "drain", messages=drained, queue="even", connections=16)
        bench.at_most(f"receive + delete, batches of 10, backlog {million:,}", microseconds_each(long), 5, "us CPU/message",
                      note=f", {long['messages'] / long['wall_s']:,.0f} messages/s")
        share = long["messages"] / long["wall_s"] / short_rate * 100
        bench.at_least("its rate against a short queue", share, 80, "%",
                       note=f" of {short_rate:,.0f}/s at {microseconds_each(total(short)):.2f} us")


def total(results):
    return {key: sum(r[key] for r in results) for key in ("messages", "operations", "wall_s", "cpu_s")}


def start_ready(bench, broker, name, limit):
    took = []
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        if how == signal.SIGKILL:
            broker.kill()
        elif broker.stop(60) != 0:
            raise RuntimeError(f"SIGTERM: {broker.log()[-2000:]}")
        before = time.monotonic()
        broker.start()
        took.append(time.monotonic() - before)
    bench.at_most(name, max(took), limit, "s", note=" (slowest of after kill, after stop, after kill)")


def small_messages(bench):
    count = 1_000_000 if bench.quick else 10_000_000
    with bench.broker("small") as broker:
        filled = bench.load(broker, "fill", batch=10, messages=count, size=100)
        print(f"  filled {count:,} x 100 B at {filled['messages'] / filled['wall_s']:,.0f}/s", flush=True)
        bench.at_most(f"{count:,} x 100 B queued", rss_mb(broker.pid), 250, "MB RSS", slack=False)


def parked(bench):
    with bench.broker("parked") as broker:
        got = bench.load(broker, "park", connections=10_000, messages=200 if bench.quick else 1000)
        bench.at_most("parked long poll, 10,000 at once", got["bytes_each"] / 1024, 4, "KB each", slack=False)
        bench.at_most("wake-up p99 with 10,000 parked, send included", got["wake_p99_ms"], 5, "ms",
                      note=f", p50 {got['wake_p50_ms']:.2f} ms")


def idle(bench):
    took = []
    for i in range(bench.runs):
        before = time.monotonic()
        with bench.broker(f"idle{i}") as broker:
            took.append(time.monotonic() - before)
            memory = rss_mb(broker.pid)
    bench.at_most("start to ready, empty", statistics.median(took) * 1000, 100, "ms")
    bench.at_most("idle, every plugin loaded", memory, 25, "MB RSS", slack=False)


def many_namespaces(bench):
    tenants.measure(bench, start_ready)


# (program, case, counter, limit, unit, factor, at most or at least, name of the row with the case's counters)
ROOM_ROWS = [
    ("bench_journal", "durable_append/64/2/", "records/s", 300_000, "/s", 1, "at_least", "durable append, groups of 64, journal"),
    ("bench_index", "key_fill_1m/", "memory_bytes/key", 150, "MB", 1, "memory", "1 M keys in the key index"),
    ("bench_stream", "append/64/1024/2/", "records/s", 300_000, "/s", 1, "at_least", "durable append, groups of 64, through stream"),
    ("bench_stream", "append/64/100/2/", "records/s", 300_000, "/s", 1, "at_least", "the same with 100 B, through stream"),
    ("bench_stream", "backlog/", "rss_mb", 150, "MB RSS", 1, "memory", "{messages:,.0f} x 1 KiB queued, stream alone"),
    ("bench_stream", "backlog/", "rss_started_mb", 150, "MB RSS", 1, "memory", "the same after a start, stream alone"),
    ("bench_stream", "backlog/", "start_s", 3, "s", 1, "at_most", "start with {messages:,.0f} x 1 KiB, stream alone"),
    ("bench_stream", "backlog/", "drain_us", 5, "us CPU/message", 1, "at_most",
     "receive + delete, batches of 10, backlog {messages:,.0f}, stream alone"),
    ("bench_stream", "small_messages/", "rss_mb", 250, "MB RSS", 1, "memory", "{messages:,.0f} x 100 B queued, stream alone"),
    ("bench_stream", "small_messages/", "rss_started_mb", 250, "MB RSS", 1, "memory", "the same after a start, stream alone"),
    ("bench_stream", "keys/", "rss_mb", 150, "MB RSS", 1, "memory", "{messages:,.0f} messages with a key each, stream alone"),
    ("bench_stream", "keys/", "rss_started_mb", 150, "MB RSS", 1, "memory", "the same after a start, stream alone"),
    ("bench_stream", "keys/", "start_s", 3, "s", 1, "at_most", "start with {messages:,.0f} keys, stream alone"),
]


def room_cases(bench, program):
    """Each case in a process of its own: what an earlier one left in the allocator is not the next one's memory."""
    def run(*options):
        done = subprocess.run([bench.bin / program, *options], capture_output=True, text=True, timeout=1200,
                              env={**os.environ, "SWITCHYARD_BENCH_DIR": str(bench.folder),
                                   "SWITCHYARD_BENCH_QUICK": "1" if bench.quick else "0"}, cwd=bench.folder)
        if done.returncode:
            raise RuntimeError(f"{program}: status {done.returncode}\n{done.stderr}")
        return done.stdout

    for name in run("--benchmark_list_tests").split():
        yield from json.loads(run("--benchmark_format=json", f"--benchmark_filter=^{re.escape(name)}$"))["benchmarks"]


def rooms(bench):
    """The rooms alone, by their own programs (Google Benchmark): every case is shown, some have a target."""
    disk_records = None
    for program in ("bench_index", "bench_journal", "bench_stream", "bench_bus"):
        if not (bench.bin / program).exists():
            print(f"  {program} is not in this build", flush=True)
            continue
        for case in room_cases(bench, program):
            if case.get("error_occurred"):
                raise RuntimeError(f"{program} {case['name']}: {case['error_message']}")
            show_case(case)
            if case["name"].startswith("disk_alone/"):
                disk_records = case["records/s"]
            for owner, prefix, counter, limit, unit, factor, kind, name in ROOM_ROWS:
                if owner != program or not case["name"].startswith(prefix):
                    continue
                value = case[counter] * factor
                if kind == "at_least":
                    bench.at_least(name.format(**case), value, limit, unit, disk_records=disk_records)
                else:
                    bench.at_most(name.format(**case), value, limit, unit, slack=kind != "memory")


def show_case(case):
    known = {"name", "run_name", "run_type", "label", "family_index", "per_family_instance_index", "repetitions",
             "repetition_index", "threads", "iterations", "real_time", "cpu_time", "time_unit"}
    counters = "  ".join(f"{key}={value:.4g}" for key, value in case.items() if key not in known)
    print(f"  {case['name'].split('/iter')[0].split('/min')[0]}: {case['cpu_time']:.4g} {case['time_unit']} CPU  {counters}"
          f"  {case.get('label', '')}", flush=True)


PARTS = {"http": http_layer, "send": send, "backlog": backlog, "small": small_messages, "parked": parked, "idle": idle,
         "tenants": many_namespaces, "rooms": rooms}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=ROOT / "build/release/bin")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--slack", type=float, default=1.0)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    options = parser.parse_args()
    broker_module.BINARY = pathlib.Path(options.bin) / "switchyard"
    # Beside the build, on the disk that a user's data would be on.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
    bench = Bench(options, folder)
    failures = []
    for part in options.parts or PARTS:
        print(f"{part}:", flush=True)
        try:
            bench.gauge()
            PARTS[part](bench)
        except (RuntimeError, AssertionError, broker_module.NotReady, subprocess.SubprocessError, OSError) as error:
            print(f"  FAILED {part}: {error}", flush=True)
            failures.append(part)
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    shutil.rmtree(folder)
    width = max([len(name) for name, *_ in bench.rows] or [4])
    print(f"\n{'row'.ljust(width)}  {'measured'.ljust(44)}  {'target'.ljust(24)}  {'verdict'.ljust(7)}  at XADD = {CONTRACT_XADD_US} us")
    for name, measured, target, good, scaled in bench.rows:
        print(f"{name.ljust(width)}  {measured.ljust(44)}  {target.ljust(24)}  {'ok     ' if good else 'MISSED '}  {scaled}")
    if options.json:
        missed = sum(not good for _, _, _, good, _ in bench.rows)
        options.json.write_text(json.dumps({"met": len(bench.rows) - missed, "missed": missed + len(failures)}))
    return 1 if failures or not all(good for _, _, _, good, _ in bench.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
