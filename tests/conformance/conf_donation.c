/* SPDX-License-Identifier: BSD-2-Clause */

/* Passive servers and whose time they use, docs/abi/07 sections 7.5 to 7.8. Peers do what the root
 * task says; those without a scheduling context do it only when they are lent one. */
#include "tests/conformance/conformance.h"
#include "tests/conformance/record.h"
#include "user/lib/port.h"

enum { ASK = 7, ANSWER = 8, BUDGET = 2000, PERIOD = 10000, SC_BADGE = 77 };

/* ---- Who has a scheduling context ---- */

/* Giving a thread the one that it has works; one that another thread has is refused. */
static bool holds(const struct peer *p, seL4_SchedContext sc)
{
    return seL4_TCB_SetSchedParams(p->thread.tcb, seL4_CapInitThreadTCB, 0, PEER_ABOVE, sc,
                                   seL4_CapNull) == seL4_NoError;
}

static bool lacks(const struct peer *p, seL4_SchedContext sc)
{
    return seL4_SchedContext_UnbindObject(sc, p->thread.tcb) == seL4_IllegalOperation;
}

static bool take_time(const struct peer *p)
{
    return seL4_SchedContext_UnbindObject(p->thread.sc, p->thread.tcb) == seL4_NoError;
}

static bool give_time(const struct peer *p)
{
    return seL4_SchedContext_Bind(p->thread.sc, p->thread.tcb) == seL4_NoError;
}

/* ---- A client and servers ---- */

enum { SERVERS_MAX = 6 };

struct server {
    struct peer *peer;
    struct pair ep;
    seL4_CPtr reply;
};

struct stage {
    struct peer *client;
    uint32_t count;
    struct server servers[SERVERS_MAX];
};

static bool server_start(struct conf *c, struct server *s)
{
    s->ep = conf_pair(c);
    s->reply = conf_object(c, seL4_ReplyObject, 0);
    s->peer = peer_start(c, PEER_ABOVE);
    if (s->peer == seL4_Null) {
        return false;
    }
    peer_recv(s->peer, s->ep.ep, s->reply);
    return CHECK(c, take_time(s->peer));
}

/* A client, and so many passive servers that wait for it. */
static bool set_up(struct conf *c, struct stage *s, uint32_t count)
{
    s->count = count;
    s->client = peer_start(c, PEER_ABOVE);
    bool ready = s->client != seL4_Null;
    for (uint32_t i = 0; i < count; i++) {
        ready = ready && server_start(c, &s->servers[i]);
    }
    return ready;
}

/* The client calls the first server, that the second, and so on: the last one has the time. */
static void call_all(struct conf *c, struct stage *s)
{
    struct peer *caller = s->client;
    for (uint32_t i = 0; i < s->count; i++) {
        peer_call(caller, s->servers[i].ep.badged, ASK + i);
        CHECK(c, !caller->done);
        CHECK(c, peer_got(s->servers[i].peer, BADGE, ASK + i));
        caller = s->servers[i].peer;
    }
    CHECK(c, holds(caller, s->client->thread.sc));
}

static void answer(struct server *s)
{
    peer_reply_recv(s->peer, s->ep.ep, s->reply, ANSWER);
}

static seL4_Error remove_cap(const struct conf *c, seL4_CPtr cap)
{
    return seL4_CNode_Delete(c->alloc.cnode, cap, ALLOC_DEPTH);
}

/* ---- Calls and replies ---- */

static void call_lends(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    for (uint32_t round = 0; round < 3; round++) {
        call_all(c, &s);
        CHECK(c, lacks(s.client, s.client->thread.sc));
        answer(&s.servers[0]);
        CHECK(c, peer_got(s.client, 0, ANSWER));
        CHECK(c, holds(s.client, s.client->thread.sc));
        CHECK(c, !s.servers[0].peer->done);
    }
}

static void chain_lends_on(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, SERVERS_MAX));
    call_all(c, &s);
    for (uint32_t i = SERVERS_MAX; i-- > 0;) {
        struct peer *caller = i == 0 ? s.client : s.servers[i - 1].peer;
        answer(&s.servers[i]);
        CHECK(c, peer_got(caller, 0, ANSWER));
        CHECK(c, holds(caller, s.client->thread.sc));
    }
}

