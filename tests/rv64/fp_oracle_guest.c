/* SPDX-License-Identifier: BSD-2-Clause */

/* Executes single floating-point instructions of RV64, for comparison: a freestanding program for
 * Linux.
 *
 * Standard input: batches, each a header and `count` records, as in fp_oracle.h. Standard output:
 * as many results. Ends at the end of the input.
 */
#include "tests/rv64/fp_oracle.h"

enum { SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93 };

static long system_call(long number, long a0, long a1, long a2)
{
    register long x10 __asm__("a0") = a0;
    register long x11 __asm__("a1") = a1;
    register long x12 __asm__("a2") = a2;
    register long x17 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(x10) : "r"(x11), "r"(x12), "r"(x17) : "memory");
    return x10;
}

_Noreturn static void leave(long status)
{
    for (;;) {
        system_call(SYS_EXIT, status, 0, 0);
    }
}

/* False at the end of the input. */
static int read_all(void *data, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        long got = system_call(SYS_READ, 0, (long)data + (long)done, (long)(size - done));
        if (got <= 0) {
            return 0;
        }
        done += (uint64_t)got;
    }
    return 1;
}

static void write_all(const void *data, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        long put = system_call(SYS_WRITE, 1, (long)data + (long)done, (long)(size - done));
        if (put <= 0) {
            leave(1);
        }
        done += (uint64_t)put;
    }
}

extern uint32_t instruction[];
void execute(const struct fp_record *record, struct fp_result *result);

/* Operands in registers 10 to 12 of either kind, result in register 10. The instruction itself is
 * patched in: so the section can be written and executed.
 */
__asm__(".pushsection .patched, \"awx\", @progbits\n"
        ".option push\n"
        ".option norvc\n"
        "execute:\n"
        "mv t1, a1\n"
        "ld t0, 24(a0)\n"
        "slli t0, t0, 5\n"
        "fscsr t0\n"
        "fld fa0, 0(a0)\n"
        "fld fa1, 8(a0)\n"
        "fld fa2, 16(a0)\n"
        "ld a1, 8(a0)\n"
        "ld a2, 16(a0)\n"
        "ld a0, 0(a0)\n"
        "instruction:\n"
        "nop\n"
        "frcsr t0\n"
        "andi t0, t0, 31\n"
        "sd a0, 0(t1)\n"
        "fsd fa0, 8(t1)\n"
        "sd t0, 16(t1)\n"
        "ret\n"
        ".option pop\n"
        ".popsection\n");

void _start(void)
{
    static struct fp_batch batch;
    static struct fp_record records[FP_BATCH_MAX];
    static struct fp_result results[FP_BATCH_MAX];

    while (read_all(&batch, sizeof batch)) {
        if (batch.count > FP_BATCH_MAX || !read_all(records, batch.count * sizeof records[0])) {
            leave(1);
        }
        instruction[0] = batch.instruction;
        __asm__ volatile("fence.i" : : : "memory");
        for (uint32_t i = 0; i < batch.count; i++) {
            execute(&records[i], &results[i]);
        }
        write_all(results, batch.count * sizeof results[0]);
    }
    leave(0);
}
