/* SPDX-License-Identifier: BSD-2-Clause */

/* The C extension (chapter 16) for RV64DC: each instruction as the 32-bit one that it stands for.
 */
#include "hosted/rv64/internal.h"

enum { ILLEGAL = 0, ZERO = 0, RA = 1, SP = 2 };

enum opcode {
    LOAD = 0x03,
    LOAD_FP = 0x07,
    OP_IMM = 0x13,
    OP_IMM_32 = 0x1B,
    STORE = 0x23,
    STORE_FP = 0x27,
    OP = 0x33,
    LUI = 0x37,
    OP_32 = 0x3B,
    BRANCH = 0x63,
    JALR = 0x67,
    JAL = 0x6F,
    EBREAK = 0x00100073,
};

enum { WORD = 2, DOUBLE = 3 }; /* funct3 of loads and stores. */

/* Bits high..low of the code, moved to bit `to`. */
static uint32_t field(uint32_t code, uint32_t high, uint32_t low, uint32_t to)
{
    return (code >> low & ((2u << (high - low)) - 1)) << to;
}

/* All bits above `bits` as its highest one. */
static uint32_t extend(uint32_t value, uint32_t bits)
{
    uint32_t sign = 1u << (bits - 1);
    return (value ^ sign) - sign;
}

static uint32_t r_type(uint32_t opcode, uint32_t rd, uint32_t rs1, uint32_t rs2)
{
    return opcode | rd << 7 | rs1 << 15 | rs2 << 20;
}

static uint32_t i_type(uint32_t opcode, uint32_t funct3, uint32_t rd, uint32_t rs1, uint32_t imm)
{
    return opcode | rd << 7 | funct3 << 12 | rs1 << 15 | imm << 20;
}

static uint32_t s_type(uint32_t opcode, uint32_t funct3, uint32_t rs1, uint32_t rs2, uint32_t imm)
{
    return opcode | field(imm, 4, 0, 7) | funct3 << 12 | rs1 << 15 | rs2 << 20 |
           field(imm, 11, 5, 25);
}

/* Quadrant 0: loads and stores with registers x8..x15. */
static uint32_t quadrant_0(uint32_t code)
{
    uint32_t low = field(code, 4, 2, 0) + 8;
    uint32_t high = field(code, 9, 7, 0) + 8;
    uint32_t offset_w = field(code, 5, 5, 6) | field(code, 12, 10, 3) | field(code, 6, 6, 2);
    uint32_t offset_d = field(code, 6, 5, 6) | field(code, 12, 10, 3);
    uint32_t stack = field(code, 10, 7, 6) | field(code, 12, 11, 4) | field(code, 5, 5, 3) |
                     field(code, 6, 6, 2);

    switch (code >> 13) {
    case 0: /* c.addi4spn */
        return stack == 0 ? (uint32_t)ILLEGAL : i_type(OP_IMM, 0, low, SP, stack);
    case 1: /* c.fld */
        return i_type(LOAD_FP, DOUBLE, low, high, offset_d);
    case 2: /* c.lw */
        return i_type(LOAD, WORD, low, high, offset_w);
    case 3: /* c.ld */
        return i_type(LOAD, DOUBLE, low, high, offset_d);
    case 5: /* c.fsd */
        return s_type(STORE_FP, DOUBLE, high, low, offset_d);
    case 6: /* c.sw */
        return s_type(STORE, WORD, high, low, offset_w);
    case 7: /* c.sd */
        return s_type(STORE, DOUBLE, high, low, offset_d);
    default:
        return ILLEGAL;
    }
}

/* c.sub and its neighbours: OP and OP_32 with their funct3 and funct7 in place. */
static uint32_t arithmetic(uint32_t code)
{
    enum { SUB = 0x40000000, XOR = 0x4000, OR = 0x6000, AND = 0x7000 };
    static const uint32_t opcodes[8] = {
        OP | SUB, OP | XOR, OP | OR, OP | AND, OP_32 | SUB, OP_32, ILLEGAL, ILLEGAL,
    };
    uint32_t opcode = opcodes[field(code, 12, 12, 2) | field(code, 6, 5, 0)];
    uint32_t rd = field(code, 9, 7, 0) + 8;
    return opcode == ILLEGAL ? (uint32_t)ILLEGAL : r_type(opcode, rd, rd, field(code, 4, 2, 0) + 8);
}

static uint32_t quadrant_1_arithmetic(uint32_t code)
{
    uint32_t rd = field(code, 9, 7, 0) + 8;
    uint32_t imm = field(code, 12, 12, 5) | field(code, 6, 2, 0);
    switch (field(code, 11, 10, 0)) {
    case 0: /* c.srli */
        return i_type(OP_IMM, 5, rd, rd, imm);
    case 1: /* c.srai */
        return i_type(OP_IMM, 5, rd, rd, imm | 0x400);
    case 2: /* c.andi */
        return i_type(OP_IMM, 7, rd, rd, extend(imm, 6));
    default:
        return arithmetic(code);
    }
}

