/* SPDX-License-Identifier: BSD-2-Clause */

/* A hash table by open addressing. It only grows. */
#include <stdlib.h>

#include "hosted/show/view.h"

struct entry {
    uint64_t key;
    uint32_t value;
    bool used;
};

struct view_index {
    struct entry *entries;
    size_t capacity; /* A power of two, at least twice the count. */
    size_t count;
};

enum { FIRST_CAPACITY = 256 };

struct view_index *view_index_create(void)
{
    struct view_index *index = calloc(1, sizeof *index);
    if (index == NULL) {
        return NULL;
    }
    index->entries = calloc(FIRST_CAPACITY, sizeof *index->entries);
    index->capacity = FIRST_CAPACITY;
    if (index->entries == NULL) {
        free(index);
        return NULL;
    }
    return index;
}

void view_index_free(struct view_index *index)
{
    if (index != NULL) {
        free(index->entries);
        free(index);
    }
}

/* The entry of this key, or the free one where it belongs. */
static struct entry *find(struct entry *entries, size_t capacity, uint64_t key)
{
    /* Keys are multiples of 32 and close together: Fibonacci hashing spreads them. */
    size_t i = (size_t)((key * 0x9E3779B97F4A7C15u) >> 20) & (capacity - 1);
    while (entries[i].used && entries[i].key != key) {
        i = (i + 1) & (capacity - 1);
    }
    return &entries[i];
}

static bool double_capacity(struct view_index *index)
{
    size_t capacity = 2 * index->capacity;
    struct entry *entries = calloc(capacity, sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < index->capacity; i++) {
        if (index->entries[i].used) {
            *find(entries, capacity, index->entries[i].key) = index->entries[i];
        }
    }
    free(index->entries);
    index->entries = entries;
    index->capacity = capacity;
    return true;
}

bool view_index_add(struct view_index *index, uint64_t key, uint32_t value, bool *full)
{
    if (2 * (index->count + 1) > index->capacity && !double_capacity(index)) {
        *full = true;
        return false;
    }
    struct entry *entry = find(index->entries, index->capacity, key);
    if (entry->used) {
        return false;
    }
    *entry = (struct entry){.key = key, .value = value, .used = true};
    index->count++;
    return true;
}

uint32_t view_index_get(const struct view_index *index, uint64_t key)
{
    const struct entry *entry = find(index->entries, index->capacity, key);
    return entry->used ? entry->value : VIEW_NONE;
}
