#!/usr/bin/env python3
"""Compares the structs that sdk/rust/switchyard.rs declares with plugin.h, member by member, and its constants.

    rust_layout.py             compares; needs rustc and cc
    rust_layout.py --self-test shows that a moved member, a missing one and a wrong constant are found
"""
import pathlib
import re
import subprocess
import sys
import tempfile

import layout

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = ROOT / "sdk/include/switchyard/plugin.h"
RUST = ROOT / "sdk/rust/switchyard.rs"
# Words of Rust carry an underscore there.
RENAMED = {"match_": "match", "move_": "move"}
NOT_DECLARED = {"sw_accounts_api", "sw_limits", "sw_account", "sw_account_usage", "sw_account_wish", "sw_account_change",
                "sw_credential", "sw_credential_wish", "sw_credential_change"}


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def of_rust(source, folder):
    """{(struct, member): offset}, with the struct's size under the member ''; and {constant: value}."""
    numbers = re.findall(r"pub const (SW_\w+): (?:sw_status|u32|u64|usize) =", source)
    main = "mod switchyard;\nfn main() {\n    for (a, b, c) in switchyard::layout() { println!(\"{a} {b} {c}\"); }\n"
    main += "".join(f'    println!("={name} {{}}", switchyard::{name});\n' for name in numbers) + "}\n"
    (folder / "switchyard.rs").write_text(source)
    (folder / "main.rs").write_text(main)
    run(["rustc", "--edition", "2021", "-A", "warnings", str(folder / "main.rs"), "-o", str(folder / "rust_layout")])
    members, constants = {}, {}
    for line in run([str(folder / "rust_layout")]).splitlines():
        words = line.split(" ")
        if line.startswith("="):
            constants[words[0][1:]] = int(words[1])
        else:
            members[words[0], RENAMED.get(words[1], words[1])] = int(words[2])
    return members, constants


def of_c(constants, folder):
    structs, _ = layout.read(HEADER.read_text())
    lines = ["#include <stdio.h>", "#include <switchyard/plugin.h>", "int main(void) {"]
    for name, members in structs:
        if name in NOT_DECLARED:
            continue
        lines += [f'  printf("{name} {m} %zu\\n", offsetof({name}, {m}));' for m, _ in members]
        lines.append(f'  printf("{name}  %zu\\n", sizeof({name}));')
    lines += [f'  printf("={name} %llu\\n", (unsigned long long){name});' for name in constants]
    (folder / "c.c").write_text("\n".join(lines + ["  return 0;", "}"]))
    run(["cc", "-std=c99", f"-I{HEADER.parent.parent}", str(folder / "c.c"), "-o", str(folder / "c_layout")])
    members, values = {}, {}
    for line in run([str(folder / "c_layout")]).splitlines():
        words = line.split(" ")
        if line.startswith("="):
            values[words[0][1:]] = int(words[1])
        else:
            members[words[0], words[1]] = int(words[2])
    return members, values


def compare(source):
    with tempfile.TemporaryDirectory() as name:
        rust, rust_values = of_rust(source, pathlib.Path(name))
        c, c_values = of_c(rust_values, pathlib.Path(name))
    found = []
    for struct, member in sorted(set(rust) | set(c)):
        here, there = rust.get((struct, member)), c.get((struct, member))
        if here != there:
            found.append(f"{struct}.{member or '(size)'} is at {here} in switchyard.rs and at {there} in plugin.h")
    found += [f"{name} is {value} in switchyard.rs and {c_values[name]} in plugin.h"
              for name, value in rust_values.items() if value != c_values[name]]
    return found, len(rust), len(rust_values)


def self_test(source):
    broken = {
        "sw_delivery.time_ms": source.replace("id: [u8; 16], time_ms: i64, first", "id: [u8; 16], first", 1),
        "sw_fetch.max": source.replace("max: u32, wait_ms: u32,", "wait_ms: u32, max: u32,", 1),
        "SW_BUSY": source.replace("SW_BUSY: sw_status = 7", "SW_BUSY: sw_status = 70", 1),
    }
    for name, text in broken.items():
        assert text != source, name
        found, _, _ = compare(text)
        assert any(line.startswith(name) for line in found), f"{name} was not found: {found}"
    print(f"{len(broken)} broken copies found")


def main():
    source = RUST.read_text()
    if sys.argv[1:] == ["--self-test"]:
        return self_test(source)
    found, members, constants = compare(source)
    print("\n".join(found) or f"{members} members and sizes, {constants} constants agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
