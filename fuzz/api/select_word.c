/* SPDX-License-Identifier: BSD-2-Clause */

/* Words: sizes, numbers, times, addresses. */
#include <stddef.h>

#include "core/kernel.h"
#include "fuzz/api/select.h"
#include "hosted/sim.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Host addresses of guest RAM and what is near: no user may know one, so none makes one up. */
#define WINDOW_SIZE ((uint64_t)1 << 40)

enum { PAGE = 1 << ABI_PAGE_BITS, MEGA = 1 << ABI_MEGA_PAGE_BITS, GIGA = 1 << ABI_GIGA_PAGE_BITS };

uint64_t select_word(struct input_selector selector)
{
    uint64_t pick = selector.pick;
    uint64_t word = 0;
    switch (selector.mode % 8) {
    case 0:
        word = pick;
        break;
    case 1:
        word = (uint64_t)1 << pick % 64;
        break;
    case 2:
        word = ((uint64_t)1 << pick % 64) - 1;
        break;
    case 3:
        word = 0 - pick;
        break;
    case 4:
        word = (pick == 0xA5 ? 0 : pick) * 0x0101010101010101; /* Never WORLD_POISON. */
        break;
    case 5:
        word = ABI_USER_TOP + (pick - 128) * PAGE;
        break;
    case 6:
        word = pick << 56 | (255 - pick);
        break;
    default:
        word = 0x80000000 + pick * PAGE; /* Where RAM is. */
        break;
    }
    return word - SIM_WINDOW < WINDOW_SIZE ? word - SIM_WINDOW : word;
}

/* --- Addresses -------------------------------------------------------------------------------- */

/* Not a root table: it is mapped nowhere, and has address 0. */
static bool is_mapped_here(const struct select *s, const struct slot *slot)
{
    return cap_is_mapped(&slot->cap) && slot->cap.vaddr != 0 &&
           (s->asid == 0 || slot->cap.asid == s->asid);
}

/* Where something is mapped by a capability that the thread holds. */
static uint64_t mapped_address(const struct select *s, uint32_t start, uint32_t types)
{
    struct slot *slot = NULL;
    if (s->root != NULL) {
        slot = select_scan(s, s->root, start, types, is_mapped_here);
    }
    return slot == NULL ? (uint64_t)start * PAGE : slot->cap.vaddr;
}

/* Most of what lies outside of RAM answers with an access fault. */
static bool is_mapped_ram(const struct select *s, const struct slot *slot)
{
    return is_mapped_here(s, slot) && !slot->cap.device;
}

uint64_t select_mapped(const struct select *s, struct input_selector selector)
{
    struct slot *slot = NULL;
    select_good *good = selector.mode < 200 ? is_mapped_ram : is_mapped_here;
    if (s->root != NULL) {
        slot = select_scan(s, s->root, selector.pick, SELECT_TYPE(CAP_FRAME), good);
    }
    return slot == NULL ? (uint64_t)selector.pick * PAGE : slot->cap.vaddr;
}

static uint64_t odd_address(struct input_selector selector)
{
    static const uint64_t addresses[] = {
        0,
        1,
        ABI_USER_TOP - PAGE,
        ABI_USER_TOP - PAGE + 1,
        ABI_USER_TOP,
        ABI_USER_TOP - MEGA,
        ABI_USER_TOP - GIGA,
        (uint64_t)1 << 38,
        (uint64_t)1 << 39,
        (uint64_t)-1 << 38,
        (uint64_t)-PAGE,
        UINT64_MAX,
    };
    if (selector.mode < 246) {
        return addresses[selector.pick % COUNT(addresses)];
    }
    return select_word(selector);
}

/* A page of the same leaf table; a mega page of the same middle table; any giga page. */
uint64_t select_vaddr(struct select *s, struct input_selector selector, uint32_t bits)
{
    uint64_t pick = selector.pick;
    if (selector.mode >= SELECT_ODD) {
        return odd_address(selector);
    }
    if (bits >= ABI_GIGA_PAGE_BITS) {
        return (pick & 15) * GIGA;
    }
    uint32_t types = SELECT_TYPE(CAP_FRAME) | SELECT_TYPE(CAP_PAGE_TABLE);
    types = selector.mode < 128 ? types : SELECT_TYPE(CAP_PAGE_TABLE);
    uint64_t near = mapped_address(s, selector.mode, types);
    if (bits >= ABI_MEGA_PAGE_BITS) {
        return (near & ~(uint64_t)(GIGA - 1)) + pick * MEGA;
    }
    return (near & ~(uint64_t)(MEGA - 1)) + (pick ^ 0x80) * PAGE;
}

