/* SPDX-License-Identifier: BSD-2-Clause */

/* A target with a find of each kind, for the drivers: what the first byte says, if it is alone in
 * having its highest bit set.
 */
#include <signal.h>
#include <stdlib.h>

#include "fuzz/harness/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *kind = getenv("PLANTED");
    if (kind == NULL || size < 2 || data[0] < 0x80 || data[1] >= 0x80) {
        return 0;
    }
    switch (*kind) {
    case 'f':
        fuzz_found("planted", "it was found");
    case 's':
        (void)raise(SIGSEGV);
        return 0;
    default: /* It does not end. */
        for (;;) {
            (void)*(const volatile uint8_t *)data;
        }
    }
}
