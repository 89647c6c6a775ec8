/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/api/mutate_recipes.h"

#include <string.h>

#include "abi/api.h"
#include "fuzz/api/select.h"
#include "fuzz/api/world.h"

/* How a selector of a step is chosen:
 *   .       by chance, as a careful user would
 *   0..9    that pick
 *   a..h    a slot, the same for all steps of the recipe with this letter. A search begins at its
 *           slot: what is made in an empty slot 'a' is found there by those who ask for 'a'.
 *   G       the endpoint that each subsystem has to itself
 *   E N R   an endpoint, a notification, a reply object that the world has
 *   F       a frame
 *   I       the handler of the interrupt that each subsystem has
 *   T S     the first actor's TCB and scheduling context
 *   U V     the second actor's scheduling context and TCB
 *   A..D    a place in the CNode in slot 'a'..'d'
 *   W..Z    the slot 'a'..'d' itself, whatever it holds, where another would be fitting
 *   w..z    likewise, but of the right type
 *   M       a notification, in any state
 *   r       fewer rights than all
 *   p P     a priority a little above the caller's; the highest there is
 *   o       what cannot be right
 * What an event's selectors are for: select_call.c and play_events.c. Of Retype: type, size, CNode,
 * number, untyped, slot; of CNode operations the places, then rights and badge; of others the
 * invoked capability, then the arguments. */
enum { HOW_POLLS = 192 }; /* Of events at a preemption point: one of the next 64, mostly 8. */
enum { LETTERS = 8, ANY_STATE = 216 /* MODE_ANY_STATE of select.c. */ };

struct step {
    uint8_t kind;  /* enum input_kind. */
    uint8_t which; /* Of INPUT_INVOKE the label. ANY: by chance. */
    uint8_t who;   /* 0: whoever is current; 1, 2: one of two threads. */
    uint8_t how;   /* ANY: by chance, mostly the plain way. */
    const char *selectors;
};

enum { ANY = 0xFF };

#define BY(who, label, selectors)                                                                  \
    {                                                                                              \
        INPUT_INVOKE, ABI_LABEL_##label, who, ANY, selectors                                       \
    }
#define INVOKE(label, selectors) BY(0, label, selectors)
#define EVENT(kind, which, who, selectors)                                                         \
    {                                                                                              \
        INPUT_##kind, which, who, ANY, selectors                                                   \
    }

/* Retype's types by their picks (select_word.c). */
#define UNTYPED "0"
#define TCB "1"
#define ENDPOINT "2"
#define NOTIFICATION "3"
#define CNODE "4"
#define SCHED_CONTEXT "5"
#define REPLY "6"
#define FRAME "7"
#define TABLE "8"
#define RETYPE(type, slot) INVOKE(UNTYPED_RETYPE, type "000." slot)

/* Of TIME_AT_POLL by its pick (play_events.c): nobody has a budget for that. */
#define A_LONG_TIME "5"
/* A duration by its pick: with domain 0 the schedule ends there. */
#define END_MARKER "3"

/* `which` of messages, accesses and registers (play_events.c). */
enum {
    SEND_CALL = 0,
    SEND_SEND = 1,
    SEND_NB = 2,
    RECEIVE_RECV = 0,
    RECEIVE_WAIT = 2,
    REPLY_RECV = 0,
    NB_SEND_RECV = 1,
    BUFFER_SLOT = 0,
    WHERE_MAPPED = 0,  /* An access to what is mapped; */
    WHERE_MAPPING = 1, /* to where the same selector maps something. */
    FPU_SET = 0,
    FPU_GET = 1,
    WITH_CAP = 10, /* `how` of a message: two words, one capability. */
};

static const struct step capability_tree[] = {
    INVOKE(CNODE_MINT, "a.."), INVOKE(CNODE_COPY, "ba0"),      INVOKE(CNODE_MINT, "cb."),
    INVOKE(CNODE_MOVE, "da"),  INVOKE(CNODE_MUTATE, "ed.."),   INVOKE(CNODE_REVOKE, "b"),
    INVOKE(CNODE_DELETE, "d"), INVOKE(CNODE_ROTATE, "f.b.c."), INVOKE(CNODE_REVOKE, "."),
};

static const struct step memory[] = {
    INVOKE(UNTYPED_RETYPE, "0.00.a"), INVOKE(UNTYPED_RETYPE, "....ab"),
    INVOKE(UNTYPED_RETYPE, "....ac"), INVOKE(CNODE_DELETE, "b"),
    INVOKE(UNTYPED_RETYPE, "....ad"), EVENT(IRQ_AT_POLL, ANY, 0, ""),
    INVOKE(CNODE_REVOKE, "a"),        INVOKE(UNTYPED_RETYPE, "....ab"),
    INVOKE(CNODE_DELETE, "a"),        INVOKE(UNTYPED_RETYPE, "....ae"),
};

