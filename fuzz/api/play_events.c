/* SPDX-License-Identifier: BSD-2-Clause */

/* What each kind of event is: what the current thread does, or what happens to the machine.
 *
 * What the selectors of an event are for, in order, if not said otherwise:
 *   invoke         see select_call.c
 *   send           destination; label; three capabilities; words
 *   receive        source; reply object; receive slot
 *   send-receive   source; destination or reply object; label; two capabilities; receive slot
 *   load, ...      address; offset; value
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "fuzz/api/play_parts.h"
#include "fuzz/harness/watch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    INFO_CAPS_SHIFT = 7,
    INFO_LABEL_SHIFT = 12,
    BUFFER_BYTES = 1 << ABI_IPC_BUFFER_BITS,
    PAGE_BYTES = 1 << ABI_PAGE_BITS,
    NO_CAUSE = 16,
};

/* What the current thread is about to do. */
struct act {
    struct play *play;
    const struct input_event *event;
    struct thread *thread;
    uint64_t *x;
    uint64_t *buffer; /* Null: none that the thread can write. */
    struct select select;
};

/* The IPC buffer as the kernel finds it, docs/abi/02 section 2.3, if the thread may write it. Not
 * the kernel's own function: where the state is broken that would panic, here. Like the kernel it
 * goes by the frame, and not by what is mapped where the thread runs: see world.h. */
static uint64_t *buffer_of(const struct play *play, const struct thread *thread)
{
    const struct cap *frame = &thread->slots[THREAD_BUFFER].cap;
    const uint8_t needed = ABI_RIGHT_READ | ABI_RIGHT_WRITE;
    if (frame->type != CAP_FRAME || frame->device || (frame->rights & needed) != needed) {
        return NULL;
    }
    uint64_t offset = thread->buffer_vaddr & (((uint64_t)1 << frame->bits) - 1);
    return sim_ram(play->sim, frame->paddr + offset, BUFFER_BYTES);
}

static void act_begin(struct act *act, struct play *play, const struct input_event *event)
{
    act->play = play;
    act->event = event;
    act->thread = sim_current(play->sim);
    act->x = act->thread->regs.x;
    act->buffer = buffer_of(play, act->thread);
    select_begin(&act->select, play->k, act->thread, &play->history);
    watch_write(&act->thread->regs, sizeof act->thread->regs);
}

static void write_buffer(struct act *act, uint32_t first, const uint64_t *words, uint32_t count)
{
    if (act->buffer != NULL && count != 0) {
        watch_write(&act->buffer[first], count * sizeof *words);
        memcpy(&act->buffer[first], words, count * sizeof *words);
    }
}

static void set_message(struct act *act, uint64_t label, uint64_t length, uint64_t caps)
{
    act->x[REG_A1] = label << INFO_LABEL_SHIFT | (caps & 3) << INFO_CAPS_SHIFT | (length & 127);
}

/* Somebody else can run, now or later: who blocks does not stop everything. */
static bool has_company(const struct act *act)
{
    const struct core *core = &act->play->k->cores[0];
    return core->ready[core->domain].summary != 0 || core->release.head != NULL;
}

/* --- Capabilities for messages ---------------------------------------------------------------- */

static bool good_to_send(const struct select *s, const struct slot *slot)
{
    (void)s;
    const struct cap *cap = &slot->cap;
    return cap->type == CAP_REPLY ? cap->reply->thread != NULL
                                  : (cap->rights & ABI_RIGHT_WRITE) != 0;
}

static bool good_to_receive(const struct select *s, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    return (cap->rights & ABI_RIGHT_READ) != 0 &&
           (cap->type == CAP_ENDPOINT || cap->ntfn->bound == NULL || cap->ntfn->bound == s->thread);
}

static bool good_reply(const struct select *s, const struct slot *slot)
{
    (void)s;
    return slot->cap.reply->thread == NULL;
}

