#!/usr/bin/env python3
"""Talks to the `lines` example plugins in the real broker.

    talk_lines.py SWITCHYARD LANGUAGE=FILE.so ...

One broker after the other runs on one data folder, each with the next file, so that what a plugin in one
language put is taken by the plugin in the next.
"""
import http.client
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

CONFIG = """
http:
  listen: 127.0.0.1:0
bootstrap:
  namespaces:
    - name: lines
      protocol: sqs_sns
      account_id: "111122223333"
plugins:
  lines:
    path: {path}
    required: true
    anonymous_namespace: lines
"""


class Broker:
    def __init__(self, program, folder, plugin):
        config = folder / "switchyard.yaml"
        config.write_text(CONFIG.format(path=plugin))
        self.log = open(folder / "broker.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "run", "--dev", "--data-dir", str(folder / "data"), "--config", str(config)],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        ready = self.process.stdout.readline()
        found = re.match(r"switchyard ready.* ?http=(?:http://)?(\S+)", ready)
        if not found:
            self.process.kill()
            raise SystemExit(f"not ready: {ready}{(folder / 'broker.log').read_text()}")
        self.address = found.group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        status = self.process.wait(30)
        self.log.close()
        assert status == 0, f"the broker ended with {status}"

    def request(self, method, path, body=b""):
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def say(self, queue, line):
        return self.request("POST", f"/lines/{queue}", line.encode())

    def expect(self, queue, line, answer, status=200):
        got = self.say(queue, line)
        assert got == (status, answer.encode() + b"\n"), f"to {line!r} expected {answer!r}, {status}; got {got}"

    def take(self, queue, text, line="take"):
        status, body = self.say(queue, line)
        found = re.fullmatch(r"line ([0-9a-f]{64}) (.*)\n", body.decode(), re.DOTALL)
        assert status == 200 and found and found.group(2) == text, f"expected a line with {text[:40]!r}, got {body[:90]}"
        return found.group(1)

    def refuses(self, queue, line, status=400):
        got, body = self.say(queue, line)
        assert got == status, f"{line[:80]!r} was answered {got} {body}"


def speak(broker, queue, other_queue):
    broker.expect(queue, "take", "empty")
    broker.expect(queue, "put first line", "put 1")
    broker.expect(queue, "put second line\n", "put 2")
    first = broker.take(queue, "first line")
    second = broker.take(queue, "second line")
    broker.expect(queue, "take", "empty")
    broker.expect(queue, f"done {first}", "done")
    broker.expect(queue, f"done {first}", "gone")
    for forged in (second[:-1], second[:-2] + ("00" if second[-2:] != "00" else "01"), "short", "g" * 64):
        broker.refuses(queue, f"done {forged}")
    broker.expect(other_queue, "put x", "put 1")
    broker.refuses(other_queue, f"done {second}")
    for line in ("", "put", "put ", "take it", "done", "fly away"):
        broker.refuses(queue, line)
    assert broker.request("GET", f"/lines/{queue}")[0] == 404
    assert broker.request("POST", f"/lines/{'n' * 300}", b"take")[0] == 400
    long = "x" * 100_000
    broker.expect(queue, f"put {long}", "put 3")
    broker.expect(queue, f"done {broker.take(queue, long)}", "done")
    return second


def wait_for_a_line(broker):
    """Only the C++ example can: take WAIT_MS."""
    got = []
    waiter = threading.Thread(target=lambda: got.append(broker.say("waits", "take 15000")))
    waiter.start()
    broker.expect("waits", "put late", "put 1")
    waiter.join(20)
    assert got and got[0][1].endswith(b" late\n"), f"a waiting take got {got}"
    broker.expect("waits", "take 1", "empty")
    broker.refuses("waits", "take 60001")


def main():
    program, *plugins = sys.argv[1:]
    before = None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for language, plugin in (argument.split("=", 1) for argument in plugins):
            with Broker(program, folder, plugin) as broker:
                if before is not None:
                    # In the same stream, also the token: it was made by another language before a restart.
                    broker.expect("shared", f"done {broker.take('shared', f'from {before[0]}')}", "done")
                    broker.expect(before[0], f"done {before[1]}", "done")
                token = speak(broker, language, f"{language}-other")
                if language == "cpp":
                    wait_for_a_line(broker)
                status, body = broker.say("shared", f"put from {language}")
                assert status == 200, body
            before = language, token
            print(f"{language} speaks")


if __name__ == "__main__":
    main()
