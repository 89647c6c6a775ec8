/* SPDX-License-Identifier: BSD-2-Clause */

/* Memory that ends where a page ends that must not be touched: reading one byte too far is a crash
 * in every build, not only with a sanitizer. */
#ifndef TESTS_FDT_GUARDED_H
#define TESTS_FDT_GUARDED_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct guarded {
    uint8_t *memory;
    size_t size; /* Whole pages; the guard is behind. */
};

static inline struct guarded guarded_new(size_t size_max)
{
    enum { PAGE = 4096 };
    struct guarded guarded = {NULL, (size_max + PAGE - 1) / PAGE * PAGE};
    void *memory =
        mmap(NULL, guarded.size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect((char *)memory + guarded.size, PAGE, PROT_NONE) != 0) {
        abort();
    }
    guarded.memory = (uint8_t *)memory;
    return guarded;
}

static inline void guarded_free(struct guarded *guarded)
{
    munmap(guarded->memory, guarded->size + 4096);
}

/* A copy of `data` that ends at the guard. It replaces the one before. */
static inline uint8_t *guarded_copy(struct guarded *guarded, const void *data, size_t size)
{
    uint8_t *copy = guarded->memory + guarded->size - size;
    if (size > guarded->size) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

#endif
