/* SPDX-License-Identifier: BSD-2-Clause */

#include "hosted/trace/look.h"

#include "core/bits.h"

bool look_good(const struct sim *sim, const void *object, uint64_t size)
{
    uint64_t address = (uintptr_t)object;
    return address % look_alignment(size) == 0 && address >= SIM_WINDOW &&
           sim_ram(sim, address - SIM_WINDOW, size) != NULL;
}

uint64_t look_paddr(const void *object)
{
    return object == NULL ? 0 : (uintptr_t)object - SIM_WINDOW;
}

bool look_is_idle(const struct sim *sim, const struct thread *thread)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (thread == &sim->k->cores[i].idle_thread) {
            return true;
        }
    }
    return false;
}

/* By the links of the list of all threads: what is in it is where its neighbour says it is. */
bool look_is_thread(const struct sim *sim, const struct thread *thread)
{
    if (!look_good(sim, thread, sizeof *thread)) {
        return false;
    }
    const struct thread *before = thread->all_prev;
    if (before == NULL) {
        return sim->k->threads == thread;
    }
    return look_good(sim, before, sizeof *before) && before->all_next == thread;
}

const struct thread *look_current(const struct sim *sim)
{
    const struct thread *thread = sim_current(sim);
    return look_is_idle(sim, thread) || look_is_thread(sim, thread) ? thread : NULL;
}

uint64_t look_buffer(const struct sim *sim, const struct thread *thread, bool write)
{
    const struct cap *frame = &thread->slots[THREAD_BUFFER].cap;
    uint8_t needed = write ? ABI_RIGHT_READ | ABI_RIGHT_WRITE : ABI_RIGHT_READ;
    if (frame->type != CAP_FRAME || frame->device || (frame->rights & needed) != needed) {
        return 0;
    }
    uint64_t paddr = frame->paddr + bits_low(thread->buffer_vaddr, frame->bits);
    uint64_t size = (uint64_t)1 << ABI_IPC_BUFFER_BITS;
    return paddr % 8 == 0 && sim_ram(sim, paddr, size) != NULL ? paddr : 0;
}

uint64_t *look_buffer_words(const struct sim *sim, const struct thread *thread, bool write)
{
    uint64_t paddr = look_buffer(sim, thread, write);
    return paddr == 0 ? NULL : sim_ram(sim, paddr, (uint64_t)1 << ABI_IPC_BUFFER_BITS);
}

const struct slot *look_slot(const struct sim *sim, const struct thread *thread, uint64_t cptr)
{
    const struct cap *node = &thread->slots[THREAD_CSPACE].cap;
    const struct slot *slot = NULL;
    uint32_t left = 64;
    while (left > 0 && node->type == CAP_CNODE) {
        uint32_t guard_bits = node->guard_bits;
        uint32_t level = guard_bits + node->bits;
        if (node->bits == 0 || level > left ||
            bits_high(bits_low(cptr, left), left - guard_bits) != node->guard) {
            return NULL;
        }
        left -= level;
        slot = &node->slots[bits_low(bits_high(cptr, left), node->bits)];
        if (!look_good(sim, slot, sizeof *slot)) {
            return NULL;
        }
        node = &slot->cap;
    }
    return slot;
}
