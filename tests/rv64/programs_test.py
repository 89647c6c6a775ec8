#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compiled C programs, in the interpreter and in QEMU's user mode: the same output.

Usage: programs_test.py RUN_ELF SOURCE...
Sources that are called program.* belong to all programs.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import oracle  # pylint: disable=wrong-import-position

MACHINES = [("rv64gc", "lp64d"), ("rv64imac", "lp64"), ("rv64ima", "lp64")]
LEVELS = ["-O2", "-O0"]
LINES_MIN = 3


def compare(name, run_elf, elf):
    """Whether a program behaves the same; says so."""
    ours, our_end = oracle.run([run_elf, elf])
    theirs, their_end = oracle.run(oracle.QEMU + [elf])
    good = our_end == their_end == "exit 0" and ours == theirs and ours.count(b"\n") >= LINES_MIN
    print(f"{name}: {'the same' if good else 'DIFFERENT'}: {len(ours)} bytes, QEMU {len(theirs)}")
    if good:
        return True
    print(f"interpreter: {our_end}; QEMU: {their_end}")
    for our, their in zip(ours.decode().splitlines(), theirs.decode().splitlines()):
        if our != their:
            print(f"  {our}\n  {their} (QEMU)")
    return False


def main():
    run_elf, sources = sys.argv[1], sys.argv[2:]
    common = [path for path in sources if os.path.basename(path) == "program.c"]
    mains = [path for path in sources if not os.path.basename(path).startswith("program.")]
    if not common or not mains:
        sys.exit(__doc__)
    good = True
    folder = oracle.folder()
    for path in mains:
        for march, mabi in MACHINES:
            for level in LEVELS:
                elf = oracle.build([path] + common, os.path.join(folder, "program.elf"),
                                   [level, f"-march={march}", f"-mabi={mabi}"])
                name = f"{os.path.basename(path)} {level} {march}"
                good = compare(name, run_elf, elf) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
