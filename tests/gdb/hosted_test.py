#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/gdb in the hosted process: every printer and command, on good and on broken states.

Arguments: the program of scene.cc, then those of unittest.
"""

import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import debugger  # noqa: E402

PROGRAM = sys.argv.pop(1)
AT_THE_SCENE = ("break scene_is_set", "run", "set $k = live->k", "set $t = $k->threads")
COMMANDS = ("albireo kernel", "albireo threads", "albireo thread $t", "albireo current",
            "albireo caps", "albireo caps $t", "albireo queues", "albireo vspace $t",
            "albireo event")
PRINTS = ("print *$k", "print $t", "print *$t", "print $t->slots", "print $t->slots[0].cap",
          "print *$t->slots[1].cap.table", "print $k->cores[0].release",
          "print $k->cores[0].ready[0]", "print *$t->sc", "print $t->sc->refills",
          "print $t->fault", "print *$k->asid_pools[0]")
HEX = "0x[0-9a-f]+"


def named(name):
    """gdb's expression for a pointer to the thread with this name in scene.cc."""
    depth = ("ready", "poor", "faulter", "second", "first", "client", "server").index(name)
    return "$t" + "->all_next" * depth


class Scene(unittest.TestCase):
    """What the commands say of the state that scene.cc has set up."""

    @classmethod
    def setUpClass(cls):
        cls.wanted = COMMANDS + PRINTS + (
            "albireo thread client", "albireo caps ready", "albireo vspace faulter",
            "albireo thread faulter",
            "print *%s" % named("server"), "print *%s" % named("client"),
            "print *%s" % named("faulter"), "print *%s->endpoint" % named("first"),
            "print *%s->reply" % named("client"), "print *%s->ntfn" % named("server"),
            "print %s->slots[3].cap" % named("faulter"), "print *%s->sc" % named("poor"),
            "print %s->sc->refills" % named("client"), "print %s->fault" % named("faulter"),
            "print *%s->slots[1].cap.table" % named("faulter"),
            "albireo caps %s->slots[3]" % named("faulter"), "albireo pte 0x20100cd7",
            "albireo pte 0x20100c01", "albireo pte 0", "albireo pte 2")
        cls.out = debugger.run(PROGRAM, cls.wanted, before=AT_THE_SCENE)

    def expect(self, command, *patterns):
        """Each pattern matches a whole line, in this order."""
        lines = iter(self.out[command].splitlines())
        for pattern in patterns:
            for line in lines:
                if re.fullmatch(pattern, line):
                    break
            else:
                self.fail("'%s' has no (further) line '%s':\n%s" % (
                    command, pattern, self.out[command]))

    def test_everything_says_something_and_nothing_is_bad(self):
        for command in self.wanted:
            self.assertTrue(self.out[command].strip(), command)
            self.assertNotRegex(self.out[command], r"\((bad|unreadable)", command)

    def test_kernel(self):
        for command in ("albireo kernel", "print *$k"):
            self.expect(command, r"(\$\d+ = )?kernel: core 0 of 1, entry \d+ at \d+ ticks, "
                        "10 ticks per us", "  RAM 0x80000000..0x81000000, seen at "
                        r"\+0x200000000000", "  current 'rootserver' at " + HEX,
                        "  8 threads: 1 blocked on notification, 1 blocked on reply, "
                        "3 blocked on send, 2 restart, 1 running", r"  \d+ capabilities")

    def test_threads(self):
        self.expect(
            "albireo threads", "  thread +state +priority time",
            "  'ready' at %s +restart, in the ready queue +90 +1000 us round robin" % HEX,
            "  'poor' at %s +restart, in the release queue +110 +200 us in 50000 us" % HEX,
            r"  'faulter' at %s +blocked on send \(endpoint %s, badge 0x0\) .*" % (HEX, HEX),
            r"  'second' at %s +blocked on send \(endpoint %s, badge 0x42\) +110 .*" % (HEX, HEX),
            r"  'first' at %s +blocked on send \(endpoint %s, badge 0x42\) +110 .*" % (HEX, HEX),
            r"  'client' at %s +blocked on reply \(reply %s\) +110 .*" % (HEX, HEX),
            r"  'server' at %s +blocked on notification \(notification %s\) +120 .*" % (HEX, HEX),
            r"\* 'rootserver' at %s +running +100 +5000 us round robin" % HEX)

    def test_one_thread(self):
        self.expect(
            "albireo thread client", r"'client' at %s: blocked on reply \(reply %s\), "
            "priority 110" % (HEX, HEX), "  pc 0x.* a1 0x7002  a2 0x1  a3 0x2 .*",
            "  scheduling context %s: 1000 us round robin, of 'client' at %s; "
            r"2 of 2 refills \(ticks\): \d+ from \d+, \d+ from \d+" % (HEX, HEX),
            "  CSpace +CNode %s, 4096 slots, guard 0x0 of 52 bits" % HEX,
            "  VSpace +page table %s, root of ASID 1" % HEX,
            "  IPC buffer +frame %s, 4 KiB, rw" % HEX, "  fault handler +null",
            "  timeout handler null", "  IPC buffer at +" + HEX)
        self.expect("albireo current", "'rootserver' at %s: running, priority 100, current" % HEX)
        self.expect("albireo thread faulter",
                    r"'faulter' at .* VM fault at 0x123000, status 5",
                    "  fault handler +endpoint %s, rwgp" % HEX)

    def test_queues(self):
        self.expect(
            "albireo queues", "core 0 at .*: current 'rootserver' at %s, keep" % HEX,
            "  ready, domain 0, priority 90: 'ready' at " + HEX,
            r"  released in \d+ us: 'poor' at " + HEX,
            "notification %s: active, badge 0x8" % HEX,
            "notification %s: waiting: 'server' at %s" % (HEX, HEX))
        self.expect("albireo queues", "reply %s: 'client' at %s waits for the answer" % (HEX, HEX))
        self.expect("albireo queues",
                    "endpoint %s: senders: 'first' at %s, 'second' at %s, 'faulter' at %s" % (
                        HEX, HEX, HEX, HEX))

    def test_capabilities(self):
        self.expect("albireo caps", "    slot capability", r" *\d+ TCB 'rootserver' at " + HEX,
                    r" *\d+ untyped %s, 4 MiB, %s bytes handed out" % (HEX, HEX),
                    r" *\d+   notification %s, rw" % HEX,
                    r" *\d+     notification %s, rw, badge 0x8" % HEX,
                    r" *\d+   endpoint %s, rwgp" % HEX,
                    r" *\d+     endpoint %s, r---( \(copy\))?" % HEX,
                    r" *\d+     endpoint %s, -wg-, badge 0x42" % HEX)
        self.expect("albireo caps ready", "capabilities of 'ready' at " + HEX,
                    "  CSpace +CNode %s, 16 slots, guard 0x0 of 60 bits" % HEX,
                    "  0x5 +endpoint %s, r---" % HEX)
        self.expect("albireo caps %s->slots[3]" % named("faulter"),
                    r" *\d+ endpoint %s, rwgp \(copy\)" % HEX)

    def test_address_space(self):
        self.expect("albireo vspace faulter", "'faulter' at %s: page table %s, root of ASID 2" % (
            HEX, HEX),
            r"  0x000000400000\.\.0x000000401000 -> %s rw-u-ad, 1 x 4 KiB" % HEX,
            r"  0x000000402000\.\.0x000000403000 -> %s r-xu-ad, 1 x 4 KiB" % HEX)
        self.expect("print *%s->slots[1].cap.table" % named("faulter"),
                    r"\$\d+ = page table at %s, \d+ entries" % HEX,
                    r"  \[0\] table at " + HEX, r"  \[256\.\.511\] from page at 0x0 rwx-gad")
        self.assertEqual(self.out["albireo pte 0x20100cd7"], "page at 0x80403000 rw-u-ad")
        self.assertEqual(self.out["albireo pte 0x20100c01"], "table at 0x80403000")
        self.assertEqual(self.out["albireo pte 0"], "empty")
        self.assertEqual(self.out["albireo pte 2"], "invalid (0x2)")

    def test_event(self):
        self.expect("albireo event", r"event \d+ at \d+ ticks; not in the kernel now, current is "
                    "'rootserver' at " + HEX)

    def test_printers(self):
        for name, text in (
                ("server", r"blocked on notification \(notification %s\), priority 120" % HEX),
                ("client", r"blocked on reply \(reply %s\), priority 110" % HEX)):
            self.expect("print *" + named(name), r"\$\d+ = '%s' at %s: %s" % (name, HEX, text))
        self.expect("print $t", r"\$\d+ = .*0x2000\w+ <'ready' at %s: restart, in the ready "
                    "queue, priority 90>" % HEX)
        self.expect("print *%s->endpoint" % named("first"),
                    r"\$\d+ = endpoint {senders: 'first' at .*, 'second' at .*, 'faulter' at .*}")
        self.expect("print *%s->reply" % named("client"),
                    r"\$\d+ = reply {'client' at %s waits for the answer}" % HEX)
        self.expect("print *%s->ntfn" % named("server"),
                    r"\$\d+ = notification {waiting: 'server' at %s}" % HEX)
        self.expect("print %s->slots[3].cap" % named("faulter"),
                    r"\$\d+ = endpoint %s, rwgp" % HEX)
        self.expect("print *%s->sc" % named("poor"), r"\$\d+ = scheduling context {200 us in "
                    r"50000 us, of 'poor' at %s; \d of 2 refills \(ticks\): .*}" % HEX)
        self.expect("print %s->sc->refills" % named("client"),
                    r"\$\d+ = refills {2 of 2 refills \(ticks\): \d+ from \d+, \d+ from \d+}")
        self.expect("print %s->fault" % named("faulter"),
                    r"\$\d+ = VM fault at 0x123000, status 5")
        self.expect("print $k->cores[0].release", r"\$\d+ = thread_list {'poor' at %s}" % HEX)
        self.expect("print $k->cores[0].ready[0]",
                    r"\$\d+ = ready queues {90: 'ready' at %s}" % HEX)
        self.expect("print $t->slots", r"\$\d+ = {slot \d+: CNode .*, slot \d+: page table .*}")
        self.expect("print *$k->asid_pools[0]", r"\$\d+ = ASID pool {1: %s, 2: %s}" % (HEX, HEX))


