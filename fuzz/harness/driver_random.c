/* SPDX-License-Identifier: BSD-2-Clause */

/* Inputs that follow from a seed: needs no instrumentation, and learns nothing.
 *
 * Inputs are kept in a small pool. Each new one is a changed copy of one of them, or two of them
 * crossed; now and then one begins anew, from a file of the corpus or from nothing. Changes are the
 * target's own if it has a mutator, else of bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/harness/death.h"
#include "fuzz/harness/driver_options.h"
#include "fuzz/harness/target.h"

enum { POOL = 64, RESTART_ONE_IN = 32, CROSS_ONE_IN = 8, CHANGES_MAX = 8, EXIT_WRONG = 2 };

#pragma weak LLVMFuzzerCustomMutator
#pragma weak LLVMFuzzerCustomCrossOver

struct bytes {
    uint8_t *data;
    size_t size;
};

static struct driver_options options;
static struct bytes *corpus;
static size_t corpus_count;
static struct bytes pool[POOL];
static uint64_t random_state;

static struct bytes current; /* What the target is about to be given. */
static char artifact[4096];
static volatile sig_atomic_t stopped;
static volatile sig_atomic_t seconds_on_input;

/* --- Finds ------------------------------------------------------------------------------------ */

static void put_error(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

/* In a signal handler. */
static void save_input(void)
{
    int file = open(artifact, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    bool good = file >= 0 && write(file, current.data, current.size) == (ssize_t)current.size;
    if (file >= 0 && !good) {
        (void)unlink(artifact); /* A part of it is another input. */
    }
    put_error(good ? "fuzz: the input is in " : "fuzz: the input cannot be written to ");
    put_error(artifact);
    put_error("\n");
}

static void on_second(int number)
{
    static const char text[] = "fuzz: timeout: an input takes too long\n";
    (void)number;
    seconds_on_input++;
    if (options.timeout != 0 && (uint64_t)seconds_on_input > options.timeout) {
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        abort();
    }
}

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
}

static void handle_signals(void)
{
    struct sigaction second = {.sa_handler = on_second, .sa_flags = SA_RESTART};
    struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    struct itimerval every_second = {{1, 0}, {1, 0}};
    death_expect(save_input);
    (void)sigaction(SIGALRM, &second, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)setitimer(ITIMER_REAL, &every_second, NULL);
}

/* --- Random inputs ---------------------------------------------------------------------------- */

/* splitmix64. */
static uint64_t next(void)
{
    random_state += 0x9E3779B97F4A7C15u;
    uint64_t z = random_state;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static size_t below(size_t limit)
{
    return (size_t)(next() % limit);
}

static void put_bytes(struct bytes *bytes, const struct bytes *from)
{
    bytes->size = from->size < options.max_size ? from->size : options.max_size;
    if (bytes->size != 0) {
        memcpy(bytes->data, from->data, bytes->size);
    }
}

/* `count` bytes at `at` become room for `room`, as far as the input may grow. */
static void resize(struct bytes *bytes, size_t at, size_t count, size_t room)
{
    size_t rest = bytes->size - at - count;
    if (at + room + rest > options.max_size) {
        rest = options.max_size - at - room;
    }
    memmove(bytes->data + at + room, bytes->data + at + count, rest);
    bytes->size = at + room + rest;
}

static void change_bytes(struct bytes *bytes)
{
    static const uint8_t odd[] = {0, 1, 0x7F, 0x80, 0xFF, ' ', '\n', '0'};
    size_t at = below(bytes->size + 1);
    size_t left = bytes->size - at;
    size_t count = 1 + below(below(8) == 0 ? 256 : 8);
    size_t from = below(bytes->size + 1);
    switch (below(5)) {
    case 0: /* New ones come in. */
        count = count < options.max_size - at ? count : options.max_size - at;
        resize(bytes, at, 0, count);
        for (size_t i = 0; i < count; i++) {
            bytes->data[at + i] = (uint8_t)next();
        }
        break;
    case 1: /* Some go. */
        resize(bytes, at, count < left ? count : left, 0);
        break;
    case 2: /* Some are copied over others. */
        count = count < left ? count : left;
        count = count < bytes->size - from ? count : bytes->size - from;
        memmove(bytes->data + at, bytes->data + from, count);
        break;
    case 3:
        if (left != 0) {
            bytes->data[at] = odd[below(sizeof odd)];
        }
        break;
    default:
        if (left != 0) {
            bytes->data[at] ^= (uint8_t)(1u << below(8));
        }
        break;
    }
}

static void change(struct bytes *bytes)
{
    for (size_t n = 1 + below(CHANGES_MAX); n > 0; n--) {
        if (LLVMFuzzerCustomMutator == NULL) {
            change_bytes(bytes);
        } else {
            bytes->size = LLVMFuzzerCustomMutator(bytes->data, bytes->size, options.max_size,
                                                  (unsigned int)next());
        }
    }
}

static void make_input(void)
{
    static const struct bytes nothing = {NULL, 0};
    const struct bytes *one = &pool[below(POOL)];
    const struct bytes *other = &pool[below(POOL)];
    if (below(RESTART_ONE_IN) == 0) {
        put_bytes(&current, corpus_count == 0 ? &nothing : &corpus[below(corpus_count)]);
        change(&current);
    } else if (LLVMFuzzerCustomCrossOver != NULL && below(CROSS_ONE_IN) == 0) {
        current.size =
            LLVMFuzzerCustomCrossOver(one->data, one->size, other->data, other->size, current.data,
                                      options.max_size, (unsigned int)next());
    } else {
        put_bytes(&current, one);
        change(&current);
    }
    put_bytes(&pool[below(POOL)], &current);
}

/* --- The corpus ------------------------------------------------------------------------------- */

static void *make(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fputs("random: out of memory\n", stderr);
        exit(EXIT_WRONG);
    }
    return memory;
}

static void fail(const char *path)
{
    fprintf(stderr, "random: %s: %s\n", path, strerror(errno));
    exit(EXIT_WRONG);
}

static void read_file(const char *path)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (file == NULL && errno == ENOENT) {
        return; /* Another process has taken it out since the folder was read. */
    }
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        fail(path);
    }
    if (S_ISREG(status.st_mode)) {
        struct bytes bytes = {make(options.max_size, 1), 0};
        bytes.size = fread(bytes.data, 1, options.max_size, file);
        corpus = realloc(corpus, (corpus_count + 1) * sizeof *corpus);
        if (ferror(file) || corpus == NULL) {
            fail(path);
        }
        bytes.data = realloc(bytes.data, bytes.size == 0 ? 1 : bytes.size);
        corpus[corpus_count++] = bytes;
    }
    fclose(file);
}

