/* SPDX-License-Identifier: BSD-2-Clause */

/* CSRs, the FPU's state and illegal instructions. */
#include "gtest/gtest.h"

#include "tests/rv64/encode.h"
#include "tests/rv64/machine.h"

using namespace rv;

namespace {

/* Whether the instruction is illegal, with its bits as the value. */
bool illegal(uint32_t instruction, bool fpu = true, uint64_t fcsr = 0)
{
    Machine machine;
    machine.state.fpu = fpu;
    machine.f[RV64_FCSR] = fcsr;
    machine.state.x[a0] = kData;
    machine.state.x[a1] = 0x1122334455667788;
    Outcome outcome = machine.run_code({nop, instruction, ecall});
    if (outcome.cause != RV64_CAUSE_ILLEGAL) {
        return false;
    }
    EXPECT_EQ((instruction & 3) == 3 ? instruction : instruction & 0xFFFF, outcome.value);
    EXPECT_EQ(1u, outcome.retired);
    EXPECT_EQ(kCode + 4, machine.state.pc);
    EXPECT_EQ(0x1122334455667788u, machine.state.x[a1]);
    return true;
}

} // namespace

TEST(CsrTest, TheCountersCountRetiredInstructions)
{
    Machine machine;
    rv64_set_retired(machine.rv64, 5000);
    machine.run_code({csrrs(a0, kInstret, zero), nop, csrrs(a1, kCycle, zero), jal(zero, 4),
                      csrrs(a2, kInstret, zero), csrrc(a3, kInstret, zero), ecall});
    EXPECT_EQ(5000u, machine.state.x[a0]);
    EXPECT_EQ(5002u, machine.state.x[a1]);
    EXPECT_EQ(5004u, machine.state.x[a2]);
    EXPECT_EQ(5005u, machine.state.x[a3]);
    machine.run_code({csrrs(a0, kInstret, zero), ecall});
    EXPECT_EQ(5006u, machine.state.x[a0]);
}

TEST(CsrTest, TheTimeIsTheOwners)
{
    Machine machine;
    machine.time = 1000000;
    machine.run_code({nop, csrrs(a0, kTime, zero), nop, csrrs(a1, kTime, zero), ecall});
    EXPECT_EQ(1000001u, machine.state.x[a0]);
    EXPECT_EQ(1000003u, machine.state.x[a1]);
}

TEST(CsrTest, TheCountersCannotBeWritten)
{
    for (uint32_t csr : {kCycle, kTime, kInstret}) {
        EXPECT_TRUE(illegal(csrrw(a1, csr, zero)));
        EXPECT_TRUE(illegal(csrrs(a1, csr, a0)));
        EXPECT_TRUE(illegal(csrrc(a1, csr, a0)));
        EXPECT_TRUE(illegal(immediate(csrrs(a1, csr, 1))));
        EXPECT_FALSE(illegal(immediate(csrrs(a1, csr, 0))));
        EXPECT_FALSE(illegal(immediate(csrrc(a1, csr, 0))));
    }
}

TEST(CsrTest, AllOthersAreIllegal)
{
    Machine machine;
    for (uint32_t csr = 0; csr < 0x1000; csr++) {
        bool known = (csr >= kFflags && csr <= kFcsr) || (csr >= kCycle && csr <= kInstret);
        uint64_t cause = known ? RV64_CAUSE_ECALL : RV64_CAUSE_ILLEGAL;
        Outcome outcome = machine.run_code({csrrs(a1, csr, zero), ecall});
        ASSERT_EQ(cause, outcome.cause) << std::hex << csr;
        ASSERT_EQ(known ? 0 : csrrs(a1, csr, zero), outcome.value);
    }
}

TEST(CsrTest, FcsrHasTwoParts)
{
    Machine machine;
    machine.state.x[a0] = UINT64_MAX;
    machine.run_code({csrrw(zero, kFcsr, a0), csrrs(a1, kFcsr, zero), csrrs(a2, kFrm, zero),
                      csrrs(a3, kFflags, zero), ecall});
    EXPECT_EQ(0xFFu, machine.state.x[a1]);
    EXPECT_EQ(7u, machine.state.x[a2]);
    EXPECT_EQ(0x1Fu, machine.state.x[a3]);
    machine.run_code({immediate(csrrw(a1, kFrm, 2)), immediate(csrrc(a2, kFflags, 0x15)),
                      immediate(csrrs(a3, kFcsr, 1)), ecall});
    EXPECT_EQ(7u, machine.state.x[a1]);
    EXPECT_EQ(0x1Fu, machine.state.x[a2]);
    EXPECT_EQ(0x4Au, machine.state.x[a3]);
    EXPECT_EQ(0x4Bu, machine.f[RV64_FCSR]);
}

