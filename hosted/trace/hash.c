/* SPDX-License-Identifier: BSD-2-Clause */

/* The canonical hash of the kernel's abstract state. What goes in is a sequence of words: no
 * padding, no host addresses, no bits of the layout of structs. Objects are called by their
 * physical addresses, slots by the CNode's address and index (which is the slot's own address), or
 * by whom they belong to where that lies inside another struct.
 *
 * Left out are: memory of users and FP registers, debug names, counters, and what only saves the
 * kernel work (which FP registers are loaded, bitmaps of queues, preemption points since the last
 * look at the clock).
 */
#define XXH_INLINE_ALL
#include <string.h>
#include <xxhash.h>

#include "core/bits.h"
#include "core/endpoint.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/vspace.h"
#include "hosted/trace/look.h"
#include "hosted/trace/trace.h"

enum {
    CHUNK = 256,         /* Words that are collected before they are hashed. */
    STEPS_MAX = 1 << 24, /* Along all lists and tables together: more is a circle. */
    TABLE_WORDS = 8,     /* Empty parts of tables are skipped in such steps. */
};

/* Stand for what has no physical address of its own. */
enum place {
    PLACE_BAD = 1,
    PLACE_IDLE = 2,
    PLACE_IRQ_SLOT = 0x1000,
    PLACE_BARRIER = 0x2000,
    PLACE_THREAD_SLOT = 0x3000,
};

/* Before each part, so that the end of one cannot be taken for the begin of the next. */
enum part {
    PART_CORE = 0xA1B1E001,
    PART_READY,
    PART_RELEASE,
    PART_THREADS,
    PART_CAPS,
    PART_SC,
    PART_ENDPOINT,
    PART_NTFN,
    PART_REPLY,
    PART_SPACES,
    PART_TABLE,
    PART_IRQS,
    PART_DOMAINS,
    PART_END,
};

struct hasher {
    const struct sim *sim;
    const struct kernel *k;
    uint64_t ram_start; /* Of the region that an object was last found in. */
    uint64_t ram_end;
    uint32_t steps;
    XXH3_state_t state;
    uint32_t used;
    uint64_t words[CHUNK];
};

static void put(struct hasher *h, uint64_t word)
{
    if (h->used == CHUNK) {
        XXH3_64bits_update(&h->state, h->words, sizeof h->words);
        h->used = 0;
    }
    h->words[h->used++] = word;
}

/* One more step along a list is allowed. */
static bool step(struct hasher *h)
{
    h->steps++;
    return h->steps < STEPS_MAX;
}

/* In a broken state, a bool may hold anything. */
static uint64_t flag(const bool *value)
{
    return *(const unsigned char *)value;
}

/* Looks in all of the regions, and remembers the one that it is in. */
static bool find_region(struct hasher *h, uint64_t paddr, uint64_t size)
{
    const struct sim_config *config = &h->sim->config;
    for (uint32_t i = 0; i < h->sim->mapped; i++) {
        if (paddr >= config->ram[i].start && paddr < config->ram[i].end) {
            h->ram_start = config->ram[i].start;
            h->ram_end = config->ram[i].end;
            return size <= h->ram_end - paddr;
        }
    }
    return false;
}

/* Like look_good(), but quick for what lies in the same region as the last. */
static inline bool good(struct hasher *h, const void *object, uint64_t size)
{
    uint64_t paddr = (uintptr_t)object - SIM_WINDOW;
    if (paddr % look_alignment(size) != 0) {
        return false;
    }
    bool same = paddr >= h->ram_start && paddr < h->ram_end && size <= h->ram_end - paddr;
    return same || find_region(h, paddr, size);
}

static uint64_t object_word(struct hasher *h, const void *object)
{
    if (object == NULL) {
        return 0;
    }
    return good(h, object, 8) ? look_paddr(object) : PLACE_BAD;
}