static void server_has_its_own_priority(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    struct peer *server = s.servers[0].peer;
    CHECK(c, seL4_TCB_SetPriority(server->thread.tcb, seL4_CapInitThreadTCB, PEER_BELOW) ==
                 seL4_NoError);
    peer_call(s.client, s.servers[0].ep.badged, ASK);
    user_work_us(1000);
    CHECK(c, !server->done); /* We are above it, though not above the client. */
    conf_settle();
    CHECK(c, peer_got(server, BADGE, ASK));
}

static void active_server_uses_its_own(struct conf *c)
{
    PEER(c, client, PEER_ABOVE);
    PEER(c, server, PEER_ABOVE);
    struct pair ep = conf_pair(c);
    peer_recv(server, ep.ep, c->reply);
    peer_call(client, ep.badged, ASK);
    CHECK(c, peer_got(server, BADGE, ASK));
    CHECK(c, holds(server, server->thread.sc));
    CHECK(c, holds(client, client->thread.sc));
    peer_reply_recv(server, ep.ep, c->reply, ANSWER);
    CHECK(c, peer_got(client, 0, ANSWER));
}

static void call_without_reply_object_lends_nothing(struct conf *c)
{
    PEER(c, client, PEER_ABOVE);
    PEER(c, server, PEER_ABOVE);
    struct pair ep = conf_pair(c);
    peer_wait(server, ep.ep);
    CHECK(c, take_time(server));
    peer_call(client, ep.badged, ASK);
    CHECK(c, !server->done && !client->done);
    CHECK(c, holds(client, client->thread.sc));
    CHECK(c, give_time(server));
    CHECK(c, peer_got(server, BADGE, ASK));
}

static void send_lends_nothing(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    peer_send(s.client, s.servers[0].ep.badged, ASK);
    CHECK(c, s.client->done);
    CHECK(c, !s.servers[0].peer->done);
    CHECK(c, give_time(s.servers[0].peer));
    CHECK(c, peer_got(s.servers[0].peer, BADGE, ASK));
}

static void nb_send_lends_nothing(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    conf_nb_send(s.servers[0].ep.badged, ASK);
    CHECK(c, !s.servers[0].peer->done);
    CHECK(c, give_time(s.servers[0].peer));
    CHECK(c, peer_got(s.servers[0].peer, BADGE, ASK));
}

static void nb_send_recv(struct peer *p, seL4_CPtr dest, seL4_CPtr source, seL4_CPtr reply)
{
    struct albireo_trap regs =
        conf_trap((seL4_Word)seL4_SysNBSendRecv, source, conf_info(ANSWER, 4));
    regs.t0 = dest;
    regs.a6 = reply;
    peer_trap(p, regs);
}

/* Two threads hand one scheduling context to each other; no reply takes it back. */
static void nb_send_recv_gives_away(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    struct server *server = &s.servers[0];
    struct pair back = conf_pair(c);
    nb_send_recv(s.client, server->ep.badged, back.ep, c->reply);
    CHECK(c, !s.client->done);
    CHECK(c, peer_got(server->peer, BADGE, ANSWER));
    CHECK(c, holds(server->peer, s.client->thread.sc));
    seL4_Send(server->reply, seL4_MessageInfo_new(0, 0, 0, 0));
    CHECK(c, holds(server->peer, s.client->thread.sc));
    nb_send_recv(server->peer, back.badged, server->ep.ep, server->reply);
    CHECK(c, peer_got(s.client, BADGE, ANSWER));
    CHECK(c, holds(s.client, s.client->thread.sc));
    CHECK(c, !server->peer->done);
}

static void nb_send_wait_gives_away(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysNBSendWait, ntfn, conf_info(ANSWER, 4));
    regs.a6 = s.servers[0].ep.badged;
    peer_trap(s.client, regs);
    CHECK(c, peer_got(s.servers[0].peer, BADGE, ANSWER));
    CHECK(c, holds(s.servers[0].peer, s.client->thread.sc));
    seL4_Signal(ntfn);
    CHECK(c, !s.client->done); /* Awake, but without time. */
    CHECK(c, !take_time(s.client));
    CHECK(c, seL4_SchedContext_Unbind(s.client->thread.sc) == seL4_NoError);
    CHECK(c, give_time(s.client));
    CHECK(c, s.client->done);
}

