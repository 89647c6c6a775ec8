/* SPDX-License-Identifier: BSD-2-Clause */

/* Whole invocations, from the tables of include/abi/api.h: what an argument is follows from its
 * name there, or else from its type.
 */
#include <string.h>

#include "core/config.h"
#include "core/kernel.h"
#include "fuzz/api/select.h"

enum { ARGUMENTS_MAX = 12 };

/* Of the root of a place: the capability that is invoked. */
enum { ROOT_INVOKED = 0xFF };

#define TYPES_ANY SELECT_LIVE

struct argument {
    uint8_t what; /* enum select_argument. */
    uint8_t at;   /* Number of the message word, or of the extra capability. */
    uint8_t root; /* Of a place: number of the extra capability, or ROOT_INVOKED. */
    uint32_t types;
};

struct plan {
    uint32_t types; /* Of the invoked capability. */
    uint8_t count;
    uint8_t words;
    uint8_t caps;
    bool by_place; /* The invoked capability is the root of a place. */
    struct argument arguments[ARGUMENTS_MAX];
};

/* --- Names ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    enum select_argument what;
} words[] = {
    {"type", SELECT_ARG_TYPE},
    {"size_bits", SELECT_ARG_SIZE_BITS},
    {"node_index", SELECT_ARG_NODE},
    {"node_depth", SELECT_ARG_NONE},
    {"node_offset", SELECT_ARG_OFFSET},
    {"num_objects", SELECT_ARG_OBJECTS},
    {"rights", SELECT_ARG_RIGHTS},
    {"badge", SELECT_ARG_DATA},
    {"dest_badge", SELECT_ARG_DATA},
    {"pivot_badge", SELECT_ARG_DATA},
    {"cspace_root_data", SELECT_ARG_CSPACE_DATA},
    {"vspace_root_data", SELECT_ARG_ZERO},
    {"buffer", SELECT_ARG_BUFFER},
    {"priority", SELECT_ARG_PRIORITY},
    {"mcp", SELECT_ARG_MCP},
    {"clear", SELECT_ARG_BIT},
    {"set", SELECT_ARG_BIT},
    {"flags", SELECT_ARG_FLAGS},
    {"count", SELECT_ARG_COUNT},
    {"irq", SELECT_ARG_IRQ},
    {"trigger", SELECT_ARG_BIT},
    {"domain", SELECT_ARG_DOMAIN},
    {"duration", SELECT_ARG_DURATION},
    {"index", SELECT_ARG_SCHEDULE_INDEX}, /* Without a depth. */
    {"budget", SELECT_ARG_BUDGET},
    {"period", SELECT_ARG_PERIOD},
    {"extra_refills", SELECT_ARG_REFILLS},
    {"vaddr", SELECT_ARG_VADDR},
    {"attr", SELECT_ARG_BIT},
};

static const struct {
    const char *name;
    uint32_t types;
} caps[] = {
    {"authority", SELECT_TYPE(CAP_TCB)},
    {"source", SELECT_TYPE(CAP_TCB)},
    {"thread", SELECT_TYPE(CAP_TCB)},
    {"cspace_root", SELECT_TYPE(CAP_CNODE)},
    {"vspace_root", SELECT_TYPE(CAP_PAGE_TABLE)},
    {"vspace", SELECT_TYPE(CAP_PAGE_TABLE)},
    {"buffer_frame", SELECT_TYPE(CAP_FRAME)},
    {"sched_context", SELECT_TYPE(CAP_SCHED_CONTEXT)},
    {"schedcontext", SELECT_TYPE(CAP_SCHED_CONTEXT)},
    {"fault_ep", SELECT_TYPE(CAP_ENDPOINT)},
    {"timeout_fault_ep", SELECT_TYPE(CAP_ENDPOINT)},
    {"notification", SELECT_TYPE(CAP_NOTIFICATION)},
    {"untyped", SELECT_TYPE(CAP_UNTYPED)},
    {"root", SELECT_TYPE(CAP_CNODE)},
    {"src_root", SELECT_TYPE(CAP_CNODE)},
    {"pivot_root", SELECT_TYPE(CAP_CNODE)},
    {"cap", SELECT_TYPE(CAP_TCB) | SELECT_TYPE(CAP_NOTIFICATION)},
};

