/* SPDX-License-Identifier: BSD-2-Clause */

/* `fuzz_input trace`: an input as a trace of calls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/finds/recorder.h"
#include "hosted/reduce/reduce.h"

static const char help[] =
    "usage: fuzz_input trace [OPTION]... FILE -o TRACE\n\n"
    "Records what an input does as a trace of calls (docs/traces.md), from a fresh boot through\n"
    "the building of its world to the find, or to the input's end. `albireo replay TRACE` makes\n"
    "it happen again; with --checks on, what violates an invariant, too. What only an oracle\n"
    "sees stands in a comment at the end.\n\n"
    "options:\n"
    "  -o TRACE       where it goes; always needed\n"
    "  --oracles L    off, cheap or full (default: full)\n"
    "  --reduce       leave out what a panic or violated invariant does not need, the world and\n"
    "                 the memory map included (as `albireo reduce` does)\n"
    "  --timeout S    seconds that playing may take (default 10)\n"
    "  -h, --help     this text\n\n"
    "exit status: 0 done; 1 it cannot be reduced; 2 wrong usage; 3 a file is missing or cannot be\n"
    "written\n";

/* What was recorded, reduced: text to be freed. Null, and a complaint, if that does not work. */
static char *reduced(const struct finds_words *words, const char *text, size_t size,
                     const struct oracle_find *find)
{
    struct trace_error wrong;
    struct session_error error;
    struct reduction reduction = {.seconds = 0};
    char comment[700];
    const char *message;
    char *small = NULL;
    snprintf(error.text, sizeof error.text, "the trace does not meet the find again");
    struct trace *trace = trace_parse(text, size, &wrong);
    if (trace == NULL) {
        finds_complain(words, "--reduce: %s", wrong.text);
        return NULL;
    }
    struct trial *trial = trial_create(trace, true, &error);
    trace_close(trace);
    if (trial != NULL && trial_ended(trial, &message) == SIM_PANICKED) {
        symptom_of_message(&reduction.symptom, message);
        if (reduce(trial, &reduction)) {
            snprintf(comment, sizeof comment, "From %s of a fuzzer. Found: %s: %s",
                     finds_base_name(words->files[0]), find->kind, find->text);
            small = reduce_text(trial, &reduction, false, comment, &error);
        }
    }
    if (small == NULL) {
        finds_complain(words, "--reduce: %s", error.text);
    }
    free(reduction.steps);
    trial_free(trial);
    return small;
}

static bool can_reduce(const struct oracle_find *find)
{
    return strcmp(find->kind, "panic") == 0 || strcmp(find->kind, "invariant") == 0;
}

/* The whole trace, recorded into a file because a child writes it; to be freed. */
static char *recorded(const struct finds_words *words, const struct input *input, size_t *size,
                      bool *found, struct oracle_find *find)
{
    char *text = NULL;
    FILE *file = tmpfile();
    if (file == NULL) {
        finds_complain(words, "a temporary file: %s", strerror(errno));
        return NULL;
    }
    if (recorder_write(words, input, file, found, find)) {
        long end = ftell(file);
        rewind(file);
        *size = end < 0 ? 0 : (size_t)end;
        text = malloc(*size + 1);
        if (text == NULL || fread(text, 1, *size, file) != *size) {
            finds_complain(words, "a temporary file: %s", strerror(errno));
            free(text);
            text = NULL;
        } else {
            text[*size] = '\0';
        }
    }
    fclose(file);
    return text;
}

static int reduce_to(const struct finds_words *words, char **text, size_t *size, bool found,
                     const struct oracle_find *find)
{
    if (!found || !can_reduce(find)) {
        finds_complain(words, "--reduce: only a panic or a violated invariant, and not %s",
                       found ? find->kind : "an input that finds nothing");
        return FINDS_FOUND;
    }
    char *small = reduced(words, *text, *size, find);
    if (small == NULL) {
        return FINDS_FOUND;
    }
    free(*text);
    *text = small;
    *size = strlen(small);
    return FINDS_GOOD;
}

int finds_trace(int argc, char **argv)
{
    static const struct finds_usage usage = {help, "oltr", 1, 1, true};
    static struct input input;
    struct finds_words words;
    struct oracle_find find;
    bool found;
    size_t size;
    int status = FINDS_GOOD;
    if (!finds_words(&words, &usage, argc, argv, &status)) {
        return status;
    }
    if (!finds_read(&words, words.files[0], &input)) {
        return FINDS_FILE;
    }
    char *text = recorded(&words, &input, &size, &found, &find);
    if (text == NULL) {
        return FINDS_FILE;
    }
    if (words.reduce) {
        status = reduce_to(&words, &text, &size, found, &find);
    }
    if (status == FINDS_GOOD && !finds_write(&words, words.output, text, size)) {
        status = FINDS_FILE;
    }
    free(text);
    if (status == FINDS_GOOD && found) {
        printf("%s: %s: %s\n", words.output, find.kind, find.text);
    } else if (status == FINDS_GOOD) {
        printf("%s: finds nothing\n", words.output);
    }
    return status;
}