static const struct step preempted_revoke[] = {
    RETYPE(CNODE, "a"),
    INVOKE(CNODE_COPY, "b.0"),
    INVOKE(CNODE_COPY, "cb0"),
    EVENT(TIME_AT_POLL, ANY, 0, ""),
    EVENT(IRQ_AT_POLL, ANY, 0, ""),
    BY(1, CNODE_REVOKE, "b"),
    BY(2, CNODE_DELETE, "b"),
    BY(2, CNODE_MOVE, "da"),
    BY(1, CNODE_DELETE, "a"),
};

static const struct step nested_cnodes[] = {
    RETYPE(CNODE, "a"),        RETYPE(CNODE, "b"),        INVOKE(CNODE_COPY, "cb0"),
    INVOKE(CNODE_MOVE, "Ba"),  INVOKE(CNODE_COPY, "A.0"), EVENT(IRQ_AT_POLL, ANY, 0, ""),
    INVOKE(CNODE_DELETE, "a"), INVOKE(CNODE_DELETE, "b"), INVOKE(CNODE_REVOKE, "c"),
};

static const struct step thread[] = {
    RETYPE(TCB, "a"),
    RETYPE(SCHED_CONTEXT, "b"),
    INVOKE(SCHED_CONTROL_CONFIGURE_FLAGS, ".b...."),
    INVOKE(TCB_CONFIGURE, "a....."),
    INVOKE(TCB_SET_SCHED_PARAMS, "a..0b."),
    INVOKE(TCB_WRITE_REGISTERS, "a..."),
    INVOKE(TCB_RESUME, "a"),
    EVENT(YIELD, 0, 0, ""),
    INVOKE(TCB_SUSPEND, "a"),
    INVOKE(CNODE_DELETE, "a"),
    INVOKE(CNODE_DELETE, "b"),
};

static const struct step call_and_reply[] = {
    EVENT(RECEIVE, RECEIVE_RECV, 1, "ER"),
    EVENT(SEND, SEND_CALL, 2, "E"),
    EVENT(SEND_RECEIVE, REPLY_RECV, 1, "ER"),
    EVENT(SEND, SEND_CALL, 2, "E"),
    BY(2, CNODE_REVOKE, "R"),
    EVENT(SEND, SEND_SEND, 1, "R"),
    EVENT(SEND, SEND_CALL, 2, "E"),
    EVENT(RECEIVE, RECEIVE_RECV, 1, "Ea"),
};

/* Who is called calls on: budgets are lent from one to the next. */
static const struct step reply_stack[] = {
    RETYPE(REPLY, "a"),
    EVENT(RECEIVE, RECEIVE_RECV, 1, "ER"),
    BY(2, SCHED_CONTEXT_UNBIND, "S"),
    EVENT(RECEIVE, RECEIVE_RECV, 2, "Ea"),
    EVENT(SEND, SEND_CALL, 0, "E"),
    BY(1, SCHED_CONTEXT_UNBIND, "U"),
    EVENT(SEND, SEND_CALL, 1, "E"),
    BY(2, TCB_SUSPEND, "T"),
    EVENT(SEND, SEND_NB, 2, "a"),
    INVOKE(CNODE_DELETE, "a"),
    EVENT(SEND, SEND_NB, 1, "R"),
    EVENT(RECEIVE, RECEIVE_RECV, 1, "ER"),
};

/* A server without time calls another one, on its caller's time. */
static const struct step nested_calls[] = {
    BY(2, UNTYPED_RETYPE, REPLY "000.a"), EVENT(RECEIVE, RECEIVE_RECV, 1, "ER"),
    BY(2, SCHED_CONTEXT_UNBIND, "S"),     EVENT(RECEIVE, RECEIVE_RECV, 2, "Ga"),
    EVENT(SEND, SEND_CALL, 0, "E"),       BY(1, SCHED_CONTEXT_UNBIND, "U"),
    EVENT(SEND, SEND_CALL, 1, "G"),       EVENT(SEND, SEND_NB, 2, "a"),
    EVENT(SEND, SEND_NB, 1, "R"),         EVENT(RECEIVE, RECEIVE_RECV, 1, "ER"),
    EVENT(SEND, SEND_CALL, 0, "E"),
};

