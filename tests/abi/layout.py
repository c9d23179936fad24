#!/usr/bin/env python3
"""Writes or checks layout.inc: offset and type of every member of every struct of plugin.h.

  layout.py --write     measures with the C compiler and writes layout.inc
  layout.py --check     fails when plugin.h has a member that layout.inc does not list, or lacks one

What layout.inc says is asserted by layout.c, at compile time.  A change in a line that was there
before breaks binaries; only new lines are a good diff.  --header FILE reads another plugin.h.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LAYOUT = HERE / "layout.inc"


def split_outside_parentheses(text: str, separator: str):
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [" ".join(part.split()) for part in parts if part.strip()]


def declared(declaration: str):
    """(name, type) of each declarator of one member declaration."""
    function = re.match(r"(.*?\(\*)(\w+)(\)\(.*\))$", declaration)
    if function:
        return [(function.group(2), function.group(1) + function.group(3))]
    first, *rest = split_outside_parentheses(declaration, ",")
    base, stars, name, array = re.match(r"(.*?)(\**)(\w+)(\[\w+\])?$", first).groups()
    members = [(name, base.strip() + (" " + stars if stars else "") + (array or ""))]
    plain = re.sub(r"[\s*]+$", "", base)
    for other in rest:
        stars, name, array = re.match(r"(\**)(\w+)(\[\w+\])?$", other).groups()
        members.append((name, plain + (" " + stars if stars else "") + (array or "")))
    return members


def read(header: str):
    """([(struct, [(member, type), ...])], [(typedef, type)]) in the order of the header."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    structs = []
    for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", text, flags=re.S):
        structs.append((name, [m for d in split_outside_parentheses(body, ";") for m in declared(d)]))
    callbacks = re.findall(r"typedef (\w+) \(\*(\w+)\)(\([^;]*\));", text)
    return structs, [(name, f"{result} (*){' '.join(parameters.split())}") for result, name, parameters in callbacks]


def measure(header: pathlib.Path, structs, callbacks) -> str:
    lines = ["#include <stdio.h>", "#include <switchyard/plugin.h>", "int main(void) {"]
    for name, members in structs:
        for member, kind in members:
            lines.append(f'  printf("SW_MEMBER({name}, {member}, %zu, {kind})\\n", offsetof({name}, {member}));')
        lines.append(f'  printf("SW_SIZE({name}, %zu)\\n", sizeof({name}));')
    lines += [f'  puts("SW_CALLBACK({name}, {kind})");' for name, kind in callbacks]
    lines += ["  return 0;", "}"]
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder) / "measure.c", pathlib.Path(folder) / "measure"
        source.write_text("\n".join(lines))
        subprocess.run(["cc", "-std=c99", f"-I{header.parent.parent}", str(source), "-o", str(program)], check=True)
        return subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout


def check(structs, callbacks) -> int:
    text = LAYOUT.read_text()
    listed = set(re.findall(r"SW_MEMBER\((\w+), (\w+),", text)) | {(c, "") for c in re.findall(r"SW_CALLBACK\((\w+),", text)}
    present = {(name, member) for name, members in structs for member, _ in members} | {(c, "") for c, _ in callbacks}
    for name, member in sorted(present - listed):
        print(f"{name} {member} is in plugin.h and not in layout.inc: run tests/abi/layout.py --write")
    for name, member in sorted(listed - present):
        print(f"{name} {member} was there and is gone: binaries that use it break")
    return 0 if present == listed else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--header", type=pathlib.Path, default=HERE.parent.parent / "sdk/include/switchyard/plugin.h")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    options = parser.parse_args()
    structs, callbacks = read(options.header.read_text())
    if len(structs) < 25 or len(callbacks) < 6:
        print(f"only {len(structs)} structs and {len(callbacks)} callbacks found: this script cannot read the header any more")
        return 1
    if options.write:
        LAYOUT.write_text("/* Written by layout.py --write; asserted by layout.c. */\n" +
                          measure(options.header, structs, callbacks))
        return 0
    return check(structs, callbacks)


if __name__ == "__main__":
    sys.exit(main())