/* In the order of their names: the seed is all that inputs depend on. */
static void read_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        fail(path);
    }
    for (int i = 0; i < count; i++) {
        char inner[4096];
        (void)snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        read_file(inner);
        free(entries[i]);
    }
    free(entries);
}

/* --- Running ---------------------------------------------------------------------------------- */

static double seconds_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void say(uint64_t inputs, double seconds)
{
    fprintf(stderr, "random: inputs %" PRIu64 ", seconds %.1f, execs/s %.0f\n", inputs, seconds,
            seconds > 0 ? (double)inputs / seconds : 0.0);
}

static void run(void)
{
    bool progress = options.progress || isatty(STDERR_FILENO);
    double start = seconds_now();
    double said = start;
    double now = start;
    uint64_t inputs = 0;
    while (!stopped && (options.runs == 0 || inputs < options.runs) &&
           (options.seconds == 0 || now - start < (double)options.seconds)) {
        make_input();
        seconds_on_input = 0;
        (void)LLVMFuzzerTestOneInput(current.data, current.size);
        inputs++;
        now = seconds_now();
        if (progress && now - said >= 1) {
            said = now;
            say(inputs, now - start);
        }
    }
    say(inputs, now - start);
}

int main(int argc, char **argv)
{
    if (!driver_options_read(&options, argc, argv)) {
        return EXIT_WRONG;
    }
    if (options.artifact != NULL) {
        (void)snprintf(artifact, sizeof artifact, "%s", options.artifact);
    } else {
        (void)snprintf(artifact, sizeof artifact, "%s/crash-%" PRIu64, options.out, options.seed);
    }
    for (int i = 0; i < options.corpus_count; i++) {
        read_folder(options.corpus[i]);
    }
    current.data = make(options.max_size, 1);
    for (int i = 0; i < POOL; i++) {
        pool[i].data = make(options.max_size, 1);
    }
    random_state = options.seed;
    (void)LLVMFuzzerInitialize(&argc, &argv);
    handle_signals();
    run();
    return 0;
}
