"""A real broker process on a free port with a folder of its own."""
import contextlib
import os
import pathlib
import queue
import shlex
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SWITCHYARD_BINARY", ROOT / "build/release/bin/switchyard"))
# Sanitizer builds start slower; nothing waits this long when all is well.
START_SECONDS = float(os.environ.get("SWITCHYARD_START_SECONDS", "20"))


class NotReady(Exception):
    """The process ended, or said nothing, before it was ready.  The text is what it wrote."""


def run(*arguments, timeout=30):
    """One command of the binary; returns the completed process with text output."""
    return subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=timeout)


class Broker:
    def __init__(self, data_dir, *arguments, sets=(), dev=True, wrapper=(), log_dir=None):
        self.data_dir = pathlib.Path(data_dir)
        self.log_path = pathlib.Path(log_dir or self.data_dir.parent) / (self.data_dir.name + ".log")
        self.arguments = [*arguments]
        self.sets = ["http.listen=127.0.0.1:0", *sets]
        self.dev = dev
        self.wrapper = [*wrapper]
        self.process = None
        self.ready_line = None
        self.environment = {}
        self.listeners = {}

    def command(self):
        mode = ["--dev", "--data-dir", str(self.data_dir)] if self.dev else []
        sets = [word for assignment in self.sets for word in ("--set", assignment)]
        return [*self.wrapper, str(BINARY), "run", *mode, *map(str, self.arguments), *sets]

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        lines = queue.Queue()
        self.stdout_lines = []

        def pump(stream):
            for raw in stream:
                self.stdout_lines.append(raw.decode(errors="replace"))
                lines.put(self.stdout_lines[-1])
            lines.put(None)

        threading.Thread(target=pump, args=(self.process.stdout,), daemon=True).start()
        try:
            line = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            self.kill()
            raise NotReady(f"not ready after {START_SECONDS:g} s\n{self.log()}") from None
        if line is None or not line.startswith("switchyard ready"):
            self.wait(10)
            raise NotReady(f"{line or ''}{self.log()}")
        self.ready_line = line.strip()
        self.listeners = dict(word.split("=", 1) for word in self.ready_line.split()[2:])
        if self.dev:
            self.environment = read_dev_env(self.data_dir / "dev.env")
        return self

    @property
    def port(self):
        return int(self.listeners["http"].rsplit(":", 1)[1])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        """Of the broker itself, also when a wrapper such as strace started it."""
        if not self.wrapper:
            return self.process.pid
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds):
        return self.process.wait(timeout=seconds)

    def stop(self, seconds=20):
        """SIGTERM; returns the exit status."""
        if self.process.poll() is None:
            self.send_signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        if self.process and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, IndexError, FileNotFoundError):
                self.send_signal(signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        if self.process:
            self.process.wait()

    def restart(self, how=signal.SIGTERM):
        if how == signal.SIGKILL:
            self.kill()
        else:
            assert self.stop() == 0, self.log()
        return self.start()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()


def read_dev_env(path):
    variables = {}
    for line in path.read_text().splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "export" and len(words) == 2, f"{path}: not an `export NAME=value` line: {line}"
        name, value = words[1].split("=", 1)
        variables[name] = value
    return variables


def wait_until(condition, seconds=5.0, what="the condition"):
    """Polls an outside effect; returns what the condition returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds:g} s")
        time.sleep(0.02)