/* A scheduling context that is lent dies. */
static const struct step lent_and_deleted[] = {
    BY(2, UNTYPED_RETYPE, SCHED_CONTEXT "000.b"),
    BY(2, SCHED_CONTROL_CONFIGURE_FLAGS, ".b...."),
    BY(2, SCHED_CONTEXT_UNBIND, "S"),
    BY(2, SCHED_CONTEXT_BIND, "bT"),
    EVENT(RECEIVE, RECEIVE_RECV, 2, "ER"),
    BY(1, SCHED_CONTEXT_UNBIND, "U"),
    EVENT(SEND, SEND_CALL, 1, "E"),
    BY(2, CNODE_DELETE, "b"),
    EVENT(SEND, SEND_NB, 2, "R"),
};

/* Minted with the same badge, they are no relatives. */
static const struct step same_badge[] = {
    RETYPE(ENDPOINT, "a"),     INVOKE(CNODE_MINT, "ba01"), INVOKE(CNODE_MINT, "ca01"),
    INVOKE(CNODE_COPY, "dc0"), INVOKE(CNODE_REVOKE, "c"),  INVOKE(CNODE_DELETE, "c"),
    INVOKE(CNODE_REVOKE, "b"),
};

/* Two become ready in one entry of the kernel: one is notified, the other's message is received. */
static const struct step two_woken[] = {
    BY(1, TCB_SET_PRIORITY, "TTp"),
    BY(2, TCB_SET_PRIORITY, "VVP"),
    EVENT(SEND, SEND_SEND, 2, "E"),
    EVENT(RECEIVE, RECEIVE_WAIT, 1, "N"),
    EVENT(SEND_RECEIVE, NB_SEND_RECV, 0, "ENR"),
    BY(0, TCB_SET_PRIORITY, "T.."),
    EVENT(SEND_RECEIVE, NB_SEND_RECV, 0, "ENR"),
};

/* A thread whose CSpace holds the last capability to it, and it that to the CSpace. */
static const struct step cycle[] = {
    BY(1, UNTYPED_RETYPE, UNTYPED "000.a"),
    BY(1, UNTYPED_RETYPE, UNTYPED "000.b"),
    BY(1, UNTYPED_RETYPE, CNODE "000ac"),
    BY(1, UNTYPED_RETYPE, TCB "000bd"),
    BY(1, UNTYPED_RETYPE, CNODE "300.e"),
    BY(1, TCB_CONFIGURE, "dc...."),
    BY(1, CNODE_MOVE, "Ce"),
    BY(1, CNODE_MOVE, "Cd"),
    BY(1, CNODE_DELETE, "c"),
    EVENT(TIME_AT_POLL, ANY, 0, A_LONG_TIME),
    BY(1, CNODE_REVOKE, "a"),
    BY(2, CNODE_REVOKE, "b"),
};

/* Each has the other one's priorities changed, within the limits of its own. */
static const struct step priorities[] = {
    BY(1, TCB_SET_PRIORITY, "VTo"),    BY(2, TCB_SET_MC_PRIORITY, "TT."),
    BY(1, TCB_SET_MC_PRIORITY, "VTo"), BY(1, TCB_SET_SCHED_PARAMS, "VToo.."),
    BY(2, TCB_SET_PRIORITY, "VT."),
};

/* A capability and its copy change places. */
static const struct step neighbours[] = {
    BY(1, UNTYPED_RETYPE, REPLY "000.a"),
    BY(1, CNODE_COPY, "ba0"),
    BY(1, CNODE_ROTATE, "W.b.a."),
    BY(1, CNODE_REVOKE, "a"),
    BY(1, CNODE_DELETE, "b"),
};

/* A thread goes before the notification that it is bound to. */
static const struct step bound_and_deleted[] = {
    RETYPE(NOTIFICATION, "a"),           RETYPE(TCB, "b"),
    INVOKE(TCB_BIND_NOTIFICATION, "ba"), INVOKE(CNODE_DELETE, "b"),
    EVENT(SEND, SEND_NB, 0, "a"),        INVOKE(TCB_BIND_NOTIFICATION, "Ta"),
    INVOKE(CNODE_DELETE, "a"),
};

/* What must be refused. */
static const struct step bound[] = {
    BY(1, CNODE_MINT, "aNr0"),
    BY(1, IRQ_HANDLER_SET_NOTIFICATION, ".w"),
    EVENT(RECEIVE, RECEIVE_WAIT, 1, "N"),
    BY(2, TCB_BIND_NOTIFICATION, "TM"),
    BY(2, UNTYPED_RETYPE, TCB "000.b"),
    BY(2, TCB_BIND_NOTIFICATION, "bM"),
    BY(2, CNODE_DELETE, "b"),
};

