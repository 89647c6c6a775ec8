/* SPDX-License-Identifier: BSD-2-Clause */

/* run_elf PROGRAM [STEPS]: what qemu-riscv64 PROGRAM does, in the interpreter; in runs of at most
 * STEPS instructions. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/rv64/linux_process.h"

int main(int argc, char **argv)
{
    uint64_t steps = argc > 2 ? strtoull(argv[2], NULL, 10) : UINT64_MAX;
    if (argc < 2 || argc > 3 || steps == 0) {
        fprintf(stderr, "usage: run_elf PROGRAM [STEPS]\n");
        return 2;
    }
    struct linux_process *process = linux_process_load(argv[1]);
    if (process == NULL) {
        return 2;
    }
    int status = linux_process_run(process, steps);
    linux_process_free(process);
    return status < 0 ? 2 : status;
}
