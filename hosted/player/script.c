/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/player/script.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/bootinfo.h"
#include "core/ipc.h"
#include "core/ram.h"
#include "hosted/player/parts.h"
#include "hosted/trace/look.h"

enum {
    ECALL_BYTES = 4,
    ROOT_CNODE = ABI_SLOT_INIT_CNODE,
    ROOT_VSPACE = ABI_SLOT_INIT_VSPACE,
    SPARE_SLOTS = 3, /* At the end of the CNode, of the player. */
    BUFFER_USER_DATA = 121,
    WRITE_REGISTERS_WORDS = 3,
    TRANSFER = 4 | 8, /* CopyRegisters: frame and integer registers. */
};

/* ---- Refusing ---- */

/* A text for a message: "..." stands for the rest of a long one. */
struct brief {
    char text[124];
};

static struct brief brief(const char *text)
{
    struct brief brief;
    int size = sizeof brief.text;
    bool fits = strlen(text) < sizeof brief.text;
    snprintf(brief.text, sizeof brief.text, "%.*s%s", fits ? size - 1 : size - 4, text,
             fits ? "" : "...");
    return brief;
}

static void add_reason(struct parts *p, const char *format, const char *first)
{
    uint32_t i = 0;
    while (i < p->reason_count && strcmp(p->reasons[i].format, format) != 0) {
        i++;
    }
    if (i == sizeof p->reasons / sizeof *p->reasons) {
        i--; /* There are not so many reasons below. */
    }
    if (i == p->reason_count) {
        p->reasons[i].format = format;
        snprintf(p->reasons[i].first, sizeof p->reasons[i].first, "%s", first);
        p->reason_count++;
    }
    p->reasons[i].count++;
}

static void say_reasons(const struct parts *p, FILE *file)
{
    for (uint32_t i = 0; file != NULL && i < p->reason_count; i++) {
        const struct part_reason *reason = &p->reasons[i];
        fprintf(file, "albireo to-elf: left out: ");
        if (reason->count > 1) {
            fprintf(file, "%" PRIu64 " events, the first is ", reason->count);
        }
        fprintf(file, "%s\n", reason->first);
    }
}