class InTheKernel(unittest.TestCase):
    """Stopped in the core, in C, with arguments and a backtrace."""

    def test_an_event(self):
        out = debugger.run(PROGRAM, ("albireo event", "backtrace", "info args"), before=(
            "tbreak endpoint_send", "run", "up", "down"))
        self.assertRegex(out["albireo event"], r"event \d+ at \d+ ticks\n"
                         r"Call by 'client' at %s\n  to %s, endpoint %s, rwgp\n"
                         "  label 7, 2 words, 0 capabilities; a2 to a5: 0x1, 0x2, 0x.*, 0x.*" % (
                             HEX, HEX, HEX))
        self.assertRegex(out["info args"], r"endpoint = %s <receivers: 'server' at %s>" % (
            HEX, HEX))
        self.assertRegex(out["info args"], "sender = %s <'client' at .*current>" % HEX)
        self.assertIn("kernel_on_syscall", out["backtrace"])

    def test_an_invocation(self):
        out = debugger.run(PROGRAM, ("albireo event",), before=(
            "break untyped_retype", "run"))
        self.assertRegex(out["albireo event"], r"Call by 'rootserver' at %s\n"
                         r"  to %s, untyped %s, .*\n  label 1 UNTYPED_RETYPE, 6 words, "
                         "1 capabilities" % (HEX, HEX, HEX))

    def test_a_fault(self):
        out = debugger.run(PROGRAM, ("albireo event",), before=("break kernel_on_fault", "run"))
        self.assertRegex(out["albireo event"], "exception 0xd, value 0x123000, of 'faulter' at "
                         "%s at pc %s" % (HEX, HEX))

    def test_a_tick(self):
        out = debugger.run(PROGRAM, ("albireo event",), before=("break kernel_on_tick", "run"))
        self.assertRegex(out["albireo event"], "timer; current is 'poor' at " + HEX)


