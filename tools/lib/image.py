# SPDX-License-Identifier: BSD-2-Clause
"""Reads kernels and root tasks, and packs them into one image; for tools/mkimage and tools/boot.

The layout of the image's header is that of arch/riscv64/image.h. Whatever is wrong with an input is
an ImageError: a sentence that names the file, the field and its value.
"""

import argparse
import array
import collections
import hashlib
import os
import stat
import struct
import sys
import tempfile

PAGE_SIZE = 4096
MEGA_PAGE_SIZE = 2 << 20
GIGA_PAGE_SIZE = 1 << 30

# The contract's: the first address that users cannot map, and what the kernel takes for 0.
USER_TOP = 0x3FFFFFF000
ROOT_CNODE_BITS_DEFAULT = 12
ROOT_CNODE_BITS_MAX = 32
BOOT_SLICE_MS_MAX = 2**32 - 1

# The root CNode also holds what depends on the board: untypeds, of which BootInfo has room for so
# many, and the pages of a device tree, whose maximum allows generously for it.
FIRST_SLOTS = 16
UNTYPED_SLOTS_MIN, UNTYPED_SLOTS_MAX = 1, 230
TREE_SIZE_MIN, TREE_SIZE_MAX = PAGE_SIZE, 64 << 10
# The IPC buffer and BootInfo are mapped behind the root task, then the tree.
BEHIND_SIZE = 2 * PAGE_SIZE

# More than these is a mistake. A root task is copied with the gaps between its segments.
KERNEL_SIZE_MAX = 64 << 20
FLAT_SIZE_MAX = 1 << 30

IMAGE_VERSION = 1
IMAGE_CONFIG_DEBUG = 1
IMAGE_CONFIG_FPU = 2

# struct image_header, in its two parts.
_LINUX = struct.Struct("<8sQQQIIQ8s4sI")
_ALBIREO = struct.Struct("<8sIIQ")
_PAYLOAD = struct.Struct("<QQQQQQII")
_IMAGE_SIZE_OFFSET = 16
_PAYLOAD_OFFSET = _LINUX.size + _ALBIREO.size
HEADER_SIZE = _PAYLOAD_OFFSET + _PAYLOAD.size

_ELF_IDENT_SIZE = 16
_ELF_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_PN_XNUM = 0xFFFF
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_PF_X = 1
_EF_FLOAT_ABI, _EF_RVE = 6, 8
_FLOAT_ABIS = {2: "single", 4: "double", 6: "quad"}

Kernel = collections.namedtuple("Kernel", "data text_offset size config")
# `data` begins at the virtual address `vaddr`; from its end to `size` there are zeros.
Flat = collections.namedtuple("Flat", "data vaddr size entry")
Segment = collections.namedtuple(
    "Segment", "index type flags offset vaddr paddr filesz memsz align")
# `warning` is a sentence on what may go wrong when it boots, or None.
Packed = collections.namedtuple(
    "Packed", "data size text_offset config root_cnode_bits flat warning")


class ImageError(Exception):
    """A file that cannot be used, and why."""

    def __init__(self, path, message):
        super().__init__("%s: %s" % (path, message))


