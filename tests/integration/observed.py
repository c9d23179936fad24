"""What the tests ask of the broker and what it answers, as facts for the compatibility table.

A fact is a tuple: ("action", name), ("parameter", action, path), ("member", action, path of the answer),
("set", queue attribute), ("get", queue attribute), ("system", message attribute), ("error", name),
("query", action), ("refused", fact), ("control", operation).  Only what a test that passes has seen counts: facts
are kept per test until it has ended.
"""
import json
import re


class Observed:
    def __init__(self):
        self.facts = {}  # fact -> names of tests
        self.running = set()

    def saw(self, *fact):
        self.running.add(fact)

    def test_ended(self, name, passed):
        if passed:
            for fact in self.running:
                self.facts.setdefault(fact, set()).add(name)
        self.running = set()

    def exchange(self, action, fields, succeeded, answer):
        """One request of the JSON shape and its answer.  An entry of a batch is refused for itself."""
        if not succeeded:
            return self.request(action, fields, False)
        failed = {entry["Id"] for entry in answer.get("Failed") or []}
        entries = fields.get("Entries")
        if failed and isinstance(entries, list):
            self.request(action, {"Entries": [one for one in entries if one["Id"] in failed]}, False)
            fields = {**fields, "Entries": [one for one in entries if one["Id"] not in failed]}
        self.request(action, fields, True)
        self.answer(action, answer)

    def request(self, action, fields, succeeded):
        facts = [("parameter", action, path) for path in paths(fields)]
        if action in ("CreateQueue", "SetQueueAttributes") and isinstance(fields.get("Attributes"), dict):
            facts += [("set", name) for name in fields["Attributes"]]
        for fact in facts:
            self.saw(*fact) if succeeded else self.saw("refused", fact)
        if succeeded:
            self.saw("action", action)

    def answer(self, action, fields):
        for path in paths(fields):
            self.saw("member", action, path)
        if action == "GetQueueAttributes":
            for name in fields.get("Attributes") or {}:
                self.saw("get", name)
        for message in fields.get("Messages") or [] if action == "ReceiveMessage" else []:
            for name in message.get("Attributes") or {}:
                self.saw("system", name)
        for entry in fields.get("Failed") or []:
            self.saw("error", entry["Code"].rsplit(".", 1)[-1])


OBSERVED = Observed()
# Whose keys are names that a user chooses or that have rows of their own.
MAPS = {"Attributes", "MessageAttributes", "MessageSystemAttributes", "Tags", "tags"}


def paths(value, prefix=""):
    """Names of members, a dot between levels; lists and maps do not show."""
    if isinstance(value, list):
        for one in value:
            yield from paths(one, prefix)
    elif isinstance(value, dict):
        for name, member in value.items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            if name in MAPS and isinstance(member, dict):
                for one in member.values():
                    yield from paths(one, path)
            else:
                yield from paths(member, path)


def watch(client):
    """Records all that a boto3 client of SQS does."""
    if client.meta.service_model.service_name != "sqs":
        return client

    def sent(params, model, context, **_):
        context["observed"] = params

    def answered(http_response, parsed, model, context, **_):
        succeeded = http_response.status_code < 300
        answer = {name: one for name, one in parsed.items() if name != "ResponseMetadata"}
        OBSERVED.exchange(model.name, context.get("observed") or {}, succeeded, answer)
        if not succeeded:
            error = parsed.get("Error", {})
            OBSERVED.saw("error", error.get("QueryErrorCode") or error.get("Code"))

    client.meta.events.register("provide-client-params.sqs", sent)
    client.meta.events.register("after-call.sqs", answered)
    return client


def json_exchange(action, fields, reply):
    """A request below boto3, on the JSON wire."""
    succeeded = reply.status < 300
    OBSERVED.exchange(action, fields, succeeded, json.loads(reply.body or b"{}"))


def query_exchange(action, reply):
    if reply.status < 300:
        OBSERVED.saw("query", action)


def error_reply(reply):
    """Of either wire, whoever asked."""
    code = re.search(rb"<Code>([^<]*)</Code>", reply.body) or re.search(rb'"__type": *"(?:[^"#]*#)?([^"]*)"', reply.body)
    if reply.status >= 400 and code:
        OBSERVED.saw("error", code.group(1).decode().rsplit(".", 1)[-1])


def control_exchange(method, path, status):
    """`path` as it is called, with identifiers; operations are matched against the broker's own document."""
    if status < 300:
        OBSERVED.saw("control", method, path.split("?", 1)[0])
