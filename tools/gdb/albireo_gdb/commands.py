# SPDX-License-Identifier: BSD-2-Clause
"""The command `albireo` and its subcommands. Each prints to gdb's standard output."""

import gdb

from albireo_gdb import words
from albireo_gdb.state import Bad, WORD, enum_value, find_kernel, in_words, simulator

REGISTERS = (
    "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 "
    "s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6").split()
SLOTS = ("CSpace", "VSpace", "IPC buffer", "fault handler", "timeout handler")
SHOWN = 10000


def write(line=""):
    gdb.write(line + "\n")


def the_kernel():
    k = find_kernel()
    if k is not None:
        return k
    try:
        gdb.lookup_type("struct kernel")
    except gdb.error:
        raise gdb.GdbError("the program's symbols do not describe struct kernel: load the "
                           "kernel's ELF file (file, add-symbol-file), compiled with -g") from None
    raise gdb.GdbError("no kernel is there, or its memory cannot be read now: stop the program in "
                       "the kernel after it has booted, such as at kernel_on_syscall")


# ---- Arguments ---------------------------------------------------------------------------------


def evaluate(text):
    try:
        return gdb.parse_and_eval(text)
    except gdb.error as error:
        raise gdb.GdbError("%s: %s" % (text, error)) from None


def struct_of(value):
    """The tag of the structure that a value is or points to, and the pointer."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_PTR:
        return kind.target().strip_typedefs().tag, value
    if kind.code == gdb.TYPE_CODE_STRUCT and value.address is not None:
        return kind.tag, value.address
    return None, value


def find_thread(k, text):
    """(pointer, thread) by debug name, by physical address, or by an expression of gdb."""
    text = text.strip("'") if text.count("'") == 2 and text[0] == text[-1] == "'" else text
    listed = []
    try:
        listed.extend(k.threads())
    except Bad:
        pass
    named = [found for found in listed if words.name_of(found[1]) == text]
    if len(named) > 1:
        raise gdb.GdbError("%d threads are called '%s': %s" % (
            len(named), text, ", ".join(words.address(k, pointer) for pointer, _ in named)))
    if named:
        return named[0]
    value = evaluate(text)
    tag, pointer = struct_of(value)
    number = int(pointer) & WORD
    for core in k.cores():
        listed.append((core["idle"], None))
    for found, _ in listed:
        if number in (int(found) & WORD, k.paddr(found)):
            return found, k.at(found, "thread")
    if tag == "thread":
        return pointer, k.at(pointer, "thread")
    return None


def thread_or_current(k, text):
    found = find_thread(k, text) if text else (k.current(), k.at(k.current(), "thread"))
    if found is None:
        raise gdb.GdbError("no thread is called '%s', or has its TCB there" % text)
    return found


# ---- Commands ----------------------------------------------------------------------------------

COMMANDS = []


def command(name, arguments=""):
    """Makes a function the subcommand `name`; its first argument is the kernel."""

    def make(function):
        COMMANDS.append((name, arguments, function.__doc__.strip().split("\n")[0]))

        class Command(gdb.Command):
            __doc__ = "%s\n\nUsage: albireo %s" % (
                function.__doc__, (name + " " + arguments).strip())

            def invoke(self, argument, _from_tty):
                if argument and not arguments:
                    raise gdb.GdbError("albireo %s takes no argument" % name)
                try:
                    function(the_kernel(), argument)
                except Bad as bad:
                    write(str(bad))
                except gdb.error as error:
                    write("(unreadable: %s)" % error)

        function.command = lambda: Command("albireo " + name, gdb.COMMAND_DATA)
        return function

    return make


@command("kernel")
def show_kernel(k, _):
    """The kernel in a few lines: time, memory, threads, capabilities."""
    write(words.kernel(k, k.value))


@command("threads")
def show_threads(k, _):
    """All threads: state and what they wait for, priority, time. A star: current."""
    rows = [(" ", "thread", "state", "priority", "time")]
    ending = None
    try:
        for pointer, thread in k.threads():
            rows.append(("*" if k.is_current(pointer) else " ", words.thread_name(k, pointer),
                         words.thread_state(k, thread), str(int(thread["priority"])),
                         words.sched_context_times(k, thread["sc"]) or "passive"))
    except Bad as bad:
        ending = str(bad)
    if k.is_idle(k.current()):
        rows.append(("*", "idle", "", "", ""))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        write(" ".join("%-*s" % (width, cell) for width, cell in zip(widths, row)).rstrip())
    if ending:
        write(ending)


def show_registers(regs):
    line = ""
    named = [(REGISTERS[i], int(regs["x"][i])) for i in range(1, 32)]
    for name, value in [("pc", int(regs["pc"])), ("trap", int(regs["fault_pc"]))] + named:
        piece = "%s %#x" % (name, value & WORD)
        if value and len(line) + len(piece) > 90:
            write("  " + line)
            line = ""
        if value:
            line += ("  " if line else "") + piece
    write("  " + line)


def show_one_thread(k, pointer, thread):
    write(words.thread_line(k, thread))
    show_registers(thread["regs"])
    if int(thread["sc"]) != 0:
        write("  scheduling context %s: %s" % (
            words.address(k, thread["sc"]),
            words.pointed(k, thread["sc"], words.sched_context)))
    else:
        write("  passive: no scheduling context")
    for index, what in enumerate(SLOTS):
        write("  %-15s %s" % (what, words.cap(k, thread["slots"][index]["cap"])))
    if int(thread["buffer_vaddr"]):
        write("  IPC buffer at  %#x" % int(thread["buffer_vaddr"]))
    if int(thread["bound_ntfn"]) != 0:
        write("  bound notification %s" % words.address(k, thread["bound_ntfn"]))
    if int(thread["yield_to"]) != 0:
        write("  yielded to scheduling context %s" % words.address(k, thread["yield_to"]))


@command("thread", "[THREAD]")
def show_thread(k, text):
    """One thread in full: registers, time, capabilities. The current one without argument.

