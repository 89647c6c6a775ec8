/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of describing an event. */
#ifndef HOSTED_TRACE_DESCRIBE_H
#define HOSTED_TRACE_DESCRIBE_H

#include "hosted/trace/look.h"
#include "hosted/trace/trace.h"

struct text;

/* How the answer to a system call is to be read from the caller's registers. */
enum answer {
    ANSWER_DONE,     /* There is none. */
    ANSWER_KERNEL,   /* A kernel object's: success or error. */
    ANSWER_MESSAGE,  /* Badge and message. */
    ANSWER_BADGE,    /* A badge alone. */
    ANSWER_NOTHING,  /* Nobody had sent anything. */
    ANSWER_IDENTIFY, /* A capability's type. */
};

/* describe_call.c: what the thread's registers ask for, in words; fills out->before. */
void describe_syscall(const struct sim *sim, const struct thread *thread, struct text *text,
                      struct trace_event *out);

/* describe_answer.c: what the thread finds in its registers. */
void describe_answer(const struct sim *sim, const struct thread *thread, enum answer answer,
                     struct text *text);
/* The same for a thread that comes back from an earlier system call: ": ..." or nothing.
 * `signalled`: it may have been woken by a notification. */
void describe_return(const struct sim *sim, const struct thread *thread, bool signalled,
                     struct text *text);

/* shadow.c */
void shadow_before(struct trace_shadow *shadow, const struct sim *sim, struct trace_event *out);
void shadow_after(struct trace_shadow *shadow, const struct sim *sim);

#endif
