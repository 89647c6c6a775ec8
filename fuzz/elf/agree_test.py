#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Two readers of root tasks, written apart, must agree: tools/lib/image.py (of tools/mkimage) and
hosted/elf.c. Each random change of a good file is accepted by both, with the same result, or
refused by both.

Usage: agree_test.py LIBELF.so ELF... [CASES [SEED]]
"""

import ctypes
import os
import random
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/lib"))

import image  # noqa: E402

ERROR_TEXT = 4096 + 512
# Beyond this a file's image is not compared byte by byte: only whether it is accepted.
SIZE_MAX = 1 << 22

# Offset and width of the fields of the ELF header and of a program header (System V ABI, 4 and 5).
HEADER = [(4, 1), (5, 1), (6, 1), (16, 2), (18, 2), (20, 4), (24, 8), (32, 8), (48, 4), (52, 2),
          (54, 2), (56, 2)]
SEGMENT = [(0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8), (48, 8)]
INTERESTING = [0, 1, 2, 3, 7, 8, 0x10, 0x38, 0x40, 0xFFF, 0x1000, 0x1001, 0x10000, 0x200000,
               1 << 30, (1 << 30) + 1, 1 << 32, image.USER_TOP - 0x20000, image.USER_TOP - 0x1000,
               image.USER_TOP, 1 << 38, 1 << 63, (1 << 64) - 0x1000, (1 << 64) - 1]


class Image(ctypes.Structure):
    _fields_ = [("bytes", ctypes.POINTER(ctypes.c_uint8)), ("byte_count", ctypes.c_uint64),
                ("vaddr", ctypes.c_uint64), ("size", ctypes.c_uint64), ("entry", ctypes.c_uint64)]


class Reader:
    """hosted/elf.c."""

    def __init__(self, path):
        self.library = ctypes.CDLL(os.path.abspath(path))
        self.library.elf_parse.restype = ctypes.c_bool
        self.error = ctypes.create_string_buffer(ERROR_TEXT)

    def read(self, data, fpu):
        """(vaddr, size, entry, bytes without the zeros at the end), or None."""
        result = Image()
        if not self.library.elf_parse(b"file", data, ctypes.c_size_t(len(data)),
                                      ctypes.c_bool(fpu), ctypes.byref(result), self.error):
            if not self.error.value.startswith(b"file: "):
                raise AssertionError("an error does not name its file: %r" % self.error.value)
            return None
        content = ctypes.string_at(result.bytes, min(result.byte_count, SIZE_MAX))
        found = (result.vaddr, result.size, result.entry, content.rstrip(b"\0"))
        self.library.elf_free(ctypes.byref(result))
        return found


def expected(data, fpu):
    """The same by tools/lib/image.py; and the reason if it is refused."""
    try:
        flat = image.flatten("file", data, fpu)
    except image.ImageError as error:
        return None, str(error)
    return (flat.vaddr, flat.size, flat.entry, bytes(flat.data[:SIZE_MAX]).rstrip(b"\0")), None


def change(rng, data):
    """One field, some bytes, or the length."""
    kind = rng.randrange(10)
    if kind == 0:
        return data[:rng.randrange(len(data) + 1)]
    if kind == 1:
        at = rng.randrange(len(data))
        data[at] = rng.randrange(256)
        return data
    base, fields = 0, HEADER
    if kind < 8 and len(data) >= 64:
        count = max(struct.unpack_from("<H", data, 56)[0], 1)
        base = struct.unpack_from("<Q", data, 32)[0] + 56 * rng.randrange(min(count, 8))
        fields = SEGMENT
    offset, width = rng.choice(fields)
    at = base + offset
    if at + width > len(data):
        return data
    value = int.from_bytes(data[at:at + width], "little")
    value = rng.choice([rng.choice(INTERESTING), value + rng.randrange(-8, 9),
                        value ^ 1 << rng.randrange(8 * width), value + 0x1000, value - 0x1000])
    data[at:at + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    return data


def main(arguments):
    numbers = [int(argument) for argument in arguments if argument.isdigit()]
    paths = [argument for argument in arguments if not argument.isdigit()]
    if len(paths) < 2:
        sys.exit(__doc__)
    cases, seed = (numbers + [20000, 1][len(numbers):])[:2]
    reader = Reader(paths[0])
    files = [image.read_file(path) for path in paths[1:]]
    rng = random.Random(seed)
    accepted = 0
    for number in range(cases):
        data = bytearray(rng.choice(files))
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            data = change(rng, data)
        fpu = rng.random() < 0.7
        data = bytes(data)
        wanted, reason = expected(data, fpu)
        found = reader.read(data, fpu)
        if wanted != found:
            with open(os.path.join(os.environ.get("TEST_UNDECLARED_OUTPUTS_DIR", "."),
                                   "disagree.elf"), "wb") as file:
                file.write(data)
            sys.exit("case %d, seed %d, fpu %s: disagree.elf: mkimage says %s, hosted/elf.c %s" % (
                number, seed, fpu, reason or "yes", found and "yes" or reader.error.value.decode()))
        accepted += wanted is not None
    print("%d cases, %d accepted by both, the rest refused by both" % (cases, accepted))
    if not cases // 10 < accepted < cases:
        sys.exit("too few files of one sort: the changes are of no use")


if __name__ == "__main__":
    main(sys.argv[1:])
