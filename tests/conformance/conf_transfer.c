/* SPDX-License-Identifier: BSD-2-Clause */

/* What a message carries: words, badge, capabilities (docs/abi/02). */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"
#include "user/lib/port.h"

enum {
    DEPTH = ALLOC_DEPTH,
    LABEL = 7,
    REGISTERS = seL4_FastMessageRegisters,
    WORDS_MAX = seL4_MsgMaxLength,
    OLD = 0x77,
};

static const seL4_CNode root = seL4_CapInitThreadCNode;

static seL4_Word info_word(seL4_Word label, seL4_Word caps, seL4_Word length)
{
    return seL4_MessageInfo_new(label, 0, caps, length).words[0];
}

static seL4_Word extra_caps(struct albireo_trap m)
{
    return seL4_MessageInfo_get_extraCaps((seL4_MessageInfo_t){{m.a1}});
}

static seL4_Word unwrapped(struct albireo_trap m)
{
    return seL4_MessageInfo_get_capsUnwrapped((seL4_MessageInfo_t){{m.a1}});
}

/* ---- Words ---- */

/* The i-th word of the messages that are sent here. */
static seL4_Word word(seL4_Word i)
{
    return 0xabc000 + i;
}

static void fill(const struct peer *p, seL4_Word first)
{
    for (uint32_t i = REGISTERS; i < WORDS_MAX; i++) {
        peer_set_buffer(p, BUFFER_MSG + i, first + i);
    }
}

/* Sends `length` words, of which more than four come from the peer's buffer. */
static struct albireo_trap long_send(seL4_CPtr dest, seL4_Word length)
{
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysSend, dest, conf_info(LABEL, length));
    regs.a2 = word(0);
    regs.a3 = word(1);
    regs.a4 = word(2);
    regs.a5 = word(3);
    return regs;
}

/* Of the four words in registers, as many as `length` have been sent, the others are untouched. */
static bool registers_hold(struct albireo_trap m, seL4_Word length)
{
    return m.a2 == (length > 0 ? word(0) : MARK_2) && m.a3 == (length > 1 ? word(1) : MARK_3) &&
           m.a4 == (length > 2 ? word(2) : MARK_4) && m.a5 == (length > 3 ? word(3) : MARK_5);
}

/* Likewise of the words in the receiver's buffer. */
static bool buffer_holds(const struct peer *p, seL4_Word length)
{
    for (uint32_t i = REGISTERS; i < WORDS_MAX; i++) {
        if (peer_buffer(p, BUFFER_MSG + i) != (i < length ? word(i) : OLD + i)) {
            return false;
        }
    }
    return true;
}

static bool arrives(struct conf *c, struct peer *sender, struct peer *receiver,
                    const struct pair *pair, seL4_Word length)
{
    seL4_Word delivered = length < WORDS_MAX ? length : WORDS_MAX;
    fill(receiver, OLD);
    peer_wait(receiver, pair->ep);
    peer_trap(sender, long_send(pair->badged, length));
    return CHECK(c, receiver->done && sender->done) &&
           CHECK(c, receiver->regs.a1 == conf_info(LABEL, delivered)) &&
           CHECK(c, receiver->regs.a0 == BADGE) &&
           CHECK(c, registers_hold(receiver->regs, delivered)) &&
           CHECK(c, buffer_holds(receiver, delivered));
}

static void every_length_arrives(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, receiver, PEER_ABOVE);
    fill(sender, word(0));
    for (seL4_Word length = 0; length <= WORDS_MAX; length++) {
        REQUIRE(c, arrives(c, sender, receiver, &pair, length));
    }
}

static void longer_is_cut_to_120(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, receiver, PEER_ABOVE);
    fill(sender, word(0));
    for (seL4_Word length = WORDS_MAX + 1; length <= 127; length++) {
        REQUIRE(c, arrives(c, sender, receiver, &pair, length));
    }
}

static void queued_message_is_read_when_taken(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    fill(sender, word(0));
    peer_trap(sender, long_send(pair.badged, 6));
    peer_set_buffer(sender, BUFFER_MSG + 5, OLD);
    struct albireo_trap m = conf_nb_wait(pair.ep);
    CHECK(c, m.a1 == conf_info(LABEL, 6) && registers_hold(m, 6));
    CHECK(c, seL4_GetMR(4) == word(4) && seL4_GetMR(5) == OLD);
}

