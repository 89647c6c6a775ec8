/* SPDX-License-Identifier: BSD-2-Clause */

/* The conformance program in the hosted body, all invariants checked after every event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/board_devices.h"
#include "hosted/native.h"
#include "hosted/sim.h"
#include "user/lib/root.h"

/* The thread's a0 is the guest address of BootInfo; native code reads it through host memory. */
static void root_entry(uint64_t bootinfo)
{
    root_task(albireo_native_pointer(bootinfo, false));
}

/* How the run ended, if not as it should. */
static const char *complaint(const struct sim *sim, enum sim_run_end end)
{
    const char *early = sim_run_complaint(sim, end);
    if (early != NULL) {
        return early;
    }
    return strstr(sim_console(sim), "\n# all ") == NULL ? "not all scenarios hold" : NULL;
}

int main(void)
{
    static struct sim_config config;
    static struct board_devices devices;
    struct sim_error error;
    sim_config_default(&config);
    board_devices_describe(&devices, &config, 1);
    config.root_native = root_entry;
    config.native_only = true;
    config.fetch_check = true;
    config.console = stdout;
    struct sim *sim = sim_create(&config, &error);
    if (sim == NULL || !board_devices_attach(&devices, sim)) {
        fprintf(stderr, "conformance: %s\n", sim == NULL ? error.text : "no place for devices");
        sim_destroy(sim);
        return EXIT_FAILURE;
    }
    const char *wrong = complaint(sim, sim_run(sim, 0));
    if (wrong != NULL) {
        fflush(stdout);
        fprintf(stderr, "conformance: %s\n", wrong);
        if (sim_status(sim) != SIM_HALTED) {
            sim_dump(sim, stderr, SIM_DUMP_READABLE);
        }
    }
    sim_destroy(sim);
    return wrong == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}
