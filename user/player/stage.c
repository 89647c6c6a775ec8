/* SPDX-License-Identifier: BSD-2-Clause */

/* The stage: whatever memory the machine and the player itself take, the calls of the trace find
 * the capabilities that they name at the same places. A second CNode becomes the root of the
 * CSpace; the initial capabilities are moved there, not copied, so that their place in the
 * derivation is the same, too.
 */
#include "user/lib/error_name.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/player/player.h"

/* Slots of the new CNode that are used for a moment, or for the way back: the last ones. */
enum { KEEP_SELF = 1, KEEP_OLD = 2 };

struct cnodes {
    seL4_CPtr fresh; /* The new CNode; its own capability has no guard, so: */
    uint8_t depth;
    seL4_CPtr slots; /* How many. */
};

static void fail(const char *what, seL4_Error error) __attribute__((noreturn));
static void fail(const char *what, seL4_Error error)
{
    print("player: cannot play here: %s: %s\n", what, sel4_error_name(error));
    user_halt();
}

static void require(seL4_Error error, const char *what)
{
    if (error != seL4_NoError) {
        fail(what, error);
    }
}

/* An untyped of exactly that kind that nothing has been made of; null if there is none. */
static struct alloc_untyped *find_exact(struct alloc *a, const struct script_untyped *wanted)
{
    for (uint32_t i = 0; i < a->untyped_count; i++) {
        struct alloc_untyped *u = &a->untypeds[i];
        if (u->used == 0 && u->size_bits == wanted->bits && u->device == (wanted->device != 0) &&
            (!u->device || u->paddr == wanted->paddr)) {
            return u;
        }
    }
    return seL4_Null;
}

/* One of the machine's own, or a piece of one. */
static seL4_CPtr take_untyped(struct stage *stage, const struct script_untyped *wanted)
{
    struct alloc_untyped *exact = find_exact(&stage->alloc, wanted);
    seL4_CPtr cap;
    if (exact != seL4_Null) {
        exact->used = (uint64_t)1 << exact->size_bits;
        return exact->cap;
    }
    if (wanted->device != 0) {
        print("player: cannot play here: no device memory of 2^%lu bytes at 0x%lx\n", wanted->bits,
              wanted->paddr);
        user_halt();
    }
    if (alloc_object(&stage->alloc, seL4_UntypedObject, wanted->bits, &cap) != seL4_NoError) {
        print("player: cannot play here: no free memory of 2^%lu bytes in one piece\n",
              wanted->bits);
        user_halt();
    }
    return cap;
}

void stage_take(struct stage *stage)
{
    const struct script_untyped *untypeds = script_at(player_script->untypeds);
    for (uint64_t i = 0; i < player_script->untyped_count && i < ALLOC_UNTYPEDS_MAX; i++) {
        stage->untypeds[i] = take_untyped(stage, &untypeds[i]);
    }
}

static void move_untypeds(const struct stage *stage, const struct cnodes *c)
{
    const struct script_untyped *untypeds = script_at(player_script->untypeds);
    for (uint64_t i = 0; i < player_script->untyped_count && i < ALLOC_UNTYPEDS_MAX; i++) {
        require(seL4_CNode_Move(c->fresh, untypeds[i].slot, c->depth, seL4_CapInitThreadCNode,
                                stage->untypeds[i], seL4_WordBits),
                "untyped memory");
    }
}

/* The initial capabilities that the player can do without from now on. */
static void move_initial(const struct stage *stage, const struct cnodes *c)
{
    static const seL4_CPtr initial[] = {
        seL4_CapIRQControl,    seL4_CapASIDControl,         seL4_CapInitThreadASIDPool,
        seL4_CapBootInfoFrame, seL4_CapInitThreadIPCBuffer, seL4_CapDomain,
        seL4_CapInitThreadSC,
    };
    for (uint32_t i = 0; i < sizeof initial / sizeof *initial; i++) {
        require(seL4_CNode_Move(c->fresh, initial[i], c->depth, seL4_CapInitThreadCNode, initial[i],
                                seL4_WordBits),
                "an initial capability");
    }
    require(seL4_CNode_Move(c->fresh, player_script->sched_control, c->depth,
                            seL4_CapInitThreadCNode, stage->info->schedcontrol.start,
                            seL4_WordBits),
            "SchedControl");
}

/* Makes the new CNode the CSpace; then the last capabilities follow, its own among them. */
static void enter(const struct cnodes *c)
{
    seL4_CPtr self = c->slots - KEEP_SELF;
    seL4_CPtr old = c->slots - KEEP_OLD;
    seL4_Word guard = seL4_WordBits - c->depth; /* Size of the guard; its value is 0. */
    require(seL4_CNode_Copy(c->fresh, self, c->depth, seL4_CapInitThreadCNode, c->fresh,
                            seL4_WordBits, seL4_AllRights),
            "the new CNode");
    require(seL4_CNode_Copy(c->fresh, old, c->depth, seL4_CapInitThreadCNode,
                            seL4_CapInitThreadCNode, seL4_WordBits, seL4_AllRights),
            "the old CNode");
    require(seL4_TCB_SetSpace(seL4_CapInitThreadTCB, seL4_CapNull, c->fresh, guard,
                              seL4_CapInitThreadVSpace, seL4_NilData),
            "the new CSpace");
    seL4_CPtr fresh = c->fresh;
    require(seL4_CNode_Move(self, seL4_CapInitThreadTCB, c->depth, old, seL4_CapInitThreadTCB,
                            seL4_WordBits),
            "the initial TCB");
    require(seL4_CNode_Move(self, seL4_CapInitThreadVSpace, c->depth, old, seL4_CapInitThreadVSpace,
                            seL4_WordBits),
            "the initial address space");
    require(seL4_CNode_Mutate(self, seL4_CapInitThreadCNode, c->depth, old, fresh, seL4_WordBits,
                              guard),
            "the new CNode");
    require(seL4_CNode_Delete(seL4_CapInitThreadCNode, self, seL4_WordBits), "a spare capability");
    require(seL4_CNode_Delete(seL4_CapInitThreadCNode, old, seL4_WordBits), "a spare capability");
}

void stage_set(struct stage *stage)
{
    const struct script *s = player_script;
    const uint64_t *tables = script_at(s->tables);
    struct cnodes c = {.depth = (uint8_t)s->cnode_bits, .slots = (seL4_CPtr)1 << s->cnode_bits};
    require(alloc_object(&stage->alloc, seL4_CapTableObject, s->cnode_bits, &c.fresh),
            "memory for the CNode");
    for (uint64_t i = 0; i < s->table_count; i++) {
        require(space_tables(&stage->alloc, &stage->space, tables[i]), "page tables");
    }
    require(space_tables(&stage->alloc, &stage->space, SCRIPT_BUFFERS), "page tables");
    move_untypeds(stage, &c);
    move_initial(stage, &c);
    enter(&c);
}