static void sender_without_buffer_sends_four(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, receiver, PEER_ABOVE);
    CHECK(c, seL4_TCB_SetIPCBuffer(sender->thread.tcb, 0, seL4_CapNull) == seL4_NoError);
    fill(receiver, OLD);
    peer_wait(receiver, pair.ep);
    peer_trap(sender, long_send(pair.badged, 6));
    CHECK(c, receiver->regs.a1 == conf_info(LABEL, 4) && registers_hold(receiver->regs, 4));
    CHECK(c, buffer_holds(receiver, 4));
}

static void receiver_without_buffer_gets_four(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, receiver, PEER_ABOVE);
    CHECK(c, seL4_TCB_SetIPCBuffer(receiver->thread.tcb, 0, seL4_CapNull) == seL4_NoError);
    fill(sender, word(0));
    fill(receiver, OLD);
    peer_wait(receiver, pair.ep);
    peer_trap(sender, long_send(pair.badged, 6));
    CHECK(c, receiver->regs.a1 == conf_info(LABEL, 4) && registers_hold(receiver->regs, 4));
    CHECK(c, buffer_holds(receiver, 4));
}

/* Gives the peer a buffer that the kernel may only read: its old frame by a weaker capability. */
static void protect_buffer(struct conf *c, const struct peer *p, seL4_CPtr frame)
{
    seL4_CPtr read_only = conf_mint(c, frame, seL4_CanRead, 0);
    CHECK(c, seL4_TCB_SetIPCBuffer(p->thread.tcb, CONF_WINDOW, read_only) == seL4_NoError);
}

static void read_only_buffer_sends_but_does_not_receive(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, receiver, PEER_ABOVE);
    seL4_CPtr frame;
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, &frame) == seL4_NoError);
    protect_buffer(c, sender, frame);
    for (uint32_t i = REGISTERS; i < WORDS_MAX; i++) {
        user_store64(CONF_WINDOW + (BUFFER_MSG + i) * sizeof(seL4_Word), word(i));
    }
    fill(receiver, OLD);
    peer_wait(receiver, pair.ep);
    peer_trap(sender, long_send(pair.badged, WORDS_MAX));
    CHECK(c, receiver->done && buffer_holds(receiver, WORDS_MAX));
    peer_wait(sender, pair.ep);
    peer_trap(receiver, long_send(pair.badged, 6));
    CHECK(c, sender->done && sender->regs.a1 == conf_info(LABEL, 4));
}

static void read_only_buffer_serves_invocations(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    seL4_CPtr slot = conf_slot(c);
    seL4_CPtr frame;
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, &frame) == seL4_NoError);
    protect_buffer(c, p, frame);
    user_store64(CONF_WINDOW + (BUFFER_MSG + 4) * sizeof(seL4_Word), seL4_AllRights.words[0]);
    user_store64(CONF_WINDOW + BUFFER_CAPS * sizeof(seL4_Word), root);
    struct albireo_trap copy = conf_trap((seL4_Word)seL4_SysCall, root, info_word(CNodeCopy, 1, 5));
    copy.a2 = slot;
    copy.a3 = DEPTH;
    copy.a4 = p->thread.tcb;
    copy.a5 = DEPTH;
    peer_trap(p, copy);
    CHECK(c, p->done && p->regs.a1 == 0 && !conf_slot_is_empty(c, slot));
    /* What comes back must fit in registers. */
    struct albireo_trap read = conf_trap((seL4_Word)seL4_SysCall, conf_object(c, seL4_TCBObject, 0),
                                         conf_info(TCBReadRegisters, 2));
    read.a2 = 0;
    read.a3 = 32;
    peer_trap(p, read);
    CHECK(c, p->done && p->regs.a1 == conf_info(0, 4));
}

static void buffer_without_rights_is_none(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    seL4_CPtr weak = conf_mint(c, frame, seL4_CanWrite, 0); /* Only to write means nothing. */
    CHECK(c, seL4_TCB_SetIPCBuffer(sender->thread.tcb, CONF_WINDOW, weak) == seL4_NoError);
    peer_trap(sender, long_send(pair.badged, 6));
    CHECK(c, conf_length(conf_nb_wait(pair.ep)) == 4);
}

