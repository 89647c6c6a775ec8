/* SPDX-License-Identifier: BSD-2-Clause */

/* Deletion and revocation of things in use (docs/abi/03 section 3.9). */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"
#include "user/lib/port.h"

enum {
    DEPTH = ALLOC_DEPTH,
    LABEL = 7,
    ANSWER = 8,
    LOAD = 5,
    SPIN_US = 200,
    PART_BITS = 19,
    MANY = 100,
};

static const seL4_CNode root = seL4_CapInitThreadCNode;

static seL4_Error delete (seL4_CPtr slot)
{
    return seL4_CNode_Delete(root, slot, DEPTH);
}

static seL4_Error revoke(seL4_CPtr slot)
{
    return seL4_CNode_Revoke(root, slot, DEPTH);
}

static seL4_Error copy_to(seL4_CNode cnode, seL4_Word index, uint8_t depth, seL4_CPtr source)
{
    return seL4_CNode_Copy(cnode, index, depth, root, source, DEPTH, seL4_AllRights);
}

/* A part of the scenario's memory, for objects that are revoked together. */
struct part {
    struct alloc alloc;
    seL4_Untyped untyped;
};

static bool make_part(struct conf *c, struct part *part)
{
    part->untyped = conf_object(c, seL4_UntypedObject, PART_BITS);
    part->alloc = (struct alloc){
        .cnode = c->scene.cnode,
        .slot_next = c->scene.slot_next,
        .slot_end = c->scene.slot_end,
        .untyped_count = 1,
        .untypeds = {{.cap = part->untyped, .size_bits = PART_BITS}},
    };
    return part->untyped != seL4_CapNull;
}

static seL4_CPtr part_object(struct conf *c, struct part *part, seL4_Word type, seL4_Word size_bits)
{
    seL4_CPtr cap = seL4_CapNull;
    part->alloc.slot_next = c->scene.slot_next;
    CHECK(c, alloc_object(&part->alloc, type, size_bits, &cap) == seL4_NoError);
    c->scene.slot_next = part->alloc.slot_next;
    return cap;
}

/* A peer all of which is in the part. */
static struct peer *part_peer(struct conf *c, struct part *part, uint8_t priority)
{
    struct alloc scene = c->scene;
    part->alloc.slot_next = scene.slot_next;
    c->scene = part->alloc;
    struct peer *p = peer_start(c, priority);
    part->alloc = c->scene;
    scene.slot_next = part->alloc.slot_next;
    c->scene = scene;
    return p;
}

/* Whether everything in the part is gone: all of it can be handed out again, in one piece. */
static bool part_is_free(struct conf *c, const struct part *part)
{
    return seL4_Untyped_Retype(part->untyped, seL4_UntypedObject, PART_BITS, root, 0, 0,
                               conf_slot(c), 1) == seL4_NoError;
}

/* Computes for ever, and counts. */
static void spin(struct peer *p)
{
    for (;;) {
        user_work_us(SPIN_US);
        p->value++;
    }
}

/* Whether a thread of the root task's priority gets on. */
static bool gets_on(const struct peer *p)
{
    uint64_t before = p->value;
    seL4_Yield();
    return p->value != before;
}

static bool start_spinning(struct conf *c, struct peer *p)
{
    if (p == seL4_Null) {
        return false;
    }
    p->value = 0;
    peer_run(p, spin);
    seL4_Yield(); /* It sees that it has something to do. */
    return CHECK(c, gets_on(p));
}

/* ---- Running threads ---- */

static void memory_of_a_running_thread(struct conf *c)
{
    struct part part;
    REQUIRE(c, make_part(c, &part));
    struct peer *p = part_peer(c, &part, CONF_PRIORITY);
    REQUIRE(c, start_spinning(c, p));
    CHECK(c, revoke(part.untyped) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, p->go) && conf_slot_is_empty(c, p->thread.tcb));
    CHECK(c, conf_slot_is_empty(c, p->thread.sc) && !gets_on(p));
    CHECK(c, part_is_free(c, &part));
}

