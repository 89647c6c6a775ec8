/* SPDX-License-Identifier: BSD-2-Clause */

/* How fast the hosted body executes RV64 code: instructions a second of its interpreter; and, if
 * there is a qemu-riscv64, the same program under that, in turns.
 *
 * Times are CPU time, QEMU's with its start. Usage: rv64 PROGRAM [rounds]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/rv64/linux_process.h"

static const char qemu[] = "/usr/bin/qemu-riscv64";

static double cpu_seconds(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void fail(const char *what)
{
    fprintf(stderr, "rv64: %s\n", what);
    exit(1);
}

/* Instructions of one run, and its time. */
static uint64_t interpret(const char *path, double *seconds)
{
    struct linux_process *process = linux_process_load(path);
    if (process == NULL) {
        exit(1);
    }
    double start = cpu_seconds(RUSAGE_SELF);
    if (linux_process_run(process, UINT64_MAX) != 0) {
        fail("the program failed in the interpreter");
    }
    *seconds = cpu_seconds(RUSAGE_SELF) - start;
    uint64_t retired = linux_process_retired(process);
    linux_process_free(process);
    return retired;
}

static double emulate(const char *path)
{
    double start = cpu_seconds(RUSAGE_CHILDREN);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(qemu, qemu, path, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fail("the program failed in qemu-riscv64");
    }
    return cpu_seconds(RUSAGE_CHILDREN) - start;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    double best = 0, best_qemu = 0;
    uint64_t retired = 0;
    if (argc < 2 || argc > 3 || rounds < 1) {
        fprintf(stderr, "usage: rv64 PROGRAM [rounds]\n");
        return 2;
    }
    bool compare = access(qemu, X_OK) == 0;
    for (int i = 0; i < rounds; i++) {
        double seconds;
        retired = interpret(argv[1], &seconds);
        best = i == 0 || seconds < best ? seconds : best;
        if (compare) {
            double other = emulate(argv[1]);
            best_qemu = i == 0 || other < best_qemu ? other : best_qemu;
        }
    }
    printf("interpreter: %" PRIu64 " instructions in %.3f s: %.0f million a second\n", retired,
           best, (double)retired / best * 1e-6);
    if (compare) {
        printf("QEMU's user mode: %.3f s, ratio %.2f\n", best_qemu, best / best_qemu);
    }
    return 0;
}