static void anybody_may_reply(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    call_all(c, &s);
    seL4_CPtr copy = conf_mint(c, s.servers[0].reply, seL4_AllRights, 0);
    seL4_Send(copy, seL4_MessageInfo_new(ANSWER, 0, 0, 0));
    CHECK(c, s.client->done && conf_label(s.client->regs) == ANSWER);
    CHECK(c, holds(s.client, s.client->thread.sc));
    answer(&s.servers[0]);
    CHECK(c, conf_nb_recv(s.servers[0].ep.ep, c->reply).a0 == 0);
    CHECK(c, lacks(s.servers[0].peer, s.client->thread.sc));
}

/* ---- Objects that go away ---- */

static void deleted_reply_returns_time(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    call_all(c, &s);
    CHECK(c, remove_cap(c, s.servers[0].reply) == seL4_NoError);
    CHECK(c, holds(s.client, s.client->thread.sc));
    CHECK(c, !s.client->done);
    peer_recv(s.servers[0].peer, s.servers[0].ep.ep, c->reply);
    CHECK(c, conf_nb_recv(s.servers[0].ep.ep, c->reply).a0 == 0); /* The server has stopped, */
    CHECK(c, seL4_TCB_Resume(s.client->thread.tcb) == seL4_NoError);
    CHECK(c, is_message(conf_nb_recv(s.servers[0].ep.ep, c->reply), BADGE, ASK)); /* it called. */
}

static void deleted_server_keeps_time(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    call_all(c, &s);
    CHECK(c, remove_cap(c, s.servers[0].peer->thread.tcb) == seL4_NoError);
    CHECK(c, lacks(s.client, s.client->thread.sc));
    CHECK(c, !s.client->done);
    seL4_Send(s.servers[0].reply, seL4_MessageInfo_new(ANSWER, 0, 0, 0));
    CHECK(c, s.client->done && conf_label(s.client->regs) == ANSWER);
    CHECK(c, holds(s.client, s.client->thread.sc));
}

static void replies_deleted_from_the_top(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 2));
    call_all(c, &s);
    CHECK(c, remove_cap(c, s.servers[1].reply) == seL4_NoError);
    CHECK(c, holds(s.servers[0].peer, s.client->thread.sc));
    CHECK(c, !s.servers[0].peer->done);
    CHECK(c, remove_cap(c, s.servers[0].reply) == seL4_NoError);
    CHECK(c, holds(s.client, s.client->thread.sc));
    CHECK(c, !s.client->done);
}

/* The chain is cut: the time comes back to the proxy, and no further. */
static void replies_deleted_from_the_bottom(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 2));
    call_all(c, &s);
    CHECK(c, remove_cap(c, s.servers[0].reply) == seL4_NoError);
    CHECK(c, holds(s.servers[1].peer, s.client->thread.sc));
    CHECK(c, remove_cap(c, s.servers[1].reply) == seL4_NoError);
    CHECK(c, holds(s.servers[0].peer, s.client->thread.sc));
    CHECK(c, lacks(s.client, s.client->thread.sc));
}

static void reply_deleted_in_the_middle(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 3));
    call_all(c, &s);
    CHECK(c, remove_cap(c, s.servers[1].reply) == seL4_NoError);
    answer(&s.servers[2]);
    CHECK(c, peer_got(s.servers[1].peer, 0, ANSWER));
    CHECK(c, holds(s.servers[1].peer, s.client->thread.sc));
    answer(&s.servers[0]); /* It was waiting for the second, and has no time. */
    CHECK(c, !s.client->done);
    CHECK(c, holds(s.servers[1].peer, s.client->thread.sc));
}