static void buffer_may_be_anywhere_in_a_frame(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, receiver, PEER_ABOVE);
    seL4_CPtr frame;
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, &frame) == seL4_NoError);
    /* The last of four in the frame, by an address where the frame is not. */
    CHECK(c, seL4_TCB_SetIPCBuffer(receiver->thread.tcb, 0x123456c00, frame) == seL4_NoError);
    fill(sender, word(0));
    peer_wait(receiver, pair.ep);
    peer_trap(sender, long_send(pair.badged, WORDS_MAX));
    CHECK(c, receiver->done && receiver->regs.a1 == conf_info(LABEL, WORDS_MAX));
    for (uint32_t i = REGISTERS; i < WORDS_MAX; i++) {
        uint64_t address = CONF_WINDOW + 0xc00 + (BUFFER_MSG + i) * sizeof(seL4_Word);
        REQUIRE(c, user_load64(address) == word(i));
    }
}

static void kernel_leaves_the_rest_of_the_buffer(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, receiver, PEER_ABOVE);
    const uint32_t others[] = {0,           BUFFER_MSG,    BUFFER_MSG + 3, BUFFER_CAPS - 1,
                               BUFFER_CAPS, BUFFER_RECEIVE};
    fill(sender, word(0));
    peer_wait(receiver, pair.ep);
    for (uint32_t i = 0; i < sizeof others / sizeof *others; i++) {
        peer_set_buffer(receiver, others[i], OLD + i);
    }
    peer_trap(sender, long_send(pair.badged, WORDS_MAX));
    CHECK(c, receiver->done);
    for (uint32_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK(c, peer_buffer(receiver, others[i]) == OLD + i);
    }
}

static void label_has_52_bits(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    const seL4_Word labels[] = {0, 0x123456789abcd, 0xfffffffffffff};
    for (uint32_t i = 0; i < 3; i++) {
        peer_send(sender, pair.badged, labels[i]);
        CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, labels[i]));
    }
}

static void unbadged_is_badge_0(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, receiver, PEER_ABOVE);
    peer_wait(receiver, pair.ep);
    conf_nb_send(pair.ep, LABEL);
    CHECK(c, peer_got(receiver, 0, LABEL));
}

static void answers_are_long_too(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, client, PEER_ABOVE);
    fill(client, OLD);
    peer_call(client, pair.badged, LABEL);
    conf_nb_recv(pair.ep, c->reply);
    for (int i = REGISTERS; i < WORDS_MAX; i++) {
        seL4_SetMR(i, word((seL4_Word)i));
    }
    struct albireo_trap m = long_send(c->reply, 50);
    albireo_trap(&m);
    CHECK(c, client->done && client->regs.a0 == 0 && client->regs.a1 == conf_info(LABEL, 50));
    CHECK(c, registers_hold(client->regs, 50) && buffer_holds(client, 50));
}

/* ---- Messages to the kernel ---- */

static void invocation_without_buffer_has_four_words(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    seL4_CPtr slot = conf_slot(c);
    seL4_TCB_SetIPCBuffer(p->thread.tcb, 0, seL4_CapNull);
    /* Four words and no capability are too few for Copy, not for Delete. */
    struct albireo_trap copy = conf_trap((seL4_Word)seL4_SysCall, root, info_word(CNodeCopy, 1, 5));
    copy.a2 = slot;
    copy.a3 = DEPTH;
    peer_trap(p, copy);
    CHECK(c, p->done && p->regs.a1 == conf_info(seL4_TruncatedMessage, 0));
    struct albireo_trap delete =
        conf_trap((seL4_Word)seL4_SysCall, root, info_word(CNodeDelete, 1, 5));
    delete.a2 = slot;
    delete.a3 = DEPTH;
    peer_trap(p, delete);
    CHECK(c, p->done && p->regs.a1 == 0 && p->regs.a2 == slot);
}

static void words_beyond_the_fourth_are_missed(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_TCB_SetIPCBuffer(p->thread.tcb, 0, seL4_CapNull);
    struct albireo_trap write =
        conf_trap((seL4_Word)seL4_SysCall, tcb, conf_info(TCBWriteRegisters, 34));
    write.a2 = 0;
    write.a3 = 3;
    peer_trap(p, write);
    CHECK(c, p->done && p->regs.a1 == conf_info(seL4_TruncatedMessage, 0));
    write.a3 = 2;
    peer_trap(p, write);
    CHECK(c, p->done && p->regs.a1 == 0);
}

