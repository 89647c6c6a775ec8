#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Traces as root tasks: made by `albireo to-elf`, run under QEMU and in the simulator.

Usage: player_test.py debug|release KERNEL.img ALBIREO [TRACE...]

All traces of tests/replay (or those given) must be played as recorded; and one whose expectations
have been falsified must be reported, with the event and both sides.
"""

import glob
import os
import re
import subprocess
import sys
import tempfile

SECONDS = 120


class Failure(Exception):
    pass


def run(command, statuses=(0,)):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    if done.returncode not in statuses:
        raise Failure("%s: exit status %d:\n%s" % (" ".join(command), done.returncode, text))
    return text


def verdict(output):
    found = re.findall(r"(?m)^player: .*$", output)
    return found[0] if len(found) == 1 else "no verdict, or more than one:\n" + output


class Machine:
    def __init__(self, build, kernel, albireo, work):
        self.release = ["--release"] if build == "release" else []
        self.kernel = kernel
        self.albireo = albireo
        self.elf = os.path.join(work, "player.elf")

    def make(self, trace):
        run([self.albireo, "to-elf", trace, "-o", self.elf] + self.release)

    def under_qemu(self):
        return verdict(run(["tools/boot", "--kernel", self.kernel, "--icount",
                            "--timeout", str(SECONDS), self.elf]))

    def verdicts(self, trace):
        """Of all places where the ELF file can run: the simulator here is a debug kernel."""
        self.make(trace)
        found = {"QEMU": self.under_qemu()}
        if not self.release:
            found["simulator"] = verdict(run([self.albireo, "run", self.elf]))
        return found


def expect(trace, found, pattern):
    for place, said in found.items():
        if not re.fullmatch(pattern, said):
            raise Failure("%s in %s: %s\nexpected: %s" % (trace, place, said, pattern))


def events(path):
    with open(path) as file:
        return len(re.findall(r"(?m)^[0-9]+ .*", file.read()))


def falsify(path, work):
    """The same trace with one more error than there was; and the number of that event."""
    with open(path) as file:
        text = file.read()
    changed, count = re.subn(r"(?m)^([0-9]+ .*Untyped_Retype\(.*) = ok$",
                             r"\1 = error DeleteFirst", text, count=1)
    if count != 1:
        raise Failure(path + ": nothing to falsify")
    number = re.search(r"(?m)^([0-9]+) .* = error DeleteFirst$", changed).group(1)
    bad = os.path.join(work, "false.trace")
    with open(bad, "w") as file:
        file.write(changed)
    return bad, number


def main():
    build, kernel, albireo = sys.argv[1:4]
    traces = sys.argv[4:] or sorted(glob.glob("tests/replay/*.trace"))
    if not traces:
        raise Failure("there are no traces")
    with tempfile.TemporaryDirectory() as work:
        machine = Machine(build, kernel, albireo, work)
        for trace in traces:
            expect(trace, machine.verdicts(trace),
                   "player: all %d calls as recorded" % events(trace))
        bad, number = falsify("tests/replay/stale-reply.trace", work)
        expect(bad, machine.verdicts(bad),
               "player: event %s: .*Untyped_Retype.*: expected .*DeleteFirst.*, got ok" % number)
    print("%d traces played as recorded, one falsified trace reported" % len(traces))


if __name__ == "__main__":
    os.environ.setdefault("ALBIREO_SKIP_PACKAGES", "1")
    try:
        main()
    except Failure as failure:
        sys.exit("player_test: %s" % failure)
