# SPDX-License-Identifier: BSD-2-Clause
"""Finding the kernel in the debugged program, and walking its state.

A debugger is wanted most when the state is broken. So nothing here trusts a pointer: what cannot
be followed raises Bad, with the words to print in its place, and every list has a limit.
"""

import gdb

LIST_LIMIT = 100000
SLOT_BYTES = 32
PT_ENTRIES = 512
WORD = (1 << 64) - 1

# Words of the enumerations' names that are written differently.
_NAMES = {
    "asid": "ASID", "cnode": "CNode", "ipi": "IPI", "irq": "IRQ", "ntfn": "notification",
    "sched": "scheduling", "sched_control": "SchedControl", "tcb": "TCB",
}


class Bad(Exception):
    """Something that should be there cannot be read, or makes no sense."""


def in_words(enum, prefix, value):
    """The name of an enumeration's value: THREAD_BLOCKED_ON_SEND is "blocked on send"."""
    value = int(value)
    try:
        fields = gdb.lookup_type("enum " + enum).fields()
    except gdb.error:
        return "%s %d" % (enum, value)
    for field in fields:
        # Of the same enumeration, but a name of their number: those that end in COUNT.
        if field.enumval == value and not field.name.endswith("_COUNT"):
            words = field.name[len(prefix):].lower()
            if words in _NAMES:
                return _NAMES[words]
            return " ".join(_NAMES.get(word, word) for word in words.split("_"))
    return "(bad %s %d)" % (enum.replace("_", " "), value)


def enum_value(name):
    """The number of an enumeration constant of the program."""
    try:
        return int(gdb.parse_and_eval(name))
    except gdb.error:
        raise Bad("(the program has no %s: was it compiled with -g?)" % name) from None


def fetch(value):
    """The value, read from memory now and at once."""
    try:
        value.fetch_lazy()
    except gdb.error as error:
        raise Bad("(%s)" % str(error)[:1].lower() + str(error)[1:]) from None
    return value


def points_to(kind, tag):
    """The type is a pointer to struct `tag`; C++ calls that just `tag`."""
    kind = kind.strip_typedefs()
    return kind.code == gdb.TYPE_CODE_PTR and kind.target().strip_typedefs().tag == tag


def read_memory(address, size):
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except gdb.error as error:
        raise Bad("(%s)" % error) from None


# ---- The kernel --------------------------------------------------------------------------------


def simulator():
    """The hosted body's struct sim, or None."""
    try:
        symbol = gdb.lookup_static_symbol("live")
        if symbol is None or not points_to(symbol.type, "sim"):
            return None
        pointer = symbol.value()
        return None if int(pointer) == 0 else pointer.dereference()
    except gdb.error:
        return None


def _on_riscv():
    try:
        symbol = gdb.lookup_global_symbol("the_machine")
        if symbol is None:
            return None
        pointer = symbol.value()["cpus"][0]["k"]
        return None if int(pointer) == 0 else pointer
    except gdb.error:
        return None


def _in_a_frame():
    """Any function's `k`: for programs that are neither, such as tests of the core."""
    try:
        frame = gdb.selected_frame()
    except gdb.error:
        return None
    while frame is not None:
        try:
            value = frame.read_var("k")
            if points_to(value.type, "kernel") and not value.is_optimized_out and int(value) != 0:
                return value
        except (ValueError, RuntimeError, gdb.error):
            pass
        frame = frame.older()
    return None


def find_kernel():
    """The kernel's state as Kernel, or None."""
    try:
        gdb.lookup_type("struct kernel")
    except gdb.error:
        return None
    sim = simulator()
    if sim is not None:
        try:
            if int(sim["k"]) != 0:
                return Kernel(sim["k"])
        except (gdb.error, Bad):
            pass
    for find in (_on_riscv, _in_a_frame):
        pointer = find()
        if pointer is not None:
            try:
                return Kernel(pointer)
            except Bad:
                pass
    return None