/* A row's arguments as they are written. */
struct written {
    const char *name;
    bool cap;
    bool rights;
};

#define WRITTEN_W(type, name) {#name, false, false},
#define WRITTEN_B(name) {#name, false, false},
#define WRITTEN_R(name) {#name, false, true},
#define WRITTEN_C(name) {#name, true, false},

static const struct {
    uint8_t kind;
    struct written arguments[ARGUMENTS_MAX];
} rows[ABI_LABEL_COUNT] = {
#define ABI_X(label, KIND, NAME, stub, handler, args, results)                                     \
    [label] = {CAP_##KIND,                                                                         \
               {ABI_ARGS_##args(WRITTEN_W, WRITTEN_B, WRITTEN_R, WRITTEN_B,                        \
                                WRITTEN_C){NULL, false, false}}},
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
};

/* Whether `name` is `prefix` characters of `other` and then `rest`. */
static bool is_name(const char *name, const char *other, size_t prefix, const char *rest)
{
    return strncmp(name, other, prefix) == 0 && strcmp(name + prefix, rest) == 0;
}

static enum select_argument word_of(const struct written *written)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].name, written->name) == 0) {
            return words[i].what;
        }
    }
    return written->rights ? SELECT_ARG_RIGHTS : SELECT_ARG_WORD;
}

static uint32_t types_of(const struct written *written)
{
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        if (strcmp(caps[i].name, written->name) == 0) {
            return caps[i].types;
        }
    }
    return TYPES_ANY;
}

/* --- Plans ------------------------------------------------------------------------------------ */

static struct plan plans[ABI_LABEL_COUNT];

/* The extra capability that an index counts from: "src_root" with "src_index"; with another name
 * "root" if there is one; else it is the invoked capability. */
static uint8_t root_of(uint32_t label, const char *index, size_t prefix)
{
    uint8_t found = ROOT_INVOKED;
    uint8_t number = 0;
    for (const struct written *w = rows[label].arguments; w->name != NULL; w++) {
        if (w->cap && is_name(w->name, index, prefix, "root")) {
            return number;
        }
        if (w->cap && strcmp(w->name, "root") == 0) {
            found = number;
        }
        number = (uint8_t)(number + (w->cap ? 1 : 0));
    }
    return found;
}

/* "src_index" before "src_depth": the length of "src_". */
static bool is_place(const struct written *w, size_t *prefix)
{
    size_t length = strlen(w->name);
    if (w->cap || length < 5 || strcmp(w->name + length - 5, "index") != 0 || w[1].name == NULL) {
        return false;
    }
    *prefix = length - 5;
    return is_name(w[1].name, w->name, *prefix, "depth");
}

static void plan_row(struct plan *plan, uint32_t label)
{
    plan->types = SELECT_TYPE(rows[label].kind);
    for (const struct written *w = rows[label].arguments; w->name != NULL; w++) {
        struct argument *argument = &plan->arguments[plan->count++];
        size_t prefix = 0;
        argument->at = w->cap ? plan->caps++ : plan->words++;
        argument->types = w->cap ? types_of(w) : 0;
        argument->what = (uint8_t)(w->cap ? SELECT_ARG_CAP : word_of(w));
        if (is_place(w, &prefix)) {
            argument->root = root_of(label, w->name, prefix);
            argument->what = argument->what == SELECT_ARG_NODE ? argument->what : SELECT_ARG_PLACE;
            plan->by_place = plan->by_place || argument->root == ROOT_INVOKED;
            plan->arguments[plan->count] =
                (struct argument){.what = SELECT_ARG_NONE, .at = plan->words++};
            plan->count++;
            w++;
        }
    }
}

/* The roots of places are chosen with them. */
static void drop_roots(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct argument *place = &plan->arguments[i];
        if (place->what != SELECT_ARG_PLACE && place->what != SELECT_ARG_NODE) {
            continue;
        }
        for (uint32_t j = 0; j < plan->count; j++) {
            struct argument *cap = &plan->arguments[j];
            if (cap->what == SELECT_ARG_CAP && cap->at == place->root) {
                cap->what = SELECT_ARG_NONE;
            }
        }
    }
}