static void result_without_buffer_has_four_words(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_UserContext context = {.pc = word(0), .ra = word(1), .sp = word(2), .gp = word(3)};
    REQUIRE(c, seL4_TCB_WriteRegisters(tcb, false, 0, 4, &context) == seL4_NoError);
    seL4_TCB_SetIPCBuffer(p->thread.tcb, 0, seL4_CapNull);
    struct albireo_trap read =
        conf_trap((seL4_Word)seL4_SysCall, tcb, conf_info(TCBReadRegisters, 2));
    read.a2 = 0;
    read.a3 = 32;
    peer_trap(p, read);
    CHECK(c, p->done && p->regs.a0 == 0 && p->regs.a1 == conf_info(0, 4));
    CHECK(c, registers_hold(p->regs, 4));
}

static void error_without_buffer_has_four_words(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    seL4_TCB_SetIPCBuffer(p->thread.tcb, 0, seL4_CapNull);
    struct albireo_trap delete =
        conf_trap((seL4_Word)seL4_SysCall, root, conf_info(CNodeDelete, 2));
    delete.a2 = (seL4_Word)1 << 40;
    delete.a3 = DEPTH;
    peer_trap(p, delete);
    CHECK(c, p->done && p->regs.a1 == conf_info(seL4_FailedLookup, 4));
    CHECK(c, p->regs.a2 == 0 && p->regs.a3 == seL4_GuardMismatch);
    CHECK(c, p->regs.a4 == 64 && p->regs.a5 == 0);
}

static void invocation_by_send_says_nothing(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    struct albireo_trap delete =
        conf_trap((seL4_Word)seL4_SysSend, root, conf_info(CNodeDelete, 2));
    delete.a2 = 0;
    delete.a3 = 65; /* A bad depth. */
    peer_trap(p, delete);
    CHECK(c, p->done && p->regs.a0 == root && p->regs.a1 == conf_info(CNodeDelete, 2));
    CHECK(c, p->regs.a2 == 0 && p->regs.a3 == 65 && p->regs.a4 == MARK_4);
    delete = conf_trap((seL4_Word)seL4_SysNBSend, root, conf_info(CNodeDelete, 2));
    seL4_CPtr victim = conf_mint(c, c->park, seL4_AllRights, 0);
    delete.a2 = victim;
    delete.a3 = DEPTH;
    peer_trap(p, delete);
    CHECK(c, p->done && p->regs.a0 == root && conf_slot_is_empty(c, victim));
}

static void answers_leave_other_registers(struct conf *c)
{
    struct albireo_trap m = conf_trap((seL4_Word)seL4_SysCall, root, conf_info(CNodeDelete, 2));
    m.a2 = conf_slot(c);
    m.a3 = 0;
    albireo_trap(&m);
    CHECK(c, m.a0 == 0 && m.a1 == conf_info(seL4_RangeError, 2));
    CHECK(c, m.a2 == 1 && m.a3 == 64 && m.a4 == MARK_4 && m.a5 == MARK_5);
}

/* ---- Capabilities ---- */

/* A sender with something to give, and a receiver with a place for it. */
struct gift {
    struct pair pair;
    struct peer *sender;
    struct peer *receiver;
    seL4_CPtr ntfn;
    seL4_CPtr signal; /* Badged BADGE, may only signal. */
    seL4_CPtr slot;
};

static bool prepare(struct conf *c, struct gift *g)
{
    g->pair = conf_pair(c);
    g->sender = peer_start(c, PEER_ABOVE);
    g->receiver = peer_start(c, PEER_ABOVE);
    if (g->sender == seL4_Null || g->receiver == seL4_Null) {
        return false;
    }
    g->ntfn = conf_object(c, seL4_NotificationObject, 0);
    g->signal = conf_mint(c, g->ntfn, seL4_CanWrite, BADGE);
    g->slot = conf_slot(c);
    peer_set_buffer(g->receiver, BUFFER_RECEIVE, root);
    peer_set_buffer(g->receiver, BUFFER_RECEIVE + 1, g->slot);
    peer_set_buffer(g->receiver, BUFFER_RECEIVE + 2, DEPTH);
    return true;
}

