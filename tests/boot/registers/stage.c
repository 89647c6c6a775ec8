/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/boot/registers/stage.h"

#include <stddef.h>

#include "tests/boot/registers/layout.h"
#include "user/lib/port.h"
#include "user/lib/print.h"

enum { END_WAIT_US = 10000000 };

static const char *const style_names[STYLES] = {"random", "zero", "ones", "kernel"};
static const char *const actor_names[ACTORS] = {"A", "B", "C"};

uint64_t stage_address(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

volatile uint64_t *stage_flag(uint32_t offset)
{
    return (volatile uint64_t *)(uintptr_t)(STAGE_ZERO_PAGE + offset); // NOLINT: an address.
}

uint32_t stage_context_register(uint32_t index)
{
    static const uint8_t order[] = {0,  RA, SP, GP,  S0,  S1, S2, S3, S4, S5, S6,
                                    S7, S8, S9, S10, S11, A0, A1, A2, A3, A4, A5,
                                    A6, A7, T0, T1,  T2,  T3, T4, T5, T6, TP};
    return order[index];
}

/* ---- Values ---- */

/* A mixer of bits (SplitMix64). */
static uint64_t mix(uint64_t value)
{
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

/* Every register of every act has its own, except in the styles of one value. */
static uint64_t style_value(enum style style, uint32_t id)
{
    static const uint64_t kernel[4] = {
        0xFFFFFFC080200000, /* The kernel in the window over all RAM, */
        0xFFFFFFFF80200000, /* its image, */
        0xFFFFFFFFC0200000, /* its devices, */
        0xFFFFFFC000000000, /* the first of its addresses. */
    };
    switch (style) {
    case STYLE_ZERO:
        return 0;
    case STYLE_ONES:
        return ~(uint64_t)0;
    case STYLE_KERNEL:
        return kernel[id % 4] + 8 * (uint64_t)id;
    case STYLE_RANDOM:
    case STYLES:
        break;
    }
    return mix(id);
}

static void fill(struct registers *registers, enum style style, uint32_t id)
{
    registers->x[0] = 0;
    for (uint32_t i = 1; i < 32; i++) {
        registers->x[i] = style_value(style, id * 64 + i);
    }
    for (uint32_t i = 0; i < 32; i++) {
        registers->f[i] = style_value(style, id * 64 + 32 + i);
    }
    registers->fcsr = style_value(style, id * 64) & 0xff; /* Rounding mode and flags. */
}

/* ---- Acts ---- */

void act_set_word(struct act *act, uint32_t index, uint64_t value)
{
    act->in_words[index] = value;
    act->expected_words[index] = value;
}

struct act *stage_act(struct stage *s, enum actor_name actor)
{
    struct actor *it = &s->actors[actor];
    uint32_t id = (uint32_t)actor * ACTS_MAX + it->act_count + 1;
    struct act *act = &it->acts[it->act_count];
    if (it->act_count == ACTS_MAX) {
        __builtin_trap();
    }
    it->act_count++;
    *act = (struct act){0};
    fill(&act->in, s->style, id);
    act->expected = act->in;
    act->probe = actor_ecall[actor];
    for (uint32_t i = 0; i < ACT_WORDS; i++) {
        act_set_word(act, i, style_value(s->style, 4096 + id * 64 + i));
    }
    return act;
}

void act_set(struct act *act, uint32_t x, uint64_t value)
{
    act->in.x[x] = value;
    act->expected.x[x] = value;
}

void act_expect(struct act *act, uint32_t x, uint64_t value)
{
    act->expected.x[x] = value;
}

struct act *stage_syscall(struct stage *s, enum actor_name actor, int64_t number, seL4_Word a0)
{
    struct act *act = stage_act(s, actor);
    act_set(act, A7, (uint64_t)number);
    act_set(act, A0, a0);
    return act;
}

struct act *stage_jump(struct stage *s, enum actor_name actor, const void *snippet)
{
    struct act *act = stage_act(s, actor);
    act->probe = actor == ACTOR_A ? probe_jump_a : probe_jump_b;
    act_set(act, S1, stage_address(snippet));
    act_set(act, S2, stage_address(actor == ACTOR_A ? probe_jump_a_back : probe_jump_b_back));
    return act;
}

void stage_work(struct stage *s, enum actor_name actor, void (*work)(const void *),
                const void *argument)
{
    struct act *act = stage_act(s, actor);
    act->probe = NULL;
    act->work = work;
    act->argument = argument;
}

void act_message(struct act *act, seL4_Word label, uint32_t length)
{
    act_set(act, A1, seL4_MessageInfo_new(label, 0, 0, length).words[0]);
}

void act_receives(struct act *act, seL4_Word badge, seL4_Word label, uint32_t length,
                  const uint64_t *words)
{
    act_expect(act, A0, badge);
    act_expect(act, A1, seL4_MessageInfo_new(label, 0, 0, length).words[0]);
    for (uint32_t i = 0; i < length && i < ACT_REGISTER_WORDS; i++) {
        act_expect(act, A2 + i, words[i]);
    }
    for (uint32_t i = ACT_REGISTER_WORDS; i < length; i++) {
        act->expected_words[i] = words[i];
    }
}

void act_receives_from(struct act *act, seL4_Word badge, const struct act *sender)
{
    seL4_MessageInfo_t info = {{sender->in.x[A1]}};
    uint64_t words[ACT_WORDS];
    for (uint32_t i = 0; i < ACT_WORDS; i++) {
        words[i] = i < ACT_REGISTER_WORDS ? sender->in.x[A2 + i] : sender->in_words[i];
    }
    act_receives(act, badge, seL4_MessageInfo_get_label(info),
                 (uint32_t)seL4_MessageInfo_get_length(info), words);
}

/* ---- Running ---- */

static void set_own_priority(uint8_t priority)
{
    if (seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, priority) !=
        seL4_NoError) {
        __builtin_trap();
    }
}

void stage_go(const struct stage *s, enum actor_name actor)
{
    seL4_Signal(s->actors[actor].go);
}

void stage_go_together(const struct stage *s, enum actor_name one, enum actor_name other)
{
    set_own_priority(STAGE_ABOVE);
    stage_go(s, one);
    stage_go(s, other);
    set_own_priority(STAGE_PRIORITY);
}

void stage_configure(struct stage *s, enum actor_name actor, seL4_Time budget_us,
                     seL4_Time period_us)
{
    stage_check(s,
                seL4_SchedControl_Configure(s->info->schedcontrol.start, s->threads[actor].sc,
                                            budget_us, period_us, 0, BADGE_SC) == seL4_NoError,
                "SchedControl_Configure");
}

void stage_check(struct stage *s, bool holds, const char *what)
{
    if (!holds) {
        print("# in style %s: %s\n", style_names[s->style], what);
        s->failed = true;
    }
}

static bool all_done(const struct stage *s)
{
    bool done = true;
    for (int i = 0; i < ACTORS; i++) {
        const struct actor *it = &s->actors[i];
        done = done && *(const volatile uint32_t *)&it->done == it->act_count;
    }
    return done;
}

static void compare(struct stage *s, enum actor_name actor, uint32_t index)
{
    const struct act *act = &s->actors[actor].acts[index];
    if (act->probe == NULL) {
        return;
    }
    bool equal = registers_equal(actor_names[actor], &act->out, &act->expected);
    for (uint32_t i = 0; i < ACT_WORDS; i++) {
        if (act->out_words[i] != act->expected_words[i]) {
            print("# %s: message word %lu is 0x%lx, not 0x%lx\n", actor_names[actor], (uint64_t)i,
                  act->out_words[i], act->expected_words[i]);
            equal = false;
        }
    }
    if (!equal) {
        print("# that was in style %s, %s's act %lu\n", style_names[s->style], actor_names[actor],
              (uint64_t)index + 1);
        s->failed = true;
    }
}

/* Nothing can go on when an actor hangs: what it does next would be part of another scenario. */
static void give_up(const struct stage *s)
{
    for (int i = 0; i < ACTORS; i++) {
        if (s->actors[i].done != s->actors[i].act_count) {
            print("# %s has finished %lu of %lu acts\n", actor_names[i],
                  (uint64_t)s->actors[i].done, (uint64_t)s->actors[i].act_count);
        }
    }
    print("Bail out! Style %s: not all actors came to their end.\n", style_names[s->style]);
    user_halt();
}

void stage_wait(const struct stage *s)
{
    uint64_t start = user_now_us();
    while (!all_done(s)) {
        if (user_now_us() - start > END_WAIT_US) {
            give_up(s);
        }
    }
}

void stage_end(struct stage *s)
{
    stage_wait(s);
    for (uint32_t actor = 0; actor < ACTORS; actor++) {
        for (uint32_t i = 0; i < s->actors[actor].act_count; i++) {
            compare(s, (enum actor_name)actor, i);
        }
        s->actors[actor].act_count = 0;
        s->actors[actor].done = 0;
    }
    for (uint32_t offset = FLAG_GO; offset <= FLAG_B; offset += 8) {
        *stage_flag(offset) = 0;
    }
}

bool stage_play(struct stage *s, const struct scenario *scenario)
{
    s->failed = false;
    for (uint32_t style = 0; style < STYLES; style++) {
        s->style = (enum style)style;
        scenario->run(s);
    }
    return !s->failed;
}
