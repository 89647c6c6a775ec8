/* SPDX-License-Identifier: BSD-2-Clause */

/* Reply objects (docs/abi/07 sections 7.4 to 7.6). What becomes of the scheduling context that a
 * caller lends is in conf_donation.c. */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"

enum { LABEL = 7, ANSWER = 8 };

static const seL4_CNode root = seL4_CapInitThreadCNode;

static seL4_Error delete (seL4_CPtr slot)
{
    return seL4_CNode_Delete(root, slot, ALLOC_DEPTH);
}

/* A client that has called, whose message has been taken by a Reply object of its own. */
static struct peer *caller(struct conf *c, const struct pair *pair, seL4_CPtr reply)
{
    struct peer *p = peer_start(c, PEER_ABOVE);
    if (p != seL4_Null) {
        peer_call(p, pair->badged, LABEL);
        CHECK(c, is_message(conf_nb_recv(pair->ep, reply), BADGE, LABEL) && !p->done);
    }
    return p;
}

#define CALLER(c, name, pair, reply)                                                               \
    struct peer *name = caller(c, pair, reply);                                                    \
    REQUIRE(c, name != seL4_Null)

/* The caller is stopped: it does not continue, and calls again if it is resumed. */
static bool is_stopped_caller(struct conf *c, const struct peer *p, const struct pair *pair)
{
    if (!CHECK(c, !p->done) || !CHECK(c, conf_nb_wait(pair->ep).a0 == 0)) {
        return false;
    }
    seL4_TCB_Resume(p->thread.tcb);
    return CHECK(c, is_message(conf_nb_wait(pair->ep), BADGE, LABEL));
}

/* ---- Answering ---- */

static void every_send_answers(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    const seL4_Word calls[] = {(seL4_Word)seL4_SysSend, (seL4_Word)seL4_SysNBSend,
                               (seL4_Word)seL4_SysCall};
    for (uint32_t i = 0; i < 3; i++) {
        peer_call(p, pair.badged, LABEL);
        conf_nb_recv(pair.ep, c->reply);
        struct albireo_trap answer = conf_trap(calls[i], c->reply, conf_info(ANSWER, 4));
        albireo_trap(&answer);
        CHECK(c, peer_got(p, 0, ANSWER));
        CHECK(c, calls[i] != (seL4_Word)seL4_SysCall || (answer.a0 == 0 && answer.a1 == 0));
    }
}

static void combined_calls_answer(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair other = conf_pair(c);
    seL4_CPtr reply = conf_object(c, seL4_ReplyObject, 0);
    CALLER(c, first, &pair, c->reply);
    CALLER(c, second, &pair, reply);
    PEER(c, p, PEER_ABOVE);
    struct albireo_trap regs =
        conf_trap((seL4_Word)seL4_SysNBSendRecv, other.ep, conf_info(ANSWER, 4));
    regs.t0 = c->reply;
    regs.a6 = conf_object(c, seL4_ReplyObject, 0);
    peer_trap(p, regs);
    CHECK(c, peer_got(first, 0, ANSWER) && !p->done);
    conf_nb_send(other.badged, LABEL);
    regs = conf_trap((seL4_Word)seL4_SysNBSendWait, other.ep, conf_info(ANSWER, 4));
    regs.a6 = reply;
    peer_trap(p, regs);
    CHECK(c, peer_got(second, 0, ANSWER) && !p->done);
}

static void second_answer_does_nothing(struct conf *c)
{
    struct pair pair = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER));
    peer_wait(p, pair.ep);
    conf_nb_send(c->reply, ANSWER + 1);
    CHECK(c, !p->done);
    CHECK(c, conf_call(c->reply, ANSWER, NO_WORDS, NO_CAPS) == seL4_NoError);
}

static void unused_object_takes_answers(struct conf *c)
{
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, conf_call(c->reply, ANSWER, WORDS(1, 2), NO_CAPS) == seL4_NoError);
    CHECK(c, conf_answer_length() == 0);
}

static void object_of_a_receiver_takes_answers(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_recv(p, pair.ep, c->reply);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, !p->done);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(p, BADGE, LABEL));
}

static void callers_are_answered_in_any_order(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr replies[3];
    struct peer *peers[3];
    for (uint32_t i = 0; i < 3; i++) {
        replies[i] = conf_object(c, seL4_ReplyObject, 0);
        peers[i] = caller(c, &pair, replies[i]);
        REQUIRE(c, peers[i] != seL4_Null);
    }
    const uint32_t order[] = {1, 2, 0};
    for (uint32_t i = 0; i < 3; i++) {
        conf_nb_send(replies[order[i]], ANSWER + order[i]);
        CHECK(c, peer_got(peers[order[i]], 0, ANSWER + order[i]));
    }
}

static void object_is_used_again(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    for (seL4_Word round = 1; round <= 3; round++) {
        peer_call(p, pair.badged, round);
        CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE, round));
        conf_nb_send(c->reply, ANSWER + round);
        CHECK(c, peer_got(p, 0, ANSWER + round));
    }
}

