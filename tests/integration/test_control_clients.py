"""Official clients of the control API, pointed at the broker by SCW_API_URL and otherwise unchanged."""
import json
import os
import pathlib
import subprocess
import uuid

from test_clients import require

HERE = pathlib.Path(__file__).parent
PYTHON = HERE.parents[1] / "build/venv-scaleway/bin/python"


def environment(broker):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCW_"))}
    return {**clean, **broker.environment, "SCW_API_URL": broker.url, "SCW_DEFAULT_PROJECT_ID": str(uuid.uuid4()),
            "SCW_CONFIG_PATH": "/dev/null"}


def test_the_python_sdk_of_scaleway(broker):
    require(PYTHON, "the Python SDK of Scaleway")
    done = subprocess.run([PYTHON, HERE / "clients/scaleway_scenario.py"], env=environment(broker), capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "enabled": "enabled", "endpoint": broker.url, "twice": 409, "secret": 64, "all pages": 25, "secret again": "",
        "checksum kept": True, "changed": ["renamed", True, False], "in use": 412, "disabled": "disabled", "missing": 404,
        "sns": 20, "named": True, "file": ["user.creds", True], "file again": None, "renamed": "renamed",
        "accounts": True, "gone": 404}