def _round_up(value, unit):
    return -(-value // unit) * unit


def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ImageError(path, error.strerror) from None


# ---- The kernel --------------------------------------------------------------------------------


def parse_kernel(path, data):
    """A Kernel, of a kernel with or without a root task, which is cut off."""

    def check(good, field, value, wanted):
        if not good:
            raise ImageError(path, "not a kernel image: %s is %s, not %s" % (field, value, wanted))

    if len(data) < HEADER_SIZE:
        raise ImageError(path, "not a kernel image: %d bytes, but its header alone has %d" % (
            len(data), HEADER_SIZE))
    _, text_offset, _, flags, _, _, _, magic, magic2, _ = _LINUX.unpack_from(data)
    check(magic == b"RISCV\0\0\0", "magic", magic, b"RISCV\0\0\0")
    check(magic2 == b"RSC\x05", "magic2", magic2, b"RSC\x05")
    check(flags == 0, "flags", "%#x" % flags, "0 (little endian)")
    albireo, version, config, size = _ALBIREO.unpack_from(data, _LINUX.size)
    check(albireo == b"ALBIREO\0", "albireo", albireo, b"ALBIREO\0")
    check(version == IMAGE_VERSION, "image_version", version, IMAGE_VERSION)
    check(size > 0 and size % PAGE_SIZE == 0 and size <= KERNEL_SIZE_MAX,
          "kernel_size", "%#x" % size, "whole pages and at most %d MiB" % (KERNEL_SIZE_MAX >> 20))
    payload_offset = _PAYLOAD.unpack_from(data, _PAYLOAD_OFFSET)[0]
    check(payload_offset in (0, size), "payload_offset", "%#x" % payload_offset,
          "0 or kernel_size (%#x)" % size)
    check(payload_offset != 0 or len(data) <= size, "kernel_size", "%#x" % size,
          "at least the size of the file, %#x" % len(data))
    return Kernel(data[:size], text_offset, size, config)


# ---- The root task -----------------------------------------------------------------------------


def _check_ident(path, data):
    def check(index, name, wanted):
        if data[index] != wanted[0]:
            raise ImageError(path, "%s is %d, not %d (%s)" % (name, data[index], *wanted))

    if data[:4] != b"\x7fELF":
        raise ImageError(path, "not an ELF file: e_ident begins with %r, not %r" % (
            data[:4], b"\x7fELF"))
    if len(data) < _ELF_HEADER.size:
        raise ImageError(path, "%d bytes, but an ELF header alone (e_ehsize) has %d" % (
            len(data), _ELF_HEADER.size))
    check(4, "EI_CLASS", (2, "ELFCLASS64"))
    check(5, "EI_DATA", (1, "ELFDATA2LSB, little endian"))
    check(6, "EI_VERSION", (1, "EV_CURRENT"))


def _check_flags(path, flags, fpu):
    """Whether the registers that the code uses are there."""
    if flags & _EF_RVE:
        raise ImageError(path, "e_flags is %#x, with 0x8 (EF_RISCV_RVE): the E base has no a7, "
                         "which names the system call" % flags)
    abi = flags & _EF_FLOAT_ABI
    if abi == _EF_FLOAT_ABI:
        raise ImageError(path, "e_flags is %#x, with 0x6 (the ABI for quad precision): the kernel "
                         "does not keep registers of the Q extension" % flags)
    if abi and not fpu:
        raise ImageError(path, "e_flags is %#x, with %#x (the ABI for %s precision), but this "
                         "kernel has no FPU; compile with -mabi=lp64 and without F and D" % (
                             flags, abi, _FLOAT_ABIS[abi]))


def _parse_header(path, data, fpu):
    """(entry, program headers as Segments)."""
    _check_ident(path, data)
    (_, e_type, e_machine, e_version, e_entry, e_phoff, _, e_flags, _, e_phentsize, e_phnum, _, _,
     _) = _ELF_HEADER.unpack_from(data)
    if e_type == 3:
        raise ImageError(path, "e_type is 3 (ET_DYN), not 2 (ET_EXEC): nobody relocates a root "
                         "task; link it with -static and -no-pie")
    for name, value, wanted, meaning in (("e_type", e_type, 2, "ET_EXEC"),
                                         ("e_machine", e_machine, 243, "EM_RISCV"),
                                         ("e_version", e_version, 1, "EV_CURRENT")):
        if value != wanted:
            raise ImageError(path, "%s is %d, not %d (%s)" % (name, value, wanted, meaning))
    _check_flags(path, e_flags, fpu)
    if e_phnum == 0:
        raise ImageError(path, "e_phnum is 0: there are no program headers, so nothing to load")
    if e_phnum == _PN_XNUM:
        raise ImageError(path, "e_phnum is %d (PN_XNUM): too many program headers" % _PN_XNUM)
    if e_phentsize != _PROGRAM_HEADER.size:
        raise ImageError(path, "e_phentsize is %d, not %d" % (e_phentsize, _PROGRAM_HEADER.size))
    if e_phoff < _ELF_HEADER.size:
        raise ImageError(path, "e_phoff is %#x, inside the ELF header" % e_phoff)
    end = e_phoff + e_phnum * e_phentsize
    if end > len(data):
        raise ImageError(path, "e_phoff is %#x and e_phnum %d: the program headers end at %#x, "
                         "beyond the end of the file at %#x" % (e_phoff, e_phnum, end, len(data)))
    return e_entry, [
        Segment(index, *_PROGRAM_HEADER.unpack_from(data, e_phoff + index * e_phentsize))
        for index in range(e_phnum)]


def _check_segment(path, segment, file_size):
    """Of a PT_LOAD segment, all that does not depend on others."""

    def fail(message, *arguments):
        raise ImageError(path, "program header %d: " % segment.index + message % arguments)

    if segment.filesz > segment.memsz:
        fail("p_filesz is %#x, more than p_memsz, %#x", segment.filesz, segment.memsz)
    if segment.filesz > 0 and segment.offset + segment.filesz > file_size:
        fail("p_offset is %#x and p_filesz %#x: it ends at %#x, beyond the end of the file at %#x",
             segment.offset, segment.filesz, segment.offset + segment.filesz, file_size)
    end = segment.vaddr + segment.memsz
    if end > 2**64:
        fail("p_vaddr is %#x and p_memsz %#x: it wraps around the end of the address space",
             segment.vaddr, segment.memsz)
    if end > USER_TOP:
        fail("p_vaddr is %#x and p_memsz %#x: it ends at %#x, beyond the last user address, %#x",
             segment.vaddr, segment.memsz, end, USER_TOP - 1)
    if segment.align & (segment.align - 1):
        fail("p_align is %#x, not a power of two", segment.align)
    if segment.align > 1 and segment.filesz and (segment.vaddr - segment.offset) % segment.align:
        fail("p_vaddr is %#x and p_offset %#x: they differ modulo p_align, %#x",
             segment.vaddr, segment.offset, segment.align)


def _load_segments(path, headers, file_size):
    """The segments that occupy memory, by address."""
    for name, kind in (("PT_INTERP", _PT_INTERP), ("PT_DYNAMIC", _PT_DYNAMIC)):
        for header in headers:
            if header.type == kind:
                raise ImageError(path, "program header %d: p_type is %d (%s): a root task must be "
                                 "linked statically" % (header.index, kind, name))
    loads = [header for header in headers if header.type == _PT_LOAD]
    for segment in loads:
        _check_segment(path, segment, file_size)
    loads = sorted((load for load in loads if load.memsz > 0), key=lambda load: load.vaddr)
    if not loads:
        raise ImageError(path, "no program header has p_type 1 (PT_LOAD) and p_memsz above 0: "
                         "there is nothing to load")
    for low, high in zip(loads, loads[1:]):
        if low.vaddr + low.memsz > high.vaddr:
            raise ImageError(path, "program headers %d and %d overlap: p_vaddr %#x and p_memsz %#x "
                             "end at %#x, beyond p_vaddr %#x" % (
                                 low.index, high.index, low.vaddr, low.memsz,
                                 low.vaddr + low.memsz, high.vaddr))
    return loads


def _check_entry(path, entry, loads):
    if entry % 2:
        raise ImageError(path, "e_entry is %#x: an instruction has an even address" % entry)
    for load in loads:
        if load.vaddr <= entry < load.vaddr + load.memsz:
            if not load.flags & _PF_X:
                raise ImageError(path, "e_entry is %#x, in program header %d whose p_flags %#x "
                                 "lack PF_X" % (entry, load.index, load.flags))
            if entry >= load.vaddr + load.filesz:
                raise ImageError(path, "e_entry is %#x, in program header %d but behind its "
                                 "p_filesz %#x, where all is zero" % (
                                     entry, load.index, load.filesz))
            return
    raise ImageError(path, "e_entry is %#x, outside of all PT_LOAD segments" % entry)


def flatten(path, data, fpu):
    """A Flat of an ELF file: its segments at their distances, from the lowest page on.

    `fpu`: whether there are floating-point registers.
    """
    entry, headers = _parse_header(path, data, fpu)
    loads = _load_segments(path, headers, len(data))
    _check_entry(path, entry, loads)
    vaddr = loads[0].vaddr // PAGE_SIZE * PAGE_SIZE
    last = loads[-1]
    size = _round_up(last.vaddr + last.memsz, PAGE_SIZE) - vaddr
    if size > FLAT_SIZE_MAX:
        raise ImageError(path, "from p_vaddr %#x (program header %d) to the end of p_vaddr %#x "
                         "(program header %d) there are %d MiB with all gaps, at most %d MiB" % (
                             loads[0].vaddr, loads[0].index, last.vaddr, last.index, size >> 20,
                             FLAT_SIZE_MAX >> 20))
    if vaddr + size + BEHIND_SIZE + TREE_SIZE_MAX >= USER_TOP:
        raise ImageError(path, "p_vaddr is %#x and p_memsz %#x (program header %d): that leaves no "
                         "room below %#x for the IPC buffer, BootInfo and device tree" % (
                             last.vaddr, last.memsz, last.index, USER_TOP))
    flat = bytearray(max(load.vaddr + load.filesz for load in loads if load.filesz) - vaddr)
    for load in loads:
        start = load.vaddr - vaddr
        flat[start:start + load.filesz] = data[load.offset:load.offset + load.filesz]
    flat += bytes(8)
    del flat[_round_up(len(flat.rstrip(b"\0")), 8):]
    return Flat(flat, vaddr, size, entry)


# ---- The image ---------------------------------------------------------------------------------


def slots_needed(kernel, flat, tree_size, untypeds):
    """How many slots of the root CNode the initial capabilities take."""
    end = flat.vaddr + flat.size + BEHIND_SIZE + tree_size
    tables = sum((end - 1) // unit - flat.vaddr // unit + 1
                 for unit in (GIGA_PAGE_SIZE, MEGA_PAGE_SIZE))
    cores = max(kernel.config >> 8 & 0xFF, 1)
    return (FIRST_SLOTS + tables + tree_size // PAGE_SIZE + cores + flat.size // PAGE_SIZE
            + untypeds)


def _check_slots(path, kernel, flat, bits):
    """Refuses what fits on no board; the warning if it may not fit on some."""
    least = slots_needed(kernel, flat, TREE_SIZE_MIN, UNTYPED_SLOTS_MIN)
    most = slots_needed(kernel, flat, TREE_SIZE_MAX, UNTYPED_SLOTS_MAX)
    slots = "at least %d" % least if least > 1 << bits else "%d to %d" % (least, most)
    message = "its %d pages and what else the kernel provides take %s slots; the root CNode has " \
              "%d (2^%d); " % (flat.size // PAGE_SIZE, slots, 1 << bits, bits)
    advice = "use --root-cnode-bits %d" % (most - 1).bit_length()
    if least > 1 << bits:
        raise ImageError(path, message + advice)
    if most > 1 << bits:
        return "%s: %sif the boot fails, %s" % (path, message, advice)
    return None


def checksum(data):
    """The sum of the 64-bit words modulo 2^64; `data` is whole words."""
    words = array.array("Q", data)
    if sys.byteorder == "big":
        words.byteswap()
    return sum(words) % 2**64


def pack(kernel_path, task_path, root_cnode_bits=None, boot_slice_ms=None):
    """A Packed of two files; None asks for the kernel's default."""
    kernel = parse_kernel(kernel_path, read_file(kernel_path))
    flat = flatten(task_path, read_file(task_path), kernel.config & IMAGE_CONFIG_FPU)
    bits = ROOT_CNODE_BITS_DEFAULT if root_cnode_bits is None else root_cnode_bits
    warning = _check_slots(task_path, kernel, flat, bits)
    image = bytearray(kernel.data.ljust(kernel.size, b"\0"))
    struct.pack_into("<Q", image, _IMAGE_SIZE_OFFSET, kernel.size + flat.size)
    _PAYLOAD.pack_into(image, _PAYLOAD_OFFSET, kernel.size, len(flat.data), flat.size, flat.vaddr,
                       flat.entry, checksum(flat.data), root_cnode_bits or 0, boot_slice_ms or 0)
    image += flat.data
    return Packed(image, kernel.size + flat.size, kernel.text_offset, kernel.config, bits, flat,
                  warning)


def is_packed(data):
    """Whether it is an image of this project's, and no ELF file."""
    return data[_LINUX.size:_LINUX.size + 8] == b"ALBIREO\0"


def load_packed(path):
    """A Packed of a file that pack() has made."""
    data = read_file(path)
    kernel = parse_kernel(path, data)
    offset, file_size, size, vaddr, entry, check, bits, _ = _PAYLOAD.unpack_from(
        data, _PAYLOAD_OFFSET)
    if offset == 0:
        raise ImageError(path, "the image holds no root task; pack one with tools/mkimage")
    task = data[offset:]
    if len(task) != file_size:
        raise ImageError(path, "payload_file_size is %#x, but %#x bytes are there" % (
            file_size, len(task)))
    if file_size % 8 != 0 or checksum(task) != check:
        raise ImageError(path, "the root task is damaged: its checksum is not %#x" % check)
    return Packed(data, kernel.size + size, kernel.text_offset, kernel.config,
                  bits or ROOT_CNODE_BITS_DEFAULT, Flat(task, vaddr, size, entry), None)


def summary(packed):
    """One line about an image."""
    flat = packed.flat
    return "%d bytes, in memory %d KiB; root task %#x..%#x, %d pages, entry %#x; sha256 %s" % (
        len(packed.data), packed.size >> 10, flat.vaddr, flat.vaddr + flat.size,
        flat.size // PAGE_SIZE, flat.entry, hashlib.sha256(packed.data).hexdigest())


def _write_atomically(path, data):
    path = os.path.realpath(path)
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "wb") as file:  # A device or a pipe: nothing to replace.
            file.write(data)
        return
    umask = os.umask(0)
    os.umask(umask)
    handle, temporary = tempfile.mkstemp(prefix=".mkimage-", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_file(path, data):
    """Whoever looks at the file finds the old one or the new one, whole."""
    try:
        _write_atomically(path, data)
    except OSError as error:
        raise ImageError(path, "cannot write: %s" % error.strerror) from None


def add_options(parser):
    """The boot parameters, to an argparse parser."""

    def number(high):
        def convert(text):
            if not text.isdecimal() or not 1 <= int(text) <= high:
                raise argparse.ArgumentTypeError("%s is not a number from 1 to %d" % (text, high))
            return int(text)

        return convert

    parser.add_argument("--root-cnode-bits", metavar="N", type=number(ROOT_CNODE_BITS_MAX),
                        help="the root CNode has 2^N slots (%d)" % ROOT_CNODE_BITS_DEFAULT)
    parser.add_argument("--boot-slice-ms", metavar="N", type=number(BOOT_SLICE_MS_MAX),
                        help="the time slice of the initial thread, ms (5)")
