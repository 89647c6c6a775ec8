/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo info`: what the simulated machine is, and what its kernel gives the root task. */
#ifndef HOSTED_INFO_H
#define HOSTED_INFO_H

#include <stdio.h>

struct sim;

void info_print(const struct sim *sim, FILE *file);

#endif
