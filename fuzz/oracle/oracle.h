/* SPDX-License-Identifier: BSD-2-Clause */

/* What must hold after every kernel entry, whatever users do. The oracle knows the world that was
 * built, and what was written; it trusts nothing that the kernel computes about it.
 *
 *   panic, invariant   assertions; kernel_check()
 *   authority          no capability, mapping or register of a thread that is beyond what its
 *                      domain was given (authority.c)
 *   integrity          only what the acting domain's authority reaches has changed (integrity.c)
 *   leak               registers and buffers hold nothing of the kernel or of others beyond what
 *                      the call says (leak.c)
 *   tlb                the TLB holds what the tables say (tlb.c)
 *   work               steps between preemption points are bounded (work.c); long operations look
 *                      for interrupts, and end with their caller's time (work.c, patience.c)
 *   schedule           nobody ready outranks who runs, queues are in order, and the timer fires in
 *                      time (schedule.c, order.c); domains run by their schedule (limits.c)
 *   memory             every byte is free or of one object; in the end, revoking everything gives
 *                      back the state after boot (memory.c)
 *   residue            the world, reset, is as it was built
 */
#ifndef FUZZ_ORACLE_ORACLE_H
#define FUZZ_ORACLE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/api.h"
#include "fuzz/api/world.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Everything is kernel_check(), the whole of authority, and every byte of memory. "Now and then" is
 * at the end of one input of 128, and kernel_check() alone of one of 16, and after one of 64 of the
 * entries that changed much: chosen by a hash of the entries and the clock, so that an input that
 * finds something finds it alone, too. */
enum oracle_level {
    ORACLE_OFF,   /* The kernel's own assertions. */
    ORACLE_CHEAP, /* What follows from the lines that an event wrote; everything now and then. */
    ORACLE_FULL,  /* Everything after every event, and in the end all is revoked. */
};

/* The kernel's steps between two preemption points at which it looks for interrupts, at most (see
 * watch.h): a base, and so many for each work unit, of which ABI_WORK_UNITS lie between two looks,
 * or as many as the input says. Retype adds its objects' (work.c). Why this much:
 *
 *   base   lookups: destination, three capabilities, these again for the transfer, source, reply,
 *          receive slot (2), each of up to 64 levels of 5 accesses: 3200. 120 message words: 240.
 *          One table or ASID pool cleared, filled or searched: 512, or 1024 if that is copied. Time
 *          charged, a release queue emptied, one switch: measured, 250.
 *   unit   256 bytes cleared: 32 words and a preemption point: 40. One capability deleted, one
 *          thread restarted: 60 to 150.
 *
 * The longest seen at random, in a million inputs: 800 with a look at every preemption point, 2300
 * otherwise (an untyped of 16 KiB cleared, which is 64 units). Debug calls do not count. */
enum {
    ORACLE_STEPS_BASE = 5000,
    ORACLE_STEPS_UNIT = 150,
    ORACLE_STEPS_MAX = ORACLE_STEPS_BASE + ORACLE_STEPS_UNIT * ABI_WORK_UNITS,
};

struct oracle_find {
    char kind[16];
    char text[512];
    uint64_t entry; /* Kernel entry of the input, from 1; 0: afterwards. */
};

/* The longest kernel entry so far, in steps between preemption points. */
struct oracle_work {
    uint64_t steps;
    uint64_t input; /* Number of the input, from 1. */
    uint64_t entry;
    char what[96]; /* The event in words. */
};

struct oracle;

struct oracle *oracle_create(struct world *world, enum oracle_level level);
void oracle_free(struct oracle *oracle);

/* An input begins: the world has just been reset. */
void oracle_start(struct oracle *oracle);
/* Around every kernel entry: from the simulator's observer. `before` opens the watch's event. */
void oracle_before(struct oracle *oracle, enum sim_event event, uint64_t a, uint64_t b);
void oracle_after(struct oracle *oracle);
/* Where the kernel looks for interrupts in between; `now` is the time that it finds. */
void oracle_poll(struct oracle *oracle, uint64_t now);
/* The input has ended. Uses the world up (world_revoke()), at full level. */
void oracle_end(struct oracle *oracle);

/* The first find of this input, null if there is none. Nothing is looked at after a find. */
const struct oracle_find *oracle_find(const struct oracle *oracle);
const struct oracle_work *oracle_work(const struct oracle *oracle);

/* --- For the files of fuzz/oracle/ ------------------------------------------------------------ */

/* An event as each part sees it. */
struct oracle_event {
    enum sim_event event;
    uint64_t a, b;
    struct thread *subject; /* Current before; the idle thread if there was none. */
    uint32_t domain;        /* That thread's memory's owner. */
    uint64_t polls;         /* Looks for interrupts before it: sim_polls(). */
    /* The subject's registers before. */
    uint64_t registers[32];
    uint64_t pc;
};

/* Each part returns false with *find filled (kind and text) if something does not hold. Parts with
 * a state keep it in a struct of their own, made by *_create(). */
struct authority;
struct authority *authority_create(const struct world *world);
void authority_free(struct authority *authority);
void authority_start(struct authority *authority);
/* Of the slots, tables and TCBs in the lines written; of all with `everything`. */
bool authority_check(struct authority *authority, bool everything, struct oracle_find *find);

struct integrity;
struct integrity *integrity_create(const struct world *world);
void integrity_free(struct integrity *integrity);
void integrity_before(struct integrity *integrity, const struct oracle_event *event);
bool integrity_check(struct integrity *integrity, const struct oracle_event *event,
                     struct oracle_find *find);

struct leak;
struct leak *leak_create(const struct world *world);
void leak_free(struct leak *leak);
void leak_start(struct leak *leak);
void leak_before(struct leak *leak, const struct oracle_event *event);
bool leak_check(struct leak *leak, const struct oracle_event *event, struct oracle_find *find);

/* An event whose work is looked at. */
struct objects;
struct work_event {
    const struct world *world;
    const struct objects *objects;
    const struct oracle_event *event;
    uint64_t polls; /* Looks for interrupts in this entry. */
};

/* The most steps that this event may take between two looks for interrupts. */
uint64_t work_steps_max(const struct work_event *work);
/* Of no bound, and not what oracle_work() reports. */
bool work_is_debug_call(const struct oracle_event *event);
bool work_check(const struct work_event *work, struct oracle_find *find);

bool tlb_check(const struct world *world, struct oracle_find *find);
bool memory_check(const struct world *world, struct oracle_find *find);
/* What was cleared and has not been handed out since reads as zeros: every byte is looked at. */
bool memory_check_free(const struct world *world, struct oracle_find *find);

/* An event in words. */
void oracle_describe(const struct oracle_event *event, char *text, size_t size);

__attribute__((format(printf, 3, 4))) bool oracle_fail(struct oracle_find *find, const char *kind,
                                                       const char *format, ...);

#ifdef __cplusplus
}
#endif

#endif