static void running_thread(struct conf *c)
{
    PEER(c, p, CONF_PRIORITY);
    PEER(c, other, CONF_PRIORITY);
    REQUIRE(c, start_spinning(c, p));
    REQUIRE(c, start_spinning(c, other));
    CHECK(c, delete (p->thread.tcb) == seL4_NoError);
    CHECK(c, !gets_on(p) && gets_on(other));
    CHECK(c, !gets_on(p));
}

static void time_of_a_running_thread(struct conf *c)
{
    PEER(c, p, CONF_PRIORITY);
    seL4_CPtr sc = conf_object(c, seL4_SchedContextObject, THREAD_SC_BITS);
    REQUIRE(c, start_spinning(c, p));
    CHECK(c, delete (p->thread.sc) == seL4_NoError);
    CHECK(c, !gets_on(p));
    CHECK(c, seL4_SchedControl_Configure(c->info->schedcontrol.start, sc, PEER_SLICE, PEER_SLICE, 0,
                                         0) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, p->thread.tcb) == seL4_NoError);
    CHECK(c, gets_on(p));
}

static void deleted_thread_leaves_its_time(struct conf *c)
{
    PEER(c, p, CONF_PRIORITY);
    struct thread_spec spec = peer_spec(c, CONF_PRIORITY);
    seL4_CPtr go = peer_go(c);
    spec.budget_us = 0;
    struct peer *passive = peer_start_as(c, &spec, go, go);
    REQUIRE(c, start_spinning(c, p));
    REQUIRE(c, passive != seL4_Null);
    peer_run(passive, spin);
    passive->value = 0;
    CHECK(c, seL4_SchedContext_Bind(p->thread.sc, passive->thread.tcb) == seL4_IllegalOperation);
    CHECK(c, delete (p->thread.tcb) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(p->thread.sc, passive->thread.tcb) == seL4_NoError);
    seL4_Yield();
    CHECK(c, gets_on(passive) && !gets_on(p));
}

static void delete_own_tcb(struct peer *p)
{
    p->value = delete (p->thread.tcb) + 1;
}

static void thread_deletes_itself(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    p->value = 0;
    peer_run(p, delete_own_tcb);
    CHECK(c, conf_slot_is_empty(c, p->thread.tcb) && p->value == 0 && !p->done);
}

static void delete_own_time(struct peer *p)
{
    p->value = delete (p->thread.sc) + 1;
}

static void thread_deletes_its_time(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    seL4_CPtr sc = conf_object(c, seL4_SchedContextObject, THREAD_SC_BITS);
    p->value = 0;
    peer_run(p, delete_own_time);
    CHECK(c, conf_slot_is_empty(c, p->thread.sc) && p->value == 0);
    CHECK(c, seL4_SchedControl_Configure(c->info->schedcontrol.start, sc, PEER_SLICE, PEER_SLICE, 0,
                                         0) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, p->thread.tcb) == seL4_NoError);
    CHECK(c, p->done && p->value == 1); /* The deletion had succeeded. */
}

/* What the next one is to revoke is in its `address`. */
static void revoke_all(struct peer *p)
{
    revoke(p->address);
    p->value++;
}

static void thread_revokes_itself(struct conf *c)
{
    struct part part;
    REQUIRE(c, make_part(c, &part));
    struct peer *p = part_peer(c, &part, PEER_ABOVE);
    REQUIRE(c, p != seL4_Null);
    p->address = part.untyped;
    p->value = 0;
    peer_run(p, revoke_all);
    /* It may lose its time before itself; then the next preemption point stops it half-way. */
    CHECK(c, p->value == 0);
    CHECK(c, revoke(part.untyped) == seL4_NoError && part_is_free(c, &part));
    CHECK(c, conf_slot_is_empty(c, p->thread.tcb) && p->value == 0);
}

static void spin_loading(struct peer *p)
{
    for (;;) {
        user_work_us(SPIN_US);
        user_load64(CONF_WINDOW);
        p->value++;
    }
}

