/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/user/fake_kernel.h"

#include <cstring>

fake_kernel fake;

static seL4_IPCBuffer the_buffer;

void fake_reset()
{
    memset(&fake.in, 0, sizeof(fake.in));
    memset(&fake.out, 0, sizeof(fake.out));
    memset(&the_buffer, 0xEE, sizeof(the_buffer));
    fake.buffer = &the_buffer;
    fake.calls = 0;
    fake.console.clear();
}

extern "C" void albireo_native_ecall(native_regs *regs)
{
    fake.in = *regs;
    if (fake.buffer != nullptr) {
        fake.buffer_seen = *fake.buffer;
    }
    fake.calls++;
    if (regs->a[7] == (uint64_t)seL4_SysDebugPutChar) {
        fake.console += (char)regs->a[0];
        return;
    }
    for (int i = 0; i < 6; i++) {
        regs->a[i] = fake.out.a[i];
    }
}

extern "C" void *albireo_native_ipc_buffer()
{
    return fake.buffer;
}
