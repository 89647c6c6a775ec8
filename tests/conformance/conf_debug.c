/* SPDX-License-Identifier: BSD-2-Clause */

/* Debug system calls (docs/abi/14 sections 14.1 and 14.2): a debug kernel does them, for any other
 * they are unknown. The scenarios hold in both, and print the same lines of TAP. */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"
#include "user/lib/port.h"

#ifdef CONFIG_DEBUG_BUILD
enum { IS_DEBUG = 1 };
#else
enum { IS_DEBUG = 0 };
#endif

/* Numbers of the contract, which the user's headers lack in a release build. */
enum {
    DEBUG_PUT_CHAR = -12,
    DEBUG_DUMP_SCHEDULER = -13,
    DEBUG_CAP_IDENTIFY = -15,
    DEBUG_SNAPSHOT = -16,
    DEBUG_NAME_THREAD = -17,
    TYPE_ENDPOINT = 4,
};

/* A peer makes the call. A debug kernel does it, and changes no register but perhaps a0, which is
 * `a0_after` then; another raises UnknownSyscall with the number. */
static void check_call(struct conf *c, int number, seL4_Word a0, seL4_Word a0_after)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    struct albireo_trap regs = conf_trap((seL4_Word)(int64_t)number, a0, 0x1001);
    peer_trap(p, regs);
    if (IS_DEBUG) {
        CHECK(c, p->done && p->regs.a0 == a0_after && p->regs.a1 == 0x1001);
        CHECK(c, p->regs.a2 == regs.a2 && p->regs.a3 == regs.a3);
        CHECK(c, p->regs.a4 == regs.a4 && p->regs.a5 == regs.a5);
        return;
    }
    struct albireo_trap m = conf_nb_recv(handler.ep, c->reply);
    CHECK(c, !p->done && m.a0 == BADGE && m.a1 == conf_info(seL4_Fault_UnknownSyscall, 11));
    CHECK(c, seL4_GetMR(10) == (seL4_Word)(int64_t)number && m.a5 == a0);
}

static void put_char(struct conf *c)
{
    check_call(c, DEBUG_PUT_CHAR, '\n', '\n');
}

static void dump_scheduler(struct conf *c)
{
    check_call(c, DEBUG_DUMP_SCHEDULER, 0x1000, 0x1000);
}

static void snapshot(struct conf *c)
{
    check_call(c, DEBUG_SNAPSHOT, 0x1000, 0x1000);
}

static void identify(struct conf *c)
{
    check_call(c, DEBUG_CAP_IDENTIFY, conf_object(c, seL4_EndpointObject, 0), TYPE_ENDPOINT);
}

static void identify_nothing(struct conf *c)
{
    check_call(c, DEBUG_CAP_IDENTIFY, conf_slot(c), 0);
}

/* The name itself is seen on the console only. */
static void name_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_set_buffer(p, 1, 0x657672657362ul); /* "bserve", and NULs. */
    peer_trap(p, conf_trap((seL4_Word)DEBUG_NAME_THREAD, p->thread.tcb, 0));
    CHECK(c, p->done == (IS_DEBUG == 1));
}

static const struct scenario scenarios[] = {
    {"a character is put on the console, or the call is unknown", put_char},
    {"the scheduler is dumped, or the call is unknown", dump_scheduler},
    {"all capabilities are dumped, or the call is unknown", snapshot},
    {"a capability's type is told, or the call is unknown", identify},
    {"an empty slot has no type, or the call is unknown", identify_nothing},
    {"a thread is named, or the call is unknown", name_thread},
};

CONF_GROUP(debug, scenarios);
