# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's objects in words: each function describes one, in a line.

`k` is a state.Kernel, or None while there is no kernel; then addresses are those of pointers.
"""

import functools

import gdb

from albireo_gdb.state import Bad, WORD, fetch, in_words

PAGE_BITS = 12
QUEUE_SHOWN = 16


def guarded(describe):
    """What cannot be described says so."""

    @functools.wraps(describe)
    def safely(*arguments):
        try:
            return describe(*arguments)
        except Bad as bad:
            return str(bad)
        except (gdb.error, OverflowError, ValueError, IndexError) as error:
            return "(unreadable: %s)" % error

    return safely


def size_words(size_bits):
    size_bits = int(size_bits)
    for unit, name in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size_bits >= unit:
            return "%d %s" % (1 << (size_bits - unit), name)
    return "%d bytes" % (1 << size_bits)


def address(k, pointer):
    """An object's physical address, by which everybody calls it."""
    if int(pointer) == 0:
        return "none"
    if k is None or not k.in_ram(pointer, 1, 1):
        return "%#x" % (int(pointer) & WORD)
    return "%#x" % k.paddr(pointer)


def rights(value):
    """r read (receive), w write (send), g grant, p grant-reply."""
    bits = ((2, "r"), (1, "w"), (4, "g"), (8, "p"))
    return "".join(letter if int(value) & bit else "-" for bit, letter in bits)


# ---- Threads -----------------------------------------------------------------------------------


def name_of(thread):
    return bytes(int(thread["name"][i]) & 0xFF
                 for i in range(min(64, thread["name"].type.range()[1]))
                 ).split(b"\0")[0].decode(errors="replace")


@guarded
def thread_name(k, pointer):
    """'name' at ADDRESS, of a pointer to a thread."""
    if int(pointer) == 0:
        return "nobody"
    if k is not None and k.is_idle(pointer):
        return "idle"
    thread = k.at(pointer, "thread") if k is not None else fetch(pointer.dereference())
    return "'%s' at %s" % (name_of(thread), address(k, pointer))


@guarded
def waits_for(k, thread):
    """What a thread is blocked on; "" if it is not."""
    state = in_words("thread_state", "THREAD_", thread["state"])
    if state in ("blocked on receive", "blocked on send"):
        words = "endpoint " + address(k, thread["endpoint"])
        if state == "blocked on send":
            words += ", badge %#x" % int(thread["badge"])
            words += ", call" if thread["is_call"] else ""
        elif int(thread["reply"]) != 0:
            words += ", reply " + address(k, thread["reply"])
        return words
    if state == "blocked on reply":
        return "reply " + address(k, thread["reply"])
    if state == "blocked on notification":
        return "notification " + address(k, thread["ntfn"])
    return ""


@guarded
def thread_state(k, thread):
    """The state, and what for."""
    words = in_words("thread_state", "THREAD_", thread["state"])
    what = waits_for(k, thread)
    queue = in_words("thread_queue", "THREAD_QUEUE_", thread["queue"])
    if what:
        words += " (%s)" % what
    elif queue in ("ready", "release"):
        words += ", in the %s queue" % queue
    return words


@guarded
def thread_line(k, thread):
    words = "'%s'" % name_of(thread)
    if thread.address is not None:
        if k is not None and k.is_idle(thread.address):
            return "idle"
        words += " at " + address(k, thread.address)
    words += ": %s, priority %d" % (thread_state(k, thread), int(thread["priority"]))
    if int(thread["fault"]["type"]) != 0:
        words += ", " + fault(thread["fault"])
    if k is not None and thread.address is not None and k.is_current(thread.address):
        words += ", current"
    return words


@guarded
def fault(value):
    kind = in_words("fault_type", "FAULT_", value["type"])
    if kind == "none":
        return "no fault"
    words = "%s fault" % (kind if kind != "vm" else "VM")
    if kind == "vm":
        words += " at %#x, %s" % (int(value["address"]),
                                  "fetch" if value["fetch"] else "status %d" % int(value["code"]))
    elif kind == "cap":
        words += " at %#x, %s phase" % (int(value["address"]),
                                        "receive" if value["receive_phase"] else "send")
    elif kind == "timeout":
        words += ", badge %#x" % int(value["address"])
    else:
        words += ", number %d" % int(value["address"])
    return words


