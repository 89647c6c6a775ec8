/* SPDX-License-Identifier: BSD-2-Clause */

#include <stdio.h>
#include <stdlib.h>

#include "fuzz/harness/target.h"

_Noreturn void fuzz_found(const char *kind, const char *text)
{
    fprintf(stderr, "fuzz: %s: %s\n", kind, text);
    abort();
}