static bool good_caller(const struct select *s, const struct slot *slot)
{
    return !good_reply(s, slot);
}

static uint64_t destination(struct act *act, struct input_selector selector)
{
    const uint32_t types =
        SELECT_TYPE(CAP_ENDPOINT) | SELECT_TYPE(CAP_NOTIFICATION) | SELECT_TYPE(CAP_REPLY);
    return select_cap(&act->select, selector, types, good_to_send).cptr;
}

static uint64_t source(struct act *act, struct input_selector selector, uint32_t types)
{
    return select_cap(&act->select, selector, types, good_to_receive).cptr;
}

static uint64_t reply_object(struct act *act, struct input_selector selector, select_good *good)
{
    return select_cap(&act->select, selector, SELECT_TYPE(CAP_REPLY), good).cptr;
}

/* Where a capability may arrive; sometimes what was there stays. */
static void set_receive_slot(struct act *act, struct input_selector selector)
{
    if (act->buffer == NULL || selector.mode % 4 == 3) {
        return;
    }
    struct select_place place = select_place(&act->select, selector, SELECT_TYPE(CAP_NULL), NULL);
    const uint64_t words[3] = {place.root, place.index, place.depth};
    write_buffer(act, ABI_BUFFER_RECEIVE_CNODE, words, 3);
}

/* Message words that a reader recognises: thread, call and position; the rest of the buffer stays
 * as it is. */
static void set_words(struct act *act, uint64_t seed)
{
    for (uint32_t i = 0; i < ABI_MSG_REGISTERS; i++) {
        act->x[REG_A2 + i] = 0x4D00000000000000 | seed << 8 | i;
    }
}

/* `how`: mostly a few words; in its next bits the number of capabilities. */
static void set_contents(struct act *act, struct input_selector label,
                         const struct input_selector *caps, uint32_t most)
{
    uint8_t how = act->event->how;
    uint64_t length = how < 192 ? how % 8u : how - 128u;
    uint64_t count = how < 192 ? how / 8u % 4 : how % 4u;
    count = count < most ? count : most;
    uint64_t cptrs[ABI_MSG_MAX_CAPS];
    for (uint32_t i = 0; i < count; i++) {
        cptrs[i] = select_cap(&act->select, caps[i], SELECT_LIVE, NULL).cptr;
    }
    write_buffer(act, ABI_BUFFER_CAPS, cptrs, (uint32_t)count);
    set_words(act, label.pick);
    set_message(act, label.mode < 128 ? label.pick : select_word(label), length, count);
}

/* --- System calls ----------------------------------------------------------------------------- */

static void load_call(struct act *act, const struct select_call *call)
{
    act->x[REG_A0] = call->cptr;
    for (uint32_t i = 0; i < ABI_MSG_REGISTERS; i++) {
        act->x[REG_A2 + i] = i < call->word_count ? call->words[i] : 0;
    }
    if (call->word_count > ABI_MSG_REGISTERS) {
        write_buffer(act, ABI_BUFFER_MSG + ABI_MSG_REGISTERS, &call->words[ABI_MSG_REGISTERS],
                     call->word_count - ABI_MSG_REGISTERS);
    }
    write_buffer(act, ABI_BUFFER_CAPS, call->caps, call->cap_count);
}

/* The first phase of a combined call; the thread then waits for a notification. */
static uint64_t combined(struct act *act)
{
    act->x[REG_A6] = act->x[REG_A0];
    act->x[REG_A0] = source(act, act->event->selectors[5], SELECT_TYPE(CAP_NOTIFICATION));
    return (uint64_t)ABI_SYS_NB_SEND_WAIT;
}

/* Up to this value of `how` an invocation is a plain Call; then it is sent otherwise, or its
 * message is not what it should be. */