static void put_caps(const struct peer *p, seL4_CPtr first, seL4_CPtr second, seL4_CPtr third)
{
    peer_set_buffer(p, BUFFER_CAPS, first);
    peer_set_buffer(p, BUFFER_CAPS + 1, second);
    peer_set_buffer(p, BUFFER_CAPS + 2, third);
}

/* Sends with `caps` capabilities through `dest`. What the receiver got: 10 times the number of
 * capabilities, plus the bits of those that were unwrapped. */
static seL4_Word give(struct conf *c, const struct gift *g, seL4_CPtr dest, seL4_Word caps)
{
    peer_wait(g->receiver, g->pair.ep);
    peer_trap(g->sender,
              conf_trap((seL4_Word)seL4_SysSend, dest, info_word(LABEL, caps, REGISTERS)));
    CHECK(c, g->receiver->done && g->sender->done);
    CHECK(c, conf_label(g->receiver->regs) == LABEL && conf_length(g->receiver->regs) == REGISTERS);
    return 10 * extra_caps(g->receiver->regs) + unwrapped(g->receiver->regs);
}

static void capability_is_transferred(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    put_caps(g.sender, g.signal, 0, 0);
    CHECK(c, give(c, &g, g.pair.badged, 1) == 10);
    CHECK(c, !conf_slot_is_empty(c, g.slot) && !conf_slot_is_empty(c, g.signal));
    seL4_Signal(g.slot);
    CHECK(c, conf_nb_wait(g.ntfn).a0 == BADGE);
    /* It is a copy of the sender's, with its rights and not more. */
    CHECK(c, seL4_TCB_BindNotification(g.sender->thread.tcb, g.slot) == seL4_IllegalOperation);
    CHECK(c, seL4_CNode_Revoke(root, g.signal, DEPTH) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, g.slot));
}

static void transfer_needs_grant(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    seL4_CPtr no_grant = conf_mint(c, g.pair.ep, seL4_CapRights_new(1, 0, 1, 1), BADGE + 1);
    seL4_CPtr grant = conf_mint(c, g.pair.ep, seL4_CapRights_new(0, 1, 0, 1), BADGE + 2);
    put_caps(g.sender, g.signal, 0, 0);
    CHECK(c, give(c, &g, no_grant, 1) == 0 && conf_slot_is_empty(c, g.slot));
    put_caps(g.sender, g.pair.badged, 0, 0);
    CHECK(c, give(c, &g, no_grant, 1) == 0);
    put_caps(g.sender, g.signal, 0, 0);
    CHECK(c, give(c, &g, grant, 1) == 10 && !conf_slot_is_empty(c, g.slot));
}

static void transfer_needs_an_empty_slot(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    put_caps(g.sender, g.signal, 0, 0);
    CHECK(c, seL4_CNode_Copy(root, g.slot, DEPTH, root, seL4_CapInitThreadTCB, DEPTH,
                             seL4_AllRights) == seL4_NoError);
    CHECK(c, give(c, &g, g.pair.badged, 1) == 0);
    CHECK(c, seL4_TCB_SetFlags(g.slot, 0, 0).error == 0); /* It holds what it held. */
}

static void transfer_needs_a_good_path(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    const seL4_Word paths[][3] = {
        {seL4_CapNull, g.slot, DEPTH},
        {seL4_CapInitThreadTCB, g.slot, DEPTH},
        {(seL4_Word)1 << 40, g.slot, DEPTH},
        {root, g.slot, 0},
        {root, g.slot, 65},
        {root, g.slot, 20},
        {root, (seL4_Word)1 << 40 | g.slot, DEPTH},
    };
    put_caps(g.sender, g.signal, 0, 0);
    for (uint32_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (uint32_t j = 0; j < 3; j++) {
            peer_set_buffer(g.receiver, BUFFER_RECEIVE + j, paths[i][j]);
        }
        CHECK(c, give(c, &g, g.pair.badged, 1) == 0);
        CHECK(c, conf_slot_is_empty(c, g.slot));
    }
}

