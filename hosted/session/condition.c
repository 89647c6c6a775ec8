/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/session/condition.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/cdt.h"
#include "core/kernel.h"
#include "core/ram.h"
#include "hosted/words.h"

enum { WORD_SIZE = 64, WRITES_DEFAULT = 8, WRITES_MAX = 1 << 20 };

enum kind { BLOCKS, RUNS, DELETES, WRITES, ERROR, CALLS, FAULTS, PANICS, KINDS };

struct condition {
    enum kind kind;
    char word[WORD_SIZE]; /* The operand; "": none was given. */
    uint64_t address;     /* Of the operand, if it is one: physical. */
    uint64_t size;

    /* As things were when it was last looked at. */
    const struct thread *current;
    uint64_t caps;  /* DELETES: to the object, or in the slot. */
    uint8_t *bytes; /* WRITES. */
};

enum operand { NONE, THREAD, THREAD_NEEDED, ADDRESS, RANGE, ERROR_NAME, CALL_NAME };

static const struct {
    const char *name;
    enum operand operand;
} forms[KINDS] = {
    [BLOCKS] = {"blocks", THREAD},    [RUNS] = {"runs", THREAD_NEEDED},
    [DELETES] = {"deletes", ADDRESS}, [WRITES] = {"writes", RANGE},
    [ERROR] = {"error", ERROR_NAME},  [CALLS] = {"calls", CALL_NAME},
    [FAULTS] = {"fault", THREAD},     [PANICS] = {"panic", NONE},
};

const char *condition_help(void)
{
    return "  blocks [THREAD]        a thread (this one) blocks\n"
           "  runs THREAD            the thread gets the processor\n"
           "  deletes ADDRESS        a capability to the object at this physical address, or in\n"
           "                         the slot there, disappears\n"
           "  writes ADDRESS[:SIZE]  memory changes: SIZE bytes (default 8) at this physical\n"
           "                         address\n"
           "  error [NAME]           an invocation is refused (with this error, as RangeError)\n"
           "  calls NAME             a system call or an invocation is made, as NBRecv or\n"
           "                         TCB_Resume\n"
           "  fault [THREAD]         a thread (this one) takes an exception\n"
           "  panic                  the kernel panics\n"
           "THREAD is a debug name, the physical address of a TCB, or both, as server@80431000.\n"
           "Addresses are hexadecimal.\n";
}

/* --- Parsing ---------------------------------------------------------------------------------- */

