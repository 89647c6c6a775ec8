/* SPDX-License-Identifier: BSD-2-Clause */

/* The public interface: runs, address spaces and what the owner tells. */
#include <stdlib.h>
#include <string.h>

#include "hosted/rv64/internal.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Memory is accessed as the host does");

struct rv64 *rv64_create(const struct rv64_bus *bus)
{
    struct rv64 *rv = calloc(1, sizeof *rv);
    if (rv == NULL) {
        return NULL;
    }
    rv->arena = malloc(RV64_ARENA);
    if (rv->arena == NULL) {
        free(rv);
        return NULL;
    }
    rv->bus = *bus;
    rv->epoch = 1;
    rv64_set_space(rv, 0);
    return rv;
}

void rv64_destroy(struct rv64 *rv)
{
    if (rv != NULL) {
        free(rv->arena);
        free(rv);
    }
}

/* --- Runs ------------------------------------------------------------------------------------- */

/* Executes whole blocks while the next one is known and fits. */
static void run_blocks(struct rv64 *rv, struct block *block)
{
    while (block != NULL && block->count <= rv->left) {
        rv->block = block;
        block = block->ops[0].run(rv, block->ops);
    }
}

/* Executes the first `count` instructions of a block. */
static void run_part(struct rv64 *rv, struct block *block, uint32_t count)
{
    struct op part[RV64_BLOCK_MAX + 1];
    memcpy(part, block->ops, (count + 1) * sizeof part[0]);
    if (count < block->count) {
        part[count].run = rv64_op_cut;
    }
    rv->block = block;
    part[0].run(rv, part);
}

/* How many instructions of the block to execute now: at least one. */
static uint32_t plan(const struct rv64 *rv, const struct block *block, uint64_t stop_pc)
{
    uint32_t count = block->count;
    if (rv->asked) {
        return 1; /* By `translate`, for the fetch. */
    }
    if (rv->left < count) {
        count = (uint32_t)rv->left;
    }
    for (uint32_t i = 1; i < count && (stop_pc & 1) == 0; i++) {
        count = rv->pc + block->ops[i].at == stop_pc ? i : count;
    }
    return count;
}

static enum rv64_stop run(struct rv64 *rv, uint64_t stop_pc)
{
    bool stops = (stop_pc & 1) == 0;
    do {
        rv->done = rv->limit - rv->left;
        rv->interrupted = false;
        struct block *block = rv64_find_block(rv);
        if (block == NULL) {
            return RV64_STOP_TRAP;
        }
        uint32_t count = plan(rv, block, stop_pc);
        if (count == block->count && !stops && !rv->asked) {
            run_blocks(rv, block);
        } else {
            run_part(rv, block, count);
        }
        if (rv->trapped) {
            return RV64_STOP_TRAP;
        }
        if (stops && rv->pc == stop_pc) {
            return RV64_STOP_PC;
        }
        if (rv->asked) {
            return RV64_STOP_ASKED;
        }
    } while (rv->left > 0);
    return RV64_STOP_COUNT;
}

enum rv64_stop rv64_run(struct rv64 *rv, struct rv64_state *state, uint64_t limit,
                        struct rv64_exit *exit)
{
    memcpy(rv->x, state->x, sizeof state->x);
    rv->x[0] = 0;
    rv->pc = state->pc & ~UINT64_C(1);
    rv->f = state->fpu ? state->f : NULL;
    rv->limit = limit;
    rv->left = limit;
    rv->asked = false;
    rv->trapped = false;
    enum rv64_stop stop = run(rv, state->stop_pc);
    memcpy(state->x, rv->x, sizeof state->x);
    state->pc = rv->pc;
    *exit = (struct rv64_exit){.retired = limit - rv->left};
    if (stop == RV64_STOP_TRAP) {
        exit->cause = rv->cause;
        exit->value = rv->value;
    }
    rv->retired += exit->retired;
    rv->done = 0;
    return stop;
}

void rv64_stop(struct rv64 *rv)
{
    rv->asked = true;
    rv->interrupted = true;
}

enum { WINDOW_STEP = 59 }; /* Odd, so that windows of successive slots lie far apart. */

/* --- What the owner tells --------------------------------------------------------------------- */

/* A tag that no entry of a cache has. */
static uint64_t new_tag(struct rv64 *rv)
{
    if (rv->slots == RV64_SLOTS) {
        memset(rv->spaces, 0, sizeof rv->spaces);
        memset(rv->loads, 0, sizeof rv->loads);
        memset(rv->stores, 0, sizeof rv->stores);
        memset(rv->fetches, 0, sizeof rv->fetches);
        memset(rv->jumps, 0, sizeof rv->jumps);
        rv->slots = 0;
    }
    return ++rv->slots << 3;
}

void rv64_set_space(struct rv64 *rv, uint64_t space)
{
    struct space_entry *entry = &rv->spaces[space % RV64_SPACES];
    if (entry->tag == 0 || entry->space != space) {
        uint64_t tag = new_tag(rv); /* May clear the entry. */
        *entry = (struct space_entry){.space = space, .tag = tag};
    }
    rv->space = space;
    rv->tag = entry->tag;
    uint64_t window = (entry->tag >> 3) * WINDOW_STEP;
    rv->load = &rv->loads[window % RV64_PAGE_ENTRIES];
    rv->store = &rv->stores[window % RV64_PAGE_ENTRIES];
    rv->fetch = &rv->fetches[window % RV64_FETCH_ENTRIES];
    rv->jump = &rv->jumps[window % RV64_JUMP_ENTRIES];
    rv->interrupted = true;
}

void rv64_translations_changed(struct rv64 *rv)
{
    memset(rv->spaces, 0, sizeof rv->spaces);
    rv64_set_space(rv, rv->space);
}

void rv64_memory_changed(struct rv64 *rv)
{
    rv->epoch++;
    rv->interrupted = true;
}

void rv64_drop_reservation(struct rv64 *rv)
{
    rv->reserved = false;
}

uint64_t rv64_retired(const struct rv64 *rv)
{
    return rv->retired + rv->done;
}

void rv64_set_retired(struct rv64 *rv, uint64_t retired)
{
    rv->retired = retired;
}