enum {
    HOW_CALL = 216,
    HOW_SEND = 221,
    HOW_NB_SEND = 226,
    HOW_SHORT = 234,
    HOW_NO_CAP = 239,
    HOW_LONG = 243,
    HOW_LABEL = 246,
    HOW_TYPE = 249,
    HOW_COMBINED = 252,
    HOW_OTHER_CALL = 255,
};

static void invoke(struct act *act)
{
    uint8_t how = act->event->how;
    uint64_t number = (uint64_t)ABI_SYS_CALL;
    struct select_call call;
    act->select.label = input_label(act->event);
    select_call(&act->select, act->event, &call);
    load_call(act, &call);

    uint64_t label = act->select.label;
    uint64_t length = call.word_count;
    uint64_t caps = call.cap_count;
    if (how >= HOW_OTHER_CALL) {
        length = 0;
        caps = 0;
    } else if (how >= HOW_COMBINED) {
        number = combined(act);
    } else if (how >= HOW_TYPE) {
        struct input_selector selector = act->event->selectors[5];
        act->x[REG_A0] = select_cap(&act->select, selector, SELECT_LIVE, NULL).cptr;
    } else if (how >= HOW_LABEL) {
        label = act->event->selectors[5].pick % (ABI_LABEL_COUNT + 1u);
    } else if (how >= HOW_LONG) {
        length = 127;
        caps = 3;
    } else if (how >= HOW_NO_CAP) {
        caps = caps == 0 ? 0 : (how & 1u) * (caps - 1);
    } else if (how >= HOW_SHORT) {
        uint64_t less = 1 + (how - HOW_SHORT) % 3u * 2;
        length = length < less ? 0 : length - less;
    } else if (how >= HOW_NB_SEND) {
        number = (uint64_t)ABI_SYS_NB_SEND;
    } else if (how >= HOW_SEND) {
        number = (uint64_t)ABI_SYS_SEND;
    }
    set_message(act, label, length, caps);
    play_syscall(act->play, number);
}

/* Who would be the last to stop does not wait, unless its input insists. */
static bool waits(const struct act *act, struct input_selector selector)
{
    return selector.mode >= SELECT_ODD || has_company(act);
}

static void send(struct act *act)
{
    static const int8_t numbers[] = {ABI_SYS_CALL, ABI_SYS_SEND, ABI_SYS_NB_SEND, ABI_SYS_CALL};
    const struct input_selector *selectors = act->event->selectors;
    int64_t number = numbers[act->event->which % COUNT(numbers)];
    if (!waits(act, selectors[0])) {
        number = ABI_SYS_NB_SEND;
    }
    act->x[REG_A0] = destination(act, selectors[0]);
    set_contents(act, selectors[1], &selectors[2], 3);
    play_syscall(act->play, (uint64_t)number);
}

static void receive(struct act *act)
{
    static const int8_t numbers[] = {ABI_SYS_RECV, ABI_SYS_NB_RECV, ABI_SYS_WAIT, ABI_SYS_NB_WAIT};
    const uint32_t types = SELECT_TYPE(CAP_ENDPOINT) | SELECT_TYPE(CAP_NOTIFICATION);
    const struct input_selector *selectors = act->event->selectors;
    uint32_t which = act->event->which % COUNT(numbers);
    if (!waits(act, selectors[0])) {
        which |= 1; /* The form that does not block comes behind the one that does. */
    }
    set_receive_slot(act, selectors[2]);
    act->x[REG_A0] = source(act, selectors[0], types);
    act->x[REG_A6] = reply_object(act, selectors[1], good_reply);
    play_syscall(act->play, (uint64_t)numbers[which]);
}