static void plain_send_leaves_the_object_unused(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    peer_send(sender, pair.badged, LABEL);
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE, LABEL));
    CHECK(c, sender->done);
    peer_wait(sender, pair.ep);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, !sender->done);
}

static void copies_serve_as_well(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr copied = conf_mint(c, c->reply, seL4_AllRights, 0);
    CALLER(c, p, &pair, c->reply);
    conf_nb_send(copied, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER));
    peer_call(p, pair.badged, LABEL);
    conf_nb_recv(pair.ep, copied);
    CHECK(c, delete (copied) == seL4_NoError && !p->done); /* Not the last one. */
    conf_nb_send(c->reply, ANSWER + 1);
    CHECK(c, peer_got(p, 0, ANSWER + 1));
}

static void moved_capability_serves(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr moved = conf_slot(c);
    CALLER(c, p, &pair, c->reply);
    CHECK(c,
          seL4_CNode_Move(root, moved, ALLOC_DEPTH, root, c->reply, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, invalid_capability(conf_call(c->reply, ANSWER, NO_WORDS, NO_CAPS), 0));
    conf_nb_send(moved, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER));
}

static void another_thread_may_answer(struct conf *c)
{
    struct pair pair = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    PEER(c, other, PEER_ABOVE);
    peer_send(other, c->reply, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER) && other->done);
}

/* A client calls a proxy, which calls a server with its own Reply object. */
static void chain_is_answered_from_its_end(struct conf *c)
{
    struct pair front = conf_pair(c);
    struct pair back = conf_pair(c);
    seL4_CPtr back_reply = conf_object(c, seL4_ReplyObject, 0);
    PEER(c, client, PEER_ABOVE);
    PEER(c, proxy, PEER_ABOVE);
    PEER(c, server, PEER_ABOVE);
    peer_recv(server, back.ep, back_reply);
    peer_recv(proxy, front.ep, c->reply);
    peer_call(client, front.badged, LABEL);
    CHECK(c, peer_got(proxy, BADGE, LABEL));
    peer_call(proxy, back.badged, LABEL + 1);
    CHECK(c, peer_got(server, BADGE, LABEL + 1));
    CHECK(c, !client->done && !proxy->done);
    peer_send(server, back_reply, ANSWER + 1);
    CHECK(c, peer_got(proxy, 0, ANSWER + 1) && !client->done);
    peer_send(proxy, c->reply, ANSWER);
    CHECK(c, peer_got(client, 0, ANSWER));
}

static void server_may_answer_the_client_itself(struct conf *c)
{
    struct pair front = conf_pair(c);
    struct pair back = conf_pair(c);
    seL4_CPtr back_reply = conf_object(c, seL4_ReplyObject, 0);
    CALLER(c, client, &front, c->reply);
    PEER(c, proxy, PEER_ABOVE);
    peer_call(proxy, back.badged, LABEL);
    conf_nb_recv(back.ep, back_reply);
    conf_nb_send(c->reply, ANSWER); /* Before the proxy. */
    CHECK(c, peer_got(client, 0, ANSWER) && !proxy->done);
    conf_nb_send(back_reply, ANSWER + 1);
    CHECK(c, peer_got(proxy, 0, ANSWER + 1));
}

/* ---- Losing the caller or the object ---- */

static void deleted_object_stops_its_caller(struct conf *c)
{
    struct pair pair = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    CHECK(c, delete (c->reply) == seL4_NoError);
    CHECK(c, is_stopped_caller(c, p, &pair));
}

static void revoked_object_stops_its_caller(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_Untyped untyped = conf_object(c, seL4_UntypedObject, seL4_ReplyBits);
    seL4_CPtr reply = conf_slot(c);
    REQUIRE(c, seL4_Untyped_Retype(untyped, seL4_ReplyObject, 0, root, 0, 0, reply, 1) ==
                   seL4_NoError);
    CALLER(c, p, &pair, reply);
    CHECK(c, seL4_CNode_Revoke(root, untyped, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, reply));
    CHECK(c, is_stopped_caller(c, p, &pair));
}

static void deleted_object_stops_its_receiver(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, delete (c->reply) == seL4_NoError);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, !p->done); /* It does not receive any more. */
}

static void receiver_takes_the_object_from_a_caller(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair other = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    PEER(c, receiver, PEER_ABOVE);
    peer_recv(receiver, other.ep, c->reply);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, !p->done && !receiver->done);
    conf_nb_send(other.badged, LABEL);
    CHECK(c, peer_got(receiver, BADGE, LABEL));
    CHECK(c, is_stopped_caller(c, p, &pair));
}

static void failing_receive_takes_the_object_too(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair other = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    CHECK(c, conf_nb_recv(other.ep, c->reply).a0 == 0);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, is_stopped_caller(c, p, &pair));
}

