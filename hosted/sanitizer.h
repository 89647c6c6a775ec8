/* SPDX-License-Identifier: BSD-2-Clause */

/* What AddressSanitizer must be told about stacks that are switched or given away. */
#ifndef HOSTED_SANITIZER_H
#define HOSTED_SANITIZER_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if SANITIZED
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

static inline void sanitizer_start_switch(void **fake_stack, const void *bottom, size_t size)
{
#if SANITIZED
    __sanitizer_start_switch_fiber(fake_stack, bottom, size);
#else
    (void)fake_stack;
    (void)bottom;
    (void)size;
#endif
}

static inline void sanitizer_finish_switch(void *fake_stack, const void **bottom, size_t *size)
{
#if SANITIZED
    __sanitizer_finish_switch_fiber(fake_stack, bottom, size);
#else
    (void)fake_stack;
    (void)bottom;
    (void)size;
#endif
}

/* Memory whose stack frames are gone without having returned. */
static inline void sanitizer_unpoison(const void *start, size_t size)
{
#if SANITIZED
    __asan_unpoison_memory_region(start, size);
#else
    (void)start;
    (void)size;
#endif
}

#if SANITIZED
#define UNWATCHED __attribute__((no_sanitize_address))
#else
#define UNWATCHED
#endif

/* Copies memory of which parts may be poisoned: a loop that the sanitizer does not look into, and
 * that is not turned into a memcpy(). */
UNWATCHED static inline void sanitizer_copy(void *to, const void *from, size_t size)
{
    uint64_t *out = to;
    const volatile uint64_t *in = from;
    for (size_t i = 0; i < size / sizeof *out; i++) {
        out[i] = in[i];
    }
}

#endif
