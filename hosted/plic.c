/* SPDX-License-Identifier: BSD-2-Clause */

/* A platform-level interrupt controller as the kernel sees one: all sources have the same priority,
 * so the lowest pending number is claimed first.
 */
#include "hosted/state.h"

static bool valid(const struct plic *plic, uint32_t line)
{
    return line >= 1 && line <= plic->max;
}

/* The only place that changes what is pending. */
static void set_pending(struct plic *plic, uint32_t line, bool pending)
{
    if (plic->pending[line] != pending) {
        plic->pending[line] = pending;
        plic->pending_count += pending ? 1u : UINT32_MAX;
    }
}

void plic_raise(struct plic *plic, uint32_t line)
{
    if (!valid(plic, line)) {
        return;
    }
    if (plic->in_service[line]) {
        plic->latched[line] = true;
    } else {
        set_pending(plic, line, true);
    }
}

void plic_set_level(struct plic *plic, uint32_t line, bool asserted)
{
    if (!valid(plic, line)) {
        return;
    }
    plic->level[line] = asserted;
    if (asserted && !plic->in_service[line]) {
        set_pending(plic, line, true);
    }
    /* A level that goes away before the claim takes its request along. */
    if (!asserted && !plic->in_service[line]) {
        set_pending(plic, line, false);
    }
}

static uint32_t first_pending(const struct plic *plic, uint32_t core)
{
    if (plic->pending_count == 0) {
        return 0; /* Nearly always. */
    }
    for (uint32_t line = 1; line <= plic->max; line++) {
        if (plic->pending[line] && plic->enabled[core][line]) {
            return line;
        }
    }
    return 0;
}

bool plic_any(const struct plic *plic, uint32_t core)
{
    return first_pending(plic, core) != 0;
}

uint32_t plic_claim(struct plic *plic, uint32_t core)
{
    uint32_t line = first_pending(plic, core);
    if (line != 0) {
        plic_claimed(plic, line);
    }
    return line;
}

void plic_claimed(struct plic *plic, uint32_t line)
{
    set_pending(plic, line, false);
    plic->in_service[line] = true;
}

/* As the specification has it, completing what is not enabled for this context is ignored. */
void plic_complete(struct plic *plic, uint32_t core, uint32_t line)
{
    if (!valid(plic, line) || !plic->enabled[core][line]) {
        return;
    }
    if (!plic->in_service[line]) {
        return;
    }
    plic->in_service[line] = false;
    set_pending(plic, line, plic->latched[line] || plic->level[line]);
    plic->latched[line] = false;
}
