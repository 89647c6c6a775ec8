/* SPDX-License-Identifier: BSD-2-Clause */

/* One input is one trace: whatever its bytes, reading it ends, and what cannot be read is refused
 * with a sentence. What can be read is written again, and then reads as the same. A trace of calls
 * is played, on the machine that it describes: the kernel survives whatever users do.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/harness/target.h"
#include "hosted/trace/trace.h"

enum { INPUT_SIZE_MAX = 1 << 16, EVENTS_MAX = 200 };

static void expect(bool condition, const char *what)
{
    if (!condition) {
        fuzz_found("unsound", what);
    }
}

static void expect_sentence(const struct trace_error *error)
{
    size_t length = strnlen(error->text, sizeof(error->text));
    expect(length > 0 && length < sizeof(error->text), "an error is a sentence");
}

/* Everything of a trace that can be read, as text; null if some event cannot. */
static char *rewrite(struct trace *trace, size_t *size)
{
    char *text = NULL;
    struct trace_event event = {0};
    struct trace_error error = {{0}};
    const struct trace_header *header = trace_header(trace);
    const struct trace_input *inputs;
    uint32_t input_count = trace_inputs(trace, &inputs);
    uint32_t next = 0;
    bool good = true;
    FILE *file = open_memstream(&text, size);
    expect(file != NULL, "there is memory");

    trace_write_header(file, header);
    for (uint64_t n = header->first; n <= trace_events(trace); n++) {
        for (; next < input_count && inputs[next].after < n; next++) {
            trace_write_input(file, &inputs[next]);
        }
        if (trace_event_at(trace, n, &event, &error)) {
            trace_write_event(file, header, &event);
        } else {
            good = false;
            expect_sentence(&error);
        }
    }
    for (; next < input_count; next++) {
        trace_write_input(file, &inputs[next]);
    }
    trace_write_end(file, trace_events(trace), trace_ending(trace));
    fclose(file);
    trace_event_free(&event);
    if (!good) {
        free(text);
        return NULL;
    }
    return text;
}

static void play_events(struct trace *trace, struct sim *sim)
{
    struct trace_event event = {0};
    struct trace_event result = {0};
    struct trace_error error = {{0}};
    struct trace_shadow *shadow = trace_shadow_create();
    for (uint64_t n = 1; n <= trace_events(trace) && n <= EVENTS_MAX; n++) {
        if (!trace_event_at(trace, n, &event, &error) || !trace_apply(sim, &event, &error)) {
            expect_sentence(&error);
            break;
        }
        trace_describe_before(sim, shadow, event.event, event.a, event.b, &result);
        sim_fire(sim, event.event, event.a, event.b);
        trace_describe_after(sim, shadow, &result);
        (void)trace_state_hash(sim);
    }
    expect(sim_status(sim) != SIM_PANICKED, "the kernel survives");
    trace_shadow_free(shadow);
    trace_event_free(&event);
    trace_event_free(&result);
}

static void play(struct trace *trace)
{
    const struct trace_header *header = trace_header(trace);
    struct sim_config config = header->machine;
    struct sim_error error = {{0}};
    config.dtb = header->dtb;
    config.dtb_size = header->dtb_size;
    struct sim *sim = sim_create(&config, &error);
    if (sim == NULL) {
        expect(error.text[0] != '\0', "a machine that cannot be is refused with a sentence");
        return;
    }
    play_events(trace, sim);
    sim_destroy(sim);
}

static void read_input(const char *data, size_t size)
{
    struct trace_error error = {{0}};
    struct trace *trace = trace_parse(data, size, &error);
    size_t first_size, second_size;
    if (trace == NULL) {
        expect_sentence(&error);
        return;
    }
    if (trace_header(trace)->kind == TRACE_CALLS) {
        play(trace);
    }
    char *first = rewrite(trace, &first_size);
    trace_close(trace);
    if (first == NULL) {
        return;
    }
    trace = trace_parse(first, first_size, &error);
    expect(trace != NULL, "what is written can be read");
    char *second = rewrite(trace, &second_size);
    expect(second != NULL && first_size == second_size && memcmp(first, second, first_size) == 0,
           "what is written reads as the same");
    trace_close(trace);
    free(first);
    free(second);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_input((const char *)data, size < INPUT_SIZE_MAX ? size : INPUT_SIZE_MAX);
    return 0;
}
