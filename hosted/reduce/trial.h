/* SPDX-License-Identifier: BSD-2-Clause */

/* Trials: some of the events of a calls trace, played on a machine that has just booted, to see
 * whether they still lead to the same symptom.
 *
 * When events before it are left out, an object is made at another address. So a step names
 * threads, and words of their IPC buffers, by the step that made the thread. A step whose thread is
 * not current is passed over.
 */
#ifndef HOSTED_REDUCE_TRIAL_H
#define HOSTED_REDUCE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "hosted/session/session.h"
#include "hosted/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { STEP_ANY = -1, STEP_IDLE = -2 };

/* A word of memory that user code has written. */
struct step_word {
    int32_t thread;  /* In whose IPC buffer; STEP_ANY: anywhere. */
    uint64_t offset; /* In bytes; STEP_ANY: physical address. */
    uint64_t value;
};

/* One event. Plain data: copies share the arrays, which belong to the trial. */
struct step {
    enum sim_event event;
    uint64_t a;
    uint64_t b;
    uint64_t delay; /* Ticks since the step before. */
    int32_t who;    /* Number of the thread; STEP_*. */
    uint32_t reg_count;
    uint32_t word_count;
    uint32_t poll_count;
    const struct trace_word *regs;
    const struct step_word *words;
    const struct trace_poll *polls; /* Their times are ticks since the step. */
    const char *what;
    /* Threads that it made when all steps were played: their numbers, from the first. */
    int32_t thread_first;
    int32_t thread_count;
    uint32_t level; /* Then: how many capabilities there were before it. */
};

enum symptom_kind {
    SYMPTOM_PANIC,   /* The same panic, or violated invariant. */
    SYMPTOM_OUTCOME, /* The outcome of the last event contains a text. */
};

struct symptom {
    enum symptom_kind kind;
    char text[256];
};

struct trial;

/* All steps of a calls trace; plays them once. Ends early at an event that does not fit what has
 * happened. Null and *error if there is no such machine, or an event cannot be read. */
struct trial *trial_create(struct trace *trace, bool checks, struct session_error *error);
void trial_free(struct trial *trial); /* Null is allowed. */

/* The header of its machine. */
const struct trace_header *trial_header(const struct trial *trial);
/* Steps as they were played at creation, to be changed and rearranged. */
uint32_t trial_steps(const struct trial *trial, const struct step **steps);
/* That event, and why it does not fit; empty if there is none. */
const char *trial_cut(const struct trial *trial);
/* How that ended: what sim_status() and sim_message() said. */
enum sim_status trial_ended(const struct trial *trial, const char **message);

/* A machine with another header, such as a simpler one, from now on. False if that does not work;
 * then nothing has changed. */
bool trial_move(struct trial *trial, const struct trace_header *header);

/* Where the root task's capabilities are on the trial's machine. */
struct trial_slots {
    uint64_t empty; /* The first empty slot, */
    uint64_t end;   /* and the end of the CNode. */
    uint64_t sched_control;
    uint64_t ram; /* An untyped of at least so many bits, the smallest; else the largest. */
    uint64_t first_untyped;
    uint64_t end_untyped;
};
void trial_slots(struct trial *trial, uint8_t ram_bits, struct trial_slots *slots);

/* A copy of a text that lives as long as the trial. */
const char *trial_text(struct trial *trial, const char *text);

/* Gives the machine up, of which there can be one at a time: nothing can be played any more. */
void trial_leave(struct trial *trial);

/* Plays `count` steps. True if the symptom is there; made[i] says whether step i was played. */
bool trial_run(struct trial *trial, const struct step *steps, uint32_t count,
               const struct symptom *symptom, bool *made);
uint64_t trial_count(const struct trial *trial); /* Runs so far. */

/* Plays steps and writes their lines, without outcomes; for a trace that will be recorded anew. */
bool trial_write(struct trial *trial, const struct step *steps, uint32_t count, FILE *file);

/* Cuts the steps behind the last one whose outcome contains the symptom's text; false if there is
 * none. */
bool trial_cut_at(struct trial *trial, const struct symptom *symptom);

/* The part of a panic's message that is the same in every run. */
void symptom_of_message(struct symptom *symptom, const char *message);
bool symptom_is_message(const struct symptom *symptom, const char *message);

#ifdef __cplusplus
}
#endif

#endif
