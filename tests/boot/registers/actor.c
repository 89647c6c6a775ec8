/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/boot/registers/actor.h"

#include <stddef.h>

#include "tests/boot/registers/layout.h"
#include "user/lib/print.h"

_Static_assert(offsetof(struct registers, x) == 0, "layout.h");
_Static_assert(offsetof(struct registers, f) == AREA_F, "layout.h");
_Static_assert(offsetof(struct registers, fcsr) == AREA_FCSR, "layout.h");
_Static_assert(sizeof(struct registers) == AREA_SAVED, "layout.h");
_Static_assert(ACTORS *AREA_SIZE <= FLAGS, "layout.h");

void probe_ecall_a(const struct registers *in);
void probe_ecall_b(const struct registers *in);
void probe_ecall_c(const struct registers *in);
extern const char probe_ecall_a_at[], probe_ecall_b_at[], probe_ecall_c_at[];
extern const char probe_ecall_a_back[], probe_ecall_b_back[], probe_ecall_c_back[];

void (*const actor_ecall[ACTORS])(const struct registers *in) = {probe_ecall_a, probe_ecall_b,
                                                                 probe_ecall_c};
const char *const actor_ecall_at[ACTORS] = {probe_ecall_a_at, probe_ecall_b_at, probe_ecall_c_at};
const char *const actor_ecall_back[ACTORS] = {probe_ecall_a_back, probe_ecall_b_back,
                                              probe_ecall_c_back};

static void perform(const struct actor *actor, struct act *act)
{
    seL4_IPCBuffer *buffer = seL4_GetIPCBuffer();
    if (act->probe == NULL) {
        act->work(act->argument);
        return;
    }
    for (uint32_t i = 0; i < ACT_WORDS; i++) {
        buffer->msg[i] = act->in_words[i];
    }
    buffer->caps_or_badges[0] = act->cap;
    act->probe(&act->in);
    __asm__ volatile("" : : : "memory"); /* The probe has written the area by another address. */
    act->out = *actor->area;
    for (uint32_t i = 0; i < ACT_WORDS; i++) {
        act->out_words[i] = buffer->msg[i];
    }
}

void actor_main(uint64_t argument)
{
    struct actor *actor = (struct actor *)(uintptr_t)argument; // NOLINT: made from a pointer.
    for (;;) {
        seL4_Wait(actor->go, NULL);
        uint32_t count = actor->act_count;
        for (uint32_t i = 0; i < count; i++) {
            perform(actor, &actor->acts[i]);
            *(volatile uint32_t *)&actor->done = i + 1;
        }
    }
}

const char *register_name(uint32_t number)
{
    static const char *const names[32] = {"zero", "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                          "s0",   "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                          "a6",   "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                          "s8",   "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    return names[number];
}

bool registers_equal(const char *who, const struct registers *found,
                     const struct registers *expected)
{
    bool equal = true;
    for (uint32_t i = 1; i < 32; i++) {
        if (found->x[i] != expected->x[i]) {
            print("# %s: %s is 0x%lx, not 0x%lx\n", who, register_name(i), found->x[i],
                  expected->x[i]);
            equal = false;
        }
    }
    for (uint32_t i = 0; i < 32; i++) {
        if (found->f[i] != expected->f[i]) {
            print("# %s: f%lu is 0x%lx, not 0x%lx\n", who, (uint64_t)i, found->f[i],
                  expected->f[i]);
            equal = false;
        }
    }
    if (found->fcsr != expected->fcsr) {
        print("# %s: fcsr is 0x%lx, not 0x%lx\n", who, found->fcsr, expected->fcsr);
        equal = false;
    }
    return equal;
}
