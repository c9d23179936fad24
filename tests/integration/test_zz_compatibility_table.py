"""plugins/sqs/COMPATIBILITY.md is what the tests show.  Runs after all others."""
import json
import os

import compatibility
import pytest
from broker import ROOT
from control import Control
from observed import OBSERVED


def whole_run(config):
    options = config.option
    folder = str(ROOT / "tests/integration")
    return (not options.keyword and not options.markexpr and not options.deselect
            and {os.path.realpath(one) for one in config.args} == {folder})


@pytest.fixture
def document(own_broker):
    return Control(own_broker(), token="")("GET", "/mnq/openapi.json").json


def test_the_committed_table_is_what_the_tests_show(request, document):
    table = compatibility.Table(OBSERVED.facts, document)
    assert table.problems == []
    if not whole_run(request.config):
        # Part of the tests shows part of the table; that every entry has its row can be seen all the same.
        rows = lambda text: {line.split("|")[1] for line in text.splitlines() if line.startswith("|")}
        assert rows(table.text) == rows(compatibility.FILE.read_text())
        return
    logs = ROOT / "build/test-logs"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "compatibility.json").write_text(json.dumps(table.evidence, indent=1) + "\n")
    (logs / "COMPATIBILITY.md").write_text(table.text)
    if os.environ.get("SWITCHYARD_WRITE_COMPATIBILITY"):
        compatibility.FILE.write_text(table.text)
    assert compatibility.FILE.read_text() == table.text, (
        "plugins/sqs/COMPATIBILITY.md is stale: run SWITCHYARD_WRITE_COMPATIBILITY=1 bash tests/integration/run.sh and "
        "look at the difference")


class TestTheTable:
    """It cannot say more than was seen."""

    def statuses(self, document, *facts):
        table = compatibility.Table({fact: {"a test"} for fact in facts}, document)
        return table.entries, table.problems

    def test_nothing_seen_is_nothing_supported(self, document):
        entries, problems = self.statuses(document)
        assert set(entries.values()) == {"untested", "never"} and problems == []

    def test_what_is_seen_counts_for_itself_alone(self, document):
        entries, _ = self.statuses(document, ("action", "SendMessage"), ("control", "GET", "/mnq/v1alpha1/regions/x/namespaces"))
        assert [fact for fact, status in entries.items() if status == "supported"] == [
            ("action", "SendMessage"), ("call", "GET", "/mnq/v1alpha1/regions/{region}/namespaces")]

    def test_a_note_of_a_difference_needs_a_test_as_well(self, document):
        assert self.statuses(document)[0]["set", "Policy"] == "untested"
        assert self.statuses(document, ("set", "Policy"))[0]["set", "Policy"] == "differs"

    def test_a_note_on_an_action_is_about_both_wires(self, document):
        facts = ("action", "AddPermission"), ("query", "AddPermission")
        entries, problems = self.statuses(document, *facts)
        assert [entries[fact] for fact in facts] == ["differs", "differs"] and problems == []
        assert self.statuses(document, facts[1])[0][facts[0]] == "untested"

    def test_a_note_that_is_not_true_is_found(self, document):
        assert self.statuses(document, ("error", "KmsDisabled"))[1] != []
        fact = ("parameter", "SendMessage", "MessageAttributes.StringListValues")
        assert self.statuses(document, ("refused", fact))[0][fact] == "refused"
        assert self.statuses(document, fact)[1] != []