class Broken(unittest.TestCase):
    """States that no kernel should have: told in words, never an exception of Python."""

    def after(self, *damage):
        sets = tuple("set var " + assignment for assignment in damage)
        out = debugger.run(PROGRAM, COMMANDS + PRINTS, before=AT_THE_SCENE + sets)
        for command in COMMANDS:
            self.assertTrue(out[command].strip(), command)
        return out

    def test_bad_pointers_of_a_thread(self):
        out = self.after("$t->sc = 0x8", "$t->all_next = 0x77", "$t->state = 99", "$t->queue = 9",
                         "$t->slots[1].cap.type = 99", "$t->fault.type = 77")
        self.assertIn("(bad thread pointer 0x77)", out["albireo threads"])
        self.assertIn("(bad scheduling context pointer 0x8)", out["albireo threads"])
        self.assertIn("(bad thread state 99)", out["print *$t"])
        self.assertIn("(bad cap type 99)", out["print $t->slots"])
        self.assertIn("(not an object in RAM)", self.of("print $t->sc", "$t->sc = 0x8"))

    def of(self, command, *damage):
        sets = tuple("set var " + assignment for assignment in damage)
        return debugger.run(PROGRAM, (command,), before=AT_THE_SCENE + sets)[command]

    def test_circles(self):
        out = self.after("$t->queue_next = $t", "$t->all_next->all_next = $t",
                         "$k->cdt_root.next = ((struct slot *) &$t->slots[0]) - $k->slot_base",
                         "$t->slots[0].next = $k->cdt_root.next")
        self.assertIn("(the list goes in circles", out["albireo queues"])
        self.assertIn("(the list goes in circles", out["albireo threads"])

    def test_bad_sequence(self):
        out = self.after("$k->cdt_root.next = 0xFFFFFFFF")
        self.assertIn("(bad slot number 4294967295)", out["albireo caps"])

    def test_bad_tables(self):
        out = self.after("$t->slots[1].cap.table->entries[0] = 0x3FFFFFFFFFFC01",
                         "$t->slots[1].cap.table->entries[1] = 0xAA",
                         "$t->slots[0].cap.slots = 0x10", "$t->sc->refills.count = 9999",
                         "$t->sc->refills.ring = 0x9")
        self.assertIn("(bad page table 0x", out["albireo vspace $t"])
        self.assertIn("invalid (0xaa)", out["albireo vspace $t"])
        self.assertIn("(bad CNode pointer 0x10)", out["albireo caps $t"])
        self.assertIn("(bad ring: 9999 of 2", out["print *$t->sc"])

    def test_bad_kernel(self):
        out = self.after("$k->cores[0].current = 0x1", "$k->threads = 0x3", "$k->this_core = 88",
                         "$k->ticks_per_us = 0", "$k->cores[0].idle = 0")
        self.assertIn("(bad thread pointer 0x1)", out["albireo event"])
        self.after("$k->window = 0", "$k->ram_top = 0", "$k->slot_base = 0")
        self.after("live->k = 0x1234")