static void path_may_be_any_cnode(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    seL4_CNode small = conf_object(c, seL4_CapTableObject, 4);
    peer_set_buffer(g.receiver, BUFFER_RECEIVE, small);
    peer_set_buffer(g.receiver, BUFFER_RECEIVE + 1, 9);
    peer_set_buffer(g.receiver, BUFFER_RECEIVE + 2, 4);
    put_caps(g.sender, g.signal, 0, 0);
    CHECK(c, give(c, &g, g.pair.badged, 1) == 10);
    CHECK(c, seL4_CNode_Move(root, g.slot, DEPTH, small, 9, 4) == seL4_NoError);
}

static void same_endpoint_is_unwrapped(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    seL4_CPtr other = conf_mint(c, g.pair.ep, seL4_NoRights, 0x99);
    put_caps(g.sender, other, 0, 0);
    CHECK(c, give(c, &g, g.pair.badged, 1) == 11);
    CHECK(c, peer_buffer(g.receiver, BUFFER_CAPS) == 0x99);
    CHECK(c, conf_slot_is_empty(c, g.slot));
    peer_set_buffer(g.receiver, BUFFER_RECEIVE, 0); /* It needs no slot. */
    put_caps(g.sender, g.pair.ep, other, g.pair.badged);
    CHECK(c, give(c, &g, g.pair.badged, 3) == 37);
    CHECK(c, peer_buffer(g.receiver, BUFFER_CAPS) == 0);
    CHECK(c, peer_buffer(g.receiver, BUFFER_CAPS + 1) == 0x99);
    CHECK(c, peer_buffer(g.receiver, BUFFER_CAPS + 2) == BADGE);
}

static void other_endpoint_is_transferred(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    struct pair other = conf_pair(c);
    put_caps(g.sender, other.badged, 0, 0);
    CHECK(c, give(c, &g, g.pair.badged, 1) == 10);
    peer_send(g.sender, g.slot, LABEL);
    CHECK(c, is_message(conf_nb_wait(other.ep), BADGE, LABEL));
}

static void one_is_transferred_the_rest_unwrapped(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    seL4_CPtr tcb = g.sender->thread.tcb;
    put_caps(g.sender, g.pair.badged, g.signal, tcb);
    CHECK(c, give(c, &g, g.pair.badged, 3) == 21);
    CHECK(c, seL4_CNode_Delete(root, g.slot, DEPTH) == seL4_NoError);
    put_caps(g.sender, g.pair.badged, g.pair.badged, g.signal);
    CHECK(c, give(c, &g, g.pair.badged, 3) == 33);
    CHECK(c, seL4_CNode_Delete(root, g.slot, DEPTH) == seL4_NoError);
    put_caps(g.sender, g.signal, g.pair.badged, tcb);
    CHECK(c, give(c, &g, g.pair.badged, 3) == 22);
    CHECK(c, !conf_slot_is_empty(c, g.slot)); /* The slot stays used. */
    CHECK(c, give(c, &g, g.pair.badged, 3) == 0);
}

static void nothing_stops_the_transfer(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    seL4_CPtr none = conf_slot(c);
    put_caps(g.sender, none, g.pair.badged, g.signal);
    CHECK(c, give(c, &g, g.pair.badged, 3) == 0);
    put_caps(g.sender, g.pair.badged, none, g.signal);
    CHECK(c, give(c, &g, g.pair.badged, 3) == 11);
    CHECK(c, conf_slot_is_empty(c, g.slot));
}

static void what_has_no_copies_is_not_transferred(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    const seL4_CPtr caps[] = {seL4_CapIRQControl, conf_object(c, seL4_RISCV_PageTableObject, 0),
                              c->untyped};
    for (uint32_t i = 0; i < 3; i++) {
        put_caps(g.sender, caps[i], g.signal, 0);
        CHECK(c, give(c, &g, g.pair.badged, 2) == 0);
        CHECK(c, conf_slot_is_empty(c, g.slot));
    }
}

static void frame_arrives_unmapped(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    seL4_CPtr frame;
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, &frame) == seL4_NoError);
    put_caps(g.sender, frame, 0, 0);
    CHECK(c, give(c, &g, g.pair.badged, 1) == 10);
    user_store64(CONF_WINDOW, OLD);
    CHECK(c, space_map(&c->scene, &c->space, g.slot, CONF_WINDOW + USER_PAGE_SIZE, seL4_CanRead) ==
                 seL4_NoError);
    CHECK(c, user_load64(CONF_WINDOW + USER_PAGE_SIZE) == OLD);
}

