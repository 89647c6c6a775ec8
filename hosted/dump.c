/* SPDX-License-Identifier: BSD-2-Clause */

/* The state in words. A pointer is followed only if it points into guest RAM, and every list has a
 * limit: a dump is wanted most when the state is broken.
 */
#include <inttypes.h>
#include <string.h>

#include "core/bits.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/vspace.h"
#include "hosted/state.h"
#include "hosted/words.h"

enum { LIST_LIMIT = 100000, QUEUE_LIMIT = 10000 };

struct dump {
    const struct sim *sim;
    FILE *file;
    bool exact; /* SIM_DUMP_STATE. */
};

/* The object can be looked at. */
static bool good(const struct dump *d, const void *object, size_t size)
{
    uint64_t address = (uintptr_t)object;
    return is_aligned(address, 3) && address >= SIM_WINDOW &&
           sim_ram(d->sim, address - SIM_WINDOW, size) != NULL;
}

/* A thread begins where its slots may. */
static bool good_thread(const struct dump *d, const struct thread *thread)
{
    return is_aligned((uintptr_t)thread, 5) && good(d, thread, sizeof *thread);
}

/* Objects are called by their physical addresses. */
static uint64_t label_of(const void *object)
{
    return object == NULL ? 0 : (uintptr_t)object - SIM_WINDOW;
}

static void put_thread_name(const struct dump *d, const struct thread *thread)
{
    if (thread == NULL) {
        fprintf(d->file, "nobody");
    } else if (!good_thread(d, thread)) {
        fprintf(d->file, "(bad thread pointer %p)", (const void *)thread);
    } else {
        fprintf(d->file, "'%.*s' at %" PRIx64, CONFIG_NAME_SIZE - 1, thread->name,
                label_of(thread));
    }
}

static void put_queue(const struct dump *d, const char *what, const struct thread *head)
{
    const struct thread *thread = head;
    fprintf(d->file, "%s:", what);
    for (uint32_t i = 0; thread != NULL && i < QUEUE_LIMIT; i++) {
        fprintf(d->file, " ");
        put_thread_name(d, thread);
        if (!good_thread(d, thread)) {
            break;
        }
        thread = thread->queue_next;
    }
    fprintf(d->file, "\n");
}

/* --- Threads and scheduling contexts ---------------------------------------------------------- */

static void put_sc(const struct dump *d, const struct sched_context *sc)
{
    if (!good(d, sc, sizeof *sc)) {
        fprintf(d->file, "    (bad SC pointer %p)\n", (const void *)sc);
        return;
    }
    const struct refills *r = &sc->refills;
    fprintf(d->file,
            "    SC at %" PRIx64 ": budget %" PRIu64 " period %" PRIu64
            " refills %u of %u badge %" PRIx64 "%s core %u consumed %" PRIu64 " thread %" PRIx64
            " notification %" PRIx64 " reply %" PRIx64 " yield from %" PRIx64 "\n",
            label_of(sc), r->budget, r->period, r->count, r->max, sc->badge,
            sc->sporadic ? " sporadic" : "", sc->core, sc->consumed, label_of(sc->thread),
            label_of(sc->ntfn), label_of(sc->reply), label_of(sc->yield_from));
    if (r->max == 0 || r->count > r->max || !good(d, r->ring, r->max * sizeof *r->ring)) {
        return;
    }
    for (uint32_t i = 0; i < r->count; i++) {
        const struct refill *refill = &r->ring[(r->head + (uint64_t)i) % r->max];
        fprintf(d->file, "        refill from %" PRIu64 " of %" PRIu64 "\n", refill->time,
                refill->amount);
    }
}

