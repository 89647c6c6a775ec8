/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/session/gdb.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GDB_WORDS = 64 };

struct gdb {
    char *words[GDB_WORDS];
    uint32_t count;
    char self[PATH_MAX];
    char script[PATH_MAX + 64];
};

static void add(struct gdb *gdb, const char *word)
{
    char *copy = strdup(word);
    if (copy == NULL || gdb->count == GDB_WORDS - 1) {
        abort();
    }
    gdb->words[gdb->count++] = copy;
}

static void add_command(struct gdb *gdb, const char *command)
{
    add(gdb, "-ex");
    add(gdb, command);
}

/* The pretty-printers, in the source tree that the program was built in or is run from. */
static void add_script(struct gdb *gdb)
{
    static const char name[] = "tools/gdb/albireo.py";
    snprintf(gdb->script, sizeof gdb->script, "%s", gdb->self);
    for (char *slash = strrchr(gdb->script, '/'); slash != NULL;
         slash = strrchr(gdb->script, '/')) {
        snprintf(slash + 1, sizeof gdb->script - (size_t)(slash + 1 - gdb->script), "%s", name);
        if (access(gdb->script, R_OK) == 0) {
            break;
        }
        *slash = '\0';
    }
    const char *found = gdb->script[0] != '\0' ? gdb->script : name;
    if (access(found, R_OK) == 0) {
        add(gdb, "-x");
        add(gdb, found);
    }
}

/* First to the right event, then to where the kernel is entered: at the first line of one of its
 * four entry functions. */
static void add_commands(struct gdb *gdb)
{
    static const char *const commands[] = {
        "set breakpoint pending off",
        "tbreak session_debug_stop",
        "run",
        "tbreak kernel_on_syscall",
        "tbreak kernel_on_fault",
        "tbreak kernel_on_irq",
        "tbreak kernel_on_tick",
        "continue",
        "set confirm off",
        "delete",
        "set confirm on",
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        add_command(gdb, commands[i]);
    }
}

void gdb_run(const char *const *words, struct session_error *error)
{
    static struct gdb gdb;
    const char *program = getenv("ALBIREO_GDB");
    program = program == NULL || program[0] == '\0' ? "gdb" : program;
    ssize_t size = readlink("/proc/self/exe", gdb.self, sizeof gdb.self - 1);
    if (size <= 0) {
        snprintf(error->text, sizeof error->text, "/proc/self/exe: %s", strerror(errno));
        return;
    }
    gdb.self[size] = '\0';
    add(&gdb, program);
    add(&gdb, "-q");
    add_script(&gdb);
    add_commands(&gdb);
    add(&gdb, "--args");
    add(&gdb, gdb.self);
    for (; *words != NULL; words++) {
        add(&gdb, *words);
    }
    fflush(stdout);
    execvp(program, gdb.words);
    snprintf(error->text, sizeof error->text, "cannot run %s: %s", program, strerror(errno));
}