/* c.addi16sp and c.lui, whose immediates may not be 0. */
static uint32_t quadrant_1_upper(uint32_t code, uint32_t rd, uint32_t imm)
{
    if (rd == SP) {
        uint32_t adjustment = field(code, 12, 12, 9) | field(code, 4, 3, 7) | field(code, 5, 5, 6) |
                              field(code, 2, 2, 5) | field(code, 6, 6, 4);
        return adjustment == 0 ? (uint32_t)ILLEGAL
                               : i_type(OP_IMM, 0, SP, SP, extend(adjustment, 10));
    }
    return imm == 0 ? (uint32_t)ILLEGAL : LUI | rd << 7 | imm << 12;
}

/* c.j, c.beqz, c.bnez. */
static uint32_t quadrant_1_jump(uint32_t code)
{
    if (code >> 13 == 5) {
        uint32_t to =
            extend(field(code, 12, 12, 11) | field(code, 8, 8, 10) | field(code, 10, 9, 8) |
                       field(code, 6, 6, 7) | field(code, 7, 7, 6) | field(code, 2, 2, 5) |
                       field(code, 11, 11, 4) | field(code, 5, 3, 1),
                   12);
        return JAL | field(to, 20, 20, 31) | field(to, 10, 1, 21) | field(to, 11, 11, 20) |
               field(to, 19, 12, 12);
    }
    uint32_t to = extend(field(code, 12, 12, 8) | field(code, 6, 5, 6) | field(code, 2, 2, 5) |
                             field(code, 11, 10, 3) | field(code, 4, 3, 1),
                         9);
    uint32_t rs1 = field(code, 9, 7, 0) + 8;
    return BRANCH | field(to, 11, 11, 7) | field(to, 4, 1, 8) | field(code, 13, 13, 12) |
           rs1 << 15 | field(to, 10, 5, 25) | field(to, 12, 12, 31);
}

static uint32_t quadrant_1(uint32_t code)
{
    uint32_t rd = field(code, 11, 7, 0);
    uint32_t imm = extend(field(code, 12, 12, 5) | field(code, 6, 2, 0), 6);

    switch (code >> 13) {
    case 0: /* c.nop, c.addi */
        return i_type(OP_IMM, 0, rd, rd, imm);
    case 1: /* c.addiw */
        return rd == 0 ? (uint32_t)ILLEGAL : i_type(OP_IMM_32, 0, rd, rd, imm);
    case 2: /* c.li */
        return i_type(OP_IMM, 0, rd, ZERO, imm);
    case 3:
        return quadrant_1_upper(code, rd, imm);
    case 4:
        return quadrant_1_arithmetic(code);
    default:
        return quadrant_1_jump(code);
    }
}

/* c.jr, c.mv, c.ebreak, c.jalr, c.add. */
static uint32_t quadrant_2_register(uint32_t code)
{
    uint32_t rd = field(code, 11, 7, 0);
    uint32_t rs2 = field(code, 6, 2, 0);
    bool link = field(code, 12, 12, 0) != 0;
    if (rs2 != 0) { /* The manual's c.mv is add rd, x0, rs2: the same as people's mv. */
        return link ? r_type(OP, rd, rd, rs2) : i_type(OP_IMM, 0, rd, rs2, 0);
    }
    if (rd != 0) {
        return r_type(JALR, link ? RA : ZERO, rd, 0);
    }
    return link ? EBREAK : ILLEGAL;
}

/* Quadrant 2: all registers, and the stack. */
static uint32_t quadrant_2(uint32_t code)
{
    uint32_t rd = field(code, 11, 7, 0);
    uint32_t rs2 = field(code, 6, 2, 0);
    uint32_t shift = field(code, 12, 12, 5) | rs2;
    uint32_t load_w = field(code, 3, 2, 6) | field(code, 12, 12, 5) | field(code, 6, 4, 2);
    uint32_t load_d = field(code, 4, 2, 6) | field(code, 12, 12, 5) | field(code, 6, 5, 3);
    uint32_t store_w = field(code, 8, 7, 6) | field(code, 12, 9, 2);
    uint32_t store_d = field(code, 9, 7, 6) | field(code, 12, 10, 3);

    switch (code >> 13) {
    case 0: /* c.slli */
        return i_type(OP_IMM, 1, rd, rd, shift);
    case 1: /* c.fldsp */
        return i_type(LOAD_FP, DOUBLE, rd, SP, load_d);
    case 2: /* c.lwsp */
        return rd == 0 ? (uint32_t)ILLEGAL : i_type(LOAD, WORD, rd, SP, load_w);
    case 3: /* c.ldsp */
        return rd == 0 ? (uint32_t)ILLEGAL : i_type(LOAD, DOUBLE, rd, SP, load_d);
    case 4:
        return quadrant_2_register(code);
    case 5: /* c.fsdsp */
        return s_type(STORE_FP, DOUBLE, SP, rs2, store_d);
    case 6: /* c.swsp */
        return s_type(STORE, WORD, SP, rs2, store_w);
    default: /* c.sdsp */
        return s_type(STORE, DOUBLE, SP, rs2, store_d);
    }
}

uint32_t rv64_expand(uint32_t code)
{
    switch (code & 3) {
    case 0:
        return quadrant_0(code);
    case 1:
        return quadrant_1(code);
    default:
        return quadrant_2(code);
    }
}