/* Where the invoked frame or table may go. */
static uint64_t map_address(struct select *s, struct input_selector selector)
{
    const struct cap *cap = s->invoked == NULL ? NULL : &s->invoked->cap;
    if (cap == NULL || selector.mode >= SELECT_ODD) {
        return odd_address(selector);
    }
    if (cap->type == CAP_FRAME && cap_is_mapped(cap) && selector.mode < 200) {
        return cap->vaddr;
    }
    if (cap->type == CAP_FRAME) {
        return select_vaddr(s, selector, cap->bits);
    }
    /* A table: leaf tables near what is there, middle tables elsewhere. */
    uint32_t bits = (selector.mode & 1) != 0 ? ABI_GIGA_PAGE_BITS : ABI_MEGA_PAGE_BITS;
    return select_vaddr(s, selector, bits);
}

/* --- Objects ---------------------------------------------------------------------------------- */

static uint64_t object_type(struct input_selector selector)
{
    static const uint8_t types[] = {
        ABI_OBJECT_UNTYPED,       ABI_OBJECT_TCB,       ABI_OBJECT_ENDPOINT,
        ABI_OBJECT_NOTIFICATION,  ABI_OBJECT_CAP_TABLE, ABI_OBJECT_SCHED_CONTEXT,
        ABI_OBJECT_REPLY,         ABI_OBJECT_PAGE_4K,   ABI_OBJECT_PAGE_TABLE,
        ABI_OBJECT_UNTYPED,       ABI_OBJECT_UNTYPED,   ABI_OBJECT_PAGE_4K,
        ABI_OBJECT_PAGE_TABLE,    ABI_OBJECT_CAP_TABLE, ABI_OBJECT_TCB,
        ABI_OBJECT_SCHED_CONTEXT,
    };
    return selector.mode < SELECT_ODD ? types[selector.pick % COUNT(types)] : selector.pick % 13;
}

static uint64_t object_size(const struct select *s, struct input_selector selector)
{
    static const uint8_t untyped[] = {12, 10, 8, 4, 11, 12, 13, 14};
    static const uint64_t odd[] = {0, 1, 2, 3, 5, 15, 22, 30, 38, 39, 58, 59, 63, 64, UINT64_MAX};
    if (selector.mode >= SELECT_ODD) {
        return odd[selector.pick % COUNT(odd)];
    }
    switch (s->type) {
    case ABI_OBJECT_UNTYPED:
        return untyped[selector.pick % COUNT(untyped)];
    case ABI_OBJECT_CAP_TABLE:
        return 2 + selector.pick % 4;
    case ABI_OBJECT_SCHED_CONTEXT:
        return 7 + selector.pick % 3;
    default:
        return selector.pick & 1;
    }
}

static uint64_t object_count(struct input_selector selector)
{
    static const uint64_t odd[] = {0, 256, 257, 5, 8, 16, 64, UINT64_MAX};
    if (selector.mode >= SELECT_ODD) {
        return odd[selector.pick % COUNT(odd)];
    }
    return selector.mode < 176 ? 1 : 2 + selector.pick % 3;
}

/* --- Threads and time ------------------------------------------------------------------------- */

/* Beyond a limit: the authority's, or that of the thread that is changed. */
static uint64_t odd_priority(const struct select *s, const struct thread *authority, uint8_t pick)
{
    static const uint64_t odd[] = {0, 1, 254, 255, 256, 257, (uint64_t)1 << 32, UINT64_MAX};
    const struct thread *target = authority;
    if (s->invoked != NULL && s->invoked->cap.type == CAP_TCB) {
        target = s->invoked->cap.thread;
    }
    switch (pick % 4) {
    case 0:
        return target->mcp;
    case 1:
        return authority->mcp + 1u;
    default:
        return odd[pick / 4u % COUNT(odd)];
    }
}