THREAD is a debug name, the physical address of the TCB, or an expression."""
    show_one_thread(k, *thread_or_current(k, text))


@command("current")
def show_current(k, _):
    """The current thread of each core in full."""
    for index, core in enumerate(k.cores()):
        if len(k.cores()) > 1:
            write("core %d" % index)
        if k.is_idle(core["current"]):
            write("idle")
        else:
            show_one_thread(k, core["current"], k.at(core["current"], "thread"))


# ---- Capabilities ------------------------------------------------------------------------------


def show_tree(k, start=None):
    """The derivation sequence, indented; from a slot on, it and its descendants."""
    parents = []
    for number, slot in k.sequence(start):
        cap = slot["cap"]
        if int(cap["type"]) == 0:
            parents = []  # A head or a barrier: nobody's child, nobody's parent.
            continue
        while parents and not words.is_parent(k, parents[-1], cap):
            parents.pop()
        if start is not None and number != start and not parents:
            return
        write("%8d %s%s" % (number, "  " * len(parents), words.slot_content(k, slot)))
        parents.append(cap)


def show_cspace(k, pointer, thread):
    write("capabilities of %s" % words.thread_name(k, pointer))
    for index, what in enumerate(SLOTS):
        write("  %-18s %s" % (what, words.cap(k, thread["slots"][index]["cap"])))
    for count, (cptr, bits, slot) in enumerate(k.cspace(thread)):
        if count == SHOWN:
            write("  ... (more than %d)" % SHOWN)
            return
        where = "%#x" % cptr if bits == 64 else "%#x/%d" % (cptr, bits)
        write("  %-18s %s" % (where, words.cap(k, slot["cap"])))


@command("caps", "[THREAD | SLOT]")
def show_caps(k, text):
    """All capabilities as a derivation tree; a thread's CSpace; a slot and its descendants.

