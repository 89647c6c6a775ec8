/* SPDX-License-Identifier: BSD-2-Clause */

/* Files of inputs, and directories of them. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/finds/finds.h"

const char *finds_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

bool finds_read(const struct finds_words *words, const char *path, struct input *input)
{
    uint8_t bytes[INPUT_SIZE_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        finds_complain(words, "%s: %s", path, strerror(errno));
        return false;
    }
    errno = 0;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    bool good = ferror(file) == 0;
    if (!good) {
        finds_complain(words, "%s: %s", path, strerror(errno));
    }
    fclose(file);
    if (good) {
        input_decode(bytes, size, input);
    }
    return good;
}

bool finds_write(const struct finds_words *words, const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    bool good = file != NULL && fwrite(bytes, 1, size, file) == size && fflush(file) == 0;
    int why = errno;
    if (file != NULL && fclose(file) != 0) {
        why = good ? errno : why;
        good = false;
    }
    if (!good) {
        finds_complain(words, "%s: %s", path, strerror(why));
    }
    return good;
}

static void add(struct finds_list *list, const char *directory, const char *name)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        list->paths = realloc(list->paths, list->capacity * sizeof *list->paths);
    }
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = list->paths == NULL ? NULL : malloc(size);
    if (path == NULL) {
        abort();
    }
    snprintf(path, size, "%s%s%s", directory, directory[0] == '\0' ? "" : "/", name);
    list->paths[list->count++] = path;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Files that begin with a dot, and what are no files, are passed over. */
static bool add_directory(const struct finds_words *words, struct finds_list *list,
                          const char *path)
{
    uint32_t first = list->count;
    DIR *directory = opendir(path);
    const struct dirent *entry;
    if (directory == NULL) {
        finds_complain(words, "%s: %s", path, strerror(errno));
        return false;
    }
    while ((entry = readdir(directory)) != NULL) {
        struct stat status;
        add(list, path, entry->d_name);
        if (entry->d_name[0] == '.' || stat(list->paths[list->count - 1], &status) != 0 ||
            !S_ISREG(status.st_mode)) {
            free(list->paths[--list->count]);
        }
    }
    closedir(directory);
    qsort(list->paths + first, list->count - first, sizeof *list->paths, by_name);
    return true;
}

bool finds_list(const struct finds_words *words, char **names, int count, struct finds_list *list)
{
    memset(list, 0, sizeof *list);
    for (int i = 0; i < count; i++) {
        struct stat status;
        if (stat(names[i], &status) != 0) {
            finds_complain(words, "%s: %s", names[i], strerror(errno));
            finds_list_free(list);
            return false;
        }
        if (!S_ISDIR(status.st_mode)) {
            add(list, "", names[i]);
        } else if (!add_directory(words, list, names[i])) {
            finds_list_free(list);
            return false;
        }
    }
    return true;
}

void finds_list_free(struct finds_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        free(list->paths[i]);
    }
    free(list->paths);
    memset(list, 0, sizeof *list);
}