static void put_registers(const struct dump *d, const struct thread *thread)
{
    fprintf(d->file, "    pc %" PRIx64 " fault pc %" PRIx64, thread->regs.pc,
            thread->regs.fault_pc);
    for (uint32_t i = 1; i < 32; i++) {
        if (thread->regs.x[i] != 0) {
            fprintf(d->file, " x%u %" PRIx64, i, thread->regs.x[i]);
        }
    }
    fprintf(d->file, "\n    fpu");
    for (uint32_t i = 0; i < FPU_WORDS; i++) {
        if (thread->fpu[i] != 0) {
            fprintf(d->file, " %u:%" PRIx64, i, thread->fpu[i]);
        }
    }
    fprintf(d->file, "\n");
}

static void put_thread_exact(const struct dump *d, const struct thread *thread)
{
    const struct fault *f = &thread->fault;
    fprintf(d->file,
            "    mcp %u domain %u core %u flags %u endpoint %" PRIx64 " notification %" PRIx64
            " reply %" PRIx64 " badge %" PRIx64 " rights %d%d%d buffer %" PRIx64 " bound %" PRIx64
            " yield to %" PRIx64 " fault %u %d %u %u %u %" PRIx64 " %" PRIx64 " %d\n",
            thread->mcp, thread->domain, thread->core, thread->flags, label_of(thread->endpoint),
            label_of(thread->ntfn), label_of(thread->reply), thread->badge, thread->can_grant,
            thread->can_grant_reply, thread->is_call, thread->buffer_vaddr,
            label_of(thread->bound_ntfn), label_of(thread->yield_to), f->type, f->receive_phase,
            f->lookup_kind, f->bits_left, f->bits_found, f->address, f->code, f->fetch);
    if (thread != sim_current(d->sim)) {
        put_registers(d, thread);
    }
}

static void put_thread(const struct dump *d, const struct thread *thread)
{
    fprintf(d->file, "  ");
    put_thread_name(d, thread);
    fprintf(d->file, ": %s, priority %u, %s, pc %" PRIx64 "%s\n", words_state(thread->state),
            thread->priority, words_queue(thread->queue),
            thread == sim_current(d->sim) && d->exact ? 0 : thread->regs.pc,
            thread == sim_current(d->sim) ? ", current" : "");
    if (d->exact) {
        put_thread_exact(d, thread);
    }
    if (thread->sc != NULL) {
        put_sc(d, thread->sc);
    }
}

static void put_threads(const struct dump *d)
{
    const struct thread *thread = d->sim->k->threads;
    fprintf(d->file, "Threads:\n");
    for (uint32_t i = 0; thread != NULL && i < LIST_LIMIT; i++) {
        if (!good_thread(d, thread)) {
            fprintf(d->file, "  (bad thread pointer %p)\n", (const void *)thread);
            return;
        }
        put_thread(d, thread);
        thread = thread->all_next;
    }
}

/* --- Cores ------------------------------------------------------------------------------------ */

static void put_ready(const struct dump *d, const struct core *core)
{
    for (uint32_t domain = 0; domain < CONFIG_DOMAINS; domain++) {
        for (uint32_t i = CONFIG_PRIORITIES; i-- > 0;) {
            const struct thread *head = core->ready[domain].queues[i].head;
            if (head != NULL) {
                char what[64];
                snprintf(what, sizeof what, "  ready, domain %u, priority %u", domain, i);
                put_queue(d, what, head);
            }
        }
    }
}

static void put_cores(const struct dump *d)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        const struct core *core = &d->sim->k->cores[i];
        fprintf(d->file, "Core %u: current ", i);
        put_thread_name(d, core->current);
        fprintf(d->file, ", current SC %" PRIx64 ", action %u, domain %u\n",
                label_of(core->current_sc), core->action, core->domain);
        put_ready(d, core);
        put_queue(d, "  waiting for release", core->release.head);
        if (d->exact) {
            fprintf(d->file, "  fpu owner %" PRIx64 " enabled %d vspace %" PRIx64 " %u\n",
                    label_of(core->fpu_owner), core->fpu_enabled, core->vspace_root,
                    core->vspace_asid);
        }
    }
}

/* --- Capabilities ----------------------------------------------------------------------------- */

