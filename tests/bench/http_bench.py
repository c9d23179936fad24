#!/usr/bin/env python3
"""Measures the kernel's HTTP layer: CPU per request under wrk, and memory of parked requests.

usage: http_bench.py PATH/bench_http_server [--floor PATH/socket_floor] [--runs N] [--seconds S] [--parked N]
                     [--lanes N] [--tls]

With --floor that program takes its turns in the same run: what one recv and one send cost here.

CPU is what the server's process used, by its own accounting; the load generator runs beside it.
"""
import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import tempfile

LUA = """
wrk.method = "POST"
wrk.path = "/"
wrk.body = string.rep("b", 300)
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["X-Amz-Target"] = "AmazonSQS.SendMessage"
wrk.headers["X-Amz-Date"] = "20260101T000000Z"
wrk.headers["X-Amz-Content-Sha256"] = string.rep("0123456789abcdef", 4)
wrk.headers["User-Agent"] = "aws-sdk-bench/1.0 lang/lua"
wrk.headers["Amz-Sdk-Invocation-Id"] = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/sqs/aws4_request, " ..
  "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" .. string.rep("0123456789abcdef", 4)
"""


class Server:
    def __init__(self, path, lanes=1, tls_dir=None):
        command = [path, "--lanes", str(lanes)]
        if tls_dir:
            command += ["--cert", f"{tls_dir}/cert.pem", "--key", f"{tls_dir}/key.pem"]
        self.tls = bool(tls_dir)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        host, port = self.process.stdout.readline().strip().rsplit(":", 1)
        self.address = (host, int(port))
        self.url = f"{'https' if self.tls else 'http'}://{host}:{port}/"

    def connect(self):
        plain = socket.create_connection(self.address)
        if not self.tls:
            return plain
        import ssl
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(plain)

    def usage(self):
        with self.connect() as connection:
            connection.sendall(b"GET /cpu HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            reply = b""
            while chunk := connection.recv(65536):
                reply += chunk
        return json.loads(reply.split(b"\r\n\r\n", 1)[1])

    def stop(self):
        self.process.terminate()
        self.process.wait()


def cpu_per_request(servers, connections, seconds, runs, script):
    """servers: name -> Server; they take turns, so that a slow minute of the machine is everybody's."""
    samples = {name: [] for name in servers}
    for _ in range(runs):
        for name, server in servers.items():
            before = server.usage()
            subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, server.url],
                           check=True, stdout=subprocess.DEVNULL)
            after = server.usage()
            delta = {key: after[key] - before[key] for key in ("user_us", "sys_us", "requests")}
            samples[name].append((delta["user_us"] / delta["requests"], delta["sys_us"] / delta["requests"],
                                  delta["requests"] / seconds))
    for name, taken in samples.items():
        taken.sort(key=lambda sample: sample[0] + sample[1])
        user, system, _ = taken[len(taken) // 2]
        rate = statistics.median(sample[2] for sample in taken)
        print(f"{name} c={connections:<4} {user + system:6.2f} us CPU/request (user {user:.2f}, sys {system:.2f})"
              f"  {rate:9.0f} requests/s  (median of {runs})", flush=True)


def parked_memory(server, count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    body = b"x" * 300
    request = (b"POST /park HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-amz-json-1.0\r\nX-Pad: " + b"p" * 450 +
               b"\r\nContent-Length: 300\r\n\r\n" + body)
    before = server.usage()
    connections = []
    for _ in range(count):
        connection = server.connect()
        connection.sendall(request)
        connections.append(connection)
    while (after := server.usage())["parked"] < count:
        pass
    heap = (after["heap_bytes"] - before["heap_bytes"]) / count
    rss = (after["rss_kb"] - before["rss_kb"]) * 1024 / count
    print(f"parked {count}: {heap:.0f} B heap each, {rss:.0f} B resident each, process {after['rss_kb'] / 1024:.1f} MB",
          flush=True)
    for connection in connections:
        connection.close()


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem", "-days", "2", "-subj",
                    "/CN=localhost"], check=True, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--floor")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--parked", type=int, default=10000)
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "load.lua")
        with open(script, "w", encoding="utf-8") as out:
            out.write(LUA)
        if options.tls:
            make_certificate(folder)
        server = Server(options.server, options.lanes, folder if options.tls else None)
        servers = {"http": server}
        if options.floor and not options.tls:
            servers["floor"] = Server(options.floor)
        try:
            if options.runs:
                for connections in (16, 256):
                    cpu_per_request(servers, connections, options.seconds, options.runs, script)
            if options.parked:
                parked_memory(server, options.parked)
        finally:
            for one in servers.values():
                one.stop()


if __name__ == "__main__":
    main()
