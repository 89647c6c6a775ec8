#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of tools/mkimage, on files made by hand: where a field is wrong, the message names it."""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import random
import re
import struct
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")

PAGE = 4096
ENTRY = 0x10078
R, W, X = 4, 2, 1


def load_mkimage():
    path = os.path.join(TOOLS, "mkimage")
    loader = importlib.machinery.SourceFileLoader("mkimage", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("mkimage", loader))
    loader.exec_module(module)
    return module


mkimage = load_mkimage()


def segment(vaddr, content=b"", memsz=None, flags=R | X, **fields):
    """A PT_LOAD with its content. Its file offset is chosen by elf()."""
    return dict({"type": 1, "flags": flags, "vaddr": vaddr, "paddr": vaddr, "content": content,
                 "filesz": len(content), "memsz": len(content) if memsz is None else memsz,
                 "align": PAGE}, **fields)


def elf(segments, **fields):
    """An ELF file; `fields` are those of its header that are not as they should be."""
    header = dict({"ident": b"\x7fELF\2\1\1".ljust(16, b"\0"), "type": 2, "machine": 243,
                   "version": 1, "entry": ENTRY, "phoff": 64, "shoff": 0, "flags": 0, "ehsize": 64,
                   "phentsize": 56, "phnum": len(segments), "shentsize": 0, "shnum": 0,
                   "shstrndx": 0}, **fields)
    body = bytearray(64 + 56 * len(segments))
    struct.pack_into("<16sHHIQQQIHHHHHH", body, 0, *header.values())
    for index, load in enumerate(segments):
        offset = len(body) + (load["vaddr"] - len(body)) % PAGE
        struct.pack_into("<IIQQQQQQ", body, 64 + 56 * index, load["type"], load["flags"],
                         load.get("offset", offset), load["vaddr"], load["paddr"], load["filesz"],
                         load["memsz"], load["align"])
        if load["content"]:
            body.extend(bytes(offset - len(body)) + load["content"])
    return bytes(body)


CODE = segment(0x10078, b"\x73\x00\x00\x00" * 4)


def kernel(size=3 * PAGE, length=2 * PAGE + 100, **fields):
    """A kernel's file: some of its bss is not in it."""
    header = dict({"code": b"jumpjump", "text_offset": 0x200000, "image_size": size, "flags": 0,
                   "version": 2, "reserved1": 0, "reserved2": 0, "magic": b"RISCV\0\0\0",
                   "magic2": b"RSC\5", "reserved3": 0, "albireo": b"ALBIREO\0",
                   "image_version": 1, "config": 0x103, "kernel_size": size}, **fields)
    data = struct.pack("<8sQQQIIQ8s4sI8sIIQ", *header.values())
    return data.ljust(144, b"\0").ljust(length, b"K")