TEST(CsrTest, SwappingARegisterWithItselfWorks)
{
    Machine machine;
    machine.f[RV64_FCSR] = 3;
    machine.state.x[a0] = 12;
    machine.run_code({csrrw(a0, kFcsr, a0), ecall});
    EXPECT_EQ(3u, machine.state.x[a0]);
    EXPECT_EQ(12u, machine.f[RV64_FCSR]);
}

/* --- FPU -------------------------------------------------------------------------------------- */

TEST(FpuTest, WithoutItEveryFloatingPointInstructionIsIllegal)
{
    const uint32_t instructions[] = {
        fadd_d(1, 2, 3, 0),
        csrrs(a1, kFcsr, zero),
        csrrs(a1, kFrm, zero),
        0x00053087, /* fld ft1, 0(a0) */
        0x00052087, /* flw ft1, 0(a0) */
        0x00153027, /* fsd ft1, 0(a0) */
        0x00152027, /* fsw ft1, 0(a0) */
        0xE20085D3, /* fmv.x.d a1, ft1 */
        0xF20580D3, /* fmv.d.x ft1, a1 */
        0x22108053, /* fsgnj.d ft0, ft1, ft1 */
        0xA21025D3, /* feq.d a1, ft0, ft1 */
        0x02208043, /* fmadd.d */
        0xD20580D3, /* fcvt.d.w ft1, a1 */
        0x2108,     /* c.fld fa0, 0(a0) */
        0xA108,     /* c.fsd fa0, 0(a0) */
    };
    for (uint32_t instruction : instructions) {
        EXPECT_TRUE(illegal(instruction, false)) << std::hex << instruction;
        EXPECT_FALSE(illegal(instruction, true)) << std::hex << instruction;
    }
}

TEST(FpuTest, WithoutRegistersItIsOff)
{
    Machine machine;
    machine.state.f = nullptr;
    EXPECT_EQ(uint64_t{RV64_CAUSE_ILLEGAL}, machine.run_code({fadd_d(1, 2, 3, 0), ecall}).cause);
}

TEST(FpuTest, ReservedRoundingModesAreIllegal)
{
    for (uint32_t mode = 0; mode < 8; mode++) {
        EXPECT_EQ(mode == 5 || mode == 6, illegal(fadd_d(1, 2, 3, mode))) << mode;
        /* In frm, for instructions that look there and for those that do not. */
        EXPECT_EQ(mode >= 5, illegal(fadd_d(1, 2, 3, 7), true, mode << 5)) << mode;
        EXPECT_FALSE(illegal(fadd_d(1, 2, 3, 1), true, mode << 5)) << mode;
        EXPECT_FALSE(illegal(0x22108053, true, mode << 5)) << mode; /* fsgnj.d */
    }
}

TEST(FpuTest, SinglesAreBoxed)
{
    Machine machine;
    machine.state.x[a0] = kData;
    machine.write(kData, 0x40000000, 4); /* 2.0 */
    machine.f[3] = 0x40000000;           /* Not boxed: a NaN. */
    machine.run_code({
        0x00052087, /* flw ft1, 0(a0) */
        0x00108153, /* fadd.s ft2, ft1, ft1 */
        0x00308253, /* fadd.s ft4, ft1, ft3 */
        0x00352227, /* fsw ft3, 4(a0): the low half, whatever it is. */
        0xE00185D3, /* fmv.x.w a1, ft3: the same. */
        ecall,
    });
    EXPECT_EQ(0xFFFFFFFF40000000, machine.f[1]);
    EXPECT_EQ(0xFFFFFFFF40800000, machine.f[2]);
    EXPECT_EQ(0xFFFFFFFF7FC00000, machine.f[4]);
    EXPECT_EQ(0x40000000u, machine.read(kData + 4, 4));
    EXPECT_EQ(0x40000000u, machine.state.x[a1]);
}

TEST(FpuTest, FlagsAccumulate)
{
    Machine machine;
    machine.f[1] = 0x3FF0000000000000;
    machine.f[RV64_FCSR] = 0x41;
    machine.run_code({0x1A0080D3 /* fdiv.d ft1, ft1, ft0, rne */, ecall});
    EXPECT_EQ(0x7FF0000000000000u, machine.f[1]);
    EXPECT_EQ(0x49u, machine.f[RV64_FCSR]);
}

/* --- Encodings -------------------------------------------------------------------------------- */

TEST(EncodingTest, PrivilegedInstructionsAreIllegal)
{
    const uint32_t instructions[] = {
        0x10500073, /* wfi */
        0x30200073, /* mret */
        0x10200073, /* sret */
        0x00200073, /* uret */
        0x12000073, /* sfence.vma */
        0x7B200073, /* dret */
    };
    for (uint32_t instruction : instructions) {
        EXPECT_TRUE(illegal(instruction)) << std::hex << instruction;
    }
}

