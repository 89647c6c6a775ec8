/* SPDX-License-Identifier: BSD-2-Clause */

/* A TLB that never forgets by itself (unless given a limit): a missing flush in the kernel shows as
 * an access through a stale translation, which real hardware would make only now and then.
 */
#include <stdlib.h>
#include <string.h>

#include "hosted/state.h"

static uint32_t bucket_of(uint64_t page, uint32_t bits)
{
    return (uint32_t)((page * 31 + bits) % TLB_BUCKETS);
}

static bool matches(const struct tlb_entry *entry, uint16_t asid, uint64_t page, uint32_t bits)
{
    return entry->bits == bits && entry->page == page && (entry->global || entry->asid == asid);
}

const struct tlb_entry *tlb_find(const struct tlb *tlb, uint16_t asid, uint64_t vaddr)
{
    for (uint32_t bits = 12; bits <= 30; bits += 9) {
        uint64_t page = vaddr >> bits;
        uint32_t at = tlb->buckets[bucket_of(page, bits)];
        while (at != 0) {
            const struct tlb_entry *entry = &tlb->entries[at - 1];
            if (matches(entry, asid, page, bits)) {
                return entry;
            }
            at = entry->next;
        }
    }
    return NULL;
}

/* Removes entry `index` from its bucket. */
static void forget(struct tlb *tlb, uint32_t index)
{
    struct tlb_entry *entry = &tlb->entries[index];
    uint32_t *link = &tlb->buckets[bucket_of(entry->page, entry->bits)];
    while (*link != index + 1) {
        link = &tlb->entries[*link - 1].next;
    }
    *link = entry->next;
    entry->next = tlb->free;
    entry->bits = 0; /* Marks a free entry. */
    tlb->free = index + 1;
    tlb->count--;
}

static void make_room(struct tlb *tlb, uint32_t limit)
{
    if (limit != 0 && tlb->count >= limit) {
        while (tlb->entries[tlb->victim % tlb->used].bits == 0) {
            tlb->victim++;
        }
        forget(tlb, tlb->victim % tlb->used);
        tlb->victim++;
    }
    if (tlb->free != 0 || tlb->used < tlb->capacity) {
        return;
    }
    uint32_t capacity = tlb->capacity == 0 ? 64 : 2 * tlb->capacity;
    struct tlb_entry *entries = realloc(tlb->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        abort();
    }
    tlb->entries = entries;
    tlb->capacity = capacity;
}

void tlb_insert(struct tlb *tlb, uint32_t limit, const struct tlb_entry *entry)
{
    make_room(tlb, limit);
    uint32_t index;
    if (tlb->free != 0) {
        index = tlb->free - 1;
        tlb->free = tlb->entries[index].next;
    } else {
        index = tlb->used++;
    }
    uint32_t *bucket = &tlb->buckets[bucket_of(entry->page, entry->bits)];
    tlb->entries[index] = *entry;
    tlb->entries[index].next = *bucket;
    *bucket = index + 1;
    tlb->count++;
}

void tlb_flush_page(struct tlb *tlb, uint16_t asid, uint64_t vaddr)
{
    for (uint32_t i = 0; i < tlb->used; i++) {
        const struct tlb_entry *entry = &tlb->entries[i];
        if (entry->bits != 0 && !entry->global &&
            matches(entry, asid, vaddr >> entry->bits, entry->bits)) {
            forget(tlb, i);
        }
    }
}

void tlb_flush_asid(struct tlb *tlb, uint16_t asid)
{
    for (uint32_t i = 0; i < tlb->used; i++) {
        const struct tlb_entry *entry = &tlb->entries[i];
        if (entry->bits != 0 && !entry->global && entry->asid == asid) {
            forget(tlb, i);
        }
    }
}

void tlb_clear(struct tlb *tlb)
{
    *tlb = (struct tlb){.entries = tlb->entries, .capacity = tlb->capacity};
}

bool tlb_copy(struct tlb *to, const struct tlb *from)
{
    tlb_clear(to);
    if (to->capacity < from->used) {
        tlb_free(to);
        to->entries = malloc(from->used * sizeof *to->entries);
        if (to->entries == NULL) {
            return false;
        }
        to->capacity = from->used;
    }
    struct tlb_entry *entries = to->entries;
    uint32_t capacity = to->capacity;
    *to = *from;
    to->entries = entries;
    to->capacity = capacity;
    if (from->used != 0) {
        memcpy(entries, from->entries, from->used * sizeof *entries);
    }
    return true;
}

bool tlb_same(const struct tlb *a, const struct tlb *b)
{
    return a->used == b->used && a->free == b->free && a->count == b->count &&
           a->victim == b->victim && memcmp(a->buckets, b->buckets, sizeof a->buckets) == 0 &&
           (a->used == 0 || memcmp(a->entries, b->entries, a->used * sizeof *a->entries) == 0);
}

void tlb_free(struct tlb *tlb)
{
    free(tlb->entries);
    memset(tlb, 0, sizeof *tlb);
}