static void deleted_time_stops_the_server(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    call_all(c, &s);
    CHECK(c, remove_cap(c, s.client->thread.sc) == seL4_NoError);
    answer(&s.servers[0]);
    CHECK(c, !s.client->done); /* The server does not run; we reply for it. */
    seL4_Send(s.servers[0].reply, seL4_MessageInfo_new(ANSWER, 0, 0, 0));
    CHECK(c, !s.client->done);
    s.client->thread.sc = s.servers[0].peer->thread.sc;
    CHECK(c, give_time(s.client));
    CHECK(c, s.client->done && conf_label(s.client->regs) == ANSWER);
}

static void suspended_client_leaves_its_time(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    call_all(c, &s);
    CHECK(c, seL4_TCB_Suspend(s.client->thread.tcb) == seL4_NoError);
    CHECK(c, holds(s.servers[0].peer, s.client->thread.sc));
    answer(&s.servers[0]);
    CHECK(c, holds(s.servers[0].peer, s.client->thread.sc));
    CHECK(c, !s.client->done);
    CHECK(c, lacks(s.client, s.client->thread.sc));
}

/* ---- Time taken away or given meanwhile ---- */

static void time_taken_from_the_server_comes_back(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    call_all(c, &s);
    CHECK(c, seL4_SchedContext_UnbindObject(s.client->thread.sc, s.servers[0].peer->thread.tcb) ==
                 seL4_NoError);
    answer(&s.servers[0]);
    CHECK(c, !s.client->done);
    seL4_Send(s.servers[0].reply, seL4_MessageInfo_new(ANSWER, 0, 0, 0));
    CHECK(c, s.client->done);
    CHECK(c, holds(s.client, s.client->thread.sc));
}

static void unbound_time_does_not_come_back(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    call_all(c, &s);
    CHECK(c, seL4_SchedContext_Unbind(s.client->thread.sc) == seL4_NoError);
    seL4_Send(s.servers[0].reply, seL4_MessageInfo_new(ANSWER, 0, 0, 0));
    CHECK(c, !s.client->done);
    CHECK(c, give_time(s.client));
    CHECK(c, s.client->done && conf_label(s.client->regs) == ANSWER);
}

static void client_with_other_time_takes_none(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    call_all(c, &s);
    CHECK(c, seL4_SchedContext_Bind(s.servers[0].peer->thread.sc, s.client->thread.tcb) ==
                 seL4_NoError);
    answer(&s.servers[0]);
    CHECK(c, peer_got(s.client, 0, ANSWER));
    CHECK(c, holds(s.client, s.servers[0].peer->thread.sc));
    CHECK(c, holds(s.servers[0].peer, s.client->thread.sc));
}

/* Unbound from the server and bound to a third thread: the reply takes it away from there. */
static void reply_takes_time_from_a_third(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    PEER(c, third, PEER_ABOVE);
    CHECK(c, take_time(third));
    call_all(c, &s);
    CHECK(c, seL4_SchedContext_UnbindObject(s.client->thread.sc, s.servers[0].peer->thread.tcb) ==
                 seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(s.client->thread.sc, third->thread.tcb) == seL4_NoError);
    seL4_Send(s.servers[0].reply, seL4_MessageInfo_new(ANSWER, 0, 0, 0));
    CHECK(c, s.client->done);
    CHECK(c, holds(s.client, s.client->thread.sc));
    CHECK(c, lacks(third, s.client->thread.sc));
}

/* ---- Faults ---- */

static void fault_lends_to_its_handler(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    FAULTING_PEER(c, faulty, s.servers[0].ep.badged);
    peer_load(faulty, CONF_WINDOW);
    struct peer *handler = s.servers[0].peer;
    CHECK(c, handler->done && conf_label(handler->regs) == seL4_Fault_VMFault);
    CHECK(c, handler->regs.a0 == BADGE && handler->regs.a3 == CONF_WINDOW);
    CHECK(c, lacks(faulty, faulty->thread.sc));
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    CHECK(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_ReadWrite) == seL4_NoError);
    answer(&s.servers[0]);
    CHECK(c, faulty->done && faulty->value == 0);
    CHECK(c, holds(faulty, faulty->thread.sc));
}

static void work(struct peer *p)
{
    user_work_us(p->value);
}

/* Starts a client with a budget and a server with a timeout handler; the server gets to work for
 * longer than that. */
