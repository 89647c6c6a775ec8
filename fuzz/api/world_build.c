/* SPDX-License-Identifier: BSD-2-Clause */

/* How the root task builds the world: memory, subsystems, what connects them, and the start. */
#include "fuzz/api/world_build.h"
#include "core/bits.h"
#include "core/config.h"

enum {
    DEVICES_BITS = WORLD_DEVICE_BITS + 2, /* All subsystems' device memory, with room. */
    RANGES_BITS = WORLD_RANGE_BITS + 2,
    DOMAIN_US = 5000, /* Each scheduling domain's time, if there are several. */
    SERVER_THREAD = 2 * GAMMA,
};

/* Domains of authority by topology. */
static const uint8_t domain_of[WORLD_TOPOLOGIES][WORLD_SUBSYSTEMS] = {
    [WORLD_SHARED] = {0, 0, 1},
    [WORLD_APART] = {0, 1, 2},
    [WORLD_SERVER] = {0, 1, 2},
    [WORLD_OPEN] = {0, 0, 0},
};

/* --- What connects them ----------------------------------------------------------------------- */

/* The shared frame, mapped. */
static void give_frame(struct build *b, uint64_t rights)
{
    const uint64_t from = root_slot(b->w, ROOT_SHARED_FRAME);
    const uint64_t work = root_slot(b->w, ROOT_WORK);
    const struct world_grant *granted = build_grant(b, from, rights, 0);
    build_mint(b->w, build_own(b->w, ROOT_WORK), from, rights, 0);
    build_map(b, work, WORLD_VADDR_SHARED, rights);
    build_move(b->w, build_place(b, WORLD_SLOT_SHARED_FRAME), work);
    build_expect(b, WORLD_SLOT_SHARED_FRAME, granted);
}

static void connect_shared(struct build *b)
{
    struct world_state *w = b->w;
    const bool inside = b->s != GAMMA;
    const uint64_t badge = b->s == ALPHA ? 0 : WORLD_BADGE_PEER(b->s);
    if (inside) {
        build_give(b, WORLD_SLOT_SHARED_ENDPOINT, root_slot(w, ROOT_SHARED_ENDPOINT), ABI_RIGHT_ALL,
                   badge);
    }
    build_give(b, WORLD_SLOT_PLAIN_ENDPOINT, root_slot(w, ROOT_PLAIN_ENDPOINT), READ_WRITE, badge);
    build_give(b, WORLD_SLOT_SHARED_NTFN, root_slot(w, ROOT_SHARED_NTFN),
               inside ? READ_WRITE : ABI_RIGHT_WRITE, badge);
    give_frame(b, inside ? READ_WRITE : ABI_RIGHT_READ);
    if (b->s == BETA) {
        build_give(b, WORLD_SLOT_DOMAIN, ABI_SLOT_DOMAIN, 0, 0);
    }
}

static void connect_apart(struct build *b)
{
    struct world_state *w = b->w;
    const bool alpha = b->s == ALPHA;
    const uint64_t badge = alpha ? 0 : WORLD_BADGE_PEER(b->s);
    build_give(b, WORLD_SLOT_PLAIN_ENDPOINT, root_slot(w, ROOT_PLAIN_ENDPOINT),
               alpha ? READ_WRITE : ABI_RIGHT_WRITE, badge);
    build_give(b, WORLD_SLOT_SHARED_NTFN, root_slot(w, ROOT_SHARED_NTFN),
               alpha ? READ_WRITE : ABI_RIGHT_WRITE, badge);
    if (b->s == GAMMA) {
        build_give(b, WORLD_SLOT_DOMAIN, ABI_SLOT_DOMAIN, 0, 0);
    }
}

static void connect_server(struct build *b)
{
    struct world_state *w = b->w;
    const bool client = b->s != GAMMA;
    if (client) {
        build_give(b, WORLD_SLOT_PLAIN_ENDPOINT, root_slot(w, ROOT_ENDPOINTS + GAMMA), CLIENT,
                   WORLD_BADGE_PEER(b->s));
    }
    build_give(b, WORLD_SLOT_SHARED_NTFN, root_slot(w, ROOT_SHARED_NTFN),
               client ? READ_WRITE : ABI_RIGHT_WRITE, client ? 0 : WORLD_BADGE_PEER(b->s));
}