/* Mostly what keeps threads taking turns. */
static uint64_t priority(const struct select *s, struct input_selector selector, bool mcp)
{
    const struct thread *authority = s->thread;
    if (s->authority != NULL && s->authority->cap.type == CAP_TCB) {
        authority = s->authority->cap.thread;
    }
    if (selector.mode >= SELECT_ODD) {
        return odd_priority(s, authority, selector.pick);
    }
    if (mcp && selector.mode < 176) {
        return authority->mcp;
    }
    uint64_t most = authority->mcp;
    uint64_t value = s->thread->priority;
    if (selector.mode >= 144) {
        value += selector.pick % 3;
        value -= value > 0 ? 1 : 0;
    }
    if (selector.mode >= (mcp ? 200 : 216)) {
        value = selector.pick;
    }
    return value < most ? value : most;
}

/* Microseconds. */
static uint64_t budget(const struct select *s, struct input_selector selector)
{
    static const uint64_t usual[] = {1000, 20, 21, 50, 100, 300, 2000, 5000};
    uint64_t most = s->k->max_period_us;
    const uint64_t odd[] = {0, 1, 19, most, most + 1, most - 1, (uint64_t)1 << 40, UINT64_MAX};
    return selector.mode < SELECT_ODD ? usual[selector.pick % COUNT(usual)]
                                      : odd[selector.pick % COUNT(odd)];
}

static uint64_t period(const struct select *s, struct input_selector selector)
{
    static const uint8_t factors[] = {1, 1, 2, 1, 3, 5, 10, 100};
    uint64_t most = s->k->max_period_us;
    const uint64_t odd[] = {0, 19, 20, s->budget - 1, s->budget + 1, most, most + 1, UINT64_MAX};
    if (selector.mode >= SELECT_ODD) {
        return odd[selector.pick % COUNT(odd)];
    }
    uint64_t factor = factors[selector.pick % COUNT(factors)];
    return s->budget > most / factor ? s->budget : s->budget * factor;
}

static uint64_t extra_refills(const struct select *s, struct input_selector selector)
{
    uint64_t room = 8;
    if (s->sc != NULL && s->sc->cap.type == CAP_SCHED_CONTEXT) {
        room = (((uint64_t)1 << s->sc->cap.bits) - sizeof(struct sched_context)) / ABI_REFILL_BYTES;
    }
    uint64_t most = room > 2 ? room - 2 : 0;
    if (selector.mode >= SELECT_ODD) {
        return most + selector.pick % 4;
    }
    return selector.pick % (most + 1);
}

/* The odd ones are also shorter than a kernel entry: see play.c. */
static uint64_t duration(struct input_selector selector)
{
    static const uint64_t usual[] = {20000, 3000, 90000, 0};
    static const uint64_t odd[] = {
        (uint64_t)1 << 56, ((uint64_t)1 << 56) - 1, UINT64_MAX, 0, 1, 40, 700, 2999,
    };
    return selector.mode < SELECT_ODD ? usual[selector.pick % COUNT(usual)]
                                      : odd[selector.pick % COUNT(odd)];
}

/* The last entry always is an end marker; the first few are enough for schedules. */
static uint64_t schedule_index(struct input_selector selector)
{
    uint64_t most = CONFIG_DOMAIN_SCHEDULE - 1;
    if (selector.mode >= 200) {
        return selector.mode < SELECT_ODD ? most : selector.pick;
    }
    return selector.pick % (most < 4 ? most : 4);
}

static uint64_t irq(const struct select *s, struct input_selector selector)
{
    uint32_t irq_max = s->k->irq_max;
    if (selector.mode >= SELECT_ODD) {
        static const uint64_t odd[] = {0, 1, 2, 1023, 1024, UINT64_MAX};
        return selector.pick % 8 < COUNT(odd) ? odd[selector.pick % 8]
                                              : irq_max + selector.pick % 2;
    }
    /* Now and then one that is in use. */
    bool free = selector.mode % 8 != 5;
    for (uint32_t i = 0; i < irq_max; i++) {
        uint32_t line = 1 + (selector.pick + i) % irq_max;
        if ((s->k->irq_states[line] == IRQ_INACTIVE) == free) {
            return line;
        }
    }
    return 1;
}

/* --- Capability words ------------------------------------------------------------------------- */

/* The guard that makes lookups through this CNode use all bits, or a small one. */
static uint64_t guard_word(const struct cap *node, struct input_selector selector)
{
    uint64_t bits = 64u - node->bits;
    if (selector.mode >= 176) {
        bits = selector.mode >= SELECT_ODD ? selector.pick % 64 : selector.pick % 8;
    }
    return (selector.mode < 144 ? 0 : (uint64_t)selector.pick << 6) | (bits & 63);
}