/* A thread that spins, loading from a page; the capabilities to the page and to its table. */
static struct peer *loader(struct conf *c, const struct pair *handler, seL4_CPtr *frame,
                           seL4_CPtr *table)
{
    struct peer *p = peer_start_faulting(c, handler->badged);
    if (p == seL4_Null) {
        return p;
    }
    *table = conf_object(c, seL4_RISCV_PageTableObject, 0);
    *frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    CHECK(c, seL4_RISCV_PageTable_Map(*table, c->space.vspace, CONF_WINDOW,
                                      seL4_RISCV_Default_VMAttributes) == seL4_NoError);
    CHECK(c, space_map(&c->scene, &c->space, *frame, CONF_WINDOW, seL4_CanRead) == seL4_NoError);
    seL4_TCB_SetPriority(p->thread.tcb, seL4_CapInitThreadTCB, CONF_PRIORITY);
    p->value = 0;
    peer_run(p, spin_loading);
    seL4_Yield();
    return CHECK(c, gets_on(p)) ? p : seL4_Null;
}

static bool load_faults(struct conf *c, const struct peer *p, const struct pair *handler)
{
    gets_on(p);
    struct albireo_trap m = conf_nb_recv(handler->ep, c->reply);
    return CHECK(c, m.a0 == BADGE && m.a1 == conf_info(seL4_Fault_VMFault, 4)) &&
           CHECK(c, m.a3 == CONF_WINDOW && m.a4 == 0 && m.a5 == LOAD) && CHECK(c, !gets_on(p));
}

static void page_of_a_running_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr frame;
    seL4_CPtr table;
    struct peer *p = loader(c, &handler, &frame, &table);
    REQUIRE(c, p != seL4_Null);
    CHECK(c, delete (frame) == seL4_NoError && load_faults(c, p, &handler));
}

static void page_table_of_a_running_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr frame;
    seL4_CPtr table;
    struct peer *p = loader(c, &handler, &frame, &table);
    REQUIRE(c, p != seL4_Null);
    CHECK(c, delete (table) == seL4_NoError && load_faults(c, p, &handler));
    /* The page comes back with a new table. */
    CHECK(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_CanRead) == seL4_NoError);
    conf_nb_send(c->reply, 0);
    seL4_Yield();
    CHECK(c, gets_on(p));
}

static void signaller_main(uint64_t argument)
{
    (void)argument;
    for (;;) {
        user_work_us(SPIN_US);
        seL4_Signal(PROCESS_SLOT_FIRST);
    }
}

static void address_space_of_a_running_process(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    struct process process;
    struct thread_spec spec = conf_spec(c, "signaller", signaller_main, seL4_Null, CONF_PRIORITY);
    spec = conf_with_time(spec, PEER_SLICE, PEER_SLICE);
    spec.fault_endpoint = handler.badged;
    REQUIRE(c, process_create(&c->scene, c->info, &spec, &process) == seL4_NoError);
    REQUIRE(c, process_grant(&c->scene, &process, PROCESS_SLOT_FIRST, ntfn, seL4_CanWrite, BADGE) ==
                   seL4_NoError);
    REQUIRE(c, thread_start(&process.thread) == seL4_NoError);
    seL4_Yield();
    CHECK(c, conf_nb_wait(ntfn).a0 == BADGE);
    CHECK(c, revoke(process.space.vspace) == seL4_NoError); /* The process has a copy. */
    CHECK(c, delete (process.space.vspace) == seL4_NoError);
    seL4_Yield();
    struct albireo_trap m = conf_nb_recv(handler.ep, c->reply);
    CHECK(c, m.a0 == BADGE && m.a1 == conf_info(seL4_Fault_VMFault, 4));
    CHECK(c, m.a2 == m.a3 && m.a4 == 1 && m.a5 == 1);
    CHECK(c, conf_nb_wait(ntfn).a0 == 0);
}

