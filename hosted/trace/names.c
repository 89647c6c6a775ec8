/* SPDX-License-Identifier: BSD-2-Clause */

#include "hosted/trace/names.h"

#include <string.h>

#include "core/cap.h"
#include "hosted/trace/trace.h"
#include "hosted/words.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- Invocations ------------------------------------------------------------------------------ */

#define COUNT_1(...) +1
#define COUNT_0(...)
#define ARGUMENT_W(type, argument) {#argument, sizeof #argument - 1, ARGUMENT_WORD},
#define ARGUMENT_N(argument) {#argument, sizeof #argument - 1, ARGUMENT_WORD},
#define ARGUMENT_R(argument) {#argument, sizeof #argument - 1, ARGUMENT_RIGHTS},
#define ARGUMENT_D(argument) {#argument, sizeof #argument - 1, ARGUMENT_HEX},
#define ARGUMENT_C(argument) {#argument, sizeof #argument - 1, ARGUMENT_CAP},

static const struct invocation invocations[ABI_LABEL_COUNT] = {
#define ABI_X(label, KIND, NAME, stub, handler, args, results)                                     \
    [label] = {.name = #stub,                                                                      \
               .kind = CAP_##KIND,                                                                 \
               .count = 0 ABI_ARGS_##args(COUNT_1, COUNT_1, COUNT_1, COUNT_1, COUNT_1),            \
               .words = 0 ABI_ARGS_##args(COUNT_1, COUNT_1, COUNT_1, COUNT_1, COUNT_0),            \
               .caps = 0 ABI_ARGS_##args(COUNT_0, COUNT_0, COUNT_0, COUNT_0, COUNT_1),             \
               .arguments = {ABI_ARGS_##args(ARGUMENT_W, ARGUMENT_N, ARGUMENT_R, ARGUMENT_D,       \
                                             ARGUMENT_C){NULL, 0, ARGUMENT_WORD}}},
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
};

const struct invocation *invocation_of(uint64_t label)
{
    return label < ABI_LABEL_COUNT && invocations[label].name != NULL ? &invocations[label] : NULL;
}

uint32_t invocation_label(const char *name, size_t length)
{
    for (uint32_t i = 1; i < ABI_LABEL_COUNT; i++) {
        const char *candidate = invocations[i].name;
        if (candidate != NULL && strncmp(candidate, name, length) == 0 &&
            candidate[length] == '\0') {
            return i;
        }
    }
    return 0;
}

enum argument_style argument_style(const struct argument *argument)
{
    static const struct {
        const char *suffix;
        uint8_t length;
    } hex[] = {{"index", 5}, {"offset", 6}, {"vaddr", 5}, {"buffer", 6},
               {"badge", 5}, {"base", 4},   {"data", 4}};
    if (argument->style != ARGUMENT_WORD) {
        return (enum argument_style)argument->style;
    }
    for (size_t i = 0; i < COUNT(hex); i++) {
        if (argument->length >= hex[i].length &&
            memcmp(argument->name + argument->length - hex[i].length, hex[i].suffix,
                   hex[i].length) == 0) {
            return ARGUMENT_HEX;
        }
    }
    bool type = argument->length == 4 && memcmp(argument->name, "type", 4) == 0;
    return type ? ARGUMENT_OBJECT : ARGUMENT_WORD;
}

/* --- Plain tables ----------------------------------------------------------------------------- */

static const char *name_at(const char *const *names, size_t count, uint64_t index)
{
    return index < count ? names[index] : NULL;
}

static bool find_name(const char *const *names, size_t count, const char *name, size_t length,
                      uint64_t *index)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i] != NULL && strncmp(names[i], name, length) == 0 && names[i][length] == '\0') {
            *index = i;
            return true;
        }
    }
    return false;
}

/* By negated number. */
static const char *const syscalls[] = {
#define ABI_X(number, name, stub) [-(number)] = #stub,
    ABI_SYSCALLS(ABI_X) ABI_DEBUG_SYSCALLS(ABI_X)
#undef ABI_X
};

const char *syscall_name(uint64_t number)
{
    return name_at(syscalls, COUNT(syscalls), 0 - number);
}

bool syscall_number(const char *name, size_t length, uint64_t *number)
{
    uint64_t index = 0;
    if (!find_name(syscalls, COUNT(syscalls), name, length, &index)) {
        return false;
    }
    *number = 0 - index;
    return true;
}

#define ABI_X(value, name, words) [value] = #words,
static const char *const errors[] = {ABI_ERRORS(ABI_X)};
static const char *const objects[] = {ABI_OBJECTS(ABI_X)};
#undef ABI_X

const char *error_name(uint64_t error)
{
    return name_at(errors, COUNT(errors), error);
}

const char *object_name(uint64_t type)
{
    return name_at(objects, COUNT(objects), type);
}

bool object_type(const char *name, size_t length, uint64_t *type)
{
    return find_name(objects, COUNT(objects), name, length, type);
}

/* The RISC-V privileged specification's exceptions. */
static const char *const causes[] = {
    [0] = "fetch-misaligned", [1] = "fetch-access",    [2] = "illegal-instruction",
    [3] = "breakpoint",       [4] = "load-misaligned", [5] = "load-access",
    [6] = "store-misaligned", [7] = "store-access",    [12] = "fetch-page",
    [13] = "load-page",       [15] = "store-page",
};

const char *cause_name(uint64_t cause)
{
    return name_at(causes, COUNT(causes), cause);
}

bool cause_number(const char *name, size_t length, uint64_t *cause)
{
    return find_name(causes, COUNT(causes), name, length, cause);
}

const char *register_name(uint64_t number)
{
    return number == TRACE_PC ? "pc" : words_register((uint32_t)number);
}

bool register_number(const char *name, size_t length, uint64_t *number)
{
    for (uint32_t i = 1; i < TRACE_REGISTERS; i++) {
        const char *candidate = register_name(i);
        if (strncmp(candidate, name, length) == 0 && candidate[length] == '\0') {
            *number = i;
            return true;
        }
    }
    return false;
}

uint32_t context_register(uint32_t i)
{
    static const uint8_t numbers[32] = {TRACE_PC, 1,  2,  3,  8,  9,  18, 19, 20, 21, 22,
                                        23,       24, 25, 26, 27, 10, 11, 12, 13, 14, 15,
                                        16,       17, 5,  6,  7,  28, 29, 30, 31, 4};
    return numbers[i];
}
