/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/reduce/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/bootinfo.h"
#include "core/kernel.h"
#include "core/ram.h"
#include "hosted/trace/look.h"

enum { BUFFER_BYTES = TRACE_BUFFER_WORDS * 8, LEVEL_MAX = 1 << 20, POOL_SIZE = 1 << 20 };

/* Memory of steps: never freed one by one. */
struct pool {
    struct pool *next;
    size_t size;
    size_t used;
    char bytes[];
};

struct trial {
    struct trace *trace; /* An empty one that the session's machine is from. */
    struct session *session;
    struct sim *sim;
    struct sim_snapshot *boot;
    bool checks;
    struct trace_header header;

    struct pool *pool;
    struct step *steps;
    uint32_t count;
    uint32_t capacity;
    enum sim_status ended;
    char message[512];
    char cut[ERROR_TEXT];

    struct thread **threads; /* By number: where it is in this run, or null. */
    int32_t thread_count;
    int32_t thread_capacity;
    struct trace_event event; /* Scratch. */
    uint64_t runs;
};

/* ---- Memory ---- */

static void *pool_copy(struct trial *t, const void *bytes, size_t size)
{
    size_t rounded = (size + 7) / 8 * 8;
    if (size == 0) {
        return NULL;
    }
    if (t->pool == NULL || t->pool->size - t->pool->used < rounded) {
        size_t room = rounded > POOL_SIZE ? rounded : POOL_SIZE; /* A long line has many words. */
        struct pool *pool = malloc(sizeof *pool + room);
        if (pool == NULL) {
            abort();
        }
        pool->next = t->pool;
        pool->size = room;
        pool->used = 0;
        t->pool = pool;
    }
    void *copy = t->pool->bytes + t->pool->used;
    t->pool->used += rounded;
    memcpy(copy, bytes, size);
    return copy;
}

static struct step *add_step(struct trial *t)
{
    if (t->count == t->capacity) {
        t->capacity = t->capacity == 0 ? 1024 : 2 * t->capacity;
        t->steps = realloc(t->steps, t->capacity * sizeof *t->steps);
        if (t->steps == NULL) {
            abort();
        }
    }
    t->steps[t->count] = (struct step){.who = STEP_ANY};
    return &t->steps[t->count++];
}

static int32_t add_thread(struct trial *t, struct thread *thread)
{
    if (t->thread_count == t->thread_capacity) {
        t->thread_capacity = t->thread_capacity == 0 ? 64 : 2 * t->thread_capacity;
        t->threads = realloc(t->threads, (size_t)t->thread_capacity * sizeof(struct thread *));
        if (t->threads == NULL) {
            abort();
        }
    }
    t->threads[t->thread_count] = thread;
    return t->thread_count++;
}

/* ---- Threads ---- */

static struct thread *newest(const struct trial *t)
{
    return sim_kernel(t->sim)->threads;
}

/* The thread, if it can be looked at and is not one of too many. */
static struct thread *checked(const struct trial *t, struct thread *thread, int32_t seen)
{
    return seen < LOOK_THREADS_MAX && look_good(t->sim, thread, sizeof *thread) ? thread : NULL;
}

/* How many threads an event has made, before which `before` was the newest one. An event that makes
 * threads destroys none. */
static int32_t count_made(const struct trial *t, const struct thread *before)
{
    int32_t made = 0;
    struct thread *thread = newest(t);
    while (thread != before) {
        thread = checked(t, thread, made++);
        if (thread == NULL) {
            return 0;
        }
        thread = thread->all_next;
    }
    return thread == NULL ? 0 : made;
}

/* Those that a step has made, oldest first, get its numbers. */
static void number_threads(struct trial *t, const struct thread *before, const struct step *step)
{
    struct thread *thread = newest(t);
    for (int32_t i = count_made(t, before); i-- > 0; thread = thread->all_next) {
        if (i < step->thread_count) {
            t->threads[step->thread_first + i] = thread;
        }
    }
}

/* The number of the thread that is at this address now. */
static int32_t thread_number(const struct trial *t, const struct thread *thread)
{
    for (int32_t i = t->thread_count; i-- > 0;) {
        if (t->threads[i] == thread) {
            return i;
        }
    }
    return STEP_ANY;
}

static uint32_t count_capabilities(const struct trial *t)
{
    const struct kernel *k = sim_kernel(t->sim);
    uint32_t count = 0;
    uint32_t next = k->cdt_root.next;
    while (next != 0 && count < LEVEL_MAX) {
        const struct slot *slot = ram_slot(k, next);
        next = look_good(t->sim, slot, sizeof *slot) ? slot->next : 0;
        count++;
    }
    return count;
}

/* ---- From a trace ---- */

