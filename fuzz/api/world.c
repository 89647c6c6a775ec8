/* SPDX-License-Identifier: BSD-2-Clause */

/* The life of the world, and whose memory is whose. */
#include "fuzz/api/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "core/bootinfo.h"
#include "core/ram.h"
#include "fuzz/api/world_internal.h"

enum { IMAGE_SIZE = 0x2000, POISON_BYTE = (int)(WORLD_POISON & 0xFF) };

static struct world_state *state_of(struct world *world)
{
    return (struct world_state *)world;
}

static const struct world_state *const_state_of(const struct world *world)
{
    return (const struct world_state *)world;
}

static void configure(struct sim_config *config, enum world_topology topology,
                      const struct world_recording *recording)
{
    sim_config_default(config);
    sim_config_memory(config, WORLD_RAM_SIZE);
    config->image_size = IMAGE_SIZE;
    config->root_cnode_bits = WORLD_ROOT_CNODE_BITS;
    config->check_every = 0;
    if (recording != NULL) {
        config->check_every = recording->check_every;
        config->irq_complete_at_claim = world_completes_at_claim(topology);
    }
}

/* Firmware, and what untyped memory holds before its first use. */
static void poison_free(const struct world_state *w)
{
    const struct sim_config *config = sim_config_of(w->world.sim);
    const struct boot_region *firmware = &config->reserved[0];
    const uint64_t count = w->info->untyped.end - w->info->untyped.start;
    memset(ram_at(w->world.k, firmware->start), POISON_BYTE, firmware->end - firmware->start);
    for (uint64_t i = 0; i < count; i++) {
        const struct bootinfo_untyped *u = &w->info->untyped_list[i];
        if (u->is_device == 0) {
            memset(ram_at(w->world.k, u->paddr), POISON_BYTE, bit(u->size_bits));
        }
    }
}

static bool boot(struct world_state *w, enum world_topology topology,
                 const struct world_recording *recording, struct sim_error *error)
{
    struct sim_config config;
    configure(&config, topology, recording);
    w->world.sim = sim_create(&config, error);
    if (w->world.sim == NULL) {
        return false;
    }
    w->world.k = sim_kernel(w->world.sim);
    w->world.root = sim_current(w->world.sim);
    const struct cap *cnode = &w->world.root->slots[THREAD_CSPACE].cap;
    w->info = ram_at(w->world.k, cnode->slots[ABI_SLOT_BOOTINFO_FRAME].cap.paddr);
    w->kernel_start = ram_paddr(w->world.k, w->world.k);
    w->kernel_end = w->world.k->kernel_vspace + bit(ABI_PAGE_TABLE_BITS);
    if (recording != NULL) {
        if (recording->poll_every != 0) {
            sim_poll_every(w->world.sim, recording->poll_every);
        }
        recording->booted(recording->context, w->world.sim);
    }
    poison_free(w);
    watch_open(w->world.sim);
    if (!boot_keep(w)) {
        snprintf(error->text, sizeof error->text, "out of memory");
        return false;
    }
    return true;
}

/* From the state after boot; the watch is at its mark then. */
static bool build(struct world_state *w, enum world_topology topology, struct sim_error *error)
{
    if (!world_build(w, topology)) {
        snprintf(error->text, sizeof error->text, "topology %d: %.200s", topology, w->error);
        return false;
    }
    if (!sim_check(w->world.sim)) {
        snprintf(error->text, sizeof error->text, "topology %d: %.200s", topology,
                 sim_message(w->world.sim));
        return false;
    }
    w->built[topology] = w->world;
    w->marks[topology] = watch_mark();
    if (w->marks[topology] == NULL) {
        snprintf(error->text, sizeof error->text, "out of memory");
        return false;
    }
    return true;
}

static bool build_all(struct world_state *w, struct sim_error *error)
{
    struct watch_mark *booted = watch_mark();
    bool good = booted != NULL;
    for (int i = 0; i < WORLD_TOPOLOGIES && good; i++) {
        watch_rewind(booted);
        good = build(w, (enum world_topology)i, error);
    }
    if (booted == NULL) {
        snprintf(error->text, sizeof error->text, "out of memory");
    }
    watch_mark_free(booted);
    return good;
}

/* All topologies; with a recording, only this one. */
static struct world *create(enum world_topology topology, const struct world_recording *recording,
                            struct sim_error *error)
{
    /* It holds slots, which are aligned further than what calloc() gives. */
    struct world_state *w = aligned_alloc(_Alignof(struct world_state), sizeof *w);
    if (w == NULL) {
        snprintf(error->text, sizeof error->text, "out of memory");
        return NULL;
    }
    memset(w, 0, sizeof *w);
    if (!boot(w, topology, recording, error) ||
        !(recording == NULL ? build_all(w, error) : build(w, topology, error))) {
        world_destroy(&w->world);
        return NULL;
    }
    return &w->world;
}

struct world *world_create(struct sim_error *error)
{
    return create(WORLD_SHARED, NULL, error);
}

struct world *world_create_recorded(enum world_topology topology,
                                    const struct world_recording *recording,
                                    struct sim_error *error)
{
    return create(topology, recording, error);
}

void world_destroy(struct world *world)
{
    struct world_state *w = state_of(world);
    if (world == NULL) {
        return;
    }
    for (int i = 0; i < WORLD_TOPOLOGIES; i++) {
        watch_mark_free(w->marks[i]);
    }
    boot_forget(w);
    if (world->sim != NULL) {
        watch_close();
        sim_destroy(world->sim);
    }
    free(w);
}

void world_reset(struct world *world, enum world_topology topology)
{
    struct world_state *w = state_of(world);
    watch_rewind(w->marks[topology]);
    if (world->topology != topology) {
        const uint64_t revoked = world->revoked;
        const uint64_t lost = world->lost;
        *world = w->built[topology];
        world->revoked = revoked;
        world->lost = lost;
    }
}

bool world_is_reset(const struct world *world, char *what, size_t size)
{
    return watch_is_at(const_state_of(world)->marks[world->topology], what, size);
}

/* --- Owners ----------------------------------------------------------------------------------- */

bool world_completes_at_claim(enum world_topology topology)
{
    return topology == WORLD_SHARED || topology == WORLD_OPEN;
}

/* The subsystems' ranges of a kind follow one another. */
static uint32_t owner_among(const struct world *world, uint64_t offset, uint32_t bits)
{
    const uint64_t s = offset >> bits;
    return s < WORLD_SUBSYSTEMS ? world->subsystems[s].domain : (uint32_t)WORLD_OWNER_ROOT;
}

uint32_t world_owner(const struct world *world, uint64_t paddr)
{
    const struct world_state *w = const_state_of(world);
    if (paddr >= w->kernel_start && paddr < w->kernel_end) {
        return WORLD_OWNER_KERNEL;
    }
    const uint64_t device = world->subsystems[0].device.start;
    if (paddr >= device) {
        return owner_among(world, paddr - device, WORLD_DEVICE_BITS);
    }
    return owner_among(world, paddr - world->subsystems[0].ram.start, WORLD_RANGE_BITS);
}

uint32_t world_owner_of(const struct world *world, const void *address)
{
    return world_owner(world, ram_paddr(world->k, address));
}
