/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo demo`: the demonstration as native threads, scene by scene. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hosted/board_devices.h"
#include "hosted/commands/commands.h"
#include "hosted/demo_entry.h"
#include "hosted/native.h"
#include "hosted/options.h"
#include "hosted/sim.h"

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

static int run(struct sim *sim, const struct options *options)
{
    char text[200];
    const char *wrong = complaint(sim, sim_run(sim, 0), text, sizeof text);
    if (wrong != NULL) {
        fflush(stdout);
        fprintf(stderr, "albireo demo: the run failed: %s\n", wrong);
        if (sim_status(sim) != SIM_HALTED) {
            sim_dump(sim, stderr, SIM_DUMP_READABLE);
        }
    } else if (!options->demo.quiet) {
        put_figures(sim);
    }
    return wrong == NULL ? COMMAND_GOOD : COMMAND_FAILED;
}

int command_demo(int argc, char **argv)
{
    static struct options options;
    static struct board_devices devices;
    struct sim_error error;
    int status;
    if (!options_command(&options, argc, argv, &status)) {
        return status;
    }
    demo_options = options.demo;
    options.config.root_native = root_entry;
    options.config.native_only = true;
    board_devices_describe(&devices, &options.config, options.demo.seed);
    options.config.console = options.demo.quiet ? NULL : stdout;
    struct sim *sim = sim_create(&options.config, &error);
    if (sim == NULL) {
        fprintf(stderr, "albireo demo: %s\n", error.text);
        return COMMAND_FAILED;
    }
    status = COMMAND_FAILED;
    if (board_devices_attach(&devices, sim)) {
        status = run(sim, &options);
    } else {
        fprintf(stderr,
                "albireo demo: RAM is asked for where it has its devices, at 0x%x and 0x%x\n",
                BOARD_FINISHER_PADDR, BOARD_UART_PADDR);
    }
    sim_destroy(sim);
    return status;
}
