/* SPDX-License-Identifier: BSD-2-Clause */

/* The program `albireo`: a simulated machine with the kernel on it, for everybody. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/board_devices.h"
#include "hosted/demo_entry.h"
#include "hosted/info.h"
#include "hosted/native.h"
#include "hosted/options.h"
#include "hosted/sim.h"

enum { EXIT_GOOD = 0, EXIT_RUN_FAILED = 1, EXIT_USAGE = 2 };

#define VERSION "albireo 0.1.0"

struct demo_options demo_options;

/* The thread's a0 is the guest address of BootInfo; native code reads it through host memory. */
static void root_entry(uint64_t bootinfo)
{
    root_task(albireo_native_pointer(bootinfo, false));
}

/* What the demonstration says of its first failure; null if it has found none. */
static const char *first_failure(const struct sim *sim, char *text, size_t size)
{
    const char *found = strstr(sim_console(sim), "FAILED");
    if (found == NULL) {
        return NULL;
    }
    snprintf(text, size, "%.*s", (int)strcspn(found, "\n"), found);
    return text;
}

/* How the run ended, if not as it should. May use `text` for it. */
static const char *complaint(const struct sim *sim, enum sim_run_end end, char *text, size_t size)
{
    const char *early = sim_run_complaint(sim, end);
    if (early != NULL) {
        return early;
    }
    return first_failure(sim, text, size);
}

static void put_figures(const struct sim *sim)
{
    uint64_t ticks = sim_now(sim) - sim_config_of(sim)->start_time;
    printf("\n%" PRIu64 " kernel entries in %" PRIu64 " us of virtual time; all invariants checked "
           "%" PRIu64 " times.\n",
           sim_events(sim), ticks / sim_config_of(sim)->ticks_per_us, sim_checks(sim));
}

static int command_demo(struct options *options)
{
    struct sim_error error;
    demo_options = options->demo;
    options->config.root_native = root_entry;
    options->config.native_only = true;
    board_devices_describe(&options->config);
    options->config.console = options->demo.quiet ? NULL : stdout;
    struct sim *sim = sim_create(&options->config, &error);
    struct board_devices devices;
    if (sim == NULL) {
        fprintf(stderr, "albireo: %s\n", error.text);
        return EXIT_RUN_FAILED;
    }
    if (!board_devices_attach(&devices, sim)) {
        fprintf(stderr, "albireo: RAM is asked for where demo has its devices, at 0x%x and 0x%x\n",
                BOARD_FINISHER_PADDR, BOARD_UART_PADDR);
        sim_destroy(sim);
        return EXIT_RUN_FAILED;
    }
    char text[200];
    const char *wrong = complaint(sim, sim_run(sim, 0), text, sizeof text);
    if (wrong != NULL) {
        fflush(stdout);
        fprintf(stderr, "albireo: the run failed: %s\n", wrong);
        if (sim_status(sim) != SIM_HALTED) {
            sim_dump(sim, stderr, SIM_DUMP_READABLE);
        }
    } else if (!options->demo.quiet) {
        put_figures(sim);
    }
    sim_destroy(sim);
    return wrong == NULL ? EXIT_GOOD : EXIT_RUN_FAILED;
}

static int command_info(struct options *options)
{
    struct sim_error error;
    struct sim *sim = sim_create(&options->config, &error);
    if (sim == NULL) {
        fprintf(stderr, "albireo: %s\n", error.text);
        return EXIT_RUN_FAILED;
    }
    info_print(sim, stdout);
    sim_destroy(sim);
    return EXIT_GOOD;
}

static const struct command {
    const char *name;
    const char *what;
    int (*run)(struct options *options);
} commands[] = {
    {"demo", "run the demonstration, scene by scene", command_demo},
    {"info", "print the memory map, the root task's untyped memory and the build", command_info},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void put_usage(FILE *file)
{
    fprintf(file, "usage: albireo COMMAND [OPTION]...\n"
                  "       albireo help | --help | --version\n\n"
                  "The Albireo microkernel on a simulated machine.\n\ncommands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(file, "  %-20s %s\n", commands[i].name, commands[i].what);
    }
    fprintf(file, "\noptions:\n%s\nexit status: 0 good, 1 the run failed, 2 wrong usage\n",
            options_help());
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    static struct options options;
    struct sim_error error;
    if (argc >= 2 && asks_for_help(argv[1])) {
        put_usage(stdout);
        return EXIT_GOOD;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        puts(VERSION);
        return EXIT_GOOD;
    }
    const struct command *command = argc >= 2 ? find(argv[1]) : NULL;
    if (command == NULL) {
        if (argc >= 2) {
            fprintf(stderr, "albireo: unknown command '%s'\nTry 'albireo --help'.\n", argv[1]);
        } else {
            fputs("albireo: no command given\n", stderr);
            put_usage(stderr);
        }
        return EXIT_USAGE;
    }
    if (!options_parse(&options, argc - 2, argv + 2, &error)) {
        fprintf(stderr, "albireo: %s\nTry 'albireo --help'.\n", error.text);
        return EXIT_USAGE;
    }
    if (options.help) {
        put_usage(stdout);
        return EXIT_GOOD;
    }
    return command->run(&options);
}