THREAD is as for `albireo thread`. SLOT is a slot's number, or an expression of type struct slot.
A capability pointer that does not use all 64 bits is printed as POINTER/BITS."""
    if not text:
        write("    slot capability")
        show_tree(k)
        return
    found = find_thread(k, text)
    if found is not None:
        show_cspace(k, *found)
        return
    tag, value = struct_of(evaluate(text))
    if tag in ("slot", "cap"):
        number = k.slot_number(value)
    elif tag is None and value.type.strip_typedefs().code == gdb.TYPE_CODE_INT:
        number = int(value)
    else:
        raise gdb.GdbError("'%s' is neither a thread nor a slot" % text)
    slot = k.at(k.slot(number), "slot")
    if int(slot["cap"]["type"]) == 0:
        write("slot %d is empty" % number)
    elif not k.is_linked(number, slot):
        write("number %d is no slot: it is not in the derivation sequence" % number)
    else:
        show_tree(k, number)


# ---- Queues ------------------------------------------------------------------------------------


def show_core(k, index, core):
    write("core %d at %d ticks: current %s, %s" % (
        index, int(core["now"]), words.thread_name(k, core["current"]),
        in_words("sched_action", "SCHED_", core["action"])))
    for domain in range(core["ready"].type.range()[1] + 1):
        ready = core["ready"][domain]
        for priority in range(255, -1, -1):
            if int(ready["words"][priority // 64]) >> (priority % 64) & 1:
                write("  ready, domain %d, priority %d: %s" % (
                    domain, priority, words.thread_list(k, ready["queues"][priority])))
    for pointer, thread in k.along(core["release"]["head"], "queue_next"):
        refills = k.at(thread["sc"], "scheduling context")["refills"]
        write("  released in %s: %s" % (
            k.us(int(refills["ring"][int(refills["head"])]["time"]) - int(core["now"])),
            words.thread_name(k, pointer)))


def show_objects(k):
    """Endpoints, notifications and Reply objects in which something waits."""
    looks = {
        enum_value("CAP_ENDPOINT"): ("endpoint", words.endpoint),
        enum_value("CAP_NOTIFICATION"): ("ntfn", words.ntfn),
        enum_value("CAP_REPLY"): ("reply", words.reply),
    }
    seen = set()
    for _, slot in k.sequence():
        cap = slot["cap"]
        look = looks.get(int(cap["type"]))
        if look is None or int(cap[look[0]]) in seen:
            continue
        seen.add(int(cap[look[0]]))
        text = words.pointed(k, cap[look[0]], look[1])
        if text not in ("idle", "nobody"):
            write("%s %s: %s" % (look[0] if look[0] != "ntfn" else "notification",
                                 words.address(k, cap[look[0]]), text))


@command("queues")
def show_queues(k, _):
    """Who is ready, waits for a release, an endpoint, a notification, or an answer."""
    for index, core in enumerate(k.cores()):
        try:
            show_core(k, index, core)
        except Bad as bad:
            write("  " + str(bad))
    show_objects(k)


# ---- Address spaces ----------------------------------------------------------------------------


def mappings(k, table, level=2, base=0):
    """(virtual, physical, size, flags) of the user's half, or (virtual, None, size, problem)."""
    size = 1 << (12 + 9 * level)
    try:
        entries = k.entries(table)
    except Bad as bad:
        yield base, None, 512 * size, str(bad)
        return
    for index in range(256 if level == 2 else 512):
        pte = entries[index]
        if pte == 0:
            continue
        if not words.pte_is_valid(pte):
            yield base + index * size, None, size, words.pte(pte)
        elif words.pte_is_table(pte) and level > 0:
            yield from mappings(k, words.pte_paddr(pte), level - 1, base + index * size)
        elif words.pte_is_table(pte):
            yield base + index * size, None, size, "(a table where a page should be: %#x)" % pte
        else:
            yield base + index * size, words.pte_paddr(pte), size, words.pte_flags(pte)


def merged(pieces):
    """Neighbours that continue each other as one: (virtual, physical, end, size, flags)."""
    last = None
    for virtual, physical, size, flags in pieces:
        if (last and physical is not None and last[3:] == (size, flags) and last[2] == virtual and
                last[1] is not None and last[1] + virtual - last[0] == physical):
            last = (*last[:2], virtual + size, size, flags)
            continue
        if last:
            yield last
        last = (virtual, physical, virtual + size, size, flags)
    if last:
        yield last