@guarded
def thread_list(k, value):
    """The elements of a queue, from the head."""
    names = []
    try:
        for pointer, _ in k.along(value["head"], "queue_next") if k is not None else ():
            if len(names) == QUEUE_SHOWN:
                names.append("...")
                break
            names.append(thread_name(k, pointer))
    except Bad as bad:
        names.append(str(bad))
    return ", ".join(names) if names else "empty"


# ---- Objects -----------------------------------------------------------------------------------


@guarded
def pointed(k, pointer, describe):
    """What `describe` says of the object that is pointed to."""
    return describe(k, k.at(pointer, "object"))


@guarded
def endpoint(k, value):
    head = value["queue"]["head"]
    if int(head) == 0:
        return "idle"
    state = in_words("thread_state", "THREAD_", k.at(head, "thread")["state"]) if k else ""
    who = {"blocked on receive": "receivers", "blocked on send": "senders"}.get(state, "queued")
    return "%s: %s" % (who, thread_list(k, value["queue"]))


@guarded
def ntfn(k, value):
    state = in_words("ntfn_state", "NTFN_", value["state"])
    words = state
    if state == "active":
        words += ", badge %#x" % int(value["badge"])
    if int(value["queue"]["head"]) != 0:
        words += ": " + thread_list(k, value["queue"])
    if int(value["bound"]) != 0:
        words += ", bound to " + thread_name(k, value["bound"])
    if int(value["sc"]) != 0:
        words += ", scheduling context " + address(k, value["sc"])
    return words


@guarded
def reply(k, value):
    words = thread_name(k, value["thread"])
    if int(value["thread"]) != 0 and k is not None:
        state = in_words("thread_state", "THREAD_", k.at(value["thread"], "thread")["state"])
        words += " waits for the answer" if state == "blocked on reply" else " receives with it"
    for field, what in (("prev", "below it"), ("next", "above it")):
        if int(value[field]) != 0:
            words += ", %s %s" % (what, address(k, value[field]))
    if int(value["sc"]) != 0:
        words += ", top of the stack of scheduling context " + address(k, value["sc"])
    return words


@guarded
def refills(k, value):
    """The ring in order: (amount from time)."""
    size, count, head = (int(value[field]) for field in ("max", "count", "head"))
    if size == 0:
        return "inactive"
    if count > size or head >= size:
        return "(bad ring: %d of %d, head %d)" % (count, size, head)
    if k is not None:
        k.at(value["ring"], "refill")
    listed = ["%d from %d" % (int(entry["amount"]), int(entry["time"]))
              for entry in (value["ring"][(head + i) % size] for i in range(min(count, 64)))]
    words = ", ".join(listed) + (", ..." if count > 64 else "")
    return "%d of %d refills (ticks): %s" % (count, size, words)


def _times(k, r):
    if int(r["period"]) == 0:
        return "%s round robin" % (k.us(r["budget"]) if k else "%d" % int(r["budget"]))
    if k is None:
        return "%d in %d ticks" % (int(r["budget"]), int(r["period"]))
    return "%s in %s" % (k.us(r["budget"]), k.us(r["period"]))


@guarded
def sched_context_times(k, pointer):
    """Budget and period, of a pointer; "" if null."""
    if int(pointer) == 0:
        return ""
    value = k.at(pointer, "scheduling context")
    return _times(k, value["refills"]) if int(value["refills"]["max"]) != 0 else "inactive"


@guarded
def sched_context(k, value):
    words = "inactive"
    if int(value["refills"]["max"]) != 0:
        words = _times(k, value["refills"])
    if value["sporadic"]:
        words += ", sporadic"
    if int(value["badge"]) != 0:
        words += ", badge %#x" % int(value["badge"])
    words += ", of " + thread_name(k, value["thread"])
    for field, what in (("ntfn", "notification"), ("reply", "lent, top of the stack")):
        if int(value[field]) != 0:
            words += ", %s %s" % (what, address(k, value[field]))
    if int(value["yield_from"]) != 0:
        words += ", awaited by " + thread_name(k, value["yield_from"])
    return words + "; " + refills(k, value["refills"])


# ---- Page tables -------------------------------------------------------------------------------


def pte_flags(pte):
    """Letters as in the RISC-V manual, or '-': Read Write eXecute User Global Accessed Dirty."""
    bits = ((2, "r"), (4, "w"), (8, "x"), (16, "u"), (32, "g"), (64, "a"), (128, "d"))
    return "".join(letter if pte & bit else "-" for bit, letter in bits)


def pte_is_valid(pte):
    return pte & 1 != 0


def pte_is_table(pte):
    return pte & 0xF == 1


