"""Requests below the SDKs: signed by hand where the signature is the point, bytes on a socket where bytes are."""
import http.client
import json
import re
import socket
import time
import urllib.parse
import xml.etree.ElementTree as tree

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import observed

JSON = "application/x-amz-json-1.0"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {name.lower(): value for name, value in headers}, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def xml(self):
        """The document without its name space."""
        return tree.fromstring(re.sub(rb' xmlns="[^"]*"', b"", self.body, count=1))

    @property
    def error(self):
        """(code, text) on either wire."""
        if self.headers.get("content-type", "").startswith(JSON):
            return self.json["__type"], self.json.get("message", self.json.get("Message"))
        return self.xml.findtext("Error/Code"), self.xml.findtext("Error/Message")

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:2000]!r}"


def exchange(broker, method, path, headers, body=b""):
    connection = http.client.HTTPConnection("127.0.0.1", broker.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        reply = Reply(answer.status, answer.getheaders(), answer.read())
        observed.error_reply(reply)
        return reply
    finally:
        connection.close()


def signed(broker, body, headers, path="/", method="POST", environment=None, region=None, change=None, service="sqs"):
    """`change(headers)` may spoil what was signed."""
    environment = environment or broker.environment
    credentials = botocore.credentials.Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    request = botocore.awsrequest.AWSRequest(method=method, url=broker.url + path, data=body, headers=headers)
    botocore.auth.SigV4Auth(credentials, service, region or environment["AWS_DEFAULT_REGION"]).add_auth(request)
    sent = dict(request.headers.items())
    if change:
        change(sent)
    return exchange(broker, method, path, sent, body)


def json_call(broker, action, change=None, environment=None, region=None, headers=None, **fields):
    headers = {"Content-Type": JSON, "X-Amz-Target": "AmazonSQS." + action, **(headers or {})}
    reply = signed(broker, json.dumps(fields).encode(), headers, change=change, environment=environment, region=region)
    observed.json_exchange(action, fields, reply)
    return reply


def query_call(broker, action, path="/", method="POST", change=None, **fields):
    form = {"Action": action, "Version": "2012-11-05", **fields}
    text = urllib.parse.urlencode(form, quote_via=urllib.parse.quote)
    if method == "GET":
        reply = signed(broker, b"", {}, path=f"{path}?{text}", method="GET", change=change)
    else:
        reply = signed(broker, text.encode(), {"Content-Type": FORM}, path=path, change=change)
    observed.query_exchange(action, reply)
    return reply


class Keepalive:
    """Signed JSON requests on one connection: for tests that need thousands of them."""

    def __init__(self, broker, environment=None):
        self.broker = broker
        self.environment = environment or broker.environment
        self.credentials = botocore.credentials.Credentials(self.environment["AWS_ACCESS_KEY_ID"],
                                                            self.environment["AWS_SECRET_ACCESS_KEY"])
        self.connection = http.client.HTTPConnection("127.0.0.1", broker.port, timeout=30)
        self.last = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def call(self, action, **fields):
        body = json.dumps(fields).encode()
        # A signature holds for a quarter of an hour: the same request again is not signed again.
        if self.last is None or self.last[0] != (action, body) or time.monotonic() - self.last[1] > 60:
            request = botocore.awsrequest.AWSRequest(
                method="POST", url=self.broker.url + "/", data=body,
                headers={"Content-Type": JSON, "X-Amz-Target": "AmazonSQS." + action})
            botocore.auth.SigV4Auth(self.credentials, "sqs", self.environment["AWS_DEFAULT_REGION"]).add_auth(request)
            self.last = ((action, body), time.monotonic(), dict(request.headers.items()))
        self.connection.request("POST", "/", body=body, headers=self.last[2])
        reply = self.connection.getresponse()
        return Reply(reply.status, reply.getheaders(), reply.read())


class Socket:
    """A TCP connection whose bytes the test decides."""

    def __init__(self, broker, timeout=15):
        self.socket = socket.create_connection(("127.0.0.1", broker.port), timeout=timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def shut(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def reply(self):
        """(status, head, body) of the next reply; None when the peer closed first."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
        head, rest = self.buffer.split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        length = int(length.group(1)) if length else 0
        while len(rest) < length:
            if not self._more():
                raise AssertionError(f"the reply is shorter than its Content-Length: {head!r}")
            rest = self.buffer.split(b"\r\n\r\n", 1)[1]
        self.buffer = rest[length:]
        return int(head.split()[1]), head.decode("latin-1"), rest[:length]

    def bodiless_reply(self):
        """The head of a reply that has no body whatever its length says, as one to HEAD."""
        while b"\r\n\r\n" not in self.buffer:
            assert self._more(), "the peer closed before a whole head"
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return head.decode("latin-1")

    def closed(self):
        """True when the peer ends the connection without another byte."""
        return self.buffer == b"" and not self._more()

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)


def elapsed(call):
    started = time.monotonic()
    result = call()
    return time.monotonic() - started, result