static void find_word(const struct trial *t, const struct trace_word *from, struct step_word *to)
{
    *to = (struct step_word){STEP_ANY, from->at, from->value};
    struct thread *thread = newest(t);
    for (int32_t i = 0; (thread = checked(t, thread, i)) != NULL; i++, thread = thread->all_next) {
        uint64_t buffer = look_buffer(t->sim, thread, false);
        if (buffer != 0 && from->at - buffer < BUFFER_BYTES) {
            *to = (struct step_word){thread_number(t, thread), from->at - buffer, from->value};
            return;
        }
    }
}

static void read_step(struct trial *t, const struct trace_event *event, struct step *step)
{
    step->event = event->event;
    step->a = event->a;
    step->b = event->b;
    uint64_t now = sim_now(t->sim);
    step->delay = event->time > now ? event->time - now : 0;
    step->level = count_capabilities(t);
    step->who = sim_is_idle(t->sim) ? STEP_IDLE : thread_number(t, sim_current(t->sim));
    step->reg_count = event->reg_count;
    step->regs = pool_copy(t, event->regs, event->reg_count * sizeof event->regs[0]);
    step->poll_count = event->poll_count;
    struct trace_poll polls[TRACE_POLLS];
    for (uint32_t i = 0; i < event->poll_count; i++) {
        polls[i] = event->polls[i];
        polls[i].time -= now + step->delay; /* They are later. */
    }
    step->polls = pool_copy(t, polls, event->poll_count * sizeof polls[0]);
    step->what = pool_copy(t, event->what, strlen(event->what) + 1);
    if (event->word_count != 0) {
        struct step_word *words = calloc(event->word_count, sizeof *words);
        if (words == NULL) {
            abort();
        }
        for (uint32_t i = 0; i < event->word_count; i++) {
            find_word(t, &event->words[i], &words[i]);
        }
        step->word_count = event->word_count;
        step->words = pool_copy(t, words, event->word_count * sizeof *words);
        free(words);
    }
}

static bool is_callable(const struct trial *t, enum sim_event event)
{
    return !sim_is_idle(t->sim) || event == SIM_EVENT_IRQ || event == SIM_EVENT_TICK;
}

static bool is_current(const struct trial *t, const struct trace_thread *who)
{
    struct trace_thread is;
    trace_describe_thread(t->sim, sim_current(t->sim), &is);
    return who->paddr == UINT64_MAX || who->paddr == is.paddr;
}

static void fire(struct trial *t, const struct trace_event *event)
{
    sim_fire(t->sim, event->event, event->a, event->b);
    sim_clear_injections(t->sim);
}

/* False if it does not fit. */
static bool play_event(struct trial *t, const struct trace_event *event)
{
    const struct thread *before = newest(t);
    struct trace_error error;
    if (!is_current(t, &event->who) || !is_callable(t, event->event)) {
        snprintf(t->cut, sizeof t->cut,
                 "event %" PRIu64 " is not of the thread that runs here then", event->number);
        return false;
    }
    struct step *step = add_step(t);
    read_step(t, event, step);
    if (!trace_apply(t->sim, event, &error)) {
        snprintf(t->cut, sizeof t->cut, "%s", error.text); /* It names the event. */
        t->count--;
        return false;
    }
    fire(t, event);
    step->thread_first = t->thread_count;
    step->thread_count = count_made(t, before);
    for (int32_t i = 0; i < step->thread_count; i++) {
        add_thread(t, NULL);
    }
    number_threads(t, before, step);
    return true;
}

static bool play_trace(struct trial *t, struct trace *trace, struct session_error *error)
{
    struct trace_error wrong;
    bool fits = true;
    add_thread(t, sim_current(t->sim)); /* The root task. */
    for (uint64_t n = 1; fits && n <= trace_events(trace) && sim_status(t->sim) == SIM_RUNNING;
         n++) {
        if (!trace_event_at(trace, n, &t->event, &wrong)) {
            snprintf(error->text, sizeof error->text, "%s", wrong.text);
            return false;
        }
        fits = play_event(t, &t->event);
    }
    t->ended = sim_status(t->sim);
    snprintf(t->message, sizeof t->message, "%s", sim_message(t->sim));
    return true;
}

/* ---- The machine ---- */