static bool overrun(struct conf *c, struct stage *s, seL4_CPtr timeouts)
{
    if (!set_up(c, s, 1) ||
        !CHECK(c, seL4_SchedControl_Configure(c->info->schedcontrol.start, s->client->thread.sc,
                                              BUDGET, PERIOD, 0, SC_BADGE) == seL4_NoError) ||
        !CHECK(c, seL4_TCB_SetTimeoutEndpoint(s->servers[0].peer->thread.tcb, timeouts) ==
                      seL4_NoError)) {
        return false;
    }
    call_all(c, s);
    s->servers[0].peer->value = BUDGET + BUDGET / 2;
    peer_run(s->servers[0].peer, work);
    return CHECK(c, !s->servers[0].peer->done);
}

static void server_waits_for_the_clients_budget(struct conf *c)
{
    struct stage s;
    uint64_t start = user_now_us();
    REQUIRE(c, overrun(c, &s, seL4_CapNull));
    work_until(start + PERIOD - 500);
    CHECK(c, !s.servers[0].peer->done);
    work_until(start + PERIOD + BUDGET);
    CHECK(c, s.servers[0].peer->done);
    CHECK(c, seL4_SchedContext_Consumed(s.client->thread.sc).consumed >= BUDGET + BUDGET / 2 - 50);
}

/* The message names the client's scheduling context; the handler answers for the server. */
static void timeout_in_a_server(struct conf *c)
{
    struct stage s;
    struct pair timeouts = conf_pair(c);
    uint64_t start = user_now_us();
    REQUIRE(c, overrun(c, &s, timeouts.badged));
    struct albireo_trap message = conf_nb_recv(timeouts.ep, c->reply);
    CHECK(c, message.a0 == BADGE);
    CHECK(c, conf_label(message) == seL4_Fault_Timeout);
    CHECK(c, message.a2 == SC_BADGE);
    seL4_Send(s.servers[0].reply, seL4_MessageInfo_new(ANSWER, 0, 0, 0));
    CHECK(c, !s.client->done); /* It has its time back, but none is left. */
    work_until(start + PERIOD + 500);
    CHECK(c, s.client->done && conf_label(s.client->regs) == ANSWER);
    CHECK(c, !s.servers[0].peer->done);
}

/* The reply of a call comes, and then the timeout: it is not the call that is made again. */
static void timeout_after_the_reply(struct conf *c)
{
    struct stage s;
    struct pair of_server = conf_pair(c);
    struct pair of_client = conf_pair(c);
    seL4_CPtr reply = conf_object(c, seL4_ReplyObject, 0);
    uint64_t start = user_now_us();
    REQUIRE(c, overrun(c, &s, of_server.badged));
    CHECK(c, seL4_TCB_SetTimeoutEndpoint(s.client->thread.tcb, of_client.badged) == seL4_NoError);
    CHECK(c, conf_label(conf_nb_recv(of_server.ep, c->reply)) == seL4_Fault_Timeout);
    CHECK(c, conf_nb_recv(of_client.ep, reply).a0 == 0);
    seL4_Send(s.servers[0].reply, seL4_MessageInfo_new(ANSWER, 0, 0, 0));
    struct albireo_trap message = conf_nb_recv(of_client.ep, reply);
    CHECK(c, message.a0 == BADGE);
    CHECK(c, conf_label(message) == seL4_Fault_Timeout);
    CHECK(c, message.a2 == SC_BADGE);
    seL4_Send(reply, seL4_MessageInfo_new(0, 0, 0, 0));
    CHECK(c, !s.client->done);
    work_until(start + PERIOD + 500);
    CHECK(c, s.client->done && conf_label(s.client->regs) == ANSWER);
    CHECK(c, conf_nb_recv(s.servers[0].ep.ep, c->reply).a0 == 0);
}