static void buffer_of_a_thread(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    CHECK(c, seL4_TCB_SetIPCBuffer(p->thread.tcb, CONF_WINDOW, frame) == seL4_NoError);
    struct albireo_trap send = conf_trap((seL4_Word)seL4_SysSend, pair.badged, conf_info(LABEL, 6));
    peer_trap(p, send);
    CHECK(c, conf_length(conf_nb_wait(pair.ep)) == 6);
    CHECK(c, revoke(frame) == seL4_NoError); /* The thread's is a copy. */
    peer_trap(p, send);
    CHECK(c, conf_length(conf_nb_wait(pair.ep)) == 4);
}

/* ---- Queues ---- */

static void memory_of_an_endpoint(struct conf *c)
{
    struct part part;
    REQUIRE(c, make_part(c, &part));
    seL4_CPtr ep = part_object(c, &part, seL4_EndpointObject, 0);
    seL4_CPtr cap = conf_mint(c, ep, seL4_AllRights, BADGE);
    PEER(c, caller, PEER_ABOVE);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, low, PEER_BELOW);
    peer_call(caller, cap, LABEL);
    peer_send(sender, cap, LABEL);
    peer_send(low, ep, LABEL);
    conf_settle();
    CHECK(c, revoke(part.untyped) == seL4_NoError && conf_slot_is_empty(c, cap));
    CHECK(c, caller->done && conf_label(caller->regs) == seL4_InvalidCapability);
    CHECK(c, sender->done && !low->done);
    conf_settle();
    CHECK(c, low->done && part_is_free(c, &part));
}

static void memory_of_a_notification(struct conf *c)
{
    struct part part;
    struct pair handler = conf_pair(c);
    REQUIRE(c, make_part(c, &part));
    seL4_CPtr awaited = part_object(c, &part, seL4_NotificationObject, 0);
    seL4_CPtr bound = part_object(c, &part, seL4_NotificationObject, 0);
    FAULTING_PEER(c, p, handler.badged);
    PEER(c, q, PEER_ABOVE);
    CHECK(c, seL4_TCB_BindNotification(q->thread.tcb, bound) == seL4_NoError);
    peer_wait(p, awaited);
    CHECK(c, revoke(part.untyped) == seL4_NoError && part_is_free(c, &part));
    CHECK(c, conf_nb_recv(handler.ep, c->reply).a3 == awaited && !p->done);
    CHECK(c, seL4_TCB_UnbindNotification(q->thread.tcb) == seL4_IllegalOperation);
}

static void queued_sender(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, first, PEER_ABOVE);
    PEER(c, second, PEER_ABOVE);
    PEER(c, third, PEER_ABOVE);
    peer_send(first, pair.badged, 1);
    peer_send(second, pair.badged, 2);
    peer_send(third, pair.badged, 3);
    CHECK(c, delete (second->thread.tcb) == seL4_NoError);
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, 1));
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, 3));
    CHECK(c, conf_nb_wait(pair.ep).a0 == 0 && first->done && third->done);
}

static void queued_receiver(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, first, PEER_ABOVE);
    PEER(c, second, PEER_ABOVE);
    peer_recv(first, pair.ep, c->reply);
    peer_wait(second, pair.ep);
    CHECK(c, delete (first->thread.tcb) == seL4_NoError);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(second, BADGE, LABEL));
    /* Its Reply object is free. */
    PEER(c, client, PEER_ABOVE);
    peer_call(client, pair.badged, LABEL);
    conf_nb_recv(pair.ep, c->reply);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(client, 0, ANSWER));
}

static void waiting_thread(struct conf *c)
{
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    PEER(c, first, PEER_ABOVE);
    PEER(c, second, PEER_ABOVE);
    peer_wait(first, ntfn);
    peer_wait(second, ntfn);
    CHECK(c, delete (first->thread.tcb) == seL4_NoError);
    seL4_Signal(ntfn);
    CHECK(c, second->done && !first->done);
}