static bool open_machine(struct trial *t, const struct trace_header *header,
                         struct session_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    struct trace_header plain = *header;
    struct trace_error wrong;
    if (file == NULL) {
        abort();
    }
    plain.build[0] = '\0';
    plain.hash_every = 0;
    trace_write_header(file, &plain);
    trace_write_end(file, 0, "nothing has happened");
    fclose(file);
    t->trace = trace_parse(text, size, &wrong);
    free(text);
    if (t->trace == NULL) {
        snprintf(error->text, sizeof error->text, "%s", wrong.text);
        return false;
    }
    struct session_options options = {.any_build = true,
                                      .no_hashes = true,
                                      .forwards_only = true,
                                      .check_every = t->checks ? 1 : 0};
    t->session = session_replay(t->trace, &options, error);
    if (t->session == NULL) {
        trace_close(t->trace);
        t->trace = NULL;
        return false;
    }
    t->sim = session_sim(t->session);
    t->boot = sim_snapshot_take(t->sim);
    t->header = *trace_header(t->trace);
    return t->boot != NULL;
}

static void close_machine(struct trial *t)
{
    sim_snapshot_free(t->boot);
    session_close(t->session);
    trace_close(t->trace);
    t->boot = NULL;
    t->session = NULL;
    t->trace = NULL;
}

struct trial *trial_create(struct trace *trace, bool checks, struct session_error *error)
{
    struct trial *t = calloc(1, sizeof *t);
    if (t == NULL) {
        abort();
    }
    t->checks = checks;
    snprintf(error->text, sizeof error->text, "out of memory");
    if (!open_machine(t, trace_header(trace), error) || !play_trace(t, trace, error)) {
        trial_free(t);
        return NULL;
    }
    return t;
}

void trial_free(struct trial *t)
{
    if (t == NULL) {
        return;
    }
    close_machine(t);
    while (t->pool != NULL) {
        struct pool *next = t->pool->next;
        free(t->pool);
        t->pool = next;
    }
    free(t->steps);
    free(t->threads);
    trace_event_free(&t->event);
    free(t);
}

bool trial_move(struct trial *t, const struct trace_header *header)
{
    struct trace_header old = t->header;
    struct session_error error;
    close_machine(t);
    if (open_machine(t, header, &error)) {
        return true;
    }
    close_machine(t);
    if (!open_machine(t, &old, &error)) {
        fprintf(stderr, "albireo: %s\n", error.text);
        abort(); /* It was possible a moment ago. */
    }
    return false;
}

/* Whether an untyped of `bits` is nearer to what is wanted than the best one so far. */
static bool is_better(uint8_t bits, uint8_t best, uint8_t wanted)
{
    if (best < wanted) {
        return bits > best;
    }
    return bits >= wanted && bits < best;
}

void trial_slots(struct trial *t, uint8_t ram_bits, struct trial_slots *slots)
{
    sim_snapshot_restore(t->sim, t->boot);
    const struct thread *root = sim_current(t->sim);
    const struct slot *frame = look_slot(t->sim, root, ABI_SLOT_BOOTINFO_FRAME);
    const struct bootinfo *info = ram_at(sim_kernel(t->sim), frame->cap.paddr);
    uint8_t best = 0;
    slots->empty = info->empty.start;
    slots->end = info->empty.end;
    slots->sched_control = info->sched_control.start;
    slots->first_untyped = info->untyped.start;
    slots->end_untyped = info->untyped.end;
    slots->ram = 0;
    for (uint64_t i = 0; i < info->untyped.end - info->untyped.start; i++) {
        const struct bootinfo_untyped *untyped = &info->untyped_list[i];
        if (untyped->is_device == 0 && is_better(untyped->size_bits, best, ram_bits)) {
            best = untyped->size_bits;
            slots->ram = info->untyped.start + i;
        }
    }
}

const char *trial_text(struct trial *t, const char *text)
{
    return pool_copy(t, text, strlen(text) + 1);
}

void trial_leave(struct trial *t)
{
    close_machine(t);
}

const struct trace_header *trial_header(const struct trial *t)
{
    return &t->header;
}

uint32_t trial_steps(const struct trial *t, const struct step **steps)
{
    *steps = t->steps;
    return t->count;
}

const char *trial_cut(const struct trial *t)
{
    return t->cut;
}

enum sim_status trial_ended(const struct trial *t, const char **message)
{
    *message = t->message;
    return t->ended;
}

uint64_t trial_count(const struct trial *t)
{
    return t->runs;
}

/* ---- Running ---- */

static void begin(struct trial *t)
{
    sim_snapshot_restore(t->sim, t->boot);
    for (int32_t i = 0; i < t->thread_count; i++) {
        t->threads[i] = NULL;
    }
    t->threads[0] = sim_current(t->sim);
    t->runs++;
}

static bool may_make(const struct trial *t, const struct step *step)
{
    if (!is_callable(t, step->event)) {
        return false;
    }
    if (step->who == STEP_ANY || step->who == STEP_IDLE) {
        return step->who == STEP_ANY || sim_is_idle(t->sim);
    }
    return t->threads[step->who] == sim_current(t->sim);
}

