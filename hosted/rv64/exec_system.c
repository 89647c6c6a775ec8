/* SPDX-License-Identifier: BSD-2-Clause */

/* Exceptions, fences and CSRs. */
#include <string.h>

#include "hosted/rv64/internal.h"

struct block *rv64_op_illegal(struct rv64 *rv, struct op *op)
{
    const uint8_t *bytes = rv->block->bytes + op->at;
    uint32_t code = bytes[0] | (uint32_t)bytes[1] << 8;
    if (rv64_length(code) == 4) {
        code |= (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    }
    return rv64_trap(rv, op, RV64_CAUSE_ILLEGAL, code);
}

struct block *rv64_op_ecall(struct rv64 *rv, struct op *op)
{
    return rv64_trap(rv, op, RV64_CAUSE_ECALL, 0);
}

struct block *rv64_op_ebreak(struct rv64 *rv, struct op *op)
{
    return rv64_trap(rv, op, RV64_CAUSE_BREAKPOINT, rv->pc + op->at);
}

/* All is in order anyway: one hart at a time runs, and it sees what it has written, code too. */
struct block *rv64_op_fence(struct rv64 *rv, struct op *op)
{
    return RV64_NEXT(rv, op);
}

struct block *rv64_op_fence_i(struct rv64 *rv, struct op *op)
{
    return RV64_NEXT(rv, op);
}

/* --- Zicsr ------------------------------------------------------------------------------------ */

enum csr {
    CSR_FFLAGS = 0x001,
    CSR_FRM = 0x002,
    CSR_FCSR = 0x003,
    CSR_CYCLE = 0xC00,
    CSR_TIME = 0xC01,
    CSR_INSTRET = 0xC02,
};

enum csr_operation { CSR_SWAP, CSR_SET, CSR_CLEAR };

/* False: there is no such CSR, or user mode may not read it. */
static bool read_csr(struct rv64 *rv, struct op *op, uint64_t *value)
{
    bool floating = op->imm >= CSR_FFLAGS && op->imm <= CSR_FCSR;
    if (floating && rv->f == NULL) {
        return false;
    }
    rv64_note_progress(rv, op);
    switch (op->imm) {
    case CSR_FFLAGS:
        *value = rv->f[RV64_FCSR] & 0x1F;
        return true;
    case CSR_FRM:
        *value = rv->f[RV64_FCSR] >> 5 & 7;
        return true;
    case CSR_FCSR:
        *value = rv->f[RV64_FCSR] & 0xFF;
        return true;
    case CSR_CYCLE:
    case CSR_INSTRET:
        *value = rv->retired + rv->done;
        return true;
    case CSR_TIME:
        *value = rv->bus.time(rv->bus.context, rv->done);
        return true;
    default:
        return false;
    }
}

/* The counters are read-only. */
static bool csr_writable(int64_t csr)
{
    return csr <= CSR_FCSR;
}

static void write_csr(struct rv64 *rv, int64_t csr, uint64_t value)
{
    uint64_t *fcsr = &rv->f[RV64_FCSR];
    switch (csr) {
    case CSR_FFLAGS:
        *fcsr = (*fcsr & 0xE0) | (value & 0x1F);
        break;
    case CSR_FRM:
        *fcsr = (*fcsr & 0x1F) | (value & 7) << 5;
        break;
    default:
        *fcsr = value & 0xFF;
    }
}

/* `operand` is rs1's value or the immediate. Set and clear do not write if the field is 0. */
static struct block *access_csr(struct rv64 *rv, struct op *op, enum csr_operation operation,
                                uint64_t operand)
{
    bool writes = operation == CSR_SWAP || op->rs1 != 0;
    uint64_t old = 0;
    if ((writes && !csr_writable(op->imm)) || !read_csr(rv, op, &old)) {
        return rv64_op_illegal(rv, op);
    }
    uint64_t value = operand;
    if (operation != CSR_SWAP) {
        value = operation == CSR_SET ? old | operand : old & ~operand;
    }
    if (writes) {
        write_csr(rv, op->imm, value);
    }
    rv->x[op->rd] = old;
    return rv64_next_or_leave(rv, op);
}

#define CSR_INSTRUCTION(name, operation)                                                           \
    struct block *rv64_op_##name(struct rv64 *rv, struct op *op)                                   \
    {                                                                                              \
        return access_csr(rv, op, operation, rv->x[op->rs1]);                                      \
    }                                                                                              \
    struct block *rv64_op_##name##i(struct rv64 *rv, struct op *op)                                \
    {                                                                                              \
        return access_csr(rv, op, operation, op->rs1);                                             \
    }

CSR_INSTRUCTION(csrrw, CSR_SWAP)
CSR_INSTRUCTION(csrrs, CSR_SET)
CSR_INSTRUCTION(csrrc, CSR_CLEAR)
