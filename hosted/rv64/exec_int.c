/* SPDX-License-Identifier: BSD-2-Clause */

/* Integer computation and jumps: the handlers of I and M that touch registers only. */
#include "hosted/rv64/internal.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* A handler that computes `result` from a = rs1 and b = the second operand. */
#define COMPUTE(name, second, result)                                                              \
    struct block *rv64_op_##name(struct rv64 *rv, struct op *op)                                   \
    {                                                                                              \
        uint64_t a = rv->x[op->rs1];                                                               \
        uint64_t b = second;                                                                       \
        rv->x[op->rd] = (result);                                                                  \
        return RV64_NEXT(rv, op);                                                                  \
    }
#define REGISTER(name, result) COMPUTE(name, rv->x[op->rs2], result)
#define IMMEDIATE(name, result) COMPUTE(name, (uint64_t)op->imm, result)

static uint64_t shift_right(uint64_t value, uint64_t by)
{
    return (uint64_t)((int64_t)value >> (by & 63));
}

static uint64_t shift_right_word(uint64_t value, uint64_t by)
{
    return (uint64_t)(int64_t)((int32_t)(uint32_t)value >> (by & 31));
}

static uint64_t shift_left_word(uint64_t value, uint64_t by)
{
    return rv64_sext32((uint32_t)value << (by & 31));
}

static uint64_t shift_right_logical_word(uint64_t value, uint64_t by)
{
    return rv64_sext32((uint32_t)value >> (by & 31));
}

REGISTER(add, a + b)
REGISTER(sub, a - b)
REGISTER(sll, a << (b & 63))
REGISTER(slt, (int64_t)a < (int64_t)b)
REGISTER(sltu, a < b)
REGISTER(xor, a ^ b)
REGISTER(srl, a >> (b & 63))
REGISTER(sra, shift_right(a, b))
REGISTER(or, a | b)
REGISTER(and, a &b)
REGISTER(addw, rv64_sext32(a + b))
REGISTER(subw, rv64_sext32(a - b))
REGISTER(sllw, shift_left_word(a, b))
REGISTER(srlw, shift_right_logical_word(a, b))
REGISTER(sraw, shift_right_word(a, b))

IMMEDIATE(addi, a + b)
IMMEDIATE(slti, (int64_t)a < (int64_t)b)
IMMEDIATE(sltiu, a < b)
IMMEDIATE(xori, a ^ b)
IMMEDIATE(ori, a | b)
IMMEDIATE(andi, a &b)
IMMEDIATE(slli, a << (b & 63))
IMMEDIATE(srli, a >> (b & 63))
IMMEDIATE(srai, shift_right(a, b))
IMMEDIATE(addiw, rv64_sext32(a + b))
IMMEDIATE(slliw, shift_left_word(a, b))
IMMEDIATE(srliw, shift_right_logical_word(a, b))
IMMEDIATE(sraiw, shift_right_word(a, b))

/* --- M ---------------------------------------------------------------------------------------- */

static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    return (uint64_t)((uint128)((int128)(int64_t)a * (int64_t)b) >> 64);
}

static uint64_t multiply_high_unsigned(uint64_t a, uint64_t b)
{
    return (uint64_t)((uint128)a * b >> 64);
}

/* a signed, b not: a negative a stands for a - 2^64. */
static uint64_t multiply_high_mixed(uint64_t a, uint64_t b)
{
    return multiply_high_unsigned(a, b) - ((int64_t)a < 0 ? b : 0);
}

/* Division by 0 and overflow do not trap: they have the results that the ISA lists. */
static uint64_t divide(uint64_t a, uint64_t b)
{
    if (b == 0) {
        return UINT64_MAX;
    }
    return b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
}

static uint64_t remainder_of(uint64_t a, uint64_t b)
{
    if (b == 0) {
        return a;
    }
    return b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
}

static uint64_t divide_unsigned(uint64_t a, uint64_t b)
{
    return b == 0 ? UINT64_MAX : a / b;
}

static uint64_t remainder_unsigned(uint64_t a, uint64_t b)
{
    return b == 0 ? a : a % b;
}

REGISTER(mul, a *b)
REGISTER(mulh, multiply_high(a, b))
REGISTER(mulhsu, multiply_high_mixed(a, b))
REGISTER(mulhu, multiply_high_unsigned(a, b))
REGISTER(div, divide(a, b))
REGISTER(divu, divide_unsigned(a, b))
REGISTER(rem, remainder_of(a, b))
REGISTER(remu, remainder_unsigned(a, b))
REGISTER(mulw, rv64_sext32(a *b))
REGISTER(divw, rv64_sext32(divide(rv64_sext32(a), rv64_sext32(b))))
REGISTER(divuw, rv64_sext32(divide_unsigned((uint32_t)a, (uint32_t)b)))
REGISTER(remw, rv64_sext32(remainder_of(rv64_sext32(a), rv64_sext32(b))))
REGISTER(remuw, rv64_sext32(remainder_unsigned((uint32_t)a, (uint32_t)b)))

/* --- Jumps ------------------------------------------------------------------------------------ */

struct block *rv64_op_lui(struct rv64 *rv, struct op *op)
{
    rv->x[op->rd] = (uint64_t)op->imm;
    return RV64_NEXT(rv, op);
}

struct block *rv64_op_auipc(struct rv64 *rv, struct op *op)
{
    rv->x[op->rd] = rv->pc + (uint64_t)op->imm;
    return RV64_NEXT(rv, op);
}

struct block *rv64_op_jal(struct rv64 *rv, struct op *op)
{
    rv->x[op->rd] = rv->pc + op[1].at;
    return rv64_jump_by(rv, op, op->index + 1u);
}

struct block *rv64_op_jalr(struct rv64 *rv, struct op *op)
{
    uint64_t target = (rv->x[op->rs1] + (uint64_t)op->imm) & ~UINT64_C(1);
    rv->x[op->rd] = rv->pc + op[1].at;
    rv->pc = target;
    rv->left -= op->index + 1u;
    return rv64_jump(rv);
}

#define BRANCH(name, condition)                                                                    \
    struct block *rv64_op_##name(struct rv64 *rv, struct op *op)                                   \
    {                                                                                              \
        uint64_t a = rv->x[op->rs1];                                                               \
        uint64_t b = rv->x[op->rs2];                                                               \
        return (condition) ? rv64_jump_by(rv, op, op->index + 1u) : RV64_NEXT(rv, op);             \
    }

BRANCH(beq, a == b)
BRANCH(bne, a != b)
BRANCH(blt, (int64_t)a < (int64_t)b)
BRANCH(bge, (int64_t)a >= (int64_t)b)
BRANCH(bltu, a < b)
BRANCH(bgeu, a >= b)

struct block *rv64_op_end(struct rv64 *rv, struct op *op)
{
    return rv64_jump_by(rv, op, op->index);
}

struct block *rv64_op_cut(struct rv64 *rv, struct op *op)
{
    return rv64_leave(rv, op);
}
