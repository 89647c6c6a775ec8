#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/gdb on the RISC-V kernel: gdb-multiarch on QEMU, stopped in the kernel.

Arguments: kernel.img kernel.elf ROOTTASK.elf, then those of unittest.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../tools/lib")]

import debugger  # noqa: E402
import image  # noqa: E402

KERNEL_IMG, KERNEL_ELF, TASK_ELF = sys.argv[1:4]
FIRMWARE = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"
HEX = "0x[0-9a-f]+"
SECONDS = 60


class Machine(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.work)
        packed = os.path.join(self.work, "image")
        with open(packed, "wb") as file:
            file.write(image.pack(KERNEL_IMG, TASK_ELF).data)
        # A socket with a name: no port that another test could have, and no network.
        self.socket = os.path.join(self.work, "gdb")
        qemu = subprocess.Popen(
            ["qemu-system-riscv64", "-M", "virt", "-m", "128M", "-nic", "none", "-display", "none",
             "-monitor", "none", "-serial", "null", "-no-reboot", "-bios", FIRMWARE,
             "-kernel", packed, "-S", "-gdb", "unix:path=%s,server=on,wait=off" % self.socket],
            stdin=subprocess.DEVNULL)
        self.addCleanup(qemu.wait)
        self.addCleanup(qemu.kill)
        deadline = time.monotonic() + SECONDS
        while not os.path.exists(self.socket):
            self.assertIsNone(qemu.poll(), "QEMU has ended")
            self.assertLess(time.monotonic(), deadline, "QEMU makes no socket")
            time.sleep(0.02)

    def debug(self, commands, *before):
        return debugger.run(KERNEL_ELF, commands, debugger="gdb-multiarch",
                            before=("target remote " + self.socket, *before))

    def test_first_system_call(self):
        out = self.debug(
            ("albireo kernel", "albireo threads", "albireo current", "albireo event",
             "albireo queues", "albireo vspace", "albireo caps", "albireo caps rootserver",
             "print *k", "print *k->threads", "print k->threads->slots[0]", "backtrace 1",
             "print k->threads->sc->refills", "print *k->threads->slots[1].cap.table"),
            "hbreak kernel_on_syscall", "continue")
        for command, pattern in (
                ("albireo kernel", r"kernel: core 0 of 1, entry \d+ at \d+ ticks, 10 ticks per us"
                 r"\n  RAM 0x80000000\.\.0x88000000, seen at \+0xffffffc000000000"
                 "\n  current 'rootserver' at %s\n  1 threads: 1 running\n" % HEX),
                ("albireo threads", r"(?m)^\* 'rootserver' at %s +running +255 " % HEX),
                ("albireo current", "'rootserver' at %s: running, priority 255, current\n  pc %s "
                 % (HEX, HEX)),
                ("albireo event", r"entry \d+ of the kernel\n\w+ by 'rootserver' at %s" % HEX),
                ("albireo queues", "core 0 at .*: current 'rootserver' at %s, keep" % HEX),
                ("albireo vspace", r"'rootserver' at %s: page table %s, root of ASID 1\n"
                 r"  %s\.\.%s -> %s rwxu-ad, \d+ x 4 KiB" % (HEX, HEX, HEX, HEX, HEX)),
                ("albireo caps", r"TCB 'rootserver' at %s\n *\d+ CNode %s, 4096 slots, guard 0x0 "
                 "of 52 bits\n" % (HEX, HEX)),
                ("albireo caps rootserver", r"(?m)^  0x4 +IRQ control$"),
                ("print *k", r"\$\d+ = kernel: core 0 of 1"),
                ("print *k->threads", r"\$\d+ = 'rootserver' at %s: running" % HEX),
                ("print k->threads->slots[0]", r"\$\d+ = slot \d+: CNode %s, 4096 slots" % HEX),
                ("backtrace 1", r"kernel_on_syscall \(k=0xffffffc08\w+, core=0"),
                ("print k->threads->sc->refills", r"\$\d+ = refills {\d of \d refills"),
                ("print *k->threads->slots[1].cap.table",
                 r"(?m)^  \[258\] page at 0x80000000 rw--gad$")):
            self.assertRegex(out[command], pattern)

    def test_first_fault(self):
        out = self.debug(("albireo event", "albireo threads", "albireo queues"),
                         "hbreak kernel_on_fault", "continue")
        self.assertRegex(out["albireo event"], r"exception 0x\w+, value %s, of '.+' at %s at pc %s"
                         % (HEX, HEX, HEX))
        self.assertRegex(out["albireo threads"], r"(?m)^\* '.+' at %s +running" % HEX)
        self.assertRegex(out["albireo threads"], r"(?m)^  '.+' at %s +blocked on receive" % HEX)
        self.assertRegex(out["albireo queues"], r"(?m)^endpoint %s: receivers: '.+'" % HEX)

    def test_before_the_kernel_has_started(self):
        python = "python exec(\"try: gdb.execute('albireo threads')\\nexcept gdb.error as error: " \
            "print('refused:', error)\")"
        self.assertIn("refused: no kernel is there", self.debug((python,))[python])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
