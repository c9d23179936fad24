#!/usr/bin/env python3
"""Includes point only down the list of rooms, and a library stays in its room.

    include_direction.py [ROOT]      checks a tree; prints one line per violation, exit status 1
    include_direction.py --self-test shows that each rule fails on a tree that breaks it
"""
import pathlib
import re
import sys
import tempfile

# Kernel rooms from the bottom up, with the rooms they may know.  Knowing is transitive.
ROOMS = {
    "base": [],
    "journal": ["base"],
    "store": ["base", "journal"],
    "stream": ["journal", "store"],
    "bus": ["base"],
    "account": ["store"],
    "quota": ["store", "account"],
    "schedule": ["store", "account"],
    "net": ["base"],
    "plugin": ["stream", "bus", "account", "quota", "schedule", "net"],
    "server": ["plugin"],
}
# A core plugin knows the SDK, itself, and what is shared between AWS protocols.
PLUGIN_SHARES = {"sqs": ["aws"], "sns": ["aws"], "control": ["aws"]}

# Prefix of an include -> where it may stand (prefixes of paths).  Tests may use any library.
LIBRARIES = [
    ("leveldb/", ["kernel/store/"]),
    ("boost/dll", ["kernel/plugin/"]),
    ("yaml-cpp/", ["kernel/server/"]),
    ("openssl/", ["kernel/account/", "kernel/net/", "plugins/"]),
    ("boost/asio", ["kernel/net/"]),
    ("boost/beast", ["kernel/net/"]),
    ("boost/json", ["plugins/"]),
    ("spdlog/", ["kernel/base/"]),
    ("Poco/", ["kernel/net/", "kernel/server/"]),
]
NEVER_IN_HEADERS = ("boost/asio", "boost/beast")  # They cost seconds in every file that sees them.

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
SOURCES = {".h", ".hpp", ".cc", ".cpp", ".c"}


def reachable(room):
    seen = {room}
    todo = [room]
    while todo:
        for below in ROOMS[todo.pop()]:
            if below not in seen:
                seen.add(below)
                todo.append(below)
    return seen


def kernel_target(include):
    parts = include.split("/")
    return parts[1] if parts[0] == "kernel" and len(parts) > 2 else None


def room_violation(path, include):
    parts = path.split("/")
    area = parts[0]
    target = kernel_target(include)
    if target and target not in ROOMS:
        return f"kernel/{target} is not a room of the design"
    if area == "kernel" and len(parts) > 2:
        room = parts[1]
        if room not in ROOMS:
            return f"kernel/{room} is not a room of the design"
        if target and target not in reachable(room):
            return f"kernel/{room} may not know kernel/{target}"
        if include.startswith("plugins/"):
            return "the kernel may not know a plugin"
        if include.startswith("switchyard/") and room not in ("plugin", "server"):
            return f"kernel/{room} may not know the SDK"
    if area == "plugins" and len(parts) > 2:
        if target:
            return "a plugin may not know the kernel; if it needs something, the ABI gains it"
        if include.startswith("plugins/"):
            other = include.split("/")[1]
            if other != parts[1] and other not in PLUGIN_SHARES.get(parts[1], []):
                return f"plugins/{parts[1]} may not know plugins/{other}"
    if area == "sdk" and (target or include.startswith("plugins/")):
        return "the SDK depends on nothing"
    if area == "tests" and parts[1] == "unit" and len(parts) > 3 and parts[2] in ROOMS:
        if target and target not in reachable(parts[2]):
            return f"the tests of kernel/{parts[2]} may not know kernel/{target}"
    if include.startswith("tests/") and area != "tests":
        return "only tests may know tests"
    return None


def library_violation(path, include):
    if path.startswith("tests/"):
        return None
    header = pathlib.PurePosixPath(path).suffix in (".h", ".hpp")
    for prefix, homes in LIBRARIES:
        if not include.startswith(prefix):
            continue
        if not any(path.startswith(home) for home in homes):
            return f"<{include}> belongs to {' and '.join(homes)}"
        if header and prefix in NEVER_IN_HEADERS:
            return f"<{include}> stays out of headers"
    return None


