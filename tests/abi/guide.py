#!/usr/bin/env python3
"""Runs the commands of the plugin author's guide as they stand there, and compiles its test program.

    guide.py SWITCHYARD SDK_PREFIX

SDK_PREFIX is where the SDK's package was installed.  Prints how long each command took; fails when one
fails, when the request is not served, or when all of it takes five minutes.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT_S = 300


def section(guide, title):
    return guide.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def commands(block):
    return re.sub(r"\\\n\s*", "", block).strip().splitlines()


def environment(switchyard, prefix, folder):
    bin_dir = folder / "bin"
    bin_dir.mkdir()
    # By this name on the PATH, and still beside its own plugins.
    (bin_dir / "switchyard").write_text(f"#!/bin/sh\nexec {shlex.quote(str(switchyard))} \"$@\"\n")
    (bin_dir / "switchyard").chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SWITCHYARD_"))}
    return {**kept, "PATH": f"{bin_dir}:{os.environ['PATH']}", "CMAKE_PREFIX_PATH": str(prefix),
            "PKG_CONFIG_PATH": f"{prefix}/share/pkgconfig"}


def run_quickstart(guide, env, folder):
    (block,) = blocks(section(guide, "From nothing to a served request"), "sh")
    lines = commands(block)
    assert len(lines) == 12 and lines[0].startswith("switchyard plugin new"), lines
    # Whatever fails on the way, the server does not stay.
    script = ["set -e", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", "last=$(date +%s%N)"]
    for number, line in enumerate(lines):
        script += [line, f'now=$(date +%s%N); echo "@{number} $((now - last))"; last=$now']
    script.append("wait")
    started = time.monotonic()
    ran = subprocess.run(["bash", "-c", "\n".join(script)], cwd=folder, env=env, text=True, timeout=LIMIT_S,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    took = time.monotonic() - started
    answers, output = {}, []
    for line in ran.stdout.splitlines():
        mark = re.fullmatch(r"(.*)@(\d+) (\d+)", line)
        if not mark:
            output.append(line)
            continue
        number = int(mark[2])
        answers[number] = "\n".join(output + ([mark[1]] if mark[1] else []))
        output = []
        print(f"{int(mark[3]) / 1e9:7.2f} s  {lines[number][:100]}")
    assert ran.returncode == 0, ran.stdout
    served = [answers[number] for number, line in enumerate(lines) if line.startswith("curl")]
    assert served == ["1", "1"], served
    assert took < LIMIT_S, took
    print(f"{took:7.2f} s  from nothing to a served request")


def run_test_program(guide, env, folder):
    (program,) = blocks(section(guide, "Testing without a server"), "cpp")
    lines = ROOT / "sdk/examples/lines_cpp/lines.cpp"
    (folder / "test.cpp").write_text(program)
    testing = subprocess.run(["pkg-config", "--variable=testingdir", "switchyard-sdk"], env=env, text=True, check=True,
                             stdout=subprocess.PIPE).stdout.strip()
    sources = sorted(str(path) for path in pathlib.Path(testing).glob("*.cc"))
    assert sources, testing
    flags = subprocess.run(["pkg-config", "--cflags-only-I", "switchyard-sdk"], env=env, text=True, check=True,
                           stdout=subprocess.PIPE).stdout.split()
    subprocess.run(["c++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-UNDEBUG", *flags, "test.cpp", str(lines), *sources,
                    "-o", "test"], cwd=folder, check=True)
    subprocess.run([str(folder / "test")], cwd=folder, check=True)
    print("the guide's test program passes")


def main():
    switchyard, prefix = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    guide = (ROOT / "sdk/README.md").read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        env = environment(switchyard, prefix, folder)
        run_quickstart(guide, env, folder)
        run_test_program(guide, env, folder)


if __name__ == "__main__":
    main()