static void server_with_a_caller(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, server, PEER_ABOVE);
    PEER(c, client, PEER_ABOVE);
    peer_recv(server, pair.ep, c->reply);
    peer_call(client, pair.badged, LABEL);
    CHECK(c, peer_got(server, BADGE, LABEL));
    CHECK(c, delete (server->thread.tcb) == seL4_NoError);
    CHECK(c, !client->done);
    conf_nb_send(c->reply, ANSWER); /* Whoever has the Reply object can answer. */
    CHECK(c, peer_got(client, 0, ANSWER));
}

static void faulting_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    FAULTING_PEER(c, q, handler.badged);
    peer_load(p, CONF_WINDOW);
    peer_load(q, CONF_WINDOW + USER_PAGE_SIZE);
    CHECK(c, delete (p->thread.tcb) == seL4_NoError); /* Its message goes with it. */
    CHECK(c, conf_nb_recv(handler.ep, c->reply).a3 == CONF_WINDOW + USER_PAGE_SIZE);
    CHECK(c, delete (q->thread.tcb) == seL4_NoError);
    conf_nb_send(c->reply, 0);
    CHECK(c, conf_nb_wait(handler.ep).a0 == 0);
}

/* ---- CNodes ---- */

static void cnode_that_holds_itself(struct conf *c)
{
    struct part part;
    REQUIRE(c, make_part(c, &part));
    seL4_CNode cnode = part_object(c, &part, seL4_CapTableObject, 4);
    CHECK(c, copy_to(cnode, 3, 4, cnode) == seL4_NoError);
    CHECK(c, delete (cnode) == seL4_NoError); /* The one in itself is left. */
    CHECK(c, conf_slot_is_empty(c, cnode));
    CHECK(c, revoke(part.untyped) == seL4_NoError && part_is_free(c, &part));
}

static void cnode_that_held_itself(struct conf *c)
{
    struct part part;
    REQUIRE(c, make_part(c, &part));
    seL4_CNode cnode = part_object(c, &part, seL4_CapTableObject, 4);
    CHECK(c, copy_to(cnode, 3, 4, cnode) == seL4_NoError);
    CHECK(c, revoke(cnode) == seL4_NoError);
    CHECK(c, missing_capability(seL4_CNode_Move(root, conf_slot(c), DEPTH, cnode, 3, 4), 1, 4));
    CHECK(c, delete (cnode) == seL4_NoError && part_is_free(c, &part));
}

static void cnodes_that_hold_each_other(struct conf *c)
{
    struct part part;
    REQUIRE(c, make_part(c, &part));
    seL4_CNode a = part_object(c, &part, seL4_CapTableObject, 4);
    seL4_CNode b = part_object(c, &part, seL4_CapTableObject, 4);
    CHECK(c, copy_to(a, 1, 4, b) == seL4_NoError && copy_to(b, 2, 4, a) == seL4_NoError);
    CHECK(c, delete (a) == seL4_NoError);
    /* Through b, a is still there. */
    CHECK(c, seL4_CNode_Delete(b, 0x21, 8) == seL4_NoError);
    CHECK(c, copy_to(b, 0x21, 8, b) == seL4_NoError);
    CHECK(c, delete (b) == seL4_NoError);
    CHECK(c, revoke(part.untyped) == seL4_NoError && part_is_free(c, &part));
}

static void moved_into_itself(struct conf *c)
{
    struct part part;
    REQUIRE(c, make_part(c, &part));
    seL4_CNode cnode = part_object(c, &part, seL4_CapTableObject, 4);
    CHECK(c, seL4_CNode_Move(cnode, 3, 4, root, cnode, DEPTH) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, cnode));
    CHECK(c, revoke(part.untyped) == seL4_NoError && part_is_free(c, &part));
}