def pte_paddr(pte):
    return (pte >> 10 & ((1 << 44) - 1)) << PAGE_BITS


def pte(value):
    value = int(value)
    if value == 0:
        return "empty"
    if not pte_is_valid(value):
        return "invalid (%#x)" % value
    if pte_is_table(value):
        return "table at %#x" % pte_paddr(value)
    return "page at %#x %s" % (pte_paddr(value), pte_flags(value))


def entry_runs(entries):
    """(first, last, entry): pages that follow each other, with the same flags, as one."""
    runs = []
    step = 0
    for index, entry in enumerate(entries):
        if entry == 0:
            continue
        if runs and runs[-1][1] == index - 1 and pte_is_valid(entry) and not pte_is_table(entry):
            first, _, start = runs[-1]
            if first == index - 1:
                step = entry - start
            continues = entry == start + step * (index - first)
            if continues and step > 0 and pte_flags(entry) == pte_flags(start):
                runs[-1] = (first, index, start)
                continue
        runs.append((index, index, entry))
    return runs


@guarded
def page_table(k, value):
    """Its entries that are not empty, in lines."""
    entries = [int(value["entries"][index]) for index in range(512)]
    place = "" if value.address is None else " at " + address(k, value.address)
    lines = ["page table%s, %d entries" % (place, sum(1 for entry in entries if entry))]
    for first, last, entry in entry_runs(entries):
        if first == last:
            lines.append("  [%d] %s" % (first, pte(entry)))
        else:
            lines.append("  [%d..%d] from %s" % (first, last, pte(entry)))
    return "\n".join(lines)


# ---- Capabilities ------------------------------------------------------------------------------


def _badge(cap):
    return ", badge %#x" % int(cap["badge"]) if int(cap["badge"]) else ""


def _frame(_k, cap):
    words = "%#x, %s, %s" % (int(cap["paddr"]), size_words(cap["bits"]), rights(cap["rights"])[:2])
    words += ", device" if cap["device"] else ""
    if int(cap["asid"]):
        words += ", mapped at %#x in ASID %d" % (int(cap["vaddr"]), int(cap["asid"]))
    return words


def _untyped(_k, cap):
    used = 16 * int(cap["free_index"])
    handed_out = "unused" if used == 0 else "%#x bytes handed out" % used
    if used == 1 << int(cap["bits"]):
        handed_out = "all handed out"
    return "%#x, %s%s, %s" % (int(cap["paddr"]), size_words(cap["bits"]),
                              ", device" if cap["device"] else "", handed_out)


def _page_table(k, cap):
    words = address(k, cap["table"])
    asid = int(cap["asid"])
    if not asid:
        return words
    if k is not None and k.root_of_asid(asid) == k.paddr(cap["table"]):
        return words + ", root of ASID %d" % asid
    return words + ", mapped at %#x in ASID %d" % (int(cap["vaddr"]), asid)


def _endpoint(k, cap):
    return "%s, %s%s" % (address(k, cap["endpoint"]), rights(cap["rights"]), _badge(cap))


def _ntfn(k, cap):
    return "%s, %s%s" % (address(k, cap["ntfn"]), rights(cap["rights"])[:2], _badge(cap))


def _cnode(k, cap):
    words = "%s, %d slots" % (address(k, cap["slots"]), 1 << int(cap["bits"]))
    if int(cap["guard_bits"]):
        words += ", guard %#x of %d bits" % (int(cap["guard"]), int(cap["guard_bits"]))
    return words


def _zombie(k, cap):
    of_tcb = int(cap["bits"]) == 0
    return "of a %s at %s, %d slots left, ring %d..%d%s" % (
        "TCB" if of_tcb else "CNode of %d slots" % (1 << int(cap["bits"])),
        address(k, cap["slots"]), int(cap["left"]), int(cap["ring_prev"]), int(cap["ring_next"]),
        ", anchor" if cap["anchor"] else "")


def _pool(k, cap):
    return "%s, ASIDs from %d" % (address(k, cap["pool"]), int(cap["asid_base"]))


_OBJECTS = {
    "frame": _frame,
    "untyped": _untyped,
    "page table": _page_table,
    "endpoint": _endpoint,
    "notification": _ntfn,
    "reply": lambda k, cap: "%s, %s" % (address(k, cap["reply"]), rights(cap["rights"])),
    "CNode": _cnode,
    "TCB": lambda k, cap: thread_name(k, cap["thread"]),
    "ASID pool": _pool,
    "IRQ handler": lambda _k, cap: "%d" % int(cap["irq"]),
    "zombie": _zombie,
    "scheduling context": lambda k, cap: "%s, %s" % (address(k, cap["sc"]),
                                                     size_words(cap["bits"])),
    "SchedControl": lambda _k, cap: "of core %d" % int(cap["core"]),
}


