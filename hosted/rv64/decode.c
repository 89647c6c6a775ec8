/* SPDX-License-Identifier: BSD-2-Clause */

/* Bits to operations, by the table. */
#include <string.h>

#include "hosted/rv64/internal.h"

static const struct rv64_format formats[] = {
#define FORMAT(name, operands, match, mask) {#name, operands, match, mask, rv64_op_##name},
    RV64_TABLE(FORMAT)
#undef FORMAT
};

/* Bits high..low of the code, moved to bit `to`. */
static uint32_t field(uint32_t code, uint32_t high, uint32_t low, uint32_t to)
{
    return (code >> low & ((2u << (high - low)) - 1)) << to;
}

static int64_t sign_extend(uint32_t value, uint32_t bits)
{
    uint32_t sign = 1u << (bits - 1);
    return (int64_t)(value ^ sign) - (int64_t)sign;
}

/* 5 and 6 are reserved. */
static bool bad_rounding_mode(const struct rv64_format *format, uint32_t code)
{
    uint32_t mode = field(code, 14, 12, 0);
    bool has_one = strpbrk(format->operands, "mM") != NULL;
    return has_one && (mode == 5 || mode == 6);
}

const struct rv64_format *rv64_find_format(uint32_t code)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if ((code & formats[i].mask) == formats[i].match) {
            return bad_rounding_mode(&formats[i], code) ? NULL : &formats[i];
        }
    }
    return NULL;
}

int64_t rv64_immediate(char operand, uint32_t code)
{
    switch (operand) {
    case 'j':
    case 'o':
        return sign_extend(code >> 20, 12);
    case 'q':
        return sign_extend(field(code, 31, 25, 5) | field(code, 11, 7, 0), 12);
    case 'p':
        return sign_extend(field(code, 31, 31, 12) | field(code, 7, 7, 11) |
                               field(code, 30, 25, 5) | field(code, 11, 8, 1),
                           13);
    case 'a':
        return sign_extend(field(code, 31, 31, 20) | field(code, 19, 12, 12) |
                               field(code, 20, 20, 11) | field(code, 30, 21, 1),
                           21);
    case 'u':
    case 'U':
        return (int32_t)(code & 0xFFFFF000);
    case '>':
        return field(code, 25, 20, 0);
    case '<':
        return field(code, 24, 20, 0);
    case 'E':
        return code >> 20;
    case 'Z':
        return field(code, 19, 15, 0);
    default:
        return 0;
    }
}

static void decode_operand(char operand, uint32_t code, struct op *op)
{
    switch (operand) {
    case 'd':
        op->rd = op->rd == 0 ? RV64_SINK : op->rd;
        break;
    case 'm':
    case 'M':
        op->rm = (uint8_t)field(code, 14, 12, 0);
        break;
    case 'p':
    case 'a':
    case 'U':
        op->imm = op->at + rv64_immediate(operand, code);
        break;
    case 'Z': /* Where rs1 is elsewhere; imm is the CSR. */
        break;
    default:
        op->imm += rv64_immediate(operand, code);
    }
}

static bool ends_block(const struct rv64_format *format)
{
    return format->run == rv64_op_jal || format->run == rv64_op_jalr ||
           format->run == rv64_op_ecall || format->run == rv64_op_ebreak;
}

uint32_t rv64_full(uint32_t code)
{
    return rv64_length(code) == 4 ? code : rv64_expand(code & 0xFFFF);
}

bool rv64_decode(uint32_t code, uint32_t at, struct op *op)
{
    uint32_t full = rv64_full(code);
    const struct rv64_format *format = rv64_find_format(full);
    if (format == NULL) {
        *op = (struct op){.run = rv64_op_illegal, .at = (uint16_t)at};
        return true;
    }
    *op = (struct op){
        .run = format->run,
        .rd = (uint8_t)field(full, 11, 7, 0),
        .rs1 = (uint8_t)field(full, 19, 15, 0),
        .rs2 = (uint8_t)field(full, 24, 20, 0),
        .rs3 = (uint8_t)field(full, 31, 27, 0),
        .at = (uint16_t)at,
    };
    for (const char *operand = format->operands; *operand != '\0'; operand++) {
        decode_operand(*operand, full, op);
    }
    return ends_block(format);
}
