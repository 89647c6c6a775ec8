# SPDX-License-Identifier: BSD-2-Clause
"""Recording a run under QEMU, for tools/boot.

A debug kernel that finds a region for it in the device tree logs its events there
(arch/riscv64/events.h). Such a region is added to the board's RAM, which QEMU keeps in a file.
`albireo import` makes a trace of the log, and compares every event on the way.

The memory that the system sees is what it would see otherwise, but for one thing: on a board with
less than 1 GiB the device tree, with the 4 MiB of RAM around it, lies behind the log.
"""

import os
import shutil
import struct
import subprocess

MIB = 1 << 20
RAM_BASE = 0x80000000
# QEMU puts the device tree 2 MiB below the end of RAM or of its first GiB.
TREE_TOP = 1024 * MIB
TREE_SIZE = 4 * MIB
LOG_SIZE = 256 * MIB

# The beginning of struct events_header.
_HEADER = struct.Struct("<8sIIQQ")
_MAGIC = b"ALBEVENT"


class RecordError(Exception):
    """A sentence that says what is wrong."""


def plan(memory):
    """(RAM of the board, reserved regions of which the last one is the log), for so much RAM."""
    if memory >= TREE_TOP:
        return memory + LOG_SIZE, [(RAM_BASE + memory, LOG_SIZE)]
    hole = RAM_BASE + memory - TREE_SIZE
    if memory + LOG_SIZE <= TREE_TOP:
        return memory + LOG_SIZE, [(hole, LOG_SIZE)]
    # The tree stays where it is from 1 GiB on.
    return TREE_TOP + LOG_SIZE, [(hole, TREE_TOP - memory), (RAM_BASE + TREE_TOP, LOG_SIZE)]


class Recording:
    """The files of one recorded run, in the directory `work`."""

    def __init__(self, memory, work):
        self.memory, self._reserved = plan(memory)
        self._ram = os.path.join(work, "ram")
        self.log = os.path.join(work, "events")

    def qemu_options(self):
        return ["-machine", "memory-backend=ram", "-object",
                "memory-backend-file,id=ram,size=%d,share=on,mem-path=%s" % (
                    self.memory, self._ram.replace(",", ",,"))]

    def tree_commands(self, tree):
        """What adds the regions to the board's device tree."""
        parent = "/reserved-memory"
        commands = [["fdtput", "-c", tree, parent],
                    ["fdtput", "-t", "x", tree, parent, "#address-cells", "2"],
                    ["fdtput", "-t", "x", tree, parent, "#size-cells", "2"],
                    ["fdtput", tree, parent, "ranges"]]
        for start, size in self._reserved:
            is_log = (start, size) == self._reserved[-1]
            node = "%s/%s@%x" % (parent, "event-log" if is_log else "gap", start)
            cells = ["%x" % cell for number in (start, size)
                     for cell in (number >> 32, number & 0xFFFFFFFF)]
            commands += [["fdtput", "-c", tree, node],
                         ["fdtput", "-t", "x", tree, node, "reg", *cells]]
            if is_log:
                commands.append(
                    ["fdtput", "-t", "s", tree, node, "compatible", "albireo,event-log"])
        return commands

    def extract(self):
        """Copies the log out of the RAM. Returns whether it was full before the run ended."""
        try:
            with open(self._ram, "rb") as ram:
                ram.seek(self._reserved[-1][0] - RAM_BASE)
                header = ram.read(_HEADER.size)
                magic, _, _, used, full = _HEADER.unpack(header)
                if magic != _MAGIC:
                    raise RecordError("the kernel has not come so far as to log events, or it "
                                      "knows no log: only a debug kernel does")
                ram.seek(-_HEADER.size, os.SEEK_CUR)
                with open(self.log, "wb") as log:
                    _copy(ram, log, used)
        except OSError as error:
            raise RecordError("%s: %s" % (error.filename, error.strerror)) from None
        return full != 0

    def make_trace(self, albireo, task, trace):
        """Plays the log in lock-step; what that says. If there is a difference, the trace ends
        there, and the log is kept beside it."""
        done = subprocess.run([*albireo, "import", "--image", task, "--trace", trace, self.log],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if done.returncode == 0:
            return done.stdout.strip()
        kept = trace + ".log"
        shutil.copyfile(self.log, kept)
        raise RecordError("no trace of the whole run; the log is kept as " + kept)


def _copy(source, target, size):
    while size > 0:
        data = source.read(min(size, MIB))
        if not data:
            raise RecordError("the log is longer than its region")
        target.write(data)
        size -= len(data)
