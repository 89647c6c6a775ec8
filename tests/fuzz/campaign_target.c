/* SPDX-License-Identifier: BSD-2-Clause */

/* A target for campaigns: something to find for each way of finding. Each is a word of three
 * letters at the start of an input, which fuzzers find letter by letter; the environment says by
 * CAMPAIGN, a string of their first letters, which of them are there.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/harness/target.h"

static const char *planted;
static volatile int sum;

/* Nobody guesses that: who has it has been told. */
static const char secret[8] = {'s', 'h', 'i', 'b', 'b', 'o', 'l', 'e'};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    planted = getenv("CAMPAIGN");
    if (planted == NULL) {
        planted = "";
    }
    return 0;
}

/* Each letter is a branch of its own, for those that are guided by branches. */
static int is_word(const uint8_t *data, size_t size, const char *word)
{
    if (size < 3 || strchr(planted, word[0]) == NULL) {
        return 0;
    }
    if (data[0] != (uint8_t)word[0]) {
        return 0;
    }
    if (data[1] != (uint8_t)word[1]) {
        return 0;
    }
    return data[2] == (uint8_t)word[2];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (is_word(data, size, "bug")) {
        fuzz_found("planted", "it was found");
    }
    if (is_word(data, size, "ubs")) {
        sum = INT_MAX;
        sum += data[2]; /* For sanitizers only. */
    }
    for (int i = 0; is_word(data, size, "end"); i++) {
        sum = i & 7; /* For ever. */
    }
    if (size >= sizeof secret && memcmp(data, secret, sizeof secret) == 0) {
        sum++;
    }
    return 0;
}
