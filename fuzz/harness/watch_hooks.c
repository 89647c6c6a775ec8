/* SPDX-License-Identifier: BSD-2-Clause */

/* The precise watch: core/ is compiled with a call before every load and store, of which the
 * compiler knows that they are AddressSanitizer's, and memory functions are linked by --wrap.
 * Nobody declares these functions, and their names are the compiler's to choose.
 */
#include "fuzz/harness/watch_state.h"

bool watch_is_precise(void)
{
    return true;
}

void watch_sight_open(void)
{
}

void watch_sight_look(void)
{
}

static inline void write_line(uint64_t line)
{
    if (watch_books.states[line].event != watch_books.event) {
        const char *ram = (const char *)watch_books.base;
        watch_first_write((uint32_t)line, (const uint64_t *)(ram + line * WATCH_LINE));
    }
}

void watch_sight_write(uint64_t offset, uint64_t size)
{
    for (uint64_t line = offset / WATCH_LINE; line <= (offset + size - 1) / WATCH_LINE; line++) {
        write_line(line);
    }
}

/* Whether an access is to RAM; then it counts. */
static inline bool counts(uintptr_t at, uint64_t *offset)
{
    *offset = at - watch_books.base;
    if (*offset >= watch_books.size) {
        return false;
    }
    watch_books.steps++;
    return true;
}

static void accessed(uintptr_t at, uint64_t size, bool written)
{
    uint64_t offset = at - watch_books.base;
    if (offset >= watch_books.size || size == 0) {
        return;
    }
    uint64_t left = watch_books.size - offset;
    watch_books.steps += (size + 7) / 8;
    if (written) {
        watch_sight_write(offset, size < left ? size : left);
    }
}

/* --- What the compiler calls ------------------------------------------------------------------ */

void __asan_handle_no_return(void);
void __asan_loadN_noabort(uintptr_t at, uint64_t size);
void __asan_storeN_noabort(uintptr_t at, uint64_t size);

void __asan_handle_no_return(void)
{
}

void __asan_loadN_noabort(uintptr_t at, uint64_t size)
{
    accessed(at, size, false);
}

void __asan_storeN_noabort(uintptr_t at, uint64_t size)
{
    accessed(at, size, true);
}

/* These are aligned, so in one line; but those of 16 bytes only to 8. */
#define ACCESSES(bytes)                                                                            \
    void __asan_load##bytes##_noabort(uintptr_t at);                                               \
    void __asan_store##bytes##_noabort(uintptr_t at);                                              \
    void __asan_load##bytes##_noabort(uintptr_t at)                                                \
    {                                                                                              \
        uint64_t offset;                                                                           \
        (void)counts(at, &offset);                                                                 \
    }                                                                                              \
    void __asan_store##bytes##_noabort(uintptr_t at)                                               \
    {                                                                                              \
        uint64_t offset;                                                                           \
        if (counts(at, &offset)) {                                                                 \
            write_line(offset / WATCH_LINE);                                                       \
        }                                                                                          \
    }

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)

void __asan_load16_noabort(uintptr_t at);
void __asan_store16_noabort(uintptr_t at);

void __asan_load16_noabort(uintptr_t at)
{
    uint64_t offset;
    (void)counts(at, &offset);
}

void __asan_store16_noabort(uintptr_t at)
{
    uint64_t offset;
    if (counts(at, &offset)) {
        write_line(offset / WATCH_LINE);
        write_line((offset + 15) / WATCH_LINE);
    }
}

/* --- What is linked with --wrap --------------------------------------------------------------- */

void *__real_memset(void *to, int value, size_t size);
void *__real_memcpy(void *to, const void *from, size_t size);
void *__real_memmove(void *to, const void *from, size_t size);
void *__wrap_memset(void *to, int value, size_t size);
void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);

void *__wrap_memset(void *to, int value, size_t size)
{
    accessed((uintptr_t)to, size, true);
    return __real_memset(to, value, size);
}

void *__wrap_memcpy(void *to, const void *from, size_t size)
{
    accessed((uintptr_t)from, size, false);
    accessed((uintptr_t)to, size, true);
    return __real_memcpy(to, from, size);
}

void *__wrap_memmove(void *to, const void *from, size_t size)
{
    accessed((uintptr_t)from, size, false);
    accessed((uintptr_t)to, size, true);
    return __real_memmove(to, from, size);
}