/* FNV-1a over words, leaving out the current thread's IPC buffer: it holds the arguments. */
static uint64_t hash_memory(const struct dump *d, uint64_t paddr, uint64_t size)
{
    const struct thread *current = sim_current(d->sim);
    const struct cap *frame = &current->slots[THREAD_BUFFER].cap;
    uint64_t buffer = UINT64_MAX;
    if (frame->type == CAP_FRAME) {
        buffer = frame->paddr + bits_low(current->buffer_vaddr, frame->bits);
    }
    const uint64_t *words = sim_ram(d->sim, paddr, size);
    uint64_t hash = 0xCBF29CE484222325u;
    for (uint64_t i = 0; words != NULL && i < size / 8; i++) {
        uint64_t at = paddr + 8 * i;
        if (at >= buffer && at - buffer < (1u << ABI_IPC_BUFFER_BITS)) {
            continue;
        }
        hash = (hash ^ words[i]) * 0x100000001B3u;
    }
    return hash;
}

static bool is_root(const struct dump *d, const struct cap *cap)
{
    const struct asid_pool *pool = d->sim->k->asid_pools[cap->asid / ABI_ASIDS_PER_POOL];
    return good(d, pool, sizeof *pool) && pool->roots[cap->asid % ABI_ASIDS_PER_POOL] == cap->table;
}

/* The upper half of a root is the kernel's. */
static void put_table(const struct dump *d, const struct cap *cap)
{
    const struct page_table *table = cap->table;
    uint32_t count = is_root(d, cap) ? PT_ENTRIES / 2 : PT_ENTRIES;
    for (uint32_t i = 0; i < count; i++) {
        if (table->entries[i] != 0) {
            fprintf(d->file, "      entry %u: %" PRIx64 "\n", i, table->entries[i]);
        }
    }
}

static void put_pool(const struct dump *d, const struct asid_pool *pool)
{
    for (uint32_t i = 0; i < ABI_ASIDS_PER_POOL; i++) {
        if (pool->roots[i] != NULL) {
            fprintf(d->file, "      asid %u: %" PRIx64 "\n", i, label_of(pool->roots[i]));
        }
    }
}

static void put_reply(const struct dump *d, const struct reply *reply)
{
    fprintf(d->file, "      thread ");
    put_thread_name(d, reply->thread);
    fprintf(d->file, " prev %" PRIx64 " next %" PRIx64 " SC %" PRIx64 "\n", label_of(reply->prev),
            label_of(reply->next), label_of(reply->sc));
}

static void put_ntfn(const struct dump *d, const struct ntfn *ntfn)
{
    fprintf(d->file, "      state %u badge %" PRIx64 " bound ", ntfn->state, ntfn->badge);
    put_thread_name(d, ntfn->bound);
    fprintf(d->file, " SC %" PRIx64 "\n", label_of(ntfn->sc));
    put_queue(d, "      waiting", ntfn->queue.head);
}

/* What the capability's object holds. CNodes and TCBs show elsewhere. */
static void put_object(const struct dump *d, const struct cap *cap)
{
    if (cap->type == CAP_ENDPOINT && good(d, cap->endpoint, sizeof *cap->endpoint)) {
        put_queue(d, "      queued", cap->endpoint->queue.head);
    } else if (cap->type == CAP_NOTIFICATION && good(d, cap->ntfn, sizeof *cap->ntfn)) {
        put_ntfn(d, cap->ntfn);
    } else if (cap->type == CAP_REPLY && good(d, cap->reply, sizeof *cap->reply)) {
        put_reply(d, cap->reply);
    } else if (cap->type == CAP_SCHED_CONTEXT) {
        put_sc(d, cap->sc);
    } else if (!d->exact) {
        return;
    } else if (cap->type == CAP_PAGE_TABLE && good(d, cap->table, sizeof *cap->table)) {
        put_table(d, cap);
    } else if (cap->type == CAP_ASID_POOL && good(d, cap->pool, sizeof *cap->pool)) {
        put_pool(d, cap->pool);
    } else if (cap->type == CAP_FRAME && !cap->device && cap->bits < 64) {
        fprintf(d->file, "      content %" PRIx64 "\n",
                hash_memory(d, cap->paddr, (uint64_t)1 << cap->bits));
    }
}

