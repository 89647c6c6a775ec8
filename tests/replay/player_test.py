#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Traces as root tasks: made by `albireo to-elf`, run under QEMU and in the simulator.

Usage: player_test.py debug|release KERNEL.img ALBIREO [TRACE...]

All traces of tests/replay (or those given) must be played as recorded; and one whose expectations
have been falsified must be reported, with the event and both sides. What cannot be played as a
whole must be refused.
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


def expect_exit(status, pattern, command):
    said = run(command, (status,))
    if not re.search(pattern, said):
        raise Failure("%s: expected %s:\n%s" % (" ".join(command), pattern, said))


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


def change(path, work, pattern, replacement):
    """The trace with another text at the first place, and the number of that event."""
    with open(path) as file:
        text = file.read()
    found = re.search(r"(?m)^([0-9]+) .*" + pattern, text)
    if not found:
        raise Failure(path + ": nothing to falsify")
    line = re.sub(pattern, replacement, found.group(0))
    bad = os.path.join(work, "false.trace")
    with open(bad, "w") as file:
        file.write(text[:found.start()] + line + text[found.end():])
    return bad, found.group(1)


def falsify(path, work):
    """With one more error than there was."""
    return change(path, work, r"(Untyped_Retype\(.*) = ok(?= #|$)", r"\1 = error DeleteFirst")


def check_refusals(machine, trace, work):
    """Exit statuses for what is no trace; and for a program that does not do what its trace says,
    here the player itself."""
    bad, _ = change(trace, work, "Untyped_Retype", "Untyped_Retire")
    output = os.path.join(work, "output")
    for command in ["to-elf"], ["to-test"], ["reduce", "--keep", "outcome", "ok"]:
        expect_exit(3, "Untyped_Retire", [machine.albireo] + command + [bad, "-o", output])
    if machine.release:
        return
    program = os.path.join(work, "program.trace")
    machine.make(trace)
    run([machine.albireo, "run", "--trace", program, machine.elf])
    bad, number = falsify(program, work)
    to_elf = [machine.albireo, "to-elf", bad, "-o", output]
    expect_exit(1, "another way than the trace: event %s " % number, to_elf)
    expect_exit(0, "another way than the trace; .*: event %s " % number, to_elf + ["--skip"])


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
        check_refusals(machine, "tests/replay/stale-reply.trace", work)
    print("%d traces played as recorded, one falsified trace reported" % len(traces))


if __name__ == "__main__":
    os.environ.setdefault("ALBIREO_SKIP_PACKAGES", "1")
    try:
        main()
    except Failure as failure:
        sys.exit("player_test: %s" % failure)
