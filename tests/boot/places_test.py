#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""One image in many places: other addresses, harts, devices, and trees that lack something.

Runs the odd root task (tests/boot/odd), which checks what it is given, on QEMU's virt board. What
the boards of tools/boot have in common is tested by run_test.py.

Arguments: kernel.img kernel.elf odd.elf, then those of unittest.
"""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/lib"))

import image  # noqa: E402

FIRMWARE = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"
QEMU = "qemu-system-riscv64"
LINK_ADDRESS = 0xFFFFFFFF80200000
USUAL = 0x80200000
SECONDS = 120

KERNEL_IMG, KERNEL_ELF, ODD_ELF = (os.path.abspath(path) for path in sys.argv[1:4])


def elf_around(data, address):
    """An ELF file that loads `data` at a physical address and starts there."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 243, 1, address, 64, 0, 0,
                         64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 4096, address, address, len(data), len(data), 4096)
    return (header + segment).ljust(4096, b"\0") + data


def symbol(name):
    """Offset of a function in the kernel image."""
    listing = subprocess.run(["riscv64-unknown-elf-nm", KERNEL_ELF], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r"^([0-9a-f]+) [Tt] %s$" % name, listing, re.MULTILINE)
    return int(found.group(1), 16) - LINK_ADDRESS


class Places(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.work)
        self.image = bytearray(image.pack(KERNEL_IMG, ODD_ELF, 13, 0).data)

    def path(self, name, data):
        path = os.path.join(self.work, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def boot(self, *options, memory="512M", at=None, tree=None):
        """Runs the image; what it printed, until it shut down or stopped."""
        data = bytes(self.image) if at is None else elf_around(self.image, at)
        command = [QEMU, "-M", "virt", "-m", memory, "-nic", "none", "-display", "none",
                   "-monitor", "none", "-serial", "stdio", "-no-reboot", "-bios", FIRMWARE,
                   "-kernel", self.path("image", data), *options]
        if tree is not None:
            command += ["-dtb", tree]
        qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        output = b""
        killer = threading.Timer(SECONDS, qemu.kill)
        killer.start()
        try:
            for line in qemu.stdout:
                output += line
                if line.startswith(b"albireo: stopped"):
                    break
        finally:
            killer.cancel()
            qemu.kill()
            qemu.wait()
            qemu.stdout.close()
        return output.decode(errors="replace")

    def tree(self, *commands, memory="512M", options=()):
        """QEMU's device tree, changed by fdtput commands."""
        path = os.path.join(self.work, "tree.dtb")
        subprocess.run([QEMU, "-M", "virt,dumpdtb=" + path, "-m", memory, "-display", "none",
                        "-bios", "none", *options], check=True, stderr=subprocess.DEVNULL)
        for command in commands:
            subprocess.run(["fdtput", *(path if word == "TREE" else word for word in command)],
                           check=True)
        return path

    def expect_ok(self, output):
        self.assertRegex(output, r"(?m)^odd: ok\r?$")
        self.assertNotIn("albireo: stopped", output)

    def expect_failure(self, output, what):
        self.assertIn("albireo: boot failed: " + what, output)
        self.assertNotIn("odd:", output)

    def test_keeps_as_much_memory_as_the_hosted_body_has_for_it(self):
        """BOARD_KERNEL_SIZE, hosted/board_devices.h."""
        size = image.parse_kernel(KERNEL_IMG, image.read_file(KERNEL_IMG)).size
        self.assertEqual(size, 0x40000)

    def test_boots_where_it_usually_is(self):
        self.expect_ok(self.boot())

    def test_boots_at_other_multiples_of_2_mib(self):
        self.expect_ok(self.boot(at=0x80400000))
        self.expect_ok(self.boot(at=0x8C600000))

    def test_boots_above_4_gib(self):
        self.expect_ok(self.boot(at=0x140000000, memory="4G"))

    def test_refuses_an_address_that_is_no_multiple_of_2_mib(self):
        self.expect_failure(self.boot(at=USUAL + 0x1000),
                            "the image is not at a multiple of 2 MiB")

    def test_refuses_an_address_within_a_page(self):
        self.expect_failure(self.boot(at=USUAL + 0x800), "the image is not at a multiple of 2 MiB")

    def test_any_of_several_harts_boots(self):
        self.expect_ok(self.boot("-smp", "4"))

    def test_works_without_stimecmp(self):
        output = self.boot("-cpu", "rv64,sstc=false")
        self.expect_ok(output)
        self.assertIn("kHz (SBI)", output)

    def test_uses_stimecmp_where_the_tree_shows_it(self):
        self.assertIn("kHz (Sstc)", self.boot())

    def test_works_with_little_and_much_memory(self):
        self.expect_ok(self.boot(memory="64M"))
        self.expect_ok(self.boot(memory="8G"))

    def test_needs_a_root_task(self):
        with open(KERNEL_IMG, "rb") as file:
            self.image = file.read()
        self.expect_failure(self.boot(), "the image holds no root task")

    def test_finds_a_damaged_root_task(self):
        offset, = struct.unpack_from("<Q", self.image, 88)
        self.image[offset + 100] ^= 1
        self.expect_failure(self.boot(), "the root task is damaged: its checksum is wrong")

    def test_finds_a_damaged_header(self):
        offset, = struct.unpack_from("<Q", self.image, 88)
        struct.pack_into("<Q", self.image, 88, offset + 8)
        self.expect_failure(self.boot(), "the header of the image is damaged")

    def test_root_task_must_fit_into_memory(self):
        struct.pack_into("<Q", self.image, 104, 1 << 30)
        self.expect_failure(self.boot(), "the root task does not fit in the RAM behind it")

    def test_root_task_must_leave_the_device_tree_alone(self):
        # QEMU puts the tree 2 MiB below the end of RAM.
        offset, = struct.unpack_from("<Q", self.image, 88)
        struct.pack_into("<Q", self.image, 104, (510 << 20) - offset)
        self.expect_failure(self.boot(),
                            "the root task overlaps reserved memory or the device tree")

    def test_root_cnode_must_hold_the_capabilities(self):
        struct.pack_into("<I", self.image, 136, 6)
        self.expect_failure(self.boot(), "the root CNode is too small")

    def test_root_cnode_must_fit_into_memory(self):
        struct.pack_into("<I", self.image, 136, 25)
        self.expect_failure(self.boot(), "not enough memory for the initial objects")

    def test_tree_without_interrupt_controller(self):
        tree = self.tree(["-r", "TREE", "/soc/plic@c000000"])
        self.expect_failure(self.boot(tree=tree), "the device tree has no ")

    def test_tree_without_number_of_interrupts(self):
        tree = self.tree(["-d", "TREE", "/soc/plic@c000000", "riscv,ndev"])
        self.expect_failure(self.boot(tree=tree), "/soc/plic@c000000")

    def test_timer_must_tick_in_whole_microseconds(self):
        tree = self.tree(["-t", "i", "TREE", "/cpus", "timebase-frequency", "32768"])
        self.expect_failure(self.boot(tree=tree), "the timer frequency is not a multiple of 1 MHz")

    def test_reserved_memory_is_left_alone(self):
        tree = self.tree(["-c", "TREE", "/reserved-memory"],
                         ["-t", "i", "TREE", "/reserved-memory", "#address-cells", "2"],
                         ["-t", "i", "TREE", "/reserved-memory", "#size-cells", "2"],
                         ["TREE", "/reserved-memory", "ranges"],
                         ["-c", "TREE", "/reserved-memory/hole@80300000"],
                         ["-t", "x", "TREE", "/reserved-memory/hole@80300000", "reg",
                          "0", "80300000", "0", "1000"])
        self.expect_failure(self.boot(tree=tree),
                            "the root task overlaps reserved memory or the device tree")

    def test_reserved_memory_under_the_kernel(self):
        tree = self.tree(["-c", "TREE", "/reserved-memory"],
                         ["-t", "i", "TREE", "/reserved-memory", "#address-cells", "2"],
                         ["-t", "i", "TREE", "/reserved-memory", "#size-cells", "2"],
                         ["TREE", "/reserved-memory", "ranges"],
                         ["-c", "TREE", "/reserved-memory/hole@80200000"],
                         ["-t", "x", "TREE", "/reserved-memory/hole@80200000", "reg",
                          "0", "80200000", "0", "1000"])
        self.expect_failure(self.boot(tree=tree), "the kernel overlaps reserved memory")

    def log_tree(self, start, size, options=()):
        node = "/reserved-memory/event-log@%x" % start
        return self.tree(["-c", "TREE", "/reserved-memory"],
                         ["-t", "i", "TREE", "/reserved-memory", "#address-cells", "2"],
                         ["-t", "i", "TREE", "/reserved-memory", "#size-cells", "2"],
                         ["TREE", "/reserved-memory", "ranges"], ["-c", "TREE", node],
                         ["-t", "s", "TREE", node, "compatible", "albireo,event-log"],
                         ["-t", "x", "TREE", node, "reg", "0", "%x" % start, "0", "%x" % size],
                         options=options)

    def test_logs_events_where_the_tree_says(self):
        self.expect_ok(self.boot(tree=self.log_tree(0x98000000, 0x1000000)))

    def test_goes_on_when_the_log_is_full(self):
        self.expect_ok(self.boot(tree=self.log_tree(0x98000000, 0x4000)))

    def test_event_log_must_be_of_use(self):
        bad = "the event log is not in RAM, overlaps the device tree or is too small"
        for start, size in ((0x70000000, 0x100000), (0x9FFFF000, 0x2000), (0x9FE00000, 0x100000),
                            (0x98000000, 0x1000)):
            self.expect_failure(self.boot(tree=self.log_tree(start, size)), bad)
        cpu = ("-cpu", "rv64,sstc=false")
        self.expect_failure(
            self.boot(*cpu, tree=self.log_tree(0x98000000, 0x100000, options=cpu)), bad)

    def test_interrupt_controller_in_memory(self):
        tree = self.tree(["-t", "x", "TREE", "/soc/plic@c000000", "reg",
                          "0", "90000000", "0", "600000"])
        self.expect_failure(self.boot(tree=tree), "the PLIC lies in RAM")

    def test_stack_overflow_panics_with_all_it_knows(self):
        # Where the kernel handles system calls: addi sp, sp, -16; sd ra, 0(sp); j -8.
        start = symbol("kernel_on_syscall")
        self.image[start:start + 12] = struct.pack("<3I", 0xFF010113, 0x00113023, 0xFF9FF06F)
        output = self.boot()
        self.assertRegex(output, r"(?m)^albireo: panic: trap in the kernel: scause 0x0{15}f, ")
        self.assertIn("current thread 'rootserver' at 0x", output)
        self.assertNotIn("panic while panicking", output)

    def test_hart_must_have_the_registers_that_the_kernel_saves(self):
        self.expect_failure(self.boot("-cpu", "rv64,d=false,f=false,zfinx=false"),
                            "the hart has no F and D extensions")

    def test_panic_says_what_it_knows(self):
        # An illegal instruction, where the kernel handles system calls.
        start = symbol("kernel_on_syscall")
        self.image[start:start + 4] = bytes(4)
        output = self.boot()
        self.assertRegex(output, r"(?m)^albireo: panic: trap in the kernel: scause 0x0{15}2, ")
        self.assertIn("pc 0x%016x" % (LINK_ADDRESS + start), output)
        self.assertRegex(output, r"ra 0x[0-9a-f]{16} +sp 0xffffffff80[0-9a-f]{6}")
        self.assertRegex(output, r"backtrace.*\n    0x%016x\r?\n" % (LINK_ADDRESS + start))
        self.assertIn("current thread 'rootserver' at 0x", output)
        self.assertTrue(output.rstrip().endswith("albireo: stopped"), output[-200:])
        self.assertNotIn("odd:", output)

    def test_assertion_panics_with_file_and_line(self):
        # Where the kernel handles system calls: machine_panic("broken", "file.c", 42).
        start = symbol("kernel_on_syscall")
        distance = symbol("machine_panic") - (start + 16)
        high = (distance + 0x800) >> 12
        self.image[start:start + 48] = struct.pack(
            "<6I8x8s8s",
            0x00000517,  # auipc a0, 0
            0x02050513,  # addi a0, a0, 32
            0x00850593,  # addi a1, a0, 8
            0x02A00613,  # li a2, 42
            (high << 12 & 0xFFFFFFFF) | 0x297,  # auipc t0, high
            ((distance - (high << 12)) & 0xFFF) << 20 | 0x280E7,  # jalr ra, low(t0)
            b"broken", b"file.c")
        output = self.boot()
        self.assertRegex(output, r"(?m)^albireo: panic: file\.c:42: broken\r?$")
        self.assertIn("backtrace", output)
        self.assertIn("current thread 'rootserver' at 0x", output)
        self.assertTrue(output.rstrip().endswith("albireo: stopped"), output[-200:])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