/* Their receiving half blocks: not for the last one who runs. */
static void send_receive(struct act *act)
{
    const struct input_selector *selectors = act->event->selectors;
    if (!waits(act, selectors[0])) {
        receive(act);
        return;
    }
    const uint32_t endpoint = SELECT_TYPE(CAP_ENDPOINT);
    const uint32_t types = endpoint | SELECT_TYPE(CAP_NOTIFICATION);
    uint32_t which = act->event->which % 3;
    set_receive_slot(act, selectors[5]);
    set_contents(act, selectors[2], &selectors[3], 2);
    if (which == 0) {
        act->x[REG_A0] = source(act, selectors[0], types);
        act->x[REG_A6] = reply_object(act, selectors[1], good_caller);
        play_syscall(act->play, (uint64_t)ABI_SYS_REPLY_RECV);
    } else if (which == 1) {
        act->x[REG_A0] = source(act, selectors[0], endpoint);
        act->x[REG_A6] = reply_object(act, selectors[2], good_reply);
        act->x[REG_T0] = destination(act, selectors[1]);
        play_syscall(act->play, (uint64_t)ABI_SYS_NB_SEND_RECV);
    } else {
        act->x[REG_A0] = source(act, selectors[0], types);
        act->x[REG_A6] = destination(act, selectors[1]);
        play_syscall(act->play, (uint64_t)ABI_SYS_NB_SEND_WAIT);
    }
}

static void any_syscall(struct act *act)
{
    const struct input_selector *selectors = act->event->selectors;
    static const uint8_t registers[] = {REG_A0, REG_A1, REG_A2, REG_A3, REG_A6};
    for (uint32_t i = 0; i < COUNT(registers); i++) {
        act->x[registers[i]] = select_word(selectors[i]);
    }
    if (act->event->how < 128) {
        act->x[REG_A0] = select_cap(&act->select, selectors[0], SELECT_LIVE, NULL).cptr;
    }
    uint64_t which = act->event->which;
    play_syscall(act->play, which < 192 ? (uint64_t)-1 - which % 18 : select_word(selectors[5]));
}

/* --- Memory, exceptions, registers ------------------------------------------------------------ */

/* Where something is mapped; sometimes where PAGE_MAP would map, whether it has or not. */
static uint64_t address(struct act *act)
{
    const struct input_selector *selectors = act->event->selectors;
    const struct cap *vspace = &act->thread->slots[THREAD_VSPACE].cap;
    act->select.asid = vspace->type == CAP_PAGE_TABLE ? vspace->asid : 0;
    uint64_t offset = selectors[1].mode < SELECT_ODD ? selectors[1].pick * 16u
                                                     : PAGE_BYTES - selectors[1].pick % 16u;
    if (act->event->which % 4 == 3 || selectors[0].mode >= SELECT_ODD) {
        return select_vaddr(&act->select, selectors[0], ABI_PAGE_BITS) + offset;
    }
    return select_mapped(&act->select, selectors[0]) + offset;
}

static uint32_t access_size(const struct act *act)
{
    return 1u << (3 - act->event->how % 4u);
}

static void log_access(const struct act *act, const char *what, uint64_t vaddr, bool done,
                       uint64_t value)
{
    if (done) {
        play_log(act->play, "  %s at 0x%" PRIx64 ": 0x%" PRIx64 "\n", what, vaddr, value);
    }
}

/* A loaded word stays in a register, as it would. */
static void load(struct act *act)
{
    uint64_t value = 0;
    uint64_t vaddr = address(act);
    bool done = sim_load(act->play->sim, vaddr, access_size(act), &value);
    if (done) {
        watch_write(act->x, sizeof act->thread->regs.x);
        act->x[REG_T0] = value;
    }
    log_access(act, "loads", vaddr, done, value);
}

static void store(struct act *act)
{
    uint64_t value = select_word(act->event->selectors[2]);
    uint64_t vaddr = address(act);
    bool done = sim_store(act->play->sim, vaddr, access_size(act), value);
    log_access(act, "stores", vaddr, done, value);
}

static void fetch(struct act *act)
{
    uint64_t value = 0;
    uint64_t vaddr = address(act) & ~(uint64_t)3;
    bool done = sim_fetch(act->play->sim, vaddr, 4, &value);
    log_access(act, "fetches", vaddr, done, value);
}