/* Badge or guard, as the capability needs. */
static uint64_t data(const struct slot *source, struct input_selector selector)
{
    if (source != NULL && source->cap.type == CAP_CNODE) {
        return guard_word(&source->cap, selector);
    }
    if (selector.mode < SELECT_ODD) {
        return selector.pick % 8;
    }
    return select_word((struct input_selector){selector.pick, selector.pick});
}

/* A CSpace root that is not yet as deep as lookups are gets its guard here. */
static uint64_t cspace_data(const struct select *s, struct input_selector selector)
{
    if (s->cspace == NULL || s->cspace->cap.type != CAP_CNODE) {
        return selector.mode < SELECT_ODD ? 0 : selector.pick;
    }
    const struct cap *node = &s->cspace->cap;
    if (selector.mode < 176 && node->guard_bits + node->bits == 64) {
        return 0;
    }
    return guard_word(node, selector.mode < 216 ? (struct input_selector){0, 0} : selector);
}

static uint64_t buffer_address(struct select *s, struct input_selector selector)
{
    if (selector.mode >= SELECT_ODD) {
        return (selector.mode & 1) != 0 ? selector.pick * 8u : odd_address(selector);
    }
    if (selector.pick % 16 == 15) {
        return 0;
    }
    s->asid = 0;
    return mapped_address(s, selector.pick, SELECT_TYPE(CAP_FRAME)) + (selector.mode & 3) * 1024;
}

/* Number of registers: WriteRegisters carries as many. */
static uint64_t register_count(const struct select *s, struct input_selector selector)
{
    if (selector.mode >= SELECT_ODD) {
        static const uint64_t odd[] = {0, 32, 33, 120, UINT64_MAX};
        return odd[selector.pick % COUNT(odd)];
    }
    bool few = s->label == ABI_LABEL_TCB_WRITE_REGISTERS && selector.mode < 176;
    return few ? selector.pick % 4 : 1 + selector.pick % 32;
}

/* The first two most often: that is where others are. */
static uint64_t domain(struct input_selector selector)
{
    uint32_t count = selector.pick >= 128 && CONFIG_DOMAINS > 2 ? 2 : CONFIG_DOMAINS;
    return selector.pick % count;
}

uint64_t select_argument_word(struct select *s, enum select_argument argument,
                              struct input_selector selector)
{
    bool odd = selector.mode >= SELECT_ODD;
    switch (argument) { /* tidy: open switch */
    case SELECT_ARG_ZERO:
        return odd ? select_word(selector) : 0;
    case SELECT_ARG_TYPE:
        return s->type = object_type(selector);
    case SELECT_ARG_SIZE_BITS:
        return s->size_bits = object_size(s, selector);
    case SELECT_ARG_OBJECTS:
        return s->count = object_count(selector);
    case SELECT_ARG_RIGHTS:
        return selector.mode < 176 ? ABI_RIGHT_ALL : selector.pick;
    case SELECT_ARG_DATA:
        return data(s->source, selector);
    case SELECT_ARG_CSPACE_DATA:
        return cspace_data(s, selector);
    case SELECT_ARG_BUFFER:
        return buffer_address(s, selector);
    case SELECT_ARG_PRIORITY:
        return priority(s, selector, false);
    case SELECT_ARG_MCP:
        return priority(s, selector, true);
    case SELECT_ARG_FLAGS:
        return odd ? selector.pick : selector.pick % 16 & ~(selector.mode < 144 ? 1u : 0u);
    case SELECT_ARG_COUNT:
        return register_count(s, selector);
    case SELECT_ARG_BIT:
        return odd ? select_word(selector) : selector.pick & 1;
    case SELECT_ARG_IRQ:
        return irq(s, selector);
    case SELECT_ARG_DOMAIN:
        return odd ? select_word(selector) : domain(selector);
    case SELECT_ARG_DURATION:
        return duration(selector);
    case SELECT_ARG_SCHEDULE_INDEX:
        return schedule_index(selector);
    case SELECT_ARG_BUDGET:
        return s->budget = budget(s, selector);
    case SELECT_ARG_PERIOD:
        return period(s, selector);
    case SELECT_ARG_REFILLS:
        return extra_refills(s, selector);
    case SELECT_ARG_VADDR:
        return map_address(s, selector);
    default:
        return select_word(selector);
    }
}
