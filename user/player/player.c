/* SPDX-License-Identifier: BSD-2-Clause */

/* A root task that makes the calls of a trace again, on whatever kernel it runs, and reports the
 * first result that differs (docs/traces.md). `albireo to-elf` puts the script into its ELF file.
 */
#include "user/player/player.h"
#include "user/lib/error_name.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/root.h"

static struct stage stage;

static seL4_Error open_console(void)
{
#ifdef CONFIG_PRINTING
    return seL4_NoError; /* The kernel prints; the device memory stays as it is. */
#else
    return console_open(&stage.console, &stage.alloc, &stage.space, stage.info);
#endif
}

void root_task(void *bootinfo)
{
    stage.info = (const seL4_BootInfo *)bootinfo;
    stage.space.vspace = seL4_CapInitThreadVSpace;
    __asm__ volatile("mv %0, tp" : "=r"(player_tp));
    alloc_init(&stage.alloc, stage.info);
    /* The console first, for the complaints. */
    seL4_Error error = open_console();
    if (error == seL4_NoError && player_script->size == 0) {
        print("player: there is nothing to play: albireo to-elf makes the ELF file to run\n");
        user_halt();
    }
    stage_take(&stage);
    if (error == seL4_NoError) {
        error = play_watch(&stage);
    }
    if (error != seL4_NoError) {
        print("player: cannot play here: %s\n", sel4_error_name(error));
        user_halt();
    }
    stage_set(&stage);
    player_thread(0);
}
