"""The compatibility table: every entry of AWS's own model of SQS and of the control API's document, judged by
what the tests saw (observed.py) and by the notes on what differs (compatibility_notes.py)."""
import pathlib
import re

import botocore.session
from compatibility_notes import NOTES

FILE = pathlib.Path(__file__).resolve().parents[2] / "plugins/sqs/COMPATIBILITY.md"
# Errors that every action may give and the model therefore does not name.
COMMON_ERRORS = ["AccessDeniedException", "ExpiredTokenException", "IncompleteSignatureException",
                 "InvalidParameterValueException", "InvalidSignatureException", "MissingAuthenticationTokenException",
                 "MissingRequiredParameterException", "RequestExpiredException", "ThrottlingException",
                 "UnknownOperationException", "UnrecognizedClientException"]
# boto3 shows the older name of some.
OTHER_NAMES = {"InvalidParameterValue": "InvalidParameterValueException", "AccessDenied": "AccessDeniedException",
               "MissingParameter": "MissingRequiredParameterException", "NonExistentQueue": "QueueDoesNotExist",
               "InvalidAction": "UnknownOperationException", "InvalidClientTokenId": "UnrecognizedClientException",
               "SignatureDoesNotMatch": "InvalidSignatureException", "RequestExpired": "RequestExpiredException",
               "ExpiredToken": "ExpiredTokenException", "IncompleteSignature": "IncompleteSignatureException",
               "MissingAuthenticationToken": "MissingAuthenticationTokenException",
               "QueueAlreadyExists": "QueueNameExists"}

HEAD = """# What of SQS is there

Made by the integration tests from AWS's own model of SQS (botocore) and the control API's own document; not
edited by hand. `SWITCHYARD_WRITE_COMPATIBILITY=1 bash tests/integration/run.sh` writes it, and a test fails when it is stale.

| word | means |
|---|---|
| supported | a passing test used it and it was accepted |
| differs | the same, but not in all as at AWS; the remark says how |
| refused | a test that passes was refused it |
| never | an error, or a member of an answer, that nothing here can cause |
| untested | no test shows anything |

Which tests show an entry is in `build/test-logs/compatibility.json` after a run.
"""


def model():
    return botocore.session.get_session().get_service_model("sqs")


def shape_paths(shape, prefix=""):
    if shape is None:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            path = f"{prefix}.{name}" if prefix else name
            yield path
            yield from shape_paths(member, path)
    elif shape.type_name == "list":
        yield from shape_paths(shape.member, prefix)
    elif shape.type_name == "map":
        yield from shape_paths(shape.value, prefix)


def key(fact):
    return " ".join(fact)


class Table:
    def __init__(self, facts, document):
        self.facts = {self.plain(fact): tests for fact, tests in facts.items()}
        self.document = document
        self.problems = []
        self.entries = {}  # fact -> status
        self.lines = [HEAD]
        self.actions()
        self.names("Queue attributes", "attribute", [("set", "given to CreateQueue, SetQueueAttributes"),
                                                     ("get", "shown by GetQueueAttributes")],
                   [one for one in model().shape_for("QueueAttributeName").enum if one != "All"])
        self.names("Message system attributes", "attribute", [("system", "shown by ReceiveMessage")],
                   [one for one in model().shape_for("MessageSystemAttributeName").enum if one != "All"])
        errors = {shape.name for name in model().operation_names for shape in model().operation_model(name).error_shapes}
        self.names("Errors", "error", [("error", "answered")], sorted(errors) + COMMON_ERRORS)
        self.control()
        self.problems += [f"the note on '{one}' is about nothing" for one in NOTES if one not in map(key, self.entries)]
        self.summary()

    @staticmethod
    def plain(fact):
        return ("error", OTHER_NAMES.get(fact[1], fact[1])) if fact[0] == "error" else fact

    @staticmethod
    def note(fact):
        """What differs about an action differs on both wires."""
        return NOTES.get(key(("action", *fact[1:]) if fact[0] == "query" else fact), ("supported", ""))

    def status(self, fact):
        word, _ = self.note(fact)
        shown = fact in self.facts
        if word in ("refused", "never") and shown:
            self.problems.append(f"'{key(fact)}' is noted as {word}, but a test got it: {sorted(self.facts[fact])[0]}")
        evident = ("refused", fact) in self.facts if word == "refused" else word == "never" or shown
        self.entries[fact] = word if evident else "untested"
        return self.entries[fact]

    def remark(self, fact, label):
        status, (_, reason) = self.status(fact), NOTES.get(key(fact), ("", ""))
        return None if status == "supported" else f"{status}: {label}" + (f" ({reason})" if reason else "")

    def actions(self):
        self.lines.append("## Actions\n")
        self.lines += ["| action | JSON | Query | parameters supported | answer's members supported | not so |",
                       "|---|---|---|---|---|---|"]
        for name in model().operation_names:
            operation = model().operation_model(name)
            cells, remarks = [], []
            for kind, shape in (("parameter", operation.input_shape), ("member", operation.output_shape)):
                good = []
                for path in shape_paths(shape):
                    remark = self.remark((kind, name, path), f"`{path}`")
                    remarks.append(remark) if remark else good.append(path)
                cells.append(", ".join(f"`{path}`" for path in good))
            wires = [self.status((wire, name)) for wire in ("action", "query")]
            note = NOTES.get(f"action {name}")
            if note and wires != ["untested", "untested"]:
                remarks.insert(0, note[1])
            self.lines.append(f"| {name} | {wires[0]} | {wires[1]} | {cells[0]} | {cells[1]} | {'; '.join(remarks)} |")
        self.lines.append("")

    def names(self, title, noun, columns, names):
        self.lines += [f"## {title}\n", f"| {noun} | " + " | ".join(label for _, label in columns) + " | remark |",
                       "|---|" + "---|" * (len(columns) + 1)]
        for name in names:
            facts = [(kind, name) for kind, _ in columns]
            cells = [self.status(fact) for fact in facts]
            reasons = dict.fromkeys(NOTES[key(fact)][1] for fact in facts if key(fact) in NOTES)
            self.lines.append(f"| {name} | {' | '.join(cells)} | {'; '.join(reasons)} |")
        self.lines.append("")

    def control(self):
        self.lines += ["## Control API\n", "Below `/mnq/`; what differs from the hosted service is in "
                       "[plugins/control](../control/README.md).\n", "| operation | request | |", "|---|---|---|"]
        called = {fact[1:] for fact in self.facts if fact[0] == "control"}
        for path, item in self.document["paths"].items():
            pattern = re.compile(re.sub(r"{\w+}", "[^/]+", path))
            for method, operation in item.items():
                for one in sorted(called):
                    if one[0] == method.upper() and pattern.fullmatch(one[1]):
                        self.facts.setdefault(("call", method.upper(), path), self.facts[("control", *one)])
                status = self.status(("call", method.upper(), path))
                self.lines.append(f"| {operation['operationId']} | `{method.upper()} {path}` | {status} |")
        self.lines.append("")

    def summary(self):
        count = {word: list(self.entries.values()).count(word) for word in ("supported", "differs", "refused", "never", "untested")}
        self.lines.insert(1, f"{len(self.entries)} entries: " + ", ".join(f"{n} {word}" for word, n in count.items()) + ".\n")

    @property
    def text(self):
        return "\n".join(self.lines).rstrip() + "\n"

    @property
    def evidence(self):
        return {key(fact): {"status": status, "tests": sorted(self.facts.get(fact) or self.facts.get(("refused", fact)) or [])}
                for fact, status in self.entries.items()}