static void number_of_capabilities_counts(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    put_caps(g.sender, g.signal, g.signal, g.signal);
    CHECK(c, give(c, &g, g.pair.badged, 0) == 0 && conf_slot_is_empty(c, g.slot));
    /* What the sender says of unwrapped ones is ignored. */
    peer_wait(g.receiver, g.pair.ep);
    struct albireo_trap m = conf_trap((seL4_Word)seL4_SysSend, g.pair.badged,
                                      seL4_MessageInfo_new(LABEL, 7, 0, REGISTERS).words[0]);
    peer_trap(g.sender, m);
    CHECK(c, peer_got(g.receiver, BADGE, LABEL));
}

static void receiver_without_buffer_gets_none(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    seL4_TCB_SetIPCBuffer(g.receiver->thread.tcb, 0, seL4_CapNull);
    put_caps(g.sender, g.pair.badged, g.signal, 0);
    CHECK(c, give(c, &g, g.pair.badged, 2) == 0);
    CHECK(c, conf_slot_is_empty(c, g.slot));
}

static void sender_without_buffer_has_none(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    put_caps(g.sender, (seL4_CPtr)1 << 40, 0, 0);
    seL4_TCB_SetIPCBuffer(g.sender->thread.tcb, 0, seL4_CapNull);
    CHECK(c, give(c, &g, g.pair.badged, 1) == 0);
}

static void bad_pointer_faults_the_sender(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair handler = conf_pair(c);
    const seL4_CPtr bad = (seL4_CPtr)1 << 40;
    seL4_CPtr no_grant = conf_mint(c, pair.ep, seL4_CanWrite, BADGE);
    FAULTING_PEER(c, p, handler.badged);
    put_caps(p, pair.ep, bad, 0);
    peer_trap(p, conf_trap((seL4_Word)seL4_SysSend, no_grant, info_word(LABEL, 2, 0)));
    struct albireo_trap m = conf_nb_recv(handler.ep, c->reply);
    CHECK(c, m.a0 == BADGE && m.a1 == conf_info(seL4_Fault_CapFault, 7));
    CHECK(c, m.a3 == bad && m.a4 == 0 && m.a5 == seL4_GuardMismatch);
    CHECK(c, seL4_GetMR(4) == 64);
    peer_set_buffer(p, BUFFER_CAPS + 1, pair.ep);
    conf_nb_send(c->reply, 0);
    CHECK(c, !p->done && conf_nb_wait(pair.ep).a0 == BADGE && p->done);
}

static void bad_pointer_drops_a_non_blocking_send(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    put_caps(g.sender, (seL4_CPtr)1 << 40, 0, 0);
    peer_wait(g.receiver, g.pair.ep);
    peer_trap(g.sender,
              conf_trap((seL4_Word)seL4_SysNBSend, g.pair.badged, info_word(LABEL, 1, 0)));
    CHECK(c, g.sender->done && !g.receiver->done);
}

static void capabilities_are_looked_up_when_taken(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    struct albireo_trap send =
        conf_trap((seL4_Word)seL4_SysSend, g.pair.badged, info_word(LABEL, 2, REGISTERS));
    put_caps(g.sender, g.ntfn, g.pair.badged, 0);
    peer_trap(g.sender, send);
    put_caps(g.sender, g.signal, g.pair.badged, 0);
    peer_wait(g.receiver, g.pair.ep);
    CHECK(c, extra_caps(g.receiver->regs) == 2 && unwrapped(g.receiver->regs) == 2);
    seL4_Signal(g.slot);
    CHECK(c, conf_nb_wait(g.ntfn).a0 == BADGE);
    /* If one cannot be found any more, none is transferred, but the message is. */
    peer_trap(g.sender, send);
    put_caps(g.sender, g.pair.badged, (seL4_CPtr)1 << 40, 0);
    peer_wait(g.receiver, g.pair.ep);
    CHECK(c, peer_got(g.receiver, BADGE, LABEL) && g.sender->done);
}

