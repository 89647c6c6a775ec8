/* SPDX-License-Identifier: BSD-2-Clause */

/* The commands of the program `albireo`. Each gets the words behind its name, prints its own help
 * on --help, says what is wrong on standard error as "albireo NAME: ...", and gives the exit
 * status. */
#ifndef HOSTED_COMMANDS_COMMANDS_H
#define HOSTED_COMMANDS_COMMANDS_H

#include <stdbool.h>

enum command_exit {
    COMMAND_GOOD = 0,
    COMMAND_FAILED = 1, /* The run failed; a difference was found. */
    COMMAND_USAGE = 2,  /* Wrong arguments. */
    COMMAND_INPUT = 3,  /* A file that is missing, or is not what it should be. */
};

/* argv[0] is the command's name. */
typedef int command(int argc, char **argv);

command command_demo;
command command_info;
command command_run;
command command_replay;
command command_verify;
command command_show;
command command_import;
command command_timeline;
command command_reduce;
command command_to_test;
command command_to_elf;

/* Whether both names lead to one file, by whatever links; false if one leads to none. */
bool same_file(const char *a, const char *b);

#endif
