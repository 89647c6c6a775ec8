# SPDX-License-Identifier: BSD-2-Clause
"""Random RV64GC programs as assembler text.

A program is a list of sequences. Each loads all registers and fcsr with values of its own, executes
some hundred random instructions of every class, and writes the registers, fcsr and a scratch area
to standard output: RECORD bytes. The same seed gives the same program.

Registers with a purpose, which no random instruction writes: sp and s1 point into the scratch area
(whose middle is the boundary of two pages), gp to the values of the sequence and its record.
"""

import random

SCRATCH = 1024
RECORD = 32 * 8 + 32 * 8 + 8 + SCRATCH

RESERVED = (0, 2, 3, 9)
WRITABLE = [n for n in range(32) if n not in RESERVED]
COMPRESSED = [n for n in range(8, 16) if n not in RESERVED]
COMPRESSED_BASES = ["s1"]
F_COMPRESSED = list(range(8, 16))

INTERESTING = [
    0, 1, 2, 3, 31, 32, 63, 64, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000,
    0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0x8000000000000001,
    0xFFFFFFFF80000000, 0xFFFFFFFF7FFFFFFF, 0xFFFFFFFFFFFFFFFE, 0xFFFFFFFFFFFFFFFF,
]
BOX = 0xFFFFFFFF00000000
# Zeroes, ones, smallest and largest subnormal and normal numbers, infinities, quiet and signalling
# NaNs, limits of the integers; the sign is random.
SINGLES = [
    0, 0x3F800000, 0x00000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000,
    0x7F800001, 0x7FFFFFFF, 0x4F000000, 0x4EFFFFFF, 0x5F000000, 0x5EFFFFFF, 0x3F000000, 0x3FC00000,
    0x40200000, 0x4B800001, 0x33800000, 0x34000001,
]
DOUBLES = [
    0, 0x3FF0000000000000, 1, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF,
    0x7FF0000000000000, 0x7FF8000000000000, 0x7FF0000000000001, 0x7FFFFFFFFFFFFFFF,
    0x41E0000000000000, 0x41DFFFFFFFC00000, 0x43E0000000000000, 0x43DFFFFFFFFFFFFF,
    0x3FE0000000000000, 0x3FF8000000000000, 0x4004000000000000, 0x36A0000000000000,
    0x380FFFFFE0000000, 0x47EFFFFFF0000000, 0x3CA0000000000000, 0x3CB0000000000001,
]

ROUNDING = ["rne", "rtz", "rdn", "rup", "rmm", "dyn"]

REGISTER = (
    "add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw mul mulh mulhsu mulhu div "
    "divu rem remu mulw divw divuw remw remuw").split()
IMMEDIATE = "addi slti sltiu xori ori andi addiw".split()
SHIFT = [("slli", 64), ("srli", 64), ("srai", 64), ("slliw", 32), ("srliw", 32), ("sraiw", 32)]
LOADS = {"lb": 1, "lbu": 1, "lh": 2, "lhu": 2, "lw": 4, "lwu": 4, "ld": 8}
STORES = {"sb": 1, "sh": 2, "sw": 4, "sd": 8}
AMOS = "amoswap amoadd amoxor amoand amoor amomin amomax amominu amomaxu".split()
BRANCHES = "beq bne blt bge bltu bgeu".split()
FP_BINARY = "fadd fsub fmul fdiv".split()
FP_BINARY_EXACT = "fsgnj fsgnjn fsgnjx fmin fmax".split()
FP_FUSED = "fmadd fmsub fnmadd fnmsub".split()
FP_COMPARE = "feq flt fle".split()
INTEGERS = "w wu l lu".split()


