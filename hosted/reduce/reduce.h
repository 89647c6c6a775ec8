/* SPDX-License-Identifier: BSD-2-Clause */

/* From a trace with a symptom to a small one with the same symptom: delta debugging over its
 * events (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002), from
 * the end to the beginning because later events need earlier ones.
 */
#ifndef HOSTED_REDUCE_REDUCE_H
#define HOSTED_REDUCE_REDUCE_H

#include "hosted/reduce/trial.h"

#ifdef __cplusplus
extern "C" {
#endif

struct reduction {
    struct symptom symptom;
    double seconds; /* Most time to spend; 0: no limit. */
    bool talk;      /* Progress on standard error. */
    bool keep_machine;

    /* The result: the machine is the trial's. */
    struct step *steps; /* To be freed. */
    uint32_t count;
    bool timed_out;
};

/* False if the trial's steps do not have the symptom when they are played again. */
bool reduce(struct trial *trial, struct reduction *reduction);

/* The whole trace of what is left, with a comment on where it comes from: text to be freed.
 * `hashes`: with state hashes. Null and *error if it does not replay. The trial is over: its
 * machine has been given up. */
char *reduce_text(struct trial *trial, const struct reduction *reduction, bool hashes,
                  const char *comment, struct session_error *error);

/* Whether all events of a trace can be read, and there is such a machine here; else *error. */
bool reduce_check(struct trace *trace, struct session_error *error);

/* A calls trace from any trace: itself, or by running its program. *cut: the event from which on
 * the program goes another way than the trace, where the calls end; its text is empty if there is
 * none. Null and *error, which names the file. */
struct trace *reduce_calls(const char *path, const char *image, struct session_error *cut,
                           struct session_error *error);

/* Writes a text into a comment: what is not printable ASCII as \xHH. */
void reduce_put_plain(FILE *file, const char *text);

#ifdef __cplusplus
}
#endif

#endif