@command("vspace", "[THREAD]")
def show_vspace(k, text):
    """What a thread's address space maps, the user's half. The current thread without argument.

Flags are the letters of the RISC-V manual: rwxugad; page sizes are those of the leaves."""
    pointer, thread = thread_or_current(k, text)
    cap = thread["slots"][enum_value("THREAD_VSPACE")]["cap"]
    if int(cap["type"]) != enum_value("CAP_PAGE_TABLE"):
        write("%s has no address space: %s" % (words.thread_name(k, pointer), words.cap(k, cap)))
        return
    write("%s: %s" % (words.thread_name(k, pointer), words.cap(k, cap)))
    for virtual, physical, end, size, flags in merged(mappings(k, k.paddr(cap["table"]))):
        what = flags if physical is None else "-> %#x %s, %d x %s" % (
            physical, flags, (end - virtual) // size, words.size_words(size.bit_length() - 1))
        write("  %#014x..%#014x %s" % (virtual, end, what))


@command("pte", "EXPRESSION")
def show_pte(_, text):
    """A page-table entry in words."""
    if not text:
        raise gdb.GdbError("albireo pte needs an expression, such as table->entries[3]")
    write(words.pte(int(evaluate(text)) & WORD))


# ---- The event ---------------------------------------------------------------------------------


def entry_frame():
    """The frame of the kernel's entry function that is active, and its name."""
    try:
        frame = gdb.newest_frame()
    except gdb.error:
        return None, None
    while frame is not None:
        if frame.name() in ("kernel_on_syscall", "kernel_on_fault", "kernel_on_irq",
                            "kernel_on_tick"):
            return frame, frame.name()
        frame = frame.older()
    return None, None


def argument_of(frame, name):
    try:
        value = frame.read_var(name)
        return "?" if value.is_optimized_out else "%#x" % (int(value) & WORD)
    except (ValueError, gdb.error):
        return "?"


def syscall_name(number):
    """A call's name as users write it: NB_SEND_RECV is NBSendRecv."""
    name = in_words("abi_syscall", "ABI_SYS_", number)
    if name.startswith("("):
        return "unknown system call %d" % number
    return "".join("NB" if word == "nb" else word.capitalize() for word in name.split())


def message_words(k, thread, invoked):
    """The message in a thread's registers: label, length, capabilities, words."""
    x = thread["regs"]["x"]
    info = int(x[11])
    label = str(info >> 12)
    kind = "" if invoked is None else in_words("cap_type", "CAP_", invoked["type"])
    if kind not in ("", "null", "endpoint", "notification", "reply"):
        name = in_words("abi_label", "ABI_LABEL_", info >> 12)
        label += " " + name.upper().replace(" ", "_") if not name.startswith("(") else ""
    return "label %s, %d words, %d capabilities; a2 to a5: %s" % (
        label, info & 127, info >> 7 & 3, ", ".join("%#x" % int(x[i]) for i in range(12, 16)))


# Where a call has its destination, its source and its Reply object: numbers of registers.
SENDS_BY = {"Call": 10, "Send": 10, "NBSend": 10, "ReplyRecv": 16, "NBSendRecv": 5,
            "NBSendWait": 16}
RECEIVES_BY = {"Recv": 10, "NBRecv": 10, "Wait": 10, "NBWait": 10, "ReplyRecv": 10,
               "NBSendRecv": 10, "NBSendWait": 10}
REPLY_IN = ("Recv", "NBRecv", "ReplyRecv", "NBSendRecv")


def named_slot(k, thread, cptr):
    """A capability pointer and what it names; and the capability, or None."""
    slot = k.lookup(thread, cptr)
    cap = None if slot is None else slot["cap"]
    return "%#x, %s" % (cptr, "nothing" if cap is None else words.cap(k, cap)), cap


def describe_syscall(k, thread):
    """A system call that has not been executed yet, in lines."""
    x = thread["regs"]["x"]
    number = int(x[17])
    name = syscall_name(number - (1 << 64 if number >> 63 else 0))
    lines = ["%s by %s" % (name, words.thread_name(k, thread.address))]
    if name in SENDS_BY:
        text, cap = named_slot(k, thread, int(x[SENDS_BY[name]]))
        lines += ["  to %s" % text, "  " + message_words(k, thread, cap)]
    if name in RECEIVES_BY:
        lines.append("  from %s" % named_slot(k, thread, int(x[RECEIVES_BY[name]]))[0])
    if name in REPLY_IN:
        lines.append("  with %s" % named_slot(k, thread, int(x[16]))[0])
    return lines


@command("event")
def show_event(k, _):
    """What the kernel was entered for; in the hosted process also its number and time."""
    sim = simulator()
    head = "entry %d of the kernel" % int(k.value["counters"]["entries"])
    if sim is not None:
        head = "event %d at %d ticks" % (int(sim["machine"]["events"]), int(sim["machine"]["now"]))
        message = sim["message"].string(errors="replace")
        if message:
            head += "; ended: " + message
    frame, name = entry_frame()
    if frame is None:
        write("%s; not in the kernel now, current is %s" % (
            head, words.thread_name(k, k.current())))
        return
    write(head)
    thread = k.at(k.current(), "thread")
    if name == "kernel_on_syscall":
        for line in describe_syscall(k, thread):
            write(line)
    elif name == "kernel_on_fault":
        write("exception %s, value %s, of %s at pc %#x" % (
            argument_of(frame, "cause"), argument_of(frame, "value"),
            words.thread_name(k, k.current()), int(thread["regs"]["pc"])))
    elif name == "kernel_on_irq":
        write("interrupt %s; current is %s" % (argument_of(frame, "irq"),
                                               words.thread_name(k, k.current())))
    else:
        write("timer; current is %s" % words.thread_name(k, k.current()))


# ---- All ---------------------------------------------------------------------------------------


class Albireo(gdb.Command):
    def invoke(self, argument, _from_tty):
        if argument:
            raise gdb.GdbError("no such command: albireo %s; see `help albireo`" % argument)
        for name, arguments, what in COMMANDS:
            write("albireo %-24s %s" % ((name + " " + arguments).strip(), what))


def register():
    Albireo.__doc__ = "The Albireo kernel in the debugged program, in words."
    Albireo("albireo", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)
    for function in list(globals().values()):
        if hasattr(function, "command") and callable(function.command):
            function.command()