class Generator:
    """Makes the instructions of one sequence."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.labels = 0
        self.seed = seed

    def emit(self, text):
        self.lines.append("    " + text)

    def label(self):
        self.labels += 1
        return f".L{self.seed}_{self.labels}"

    # ---- Values ----

    def integer(self):
        choice = self.random.randrange(3)
        if choice == 0:
            return self.random.choice(INTERESTING)
        if choice == 1:
            return self.random.getrandbits(64)
        return self.random.getrandbits(self.random.randrange(1, 64))

    def single(self):
        choice = self.random.randrange(4)
        if choice == 0:
            return BOX | self.random.choice(SINGLES) | self.random.getrandbits(1) << 31
        if choice == 1:
            return self.random.getrandbits(64)  # Hardly ever boxed.
        exponent = self.random.randrange(110, 145) if choice == 2 else self.random.randrange(256)
        return (BOX | self.random.getrandbits(1) << 31 | exponent << 23 |
                self.random.getrandbits(23))

    def double(self):
        choice = self.random.randrange(3)
        if choice == 0:
            return self.random.choice(DOUBLES) | self.random.getrandbits(1) << 63
        exponent = self.random.randrange(1000, 1050) if choice == 1 else self.random.randrange(2048)
        return (self.random.getrandbits(1) << 63 | exponent << 52 | self.random.getrandbits(52))

    def any_float(self):
        return self.single() if self.random.getrandbits(1) else self.double()

    # ---- Operands ----

    def rd(self):
        return f"x{self.random.choice(WRITABLE + [0])}"

    def rs(self):
        return f"x{self.random.randrange(32)}"

    def fp(self):
        return f"f{self.random.randrange(32)}"

    def rdc(self):
        return f"x{self.random.choice(COMPRESSED)}"

    def rsc(self):
        return f"x{self.random.randrange(8, 16)}"

    def fpc(self):
        return f"f{self.random.choice(F_COMPRESSED)}"

    def written(self):
        return f"x{self.random.choice(WRITABLE)}"

    def place(self, size):
        """offset(base) of an access within the scratch area, often misaligned."""
        offset = self.random.randrange(-SCRATCH // 2, SCRATCH // 2 - size + 1)
        if self.random.getrandbits(2) == 0:
            offset = self.random.randrange(-size, 1)  # Across the pages.
        elif self.random.getrandbits(1):
            offset &= -size
        return f"{offset}({self.random.choice(['sp', 's1'])})"

    def mode(self):
        return self.random.choice(ROUNDING)

    # ---- Instructions, by class ----

    def integer_register(self):
        self.emit(f"{self.random.choice(REGISTER)} {self.rd()}, {self.rs()}, {self.rs()}")

    def integer_value(self):
        """Fresh operands, as edge cases are rare among results."""
        self.emit(f"li {self.written()}, {self.integer()}")

    def integer_immediate(self):
        choice = self.random.randrange(4)
        if choice == 0:
            name, bits = self.random.choice(SHIFT)
            self.emit(f"{name} {self.rd()}, {self.rs()}, {self.random.randrange(bits)}")
        elif choice == 1:
            name = self.random.choice(["lui", "auipc"])
            self.emit(f"{name} {self.rd()}, {self.random.getrandbits(20)}")
        else:
            immediate = self.random.randrange(-2048, 2048)
            self.emit(f"{self.random.choice(IMMEDIATE)} {self.rd()}, {self.rs()}, {immediate}")

    def memory(self):
        if self.random.getrandbits(1):
            name, size = self.random.choice(list(LOADS.items()))
            self.emit(f"{name} {self.rd()}, {self.place(size)}")
        else:
            name, size = self.random.choice(list(STORES.items()))
            self.emit(f"{name} {self.rs()}, {self.place(size)}")

    def atomic(self):
        suffix, size = self.random.choice([("w", 4), ("d", 8)])
        order = self.random.choice(["", ".aq", ".rl", ".aqrl"])
        address = self.written()
        offset = self.random.randrange(-SCRATCH // 2, SCRATCH // 2 - size + 1) & -size
        self.emit(f"addi {address}, sp, {offset}")
        if self.random.getrandbits(2) != 0:
            name = self.random.choice(AMOS)
            self.emit(f"{name}.{suffix}{order} {self.rd()}, {self.rs()}, ({address})")
            return
        loaded = address
        while loaded == address:
            loaded = self.written()
        self.emit(f"lr.{suffix}{order} {loaded}, ({address})")
        self.emit(f"sc.{suffix}{order} {self.rd()}, {self.rs()}, ({address})")

    def branch(self):
        target = self.label()
        choice = self.random.randrange(4)
        if choice == 0:
            self.emit(f"jal {self.rd()}, {target}")
        elif choice == 1:
            address = self.written()
            self.emit(f"la {address}, {target}")
            self.emit(f"jalr {self.rd()}, {self.random.randrange(2)}({address})")
        else:
            self.emit(f"{self.random.choice(BRANCHES)} {self.rs()}, {self.rs()}, {target}")
        for _ in range(self.random.randrange(4)):
            self.integer_immediate()
        self.lines.append(target + ":")

    def loop(self):
        """A short loop that runs a few times, so that blocks run again."""
        top = self.label()
        counter = self.random.choice([n for n in WRITABLE if n not in COMPRESSED])
        self.emit(f"li x{counter}, {self.random.randrange(1, 6)}")
        self.lines.append(top + ":")
        for _ in range(self.random.randrange(1, 4)):
            self.emit(f"{self.random.choice(REGISTER)} {self.rdc()}, {self.rs()}, {self.rs()}")
            name, size = self.random.choice(list(STORES.items()))
            self.emit(f"{name} {self.rs()}, {self.place(size)}")
        self.emit(f"addi x{counter}, x{counter}, -1")
        self.emit(f"bnez x{counter}, {top}")

    def float_memory(self):
        name, size = self.random.choice([("flw", 4), ("fld", 8), ("fsw", 4), ("fsd", 8)])
        self.emit(f"{name} {self.fp()}, {self.place(size)}")

    def float_arithmetic(self):
        p = self.random.choice("sd")
        choice = self.random.randrange(8)
        d, a, b, c = self.fp(), self.fp(), self.fp(), self.fp()
        if choice < 3:
            self.emit(f"{self.random.choice(FP_BINARY)}.{p} {d}, {a}, {b}, {self.mode()}")
        elif choice < 5:
            self.emit(f"{self.random.choice(FP_FUSED)}.{p} {d}, {a}, {b}, {c}, {self.mode()}")
        elif choice == 5:
            self.emit(f"fsqrt.{p} {d}, {a}, {self.mode()}")
        elif choice == 6:
            self.emit(f"{self.random.choice(FP_BINARY_EXACT)}.{p} {d}, {a}, {b}")
        else:
            self.emit(f"{self.random.choice(FP_COMPARE)}.{p} {self.rd()}, {a}, {b}")

    def float_conversion(self):
        p = self.random.choice("sd")
        integer = self.random.choice(INTEGERS)
        choice = self.random.randrange(6)
        if choice == 0:
            self.emit(f"fcvt.{integer}.{p} {self.rd()}, {self.fp()}, {self.mode()}")
        elif choice == 1:
            exact = p == "d" and integer in ("w", "wu")  # The assembler takes no mode.
            mode = "" if exact else ", " + self.mode()
            self.emit(f"fcvt.{p}.{integer} {self.fp()}, {self.rs()}{mode}")
        elif choice == 2:
            self.emit(f"fcvt.s.d {self.fp()}, {self.fp()}, {self.mode()}")
        elif choice == 3:
            self.emit(f"fcvt.d.s {self.fp()}, {self.fp()}")
        elif choice == 4:
            self.emit(f"fclass.{p} {self.rd()}, {self.fp()}")
        else:
            w = "w" if p == "s" else "d"
            move = [f"fmv.x.{w} {self.rd()}, {self.fp()}", f"fmv.{w}.x {self.fp()}, {self.rs()}"]
            self.emit(self.random.choice(move))

    def float_value(self):
        """Fresh operands: random arithmetic soon ends in NaNs and infinities."""
        register = self.written()
        self.emit(f"li {register}, {self.any_float()}")
        self.emit(f"fmv.d.x {self.fp()}, {register}")

    def csr(self):
        register = self.written()
        choice = self.random.randrange(4)
        name = self.random.choice(["fflags", "fcsr"])
        if choice == 0:  # Any flags, and a mode that is not reserved.
            self.emit(f"li {register}, {self.random.randrange(32) | self.random.randrange(5) << 5}")
            self.emit(f"csrrw {self.rd()}, {name}, {register}")
        elif choice == 1:
            self.emit(f"csrrwi {self.rd()}, frm, {self.random.randrange(5)}")
        elif choice == 2:
            operation = self.random.choice(["csrrsi", "csrrci"])
            self.emit(f"{operation} {self.rd()}, {name}, {self.random.randrange(32)}")
        else:
            operation = self.random.choice(["csrrs", "csrrc", "csrrw"])
            self.emit(f"{operation} {self.rd()}, fflags, {self.rs()}")

    def compressed_arithmetic(self):
        r = self.random
        six = r.randrange(-32, 32)
        nonzero = six if six != 0 else 1
        rd, rdc = self.written(), self.rdc()
        choices = [
            f"c.addi4spn {rdc}, sp, {4 * r.randrange(1, 256)}", "c.nop", f"c.addi {rd}, {nonzero}",
            f"c.addiw {rd}, {six}", f"c.li {rd}, {six}",
            f"c.lui {rd}, {r.choice([r.randrange(1, 32), r.randrange(0xFFFE0, 0x100000)])}",
            f"c.srli {rdc}, {r.randrange(1, 64)}", f"c.srai {rdc}, {r.randrange(1, 64)}",
            f"c.andi {rdc}, {six}", f"c.slli {rd}, {r.randrange(1, 64)}",
            f"c.mv {rd}, {self.written()}", f"c.add {rd}, {self.written()}",
        ]
        for name in "sub xor or and subw addw".split():
            choices.append(f"c.{name} {rdc}, {self.rsc()}")
        self.emit(r.choice(choices))

    def compressed_memory(self):
        r = self.random
        w, d = 4 * r.randrange(32), 8 * r.randrange(32)
        rd, rdc, rs, rsc = self.written(), self.rdc(), self.rs(), self.rsc()
        choices = [
            f"c.lw {rdc}, {w}(s1)", f"c.ld {rdc}, {d}(s1)", f"c.fld {self.fpc()}, {d}(s1)",
            f"c.sw {rsc}, {w}(s1)", f"c.sd {rsc}, {d}(s1)", f"c.fsd {self.fpc()}, {d}(s1)",
            f"c.lwsp {rd}, {w}(sp)", f"c.ldsp {rd}, {d}(sp)", f"c.fldsp {self.fp()}, {d}(sp)",
            f"c.swsp {rs}, {w}(sp)", f"c.sdsp {rs}, {d}(sp)", f"c.fsdsp {self.fp()}, {d}(sp)",
        ]
        self.emit(r.choice(choices))

    def compressed_jump(self):
        target = self.label()
        choice = self.random.randrange(4)
        if choice == 0:
            self.emit(f"c.j {target}")
        elif choice == 1:
            self.emit(f"{self.random.choice(['c.beqz', 'c.bnez'])} {self.rsc()}, {target}")
        elif choice == 2:
            address = self.written()
            self.emit(f"la {address}, {target}")
            self.emit(f"{self.random.choice(['c.jr', 'c.jalr'])} {address}")
        else:
            amount = self.random.choice([n for n in range(-512, 512, 16) if n != 0])
            back = -amount if amount != -512 else 496
            self.emit(f"c.addi16sp sp, {amount}")
            self.emit(f"c.addi16sp sp, {back}")
            if amount == -512:
                self.emit("c.addi16sp sp, 16")
        for _ in range(self.random.randrange(3)):
            self.compressed_arithmetic()
        self.lines.append(target + ":")

    def instruction(self):
        kinds = [
            (self.integer_register, 6), (self.integer_immediate, 6), (self.integer_value, 3),
            (self.memory, 6),
            (self.atomic, 3), (self.branch, 3), (self.loop, 1), (self.float_memory, 3),
            (self.float_arithmetic, 9), (self.float_conversion, 5), (self.float_value, 4),
            (self.csr, 2), (self.compressed_arithmetic, 6), (self.compressed_memory, 4),
            (self.compressed_jump, 2),
        ]
        makers, weights = zip(*kinds)
        self.random.choices(makers, weights)[0]()

    # ---- The frame of a sequence ----

    def sequence(self, count):
        """Its code, then its data."""
        values = f"values_{self.seed}"
        fcsr = self.random.randrange(32) | self.random.randrange(5) << 5
        self.lines += [".text", f"sequence_{self.seed}:"]
        self.emit(f"la gp, {values}")
        for n in range(32):
            self.emit(f"fld f{n}, {256 + 8 * n}(gp)")
        self.emit("ld x1, 512(gp)")
        self.emit("fscsr x1")
        for n in [n for n in range(32) if n not in (0, 3)]:
            self.emit(f"ld x{n}, {8 * n}(gp)")
        while len(self.lines) < count + 70:
            self.instruction()
        self.emit("la gp, record")
        for n in range(1, 32):
            self.emit(f"sd x{n}, {8 * n}(gp)")
        for n in range(32):
            self.emit(f"fsd f{n}, {256 + 8 * n}(gp)")
        self.emit("frcsr x1")
        self.emit("sd x1, 512(gp)")
        self.emit("call finish")
        self.emit(f"tail return_{self.seed}")
        self.lines += [".data", ".balign 8", f"{values}:"]
        integers = [self.integer() for _ in range(32)]
        for n, value in enumerate(integers):
            self.emit(".dword scratch_middle" if n in (2, 9) else f".dword {value}")
        for _ in range(32):
            self.emit(f".dword {self.any_float()}")
        self.emit(f".dword {fcsr}")
        return "\n".join(self.lines) + "\n"


# finish: writes the record, then makes the scratch area the same for every sequence.
FRAME = f"""
.globl _start
.text
finish:
    mv s2, ra
    la t0, record + 520
    la t1, scratch_middle - {SCRATCH // 2}
    li t2, {SCRATCH // 8}
1:  ld t3, 0(t1)
    sd t3, 0(t0)
    li t4, 0x9E3779B97F4A7C15
    mul t4, t4, t2
    sd t4, 0(t1)
    addi t0, t0, 8
    addi t1, t1, 8
    addi t2, t2, -1
    bnez t2, 1b
    li a0, 1
    la a1, record
    li a2, {RECORD}
    li a7, 64
    ecall
    mv ra, s2
    ret
.data
.balign 8
record:
    .zero {RECORD}
.balign 4096
    .zero 4096
scratch_middle:
    .zero 4096
"""


def program(seeds, count):
    """The assembler text of a program with one sequence of `count` lines for each seed."""
    parts = [".option norelax\n", FRAME, ".text\n_start:\n"]
    for seed in seeds:
        parts.append(f"    tail sequence_{seed}\nreturn_{seed}:\n")
    parts.append("    li a0, 0\n    li a7, 93\n    ecall\n")
    parts += [Generator(seed).sequence(count) for seed in seeds]
    return "".join(parts)
