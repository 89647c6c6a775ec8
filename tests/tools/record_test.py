#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of tools/boot --record, with a script in the place of QEMU."""

import os
import struct
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "tools", "lib")]

import boot_test  # noqa: E402
import record  # noqa: E402

MIB = 1 << 20
LOG = record.LOG_SIZE

# QEMU, which leaves a log of 48 bytes in the RAM; and albireo, which says what it was given.
QEMU = """
for argument in "$@"; do
    case $argument in
        *mem-path=*) ram=${argument##*mem-path=} ;;
    esac
done
python3 - "$ram" <<'END'
import struct, sys
with open(sys.argv[1], "wb") as ram:
    ram.seek((64 - 4) << 20)
    ram.write(struct.pack("<8sIIQQ", b"%s", 1, 0, 48, %d) + b"0123456789abcdef" + b"more")
END
"""
ALBIREO = """#!/bin/bash
printf '%s\\n' "$@" >given
cp "${@: -1}" log
echo 7 events
exit $(cat status)
"""


class Plan(unittest.TestCase):
    """With a log the system has the same RAM, and the tree of QEMU is in it."""

    def test_plans(self):
        for mib in (16, 64, 512, 768, 769, 900, 1020, 1023, 1024, 1025, 2048, 3072, 8192):
            memory = mib * MIB
            total, reserved = record.plan(memory)
            ram = total - sum(size for _, size in reserved)
            self.assertEqual(memory, ram, mib)
            self.assertEqual(LOG, reserved[-1][1])
            end = record.RAM_BASE
            for start, size in reserved:
                self.assertGreaterEqual(start, end)
                end = start + size
            self.assertLessEqual(end, record.RAM_BASE + total)
            # QEMU puts the tree below the end of RAM or of the first GiB.
            tree = record.RAM_BASE + min(total, record.TREE_TOP)
            for start, size in reserved:
                self.assertFalse(start < tree and tree - record.TREE_SIZE < start + size, mib)
            if mib >= 1024:
                self.assertEqual([(record.RAM_BASE + memory, LOG)], reserved)


class Record(boot_test.Booting):
    def setUp(self):
        super().setUp()
        for name, data in (("albireo", ALBIREO), ("status", "0")):
            with open(self.path(name), "w") as file:
                file.write(data)
        os.chmod(self.path("albireo"), 0o755)

    def record(self, magic="ALBEVENT", full=0, script="", options=()):
        return self.boot(QEMU % (magic, full) + script, "--memory", "64M", "--record", "t.trace",
                         "--albireo", "./albireo", *options)

    def test_the_log_is_played(self):
        self.assertEqual((0, b"", "boot: 7 events\n"), self.record())
        self.assertEqual(["import", "--image", "task.elf", "--trace", "t.trace"],
                         self.read("given").splitlines()[:-1])
        with open(self.path("log"), "rb") as log:
            self.assertEqual(struct.pack("<8sIIQQ", b"ALBEVENT", 1, 0, 48, 0) +
                             b"0123456789abcdef", log.read())

    def test_virtual_time_and_more_ram(self):
        self.record()
        arguments = self.arguments()
        self.assertIn("-icount", arguments)
        self.assertIn("%dM" % (64 + LOG // MIB), arguments)
        tree = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", self.path("board.dtb")],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertIn('compatible = "albireo,event-log"', tree)
        self.assertIn("reg = <0x00 0x83c00000 0x00 0x10000000>", tree)

    def test_a_difference(self):
        with open(self.path("status"), "w") as file:
            file.write("1")
        status, _, said = self.record()
        self.assertEqual(6, status)
        self.assertIn("the log is kept as t.trace.log", said)
        self.assertEqual(48, os.path.getsize(self.path("t.trace.log")))

    def test_no_log(self):
        status, _, said = self.record(magic="ALBNOLOG")
        self.assertEqual(6, status)
        self.assertIn("has not come so far as to log events", said)

    def test_a_full_log(self):
        status, _, said = self.record(full=1)
        self.assertEqual(0, status)
        self.assertIn("the log was full", said)

    def test_the_systems_own_end_is_kept(self):
        status, _, said = self.record(script="echo; echo albireo: panic: x; "
                                      "echo albireo: stopped; exec sleep 60")
        self.assertEqual(3, status)
        self.assertIn("7 events", said)

    def test_what_cannot_be_recorded(self):
        for options in (("--board", "sifive_u"), ("--via", "uboot"), ("--release",), ("--gdb",)):
            task = ("task.elf",) if "--release" in options else ("--kernel", "kernel.img",
                                                                 "task.elf")
            status, _, said = self.boot("", "--record", "t.trace", *options, task=task)
            self.assertEqual(2, status)
            self.assertIn("--record", said)
        status, _, said = self.boot("", "--albireo", "x")
        self.assertEqual(2, status)
        self.assertIn("only with --record", said)


if __name__ == "__main__":
    unittest.main()
