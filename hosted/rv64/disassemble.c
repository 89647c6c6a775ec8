/* SPDX-License-Identifier: BSD-2-Clause */

/* Instructions in words, from the decoder's table. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hosted/rv64/internal.h"

static const char *const x_names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

static const char *const f_names[32] = {
    "ft0", "ft1", "ft2", "ft3", "ft4",  "ft5",  "ft6", "ft7", "fs0",  "fs1",  "fa0",
    "fa1", "fa2", "fa3", "fa4", "fa5",  "fa6",  "fa7", "fs2", "fs3",  "fs4",  "fs5",
    "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11",
};

enum { DYNAMIC = 7 };

struct text {
    char *to;
    uint32_t size;
    uint32_t length;
};

static __attribute__((format(printf, 2, 3))) void put(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    uint32_t room = text->size - text->length;
    int length = vsnprintf(text->to + text->length, room, format, arguments);
    va_end(arguments);
    if (length > 0 && room > 0) {
        text->length += (uint32_t)length < room ? (uint32_t)length : room - 1;
    }
}

static void put_csr(struct text *text, uint32_t csr)
{
    static const struct {
        uint32_t csr;
        const char *name;
    } names[] = {
        {0x001, "fflags"}, {0x002, "frm"},  {0x003, "fcsr"},
        {0xC00, "cycle"},  {0xC01, "time"}, {0xC02, "instret"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].csr == csr) {
            put(text, "%s", names[i].name);
            return;
        }
    }
    put(text, "0x%" PRIx32, csr);
}

static void put_register(struct text *text, char operand, uint32_t code)
{
    static const char letters[] = "dstDSTR";
    static const uint8_t shifts[] = {7, 15, 20, 7, 15, 20, 27};
    size_t which = (size_t)(strchr(letters, operand) - letters);
    put(text, "%s", (which < 3 ? x_names : f_names)[code >> shifts[which] & 31]);
}

static void put_operand(struct text *text, char operand, uint32_t code, uint64_t pc)
{
    static const char *const modes[8] = {"rne", "rtz", "rdn", "rup", "rmm", "?", "?", "?"};
    int64_t imm = rv64_immediate(operand, code);
    const char *base = x_names[code >> 15 & 31];
    switch (operand) {
    case 'm':
        put(text, "%s", modes[code >> 12 & 7]);
        break;
    case 'o':
    case 'q':
        put(text, "%" PRId64 "(%s)", imm, base);
        break;
    case '0':
        put(text, "(%s)", base);
        break;
    case 'p':
    case 'a':
        put(text, "0x%" PRIx64, pc + (uint64_t)imm);
        break;
    case 'u':
    case 'U':
        put(text, "0x%" PRIx32, code >> 12);
        break;
    case 'E':
        put_csr(text, (uint32_t)imm);
        break;
    case 'j':
    case '>':
    case '<':
    case 'Z':
        put(text, "%" PRId64, imm);
        break;
    default:
        put_register(text, operand, code);
    }
}

/* What people write instead. False: nothing. */
static bool put_pseudo(struct text *text, uint32_t code, uint64_t pc)
{
    const char *rd = x_names[code >> 7 & 31];
    const char *rs1 = x_names[code >> 15 & 31];
    bool addi = (code & 0x707F) == 0x13;
    if (code == 0x00000013) {
        put(text, "nop");
    } else if (code == 0x00008067) {
        put(text, "ret");
    } else if ((code & 0xFFF) == 0x06F) {
        put(text, "j 0x%" PRIx64, pc + (uint64_t)rv64_immediate('a', code));
    } else if (addi && (code >> 15 & 31) == 0) {
        put(text, "li %s, %" PRId64, rd, rv64_immediate('j', code));
    } else if (addi && code >> 20 == 0) {
        put(text, "mv %s, %s", rd, rs1);
    } else {
        return false;
    }
    return true;
}

static void put_name(struct text *text, const struct rv64_format *format, uint32_t code)
{
    for (const char *name = format->name; *name != '\0'; name++) {
        put(text, "%c", *name == '_' ? '.' : *name);
    }
    if ((code & 0x7F) == 0x2F) {
        static const char *const orders[4] = {"", ".rl", ".aq", ".aqrl"};
        put(text, "%s", orders[code >> 25 & 3]);
    }
}

uint32_t rv64_disassemble(uint32_t code, uint64_t pc, char *text, uint32_t size)
{
    struct text to = {.to = text, .size = size};
    uint32_t length = rv64_length(code);
    uint32_t full = rv64_full(code);
    const struct rv64_format *format = rv64_find_format(full);
    if (format == NULL) {
        put(&to, length == 4 ? ".word 0x%08" PRIx32 : ".half 0x%04" PRIx32,
            length == 4 ? code : code & 0xFFFF);
        return length;
    }
    if (put_pseudo(&to, full, pc)) {
        return length;
    }
    put_name(&to, format, full);
    const char *separator = " ";
    for (const char *operand = format->operands; *operand != '\0'; operand++) {
        bool usual_mode = *operand == 'm' && (full >> 12 & 7) == DYNAMIC;
        if (*operand == ',' || *operand == 'M' || usual_mode) {
            continue;
        }
        put(&to, "%s", separator);
        put_operand(&to, *operand, full, pc);
        separator = ", ";
    }
    return length;
}