static uint64_t thread_word(struct hasher *h, const struct thread *thread)
{
    return thread != NULL && look_is_idle(h->sim, thread) ? PLACE_IDLE : object_word(h, thread);
}

/* As look_is_thread(). */
static bool is_thread(struct hasher *h, const struct thread *thread)
{
    if (!good(h, thread, sizeof *thread)) {
        return false;
    }
    const struct thread *before = thread->all_prev;
    return before == NULL ? h->k->threads == thread
                          : good(h, before, sizeof *before) && before->all_next == thread;
}

static void put_queue(struct hasher *h, const struct thread_list *list)
{
    const struct thread *thread = list->head;
    while (thread != NULL && step(h)) {
        if (!good(h, thread, sizeof *thread)) {
            put(h, PLACE_BAD);
            return;
        }
        put(h, thread_word(h, thread));
        thread = thread->queue_next;
    }
    put(h, 0);
}

/* --- Cores ------------------------------------------------------------------------------------ */

static void put_ready(struct hasher *h, const struct core *core)
{
    for (uint32_t domain = 0; domain < CONFIG_DOMAINS; domain++) {
        const struct thread_list *queues = core->ready[domain].queues;
        for (uint32_t i = 0; i < CONFIG_PRIORITIES; i++) {
            if (queues[i].head != NULL) {
                put(h, PART_READY);
                put(h, domain * (uint64_t)CONFIG_PRIORITIES + i);
                put_queue(h, &queues[i]);
            }
        }
    }
}

static void put_core(struct hasher *h, const struct core *core)
{
    uint64_t root = core->vspace_root == h->k->kernel_vspace ? 0 : core->vspace_root;
    bool idle = core->current_sc == &core->idle_sc;
    put(h, PART_CORE);
    put(h, thread_word(h, core->current));
    put(h, idle ? PLACE_IDLE : object_word(h, core->current_sc));
    put(h, core->now);
    put(h, core->uncharged);
    put(h, core->action);
    put(h, core->domain);
    put(h, CONFIG_DOMAINS > 1 ? core->domain_left : 0);
    put(h, core->domain_index);
    put(h, root);
    put(h, core->vspace_asid);
    put_ready(h, core);
    put(h, PART_RELEASE);
    put_queue(h, &core->release);
}

/* --- Scheduling contexts ---------------------------------------------------------------------- */

static void put_refills(struct hasher *h, const struct refills *r)
{
    put(h, r->budget);
    put(h, r->period);
    put(h, r->max);
    put(h, r->count);
    if (r->max == 0 || r->count > r->max || !good(h, r->ring, r->max * sizeof *r->ring)) {
        return;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        const struct refill *refill = &r->ring[(r->head + (uint64_t)i) % r->max];
        put(h, refill->time);
        put(h, refill->amount);
    }
}

static void put_sc(struct hasher *h, const struct sched_context *sc)
{
    put(h, PART_SC);
    put_refills(h, &sc->refills);
    put(h, thread_word(h, sc->thread));
    put(h, object_word(h, sc->ntfn));
    put(h, object_word(h, sc->reply));
    put(h, object_word(h, sc->yield_from));
    put(h, sc->consumed);
    put(h, sc->badge);
    put(h, (uint64_t)sc->core << 16 | (uint64_t)sc->bits << 8 | flag(&sc->sporadic));
}

/* --- Threads ---------------------------------------------------------------------------------- */

/* What a state does not use may hold anything. */
static void put_blocked(struct hasher *h, const struct thread *thread)
{
    if (thread->queue == THREAD_QUEUE_ENDPOINT) {
        put(h, object_word(h, thread->endpoint));
    } else if (thread->queue == THREAD_QUEUE_NTFN) {
        put(h, object_word(h, thread->ntfn));
    }
    if (thread->state == THREAD_BLOCKED_ON_SEND) {
        put(h, thread->badge);
        put(h, flag(&thread->can_grant) << 2 | flag(&thread->can_grant_reply) << 1 |
                   flag(&thread->is_call));
    }
    put(h, object_word(h, thread->reply));
}

