#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Random instruction sequences, in the interpreter and in QEMU's user mode.

Usage: random_test.py RUN_ELF [--seed N] [--sequences N] [--lines N] [--steps N]

All sequences are one program. It runs in the interpreter as a whole, and again in short runs.
"""

import argparse
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import oracle  # pylint: disable=wrong-import-position
import sequences  # pylint: disable=wrong-import-position

WORDS = sequences.RECORD // 8
NAMES = ([f"x{n}" for n in range(32)] + [f"f{n}" for n in range(32)] + ["fcsr"] +
         [f"scratch + {8 * n}" for n in range(sequences.SCRATCH // 8)])


def differences(ours, theirs):
    """The words of a record that differ, in words."""
    pairs = zip(NAMES, struct.unpack(f"<{WORDS}Q", ours), struct.unpack(f"<{WORDS}Q", theirs))
    return [f"{name}: 0x{our:016x}, QEMU 0x{their:016x}" for name, our, their in pairs
            if our != their]


def report(seed, lines, text):
    print(f"sequence of seed {seed}: {text}")
    print(f"again: tests/rv64/random_test.py RUN_ELF --seed {seed} --sequences 1 --lines {lines}")


def compare(seeds, lines, interpreter, qemu):
    """Whether all records are the same; prints what is not."""
    ours, our_end = interpreter
    theirs, their_end = qemu
    wanted = len(seeds) * sequences.RECORD
    good = True
    for number, seed in enumerate(seeds):
        part = slice(number * sequences.RECORD, (number + 1) * sequences.RECORD)
        if len(ours[part]) < sequences.RECORD or len(theirs[part]) < sequences.RECORD:
            report(seed, lines, f"ended early: interpreter: {our_end}; QEMU: {their_end}")
            return False
        different = differences(ours[part], theirs[part])
        if different:
            good = False
            report(seed, lines, "\n  " + "\n  ".join(different[:20]))
    if our_end != "exit 0" or their_end != "exit 0" or len(ours) != wanted:
        print(f"interpreter: {our_end}, {len(ours)} bytes; QEMU: {their_end}; wanted {wanted}")
        good = False
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run_elf")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sequences", type=int, default=400)
    parser.add_argument("--lines", type=int, default=400)
    parser.add_argument("--steps", type=int, default=7)
    options = parser.parse_args()
    folder = oracle.folder()
    source = os.path.join(folder, "sequences.s")
    seeds = range(options.seed, options.seed + options.sequences)
    with open(source, "w", encoding="ascii") as file:
        file.write(sequences.program(seeds, options.lines))
    elf = oracle.build([source], os.path.join(folder, "sequences.elf"),
                       ["-march=rv64gc", "-mabi=lp64d"])
    qemu = oracle.run(oracle.QEMU + [elf])
    for steps in [[], [str(options.steps)], ["1"]]:
        interpreter = oracle.run([options.run_elf, elf] + steps)
        if not compare(seeds, options.lines, interpreter, qemu):
            print("in runs of", *steps or ["any length"])
            sys.exit(1)
    print(f"{len(seeds)} sequences of {options.lines} lines: the same registers and memory")


if __name__ == "__main__":
    main()
