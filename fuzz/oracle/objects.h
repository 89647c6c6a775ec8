/* SPDX-License-Identifier: BSD-2-Clause */

/* What lies where in RAM, and whose it is: for each 16 bytes, the kind of object last made there,
 * and the owner of the memory.
 *
 * Found out by itself from the capabilities: all of them when an input of a topology is first
 * begun, afterwards those that an event wrote. Memory that became free keeps its kind until
 * something else is made there; it is all zeros then, which no kind minds.
 *
 * There is one map of a world, which those who ask for it share.
 */
#ifndef FUZZ_ORACLE_OBJECTS_H
#define FUZZ_ORACLE_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/cap.h"
#include "core/thread.h"
#include "fuzz/api/world.h"
#include "fuzz/harness/watch.h"

#ifdef __cplusplus
extern "C" {
#endif

enum object_kind {
    OBJECT_NONE, /* Never made anything of. */
    OBJECT_KERNEL,
    OBJECT_SLOTS,
    OBJECT_TCB,
    OBJECT_ENDPOINT,
    OBJECT_NTFN,
    OBJECT_REPLY,
    OBJECT_SC,
    OBJECT_TABLE,
    OBJECT_POOL,
    OBJECT_FRAME,
    OBJECT_KINDS,
};

enum { OBJECT_UNIT = 16, OBJECT_LINE_UNITS = WATCH_LINE / OBJECT_UNIT };

/* Kind and owner of a unit, as one byte. */
typedef uint8_t object_cell;

/* A line that the event has changed, but for those of struct kernel that are the kernel's own. */
struct object_change {
    const struct watch_line *line;
    uint32_t changed; /* Of its words: bit set. */
    object_cell
        first;     /* Cell of its first words: of the whole line, if that is a large object's. */
    bool slots[2]; /* Its halves are slots, or may be. */
};

struct objects_layer;

struct objects {
    uint64_t ram; /* Host address, and bytes. */
    uint64_t size;
    object_cell *cells; /* Of the current topology. */
    uint32_t change_count;
    struct object_change *changes;
    /* Lines written of which nothing was ever made. Memory that is cleared is many of these. */
    uint32_t plain_count;
    const struct watch_line **plain;

    const struct world *world;
    uint32_t shares;
    struct objects_layer *layer;
    struct objects_layer *layers[WORLD_TOPOLOGIES];
    uint32_t event; /* The one that was noted last, as the watch counts them, and its lines. */
    uint32_t lines;
};

/* The map of this world, made when first asked for; null if out of memory. Each share is given
 * back by objects_release(). */
struct objects *objects_share(const struct world *world);
void objects_release(struct objects *objects);

/* An input begins: the world has just been reset. */
void objects_start(struct objects *objects);
/* Takes note of what the event has made, and lists what it has changed. To be called after each
 * event, as often as one likes. */
void objects_update(struct objects *objects);

/* Whether [address, address + size) is in RAM: what a corrupt kernel points to may be anywhere. */
static inline bool objects_in_ram(const struct objects *objects, const void *address, uint64_t size)
{
    uint64_t offset = (uint64_t)(uintptr_t)address - objects->ram;
    return offset < objects->size && size <= objects->size - offset;
}

/* The cells of the line at this host address, which is aligned and in RAM. */
static inline const object_cell *objects_line(const struct objects *objects, const void *line)
{
    return &objects->cells[((uint64_t)(uintptr_t)line - objects->ram) / OBJECT_UNIT];
}

/* The cell of any host address; of addresses outside RAM: nothing, the root task's. */
object_cell objects_at(const struct objects *objects, const void *address);

static inline enum object_kind object_kind(object_cell cell)
{
    return (enum object_kind)(cell % 16);
}

/* A domain's number, or one of the next two. */
enum { OBJECT_OWNER_KERNEL = WORLD_SUBSYSTEMS, OBJECT_OWNER_ROOT };

static inline uint32_t object_owner(object_cell cell)
{
    return cell / 16u;
}

/* The owner as object_owner() has it, of what world_owner() says. */
uint32_t object_owner_of(uint32_t world_owner);

/* Whether a thread that a user made, or was given, begins there. */
static inline bool objects_is_thread(const struct objects *objects, const struct thread *thread)
{
    return (uintptr_t)thread % ((uintptr_t)1 << CONFIG_TCB_BITS) == 0 &&
           objects_in_ram(objects, thread, sizeof *thread) &&
           object_kind(*objects_line(objects, thread)) == OBJECT_TCB;
}

/* The kind of object a capability stands for, OBJECT_NONE if none; the physical memory it covers,
 * false if none. By the sizes in docs/abi/04, not by asking the kernel. */
enum object_kind object_of_cap(const struct cap *cap);
bool object_region(const struct world *world, const struct cap *cap, uint64_t *base,
                   uint64_t *size);

/* The words that the event has changed: bit set. */
uint32_t objects_changed_words(const struct watch_line *line);

/* The slot that the i-th half of a line may hold: null if there is none. */
const struct slot *objects_slot(const struct objects *objects, const uint64_t *line, uint32_t half);

/* Fields that say what a capability is; not its place in the derivation sequence. */
bool object_same_cap(const struct cap *a, const struct cap *b);

/* The capability that a slot's words held. */
static inline struct cap object_cap_before(const uint64_t *words)
{
    struct cap cap;
    memcpy(&cap, words, sizeof cap);
    return cap;
}

#ifdef __cplusplus
}
#endif

#endif