class Kernel:
    """struct kernel, and everything that it leads to."""

    def __init__(self, pointer):
        self.value = pointer.dereference()
        self.address = int(pointer) & WORD
        try:
            self.window = int(self.value["window"])
            self.ram_base = int(self.value["ram_base"])
            self.ram_top = int(self.value["ram_top"])
            self.slot_base = int(self.value["slot_base"]) & WORD
            self.ticks_per_us = int(self.value["ticks_per_us"])
        except gdb.error as error:
            raise Bad("(no kernel: %s)" % error) from None

    def paddr(self, pointer):
        return (int(pointer) - self.window) & WORD

    def in_ram(self, pointer, size, alignment=8):
        paddr = self.paddr(pointer)
        return (paddr % alignment == 0 and self.ram_base <= paddr and
                paddr + size <= self.ram_top)

    def at(self, pointer, what):
        """What a pointer of the kernel points to."""
        target = pointer.type.strip_typedefs().target()
        if not self.in_ram(pointer, target.sizeof):
            raise Bad("(bad %s pointer %#x)" % (what, int(pointer) & WORD))
        return fetch(pointer.dereference())

    def pointer(self, paddr, struct):
        """A typed pointer to a physical address."""
        address = gdb.Value((paddr + self.window) & WORD)
        return address.cast(gdb.lookup_type("struct " + struct).pointer())

    def us(self, ticks):
        return "%d us" % (int(ticks) // self.ticks_per_us) if self.ticks_per_us else "? us"

    # -- Threads --

    def cores(self):
        array = self.value["cores"]
        return [array[i] for i in range(array.type.range()[1] + 1)]

    def core(self):
        index = int(self.value["this_core"])
        cores = self.cores()
        return cores[index] if index < len(cores) else cores[0]

    def is_idle(self, pointer):
        return any(int(pointer) == int(core["idle"]) for core in self.cores())

    def current(self):
        return self.core()["current"]

    def is_current(self, pointer):
        return any(int(pointer) == int(core["current"]) for core in self.cores())

    def along(self, pointer, link):
        """(pointer, thread) along a list of threads. A bad one ends it with Bad."""
        seen = set()
        while int(pointer) != 0:
            if int(pointer) in seen:
                raise Bad("(the list goes in circles, back to %#x)" % self.paddr(pointer))
            if len(seen) >= LIST_LIMIT:
                raise Bad("(the list has more than %d elements)" % LIST_LIMIT)
            seen.add(int(pointer))
            thread = self.at(pointer, "thread")
            yield pointer, thread
            pointer = thread[link]

    def threads(self):
        return self.along(self.value["threads"], "all_next")

    # -- Capabilities --

    def slot(self, number):
        """A pointer to the slot with this number."""
        address = gdb.Value((self.slot_base + SLOT_BYTES * int(number)) & WORD)
        return address.cast(gdb.lookup_type("struct slot").pointer())

    def slot_number(self, pointer):
        return ((int(pointer) - self.slot_base) & WORD) // SLOT_BYTES

    def is_linked(self, number, slot):
        """Whether the slot's predecessor in the derivation sequence says so, too."""
        try:
            return int(self.at(self.slot(slot["prev"]), "slot")["next"]) == number
        except Bad:
            return False

    def sequence(self, number=None):
        """(number, slot) in the order of the derivation sequence, from a slot on."""
        if number is None:
            number = int(self.value["cdt_root"]["next"])
        for _ in range(LIST_LIMIT):
            if number == 0:
                return
            pointer = self.slot(number)
            if not self.in_ram(pointer, SLOT_BYTES, SLOT_BYTES):
                raise Bad("(bad slot number %d)" % number)
            slot = fetch(pointer.dereference())
            yield number, slot
            number = int(slot["next"])
        raise Bad("(the derivation sequence has more than %d slots)" % LIST_LIMIT)

    def occupied(self, pointer, count):
        """(index, slot) of a CNode's slots that are not empty; one read of memory."""
        if not self.in_ram(pointer, SLOT_BYTES * count, SLOT_BYTES):
            raise Bad("(bad CNode pointer %#x)" % (int(pointer) & WORD))
        memory = read_memory(int(pointer) & WORD, SLOT_BYTES * count)
        fields = gdb.lookup_type("struct cap")
        place = next(f.bitpos // 8 for f in fields.fields() if f.name == "type")
        for index in range(count):
            if memory[SLOT_BYTES * index + place] != 0:
                yield index, fetch((pointer + index).dereference())

    def cspace(self, thread):
        """(cptr, bits resolved, slot) of what a thread can name, depth first."""
        stack = [(thread["slots"][enum_value("THREAD_CSPACE")]["cap"], 0, 0)]
        seen = set()
        cnode = enum_value("CAP_CNODE")
        while stack:
            cap, prefix, used = stack.pop()
            key = (int(cap["slots"]), int(cap["guard_bits"]), used)
            radix, guard_bits = int(cap["bits"]), int(cap["guard_bits"])
            if int(cap["type"]) != cnode or key in seen or used + guard_bits + radix > 64:
                continue
            seen.add(key)
            used += guard_bits + radix
            prefix = (prefix << guard_bits | int(cap["guard"])) << radix
            for index, slot in self.occupied(cap["slots"], 1 << radix):
                yield (prefix | index) << (64 - used), used, slot
                if int(slot["cap"]["type"]) == cnode and used < 64:
                    stack.append((slot["cap"], prefix | index, used))

    def lookup(self, thread, cptr):
        """The slot that a capability pointer names; None if it names none."""
        cap, left = thread["slots"][enum_value("THREAD_CSPACE")]["cap"], 64
        cnode = enum_value("CAP_CNODE")
        slot = None
        while left > 0 and int(cap["type"]) == cnode:
            level = int(cap["guard_bits"]) + int(cap["bits"])
            rest = cptr & ((1 << left) - 1)
            if level > left or level == 0:
                return None
            if rest >> (left - int(cap["guard_bits"])) != int(cap["guard"]):
                return None
            left -= level
            index = rest >> left & ((1 << int(cap["bits"])) - 1)
            slot = self.at(cap["slots"] + index, "slot")
            cap = slot["cap"]
        return slot

    # -- Address spaces --

    def root_of_asid(self, asid):
        """The physical address of an address space's root table; None if there is none."""
        pool = self.value["asid_pools"][asid // PT_ENTRIES]
        if int(pool) == 0:
            return None
        root = int(self.at(pool, "ASID pool")["roots"][asid % PT_ENTRIES])
        return self.paddr(root) if root else None

    def entries(self, paddr):
        """The 512 entries of a page table."""
        if paddr % 4096 or not self.in_ram((paddr + self.window) & WORD, 4096):
            raise Bad("(bad page table %#x)" % paddr)
        memory = read_memory((paddr + self.window) & WORD, 8 * PT_ENTRIES)
        return list(memoryview(memory).cast("Q"))
