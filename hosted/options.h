/* SPDX-License-Identifier: BSD-2-Clause */

/* Command-line options of the commands demo and info, and what the others share. */
#ifndef HOSTED_OPTIONS_H
#define HOSTED_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "hosted/demo_entry.h"
#include "hosted/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

struct options {
    struct sim_config config;
    struct demo_options demo;
    bool help;
};

/* Reads argv[0..argc-1], the words after the command. False if one is wrong; *error names it. */
bool options_parse(struct options *options, int argc, char *const *argv, struct sim_error *error);

/* The options in words, for --help. */
const char *options_help(void);

/* For a command's main function: reads its words, answers --help, and says on standard error what
 * is wrong. False if there is nothing more to do but to exit with *status. */
bool options_command(struct options *options, int argc, char **argv, int *status);

/* A size like 64M, 0x1000, 2G; a number without suffix. False if it is none, or beyond 64 bits. */
bool options_size(const char *text, uint64_t *size);

#ifdef __cplusplus
}
#endif

#endif
