#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Types something on an emulated board's console; user/echo brings it back through its driver.

Usage: echo_test.py KERNEL.img ECHO.elf OPTION...

OPTIONs are those of tools/boot, without --icount: in virtual time a machine that waits for input
jumps to its last timer, after which it is of no use.
"""

import subprocess
import sys

PROMPT = "Type something"
TYPED = "The quick brown fox jumps over the lazy dog, 0123456789 times."
FIGURES = "%d bytes received, 0 lost, %d sent; by interrupts." % (len(TYPED) + 1, len(TYPED))
SECONDS = 300


def main():
    kernel, program = sys.argv[1:3]
    boot = subprocess.Popen(
        ["tools/boot", "--timeout", str(SECONDS), "--kernel", kernel, program] + sys.argv[3:],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in boot.stdout:
        print(line, end="")
        lines.append(line.strip("\r\n"))
        if lines[-1].startswith(PROMPT):
            # Not before: firmware, and the driver when it starts, throw away what was typed.
            boot.stdin.write(TYPED + "\x04")
            boot.stdin.flush()
    status = boot.wait()
    for expected in (TYPED, FIGURES):
        if expected not in lines:
            sys.exit("no line says '%s'" % expected)
    if status != 0:
        sys.exit("the status is %d" % status)


if __name__ == "__main__":
    main()
