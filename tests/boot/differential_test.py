#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The same ELF file under QEMU and in the simulator, event by event (docs/differential.md).

Usage: differential_test.py [--run] KERNEL.img ALBIREO ROOTTASK.elf

Records the run with tools/boot --record, which compares all registers at every kernel entry;
replays the trace, which must come out the same again; and changes the trace, which must be noticed.
With --run the program also runs by itself in the simulator: the lines of its TAP, or its last line
if it prints none, must be the same as under QEMU.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

SECONDS = 600


class Failure(Exception):
    """What went wrong."""


def run(command, status=0):
    """(standard output, standard error)."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    out, err = (data.decode(errors="replace").replace("\r", "") for data in (done.stdout,
                                                                             done.stderr))
    if done.returncode != status:
        raise Failure("status %d, not %d: %s\n%s\n%s" % (
            done.returncode, status, " ".join(command), out[-4000:], err))
    return out, err


def record(options, trace):
    """The console, and how many events were compared."""
    out, err = run(["tools/boot", "--kernel", options.kernel, "--albireo", options.albireo,
                    "--timeout", str(SECONDS), "--record", trace, options.task])
    found = re.search(r"(?m)^boot: ([0-9]+) events, the same in QEMU and here; halted$", err)
    if not found or int(found.group(1)) == 0:
        raise Failure("nothing was compared: " + err)
    return out, int(found.group(1))


def changes(lines):
    """Traces with one change, and the number of its event."""
    timers = [at for at, line in enumerate(lines) if re.search(r": timer \| at ", line)]
    calls = [at for at, line in enumerate(lines) if re.search(r": Call .* \| at ", line)]
    edits = (
        (timers[-1], r"( cycles=[0-9]+\+)([0-9]+)", lambda m: m[1] + str(int(m[2]) + 1)),
        (calls[-1], r"( regs=)([0-9a-f])", lambda m: m[1] + "%x" % (int(m[2], 16) ^ 1)),
        (calls[len(calls) // 2], r"#[0-9a-f]{16}$", lambda _: "#0123456789abcdef"),
        (calls[len(calls) // 3], r" = .*$", " = blocked"),
    )
    for at, pattern, replacement in edits:
        line, count = re.subn(pattern, replacement, lines[at], count=1)
        if count != 1:
            raise Failure("line %d is not what it should be: %s" % (at + 1, lines[at]))
        yield int(line.split()[0]), lines[:at] + [line] + lines[at + 1:]


def check_replay(options, trace, events):
    out, _ = run([options.albireo, "replay", trace])
    summary = "%d of %d events, %d compared: all as recorded." % (events, events, events)
    if summary not in out:
        raise Failure("replay does not say: %s\n%s" % (summary, out[-4000:]))
    with open(trace) as file:
        lines = file.read().splitlines()
    for number, changed in changes(lines):
        with open(trace, "w") as file:
            file.write("\n".join(changed) + "\n")
        _, err = run([options.albireo, "replay", "--quiet", trace], status=1)
        if "event %d " % number not in err:
            raise Failure("replay does not complain of a change in event %d: %s" % (number, err))


def check_run(options, console):
    out, _ = run([options.albireo, "run", options.task])
    if not re.search(r"(?m)^1\.\.[0-9]+$", out):
        ends = [text.strip().splitlines()[-1] for text in (console, out)]
        if ends[0] != ends[1]:
            raise Failure("the last line is '%s', but in the simulator '%s'" % tuple(ends))
        return
    with tempfile.TemporaryDirectory() as folder:
        names = [os.path.join(folder, name) for name in ("qemu.tap", "simulator.tap")]
        for name, text in zip(names, (console, out)):
            with open(name, "w") as file:
                file.write(text)
        run([sys.executable, "tests/conformance/compare.py", *names])


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("kernel")
    parser.add_argument("albireo")
    parser.add_argument("task")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        try:
            console, events = record(options, trace)
            check_replay(options, trace, events)
            if options.run:
                check_run(options, console)
        except Failure as failure:
            sys.exit("FAILED: %s" % failure)
    print("%d events compared, in lock-step and in replay" % events)


if __name__ == "__main__":
    os.environ.setdefault("ALBIREO_SKIP_PACKAGES", "1")
    main()