static void put_fault(struct hasher *h, const struct fault *fault)
{
    put(h, fault->type);
    if (fault->type == FAULT_NONE) {
        return;
    }
    put(h, fault->address);
    put(h, fault->code);
    put(h, (uint64_t)fault->lookup_kind << 24 | (uint64_t)fault->bits_left << 16 |
               (uint64_t)fault->bits_found << 8 | flag(&fault->receive_phase) << 1 |
               flag(&fault->fetch));
}

static void put_thread(struct hasher *h, const struct thread *thread)
{
    put(h, look_paddr(thread));
    for (uint32_t i = 1; i < 32; i++) {
        put(h, thread->regs.x[i]);
    }
    put(h, thread->regs.pc);
    put(h, thread->regs.fault_pc);
    put(h, (uint64_t)thread->state << 48 | (uint64_t)thread->queue << 40 |
               (uint64_t)thread->priority << 32 | (uint64_t)thread->mcp << 24 |
               (uint64_t)thread->domain << 16 | (uint64_t)thread->core << 8 | thread->flags);
    put(h, object_word(h, thread->sc));
    put_blocked(h, thread);
    put(h, thread->buffer_vaddr);
    put(h, object_word(h, thread->bound_ntfn));
    put(h, object_word(h, thread->yield_to));
    put_fault(h, &thread->fault);
}

static void put_threads(struct hasher *h)
{
    const struct thread *thread = h->k->threads;
    put(h, PART_THREADS);
    while (thread != NULL && step(h)) {
        if (!good(h, thread, sizeof *thread)) {
            put(h, PLACE_BAD);
            return;
        }
        put_thread(h, thread);
        thread = thread->all_next;
    }
}

/* --- Capabilities ----------------------------------------------------------------------------- */

/* Where a slot is. */
static void put_place(struct hasher *h, const struct slot *slot)
{
    const struct kernel *k = h->k;
    uint64_t address = (uintptr_t)slot;
    uint64_t from_irqs = address - (uintptr_t)k->irq_slots;
    uint64_t from_barriers = address - (uintptr_t)k->cdt_barriers;
    const struct thread *thread = (const void *)(uintptr_t)align_down(address, CONFIG_TCB_BITS);
    uint64_t from_thread = address - (uintptr_t)thread - offsetof(struct thread, slots);
    if (from_irqs < sizeof k->irq_slots) {
        put(h, PLACE_IRQ_SLOT + from_irqs / sizeof *slot);
    } else if (from_barriers < sizeof k->cdt_barriers) {
        put(h, PLACE_BARRIER + from_barriers / sizeof *slot);
    } else if (from_thread < sizeof thread->slots && is_thread(h, thread)) {
        put(h, PLACE_THREAD_SLOT + from_thread / sizeof *slot);
        put(h, look_paddr(thread));
    } else {
        put(h, look_paddr(slot));
    }
}

static void put_slot_number(struct hasher *h, uint32_t number)
{
    const struct slot *slot = h->k->slot_base + number;
    if (number == 0 || !good(h, slot, sizeof *slot)) {
        put(h, number == 0 ? 0 : PLACE_BAD);
    } else {
        put_place(h, slot);
    }
}

static bool is_number(uint8_t type)
{
    return type == CAP_UNTYPED || type == CAP_FRAME || type == CAP_IRQ_HANDLER ||
           type == CAP_SCHED_CONTROL;
}

static bool is_pure(uint8_t type)
{
    return type == CAP_IRQ_CONTROL || type == CAP_ASID_CONTROL || type == CAP_DOMAIN ||
           type == CAP_NULL;
}

