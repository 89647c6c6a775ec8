/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/conformance/peer.h"

#include "tests/conformance/conformance.h"
#include "user/lib/port.h"

enum { LOWEST = 1 };

static void make_trap(struct peer *p)
{
    albireo_trap(&p->regs);
}

static void make_load(struct peer *p)
{
    p->value = user_load64(p->address);
}

static void make_store(struct peer *p)
{
    user_store64(p->address, p->value);
}

static void peer_main(uint64_t argument)
{
    struct peer *p = (struct peer *)(uintptr_t)argument;
    for (;;) {
        seL4_Wait(p->wait, seL4_Null);
        p->action(p);
        p->done = true;
    }
}

seL4_CPtr peer_go(struct conf *c)
{
    return conf_object(c, seL4_NotificationObject, 0);
}

struct thread_spec peer_spec(struct conf *c, uint8_t priority)
{
    uint32_t next = c->peer_count < CONF_PEERS ? c->peer_count : CONF_PEERS - 1;
    return conf_with_time(conf_spec(c, "peer", peer_main, &c->peers[next], priority), PEER_SLICE,
                          PEER_SLICE);
}

struct peer *peer_start_as(struct conf *c, const struct thread_spec *spec, seL4_CPtr go,
                           seL4_CPtr wait)
{
    if (!CHECK(c, c->peer_count < CONF_PEERS)) {
        return seL4_Null;
    }
    struct peer *p = &c->peers[c->peer_count];
    *p = (struct peer){.go = go, .wait = wait, .done = true};
    p->buffer = spec->area + (2 + THREAD_STACK_PAGES) * USER_PAGE_SIZE;
    c->peer_count++;
    return conf_start(c, spec, &p->thread) ? p : seL4_Null;
}

struct peer *peer_start(struct conf *c, uint8_t priority)
{
    struct thread_spec spec = peer_spec(c, priority);
    seL4_CPtr go = peer_go(c);
    return peer_start_as(c, &spec, go, go);
}

struct peer *peer_start_faulting(struct conf *c, seL4_CPtr handler)
{
    struct thread_spec spec = peer_spec(c, PEER_ABOVE);
    seL4_CPtr go = peer_go(c);
    spec.fault_endpoint = handler;
    return peer_start_as(c, &spec, go, go);
}

struct albireo_trap conf_trap(seL4_Word number, seL4_CPtr a0, seL4_Word info)
{
    return (struct albireo_trap){
        .a0 = a0,
        .a1 = info,
        .a2 = MARK_2,
        .a3 = MARK_3,
        .a4 = MARK_4,
        .a5 = MARK_5,
        .a7 = number,
    };
}

seL4_Word conf_info(seL4_Word label, seL4_Word length)
{
    return seL4_MessageInfo_new(label, 0, 0, length).words[0];
}

void peer_run(struct peer *p, void (*action)(struct peer *p))
{
    p->action = action;
    p->done = false;
    seL4_Signal(p->go);
}

void peer_trap(struct peer *p, struct albireo_trap regs)
{
    p->regs = regs;
    peer_run(p, make_trap);
}

void peer_send(struct peer *p, seL4_CPtr dest, seL4_Word label)
{
    peer_trap(p, conf_trap((seL4_Word)seL4_SysSend, dest, conf_info(label, 4)));
}

void peer_call(struct peer *p, seL4_CPtr dest, seL4_Word label)
{
    peer_trap(p, conf_trap((seL4_Word)seL4_SysCall, dest, conf_info(label, 4)));
}

void peer_recv(struct peer *p, seL4_CPtr source, seL4_CPtr reply)
{
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysRecv, source, 0);
    regs.a6 = reply;
    peer_trap(p, regs);
}

void peer_wait(struct peer *p, seL4_CPtr source)
{
    peer_trap(p, conf_trap((seL4_Word)seL4_SysWait, source, 0));
}

void peer_reply_recv(struct peer *p, seL4_CPtr source, seL4_CPtr reply, seL4_Word label)
{
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysReplyRecv, source, conf_info(label, 4));
    regs.a6 = reply;
    peer_trap(p, regs);
}

void peer_load(struct peer *p, uint64_t address)
{
    p->address = address;
    p->value = 0;
    peer_run(p, make_load);
}

void peer_store(struct peer *p, uint64_t address, uint64_t value)
{
    p->address = address;
    p->value = value;
    peer_run(p, make_store);
}

bool peer_got(const struct peer *p, seL4_Word badge, seL4_Word label)
{
    return p->done && is_message(p->regs, badge, label);
}

uint64_t peer_buffer(const struct peer *p, uint32_t word)
{
    return user_load64(p->buffer + word * sizeof(seL4_Word));
}

void peer_set_buffer(const struct peer *p, uint32_t word, uint64_t value)
{
    user_store64(p->buffer + word * sizeof(seL4_Word), value);
}

void conf_settle(void)
{
    seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, LOWEST);
    seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, CONF_PRIORITY);
}

struct albireo_trap conf_nb_recv(seL4_CPtr source, seL4_CPtr reply)
{
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysNBRecv, source, 0);
    regs.a6 = reply;
    albireo_trap(&regs);
    return regs;
}

struct albireo_trap conf_nb_wait(seL4_CPtr source)
{
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysNBWait, source, 0);
    albireo_trap(&regs);
    return regs;
}

void conf_nb_send(seL4_CPtr dest, seL4_Word label)
{
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysNBSend, dest, conf_info(label, 4));
    albireo_trap(&regs);
}

seL4_Word conf_label(struct albireo_trap regs)
{
    return seL4_MessageInfo_get_label((seL4_MessageInfo_t){{regs.a1}});
}

seL4_Word conf_length(struct albireo_trap regs)
{
    return seL4_MessageInfo_get_length((seL4_MessageInfo_t){{regs.a1}});
}

bool is_message(struct albireo_trap regs, seL4_Word badge, seL4_Word label)
{
    return regs.a0 == badge && regs.a1 == conf_info(label, 4) && regs.a2 == MARK_2 &&
           regs.a3 == MARK_3 && regs.a4 == MARK_4 && regs.a5 == MARK_5;
}

struct pair conf_pair(struct conf *c)
{
    struct pair pair = {.ep = conf_object(c, seL4_EndpointObject, 0)};
    pair.badged = conf_mint(c, pair.ep, seL4_AllRights, BADGE);
    return pair;
}