static void put_word(const struct trial *t, const struct step_word *word, struct trace_event *event)
{
    if (word->thread == STEP_ANY) {
        trace_event_add_word(event, word->offset, word->value);
        return;
    }
    const struct thread *thread = t->threads[word->thread];
    uint64_t buffer = 0;
    if (thread != NULL && look_is_thread(t->sim, thread)) {
        buffer = look_buffer(t->sim, thread, false);
    }
    if (buffer != 0) {
        trace_event_add_word(event, buffer + word->offset, word->value);
    }
}

static bool fill_event(struct trial *t, const struct step *step, struct trace_event *event)
{
    trace_event_clear(event);
    event->event = step->event;
    event->a = step->a;
    event->b = step->b;
    event->time = sim_now(t->sim) + step->delay;
    event->who.paddr = UINT64_MAX;
    event->reg_count = step->reg_count;
    event->poll_count = step->poll_count;
    for (uint32_t i = 0; i < step->reg_count; i++) {
        event->regs[i] = step->regs[i];
    }
    for (uint32_t i = 0; i < step->poll_count; i++) {
        event->polls[i] = step->polls[i];
        event->polls[i].time += event->time;
    }
    for (uint32_t i = 0; i < step->word_count; i++) {
        put_word(t, &step->words[i], event);
    }
    strcpy(event->what, step->what); /* It was in such an event before. */
    return may_make(t, step);
}

/* The step's event in the machine: false if it cannot be made. */
static bool make(struct trial *t, const struct step *step)
{
    struct trace_error error;
    const struct thread *before = newest(t);
    if (!may_make(t, step)) {
        return false;
    }
    (void)fill_event(t, step, &t->event);
    if (!trace_apply(t->sim, &t->event, &error)) {
        return false;
    }
    fire(t, &t->event);
    number_threads(t, before, step);
    return true;
}

/* Likewise, and does its outcome contain the text? */
static bool make_and_look(struct trial *t, const struct step *step, const struct symptom *symptom)
{
    struct trace_error error;
    if (!may_make(t, step)) {
        return false;
    }
    (void)fill_event(t, step, &t->event);
    if (!trace_apply(t->sim, &t->event, &error)) {
        return false;
    }
    const struct thread *before = newest(t);
    trace_describe_before(t->sim, NULL, step->event, step->a, step->b, &t->event);
    sim_fire(t->sim, step->event, step->a, step->b);
    trace_describe_after(t->sim, NULL, &t->event);
    sim_clear_injections(t->sim);
    number_threads(t, before, step);
    return strstr(t->event.outcome, symptom->text) != NULL;
}

bool trial_run(struct trial *t, const struct step *steps, uint32_t count,
               const struct symptom *symptom, bool *made)
{
    begin(t);
    memset(made, 0, count * sizeof *made);
    for (uint32_t i = 0; i < count; i++) {
        if (symptom->kind == SYMPTOM_OUTCOME && i + 1 == count) {
            made[i] = make_and_look(t, &steps[i], symptom);
            return made[i];
        }
        made[i] = make(t, &steps[i]);
        if (sim_status(t->sim) != SIM_RUNNING) {
            return symptom->kind == SYMPTOM_PANIC && sim_status(t->sim) == SIM_PANICKED &&
                   symptom_is_message(symptom, sim_message(t->sim));
        }
    }
    return false;
}

bool trial_write(struct trial *t, const struct step *steps, uint32_t count, FILE *file)
{
    begin(t);
    for (uint32_t i = 0; i < count; i++) {
        struct trace_event event = {0};
        bool good = fill_event(t, &steps[i], &event);
        event.number = i + 1;
        trace_describe_thread(t->sim, sim_current(t->sim), &event.who);
        trace_write_event(file, &t->header, &event);
        trace_event_free(&event);
        if (!good || !make(t, &steps[i])) {
            return false;
        }
    }
    return true;
}

bool trial_cut_at(struct trial *t, const struct symptom *symptom)
{
    uint32_t found = 0;
    begin(t);
    for (uint32_t i = 0; i < t->count; i++) {
        if (make_and_look(t, &t->steps[i], symptom)) {
            found = i + 1;
        }
    }
    t->count = found;
    return found != 0;
}

/* ---- Symptoms ---- */

void symptom_of_message(struct symptom *symptom, const char *message)
{
    const char *object = strstr(message, " (object ");
    size_t length = object == NULL ? strlen(message) : (size_t)(object - message);
    symptom->kind = SYMPTOM_PANIC;
    snprintf(symptom->text, sizeof symptom->text, "%.*s", (int)length, message);
}

bool symptom_is_message(const struct symptom *symptom, const char *message)
{
    return strncmp(symptom->text, message, strlen(symptom->text)) == 0;
}