static void tree_of_cnodes(struct conf *c)
{
    enum { BITS = 2, FANOUT = 1 << BITS };
    struct part part;
    struct pair pair = conf_pair(c);
    REQUIRE(c, make_part(c, &part));
    PEER(c, p, PEER_ABOVE);
    seL4_CNode top = part_object(c, &part, seL4_CapTableObject, BITS);
    for (seL4_Word i = 0; i < FANOUT; i++) {
        CHECK(c, seL4_Untyped_Retype(part.untyped, seL4_CapTableObject, BITS, top, 0, 0, i, 1) ==
                     seL4_NoError);
        CHECK(c, seL4_Untyped_Retype(part.untyped, seL4_CapTableObject, BITS, top, i, BITS, 0,
                                     FANOUT) == seL4_NoError);
    }
    peer_call(p, pair.badged, LABEL);
    CHECK(c, seL4_CNode_Move(top, 0x1b, 3 * BITS, root, pair.ep, DEPTH) == seL4_NoError);
    CHECK(c, delete (pair.badged) == seL4_NoError && !p->done);
    CHECK(c, delete (top) == seL4_NoError);
    /* Everything in the tree is gone, down to the endpoint's last capability. */
    CHECK(c, p->done && conf_label(p->regs) == seL4_InvalidCapability);
    CHECK(c, part_is_free(c, &part));
}

static void thread_keeps_its_cspace(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CNode small = conf_object(c, seL4_CapTableObject, 4);
    struct thread_spec spec = peer_spec(c, PEER_ABOVE);
    seL4_CPtr go = peer_go(c);
    spec.cspace = small;
    spec.cspace_guard = 60;
    CHECK(c, copy_to(small, 1, 4, go) == seL4_NoError);
    CHECK(c, copy_to(small, 2, 4, pair.badged) == seL4_NoError);
    CHECK(c, seL4_CNode_Mint(small, 3, 4, root, small, DEPTH, seL4_AllRights, 60) == seL4_NoError);
    struct peer *p = peer_start_as(c, &spec, go, 1);
    REQUIRE(c, p != seL4_Null);
    CHECK(c, delete (small) == seL4_NoError);
    peer_send(p, 2, LABEL);
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, LABEL) && p->done);
    /* It deletes the capability by which it deletes. */
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysCall, 3, conf_info(CNodeDelete, 2));
    regs.a2 = 3;
    regs.a3 = 64;
    peer_trap(p, regs);
    CHECK(c, p->done && p->regs.a1 == 0);
    peer_trap(p, regs);
    CHECK(c, p->done && conf_label(p->regs) == seL4_InvalidCapability);
    peer_send(p, 2, LABEL);
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, LABEL) && p->done);
    /* With the thread goes its CNode, and the last capabilities in it. */
    CHECK(c, delete (pair.badged) == seL4_NoError && delete (p->thread.tcb) == seL4_NoError);
    CHECK(c, revoke(pair.ep) == seL4_NoError);
}

/* ---- Many things at once ---- */

static void many_capabilities(struct conf *c)
{
    struct part part;
    REQUIRE(c, make_part(c, &part));
    seL4_CPtr ep = part_object(c, &part, seL4_EndpointObject, 0);
    seL4_CPtr caps[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        caps[i] = conf_mint(c, ep, seL4_AllRights, i % 2 == 0 ? i : 0);
    }
    CHECK(c, revoke(ep) == seL4_NoError);
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK(c, conf_slot_is_empty(c, caps[i]));
    }
    CHECK(c, !conf_slot_is_empty(c, ep));
}

static void nested_untypeds(struct conf *c)
{
    enum { NESTED = 10 };
    struct part part;
    REQUIRE(c, make_part(c, &part));
    seL4_CPtr inner[NESTED];
    seL4_CPtr parent = part.untyped;
    for (uint32_t i = 0; i < NESTED; i++) {
        inner[i] = conf_slot(c);
        CHECK(c, seL4_Untyped_Retype(parent, seL4_UntypedObject, PART_BITS - 1 - i, root, 0, 0,
                                     inner[i], 1) == seL4_NoError);
        parent = inner[i];
    }
    CHECK(c, revoke(part.untyped) == seL4_NoError);
    for (uint32_t i = 0; i < NESTED; i++) {
        CHECK(c, conf_slot_is_empty(c, inner[i]));
    }
    CHECK(c, part_is_free(c, &part));
}