static void timeout_lends_nothing(struct conf *c)
{
    struct stage s;
    REQUIRE(c, set_up(c, &s, 1));
    struct peer *handler = s.servers[0].peer;
    CHECK(c, seL4_SchedControl_Configure(c->info->schedcontrol.start, s.client->thread.sc, BUDGET,
                                         PERIOD, 0, SC_BADGE) == seL4_NoError);
    CHECK(c, seL4_TCB_SetTimeoutEndpoint(s.client->thread.tcb, s.servers[0].ep.badged) ==
                 seL4_NoError);
    s.client->value = 2 * BUDGET;
    peer_run(s.client, work);
    work_until(user_now_us() + 2 * PERIOD);
    CHECK(c, !s.client->done);
    CHECK(c, !handler->done);
    CHECK(c, give_time(handler));
    CHECK(c, handler->done && conf_label(handler->regs) == seL4_Fault_Timeout);
    CHECK(c, handler->regs.a2 == SC_BADGE);
}

/* ---- Notifications ---- */

/* A passive peer that waits on the notification. */
static struct peer *waiter(struct conf *c, seL4_CPtr ntfn)
{
    struct peer *p = peer_start(c, PEER_ABOVE);
    if (p != seL4_Null) {
        peer_wait(p, ntfn);
        CHECK(c, take_time(p));
    }
    return p;
}

/* A notification with a scheduling context. */
static seL4_CPtr timed_notification(struct conf *c, seL4_SchedContext *sc)
{
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    *sc = conf_object(c, seL4_SchedContextObject, seL4_MinSchedContextBits);
    CHECK(c, seL4_SchedControl_Configure(c->info->schedcontrol.start, *sc, PEER_SLICE, PEER_SLICE,
                                         0, 0) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(*sc, ntfn) == seL4_NoError);
    return ntfn;
}

static void signal_lends(struct conf *c)
{
    seL4_SchedContext sc;
    seL4_CPtr ntfn = timed_notification(c, &sc);
    struct peer *p = waiter(c, ntfn);
    REQUIRE(c, p != seL4_Null);
    for (uint32_t round = 0; round < 3; round++) {
        seL4_Signal(ntfn);
        CHECK(c, p->done);
        CHECK(c, holds(p, sc));
        peer_wait(p, ntfn);
        CHECK(c, !p->done);
        CHECK(c, lacks(p, sc));
    }
}

static void signal_without_time(struct conf *c)
{
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    struct peer *p = waiter(c, ntfn);
    REQUIRE(c, p != seL4_Null);
    seL4_Signal(ntfn);
    CHECK(c, !p->done);
    CHECK(c, conf_nb_wait(ntfn).a0 == 0); /* It has been received. */
    CHECK(c, give_time(p));
    CHECK(c, p->done);
}

static void time_in_use_is_not_lent_again(struct conf *c)
{
    seL4_SchedContext sc;
    seL4_CPtr ntfn = timed_notification(c, &sc);
    struct peer *first = waiter(c, ntfn);
    struct peer *second = waiter(c, ntfn);
    REQUIRE(c, first != seL4_Null && second != seL4_Null);
    seL4_Signal(ntfn);
    seL4_Signal(ntfn);
    CHECK(c, first->done && !second->done);
    peer_wait(first, ntfn);
    CHECK(c, !second->done); /* It is awake already: nobody gives it time any more. */
    CHECK(c, seL4_SchedContext_Bind(sc, second->thread.tcb) == seL4_NoError);
    CHECK(c, second->done);
}

static void deleted_thread_frees_the_time(struct conf *c)
{
    seL4_SchedContext sc;
    seL4_CPtr ntfn = timed_notification(c, &sc);
    struct peer *first = waiter(c, ntfn);
    struct peer *second = waiter(c, ntfn);
    REQUIRE(c, first != seL4_Null && second != seL4_Null);
    seL4_Signal(ntfn);
    CHECK(c, holds(first, sc));
    CHECK(c, remove_cap(c, first->thread.tcb) == seL4_NoError);
    seL4_Signal(ntfn);
    CHECK(c, second->done);
    CHECK(c, holds(second, sc));
}

/* A server that waits at an endpoint, and is told of signals there. */
static void bound_notification_lends(struct conf *c)
{
    struct stage s;
    seL4_SchedContext sc;
    REQUIRE(c, set_up(c, &s, 1));
    struct server *server = &s.servers[0];
    seL4_CPtr ntfn = timed_notification(c, &sc);
    CHECK(c, seL4_TCB_BindNotification(server->peer->thread.tcb, ntfn) == seL4_NoError);
    seL4_Signal(conf_mint(c, ntfn, seL4_CanWrite, ASK));
    CHECK(c, server->peer->done && server->peer->regs.a0 == ASK);
    CHECK(c, holds(server->peer, sc));
    peer_recv(server->peer, server->ep.ep, server->reply);
    CHECK(c, lacks(server->peer, sc));
    call_all(c, &s);
    answer(server);
    CHECK(c, peer_got(s.client, 0, ANSWER));
}

