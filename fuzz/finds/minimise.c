/* SPDX-License-Identifier: BSD-2-Clause */

/* `fuzz_input minimise`: a small corpus that reaches as much. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/finds/coverage.h"

static const char help[] =
    "usage: fuzz_input minimise [OPTION]... FILE|DIRECTORY... -o DIRECTORY\n\n"
    "Copies into a directory, for everything that some input reaches, the smallest such input:\n"
    "outcomes of invocations, system calls, faults, preempted invocations (see stats). Inputs\n"
    "that find something are left out. Nothing is overwritten: where there is another NAME\n"
    "already, an input becomes NAME-2, and so on.\n\n"
    "options:\n"
    "  -o DIRECTORY   where they go; it is made if there is none; always needed\n"
    "  -h, --help     this text\n\n"
    "exit status: 0 good; 1 some input finds something; 2 wrong usage; 3 a file is missing or\n"
    "cannot be written\n";

struct candidate {
    const char *path;
    uint32_t events;
    size_t size; /* Encoded. */
};

static int by_size(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->events != y->events) {
        return x->events < y->events ? -1 : 1;
    }
    if (x->size != y->size) {
        return x->size < y->size ? -1 : 1;
    }
    return strcmp(finds_base_name(x->path), finds_base_name(y->path));
}

static struct candidate *sort(const struct finds_words *words, const struct finds_list *list)
{
    static struct input input;
    uint8_t bytes[INPUT_SIZE_MAX];
    struct candidate *candidates = calloc((size_t)list->count + 1, sizeof *candidates);
    if (candidates == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < list->count; i++) {
        if (!finds_read(words, list->paths[i], &input)) {
            free(candidates);
            return NULL;
        }
        candidates[i] =
            (struct candidate){list->paths[i], input.count, input_encode(&input, bytes)};
    }
    qsort(candidates, list->count, sizeof *candidates, by_size);
    return candidates;
}

/* Whether writing it there would lose nothing: there is no file, or the same. Of other errors than
 * that there is none, writing will tell. */
static bool is_free(const char *path, const uint8_t *bytes, size_t size)
{
    uint8_t there[INPUT_SIZE_MAX + 1];
    struct stat status;
    if (lstat(path, &status) != 0) {
        return true;
    }
    FILE *file = fopen(path, "rb");
    bool same = file != NULL && fread(there, 1, sizeof there, file) == size &&
                memcmp(there, bytes, size) == 0;
    if (file != NULL) {
        fclose(file);
    }
    return same;
}

/* By its name, or NAME-2, NAME-3 and so on: inputs of several directories may have the same name,
 * and the output may have files already. */
static bool keep(const struct finds_words *words, const struct input *input, const char *name)
{
    uint8_t bytes[INPUT_SIZE_MAX];
    char path[PATH_MAX];
    char number[16] = "";
    size_t size = input_encode(input, bytes);
    for (uint32_t i = 2;; i++) {
        int length = snprintf(path, sizeof path, "%s/%s%s", words->output, name, number);
        if (length < 0 || (size_t)length >= sizeof path) {
            finds_complain(words, "%s: the name is too long", words->output);
            return false;
        }
        if (is_free(path, bytes, size)) {
            break;
        }
        snprintf(number, sizeof number, "-%" PRIu32, i);
    }
    return finds_write(words, path, bytes, size);
}

/* From the smallest on: what an input alone reaches by then, nothing smaller does. */
static int choose(const struct finds_words *words, const struct finds_player *player,
                  const struct candidate *candidates, uint32_t count)
{
    static struct coverage all, one;
    static struct input input;
    uint32_t kept = 0;
    int status = FINDS_GOOD;
    for (uint32_t i = 0; i < count; i++) {
        if (!finds_read(words, candidates[i].path, &input)) {
            return FINDS_FILE;
        }
        memset(&one, 0, sizeof one);
        if (coverage_play(player, &input, &one)) {
            const struct oracle_find *find = oracle_find(player->oracle);
            fprintf(stderr, "%s: %s: %s\n", candidates[i].path, find->kind, find->text);
            status = FINDS_FOUND;
            continue;
        }
        if (!coverage_add(&all, &one)) {
            continue;
        }
        if (!keep(words, &input, finds_base_name(candidates[i].path))) {
            return FINDS_FILE;
        }
        kept++;
    }
    printf("%" PRIu32 " of %" PRIu32 " inputs are needed\n", kept, count);
    return status;
}

int finds_minimise(int argc, char **argv)
{
    static const struct finds_usage usage = {help, "o", 1, INT_MAX, true};
    struct finds_words words;
    struct finds_player player;
    struct finds_list list;
    int status;
    if (!finds_words(&words, &usage, argc, argv, &status)) {
        return status;
    }
    words.level = ORACLE_CHEAP; /* The full ones put the kernel's counters back. */
    if (mkdir(words.output, 0777) != 0 && errno != EEXIST) {
        finds_complain(&words, "%s: %s", words.output, strerror(errno));
        return FINDS_FILE;
    }
    if (!finds_list(&words, words.files, words.file_count, &list)) {
        return FINDS_FILE;
    }
    struct candidate *candidates = sort(&words, &list);
    status = FINDS_FILE;
    if (candidates != NULL && finds_open(&words, &player)) {
        status = choose(&words, &player, candidates, list.count);
        finds_close(&player);
    }
    free(candidates);
    finds_list_free(&list);
    return status;
}