/* Long messages to buffers in any page, at any place. */
static const struct step buffers[] = {
    BY(1, CNODE_MINT, "aFr."),
    BY(1, TCB_SET_IPC_BUFFER, "T.w"),
    EVENT(RECEIVE, RECEIVE_RECV, 1, "ER"),
    {INPUT_SEND, SEND_CALL, 2, 250, "E."},
    BY(1, TCB_SET_IPC_BUFFER, ".."),
    {INPUT_SEND, SEND_NB, 1, 250, "R."},
};

/* A large object is made, and its memory used again, in one go. */
static const struct step large[] = {
    BY(1, UNTYPED_RETYPE, CNODE ".00.a"), BY(1, CNODE_DELETE, "a"),
    BY(1, UNTYPED_RETYPE, FRAME ".00.a"), BY(1, CNODE_REVOKE, "."),
    BY(1, UNTYPED_RETYPE, "....."),
};

/* Long operations for which there is not enough time. */
static const struct step time_runs_out[] = {
    RETYPE(UNTYPED, "a"),
    BY(1, UNTYPED_RETYPE, CNODE "0.0ab"),
    BY(1, CNODE_DELETE, "b"),
    EVENT(TIME_AT_POLL, ANY, 0, ""),
    EVENT(TIME_AT_POLL, ANY, 0, ""),
    BY(1, UNTYPED_RETYPE, CNODE "0.0ab"),
    BY(1, CNODE_DELETE, "b"),
};

/* Both without budget, and then with another one. */
static const struct step out_of_budget[] = {
    BY(1, SCHED_CONTROL_CONFIGURE_FLAGS, ".U...."),
    BY(2, SCHED_CONTROL_CONFIGURE_FLAGS, ".S...."),
    EVENT(TIME, ANY, 1, ""),
    EVENT(YIELD, 0, 1, ""),
    EVENT(YIELD, 0, 2, ""),
    INVOKE(SCHED_CONTROL_CONFIGURE_FLAGS, ".S...."),
    EVENT(TIME, ANY, 0, ""),
    EVENT(YIELD, 0, 1, ""),
    EVENT(YIELD, 0, 2, ""),
    EVENT(TIME, ANY, 0, ""),
};

/* Who waits gets another priority. */
static const struct step waiters[] = {
    EVENT(RECEIVE, RECEIVE_WAIT, 1, "N"), EVENT(RECEIVE, RECEIVE_WAIT, 2, "N"),
    INVOKE(TCB_SET_PRIORITY, "T.."),      INVOKE(TCB_SET_PRIORITY, "T.."),
    EVENT(SEND, SEND_NB, 0, "N"),
};

/* The last capability of a notification is an interrupt's. */
static const struct step last_of_interrupt[] = {
    BY(1, UNTYPED_RETYPE, NOTIFICATION "000.a"),
    BY(1, IRQ_HANDLER_SET_NOTIFICATION, "Ia"),
    EVENT(RECEIVE, RECEIVE_WAIT, 1, "a"),
    BY(2, CNODE_DELETE, "a"),
    BY(2, CNODE_DELETE, "I"),
    INVOKE(TCB_SUSPEND, "T"),
};

static const struct step passive_server[] = {
    BY(2, SCHED_CONTEXT_UNBIND, "S"), EVENT(RECEIVE, RECEIVE_RECV, 1, "ER"),
    BY(2, SCHED_CONTEXT_UNBIND, "S"), EVENT(SEND, SEND_CALL, 2, "E"),
    EVENT(TIME, ANY, 0, ""),          EVENT(SEND_RECEIVE, REPLY_RECV, 1, "ER"),
    EVENT(SEND, SEND_CALL, 2, "E"),   INVOKE(TCB_SUSPEND, "T"),
    INVOKE(TCB_RESUME, "T"),
};

static const struct step transfer[] = {
    EVENT(BUFFER, BUFFER_SLOT, 1, "c"),
    EVENT(RECEIVE, RECEIVE_RECV, 1, "ERc"),
    {INPUT_SEND, SEND_CALL, 2, WITH_CAP, "E."},
    BY(1, CNODE_COPY, "dc0"),
    BY(2, CNODE_REVOKE, "."),
    {INPUT_SEND, SEND_SEND, 1, WITH_CAP, "R.c"},
    BY(1, CNODE_DELETE, "c"),
};

static const struct step badges[] = {
    RETYPE(ENDPOINT, "a"),          INVOKE(CNODE_MINT, "ba0."),
    INVOKE(CNODE_MINT, "ca0."),     EVENT(SEND, SEND_CALL, 1, "b"),
    EVENT(SEND, SEND_SEND, 2, "c"), INVOKE(CNODE_CANCEL_BADGED_SENDS, "b"),
    EVENT(RECEIVE, ANY, 0, "aR"),   INVOKE(CNODE_REVOKE, "a"),
    INVOKE(CNODE_DELETE, "a"),
};