static void connect_open(struct build *b)
{
    struct world_state *w = b->w;
    const uint32_t peer = (b->s + 1) % WORLD_SUBSYSTEMS;
    build_give(b, WORLD_SLOT_SHARED_ENDPOINT, root_slot(w, ROOT_SHARED_ENDPOINT), ABI_RIGHT_ALL, 0);
    build_give(b, WORLD_SLOT_PLAIN_ENDPOINT, root_slot(w, ROOT_PLAIN_ENDPOINT), READ_WRITE, 0);
    build_give(b, WORLD_SLOT_SHARED_NTFN, root_slot(w, ROOT_SHARED_NTFN), READ_WRITE, 0);
    give_frame(b, READ_WRITE);
    build_give(b, WORLD_SLOT_DOMAIN, ABI_SLOT_DOMAIN, 0, 0);
    build_mint(w, build_place(b, WORLD_SLOT_PEER_CNODE), root_slot(w, ROOT_CNODES + peer), 0,
               build_guard(0, WORLD_CNODE_GUARD));
    build_mint(w, build_place(b, WORLD_SLOT_PEER_TCB), root_slot(w, ROOT_TCBS + 2 * peer), 0, 0);
}

static void connect(struct build *b)
{
    switch (b->topology) {
    case WORLD_SHARED:
        connect_shared(b);
        break;
    case WORLD_APART:
        connect_apart(b);
        break;
    case WORLD_SERVER:
        connect_server(b);
        break;
    case WORLD_OPEN:
        connect_open(b);
        break;
    case WORLD_TOPOLOGIES:
        break;
    }
    build_move(b->w, build_place(b, WORLD_SLOT_ENDPOINT), root_slot(b->w, ROOT_ENDPOINTS + b->s));
}

/* --- All -------------------------------------------------------------------------------------- */

/* The smallest boot untyped of at least 2^bits bytes: its number in BootInfo. */
static uint64_t find_untyped(struct world_state *w, uint32_t bits, bool device)
{
    const struct bootinfo *info = w->info;
    const uint64_t count = info->untyped.end - info->untyped.start;
    uint64_t best = count;
    for (uint64_t i = 0; i < count; i++) {
        const struct bootinfo_untyped *u = &info->untyped_list[i];
        if ((u->is_device != 0) == device && u->size_bits >= bits &&
            (best == count || u->size_bits < info->untyped_list[best].size_bits)) {
            best = i;
        }
    }
    if (best == count) {
        root_fail(w, "there is no untyped of 2^%u bytes", bits);
        return 0;
    }
    return best;
}

/* Memory for each subsystem, and for what they share. */
static void divide(struct world_state *w)
{
    const struct bootinfo *info = w->info;
    const uint64_t ram = find_untyped(w, RANGES_BITS, false);
    const uint64_t device = find_untyped(w, DEVICES_BITS, true);
    build_retype(w, info->untyped.start + ram, ABI_OBJECT_UNTYPED, WORLD_RANGE_BITS, ROOT_RANGES,
                 WORLD_SUBSYSTEMS + 1);
    build_retype(w, info->untyped.start + device, ABI_OBJECT_UNTYPED, WORLD_DEVICE_BITS,
                 ROOT_DEVICES, WORLD_SUBSYSTEMS);
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        struct world_subsystem *subsystem = &w->world.subsystems[s];
        uint64_t start = info->untyped_list[ram].paddr + s * bit(WORLD_RANGE_BITS);
        subsystem->ram = (struct world_range){start, start + bit(WORLD_RANGE_BITS), false};
        start = info->untyped_list[device].paddr + s * bit(WORLD_DEVICE_BITS);
        subsystem->device = (struct world_range){start, start + bit(WORLD_DEVICE_BITS), true};
    }
}

static void name_subsystems(struct world *world)
{
    static const char *const names[WORLD_SUBSYSTEMS] = {"alpha", "beta", "gamma"};
    world->domain_count = 0;
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        struct world_subsystem *subsystem = &world->subsystems[s];
        uint32_t d = domain_of[world->topology][s];
        subsystem->name = names[s];
        subsystem->domain = d;
        subsystem->irq = s + 1;
        world->domain_count = d + 1;
    }
}

static void bound_domains(struct world *world)
{
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        const struct world_subsystem *subsystem = &world->subsystems[s];
        struct world_domain *domain = &world->domains[subsystem->domain];
        domain->subsystems |= 1u << s;
        domain->ranges[domain->range_count++] = subsystem->ram;
        domain->ranges[domain->range_count++] = subsystem->device;
    }
}

