/* SPDX-License-Identifier: BSD-2-Clause */

/* AFL++'s custom mutator interface over mutate.h: AFL_CUSTOM_MUTATOR_LIBRARY=libapi_mutator.so.
 *
 * Declared here as AFL++ documents it (docs/custom_mutators.md there): the distributions' packages
 * have no header for it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/api/input.h"
#include "fuzz/api/mutate.h"

void *afl_custom_init(void *afl, unsigned int seed);
void afl_custom_deinit(void *data);
size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t size, uint8_t **out,
                       uint8_t *other_buffer, size_t other_size, size_t max_size);
int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t size);
size_t afl_custom_trim(void *data, uint8_t **out);
int32_t afl_custom_post_trim(void *data, uint8_t success);

enum { INPUTS_PER_SPLICE = 8 };

struct mutator {
    uint64_t seed;
    uint64_t count;
    struct input one, other, made;
    uint8_t bytes[INPUT_SIZE_MAX];
    /* Trimming: `one` without event `at`, counted from the end. */
    uint32_t at, steps;
};

void *afl_custom_init(void *afl, unsigned int seed)
{
    (void)afl;
    struct mutator *m = calloc(1, sizeof *m);
    if (m != NULL) {
        m->seed = (uint64_t)seed << 32;
    }
    return m;
}

void afl_custom_deinit(void *data)
{
    free(data);
}

static size_t put(struct mutator *m, const struct input *input, size_t max_size, uint8_t **out)
{
    size_t size = input_encode(input, m->bytes);
    *out = m->bytes;
    return size < max_size ? size : max_size;
}

/* With another input of the queue, now and then parts of both. */
size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t size, uint8_t **out,
                       uint8_t *other_buffer, size_t other_size, size_t max_size)
{
    struct mutator *m = data;
    m->count++;
    input_decode(buffer, size, &m->one);
    if (other_buffer == NULL || m->count % INPUTS_PER_SPLICE != 0) {
        mutate(&m->one, m->seed + m->count);
        return put(m, &m->one, max_size, out);
    }
    input_decode(other_buffer, other_size, &m->other);
    mutate_splice(&m->made, &m->one, &m->other, m->seed + m->count);
    return put(m, &m->made, max_size, out);
}

/* AFL++'s own trimming cuts anywhere, and so makes other events of those behind the cut. Here an
 * input is tried without one event after the other, from the end. */
int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t size)
{
    struct mutator *m = data;
    input_decode(buffer, size, &m->one);
    m->at = m->one.count;
    m->steps = 0;
    return (int32_t)m->one.count;
}

size_t afl_custom_trim(void *data, uint8_t **out)
{
    struct mutator *m = data;
    m->made = m->one;
    if (m->at > 0) {
        memmove(&m->made.events[m->at - 1], &m->made.events[m->at],
                (m->made.count - m->at) * sizeof m->made.events[0]);
        m->made.count--;
    }
    return put(m, &m->made, INPUT_SIZE_MAX, out);
}

/* Returns the number of the next step; the first one's total says when it ends. */
int32_t afl_custom_post_trim(void *data, uint8_t success)
{
    struct mutator *m = data;
    if (success != 0) {
        m->one = m->made;
    }
    if (m->at > 0) {
        m->at--;
    }
    return (int32_t)++m->steps;
}
