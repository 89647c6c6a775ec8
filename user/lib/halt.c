/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/console.h"
#include "user/lib/port.h"

void user_halt(void)
{
#ifdef CONFIG_DEBUG_BUILD
    seL4_DebugHalt();
#endif
    console_switch_off();
    for (;;) {
        seL4_TCB_Suspend(seL4_CapInitThreadTCB);
    }
}