static void fault(struct act *act)
{
    static const uint8_t causes[] = {0, 2, 3, 4, 6, 1, 5, 7, 12, 13, 15, NO_CAUSE};
    uint64_t cause = causes[act->event->which % COUNT(causes)];
    sim_fault(act->play->sim, cause, address(act));
}

static void fpu(struct act *act)
{
    uint32_t index = act->event->how % 33u;
    uint64_t value = select_word(act->event->selectors[0]);
    if ((act->event->which & 1) != 0) {
        (void)sim_fpu_get(act->play->sim, index, &value);
    } else {
        (void)sim_fpu_set(act->play->sim, index, value);
    }
}

static void fill_buffer(struct act *act)
{
    const struct input_selector *selectors = act->event->selectors;
    uint64_t words[INPUT_SELECTORS];
    uint32_t which = act->event->which % 4u;
    if (which == 0) {
        set_receive_slot(act, (struct input_selector){selectors[0].mode & 0xFC, selectors[0].pick});
        return;
    }
    for (uint32_t i = 0; i < INPUT_SELECTORS; i++) {
        words[i] = which == 1 ? select_cap(&act->select, selectors[i], SELECT_LIVE, NULL).cptr
                              : select_word(selectors[i]);
    }
    if (which == 1) {
        write_buffer(act, ABI_BUFFER_CAPS, words, ABI_MSG_MAX_CAPS);
    } else if (which == 2) {
        write_buffer(act, ABI_BUFFER_CAPS, words, INPUT_SELECTORS);
    } else {
        write_buffer(act, act->event->how % (ABI_BUFFER_WORDS - INPUT_SELECTORS + 1u), words,
                     INPUT_SELECTORS);
    }
}

static void set_registers(struct act *act)
{
    const struct input_selector *selectors = act->event->selectors;
    uint32_t first = 1 + act->event->which % 31u;
    for (uint32_t i = 0; i < INPUT_SELECTORS && first + i < 32; i++) {
        act->x[first + i] = select_word(selectors[i]);
    }
    if (act->event->how >= 192) {
        act->thread->regs.pc = address(act) & ~(uint64_t)3;
    }
}

static void yield(struct act *act)
{
    play_syscall(act->play, (uint64_t)ABI_SYS_YIELD);
}

/* --- The machine ------------------------------------------------------------------------------ */

/* Sources for inputs; rarely others, but never that of the root task. */
static uint32_t line_of(const struct play *play, struct input_selector selector)
{
    if (selector.mode < SELECT_ODD) {
        return 1 + selector.pick % (uint32_t)WORLD_IRQ_COUNT;
    }
    uint32_t line = 1 + selector.pick % play->k->irq_max;
    return line == WORLD_IRQ_ROOT ? 1 : line;
}

/* `how`: how many become pending together; from 192 on their lines are set to a level. Where the
 * kernel completes an interrupt at once, one that is still asserted would come again for ever. */
static void irq(struct play *play, const struct input_event *event)
{
    uint32_t count = event->how < 128 ? 1 : 1 + event->how % 4u;
    bool level = event->how >= 192 && !play->k->irq_complete_at_claim;
    sim_hold_irqs(play->sim, true);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t line = line_of(play, event->selectors[i]);
        play_log(play, "  interrupt %u%s\n", line, level ? ", level" : "");
        if (level) {
            sim_set_irq_level(play->sim, line, (event->which & 1) == 0);
        } else {
            sim_raise_irq(play->sim, line);
        }
    }
    sim_hold_irqs(play->sim, false);
}

/* Mostly at one of the next preemption points. */
static uint64_t polls_from_now(const struct input_event *event)
{
    if (event->how < 128) {
        return 1 + event->how % 8u;
    }
    return event->how < 224 ? event->how - 127u : 1u + event->how;
}