static bool points(uint8_t type)
{
    return type != CAP_UNTYPED && type != CAP_FRAME && type != CAP_IRQ_HANDLER &&
           type != CAP_SCHED_CONTROL && type != CAP_IRQ_CONTROL && type != CAP_ASID_CONTROL &&
           type != CAP_DOMAIN && type != CAP_NULL;
}

static void put_cap(const struct dump *d, uint32_t number, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    uint64_t object = points(cap->type) ? label_of(cap->slots) : cap->paddr;
    fprintf(d->file,
            "  slot %u: %s %" PRIx64 " bits %u rights %u%s%s data %" PRIx64 " more %08" PRIx32 "\n",
            number, words_cap(cap->type), object, cap->bits, cap->rights,
            (cap->cdt & CDT_ORIGINAL) != 0 ? " original" : "",
            (cap->cdt & CDT_FIRST_BADGED) != 0 ? " first-badged" : "", cap->badge, cap->left);
}

static void put_caps(const struct dump *d)
{
    const struct kernel *k = d->sim->k;
    const struct slot *slot = &k->cdt_root;
    const struct cap *before = NULL;
    fprintf(d->file, "Capabilities in derivation order:\n");
    for (uint32_t i = 0; i < LIST_LIMIT && slot->next != 0; i++) {
        uint32_t number = slot->next;
        slot = k->slot_base + number;
        if (!good(d, slot, sizeof *slot)) {
            fprintf(d->file, "  (bad slot number %u)\n", number);
            return;
        }
        put_cap(d, number, slot);
        if (before == NULL || before->type != slot->cap.type || before->paddr != slot->cap.paddr) {
            put_object(d, &slot->cap);
        }
        before = &slot->cap;
    }
}

/* --- All -------------------------------------------------------------------------------------- */

static void put_tables(const struct dump *d)
{
    const struct kernel *k = d->sim->k;
    for (uint32_t i = 0; i < CONFIG_IRQ_LIMIT; i++) {
        if (k->irq_states[i] != IRQ_INACTIVE) {
            fprintf(d->file, "Interrupt %u: state %u, %s, source %s\n", i, k->irq_states[i],
                    words_cap(k->irq_slots[i].cap.type),
                    d->sim->machine.plic.enabled[0][i] ? "on" : "off");
        }
    }
    for (uint32_t i = 0; d->exact && i < CONFIG_DOMAIN_SCHEDULE; i++) {
        const struct domain_entry *entry = &k->domain_schedule[i];
        if (entry->duration != 0) {
            fprintf(d->file, "Domain schedule %u%s: domain %u for %" PRIu64 "\n", i,
                    i == k->domain_start ? " (start)" : "", entry->domain, entry->duration);
        }
    }
    for (uint32_t i = 0; d->exact && i < ABI_ASID_POOLS; i++) {
        if (k->asid_pools[i] != NULL) {
            fprintf(d->file, "ASID pool %u: %" PRIx64 "\n", i, label_of(k->asid_pools[i]));
        }
    }
}

void sim_dump(const struct sim *sim, FILE *file, enum sim_dump_detail detail)
{
    struct dump d = {.sim = sim, .file = file, .exact = detail == SIM_DUMP_STATE};
    if (!good(&d, sim_current(sim), sizeof(struct thread))) {
        fprintf(file, "(no valid current thread)\n");
        return;
    }
    if (!d.exact) {
        fprintf(file, "Time %" PRIu64 " ticks, %" PRIu64 " events%s%s\n", sim->machine.now,
                sim->machine.events, sim->status == SIM_PANICKED ? ", PANIC: " : "", sim->message);
    }
    put_cores(&d);
    put_threads(&d);
    put_caps(&d);
    put_tables(&d);
}