static void crowd_in_every_state(struct conf *c)
{
    struct part part;
    struct pair pair = conf_pair(c);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    seL4_CPtr reply = conf_object(c, seL4_ReplyObject, 0);
    REQUIRE(c, make_part(c, &part));
    struct peer *p[6];
    for (uint32_t i = 0; i < 6; i++) {
        p[i] = part_peer(c, &part, i == 5 ? CONF_PRIORITY : PEER_ABOVE);
        REQUIRE(c, p[i] != seL4_Null);
    }
    peer_call(p[0], pair.badged, LABEL); /* Waits for an answer, */
    conf_nb_recv(pair.ep, reply);
    peer_recv(p[1], pair.ep, c->reply);  /* to receive, */
    peer_wait(p[2], ntfn);               /* for a signal; */
    seL4_TCB_Suspend(p[3]->thread.tcb);  /* is suspended; */
    peer_load(p[4], CONF_WINDOW);        /* has faulted; */
    REQUIRE(c, start_spinning(c, p[5])); /* runs. */
    CHECK(c, revoke(part.untyped) == seL4_NoError);
    CHECK(c, !gets_on(p[5]) && part_is_free(c, &part));
    /* None of them can be found where it was. */
    PEER(c, sender, PEER_ABOVE);
    peer_send(sender, pair.badged, LABEL);
    CHECK(c, !sender->done && is_message(conf_nb_wait(pair.ep), BADGE, LABEL));
    seL4_Signal(ntfn);
    peer_wait(sender, ntfn);
    CHECK(c, sender->done);
    conf_nb_send(reply, ANSWER);
    for (uint32_t i = 0; i < 5; i++) {
        CHECK(c, p[i]->done == (i == 3));
    }
}

static const struct scenario scenarios[] = {
    {"revoking all memory of a running thread stops it", memory_of_a_running_thread},
    {"deleting a running thread stops it, and no other", running_thread},
    {"deleting the scheduling context of a running thread stops it", time_of_a_running_thread},
    {"deleting a thread sets its scheduling context free", deleted_thread_leaves_its_time},
    {"a thread may delete itself", thread_deletes_itself},
    {"a thread may delete its scheduling context", thread_deletes_its_time},
    {"a thread may revoke the memory that it is made of", thread_revokes_itself},
    {"deleting a page under a running thread makes it fault", page_of_a_running_thread},
    {"deleting a page table under a running thread makes it fault", page_table_of_a_running_thread},
    {"deleting the address space of a running process makes it fault",
     address_space_of_a_running_process},
    {"revoking the frame of a thread's buffer leaves it without", buffer_of_a_thread},
    {"revoking an endpoint's memory ends all sends to it", memory_of_an_endpoint},
    {"revoking a notification's memory ends all waits for it", memory_of_a_notification},
    {"deleting a thread that waits to send takes it from the queue", queued_sender},
    {"deleting a thread that waits to receive takes it from the queue", queued_receiver},
    {"deleting a thread that waits for a signal takes it from the queue", waiting_thread},
    {"deleting a server leaves its caller waiting", server_with_a_caller},
    {"deleting a thread that has faulted takes its message away", faulting_thread},
    {"a CNode may hold the last capability to itself", cnode_that_holds_itself},
    {"revoking a CNode deletes its capability to itself", cnode_that_held_itself},
    {"CNodes may hold the last capabilities to each other", cnodes_that_hold_each_other},
    {"a CNode may be moved into itself", moved_into_itself},
    {"deleting a tree of CNodes deletes all that is in it", tree_of_cnodes},
    {"a thread keeps its CSpace when others delete theirs", thread_keeps_its_cspace},
    {"revoking deletes 100 capabilities", many_capabilities},
    {"revoking deletes untypeds in untypeds", nested_untypeds},
    {"revoking removes threads in every state", crowd_in_every_state},
};
CONF_GROUP(revoke, scenarios);