/* What is shared, and what root sleeps on. */
static void make_root_objects(struct world_state *w)
{
    const uint64_t handler = root_slot(w, ROOT_HANDLER);
    build_make_shared(w, ABI_OBJECT_PAGE_4K, ROOT_SHARED_FRAME);
    build_make_shared(w, ABI_OBJECT_NOTIFICATION, ROOT_SHARED_NTFN);
    build_make_shared(w, ABI_OBJECT_NOTIFICATION, ROOT_WAKE);
    build_make_shared(w, ABI_OBJECT_ENDPOINT, ROOT_SHARED_ENDPOINT);
    build_make_shared(w, ABI_OBJECT_ENDPOINT, ROOT_PLAIN_ENDPOINT);
    make_secrets(w, WORLD_SUBSYSTEMS, build_cap(w, root_slot(w, ROOT_SHARED_FRAME))->paddr);
    build_invoke(w, ABI_SLOT_IRQ_CONTROL, ABI_LABEL_IRQ_CONTROL_GET,
                 (struct root_args){{WORLD_IRQ_ROOT, handler, 64}, {ABI_SLOT_INIT_CNODE}});
    build_invoke(w, handler, ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION,
                 (struct root_args){{0}, {root_slot(w, ROOT_WAKE)}});
}

/* Acknowledged by Ack, or by the kernel: as if the machine were another one. */
static void choose_machine(struct world_state *w)
{
    struct kernel *k = w->world.k;
    watch_write(&k->irq_complete_at_claim, sizeof k->irq_complete_at_claim);
    k->irq_complete_at_claim = world_completes_at_claim(w->world.topology);
}

static void resume(struct world_state *w, uint32_t t)
{
    build_invoke(w, root_slot(w, ROOT_TCBS + t), ABI_LABEL_TCB_RESUME,
                 (struct root_args){{0}, {0}});
}

/* gamma's first thread waits for requests; then its SC is taken from it. */
static void start_server(struct world_state *w)
{
    resume(w, SERVER_THREAD);
    root_sleep(w);
    if (w->failed) {
        return;
    }
    if (sim_current(w->world.sim) != w->world.threads[SERVER_THREAD]) {
        root_fail(w, "the server does not run");
        return;
    }
    thread_syscall(w, ABI_SYS_RECV, WORLD_SLOT_ENDPOINT, WORLD_SLOT_REPLY_0);
    root_wake(w);
    build_invoke(w, root_slot(w, ROOT_HANDLER), ABI_LABEL_IRQ_HANDLER_ACK,
                 (struct root_args){{0}, {0}});
    build_invoke(w, root_slot(w, ROOT_SCS + SERVER_THREAD), ABI_LABEL_SCHED_CONTEXT_UNBIND_OBJECT,
                 (struct root_args){{0}, {root_slot(w, ROOT_TCBS + SERVER_THREAD)}});
}

static void start_domains(struct world_state *w)
{
    const uint64_t time = DOMAIN_US * w->world.k->ticks_per_us;
    for (uint64_t i = 0; i < 2; i++) {
        build_invoke(w, ABI_SLOT_DOMAIN, ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE,
                     (struct root_args){{i, i, time}, {0}});
    }
    build_invoke(w, ABI_SLOT_DOMAIN, ABI_LABEL_DOMAIN_SCHEDULE_SET_START,
                 (struct root_args){{0}, {0}});
}

/* All threads run, and root sleeps. */
static void start(struct world_state *w)
{
    const enum world_topology topology = w->world.topology;
    if (topology == WORLD_SERVER) {
        start_server(w);
    }
    for (uint32_t t = 0; t < WORLD_THREADS; t++) {
        if (topology != WORLD_SERVER || t != SERVER_THREAD) {
            resume(w, t);
        }
    }
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        struct build b = build_of(w, s);
        build_move(w, build_place(&b, WORLD_SLOT_TCB_1), root_slot(w, ROOT_TCBS + 2 * s + 1));
    }
    if (topology == WORLD_OPEN) {
        struct build b = build_of(w, ALPHA);
        build_hand_over(&b, WORLD_SLOT_IRQ_CONTROL, ABI_SLOT_IRQ_CONTROL);
    }
    if (CONFIG_DOMAINS > 1 && topology == WORLD_APART) {
        start_domains(w);
    }
    root_sleep(w);
}

bool world_build(struct world_state *w, enum world_topology topology)
{
    w->failed = false;
    w->world.topology = topology;
    for (uint32_t d = 0; d < WORLD_SUBSYSTEMS; d++) {
        w->world.domains[d] = (struct world_domain){0};
    }
    name_subsystems(&w->world);
    choose_machine(w);
    divide(w);
    bound_domains(&w->world);
    make_root_objects(w);
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        struct build b = build_of(w, s);
        build_make(&b, ABI_OBJECT_ENDPOINT, 0, ROOT_ENDPOINTS + s);
    }
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        struct build b = build_of(w, s);
        make_subsystem(&b);
    }
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        struct build b = build_of(w, s);
        connect(&b);
    }
    start(w);
    return !w->failed;
}