TEST(EncodingTest, ReservedWordsAreIllegal)
{
    const uint32_t instructions[] = {
        0xFFFFFFFF, 0x0000001F, /* The prefix of longer instructions. */
        0x0000707B,             /* custom-3 */
        0x0000000B,             /* custom-0 */
        0x0000006B,             /* A reserved major opcode. */
        0x00000057,             /* Vectors. */
        0x00007003,             /* Load of funct3 7. */
        0x00004023,             /* Store of funct3 4. */
        0x0000200F,             /* MISC-MEM of funct3 2. */
        0x00002063,             /* Branch of funct3 2. */
        0x00001067,             /* JALR of funct3 1. */
        0x04001013,             /* slli with a stray bit. */
        0x20005013,             /* srli with a stray bit. */
        0x0200101B,             /* slliw by 32. */
        0x0000201B,             /* OP-IMM-32 of funct3 2. */
        0x04000033,             /* OP of funct7 2. */
        0x40001033,             /* funct7 0x20 with sll. */
        0x0000203B,             /* OP-32 of funct3 2. */
        0x0200103B,             /* There is no mulhw. */
        0x0000102F,             /* AMO of halfwords. */
        0x1010202F,             /* lr with an rs2. */
        0x2800202F,             /* AMO of funct5 5. */
        0x00004073,             /* SYSTEM of funct3 4. */
        0x000000F3,             /* ecall with an rd. */
        0x00008073,             /* ecall with an rs1. */
        0x00001007,             /* Half-precision load. */
        0x00004027,             /* Quad store. */
        0x04000053,             /* Half-precision addition. */
        0x06000053,             /* Quad-precision addition. */
        0x04000043,             /* Half-precision fmadd. */
        0x58100053,             /* fsqrt with an rs2. */
        0x20003053,             /* fsgnj of funct3 3. */
        0x28002053,             /* fmin of funct3 2. */
        0xA0003053,             /* fle of funct3 3. */
        0xC0400053,             /* fcvt.w.s with rs2 4. */
        0x40000053,             /* fcvt.s.s */
        0x42100053,             /* fcvt.d.d */
        0xE0002053,             /* fclass of funct3 2. */
        0xF0001053,             /* fmv.w.x of funct3 1. */
    };
    for (uint32_t instruction : instructions) {
        EXPECT_TRUE(illegal(instruction)) << std::hex << instruction;
    }
}

TEST(EncodingTest, ReservedHalfWordsAreIllegal)
{
    const uint32_t instructions[] = {
        0x0000, /* All zeroes. */
        0x0004, /* c.addi4spn by 0. */
        0x8000, /* Quadrant 0, funct3 4. */
        0x9C04, /* The same, with bits. */
        0x2001, /* c.addiw to x0. */
        0x6101, /* c.addi16sp by 0. */
        0x6081, /* c.lui by 0. */
        0x9C41, /* Quadrant 1, funct6 39, funct2 2. */
        0x9C61, /* The same of funct2 3. */
        0x4002, /* c.lwsp to x0. */
        0x6002, /* c.ldsp to x0. */
        0x8002, /* c.jr to x0. */
    };
    for (uint32_t instruction : instructions) {
        EXPECT_TRUE(illegal(instruction)) << std::hex << instruction;
    }
}

TEST(EncodingTest, HintsDoNothing)
{
    const uint32_t instructions[] = {
        0x0001,                        /* c.nop */
        0x0005,                        /* c.nop 1 */
        0x0081,                        /* c.addi ra, 0 */
        0x4005,                        /* c.li x0, 1 */
        0x6005,                        /* c.lui x0, 1 */
        0x8006,                        /* c.mv x0, ra */
        0x9006,                        /* c.add x0, ra */
        0x0006,                        /* c.slli x0, 1 */
        0x0082,                        /* c.slli ra, 0 */
        0x8001,                        /* c.srli s0, 0 */
        0x8401,                        /* c.srai s0, 0 */
        nop,        fence, 0x8330000F, /* fence.tso */
        0x0100000F,                    /* pause */
        fence_i,
    };
    for (uint32_t instruction : instructions) {
        Machine machine;
        for (uint32_t i = 1; i < 32; i++) {
            machine.state.x[i] = 0x1000 * i;
        }
        Outcome outcome = machine.run_code({instruction, ecall});
        EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, outcome.cause) << std::hex << instruction;
        for (uint32_t i = 0; i < 32; i++) {
            EXPECT_EQ(0x1000 * i, machine.state.x[i]) << std::hex << instruction;
        }
    }
}