/* The fields that this type of capability has. */
static void put_cap(struct hasher *h, const struct cap *cap)
{
    uint8_t type = cap->type;
    uint64_t fields = (uint64_t)type << 56 | (uint64_t)cap->bits << 48 | (uint64_t)cap->cdt << 32;
    if (type == CAP_ENDPOINT || type == CAP_NOTIFICATION || type == CAP_REPLY ||
        type == CAP_FRAME) {
        fields |= (uint64_t)cap->rights << 40;
    }
    if (type == CAP_FRAME || type == CAP_PAGE_TABLE) {
        fields |= cap->asid;
    }
    if (type == CAP_FRAME || type == CAP_UNTYPED) {
        fields |= flag(&cap->device) << 16;
    }
    if (type == CAP_CNODE) {
        fields |= cap->guard_bits;
    }
    put(h, fields);
    if (type == CAP_ZOMBIE) {
        put(h, object_word(h, cap->slots));
        put_slot_number(h, cap->ring_next);
        put_slot_number(h, cap->ring_prev);
        put(h, (uint64_t)cap->left << 1 | flag(&cap->anchor));
    } else if (!is_pure(type)) {
        put(h, is_number(type) ? cap->paddr : object_word(h, cap->slots));
        put(h, cap->badge);
    }
}

static void put_ntfn(struct hasher *h, const struct ntfn *ntfn)
{
    put(h, PART_NTFN);
    put(h, ntfn->state);
    put(h, ntfn->state == NTFN_ACTIVE ? ntfn->badge : 0);
    put(h, object_word(h, ntfn->bound));
    put(h, object_word(h, ntfn->sc));
    put_queue(h, &ntfn->queue);
}

static void put_reply(struct hasher *h, const struct reply *reply)
{
    put(h, PART_REPLY);
    put(h, object_word(h, reply->thread));
    put(h, object_word(h, reply->prev));
    put(h, object_word(h, reply->next));
    put(h, object_word(h, reply->sc));
}

/* What is in the object. Threads and address spaces have parts of their own. */
static void put_object(struct hasher *h, const struct cap *cap)
{
    if (cap->type == CAP_ENDPOINT && good(h, cap->endpoint, sizeof *cap->endpoint)) {
        put(h, PART_ENDPOINT);
        put_queue(h, &cap->endpoint->queue);
    } else if (cap->type == CAP_NOTIFICATION && good(h, cap->ntfn, sizeof *cap->ntfn)) {
        put_ntfn(h, cap->ntfn);
    } else if (cap->type == CAP_REPLY && good(h, cap->reply, sizeof *cap->reply)) {
        put_reply(h, cap->reply);
    } else if (cap->type == CAP_SCHED_CONTEXT && good(h, cap->sc, sizeof *cap->sc)) {
        put_sc(h, cap->sc);
    }
}

static void put_caps(struct hasher *h)
{
    const struct kernel *k = h->k;
    const struct slot *slot = &k->cdt_root;
    const struct cap *before = NULL;
    put(h, PART_CAPS);
    while (slot->next != 0 && step(h)) {
        slot = k->slot_base + slot->next;
        if (!good(h, slot, sizeof *slot)) {
            put(h, PLACE_BAD);
            return;
        }
        put_place(h, slot);
        put_cap(h, &slot->cap);
        /* Copies follow the original: the object is seen once. */
        if (before == NULL || before->type != slot->cap.type || before->paddr != slot->cap.paddr) {
            put_object(h, &slot->cap);
        }
        before = &slot->cap;
    }
}

/* --- Address spaces --------------------------------------------------------------------------- */

static bool any_entry(const void *entries)
{
    uint64_t words[TABLE_WORDS];
    uint64_t all = 0;
    memcpy(words, entries, sizeof words);
    for (uint32_t i = 0; i < TABLE_WORDS; i++) {
        all |= words[i];
    }
    return all != 0;
}

