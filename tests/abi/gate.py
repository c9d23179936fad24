#!/usr/bin/env python3
"""The append-only gate of the plugin ABI.

  gate.py --check           judges plugin.h against layout.inc and baseline.abi
  gate.py --self-test       shows that the gate passes what is allowed and refuses what is not
  gate.py --write-baseline  takes plugin.h as the new baseline; after that, old binaries are not judged

Two judges.  layout.c asserts the offset and the type of every member there was.  abidiff compares the
witness library, which names every table in a signature, with the baseline; its suppression lets structs
grow at the end.  Alone it is not enough: that suppression (libabigail 2.2) also hides a changed type of
an existing member, which is layout.c's to see.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "sdk/include"
BASELINE = HERE / "baseline.abi"

# (what is done to plugin.h, old text, new text, layout.c accepts, abidiff accepts)
MUTATIONS = [
    ("a higher revision", "#define SW_ABI_REVISION 4u", "#define SW_ABI_REVISION 5u", True, True),
    ("a function appended to a table", "} sw_kv_api;", "  int32_t (*more)(const sw_host *);\n} sw_kv_api;", True, True),
    ("a member appended to a struct", "} sw_message;", "  uint64_t more;\n} sw_message;", True, True),
    ("a new extension", "#define SW_EXT_METRICS",
     "typedef struct sw_new_api { uint32_t size, reserved; } sw_new_api;\n#define SW_EXT_METRICS", True, True),
    ("a function inserted in the middle", "  sw_status (*put)(const sw_host *, sw_namespace *",
     "  int32_t (*inserted)(const sw_host *);\n  sw_status (*put)(const sw_host *, sw_namespace *", False, False),
    ("a member inserted in the middle", "  sw_bytes headers;              /* opaque",
     "  uint64_t inserted;\n  sw_bytes headers;              /* opaque", False, False),
    ("a function removed", "  void (*stop)(void *self);\n", "", False, False),
    ("a frozen struct that grows", "  uint32_t reserved;\n} sw_token;",
     "  uint32_t reserved;\n  uint64_t more;\n} sw_token;", False, False),
    ("another type of a member", "  uint32_t header_format;        /* tag",
     "  int32_t header_format;        /* tag", False, None),
    ("a wider member", "  uint32_t max_message_bytes; /* body", "  uint64_t max_message_bytes; /* body", False, None),
    ("another type of a parameter", "void (*add)(sw_counter *, uint64_t n);", "void (*add)(sw_counter *, uint32_t n);",
     False, None),
    ("a parameter more", "void (*cancel_fetch)(const sw_host *, sw_fetch_id);",
     "void (*cancel_fetch)(const sw_host *, sw_fetch_id, uint32_t);", False, None),
    ("another signature of a callback", "typedef void (*sw_done)(void *user, sw_status,",
     "typedef void (*sw_done)(void *user, uint64_t,", False, None),
    ("two members swapped", "  uint32_t storage, retention;", "  uint32_t retention, storage;", False, None),
    ("another number of a status", "#define SW_CONFLICT 11", "#define SW_CONFLICT 12", False, None),
]


def run(*command) -> bool:
    return subprocess.run([str(part) for part in command], capture_output=True).returncode == 0


def layout_accepts(include: pathlib.Path) -> bool:
    return run("cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{include}", HERE / "layout.c")


def witness(include: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    library = folder / "witness.so"
    # Relative to its folder, so that the baseline does not know where it was built.
    subprocess.run(["cc", "-std=c99", "-g", "-O0", "-fPIC", "-shared", f"-I{include}", "witness.c", "-o", str(library)],
                   check=True, cwd=HERE)
    return library


def abidiff_accepts(include: pathlib.Path, folder: pathlib.Path) -> bool:
    return run("abidiff", "--suppressions", HERE / "append_only.ini", BASELINE, witness(include, folder))


def check(folder: pathlib.Path) -> int:
    good = True
    if not layout_accepts(INCLUDE):
        print("layout.c: a member of plugin.h moved or changed its type; compile it to see which")
        good = False
    if not abidiff_accepts(INCLUDE, folder):
        print("abidiff: plugin.h changed other than by appending; see tests/abi/gate.py")
        good = False
    return 0 if good else 1


def self_test(folder: pathlib.Path) -> int:
    wrong = 0
    for what, old, new, by_layout, by_abidiff in MUTATIONS:
        include = folder / "include"
        shutil.rmtree(include, ignore_errors=True)
        shutil.copytree(INCLUDE, include)
        header = include / "switchyard/plugin.h"
        text = header.read_text()
        if text.count(old) < 1:
            print(f"{what}: plugin.h has no '{old.strip()}' any more; choose another place")
            wrong += 1
            continue
        header.write_text(text.replace(old, new, 1))
        for judge, expected, accepts in (("layout.c", by_layout, layout_accepts(include)),
                                         ("abidiff", by_abidiff, abidiff_accepts(include, folder))):
            # None: the other judge's to see.
            if expected is not None and accepts != expected:
                print(f"{what}: {judge} {'accepts' if accepts else 'refuses'} it")
                wrong += 1
    print(f"{len(MUTATIONS)} changes, {wrong} judged wrongly")
    return 1 if wrong else 0


def main() -> int:
    action = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if action == ["--check"]:
            return check(folder)
        if action == ["--self-test"]:
            return self_test(folder)
        if action == ["--write-baseline"]:
            xml = subprocess.run(["abidw", "--no-comp-dir-path", "--no-corpus-path", "--no-show-locs",
                                  str(witness(INCLUDE, folder))], check=True, capture_output=True, text=True).stdout
            BASELINE.write_text(xml)
            return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
