// SPDX-License-Identifier: BSD-2-Clause

#include "tests/core/check_cases.h"

namespace {

struct sched_context *sc_of(Rich &r, const Task &task)
{
    return r.cap(task.sc).sc;
}

struct refills &refills_of(Rich &r, const Task &task)
{
    return sc_of(r, task)->refills;
}

struct ntfn *ntfn_of(Rich &r, CPtr cptr)
{
    return r.cap(cptr).ntfn;
}

struct reply *reply_of(Rich &r, CPtr cptr)
{
    return r.cap(cptr).reply;
}

struct core &core_of(Rich &r)
{
    return r.k->cores[0];
}

} // namespace

const std::vector<Case> thread_cases = {
    {"S1", "another ring",
     [](Rich &r, Edit &e) {
         e.set(refills_of(r, r.client).ring, refills_of(r, r.server).ring);
     }},
    {"S1", "another size", [](Rich &r, Edit &e) { e.set(sc_of(r, r.client)->bits, 9); }},
    {"S2", "more refills than there is room",
     [](Rich &r, Edit &e) { e.set(refills_of(r, r.periodic).max, 11); }},
    {"S2", "one refill", [](Rich &r, Edit &e) { e.set(refills_of(r, r.periodic).max, 1); }},
    {"S2", "a head out of the ring",
     [](Rich &r, Edit &e) {
         e.set(refills_of(r, r.periodic).head, refills_of(r, r.periodic).max);
     }},
    {"S2", "no refill in use",
     [](Rich &r, Edit &e) { e.set(refills_of(r, r.periodic).count, 0); }},
    {"S2", "too many in use", [](Rich &r, Edit &e) { e.set(refills_of(r, r.periodic).count, 7); }},
    {"S3", "round robin with one refill",
     [](Rich &r, Edit &e) { e.set(refills_of(r, r.client).count, 1); }},
    {"S3", "a period within the budget",
     [](Rich &r, Edit &e) {
         e.set(refills_of(r, r.periodic).period, refills_of(r, r.periodic).budget);
     }},
    {"S4", "less than the budget",
     [](Rich &r, Edit &e) {
         e.set(refills_of(r, r.periodic).budget, refills_of(r, r.periodic).budget + 1);
     }},
    {"S4", "more than the budget",
     [](Rich &r, Edit &e) { e.set(refill_last(&refills_of(r, r.periodic))->amount, UINT64_MAX); }},
    {"S5", "a small head",
     [](Rich &r, Edit &e) {
         struct refills &refills = refills_of(r, r.periodic);
         e.set(refill_at(&refills, 0)->amount, 10);
         e.set(refill_last(&refills)->amount, refills.budget - 10);
     }},
    {"S6", "refills out of order",
     [](Rich &r, Edit &e) { e.set(refill_last(&refills_of(r, r.periodic))->time, 0); }},
    {"S7", "no such core", [](Rich &r, Edit &e) { e.set(sc_of(r, r.client)->core, CONFIG_CORES); }},
    {"S8", "another's thread",
     [](Rich &r, Edit &e) { e.set(sc_of(r, r.server)->thread, r.root); }},
    {"S8", "a thread that is being destroyed",
     [](Rich &r, Edit &e) { e.set(sc_of(r, r.server)->thread, r.dying); }},
    {"S9", "another's notification",
     [](Rich &r, Edit &e) { e.set(sc_of(r, r.server)->ntfn, ntfn_of(r, r.ntfn_wait)); }},
    {"S10", "a thread that does not wait",
     [](Rich &r, Edit &e) { e.set(sc_of(r, r.server)->yield_from, r.sleeper.thread); }},

    {"T1", "threads missing in the list",
     [](Rich &r, Edit &e) {
         e.set(r.k->threads, r.k->threads->all_next);
         e.set(r.k->threads->all_prev, nullptr);
     }},
    {"T1", "the end of the list", [](Rich &r, Edit &e) { e.set(r.root->all_next, r.root); }},
    {"T1", "a back link",
     [](Rich &r, Edit &e) { e.set(r.root->all_prev, r.yielded.thread); }},
    {"T1", "a thread that is being destroyed",
     [](Rich &r, Edit &e) {
         e.set(r.dying->all_prev, r.root);
         e.set(r.root->all_next, r.dying);
     }},
    {"T2", "the idle state", [](Rich &r, Edit &e) { e.set(r.sleeper.thread->state, THREAD_IDLE); }},
    {"T2", "no such domain",
     [](Rich &r, Edit &e) { e.set(r.sleeper.thread->domain, CONFIG_DOMAINS); }},
    {"T2", "no such core", [](Rich &r, Edit &e) { e.set(r.sleeper.thread->core, CONFIG_CORES); }},
    {"T2", "unknown flags", [](Rich &r, Edit &e) { e.set(r.sleeper.thread->flags, 2); }},
    {"T2", "register 0", [](Rich &r, Edit &e) { e.set(r.sleeper.thread->regs.x[0], 1); }},
    {"T2", "an endless name",
     [](Rich &r, Edit &e) { e.set(r.sleeper.thread->name[CONFIG_NAME_SIZE - 1], 'x'); }},
    {"T3", "a receiver in no queue",
     [](Rich &r, Edit &e) { e.set(r.receiver_1.thread->queue, THREAD_QUEUE_NONE); }},
    {"T3", "an inactive thread in a ready queue",
     [](Rich &r, Edit &e) { e.set(r.ready_1.thread->state, THREAD_INACTIVE); }},
    {"T3", "no such queue", [](Rich &r, Edit &e) { e.set(r.ready_1.thread->queue, 9); }},
    {"T4", "links without queue",
     [](Rich &r, Edit &e) { e.set(r.sleeper.thread->queue_next, r.root); }},
    {"T5", "a receiver at no endpoint",
     [](Rich &r, Edit &e) { e.set(r.receiver_1.thread->endpoint, nullptr); }},
    {"T5", "an endpoint without waiting",
     [](Rich &r, Edit &e) { e.set(r.sleeper.thread->endpoint, r.cap(r.ep_recv).endpoint); }},
    {"T5", "a waiter at no notification",
     [](Rich &r, Edit &e) { e.set(r.waiter_1.thread->ntfn, nullptr); }},
    {"T5", "a notification without waiting",
     [](Rich &r, Edit &e) { e.set(r.sleeper.thread->ntfn, ntfn_of(r, r.ntfn_wait)); }},
    {"T6", "no such fault", [](Rich &r, Edit &e) { e.set(r.faulted.thread->fault.type, 4); }},
    {"T6", "a receiver with a fault",
     [](Rich &r, Edit &e) { e.set(r.receiver_1.thread->fault.type, FAULT_VM); }},
    {"T7", "another thread's SC",
     [](Rich &r, Edit &e) { e.set(r.client.thread->sc, sc_of(r, r.ready_1)); }},
    {"T7", "the idle thread's SC",
     [](Rich &r, Edit &e) { e.set(r.client.thread->sc, &core_of(r).idle_sc); }},
    {"T7", "an SC that does not know it",
     [](Rich &r, Edit &e) { e.set(sc_of(r, r.ready_1)->thread, nullptr); }},
    {"T8", "an SC that nobody yielded to",
     [](Rich &r, Edit &e) { e.set(r.ready_1.thread->yield_to, sc_of(r, r.ready_1)); }},
    {"T8", "a stopped thread that has yielded",
     [](Rich &r, Edit &e) {
         e.set(r.sleeper.thread->yield_to, sc_of(r, r.ready_1));
         e.set(sc_of(r, r.ready_1)->yield_from, r.sleeper.thread);
     }},
    {"T9", "a CNode as buffer",
     [](Rich &r, Edit &e) {
         struct slot *slots = r.sleeper.thread->slots;
         e.move_slot(slots[THREAD_CSPACE], slots[THREAD_BUFFER]);
     }},
    {"T9", "a CNode as VSpace",
     [](Rich &r, Edit &e) {
         struct slot *slots = r.sleeper.thread->slots;
         e.move_slot(slots[THREAD_VSPACE], r.slot(r.free_slot()));
         e.move_slot(slots[THREAD_CSPACE], slots[THREAD_VSPACE]);
     }},
    {"T9", "a page table as CSpace",
     [](Rich &r, Edit &e) {
         struct slot *slots = r.sleeper.thread->slots;
         e.move_slot(slots[THREAD_CSPACE], r.slot(r.free_slot()));
         e.move_slot(slots[THREAD_VSPACE], slots[THREAD_CSPACE]);
     }},
    {"T9", "a page table without ASID",
     [](Rich &r, Edit &e) {
         struct slot *slots = r.sleeper.thread->slots;
         e.move_slot(slots[THREAD_VSPACE], r.slot(r.free_slot()));
         e.move_slot(r.slot(r.unmapped), slots[THREAD_VSPACE]);
     }},
    {"T9", "a handler that cannot be called",
     [](Rich &r, Edit &e) {
         e.set(r.faulted.thread->slots[THREAD_FAULT_HANDLER].cap.rights, ABI_RIGHT_READ);
     }},
    {"T9", "a notification as timeout handler",
     [](Rich &r, Edit &e) {
         e.move_slot(r.slot(r.ntfn_wait), r.sleeper.thread->slots[THREAD_TIMEOUT_HANDLER]);
     }},
    {"T10", "a misaligned buffer",
     [](Rich &r, Edit &e) { e.set(r.root->buffer_vaddr, r.root->buffer_vaddr + 512); }},
    {"T10", "a buffer in device memory",
     [](Rich &r, Edit &e) {
         e.move_slot(r.slot(r.device_frame), r.sleeper.thread->slots[THREAD_BUFFER]);
     }},
    {"T11", "a lost thread",
     [](Rich &r, Edit &e) {
         e.set(r.ready_1.thread->queue, THREAD_QUEUE_NONE);
         e.set(r.ready_1.thread->queue_next, nullptr);
         e.set(r.ready_1.thread->queue_prev, nullptr);
     }},
    {"T12", "a dying thread that runs",
     [](Rich &r, Edit &e) { e.set(r.dying->state, THREAD_RUNNING); }},
    {"T12", "a dying thread with an SC",
     [](Rich &r, Edit &e) { e.set(r.dying->sc, sc_of(r, r.server)); }},

    {"Q1", "a back link",
     [](Rich &r, Edit &e) { e.set(r.ready_2.thread->queue_prev, r.ready_2.thread); }},
    {"Q1", "the tail",
     [](Rich &r, Edit &e) { e.set(core_of(r).ready[0].queues[50].tail, r.root); }},
    {"Q1", "the tail of the release queue",
     [](Rich &r, Edit &e) { e.set(core_of(r).release.tail, nullptr); }},
    {"Q1", "a head that is no thread",
     [](Rich &r, Edit &e) {
         e.set(core_of(r).ready[0].queues[50].head, &core_of(r).idle_thread);
     }},
    {"Q2", "another priority", [](Rich &r, Edit &e) { e.set(r.ready_1.thread->priority, 51); }},
    {"Q2", "a ready thread in the release queue",
     [](Rich &r, Edit &e) { e.set(r.released_1.thread->queue, THREAD_QUEUE_READY); }},
    {"Q2", "a ready thread without time",
     [](Rich &r, Edit &e) { e.set(refills_of(r, r.ready_1).max, 0); }},
    {"Q3", "a bit that is missing",
     [](Rich &r, Edit &e) { e.set(core_of(r).ready[0].words[0], 0); }},
    {"Q3", "a bit too many", [](Rich &r, Edit &e) { e.set(core_of(r).ready[0].words[3], 1); }},
    {"Q3", "the summary", [](Rich &r, Edit &e) { e.set(core_of(r).ready[0].summary, 0); }},
    {"Q4", "the release queue out of order",
     [](Rich &r, Edit &e) {
         e.set(refill_at(&refills_of(r, r.released_1), 0)->time, Word{1} << 40);
     }},
    {"Q5", "a ready thread before its time",
     [](Rich &r, Edit &e) {
         e.set(refill_at(&refills_of(r, r.ready_1), 0)->time, Word{1} << 40);
     }},
    {"Q6", "a thread that believes it is ready",
     [](Rich &r, Edit &e) {
         e.set(r.sleeper.thread->state, THREAD_RUNNING);
         e.set(r.sleeper.thread->queue, THREAD_QUEUE_READY);
     }},

    {"E1", "a back link",
     [](Rich &r, Edit &e) { e.set(r.receiver_2.thread->queue_prev, nullptr); }},
    {"E1", "the tail",
     [](Rich &r, Edit &e) { e.set(r.cap(r.ep_recv).endpoint->queue.tail, nullptr); }},
    {"E2", "another endpoint",
     [](Rich &r, Edit &e) {
         e.set(r.receiver_2.thread->endpoint, r.cap(r.ep_fault).endpoint);
     }},
    {"E2", "a sender among receivers",
     [](Rich &r, Edit &e) { e.set(r.receiver_2.thread->state, THREAD_BLOCKED_ON_SEND); }},
    {"E3", "the highest priority is not first",
     [](Rich &r, Edit &e) { e.set(r.sender_2.thread->priority, 200); }},
    {"E4", "a thread that believes it is queued",
     [](Rich &r, Edit &e) {
         e.set(r.sleeper.thread->state, THREAD_BLOCKED_ON_SEND);
         e.set(r.sleeper.thread->queue, THREAD_QUEUE_ENDPOINT);
         e.set(r.sleeper.thread->endpoint, r.cap(r.ep_send).endpoint);
     }},

    {"N1", "a link", [](Rich &r, Edit &e) { e.set(r.waiter_1.thread->queue_next, r.root); }},
    {"N2", "another notification",
     [](Rich &r, Edit &e) { e.set(r.waiter_2.thread->ntfn, ntfn_of(r, r.ntfn_active)); }},
    {"N3", "the highest priority is not first",
     [](Rich &r, Edit &e) { e.set(r.waiter_2.thread->priority, 200); }},
    {"N4", "a thread that believes it is queued",
     [](Rich &r, Edit &e) {
         e.set(r.sleeper.thread->state, THREAD_BLOCKED_ON_NOTIFICATION);
         e.set(r.sleeper.thread->queue, THREAD_QUEUE_NTFN);
         e.set(r.sleeper.thread->ntfn, ntfn_of(r, r.ntfn_wait));
     }},
    {"N5", "waiting without waiters",
     [](Rich &r, Edit &e) { e.set(ntfn_of(r, r.ntfn_sc)->state, NTFN_WAITING); }},
    {"N5", "waiters without waiting",
     [](Rich &r, Edit &e) { e.set(ntfn_of(r, r.ntfn_wait)->state, NTFN_IDLE); }},
    {"N5", "no such state", [](Rich &r, Edit &e) { e.set(ntfn_of(r, r.ntfn_sc)->state, 3); }},
    {"N6", "badges while idle", [](Rich &r, Edit &e) { e.set(ntfn_of(r, r.ntfn_sc)->badge, 1); }},
    {"N6", "unused fields",
     [](Rich &r, Edit &e) { e.set(ntfn_of(r, r.ntfn_sc)->reserved[1], 1); }},
    {"N7", "bound to nothing",
     [](Rich &r, Edit &e) { e.set(ntfn_of(r, r.ntfn_sc)->bound, nullptr); }},
    {"N7", "bound to another",
     [](Rich &r, Edit &e) { e.set(ntfn_of(r, r.ntfn_active)->bound, r.sleeper.thread); }},
    {"N8", "somebody else waits",
     [](Rich &r, Edit &e) {
         e.set(ntfn_of(r, r.ntfn_wait)->bound, r.sleeper.thread);
         e.set(r.sleeper.thread->bound_ntfn, ntfn_of(r, r.ntfn_wait));
     }},
    {"N9", "another's SC",
     [](Rich &r, Edit &e) { e.set(ntfn_of(r, r.ntfn_active)->sc, sc_of(r, r.server)); }},

    {"R1", "another's thread",
     [](Rich &r, Edit &e) { e.set(reply_of(r, r.reply_unused)->thread, r.sleeper.thread); }},
    {"R1", "another's Reply object",
     [](Rich &r, Edit &e) { e.set(r.sleeper.thread->reply, reply_of(r, r.reply_1)); }},
    {"R2", "a Reply object of a stopped thread",
     [](Rich &r, Edit &e) {
         e.set(reply_of(r, r.reply_unused)->thread, r.sleeper.thread);
         e.set(r.sleeper.thread->reply, reply_of(r, r.reply_unused));
     }},
    {"R2", "waiting for no reply",
     [](Rich &r, Edit &e) { e.set(r.sleeper.thread->state, THREAD_BLOCKED_ON_REPLY); }},
    {"R3", "a neighbour that is none",
     [](Rich &r, Edit &e) {
         e.set(reply_of(r, r.reply_top)->prev, reply_of(r, r.reply_unused));
     }},
    {"R3", "a neighbour that is no Reply object",
     [](Rich &r, Edit &e) {
         e.set(reply_of(r, r.reply_bottom)->prev,
               reinterpret_cast<struct reply *>(r.cap(r.ep_recv).endpoint));
     }},
    {"R4", "a top without caller",
     [](Rich &r, Edit &e) {
         e.set(reply_of(r, r.reply_unused)->sc, sc_of(r, r.server));
         e.set(sc_of(r, r.server)->reply, reply_of(r, r.reply_unused));
     }},
    {"R5", "another SC",
     [](Rich &r, Edit &e) { e.set(reply_of(r, r.reply_top)->sc, sc_of(r, r.server)); }},
    {"R5", "an SC in the middle",
     [](Rich &r, Edit &e) { e.set(reply_of(r, r.reply_bottom)->sc, sc_of(r, r.client)); }},
    {"R5", "an SC with another top",
     [](Rich &r, Edit &e) { e.set(sc_of(r, r.server)->reply, reply_of(r, r.reply_unused)); }},
    {"R6", "a call stack that is a ring",
     [](Rich &r, Edit &e) {
         struct reply *top = reply_of(r, r.reply_top);
         struct reply *bottom = reply_of(r, r.reply_bottom);
         e.set(top->sc->reply, nullptr);
         e.set(top->sc, nullptr);
         e.set(top->next, bottom);
         e.set(bottom->prev, top);
     }},

    {"D1", "no such domain",
     [](Rich &r, Edit &e) { e.set(r.k->domain_schedule[0].domain, CONFIG_DOMAINS); }},
    {"D1", "a long duration",
     [](Rich &r, Edit &e) { e.set(r.k->domain_schedule[0].duration, Word{1} << 56); }},
    {"D2", "no end marker",
     [](Rich &r, Edit &e) {
         e.set(r.k->domain_schedule[CONFIG_DOMAIN_SCHEDULE - 1].duration, 1);
     }},
    {"D2", "a start at an end marker",
     [](Rich &r, Edit &e) { e.set(r.k->domain_start, CONFIG_DOMAIN_SCHEDULE - 1); }},
    {"D2", "a start beyond the end",
     [](Rich &r, Edit &e) { e.set(r.k->domain_start, CONFIG_DOMAIN_SCHEDULE); }},
    {"D3", "no such current domain",
     [](Rich &r, Edit &e) { e.set(core_of(r).domain, CONFIG_DOMAINS); }},
    {"D3", "no such entry",
     [](Rich &r, Edit &e) { e.set(core_of(r).domain_index, CONFIG_DOMAIN_SCHEDULE); }},
    {"D4", "another idle thread", [](Rich &r, Edit &e) { e.set(core_of(r).idle, r.root); }},
    {"D4", "an idle thread in a queue",
     [](Rich &r, Edit &e) { e.set(core_of(r).idle_thread.queue, THREAD_QUEUE_READY); }},
    {"D4", "an idle thread with a capability",
     [](Rich &r, Edit &e) {
         e.set(core_of(r).idle_thread.slots[THREAD_VSPACE].cap.type, CAP_PAGE_TABLE);
     }},
    {"D4", "another time", [](Rich &r, Edit &e) { e.set(core_of(r).idle_sc.refills.max, 0); }},
    {"D5", "an action that has been left undone",
     [](Rich &r, Edit &e) { e.set(core_of(r).action, SCHED_CHOOSE); }},
    {"D5", "a candidate left over", [](Rich &r, Edit &e) { e.set(core_of(r).candidate, r.root); }},
    {"D6", "another SC is charged",
     [](Rich &r, Edit &e) { e.set(core_of(r).current_sc, sc_of(r, r.client)); }},
    {"D7", "a current thread that cannot run",
     [](Rich &r, Edit &e) { e.set(r.yielded.thread->state, THREAD_INACTIVE); }},
    {"D7", "a current thread that waits for a yield-to",
     [](Rich &r, Edit &e) {
         e.set(r.yielded.thread->yield_to, sc_of(r, r.server));
         e.set(sc_of(r, r.server)->yield_from, r.yielded.thread);
     }},

    {"F1", "FP registers of nobody",
     [](Rich &r, Edit &e) { e.set(core_of(r).fpu_owner, r.dying); }},
    {"F2", "the FPU is not as the thread may use it",
     [](Rich &r, Edit &e) { e.set(core_of(r).fpu_enabled, !core_of(r).fpu_enabled); }},
    /* Without FPU, nobody owns its registers. */
    {CONFIG_FPU ? "F3" : "F1", "another thread's FP registers",
     [](Rich &r, Edit &e) { e.set(core_of(r).fpu_owner, r.sleeper.thread); }},
};