static bool known(const char *const *names, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_error(const char *word)
{
    static const char *const names[] = {
#define ABI_X(value, NAME, name) #name,
        ABI_ERRORS(ABI_X)
#undef ABI_X
    };
    return known(names, sizeof names / sizeof *names, word);
}

static bool is_call(const char *word)
{
    static const char *const names[] = {
#define ABI_X(number, NAME, name) #name,
        ABI_SYSCALLS(ABI_X) ABI_DEBUG_SYSCALLS(ABI_X)
#undef ABI_X
#define ABI_X(label, kind, name, stub, handler, args, results) #stub,
            ABI_INVOCATIONS(ABI_X)
#undef ABI_X
    };
    return known(names, sizeof names / sizeof *names, word);
}

/* Hexadecimal digits up to the end of the text or to `stop`. */
static bool hex(const char *text, char stop, uint64_t *value, const char **end)
{
    char *after;
    *value = strtoull(text, &after, 16);
    *end = after;
    return isxdigit((unsigned char)text[0]) && (*after == '\0' || *after == stop);
}

/* "server", "80431000", "server@80431000": the address is that of the TCB, or 0. */
static void read_thread(struct condition *c)
{
    const char *at = strrchr(c->word, '@');
    const char *end;
    if (!hex(at == NULL ? c->word : at + 1, '\0', &c->address, &end)) {
        c->address = 0;
    }
}

static bool read_range(struct condition *c)
{
    const char *end;
    c->size = WRITES_DEFAULT;
    if (!hex(c->word, ':', &c->address, &end)) {
        return false;
    }
    if (*end == ':') {
        char *after;
        c->size = strtoull(end + 1, &after, 0);
        return isdigit((unsigned char)end[1]) && *after == '\0' && c->size > 0 &&
               c->size <= WRITES_MAX;
    }
    return true;
}

static bool read_operand(struct condition *c)
{
    const char *end;
    bool given = c->word[0] != '\0';
    switch (forms[c->kind].operand) {
    case NONE:
        return !given;
    case THREAD_NEEDED:
        read_thread(c);
        return given;
    case THREAD:
        read_thread(c);
        return true;
    case ADDRESS:
        return hex(c->word, '\0', &c->address, &end);
    case RANGE:
        return read_range(c);
    case ERROR_NAME:
        return !given || is_error(c->word);
    case CALL_NAME:
        return is_call(c->word);
    }
    return false;
}

static bool read_words(struct condition *c, const char *words)
{
    size_t length = strcspn(words, " ");
    const char *operand = words + length + strspn(words + length, " ");
    for (c->kind = 0; c->kind < KINDS; c->kind++) {
        const char *name = forms[c->kind].name;
        if (strlen(name) == length && memcmp(name, words, length) == 0) {
            break;
        }
    }
    if (c->kind == KINDS || strlen(operand) >= sizeof c->word) {
        return false;
    }
    snprintf(c->word, sizeof c->word, "%s", operand);
    return read_operand(c);
}

struct condition *condition_parse(const char *words, struct session_error *error)
{
    struct condition *c = calloc(1, sizeof *c);
    if (c == NULL) {
        snprintf(error->text, sizeof error->text, "out of memory");
    } else if (!read_words(c, words)) {
        snprintf(error->text, sizeof error->text, "'%.100s' is no condition", words);
        free(c);
        c = NULL;
    }
    return c;
}

void condition_free(struct condition *condition)
{
    if (condition != NULL) {
        free(condition->bytes);
        free(condition);
    }
}

bool condition_fits(const struct condition *c, const struct session *session,
                    struct session_error *error)
{
    if (c->kind != WRITES || sim_ram(session_sim(session), c->address, c->size) != NULL) {
        return true;
    }
    snprintf(error->text, sizeof error->text,
             "writes %s: there is no RAM of %" PRIu64 " bytes at 0x%" PRIx64, c->word, c->size,
             c->address);
    return false;
}

/* --- Looking ---------------------------------------------------------------------------------- */

static uint64_t paddr_of(const struct session *session, const void *object)
{
    return ram_paddr(sim_kernel(session_sim(session)), object);
}

static bool exists(const struct kernel *k, const struct thread *thread)
{
    const struct thread *t = k->threads;
    while (t != NULL && t != thread) {
        t = t->all_next;
    }
    return t != NULL;
}

/* Whether the operand means this thread; without one, any. */
static bool means(const struct condition *c, const struct trace_thread *who)
{
    return c->word[0] == '\0' || (c->address != 0 && who->paddr == c->address) ||
           strcmp(who->name, c->word) == 0;
}

/* Capabilities whose object is at the address, and that in the slot there. */
static uint64_t count_caps(const struct condition *c, const struct session *session)
{
    const struct kernel *k = sim_kernel(session_sim(session));
    uint64_t count = 0;
    for (const struct slot *slot = cdt_next(k, &k->cdt_root); slot != NULL;
         slot = cdt_next(k, slot)) {
        uint64_t base;
        uint64_t size;
        bool object = cap_region(k, &slot->cap, &base, &size) && base == c->address;
        count += object || paddr_of(session, slot) == c->address;
    }
    return count;
}

void condition_reset(struct condition *c, const struct session *session)
{
    const struct sim *sim = session_sim(session);
    c->current = sim_current(sim);
    if (c->kind == DELETES && sim_status(sim) != SIM_PANICKED) {
        c->caps = count_caps(c, session);
    }
    if (c->kind == WRITES) {
        c->bytes = c->bytes == NULL ? malloc(c->size) : c->bytes;
        if (c->bytes != NULL) {
            memcpy(c->bytes, sim_ram(sim, c->address, c->size), c->size);
        }
    }
}

static bool say(struct session_error *why, const char *what, const struct trace_thread *who)
{
    snprintf(why->text, sizeof why->text, "%s@%" PRIx64 " %s", who->name, who->paddr, what);
    return true;
}

static bool blocks(const struct condition *c, const struct session *session,
                   struct session_error *why)
{
    const struct sim *sim = session_sim(session);
    struct trace_thread who;
    if (!exists(sim_kernel(sim), c->current) || !thread_is_blocked(c->current)) {
        return false;
    }
    trace_describe_thread(sim, c->current, &who);
    return means(c, &who) && say(why, words_state(c->current->state), &who);
}

static bool runs(const struct condition *c, const struct session *session,
                 struct session_error *why)
{
    const struct sim *sim = session_sim(session);
    struct trace_thread who;
    if (sim_current(sim) == c->current || sim_is_idle(sim)) {
        return false;
    }
    trace_describe_thread(sim, sim_current(sim), &who);
    return means(c, &who) && say(why, "runs", &who);
}

static bool deletes(const struct condition *c, const struct session *session,
                    struct session_error *why)
{
    uint64_t now = count_caps(c, session);
    if (now >= c->caps) {
        return false;
    }
    snprintf(why->text, sizeof why->text,
             "capabilities to what is at 0x%" PRIx64 ": %" PRIu64 ", before %" PRIu64, c->address,
             now, c->caps);
    return true;
}

static bool writes(const struct condition *c, const struct session *session,
                   struct session_error *why)
{
    const uint8_t *now = sim_ram(session_sim(session), c->address, c->size);
    uint64_t i = 0;
    while (c->bytes != NULL && i < c->size && now[i] == c->bytes[i]) {
        i++;
    }
    if (c->bytes == NULL || i == c->size) {
        return false;
    }
    snprintf(why->text, sizeof why->text, "memory at 0x%" PRIx64 " changes from 0x%02x to 0x%02x",
             c->address + i, c->bytes[i], now[i]);
    return true;
}

static bool refused(const struct condition *c, const struct trace_event *event,
                    struct session_error *why)
{
    size_t length = strlen(c->word);
    if (strncmp(event->outcome, "error ", 6) != 0 ||
        strncmp(event->outcome + 6, c->word, length) != 0 ||
        (length != 0 && isalnum((unsigned char)event->outcome[6 + length]))) {
        return false;
    }
    snprintf(why->text, sizeof why->text, "%.400s", event->outcome);
    return true;
}

static bool is_part_of_word(char character)
{
    return isalnum((unsigned char)character) || character == '_';
}

/* As a word of its own. */
static bool calls(const struct condition *c, const struct trace_event *event,
                  struct session_error *why)
{
    size_t length = strlen(c->word);
    const char *at = event->event == SIM_EVENT_SYSCALL ? strstr(event->what, c->word) : NULL;
    while (at != NULL &&
           ((at > event->what && is_part_of_word(at[-1])) || is_part_of_word(at[length]))) {
        at = strstr(at + 1, c->word);
    }
    snprintf(why->text, sizeof why->text, "%.400s", event->what);
    return at != NULL;
}

static bool faults(const struct condition *c, const struct trace_event *event,
                   struct session_error *why)
{
    snprintf(why->text, sizeof why->text, "%.400s", event->what);
    return event->event == SIM_EVENT_FAULT && means(c, &event->who);
}

static bool met(const struct condition *c, const struct session *session, struct session_error *why)
{
    const struct trace_event *event = session_last(session);
    bool broken = sim_status(session_sim(session)) == SIM_PANICKED;
    if (event == NULL || (broken && (c->kind == BLOCKS || c->kind == RUNS || c->kind == DELETES))) {
        return false; /* The state of a kernel that has panicked is not walked. */
    }
    switch (c->kind) {
    case BLOCKS:
        return blocks(c, session, why);
    case RUNS:
        return runs(c, session, why);
    case DELETES:
        return deletes(c, session, why);
    case WRITES:
        return writes(c, session, why);
    case ERROR:
        return refused(c, event, why);
    case CALLS:
        return calls(c, event, why);
    case FAULTS:
        return faults(c, event, why);
    case PANICS:
        snprintf(why->text, sizeof why->text, "%.400s", sim_message(session_sim(session)));
        return broken;
    case KINDS:
        break;
    }
    return false;
}

bool condition_met(struct condition *c, const struct session *session, struct session_error *why)
{
    bool is = met(c, session, why);
    condition_reset(c, session);
    return is;
}