def decode(data):
    """The fields of a packed image, by arch/riscv64/image.h; and its two parts."""
    names = ("text_offset image_size flags version reserved1 reserved2 magic magic2 reserved3 "
             "albireo image_version config kernel_size payload_offset payload_file_size "
             "payload_size payload_vaddr entry checksum root_cnode_bits boot_slice_ms").split()
    image = dict(zip(names, struct.unpack_from("<QQQIIQ8s4sI8sIIQQQQQQQII", data, 8)))
    image["kernel"] = data[:image["payload_offset"]]
    image["payload"] = data[image["payload_offset"]:]
    return image


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.out = self.path("task.img")

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_tool(self, task, arguments=(), the_kernel=None):
        """(exit status, standard output, standard error)."""
        for name, data in (("kernel.img", the_kernel or kernel()), ("task.elf", task)):
            with open(self.path(name), "wb") as file:
                file.write(data)
        return self.run_main([*arguments, self.path("kernel.img"), self.path("task.elf")])

    def run_main(self, arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = mkimage.main(arguments)
            except SystemExit as leave:
                status = leave.code
        return status, out.getvalue(), err.getvalue()

    def packed(self, task, arguments=(), the_kernel=None):
        status, _, err = self.run_tool(task, arguments, the_kernel)
        self.assertEqual((0, ""), (status, err))
        with open(self.out, "rb") as file:
            return decode(file.read())

    def refused(self, pattern, task, arguments=(), the_kernel=None, file="task.elf"):
        """One line that names the file and says `pattern`; nothing is written."""
        status, out, err = self.run_tool(task, arguments, the_kernel)
        self.assertEqual((1, ""), (status, out))
        self.assertRegex(err, r"\Amkimage: %s: [^\n]*\n\Z" % re.escape(self.path(file)))
        self.assertRegex(err, pattern)
        self.assertFalse(os.path.exists(self.out))


class Packing(Files):
    def test_every_field_of_the_header(self):
        image = self.packed(elf([CODE]), ["--root-cnode-bits", "14", "--boot-slice-ms", "7"])
        self.assertEqual(0x200000, image["text_offset"])
        self.assertEqual((3 * PAGE, 3 * PAGE), (image["kernel_size"], image["payload_offset"]))
        self.assertEqual(4 * PAGE, image["image_size"])
        self.assertEqual((PAGE, 0x10000, ENTRY), (
            image["payload_size"], image["payload_vaddr"], image["entry"]))
        self.assertEqual((14, 7), (image["root_cnode_bits"], image["boot_slice_ms"]))
        payload = bytes(0x78) + b"\x73\0\0\0" * 4
        self.assertEqual(payload, image["payload"])
        self.assertEqual(len(payload), image["payload_file_size"])
        self.assertEqual(4 * 0x73 // 2 * (1 + 2**32) % 2**64, image["checksum"])

    def test_the_rest_of_the_kernel_is_unchanged_and_its_bss_zero(self):
        image = self.packed(elf([CODE]))
        self.assertEqual(kernel()[:16], image["kernel"][:16])
        self.assertEqual(kernel()[24:88], image["kernel"][24:88])
        self.assertEqual(kernel()[144:].ljust(3 * PAGE - 144, b"\0"), image["kernel"][144:])

    def test_without_options_the_kernel_decides(self):
        image = self.packed(elf([CODE]))
        self.assertEqual((0, 0), (image["root_cnode_bits"], image["boot_slice_ms"]))

    def test_checksum_wraps_around(self):
        image = self.packed(elf([segment(0x10078, b"\xff" * 24)]))
        self.assertEqual(2**64 - 3, image["checksum"])

    def test_segments_in_any_order_with_gaps_and_large_bss(self):
        task = elf([
            segment(0x40_0000, b"text", flags=R | X),
            segment(0x10_0340, b"data", memsz=20 << 20 >> 3, flags=R | W),
            segment(0x3F_0FF0, b"rodata", flags=R),
            segment(0x50_0000, memsz=3, flags=R | W),
            segment(0x90_0000, memsz=0),
        ], entry=0x40_0002)
        image = self.packed(task)
        self.assertEqual(0x10_0000, image["payload_vaddr"])
        self.assertEqual(0x50_1000 - 0x10_0000, image["payload_size"])
        flat = bytearray(0x30_0008)
        flat[0x340:0x344] = b"data"
        flat[0x2F_0FF0:0x2F_0FF6] = b"rodata"
        flat[0x30_0000:0x30_0004] = b"text"
        self.assertEqual(bytes(flat), image["payload"])
        self.assertEqual(0x40_0002, image["entry"])

    def test_segments_that_share_a_page(self):
        task = elf([CODE, segment(0x10088, b"data", memsz=8, flags=R | W)])
        payload = self.packed(task)["payload"]
        self.assertEqual(b"\x73\0\0\0data\0\0\0\0", payload[0x84:])

    def test_fpu_and_compressed_code_and_other_headers_are_welcome(self):
        other = dict(segment(0x10078, b""), type=0x6474E551)
        self.packed(elf([other, CODE], flags=5))

    def test_no_alignment_asked_for(self):
        for align in (0, 1):
            self.packed(elf([segment(0x10078, b"code", align=align, offset=64)]))

    def test_a_packed_image_takes_another_root_task(self):
        self.packed(elf([segment(0x10078, b"first" * 9000, memsz=1 << 20)]),
                    ["--boot-slice-ms", "9"])
        with open(self.out, "rb") as file:
            first = file.read()
        second = self.packed(elf([CODE]), the_kernel=first)
        self.assertEqual(self.packed(elf([CODE])), second)

    def test_highest_address(self):
        top = 0x3FFFFFF000
        behind = 2 * PAGE + (64 << 10)
        high = top - behind - 2 * PAGE
        self.packed(elf([segment(high, b"code")], entry=high))
        os.unlink(self.out)
        high += PAGE
        self.refused("p_vaddr is %#x and p_memsz 0x4 .* no room below 0x3ffffff000" % high,
                     elf([segment(high, b"code")], entry=high))


class Output(Files):
    def test_summary(self):
        status, out, _ = self.run_tool(elf([CODE]))
        self.assertEqual(0, status)
        with open(self.out, "rb") as file:
            data = file.read()
        self.assertEqual("%s: %d bytes, in memory 16 KiB; root task 0x10000..0x11000, 1 pages, "
                         "entry 0x10078; sha256 %s\n" % (
                             self.out, len(data), hashlib.sha256(data).hexdigest()), out)

    def test_other_name(self):
        self.assertEqual(0, self.run_tool(elf([CODE]), ["-o", self.path("other")])[0])
        self.assertEqual(["kernel.img", "other", "task.elf"], sorted(os.listdir(self.folder)))

    def test_a_device_stays_one(self):
        self.assertEqual(0, self.run_tool(elf([CODE]), ["-o", "/dev/null"])[0])
        self.assertFalse(os.path.isfile("/dev/null"))

    def test_a_failed_write_leaves_the_old_file(self):
        self.packed(elf([CODE]))
        with open(self.out, "rb") as file:
            old = file.read()
        self.assertEqual(1, self.run_tool(elf([CODE], machine=62))[0])
        with open(self.out, "rb") as file:
            self.assertEqual(old, file.read())

    def test_nowhere_to_write(self):
        where = self.path("none/x.img")
        status, _, err = self.run_tool(elf([CODE]), ["-o", where])
        self.assertEqual((1, "mkimage: %s: cannot write: No such file or directory\n" % where),
                         (status, err))

    def test_nothing_to_read(self):
        status, _, err = self.run_main([self.path("none"), self.path("none")])
        self.assertEqual((1, "mkimage: %s: No such file or directory\n" % self.path("none")),
                         (status, err))

    def not_overwritten(self, name, option, file):
        """It is wrong usage, and the file stays as it is."""
        status, out, err = self.run_tool(elf([CODE]), option)
        self.assertEqual((2, ""), (status, out))
        self.assertRegex(err, "error: the image would overwrite %s, %s; " % (
            name, re.escape(self.path(file))))
        with open(self.path(file), "rb") as kept:
            self.assertEqual({"kernel.img": kernel(), "task.elf": elf([CODE])}[file], kept.read())

    def test_inputs_are_not_overwritten(self):
        os.symlink("kernel.img", self.path("link"))
        self.not_overwritten("KERNEL", ["-o", self.path("kernel.img")], "kernel.img")
        self.not_overwritten("KERNEL", ["-o", self.path("link")], "kernel.img")
        self.not_overwritten("ROOTTASK", ["-o", self.path("task.elf")], "task.elf")

    def test_not_even_if_the_name_is_not_given(self):
        for name, data in (("x.img", kernel()), ("x.elf", elf([CODE]))):
            with open(self.path(name), "wb") as file:
                file.write(data)
        status, _, err = self.run_main([self.path("x.img"), self.path("x.elf")])
        self.assertEqual(2, status)
        self.assertIn("error: the image would overwrite KERNEL, ", err)
        with open(self.path("x.img"), "rb") as file:
            self.assertEqual(kernel(), file.read())

    def test_not_to_standard_output(self):
        status, out, err = self.run_tool(elf([CODE]), ["-o", "-"])
        self.assertEqual((2, ""), (status, out))
        self.assertIn("error: -o -: the image goes to a file", err)
        self.assertFalse(os.path.exists("-"))

    def test_usage(self):
        for arguments in ([], ["a"], ["--root-cnode-bits", "0", "a", "b"], ["--unknown", "a", "b"],
                          ["--root-cnode-bits", "33", "a", "b"],
                          ["--root-cnode-bits", "x", "a", "b"],
                          ["--boot-slice-ms", "0", "a", "b"], ["--boot-slice-ms", "-1", "a", "b"],
                          ["--boot-slice-ms", str(2**32), "a", "b"]):
            status, _, err = self.run_main(arguments)
            self.assertEqual(2, status, arguments)
            self.assertIn(arguments[0] if len(arguments) > 1 else "required", err)


class ElfHeader(Files):
    def test_not_elf(self):
        self.refused(r"e_ident begins with b'#!/b', not b'\\x7fELF'", b"#!/bin/sh\n".ljust(200))
        self.refused(r"e_ident begins with b''", b"")

    def test_ident(self):
        for index, value, message in ((4, 1, r"EI_CLASS is 1, not 2 \(ELFCLASS64\)"),
                                      (5, 2, r"EI_DATA is 2, not 1 \(ELFDATA2LSB"),
                                      (6, 0, r"EI_VERSION is 0, not 1 \(EV_CURRENT\)")):
            task = bytearray(elf([CODE]))
            task[index] = value
            self.refused(message, bytes(task))

    def test_header_cut_off(self):
        self.refused(r"63 bytes, but an ELF header alone \(e_ehsize\) has 64", elf([CODE])[:63])

    def test_type(self):
        self.refused(r"e_type is 1, not 2 \(ET_EXEC\)", elf([CODE], type=1))
        self.refused(r"e_type is 3 \(ET_DYN\), not 2 .*-no-pie", elf([CODE], type=3))

    def test_machine(self):
        self.refused(r"e_machine is 62, not 243 \(EM_RISCV\)", elf([CODE], machine=62))

    def test_version(self):
        self.refused(r"e_version is 2, not 1 \(EV_CURRENT\)", elf([CODE], version=2))

    def test_flags(self):
        self.refused(r"e_flags is 0x9, with 0x8 \(EF_RISCV_RVE\)", elf([CODE], flags=9))
        self.refused(r"e_flags is 0x7, with 0x6 \(the ABI for quad precision\)",
                     elf([CODE], flags=7))

    def test_float_abi_without_fpu(self):
        no_fpu = kernel(config=0x101)
        for flags, abi, precision in ((3, 2, "single"), (5, 4, "double")):
            task = elf([CODE], flags=flags)
            self.refused(r"e_flags is %#x, with %#x \(the ABI for %s precision\), but this kernel "
                         "has no FPU" % (flags, abi, precision), task, the_kernel=no_fpu)
            self.packed(task)
            os.unlink(self.out)
        self.packed(elf([CODE], flags=1), the_kernel=no_fpu)

    def test_program_headers(self):
        self.refused("e_phentsize is 32, not 56", elf([CODE], phentsize=32))
        self.refused("e_phnum is 0", elf([CODE], phnum=0))
        self.refused(r"e_phnum is 65535 \(PN_XNUM\)", elf([CODE], phnum=65535))
        self.refused("e_phoff is 0x0, inside the ELF header", elf([CODE], phoff=0))
        size = len(elf([CODE]))
        self.refused("e_phoff is 0x40 and e_phnum 100: .* beyond the end of the file at %#x" % size,
                     elf([CODE], phnum=100))
        self.refused("e_phoff is 0xfffffffffffffff0 and e_phnum 1: ",
                     elf([CODE], phoff=2**64 - 16))

    def test_entry(self):
        self.refused("e_entry is 0x20000, outside of all PT_LOAD segments",
                     elf([CODE], entry=0x20000))
        self.refused("e_entry is 0x10079: an instruction has an even address",
                     elf([CODE], entry=0x10079))
        self.refused("e_entry is 0x10078, in program header 0 whose p_flags 0x6 lack PF_X",
                     elf([dict(CODE, flags=R | W)]))
        self.refused("e_entry is 0x10088, in program header 0 but behind its p_filesz 0x10",
                     elf([dict(CODE, memsz=0x20)], entry=0x10088))


class ElfSegments(Files):
    def test_dynamically_linked(self):
        for kind, name in ((2, "PT_DYNAMIC"), (3, "PT_INTERP")):
            task = elf([CODE, dict(segment(0x20000, b"/lib/ld.so"), type=kind)])
            self.refused(r"program header 1: p_type is %d \(%s\)" % (kind, name), task)

    def test_nothing_to_load(self):
        self.refused(r"no program header has p_type 1 \(PT_LOAD\)", elf([dict(CODE, type=4)]))
        self.refused(r"p_memsz above 0", elf([segment(0x10000)]))

    def test_size(self):
        self.refused("program header 1: p_filesz is 0x5, more than p_memsz, 0x4",
                     elf([CODE, segment(0x20000, b"12345", memsz=4)]))

    def test_content_beyond_the_file(self):
        self.refused("program header 0: p_offset is 0x1078 and p_filesz 0x10: it ends at 0x1088, "
                     "beyond the end of the file at ", elf([dict(CODE, offset=0x1078)]))
        self.refused("program header 0: p_offset is 0xfffffffffffff078 and p_filesz 0x10: ",
                     elf([dict(CODE, offset=2**64 - PAGE + 0x78)]))

    def test_addresses(self):
        self.refused("program header 1: p_vaddr is 0xfffffffffffff000 and p_memsz 0x1001: it wraps",
                     elf([CODE, segment(2**64 - PAGE, memsz=PAGE + 1)]))
        self.refused("program header 1: p_vaddr is 0x3fffffe000 and p_memsz 0x1001: it ends at "
                     "0x3ffffff001, beyond the last user address, 0x3fffffefff",
                     elf([CODE, segment(0x3FFFFFE000, memsz=PAGE + 1)]))

    def test_overlap(self):
        task = elf([segment(0x20000, b"x"), segment(0x18000, memsz=0x8001), CODE])
        self.refused("program headers 1 and 0 overlap: p_vaddr 0x18000 and p_memsz 0x8001 end at "
                     "0x20001, beyond p_vaddr 0x20000", task)

    def test_alignment(self):
        self.refused("program header 0: p_align is 0x3000, not a power of two",
                     elf([dict(CODE, align=0x3000)]))
        self.refused("program header 0: p_vaddr is 0x10078 and p_offset 0x40: they differ modulo "
                     "p_align, 0x1000", elf([dict(CODE, offset=64)]))

    def test_too_far_apart(self):
        self.refused(r"from p_vaddr 0x10078 \(program header 1\) to the end of p_vaddr 0x50000000 "
                     r"\(program header 0\) there are 1279 MiB with all gaps, at most 1024 MiB",
                     elf([segment(0x50000000, b"x"), CODE]))


class RootCNode(Files):
    # 16 fixed slots, 1 + 8 page tables, 1 core; then what the board decides: pages of the device
    # tree and untypeds.
    FIXED = 16 + 9 + 1
    LEAST = FIXED + 1 + 1
    MOST = FIXED + 16 + 230

    def task(self, pages):
        return elf([dict(CODE, memsz=pages * PAGE - 0x78)])

    def warned(self, pattern, task, arguments=(), the_kernel=None):
        """It is packed, with one line that names the file and says `pattern`."""
        status, out, err = self.run_tool(task, arguments, the_kernel)
        self.assertEqual(0, status)
        self.assertTrue(out.startswith(self.out))
        self.assertRegex(err, r"\Amkimage: %s: [^\n]*\n\Z" % re.escape(self.path("task.elf")))
        self.assertRegex(err, pattern)
        os.unlink(self.out)

    def test_fits_everywhere(self):
        self.packed(self.task(4096 - self.MOST))

    def test_fits_on_some_boards(self):
        for pages, slots in ((4097 - self.MOST, "3853 to 4097"),
                             (4096 - self.LEAST, "4096 to 4341")):
            # The larger tree reaches into a ninth unit of 2 MiB behind the larger one.
            self.warned(r"its %d pages .* take %s slots; the root CNode has 4096 \(2\^12\); if the "
                        "boot fails, use --root-cnode-bits 13" % (pages, slots), self.task(pages))
            self.packed(self.task(pages), ["--root-cnode-bits", "13"])
            os.unlink(self.out)

    def test_fits_nowhere(self):
        pages = 4097 - self.LEAST
        self.refused(r"its %d pages .* take at least 4097 slots; the root CNode has 4096 "
                     r"\(2\^12\); use --root-cnode-bits 13" % pages, self.task(pages))
        self.packed(self.task(pages), ["--root-cnode-bits", "13"])

    def test_the_advice_suffices_and_is_not_too_much(self):
        pages = 8192 - self.MOST - 8  # Another 16 MiB have 8 page tables.
        self.refused("use --root-cnode-bits 13", self.task(pages))
        self.packed(self.task(pages), ["--root-cnode-bits", "13"])
        os.unlink(self.out)
        self.refused("use --root-cnode-bits 14", self.task(pages + 1))
        self.warned("take 7949 to 8193 slots; .* use --root-cnode-bits 14", self.task(pages + 1),
                    ["--root-cnode-bits", "13"])

    def test_too_few_asked_for(self):
        self.refused(r"has 2 \(2\^1\); use --root-cnode-bits 9", self.task(1),
                     ["--root-cnode-bits", "1"])

    def test_largest(self):
        task = elf([dict(CODE, memsz=(1 << 30) - 0x78)])
        self.refused("use --root-cnode-bits 19", task)
        image = self.packed(task, ["--root-cnode-bits", "19"])
        self.assertEqual(1 << 30, image["payload_size"])

    def test_more_cores_take_more_slots(self):
        self.refused("use --root-cnode-bits 13", self.task(4096 - self.LEAST),
                     the_kernel=kernel(config=0x203))
        self.warned("use --root-cnode-bits 13", self.task(4096 - self.MOST),
                    the_kernel=kernel(config=0x203))


class KernelImage(Files):
    def refused_kernel(self, pattern, the_kernel):
        self.refused(pattern, elf([CODE]), the_kernel=the_kernel, file="kernel.img")

    def test_fields(self):
        for pattern, fields in (
                (r"magic is b'RISCW\\x00\\x00\\x00', not b'RISCV", {"magic": b"RISCW"}),
                (r"magic2 is b'RSC\\x06', not b'RSC\\x05'", {"magic2": b"RSC\6"}),
                ("flags is 0x1, not 0", {"flags": 1}),
                (r"albireo is b'ALBIREA\\x00', not b'ALBIREO", {"albireo": b"ALBIREA"}),
                ("image_version is 2, not 1", {"image_version": 2}),
                ("kernel_size is 0x0, not whole pages", {"kernel_size": 0}),
                ("kernel_size is 0x3001, not whole pages", {"kernel_size": 0x3001}),
                ("kernel_size is 0x4001000, not .* at most 64 MiB", {"kernel_size": 0x4001000}),
                ("kernel_size is 0x1000, not at least the size of the file, 0x2064",
                 {"kernel_size": PAGE})):
            self.refused_kernel("not a kernel image: " + pattern, kernel(**fields))

    def test_too_short(self):
        self.refused_kernel("143 bytes, but its header alone has 144", kernel()[:143])

    def test_payload_elsewhere(self):
        data = bytearray(kernel())
        struct.pack_into("<Q", data, 88, 0x4000)
        self.refused_kernel(r"payload_offset is 0x4000, not 0 or kernel_size \(0x3000\)",
                            bytes(data))


class Hostile(Files):
    """Whatever the bytes: a good image or one line, never a traceback."""

    TASK = elf([segment(0x10078, b"\x73\0\0\0" * 4), segment(0x10100, b"data", memsz=64)])

    def survives(self, task, the_kernel=None):
        status, _, err = self.run_tool(task, ["--root-cnode-bits", "19"], the_kernel)
        self.assertIn(status, (0, 1))
        self.assertEqual(status, err.count("\n"))
        return status

    def test_truncations(self):
        for length in range(len(self.TASK)):
            self.assertEqual(1, self.survives(self.TASK[:length]), length)
        self.assertEqual(0, self.survives(self.TASK))

    def flip(self, data, last, seed):
        random_bits = random.Random(seed)
        data = bytearray(data)
        for _ in range(random_bits.randint(1, 4)):
            where = random_bits.randrange(last)
            data[where] = random_bits.choice((data[where] ^ 1 << random_bits.randrange(8), 0, 255,
                                              random_bits.randrange(256)))
        return bytes(data)

    def test_flipped_bits_of_the_root_task(self):
        statuses = set()
        for seed in range(1500):
            with self.subTest(seed=seed):
                statuses.add(self.survives(self.flip(self.TASK, 64 + 2 * 56, seed)))
        self.assertEqual({0, 1}, statuses)

    def test_flipped_bits_of_the_kernel(self):
        statuses = set()
        for seed in range(300):
            with self.subTest(seed=seed):
                statuses.add(self.survives(self.TASK, self.flip(kernel(), 144, seed)))
        self.assertEqual({0, 1}, statuses)


if __name__ == "__main__":
    unittest.main()
