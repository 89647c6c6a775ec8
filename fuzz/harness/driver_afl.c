/* SPDX-License-Identifier: BSD-2-Clause */

/* For afl-fuzz: persistent mode, inputs in shared memory, and a fork server that starts when the
 * target is ready. The macros are those of AFL++'s compiler.
 */
#include <unistd.h>

#include "fuzz/harness/target.h"

/* Then the process starts afresh. */
enum { INPUTS_PER_PROCESS = 1000000 };

__AFL_FUZZ_INIT();

int main(int argc, char **argv)
{
    (void)LLVMFuzzerInitialize(&argc, &argv);
    __AFL_INIT();
    const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(INPUTS_PER_PROCESS)) {
        (void)LLVMFuzzerTestOneInput(data, (size_t)__AFL_FUZZ_TESTCASE_LEN);
    }
    return 0;
}