/* The lower levels, in order; `depth` is how many there are below this one. */
static void put_tables(struct hasher *h, const struct page_table *root)
{
    struct {
        const struct page_table *table;
        uint32_t next;
    } stack[PT_LEVELS] = {{root, 0}};
    uint32_t depth = 0;
    for (;;) {
        const struct page_table *table = stack[depth].table;
        uint32_t i = stack[depth].next;
        uint32_t end = depth == 0 ? PT_ENTRIES / 2 : PT_ENTRIES; /* The kernel's half is not. */
        while (i < end && !any_entry(&table->entries[i - i % TABLE_WORDS])) {
            i += TABLE_WORDS - i % TABLE_WORDS;
        }
        if (i >= end) {
            if (depth == 0) {
                return;
            }
            depth--;
            continue;
        }
        uint64_t pte = table->entries[i];
        stack[depth].next = i + 1;
        if (!pte_valid(pte) || !step(h)) {
            continue;
        }
        put(h, (uint64_t)depth << 32 | i);
        put(h, pte);
        const void *lower = (const void *)(uintptr_t)(pte_paddr(pte) + SIM_WINDOW);
        if (pte_is_table(pte) && depth + 1 < PT_LEVELS && good(h, lower, sizeof *root)) {
            depth++;
            stack[depth].table = lower;
            stack[depth].next = 0;
        }
    }
}

static void put_pool(struct hasher *h, const struct asid_pool *pool)
{
    for (uint32_t i = 0; i < ABI_ASIDS_PER_POOL; i++) {
        if (pool->roots[i] == NULL) {
            bool all = i % TABLE_WORDS == 0 && !any_entry(&pool->roots[i]);
            i += all ? TABLE_WORDS - 1 : 0;
            continue;
        }
        put(h, PART_TABLE);
        put(h, i);
        put(h, object_word(h, pool->roots[i]));
        if (good(h, pool->roots[i], sizeof(struct page_table))) {
            put_tables(h, pool->roots[i]);
        }
    }
}

static void put_spaces(struct hasher *h)
{
    put(h, PART_SPACES);
    for (uint32_t i = 0; i < ABI_ASID_POOLS; i++) {
        const struct asid_pool *pool = h->k->asid_pools[i];
        if (pool == NULL) {
            continue;
        }
        put(h, i);
        put(h, object_word(h, pool));
        if (good(h, pool, sizeof *pool)) {
            put_pool(h, pool);
        }
    }
}

/* --- All -------------------------------------------------------------------------------------- */

static void put_tables_of_kernel(struct hasher *h)
{
    const struct kernel *k = h->k;
    put(h, PART_IRQS);
    for (uint32_t i = 0; i < CONFIG_IRQ_LIMIT; i += 8) {
        uint64_t eight;
        memcpy(&eight, &k->irq_states[i], sizeof eight);
        if (eight != 0) {
            put(h, i);
            put(h, eight);
        }
    }
    put(h, PART_DOMAINS);
    put(h, k->domain_start);
    for (uint32_t i = 0; i < CONFIG_DOMAIN_SCHEDULE; i++) {
        if (k->domain_schedule[i].duration != 0) {
            put(h, (uint64_t)i << 8 | k->domain_schedule[i].domain);
            put(h, k->domain_schedule[i].duration);
        }
    }
}

uint64_t trace_state_hash(const struct sim *sim)
{
    struct hasher h;
    h.sim = sim;
    h.k = sim->k;
    h.ram_start = 0;
    h.ram_end = 0;
    h.steps = 0;
    h.used = 0;
    (void)XXH3_64bits_reset(&h.state);
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        put_core(&h, &h.k->cores[i]);
    }
    put_threads(&h);
    put_caps(&h);
    put_spaces(&h);
    put_tables_of_kernel(&h);
    put(&h, PART_END);
    (void)XXH3_64bits_update(&h.state, h.words, h.used * sizeof *h.words);
    return XXH3_64bits_digest(&h.state);
}