static const struct step mapping[] = {
    INVOKE(PAGE_UNMAP, "F"),
    INVOKE(PAGE_MAP, "F.a.."),
    EVENT(STORE, WHERE_MAPPING, 0, "a."),
    INVOKE(PAGE_MAP, "F.a.."),
    EVENT(STORE, WHERE_MAPPING, 0, "a."),
    INVOKE(CNODE_MINT, "bF."),
    INVOKE(PAGE_MAP, "b.a.."),
    EVENT(LOAD, WHERE_MAPPING, 0, "a."),
    INVOKE(PAGE_UNMAP, "F"),
    EVENT(LOAD, WHERE_MAPPING, 0, "a."),
    INVOKE(CNODE_DELETE, "F"),
    EVENT(STORE, WHERE_MAPPING, 0, "a."),
};

static const struct step frame[] = {
    RETYPE(FRAME, "a"),
    INVOKE(PAGE_MAP, "a.b.."),
    INVOKE(CNODE_COPY, "ca."),
    INVOKE(PAGE_MAP, "c.d.."),
    EVENT(STORE, WHERE_MAPPING, 0, "b."),
    INVOKE(CNODE_DELETE, "a"),
    EVENT(LOAD, WHERE_MAPPING, 0, "b."),
    EVENT(LOAD, WHERE_MAPPING, 0, "d."),
    INVOKE(CNODE_REVOKE, "."),
    INVOKE(UNTYPED_RETYPE, "......"),
    EVENT(LOAD, WHERE_MAPPING, 0, "d."),
};

static const struct step address_space[] = {
    RETYPE(TABLE, "a"),
    RETYPE(TABLE, "b"),
    INVOKE(ASID_POOL_ASSIGN, ".a"),
    INVOKE(PAGE_TABLE_MAP, "ba.."),
    INVOKE(PAGE_MAP, ".a..."),
    INVOKE(TCB_SET_SPACE, "....a."),
    EVENT(FETCH, WHERE_MAPPED, 1, ""),
    INVOKE(PAGE_TABLE_UNMAP, "b"),
    INVOKE(CNODE_DELETE, "b"),
    INVOKE(CNODE_DELETE, "a"),
    EVENT(FETCH, WHERE_MAPPED, 1, ""),
};

static const struct step asid_pool[] = {
    RETYPE(UNTYPED, "a"),      INVOKE(ASID_CONTROL_MAKE_POOL, ".ab"),
    RETYPE(TABLE, "c"),        INVOKE(ASID_POOL_ASSIGN, "bc"),
    INVOKE(CNODE_COPY, "dc0"), INVOKE(CNODE_DELETE, "b"),
    INVOKE(PAGE_MAP, ".c..."), INVOKE(CNODE_DELETE, "c"),
};

static const struct step scheduling[] = {
    INVOKE(SCHED_CONTROL_CONFIGURE_FLAGS, ".a...."),
    INVOKE(SCHED_CONTEXT_BIND, "a."),
    EVENT(TIME, ANY, 0, ""),
    INVOKE(SCHED_CONTEXT_CONSUMED, "a"),
    INVOKE(SCHED_CONTEXT_YIELD_TO, "a"),
    EVENT(TIME, ANY, 0, ""),
    INVOKE(SCHED_CONTROL_CONFIGURE_FLAGS, ".a...."),
    INVOKE(SCHED_CONTEXT_UNBIND_OBJECT, "a."),
    INVOKE(SCHED_CONTEXT_UNBIND, "a"),
};

static const struct step budgets[] = {
    BY(1, TCB_SET_TIMEOUT_ENDPOINT, "TE"),
    BY(1, SCHED_CONTROL_CONFIGURE_FLAGS, ".S...."),
    EVENT(RECEIVE, RECEIVE_RECV, 2, "ER"),
    EVENT(YIELD, 0, 1, ""),
    EVENT(TIME, ANY, 0, ""),
    EVENT(TIME, ANY, 0, ""),
    EVENT(SEND, SEND_NB, 2, "R"),
    BY(2, SCHED_CONTROL_CONFIGURE_FLAGS, ".S...."),
    EVENT(TIME, ANY, 0, ""),
    BY(2, TCB_SET_PRIORITY, "T.."),
    EVENT(TIME, ANY, 0, ""),
    EVENT(SEND, SEND_CALL, 1, "E"),
};

