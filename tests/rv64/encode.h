/* SPDX-License-Identifier: BSD-2-Clause */

/* RV64 instructions as the tests write them: functions named as in assembler. */
#ifndef TESTS_RV64_ENCODE_H
#define TESTS_RV64_ENCODE_H

#include <cstdint>

enum Register : uint32_t { zero, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5 };

namespace rv {

constexpr uint32_t i_type(uint32_t opcode, uint32_t funct3, uint32_t rd, uint32_t rs1, int32_t imm)
{
    return opcode | rd << 7 | funct3 << 12 | rs1 << 15 | static_cast<uint32_t>(imm) << 20;
}

constexpr uint32_t s_type(uint32_t opcode, uint32_t funct3, uint32_t rs2, int32_t imm, uint32_t rs1)
{
    uint32_t bits = static_cast<uint32_t>(imm);
    return opcode | (bits & 31) << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | bits >> 5 << 25;
}

constexpr uint32_t b_type(uint32_t funct3, uint32_t rs1, uint32_t rs2, int32_t to)
{
    uint32_t bits = static_cast<uint32_t>(to);
    return 0x63 | (bits >> 11 & 1) << 7 | (bits >> 1 & 15) << 8 | funct3 << 12 | rs1 << 15 |
           rs2 << 20 | (bits >> 5 & 63) << 25 | (bits >> 12 & 1) << 31;
}

constexpr uint32_t addi(uint32_t rd, uint32_t rs1, int32_t imm)
{
    return i_type(0x13, 0, rd, rs1, imm);
}

constexpr uint32_t li(uint32_t rd, int32_t imm)
{
    return addi(rd, zero, imm);
}

constexpr uint32_t add(uint32_t rd, uint32_t rs1, uint32_t rs2)
{
    return i_type(0x33, 0, rd, rs1, static_cast<int32_t>(rs2));
}

constexpr uint32_t auipc(uint32_t rd, uint32_t upper)
{
    return 0x17 | rd << 7 | upper << 12;
}

constexpr uint32_t jal(uint32_t rd, int32_t to)
{
    uint32_t bits = static_cast<uint32_t>(to);
    return 0x6F | rd << 7 | (bits >> 12 & 0xFF) << 12 | (bits >> 11 & 1) << 20 |
           (bits >> 1 & 0x3FF) << 21 | (bits >> 20 & 1) << 31;
}

constexpr uint32_t jalr(uint32_t rd, uint32_t rs1, int32_t imm)
{
    return i_type(0x67, 0, rd, rs1, imm);
}

constexpr uint32_t beq(uint32_t rs1, uint32_t rs2, int32_t to)
{
    return b_type(0, rs1, rs2, to);
}

constexpr uint32_t bne(uint32_t rs1, uint32_t rs2, int32_t to)
{
    return b_type(1, rs1, rs2, to);
}

constexpr uint32_t lb(uint32_t rd, int32_t imm, uint32_t rs1)
{
    return i_type(0x03, 0, rd, rs1, imm);
}

constexpr uint32_t lh(uint32_t rd, int32_t imm, uint32_t rs1)
{
    return i_type(0x03, 1, rd, rs1, imm);
}

constexpr uint32_t lw(uint32_t rd, int32_t imm, uint32_t rs1)
{
    return i_type(0x03, 2, rd, rs1, imm);
}

constexpr uint32_t ld(uint32_t rd, int32_t imm, uint32_t rs1)
{
    return i_type(0x03, 3, rd, rs1, imm);
}

constexpr uint32_t sb(uint32_t rs2, int32_t imm, uint32_t rs1)
{
    return s_type(0x23, 0, rs2, imm, rs1);
}

constexpr uint32_t sh(uint32_t rs2, int32_t imm, uint32_t rs1)
{
    return s_type(0x23, 1, rs2, imm, rs1);
}

constexpr uint32_t sw(uint32_t rs2, int32_t imm, uint32_t rs1)
{
    return s_type(0x23, 2, rs2, imm, rs1);
}

constexpr uint32_t sd(uint32_t rs2, int32_t imm, uint32_t rs1)
{
    return s_type(0x23, 3, rs2, imm, rs1);
}

/* funct5 of the atomics. */
enum Atomic : uint32_t { kAmoAdd = 0, kAmoSwap = 1, kLr = 2, kSc = 3 };

/* size: 4 or 8. */
constexpr uint32_t atomic(Atomic funct5, uint32_t size, uint32_t rd, uint32_t rs2, uint32_t rs1)
{
    return 0x2F | rd << 7 | (size == 4 ? 2u : 3u) << 12 | rs1 << 15 | rs2 << 20 | funct5 << 27;
}

enum Csr : uint32_t {
    kFflags = 1,
    kFrm = 2,
    kFcsr = 3,
    kCycle = 0xC00,
    kTime = 0xC01,
    kInstret = 0xC02
};

constexpr uint32_t csrrw(uint32_t rd, uint32_t csr, uint32_t rs1)
{
    return 0x1073 | rd << 7 | rs1 << 15 | csr << 20;
}

constexpr uint32_t csrrs(uint32_t rd, uint32_t csr, uint32_t rs1)
{
    return 0x2073 | rd << 7 | rs1 << 15 | csr << 20;
}

constexpr uint32_t csrrc(uint32_t rd, uint32_t csr, uint32_t rs1)
{
    return 0x3073 | rd << 7 | rs1 << 15 | csr << 20;
}

/* The form with an immediate of the above. */
constexpr uint32_t immediate(uint32_t csr_instruction)
{
    return csr_instruction | 0x4000;
}

constexpr uint32_t fadd_d(uint32_t rd, uint32_t rs1, uint32_t rs2, uint32_t rm)
{
    return 0x02000053 | rd << 7 | rm << 12 | rs1 << 15 | rs2 << 20;
}

constexpr uint32_t ecall = 0x00000073;
constexpr uint32_t ebreak = 0x00100073;
constexpr uint32_t nop = 0x00000013;
constexpr uint32_t fence = 0x0FF0000F;
constexpr uint32_t fence_i = 0x0000100F;
constexpr uint32_t c_nop = 0x0001;
constexpr uint32_t c_ebreak = 0x9002;

/* c.li rd, imm with imm from 0 to 31. */
constexpr uint32_t c_li(uint32_t rd, uint32_t imm)
{
    return 0x4001 | rd << 7 | imm << 2;
}

} // namespace rv

#endif
