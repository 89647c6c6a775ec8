# SPDX-License-Identifier: BSD-2-Clause
"""Pretty-printers: what `print`, `backtrace` and `info locals` say of the kernel's types."""

import gdb
import gdb.printing

from albireo_gdb import words
from albireo_gdb.state import Bad, WORD, fetch, find_kernel

_cached = None


def forget(*_):
    """The program has moved, or memory was changed: the kernel must be found anew."""
    global _cached
    _cached = None


def kernel():
    """The kernel, found once per stop: `backtrace` prints many values."""
    global _cached
    if _cached is None:
        _cached = find_kernel()
    return _cached


class Line:
    """A value as one string."""

    def __init__(self, value, describe):
        self._value = value
        self._describe = describe

    def to_string(self):
        try:
            return self._describe(kernel(), fetch(self._value))
        except Bad as bad:
            return str(bad)


class Lazy(Line):
    """Of what is too large to be read as a whole."""

    def to_string(self):
        return words.guarded(self._describe)(kernel(), self._value)


class Pointer:
    """A pointer: its value, and what is there."""

    def __init__(self, value, describe):
        self._value = value
        self._describe = describe

    def to_string(self):
        number = int(self._value) & WORD
        if number == 0:
            return "0x0"
        return "%#x %s" % (number, words.guarded(self._target)())

    def _target(self):
        k = kernel()
        target = self._value.dereference()
        if k is None:
            return "(no kernel to look into)"
        # Capabilities are also kept in local variables.
        on_stack = self._describe is words.cap
        if not on_stack and not k.in_ram(self._value, target.type.sizeof):
            return "(not an object in RAM)"
        return "<%s>" % self._describe(k, fetch(target))


def _queue_of(k, value):
    return "thread_list {%s}" % words.thread_list(k, value)


def _titled(title, describe):
    return lambda k, value: "%s {%s}" % (title, describe(k, value))


def _fault(_k, value):
    return words.fault(value)


def _pool(k, value):
    roots = ["%d: %s" % (i, words.address(k, value["roots"][i]))
             for i in range(512) if int(value["roots"][i]) != 0]
    return "ASID pool {%s}" % ", ".join(roots)


def _ready(k, value):
    queues = []
    for word in range(4):
        bits = int(value["words"][word])
        for bit in range(64):
            if bits >> bit & 1:
                priority = 64 * word + bit
                queues.append("%d: %s" % (priority,
                                          words.thread_list(k, value["queues"][priority])))
    return "ready queues {%s}" % "; ".join(reversed(queues))


_STRUCTS = {
    "asid_pool": _pool,
    "cap": words.cap,
    "endpoint": _titled("endpoint", words.endpoint),
    "fault": _fault,
    "ntfn": _titled("notification", words.ntfn),
    "page_table": words.page_table,
    "ready_queues": _ready,
    "refills": _titled("refills", words.refills),
    "reply": _titled("reply", words.reply),
    "sched_context": _titled("scheduling context", words.sched_context),
    "slot": words.slot,
    "thread": words.thread_line,
    "thread_list": _queue_of,
}
# Pointers to these say what they point to.
_POINTED = {
    "cap": words.cap,
    "endpoint": words.endpoint,
    "ntfn": words.ntfn,
    "reply": words.reply,
    "sched_context": words.sched_context,
    "slot": words.slot,
    "thread": words.thread_line,
}


class Printers(gdb.printing.PrettyPrinter):
    def __init__(self):
        super().__init__("albireo")

    def __call__(self, value):
        kind = value.type.strip_typedefs().unqualified()
        if kind.code == gdb.TYPE_CODE_STRUCT:
            if kind.tag == "kernel":
                return Lazy(value, words.kernel)
            if kind.tag in _STRUCTS:
                return Line(value, _STRUCTS[kind.tag])
        elif kind.code == gdb.TYPE_CODE_PTR:
            target = kind.target().strip_typedefs().unqualified()
            if target.code == gdb.TYPE_CODE_STRUCT and target.tag in _POINTED:
                return Pointer(value, _POINTED[target.tag])
        return None


def register():
    gdb.printing.register_pretty_printer(None, Printers(), replace=True)
    for moved in (gdb.events.stop, gdb.events.cont, gdb.events.exited, gdb.events.new_objfile,
                  gdb.events.memory_changed, gdb.events.register_changed):
        moved.connect(forget)