static bool may_inject(struct play *play)
{
    if (play->injections == PLAY_INJECTIONS_MAX) {
        return false;
    }
    play->injections++;
    return true;
}

static void irq_at_poll(struct play *play, const struct input_event *event)
{
    if (may_inject(play)) {
        uint64_t polls = polls_from_now(event);
        uint32_t line = line_of(play, event->selectors[0]);
        play_log(play, "  interrupt %u after %" PRIu64 " looks\n", line, polls);
        sim_inject_at_preemption(play->sim, polls, line);
    }
}

/* Or nearly all of the time that there is. */
static void time_at_poll(struct play *play, const struct input_event *event)
{
    static const uint32_t ticks[] = {1, 100, 1000, 10000, 20000, 200000};
    struct input_selector selector = event->selectors[0];
    uint64_t now = sim_now(play->sim);
    if (may_inject(play) && now < PLAY_TIME_MAX) {
        uint64_t polls = polls_from_now(event);
        uint64_t passing = ticks[selector.pick % COUNT(ticks)];
        uint64_t deadline = sim_deadline(play->sim);
        if (selector.mode >= 128 && deadline > now + selector.pick && deadline < PLAY_TIME_MAX) {
            passing = deadline - now - selector.pick;
        }
        play_log(play, "  %" PRIu64 " ticks after %" PRIu64 " looks\n", passing, polls);
        sim_advance_at_preemption(play->sim, polls, passing);
    }
}

/* Small steps; around the next deadline; some slices; powers of two. */
static void pass_time(struct play *play, const struct input_event *event)
{
    uint64_t pick = event->selectors[0].pick;
    uint64_t now = sim_now(play->sim);
    uint64_t deadline = sim_deadline(play->sim);
    uint64_t left = deadline > now ? deadline - now : 0;
    uint64_t ticks = 0;
    switch (event->which % 8) {
    case 0:
    case 1:
        ticks = pick;
        break;
    case 2:
    case 3:
        ticks = left + pick % 16 - (left < 8 ? 0 : 8);
        break;
    case 4:
        ticks = pick * 100;
        break;
    case 5:
        ticks = pick * 1000;
        break;
    case 6:
        ticks = left;
        break;
    default:
        ticks = event->selectors[0].mode < SELECT_ODD ? pick * 50000 : (uint64_t)1 << pick % 64;
        break;
    }
    play_log(play, "  %" PRIu64 " ticks\n", ticks);
    play_time(play, ticks);
}

/* --- All of them ------------------------------------------------------------------------------ */

typedef void act_function(struct act *act);

static act_function *const acts[INPUT_KINDS] = {
    [INPUT_INVOKE] = invoke,
    [INPUT_SEND] = send,
    [INPUT_RECEIVE] = receive,
    [INPUT_SEND_RECEIVE] = send_receive,
    [INPUT_YIELD] = yield,
    [INPUT_SYSCALL] = any_syscall,
    [INPUT_LOAD] = load,
    [INPUT_STORE] = store,
    [INPUT_FETCH] = fetch,
    [INPUT_FAULT] = fault,
    [INPUT_FPU] = fpu,
    [INPUT_BUFFER] = fill_buffer,
    [INPUT_REGISTERS] = set_registers,
};

typedef void machine_function(struct play *play, const struct input_event *event);

static machine_function *const machine_events[INPUT_KINDS] = {
    [INPUT_IRQ] = irq,
    [INPUT_IRQ_AT_POLL] = irq_at_poll,
    [INPUT_TIME] = pass_time,
    [INPUT_TIME_AT_POLL] = time_at_poll,
};

void play_event(struct play *play, const struct input_event *event, bool alive)
{
    enum input_kind kind = input_kind_of(event->what);
    struct act act;
    if (machine_events[kind] != NULL) {
        machine_events[kind](play, event);
    } else if (alive) {
        act_begin(&act, play, event);
        acts[kind](&act);
    }
}