static const struct step faults[] = {
    BY(1, TCB_SET_SCHED_PARAMS, "T...SE"),
    EVENT(RECEIVE, RECEIVE_RECV, 2, "ER"),
    EVENT(FAULT, ANY, 1, ""),
    EVENT(SEND, ANY, 2, "R"),
    EVENT(LOAD, ANY, 1, ""),
    EVENT(RECEIVE, RECEIVE_RECV, 2, "ER"),
    BY(2, TCB_RESUME, "T"),
    EVENT(SYSCALL, ANY, 1, ""),
    EVENT(SEND, SEND_NB, 2, "R"),
};

static const struct step notifications[] = {
    RETYPE(NOTIFICATION, "a"),
    INVOKE(CNODE_MINT, "ba0."),
    BY(1, TCB_BIND_NOTIFICATION, "Ta"),
    EVENT(RECEIVE, RECEIVE_WAIT, 1, "a"),
    EVENT(SEND, SEND_NB, 2, "b"),
    INVOKE(SCHED_CONTEXT_BIND, "ca"),
    EVENT(RECEIVE, RECEIVE_RECV, 1, "ER"),
    EVENT(SEND, SEND_NB, 2, "b"),
    BY(2, CNODE_DELETE, "a"),
    BY(2, TCB_UNBIND_NOTIFICATION, "T"),
};

static const struct step interrupts[] = {
    INVOKE(IRQ_CONTROL_GET_TRIGGER, "...a"),
    INVOKE(IRQ_HANDLER_SET_NOTIFICATION, ".N"),
    EVENT(RECEIVE, RECEIVE_WAIT, 1, "N"),
    EVENT(IRQ, ANY, 0, ""),
    EVENT(RECEIVE, RECEIVE_WAIT, 1, "N"),
    INVOKE(IRQ_HANDLER_ACK, "."),
    EVENT(IRQ, ANY, 0, ""),
    INVOKE(IRQ_HANDLER_CLEAR, "a"),
    INVOKE(CNODE_DELETE, "a"),
    EVENT(IRQ, ANY, 0, ""),
};

static const struct step domains[] = {
    INVOKE(DOMAIN_SCHEDULE_CONFIGURE, "...."),
    INVOKE(DOMAIN_SCHEDULE_CONFIGURE, "...."),
    INVOKE(DOMAIN_SCHEDULE_SET_START, ".."),
    INVOKE(DOMAIN_SET, "..."),
    EVENT(TIME, ANY, 0, ""),
    INVOKE(DOMAIN_SCHEDULE_CONFIGURE, "..0" END_MARKER),
    EVENT(YIELD, 0, 0, ""),
    INVOKE(DOMAIN_SET, "..."),
    EVENT(TIME, ANY, 0, ""),
};

static const struct step registers[] = {
    BY(2, TCB_SUSPEND, "T"),
    BY(2, TCB_READ_REGISTERS, "T.."),
    BY(2, TCB_WRITE_REGISTERS, "T..."),
    BY(2, TCB_COPY_REGISTERS, "T."),
    BY(2, TCB_SET_TLS_BASE, "T."),
    BY(2, TCB_RESUME, "T"),
};

static const struct step floating_point[] = {
    EVENT(FPU, FPU_SET, 1, ""), EVENT(FPU, FPU_SET, 2, ""), BY(2, TCB_SET_FLAGS, "T.."),
    EVENT(FPU, FPU_GET, 1, ""), EVENT(YIELD, 0, 0, ""),     EVENT(FPU, FPU_GET, 0, ""),
};