static const struct plan *plan_of(uint32_t label)
{
    struct plan *plan = &plans[label];
    if (plan->types == 0) {
        plan_row(plan, label);
        drop_roots(plan);
    }
    return plan;
}

/* --- Choosing --------------------------------------------------------------------------------- */

/* The selectors in turn. */
struct turn {
    const struct input_event *event;
    uint32_t next;
};

static struct input_selector next_selector(struct turn *turn)
{
    return turn->event->selectors[turn->next++ % INPUT_SELECTORS];
}

static void set_word(struct select_call *call, uint32_t at, uint64_t word)
{
    call->words[at] = word;
}

static void set_root(struct select_call *call, const struct argument *argument, uint64_t cptr)
{
    if (argument->root == ROOT_INVOKED) {
        call->cptr = cptr;
    } else {
        call->caps[argument->root] = cptr;
    }
}

/* The first place of these names what must exist, or is the only one; of others where something is
 * to go. */
static bool names_existing(uint32_t label, uint32_t at)
{
    return at != 0 || label == ABI_LABEL_CNODE_REVOKE || label == ABI_LABEL_CNODE_DELETE ||
           label == ABI_LABEL_CNODE_CANCEL_BADGED_SENDS;
}

static void choose_place(struct select *s, const struct argument *argument, struct turn *turn,
                         struct select_call *call)
{
    bool existing = rows[s->label].kind == CAP_CNODE && names_existing(s->label, argument->at);
    struct input_selector selector = next_selector(turn);
    struct select_place place =
        select_place(s, selector, existing ? SELECT_LIVE : SELECT_TYPE(CAP_NULL),
                     existing ? select_good_source : NULL);
    if (existing) {
        s->source = place.slot;
    }
    set_root(call, argument, place.root);
    set_word(call, argument->at, place.index);
    set_word(call, argument->at + 1u, place.depth);
}

/* The CNode that new objects go into: the extra capability itself, with depth 0, or a slot. */
static const struct cap *choose_node(struct select *s, const struct argument *argument,
                                     struct turn *turn, struct select_call *call)
{
    struct input_selector selector = next_selector(turn);
    struct select_place place = {0, 0, 0, NULL};
    if (selector.mode < 144) {
        struct select_cap cap = select_cap(s, selector, SELECT_TYPE(CAP_CNODE), select_good_extra);
        place.root = cap.cptr;
        place.index = selector.pick;
        place.slot = cap.slot;
    } else {
        place = select_place(s, selector, SELECT_TYPE(CAP_CNODE), select_good_extra);
    }
    set_root(call, argument, place.root);
    set_word(call, argument->at, place.index);
    set_word(call, argument->at + 1u, place.depth);
    return place.slot != NULL && place.slot->cap.type == CAP_CNODE ? &place.slot->cap : NULL;
}

/* The first of s->count empty slots. */
static uint64_t choose_offset(const struct select *s, const struct cap *node,
                              struct input_selector selector)
{
    if (node == NULL || selector.mode >= SELECT_ODD) {
        return selector.mode >= 244 ? select_word(selector) : selector.pick;
    }
    uint32_t start = selector.pick;
    for (uint32_t tries = 0; tries < 8; tries++) {
        const struct slot *slot = select_scan(s, node, start, SELECT_TYPE(CAP_NULL), NULL);
        if (slot == NULL) {
            break;
        }
        uint64_t first = (uint64_t)(slot - node->slots);
        uint64_t length = 1;
        while (length < s->count && length < 8 && first + length < (uint64_t)1 << node->bits &&
               cap_is_null(&node->slots[first + length].cap)) {
            length++;
        }
        if (length >= s->count || length == 8) {
            return first;
        }
        start = (uint32_t)(first + length);
    }
    return selector.pick & (((uint64_t)1 << node->bits) - 1);
}

/* Remembers what later arguments depend on. */
static void note_cap(struct select *s, const struct argument *argument, struct slot *slot)
{
    uint32_t first = argument->types & (0 - argument->types);
    if (slot == NULL) {
        return;
    }
    if (first == SELECT_TYPE(CAP_TCB)) {
        s->authority = slot;
    } else if (first == SELECT_TYPE(CAP_CNODE)) {
        s->cspace = slot;
    } else if (first == SELECT_TYPE(CAP_SCHED_CONTEXT)) {
        s->sc = slot;
    } else if (first == SELECT_TYPE(CAP_PAGE_TABLE)) {
        s->asid = slot->cap.type == CAP_PAGE_TABLE ? slot->cap.asid : 0;
    }
}

