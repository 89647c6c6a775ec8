/* SPDX-License-Identifier: BSD-2-Clause */

/* Plays inputs: the files named on the command line, all in the folders named there; "-" is stdin.
 * If one is a find, its name is said, too. Exit status 1 if something could not be read, 2 if
 * nothing is named: who has lost his inputs must not be told that they are good. Likewise if there
 * is nothing in what is named.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/harness/death.h"
#include "fuzz/harness/target.h"

enum { PATH_SIZE = 4096, CHUNK = 1 << 16, EXIT_NO_INPUTS = 2 };

static unsigned long inputs_read;
static const char *reading;

static void say_which(void)
{
    static const char text[] = "fuzz: in the input ";
    if (reading != NULL) {
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        (void)!write(STDERR_FILENO, reading, strlen(reading));
        (void)!write(STDERR_FILENO, "\n", 1);
    }
}

static void fail(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
}

/* In memory of exactly its size, so that a sanitizer sees what is read beyond it. */
static void play(const uint8_t *bytes, size_t size, const char *path)
{
    uint8_t *data = malloc(size == 0 ? 1 : size);
    if (data == NULL) {
        fail(path);
    }
    memcpy(data, bytes, size);
    reading = path;
    (void)LLVMFuzzerTestOneInput(data, size);
    reading = NULL;
    free(data);
    inputs_read++;
}

static void play_file(FILE *file, const char *path)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    size_t got;
    do {
        uint8_t *more = realloc(bytes, size + CHUNK);
        if (more == NULL) {
            fail(path);
        }
        bytes = more;
        got = fread(bytes + size, 1, CHUNK, file);
        size += got;
    } while (got == CHUNK);
    if (ferror(file)) {
        fail(path);
    }
    play(bytes, size, path);
    free(bytes);
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void play_path(const char *path);

/* NOLINTNEXTLINE: as deep as the folders are. */
static void play_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_entry, alphasort);
    if (count < 0) {
        fail(path);
    }
    for (int i = 0; i < count; i++) {
        char inner[PATH_SIZE];
        if (snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name) >= PATH_SIZE) {
            errno = ENAMETOOLONG;
            fail(path);
        }
        play_path(inner);
        free(entries[i]);
    }
    free(entries);
}

/* NOLINTNEXTLINE: likewise. */
static void play_path(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        fail(path);
    }
    if (S_ISDIR(status.st_mode)) {
        play_folder(path);
        return;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail(path);
    }
    play_file(file, path);
    fclose(file);
}

int main(int argc, char **argv)
{
    (void)LLVMFuzzerInitialize(&argc, &argv);
    death_expect(say_which);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0) {
            play_file(stdin, "stdin");
        } else {
            play_path(argv[i]);
        }
    }
    if (inputs_read == 0) {
        fprintf(stderr, "%s: no inputs: expected files, folders that hold some, or -\n", argv[0]);
        return EXIT_NO_INPUTS;
    }
    printf("inputs read: %lu\n", inputs_read);
    return 0;
}
