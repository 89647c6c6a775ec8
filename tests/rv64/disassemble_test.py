#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The disassembler, and with it the decoder's table and immediates, against the GNU tools.

Usage: disassemble_test.py DISASSEMBLE [--seed N] [--words N]

All 16-bit instructions and many 32-bit ones. Both disassemblers' words are assembled without
compression: the same instruction must come out, and what is illegal for one must be for the other.
"""

import argparse
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import oracle  # pylint: disable=wrong-import-position

AS = "/usr/bin/riscv64-unknown-elf-as"
OBJDUMP = "/usr/bin/riscv64-unknown-elf-objdump"
OBJCOPY = "/usr/bin/riscv64-unknown-elf-objcopy"
START = 0x40000000  # Far from 0, so that targets of jumps are positive.
ILLEGAL = "illegal"
TARGET = re.compile(r"^((?:b[a-z]+|j|jal)\s+(?:[a-z0-9]+,\s*)*)(?:0x)?([0-9a-f]+)$")

# What GNU's tools know beyond user mode's instructions, and what only they reject or print.
PRIVILEGED = re.compile(r"^(mret|sret|uret|dret|wfi|sfence|hfence|hlv|hlvx|hsv|sinval|hinval)")
RESERVED = [0x0000, 0x6101]  # c.addi16sp by 0.
CONVERSIONS = [0x42000053, 0xD2000053, 0xD2100053]  # Exact: GNU knows rounding mode 0 alone.


def assemble(lines, folder, march, name):
    """The bytes of a text section at START."""
    source, objects, binary = (os.path.join(folder, name + end) for end in (".s", ".o", ".bin"))
    with open(source, "w", encoding="ascii") as file:
        file.write(".option norelax\n" + "\n".join(lines) + "\n")
    subprocess.run([AS, f"-march={march}", source, "-o", objects], check=True)
    subprocess.run([OBJCOPY, "-O", "binary", "-j", ".text", objects, binary], check=True)
    with open(binary, "rb") as file:
        return file.read(), objects


def relative(text, pc):
    """The text with targets of jumps relative to its own place."""
    match = TARGET.match(text)
    return f"{match.group(1)}. + ({int(match.group(2), 16) - pc})" if match else text


def expand(text):
    """What objdump has no ordinary name for: hints of the C extension."""
    match = re.match(r"c\.(\w+) (-?\w+)(?:,(-?\w+))?$", text)
    if not match:
        return text
    name, first, second = match.groups()
    if name.endswith("64"):
        return f"{name[:-2]} {first}, {first}, 0"
    if name == "nop":
        return f"addi zero, zero, {first}"
    return f"{name} {first}, {second}" if name in ("li", "lui", "mv") else (
        f"{name} {first}, {first}, {second}")


def ours(disassemble, codes, places):
    lines = "".join(f"{code:x} {pc:x}\n" for code, pc in zip(codes, places))
    done = subprocess.run([disassemble], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    texts = done.stdout.decode().splitlines()
    return [ILLEGAL if text.startswith(".") else relative(text, pc)
            for text, pc in zip(texts, places)]


def theirs(folder, codes, places):
    """As objdump has it, for RV64GC."""
    lines = [".attribute arch, \"rv64gc\""]
    lines += [f".insn 0x{code:0{8 if code & 3 == 3 else 4}x}" for code in codes]
    _, objects = assemble(lines, folder, "rv64gc", "theirs")
    dump = subprocess.run([OBJDUMP, "-d", f"--adjust-vma={START}", objects], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    texts = {}
    for line in dump.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*)", line)
        if match:
            text = re.sub(r"\s*([#<].*)?$", "", match.group(2)).replace("\t", " ")
            texts[int(match.group(1), 16)] = text
    result = []
    for code, pc in zip(codes, places):
        text = texts[pc]
        bad = text.startswith(".") or "unknown" in text or PRIVILEGED.match(text)
        bad = bad or code in RESERVED
        result.append(ILLEGAL if bad else relative(expand(text), pc))
    return result


def words(data):
    return [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]


def halfwords():
    return [code for code in range(0x10000) if code & 3 != 3]


def random_words(seed, count):
    """Words of all major opcodes, with fields that are often small."""
    chosen = random.Random(seed)
    opcodes = [0x03, 0x07, 0x13, 0x17, 0x1B, 0x23, 0x27, 0x2F, 0x33, 0x37, 0x3B, 0x43, 0x47,
               0x4B, 0x4F, 0x53, 0x63, 0x67, 0x6F, 0x73]
    result = [0x0FF0000F, 0x0000100F, 0x00000073, 0x00100073]  # Fences and calls.
    for _ in range(count):
        code = chosen.getrandbits(32) & ~0x7F | chosen.choice(opcodes)
        if chosen.getrandbits(1):  # A likelier funct7, and rs2 for unary ones.
            code = code & ~0xFE000000 | chosen.choice([0, 1, 0x20, 0x21, 0x60, 0x61, 0x68, 0x69,
                                                       0x70, 0x71, 0x50, 0x51, 0x2C, 0x2D]) << 25
        if chosen.getrandbits(2) == 0:
            code &= ~0x01C00000
        if code & 0xFFF0007F in CONVERSIONS:
            code &= ~0x7000
        result.append(code)
    return result


def places_of(codes):
    places, pc = [], START
    for code in codes:
        places.append(pc)
        pc += 4 if code & 3 == 3 else 2
    return places


def compare(disassemble, folder, codes):
    """Prints differences; returns (differences, legal instructions)."""
    places = places_of(codes)
    pairs = list(zip(codes, ours(disassemble, codes, places), theirs(folder, codes, places)))
    legal = [pair for pair in pairs if ILLEGAL not in pair[1:]]
    bad = [pair for pair in pairs if (pair[1] == ILLEGAL) != (pair[2] == ILLEGAL)]
    our_words = words(assemble([pair[1] for pair in legal], folder, "rv64g", "ours")[0])
    their_words = words(assemble([pair[2] for pair in legal], folder, "rv64g", "again")[0])
    assert len(our_words) == len(their_words) == len(legal)
    for pair, our, their in zip(legal, our_words, their_words):
        if our != their or (pair[0] & 3 == 3 and our != pair[0]):
            bad.append(pair)
    for code, our, their in bad[:50]:
        print(f"0x{code:08x}: {our!r}, GNU: {their!r}")
    return len(bad), len(legal)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("disassemble")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--words", type=int, default=30000)
    options = parser.parse_args()
    folder = oracle.folder()
    short = compare(options.disassemble, folder, halfwords())
    long = compare(options.disassemble, folder, random_words(options.seed, options.words))
    print(f"{short[1]} short and {long[1]} long instructions: {short[0] + long[0]} differences")
    sys.exit(1 if short[0] + long[0] != 0 or short[1] < 40000 or long[1] < 5000 else 0)


if __name__ == "__main__":
    main()
