#!/usr/bin/env python3
"""Files stay small enough to hold in mind: aim 400 lines, never more than 600; headers aim at 200.

Prints every file above its aim; fails only above the limit.
"""
import pathlib
import subprocess
import sys

AIM = {".cc": 400, ".c": 400, ".py": 400, ".sh": 300, ".h": 200, ".mjs": 300}
LIMIT = {".cc": 600, ".c": 600, ".py": 600, ".sh": 400, ".h": 600, ".mjs": 400}
# The ABI is one header on purpose: a third party reads one file.
EXEMPT = {"sdk/include/switchyard/plugin.h"}


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True,
                            text=True, check=True).stdout.splitlines()
    failed = False
    for path in sorted(listed):
        file = root / path
        if file.suffix not in AIM or path in EXEMPT or not file.is_file():
            continue
        with file.open("rb") as lines:
            count = sum(1 for _ in lines)
        if count > LIMIT[file.suffix]:
            print(f"{path}: {count} lines, the limit is {LIMIT[file.suffix]}: split it by noun")
            failed = True
        elif count > AIM[file.suffix]:
            print(f"{path}: {count} lines, above the aim of {AIM[file.suffix]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
