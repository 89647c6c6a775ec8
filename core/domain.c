/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/domain.h"

#include <stdbool.h>

#include "core/bits.h"
#include "core/call.h"
#include "core/fpu.h"
#include "core/kernel.h"
#include "core/sched.h"
#include "core/thread.h"

enum { DURATION_BITS = 56 };

static void move_thread(struct kernel *k, struct thread *thread, uint8_t domain)
{
    fpu_release(k, thread);
    /* The release queue knows no domains: a thread that waits there goes on waiting. */
    bool requeue = thread_is_schedulable(thread);
    if (requeue) {
        sched_dequeue(k, thread);
    }
    thread->domain = domain;
    if (requeue) {
        sched_enqueue_head(k, thread);
    }
    if (thread == current_thread(k)) {
        sched_full(k);
    }
}

enum status domain_set(struct kernel *k, struct call *call)
{
    if (call->length < 1) {
        return call_fail(k, call, 1);
    }
    uint64_t domain = call_word(call, 0);
    if (domain >= CONFIG_DOMAINS) {
        return call_fail_argument(k, call, 2, 0);
    }
    if (call->extra_count < 1) {
        return call_fail(k, call, 3);
    }
    if (call->extra[0]->cap.type != CAP_TCB) {
        return call_fail_argument(k, call, 4, 1);
    }
    move_thread(k, call->extra[0]->cap.thread, (uint8_t)domain);
    return STATUS_OK;
}

enum status domain_schedule_configure(struct kernel *k, struct call *call)
{
    if (call->length < 3) {
        return call_fail(k, call, 1);
    }
    uint64_t index = call_word(call, 0);
    uint64_t domain = call_word(call, 1);
    uint64_t duration = call_word(call, 2);

    if (index >= CONFIG_DOMAIN_SCHEDULE - 1) {
        return call_fail_range(k, call, 2, 0, CONFIG_DOMAIN_SCHEDULE - 2);
    }
    if (domain >= CONFIG_DOMAINS) {
        return call_fail_range(k, call, 3, 0, CONFIG_DOMAINS - 1);
    }
    if (duration >= bit(DURATION_BITS)) {
        return call_fail_argument(k, call, 4, 2);
    }
    if (duration == 0 && domain != 0) {
        return call_fail_argument(k, call, 5, 1);
    }
    if (duration == 0 && index == k->domain_start) {
        return call_fail_argument(k, call, 6, 2);
    }
    k->domain_schedule[index].domain = (uint8_t)domain;
    k->domain_schedule[index].duration = duration;
    return STATUS_OK;
}

enum status domain_schedule_set_start(struct kernel *k, struct call *call)
{
    if (call->length < 1) {
        return call_fail(k, call, 1);
    }
    uint64_t index = call_word(call, 0);
    if (index >= CONFIG_DOMAIN_SCHEDULE) {
        return call_fail_range(k, call, 2, 0, CONFIG_DOMAIN_SCHEDULE - 1);
    }
    const struct domain_entry *entry = &k->domain_schedule[index];
    if (entry->duration == 0 && entry->domain == 0) {
        return call_fail_argument(k, call, 3, 0);
    }
    k->domain_start = (uint32_t)index;
    sched_restart_domains(k);
    return STATUS_OK;
}
