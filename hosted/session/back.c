/* SPDX-License-Identifier: BSD-2-Clause */

/* Going back: to a snapshot, and from there forwards again. */
#include <stdlib.h>
#include <string.h>

#include "hosted/session/internal.h"

/* A snapshot is taken when about this much has happened since the last one, so that going back
 * costs tens of milliseconds at most: an event counts as much as this many instructions. */
enum { INSTRUCTIONS_PER_EVENT = 150 };
#define WORK_BETWEEN ((uint64_t)4000000)
#define WORK_WORTH_HALVING (WORK_BETWEEN / 8)

static uint64_t work(const struct session *session)
{
    return sim_instructions(session->sim) + sim_events(session->sim) * INSTRUCTIONS_PER_EVENT;
}

/* Which one to drop: where the gap that this leaves is smallest, seen from the present. So they
 * lie densely near the present and sparsely far from it. Never the first and the last. */
static uint32_t least_useful(const struct session *session)
{
    const struct kept_snapshot *kept = session->snapshots;
    uint64_t present = sim_events(session->sim);
    uint32_t least = 1;
    double least_gap = 2;
    for (uint32_t i = 1; i + 1 < session->snapshot_count; i++) {
        uint64_t before = kept[i - 1].events;
        uint64_t distance = present > before ? present - before : before - present + 1;
        double gap = (double)(kept[i + 1].events - before) / (double)distance;
        if (gap < least_gap) {
            least = i;
            least_gap = gap;
        }
    }
    return least;
}

static void drop(struct session *session, uint32_t i)
{
    sim_snapshot_free(session->snapshots[i].snapshot);
    session->snapshot_count--;
    memmove(&session->snapshots[i], &session->snapshots[i + 1],
            (session->snapshot_count - i) * sizeof session->snapshots[0]);
}

/* The number of snapshots that are not later than event `number`. */
static uint32_t up_to(const struct session *session, uint64_t number)
{
    uint32_t i = 0;
    while (i < session->snapshot_count && session->snapshots[i].events <= number) {
        i++;
    }
    return i;
}

static void take(struct session *session)
{
    uint64_t number = sim_events(session->sim);
    if (session->snapshot_count == SESSION_SNAPSHOTS) {
        drop(session, least_useful(session));
    }
    uint32_t at = up_to(session, number);
    if (at > 0 && session->snapshots[at - 1].events == number) {
        return;
    }
    struct sim_snapshot *snapshot = sim_snapshot_take(session->sim);
    if (snapshot == NULL) {
        return; /* Going back takes longer. */
    }
    memmove(&session->snapshots[at + 1], &session->snapshots[at],
            (session->snapshot_count - at) * sizeof session->snapshots[0]);
    session->snapshots[at] =
        (struct kept_snapshot){number, snapshot, strlen(sim_console(session->sim))};
    session->snapshot_count++;
}

void session_keep(struct session *session)
{
    bool first = session->snapshot_count == 0;
    if (session->options.forwards_only || sim_status(session->sim) != SIM_RUNNING ||
        (!first && work(session) < session->snapshot_work + WORK_BETWEEN)) {
        return;
    }
    take(session);
    session->snapshot_work = work(session);
}

void session_forget(struct session *session)
{
    while (session->snapshot_count > 0) {
        drop(session, session->snapshot_count - 1);
    }
    free(session->console);
    session->console = NULL;
}

/* --- The console ------------------------------------------------------------------------------ */

/* A snapshot brings back a shorter console text, but no longer one. As all runs are the same, the
 * longest text that there was begins with all others. */
static void note_console(struct session *session)
{
    const char *text = sim_console(session->sim);
    if (session->console == NULL || strlen(text) > strlen(session->console)) {
        char *copy = strdup(text);
        free(session->console);
        session->console = copy;
    }
}

static void put_console(struct session *session, size_t length)
{
    if (session->console == NULL || strlen(sim_console(session->sim)) >= length) {
        return;
    }
    sim_console_clear(session->sim);
    for (size_t i = 0; i < length && session->console[i] != '\0'; i++) {
        sim_console_put(session->sim, session->console[i]);
    }
}

/* --- Going ------------------------------------------------------------------------------------ */

static void restore(struct session *session, const struct kept_snapshot *kept)
{
    sim_console_file(session->sim, NULL);
    note_console(session);
    sim_snapshot_restore(session->sim, kept->snapshot);
    put_console(session, kept->console_length);
    session->underway = false;
    session->end = SESSION_EVENT;
    session->complaint[0] = '\0';
}

/* Silently, through what has been compared already, to event `last`. A snapshot half-way makes the
 * next such move cheaper. */
static enum session_end go(struct session *session, uint64_t last)
{
    uint32_t count = up_to(session, last);
    const struct kept_snapshot *kept = count == 0 ? NULL : &session->snapshots[count - 1];
    bool back = last < sim_events(session->sim);
    if (back && kept == NULL) {
        return session_finish(session, SESSION_STOPPED, "there is no snapshot to go back to");
    }
    if (back || (kept != NULL && kept->events > sim_events(session->sim))) {
        restore(session, kept);
    }
    uint64_t start = work(session);
    uint64_t from = sim_events(session->sim);
    enum session_end end = session_repeat(session, from + (last - from) / 2);
    if (end == SESSION_EVENT && !session->options.forwards_only &&
        work(session) - start > WORK_WORTH_HALVING) {
        take(session);
    }
    return end == SESSION_EVENT ? session_repeat(session, last) : end;
}

enum session_end session_goto(struct session *session, uint64_t number)
{
    enum session_end end = SESSION_EVENT;
    /* The last event that was reached is made again with words; it may be a difference. */
    uint64_t known = number < session->reached ? number : session->reached;
    uint64_t before = known == 0 ? 0 : known - 1;
    if (number < sim_events(session->sim) || before > sim_events(session->sim)) {
        end = go(session, before);
    }
    while (end == SESSION_EVENT && sim_events(session->sim) < number) {
        end = session_step(session);
    }
    return end;
}
