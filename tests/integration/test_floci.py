"""The SQS compatibility tests of floci, unchanged, against this broker: Python (pytest) and TypeScript (vitest).

They come from floci's repository, fetched when the clients are installed; SWITCHYARD_FLOCI_TESTS is their folder.  Where
it cannot be reached run.sh says and counts that they were skipped.  Nothing of them is excluded.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as tree

from conftest import client_environment
from test_sdk_clients import BUILD, installed

SUITE = pathlib.Path(os.environ["SWITCHYARD_FLOCI_TESTS"])
VITEST = BUILD / "floci-node/node_modules"


def passed(command, folder, broker):
    """Runs one suite; the number of its cases that passed."""
    environment = {**client_environment(broker), "FLOCI_ENDPOINT": broker.url, "TEST_RESULTS_DIR": str(folder)}
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = list(tree.parse(folder / "junit.xml").getroot().iter("testcase"))
    assert not [case.get("name") for case in cases if len(case) > 0 and case[0].tag in ("failure", "error", "skipped")]
    return len(cases)


def test_the_python_suite_of_floci(broker, tmp_path):
    folder = shutil.copytree(SUITE / "sdk-test-python", tmp_path / "suite")
    assert passed([sys.executable, "-m", "pytest", "tests/test_sqs.py", "--junitxml", folder / "junit.xml"], folder,
                  broker) >= 16


def test_the_typescript_suite_of_floci(broker, tmp_path):
    installed(VITEST, "vitest")
    for file in ("tests/sqs.test.ts", "tests/setup.ts", "vitest.config.ts", "tsconfig.json"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(SUITE / "sdk-test-node" / file, tmp_path / file)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "node_modules").symlink_to(VITEST)
    assert passed([VITEST / ".bin/vitest", "run"], tmp_path, broker) >= 8