static void answer_transfers_with_grant_only(struct conf *c)
{
    struct gift g;
    REQUIRE(c, prepare(c, &g));
    seL4_CPtr no_grant = conf_mint(c, c->reply, seL4_NoRights, 0);
    const seL4_CPtr replies[] = {no_grant, c->reply};
    for (uint32_t i = 0; i < 2; i++) {
        peer_call(g.receiver, g.pair.badged, LABEL);
        conf_nb_recv(g.pair.ep, replies[i]);
        seL4_SetCap(0, g.pair.badged); /* Not unwrapped: an answer goes through no endpoint. */
        struct albireo_trap answer =
            conf_trap((seL4_Word)seL4_SysSend, replies[i], info_word(LABEL, 1, REGISTERS));
        albireo_trap(&answer);
        CHECK(c, g.receiver->done && extra_caps(g.receiver->regs) == i);
        CHECK(c, unwrapped(g.receiver->regs) == 0);
        CHECK(c, conf_slot_is_empty(c, g.slot) == (i == 0));
    }
    peer_send(g.sender, g.slot, LABEL);
    CHECK(c, is_message(conf_nb_wait(g.pair.ep), BADGE, LABEL));
}

static const struct scenario scenarios[] = {
    {"messages of 0 to 120 words arrive, and change nothing else", every_length_arrives},
    {"lengths of 121 to 127 count as 120", longer_is_cut_to_120},
    {"a waiting sender's buffer is read when the message is taken",
     queued_message_is_read_when_taken},
    {"a sender without buffer sends four words", sender_without_buffer_sends_four},
    {"a receiver without buffer gets four words", receiver_without_buffer_gets_four},
    {"a read-only buffer serves to send", read_only_buffer_sends_but_does_not_receive},
    {"a read-only buffer serves to invoke", read_only_buffer_serves_invocations},
    {"a buffer by a capability without rights is none", buffer_without_rights_is_none},
    {"a buffer may be in any part of a frame, mapped or not", buffer_may_be_anywhere_in_a_frame},
    {"the kernel leaves the rest of the buffer alone", kernel_leaves_the_rest_of_the_buffer},
    {"labels of 52 bits arrive", label_has_52_bits},
    {"a capability without badge has badge 0", unbadged_is_badge_0},
    {"answers go through the buffer, too", answers_are_long_too},
    {"an invocation without buffer has four words and no capability",
     invocation_without_buffer_has_four_words},
    {"an invocation without buffer misses words beyond the fourth",
     words_beyond_the_fourth_are_missed},
    {"a result without buffer has four words", result_without_buffer_has_four_words},
    {"an error without buffer has four words", error_without_buffer_has_four_words},
    {"an invocation by Send or NBSend changes no register", invocation_by_send_says_nothing},
    {"an error changes the registers that it needs", answers_leave_other_registers},
    {"a capability is copied to the receiver, rights and badge with it", capability_is_transferred},
    {"capabilities need the right to grant", transfer_needs_grant},
    {"a capability needs an empty slot", transfer_needs_an_empty_slot},
    {"a capability needs a good path to the slot", transfer_needs_a_good_path},
    {"the slot may be in any CNode of the receiver", path_may_be_any_cnode},
    {"capabilities to the message's endpoint are unwrapped", same_endpoint_is_unwrapped},
    {"a capability to another endpoint is copied", other_endpoint_is_transferred},
    {"one capability is copied, others unwrapped", one_is_transferred_the_rest_unwrapped},
    {"an empty slot ends the transfer", nothing_stops_the_transfer},
    {"what cannot be copied ends the transfer", what_has_no_copies_is_not_transferred},
    {"a frame arrives unmapped", frame_arrives_unmapped},
    {"only as many capabilities as announced are looked at", number_of_capabilities_counts},
    {"a receiver without buffer gets no capabilities", receiver_without_buffer_gets_none},
    {"a sender without buffer has no capabilities", sender_without_buffer_has_none},
    {"a bad pointer to a capability is a fault", bad_pointer_faults_the_sender},
    {"a non-blocking send with a bad pointer is dropped", bad_pointer_drops_a_non_blocking_send},
    {"capabilities are looked up when the message is taken", capabilities_are_looked_up_when_taken},
    {"an answer carries capabilities if the Reply capability grants",
     answer_transfers_with_grant_only},
};
CONF_GROUP(transfer, scenarios);
