/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/api/input.h"

#include <string.h>

#include "abi/api.h"

enum { LABELS = ABI_LABEL_COUNT - 1 };

/* Of every 256 events this many are of the kind. Invocations and messages are what the kernel has
 * most code for; what mostly stops threads is rare. */
#define KINDS(X)                                                                                   \
    X(INVOKE, 115, "invoke")                                                                       \
    X(SEND, 28, "send")                                                                            \
    X(RECEIVE, 20, "receive")                                                                      \
    X(SEND_RECEIVE, 16, "send-receive")                                                            \
    X(YIELD, 6, "yield")                                                                           \
    X(SYSCALL, 3, "syscall")                                                                       \
    X(LOAD, 9, "load")                                                                             \
    X(STORE, 12, "store")                                                                          \
    X(FETCH, 5, "fetch")                                                                           \
    X(FAULT, 3, "fault")                                                                           \
    X(FPU, 3, "fpu")                                                                               \
    X(BUFFER, 3, "buffer")                                                                         \
    X(REGISTERS, 2, "registers")                                                                   \
    X(IRQ, 9, "irq")                                                                               \
    X(IRQ_AT_POLL, 8, "irq-at-poll")                                                               \
    X(TIME, 9, "time")                                                                             \
    X(TIME_AT_POLL, 5, "time-at-poll")

static const struct {
    uint8_t weight;
    const char *name;
} kinds[INPUT_KINDS] = {
#define ROW(kind, weight, name) [INPUT_##kind] = {weight, name},
    KINDS(ROW)
#undef ROW
};

#define ADD(kind, weight, name) +weight
_Static_assert(0 KINDS(ADD) == 256, "a kind for every byte");
#undef ADD

_Static_assert(sizeof(struct input_event) == INPUT_EVENT, "an event is its bytes");
_Static_assert(sizeof(struct input_config) == INPUT_HEADER, "a configuration is its bytes");

/* Bytes beyond those that name every label equally often: of these there is more to try. */
static const uint8_t favourites[] = {
    ABI_LABEL_UNTYPED_RETYPE, ABI_LABEL_CNODE_REVOKE, ABI_LABEL_CNODE_DELETE, ABI_LABEL_CNODE_COPY,
    ABI_LABEL_CNODE_MINT,     ABI_LABEL_CNODE_MOVE,   ABI_LABEL_TCB_RESUME,   ABI_LABEL_PAGE_MAP,
};

enum { EVENLY = 256 / LABELS * LABELS };

static const char *const stubs[ABI_LABEL_COUNT] = {
#define ABI_X(label, kind, name, stub, handler, args, results) [label] = #stub,
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
};

enum input_kind input_kind_of(uint8_t what)
{
    uint32_t kind = 0;
    for (uint32_t left = what; left >= kinds[kind].weight; kind++) {
        left -= kinds[kind].weight;
    }
    return (enum input_kind)kind;
}

uint8_t input_what(enum input_kind kind)
{
    uint32_t what = 0;
    for (uint32_t i = 0; i < (uint32_t)kind; i++) {
        what += kinds[i].weight;
    }
    return (uint8_t)what;
}

const char *input_kind_name(enum input_kind kind)
{
    return kinds[kind].name;
}

uint32_t input_label(const struct input_event *event)
{
    if (event->which < EVENLY) {
        return 1 + event->which % (uint32_t)LABELS;
    }
    return favourites[(event->which - EVENLY) % sizeof favourites];
}

uint8_t input_which(uint32_t label)
{
    return (uint8_t)(label - 1);
}

void input_decode(const uint8_t *data, size_t size, struct input *input)
{
    memset(input, 0, sizeof *input);
    if (size > INPUT_SIZE_MAX) {
        size = INPUT_SIZE_MAX;
    }
    if (size != 0) {
        memcpy(&input->config, data, size < INPUT_HEADER ? size : INPUT_HEADER);
    }
    memset(input->config.spare, 0, sizeof input->config.spare);
    if (size > INPUT_HEADER) {
        memcpy(input->events, data + INPUT_HEADER, size - INPUT_HEADER);
        input->count = (uint32_t)((size - INPUT_HEADER + INPUT_EVENT - 1) / INPUT_EVENT);
    }
}

size_t input_encode(const struct input *input, uint8_t *data)
{
    /* The last event is there as long as its first byte is. */
    size_t least = input->count == 0 ? 0 : INPUT_HEADER + (input->count - 1) * INPUT_EVENT + 1;
    size_t size = INPUT_HEADER + input->count * INPUT_EVENT;

    memcpy(data, &input->config, INPUT_HEADER);
    memset(data + offsetof(struct input_config, spare), 0, sizeof input->config.spare);
    memcpy(data + INPUT_HEADER, input->events, input->count * INPUT_EVENT);
    while (size > least && data[size - 1] == 0) {
        size--;
    }
    return size;
}

static void print_event(const struct input_event *event, uint32_t number, FILE *file)
{
    enum input_kind kind = input_kind_of(event->what);
    fprintf(file, "%3u: %s", number, input_kind_name(kind));
    if (kind == INPUT_INVOKE) {
        fprintf(file, " %s", stubs[input_label(event)]);
    } else {
        fprintf(file, " %u", event->which);
    }
    fprintf(file, ", who %u, how %u,", event->who, event->how);
    for (uint32_t i = 0; i < INPUT_SELECTORS; i++) {
        fprintf(file, " %u/%u", event->selectors[i].mode, event->selectors[i].pick);
    }
    fputc('\n', file);
}

void input_print(const struct input *input, FILE *file)
{
    const struct input_config *config = &input->config;
    fprintf(file, "topology %u, poll %u, entry ticks %u, access ticks %u, tlb %u, start %u\n",
            config->topology, config->poll, config->entry_ticks, config->access_ticks, config->tlb,
            config->start);
    for (uint32_t i = 0; i < input->count; i++) {
        print_event(&input->events[i], i + 1, file);
    }
}