static const struct recipe {
    const struct step *steps;
    uint32_t count;
} recipes[] = {
#define COUNT(steps) (sizeof(steps) / sizeof *(steps))
/* The member makes it a struct; the assertion makes the recipe fit. */
#define FITS(steps)                                                                                \
    (sizeof(struct {                                                                               \
         _Static_assert(COUNT(steps) <= RECIPE_EVENTS_MAX, "too long: " #steps);                   \
         char member;                                                                              \
     }) == 1)
#define RECIPE(steps)                                                                              \
    {                                                                                              \
        steps, FITS(steps) ? COUNT(steps) : 0                                                      \
    }
    RECIPE(capability_tree),
    RECIPE(memory),
    RECIPE(preempted_revoke),
    RECIPE(nested_cnodes),
    RECIPE(thread),
    RECIPE(call_and_reply),
    RECIPE(reply_stack),
    RECIPE(transfer),
    RECIPE(passive_server),
    RECIPE(badges),
    RECIPE(mapping),
    RECIPE(frame),
    RECIPE(address_space),
    RECIPE(asid_pool),
    RECIPE(scheduling),
    RECIPE(budgets),
    RECIPE(faults),
    RECIPE(notifications),
    RECIPE(interrupts),
    RECIPE(domains),
    RECIPE(registers),
    RECIPE(floating_point),
    RECIPE(lent_and_deleted),
    RECIPE(same_badge),
    RECIPE(two_woken),
    RECIPE(out_of_budget),
    RECIPE(waiters),
    RECIPE(neighbours),
    RECIPE(bound),
    RECIPE(buffers),
    RECIPE(large),
    RECIPE(cycle),
    RECIPE(last_of_interrupt),
    RECIPE(priorities),
    RECIPE(time_runs_out),
    RECIPE(bound_and_deleted),
    RECIPE(nested_calls),
#undef RECIPE
#undef FITS
#undef COUNT
};

enum { RECIPES = sizeof recipes / sizeof *recipes };

/* --- Selectors -------------------------------------------------------------------------------- */

/* Mostly what can be right, in the plain way or another. */
static struct input_selector careful(struct rng *rng)
{
    struct input_selector selector = {0, rng_byte(rng)};
    if (rng_chance(rng, 50)) {
        selector.mode = (uint8_t)rng_below(rng, SELECT_ODD);
    }
    return selector;
}

static struct input_selector odd(struct rng *rng)
{
    uint8_t mode = (uint8_t)(SELECT_ODD + rng_below(rng, 256 - SELECT_ODD));
    return (struct input_selector){mode, rng_byte(rng)};
}

/* --- Events ----------------------------------------------------------------------------------- */

static uint32_t single(struct input_event *event, struct rng *rng)
{
    event->what = rng_byte(rng);
    event->who = rng_chance(rng, 70) ? 0 : rng_byte(rng);
    event->which = rng_byte(rng);
    event->how = rng_chance(rng, 50) ? 0 : rng_byte(rng);
    for (uint32_t i = 0; i < INPUT_SELECTORS; i++) {
        event->selectors[i] = careful(rng);
    }
    /* One thing wrong: with two, only the first is ever looked at. */
    if (rng_chance(rng, 30)) {
        event->selectors[rng_below(rng, INPUT_SELECTORS)] = odd(rng);
    }
    return 1;
}

/* What the letters and numbers of a recipe stand for this time. */
struct cast {
    uint8_t slots[LETTERS];
    uint8_t threads[3];
    uint8_t endpoint, ntfn, reply, frame;
    bool exact; /* No step is left out or has something else in it. */
};

static uint8_t one_of(const uint8_t *choices, uint32_t count, struct rng *rng)
{
    return choices[rng_below(rng, count)];
}

/* Slots have the same numbers in all subsystems: two that talk through what is shared name the same
 * slot. What a topology does not share is its own, and is used by the other thread of the same. */
static void choose_world(struct cast *cast, struct rng *rng)
{
    static const uint8_t endpoints[] = {WORLD_SLOT_SHARED_ENDPOINT, WORLD_SLOT_PLAIN_ENDPOINT,
                                        WORLD_SLOT_ENDPOINT, WORLD_SLOT_ENDPOINT_BADGED};
    static const uint8_t ntfns[] = {WORLD_SLOT_SHARED_NTFN, WORLD_SLOT_NTFN,
                                    WORLD_SLOT_NTFN_BADGED};
    static const uint8_t frames[] = {WORLD_SLOT_DATA, WORLD_SLOT_FRAME_FREE,
                                     WORLD_SLOT_SHARED_FRAME, WORLD_SLOT_BUFFER_0};
    uint32_t first = rng_below(rng, WORLD_THREADS);
    bool together = rng_chance(rng, 50);
    uint32_t second =
        together ? first ^ 1 : (first + 1 + rng_below(rng, WORLD_THREADS - 1)) % WORLD_THREADS;
    cast->threads[1] = (uint8_t)(1 + first);
    cast->threads[2] = (uint8_t)(1 + second);
    cast->endpoint = one_of(endpoints, together ? 4 : 2, rng);
    cast->ntfn = one_of(ntfns, together ? 3 : 1, rng);
    cast->reply = (uint8_t)(WORLD_SLOT_REPLY_0 + rng_below(rng, 2));
    cast->frame = one_of(frames, 4, rng);
}

/* Most recipes are made where nothing is yet, the others with what is there. */
static struct cast choose_cast(struct rng *rng)
{
    struct cast cast = {.threads = {0}};
    uint32_t first = rng_chance(rng, 70) ? WORLD_SLOT_FREE : 0;
    choose_world(&cast, rng);
    cast.exact = rng_chance(rng, 50);
    uint32_t count = WORLD_SLOT_COUNT - first;
    uint32_t base = rng_below(rng, count);
    for (uint32_t i = 0; i < LETTERS; i++) {
        uint32_t at = cast.exact ? base + i : rng_below(rng, count);
        cast.slots[i] = (uint8_t)(first + at % count);
    }
    return cast;
}

static struct input_selector selector_of(char code, const struct cast *cast, struct rng *rng)
{
    uint8_t which = (cast->threads[1] - 1u) % 2;
    uint8_t other = (cast->threads[2] - 1u) % 2;
    switch (code) {
    case 'E':
        return (struct input_selector){0, cast->endpoint};
    case 'N':
        return (struct input_selector){0, cast->ntfn};
    case 'R':
        return (struct input_selector){0, cast->reply};
    case 'F':
        return (struct input_selector){0, cast->frame};
    case 'G':
        return (struct input_selector){0, WORLD_SLOT_ENDPOINT};
    case 'I':
        return (struct input_selector){0, WORLD_SLOT_IRQ_HANDLER};
    case 'T':
        return (struct input_selector){0, (uint8_t)(WORLD_SLOT_TCB_0 + which)};
    case 'S':
        return (struct input_selector){0, (uint8_t)(WORLD_SLOT_SC_0 + which)};
    case 'U':
        return (struct input_selector){0, (uint8_t)(WORLD_SLOT_SC_0 + other)};
    case 'V':
        return (struct input_selector){0, (uint8_t)(WORLD_SLOT_TCB_0 + other)};
    case 'r':
        return (struct input_selector){ANY_STATE, rng_byte(rng) % 16};
    case 'p':
        return (struct input_selector){144, 2};
    case 'P':
        return (struct input_selector){ANY_STATE, UINT8_MAX};
    case 'o':
        return odd(rng);
    default:
        break;
    }
    if (code == 'M') {
        return (struct input_selector){ANY_STATE, cast->ntfn};
    }
    if (code >= 'A' && code <= 'D') {
        return (struct input_selector){cast->slots[code - 'A'], rng_byte(rng)};
    }
    if (code >= 'W' && code <= 'Z') {
        return (struct input_selector){SELECT_ODD, cast->slots[code - 'W']};
    }
    if (code >= 'w' && code <= 'z') {
        return (struct input_selector){ANY_STATE, cast->slots[code - 'w']};
    }
    if (code >= 'a' && code < 'a' + LETTERS) {
        return (struct input_selector){0, cast->slots[code - 'a']};
    }
    if (code >= '0' && code <= '9') {
        return (struct input_selector){0, (uint8_t)(code - '0')};
    }
    return careful(rng);
}

/* As the recipe has it, or nearly. */
static void take_step(struct input_event *event, const struct step *step, const struct cast *cast,
                      struct rng *rng)
{
    const char *code = step->selectors;
    event->what = input_what((enum input_kind)step->kind);
    event->who = cast->threads[step->who];
    event->which = step->which == ANY ? rng_byte(rng) : step->which;
    if (step->kind == INPUT_INVOKE) {
        event->which = input_which(step->which);
    }
    event->how = step->how == ANY ? 0 : step->how;
    if (step->kind == INPUT_IRQ_AT_POLL || step->kind == INPUT_TIME_AT_POLL) {
        event->how = (uint8_t)rng_below(rng, HOW_POLLS);
    } else if (!cast->exact && rng_chance(rng, step->how == ANY ? 30 : 5)) {
        event->how = rng_byte(rng);
    }
    for (uint32_t i = 0; i < INPUT_SELECTORS; i++) {
        event->selectors[i] = selector_of(*code == '\0' ? '.' : *code, cast, rng);
        code += *code != '\0';
    }
    if (!cast->exact && rng_chance(rng, 8)) {
        event->selectors[rng_below(rng, INPUT_SELECTORS)] = odd(rng);
    }
}

uint32_t recipe_whole(struct input_event events[RECIPE_EVENTS_MAX], struct rng *rng)
{
    const struct recipe *recipe = &recipes[rng_below(rng, RECIPES)];
    struct cast cast = choose_cast(rng);
    uint32_t count = 0;
    for (uint32_t i = 0; i < recipe->count; i++) {
        if (cast.exact || rng_chance(rng, 92)) {
            take_step(&events[count++], &recipe->steps[i], &cast, rng);
        }
    }
    return count;
}

uint32_t recipe_random(struct input_event events[RECIPE_EVENTS_MAX], struct rng *rng)
{
    return rng_chance(rng, 65) ? single(events, rng) : recipe_whole(events, rng);
}