@guarded
def cap(k, value):
    """Type, object, rights, badge, guard, mapping."""
    kind = in_words("cap_type", "CAP_", value["type"])
    words = kind
    if kind in _OBJECTS:
        words += " " + guarded(_OBJECTS[kind])(k, value)
    return words


@guarded
def slot_content(k, value):
    """The capability, and whether it is a copy, which can have no descendants."""
    words = cap(k, value["cap"])
    if int(value["cap"]["type"]) != 0 and not int(value["cap"]["cdt"]) & 1:
        words += " (copy)"
    return words


@guarded
def slot(k, value):
    words = slot_content(k, value)
    if k is not None and value.address is not None:
        words = "slot %d: %s" % (k.slot_number(value.address), words)
    return words


def _region(k, cap):
    """Base and size of the memory that a capability's object occupies, or None."""
    kind = in_words("cap_type", "CAP_", cap["type"])
    bits = {
        "endpoint": 4, "notification": 6, "reply": 5, "page table": 12, "ASID pool": 12,
        "untyped": int(cap["bits"]), "frame": int(cap["bits"]),
        "scheduling context": int(cap["bits"]), "CNode": int(cap["bits"]) + 5,
    }.get(kind)
    if kind == "TCB" or kind == "zombie" and int(cap["bits"]) == 0:
        bits = (gdb.lookup_type("struct thread").sizeof - 1).bit_length()
    elif kind == "zombie":
        bits = int(cap["bits"]) + 5
    if bits is None:
        return None
    base = int(cap["paddr"])
    return (base if kind in ("untyped", "frame") else k.paddr(base)), 1 << bits


def _covers(k, a, b):
    """core/cap.c, cap_covers(), on the debugged program's values."""
    kind = in_words("cap_type", "CAP_", a["type"])
    same_type = int(a["type"]) == int(b["type"])
    if kind in ("untyped", "frame"):
        outer, inner = _region(k, a), _region(k, b)
        return (inner is not None and (kind == "untyped" or same_type) and
                outer[0] <= inner[0] and inner[0] + inner[1] <= outer[0] + outer[1])
    if kind in ("SchedControl", "domain", "ASID control"):
        return same_type
    if kind == "IRQ control":
        return in_words("cap_type", "CAP_", b["type"]) in ("IRQ control", "IRQ handler")
    if kind in ("null", "zombie"):
        return False
    sized = kind in ("CNode", "scheduling context")
    return (same_type and int(a["slots"]) == int(b["slots"]) and
            (not sized or int(a["bits"]) == int(b["bits"])))


def is_parent(k, a, b):
    """core/cdt.c, cdt_is_parent(): capability a is a parent of the later b."""
    if not int(a["cdt"]) & 1 or not _covers(k, a, b):
        return False
    has_badge = in_words("cap_type", "CAP_", a["type"]) in ("endpoint", "notification")
    if not has_badge or int(a["badge"]) == 0:
        return True
    return int(a["badge"]) == int(b["badge"]) and not int(b["cdt"]) & 2


# ---- The kernel as a whole ---------------------------------------------------------------------


@guarded
def kernel(k, value):
    """A summary of struct kernel, in lines."""
    core = value["cores"][int(value["this_core"])]
    lines = ["kernel: core %d of %d, entry %d at %d ticks, %d ticks per us" % (
        int(value["this_core"]), value["cores"].type.range()[1] + 1,
        int(value["counters"]["entries"]), int(core["now"]), int(value["ticks_per_us"]))]
    lines.append("  RAM %#x..%#x, seen at +%#x" % (int(value["ram_base"]), int(value["ram_top"]),
                                                 int(value["window"])))
    if k is not None:
        lines.append("  current " + thread_name(k, core["current"]))
        states = {}
        for _, thread in k.threads():
            state = in_words("thread_state", "THREAD_", thread["state"])
            states[state] = states.get(state, 0) + 1
        lines.append("  %d threads: %s" % (sum(states.values()), ", ".join(
            "%d %s" % (count, state) for state, count in sorted(states.items()))))
        lines.append("  %d capabilities" % sum(
            1 for _, slot_ in k.sequence() if int(slot_["cap"]["type"]) != 0))
    return "\n".join(lines)