/* What cannot be played ends it all, or is left out. Always false. */
static bool refuse(struct parts *p, const struct trace_event *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool refuse(struct parts *p, const struct trace_event *event, const char *format, ...)
{
    char why[340];
    char text[sizeof p->reasons[0].first];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    snprintf(text, sizeof text, "event %" PRIu64 " (%s): %s", event->number,
             brief(event->what).text, why);
    if (p->options->skip) {
        add_reason(p, format, text);
    } else if (!p->failed) {
        snprintf(p->error->text, sizeof p->error->text, "%s", text);
        p->failed = true;
    }
    return false;
}

/* ---- Threads ---- */

static struct part_thread *find_thread(struct parts *p, const struct thread *object)
{
    for (uint32_t i = p->thread_count; i-- > 0;) {
        if (p->threads[i].object == object) {
            return &p->threads[i];
        }
    }
    return NULL;
}

static uint64_t index_of(const struct parts *p, const struct part_thread *thread)
{
    return (uint64_t)(thread - p->threads);
}

static struct part_thread *add_thread(struct parts *p, struct thread *object)
{
    struct part_thread *thread = &p->threads[p->thread_count];
    if (p->thread_count == SCRIPT_THREADS_MAX) {
        return NULL;
    }
    memset(thread, 0, sizeof *thread);
    thread->object = object;
    p->thread_count++;
    return thread;
}

/* The player's, unless it has been deleted and its memory used again; null if there are too many.
 */
static struct part_thread *thread_of(struct parts *p, struct thread *object)
{
    struct part_thread *thread = find_thread(p, object);
    return thread != NULL ? thread : add_thread(p, object);
}

/* Threads that an event has made are not those that were at these addresses before. An event that
 * makes threads destroys none. */
static void forget_replaced(struct parts *p, const struct thread *newest)
{
    const struct thread *thread = sim_kernel(p->sim)->threads;
    if (!look_is_thread(p->sim, newest)) {
        return;
    }
    for (uint32_t i = 0; thread != newest && i < LOOK_THREADS_MAX; i++, thread = thread->all_next) {
        if (!look_good(p->sim, thread, sizeof *thread)) {
            return;
        }
        struct part_thread *old = find_thread(p, thread);
        if (old != NULL) {
            parts_settle(p, old);
            old->object = NULL;
        }
    }
}

/* A CNode or page table that is the root task's. */
static bool same_object(const struct cap *a, const struct cap *b)
{
    return a->type == b->type && a->slots == b->slots;
}

/* ---- Calls ---- */

static struct part_call *add_call(struct parts *p, struct part_thread *thread,
                                  const struct trace_event *event)
{
    if (thread->count == thread->capacity) {
        thread->capacity = thread->capacity == 0 ? 16 : 2 * thread->capacity;
        thread->calls = realloc(thread->calls, thread->capacity * sizeof *thread->calls);
        if (thread->calls == NULL) {
            abort();
        }
    }
    struct part_call *part = &thread->calls[thread->count++];
    memset(part, 0, sizeof *part);
    part->call.event = event->number;
    part->call.order = p->events;
    part->what = strdup(event->what);
    if (part->what == NULL) {
        abort();
    }
    return part;
}

static void add_load(struct part_call *part, uint64_t thread, uint64_t index, uint64_t value)
{
    size_t count = (size_t)part->call.load_count + 1;
    part->loads = realloc(part->loads, count * sizeof *part->loads);
    if (part->loads == NULL) {
        abort();
    }
    part->loads[part->call.load_count++] = (struct script_word){thread, index, value};
}

/* A call of the player's own: the event that it is for gives it its name. */
static struct part_call *add_own(struct parts *p, struct part_thread *thread,
                                 const struct trace_event *event, uint64_t dest, uint64_t info)
{
    struct part_call *part = add_call(p, thread, event);
    part->call.flags = SCRIPT_OWN;
    part->call.in[0] = dest;
    part->call.in[1] = info;
    part->call.in[7] = (uint64_t)ABI_SYS_CALL;
    return part;
}

/* The target of a TCB's invocation; null if it is none. */
static struct thread *target_of(const struct parts *p, const struct thread *caller)
{
    const struct slot *slot = look_slot(p->sim, caller, caller->regs.x[REG_A0]);
    bool good =
        slot != NULL && slot->cap.type == CAP_TCB && look_is_thread(p->sim, slot->cap.thread);
    return good ? slot->cap.thread : NULL;
}

static bool refuse_thread(struct parts *p, const struct trace_event *event)
{
    return refuse(p, event,
                  "it needs more threads than the %d that the player has, those that have been "
                  "deleted among them",
                  SCRIPT_THREADS_MAX);
}

/* Before `target` first runs, its pc becomes a place in the player. */
static void place(struct parts *p, struct part_thread *thread, struct part_thread *target,
                  const struct trace_event *event)
{
    if (target->placed || target->object == thread->object) {
        return;
    }
    struct part_call *part =
        add_own(p, thread, event, thread->object->regs.x[REG_A0],
                message_info(ABI_LABEL_TCB_WRITE_REGISTERS, 0, 0, WRITE_REGISTERS_WORDS));
    part->call.in[3] = 1;
    part->call.in[4] = index_of(p, target);
    part->call.flags |= SCRIPT_PLACE;
    target->placed = true;
}

/* What must be done about a call that starts a thread. */
static bool prepare_start(struct parts *p, struct part_thread *thread,
                          const struct trace_event *event, bool *places)
{
    const struct regs *regs = &thread->object->regs;
    uint64_t label = message_label(regs->x[REG_A1]);
    int64_t number = (int64_t)regs->x[REG_A7];
    if (number != ABI_SYS_CALL && number != ABI_SYS_SEND && number != ABI_SYS_NB_SEND) {
        return true;
    }
    struct thread *object = target_of(p, thread->object);
    if (object == NULL) {
        return true;
    }
    struct part_thread *target = thread_of(p, object);
    if (target == NULL) {
        return refuse_thread(p, event);
    }
    if (label == ABI_LABEL_TCB_COPY_REGISTERS && (regs->x[REG_A2] & TRANSFER) != 0) {
        return refuse(p, event, "it gives a thread another one's place in the program");
    }
    if (label == ABI_LABEL_TCB_WRITE_REGISTERS && regs->x[REG_A3] > 0 &&
        message_length(regs->x[REG_A1]) >= WRITE_REGISTERS_WORDS) {
        *places = true;
        target->placed = true;
    } else if (label == ABI_LABEL_TCB_RESUME || label == ABI_LABEL_TCB_WRITE_REGISTERS ||
               label == ABI_LABEL_TCB_COPY_REGISTERS) {
        place(p, thread, target, event);
    }
    return true;
}

/* A word of memory that user code has written: in whose IPC buffer? */
static bool add_memory(struct parts *p, struct part_call *part, const struct trace_word *word)
{
    for (uint32_t i = 0; i < p->thread_count; i++) {
        struct part_thread *thread = &p->threads[i];
        if (!look_is_thread(p->sim, thread->object)) {
            continue;
        }
        uint64_t buffer = look_buffer(p->sim, thread->object, false);
        uint64_t index = (word->at - buffer) / 8;
        if (buffer == 0 || word->at < buffer || index >= SCRIPT_BUFFER_WORDS ||
            (i == 0 && index == BUFFER_USER_DATA)) {
            continue;
        }
        thread->wanted = true;
        add_load(part, i, index, word->value);
        return !p->final || thread->mapped;
    }
    return true; /* Nobody's: the kernel does not look at it. */
}

static bool add_loads(struct parts *p, struct part_thread *thread, struct part_call *part,
                      const struct trace_event *event)
{
    static struct trace_action action;
    struct trace_error error;
    bool good = true;
    for (uint32_t i = 0; i < event->word_count; i++) {
        good = add_memory(p, part, &event->words[i]) && good;
    }
    if (trace_read_what(event->what, &action, &error) &&
        look_buffer(p->sim, thread->object, false) != 0) {
        for (uint32_t i = 0; i < action.word_count; i++) {
            thread->wanted = true;
            add_load(part, index_of(p, thread), action.words[i].at, action.words[i].value);
            good = good && (!p->final || thread->mapped);
        }
    }
    return good || refuse(p, event,
                          "it writes to an IPC buffer that the player cannot map, since "
                          "the thread's CSpace is not the root task's");
}

/* Whether a call names a slot of the root CNode: as what it invokes, or as the source or target of
 * an operation on CNodes (docs/abi/05). */
static bool names_slot(const struct part_call *part, uint64_t slot)
{
    const uint64_t *in = part->call.in;
    bool named = in[0] == slot;
    switch (message_label(in[1])) { /* tidy: open switch */
    case ABI_LABEL_CNODE_REVOKE:
    case ABI_LABEL_CNODE_DELETE:
        return named || (in[0] == ROOT_CNODE && in[2] == slot);
    case ABI_LABEL_CNODE_COPY:
    case ABI_LABEL_CNODE_MINT:
    case ABI_LABEL_CNODE_MOVE:
    case ABI_LABEL_CNODE_MUTATE:
        return named || in[4] == slot;
    case ABI_LABEL_CNODE_ROTATE:
        named = named || in[2] == slot || in[5] == slot;
        break;
    default:
        break;
    }
    for (uint64_t k = 0; k < part->call.load_count; k++) {
        bool cap = part->loads[k].index >= ABI_BUFFER_CAPS;
        bool rotate = message_label(in[1]) == ABI_LABEL_CNODE_ROTATE;
        named = named || ((cap || rotate) && part->loads[k].value == slot);
    }
    return named;
}

static void note_untypeds(struct parts *p, const struct part_call *part)
{
    const struct cap *cnode = &p->cspace;
    for (uint32_t i = 0; i < p->untyped_count; i++) {
        uint64_t slot = p->untypeds[i].slot;
        if (names_slot(part, slot) && cnode->slots[slot].cap.type == CAP_UNTYPED) {
            p->untyped_used[i] = true;
        }
    }
}

/* ---- IPC buffers ---- */

/* The slot of the root CNode with the frame of a thread's buffer; 0 if it has none. */
static uint64_t frame_slot(const struct parts *p, const struct thread *thread)
{
    const struct cap *cnode = &p->cspace;
    const struct cap *frame = &thread->slots[THREAD_BUFFER].cap;
    for (uint64_t i = 1; frame->type == CAP_FRAME && i < cap_slot_count(cnode); i++) {
        const struct cap *cap = &cnode->slots[i].cap;
        if (cap->type == CAP_FRAME && cap->paddr == frame->paddr && cap->bits == ABI_PAGE_BITS) {
            return i;
        }
    }
    return 0;
}

/* After a thread's buffer has been set: a copy of the frame is mapped where the player finds it. */
static void map_buffer(struct parts *p, struct part_thread *thread, struct part_thread *target,
                       const struct trace_event *event)
{
    uint64_t frame = frame_slot(p, target->object);
    if (target->mapped || frame == 0 || !thread->mapped ||
        !same_object(&thread->object->slots[THREAD_CSPACE].cap, &p->cspace)) {
        return;
    }
    uint64_t self = index_of(p, thread);
    uint64_t slot = ((uint64_t)1 << p->cnode_bits) - SPARE_SLOTS - p->own_slots++;
    struct part_call *copy =
        add_own(p, thread, event, ROOT_CNODE, message_info(ABI_LABEL_CNODE_COPY, 0, 1, 5));
    copy->call.in[2] = slot;
    copy->call.in[3] = 64;
    copy->call.in[4] = frame;
    copy->call.in[5] = 64;
    add_load(copy, self, ABI_BUFFER_MSG + 4, ABI_RIGHT_ALL);
    add_load(copy, self, ABI_BUFFER_CAPS, ROOT_CNODE);
    struct part_call *map =
        add_own(p, thread, event, slot, message_info(ABI_LABEL_PAGE_MAP, 0, 1, 3));
    map->call.in[2] = SCRIPT_BUFFERS + index_of(p, target) * 4096;
    map->call.in[3] = ABI_RIGHT_READ | ABI_RIGHT_WRITE;
    add_load(map, self, ABI_BUFFER_CAPS, ROOT_VSPACE);
    target->buffer = target->object->buffer_vaddr % 4096 / 8;
    target->mapped = true;
}

static void map_wanted(struct parts *p, struct part_thread *thread, const struct trace_event *event)
{
    for (uint32_t i = 1; i < p->thread_count; i++) {
        struct part_thread *target = &p->threads[i];
        if ((p->wanted >> i & 1) != 0 && look_is_thread(p->sim, target->object) &&
            target->object->slots[THREAD_BUFFER].cap.type == CAP_FRAME) {
            map_buffer(p, thread, target, event);
        }
    }
}

/* ---- Events ---- */

static bool is_repeated(const struct parts *p, const struct part_thread *thread)
{
    (void)p;
    return thread->pending != 0 && thread->object->regs.pc == thread->pending_pc;
}

/* The registers of the call that the thread stands at, in the order of the script. */
static void read_registers(const struct thread *thread, uint64_t in[9])
{
    for (uint32_t i = 0; i < 8; i++) {
        in[i] = thread->regs.x[REG_A0 + i];
    }
    in[8] = thread->regs.x[REG_T0];
}

/* The kernel has the thread execute its ecall once more; a processor does that by itself. */
static bool repeat(struct parts *p, struct part_thread *thread, const struct trace_event *event)
{
    uint64_t in[9];
    read_registers(thread->object, in);
    if (memcmp(in, thread->calls[thread->pending - 1].call.in, sizeof in) != 0 &&
        (thread->calls[thread->pending - 1].call.flags & SCRIPT_PLACE) == 0) {
        return refuse(p, event,
                      "the kernel has the thread repeat its last call, and this is "
                      "another one");
    }
    return true;
}

/* The call that the thread is about to make, in the machine already. */
static bool add_event(struct parts *p, struct part_thread *thread, const struct trace_event *event)
{
    bool places = false;
    if (!prepare_start(p, thread, event, &places)) {
        return false;
    }
    struct part_call *part = add_call(p, thread, event);
    read_registers(thread->object, part->call.in);
    if (!add_loads(p, thread, part, event)) {
        thread->count--;
        return false;
    }
    if (places) {
        part->call.flags |= SCRIPT_PLACE;
        part->call.in[4] = index_of(p, thread_of(p, target_of(p, thread->object)));
    }
    note_untypeds(p, part);
    thread->pending = thread->count;
    thread->pending_pc = thread->object->regs.pc;
    thread->settled = false;
    p->events++;
    return true;
}

static bool is_debug_call(const struct trace_event *event)
{
    return strncmp(event->what, "Debug", 5) == 0;
}

/* Makes the event happen, and hears what the kernel answers. */
static void fire(struct parts *p, struct part_thread *thread, const struct trace_event *event)
{
    static struct trace_event is;
    trace_describe_before(p->sim, NULL, event->event, event->a, event->b, &is);
    sim_fire(p->sim, event->event, event->a, event->b);
    trace_describe_after(p->sim, NULL, &is);
    sim_clear_injections(p->sim);
    bool different = event->outcome[0] != '\0' && strcmp(event->outcome, is.outcome) != 0;
    if (sim_status(p->sim) != SIM_RUNNING || thread == NULL || thread->pending == 0 || !different) {
        return;
    }
    if (!parts_expect(p, thread, event->outcome)) {
        (void)refuse(p, event,
                     "this kernel answers \"%s\", the trace says \"%s\"; of a "
                     "difference only ok and error NAME can be expected",
                     brief(is.outcome).text, brief(event->outcome).text);
    }
}

/* An event of a thread: false if it is not to be played. */
static bool take_call(struct parts *p, struct part_thread *thread, const struct trace_event *event,
                      bool repeated)
{
    if (event->event == SIM_EVENT_FAULT) {
        return refuse(p, event, "it is a fault of user code");
    }
    if (is_debug_call(event)) {
        return false; /* They change nothing that others could see. */
    }
    if (strncmp(event->what, "unknown", 7) == 0) {
        return refuse(p, event, "it is a fault of user code");
    }
    if (!same_object(&thread->object->slots[THREAD_VSPACE].cap, &p->vspace)) {
        return refuse(p, event, "its thread runs in an address space that is not the root task's");
    }
    if (!thread->placed) {
        return refuse(p, event, "its thread was started in a way that the player does not know");
    }
    return repeated ? repeat(p, thread, event) : add_event(p, thread, event);
}

static void name_thread(struct part_thread *thread, const struct trace_thread *who)
{
    snprintf(thread->name, sizeof thread->name, "%s@%" PRIx64, who->name, who->paddr);
}

/* False when there is no more to be played. */
static bool take_event(struct parts *p, struct trace_event *event)
{
    struct trace_error error;
    const struct thread *newest = sim_kernel(p->sim)->threads;
    const struct thread *current = sim_current(p->sim);
    bool user = event->event == SIM_EVENT_SYSCALL || event->event == SIM_EVENT_FAULT;
    bool known = user && look_is_thread(p->sim, current);
    struct part_thread *thread = known ? thread_of(p, sim_current(p->sim)) : NULL;
    bool repeated = thread != NULL && is_repeated(p, thread);
    if (thread != NULL && !repeated) {
        parts_settle(p, thread);
    }
    if (!trace_apply(p->sim, event, &error)) {
        snprintf(p->error->text, sizeof p->error->text, "%s", error.text);
        p->failed = true;
        return false;
    }
    if (thread != NULL) {
        struct trace_thread who;
        trace_describe_thread(p->sim, thread->object, &who);
        name_thread(thread, &who);
        (void)take_call(p, thread, event, repeated);
    } else if (user) {
        (void)refuse_thread(p, event);
    }
    fire(p, thread, event);
    if (event->event == SIM_EVENT_IRQ || (!user && current != sim_current(p->sim))) {
        (void)refuse(p, event, "it has its effect by an interrupt, which the player cannot cause");
    }
    if (sim_status(p->sim) != SIM_RUNNING) {
        return false;
    }
    forget_replaced(p, newest);
    if (thread != NULL && p->final && !p->failed) {
        map_wanted(p, thread, event);
    }
    return !p->failed;
}

/* ---- Surroundings ---- */

static void read_bootinfo(struct parts *p)
{
    const struct thread *thread = sim_current(p->sim);
    const struct slot *frame = look_slot(p->sim, thread, ABI_SLOT_BOOTINFO_FRAME);
    const struct bootinfo *info = ram_at(sim_kernel(p->sim), frame->cap.paddr);
    const struct sim_config *config = sim_config_of(p->sim);
    uint64_t start = config->image_vaddr;
    uint64_t end =
        info->ipc_buffer + 2 * 4096 + (info->extra_pages.end - info->extra_pages.start) * 4096;
    p->cspace = thread->slots[THREAD_CSPACE].cap;
    p->vspace = thread->slots[THREAD_VSPACE].cap;
    p->cnode_bits = info->cnode_bits;
    p->sched_control = info->sched_control.start;
    p->untyped_count = (uint32_t)(info->untyped.end - info->untyped.start);
    for (uint32_t i = 0; i < p->untyped_count; i++) {
        const struct bootinfo_untyped *u = &info->untyped_list[i];
        p->untypeds[i] = (struct script_untyped){.slot = info->untyped.start + i,
                                                 .bits = u->size_bits,
                                                 .device = u->is_device,
                                                 .paddr = u->paddr};
    }
    p->table_count = 0;
    for (uint64_t at = start >> 21 << 21; at < end; at += (uint64_t)1 << 21) {
        if (p->table_count < sizeof p->tables / sizeof *p->tables) {
            p->tables[p->table_count++] = at;
        }
    }
}

/* The kernel will have the thread repeat the call that it is in, after the end of the trace. */
static bool will_repeat(const struct parts *p, const struct part_thread *thread)
{
    return thread->pending != 0 && look_is_thread(p->sim, thread->object) &&
           thread_is_runnable(thread->object) && thread->object->regs.pc == thread->pending_pc;
}

/* A panic leaves open what would be right. */
static void finish(struct parts *p, bool panicked)
{
    const struct part_thread *last =
        sim_is_idle(p->sim) ? NULL : find_thread(p, sim_current(p->sim));
    p->last = last == NULL ? SCRIPT_NOBODY : index_of(p, last);
    if (panicked || (last == NULL && !sim_is_idle(p->sim))) {
        p->last = SCRIPT_ANYBODY;
    }
    for (uint32_t i = 0; i < p->thread_count; i++) {
        struct part_thread *thread = &p->threads[i];
        bool repeats = !panicked && will_repeat(p, thread);
        if (repeats) {
            p->last = SCRIPT_ANYBODY;
        }
        thread->settled = thread->settled || repeats || (panicked && thread == last);
        parts_settle(p, thread);
    }
}

static void free_threads(struct parts *p)
{
    for (uint32_t i = 0; i < p->thread_count; i++) {
        for (uint32_t k = 0; k < p->threads[i].count; k++) {
            free(p->threads[i].calls[k].what);
            free(p->threads[i].calls[k].loads);
            free(p->threads[i].calls[k].words);
        }
        free(p->threads[i].calls);
    }
}

/* Plays the trace, and collects the calls of each thread. */
static bool collect(struct parts *p, struct trace *trace)
{
    struct session_options options = {.any_build = true, .no_hashes = true, .forwards_only = true};
    struct trace_event event;
    struct trace_error error;
    struct session *session = session_replay(trace, &options, p->error);
    if (session == NULL) {
        return false;
    }
    memset(&event, 0, sizeof event);
    p->sim = session_sim(session);
    read_bootinfo(p);
    struct part_thread *first = add_thread(p, sim_current(p->sim));
    first->placed = true;
    first->mapped = true;
    bool more = true;
    for (uint64_t n = 1; more && n <= trace_events(trace); n++) {
        if (!trace_event_at(trace, n, &event, &error)) {
            snprintf(p->error->text, sizeof p->error->text, "%s", error.text);
            p->failed = true;
            break;
        }
        more = take_event(p, &event);
    }
    finish(p, sim_status(p->sim) == SIM_PANICKED);
    p->wanted = 0;
    for (uint32_t i = 0; i < p->thread_count; i++) {
        p->wanted |= p->threads[i].wanted ? (uint64_t)1 << i : 0;
    }
    trace_event_free(&event);
    session_close(session);
    return !p->failed;
}

uint8_t *script_make(struct trace *trace, const struct script_options *options, size_t *size,
                     struct session_error *error)
{
    struct parts *p = calloc(2, sizeof *p);
    uint8_t *script = NULL;
    if (p == NULL) {
        abort();
    }
    p[0].options = options;
    p[0].error = error;
    p[1].options = options;
    p[1].error = error;
    p[1].final = true;
    bool good = collect(&p[0], trace);
    p[1].wanted = p[0].wanted;
    if (good && collect(&p[1], trace)) {
        script = parts_layout(&p[1], size);
        say_reasons(&p[1], options->warnings);
    }
    free_threads(&p[0]);
    free_threads(&p[1]);
    free(p);
    return script;
}
