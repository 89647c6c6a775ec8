#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Proves that object files hold no state: reports what they have in writable memory.

Usage: tools/globals.py FILE...

Each file is an object or an archive, of any architecture. What may be written at run time is an
allocated, writable section that is not empty (.data, .bss, .tbss, ...; a variable, a static local,
a thread-local) or a common symbol. Tables of addresses in .data.rel.ro are constants: only the
loader writes to them. Exit status 1 if there is anything to report.
"""

import re
import subprocess
import sys

_SECTION = re.compile(
    r"\s*\[\s*(?P<index>\d+)\] (?P<name>\S+)\s+(?P<type>\S+)\s+[0-9a-f]+ [0-9a-f]+"
    r" (?P<size>[0-9a-f]+) \w\w\s+(?P<flags>[A-Za-z]*)\s")
_SYMBOL = re.compile(
    r"\s*\d+: [0-9a-f]+\s+\w+ (?P<type>\S+)\s+\S+\s+\S+\s+(?P<section>\S+)\s+(?P<name>\S+)")


def writable(section):
    flags = section["flags"]
    return ("W" in flags and "A" in flags and int(section["size"], 16) > 0
            and not section["name"].startswith(".data.rel.ro"))


def problems(path):
    """One line for each writable section, with its symbols; [] is the good answer."""
    run = subprocess.run(["readelf", "--wide", "--sections", "--symbols", path],
                         capture_output=True, text=True,
                         env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    if run.returncode != 0:
        return ["%s: %s" % (path, run.stderr.strip() or "readelf failed")]
    found = []
    objects = 0
    member = path
    sections = {}
    for line in run.stdout.splitlines():
        if line.startswith("File: "):
            member = line[len("File: "):]
        elif line.startswith("There are "):
            sections = {}
            objects += 1
        section = _SECTION.match(line)
        symbol = _SYMBOL.match(line)
        if section and writable(section):
            sections[section["index"]] = section["name"]
            found.append("%s: section %s has %d bytes" % (
                member, section["name"], int(section["size"], 16)))
        elif symbol and symbol["section"] == "COM":
            found.append("%s: common symbol %s" % (member, symbol["name"]))
        elif symbol and symbol["section"] in sections and symbol["type"] in ("OBJECT", "TLS"):
            found.append("%s: %s is in %s" % (member, symbol["name"], sections[symbol["section"]]))
    if objects == 0:
        found.append("%s: no object file in it" % path)
    return found


def main(paths):
    if not paths or paths[0].startswith("-"):
        print(__doc__)
        return 0 if paths[:1] in (["--help"], ["-h"]) else 2
    found = [problem for path in paths for problem in problems(path)]
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