/* A thread that waits on the notification of its own scheduling context lets go of it. */
static void waiting_lets_go(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    PEER(c, other, PEER_ABOVE);
    CHECK(c, take_time(other));
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    CHECK(c, seL4_SchedContext_Bind(p->thread.sc, ntfn) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(p->thread.sc, other->thread.tcb) == seL4_IllegalOperation);
    peer_wait(p, ntfn);
    CHECK(c, seL4_SchedContext_Bind(p->thread.sc, other->thread.tcb) == seL4_NoError);
    seL4_Signal(ntfn);
    CHECK(c, !p->done);
    CHECK(c, holds(other, p->thread.sc));
}

static void detached_time_is_not_lent(struct conf *c)
{
    seL4_SchedContext sc;
    seL4_CPtr ntfn = timed_notification(c, &sc);
    struct peer *p = waiter(c, ntfn);
    REQUIRE(c, p != seL4_Null);
    CHECK(c, remove_cap(c, sc) == seL4_NoError);
    seL4_Signal(ntfn);
    CHECK(c, !p->done);
    CHECK(c, give_time(p));
    CHECK(c, p->done);
}

static const struct scenario scenarios[] = {
    {"a call lends time to a passive server until the reply", call_lends},
    {"a chain of servers lends it on, and back", chain_lends_on},
    {"a server has its own priority, not its client's", server_has_its_own_priority},
    {"a server with time uses its own", active_server_uses_its_own},
    {"a call to one without Reply object lends nothing", call_without_reply_object_lends_nothing},
    {"Send lends nothing", send_lends_nothing},
    {"NBSend lends nothing", nb_send_lends_nothing},
    {"NBSendRecv gives time away", nb_send_recv_gives_away},
    {"NBSendWait gives time away", nb_send_wait_gives_away},
    {"whoever replies, time goes back to the client", anybody_may_reply},
    {"deleting the Reply object returns time to the stopped client", deleted_reply_returns_time},
    {"deleting the server returns no time; a reply does", deleted_server_keeps_time},
    {"Reply objects deleted from the top return time step by step", replies_deleted_from_the_top},
    {"Reply objects deleted from the bottom cut the chain", replies_deleted_from_the_bottom},
    {"a Reply object deleted in the middle cuts the chain", reply_deleted_in_the_middle},
    {"deleting lent time stops the server", deleted_time_stops_the_server},
    {"a suspended client leaves its time with the server", suspended_client_leaves_its_time},
    {"time taken from the server comes back with the reply", time_taken_from_the_server_comes_back},
    {"time unbound as a whole does not come back", unbound_time_does_not_come_back},
    {"a client that was given other time takes none back", client_with_other_time_takes_none},
    {"a reply takes time back from a third thread", reply_takes_time_from_a_third},
    {"a fault lends time to a passive handler", fault_lends_to_its_handler},
    {"a server waits for its client's budget", server_waits_for_the_clients_budget},
    {"a timeout in a server names its client", timeout_in_a_server},
    {"a client whose time comes back used up has a timeout", timeout_after_the_reply},
    {"a timeout lends nothing to its handler", timeout_lends_nothing},
    {"a signal lends the notification's time until the next wait", signal_lends},
    {"a signal without time wakes, but nothing runs", signal_without_time},
    {"time of a notification is lent to one thread", time_in_use_is_not_lent_again},
    {"deleting a thread frees the notification's time", deleted_thread_frees_the_time},
    {"a bound notification lends time at an endpoint", bound_notification_lends},
    {"a wait on the notification of one's time lets go of it", waiting_lets_go},
    {"deleted time of a notification is not lent", detached_time_is_not_lent},
};

const struct group conf_donation = {"donation", scenarios, sizeof scenarios / sizeof *scenarios};