static void receive_of_a_signal_takes_the_object_too(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair other = conf_pair(c);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    CALLER(c, p, &pair, c->reply);
    PEER(c, receiver, PEER_ABOVE);
    CHECK(c, seL4_TCB_BindNotification(receiver->thread.tcb, ntfn) == seL4_NoError);
    seL4_Signal(ntfn);
    peer_recv(receiver, other.ep, c->reply);
    CHECK(c, receiver->done);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, is_stopped_caller(c, p, &pair));
}

static void wait_leaves_the_object_to_its_caller(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair other = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    struct albireo_trap m = conf_trap((seL4_Word)seL4_SysNBWait, other.ep, 0);
    m.a6 = c->reply;
    albireo_trap(&m);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER));
}

static void receiver_takes_the_object_from_a_receiver(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair other = conf_pair(c);
    PEER(c, first, PEER_ABOVE);
    PEER(c, second, PEER_ABOVE);
    PEER(c, client, PEER_ABOVE);
    peer_recv(first, pair.ep, c->reply);
    peer_recv(second, other.ep, c->reply);
    peer_call(client, pair.badged, LABEL);
    CHECK(c, !first->done && !client->done); /* The first is stopped. */
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, LABEL));
    seL4_TCB_Resume(client->thread.tcb);
    seL4_TCB_Resume(first->thread.tcb); /* Receives again, by the same object. */
    CHECK(c, peer_got(first, BADGE, LABEL));
    conf_nb_send(other.badged, LABEL);
    CHECK(c, !second->done);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(client, 0, ANSWER));
}

static void suspended_caller_calls_again(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr again = conf_object(c, seL4_ReplyObject, 0);
    CALLER(c, p, &pair, c->reply);
    seL4_TCB_Suspend(p->thread.tcb);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, !p->done);
    seL4_TCB_Resume(p->thread.tcb);
    CHECK(c, is_message(conf_nb_recv(pair.ep, again), BADGE, LABEL));
    conf_nb_send(c->reply, ANSWER); /* The old one is not its own any more. */
    CHECK(c, !p->done);
    conf_nb_send(again, ANSWER + 1);
    CHECK(c, peer_got(p, 0, ANSWER + 1));
}

static void resumed_caller_calls_again(struct conf *c)
{
    struct pair pair = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    seL4_TCB_Resume(p->thread.tcb);
    CHECK(c, !p->done);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, !p->done);
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE, LABEL));
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER));
}

static void deleted_caller_frees_the_object(struct conf *c)
{
    struct pair pair = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    CHECK(c, delete (p->thread.tcb) == seL4_NoError);
    CHECK(c, conf_call(c->reply, ANSWER, NO_WORDS, NO_CAPS) == seL4_NoError);
    CALLER(c, next, &pair, c->reply);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(next, 0, ANSWER) && !p->done);
}

static void endpoint_is_not_needed_for_the_answer(struct conf *c)
{
    struct pair pair = conf_pair(c);
    CALLER(c, p, &pair, c->reply);
    CHECK(c, delete (pair.badged) == seL4_NoError && delete (pair.ep) == seL4_NoError);
    CHECK(c, !p->done);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER));
}

static const struct scenario scenarios[] = {
    {"every kind of send answers", every_send_answers},
    {"the send half of a combined call answers", combined_calls_answer},
    {"a second answer does nothing", second_answer_does_nothing},
    {"an unused object takes answers", unused_object_takes_answers},
    {"an answer does not disturb one that waits to receive", object_of_a_receiver_takes_answers},
    {"callers are answered in any order", callers_are_answered_in_any_order},
    {"an object is used again after the answer", object_is_used_again},
    {"a plain send leaves the object unused", plain_send_leaves_the_object_unused},
    {"copies of the capability serve as well", copies_serve_as_well},
    {"a capability that was moved serves", moved_capability_serves},
    {"another thread may answer", another_thread_may_answer},
    {"a chain of calls is answered from its end", chain_is_answered_from_its_end},
    {"a client may be answered before the proxy that calls for it",
     server_may_answer_the_client_itself},
    {"deletion of the object stops its caller", deleted_object_stops_its_caller},
    {"revocation of the object stops its caller", revoked_object_stops_its_caller},
    {"deletion of the object stops one that waits to receive", deleted_object_stops_its_receiver},
    {"a receive with the object stops its caller", receiver_takes_the_object_from_a_caller},
    {"a non-blocking receive of nothing does, too", failing_receive_takes_the_object_too},
    {"a receive that gets a signal does, too", receive_of_a_signal_takes_the_object_too},
    {"a wait does not", wait_leaves_the_object_to_its_caller},
    {"a receive with the object stops one that waits to receive",
     receiver_takes_the_object_from_a_receiver},
    {"a caller that was suspended calls again", suspended_caller_calls_again},
    {"a caller that is resumed calls again", resumed_caller_calls_again},
    {"deletion of the caller frees the object", deleted_caller_frees_the_object},
    {"the answer does not need the endpoint any more", endpoint_is_not_needed_for_the_answer},
};
CONF_GROUP(reply, scenarios);
