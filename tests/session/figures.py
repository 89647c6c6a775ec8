#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What recording, replaying and going back cost, on a program that does little but IPC.

Usage: figures.py ALBIREO PING.elf [EVENTS]

EVENTS: stop after so many; all of the program's are a little more than a million. Fails if the
replay is not as recorded, or if a step back takes more than two seconds. Whole runs are given in
processor time, which other programs on the machine change little; steps as they are waited for.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time

STEPS = 20
LIMIT = 2.0


def spent():
    """Processor time of all processes that have ended, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(*command):
    """Seconds."""
    start = spent()
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
    return spent() - start


def run(albireo, *words):
    """A run that --max-events may end."""
    start = spent()
    done = subprocess.run((albireo, "run", "--quiet") + words, stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode != 0 and b"stopped after" not in done.stderr:
        raise SystemExit(done.stderr.decode())
    return spent() - start


class Prompt:
    """The prompt of `albireo replay --step`."""

    def __init__(self, albireo, trace):
        self.process = subprocess.Popen((albireo, "replay", "--quiet", "--step", trace),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.process.stdout.readline()

    def ask(self, command):
        """(seconds, the number of the event it is at then)."""
        start = time.monotonic()
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        return time.monotonic() - start, int(answer.split(" ")[0].rstrip(":"))

    def close(self):
        """Ends it."""
        self.process.stdin.close()
        self.process.wait()


def events_of(trace):
    """The number in the trace's last line, "end N ..."."""
    with open(trace, "rb") as file:
        file.seek(-200, os.SEEK_END)
        return int(file.read().split(b"\nend ")[-1].split(b" ")[0])


def main(albireo, program, most=None):
    """Prints them."""
    limit = ("--max-events", most) if most is not None else ()
    with tempfile.TemporaryDirectory() as directory:
        trace = os.path.join(directory, "ping.trace")
        plain = run(albireo, *limit, program)
        without = run(albireo, "--trace", trace, "--hash-every", "0", *limit, program)
        recording = run(albireo, "--trace", trace, *limit, program)
        last = events_of(trace)
        print("%-40s%d" % ("events", last))
        print("%-40s%.2f s" % ("run", plain))
        print("%-40s%.2f s; without hashes %.2f s" % ("run --trace", recording, without))
        size = os.path.getsize(trace)
        print("%-40s%.1f MB, %.0f bytes an event" % ("trace", size / 1e6, size / last))
        print("%-40s%.2f s; --no-hashes %.2f s" % (
            "replay", timed(albireo, "replay", "--quiet", trace),
            timed(albireo, "replay", "--quiet", "--no-hashes", trace)))
        prompt = Prompt(albireo, trace)
        assert prompt.ask("to %d" % last)[1] == last
        steps = []
        for i in range(STEPS):
            seconds, at = prompt.ask("back")
            assert at == last - i - 1, at
            steps.append(seconds)
        far, at = prompt.ask("to %d" % (last // 3))
        assert at == last // 3
        prompt.close()
        print("%-40smean %.1f ms, longest %.1f ms" % (
            "one step back, %d times" % STEPS, 1e3 * sum(steps) / STEPS, 1e3 * max(steps)))
        print("%-40s%.1f ms" % ("back from the end to a third of it", 1e3 * far))
        if max(steps) > LIMIT:
            raise SystemExit("a step back takes too long")


if __name__ == "__main__":
    main(*sys.argv[1:])