def refusal(command, before=AT_THE_SCENE):
    """What a command says that may fail: gdb would go no further."""
    python = "python exec(\"try: gdb.execute('''%s''')\\nexcept gdb.error as error: " \
        "print('refused:', error)\")" % command
    return debugger.run(PROGRAM, (python,), before=before)[python]


class Arguments(unittest.TestCase):
    def test_before_there_is_a_kernel(self):
        self.assertIn("refused: no kernel is there", refusal("albireo threads", before=()))
        self.assertIn("refused: no kernel is there",
                      refusal("albireo threads", before=("break main", "run")))

    def test_wrong_ones(self):
        for command, text in (
                ("albireo thread nobody_at_all", "refused: nobody_at_all: No symbol"),
                ("albireo thread 17", "refused: no thread is called '17'"),
                ("albireo caps 1.5", "refused: '1.5' is neither a thread nor a slot"),
                ("albireo caps *", "refused: *: "),
                ("albireo caps 5", "slot 5 is empty"),
                ("albireo caps (struct slot *) &$t->slots[1].cap.table->entries[256]",
                 "is no slot: it is not in the derivation sequence"),
                ("albireo caps 0xFFFFFFFFFFF", "(bad slot pointer"),
                ("albireo kernel now", "refused: albireo kernel takes no argument"),
                ("albireo pte", "refused: albireo pte needs an expression"),
                ("albireo nonsense", "refused: no such command")):
            self.assertIn(text, refusal(command))

    def test_help(self):
        out = debugger.run(PROGRAM, ("albireo", "help albireo caps"))
        self.assertRegex(out["albireo"], r"(?m)^albireo vspace \[THREAD\] +What a thread's")
        self.assertIn("Usage: albireo caps [THREAD | SLOT]", out["help albireo caps"])


if __name__ == "__main__":
    unittest.main()