/* Endpoints of faults, and SCs of threads that have none, may be left out. */
static bool may_be_null(const struct select *s, const struct argument *argument,
                        struct input_selector selector)
{
    bool handler = (argument->types & SELECT_TYPE(CAP_ENDPOINT)) != 0;
    bool sc = s->label == ABI_LABEL_TCB_SET_SCHED_PARAMS &&
              argument->types == SELECT_TYPE(CAP_SCHED_CONTEXT) && s->invoked != NULL &&
              s->invoked->cap.type == CAP_TCB && s->invoked->cap.thread != s->thread;
    return (handler && selector.mode % 4 == 3) || (sc && selector.mode % 8 == 7);
}

static void choose_cap(struct select *s, const struct argument *argument, struct turn *turn,
                       struct select_call *call)
{
    struct input_selector selector = next_selector(turn);
    uint32_t types = argument->types;
    if (may_be_null(s, argument, selector)) {
        types = SELECT_TYPE(CAP_NULL);
    }
    /* Now and then (TOO_GOOD) any of the type: what the checks are for. */
    select_good *good = selector.mode % 8 == 5 ? NULL : select_good_extra;
    struct select_cap cap = select_cap(s, selector, types, good);
    call->caps[argument->at] = cap.cptr;
    note_cap(s, argument, cap.slot);
}

static void choose_invoked(struct select *s, const struct plan *plan, struct turn *turn,
                           struct select_call *call)
{
    struct input_selector selector = next_selector(turn);
    select_good *good = select_good_invoked;
    /* Frames are also mapped again where they are. */
    if ((s->label == ABI_LABEL_PAGE_MAP && selector.mode % 4 == 3) || selector.mode % 8 == 5) {
        good = NULL;
    }
    struct select_cap cap = select_cap(s, selector, plan->types, good);
    call->cptr = cap.cptr;
    s->invoked = cap.slot;
}

static void choose(struct select *s, const struct argument *argument, struct turn *turn,
                   struct select_call *call, const struct cap **node)
{
    switch ((enum select_argument)argument->what) { /* tidy: open switch */
    case SELECT_ARG_NONE:
        break;
    case SELECT_ARG_PLACE:
        choose_place(s, argument, turn, call);
        break;
    case SELECT_ARG_CAP:
        choose_cap(s, argument, turn, call);
        break;
    case SELECT_ARG_NODE:
        *node = choose_node(s, argument, turn, call);
        break;
    case SELECT_ARG_OFFSET:
        break; /* After the number of objects. */
    default:
        set_word(
            call, argument->at,
            select_argument_word(s, (enum select_argument)argument->what, next_selector(turn)));
        break;
    }
}

/* The registers that WriteRegisters sets: addresses, mostly, told apart by where they go. */
static void add_registers(struct select_call *call, struct turn *turn)
{
    struct input_selector selector = next_selector(turn);
    uint64_t count = call->words[1];
    for (uint32_t i = 0; i < count && call->word_count < SELECT_WORDS; i++) {
        call->words[call->word_count++] = 0x10000 + selector.pick * 64u + i * 4;
    }
}

void select_call(struct select *s, const struct input_event *event, struct select_call *call)
{
    const struct plan *plan = plan_of(s->label);
    struct turn turn = {.event = event};
    const struct cap *node = NULL;
    /* What an untyped must have room for comes first. */
    bool last = s->label == ABI_LABEL_UNTYPED_RETYPE;

    call->cptr = 0;
    call->word_count = plan->words;
    call->cap_count = plan->caps;
    if (!plan->by_place && !last) {
        choose_invoked(s, plan, &turn, call);
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        choose(s, &plan->arguments[i], &turn, call, &node);
    }
    if (last) {
        choose_invoked(s, plan, &turn, call);
        set_word(call, 4, choose_offset(s, node, next_selector(&turn)));
    }
    if (s->label == ABI_LABEL_TCB_WRITE_REGISTERS) {
        add_registers(call, &turn);
    }
}