def check(root):
    found = []
    root = pathlib.Path(root)
    for area in ("kernel", "plugins", "sdk", "tests"):
        for file in sorted((root / area).rglob("*")):
            if file.suffix not in SOURCES or "node_modules" in file.parts:
                continue
            path = file.relative_to(root).as_posix()
            text = file.read_text(encoding="utf-8", errors="replace")
            for match in INCLUDE.finditer(text):
                include = match.group(1)
                why = room_violation(path, include) or library_violation(path, include)
                if why:
                    line = text.count("\n", 0, match.start(1)) + 1
                    found.append(f"{path}:{line}: {why}")
    return found


# One violating file per rule, and files that must pass.
BAD = {
    "kernel/journal/up.cc": '#include "kernel/stream/stream.h"',
    "kernel/base/up.h": '#include "kernel/journal/journal.h"',
    "kernel/net/sideways.cc": '#include "kernel/store/kv.h"',
    "kernel/quota/sideways.cc": '#include "kernel/schedule/jobs.h"',
    "kernel/stream/plugin.cc": '#include "plugins/sqs/queue.h"',
    "kernel/stream/sdk.cc": "#include <switchyard/plugin.h>",
    "kernel/attic/new.cc": '#include "kernel/base/result.h"',
    "plugins/sqs/kernel.cc": '#include "kernel/base/result.h"',
    "plugins/topics/other.cc": '#include "plugins/aws/error.h"',
    "sdk/include/switchyard/x.h": '#include "kernel/base/result.h"',
    "kernel/stream/db.cc": "#include <leveldb/db.h>",
    "kernel/journal/db.h": "  #  include <leveldb/db.h>",
    "kernel/net/loop.h": "#include <boost/asio.hpp>",
    "kernel/net/parse.h": "#include <boost/beast/http/parser.hpp>",
    "kernel/server/loop.cc": "#include <boost/asio/io_context.hpp>",
    "kernel/net/config.cc": "#include <yaml-cpp/yaml.h>",
    "kernel/stream/log.cc": "#include <spdlog/spdlog.h>",
    "kernel/journal/crypto.cc": "#include <openssl/evp.h>",
    "tests/unit/journal/x_test.cc": '#include "kernel/stream/stream.h"',
    "kernel/base/fake.cc": '#include "tests/client/sigv4.h"',
}
GOOD = {
    "kernel/stream/fine.cc": '#include "kernel/base/result.h"\n#include <vector>\n#include "kernel/stream/chunk.h"',
    "kernel/server/fine.cc": '#include "kernel/journal/journal.h"\n#include <yaml-cpp/yaml.h>\n#include <Poco/File.h>',
    "kernel/net/fine.cc": "#include <boost/asio/io_context.hpp>\n#include <openssl/ssl.h>",
    "plugins/sqs/fine.cc": '#include "plugins/aws/error.h"\n#include <switchyard/plugin.h>\n#include <openssl/evp.h>',
    "tests/unit/stream/fine_test.cc": '#include "kernel/journal/journal.h"\n#include <gtest/gtest.h>',
    "kernel/base/comment.cc": '// #include "kernel/server/main.h" would be wrong here',
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**BAD, **GOOD}.items():
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")
        named = {line.split(":")[0] for line in check(folder)}
    missed = sorted(set(BAD) - named)
    wrong = sorted(named - set(BAD))
    for path in missed:
        print(f"not found: {path}: {BAD[path]}")
    for path in wrong:
        print(f"wrongly named: {path}: {GOOD[path]}")
    print(f"{len(BAD) - len(missed)} of {len(BAD)} violations found, {len(wrong)} false alarms")
    return not missed and not wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 0 if self_test() else 1
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    found = check(root)
    print("\n".join(found) or "every include points down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
